//! Security definitions and groups.

use super::channel::ROLES;
use super::limits::{self, Limits};
use super::sections::What;
use super::{Guard, Work};
use crate::entry::{Fields, Section, Shape};
use crate::item::{Item, scalar};
use crate::report::Kind;
use crate::text::variable;
use std::collections::HashSet;

/// Options that name a definition.
pub(super) const NAMING: [&str; 4] = ["security", "security_name", "sec_def", "security_def"];

/// Words by which 3.2 says that there is no definition.
const NONE: [&str; 3] = ["zato-no-security", "ZATO_NONE", "ZATO_SEC_USE_RBAC"];

/// Why a definition that is off is left out.
const OFF: &str = "it is switched off, and a definition here is always on";

/// The definition that an object names, if it names one.
pub(super) fn named(item: &mut Item<'_>) -> Result<Vec<String>, &'static str> {
    let mut names: Vec<String> = Vec::new();
    for key in NAMING {
        let Some(node) = item.take(key) else { continue };
        let name = scalar(node).ok_or("what `security` says is not understood: write it by hand")?;
        if name == "ZATO_SEC_USE_RBAC" {
            return Err(ROLES);
        }
        if !NONE.contains(&name.as_str()) && !names.contains(&name) {
            names.push(name);
        }
    }
    Ok(names)
}

/// Which definitions are used for what.
#[derive(Debug, Default)]
pub(super) struct Usage {
    inwards: HashSet<String>,
    outwards: HashSet<String>,
}

impl Usage {
    /// Looks at all objects.
    pub(super) fn of(items: &[(What, Item<'_>)]) -> Self {
        let mut usage = Self::default();
        for (what, item) in items {
            let names = NAMING.iter().filter_map(|key| item.look(key).and_then(scalar));
            match what {
                What::RestConnection | What::SoapConnection => usage.outwards.extend(names),
                What::RestChannel | What::SoapChannel => usage.inwards.extend(names),
                What::Group => {
                    let members = item.look("members").map(|node| &node.content);
                    if let Some(caisson_definition::yaml::Content::List(members)) = members {
                        usage.inwards.extend(members.iter().filter_map(scalar));
                    }
                }
                What::Security | What::Sql | What::Nothing(_) => {}
            }
        }
        usage
    }

    /// Whether a definition is for calls to others only: it lets nobody in, then.
    fn is_outwards_only(&self, name: &str) -> bool {
        self.outwards.contains(name) && !self.inwards.contains(name)
    }
}

/// What a definition becomes.
struct Both {
    /// As a definition, or why it is none.
    inwards: Result<Fields, &'static str>,
    /// As a part of a connection, or why not.
    outwards: Result<Fields, &'static str>,
}

impl Both {
    fn neither(reason: &'static str) -> Self {
        Self { inwards: Err(reason), outwards: Err(reason) }
    }
}

/// Carries a definition over.
pub(super) fn definition(work: &mut Work, mut item: Item<'_>, usage: &Usage) {
    let outwards_only = usage.is_outwards_only(&item.name);
    let kind = item.text(&["type", "sec_type"]).map(|(text, _)| text.trim().to_ascii_lowercase());
    let active = work.is_active(&mut item);
    let limits =
        if outwards_only { Ok(Limits::default()) } else { limits::read(work, &mut item, "principal") };
    let both = match kind.as_deref() {
        Some("basic_auth" | "basic-auth") => basic(work, &mut item),
        Some("apikey" | "api_key" | "api-key") => api_key(work, &mut item),
        Some("wss") => wss(work, &mut item),
        Some("bearer_token" | "oauth" | "oauth2" | "bearer") => bearer(work, &mut item),
        Some("mtls" | "tls_channel_sec") => mtls(work, &mut item),
        other => Both::neither(why_not(other)),
    };
    let mut guard = Guard { name: item.new_name.clone(), is_written: false, auth: both.outwards };
    if !active {
        guard.auth = Err(OFF);
    }
    if outwards_only {
        if guard.auth.is_ok() {
            let text = "connections alone use it: it is for the `auth` of each, and lets nobody in";
            work.finding(&item, item.at, Kind::Note, None, text);
        }
        work.leftovers(&item);
    } else {
        match (both.inwards, limits) {
            (Ok(mut fields), Ok(limits)) => {
                limits.write(&mut fields);
                guard.is_written = active;
                work.entry(&item, Section::Security, fields, (!active).then(|| OFF.to_owned()));
            }
            (Ok(fields), Err(reason)) => {
                work.entry(&item, Section::Security, fields, Some(reason.to_owned()));
            }
            (Err(reason), _) => work.finding(&item, item.at, Kind::LeftOut, None, reason),
        }
    }
    work.definitions.insert(item.name, guard);
}

fn why_not(kind: Option<&str>) -> &'static str {
    match kind {
        Some("jwt") => {
            "Zato makes such tokens itself, out of a user name and a password; here tokens come from an issuer: write a \
             definition of type jwt with its keys"
        }
        Some("vault_conn_sec" | "vault") => "there is no Vault here: write a definition of another type",
        Some("ntlm") => "NTLM is not spoken by this version",
        Some("spnego" | "kerberos") => "Kerberos is not spoken by this version",
        Some("aws") => "AWS signatures are not made by this version",
        Some("tls_key_cert") => "certificates of connections are not carried over: write `tls` by hand",
        Some(_) => "its type is not known here",
        None => "it has no `type`",
    }
}

/// A secret as a reference, never as it stands in the source.
pub(super) fn secret(
    work: &mut Work,
    item: &mut Item<'_>,
    section: &str,
    keys: &[&'static str],
    field: &str,
) -> String {
    let place = format!("{section}/{}/{field}", item.new_name);
    match item.text(keys) {
        None => work.variables.invented(
            &place,
            item.at,
            "exports never hold secrets: it is the one that Zato knows",
        ),
        Some((text, at)) => match variable(&text) {
            Some(name) => work.variables.named(name, at),
            None => work.variables.invented(
                &place,
                at,
                "the secret stands in the source, and was not copied from there",
            ),
        },
    }
}

fn username(work: &mut Work, item: &mut Item<'_>) -> Option<Shape> {
    work.text(item, &["username"]).map(Shape::text)
}

const NO_USER: &str = "it has no `username`";

fn basic(work: &mut Work, item: &mut Item<'_>) -> Both {
    let user = username(work, item);
    let realm = work.text(item, &["realm"]).filter(|realm| *realm != item.new_name);
    let password = secret(work, item, "security", &["password", "secret"], "password");
    let Some(user) = user else { return Both::neither(NO_USER) };
    let proof = vec![("username", user), ("password", Shape::text(password))];
    let typed = |name| [vec![("type", Shape::text(name))], proof.clone()].concat();
    let (mut fields, auth) = (typed("basic-auth"), typed("basic"));
    fields.extend(realm.map(|realm| ("realm", Shape::text(realm))));
    Both { inwards: Ok(fields), outwards: Ok(auth) }
}

/// The header that keys are in where nothing else is said.
const USUAL: &str = "X-API-Key";

fn api_key(work: &mut Work, item: &mut Item<'_>) -> Both {
    // Zato asks for a user name and does nothing with it.
    let _user = item.take("username");
    let header = work.text(item, &["header"]).unwrap_or_else(|| USUAL.to_owned());
    let key = secret(work, item, "security", &["password", "secret", "key", "api_key"], "key");
    let auth =
        vec![("type", Shape::text("api-key")), ("header", Shape::text(header)), ("key", Shape::text(key))];
    let mut fields = auth.clone();
    fields.retain(|field| *field != ("header", Shape::text(USUAL)));
    Both { inwards: Ok(fields), outwards: Ok(auth) }
}

fn wss(work: &mut Work, item: &mut Item<'_>) -> Both {
    let user = username(work, item);
    let password = secret(work, item, "security", &["password", "secret"], "password");
    let as_text =
        item.text(&["password_type"]).is_some_and(|(text, _)| text.to_ascii_lowercase().contains("text"));
    let age =
        work.number(item, "reject_expiry_limit").filter(|age| (1..=86_400).contains(age) && *age != 300);
    // Nonces and old messages are always looked at here.
    for key in ["reject_empty_nonce_creat", "reject_stale_tokens", "nonce_freshness_time"] {
        let _always = item.take(key);
    }
    let Some(user) = user else { return Both::neither(NO_USER) };
    let mut fields =
        vec![("type", Shape::text("wss")), ("username", user), ("password", Shape::text(password))];
    if as_text {
        fields.push(("allow_text", Shape::Switch(true)));
    }
    fields.extend(age.map(|age| ("max_age_secs", Shape::Number(age))));
    let outwards = Err("WS-Security is for SOAP, and connections for that are part of a later version");
    Both { inwards: Ok(fields), outwards }
}

/// A token that is always the same, or one that an authorization server gives (RFC 6749).
fn bearer(work: &mut Work, item: &mut Item<'_>) -> Both {
    const INWARDS: &str = "the file does not tell how such tokens are verified: write a definition of type jwt with the issuer's keys";
    if item.look("static_token").is_some() {
        let header = work.text(item, &["static_header"]).unwrap_or_else(|| "Authorization".to_owned());
        let prefix = work.text(item, &["static_prefix"]).unwrap_or_else(|| "Bearer".to_owned());
        let token = secret(work, item, "security", &["static_token"], "token");
        let _user = (item.take("username"), item.take("password"));
        let auth = if header.eq_ignore_ascii_case("authorization") && prefix == "Bearer" {
            vec![("type", Shape::text("bearer")), ("token", Shape::text(token))]
        } else {
            let key = Shape::text(format!("{prefix} {token}"));
            vec![("type", Shape::text("api-key")), ("header", Shape::text(header)), ("key", key)]
        };
        return Both { inwards: Err(INWARDS), outwards: Ok(auth) };
    }
    let endpoint = work.text(item, &["auth_endpoint", "auth_server_url"]);
    let client = username(work, item);
    let method = item.text(&["client_auth_method"]).map(|(method, _)| method).unwrap_or_default();
    if !(method.is_empty() || method.starts_with("client_secret")) {
        let reason = "it proves who it is by a signature, which connections of this version cannot";
        return Both { inwards: Err(INWARDS), outwards: Err(reason) };
    }
    let scopes = item.texts("scopes").unwrap_or_default();
    let client_secret = secret(work, item, "security", &["password", "secret"], "password");
    let (Some(endpoint), Some(client)) = (endpoint, client) else {
        return Both { inwards: Err(INWARDS), outwards: Err("it lacks `auth_endpoint` or `username`") };
    };
    let mut auth = vec![
        ("type", Shape::text("oauth2")),
        ("token_url", Shape::text(endpoint)),
        ("client_id", client),
        ("client_secret", Shape::text(client_secret)),
    ];
    if method == "client_secret_post" {
        auth.push(("client_auth", Shape::text("body")));
    }
    if !scopes.is_empty() {
        let scopes = scopes.iter().flat_map(|one| one.split_whitespace());
        auth.push(("scopes", Shape::texts(scopes.map(crate::text::escaped))));
    }
    Both { inwards: Err(INWARDS), outwards: Ok(auth) }
}

fn mtls(work: &mut Work, item: &mut Item<'_>) -> Both {
    const REASON: &str =
        "which certificates are accepted does not show in `subjects` or `fingerprints`: write them by hand";
    let mut fields = vec![("type", Shape::text("mtls"))];
    for (field, keys) in [
        ("subjects", ["subjects", "subject", "common_name"]),
        ("fingerprints", ["fingerprints", "fingerprint", "sha256"]),
    ] {
        let texts: Vec<String> =
            keys.into_iter().flat_map(|key| item.texts(key).unwrap_or_default()).collect();
        if !texts.is_empty() {
            let texts = texts.iter().map(|text| work.variables.written(text, item.at)).collect::<Vec<_>>();
            fields.push((field, Shape::texts(texts)));
        }
    }
    // 3.2 lists fields of the subject. More than the common name cannot be asked for, and less would let others in.
    let lines = item.texts("value").unwrap_or_default();
    let names: Option<Vec<String>> =
        lines.iter().map(|line| Some(crate::text::escaped(line.strip_prefix("CN=")?.trim()))).collect();
    match names {
        Some(names) if fields.len() == 1 && names.len() == 1 => {
            fields.push(("subjects", Shape::texts(names)));
        }
        Some(names) if names.is_empty() => {}
        _ => return Both::neither(REASON),
    }
    if fields.len() == 1 {
        return Both::neither(REASON);
    }
    let outwards = Err("certificates of connections are not carried over: write `tls` by hand");
    Both { inwards: Ok(fields), outwards }
}

/// Carries a group over. A member that cannot be is left out, as the group lets in fewer callers then.
pub(super) fn group(work: &mut Work, mut item: Item<'_>) {
    let _kind = item.take("type");
    let active = work.is_active(&mut item);
    let at = item.look("members").map_or(item.at, |node| node.at);
    let names = item.texts("members").unwrap_or_default();
    let mut members: Vec<String> = Vec::new();
    for name in names {
        match work.definitions.get(&name) {
            Some(guard) if guard.is_written => {
                if !members.contains(&guard.name) {
                    members.push(guard.name.clone());
                }
            }
            known => {
                let what = if known.is_some() { "was left out" } else { "is not in the file" };
                let text = format!("the member `{}` {what}", crate::text::shown(&name));
                work.option(&item, "members", at, &text);
            }
        }
    }
    let limits = limits::read(work, &mut item, "principal");
    if limits.is_ok_and(|limits| limits.is_something()) {
        work.option(&item, "rate_limiting", item.at, "a group has no limits: write them into its members");
    }
    let reason = match (active, members.is_empty()) {
        (false, _) => Some(OFF),
        (true, true) => Some("none of its members is left"),
        (true, false) => None,
    };
    let guard =
        Guard { name: item.new_name.clone(), is_written: reason.is_none(), auth: Err("it is a group") };
    let fields = vec![("type", Shape::text("group")), ("members", Shape::texts(members))];
    work.entry(&item, Section::Security, fields, reason.map(str::to_owned));
    work.groups.insert(item.name, guard);
}
