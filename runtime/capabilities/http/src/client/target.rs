//! From a path template and its parameters to a URL, and nothing that could be taken for another one.

use crate::error::unfit;
use caisson_capability::{Error, ErrorKind, Fault, Field, grant};
use percent_encoding::{AsciiSet, CONTROLS, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};
use std::collections::HashMap;
use url::{Origin, Url};

/// What stays as it is in a value: the unreserved characters of RFC 3986.
const VALUE: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');
/// What is encoded in the parts that a service writes itself.
const LITERAL: &AsciiSet = &CONTROLS.add(b' ').add(b'"').add(b'<').add(b'>').add(b'^').add(b'`').add(b'|');

/// The URL of a connection: where it leads, and the path that requests go on from.
#[derive(Clone, Debug)]
pub(crate) struct Base {
    pub(crate) url: Url,
    origin: String,
    path: String,
}

impl Base {
    /// Reads what the operator wrote.
    pub(crate) fn parse(text: &str) -> Result<Self, &'static str> {
        const FORM: &str = "write a URL with http or https and a host, e.g. https://crm.example.com/api";
        let (scheme, rest) = split(text).ok_or(FORM)?;
        let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
        let (authority, path) = rest.split_at(end);
        if authority.contains('@') {
            return Err(
                "a name and password in it are not taken; write them into auth: {type: basic, username, password}",
            );
        }
        if path.contains(['?', '#']) {
            return Err(
                "a query or fragment in it is not taken; a key in the query is auth: {type: api-key, query, key}",
            );
        }
        let origin = format!("{scheme}://{authority}");
        let url = whole(&format!("{origin}/")).map_err(|_| FORM)?;
        Ok(Self { url, origin, path: path.to_owned() })
    }

    pub(crate) fn origin(&self) -> Origin {
        self.url.origin()
    }
}

/// Where a request goes.
#[derive(Clone, Debug)]
pub(crate) struct Target {
    pub(crate) url: Url,
    /// What the grants' `paths` are compared with: the path after the connection's own, or a whole URL; no query.
    pub(crate) shown: String,
}

/// What a connection lets its requests lead to.
#[derive(Clone, Debug)]
pub(crate) struct Reach {
    pub(crate) base: Option<Base>,
    pub(crate) any_host: bool,
    pub(crate) hosts: Vec<String>,
}

impl Reach {
    /// Fills the template.
    pub(crate) fn target(&self, path: &str, params: &[Field]) -> Result<Target, Error> {
        let mut params = Params::new(path, params)?;
        if let Some((scheme, rest)) = split(path) {
            return self.elsewhere(scheme, rest, &mut params);
        }
        let Some(base) = &self.base else {
            return Err(unfit(
                "this connection has no url of its own: give a whole URL, e.g. https://api.example.com/orders",
            ));
        };
        let before = params.fill(&base.path)?;
        let (path, query) = halves(path);
        let own = params.fill(path)?;
        let joint = if own.is_empty() || own.starts_with('/') { "" } else { "/" };
        let kept = if own.is_empty() { before.as_str() } else { before.trim_end_matches('/') };
        segments(&format!("{kept}{joint}{own}"))?;
        let query = params.query(query)?;
        let url = whole(&format!("{}{kept}{joint}{own}{query}", base.origin))?;
        let shown = if own.starts_with('/') { own } else { format!("/{own}") };
        Ok(Target { url, shown })
    }

    fn elsewhere(&self, scheme: &str, rest: &str, params: &mut Params<'_>) -> Result<Target, Error> {
        if !self.any_host {
            return Err(unfit(
                "a whole URL is not taken by this connection: give a path, or use a connection with any_host",
            ));
        }
        let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
        let (authority, rest) = rest.split_at(end);
        if authority.contains(['@', '{', '}']) {
            return Err(unfit("a URL must not hold a name and password, nor a parameter before its path"));
        }
        let (path, query) = halves(rest);
        let path = params.fill(path)?;
        segments(&path)?;
        let query = params.query(query)?;
        let mut url = whole(&format!("{scheme}://{authority}{path}{query}"))?;
        self.admits(&url)?;
        let query = url.query().map(str::to_owned);
        url.set_query(None);
        let shown = url.to_string();
        url.set_query(query.as_deref());
        Ok(Target { url, shown })
    }

