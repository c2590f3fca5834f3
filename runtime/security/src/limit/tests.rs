//! Buckets, with a clock that stands still until it is moved.

use super::*;

fn limit(rate: &str, burst: Option<u32>, by: RateBy) -> RateLimit {
    RateLimit { rate: rate.parse().unwrap(), burst, by }
}

fn limiter(rate: &str, burst: Option<u32>) -> (Limiter, Instant) {
    let now = Instant::now();
    (Limiter::at(&limit(rate, burst, RateBy::Address), now), now)
}

fn ip(text: &str) -> Option<IpAddr> {
    Some(text.parse().unwrap())
}

#[test]
fn lets_a_burst_pass_and_then_as_many_as_the_rate_says() {
    let cases = [
        ("10/s", None, 10, 100),
        ("60/m", Some(3), 3, 1_000),
        ("24/d", Some(1), 1, 3_600_000),
        ("3/s", None, 3, 334),
    ];
    for (rate, burst, expected, millis) in cases {
        let (limiter, mut now) = limiter(rate, burst);
        for left in (0..expected).rev() {
            assert_eq!(limiter.take("a", now).unwrap().remaining, left, "{rate}");
        }
        for _ in 0..3 {
            assert!(limiter.take("a", now).is_err(), "{rate}");
            now += Duration::from_millis(millis);
            limiter.take("a", now).unwrap();
        }
    }
}

#[test]
fn a_refusal_says_when_to_come_back() {
    let (limiter, now) = limiter("60/m", Some(2));
    assert_eq!(limiter.take("a", now).unwrap(), Taken { limit: 2, remaining: 1, reset_secs: 1 });
    assert_eq!(limiter.take("a", now).unwrap(), Taken { limit: 2, remaining: 0, reset_secs: 2 });
    let error = limiter.take("a", now).unwrap_err();
    assert_eq!((error.kind, error.fault, error.retryable), (ErrorKind::QuotaExceeded, Fault::Caller, true));
    assert_eq!(error.message, "Too many requests");
    let after = error.retry_after.unwrap();
    assert_eq!(after, Duration::from_secs(1));
    let expected = [("RateLimit-Limit", "2"), ("RateLimit-Remaining", "0"), ("RateLimit-Reset", "2")];
    let expected = expected.map(|(name, value)| (name.to_owned(), value.to_owned()));
    assert_eq!(error.headers, expected);
    assert!(limiter.take("a", now + after - Duration::from_nanos(1)).is_err());
    limiter.take("a", now + after).unwrap();
}

#[test]
fn refused_requests_do_not_push_the_end_away() {
    let (limiter, now) = limiter("1/s", None);
    limiter.take("a", now).unwrap();
    for _ in 0..1_000 {
        limiter.take("a", now).unwrap_err();
    }
    limiter.take("a", now + Duration::from_secs(1)).unwrap();
}

#[test]
fn addresses_of_one_network_share_a_bucket() {
    let (limiter, now) = limiter("1/d", None);
    let cases = [
        ("1.2.3.4", true),
        ("::ffff:1.2.3.4", false),
        ("1.2.3.5", true),
        ("2001:db8::1", true),
        ("2001:db8::ffff", false),
        ("2001:db8:0:1::1", true),
    ];
    for (address, passes) in cases {
        assert_eq!(limiter.take_address(ip(address), now).is_ok(), passes, "{address}");
    }
    limiter.take_address(None, now).unwrap();
    limiter.take_address(None, now).unwrap_err();
}

#[test]
fn counts_together_what_the_limit_says() {
    let now = Instant::now();
    let cases = [
        (RateBy::Address, [true, false, true, true]),
        (RateBy::Principal, [true, true, false, true]),
        (RateBy::Channel, [true, false, false, false]),
    ];
    for (by, expected) in cases {
        let limiter = Limiter::at(&limit("1/d", None, by), now);
        let asked = [
            ("1.1.1.1", Some("anna")),
            ("1.1.1.1", Some("bert")),
            ("2.2.2.2", Some("anna")),
            ("3.3.3.3", None),
        ];
        let got = asked.map(|(address, name)| limiter.take_for(ip(address), name, now).is_ok());
        assert_eq!(got, expected, "{by:?}");
    }
}

#[test]
fn extreme_limits_neither_overflow_nor_divide_by_zero() {
    let cases =
        [("999999999/s", Some(u32::MAX)), ("1/d", Some(u32::MAX)), ("4294967295/s", None), ("1/s", Some(0))];
    for (rate, burst) in cases {
        let (limiter, now) = limiter(rate, burst);
        limiter.take("a", now).unwrap();
        limiter.take("a", now + Duration::from_secs(1 << 33)).unwrap();
        limiter.take("a", now).ok();
    }
}

#[test]
fn a_flood_of_addresses_does_not_grow_the_table() {
    let (limiter, now) = limiter("1/h", None);
    for number in 0..150_000 {
        limiter.take(&number.to_string(), now).unwrap();
    }
    let kept: usize = limiter.shards.iter().map(|shard| shard.lock().unwrap().len()).sum();
    assert!(kept <= MAX_BUCKETS, "{kept}");
}

#[test]
fn full_buckets_are_forgotten_first() {
    let (limiter, now) = limiter("1/m", None);
    for number in 0..90_000 {
        limiter.take(&number.to_string(), now).unwrap();
    }
    let later = now + Duration::from_secs(61);
    limiter.take("watched", later).unwrap();
    for number in 90_000..150_000 {
        limiter.take(&number.to_string(), later).unwrap();
    }
    limiter.take("watched", later).unwrap_err();
}

#[test]
fn one_scope_and_limit_have_one_limiter() {
    let (limiters, now) = (Limiters::new(), Instant::now());
    let (one, other) = (limit("1/m", None, RateBy::Address), limit("2/m", None, RateBy::Address));
    let first = limiters.get("channel/a", &one, now);
    assert!(Arc::ptr_eq(&first, &limiters.get("channel/a", &one, now)));
    assert!(!Arc::ptr_eq(&first, &limiters.get("channel/b", &one, now)));
    assert!(!Arc::ptr_eq(&first, &limiters.get("channel/a", &other, now)));
    for number in 0..10_000 {
        limiters.get(&number.to_string(), &one, now);
    }
    assert!(limiters.0.lock().unwrap().len() <= MAX_LIMITERS);
    assert!(Arc::ptr_eq(&first, &limiters.get("channel/a", &one, now)), "those in use stay");
}
