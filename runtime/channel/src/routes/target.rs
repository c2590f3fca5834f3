//! Where a request leads, and what holds there.

use crate::soap::Endpoint;
use caisson_capability::ChannelInfo;
use caisson_definition::model::{BodyPriority, Cors, DataFormat, RateBy, UrlPriority};
use caisson_definition::{RestChannel, SoapChannel};
use caisson_security::{Guard, Guards, Limiter, Shared};
use http::Method;
use ipnet::IpNet;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

/// All methods that channels can answer, in the order in which `Allow` names them. A set of them is a mask of places.
const METHODS: [&str; 7] = ["DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT"];

/// A set of methods.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Methods(u8);

impl Methods {
    /// Those of a channel. HEAD comes with GET.
    pub(crate) fn of(names: &[String]) -> Self {
        let names: Vec<&str> = if names.is_empty() {
            METHODS.into_iter().filter(|name| *name != "OPTIONS").collect()
        } else {
            names.iter().map(String::as_str).collect()
        };
        let set = names.into_iter().fold(Self::default(), |set, name| set.with(Self::one(name)));
        if set.has(Self::one("GET")) { set.with(Self::one("HEAD")) } else { set }
    }

    /// One method; the empty set if no channel can answer it.
    pub(crate) fn one(name: &str) -> Self {
        METHODS.iter().position(|known| *known == name).map_or(Self(0), |place| Self(1 << place))
    }

    /// Those of the set, each by its name.
    pub(crate) fn each(self) -> impl Iterator<Item = &'static str> {
        METHODS.into_iter().filter(move |name| self.has(Self::one(name)))
    }

    pub(crate) fn all() -> Self {
        Self(0x7f)
    }

    pub(crate) fn with(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Whether they have a method in common.
    pub(crate) fn has(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }

    /// As `Allow` names them.
    pub(crate) fn names(self) -> String {
        self.each().collect::<Vec<_>>().join(", ")
    }
}

impl From<&Method> for Methods {
    fn from(method: &Method) -> Self {
        Self::one(method.as_str())
    }
}

/// Where a request leads.
#[derive(Debug)]
pub(crate) struct Target {
    pub(crate) service: Arc<str>,
    pub(crate) channel: Arc<ChannelInfo>,
    /// What the operator set; nothing on channels of the host's own.
    pub(crate) rules: Option<Rules>,
}

/// What an operator set for a channel.
#[derive(Debug)]
pub(crate) struct Rules {
    pub(crate) methods: Methods,
    pub(crate) accept: Option<String>,
    pub(crate) data_format: Option<DataFormat>,
    allow_from: Vec<IpNet>,
    pub(crate) guard: Guard,
    pub(crate) limiter: Option<Arc<Limiter>>,
    pub(crate) cors: Option<Cors>,
    pub(crate) compress: bool,
    pub(crate) etag: bool,
    pub(crate) max_body_bytes: Option<u64>,
    pub(crate) max_response_bytes: Option<u64>,
    pub(crate) timeout: Option<Duration>,
    /// On SOAP channels only.
    pub(crate) soap: Option<Arc<Endpoint>>,
}

impl Target {
    pub(crate) fn new(channel: &RestChannel, guards: &Guards, shared: &Arc<Shared>) -> Self {
        let scope = format!("channel {}", channel.name);
        let rules = Rules {
            methods: Methods::of(&channel.methods),
            accept: channel.accept.as_ref().map(|accept| accept.to_ascii_lowercase()),
            data_format: channel.data_format,
            allow_from: channel.allow_from.clone(),
            guard: guards.guard(&channel.security),
            limiter: channel.rate_limit.as_ref().map(|limit| shared.limiter(&scope, limit)),
            cors: channel.cors.clone(),
            compress: channel.compress,
            etag: channel.etag,
            max_body_bytes: channel.max_body_bytes,
            max_response_bytes: channel.max_response_bytes,
            timeout: channel.timeout_secs.map(|secs| Duration::from_secs(secs.into())),
            soap: None,
        };
        Self { service: channel.service.as_str().into(), channel: info(channel), rules: Some(rules) }
    }

    /// That of a SOAP channel. Which service answers is known once the operation is.
    pub(crate) fn soap(channel: &SoapChannel, guards: &Guards, shared: &Arc<Shared>) -> Self {
        let scope = format!("channel {}", channel.name);
        let rules = Rules {
            methods: Methods::of(&["GET".to_owned(), "POST".to_owned()]),
            accept: None,
            data_format: None,
            allow_from: channel.allow_from.clone(),
            guard: guards.guard(&channel.security),
            limiter: channel.rate_limit.as_ref().map(|limit| shared.limiter(&scope, limit)),
            cors: None,
            compress: false,
            etag: false,
            max_body_bytes: channel.max_body_bytes,
            max_response_bytes: None,
            timeout: channel.timeout_secs.map(|secs| Duration::from_secs(secs.into())),
            soap: Some(Arc::new(Endpoint::new(channel))),
        };
        let info = ChannelInfo {
            name: channel.name.as_str().into(),
            kind: "soap",
            data_format: Some("soap"),
            path_over_query: false,
            url_over_body: None,
        };
        let service = channel.service.as_deref().unwrap_or_default().into();
        Self { service, channel: Arc::new(info), rules: Some(rules) }
    }

    /// The SOAP side of the channel, if it has one.
    pub(crate) fn endpoint(&self) -> Option<&Arc<Endpoint>> {
        self.rules.as_ref()?.soap.as_ref()
    }
}

impl Rules {
    /// Whether requests may come from this address. An unknown one is in no network.
    pub(crate) fn allows(&self, peer: Option<IpAddr>) -> bool {
        self.allow_from.is_empty()
            || peer.is_some_and(|peer| {
                let peer = peer.to_canonical();
                self.allow_from.iter().any(|network| network.contains(&peer))
            })
    }

    /// The rate limit, if it is one that is asked before (or after) it is known who calls.
    pub(crate) fn limiter(&self, authenticated: bool) -> Option<&Limiter> {
        self.limiter.as_deref().filter(|limiter| (limiter.by() == RateBy::Principal) == authenticated)
    }
}

fn info(channel: &RestChannel) -> Arc<ChannelInfo> {
    Arc::new(ChannelInfo {
        name: channel.name.as_str().into(),
        kind: "rest",
        data_format: channel.data_format.map(|format| match format {
            DataFormat::Json => "json",
            DataFormat::Form => "form",
            DataFormat::Raw => "raw",
        }),
        path_over_query: channel.url_priority == UrlPriority::PathOverQuery,
        url_over_body: match channel.body_priority {
            BodyPriority::Auto => None,
            BodyPriority::UrlOverBody => Some(true),
            BodyPriority::BodyOverUrl => Some(false),
        },
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn head_comes_with_get_and_names_are_sorted() {
        let named = |names: &[&str]| {
            Methods::of(&names.iter().map(|&name| name.to_owned()).collect::<Vec<_>>()).names()
        };
        assert_eq!(named(&["POST", "GET"]), "GET, HEAD, POST");
        assert_eq!(named(&["POST"]), "POST");
        assert_eq!(named(&[]), "DELETE, GET, HEAD, PATCH, POST, PUT");
        assert_eq!(Methods::one("PROPFIND"), Methods::default());
    }
}
