//! Caches, against the simulated host.

use super::*;
use crate::testing::Host;
use crate::{ErrorKind, Json};
use std::thread::sleep;
use std::time::SystemTime;

fn run<T>(test: impl FnOnce(Cache) -> T) -> T {
    Host::new().run(async { test(Cache::named("numbers")) })
}

/// Keys `x.1` to `x.3` and `y.1`, the last one used last.
fn filled(cache: &Cache) {
    for (number, key) in ["x.1", "x.2", "x.3", "y.1"].into_iter().enumerate() {
        cache.set(key, Json(number)).unwrap();
    }
}

#[test]
fn values_come_back_as_what_they_were() {
    run(|cache| {
        cache.set("text", "grüß").unwrap();
        cache.set("bytes", vec![0, 255]).unwrap();
        cache.set("json", Json(vec![Some(1), None])).unwrap();
        assert_eq!(cache.get::<String>("text").unwrap().as_deref(), Some("grüß"));
        assert_eq!(cache.get::<Vec<u8>>("bytes").unwrap(), Some(vec![0, 255]));
        assert_eq!(cache.get("json").unwrap(), Some(Json(vec![Some(1), None])));
        assert_eq!(cache.get::<Value>("none").unwrap(), None);
        assert_eq!((cache.count().unwrap(), Cache::default().count().unwrap()), (3, 0));
        let error = cache.get::<String>("bytes").unwrap_err();
        assert_eq!((error.kind(), error.message()), (ErrorKind::Internal, "a value in a cache is not text"));
        assert_eq!(error.log_detail(), Some("the key \"bytes\" of the cache \"numbers\": it is bytes"));
    });
}

#[test]
fn keys_are_added_replaced_taken_and_deleted() {
    run(|cache| {
        assert!(!cache.replace("a", "0").unwrap());
        assert!(cache.add("a", "1").unwrap());
        assert!(!cache.add("a", "2").unwrap());
        assert!(cache.replace("a", "3").unwrap());
        assert_eq!(cache.take::<String>("a").unwrap().as_deref(), Some("3"));
        assert_eq!(cache.take::<String>("a").unwrap(), None);
        assert!(!cache.delete("a").unwrap());
        cache.set("a", "4").unwrap();
        assert!(cache.delete("a").unwrap());
        assert_eq!(cache.count().unwrap(), 0);
    });
}

#[test]
fn entries_end_with_their_time_and_no_time_is_not_for_ever() {
    run(|cache| {
        let minute = Duration::from_secs(60);
        cache.set_for("none", "", Duration::ZERO).unwrap();
        cache.set_for("long", "", minute).unwrap();
        assert!(cache.add_for("short", "", Duration::from_millis(1)).unwrap());
        assert!(cache.replace_for("short", "", Duration::from_nanos(1)).unwrap());
        cache.set("set", "").unwrap();
        assert!(cache.expire("set", minute).unwrap());
        sleep(Duration::from_millis(5));
        assert_eq!(cache.all().keys().unwrap(), ["set", "long"]);
        let found = cache.keys(["long", "set"]).entries().unwrap();
        for entry in &found {
            assert_eq!(entry.expiry, Some(minute), "{entry:?}");
            assert!(entry.expires_at.unwrap() > SystemTime::now(), "{entry:?}");
        }
        assert!(cache.persist("long").unwrap() && !cache.persist("short").unwrap());
        assert!(cache.expire("set", Duration::ZERO).unwrap());
        sleep(Duration::from_millis(5));
        let left = cache.all().entries().unwrap();
        assert_eq!((left.len(), left[0].key.as_str(), left[0].expires_at), (1, "long", None));
    });
}

#[test]
fn entries_are_chosen_by_what_their_keys_look_like() {
    run(|cache| {
        filled(&cache);
        for (selection, keys) in [
            (cache.all(), vec!["y.1", "x.3", "x.2", "x.1"]),
            (cache.all().limit(2), vec!["y.1", "x.3"]),
            (cache.keys(["x.1", "none", "y.1"]), vec!["x.1", "y.1"]),
            (cache.prefix("x."), vec!["x.3", "x.2", "x.1"]),
            (cache.suffix(".1"), vec!["y.1", "x.1"]),
            (cache.contains("x"), vec!["x.3", "x.2", "x.1"]),
            (cache.not_contains("x"), vec!["y.1"]),
            (cache.contains_all(["x", "2"]), vec!["x.2"]),
            (cache.contains_any(["y", "2"]), vec!["y.1", "x.2"]),
        ] {
            assert_eq!(selection.keys().unwrap(), keys, "{selection:?}");
        }
        assert_eq!(cache.regex("^x").keys().unwrap_err().kind(), ErrorKind::Unavailable);
        let found = cache.prefix("x.").limit(2).get::<Json<usize>>().unwrap();
        assert_eq!(found, [("x.3".to_owned(), Json(2)), ("x.2".to_owned(), Json(1))]);
        // They have been used; to ask for keys is no use.
        let order = cache.all().entries().unwrap();
        let facts: Vec<_> = order.iter().map(|one| (one.key.as_str(), one.position, one.hits)).collect();
        assert_eq!(facts, [("x.3", 0, 2), ("x.2", 1, 2), ("y.1", 2, 1), ("x.1", 3, 1)]);
        assert!(order[2].last_write.is_some() && order[2].prev_read.is_none());
    });
}

#[test]
fn all_that_are_chosen_are_changed() {
    run(|cache| {
        filled(&cache);
        assert_eq!(cache.prefix("x.").set(Json(9)).unwrap(), 3);
        assert_eq!(cache.prefix("z.").set(Json(9)).unwrap(), 0);
        assert_eq!(cache.keys(["x.1", "z.1"]).set_for(Json(8), Duration::from_secs(60)).unwrap(), 1);
        assert_eq!(cache.get("z.1").unwrap(), Some(Json(8)));
        assert_eq!(cache.suffix(".1").expire(Duration::from_secs(60)).unwrap(), 3);
        assert_eq!(cache.all().persist().unwrap(), 5);
        assert_eq!(cache.contains("y").take::<Json<u8>>().unwrap(), [("y.1".to_owned(), Json(3))]);
        assert_eq!(cache.all().limit(1).delete().unwrap(), 1);
        assert_eq!(cache.all().delete().unwrap(), 3);
        assert_eq!(cache.count().unwrap(), 0);
    });
}

#[test]
fn what_is_too_large_is_refused() {
    run(|cache| {
        let large = vec![0; 1 << 20];
        for (error, says) in [
            (cache.set("a", large).unwrap_err(), "at most 1048576 bytes"),
            (cache.set("", "").unwrap_err(), "1 to 1024 bytes, this one has 0"),
            (cache.set("k".repeat(1_025), "").unwrap_err(), "1 to 1024 bytes, this one has 1025"),
        ] {
            assert_eq!(error.kind(), ErrorKind::InvalidInput);
            assert!(error.message().contains(says), "{error}");
        }
    });
}
