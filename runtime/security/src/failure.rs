//! Lock-out: who fails too often has to wait, so that guessing is hopeless.
//!
//! Two counts are kept: of one definition, user name and sender, and of one sender alone. A sender is an IPv4 address or an IPv6
//! /64. Locks hold even if the credentials are right then: otherwise a guess would be answered all the same.

use crate::address::with_block_bytes;
use crate::refusal;
use crate::shared::Shared;
use crate::table::{Kept, Key, Table};
use caisson_capability::Error;
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Failures within this time are counted together.
const WINDOW: Duration = Duration::from_secs(300);
/// So many failures of one user lock that user, for that sender.
const PER_USER: u32 = 10;
/// So many failures of one sender lock the sender.
const PER_SENDER: u32 = 100;
/// How long the first lock holds; each further one twice as long.
const FIRST_LOCK: Duration = Duration::from_secs(60);
/// How long a lock holds at most.
const LONGEST_LOCK: Duration = Duration::from_secs(900);
/// How long after a lock the next one is still a further one.
const GRUDGE: Duration = Duration::from_secs(3_600);
/// How many are watched in each table.
const CAPACITY: usize = 50_000;

/// The failures of one.
struct Record {
    count: u32,
    since: Instant,
    last: Instant,
    locks: u32,
    locked_until: Option<Instant>,
}

impl Record {
    fn new(now: Instant) -> Self {
        Self { count: 0, since: now, last: now, locks: 0, locked_until: None }
    }

    /// How long it is still locked.
    fn locked(&self, now: Instant) -> Option<Duration> {
        let left = self.locked_until?.saturating_duration_since(now);
        (!left.is_zero()).then_some(left)
    }

    fn fail(&mut self, limit: u32, now: Instant) {
        if self.locked(now).is_some() {
            return;
        }
        if self.locked_until.is_some_and(|until| now.saturating_duration_since(until) > GRUDGE) {
            *self = Self::new(now);
        }
        if now.saturating_duration_since(self.since) > WINDOW {
            self.count = 0;
        }
        if self.count == 0 {
            self.since = now;
        }
        self.count += 1;
        self.last = now;
        if self.count >= limit {
            let lock = FIRST_LOCK.saturating_mul(1 << self.locks.min(8)).min(LONGEST_LOCK);
            self.locked_until = Some(now + lock);
            self.locks += 1;
            self.count = 0;
        }
    }
}

impl Kept for Record {
    type Now = Instant;

    /// Locks matter most, then many failures: an attacker must not be able to flush a lock with failures of other names.
    fn rank(&self, now: Instant) -> Option<u64> {
        if let Some(left) = self.locked(now) {
            return Some((1 << 40) + left.as_secs());
        }
        if self.locked_until.is_some_and(|until| now.saturating_duration_since(until) <= GRUDGE) {
            return Some((1 << 39) + u64::from(self.locks));
        }
        (now.saturating_duration_since(self.last) <= WINDOW).then_some(u64::from(self.count))
    }
}

/// Who tries: keys into the tables.
pub(crate) struct Suspect {
    user: Key,
    sender: Key,
}

impl Suspect {
    /// `username` is empty for credentials that have none.
    pub(crate) fn new(shared: &Shared, definition: &str, username: &str, peer: Option<IpAddr>) -> Self {
        with_block_bytes(peer, |block| Self {
            user: shared.digest(&[b"user", definition.as_bytes(), username.as_bytes(), block]),
            sender: shared.digest(&[b"sender", block]),
        })
    }
}

/// Who failed, and how often.
pub(crate) struct Failures {
    users: Mutex<Table<Record>>,
    senders: Mutex<Table<Record>>,
}

impl Failures {
    pub(crate) fn new() -> Self {
        Self { users: Mutex::new(Table::new(CAPACITY)), senders: Mutex::new(Table::new(CAPACITY)) }
    }

    /// Lets one try.
    ///
    /// # Errors
    ///
    /// `quota-exceeded` while there is a lock.
    pub(crate) fn admit(&self, suspect: &Suspect, now: Instant) -> Result<(), Error> {
        let locked = |table: &Mutex<Table<Record>>, key: &Key| {
            let table = table.lock().unwrap_or_else(PoisonError::into_inner);
            table.get(key).and_then(|record| record.locked(now))
        };
        let longest = locked(&self.users, &suspect.user).max(locked(&self.senders, &suspect.sender));
        longest.map_or(Ok(()), |left| Err(refusal::locked(left)))
    }

    /// Counts a failure.
    pub(crate) fn fail(&self, suspect: &Suspect, now: Instant) {
        for (table, key, limit) in
            [(&self.users, suspect.user, PER_USER), (&self.senders, suspect.sender, PER_SENDER)]
        {
            let mut table = table.lock().unwrap_or_else(PoisonError::into_inner);
            table.entry(key, now, || Record::new(now)).fail(limit, now);
        }
    }

