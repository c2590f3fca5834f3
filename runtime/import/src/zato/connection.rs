//! Ways out: REST and SQL, and SOAP, which is told only.

use super::Work;
use super::channel::timeout;
use super::security::{self, secret};
use crate::entry::{Fields, Section, Shape};
use crate::item::Item;
use crate::report::Kind;
use crate::text::{escaped, shown, variable};
use std::net::Ipv6Addr;

/// Why a connection that is off is left out.
const OFF: &str = "it is switched off";

/// How long a connection of type `http` waits for an answer to begin, unless it says so.
const READ_SECS: u64 = 30;

/// Carries an outgoing REST connection over.
pub(super) fn rest(work: &mut Work, mut item: Item<'_>) {
    let mut left_out = None;
    let mut fields = vec![("type", Shape::text("http"))];
    let userinfo = address(work, &mut item, &mut fields, &mut left_out);
    let content_type = work.text(&mut item, &["content_type"]);
    let headers = content_type.map(|text| Shape::Map(vec![("content-type", Shape::text(text))]));
    fields.extend(headers.map(|headers| ("headers", headers)));
    match (auth(work, &mut item), userinfo) {
        (Ok(None), Some(own)) => fields.push(("auth", Shape::Map(own))),
        (Ok(None), None) => {}
        (Ok(Some(auth)), own) => {
            if own.is_some() {
                let text = "user and password in it were left out: its security says who calls";
                work.option(&item, "host", item.at, text);
            }
            fields.push(("auth", Shape::Map(auth)));
        }
        (Err(reason), _) => {
            left_out.get_or_insert(reason);
        }
    }
    timeout(work, &mut item, &mut fields, None);
    if let Some(("timeout_secs", Shape::Number(seconds))) = fields.last()
        && *seconds > READ_SECS
    {
        fields.push(("read_timeout_secs", Shape::Number(*seconds)));
    }
    finish(work, &mut item, fields, left_out);
}

/// Tells of an outgoing SOAP connection.
pub(super) fn soap(work: &mut Work, item: &Item<'_>) {
    let text = "connections for SOAP are part of a later version";
    work.finding(item, item.at, Kind::LeftOut, None, text);
}

/// Carries an SQL connection over.
pub(super) fn sql(work: &mut Work, mut item: Item<'_>) {
    let mut left_out = None;
    let engine = item.text(&["engine", "type"]).map(|(engine, _)| engine);
    let (scheme, reason) = match engine.as_deref().map(engine_name) {
        Some("postgresql" | "postgres") => ("postgres", None),
        Some("mysql" | "mariadb") => ("mysql", None),
        Some("sqlite") => ("sqlite", None),
        Some(other) => ("SYSTEM", Some(format!("there is no driver for `{}` here", shown(other)))),
        None => ("SYSTEM", Some("it has no `type` or `engine`".to_owned())),
    };
    left_out.clone_from(&reason);
    let host = host(work, &mut item, scheme, &mut left_out);
    let database = database(work, &mut item);
    let url = match scheme {
        "sqlite" => format!("sqlite://{database}?mode=rwc"),
        _ => format!("{scheme}://{host}/{database}"),
    };
    let mut fields = vec![("type", Shape::text("sql")), ("url", Shape::text(url))];
    let user = work.text(&mut item, &["username"]);
    if let Some(user) = user.filter(|_| scheme != "sqlite") {
        fields.push(("username", Shape::text(user)));
        let password = secret(work, &mut item, "connections", &["password", "secret"], "password");
        fields.push(("password", Shape::text(password)));
    }
    let size = work.number(&mut item, "pool_size");
    fields.extend(size.map(|size| ("pool", Shape::Map(vec![("max", Shape::Number(size))]))));
    timeout(work, &mut item, &mut fields, None);
    finish(work, &mut item, fields, left_out);
}

/// Host and port of a database. What is no name of a host may hold a password, and is not written.
fn host(work: &mut Work, item: &mut Item<'_>, scheme: &str, left_out: &mut Option<String>) -> String {
    let (host, port) = (item.text(&["host"]), item.text(&["port"]));
    if scheme == "sqlite" {
        return String::new();
    }
    let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-' | ':');
    let host = match host {
        Some((host, at)) if variable(&host).is_some() => work.variables.written(&host, at),
        Some((host, _)) if host.parse::<Ipv6Addr>().is_ok() => format!("[{host}]"),
        Some((host, _)) if host.chars().all(fits) => host,
        Some(_) => {
            left_out.get_or_insert("its `host` is no name of a host: write `url` by hand".to_owned());
            "HOST".to_owned()
        }
        None => {
            left_out.get_or_insert("it has no `host`".to_owned());
            "HOST".to_owned()
        }
    };
    match port {
        Some((port, at)) if variable(&port).is_some() || port.parse::<u16>().is_ok() => {
            format!("{host}:{}", work.variables.written(&port, at))
        }
        Some(_) => {
            left_out.get_or_insert("its `port` is no number of a port: write `url` by hand".to_owned());
            host
        }
        None => host,
    }
}

/// The name of a database, or the path of one, as URLs have it.
fn database(work: &mut Work, item: &mut Item<'_>) -> String {
    let Some((database, at)) = item.text(&["db_name"]) else { return String::new() };
    if variable(&database).is_some() {
        return work.variables.written(&database, at);
    }
    let (name, query) = database.split_once('?').unwrap_or((&database, ""));
    if !query.is_empty() {
        let text = "what stands behind the `?` is for a driver of Zato's and was left out";
        work.option(item, "db_name", at, text);
    }
    let mut encoded = String::new();
    for byte in name.bytes() {
        match char::from(byte) {
            c if c.is_ascii_alphanumeric() || matches!(c, '-' | '.' | '_' | '~' | '/') => encoded.push(c),
            _ => encoded.push_str(&format!("%{byte:02X}")),
        }
    }
    encoded
}

