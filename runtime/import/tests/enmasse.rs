//! Enmasse files from outside: what they become, what is told about the rest, and that nothing is refused afterwards.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a panic is how a test fails"
)]

use caisson_definition::Definitions;
use caisson_definition::load::{Loaded, Surroundings, load};
use caisson_import::zato::enmasse;
use caisson_import::{Import, Kind};
use serde_json::{Value, json};
use std::path::Path;

const V41: &str = include_str!("fixtures/zato-4.1.yaml");
const V32: &str = include_str!("fixtures/zato-3.2.yaml");

/// A file of definitions, and every variable of the environment.
struct Memory<'a>(&'a str);

impl Surroundings for Memory<'_> {
    fn env(&self, name: &str) -> Option<String> {
        Some(if name == "Env_Path" { "/from/the/environment".to_owned() } else { format!("value-of-{name}") })
    }

    fn read(&self, _: &Path) -> Result<String, String> {
        Ok(self.0.to_owned())
    }
}

fn import(text: &str) -> Import {
    enmasse(text, Path::new("enmasse.yaml")).unwrap_or_else(|problem| panic!("{problem}\n{text}"))
}

fn loaded(import: &Import) -> Loaded {
    load(Path::new("c.yaml"), &Memory(&import.text))
        .unwrap_or_else(|problems| panic!("{problems}\n{}", import.text))
}

fn values(definitions: &Definitions, section: &str) -> Vec<Value> {
    let all = serde_json::to_value(definitions).unwrap();
    all[section].as_array().unwrap().clone()
}

#[track_caller]
fn one(import: &Import, section: &str, name: &str) -> Value {
    let all = values(&loaded(import).definitions, section);
    let found = all.into_iter().find(|one| one["name"] == name);
    found.unwrap_or_else(|| panic!("no {section}/{name} in\n{}", import.text))
}

#[track_caller]
fn told(import: &Import, kind: Kind, name: &str, option: Option<&str>, reason: &str) {
    let found = import.findings.iter().any(|one| {
        one.kind == kind
            && one.name.as_deref() == Some(name)
            && one.option.as_deref() == option
            && one.reason.contains(reason)
    });
    let all: Vec<String> = import.findings.iter().map(|one| format!("{:?} {one}", one.kind)).collect();
    assert!(found, "{kind:?} {name} {option:?} {reason}: not among\n{}", all.join("\n"));
}

#[test]
fn a_file_of_4_1_becomes_definitions_that_are_taken() {
    let import = import(V41);
    assert_eq!((import.carried.security, import.carried.connections, import.carried.channels), (7, 7, 7));
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
    ];
    assert_eq!(order, expected);
    for (section, name, expected) in [
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
                "timeout_secs": 45, "enabled": true}),
        ),
        ("channels", "shop.ping", json!({"methods": null, "match_slash": true, "security": null})),
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
        (
            "connections",
            "warehouse",
            json!({"type": "http", "endpoint": "https://warehouse.example.com", "path": "/stock/{sku}", "timeout_secs": 20,
                "auth": {"type": "oauth2", "token_endpoint": "https://login.example.com/oauth2/token",
                    "client_id": "caisson-client", "client_secret": "value-of-CAISSON_WAREHOUSE_TOKEN_PASSWORD",
                    "scopes": ["stock.read", "stock.write"]}}),
        ),
        (
            "connections",
            "Bank-API",
            json!({"auth": {"type": "api-key", "header": "Authorization", "key": "Bearer value-of-BANK_TOKEN"}}),
        ),
        (
            "connections",
            "desk",
            json!({"method": "POST", "auth": {"type": "ntlm", "username": "DESK\\integration",
            "password": "value-of-CAISSON_DESK_NTLM_PASSWORD"}}),
        ),
        (
            "connections",
            "legacy",
            json!({"endpoint": "https://value-of-CAISSON_LEGACY_USERINFO@legacy.example.com:8443"}),
        ),
        (
            "connections",
            "bank.soap",
            json!({"type": "soap", "endpoint": "value-of-Bank_Host", "version": "1.1", "action": "urn:statement:get",
                "auth": {"type": "wss", "username": "bank", "password": "value-of-CAISSON_BANK_WSS_PASSWORD",
                    "password_type": "text"}}),
        ),
        (
            "connections",
            "shop.db",
            json!({"type": "sql", "engine": "postgresql", "endpoint": "db.example.com:5432", "database": "shop",
                "username": "shop", "password": "value-of-CAISSON_SHOP_DB_PASSWORD", "pool_size": 8}),
        ),
        (
            "connections",
            "reports",
            json!({"engine": "mssql", "endpoint": "reports.example.com", "username": "value-of-Reports_User",
                "password": "value-of-Reports_Password"}),
        ),
    ] {
        let found = one(&import, section, name);
        for (key, value) in expected.as_object().unwrap() {
            assert_eq!(found.get(key).unwrap_or(&Value::Null), value, "{section}/{name}/{key}");
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
    assert_eq!((import.carried.security, import.carried.connections, import.carried.channels), (4, 3, 7));
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
            json!({"endpoint": "http://crm.example.com:8080/", "path": "/v1", "method": "GET", "timeout_secs": 10,
                "auth": {"type": "basic-auth", "username": "crm", "password": "value-of-CAISSON_CRM_IN_PASSWORD"}}),
        ),
        (
            "connections",
            "crm.db",
            json!({"engine": "mysql", "endpoint": "db.example.com:3306", "database": "crm", "pool_size": 10}),
        ),
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
        (LeftOut, "default", None, "no connections of this kind"),
        (LeftOut, "directory", None, "no connections of this kind"),
        (LeftOut, "crm.nightly", None, "it calls `crm.nightly` every `0 3 * * *`"),
        (LeftOut, "clerks", None, "no roles"),
        (LeftOut, "crm.endpoint", None, "no topics"),
        (LeftOut, "crm.wsx", None, "channels for REST only"),
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
        ["Shop_Web_Password", "North_Key", "CAISSON_PARTNER_SOUTH_KEY", "CAISSON_LEGACY_USERINFO", "Env_Path"]
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
    let only = enmasse(text, Path::new("e.yaml")).unwrap();
    assert!(only.text.contains("\n# channels:\n#   Left out: "), "{}", only.text);
    let taken_up: String = only
        .text
        .lines()
        .filter(|line| !line.contains("Left out"))
        .map(|line| {
            format!("{}\n", line.strip_prefix("# ").filter(|_| !line.starts_with("# From")).unwrap_or(line))
        })
        .collect();
    let with_guard = format!("{taken_up}security:\n  - {{name: gone, type: api-key, key: x}}\n");
    assert!(load(Path::new("c.yaml"), &Memory(&with_guard)).is_ok(), "{with_guard}");
}