    /// Forgets the failures of one who has proved who he is. The sender's stay: others may guess from there.
    ///
    /// # Errors
    ///
    /// `quota-exceeded` if a lock has come since [`admit`](Self::admit): of many guesses made at the same time, those
    /// beyond the limit must not be answered.
    pub(crate) fn succeed(&self, suspect: &Suspect, now: Instant) -> Result<(), Error> {
        self.admit(suspect, now)?;
        self.users.lock().unwrap_or_else(PoisonError::into_inner).remove(&suspect.user);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn after(failures: &Failures, suspect: &Suspect, now: Instant) -> Option<u64> {
        failures.admit(suspect, now).err().map(|error| error.retry_after.unwrap().as_secs())
    }

    fn suspect(shared: &Shared, username: &str, peer: &str) -> Suspect {
        Suspect::new(shared, "definition", username, Some(peer.parse().unwrap()))
    }

    #[test]
    fn locks_after_ten_failures_for_a_minute_and_then_twice_as_long() {
        let (shared, failures) = (Shared::new(), Failures::new());
        let anna = suspect(&shared, "anna", "1.2.3.4");
        let mut now = Instant::now();
        for expected in [60, 120, 240, 480, 900, 900] {
            for _ in 0..9 {
                failures.fail(&anna, now);
                assert_eq!(after(&failures, &anna, now), None);
            }
            failures.fail(&anna, now);
            assert_eq!(after(&failures, &anna, now), Some(expected));
            assert!(failures.succeed(&anna, now).is_err(), "even when right");
            now += Duration::from_secs(expected);
            assert_eq!(after(&failures, &anna, now), None);
        }
        now += GRUDGE + Duration::from_secs(1_000);
        for _ in 0..10 {
            failures.fail(&anna, now);
        }
        assert_eq!(after(&failures, &anna, now), Some(60), "forgiven after an hour");
    }

    #[test]
    fn failures_that_lie_apart_do_not_lock() {
        let (shared, failures) = (Shared::new(), Failures::new());
        let anna = suspect(&shared, "anna", "1.2.3.4");
        let mut now = Instant::now();
        for _ in 0..50 {
            failures.fail(&anna, now);
            assert_eq!(after(&failures, &anna, now), None);
            now += Duration::from_secs(40);
        }
    }

    #[test]
    fn a_lock_is_for_one_user_from_one_sender() {
        let (shared, failures) = (Shared::new(), Failures::new());
        let now = Instant::now();
        let attacker = suspect(&shared, "anna", "2001:db8::1");
        for _ in 0..10 {
            failures.fail(&attacker, now);
        }
        let cases = [
            ("anna", "2001:db8::2", true),
            ("anna", "2001:db8:0:1::1", false),
            ("anna", "1.2.3.4", false),
            ("bert", "2001:db8::1", false),
        ];
        for (name, peer, locked) in cases {
            assert_eq!(
                after(&failures, &suspect(&shared, name, peer), now).is_some(),
                locked,
                "{name} {peer}"
            );
        }
    }

    #[test]
    fn a_hundred_failures_of_any_names_lock_the_sender() {
        let (shared, failures) = (Shared::new(), Failures::new());
        let now = Instant::now();
        for number in 0..100 {
            failures.fail(&suspect(&shared, &format!("user{number}"), "1.2.3.4"), now);
        }
        assert_eq!(after(&failures, &suspect(&shared, "somebody", "1.2.3.4"), now), Some(60));
        assert_eq!(after(&failures, &suspect(&shared, "somebody", "1.2.3.5"), now), None);
    }

    #[test]
    fn success_forgets_the_failures_before() {
        let (shared, failures) = (Shared::new(), Failures::new());
        let (now, anna) = (Instant::now(), suspect(&shared, "anna", "1.2.3.4"));
        for _ in 0..5 {
            for _ in 0..9 {
                failures.fail(&anna, now);
            }
            failures.succeed(&anna, now).unwrap();
        }
    }

    #[test]
    fn a_flood_of_names_neither_grows_the_table_nor_flushes_a_lock() {
        let (shared, failures) = (Shared::new(), Failures::new());
        let (now, anna) = (Instant::now(), suspect(&shared, "anna", "1.2.3.4"));
        for _ in 0..10 {
            failures.fail(&anna, now);
        }
        for number in 0..CAPACITY + 10_000 {
            failures.fail(&suspect(&shared, &number.to_string(), "5.6.7.8"), now);
        }
        assert!(failures.users.lock().unwrap().len() <= CAPACITY);
        assert_eq!(after(&failures, &anna, now), Some(60));
    }
}
