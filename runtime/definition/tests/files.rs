//! Files of definitions from outside: what is refused and how, and that an export says what was applied.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a panic is how a test fails"
)]

use caisson_capability::Catalog;
use caisson_definition::diff::diff;
use caisson_definition::documents::{Documents, SecretPlace, from_documents, to_documents};
use caisson_definition::export::export;
use caisson_definition::load::{Loaded, Surroundings, load};
use caisson_definition::{Problems, schema};
use std::collections::BTreeMap;
use std::path::Path;

/// Files and variables that exist only here.
struct Fake(BTreeMap<&'static str, String>);

impl Surroundings for Fake {
    fn env(&self, name: &str) -> Option<String> {
        (name == "KEY").then(|| "from-the-environment".to_owned())
    }

    fn read(&self, path: &Path, _most: u64) -> Result<String, String> {
        self.0.get(path.to_str().unwrap()).cloned().ok_or_else(|| "no such file".to_owned())
    }
}

fn read(text: &str) -> Result<Loaded, Problems> {
    let files = [
        ("c.yaml", text.to_owned()),
        ("more.yaml", "version: 1\nsecurity:\n  - {name: more, type: api-key, key: x}\n".to_owned()),
        ("circle.yaml", "version: 1\ninclude: [c.yaml]\n".to_owned()),
        ("pem.txt", "line one\nline two\n".to_owned()),
        ("empty.txt", "\n".to_owned()),
    ];
    load(Path::new("c.yaml"), &Fake(files.into()), &Catalog::default())
}

/// Definitions behind this head, and what must be said about them, each with its line and column.
const HEAD: &str = "version: 1\nsecurity:\n  - {name: key, type: api-key, key: \"${env:KEY}\"}\nchannels:\n";

fn channel(fields: &str) -> String {
    format!("{HEAD}  - {{name: a, type: rest, path: /a, service: s.s, {fields}}}\n")
}

fn security(fields: &str) -> String {
    format!("version: 1\nsecurity:\n  - {{name: a, {fields}}}\n")
}

/// A broken file, and what must be said about it.
type Broken = (String, &'static [&'static str]);

/// Files that are wrong as a whole.
fn of_whole_files() -> Vec<Broken> {
    vec![
        (String::new(), &["c.yaml:1:1: the file is empty: it begins with `version: 1`"]),
        ("- a\n".to_owned(), &["c.yaml:1:1: `the file` has to be keys with values"]),
        ("channels: []\n".to_owned(), &["`version` is missing"]),
        ("version: 2\n".to_owned(), &["c.yaml:1:10: `version` has to be 1"]),
        ("version: '1'\n".to_owned(), &["`version` has to be 1"]),
        (
            "version: 1\nchanels: []\n".to_owned(),
            &["c.yaml:2:1: `chanels` is not known here; did you mean `channels`?"],
        ),
        ("version: 1\nzebra: []\n".to_owned(), &["`zebra` is not known here; known here: "]),
        ("version: 1\nversion: 1\n".to_owned(), &["c.yaml:2:1: `version` is here twice"]),
        ("version: 1\nchannels: {}\n".to_owned(), &["c.yaml:2:11: `channels` has to be a list"]),
        ("version: 1\nchannels: [1]\n".to_owned(), &["c.yaml:2:12: `channels` has to have keys with values"]),
        ("version: 1\nchannels: [{}]\n".to_owned(), &["`type` is missing: it has to be one of rest, soap"]),
        ("version: 1\nchannels: [{type: rset}]\n".to_owned(), &["`rset` is no type", "did you mean `rest`?"]),
        ("version: 1\nchannels: [{type: 1}]\n".to_owned(), &["`type` has to be one of rest, soap"]),
        (
            "version: 1\nchannels: [{type: rest}]\n".to_owned(),
            &["`name` is missing", "`path` is missing", "`service` is missing"],
        ),
        ("version: 1\nchannels: [\n".to_owned(), &["this is no YAML"]),
        ("version: 1\n\tchannels: []\n".to_owned(), &["this is no YAML"]),
        ("version: 1\n---\nversion: 1\n".to_owned(), &["one document"]),
        ("version: &a 1\nchannels: *a\n".to_owned(), &["aliases"]),
        ("version: !!int 1\n".to_owned(), &["tags"]),
        ("version: 1\n<<: {channels: []}\n".to_owned(), &["merge keys"]),
        ("version: 1\ninclude: more.yaml\n".to_owned(), &["`include` has to be a list"]),
        (
            "version: 1\ninclude: [none.yaml]\n".to_owned(),
            &["c.yaml:2:11: none.yaml cannot be read: no such file"],
        ),
    ]
}

