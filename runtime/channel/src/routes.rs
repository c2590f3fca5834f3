//! Which service answers which path.

use caisson_capability::Field;
use std::sync::Arc;

/// Where the development routes begin.
const DEV_PREFIX: &str = "/services/";

/// Name of the channel that the development routes make up.
const DEV_CHANNEL: &str = "dev";

/// The routes of a port: an immutable table. A change makes a new one.
#[derive(Clone, Debug, Default)]
pub struct Routes {
    /// Present when every service also answers under its own name.
    dev: Option<Arc<str>>,
}

impl Routes {
    /// No routes: every path is answered with 404.
    #[must_use]
    pub fn none() -> Self {
        Self::default()
    }

    /// The routes of development: any method of `/services/<name>` and of all paths below it calls the service
    /// `<name>`, through a channel called `dev`.
    #[must_use]
    pub fn dev() -> Self {
        Self { dev: Some(DEV_CHANNEL.into()) }
    }

    /// Where a path leads, as received: percent-encoded, without the query.
    pub(crate) fn find(&self, path: &str) -> Option<Target> {
        let channel = self.dev.as_ref()?;
        let rest = path.strip_prefix(DEV_PREFIX)?;
        let name = rest.split_once('/').map_or(rest, |(name, _)| name);
        let service: Arc<str> = if name.contains('%') { decode(name)?.into() } else { name.into() };
        (!service.is_empty()).then(|| Target { service, channel: Arc::clone(channel), params: Vec::new() })
    }
}

/// Where a request leads.
#[derive(Clone, Debug)]
pub(crate) struct Target {
    pub(crate) service: Arc<str>,
    pub(crate) channel: Arc<str>,
    /// What the path's template captured, decoded.
    pub(crate) params: Vec<Field>,
}

/// Percent-decodes one segment; nothing when it is malformed or not UTF-8.
fn decode(segment: &str) -> Option<String> {
    let mut bytes = segment.bytes();
    let mut decoded = Vec::with_capacity(segment.len());
    while let Some(byte) = bytes.next() {
        if byte != b'%' {
            decoded.push(byte);
            continue;
        }
        let high = char::from(bytes.next()?).to_digit(16)?;
        let low = char::from(bytes.next()?).to_digit(16)?;
        decoded.push(u8::try_from(high * 16 + low).ok()?);
    }
    String::from_utf8(decoded).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn leads_to(path: &str, service: Option<&str>) {
        let target = Routes::dev().find(path);
        assert_eq!(target.as_ref().map(|target| &*target.service), service, "{path}");
        assert!(target.is_none_or(|target| &*target.channel == "dev"));
    }

    #[test]
    fn dev_routes_call_the_service_that_the_path_names() {
        leads_to("/services/hello.hello-world", Some("hello.hello-world"));
        leads_to("/services/hello/", Some("hello"));
        leads_to("/services/hello/a//b%2F/..", Some("hello"));
        leads_to("/services/my%20service/x", Some("my service"));
        leads_to("/services/%c3%B3", Some("\u{f3}"));
    }

    #[test]
    fn everything_else_leads_nowhere() {
        for path in ["", "*", "/", "/services", "/services/", "/services//x", "/Services/a", "/x/services/a"]
        {
            leads_to(path, None);
        }
        for malformed in ["/services/%", "/services/a%2", "/services/%zz", "/services/%ff", "/services/%+1"] {
            leads_to(malformed, None);
        }
        assert!(Routes::none().find("/services/hello").is_none());
    }
}
