//! The layers around a call, on time that stands still: what is refused, counted, repeated, limited, and when connections are closed.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a panic is how a test fails"
)]

use caisson_capability::connections::Table;
use caisson_capability::policy::{Breaker, Enforcement, Retry};
use caisson_capability::usage::{Counts, Outcome, Refusal, Witness};
use caisson_capability::{
    Attempt, BoxFuture, Call, ChannelInfo, Cid, Connection, Connections, Deadline, Error, ErrorKind, Fault,
    Grant, Invocation, Lease, LiveConnection, Options, Policy, Principal, Request, Trace,
};
use std::cell::Cell;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::sync::Notify;
use tokio::time::Instant;

/// A client that does nothing but count how often it was closed.
#[derive(Debug, Default)]
struct Client {
    closed: Arc<AtomicUsize>,
    closing: Arc<Notify>,
}

impl Connection for Client {
    fn ping(&self) -> BoxFuture<'_, Result<(), Error>> {
        Box::pin(async { Ok(()) })
    }

    fn close(&self) -> BoxFuture<'_, ()> {
        Box::pin(async {
            self.closed.fetch_add(1, SeqCst);
            self.closing.notify_one();
        })
    }
}

#[derive(Debug, Default)]
struct Seen(Mutex<Vec<Refusal>>);

impl Witness for Seen {
    fn refused(&self, refusal: &Refusal) {
        self.0.lock().unwrap().push(refusal.clone());
    }
}

struct Room {
    connections: Arc<Connections>,
    seen: Arc<Seen>,
}

impl Room {
    fn new(policy: Policy) -> Self {
        let seen = Arc::new(Seen::default());
        let room =
            Self { connections: Arc::new(Connections::new(Arc::clone(&seen) as Arc<dyn Witness>)), seen };
        room.put(policy, Client::default());
        room
    }

    fn put(&self, policy: Policy, client: Client) {
        let live = LiveConnection::new("crm".into(), "fake", [0; 32], Arc::new(client), policy);
        let grant = Grant {
            services: vec!["sales.*".to_owned()],
            operations: vec!["read".to_owned()],
            restrictions: Options::default(),
        };
        let mut table = Table::new();
        table.insert(Arc::new(live), vec![Arc::new(grant)]);
        self.connections.swap(table);
    }

    fn lease_of(&self, service: &str, limit: Duration) -> Lease<Client> {
        let invocation = Invocation {
            cid: Cid::new(),
            service: service.into(),
            channel: ChannelInfo::plain("dev"),
            principal: Some(Arc::new(Principal::new("jo", "users", "basic-auth"))),
            peer: None,
            deadline: Deadline::after(limit),
            attempt: 1,
            trace: Trace::default(),
            depth: 0,
            chain: caisson_capability::Chain::default(),
            request: Request::default(),
        };
        self.connections.lease(&Arc::new(invocation), "fake", "crm").unwrap()
    }

    fn lease(&self) -> Lease<Client> {
        self.lease_of("sales.sync", Duration::from_secs(3_600))
    }

    fn counts(&self) -> Counts {
        let mut all = self.connections.usage().all();
        assert!(all.len() <= 1, "one service, one operation: {all:?}");
        all.pop().map(|(_, counts)| counts).unwrap_or_default()
    }

    /// How often each outcome was, without those that never were.
    fn outcomes(&self) -> Vec<(&'static str, u64)> {
        let counts = self.counts().outcomes;
        let all = Outcome::ALL.iter().map(|outcome| outcome.as_str()).zip(counts);
        all.filter(|(_, count)| *count > 0).collect()
    }
}

fn read() -> Call<'static> {
    Call::of("read")
}

fn away() -> Error {
    Error::new(ErrorKind::Unavailable, "away").fault(Fault::Remote)
}

async fn done(_: Attempt<Client>) -> Result<(), Error> {
    Ok(())
}

async fn fails(_: Attempt<Client>) -> Result<(), Error> {
    Err(away())
}

