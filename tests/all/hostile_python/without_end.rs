//! Services that do not end, or want all there is.

use super::{Case, check, serve};
use crate::harness::{Healthy, assert_problem, call};
use http::Method;

#[tokio::test]
async fn loops_end_at_the_cpu_time_limit() {
    const LIMITS: &str = "cpu_time_ms = 300";
    const SAYS: &str = "limit cpu_time_ms = 300";
    let case = |name, body| Case { name, limits: LIMITS, body, status: 500, says: SAYS };
    check(&[
        case("plain", "while True:\n    pass"),
        case("in_finally", "try:\n    raise ValueError\nfinally:\n    while True:\n        pass"),
        case("finally_again", "while True:\n    try:\n        while True: pass\n    finally:\n        continue"),
        case("catches_all", "while True:\n    try:\n        while True:\n            pass\n    except BaseException:\n        pass"),
        case("in_del", "class A:\n    def __del__(self):\n        while True: pass\na = A()\ndel a"),
        case("in_str", "class E(Exception):\n    def __str__(self):\n        while True: pass\nraise E()"),
        case("one_call", "sum(range(10**15))"),
        case("a_large_number", "str(7 ** (10 ** 7))"),
        case("a_bad_expression", "re.match('(a*)*$', 'a' * 40 + 'b')"),
        case("a_generator", "def g():\n    while True:\n        try:\n            yield 1\n        except BaseException:\n            pass\nfor _ in g(): pass"),
    ])
    .await;
}

#[tokio::test]
async fn waiting_ends_at_the_wall_time_limit() {
    const LIMITS: &str = "wall_time_ms = 500";
    const SAYS: &str = "limit wall_time_ms = 500";
    let case = |name, body| Case { name, limits: LIMITS, body, status: 504, says: SAYS };
    check(&[
        case("naps", "while True:\n    time.sleep(0.01)"),
        case("sleeps", "time.sleep(100000)"),
        case("naps_on", "while True:\n    try:\n        time.sleep(10)\n    except BaseException:\n        pass"),
        case("awaits", "import asyncio\nasync def a():\n    while True:\n        await asyncio.sleep(0.01)\nasyncio.run(a())"),
    ])
    .await;
}

/// The interpreter refuses a string of this length before it asks for memory, so there is no limit to name.
#[tokio::test]
async fn a_string_that_no_memory_could_hold_is_an_error_of_python() {
    let body = "kept = 'x' * (1 << 30)";
    let case = Case { name: "a_string", limits: "", body, status: 500, says: "An error has occurred" };
    let server = serve(&[case]).await;
    let answer = server.get("a-string.do").await;
    assert_problem(&answer, 500, "An error has occurred");
    let record = server.log_record("MemoryError").await;
    assert!(record.contains("a_string.py\", line 10"), "{record}");
}

#[tokio::test]
async fn memory_ends_at_its_limit() {
    const LIMITS: &str = "memory_bytes = 134217728";
    let case =
        |name, body| Case { name, limits: LIMITS, body, status: 500, says: "limit memory_bytes = 134217728" };
    check(&[
        case("piecemeal", "kept = []\nwhile True:\n    kept.append(bytes(1 << 20))"),
        case("at_once", "kept = bytearray(1 << 30)"),
        case("doubling", "kept = 'x'\nwhile True:\n    kept = kept + kept"),
        case("a_dict", "kept = {}\nwhile True:\n    kept[len(kept)] = 'x' * 1000"),
        case("a_huge_answer", "self.response.payload = bytes(1 << 30)"),
    ])
    .await;
}

#[tokio::test]
async fn a_service_that_goes_on_without_memory_ends_at_another_limit() {
    check(&[Case {
        name: "insists",
        limits: "memory_bytes = 134217728\ncpu_time_ms = 300",
        body: "kept = []\nwhile True:\n    try:\n        kept.append(bytes(1 << 20))\n    except MemoryError:\n        pass",
        status: 500,
        says: "limit cpu_time_ms = 300",
    }])
    .await;
}

