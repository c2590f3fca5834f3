//! What caches keep, forget and refuse.

use super::*;
use bytes::Bytes;
use std::time::Duration;

const SPACE: &str = "crm";

fn key(text: &str) -> Which {
    Which::Keys(vec![text.to_owned()])
}

fn write(value: &str) -> Write {
    Write { value: Bytes::copy_from_slice(value.as_bytes()), ..Write::default() }
}

fn set(caches: &Caches, name: &str, value: &str) {
    caches.put(SPACE, "default", &key(name), 0, &write(value), Parts::Keys).unwrap();
}

fn keys(caches: &Caches, which: &Which) -> Vec<String> {
    let found = caches.get(SPACE, "default", which, 0, Parts::Keys).unwrap();
    found.into_iter().map(|entry| entry.key).collect()
}

fn value(caches: &Caches, name: &str) -> Option<String> {
    let found = caches.get(SPACE, "default", &key(name), 0, Parts::Values).unwrap();
    found.first().map(|entry| String::from_utf8(entry.value.to_vec()).unwrap())
}

#[test]
fn entries_are_chosen_by_all_kinds_of_which() {
    let caches = Caches::default();
    for name in ["a.one", "a.two", "b.one", "b.three"] {
        set(&caches, name, name);
    }
    let text = |text: &str| text.to_owned();
    for (which, expected) in [
        (Which::All, vec!["b.three", "b.one", "a.two", "a.one"]),
        (Which::Keys(vec![text("a.two"), text("none"), text("a.one")]), vec!["a.two", "a.one"]),
        (Which::Prefix(text("a.")), vec!["a.two", "a.one"]),
        (Which::Suffix(text("one")), vec!["b.one", "a.one"]),
        (Which::Contains(text("t")), vec!["b.three", "a.two"]),
        (Which::NotContains(text("t")), vec!["b.one", "a.one"]),
        (Which::ContainsAll(vec![text("b"), text("one")]), vec!["b.one"]),
        (Which::ContainsAny(vec![text("two"), text("three")]), vec!["b.three", "a.two"]),
        (Which::Regex(text("^[ab]\\.t")), vec!["b.three", "a.two"]),
        (Which::Regex(text("\\w+(?-u:\\b)\\.two$")), vec!["a.two"]),
        (Which::Regex(text("\\.t")), vec![]),
        (Which::Regex(text("b|\\.t")), vec!["b.three", "b.one"]),
    ] {
        assert_eq!(keys(&caches, &which), expected, "{which:?}");
    }
    assert_eq!(
        caches.delete(SPACE, "default", &Which::Prefix(text("a.")), 1, Parts::Values).unwrap()[0].value,
        "a.two"
    );
    let before =
        caches.put(SPACE, "default", &Which::Suffix(text("one")), 0, &write("new"), Parts::Values).unwrap();
    assert_eq!(before.len(), 2);
    assert_eq!(value(&caches, "b.one").unwrap(), "new");
    assert_eq!(caches.count(SPACE, "default").unwrap(), 3);
}

#[test]
fn conditions_decide_and_what_was_there_before_is_told() {
    let caches = Caches::default();
    let put = |value: &str, condition: Condition| {
        let write = Write { condition, ..write(value) };
        caches.put(SPACE, "default", &key("a"), 0, &write, Parts::Values).unwrap().len()
    };
    assert_eq!((put("1", Condition::IfPresent), value(&caches, "a")), (0, None));
    assert_eq!((put("2", Condition::IfAbsent), value(&caches, "a")), (0, Some("2".to_owned())));
    assert_eq!((put("3", Condition::IfAbsent), value(&caches, "a")), (1, Some("2".to_owned())));
    assert_eq!((put("4", Condition::IfPresent), value(&caches, "a")), (1, Some("4".to_owned())));
}

#[test]
fn entries_end_and_details_tell_of_them() {
    let caches = Caches::default();
    let short = Write { expiry: Duration::from_nanos(1), ..write("gone") };
    caches.put(SPACE, "default", &key("short"), 0, &short, Parts::Keys).unwrap();
    let long = Write { expiry: Duration::from_secs(60), ..write("kept") };
    caches.put(SPACE, "default", &key("long"), 0, &long, Parts::Keys).unwrap();
    set(&caches, "endless", "x");
    std::thread::sleep(Duration::from_millis(1));
    assert_eq!(value(&caches, "short"), None);
    assert_eq!(keys(&caches, &Which::All), ["endless", "long"]);
    assert_eq!(value(&caches, "long").unwrap(), "kept");
    let told = caches.get(SPACE, "default", &key("long"), 0, Parts::Details).unwrap().remove(0);
    assert_eq!((told.hits, told.position, told.expiry_ms), (2, 0, 60_000));
    assert!(told.expires_at > told.last_write && told.prev_read > 0 && told.prev_write == 0, "{told:?}");
    caches.expire(SPACE, "default", &Which::All, 0, Duration::from_nanos(1), Parts::Keys).unwrap();
    std::thread::sleep(Duration::from_millis(1));
    assert_eq!(caches.count(SPACE, "default").unwrap(), 0);
    assert_eq!(caches.bytes(), 0);
}