/// The name of a database system without that of a driver: `mysql+pymysql`, `zato+mssql1`.
fn engine_name(engine: &str) -> &str {
    match engine.split_once('+') {
        Some(("zato", name)) => name.trim_end_matches(|c: char| c.is_ascii_digit()),
        Some((name, _)) => name,
        None => engine,
    }
}

fn finish(work: &mut Work, item: &mut Item<'_>, fields: Fields, mut left_out: Option<String>) {
    if !work.is_active(item) {
        left_out.get_or_insert(OFF.to_owned());
    }
    // A check that is off is told even where it is the only thing that is odd.
    if let Some(node) = item.look("tls_verify").filter(|node| crate::item::boolean(node) == Some(false)) {
        let text = "certificates are checked: a check that is off is not carried over";
        let _told = item.take("tls_verify");
        work.option(item, "tls_verify", node.at, text);
    }
    work.entry(item, Section::Connections, fields, left_out);
}

/// Where it leads. Gives credentials that stand in the address.
fn address(
    work: &mut Work,
    item: &mut Item<'_>,
    fields: &mut Fields,
    left_out: &mut Option<String>,
) -> Option<Fields> {
    let path = work.text(item, &["url_path"]).filter(|path| path != "/").unwrap_or_default();
    let Some((host, at)) = item.text(&["host", "address", "address_host"]) else {
        left_out.get_or_insert("it has no `host`".to_owned());
        return None;
    };
    // Where a password ends that holds a `/` itself cannot be told, so nothing of it is written.
    if variable(&host).is_none() && userinfo(&host).map_or(&*host, |(_, after)| after).contains('@') {
        left_out.get_or_insert(
            "its `host` has an `@` where none can be: write `url` and `auth` by hand".to_owned(),
        );
        return None;
    }
    let (host, own) = match userinfo(&host) {
        Some((before, after)) if variable(&host).is_none() => {
            let reason = "user and password stand in the source's address, and were not copied from there";
            let mut invented = |field| {
                let place = format!("connections/{}/{field}", item.new_name);
                Shape::text(work.variables.invented(&place, at, reason))
            };
            let own = vec![
                ("type", Shape::text("basic")),
                ("username", invented("username")),
                ("password", invented("password")),
            ];
            (escaped(&format!("{before}{after}")), Some(own))
        }
        _ => (work.variables.written(&host, at), None),
    };
    fields.push(("url", Shape::text(joined(&host, &path))));
    own
}

/// Host and path with one `/` between them: without it the path would be a part of the host's name.
fn joined(host: &str, path: &str) -> String {
    if path.is_empty() || path.starts_with("${env:") {
        return format!("{host}{path}");
    }
    format!("{}/{}", host.trim_end_matches('/'), path.trim_start_matches('/'))
}

/// What stands before and after user and password in an address.
fn userinfo(address: &str) -> Option<(&str, &str)> {
    let start = address.find("://").map_or(0, |scheme| scheme + 3);
    let (scheme, rest) = address.split_at_checked(start)?;
    let authority = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    let at = rest.get(..authority)?.rfind('@')?;
    Some((scheme, rest.get(at + 1..)?))
}

/// How the connection proves who calls, or why that cannot be carried over.
fn auth(work: &Work, item: &mut Item<'_>) -> Result<Option<Fields>, String> {
    let names = security::named(item)?;
    let name = match names.as_slice() {
        [] => return Ok(None),
        [name] => name,
        _ => return Err("it names several security definitions: decide which".to_owned()),
    };
    match work.definitions.get(name).map(|guard| &guard.auth) {
        Some(Ok(auth)) => Ok(Some(auth.clone())),
        Some(Err(reason)) => Err(format!("its security `{}` cannot be used: {reason}", shown(name))),
        None => Err(format!("its security `{}` is not in the file: write `auth` by hand", shown(name))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_drivers_are_no_part_of_a_database_system() {
        for (engine, name) in [
            ("mysql+pymysql", "mysql"),
            ("zato+mssql1", "mssql"),
            ("postgresql", "postgresql"),
            ("a+b+c", "a"),
        ] {
            assert_eq!(engine_name(engine), name);
        }
    }

    #[test]
    fn a_path_never_becomes_a_part_of_the_host() {
        for (host, path, expected) in [
            ("https://h", "/a", "https://h/a"),
            ("https://h/", "/a", "https://h/a"),
            ("https://h", ".example.com", "https://h/.example.com"),
            ("https://h/", "", "https://h/"),
            ("${env:H}", "/a/{b}", "${env:H}/a/{b}"),
            ("https://h", "${env:P}", "https://h${env:P}"),
        ] {
            assert_eq!(joined(host, path), expected);
        }
    }

    #[test]
    fn user_and_password_are_found_in_an_address() {
        for (address, expected) in [
            ("https://u:p@h:1/x", Some(("https://", "h:1/x"))),
            ("https://u:p@q@h", Some(("https://", "h"))),
            ("u@h", Some(("", "h"))),
            ("https://h/a@b", None),
            ("https://h?a@b", None),
        ] {
            assert_eq!(userinfo(address), expected, "{address}");
        }
    }
}
