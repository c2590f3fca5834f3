//! One file in the manner of each version, with all that the importer knows, and some that it does not.

use super::{Memory, catalog, import, loaded, one, told, values};
use caisson_definition::load::load;
use caisson_import::Kind;
use caisson_import::zato::enmasse;
use serde_json::{Value, json};
use std::path::Path;

const V41: &str = include_str!("fixtures/zato-4.1.yaml");
const V32: &str = include_str!("fixtures/zato-3.2.yaml");

#[test]
fn a_file_of_4_1_becomes_definitions_that_are_taken() {
    let import = import(V41);
    assert_eq!((import.carried.security, import.carried.connections, import.carried.channels), (7, 4, 8));
    let order: Vec<Value> =
        values(&loaded(&import).definitions, "channels").into_iter().map(|one| one["name"].clone()).collect();
    let expected = [
        "shop.ping",
        "shop.order",
        "shop.upload",
        "partner.stock",
        "partner.xml",
        "partner.off",
        "From-the-environment",
        "bank.statement",
    ];
    assert_eq!(order, expected);
    for (section, name, expected) in ways_in().into_iter().chain(ways_out()) {
        let found = one(&import, section, name);
        for (key, value) in expected.as_object().unwrap() {
            assert_eq!(found.get(key).unwrap_or(&Value::Null), value, "{section}/{name}/{key}");
        }
    }
}

/// Section, name, and what must be there, or must not where it is null.
type Expected = (&'static str, &'static str, Value);

fn ways_in() -> Vec<Expected> {
    vec![
        (
            "security",
            "shop.web",
            json!({"type": "basic-auth", "username": "web", "password": "value-of-Shop_Web_Password", "realm": "Shop"}),
        ),
        (
            "security",
            "partner.north",
            json!({"type": "api-key", "header": "X-Partner-Key", "key": "value-of-North_Key"}),
        ),
        (
            "security",
            "Partner-East",
            json!({"rate_limit": {"rate": "20/s", "burst": 40, "by": "principal"},
                "password": "value-of-CAISSON_PARTNER_EAST_PASSWORD"}),
        ),
        ("security", "partners", json!({"type": "mtls", "subjects": ["gateway.partners.example.com"]})),
        (
            "security",
            "partners-2",
            json!({"type": "group", "members": ["partner.north", "partner.south", "Partner-East"]}),
        ),
        (
            "channels",
            "shop.order",
            json!({"path": "/shop/order/{order_id}", "methods": ["POST"], "match_slash": false, "service": "shop.order.create",
                "data_format": "json", "url_priority": "path-over-query", "security": ["shop.web"], "compress": true,
                "timeout_secs": 45, "enabled": null}),
        ),
        ("channels", "shop.ping", json!({"methods": null, "match_slash": null, "security": null})),
        (
            "channels",
            "shop.upload",
            json!({"data_format": "form", "accept": "application/json", "methods": ["PUT"]}),
        ),
        (
            "channels",
            "partner.stock",
            json!({"security": ["partners-2"], "rate_limit": {"rate": "100/s", "burst": 200, "by": "address"}}),
        ),
        ("channels", "partner.off", json!({"enabled": false})),
        (
            "channels",
            "From-the-environment",
            json!({"path": "/from/the/environment", "service": "value-of-Env_Service"}),
        ),
    ]
}

fn ways_out() -> Vec<Expected> {
    vec![
        (
            "connections",
            "warehouse",
            json!({"type": "http", "url": "https://warehouse.example.com/stock/{sku}", "timeout_secs": 20,
                "headers": null, "read_timeout_secs": null, "method": null, "data_format": null,
                "auth": {"type": "oauth2", "token_url": "https://login.example.com/oauth2/token",
                    "client_id": "caisson-client", "client_secret": "value-of-CAISSON_WAREHOUSE_TOKEN_PASSWORD",
                    "scopes": ["stock.read", "stock.write"], "client_auth": "body"}}),
        ),
        (
            "connections",
            "Bank-API",
            json!({"url": "https://bank.example.com/v2", "auth": {"type": "bearer", "token": "value-of-BANK_TOKEN"}}),
        ),
        (
            "connections",
            "legacy",
            json!({"url": "https://legacy.example.com:8443/api", "auth": {"type": "basic",
                "username": "value-of-CAISSON_LEGACY_USERNAME", "password": "value-of-CAISSON_LEGACY_PASSWORD"}}),
        ),
        (
            "connections",
            "shop.db",
            json!({"type": "sql", "url": "postgres://db.example.com:5432/shop", "username": "shop",
                "password": "value-of-CAISSON_SHOP_DB_PASSWORD", "pool": {"max": 8}}),
        ),
    ]
}