/// Options of channels.
fn of_options() -> Vec<Broken> {
    vec![
        (channel("pth: /b"), &["c.yaml:5:51: `pth` is not known here; did you mean `path`?"]),
        (channel("methods: GET"), &["`methods` has to be a list"]),
        (channel("methods: [FETCH]"), &["`FETCH` is no method"]),
        (channel("methods: [get]"), &["`get` is no method"]),
        (channel("match_slash: yes"), &["`match_slash` has to be true or false"]),
        (channel("data_format: xml"), &["`xml` is no data_format: it has to be one of json, form, raw"]),
        (channel("data_format: jsn"), &["did you mean `json`?"]),
        (channel("url_priority: path"), &["`path` is no url_priority"]),
        (channel("timeout_secs: 0"), &["`timeout_secs` has to be at least 1"]),
        (channel("timeout_secs: 100000"), &["`timeout_secs` has to be at most 86400"]),
        (channel("timeout_secs: 1.5"), &["`timeout_secs` has to be a whole number"]),
        (channel("timeout_secs: '5'"), &["`timeout_secs` has to be a whole number"]),
        (channel("max_body_bytes: 0"), &["`max_body_bytes` has to be at least 1"]),
        (channel("security: [kye]"), &["there is no security definition `kye`; did you mean `key`?"]),
        (channel("security: key"), &["`security` has to be a list"]),
        (channel("rate_limit: 100/s"), &["`rate_limit` has to be keys with values"]),
        (channel("rate_limit: {rate: 100}"), &["`rate` has to be a text"]),
        (channel("rate_limit: {rate: 100/w}"), &["`100/w` is no rate"]),
        (channel("rate_limit: {rate: 0/s}"), &["`0/s` is no rate"]),
        (channel("rate_limit: {rate: 1/s, by: user}"), &["`user` is no by"]),
        (channel("rate_limit: {rate: 1/s, by: principal}"), &["nobody is authenticated here"]),
        (channel("rate_limit: {burst: 3}"), &["`rate` is missing"]),
        (channel("allow_from: [10.0.0.0/33]"), &["c.yaml:5:64: `10.0.0.0/33` is no network"]),
        (channel("allow_from: [here]"), &["c.yaml:5:64: `here` is no network"]),
        (channel("rate_limit: {rate: 1/s, burst: 5000000000}"), &["`burst` has to be at most 4294967295"]),
        (channel("accept: x, security: [\"${env:KEY}\"]"), &["what `${env:KEY}` stands for"]),
        (channel("methods: [\"${env:KEY}\"]"), &["what `${env:KEY}` stands for"]),
        (channel("cors: {}"), &["`origins` is missing"]),
        (channel("cors: {origins: []}"), &["`origins` has to have at least 1"]),
        (
            channel("cors: {origins: ['*'], credentials: true}"),
            &["credentials cannot be allowed to all origins"],
        ),
        (channel("accept: \"${env:NOT_SET}\""), &["the environment variable NOT_SET is not set"]),
        (channel("accept: \"${file:none}\""), &["the file none cannot be read: no such file"]),
        (channel("accept: \"${vault:x}\""), &["`${vault:x}` is no reference"]),
        (channel("accept: \"${env:KEY\""), &["a reference is not closed"]),
    ]
}

/// Channels as a whole.
fn of_channels() -> Vec<Broken> {
    vec![
        (format!("{HEAD}  - {{name: a, type: rest, path: a, service: s}}\n"), &["a path begins with `/`"]),
        (
            format!("{HEAD}  - {{name: a, type: rest, path: \"/{{x\", service: s}}\n"),
            &["braces do not match"],
        ),
        (
            format!("{HEAD}  - {{name: a, type: rest, path: \"/{{}}\", service: s}}\n"),
            &["the name of a parameter"],
        ),
        (
            format!("{HEAD}  - {{name: a, type: rest, path: \"/{{x}}/{{x}}\", service: s}}\n"),
            &["the parameter `x` is there twice"],
        ),
        (
            format!("{HEAD}  - {{name: a, type: rest, path: \"/{{x}}{{y}}\", service: s}}\n"),
            &["has to stand between"],
        ),
        (format!("{HEAD}  - {{name: a, type: rest, path: \"/a?b\", service: s}}\n"), &["no `?`"]),
        (format!("{HEAD}  - {{name: a b, type: rest, path: /a, service: s}}\n"), &["`a b`: a name has"]),
        (
            channel("enabled: true") + "  - {name: a, type: rest, path: /b, service: s}\n",
            &["c.yaml:6:12: the name `a` is taken already"],
        ),
    ]
}

fn soap(options: &str) -> String {
    format!("{HEAD}  - {{name: a, type: soap, path: /a, {options}}}\n")
}

