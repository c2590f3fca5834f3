//! What of the definitions the document needs.

use crate::routes::Methods;
use caisson_definition::model::{DataFormat, Group};
use caisson_definition::{Channel, RestChannel, Security};
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// Channels that may be described, and what guards them.
#[derive(Debug, Default)]
pub(crate) struct Published {
    pub(super) channels: Vec<Described>,
    /// Security schemes by name.
    pub(super) schemes: BTreeMap<String, Value>,
    /// In development all services are described as well.
    pub(super) dev: bool,
}

/// One channel.
#[derive(Debug)]
pub(super) struct Described {
    pub(super) name: String,
    pub(super) path: String,
    /// In small letters, as the document has them.
    pub(super) methods: Vec<String>,
    pub(super) service: String,
    pub(super) format: Option<DataFormat>,
    /// Names of schemes of which any will do; none when everybody may call.
    pub(super) schemes: Vec<String>,
    pub(super) limited: bool,
}

impl Published {
    /// What of the definitions may be published.
    pub(crate) fn new(channels: &[Channel], security: &[Security], dev: bool) -> Self {
        let mut all = Self { dev, ..Self::default() };
        for channel in channels {
            if let Channel::Rest(rest) = channel
                && rest.openapi
                && rest.enabled
            {
                let described = described(rest, security);
                for (name, scheme) in schemes(security, &described.schemes) {
                    all.schemes.insert(name, scheme);
                }
                all.channels.push(described);
            }
        }
        all
    }

    /// Whether there is anything to describe.
    pub(crate) fn is_empty(&self) -> bool {
        self.channels.is_empty() && !self.dev
    }
}

fn described(channel: &RestChannel, security: &[Security]) -> Described {
    let methods = Methods::of(&channel.methods).names().to_ascii_lowercase();
    let named = methods.split(", ").filter(|name| !matches!(*name, "head" | "options"));
    Described {
        name: channel.name.clone(),
        path: channel.path.clone(),
        methods: named.map(str::to_owned).collect(),
        service: channel.service.clone(),
        format: channel.data_format,
        schemes: ungrouped(security, &channel.security),
        limited: channel.rate_limit.is_some(),
    }
}

/// Names of definitions, groups replaced by their members.
fn ungrouped(security: &[Security], names: &[String]) -> Vec<String> {
    let mut all = Vec::new();
    for name in names {
        let group = security.iter().find_map(|one| match one {
            Security::Group(Group { name: known, members }) if known == name => Some(members),
            _ => None,
        });
        match group {
            Some(members) => all.extend(members.iter().cloned()),
            None => all.push(name.clone()),
        }
    }
    all
}

/// The schemes of these names (OpenAPI 3.1, 4.8.27).
fn schemes(security: &[Security], names: &[String]) -> Vec<(String, Value)> {
    let named = security.iter().filter(|one| names.iter().any(|name| name == one.name()));
    named.filter_map(|one| Some((one.name().to_owned(), scheme(one)?))).collect()
}

fn scheme(security: &Security) -> Option<Value> {
    match security {
        Security::ApiKey(key) => Some(json!({"type": "apiKey", "in": "header", "name": key.header})),
        Security::BasicAuth(_) => Some(json!({"type": "http", "scheme": "basic"})),
        Security::Jwt(_) => Some(json!({"type": "http", "scheme": "bearer", "bearerFormat": "JWT"})),
        Security::Mtls(_) => Some(json!({"type": "mutualTLS"})),
        // Of SOAP only, and groups are taken apart before.
        Security::Wss(_) | Security::Group(_) => None,
    }
}
