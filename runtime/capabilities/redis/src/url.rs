//! URLs of Redis. No text of a problem shows the URL: it may hold a password.

use crate::config::{Mode, Secret};
use percent_encoding::percent_decode_str;

/// Where to connect.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Place {
    pub(crate) mode: Mode,
    pub(crate) tls: bool,
    pub(crate) nodes: Vec<Address>,
}

/// Host and port.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Address {
    pub(crate) host: String,
    pub(crate) port: u16,
}

/// What a URL says.
#[derive(Clone, Debug)]
pub(crate) struct Parsed {
    pub(crate) place: Place,
    pub(crate) username: Option<String>,
    pub(crate) password: Option<Secret>,
    pub(crate) master: Option<String>,
    pub(crate) database: Option<u32>,
}

const SCHEMES: [(&str, Mode, bool); 6] = [
    ("redis", Mode::Single, false),
    ("rediss", Mode::Single, true),
    ("redis+sentinel", Mode::Sentinel, false),
    ("rediss+sentinel", Mode::Sentinel, true),
    ("redis+cluster", Mode::Cluster, false),
    ("rediss+cluster", Mode::Cluster, true),
];

/// Reads a URL.
pub(crate) fn parse(url: &str) -> Result<Parsed, String> {
    let (scheme, rest) = url.split_once("://").ok_or("write redis://host:6379/0")?;
    let (_, mode, tls) = SCHEMES
        .into_iter()
        .find(|(name, ..)| *name == scheme)
        .ok_or("a url begins with redis://, rediss://, redis+sentinel:// or redis+cluster://")?;
    if rest.contains(['?', '#']) {
        return Err(
            "a url has no parameters here; write them as options. Encode ? as %3F and # as %23 in a password"
                .into(),
        );
    }
    let (authority, path) = rest.split_once('/').unwrap_or((rest, ""));
    let (user, hosts) = match authority.rsplit_once('@') {
        Some((user, hosts)) => (Some(user), hosts),
        None => (None, authority),
    };
    let (username, password) = match user {
        Some(user) => credentials(user)?,
        None => (None, None),
    };
    let default = port_of(mode);
    let nodes = hosts.split(',').map(|host| address(host, default)).collect::<Result<Vec<_>, _>>()?;
    let (master, number) = match (mode, path.trim_end_matches('/').split_once('/')) {
        (Mode::Sentinel, Some((master, number))) => (Some(master), number),
        (Mode::Sentinel, None) => (Some(path.trim_end_matches('/')), ""),
        (_, Some(_)) => return Err("after the host comes only the number of the database".into()),
        (_, None) => (None, path.trim_end_matches('/')),
    };
    let master = master.filter(|name| !name.is_empty()).map(decoded).transpose()?;
    let database = match number {
        "" => None,
        number => {
            Some(number.parse().map_err(|_no| "after the host comes the number of the database".to_owned())?)
        }
    };
    Ok(Parsed { place: Place { mode, tls, nodes }, username, password, master, database })
}

/// Takes a list of nodes.
pub(crate) fn of_nodes(nodes: &[String], mode: Mode, tls: bool) -> Result<Parsed, String> {
    let nodes = nodes.iter().map(|node| address(node, port_of(mode))).collect::<Result<Vec<_>, _>>()?;
    let place = Place { mode, tls, nodes };
    Ok(Parsed { place, username: None, password: None, master: None, database: None })
}

fn port_of(mode: Mode) -> u16 {
    if mode == Mode::Sentinel { 26_379 } else { 6_379 }
}

fn credentials(user: &str) -> Result<(Option<String>, Option<Secret>), String> {
    let (name, password) = match user.split_once(':') {
        Some((name, password)) => (name, Some(Secret::new(decoded(password)?))),
        None => (user, None),
    };
    let name = decoded(name)?;
    Ok(((!name.is_empty()).then_some(name), password))
}

fn decoded(text: &str) -> Result<String, String> {
    let text = percent_decode_str(text)
        .decode_utf8()
        .map_err(|_no| "what is encoded by % is no UTF-8".to_owned())?;
    Ok(text.into_owned())
}

/// Reads `host`, `host:port`, `[::1]:port`.
pub(crate) fn address(text: &str, default: u16) -> Result<Address, String> {
    let wrong = || "a node is written as host or host:port, an IPv6 address in brackets".to_owned();
    let (host, port) = match text.strip_prefix('[') {
        Some(rest) => {
            let (host, port) = rest.split_once(']').ok_or_else(wrong)?;
            (host, port.strip_prefix(':'))
        }
        None => match text.split_once(':') {
            Some((host, port)) => (host, Some(port)),
            None => (text, None),
        },
    };
    let port = match port {
        Some(port) => port.parse().ok().filter(|port| *port != 0).ok_or_else(wrong)?,
        None => default,
    };
    if host.is_empty() || host.contains([' ', '@', '/']) {
        return Err(wrong());
    }
    Ok(Address { host: host.to_owned(), port })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls_say_mode_tls_nodes_credentials_and_database() {
        let read = |url: &str| {
            let parsed = parse(url).unwrap_or_else(|error| panic!("{url}: {error}"));
            let nodes: Vec<String> =
                parsed.place.nodes.iter().map(|node| format!("{}:{}", node.host, node.port)).collect();
            (
                parsed.place.mode,
                parsed.place.tls,
                nodes.join(","),
                parsed.username,
                parsed.master,
                parsed.database,
            )
        };
        let text = |it: &str| Some(it.to_owned());
        for (url, says) in [
            ("redis://h", (Mode::Single, false, "h:6379".into(), None, None, None)),
            ("rediss://u:p%40@h:1/3", (Mode::Single, true, "h:1".into(), text("u"), None, Some(3))),
            ("redis://:p@[::1]:7/", (Mode::Single, false, "::1:7".into(), None, None, None)),
            (
                "redis+sentinel://a,b:1/my%20m/2",
                (Mode::Sentinel, false, "a:26379,b:1".into(), None, text("my m"), Some(2)),
            ),
            ("rediss+cluster://a:1,b:2", (Mode::Cluster, true, "a:1,b:2".into(), None, None, None)),
        ] {
            assert_eq!(read(url), says, "{url}");
        }
        assert_eq!(parse("redis://u:p%40@h").unwrap().password.unwrap().expose(), "p@");
    }

    #[test]
    fn what_is_no_url_is_refused_without_showing_it() {
        for url in [
            "",
            "host:6379",
            "http://h",
            "redis://",
            "redis://h:0",
            "redis://h:x",
            "redis://h:99999",
            "redis://h/x",
            "redis://h/1/2",
            "redis://u:hunter2@",
            "redis://u:hunter2#@h",
            "redis://h?db=1",
            "redis://:%ff@h",
            "redis://a b",
            "redis://[::1",
        ] {
            let error = parse(url).unwrap_err();
            assert!(!error.contains("hunter2"), "{url}: {error}");
        }
    }
}