async fn hangs(_: Attempt<Client>) -> Result<(), Error> {
    std::future::pending().await
}

#[tokio::test(start_paused = true)]
async fn what_no_grant_allows_is_refused_counted_and_told_with_the_grant_to_add() {
    for (service, operation) in [("sales.sync", "write"), ("billing.sync", "read")] {
        let room = Room::new(Policy::default());
        let ran = Cell::new(false);
        let work = async |_| {
            ran.set(true);
            Ok(())
        };
        let lease = room.lease_of(service, Duration::from_secs(1));
        let error = lease.call(Call::of(operation), work).await.unwrap_err();
        assert!(!ran.get());
        assert_eq!((error.kind, error.fault, error.retryable), (ErrorKind::AccessDenied, Fault::Host, false));
        let grant = format!("{{services: [{service}], connection: crm, operations: [{operation}]}}");
        assert!(error.message.contains(&grant), "{}", error.message);
        assert_eq!(room.outcomes(), [("refused", 1)]);
        let seen = room.seen.0.lock().unwrap();
        let [refusal] = seen.as_slice() else { panic!("{seen:?}") };
        assert_eq!(
            (&*refusal.key.service, refusal.key.operation, refusal.observed),
            (service, operation, false)
        );
        assert_eq!((refusal.principal.as_deref(), &refusal.detail), (Some("jo"), &None));
        assert_eq!(refusal.cid, lease.invocation().cid);
    }
}

#[tokio::test(start_paused = true)]
async fn what_is_only_observed_is_let_through_and_counted_twice() {
    let room = Room::new(Policy { enforcement: Enforcement::Observe, ..Policy::default() });
    room.lease().call(Call::of("write"), done).await.unwrap();
    assert_eq!(room.outcomes(), [("ok", 1), ("observed", 1)]);
    assert!(room.seen.0.lock().unwrap().iter().all(|refusal| refusal.observed));
    room.lease().refuse_part("write", "key `a`", "keys: [a]").unwrap();
    assert_eq!(room.outcomes(), [("ok", 1), ("observed", 2)]);
    let lease = room.lease();
    let allowed = lease.allow("write").unwrap();
    lease.call(Call::allowed(allowed), done).await.unwrap();
    assert_eq!(room.outcomes(), [("ok", 2), ("observed", 3)], "what was asked before is asked once");
}

#[tokio::test(start_paused = true)]
async fn what_one_service_may_do_lets_no_other_one_do_it() {
    let room = Room::new(Policy::default());
    let (lease, other) = (room.lease(), room.lease_of("billing.sync", Duration::from_secs(1)));
    let allowed = lease.allow("read").unwrap();
    lease.call(Call::allowed(allowed), done).await.unwrap();
    let error = other.call(Call::allowed(allowed), done).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::AccessDenied);
}

#[tokio::test(start_paused = true)]
async fn a_part_beyond_a_grant_is_told_with_what_to_add_to_it() {
    let room = Room::new(Policy::default());
    let error = room.lease().refuse_part("read", "key `orders:1`", "keys: [\"orders:*\"]").unwrap_err();
    for part in ["(key `orders:1`)", "operations: [read], keys: [\"orders:*\"]}"] {
        assert!(error.message.contains(part), "{}", error.message);
    }
    assert_eq!(room.outcomes(), [("refused", 1)]);
    assert_eq!(room.seen.0.lock().unwrap()[0].detail.as_deref(), Some("key `orders:1`"));
}

