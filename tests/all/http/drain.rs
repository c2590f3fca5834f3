//! The end of a server.

use crate::harness::{Command, Server, Setup, call};
use http::Method;
use rustix::process::Signal;

const SLOW: &str = "\
import time
from caisson import Service

class Sleep(Service):
    name = 'sleep'
    def handle(self):
        seconds = float(self.request.http.GET['seconds'])
        self.logger.info('sleeping')
        time.sleep(seconds)
        self.response.payload = 'slept'
";

/// A request that is inside the service now.
async fn in_flight(server: &Server, seconds: &str) -> tokio::task::JoinHandle<Result<String, String>> {
    let (client, url) = (server.http.clone(), server.url(&format!("sleep?seconds={seconds}")));
    let task =
        tokio::spawn(async move { call(&client, Method::GET, &url).await.map(|answer| answer.text()) });
    server.log_says("sleeping").await;
    task
}

#[tokio::test]
async fn a_request_in_flight_is_finished_before_the_server_ends() {
    let mut server = Server::with("slow.py", SLOW).await;
    let task = in_flight(&server, "1.5").await;
    server.signal(Signal::TERM);
    server.log_says("finishing requests in flight").await;
    assert_eq!(task.await.unwrap().as_deref(), Ok("slept"));
    let ended = server.ended().await;
    assert!(ended.success(), "{ended}");
    assert!(!server.data().join("server.json").exists());
}

#[tokio::test]
async fn a_server_that_stops_is_alive_and_not_ready() {
    let mut server = Server::with("slow.py", SLOW).await;
    let task = in_flight(&server, "1.5").await;
    server.signal(Signal::INT);
    server.log_says("finishing requests in flight").await;
    assert_eq!(server.admin_get("/healthz/live").await.status, 200);
    let ready = server.admin_get("/healthz/ready").await;
    assert_eq!((ready.status.as_u16(), ready.header("retry-after")), (503, "1"), "{}", ready.text());
    assert_eq!(task.await.unwrap().as_deref(), Ok("slept"));
    assert!(server.ended().await.success());
}

#[tokio::test]
async fn a_second_signal_ends_at_once() {
    let mut server = Server::with("slow.py", SLOW).await;
    let task = in_flight(&server, "50").await;
    server.signal(Signal::TERM);
    server.log_says("finishing requests in flight").await;
    server.signal(Signal::TERM);
    assert_eq!(server.ended().await.code(), Some(143));
    assert!(task.await.unwrap().is_err());
}

#[tokio::test]
async fn what_does_not_finish_in_time_is_given_up() {
    let mut server = Setup::new().argument("--drain-timeout-secs=1").file("slow.py", SLOW).start().await;
    let task = in_flight(&server, "50").await;
    server.signal(Signal::TERM);
    server.ended().await;
    assert!(server.log().contains("1 connections were cut"), "{}", server.log());
    assert!(task.await.unwrap().is_err());
}

#[tokio::test]
async fn a_data_folder_has_one_server() {
    let server = Server::with("slow.py", SLOW).await;
    let data = server.data();
    let arguments = ["serve", "--dev", "--listen=127.0.0.1:0", "--admin-listen=127.0.0.1:0", "--data"];
    let second = Command::new(arguments.into_iter().chain([data.to_str().unwrap()])).run().await;
    assert_eq!(second.code, 1, "{second:?}");
    assert!(second.stderr.contains(data.to_str().unwrap()), "{second:?}");
    assert_eq!(server.get("sleep?seconds=0").await.good(), "slept");
}
