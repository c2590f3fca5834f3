//! Commands, pipelines and scripts.

use crate::harness::{Door, Server, bytes, command, ok, words};
use caisson_capability::ErrorKind;
use caisson_redis::calls;
use caisson_redis::client::wire::Part;
use serde_json::json;

#[tokio::test]
async fn commands_of_all_kinds_are_answered() {
    let server = Server::start(&[]).await;
    let door = Door::of(json!({"url": server.url(), "database": 3}));
    let int = |number| vec![Part::Int(number)];
    for (text, reply) in [
        ("SET a 1", ok()),
        ("GET a", vec![bytes("1")]),
        ("GET none", vec![Part::Nil]),
        ("INCR a", int(2)),
        ("MGET a none", vec![Part::List(2), bytes("2"), Part::Nil]),
        ("HSET h f v", int(1)),
        ("HGETALL h", vec![Part::Map(1), bytes("f"), bytes("v")]),
        ("RPUSH l x y", int(2)),
        ("LRANGE l 0 -1", vec![Part::List(2), bytes("x"), bytes("y")]),
        ("SADD s m", int(1)),
        ("SMEMBERS s", vec![Part::Set(1), bytes("m")]),
        ("ZADD z 1.5 m", int(1)),
        ("ZSCORE z m", vec![Part::Double(1.5)]),
        ("XADD x 1-1 f v", vec![bytes("1-1")]),
        ("XLEN x", int(1)),
        ("EXPIRE a 100", int(1)),
        ("TYPE z", vec![Part::Status("zset".into())]),
        ("DEL a h", int(2)),
        ("PUBLISH c m", int(0)),
        (
            "EVAL return{1,{2,'x'}} 0",
            vec![Part::List(2), Part::Int(1), Part::List(2), Part::Int(2), bytes("x")],
        ),
        ("DBSIZE", int(4)),
        ("OBJECT ENCODING l", vec![bytes("listpack")]),
    ] {
        let answered = door.run(text).await.unwrap_or_else(|error| panic!("{text}: {error}"));
        if !text.starts_with("OBJECT") {
            assert_eq!(answered, reply, "{text}");
        }
    }
    door.lease().client().as_ref();
    let binary = vec![b"SET".to_vec(), vec![0, 255, 13, 10], vec![b'x'; 300_000]];
    assert_eq!(calls::run(&door.lease(), binary).await.unwrap(), ok());
}

#[tokio::test]
async fn a_pipeline_answers_each_command_and_goes_on_after_a_failure() {
    let server = Server::start(&[]).await;
    let door = Door::of(json!({"url": server.url()}));
    let replies = door.pipeline(&["SET a x", "INCR a", "GET a"], false).await.unwrap();
    assert_eq!((&replies[0], &replies[2]), (&ok(), &vec![bytes("x")]));
    assert!(matches!(&replies[1][..], [Part::Failure(text)] if text.starts_with("ERR")));
    assert_eq!(door.pipeline(&[], false).await.unwrap(), Vec::<Vec<Part>>::new());
    let many: Vec<String> = (0..5_000).map(|number| format!("RPUSH l {number}")).collect();
    let many: Vec<&str> = many.iter().map(String::as_str).collect();
    assert_eq!(door.pipeline(&many, false).await.unwrap().last().unwrap(), &vec![Part::Int(5_000)]);
}

#[tokio::test]
async fn an_atomic_pipeline_is_done_as_a_whole_or_not_at_all() {
    let server = Server::start(&[]).await;
    let door = Door::of(json!({"url": server.url()}));
    let replies = door.pipeline(&["SET a x", "HSET h f v", "HGETALL h", "INCR a"], true).await.unwrap();
    assert_eq!(replies[..3], [ok(), vec![Part::Int(1)], vec![Part::Map(1), bytes("f"), bytes("v")]]);
    assert!(matches!(&replies[3][..], [Part::Failure(_)]));
    let error = door.pipeline(&["SET b 1", "GET"], true).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::InvalidInput);
    assert_eq!(door.run("EXISTS b").await.unwrap(), vec![Part::Int(0)]);
    // The connection that it used is as good as new.
    assert_eq!(door.run("GET a").await.unwrap(), vec![bytes("x")]);
}

#[tokio::test]
async fn a_script_is_sent_once_and_known_by_its_digest_afterwards() {
    let server = Server::start(&[]).await;
    let door = Door::of(json!({"url": server.url()}));
    let source = "redis.call('SET', KEYS[1], ARGV[1]) return redis.call('INCR', KEYS[1])";
    let run = async || calls::script(&door.lease(), source, vec![b"k".to_vec()], vec![b"41".to_vec()]).await;
    assert_eq!(run().await.unwrap(), vec![Part::Int(42)]);
    assert_eq!(run().await.unwrap(), vec![Part::Int(42)]);
    let stats = words(&server.ask("INFO commandstats").await);
    assert!(stats.contains("cmdstat_eval:calls=1,") && stats.contains("cmdstat_evalsha:calls=2,"), "{stats}");
    let error = calls::script(&door.lease(), "return nope(", Vec::new(), Vec::new()).await.unwrap_err();
    assert_eq!((error.kind, error.retryable), (ErrorKind::InvalidInput, false));
}

#[tokio::test]
async fn commands_that_would_hold_a_connection_are_refused_before_they_are_sent() {
    let server = Server::start(&[]).await;
    let door = Door::of(json!({"url": server.url()}));
    for text in
        ["SELECT 1", "BLPOP a 0", "SUBSCRIBE a", "CLIENT REPLY OFF", "XREAD BLOCK 0 STREAMS a 0", "MULTI", ""]
    {
        let error = door.run(text).await.unwrap_err();
        assert_eq!(error.kind, ErrorKind::InvalidInput, "{text}");
        assert_eq!(door.pipeline(&["SET a 1", text], false).await.unwrap_err().kind, ErrorKind::InvalidInput);
    }
    assert_eq!(door.run("EXISTS a").await.unwrap(), vec![Part::Int(0)]);
    let error = calls::pipeline(&door.lease(), vec![command("PING"); 10_001], false).await.unwrap_err();
    assert!(error.kind == ErrorKind::QuotaExceeded && error.message.contains("pipeline_commands"));
}