    /// Where a redirect leads, if it may be followed.
    pub(crate) fn redirect(&self, from: &Url, location: &str) -> Result<Url, Error> {
        const WRONG: &str = "the other side redirects to something that is no URL";
        let broken = |_| crate::error::broken("redirect", WRONG);
        if location.bytes().any(|byte| !(0x21..0x7f).contains(&byte) || byte == b'\\') {
            return Err(crate::error::broken("redirect", WRONG));
        }
        let mut to = from.join(location).map_err(|_| crate::error::broken("redirect", WRONG))?;
        to.set_fragment(None);
        let to = whole(to.as_str()).map_err(broken)?;
        if from.scheme() == "https" && to.scheme() != "https" {
            return Err(crate::error::broken(
                "redirect",
                "the other side redirects from https to http, which is not followed",
            ));
        }
        if self.any_host && to.origin() != from.origin() {
            self.admits(&to)?;
        }
        Ok(to)
    }

    fn admits(&self, url: &Url) -> Result<(), Error> {
        let host = url.host_str().unwrap_or_default();
        let host = host.strip_suffix('.').unwrap_or(host);
        if self.hosts.iter().any(|pattern| grant::matches(&pattern.to_ascii_lowercase(), host)) {
            return Ok(());
        }
        let shown: String = host.chars().take(120).collect();
        let text = format!(
            "this connection does not lead to `{shown}`; to allow it, add to its options: hosts: [\"{shown}\"]"
        );
        Err(Error::new(ErrorKind::AccessDenied, text).fault(Fault::Host))
    }
}

struct Params<'a> {
    all: &'a [Field],
    /// Where the first of each name is.
    known: HashMap<&'a str, usize>,
    used: Vec<bool>,
}

impl<'a> Params<'a> {
    /// Refuses what no URL holds before anything is made of it: in a template, three letters may stand for a megabyte.
    fn new(path: &str, all: &'a [Field]) -> Result<Self, Error> {
        // Each is a letter of the URL at least, and its value is in it.
        let least = all.iter().map(|(_, value)| value.len().max(1)).sum::<usize>();
        if path.len().max(least) > LONGEST {
            return Err(too_long());
        }
        let mut known = HashMap::with_capacity(all.len());
        for (index, (name, _)) in all.iter().enumerate() {
            known.entry(name.as_str()).or_insert(index);
        }
        Ok(Self { all, known, used: vec![false; all.len()] })
    }

    fn fill(&mut self, template: &str) -> Result<String, Error> {
        let mut filled = String::with_capacity(template.len());
        let mut rest = template;
        while let Some((before, after)) = rest.split_once('{') {
            filled.push_str(&literal(before)?);
            let Some((name, after)) = after.split_once('}') else {
                return Err(unfit("a `{` in the path has no `}`"));
            };
            filled.push_str(&self.value(name)?);
            if filled.len() > LONGEST {
                return Err(too_long());
            }
            rest = after;
        }
        filled.push_str(&literal(rest)?);
        Ok(filled)
    }

    fn value(&mut self, name: &str) -> Result<String, Error> {
        let at = self.known.get(name).copied();
        let Some((at, (_, value))) = at.and_then(|at| Some((at, self.all.get(at)?))) else {
            let shown = shown(name);
            return Err(unfit(format!("the path needs a value for `{{{shown}}}`: add it to the parameters")));
        };
        if value.is_empty() {
            let shown = shown(name);
            return Err(unfit(format!("the value for `{{{shown}}}` in the path is empty")));
        }
        if let Some(used) = self.used.get_mut(at) {
            *used = true;
        }
        Ok(utf8_percent_encode(value, VALUE).to_string())
    }

    /// The query that the template has, and the parameters that no path named.
    fn query(&self, written: Option<&str>) -> Result<String, Error> {
        let mut parts = Vec::new();
        if let Some(written) = written.filter(|written| !written.is_empty()) {
            parts.push(literal(written)?);
        }
        for ((name, value), used) in self.all.iter().zip(&self.used) {
            if !used {
                parts.push(format!(
                    "{}={}",
                    utf8_percent_encode(name, VALUE),
                    utf8_percent_encode(value, VALUE)
                ));
            }
        }
        Ok(if parts.is_empty() { String::new() } else { format!("?{}", parts.join("&")) })
    }
}

fn shown(name: &str) -> String {
    name.chars().take(120).collect()
}

fn too_long() -> Error {
    unfit(format!("the URL is longer than {LONGEST} bytes: send what is so long as the body"))
}

