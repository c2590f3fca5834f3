//! The benchmark's reference: a bare axum server that answers the same two requests as the sample services `hello` and
//! `order`. Its argument is the address to listen at.

use axum::{
    Json, Router,
    routing::{get, post},
};
use serde::{Deserialize, Serialize};

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

#[tokio::main]
async fn main() -> std::io::Result<()> {
    let address = std::env::args().nth(1).unwrap_or_else(|| "127.0.0.1:8000".to_owned());
    let app =
        Router::new().route("/hello", get(|| async { "How goes it?" })).route("/order", post(transform));
    axum::serve(tokio::net::TcpListener::bind(address).await?, app).await
}