#[test]
fn options_of_connections_become_those_of_the_capabilities() {
    const SECURITY: &str = "security:
  - {name: key, type: apikey, password: $KEY}
  - {name: login, type: basic_auth, username: u, password: $PASSWORD}
  - {name: odd, type: bearer_token, static_token: $TOKEN, static_header: X-Token, static_prefix: Token}
  - {name: posted, type: bearer_token, auth_endpoint: $TOKENS, username: us, client_auth_method: client_secret_post}
";
    for (object, expected) in [
        ("outgoing_rest: [{name: a, host: $HOST, url_path: /a}]", json!({"url": "https://value-of-HOST/a"})),
        (
            "outgoing_rest: [{name: a, host: 'http://h', timeout: 90}]",
            json!({"timeout_secs": 90, "read_timeout_secs": 90}),
        ),
        (
            "outgoing_rest: [{name: a, host: 'http://h', content_type: text/csv}]",
            json!({"headers": {"content-type": "text/csv"}}),
        ),
        (
            "outgoing_rest: [{name: a, host: 'http://h', security: key}]",
            json!({"auth": {"type": "api-key", "header": "X-API-Key", "key": "value-of-KEY"}}),
        ),
        (
            "outgoing_rest: [{name: a, host: 'http://x:y@h', security: login}]",
            json!({"url": "http://h", "auth": {"type": "basic", "username": "u", "password": "value-of-PASSWORD"}}),
        ),
        (
            "outgoing_rest: [{name: a, host: 'http://h', security: odd}]",
            json!({"auth": {"type": "api-key", "header": "X-Token", "key": "Token value-of-TOKEN"}}),
        ),
        (
            "outgoing_rest: [{name: a, host: 'http://h', security: posted}]",
            json!({"auth": {"type": "oauth2", "token_url": "https://value-of-TOKENS", "client_id": "us",
                "client_secret": "value-of-CAISSON_POSTED_PASSWORD", "client_auth": "body"}}),
        ),
        (
            "sql: [{name: a, type: mysql+pymysql, host: $HOST, port: $PORT, db_name: 'x y', username: u}]",
            json!({"url": "mysql://value-of-HOST:1234/x%20y"}),
        ),
        (
            "sql: [{name: a, type: postgresql, host: '::1', username: u, pool_size: $SIZE}]",
            json!({"url": "postgres://[::1]/", "pool": null}),
        ),
        (
            "sql: [{name: a, type: sqlite, db_name: /var/lib/shop.db, username: u}]",
            json!({"url": "sqlite:///var/lib/shop.db?mode=rwc", "username": null, "password": null}),
        ),
    ] {
        let found = one(&import(&format!("{SECURITY}{object}\n")), "connections", "a");
        for (key, value) in expected.as_object().unwrap() {
            assert_eq!(found.get(key).unwrap_or(&Value::Null), value, "{object}: {key}");
        }
    }
}

#[test]
fn all_that_4_1_has_and_definitions_have_not_is_told() {
    let import = import(V41);
    use Kind::{LeftOut, Note, OptionLeftOut, Renamed};
    for (kind, name, option, reason) in [
        (LeftOut, "partner.closed", None, "switched off"),
        (LeftOut, "nobody", None, "none of its members"),
        (LeftOut, "app.token", None, "how such tokens are verified"),
        (LeftOut, "partner.night", None, "who may not call"),
        (LeftOut, "partner.lost", None, "`partner.unknown`, which says who may call it, is not in the file"),
        (LeftOut, "partner.shut", None, "was left out"),
        (LeftOut, "app.api", None, "`app.token`, which says who may call it, was left out"),
        (LeftOut, "both.ways", None, "any of them would do"),
        (LeftOut, "bad.path", None, "something has to stand between"),
        (LeftOut, "bank.pay", None, "proves who it is by a signature"),
        (LeftOut, "asleep", None, "switched off"),
        (LeftOut, "desk", None, "`desk.ntlm` cannot be used: NTLM is not spoken"),
        (LeftOut, "bank.soap", None, "connections for SOAP are part of a later version"),
        (LeftOut, "reports", None, "there is no driver for `mssql` here"),
        (OptionLeftOut, "desk", Some("method"), "services say the method"),
        (LeftOut, "mail", None, "no connections of this kind"),
        (
            LeftOut,
            "stock.refresh",
            None,
            "it calls `stock.refresh` every 5 minutes; this version has no scheduler",
        ),
        (LeftOut, "orders.new", None, "no topics"),
        (LeftOut, "shop.web", None, "no topics"),
        (LeftOut, "partner.north", None, "no topics"),
        (OptionLeftOut, "partners", Some("members"), "`app.token` was left out"),
        (OptionLeftOut, "partners", Some("members"), "`gone.away` is not in the file"),
        (OptionLeftOut, "warehouse.token", Some("extra_fields"), "fields beyond"),
        (OptionLeftOut, "partner.stock", Some("rate_limiting/limit"), "fixed windows"),
        (OptionLeftOut, "partner.xml", Some("data_format"), "`xml` is not read"),
        (OptionLeftOut, "partner.xml", Some("response_cache"), "not cached"),
        (OptionLeftOut, "partner.xml", Some("colour_of_answers"), "does not know it"),
        (OptionLeftOut, "Bank API", Some("tls_verify"), "certificates are checked"),
        (OptionLeftOut, "desk", Some("max_retries"), "not repeated"),
        (OptionLeftOut, "shop.db", Some("extra"), "options of the driver"),
        (Renamed, "Partner East", None, "`Partner-East`"),
        (Renamed, "partners", None, "`partners-2`"),
        (Renamed, "Bank API", None, "services that name it have to be changed"),
        (Renamed, "From the environment", None, "`From-the-environment`"),
        (Note, "shop.order", Some("content_encoding"), "for clients that say"),
        (Note, "warehouse.token", None, "lets nobody in"),
    ] {
        told(&import, kind, name, option, reason);
    }
    let places: Vec<(usize, usize)> = import.findings.iter().map(|one| (one.line, one.column)).collect();
    assert!(places.is_sorted(), "{places:?}");
    let lost = import.findings.iter().find(|one| one.name.as_deref() == Some("partner.lost")).unwrap();
    let line = V41.lines().nth(lost.line - 1).unwrap();
    assert!(line.contains("partner.lost"), "{line}");
    assert_eq!(import.without_grants.len(), import.carried.connections);
}

