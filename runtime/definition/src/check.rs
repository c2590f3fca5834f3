//! What cannot be seen from the shape alone: names that lead nowhere, rules that contradict each other.
//!
//! A server checks every submission again, whoever has checked it before.

use crate::documents::Submission;
use crate::model::{
    BasicAuth, Channel, Definitions, Jwt, JwtAlgorithm, RateBy, RateLimit, RestChannel, Security, SoapChannel,
};
use crate::nearest::hint;
use crate::uses::Uses;
use caisson_capability::Catalog;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet, HashSet};

/// Longest name.
const MAX_NAME: usize = 120;

/// Something that is wrong, or odd.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// Where: `channels/hello/path`.
    pub place: String,
    /// What, and what to write instead.
    pub message: String,
    /// It is accepted all the same.
    pub warning: bool,
}

/// All that is wrong or odd. No message quotes what a reference stands for.
#[must_use]
pub fn check(submission: &Submission, catalog: &Catalog) -> Vec<Finding> {
    let mut found = findings(&submission.definitions, catalog);
    for finding in found.iter_mut().filter(|finding| !finding.warning) {
        if let Some(reference) = submission.references.get(&finding.place) {
            finding.message = format!(
                "what `{reference}` stands for is empty or of a form that is not taken here: set it to another value"
            );
        }
    }
    found
}

fn findings(definitions: &Definitions, catalog: &Catalog) -> Vec<Finding> {
    let mut checks = Checks { found: Vec::new(), security: &definitions.security };
    let security: Vec<&str> = definitions.security.iter().map(Security::name).collect();
    let connections: Vec<&str> = definitions.connections.iter().map(|one| one.name.as_str()).collect();
    let channels: Vec<&str> = definitions.channels.iter().map(Channel::name).collect();
    for (section, names) in [("security", &security), ("connections", &connections), ("channels", &channels)]
    {
        checks.names(section, names);
    }
    definitions.security.iter().for_each(|one| checks.definition(one));
    definitions.channels.iter().for_each(|one| checks.channel(one));
    checks.shadowed(&definitions.channels);
    let uses = Uses { connections: &definitions.connections, catalog };
    checks.found.extend(uses.findings(definitions));
    for (index, grant) in definitions.grants.iter().enumerate() {
        if !connections.contains(&grant.connection.as_str()) {
            let hint = hint(&grant.connection, connections.iter().copied());
            checks.error(
                &format!("grants/{index}/connection"),
                format!("there is no connection `{}`{hint}", grant.connection),
            );
        }
        if grant.services.is_empty() || grant.operations.is_empty() {
            let text = "a grant names at least one service and one operation (`*` for all)";
            checks.error(&format!("grants/{index}"), text);
        }
    }
    for connection in &definitions.connections {
        checks.options(&format!("connections/{}", connection.name), &connection.options);
    }
    let shape = crate::validate::revalidate(definitions, &crate::schema::schema(catalog));
    checks.found.extend(shape.into_iter().map(|(place, message)| Finding { place, message, warning: false }));
    let mut told = HashSet::new();
    checks.found.retain(|finding| told.insert((finding.place.clone(), finding.message.clone())));
    checks.found
}

struct Checks<'a> {
    found: Vec<Finding>,
    security: &'a [Security],
}

