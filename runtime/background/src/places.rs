//! What is under way, and what there is room for beside it.

use crate::queue::Settings;
use crate::turns::Turn;
use std::collections::HashMap;
use std::sync::Arc;

/// A call that has a place.
#[derive(Clone, Debug)]
pub(crate) struct Held {
    pub(crate) id: i64,
    /// The service's package when the place was given: it may have another one by now.
    package: Arc<str>,
    service: Arc<str>,
    bytes: i64,
}

impl Held {
    pub(crate) fn new(id: i64, package: Arc<str>, service: Arc<str>, bytes: i64) -> Self {
        Self { id, package, service, bytes }
    }
}

#[derive(Clone, Copy, Debug, Default)]
struct Used {
    calls: usize,
    bytes: i64,
}

impl Used {
    fn add(&mut self, more: Self) {
        self.calls = self.calls.saturating_add(more.calls);
        self.bytes = self.bytes.saturating_add(more.bytes);
    }
}

/// The places, those that are taken among them.
#[derive(Clone, Debug)]
pub(crate) struct Places {
    settings: Settings,
    all: Used,
    packages: HashMap<Arc<str>, Used>,
    services: HashMap<Arc<str>, Used>,
}

impl Places {
    /// Begins with what is under way.
    pub(crate) fn new<'a>(settings: Settings, under_way: impl IntoIterator<Item = &'a Held>) -> Self {
        let (packages, services) = (HashMap::new(), HashMap::new());
        let mut places = Self { settings, all: Used::default(), packages, services };
        under_way.into_iter().for_each(|held| places.take(held));
        places
    }

    /// Gives a place to a call.
    pub(crate) fn take(&mut self, held: &Held) {
        self.add(&held.package, &held.service, Used { calls: 1, bytes: held.bytes });
    }

    /// Sets places apart for calls that were not looked at yet.
    pub(crate) fn reserve(&mut self, turn: &Turn, calls: usize) {
        self.add(&turn.package, &turn.service, Used { calls, bytes: 0 });
    }

    fn add(&mut self, package: &Arc<str>, service: &Arc<str>, more: Used) {
        self.all.add(more);
        self.packages.entry(Arc::clone(package)).or_default().add(more);
        self.services.entry(Arc::clone(service)).or_default().add(more);
    }

    /// Whether another call has no place, whosoever it is.
    pub(crate) fn are_full(&self) -> bool {
        self.all.calls >= self.settings.workers
    }

    pub(crate) fn package_is_full(&self, package: &str) -> bool {
        self.is_full(self.packages.get(package), self.settings.workers_of_package)
    }

    pub(crate) fn service_is_full(&self, service: &str) -> bool {
        self.is_full(self.services.get(service), self.settings.workers_of_one)
    }

    /// Whoever may have a part of the workers may have the same part of the bytes, and exceed it by its last call.
    fn is_full(&self, used: Option<&Used>, workers: usize) -> bool {
        let Some(used) = used else { return workers == 0 };
        let Settings { workers: all, bytes_under_way, .. } = self.settings;
        let part = |number: usize| i64::try_from(number.max(1)).unwrap_or(i64::MAX);
        let bytes = bytes_under_way.saturating_mul(part(workers.min(all))) / part(all);
        used.calls >= workers || used.bytes >= bytes.max(1)
    }

    /// How many calls the one whose turn it is may take of what is left, so that some is left for the others in line.
    pub(crate) fn share(&self, turn: &Turn) -> usize {
        let Settings { workers, workers_of_package, workers_of_one, .. } = self.settings;
        let left = |most: usize, used: Option<&Used>| most.saturating_sub(used.map_or(0, |used| used.calls));
        let of_package = left(workers_of_package, self.packages.get(&turn.package));
        let of_service = left(workers_of_one, self.services.get(&turn.service));
        left(workers, Some(&self.all)).div_ceil(turn.among.max(1)).min(of_package).min(of_service)
    }

    /// Whether there is room for one more of its calls, whose size was not looked at yet.
    pub(crate) fn has_room(&self, turn: &Turn) -> bool {
        !self.are_full() && !self.package_is_full(&turn.package) && !self.service_is_full(&turn.service)
    }

    /// Whether so many bytes have room beside all others. A call of any size may be the only one.
    pub(crate) fn fits(&self, bytes: i64) -> bool {
        self.all.bytes == 0 || self.all.bytes.saturating_add(bytes) <= self.settings.bytes_under_way
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn held(service: &str, bytes: i64) -> Held {
        Held::new(0, "p".into(), service.into(), bytes)
    }

    #[test]
    fn a_part_of_the_workers_has_the_same_part_of_the_bytes() {
        let settings = Settings {
            workers: 8,
            workers_of_package: 6,
            workers_of_one: 4,
            bytes_under_way: 80,
            ..Settings::default()
        };
        let places = Places::new(settings, &[held("a", 39)]);
        assert!(!places.service_is_full("a") && !places.package_is_full("p"));
        assert!(places.fits(41) && !places.fits(42));
        let places = Places::new(settings, &[held("a", 40), held("b", 1)]);
        assert!(places.service_is_full("a") && !places.service_is_full("b"));
        let places = Places::new(settings, &[held("a", 40), held("b", 20)]);
        assert!(places.package_is_full("p") && !places.package_is_full("q") && !places.are_full());
        assert!(Places::new(settings, []).fits(1_000), "the only one");
    }

    #[test]
    fn bounds_above_the_whole_are_the_whole() {
        let settings = Settings { workers: 2, bytes_under_way: 100, ..Settings::default() };
        let places = Places::new(settings, &[held("a", 99)]);
        assert!(!places.service_is_full("a") && !places.package_is_full("p"));
        assert!(Places::new(settings, &[held("a", 1), held("a", 1)]).are_full());
    }

    #[test]
    fn what_is_left_is_shared_among_those_in_line() {
        let turn = |among| Turn { package: "p".into(), service: "a".into(), among };
        let shares = |workers_of_package, workers_of_one| {
            let settings = Settings { workers: 8, workers_of_package, workers_of_one, ..Settings::default() };
            let places = Places::new(settings, &[held("a", 1)]);
            [1, 2, 7, 1_000].map(|among| places.share(&turn(among)))
        };
        assert_eq!(shares(8, 8), [7, 4, 1, 1]);
        assert_eq!(shares(4, 8), [3, 3, 1, 1], "its package has no more left");
        assert_eq!(shares(8, 3), [2, 2, 1, 1], "it has no more left itself");
    }
}
