//! What the writer tells the dispatcher: of which services calls wait now, and when the first of them is due.

use crate::task::Millis;
use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use tokio::sync::Notify;

/// Services whose calls have come to wait since somebody last looked.
#[derive(Debug, Default)]
pub(crate) struct Arrivals {
    first: Mutex<HashMap<String, Millis>>,
    some: Notify,
}

impl Arrivals {
    /// Calls wait. They are in the file already: who is told of them finds them there.
    pub(crate) fn add(&self, waiting: Vec<(String, Millis)>) {
        if waiting.is_empty() {
            return;
        }
        let mut first = self.first.lock().unwrap_or_else(PoisonError::into_inner);
        for (service, due) in waiting {
            first.entry(service).and_modify(|known| *known = due.min(*known)).or_insert(due);
        }
        drop(first);
        self.some.notify_one();
    }

    /// What was added since the last time.
    pub(crate) fn take(&self) -> HashMap<String, Millis> {
        std::mem::take(&mut *self.first.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Waits until something was added.
    ///
    /// # Cancel safety
    ///
    /// Nothing is missed when the future is dropped.
    pub(crate) async fn some(&self) {
        self.some.notified().await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn the_earliest_call_of_each_service_is_told_once() {
        let arrivals = Arrivals::default();
        arrivals.add(vec![("a".to_owned(), 5), ("b".to_owned(), 7)]);
        arrivals.add(vec![("a".to_owned(), 3), ("b".to_owned(), 9)]);
        arrivals.some().await;
        assert_eq!(arrivals.take(), HashMap::from([("a".to_owned(), 3), ("b".to_owned(), 7)]));
        assert!(arrivals.take().is_empty());
    }
}