#[test]
fn a_file_of_3_2_with_all_its_options_becomes_short_definitions() {
    let import = import(V32);
    assert_eq!((import.carried.security, import.carried.connections, import.carried.channels), (4, 2, 8));
    let written =
        import.text.split("  - name: crm-customer\n").nth(1).unwrap().split("  - name").next().unwrap();
    let expected = "    type: rest\n    path: /crm/customer/{id}\n    service: crm.customer.get\n    data_format: json\n    \
                    security: [crm.in]\n";
    assert_eq!(written, expected);
    for (section, name, expected) in [
        ("security", "crm.in", json!({"rate_limit": {"rate": "600/m", "by": "principal"}, "realm": "CRM"})),
        ("security", "billing-key", json!({"type": "api-key", "key": "value-of-CAISSON_BILLING_KEY_KEY"})),
        ("security", "edge.cert", json!({"subjects": ["edge.example.com"]})),
        ("channels", "crm.open", json!({"security": null, "service": "crm.open"})),
        ("channels", "crm.inner", json!({"allow_from": ["10.0.0.0/8", "192.0.2.7/32"], "rate_limit": null})),
        (
            "channels",
            "crm.slow",
            json!({"security": ["billing-key"], "allow_from": null, "rate_limit": null}),
        ),
        ("channels", "crm.cached", json!({"timeout_secs": null, "security": ["edge.cert"]})),
        ("channels", "crm.twice", json!({"service": "crm.first"})),
        (
            "connections",
            "out-crm",
            json!({"url": "http://crm.example.com:8080/v1", "timeout_secs": 10,
                "auth": {"type": "basic", "username": "crm", "password": "value-of-CAISSON_CRM_IN_PASSWORD"}}),
        ),
        ("connections", "crm.db", json!({"url": "mysql://db.example.com:3306/crm", "pool": {"max": 10}})),
    ] {
        let found = one(&import, section, name);
        for (key, value) in expected.as_object().unwrap() {
            assert_eq!(found.get(key).unwrap_or(&Value::Null), value, "{section}/{name}/{key}");
        }
    }
}

