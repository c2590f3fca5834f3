//! Turns the order of a web shop into the form that a warehouse expects: what `samples/services/order.py` does, in Rust.

use caisson::Json;
use serde::{Deserialize, Serialize};

#[derive(Deserialize)]
struct Order {
    id: serde_json::Value,
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
struct Warehouse {
    order_id: serde_json::Value,
    total: f64,
    lines: Vec<Line>,
    note: String,
}

#[derive(Serialize)]
struct Line {
    sku: String,
    amount: f64,
}

/// Adds up an order. The words of its note are reversed, as the warehouse reads from the end.
#[caisson::service]
async fn transform(order: Json<Order>) -> Json<Warehouse> {
    let Json(Order { id, note, items }) = order;
    let line = |item: Item| Line { sku: item.sku.to_uppercase(), amount: item.qty * item.price };
    let lines: Vec<Line> = items.into_iter().map(line).collect();
    let total: f64 = lines.iter().map(|line| line.amount).sum();
    let note: Vec<&str> = note.split_whitespace().rev().collect();
    Json(Warehouse { order_id: id, total: (total * 100.0).round() / 100.0, lines, note: note.join(" ") })
}

#[cfg(test)]
mod tests {
    use super::*;
    use caisson::testing::Host;
    use caisson::{ErrorKind, Result};
    use serde_json::{Value, json};

    fn call(order: &str) -> Result<Value> {
        Host::new().call(transform, order)?.read_json()
    }

    #[test]
    fn an_order_is_added_up_and_turned_around() {
        let order = json!({
            "id": 7,
            "note": "ring twice",
            "items": [{"sku": "a-1", "qty": 2, "price": 1.05}, {"sku": "b-2", "qty": 1, "price": 0.2}],
        });
        let expected = json!({
            "orderId": 7,
            "total": 2.3,
            "lines": [{"sku": "A-1", "amount": 2.1}, {"sku": "B-2", "amount": 0.2}],
            "note": "twice ring",
        });
        assert_eq!(call(&order.to_string()).unwrap(), expected);
    }

    #[test]
    fn what_is_no_order_is_the_callers_mistake() {
        for (order, says) in [
            ("", "missing field `id`"),
            ("{", "EOF"),
            (r#"{"id": 1, "note": "", "items": [{"sku": 1}]}"#, "expected a string"),
        ] {
            let error = call(order).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::InvalidInput);
            assert!(error.message().contains(says), "{error}");
        }
    }
}
