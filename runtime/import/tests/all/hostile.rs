//! Files that are wrong, in parts or as a whole, or that mean harm.

use super::{catalog, import, loaded, one};
use caisson_import::zato::enmasse;
use std::path::Path;

#[test]
fn what_is_no_enmasse_file_is_an_error_with_its_place() {
    for (text, line, column, says) in [
        ("", 1, 1, "the file is empty"),
        ("# nothing\n", 1, 1, "the file is empty"),
        ("- a\n", 1, 1, "a list or a text"),
        ("just words\n", 1, 1, "a list or a text"),
        ("\nversion: 1\nservices: []\n", 2, 1, "none of the keys is known"),
        ("security:\n  - name: name: x\n", 2, 15, "no YAML"),
        ("security:\n  - &a {name: x}\n  - *a\n", 3, 5, "aliases"),
        ("security: []\nsecurity: []\n", 2, 1, "twice"),
        ("sql:\n  - {name: !!python/object x}\n", 2, 12, "tags"),
        ("channel_rest:\n  - host: {{host}}\n", 2, 12, "word"),
    ] {
        let problem = enmasse(text, Path::new("e.yaml"), &catalog()).unwrap_err();
        assert!(problem.message.contains(says), "{text:?}: {problem}");
        assert_eq!((problem.line, problem.column), (line, column), "{text:?}: {problem}");
    }
    assert!(enmasse(&"[".repeat(10_000), Path::new("e.yaml"), &catalog()).is_err());
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
        ("outgoing_rest: [{name: a, host: h}]", "write a URL with http or https and a host"),
        ("outgoing_rest: [{name: a, host: 'ftp://h'}]", "write a URL with http or https and a host"),
        (
            "outgoing_rest: [{name: a, host: 'http://h', url_path: '/?a=b'}]",
            "a query or fragment in it is not taken",
        ),
        ("outgoing_rest: [{name: a, host: 'http://u:p/w@h'}]", "has an `@` where none can be"),
        ("outgoing_rest: [{name: a, host: 'http://h', content_type: \"a\\nb\"}]", "line end"),
        ("outgoing_rest: [{name: a, host: 'http://h', security: x}]", "`x` is not in the file"),
        ("outgoing_soap: [{name: a, host: 'http://h'}]", "part of a later version"),
        ("sql: [{name: a, type: oracle, host: h, username: u}]", "no driver for `oracle`"),
        ("sql: [{name: a, type: '${KIND}', host: h, username: u}]", "no driver for `${KIND}`"),
        ("sql: [{name: a, type: postgresql, username: u}]", "no `host`"),
        ("sql: [{name: a, type: postgresql, host: 'u:p@h', username: u}]", "no name of a host"),
        ("sql: [{name: a, type: postgresql, host: h, port: many, username: u}]", "no number of a port"),
        ("sql: [{name: a, type: postgresql, host: h}]", "`username`"),
        ("sql: [{name: a, type: mysql, host: h, username: u, pool_size: 0}]", "1"),
        ("sql: [{name: a, type: sqlite}]", "has no file"),
        ("channel_amqp: [{name: a}]", "a connection of type amqp"),
        ("def_amqp: [{name: a}]", "a connection of type amqp"),
        ("sql: [{name: a}]", "no `type`"),
        ("include: [more.yaml]", "files that are included are not read"),
    ] {
        let good = "outconn_rest: [{name: good, host: 'http://h'}]";
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
    assert_eq!(one(&import, "connections", "a")["url"], "http://h/${file:/etc/passwd}/${env:B}");
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
    let (mut text, long) = ("channel_rest:\n".to_owned(), "long".repeat(1_100));
    for number in 0..2_000 {
        text.push_str(&format!(
            "  - {{name: channel.{number}, service: some.service.{number}, url_path: /{long}/{number}}}\n"
        ));
    }
    let import = import(&text);
    assert_eq!(import.carried.channels, 2_000);
    assert!(import.findings.iter().any(|one| one.reason.contains("`include`")));
}
