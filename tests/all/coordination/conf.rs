//! Files that an operator gives to all Python packages.

use crate::harness::{Command, Server, Setup, eventually};

/// Reads its configuration when it loads.
const READS: &str = "
from caisson import Service

TEXT = __loader__.get_data('user-conf/app.ini').decode()

if 'broken' in TEXT:
    raise ValueError(TEXT)

class Tell(Service):
    def handle(self):
        self.response.payload = TEXT
";

const OTHER: &str = "
from caisson import Service

class Tell(Service):
    def handle(self):
        self.response.payload = 'without'
";

fn write(folder: &std::path::Path, name: &str, text: &str) {
    std::fs::create_dir_all(folder).unwrap();
    // As an editor does it: nobody sees half of it.
    std::fs::write(folder.join("new"), text).unwrap();
    std::fs::rename(folder.join("new"), folder.join(name)).unwrap();
}

async fn tells(server: &Server, service: &str, text: &str) {
    eventually(&format!("{service} tells {text}"), async || {
        let answer = server.get(service).await;
        (answer.status == 200 && answer.text() == text).then_some(())
    })
    .await;
}

#[tokio::test]
async fn packages_are_given_the_files_and_load_again_when_these_change() {
    let setup = Setup::new().file("reads.py", READS).file("other.py", OTHER);
    let conf = setup.data().join("user-conf");
    write(&conf, "app.ini", "first");
    let mut server = setup.start().await;
    assert_eq!(server.get("reads.tell").await.good(), "first");

    write(&conf, "app.ini", "second");
    tells(&server, "reads.tell", "second").await;
    // It is the same version: nothing of the package itself is new.
    assert_eq!(server.package("reads").await["version"], 1);
    assert_eq!(server.get("other.tell").await.good(), "without");

    // What cannot be loaded with the new files goes on with those before, and says so.
    write(&conf, "app.ini", "broken");
    let refused = server.refused("reads", "ValueError: broken").await;
    assert_eq!(refused["version"], 1, "{refused}");
    assert_eq!(server.get("reads.tell").await.good(), "second");
    write(&conf, "app.ini", "third");
    tells(&server, "reads.tell", "third").await;
    eventually("the error is gone", async || server.package("reads").await["error"].is_null().then_some(()))
        .await;

    // A new version of the package, and a restart, have the files too.
    server.save("reads.py", format!("{READS}\n# more\n"));
    server.version("reads", 2).await;
    assert_eq!(server.get("reads.tell").await.good(), "third");
    server.restart().await;
    assert_eq!(server.get("reads.tell").await.good(), "third");
    write(&conf, "app.ini", "fourth");
    tells(&server, "reads.tell", "fourth").await;
}

#[tokio::test]
async fn a_package_that_waited_for_its_file_runs_as_soon_as_it_comes() {
    let server = Setup::new().file("reads.py", READS).start().await;
    server.refused("reads", "no such file").await;
    write(&server.data().join("user-conf"), "app.ini", "here");
    tells(&server, "reads.tell", "here").await;
}

#[tokio::test]
async fn too_much_is_refused_and_a_packages_own_file_gives_way() {
    let setup = Setup::new().file("both/__init__.py", READS).file("both/user-conf/app.ini", "own");
    let conf = setup.data().join("user-conf");
    write(&conf, "app.ini", "operator");
    write(&conf, "notes.txt", "are not given");
    let server = setup.start().await;
    assert_eq!(server.get("both.tell").await.good(), "operator");
    write(&conf, "large.ini", &"#".repeat((1 << 20) + 1));
    write(&conf, "app.ini", "not taken over");
    eventually("it is told", async || {
        server.logged("").await.contains("the file is too large").then_some(())
    })
    .await;
    assert_eq!(server.get("both.tell").await.good(), "operator");
    std::fs::remove_file(conf.join("large.ini")).unwrap();
    tells(&server, "both.tell", "not taken over").await;

    let none = server.write("x", "").replace("/x", "/none");
    let data = server.write("y", "").replace("/y", "/data2");
    let ended = Command::new(["serve", "--data", &data, "--user-conf", &none]).run().await;
    assert!(ended.code == 2 && ended.stderr.contains("--user-conf"), "{ended:?}");
}
