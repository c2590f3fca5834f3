//! Keys and what they seal.

use super::*;
use std::os::unix::fs::PermissionsExt as _;

const PLACE: &str = "connection/crm/password";

fn key(name: &str) -> (tempfile::TempDir, Key) {
    let folder = tempfile::tempdir().unwrap();
    let key = Key::load_or_create(&folder.path().join(name)).unwrap();
    (folder, key)
}

#[test]
fn a_key_is_made_once_and_for_its_owner_only() {
    let (folder, first) = key("key");
    let path = folder.path().join("key");
    assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    let second = Key::load_or_create(&path).unwrap();
    assert_eq!(first.id(), second.id());
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
    assert_eq!(second.open(PLACE, &first.seal(PLACE, "s3cret").unwrap()).unwrap(), "s3cret");
}

#[test]
fn a_key_that_others_can_read_is_refused_with_what_to_do() {
    let (folder, _) = key("key");
    let path = folder.path().join("key");
    for mode in [0o640, 0o604, 0o620, 0o644] {
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).unwrap();
        let error = Key::load_or_create(&path).unwrap_err();
        assert_eq!(error.kind, ErrorKind::Denied);
        assert!(error.message.contains(&format!("chmod 600 {}", path.display())), "{error}");
    }
}

#[test]
fn what_is_no_key_is_refused_and_not_repeated() {
    let (folder, _) = key("key");
    let path = folder.path().join("key");
    for text in ["", "abc", &"g".repeat(64), &"a".repeat(65), &"é".repeat(32)] {
        std::fs::write(&path, text).unwrap();
        let error = Key::load_or_create(&path).unwrap_err();
        assert_eq!(error.kind, ErrorKind::Invalid);
        assert!(text.len() < 10 || !error.message.contains(text));
    }
    assert_eq!(Key::load_or_create(&folder.path().join("no/key")).unwrap_err().kind, ErrorKind::Disk);
}

#[test]
fn a_secret_is_sealed_differently_every_time_and_opens_again() {
    let (_folder, key) = key("key");
    for plain in ["", "s3cret", "žluťoučký kůň", &"x".repeat(100_000)] {
        let (one, other) = (key.seal(PLACE, plain).unwrap(), key.seal(PLACE, plain).unwrap());
        assert_ne!(one, other);
        assert!(one.starts_with(&format!("v1:{}:", key.id())));
        assert_eq!(key.open(PLACE, &one).unwrap(), plain);
    }
}

#[test]
fn another_key_is_named() {
    let ((_one, mine), (_other, theirs)) = (key("key"), key("key"));
    let error = mine.open(PLACE, &theirs.seal(PLACE, "s3cret").unwrap()).unwrap_err();
    assert!(error.message.contains(theirs.id()) && error.message.contains(mine.id()), "{error}");
    assert_eq!(error.kind, ErrorKind::Denied);
}

#[test]
fn what_was_changed_or_moved_does_not_open() {
    let (_folder, key) = key("key");
    let sealed = key.seal(PLACE, "s3cret").unwrap();
    let (head, text) = sealed.rsplit_once(':').unwrap();
    let bytes = STANDARD.decode(text).unwrap();
    for place in 0..bytes.len() {
        let mut changed = bytes.clone();
        changed[place] ^= 1;
        let error = key.open(PLACE, &format!("{head}:{}", STANDARD.encode(changed))).unwrap_err();
        assert_eq!(error.kind, ErrorKind::Damaged);
    }
    assert!(key.open("connection/erp/password", &sealed).is_err());
    for text in [
        "",
        "s3cret",
        "v2:00000000:AAAA",
        "v1:s3cret:AAAA",
        &format!("v1:{}:%", key.id()),
        &format!("v1:{}:AAAA", key.id()),
    ] {
        let error = key.open(PLACE, text).unwrap_err();
        assert!(!error.message.contains("s3cret"), "{error}");
    }
}

#[test]
fn debug_shows_the_id_and_nothing_else() {
    let (_folder, key) = key("key");
    assert_eq!(format!("{key:?}"), format!("Key {{ id: \"{}\", .. }}", key.id()));
}