#[test]
fn what_was_used_least_recently_goes_first() {
    let caches = Caches::default();
    for number in 0..MAX_ENTRIES {
        set(&caches, &number.to_string(), "x");
    }
    assert!(value(&caches, "0").is_some());
    set(&caches, "one more", "x");
    assert_eq!(caches.count(SPACE, "default").unwrap() as usize, MAX_ENTRIES);
    assert_eq!((value(&caches, "0").is_some(), value(&caches, "1")), (true, None));
}

#[test]
fn memory_is_bounded_for_each_namespace_and_for_all_and_others_are_emptied_last_used_first() {
    let caches = Caches::new(0);
    let large = Write { value: vec![0; MAX_VALUE].into(), ..Write::default() };
    let fill = |space: &str| {
        for number in 0..20 {
            let (name, cache) = (key(&number.to_string()), format!("c{}", number % 3));
            caches.put(space, &cache, &name, 0, &large, Parts::Keys).unwrap();
        }
    };
    let share = 2 * MAX_VALUE;
    fill("one");
    assert!(caches.bytes() > MAX_VALUE && caches.bytes() <= share, "{}", caches.bytes());
    for space in ["two", "three", "four", "five", "six", "seven", "eight", "nine"] {
        fill(space);
        assert!(caches.bytes() <= 4 * share, "{}", caches.bytes());
    }
    let entries = |space: &str| (0..3).map(|n| caches.count(space, &format!("c{n}")).unwrap()).sum::<u32>();
    assert_eq!(entries("one"), 0);
    assert!(entries("nine") > 0);
}

#[test]
fn namespaces_and_caches_do_not_see_each_other() {
    let caches = Caches::default();
    set(&caches, "a", "1");
    for (space, cache) in [("other", "default"), (SPACE, "named")] {
        assert!(caches.get(space, cache, &Which::All, 0, Parts::Keys).unwrap().is_empty());
    }
}

#[test]
fn what_is_too_much_is_refused_with_the_bound() {
    let caches = Caches::default();
    let long = "k".repeat(MAX_KEY + 1);
    let put = |which: &Which, value: usize| {
        let write = Write { value: vec![0; value].into(), ..Write::default() };
        caches.put(SPACE, "default", which, 0, &write, Parts::Keys).unwrap_err().to_string()
    };
    assert!(put(&key(&long), 1).contains("1024"));
    assert!(put(&key(""), 1).contains("1 to 1024"));
    assert!(put(&key("a"), MAX_VALUE + 1).contains("1048576"));
    assert!(put(&Which::Keys(vec!["a".to_owned(); MAX_ENTRIES + 1]), 1).contains("10000"));
    for pattern in ["(", "(?=a)", "(a)\\1", "((a{1000}){1000}){1000}", "a\\b", "(a|b)*a(a|b){40}"] {
        let error =
            caches.get(SPACE, "default", &Which::Regex(pattern.to_owned()), 0, Parts::Keys).unwrap_err();
        assert!(error.to_string().contains("linear time"), "{pattern}: {error}");
    }
    let name = "n".repeat(MAX_NAME + 1);
    assert!(caches.count(SPACE, &name).unwrap_err().to_string().contains("128"));
    for number in 0..MAX_CACHES {
        caches.put(SPACE, &number.to_string(), &key("a"), 0, &write("x"), Parts::Keys).unwrap();
    }
    assert!(caches.count(SPACE, "one more").unwrap_err().to_string().contains("64 caches"));
    let write = Write { value: vec![0; MAX_VALUE].into(), ..Write::default() };
    for number in 0..17 {
        caches.put("big", "default", &key(&number.to_string()), 0, &write, Parts::Keys).unwrap();
    }
    let error = caches.get("big", "default", &Which::All, 0, Parts::Values).unwrap_err();
    assert!(error.to_string().contains("`limit`"), "{error}");
    assert_eq!(caches.get("big", "default", &Which::All, 3, Parts::Values).unwrap().len(), 3);
}

#[test]
fn an_expression_that_is_slow_elsewhere_is_quick_here() {
    let caches = Caches::default();
    for number in 0..MAX_ENTRIES {
        set(&caches, &format!("{}{number}", "a".repeat(60)), "x");
    }
    assert!(keys(&caches, &Which::Regex("(a+)+$".to_owned())).is_empty());
}