/// A part that a service wrote itself.
fn literal(text: &str) -> Result<String, Error> {
    match text.chars().find(|letter| letter.is_control() || matches!(letter, '\\' | '#' | '}')) {
        None => Ok(utf8_percent_encode(text, LITERAL).to_string()),
        Some(letter) => {
            let shown = letter.escape_default();
            Err(unfit(format!("the path holds `{shown}`: give such characters as the value of a parameter")))
        }
    }
}

/// Refuses `.` and `..`, in any form that a server may read as such: they would lead out of what the connection and its grants allow.
fn segments(path: &str) -> Result<(), Error> {
    let decoded = percent_decode_str(path).decode_utf8_lossy();
    // Some servers take what follows a semicolon for a parameter of the segment.
    let plain = |part: &str| part.split(';').next().is_some_and(|name| matches!(name, "." | ".."));
    if decoded.split(['/', '\\']).any(plain) {
        return Err(unfit("the path holds a segment `.` or `..`"));
    }
    Ok(())
}

fn halves(path: &str) -> (&str, Option<&str>) {
    path.split_once('?').map_or((path, None), |(path, query)| (path, Some(query)))
}

/// The scheme and what follows `://`.
fn split(text: &str) -> Option<(&'static str, &str)> {
    ["https", "http"].into_iter().find_map(|scheme| {
        let (start, rest) = text.split_at_checked(scheme.len())?;
        Some((scheme, rest.strip_prefix("://")?)).filter(|_| start.eq_ignore_ascii_case(scheme))
    })
}

/// Reads a whole URL. One reader for all: what is judged is what is connected to.
fn whole(text: &str) -> Result<Url, Error> {
    let wrong = || unfit("this is no URL with a host: write https://host/path");
    let (_, rest) = split(text).ok_or_else(wrong)?;
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let odd = |byte: u8| !(0x21..0x7f).contains(&byte) || byte == b'\\';
    if authority.is_empty() || authority.contains(['@', '%']) || text.bytes().any(odd) || text.len() > LONGEST
    {
        return Err(wrong());
    }
    let url = Url::parse(text).map_err(|_| wrong())?;
    if url.host_str().is_none()
        || !url.username().is_empty()
        || url.password().is_some()
        || url.fragment().is_some()
    {
        return Err(wrong());
    }
    Ok(url)
}

/// The longest URL. Far more than what servers take.
const LONGEST: usize = 64 << 10;

#[cfg(test)]
mod tests {
    use super::*;

    fn reach(url: &str) -> Reach {
        Reach { base: Some(Base::parse(url).unwrap()), any_host: false, hosts: Vec::new() }
    }

    fn field(name: &str, value: &str) -> Field {
        (name.to_owned(), value.to_owned())
    }

    #[test]
    fn paths_take_parameters_and_the_rest_becomes_the_query() {
        let params = [field("id", "a/b?c#d é"), field("q", "x&y"), field("q", "2"), field("tenant", "t1")];
        for (url, path, expected, shown) in [
            (
                "https://a.example",
                "/c/{id}",
                "https://a.example/c/a%2Fb%3Fc%23d%20%C3%A9?q=x%26y&q=2&tenant=t1",
                "/c/a%2Fb%3Fc%23d%20%C3%A9",
            ),
            (
                "https://a.example/api/",
                "c",
                "https://a.example/api/c?id=a%2Fb%3Fc%23d%20%C3%A9&q=x%26y&q=2&tenant=t1",
                "/c",
            ),
            (
                "https://a.example/{tenant}/{id}",
                "",
                "https://a.example/t1/a%2Fb%3Fc%23d%20%C3%A9?q=x%26y&q=2",
                "/",
            ),
            (
                "https://a.example/{tenant}/{id}",
                "/x?y=z",
                "https://a.example/t1/a%2Fb%3Fc%23d%20%C3%A9/x?y=z&q=x%26y&q=2",
                "/x",
            ),
        ] {
            let target = reach(url).target(path, &params).unwrap();
            assert_eq!((target.url.as_str(), target.shown.as_str()), (expected, shown));
        }
        assert_eq!(reach("http://a.example/x/").target("", &[]).unwrap().url.as_str(), "http://a.example/x/");
    }

    #[test]
    fn a_path_cannot_become_another_host() {
        for path in
            ["//evil.example/x", "@evil.example", ":80@evil.example", ".evil.example", "/x@evil.example"]
        {
            let target = reach("https://a.example").target(path, &[]).unwrap();
            assert_eq!(target.url.host_str(), Some("a.example"), "{path}");
        }
    }