#[test]
fn what_is_no_enmasse_file_is_an_error_with_its_place() {
    for (text, line, column, says) in [
        ("", 1, 1, "the file is empty"),
        ("# nothing\n", 1, 1, "the file is empty"),
        ("- a\n", 1, 1, "a list or a text"),
        ("just words\n", 1, 1, "a list or a text"),
        ("\nversion: 1\nservices: []\n", 2, 1, "none of the keys is known"),
        ("security:\n  - name: name: x\n", 2, 14, "no YAML"),
        ("security:\n  - &a {name: x}\n  - *a\n", 3, 5, "aliases"),
        ("security: []\nsecurity: []\n", 2, 1, "twice"),
        ("sql:\n  - {name: !!python/object x}\n", 2, 12, "tags"),
        ("channel_rest:\n  - host: {{host}}\n", 2, 12, "word"),
    ] {
        let problem = enmasse(text, Path::new("e.yaml")).unwrap_err();
        assert!(problem.message.contains(says), "{text:?}: {problem}");
        assert_eq!((problem.line, problem.column), (line, column), "{text:?}: {problem}");
    }
    assert!(enmasse(&"[".repeat(10_000), Path::new("e.yaml")).is_err());
}

#[test]
fn objects_that_make_no_sense_are_told_and_the_others_carried_over() {
    for (text, reason) in [
        ("security: 5", "it has to be a list"),
        ("security: {name: a}", "it has to be a list"),
        ("security: [5, null, [], {type: apikey}]", "no object with a `name`"),
        ("security: [{name: a}]", "it has no `type`"),
        ("security: [{name: a, type: 7}]", "its type is not known"),
        ("security: [{name: a, type: basic_auth}]", "no `username`"),
        ("security: [{name: a, type: basic_auth, username: 'a:b'}]", "no colon"),
        ("security: [{name: a, type: apikey, header: 'a b'}]", "no name of a header"),
        ("security: [{name: a, type: apikey, is_active: '${ON}'}]", "counts as off"),
        ("security: [{name: a, type: mtls}]", "which certificates"),
        ("groups: [{name: a, members: {b: c}}]", "none of its members"),
        ("groups: [{name: a, members: [a]}]", "`a` is not in the file"),
        ("channel_rest: [{name: a, service: a}]", "no `url_path`"),
        ("channel_rest: [{name: a, url_path: /a}]", "no `service`"),
        ("channel_rest: [{name: a, service: a, url_path: a}]", "begins with `/`"),
        ("channel_rest: [{name: a, service: a, url_path: /a, security: [x]}]", "is not understood"),
        ("channel_rest: [{name: a, service: a, url_path: /a, groups: {x: y}}]", "is not understood"),
        ("channel_rest: [{name: a, service: a, url_path: /a, groups: [x]}]", "`x`, which says who may call"),
        ("channel_rest: [{name: a, service: a, url_path: /a, method: FETCH}]", "no method"),
        ("channel_rest: [{name: a, service: a, url_path: /a, timeout: 0}]", "from 1 to 86400"),
        ("channel_rest: [{name: a, service: a, url_path: /a, timeout: -1}]", "no plain number"),
        ("channel_rest: [{name: a, service: a, url_path: /a, has_rbac: '${X}'}]", "roles"),
        ("channel_rest: [{name: a, service: a, url_path: /a, rate_limiting: {a: b}}]", "who may not call"),
        (
            "channel_rest: [{name: a, service: a, url_path: /a, rate_limit_def: '* = many'}]",
            "who may not call",
        ),
        ("outgoing_rest: [{name: a}]", "no `host`"),
        ("outgoing_rest: [{name: a, host: h, security: x}]", "`x` is not in the file"),
        ("sql: [{name: a}]", "no `type`"),
        ("include: [more.yaml]", "files that are included are not read"),
    ] {
        let good = "outconn_soap: [{name: good, host: h}]";
        let import = import(&format!("{good}\n{text}\n"));
        assert!(
            import.findings.iter().any(|one| one.reason.contains(reason)),
            "{text}: {:?}",
            import.findings
        );
        assert!(import.findings.iter().all(|one| one.line == 2), "{text}: {:?}", import.findings);
        let definitions = loaded(&import).definitions;
        assert_eq!(definitions.connections[0].name, "good", "{text}");
        assert_eq!(definitions.channels.len() - import.carried.channels, 0, "{text}");
    }
}