#[tokio::test]
async fn a_service_may_live_with_a_refusal_of_memory() {
    let body =
        "try:\n    kept = bytearray(1 << 30)\nexcept MemoryError:\n    self.response.payload = 'did without'";
    let server = serve(&[Case { name: "modest", limits: "", body, status: 200, says: "" }]).await;
    assert_eq!(server.get("modest.do").await.good(), "did without");
}

#[tokio::test]
async fn answers_end_at_their_limit() {
    check(&[
        Case {
            name: "text",
            limits: "answer_bytes = 100000",
            body: "self.response.payload = 'x' * 100001",
            status: 500,
            says: "limit answer_bytes = 100000",
        },
        Case {
            name: "large",
            limits: "memory_bytes = 600000000",
            body: "self.response.payload = 'x' * 100_000_000",
            status: 500,
            says: "limit answer_bytes = 16777216",
        },
        Case {
            name: "headers",
            limits: "",
            body: "self.response.headers['x'] = 'y' * 60_000_000",
            status: 500,
            says: "",
        },
    ])
    .await;
}

#[tokio::test]
async fn depth_is_an_error_and_not_the_end() {
    let case = |name, body| Case { name, limits: "", body, status: 500, says: "" };
    check(&[
        case("recursion", "def f():\n    f()\nf()"),
        case("no_limit", "sys.setrecursionlimit(10**9)\ndef f():\n    f()\nf()"),
        case("through_a_builtin", "sys.setrecursionlimit(10**9)\nclass A:\n    def __repr__(self):\n        return repr([self])\nrepr(A())"),
        case("nested_data", "sys.setrecursionlimit(10**9)\nx = []\nfor _ in range(1_000_000):\n    x = [x]\njson.dumps(x)"),
        case("nested_text", "sys.setrecursionlimit(10**9)\njson.loads('[' * 1_000_000)"),
        case("nested_code", "eval('(' * 100_000 + ')' * 100_000)"),
        case("a_deep_pattern", "re.compile('(' * 100_000 + ')' * 100_000)"),
        case("a_long_sum", "eval('+'.join(['1'] * 200_000) + '+')"),
    ])
    .await;
}

#[tokio::test]
async fn many_loops_at_a_time_leave_room_for_others() {
    let spin =
        Case { name: "spin", limits: "cpu_time_ms = 500", body: "while True: pass", status: 500, says: "" };
    let server = serve(&[spin]).await;
    let healthy = Healthy::watch(&server);
    let mut calls = tokio::task::JoinSet::new();
    for _ in 0..16 {
        let (client, url) = (server.http.clone(), server.url("spin.do"));
        calls.spawn(async move { call(&client, Method::GET, &url).await.unwrap() });
    }
    for answer in calls.join_all().await {
        assert_problem(&answer, 500, "limit cpu_time_ms = 500");
    }
    healthy.assert_never_failed(20).await;
}

#[tokio::test]
async fn a_flood_of_output_is_bounded() {
    let case = |name, body| Case { name, limits: "cpu_time_ms = 1000", body, status: 500, says: "limit " };
    let cases = [
        case("logs", "while True:\n    self.logger.info('x' * 1000)"),
        case("prints", "while True:\n    print('x' * 1000)"),
        case("one_line", "while True:\n    print('x' * 10_000_000, end='')"),
        case("stderr", "while True:\n    sys.stderr.write('x\\n')"),
    ];
    let server = serve(&cases).await;
    let healthy = Healthy::watch(&server);
    for case in &cases {
        assert_problem(&server.get(&format!("{}.do", case.service())).await, case.status, case.says);
    }
    healthy.assert_never_failed(20).await;
    let bytes = server.log().len();
    assert!(bytes < 64 << 20, "the log has grown to {bytes} bytes");
    assert!(server.log().contains("the rest is dropped"));
}
