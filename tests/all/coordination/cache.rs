//! What one request puts into a cache, others find; and no service can fill the server.

use crate::harness::{HEALTHY, Healthy, Server, Setup};
use serde_json::json;

const CACHES: &str = "
import datetime, decimal, os
from caisson import Service

class Run(Service):
    # Runs what it is sent, with the default cache at hand.
    def handle(self):
        names = {'self': self, 'cache': self.cache.default, 'datetime': datetime, 'decimal': decimal}
        exec(self.request.raw_request.decode(), names)
        self.response.payload = repr(names.get('said'))
";

async fn run(server: &Server, code: &str) -> String {
    server.post("caches.run", code.to_owned()).await.good()
}

#[tokio::test]
async fn values_outlive_requests_and_come_back_as_what_they_were() {
    let server = Server::with("caches.py", CACHES).await;
    let value =
        "{'a': (1, b'\\xff', {2}), 'b': [datetime.date(2026, 1, 2), decimal.Decimal('1.10'), None, 10**30]}";
    assert_eq!(run(&server, &format!("said = cache.set('x.1', {value})")).await, "None");
    assert_eq!(run(&server, &format!("said = cache.get('x.1') == {value}")).await, "True");
    run(&server, "for n in range(2, 6): cache.set(f'x.{n}', n)\ncache.set('short', 1, expiry=0.001)").await;
    for (code, said) in [
        ("said = sorted(cache.get_by_prefix('x.', limit=2).items())", "[('x.4', 4), ('x.5', 5)]"),
        ("said = sorted(cache.get_by_regex(r'^x\\.[23]$').items())", "[('x.2', 2), ('x.3', 3)]"),
        (
            "said = cache.expire_contains_any(['2', '3'], 60), cache.get('x.2', details=True).expiry",
            "(2, 60.0)",
        ),
        ("said = cache.set_by_suffix('4', 'new', return_found=True), cache['x.4']", "({'x.4': 4}, 'new')"),
        ("said = cache.delete_not_contains('x.'), 'short' in cache", "(0, False)"),
        ("said = cache.delete_contains_all(['x', '.']), len(cache)", "(5, 0)"),
        // The dialect of Zato 4, without a connection to Redis.
        (
            "said = self.cache.set('k', 'v', ex=60, nx=True), self.cache.set('k', 'w', nx=True)",
            "(True, None)",
        ),
        (
            "said = self.cache.get('k'), 0 < self.cache.ttl('k') <= 60, self.cache.delete('k', 'l')",
            "('v', True, 1)",
        ),
        ("said = self.cache.get_cache('builtin', 'named').set('a', 1), self.cache.get('a')", "(None, None)"),
        ("said = self.cache.builtin['named']['a']", "1"),
    ] {
        assert_eq!(run(&server, code).await, said, "{code}");
    }
}

#[tokio::test]
async fn caches_belong_to_the_package_unless_the_operator_shares_them() {
    for (shared, said) in [(false, "None"), (true, "'v'")] {
        let setup = Setup::new().file("caches.py", CACHES).file("more.py", CACHES);
        let setup = if shared { setup.argument("--shared-names") } else { setup };
        let server = setup.start().await;
        run(&server, "cache['k'] = 'v'").await;
        assert_eq!(server.post("more.run", "said = cache.get('k')").await.good(), said);
        assert_eq!(run(&server, "said = cache.get('k')").await, "'v'");
    }
}

#[tokio::test]
async fn no_service_fills_the_server_or_keeps_it_busy() {
    let limits = "[limits]\nmemory_bytes = 536870912\ncpu_time_ms = 30000\nwall_time_ms = 50000\n";
    let setup =
        Setup::new().file("caches.py", CACHES).file("caches.toml", limits).file("healthy.py", HEALTHY);
    let server = setup.start().await;
    let healthy = Healthy::watch(&server);
    let says = |code: &str| format!("try:\n    {code}\nexcept Exception as error:\n    said = str(error)");
    // Before others take the place of one more cache.
    run(&server, "said = cache.set('first', 1)").await;
    for (code, said) in [
        ("cache.set('a', b'x' * (1 << 20))", "at most 1048576 bytes"),
        ("cache.set('k' * 1025, 1)", "at most 1024"),
        ("cache.set('', 1)", "1 to 1024 bytes"),
        ("self.cache.builtin['n' * 129]['a']", "1 to 128 bytes"),
        ("[self.cache.builtin[str(n)].set('a', 1) for n in range(100)]", "64 caches"),
        ("cache.get_by_regex('(?<=a)b')", "linear time"),
        ("cache.get_by_regex('((a{1000}){1000}){1000}')", "linear time"),
        ("cache.get_contains_any(['x'] * 65)", "at most 64"),
        ("cache.set('a', object())", "cannot keep a value of type builtins.object"),
    ] {
        let answer = run(&server, &says(code)).await;
        assert!(answer.contains(said), "{code}: {answer}");
    }
    // More keys than fit, with what is slow to match elsewhere.
    let many = "put = self.cache.default._put\nfor n in range(30): put('keys', [('a' * 60) + str(n * 1000 + m) for m in range(1000)], 1, 0, 0, None)\nsaid = len(cache)";
    assert_eq!(run(&server, many).await, "10000");
    assert_eq!(run(&server, "said = len(cache.get_by_regex('(a+)+$'))").await, "0");
    // More bytes than fit, in values of all but the greatest size.
    let large = "value = b'x' * ((1 << 20) - 10)\nfor n in range(200): cache.set(str(n), value)\nsaid = 10 < len(cache) <= 64";
    assert_eq!(run(&server, large).await, "True");
    assert_eq!(
        run(&server, "said = '199' in cache, len(cache.values()) == len(cache)").await,
        "(True, True)"
    );
    // While a module loads there is no cache: what it read would be in its image for ever.
    server.save(
        "early.py",
        format!("{CACHES}\nfrom caisson._cache import Cache\nCache('default').set('a', 1)\n"),
    );
    server.refused("early", "not while a module loads").await;
    healthy.assert_never_failed(20).await;
    let answer = server.get("healthy.ping").await;
    assert_eq!(answer.json(), json!({"pong": null}));
}
