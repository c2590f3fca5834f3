//! Hashes, and what happens in a flood.

use super::*;
use std::sync::mpsc::sync_channel;

#[test]
fn a_hash_is_argon2id_with_the_recommended_parameters() {
    let (one, two) = (hash("pw").unwrap(), hash("pw").unwrap());
    assert!(one.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{one}");
    assert_ne!(one, two, "salted");
    assert!(verify("pw", &one) && verify("pw", &two));
    assert!(check_hash(&one).is_ok());
}

#[test]
fn nothing_else_is_a_right_password() {
    let phc = hash("pw").unwrap();
    for (plain, phc) in [
        ("pw ", phc.as_str()),
        ("", &phc),
        ("pw", "pw"),
        ("pw", ""),
        ("pw", "$argon2id$"),
        ("pw", &phc[..phc.len() - 3]),
    ] {
        assert!(!verify(plain, phc), "{plain} {phc}");
    }
}

#[tokio::test]
async fn a_flood_is_refused_once_the_queue_is_full() {
    let (open, gate) = sync_channel::<()>(0);
    let gate = Mutex::new(gate);
    let passwords = Arc::new(Passwords::new(Arc::new(move |_: &str, _: &str| {
        let _closed = gate.lock().unwrap().recv();
        true
    })));
    let threads = passwords.threads.available_permits();
    let attempts: Vec<_> = (0..threads + MAX_WAITING)
        .map(|_| {
            let passwords = Arc::clone(&passwords);
            tokio::spawn(async move { passwords.verify("pw".to_owned(), "phc".into()).await })
        })
        .collect();
    while passwords.waiting.load(Ordering::SeqCst) < MAX_WAITING {
        tokio::task::yield_now().await;
    }
    let error = passwords.verify("pw".to_owned(), "phc".into()).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Unavailable);
    assert!(error.retry_after.is_some());
    assert_eq!(
        passwords.waiting.load(Ordering::SeqCst),
        MAX_WAITING,
        "the one that was refused does not count"
    );
    drop(open);
    for attempt in attempts {
        assert!(attempt.await.unwrap().unwrap());
    }
    assert_eq!(passwords.waiting.load(Ordering::SeqCst), 0);
}

#[test]
fn the_cache_is_bounded() {
    let (shared, now) = (Shared::new(), Instant::now());
    for number in 0..MAX_REMEMBERED + 100 {
        let key = Passwords::key(&shared, "definition", "phc", &number.to_string(), "pw");
        shared.passwords.remember(key, now);
    }
    assert!(shared.passwords.right.lock().unwrap().len() <= MAX_REMEMBERED);
}

#[test]
fn parts_of_a_cache_key_do_not_run_into_each_other() {
    let shared = Shared::new();
    let one = Passwords::key(&shared, "d", "h", "ab", "c");
    assert_ne!(one, Passwords::key(&shared, "d", "h", "a", "bc"));
    assert_ne!(one, Passwords::key(&Shared::new(), "d", "h", "ab", "c"), "another process");
}
