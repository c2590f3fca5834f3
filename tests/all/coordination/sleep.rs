//! Waiting in Python: it costs no processor time, ends with the deadline, and leaves nothing behind.

use crate::harness::{Setup, assert_problem};

const SLEEPS: &str = "
import time
from caisson import Service

class Sleep(Service):
    def handle(self):
        before = time.monotonic()
        self.sleep(float(self.request.raw_request))
        self.response.payload = time.monotonic() - before

class Spawn(Service):
    def handle(self):
        done = self.spawn(lambda a: a + 1, 1)
        failed = self.run_in_thread(lambda: 1 / 0)
        self.response.payload = [done.get(), failed.ready(), failed.successful(), type(failed.exception).__name__]
";

#[tokio::test]
async fn sleeping_costs_no_processor_time_and_ends_with_the_time_of_the_service() {
    let limits = "[limits]\ncpu_time_ms = 300\nwall_time_ms = 3000\n";
    let server = Setup::new().file("sleeps.py", SLEEPS).file("sleeps.toml", limits).start().await;
    let slept: f64 = server.post("sleeps.sleep", "1.2").await.good().parse().unwrap();
    assert!(slept >= 1.2, "{slept}");
    assert_problem(&server.post("sleeps.sleep", "100").await, 504, "limit wall_time_ms = 3000");
    assert_eq!(server.post("sleeps.sleep", "-1").await.status, 200);
    let spawned = server.get("sleeps.spawn").await.good();
    assert_eq!(spawned.replace(' ', ""), r#"[2,true,false,"ZeroDivisionError"]"#);
}
