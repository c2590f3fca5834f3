//! The store alone: crashes, damage, numbering, collection.

use super::*;
use std::fs;

fn source(text: &str) -> PackageSource {
    PackageSource::from_file("a.py", text.to_owned().into(), None).expect("valid")
}

fn commit(store: &Arc<Store>, text: &str) -> Version {
    let staged = store.stage(&source(text)).expect("staged");
    store.commit("a", &Origin::Upload, staged, "t").expect("committed")
}

fn artifacts(data: &Path) -> usize {
    fs::read_dir(data.join("artifacts")).expect("folder").count()
}

fn open(data: &Path) -> (Arc<Store>, Vec<String>) {
    Store::open(data).expect("opened")
}

#[test]
fn only_one_server_per_data_folder() {
    let dir = tempfile::tempdir().expect("folder");
    let (store, _) = open(dir.path());
    let error = Store::open(dir.path()).expect_err("in use").to_string();
    assert!(error.contains("in use") && error.contains(&std::process::id().to_string()), "{error}");
    drop(store);
    open(dir.path());
}

#[test]
fn content_comes_back_as_it_was_stored() {
    let dir = tempfile::tempdir().expect("folder");
    let stored =
        PackageSource::from_file("a.py", "x = 1".into(), Some("[limits]\nqueue = 3")).expect("valid");
    let (store, _) = open(dir.path());
    let staged = store.stage(&stored).expect("staged");
    store.commit("a", &Origin::Upload, staged, "t").expect("committed");
    drop(store);
    assert_eq!(open(dir.path()).0.read("a", None).expect("read"), stored);
}

#[test]
fn what_a_package_says_about_itself_survives_and_costs_no_digest() {
    let dir = tempfile::tempdir().expect("folder");
    let text =
        "version = \"1.4\"\n[[needs]]\nconnection = \"db\"\noperations = [\"query\"]\nreason = \"all\"";
    let stored = PackageSource::from_file("a.py", "x = 1".into(), Some(text)).expect("valid");
    let (store, _) = open(dir.path());
    let staged = store.stage(&stored).expect("staged");
    store.commit("a", &Origin::Upload, staged, "t").expect("committed");
    assert_eq!(commit(&store, "x = 1").version, 2, "to need something else is another version");
    drop(store);
    let (store, _) = open(dir.path());
    assert_eq!(store.read("a", Some(1)).expect("read").about(), stored.about());
    assert_eq!(
        store.history("a").iter().map(|one| one.label.as_deref()).collect::<Vec<_>>(),
        [Some("1.4"), None]
    );
}

#[test]
fn a_package_that_says_nothing_about_itself_has_the_manifest_of_before() {
    let (_, bytes) = Manifest::of(&source("x = 1"));
    let text = String::from_utf8(bytes).expect("text");
    let settings = text.split_once("\"settings\":").expect("settings").1;
    assert!(settings.starts_with("{\"memory_bytes\":") && settings.ends_with("}}"), "{text}");
    assert_eq!(settings.matches('}').count(), 2, "nothing comes after the settings: {text}");
}

#[test]
fn the_newest_content_keeps_its_number_and_any_other_gets_the_next() {
    let dir = tempfile::tempdir().expect("folder");
    let (store, _) = open(dir.path());
    assert_eq!(commit(&store, "1").version, 1);
    assert_eq!(commit(&store, "1").version, 1);
    assert_eq!(commit(&store, "2").version, 2);
    assert_eq!(commit(&store, "1").version, 3, "content that comes back is a new version");
    store.retire("a").expect("retired");
    assert!(store.stored().is_empty());
    drop(store);
    let (store, _) = open(dir.path());
    assert_eq!(commit(&store, "1").version, 3);
    assert_eq!(commit(&store, "4").version, 4, "numbers are never given twice");
}

