//! Which files count, and how packages get them.

use super::*;

fn package(name: &str, paths: &[&str]) -> Package {
    let file = |path: &&str| SourceFile { path: (*path).to_owned(), content: "own".into() };
    Package::Python { name: name.to_owned(), files: paths.iter().map(file).collect() }
}

fn contents(package: &Package) -> Vec<(String, String)> {
    let Package::Python { files, .. } = package else { panic!("no Python") };
    let text = |file: &SourceFile| String::from_utf8(file.content.to_vec()).unwrap();
    files.iter().map(|file| (file.path.clone(), text(file))).collect()
}

#[test]
fn files_with_known_endings_are_given_and_take_the_place_of_a_packages_own() {
    let folder = tempfile::tempdir().unwrap();
    for name in ["a.ini", "b.conf", "c.yaml", "d.yml", "e.toml", "f.txt", ".hidden.ini", "g", "ini"] {
        std::fs::write(folder.path().join(name), "operator").unwrap();
    }
    std::fs::create_dir(folder.path().join("sub.ini")).unwrap();
    let conf = UserConf::open(folder.path()).unwrap();
    assert_eq!(conf.names(), ["a.ini", "b.conf", "c.yaml", "d.yml", "e.toml"]);
    let own = ["crm/api.py", "user-conf/a.ini", "crm/user-conf/b.conf", "crm/user-conf/own.ini"];
    let given = contents(&conf.give(package("crm", &own)));
    let operator = |name: &str| (format!("user-conf/{name}"), "operator".to_owned());
    let own = |path: &str| (path.to_owned(), "own".to_owned());
    let expected = [
        own("crm/api.py"),
        own("crm/user-conf/own.ini"),
        operator("a.ini"),
        operator("b.conf"),
        operator("c.yaml"),
        operator("d.yml"),
        operator("e.toml"),
    ];
    assert_eq!(given, expected);
    let wasm = Package::Component { name: "crm".to_owned(), wasm: "x".into(), schemas: Default::default() };
    assert_eq!(conf.give(wasm.clone()), wasm);
}

#[test]
fn a_change_is_seen_and_a_folder_that_is_not_there_has_no_files() {
    let folder = tempfile::tempdir().unwrap();
    let inside = folder.path().join("conf");
    let conf = UserConf::open(&inside).unwrap();
    assert!(conf.names().is_empty() && !conf.refresh().unwrap());
    let before = read::look(&inside);
    std::fs::create_dir(&inside).unwrap();
    std::fs::write(inside.join("a.ini"), "1").unwrap();
    assert_ne!(read::look(&inside), before);
    assert!(conf.refresh().unwrap() && !conf.refresh().unwrap());
    assert_eq!(conf.names(), ["a.ini"]);
}

#[test]
fn what_is_too_much_is_refused_and_what_was_there_before_goes_on_to_count() {
    let folder = tempfile::tempdir().unwrap();
    let write =
        |name: &str, bytes: usize| std::fs::write(folder.path().join(name), vec![b'#'; bytes]).unwrap();
    write("a.ini", 1);
    let conf = UserConf::open(folder.path()).unwrap();
    write("b.ini", (1 << 20) + 1);
    let error = conf.refresh().unwrap_err().to_string();
    assert!(error.contains("b.ini") && error.contains("1 MiB"), "{error}");
    assert_eq!(conf.names(), ["a.ini"]);
    for name in ["b.ini", "c.ini", "d.ini", "e.ini"] {
        write(name, 1 << 20);
    }
    assert!(conf.refresh().unwrap_err().to_string().contains("together"));
    for number in 0..100 {
        write(&format!("n{number}.ini"), 1);
    }
    assert!(UserConf::open(folder.path()).unwrap_err().to_string().contains("too many"));
}
