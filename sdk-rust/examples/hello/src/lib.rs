//! The smallest service there is.

/// Answers every message alike.
#[caisson::service]
async fn handle() -> &'static str {
    "How goes it?"
}