impl Checks<'_> {
    fn error(&mut self, place: &str, message: impl Into<String>) {
        self.found.push(Finding { place: place.to_owned(), message: message.into(), warning: false });
    }

    fn warning(&mut self, place: &str, message: impl Into<String>) {
        self.found.push(Finding { place: place.to_owned(), message: message.into(), warning: true });
    }

    fn names(&mut self, section: &str, names: &[&str]) {
        let mut seen = HashSet::new();
        for name in names {
            let place = format!("{section}/{name}/name");
            let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
            if name.is_empty() || name.len() > MAX_NAME || !name.chars().all(fits) {
                let text = format!("`{name}`: a name has 1 to {MAX_NAME} letters, digits, and . _ -");
                self.error(&place, text);
            }
            if !seen.insert(*name) {
                self.error(&place, format!("the name `{name}` is taken already in `{section}`"));
            }
        }
    }

    fn definition(&mut self, definition: &Security) {
        let place = format!("security/{}", definition.name());
        match definition {
            Security::Jwt(jwt) => self.jwt(&place, jwt),
            Security::Mtls(mtls) if mtls.subjects.is_empty() && mtls.fingerprints.is_empty() => {
                self.error(&place, "`subjects` or `fingerprints` has to say which certificates are accepted");
            }
            Security::Group(group) => {
                for (index, member) in group.members.iter().enumerate() {
                    let place = format!("{place}/members/{index}");
                    match self.security.iter().find(|one| one.name() == member) {
                        None => self.unknown_security(&place, member),
                        Some(Security::Group(_)) => {
                            self.error(&place, format!("`{member}` is a group: groups cannot hold groups"));
                        }
                        Some(_) => {}
                    }
                }
            }
            Security::BasicAuth(BasicAuth { username, .. }) if username.contains(':') => {
                self.error(&format!("{place}/username"), "a user name of basic auth has no colon (RFC 7617)");
            }
            Security::ApiKey(key) if !is_token(&key.header) => {
                self.error(&format!("{place}/header"), format!("`{}` is no name of a header", key.header));
            }
            _ => {}
        }
    }

    fn jwt(&mut self, place: &str, jwt: &Jwt) {
        use JwtAlgorithm::{HS256, HS384, HS512};
        let sources =
            [jwt.secret.is_some(), jwt.public_key.is_some(), jwt.jwks.is_some(), jwt.jwks_url.is_some()];
        if sources.iter().filter(|given| **given).count() != 1 {
            self.error(place, "exactly one of `secret`, `public_key`, `jwks` and `jwks_url` has to be given");
        }
        let symmetric = |one: &JwtAlgorithm| matches!(one, HS256 | HS384 | HS512);
        let any = jwt.algorithms.iter().any(symmetric);
        let all = jwt.algorithms.iter().all(symmetric);
        // A public key that is taken for a shared secret lets everybody sign.
        if any && !all {
            self.error(&format!("{place}/algorithms"), "HS algorithms cannot be mixed with others");
        } else if jwt.secret.is_some() != any {
            let text = "HS algorithms go with `secret`, and the others with a public key";
            self.error(&format!("{place}/algorithms"), text);
        }
    }

    /// Documents keep secrets under `$secret`: an option of that name would be taken for one, and could not be opened. `<<` is
    /// what YAML merges with: what has such an option could not be read again once it was exported.
    fn options<'a>(&mut self, place: &str, options: impl IntoIterator<Item = (&'a String, &'a Value)>) {
        for (name, value) in options {
            let place = format!("{place}/{name}");
            if name == "$secret" || name == "<<" {
                self.error(&place, format!("`{name}` cannot be the name of an option: choose another one"));
            }
            self.nested(&place, value);
        }
    }

    fn nested(&mut self, place: &str, value: &Value) {
        match value {
            Value::Object(fields) => self.options(place, fields),
            Value::Array(items) => {
                for (index, item) in items.iter().enumerate() {
                    self.nested(&format!("{place}/{index}"), item);
                }
            }
            _ => {}
        }
    }

    fn unknown_security(&mut self, place: &str, name: &str) {
        let hint = hint(name, self.security.iter().map(Security::name));
        self.error(place, format!("there is no security definition `{name}`{hint}"));
    }

    fn channel(&mut self, channel: &Channel) {
        let place = format!("channels/{}", channel.name());
        let (path, security, limit) = match channel {
            Channel::Rest(rest) => (&rest.path, &rest.security, &rest.rate_limit),
            Channel::Soap(soap) => (&soap.path, &soap.security, &soap.rate_limit),
            Channel::Inbound(_) => return,
        };
        if let Err(message) = check_path(path) {
            self.error(&format!("{place}/path"), message);
        }
        for (index, name) in security.iter().enumerate() {
            let place = format!("{place}/security/{index}");
            match self.security.iter().find(|one| one.name() == name) {
                None => self.unknown_security(&place, name),
                Some(Security::Wss(_)) if matches!(channel, Channel::Rest(_)) => {
                    self.error(&place, format!("`{name}` is for SOAP channels only (type wss)"));
                }
                Some(_) => {}
            }
        }
        if let Some(RateLimit { by: RateBy::Principal, .. }) = limit
            && security.is_empty()
        {
            let text = "nobody is authenticated here: give the channel `security`, or count by address";
            self.error(&format!("{place}/rate_limit/by"), text);
        }
        match channel {
            Channel::Rest(rest) => self.rest(&place, rest),
            Channel::Soap(soap) => self.soap(&place, soap),
            Channel::Inbound(_) => {}
        }
    }

    fn rest(&mut self, place: &str, rest: &RestChannel) {
        if rest.service.is_empty() {
            self.error(
                &format!("{place}/service"),
                "`service` must not be empty: name the service that answers",
            );
        }
        if rest.path.starts_with("/services/") {
            let text =
                "in development mode paths below /services/ call services by name: this channel comes first";
            self.warning(&format!("{place}/path"), text);
        }
        if let Some(cors) = &rest.cors
            && cors.credentials
            && cors.origins.iter().any(|origin| origin == "*")
        {
            let text = "credentials cannot be allowed to all origins: name the origins";
            self.error(&format!("{place}/cors/credentials"), text);
        }
    }

    fn soap(&mut self, place: &str, soap: &SoapChannel) {
        if soap.service.is_none() && soap.operations.is_empty() {
            self.error(place, "`service` or `operations` has to say who answers");
        }
        for name in soap.operations.iter().filter_map(|(name, service)| service.is_empty().then_some(name)) {
            let text = format!("operation `{name}` has no service: name the one that answers");
            self.error(&format!("{place}/operations/{name}"), text);
        }
        for name in soap.operations.keys().filter(|name| !is_element(name)) {
            let text = format!(
                "`{name}` cannot be an operation: it is the local name of an XML element, without prefix and blanks"
            );
            self.error(&format!("{place}/operations/{name}"), text);
        }
        if soap.service.as_ref().is_some_and(String::is_empty) {
            let text = "`service` must not be empty: name the service that answers, or leave it out";
            self.error(&format!("{place}/service"), text);
        }
        if soap
            .wsdl
            .as_ref()
            .is_some_and(|wsdl| !wsdl.trim_start_matches(['\u{feff}', ' ', '\r', '\n']).starts_with('<'))
        {
            let text = "`wsdl` has to be the document itself: to take it from a file, write ${file:PATH}";
            self.error(&format!("{place}/wsdl"), text);
        }
        if soap.namespace.as_ref().is_some_and(|namespace| !is_namespace(namespace)) {
            let text = "`namespace` has to be a URI without blanks; leave it out to take any";
            self.error(&format!("{place}/namespace"), text);
        }
    }

    /// Channels that no request can reach, because one before them takes all.
    fn shadowed(&mut self, channels: &[Channel]) {
        let mut seen: BTreeMap<_, Vec<(&str, BTreeSet<&str>)>> = BTreeMap::new();
        for channel in channels {
            let (path, accept, methods): (_, _, BTreeSet<&str>) = match channel {
                Channel::Rest(rest) if rest.enabled => {
                    (&rest.path, rest.accept.as_deref(), rest.methods.iter().map(String::as_str).collect())
                }
                Channel::Soap(soap) if soap.enabled => (&soap.path, None, BTreeSet::from(["GET", "POST"])),
                Channel::Rest(_) | Channel::Soap(_) | Channel::Inbound(_) => continue,
            };
            let before = seen.entry((shape(path), accept)).or_default();
            let covers = |earlier: &BTreeSet<&str>| {
                earlier.is_empty() || (!methods.is_empty() && methods.is_subset(earlier))
            };
            if let Some((first, _)) = before.iter().find(|(_, earlier)| covers(earlier)) {
                let text = format!("no request comes here: `{first}` has the same path and is first");
                self.found.push(Finding {
                    place: format!("channels/{}/path", channel.name()),
                    message: text,
                    warning: true,
                });
            }
            before.push((channel.name(), methods));
        }
    }
}

