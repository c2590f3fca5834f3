//! How much may wait: altogether, and of one service, so that none takes the place of all the others.

use crate::queue::Settings;
use caisson_capability::{Error, ErrorKind};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

/// What was counted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Amount {
    pub(crate) tasks: i64,
    pub(crate) bytes: i64,
}

impl Amount {
    fn and(self, other: Self) -> Self {
        Self { tasks: self.tasks.saturating_add(other.tasks), bytes: self.bytes.saturating_add(other.bytes) }
    }
}

#[derive(Debug, Default)]
struct Counted {
    all: Amount,
    by_source: HashMap<String, Amount>,
}

/// What is in the file, counted.
#[derive(Debug)]
pub(crate) struct Quota {
    settings: Settings,
    counted: Mutex<Counted>,
}

impl Quota {
    /// Begins with what is there.
    pub(crate) fn new(settings: Settings, there: Vec<(String, Amount)>) -> Self {
        let all = there.iter().fold(Amount::default(), |sum, (_, amount)| sum.and(*amount));
        Self { settings, counted: Mutex::new(Counted { all, by_source: there.into_iter().collect() }) }
    }

    /// Takes room for a service.
    ///
    /// # Errors
    ///
    /// `quota-exceeded`, naming what is full.
    fn take(&self, source: &str, wanted: Amount) -> Result<(), Error> {
        let mut counted = self.counted.lock().unwrap_or_else(PoisonError::into_inner);
        let own = counted.by_source.get(source).copied().unwrap_or_default().and(wanted);
        let all = counted.all.and(wanted);
        let Settings { tasks, bytes, tasks_of_one, bytes_of_one, .. } = self.settings;
        for (has, most, limit) in [
            (own.tasks, tasks_of_one, "background_tasks_of_one_service"),
            (own.bytes, bytes_of_one, "background_bytes_of_one_service"),
            (all.tasks, tasks, "background_tasks"),
            (all.bytes, bytes, "background_bytes"),
        ] {
            if has > most {
                let text = format!(
                    "too much waits to be called in the background (limit {limit} = {most}): try again when some of it is done, \
                     or have those that have failed removed (`caisson ls tasks`)"
                );
                return Err(Error::new(ErrorKind::QuotaExceeded, text));
            }
        }
        counted.all = all;
        counted.by_source.insert(source.to_owned(), own);
        drop(counted);
        Ok(())
    }

    /// Counts what has come or gone without asking: callbacks are never refused.
    pub(crate) fn change(&self, source: &str, by: Amount) {
        let mut counted = self.counted.lock().unwrap_or_else(PoisonError::into_inner);
        counted.all = counted.all.and(by);
        let own = counted.by_source.entry(source.to_owned()).or_default();
        *own = own.and(by);
        if own.tasks <= 0 {
            counted.by_source.remove(source);
        }
    }

    /// All that is counted.
    #[cfg(test)]
    pub(crate) fn all(&self) -> Amount {
        self.counted.lock().unwrap_or_else(PoisonError::into_inner).all
    }
}

/// Room for calls that are not on disk yet. Given back when it is dropped, unless they have come there.
#[derive(Debug)]
pub(crate) struct Room {
    quota: Arc<Quota>,
    source: String,
    amount: Option<Amount>,
}

impl Room {
    /// Takes room for a service.
    ///
    /// # Errors
    ///
    /// As [`Quota::take`].
    pub(crate) fn take(quota: &Arc<Quota>, source: &str, wanted: Amount) -> Result<Self, Error> {
        quota.take(source, wanted)?;
        Ok(Self { quota: Arc::clone(quota), source: source.to_owned(), amount: Some(wanted) })
    }

    /// The calls are on disk.
    pub(crate) fn keep(mut self) {
        self.amount = None;
    }
}

impl Drop for Room {
    fn drop(&mut self) {
        if let Some(Amount { tasks, bytes }) = self.amount {
            self.quota.change(&self.source, Amount { tasks: -tasks, bytes: -bytes });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_service_cannot_take_the_place_of_all_others() {
        let settings =
            Settings { tasks: 10, tasks_of_one: 4, bytes: 100, bytes_of_one: 60, ..Settings::default() };
        let quota = Quota::new(settings, vec![("a".to_owned(), Amount { tasks: 3, bytes: 10 })]);
        let one = Amount { tasks: 1, bytes: 1 };
        quota.take("a", one).unwrap();
        let error = quota.take("a", one).unwrap_err();
        assert!(error.message.contains("background_tasks_of_one_service = 4"), "{error}");
        quota.take("b", Amount { tasks: 1, bytes: 60 }).unwrap();
        let error = quota.take("b", one).unwrap_err();
        assert!(error.message.contains("background_bytes_of_one_service = 60"), "{error}");
        let error = quota.take("c", Amount { tasks: 1, bytes: 40 }).unwrap_err();
        assert!(error.message.contains("background_bytes = 100"), "{error}");
        quota.change("b", Amount { tasks: -1, bytes: -60 });
        quota.take("c", Amount { tasks: 1, bytes: 40 }).unwrap();
        assert_eq!(quota.all(), Amount { tasks: 5, bytes: 51 });
    }
}