/// SOAP channels.
fn of_soap() -> Vec<Broken> {
    vec![
        (soap("enabled: true"), &["`service` or `operations`"]),
        (soap("service: ''"), &["`service` must not be empty"]),
        (soap("operations: {Get: ''}"), &["operation `Get` has no service"]),
        (soap("operations: {'p:Get': s}"), &["`p:Get` cannot be an operation"]),
        (soap("operations: {'': s}"), &["`` cannot be an operation"]),
        (soap("operations: {Get: s, 2: s}"), &["`2` cannot be an operation"]),
        (soap("service: s, versions: '1.0'"), &["`1.0` is no versions"]),
        (soap("service: s, namespace: 'a b'"), &["`namespace` has to be a URI"]),
        (soap("service: s, wsdl: a.wsdl"), &["`wsdl` has to be the document itself"]),
        (soap("service: s, methods: [POST]"), &["`methods` is not known here"]),
        (soap("service: s, rate_limit: {rate: 1/s, by: principal}"), &["nobody is authenticated here"]),
        (soap("service: s, security: [none]"), &["there is no security definition `none`"]),
    ]
}

/// Security definitions and grants.
fn of_security() -> Vec<Broken> {
    vec![
        (security("type: api-key"), &["`key` is missing"]),
        (security("type: api-key, key: ''"), &["`key` must not be empty"]),
        (security("type: api-key, key: \"${file:empty.txt}\""), &["c.yaml:3:35: what `${file:empty.txt}`"]),
        (security("type: api-key, key: k, header: \"x ${env:KEY}\""), &["what `x ${env:KEY}` stands for"]),
        (
            "version: 1\nconnections:\n  - {name: c, type: sql, more: [{$secret: {ref: a, sealed: b}}]}\n"
                .to_owned(),
            &["`$secret` cannot be the name of an option"],
        ),
        (security("type: api-key, key: 5"), &["`key` has to be a text"]),
        (security("type: api-key, key: k, header: 'X Y'"), &["`X Y` is no name of a header"]),
        (security("type: basic-auth, username: 'a:b', password: p"), &["no colon"]),
        (security("type: jwt, algorithms: []"), &["`algorithms` has to have at least 1"]),
        (security("type: jwt, algorithms: [none], secret: s"), &["`none` is no algorithms"]),
        (security("type: jwt, algorithms: [HS256]"), &["exactly one of"]),
        (security("type: jwt, algorithms: [HS256], public_key: p"), &["HS algorithms go with `secret`"]),
        (security("type: jwt, algorithms: [HS256, RS256], secret: s"), &["cannot be mixed"]),
        (security("type: mtls"), &["`subjects` or `fingerprints`"]),
        (security("type: group, members: [b]"), &["there is no security definition `b`"]),
        (security("type: group, members: [a]"), &["groups cannot hold groups"]),
        (
            "version: 1\ngrants:\n  - {services: ['*'], connection: crm, operations: [x]}\n".to_owned(),
            &["c.yaml:3:35: there is no connection `crm`"],
        ),
        (
            "version: 1\ngrants:\n  - {services: [], connection: crm, operations: []}\n".to_owned(),
            &["at least one service"],
        ),
    ]
}

#[test]
fn every_broken_file_is_refused_with_its_reasons_and_places() {
    let broken = [of_whole_files(), of_options(), of_channels(), of_soap(), of_security()].concat();
    assert!(broken.len() >= 60, "{}", broken.len());
    for (text, says) in &broken {
        let refused = match read(text) {
            Err(problems) => problems.to_string(),
            Ok(loaded) => panic!("accepted: {text}\n{loaded:?}"),
        };
        for part in *says {
            assert!(refused.contains(part), "\n--- {text}--- must say: {part}\n--- says: {refused}");
        }
        assert!(!refused.contains("from-the-environment"), "{refused}");
    }
}

#[test]
fn all_problems_come_at_once_in_the_order_of_lines() {
    let text = "version: 1\nchannels:\n  - name: a\n    type: rest\n    pth: /a\n    service: 1\n    methods: [X]\nsecurty: []\n";
    let Problems(problems) = read(text).unwrap_err();
    let lines: Vec<usize> = problems.iter().map(|problem| problem.line).collect();
    assert_eq!(lines, [3, 5, 6, 7, 8], "{problems:?}");
}

#[test]
fn included_files_count_once_and_circles_end() {
    let loaded = read("version: 1\ninclude: [more.yaml, more.yaml, circle.yaml]\n").unwrap();
    assert_eq!(loaded.definitions.security.len(), 1);
}