/// Whether this may be the local name of an element, as far as it matters here: what a request cannot have is of no use.
fn is_element(name: &str) -> bool {
    let begins = |c: char| c.is_alphabetic() || c == '_';
    let goes_on = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-' | '.');
    name.chars().next().is_some_and(begins) && name.chars().all(goes_on)
}

fn is_namespace(text: &str) -> bool {
    !text.is_empty()
        && !text.chars().any(|c| c.is_whitespace() || c.is_control() || matches!(c, '<' | '>' | '"'))
}

/// A path without the names of its parameters, which make no difference to what it answers.
fn shape(path: &str) -> String {
    let mut inside = false;
    let named = |c: &char| {
        let kept = !inside || *c == '}';
        inside = (inside || *c == '{') && *c != '}';
        kept
    };
    path.chars().filter(named).collect()
}

fn check_path(path: &str) -> Result<(), String> {
    if !path.starts_with('/') {
        return Err(format!("`{path}`: a path begins with `/`"));
    }
    if path.contains(['?', '#']) {
        return Err("a path has no `?` and no `#`: the query comes with the request".to_owned());
    }
    if path.split('/').any(|segment| matches!(segment, "." | "..")) {
        return Err(format!("`{path}` has a segment `.` or `..`, which no request has: leave it out"));
    }
    if path.chars().any(|c| c.is_whitespace() || c.is_control()) {
        return Err("a path has no blanks: write %20, or let a parameter take it".to_owned());
    }
    let mut names = BTreeSet::new();
    let mut rest = path;
    while let Some(brace) = rest.find(['{', '}']) {
        let after = rest.get(brace..).unwrap_or_default();
        let Some((name, further)) = after.strip_prefix('{').and_then(|inside| inside.split_once('}')) else {
            return Err("braces do not match: a parameter is written {name}".to_owned());
        };
        let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-');
        if name.is_empty() || !name.chars().all(fits) {
            return Err(format!("`{{{name}}}`: the name of a parameter has letters, digits, _ and -"));
        }
        if !names.insert(name) {
            return Err(format!("the parameter `{name}` is there twice"));
        }
        if further.starts_with('{') {
            return Err(format!("something has to stand between `{{{name}}}` and the next parameter"));
        }
        rest = further;
    }
    Ok(())
}

/// Whether a text can name a header (RFC 9110, section 5.6.2).
fn is_token(text: &str) -> bool {
    let fits = |c: char| c.is_ascii_alphanumeric() || "!#$%&'*+-.^_`|~".contains(c);
    !text.is_empty() && text.chars().all(fits)
}
