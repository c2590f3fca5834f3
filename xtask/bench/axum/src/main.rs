//! The benchmark's reference: a bare axum server that answers the same requests as the services that are measured. Its arguments are the
//! address to listen at and, for `/customer`, the address of a PostgreSQL. `/slow` is a system that takes its time.

use axum::{
    Json, Router,
    extract::{Query, State},
    http::StatusCode,
    routing::{get, post},
};
use serde::{Deserialize, Serialize};
use sqlx::postgres::{PgPool, PgPoolOptions};
use std::time::Duration;

#[derive(Deserialize)]
struct Order {
    id: String,
    note: String,
    items: Vec<Item>,
}

#[derive(Deserialize)]
struct Item {
    sku: String,
    qty: f64,
    price: f64,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Transformed {
    order_id: String,
    total: f64,
    lines: Vec<Line>,
    note: String,
}

#[derive(Serialize)]
struct Line {
    sku: String,
    amount: f64,
}

async fn transform(Json(order): Json<Order>) -> Json<Transformed> {
    let lines: Vec<_> = order
        .items
        .iter()
        .map(|item| Line { sku: item.sku.to_uppercase(), amount: item.qty * item.price })
        .collect();
    let total = lines.iter().map(|line| line.amount).sum::<f64>();
    let words: Vec<_> = order.note.split_whitespace().rev().collect();
    Json(Transformed {
        order_id: order.id,
        total: (total * 100.0).round() / 100.0,
        note: words.join(" "),
        lines,
    })
}

#[derive(Deserialize)]
struct Wanted {
    id: i32,
}

#[derive(Serialize, sqlx::FromRow)]
struct Customer {
    id: i32,
    name: String,
    email: String,
}

async fn customer(
    State(pool): State<Option<PgPool>>,
    Query(wanted): Query<Wanted>,
) -> Result<Json<Customer>, StatusCode> {
    let pool = pool.ok_or(StatusCode::NOT_FOUND)?;
    let found = sqlx::query_as("select id, name, email from customers where id = $1").bind(wanted.id);
    let found = found.fetch_optional(&pool).await.map_err(|_error| StatusCode::INTERNAL_SERVER_ERROR)?;
    found.map(Json).ok_or(StatusCode::NOT_FOUND)
}

async fn slow() -> &'static str {
    tokio::time::sleep(Duration::from_millis(100)).await;
    "done"
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let address = arguments.next().unwrap_or_else(|| "127.0.0.1:8000".to_owned());
    let pool = match arguments.next() {
        Some(url) => Some(PgPoolOptions::new().max_connections(10).connect(&url).await?),
        None => None,
    };
    let app = Router::new()
        .route("/hello", get(|| async { "How goes it?" }))
        .route("/order", post(transform))
        .route("/customer", get(customer))
        .route("/slow", get(slow))
        .with_state(pool);
    axum::serve(tokio::net::TcpListener::bind(address).await?, app).await?;
    Ok(())
}
