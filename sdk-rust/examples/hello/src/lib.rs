//! The smallest service there is.

/// Answers every message alike.
#[caisson::service]
async fn handle() -> &'static str {
    "How goes it?"
}

#[cfg(test)]
mod tests {
    use super::*;
    use caisson::testing::Host;

    #[test]
    fn answers_whatever_it_is_sent() {
        for message in ["", "{}", "anything"] {
            let answer = Host::new().call(handle, message).unwrap();
            assert_eq!((answer.code(), answer.read_text().unwrap()), (200, "How goes it?"));
        }
    }
}