#[test]
fn twenty_versions_are_kept_and_blobs_that_nobody_names_are_removed() {
    let dir = tempfile::tempdir().expect("folder");
    let (store, _) = open(dir.path());
    for number in 0..30 {
        commit(&store, &number.to_string());
    }
    let history = store.history("a");
    assert_eq!((history.len(), history[0].version, history[19].version), (20, 11, 30));
    assert_eq!(artifacts(dir.path()), 40, "one file and one manifest for each");
    drop(store.stage(&source("given up")).expect("staged"));
    assert_eq!(artifacts(dir.path()), 40, "what was staged for nothing is removed");
    drop(store.stage(&source("15")).expect("staged"));
    store.read("a", None).expect("shared blobs stay");
    store.retire("a").expect("retired");
    assert_eq!(artifacts(dir.path()), 2);
}

#[test]
fn what_a_crash_leaves_behind_is_cleaned_up() {
    let dir = tempfile::tempdir().expect("folder");
    let (store, _) = open(dir.path());
    commit(&store, "1");
    let staged = store.stage(&source("never committed")).expect("staged");
    // What is on disk at this moment is what a killed process leaves: go on with a copy of it.
    let copy = tempfile::tempdir().expect("folder");
    for folder in ["artifacts", "packages"] {
        fs::create_dir(copy.path().join(folder)).expect("folder");
        for entry in fs::read_dir(dir.path().join(folder)).expect("folder") {
            let entry = entry.expect("entry");
            fs::copy(entry.path(), copy.path().join(folder).join(entry.file_name())).expect("copy");
        }
    }
    fs::write(copy.path().join("artifacts/.tmp-1-1"), "half").expect("write");
    fs::write(copy.path().join("packages/.tmp-1-2"), "{\"for").expect("write");
    drop(staged);
    assert_eq!(artifacts(copy.path()), 5);
    let (store, problems) = open(copy.path());
    assert!(problems.is_empty(), "{problems:?}");
    assert_eq!(artifacts(copy.path()), 2);
    assert_eq!(fs::read_dir(copy.path().join("packages")).expect("folder").count(), 1);
    store.read("a", None).expect("what was committed is there");
}

#[test]
fn a_missing_or_changed_blob_is_noticed_and_mended_by_the_next_deployment() {
    let dir = tempfile::tempdir().expect("folder");
    let (store, _) = open(dir.path());
    commit(&store, "content");
    let blob = dir.path().join("artifacts").join(Digest::of(b"content").to_string());
    fs::write(&blob, "CONTENT").expect("write");
    let error = store.read("a", None).expect_err("changed").to_string();
    assert!(error.contains("has been changed") && error.contains("version 1"), "{error}");
    fs::remove_file(&blob).expect("remove");
    assert!(store.read("a", None).is_err());
    assert_eq!(commit(&store, "content").version, 1);
    store.read("a", None).expect("mended");
}

#[test]
fn a_corrupt_document_is_set_aside_and_its_blobs_are_left_alone() {
    let dir = tempfile::tempdir().expect("folder");
    let (store, _) = open(dir.path());
    commit(&store, "1");
    drop(store);
    let document = dir.path().join("packages/a.json");
    for broken in [
        "{\"format\": 1, \"pack",
        "",
        "{\"format\":1,\"package\":\"b\",\"origin\":{\"kind\":\"upload\"},\"current\":null,\"versions\":[]}",
    ] {
        fs::write(&document, broken).expect("write");
        let (store, problems) = open(dir.path());
        assert_eq!(problems.len(), 1);
        assert!(problems[0].contains("package a") && problems[0].contains("a.json.corrupt"), "{problems:?}");
        assert!(store.stored().is_empty());
        assert_eq!(artifacts(dir.path()), 2, "somebody may want to mend the document");
        drop(store);
        assert!(open(dir.path()).1.is_empty(), "reported once");
    }
}

#[test]
fn a_document_of_a_newer_version_is_not_touched() {
    let dir = tempfile::tempdir().expect("folder");
    drop(open(dir.path()));
    let document = dir.path().join("packages/a.json");
    fs::write(&document, "{\"format\": 9, \"new\": true}").expect("write");
    let error = Store::open(dir.path()).expect_err("newer").to_string();
    assert!(error.contains("a.json") && error.contains('9'), "{error}");
    assert!(document.exists());
}
