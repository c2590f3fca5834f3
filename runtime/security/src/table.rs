//! A map with a bound: when it is full, entries go that matter least.

use std::collections::HashMap;

/// A key: a digest under the key of the process, so that nobody outside can aim at a place in the map.
pub(crate) type Key = [u8; 32];

/// What can be kept in a [`Table`].
pub(crate) trait Kept {
    /// What the entry is judged against, usually the time.
    type Now: Copy;

    /// How much the entry matters: those with the smallest rank go first. `None` if it may go at any time.
    fn rank(&self, now: Self::Now) -> Option<u64>;
}

/// A map with a bound.
#[derive(Debug)]
pub(crate) struct Table<V> {
    entries: HashMap<Key, V>,
    capacity: usize,
}

impl<V: Kept> Table<V> {
    pub(crate) fn new(capacity: usize) -> Self {
        Self { entries: HashMap::new(), capacity: capacity.max(4) }
    }

    pub(crate) fn get(&self, key: &Key) -> Option<&V> {
        self.entries.get(key)
    }

    pub(crate) fn remove(&mut self, key: &Key) {
        self.entries.remove(key);
    }

    /// The entry, which is made if it is new; room is made first if the table is full.
    pub(crate) fn entry(&mut self, key: Key, now: V::Now, make: impl FnOnce() -> V) -> &mut V {
        if self.entries.len() >= self.capacity && !self.entries.contains_key(&key) {
            self.make_room(now);
        }
        self.entries.entry(key).or_insert_with(make)
    }

    /// Forgets whatever may go, and a quarter of the rest if that is not enough. Many go at once, so that the work is shared
    /// by as many insertions as there is room for afterwards.
    fn make_room(&mut self, now: V::Now) {
        self.entries.retain(|_, value| value.rank(now).is_some());
        let keep = self.capacity - self.capacity / 4;
        let Some(surplus) = self.entries.len().checked_sub(keep).filter(|surplus| *surplus > 0) else {
            return;
        };
        let mut ranks: Vec<u64> = self.entries.values().filter_map(|value| value.rank(now)).collect();
        let (below, pivot, _) = ranks.select_nth_unstable(surplus - 1);
        let pivot = *pivot;
        let mut equals = surplus - below.iter().filter(|rank| **rank < pivot).count();
        self.entries.retain(|_, value| match value.rank(now) {
            Some(rank) if rank == pivot && equals > 0 => {
                equals -= 1;
                false
            }
            Some(rank) => rank >= pivot,
            None => false,
        });
    }

    #[cfg(test)]
    pub(crate) fn len(&self) -> usize {
        self.entries.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    impl Kept for u64 {
        type Now = u64;

        fn rank(&self, now: u64) -> Option<u64> {
            (*self > now).then_some(*self)
        }
    }

    fn key(number: u64) -> Key {
        *blake3::hash(&number.to_le_bytes()).as_bytes()
    }

    #[test]
    fn keeps_what_matters_most_when_full() {
        let mut table = Table::new(100);
        for number in 1..=1_000 {
            table.entry(key(number), 0, || number);
            assert!(table.len() <= 100);
        }
        assert!(table.get(&key(1_000)).is_some());
        assert!(table.get(&key(1)).is_none());
    }

    #[test]
    fn what_may_go_goes_first() {
        let mut table = Table::new(10);
        for number in 1..=10 {
            table.entry(key(number), 0, || number);
        }
        table.entry(key(11), 5, || 11);
        let left: Vec<u64> = (1..=11).filter(|number| table.get(&key(*number)).is_some()).collect();
        assert_eq!(left, [6, 7, 8, 9, 10, 11]);
    }

    #[test]
    fn entries_of_one_rank_do_not_all_go_at_once() {
        let mut table = Table::new(100);
        for number in 0..101 {
            table.entry(key(number), 0, || 7);
        }
        assert_eq!(table.len(), 76);
    }
}