#[test]
fn a_channel_that_no_request_reaches_is_pointed_out() {
    let text =
        channel("methods: [GET]") + "  - {name: b, type: rest, path: /a, service: s, methods: [GET]}\n";
    let loaded = read(&text).unwrap();
    assert_eq!(loaded.warnings.len(), 1, "{:?}", loaded.warnings);
    assert!(loaded.warnings[0].to_string().starts_with("c.yaml:6:"), "{}", loaded.warnings[0]);
    let apart =
        channel("methods: [GET]") + "  - {name: b, type: rest, path: /a, service: s, methods: [POST]}\n";
    assert_eq!(read(&apart).unwrap().warnings, []);
}

/// Sealing that can be seen through.
fn sealed(submission: &Loaded) -> Documents {
    to_documents(&submission.submission(), &Catalog::default(), &mut |place: &SecretPlace<'_>, plain| {
        Ok(format!("{}|{plain}", place.place))
    })
    .unwrap()
}

const FULL: &str = "version: 1
security:
  - {name: key, type: api-key, header: X-Key, key: \"${env:KEY}\", allow_from: [10.0.0.0/8, '::1/128']}
  - {name: literal, type: basic-auth, username: u, password: p4ss}
  - {name: jwt, type: jwt, algorithms: [RS256], public_key: \"${file:pem.txt}\", audience: [a, b]}
  - {name: both, type: group, members: [key, literal]}
connections:
  - {name: crm, type: sql, url: \"postgres://u:${env:KEY}@host/db\", pool: {size: 5, names: [x, 'y: z', '1', 'no']}}
channels:
  - name: second
    type: rest
    path: /b/{who}
    service: s.b
    accept: 'text/$${x}'
    rate_limit: {rate: 100/m, burst: 5, by: principal}
    security: [both, jwt]
    cors: {origins: ['https://a.example'], max_age_secs: 5}
  - {name: first, type: rest, path: /a, service: s.a, methods: [GET, POST], etag: true, openapi: true, timeout_secs: 3}
grants:
  - {services: ['crm.*'], connection: crm, operations: [query]}
  - {services: ['crm.*'], connection: crm, operations: [execute]}
";

#[test]
fn an_export_says_what_was_applied() {
    let documents = sealed(&read(FULL).unwrap());
    let text = export(&documents);
    assert!(!text.contains("from-the-environment") && !text.contains("p4ss"), "{text}");
    assert!(text.contains("${env:KEY}") && text.contains("${env:CAISSON_LITERAL_PASSWORD}"), "{text}");
    // The literal secret is behind a variable now.
    let again = read(&text.replace("${env:CAISSON_LITERAL_PASSWORD}", "p4ss")).unwrap();
    assert_eq!(diff(&documents, &sealed(&again)).render(), "nothing is different\n");
}

#[test]
fn documents_are_opened_to_what_they_were_made_of() {
    let loaded = read(FULL).unwrap();
    let documents = sealed(&loaded);
    let opened = from_documents(&documents, &mut |place: &SecretPlace<'_>, sealed| {
        Ok(sealed.strip_prefix(&format!("{}|", place.place)).unwrap().to_owned())
    });
    let opened = opened.unwrap();
    assert_eq!(opened.definitions, loaded.definitions);
    for (place, reference) in &loaded.references {
        assert_eq!(opened.references.get(place), Some(reference), "{place}");
    }
}

#[test]
fn a_difference_never_shows_a_secret() {
    let before = sealed(&read(FULL).unwrap());
    let after = sealed(&read(&FULL.replace("p4ss", "0ther").replace("/a,", "/c,")).unwrap());
    let text = diff(&before, &after).render();
    assert!(text.contains("~ security/literal") && text.contains("(secret changed)"), "{text}");
    assert!(text.contains("path: /a -> /c") && text.contains("2 changed"), "{text}");
    assert!(!text.contains("p4ss") && !text.contains("0ther"), "{text}");
    let none = diff(&Documents::new(), &after).render();
    assert!(none.contains("+ channels/first") && !none.contains("0ther"), "{none}");
}

#[test]
fn the_order_of_channels_is_part_of_the_definitions() {
    let one = channel("etag: true") + "  - {name: b, type: rest, path: /b, service: s}\n";
    let mut lines: Vec<&str> = one.lines().collect();
    lines.swap(4, 5);
    let swapped = lines.join("\n") + "\n";
    let difference = diff(&sealed(&read(&one).unwrap()), &sealed(&read(&swapped).unwrap()));
    assert_eq!(
        (difference.entries.len(), difference.reordered.as_slice()),
        (0, ["channels".to_owned()].as_slice())
    );
}

#[test]
fn the_schema_closes_every_object_but_connections() {
    let schema = schema::schema(&Catalog::default());
    let text = schema.to_string();
    assert_eq!(schema["additionalProperties"], false);
    assert_eq!(schema["$defs"]["ApiKey"]["additionalProperties"], false, "{text}");
    assert!(text.contains("Where callers") || text.contains("Who may call"), "descriptions are the help");
}