#[test]
fn a_channel_is_never_open_that_was_guarded() {
    let guarded = [
        "security: nobody.knows",
        "security_name: nobody.knows",
        "sec_def: nobody.knows",
        "security: off",
        "security: app",
        "security: ''\n    groups: [none]",
        "groups: [empty]",
        "security: [a, b]",
        "security: ${WHICH}",
        "has_rbac: true",
        "sec_def: ZATO_SEC_USE_RBAC",
        "rate_limit_def: 'nowhere = 1/m'",
        "rate_limiting: [{cidr_list: [10.0.0.0/8], disallowed: true}]",
    ];
    for guard in guarded {
        let text = format!(
            "security:\n  - {{name: off, type: apikey, is_active: false}}\n  - {{name: app, type: jwt}}\n\
             groups:\n  - {{name: empty, members: []}}\nchannel_rest:\n  - name: a\n    service: s\n    url_path: /a\n    {guard}\n"
        );
        assert_eq!(import(&text).carried.channels, 0, "{guard}");
    }
    for open in [
        "security: null",
        "security: zato-no-security",
        "sec_def: ZATO_NONE",
        "groups: []",
        "has_rbac: false",
    ] {
        let text = format!("channel_rest:\n  - name: a\n    service: s\n    url_path: /a\n    {open}\n");
        assert_eq!(import(&text).carried.channels, 1, "{open}");
    }
}

#[test]
fn texts_that_look_like_references_stay_texts() {
    let text = "outgoing_rest: [{name: a, host: 'http://h', url_path: '/${file:/etc/passwd}/${env:B}'}]\n";
    let import = import(text);
    assert_eq!(one(&import, "connections", "a")["path"], "/${file:/etc/passwd}/${env:B}");
    assert!(import.variables.is_empty());
}

#[test]
fn names_that_would_break_a_comment_do_not() {
    let text = "channel_rest:\n  - {name: \"a\\nsecurity: []\\u2028b\", service: \"s\\nx\", url_path: \"/a\\n\", security: \"x\\ny\"}\n";
    let import = import(text);
    assert_eq!(import.carried.channels, 0);
    assert!(loaded(&import).definitions.security.is_empty());
    assert!(
        import.findings.iter().all(|one| !one.to_string().contains(['\n', '\u{2028}'])),
        "{:?}",
        import.findings
    );
}

#[test]
fn definitions_larger_than_what_is_read_are_told() {
    let mut text = "channel_rest:\n".to_owned();
    for number in 0..2_000 {
        text.push_str(&format!(
            "  - {{name: channel.{number}, service: some.service.{number}, url_path: /some/path/{number}}}\n"
        ));
    }
    let import = import(&text);
    assert_eq!(import.carried.channels, 2_000);
    assert!(import.findings.iter().any(|one| one.reason.contains("`include`")));
}