    #[test]
    fn what_leads_out_of_the_path_or_splits_the_request_is_refused() {
        let dots = [field("id", "..")];
        for path in [
            "/../admin",
            "/v1/..",
            "/v1/%2e%2E/admin",
            "/v1/.%2e/x",
            "/v1/..%2fadmin",
            "/v1/..%5cadmin",
            "/./x",
            "/v1/{id}/x",
            "/..;/x",
            "/x\\..\\y",
            "/x\r\nHost: evil",
            "/x\n",
            "/x\0",
            "/x#y",
            "/{missing}",
            "/{id",
            "/x}",
            "/x?a=b\r\nc",
            "https://b.example/",
            "HTTP://b.example/",
        ] {
            let error = reach("https://a.example/api").target(path, &dots).unwrap_err();
            assert_eq!(error.kind, ErrorKind::InvalidInput, "{path}");
        }
        let split = [field("id", "a\r\nHost: evil")];
        let target = reach("https://a.example").target("/{id}", &split).unwrap();
        assert_eq!(target.url.path(), "/a%0D%0AHost%3A%20evil");
    }

    #[test]
    fn what_no_url_holds_is_refused_before_it_is_put_together() {
        let base = reach("https://a.example/api");
        let megabyte = [field("a", &"x".repeat(1 << 20))];
        let many: Vec<Field> = (0..LONGEST).map(|number| field(&number.to_string(), "")).collect();
        let large = [field("a", &"x".repeat(40_000))];
        for (path, params) in [
            ("{a}".repeat(20_000), &megabyte[..]),
            ("{a}{a}".to_owned(), &large[..]),
            ("/".repeat(LONGEST + 1), &[]),
            ("/x".to_owned(), &many[..]),
            ("/x".to_owned(), &megabyte[..]),
        ] {
            let error = base.target(&path, params).unwrap_err();
            assert_eq!(error.kind, ErrorKind::InvalidInput, "{}", path.len());
        }
        assert!(base.target("/{a}", &large).is_ok());
    }

    #[test]
    fn whole_urls_are_read_in_one_way_and_judged_by_their_host() {
        let any = Reach {
            base: None,
            any_host: true,
            hosts: vec!["*.example.com".to_owned(), "127.0.0.1".to_owned()],
        };
        for (url, expected) in [
            ("https://api.example.com/x?y=1", Some("api.example.com")),
            ("HTTPS://API.EXAMPLE.COM/x", Some("api.example.com")),
            ("https://api.example.com", Some("api.example.com")),
            // Normalised before it is judged, here and by the egress policy.
            ("http://2130706433/", Some("127.0.0.1")),
            ("http://0x7f.1/", Some("127.0.0.1")),
            ("http://0177.0.0.1/", Some("127.0.0.1")),
            ("https://evil.example/", None),
            ("https://api.example.com.evil.example/", None),
            ("https://api.example.com@evil.example/", None),
            ("https://evil.example@api.example.com/", None),
            ("https://evil.example\\@api.example.com/", None),
            ("https://evil.example%2f.example.com/", None),
            ("https://evil.example#.example.com/", None),
            ("https://evil.example?.example.com/", None),
            ("https://{h}.example.com/", None),
            ("https://a.example.com\r\n/", None),
            ("https:///x", None),
            ("file:///etc/passwd", None),
            ("https://ａ.example.com/", None),
            ("https://[::ffff:127.0.0.1]/", None),
        ] {
            let target = any.target(url, &[]);
            assert_eq!(
                target.ok().and_then(|target| target.url.host_str().map(str::to_owned)).as_deref(),
                expected,
                "{url}"
            );
        }
        let target = any.target("https://api.example.com/x?y=1", &[]).unwrap();
        assert_eq!(target.shown, "https://api.example.com/x");
    }

    #[test]
    fn redirects_are_joined_and_never_leave_tls() {
        let reach = reach("https://a.example");
        let from = Url::parse("https://a.example/b/c").unwrap();
        for (location, expected) in [
            ("/x", Some("https://a.example/x")),
            ("d#e", Some("https://a.example/b/d")),
            ("https://b.example/", Some("https://b.example/")),
            ("//b.example/y", Some("https://b.example/y")),
            ("http://a.example/", None),
            ("https://u:p@b.example/", None),
            ("file:///etc/passwd", None),
            ("\\\\b.example", None),
            ("javascript:1", None),
        ] {
            assert_eq!(
                reach.redirect(&from, location).ok().as_ref().map(Url::as_str),
                expected,
                "{location}"
            );
        }
    }
}
