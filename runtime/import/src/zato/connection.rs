//! Ways out: REST, SOAP and SQL.

use super::Work;
use super::channel::timeout;
use super::security::{self, secret};
use crate::entry::{Fields, Section, Shape};
use crate::item::Item;
use crate::text::{escaped, shown, variable};

/// Why a connection that is off is left out.
const OFF: &str = "it is switched off";

/// Carries an outgoing REST connection over.
pub(super) fn rest(work: &mut Work, mut item: Item<'_>) {
    let mut left_out = None;
    let mut fields = vec![("type", Shape::text("http"))];
    address(work, &mut item, &mut fields, &mut left_out);
    for key in ["method", "data_format", "content_type"] {
        let text = work.text(&mut item, &[key]);
        // References keep their case: names of variables have one.
        let text = text.map(|text| match key {
            "method" if !text.contains("${") => text.to_ascii_uppercase(),
            _ => text,
        });
        fields.extend(text.map(|text| (key, Shape::text(text))));
    }
    auth(work, &mut item, &mut fields, &mut left_out);
    timeout(work, &mut item, &mut fields, None);
    finish(work, &mut item, fields, left_out);
}

/// Carries an outgoing SOAP connection over.
pub(super) fn soap(work: &mut Work, mut item: Item<'_>) {
    let mut left_out = None;
    let mut fields = vec![("type", Shape::text("soap"))];
    address(work, &mut item, &mut fields, &mut left_out);
    for (field, key) in [("version", "soap_version"), ("action", "soap_action"), ("wsdl", "wsdl")] {
        let text = work.text(&mut item, &[key]);
        fields.extend(text.map(|text| (field, Shape::text(text))));
    }
    let _always = (item.take("method"), item.take("data_format"));
    auth(work, &mut item, &mut fields, &mut left_out);
    timeout(work, &mut item, &mut fields, None);
    finish(work, &mut item, fields, left_out);
}

/// Carries an SQL connection over.
pub(super) fn sql(work: &mut Work, mut item: Item<'_>) {
    let mut left_out = None;
    let mut fields = vec![("type", Shape::text("sql"))];
    match work.text(&mut item, &["engine", "type"]) {
        Some(engine) => fields.push(("engine", Shape::text(engine_name(&engine)))),
        None => left_out = Some("it has no `type` or `engine`".to_owned()),
    }
    let host = work.text(&mut item, &["host"]);
    let port = item.text(&["port"]).map(|(port, at)| work.variables.written(&port, at));
    if let Some(host) = host {
        let endpoint = port.map_or_else(|| host.clone(), |port| format!("{host}:{port}"));
        fields.push(("endpoint", Shape::text(endpoint)));
    }
    if let Some((database, at)) = item.text(&["db_name"]) {
        let (name, query) =
            database.split_once('?').map_or((database.as_str(), None), |(name, query)| (name, Some(query)));
        fields.push(("database", Shape::text(work.variables.written(name, at))));
        if query.is_some() {
            work.option(
                &item,
                "db_name",
                at,
                "what stands behind the `?` is for a driver of Zato's and was left out",
            );
        }
    }
    let user = work.text(&mut item, &["username"]);
    if let Some(user) = user {
        fields.push(("username", Shape::text(user)));
        let password = secret(work, &mut item, "connections", &["password", "secret"], "password");
        fields.push(("password", Shape::text(password)));
    }
    let size = work.number(&mut item, "pool_size");
    fields.extend(size.map(|size| ("pool_size", Shape::Number(size))));
    timeout(work, &mut item, &mut fields, None);
    finish(work, &mut item, fields, left_out);
}

/// The name of a database system without that of a driver: `mysql+pymysql`, `zato+mssql1`.
fn engine_name(engine: &str) -> String {
    let name = match engine.split_once('+') {
        Some(("zato", name)) => name.trim_end_matches(|c: char| c.is_ascii_digit()),
        Some((name, _)) => name,
        None => engine,
    };
    name.to_owned()
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

fn address(work: &mut Work, item: &mut Item<'_>, fields: &mut Fields, left_out: &mut Option<String>) {
    let host = item.text(&["host", "address", "address_host"]);
    match host {
        Some((host, at)) => {
            let endpoint = match userinfo(&host) {
                Some((before, after)) if variable(&host).is_none() => {
                    let place = format!("connections/{}/userinfo", item.new_name);
                    let reason =
                        "user and password stand in the source's address, and were not copied from there";
                    let reference = work.variables.invented(&place, at, reason);
                    format!("{}{reference}{}", escaped(before), escaped(after))
                }
                _ => work.variables.written(&host, at),
            };
            fields.push(("endpoint", Shape::text(endpoint)));
        }
        None => {
            left_out.get_or_insert("it has no `host`".to_owned());
        }
    }
    let path = work.text(item, &["url_path"]).filter(|path| path != "/");
    fields.extend(path.map(|path| ("path", Shape::text(path))));
}

/// What stands before and after user and password in an address.
fn userinfo(address: &str) -> Option<(&str, &str)> {
    let start = address.find("://").map_or(0, |scheme| scheme + 3);
    let (scheme, rest) = address.split_at_checked(start)?;
    let authority = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    let at = rest.get(..authority)?.rfind('@')?;
    Some((scheme, rest.get(at..)?))
}

/// How the connection proves who calls.
fn auth(work: &mut Work, item: &mut Item<'_>, fields: &mut Fields, left_out: &mut Option<String>) {
    let name = match security::named(item) {
        Ok(names) if names.is_empty() => return,
        Ok(names) if names.len() == 1 => names.into_iter().next().unwrap_or_default(),
        Ok(_) => {
            left_out.get_or_insert("it names several security definitions: decide which".to_owned());
            return;
        }
        Err(reason) => {
            left_out.get_or_insert(reason.to_owned());
            return;
        }
    };
    let reason = match work.definitions.get(&name).map(|guard| &guard.auth) {
        Some(Ok(auth)) => return fields.push(("auth", Shape::Map(auth.clone()))),
        Some(Err(reason)) => format!("its security `{}` cannot be used: {reason}", shown(&name)),
        None => format!("its security `{}` is not in the file: write `auth` by hand", shown(&name)),
    };
    left_out.get_or_insert(reason);
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
    fn user_and_password_are_found_in_an_address() {
        for (address, expected) in [
            ("https://u:p@h:1/x", Some(("https://", "@h:1/x"))),
            ("https://u:p@q@h", Some(("https://", "@h"))),
            ("u@h", Some(("", "@h"))),
            ("https://h/a@b", None),
            ("https://h?a@b", None),
        ] {
            assert_eq!(userinfo(address), expected, "{address}");
        }
    }
}