#[tokio::test(start_paused = true)]
async fn only_what_is_idempotent_and_may_pass_is_repeated_and_only_as_often_as_said() {
    let given = Some(Retry { attempts: 3, backoff_ms: 10, max_backoff_ms: 20 });
    let lasting = || Error::new(ErrorKind::InvalidInput, "wrong statement").fault(Fault::Service);
    let attempts = |retry: Option<Retry>, call: Call<'static>, error: fn() -> Error, good: u32| async move {
        let room = Room::new(Policy { retry, ..Policy::default() });
        let made = Cell::new(0);
        let work = async |_| {
            made.set(made.get() + 1);
            if made.get() == good { Ok(()) } else { Err(error()) }
        };
        let ended = room.lease().call(call, work).await;
        assert_eq!(room.counts().retries, u64::from(made.get() - 1));
        assert_eq!(
            room.counts().outcomes.iter().sum::<u64>(),
            1,
            "a call is counted once, however often it is made"
        );
        (made.get(), ended.is_ok())
    };
    let twice = read().idempotent(true);
    for (retry, call, error, good, expected) in [
        (given.clone(), twice, away as fn() -> Error, 3, (3, true)),
        (given.clone(), twice, away, 4, (3, false)),
        (given.clone(), twice, lasting, 2, (1, false)),
        (given, read(), away, 2, (1, false)),
        (None, twice, away, 2, (1, false)),
    ] {
        assert_eq!(attempts(retry, call, error, good).await, expected, "{call:?} good at {good}");
    }
}

#[tokio::test(start_paused = true)]
async fn no_attempt_is_waited_for_that_would_begin_after_the_deadline() {
    let retry = Some(Retry { attempts: 20, backoff_ms: 1, max_backoff_ms: 1 });
    let room = Room::new(Policy { retry, timeout_secs: 10.0, ..Policy::default() });
    let made = Cell::new(0);
    let work = async |_: Attempt<Client>| -> Result<(), Error> {
        made.set(made.get() + 1);
        Err(away().retry_after(Duration::from_secs(4)))
    };
    let started = Instant::now();
    let error = room.lease().call(read().idempotent(true), work).await.unwrap_err();
    assert_eq!(
        (made.get(), error.kind),
        (3, ErrorKind::Unavailable),
        "at 0, 4 and 8 s; its own error is told"
    );
    assert_eq!(started.elapsed().as_secs(), 8);
}

#[tokio::test(start_paused = true)]
async fn the_shortest_limit_ends_a_call() {
    let hour = Duration::from_secs(3_600);
    for (request, connection, own, expected, told) in [
        (hour, 5.0, None, 5, "timeout_secs"),
        (hour, 5.0, Some(Duration::from_secs(2)), 2, "took longer"),
        (hour, 5.0, Some(hour), 5, "timeout_secs"),
        (Duration::from_secs(1), 5.0, None, 1, "the request's deadline"),
    ] {
        let room = Room::new(Policy { timeout_secs: connection, ..Policy::default() });
        let started = Instant::now();
        let lease = room.lease_of("sales.sync", request);
        let error = lease.call(read().timeout(own), hangs).await.unwrap_err();
        assert_eq!((error.kind, started.elapsed().as_secs()), (ErrorKind::Timeout, expected), "{told}");
        assert!(error.message.contains(told) && !error.retryable, "it may have been done: {error:?}");
        assert_eq!(room.outcomes(), [("timeout", 1)]);
        assert_eq!(room.counts().duration.as_secs(), expected);
    }
}

#[tokio::test(start_paused = true)]
async fn a_system_that_fails_or_hangs_is_left_alone_and_tried_again() {
    let breaker = Some(Breaker { failures: 2, open_ms: 60_000 });
    // Whether a call may be repeated has no part in it.
    let lost = async |_| -> Result<(), Error> { Err(away().retryable(false)) };
    for (fault, repeatable) in [(true, true), (true, false), (false, false)] {
        let room = Room::new(Policy { breaker: breaker.clone(), timeout_secs: 1.0, ..Policy::default() });
        let lease = room.lease();
        for _ in 0..2 {
            let ended = match (fault, repeatable) {
                (true, true) => lease.call(read(), fails).await,
                (true, false) => lease.call(read(), lost).await,
                _ => lease.call(read(), hangs).await,
            };
            ended.unwrap_err();
        }
        let error = lease.call(read(), done).await.unwrap_err();
        assert_eq!((error.kind, error.retryable), (ErrorKind::Unavailable, true), "fails: {fault}");
        assert!(error.message.contains("breaker"), "{}", error.message);
        let ended = if fault { "failed" } else { "timeout" };
        let mut expected = [("limited", 1), (ended, 2)];
        expected.sort_by_key(|(name, _)| Outcome::ALL.iter().position(|outcome| outcome.as_str() == *name));
        assert_eq!(room.outcomes(), expected);
        tokio::time::advance(Duration::from_secs(60)).await;
        lease.call(read(), done).await.unwrap();
        lease.call(read(), done).await.expect("closed again");
    }
}

