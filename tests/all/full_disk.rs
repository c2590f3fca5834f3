//! A disk that is full: changes are refused, everything else goes on, and room mends it.

use crate::harness::{HEALTHY, HELLO, Healthy, Server, Setup, SmallDisk, rest};
use serde_json::{Value, json};

/// More applies than fit into whatever the state has set aside.
const TRIES: u64 = 200;

fn numbered(number: u64) -> Value {
    let moving = rest("moving", &format!("/moving/{number}"), "hello.hello-world");
    json!({"channels": [rest("steady", "/steady", "healthy.ping"), moving]})
}

async fn assert_kept(server: &Server, acknowledged: &[(u64, String)]) {
    assert_eq!(server.history().await, acknowledged);
    let (revision, number) = acknowledged.last().unwrap();
    server.until_live(*revision).await;
    let path = format!("/moving/{number}");
    assert_eq!(server.path_with(http::Method::GET, &path, &[]).await.good(), "How goes it?");
}

#[tokio::test]
async fn a_full_disk_refuses_changes_keeps_serving_and_loses_nothing() {
    let setup = Setup::new().file("hello.py", HELLO).file("healthy.py", HEALTHY);
    let disk = SmallDisk::mount(&setup.data(), 8);
    // Dropped in this order: the disk goes before the folder that it is in.
    let (mut server, disk) = (setup.start().await, disk);
    let mut acknowledged = Vec::new();
    for number in 1..=3 {
        let revision = server.acknowledged(&numbered(number), &number.to_string()).await;
        acknowledged.push((revision, number.to_string()));
    }
    let healthy = Healthy::on(&server, "/steady");
    for _ in 0..2 {
        disk.fill();
        let mut refused = None;
        for _ in 0..TRIES {
            let number = acknowledged.len() + 1;
            let answer = server.submit(&numbered(number as u64), &number.to_string()).await.unwrap();
            if answer.status != 200 {
                refused = Some(answer);
                break;
            }
            acknowledged.push((answer.json()["revision"].as_u64().unwrap(), number.to_string()));
        }
        let refused = refused.expect("the disk is full and nothing is refused");
        let says = "the disk is full; make room on it, then repeat the change";
        assert!(refused.status == 507 && refused.text().contains(says), "{refused:?}");
        assert_kept(&server, &acknowledged).await;
        disk.free();
        let number = acknowledged.len() + 1;
        let revision = server.acknowledged(&numbered(number as u64), &number.to_string()).await;
        acknowledged.push((revision, number.to_string()));
        assert_kept(&server, &acknowledged).await;
    }
    healthy.assert_never_failed(50).await;
    server.kill9().await;
    server.start_again().await;
    assert_kept(&server, &acknowledged).await;
}

#[tokio::test]
async fn a_server_killed_while_its_disk_is_full_comes_back_with_all_that_was_acknowledged() {
    let setup = Setup::new().file("hello.py", HELLO).file("healthy.py", HEALTHY);
    let disk = SmallDisk::mount(&setup.data(), 8);
    let (mut server, disk) = (setup.start().await, disk);
    let revision = server.acknowledged(&numbered(1), "1").await;
    disk.fill();
    let refused = server.submit(&numbered(2), "2").await.unwrap();
    assert_eq!(refused.status, 507, "{}", refused.text());
    server.kill9().await;
    disk.free();
    server.start_again().await;
    assert_kept(&server, &[(revision, "1".to_owned())]).await;
}