#[test]
fn all_that_3_2_has_and_definitions_have_not_is_told() {
    let import = import(V32);
    use Kind::{LeftOut, Note, OptionLeftOut, Renamed};
    for (kind, name, option, reason) in [
        (LeftOut, "ide_publisher", None, "Zato's own"),
        (LeftOut, "pub.zato.ping", None, "Zato's own"),
        (LeftOut, "app.jwt", None, "Zato makes such tokens itself"),
        (LeftOut, "edge.more", None, "which certificates"),
        (LeftOut, "crm.roles", None, "roles say who may call"),
        (LeftOut, "crm.puzzling", None, "who may not call"),
        (LeftOut, "crm.app", None, "`app.jwt`"),
        (LeftOut, "crm.twice", None, "has one of this name already"),
        (LeftOut, "s3.out", None, "AWS signatures"),
        (LeftOut, "odd", None, "`connection` and `transport`"),
        (LeftOut, "default", None, "write a connection of type redis"),
        (LeftOut, "erp.out", None, "connections for SOAP are part of a later version"),
        (LeftOut, "directory", None, "no connections of this kind"),
        (LeftOut, "crm.nightly", None, "it calls `crm.nightly` every `0 3 * * *`"),
        (LeftOut, "clerks", None, "no roles"),
        (LeftOut, "crm.endpoint", None, "no topics"),
        (LeftOut, "crm.wsx", None, "no channels of this kind"),
        (LeftOut, "whatever", None, "does not know it"),
        (OptionLeftOut, "crm.slow", Some("rate_limit_def"), "here are several"),
        (OptionLeftOut, "crm.cached", Some("cache_type"), "not cached"),
        (OptionLeftOut, "crm.cached", Some("cache_expiry"), "not cached"),
        (OptionLeftOut, "crm.cached", Some("params_pri"), "`body_priority`"),
        (OptionLeftOut, "crm.cached", Some("timeout"), "a reference cannot stand for one"),
        (OptionLeftOut, "crm.db", Some("db_name"), "behind the `?`"),
        (OptionLeftOut, "erp.soap", Some("soap_action"), "told by its body"),
        (Renamed, "/crm/customer", None, "`crm-customer`"),
        (Renamed, "/out/crm", None, "`out-crm`"),
        (Note, "crm.after", None, "no request comes here"),
    ] {
        told(&import, kind, name, option, reason);
    }
    // An export's many options that say nothing are not worth a line.
    let fillers = import.findings.iter().filter(|one| one.name.as_deref() == Some("/crm/customer"));
    assert_eq!(fillers.count(), 1);
}

#[test]
fn no_secret_of_the_source_is_told_to_anybody() {
    for source in [V41, V32] {
        let import = import(source);
        let all = format!("{import:?}{}", serde_json::to_string(&import).unwrap());
        for secret in ["swordfish", "hunter2", "never-to-be-seen"] {
            assert!(!all.contains(secret), "{secret}");
        }
    }
    let import = import(V41);
    let variables: Vec<&str> = import.variables.iter().map(|one| one.name.as_str()).collect();
    for name in
        ["Shop_Web_Password", "North_Key", "CAISSON_PARTNER_SOUTH_KEY", "CAISSON_LEGACY_PASSWORD", "Env_Path"]
    {
        assert!(variables.contains(&name), "{variables:?}");
    }
    // What only comments refer to need not be set.
    assert!(
        !variables.contains(&"Bank_Private_Key") && !variables.contains(&"CAISSON_PARTNER_CLOSED_PASSWORD")
    );
    let east = import.variables.iter().find(|one| one.name == "CAISSON_PARTNER_EAST_PASSWORD").unwrap();
    assert!(east.reason.contains("stands in the source"), "{east:?}");
    let line = V41.lines().nth(east.line - 1).unwrap();
    assert!(line.contains("swordfish"), "{line}");
}

#[test]
fn what_is_left_out_stands_there_as_a_comment_that_can_be_taken_up() {
    let import = import(V41);
    let start = import.text.find("  # Left out: `partner.unknown`").unwrap();
    let comment: Vec<&str> = import.text[start..].lines().skip(1).take(5).collect();
    let expected = [
        "  # - name: partner.lost",
        "  #   type: rest",
        "  #   path: /partner/lost",
        "  #   service: partner.lost",
        "  #   security: [partner.unknown]",
    ];
    assert_eq!(comment, expected);
    let text = "channel_rest:\n  - {name: a, service: a, url_path: /a, security: gone}\n";
    let only = enmasse(text, Path::new("e.yaml"), &catalog()).unwrap();
    assert!(only.text.contains("\n# channels:\n#   Left out: "), "{}", only.text);
    let taken_up = taken_up(&only.text);
    let with_guard = format!("{taken_up}security:\n  - {{name: gone, type: api-key, key: x}}\n");
    assert!(load(Path::new("c.yaml"), &Memory(&with_guard), &catalog()).is_ok(), "{with_guard}");
}

#[test]
fn a_comment_about_a_channel_whose_guard_is_unknown_does_not_open_it() {
    for guard in
        ["sec_def: ZATO_SEC_USE_RBAC", "security: {a: b}", "has_rbac: true", "rate_limit_def: x = 1/m"]
    {
        let text = format!("channel_rest:\n  - name: a\n    service: s\n    url_path: /a\n    {guard}\n");
        let import = import(&text);
        let taken_up = taken_up(&import.text);
        let problems = load(Path::new("c.yaml"), &Memory(&taken_up), &catalog()).unwrap_err().to_string();
        assert!(problems.contains("WHO-MAY-CALL") || problems.contains("FROM-WHERE"), "{taken_up}{problems}");
    }
}

/// The file when somebody takes all comment signs away.
fn taken_up(text: &str) -> String {
    let lines = text.lines().filter(|line| !line.contains("Left out") && !line.starts_with("# From"));
    lines.map(|line| format!("{}\n", line.strip_prefix("# ").unwrap_or(line))).collect()
}
