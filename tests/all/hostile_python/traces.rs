//! What one request changes is gone in the next, of its own service and of any other.

use crate::harness::{HEALTHY, Healthy, Server, Setup, call};
use http::Method;

/// Changes everything that it can, and then looks what it finds changed.
const VANDAL: &str = r#"
import builtins, contextvars, decimal, gc, json, logging, os, random, re, sys, types, warnings
import caisson, caisson._invoke
from caisson import Service

STATE = []
COUNT = 0
VARIABLE = contextvars.ContextVar('v', default='clean')
HANDLERS = len(logging.getLogger().handlers)
RECURSION = sys.getrecursionlimit()
FILTERS = len(warnings.filters)
LEVEL = logging.getLogger().level

def default(x=[]):
    x.append(1)
    return len(x)

def damage():
    global COUNT
    COUNT += 1
    STATE.append(COUNT)
    default()
    builtins.len = lambda x: 42
    builtins.extra = 'planted'
    sys.modules['planted'] = types.ModuleType('planted')
    sys.modules['os'] = types.ModuleType('os')
    json.loads = lambda *a, **k: 'planted'
    json.JSONEncoder.planted = True
    re.planted = True
    os.environ['PLANTED'] = '1'
    sys.path.append('/planted')
    sys.setrecursionlimit(RECURSION + 77)
    Service.planted = True
    caisson._invoke.json = None
    Vandal.handle_planted = True
    logging.getLogger().addHandler(logging.NullHandler())
    logging.getLogger().setLevel(logging.CRITICAL)
    logging.disable(logging.CRITICAL)
    warnings.simplefilter('error')
    decimal.getcontext().prec = 3
    VARIABLE.set('planted')
    random.seed(1)
    gc.disable()
    sys.stdout = None

def find():
    found = []
    def look(name, there):
        if there:
            found.append(name)
    look('module state', STATE or COUNT)
    look('default argument', default() != 1)
    look('builtin replaced', len('abc') != 3)
    look('builtin added', hasattr(builtins, 'extra'))
    look('module planted', 'planted' in sys.modules)
    look('module replaced', not hasattr(sys.modules['os'], 'path'))
    look('json', json.loads('[1]') != [1] or hasattr(json.JSONEncoder, 'planted'))
    look('re', hasattr(re, 'planted'))
    look('environment', 'PLANTED' in os.environ)
    look('path', '/planted' in sys.path)
    look('recursion', sys.getrecursionlimit() != RECURSION)
    look('service class', hasattr(Service, 'planted') or hasattr(Vandal, 'handle_planted'))
    look('sdk', caisson._invoke.json is None)
    look('handlers', len(logging.getLogger().handlers) != HANDLERS)
    look('level', logging.getLogger().level != LEVEL or logging.root.manager.disable != 0)
    look('warnings', len(warnings.filters) != FILTERS)
    look('decimal', decimal.getcontext().prec == 3)
    look('context', VARIABLE.get() != 'clean')
    look('gc', not gc.isenabled())
    look('stdout', sys.stdout is None)
    return found

class Vandal(Service):
    name = 'vandal'
    def handle(self):
        found = find()
        damage()
        self.response.payload = ', '.join(found) or 'clean'

class Dying(Service):
    name = 'dying'
    def handle(self):
        damage()
        raise RuntimeError(find())
"#;

async fn vandal() -> Server {
    Setup::new().file("vandal.py", VANDAL).file("healthy.py", HEALTHY).start().await
}

#[tokio::test]
async fn two_hundred_requests_in_a_row_find_a_clean_house() {
    let server = vandal().await;
    let healthy = Healthy::watch(&server);
    for number in 0..200 {
        assert_eq!(server.get("vandal").await.good(), "clean", "request {number}");
        if number % 10 == 0 {
            assert_eq!(server.get("dying").await.status, 500);
        }
    }
    healthy.assert_never_failed(50).await;
}

#[tokio::test]
async fn sixty_four_requests_at_a_time_find_a_clean_house() {
    let server = vandal().await;
    let healthy = Healthy::watch(&server);
    let mut calls = tokio::task::JoinSet::new();
    for _ in 0..64 {
        let (client, url) = (server.http.clone(), server.url("vandal"));
        calls.spawn(async move {
            for _ in 0..10 {
                assert_eq!(call(&client, Method::GET, &url).await.unwrap().good(), "clean");
            }
        });
    }
    calls.join_all().await;
    healthy.assert_never_failed(20).await;
}

#[tokio::test]
async fn the_vandal_notices_its_own_damage() {
    // The one above proves nothing unless the damage would be seen: with reuse it is.
    let server = Setup::new()
        .file("vandal.py", VANDAL)
        .file("vandal.toml", "isolation = \"reuse\"\nmax_requests = 2\n")
        .start()
        .await;
    assert_eq!(server.get("vandal").await.good(), "clean");
    let found = server.get("vandal").await.good();
    for damage in [
        "module state",
        "default argument",
        "builtin replaced",
        "module planted",
        "module replaced",
        "json",
        "re",
        "environment",
        "path",
        "recursion",
        "service class",
        "sdk",
        "handlers",
        "level",
        "warnings",
        "decimal",
        "gc",
    ] {
        assert!(found.split(", ").any(|part| part == damage), "{damage:?} was not noticed: {found}");
    }
    assert_eq!(server.get("vandal").await.good(), "clean", "after max_requests the instance is new");
}

const HOARDER: &str = r#"
from caisson import Service

class Keep(Service):
    name = 'keep'
    def handle(self):
        secret = 'SECRET-' + self.request.http.GET['n']
        import json
        json.kept = [secret] * 1000
        self.response.payload = 'kept'

class Search(Service):
    name = 'search'
    def handle(self):
        import gc
        import re
        found = [o for o in gc.get_objects() if isinstance(o, (list, dict)) and re.search('SECRET-[0-9]', repr(o)[:10000])]
        self.response.payload = str(len(found))
"#;

#[tokio::test]
async fn nothing_of_another_request_is_left_in_memory() {
    let server = Server::with("hoarder.py", HOARDER).await;
    for number in 0..5 {
        assert_eq!(server.get(&format!("keep?n={number}")).await.good(), "kept");
    }
    assert_eq!(server.get("search").await.good(), "0");
}