#[tokio::test(start_paused = true)]
async fn a_breaker_counts_neither_wrong_calls_nor_requests_out_of_time_nor_calls_given_up() {
    let room =
        Room::new(Policy { breaker: Some(Breaker { failures: 1, open_ms: 60_000 }), ..Policy::default() });
    let wrong = async |_| -> Result<(), Error> { Err(Error::new(ErrorKind::InvalidInput, "no such table")) };
    room.lease().call(read(), wrong).await.unwrap_err();
    room.lease_of("sales.sync", Duration::from_millis(1)).call(read(), hangs).await.unwrap_err();
    let lease = room.lease();
    tokio::time::timeout(Duration::from_millis(1), lease.call(read(), hangs)).await.unwrap_err();
    room.lease().call(read(), done).await.expect("nothing has failed");
}

#[tokio::test(start_paused = true)]
async fn calls_beyond_the_rate_are_refused_with_the_time_to_wait() {
    let room = Room::new(Policy { rate: Some("2/s".parse().unwrap()), ..Policy::default() });
    let lease = room.lease();
    for _ in 0..2 {
        lease.call(read(), done).await.unwrap();
    }
    let error = lease.call(read(), done).await.unwrap_err();
    assert_eq!((error.kind, error.retry_after), (ErrorKind::QuotaExceeded, Some(Duration::from_millis(500))));
    assert!(error.message.contains("rate"), "{}", error.message);
    assert_eq!(room.outcomes(), [("ok", 2), ("limited", 1)]);
    tokio::time::advance(Duration::from_millis(500)).await;
    lease.call(read(), done).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn more_calls_than_may_be_at_the_same_time_wait_for_their_turn_within_their_deadline() {
    let room = Room::new(Policy { max_concurrent: 2, timeout_secs: 10.0, ..Policy::default() });
    let (now, most) = (Cell::new(0), Cell::new(0));
    let work = async |_: Attempt<Client>| {
        now.set(now.get() + 1);
        most.set(most.get().max(now.get()));
        tokio::time::sleep(Duration::from_secs(4)).await;
        now.set(now.get() - 1);
        Ok(())
    };
    let lease = room.lease();
    let call = || lease.call(read(), work);
    let ended = tokio::join!(call(), call(), call(), call(), call());
    assert!(ended.0.is_ok() && ended.1.is_ok() && ended.2.is_ok() && ended.3.is_ok());
    let error = ended.4.unwrap_err();
    assert_eq!(
        (error.kind, most.get()),
        (ErrorKind::Timeout, 2),
        "its turn came at 8 s, and 10 s are all it had"
    );
    assert_eq!(room.outcomes(), [("ok", 4), ("timeout", 1)]);

    let room = Room::new(Policy { max_concurrent: 1, timeout_secs: 10.0, ..Policy::default() });
    let (first, second) = (room.lease(), room.lease_of("sales.sync", Duration::from_secs(2)));
    let (first, second) = tokio::join!(first.call(read(), hangs), second.call(read(), done));
    assert_eq!(first.unwrap_err().kind, ErrorKind::Timeout);
    let waited = second.unwrap_err();
    assert!(waited.message.contains("max_concurrent"), "{}", waited.message);
}

#[tokio::test(start_paused = true)]
async fn a_call_that_is_dropped_is_counted_as_cancelled_and_gives_its_turn_back() {
    let room = Room::new(Policy { max_concurrent: 1, ..Policy::default() });
    let lease = room.lease();
    tokio::time::timeout(Duration::from_secs(1), lease.call(read(), hangs)).await.unwrap_err();
    assert_eq!(room.outcomes(), [("cancelled", 1)]);
    lease.call(read(), done).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn bytes_of_all_attempts_are_counted() {
    let retry = Some(Retry { attempts: 2, backoff_ms: 1, max_backoff_ms: 1 });
    let room = Room::new(Policy { retry, ..Policy::default() });
    let work = async |attempt: Attempt<Client>| -> Result<(), Error> {
        attempt.sent(10);
        attempt.received(3);
        Err(away())
    };
    room.lease().call(read().idempotent(true), work).await.unwrap_err();
    let counts = room.counts();
    assert_eq!((counts.sent_bytes, counts.received_bytes, counts.retries), (20, 6, 1));
}

#[tokio::test(start_paused = true)]
async fn a_connection_that_was_replaced_is_closed_once_and_after_its_last_lease() {
    let room = Room::new(Policy::default());
    let client = Client::default();
    let (closed, closing) = (Arc::clone(&client.closed), Arc::clone(&client.closing));
    room.put(Policy::default(), client);
    let lease = room.lease();
    let other = lease.clone();
    room.put(Policy::default(), Client::default());
    assert!(!Arc::ptr_eq(lease.client(), room.lease().client()), "who comes now gets the new one");
    drop(lease);
    other.call(read(), done).await.expect("who is there keeps the old one");
    tokio::time::sleep(Duration::from_secs(60)).await;
    assert_eq!(closed.load(SeqCst), 0);
    drop(other);
    closing.notified().await;
    tokio::time::sleep(Duration::from_secs(60)).await;
    assert_eq!(closed.load(SeqCst), 1);
}

#[tokio::test(start_paused = true)]
async fn a_connection_that_stays_keeps_its_layers_state_from_table_to_table() {
    let room = Room::new(Policy { rate: Some("1/h".parse().unwrap()), ..Policy::default() });
    room.lease().call(read(), done).await.unwrap();
    let live = Arc::clone(room.connections.table().get("crm").unwrap());
    let grant =
        Grant { services: vec!["*".into()], operations: vec!["*".into()], restrictions: Options::default() };
    let mut table = Table::new();
    table.insert(live, vec![Arc::new(grant)]);
    room.connections.swap(table);
    let lease = room.lease();
    lease.allow("write").expect("grants are the new table's");
    assert_eq!(
        lease.call(read(), done).await.unwrap_err().kind,
        ErrorKind::QuotaExceeded,
        "the rate is the old one's"
    );
}

#[tokio::test(start_paused = true)]
async fn no_call_is_lost_and_every_client_is_closed_when_tables_are_swapped_under_load() {
    let room = Arc::new(Room::new(Policy::default()));
    let closed = Arc::new(AtomicUsize::new(0));
    let mut callers = tokio::task::JoinSet::new();
    for caller in 1..=8_u64 {
        let room = Arc::clone(&room);
        callers.spawn(async move {
            for _ in 0..50 {
                let work = async |_: Attempt<Client>| {
                    tokio::time::sleep(Duration::from_millis(caller)).await;
                    Ok(())
                };
                room.lease().call(read(), work).await.unwrap();
            }
        });
    }
    for _ in 0..20 {
        room.put(Policy::default(), Client { closed: Arc::clone(&closed), closing: Arc::default() });
        tokio::time::sleep(Duration::from_millis(7)).await;
    }
    callers.join_all().await;
    room.connections.swap(Table::new());
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert_eq!((room.outcomes(), closed.load(SeqCst)), (vec![("ok", 400)], 20));
}
