//! Services that die in the middle of a request.

use super::{Case, check, serve};
use crate::harness::assert_problem;

#[tokio::test]
async fn whatever_a_service_dies_of_is_an_answer() {
    let case = |name, body| Case { name, limits: "", body, status: 500, says: "" };
    check(&[
        case("aborts", "os.abort()"),
        case("exits_hard", "os._exit(3)"),
        case("exits", "sys.exit()"),
        case("exits_with_text", "raise SystemExit('a secret')"),
        case("interrupts", "raise KeyboardInterrupt"),
        case("kills_itself", "os.kill(os.getpid(), 9)"),
        case("raises_the_base", "raise BaseException('a secret')"),
        case("raises_a_riddle", "class E(Exception):\n    def __str__(self):\n        raise self\n    __repr__ = __str__\nraise E()"),
        case("raises_in_a_chain", "try:\n    1 / 0\nexcept Exception as e:\n    raise RuntimeError('a secret') from e"),
        case("loops_of_causes", "a, b = ValueError('a'), ValueError('b')\na.__cause__, b.__cause__ = b, a\nraise a"),
        case("a_group", "raise ExceptionGroup('many', [ValueError(n) for n in range(1000)])"),
        case("no_text", "raise ValueError('\\ud800')"),
        case("answers_no_json", "self.response.payload = {'x': object()}"),
        case("answers_a_circle", "x = []\nx.append(x)\nself.response.payload = x"),
        case("answers_a_wrong_status", "self.response.status_code = 12345"),
        case("answers_a_wrong_header", "self.response.headers['a b'] = 'x\\r\\ny: z'"),
    ])
    .await;
}

#[tokio::test]
async fn what_http_cannot_say_is_an_answer_and_reaches_no_caller() {
    let case = |name, body| Case { name, limits: "", body, status: 500, says: "" };
    check(&[
        case("status_zero", "self.response.status_code = 0"),
        case("status_below_zero", "self.response.status_code = -1"),
        case("status_of_no_end", "self.response.status_code = 100"),
        case("status_large", "self.response.status_code = 10 ** 30"),
        case("status_text", "self.response.status_code = 'fine'"),
        case("status_list", "self.response.status_code = [200]"),
        case("header_split", "self.response.headers['x-a'] = 'x\\r\\nset-cookie: admin=1'"),
        case("header_line", "self.response.headers['x-a'] = 'x\\ny'"),
        case("header_null", "self.response.headers['x-a'] = 'x\\0y'"),
        case("header_name_split", "self.response.headers['x-a: 1\\r\\nx-b'] = 'y'"),
        case("header_nothing", "self.response.headers['x-a'] = None"),
        case("header_bytes", "self.response.headers['x-a'] = b'x'"),
        case("header_surrogate", "self.response.headers['x-a'] = '\\ud800'"),
        case("header_key", "self.response.headers[7] = 'x'"),
        case("headers_text", "self.response.headers = 'x: y'"),
        case("type_split", "self.response.content_type = 'text/plain\\r\\nx: y'"),
        case(
            "stream_split",
            "self.response.headers['x-a'] = 'x\\r\\ny: z'\nself.response.payload = iter(['a', 'b'])",
        ),
        case("stream_status", "self.response.status_code = 0\nself.response.payload = iter(['a', 'b'])"),
    ])
    .await;
}

#[tokio::test]
async fn the_largest_status_that_http_has_is_passed_on() {
    let cases =
        [Case { name: "odd", limits: "", body: "self.response.status_code = 999", status: 999, says: "" }];
    let server = serve(&cases).await;
    let answer = server.get("odd.do").await;
    assert_eq!((answer.status.as_u16(), answer.body.len()), (999, 0));
    assert_eq!(server.get("odd.sibling").await.good(), "sibling");
}

#[tokio::test]
async fn the_log_has_the_traceback_and_the_caller_has_not() {
    let cases = [
        Case { name: "buggy", limits: "", body: "x = {}\nx['the key']", status: 500, says: "" },
        Case { name: "exits", limits: "", body: "raise SystemExit('the reason')", status: 500, says: "" },
        Case { name: "deep", limits: "", body: "def f():\n    f()\nf()", status: 500, says: "" },
    ];
    let server = serve(&cases).await;
    for (case, parts) in cases.iter().zip([
        ["buggy.py", "line 11", "KeyError", "the key"],
        ["exits.py", "line 10", "SystemExit", "the reason"],
        ["deep.py", "line 11", "RecursionError", "f()"],
    ]) {
        let answer = server.get(&format!("{}.do", case.name)).await;
        assert_problem(&answer, case.status, case.says);
        let cid = answer.cid().to_owned();
        let record = server.log_record(&cid).await;
        for part in parts {
            assert!(record.contains(part), "{part:?} is not in {record}");
        }
    }
}
