//! Which service answers which path.
//!
//! Of the operators' channels whose path, methods and media type fit a request, the first in their order is taken. The
//! development routes come after them.

mod index;
mod path;
mod table;
mod target;
mod template;

use crate::accept;
use crate::openapi::{self, Document, Published};
use caisson_capability::{ChannelInfo, Describe, Error, ErrorKind, Field};
use caisson_definition::Channel;
use caisson_security::{Guards, Shared};
use http::header::{ACCEPT, ACCESS_CONTROL_REQUEST_METHOD, ALLOW, ORIGIN};
use http::{HeaderMap, Method};
use index::Index;
use path::PathError;
use std::sync::Arc;
use template::Template;

pub use table::Table;
pub(crate) use target::{Methods, Rules, Target};

/// Where the development routes begin.
const DEV_PREFIX: &str = "/services/";

/// Name of the channel that the development routes make up.
const DEV_CHANNEL: &str = "dev";

/// The routes of a port: an immutable table. A change makes a new one.
#[derive(Debug, Default)]
pub struct Routes {
    /// In the operators' order.
    entries: Vec<Entry>,
    index: Index,
    /// Present when every service also answers under its own name.
    dev: Option<Arc<ChannelInfo>>,
}

/// One channel.
#[derive(Debug)]
struct Entry {
    template: Template,
    target: Arc<Target>,
    /// What is told about it, if its operator wants it told.
    published: Option<Published>,
}

/// Where a request leads.
#[derive(Debug)]
pub(crate) enum Lead {
    /// To a service, with what the path's template captured, decoded.
    Service(Arc<Target>, Vec<Field>),
    /// A web page asks whether it may call this channel.
    Preflight(Arc<Target>),
    /// Somebody asks which methods there are.
    Options(Methods),
    /// Somebody reads what channels there are.
    Document,
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
        Self { dev: Some(ChannelInfo::plain(DEV_CHANNEL)), ..Self::default() }
    }

    /// The routes of operators' channels, and with `dev` those of development after them.
    ///
    /// Limits on rates go on counting from one table to the next through `shared`.
    ///
    /// # Errors
    ///
    /// The channels that cannot be served, each with the reason: a table holds all of them or is none.
    pub fn build(
        channels: &[Channel],
        guards: &Guards,
        shared: &Arc<Shared>,
        dev: bool,
    ) -> Result<Self, Vec<String>> {
        let mut wrong = Vec::new();
        let mut entries = Vec::with_capacity(channels.len());
        for channel in channels {
            match entry(channel, guards, shared) {
                Some(Ok(entry)) => entries.push(entry),
                Some(Err(why)) => wrong.push(format!("channel `{}` cannot be served: {why}", channel.name())),
                None => {}
            }
        }
        if !wrong.is_empty() {
            return Err(wrong);
        }
        let index = Index::new(entries.iter().map(|entry| &entry.template));
        Ok(Self { entries, index, dev: dev.then(|| ChannelInfo::plain(DEV_CHANNEL)) })
    }

    /// Where a request leads. `path` is as received: percent-encoded, without the query.
    pub(crate) fn find(&self, method: &Method, path: &str, headers: &HeaderMap) -> Result<Lead, Error> {
        let normal = path::normal(path).map_err(refused)?;
        let mut fitting = self.fitting(&normal).peekable();
        if fitting.peek().is_none() {
            return self.elsewhere(method, path, &normal);
        }
        let wanted = Methods::from(method);
        let preflight = preflight_for(method, headers);
        let mut allowed = Methods::default();
        let mut unacceptable = false;
        for entry in fitting {
            let Some(rules) = &entry.target.rules else { continue };
            allowed = allowed.with(rules.methods);
            if preflight.is_some_and(|method| rules.methods.has(method)) && rules.cors.is_some() {
                return Ok(Lead::Preflight(Arc::clone(&entry.target)));
            }
            if !rules.methods.has(wanted) {
                continue;
            }
            if !rules.accept.as_ref().is_none_or(|media_type| accept::media_type(headers, ACCEPT, media_type))
            {
                unacceptable = true;
                continue;
            }
            return Ok(Lead::Service(Arc::clone(&entry.target), entry.template.params(&normal)));
        }
        if unacceptable {
            let mut error =
                Error::new(ErrorKind::InvalidInput, "Not acceptable: nothing here has that media type");
            error.status = Some(406);
            return Err(error);
        }
        let allowed = allowed.with(Methods::one("OPTIONS"));
        if *method == Method::OPTIONS { Ok(Lead::Options(allowed)) } else { Err(not_allowed(allowed)) }
    }

    /// The channels whose path fits, in order.
    fn fitting<'a>(&'a self, normal: &'a str) -> impl Iterator<Item = &'a Entry> {
        let places = self.index.candidates(normal).into_iter();
        places
            .filter_map(|place| self.entries.get(usize::try_from(place).ok()?))
            .filter(|entry| entry.template.fits(normal))
    }

    /// Where no operator's channel is.
    fn elsewhere(&self, method: &Method, path: &str, normal: &str) -> Result<Lead, Error> {
        if normal == openapi::PATH && self.is_published() {
            return match *method {
                Method::GET | Method::HEAD => Ok(Lead::Document),
                Method::OPTIONS => Ok(Lead::Options(document_methods())),
                _ => Err(not_allowed(document_methods())),
            };
        }
        if let Some(target) = self.dev_target(path) {
            return Ok(Lead::Service(Arc::new(target), Vec::new()));
        }
        if Methods::from(method) == Methods::default() {
            return Err(not_allowed(Methods::all()));
        }
        Err(not_found())
    }

    /// Whether there is anything that a document would describe.
    fn is_published(&self) -> bool {
        self.dev.is_some() || self.entries.iter().any(|entry| entry.published.is_some())
    }

    /// The document that describes what is published, if anything is.
    fn document(&self, services: &dyn Describe) -> Option<Document> {
        let published: Vec<&Published> =
            self.entries.iter().filter_map(|entry| entry.published.as_ref()).collect();
        let dev_prefix = self.dev.as_ref().map(|_| DEV_PREFIX);
        self.is_published().then(|| openapi::make(&published, dev_prefix, services))
    }

    fn dev_target(&self, path: &str) -> Option<Target> {
        let channel = self.dev.as_ref()?;
        let rest = path.strip_prefix(DEV_PREFIX)?;
        let name = rest.split_once('/').map_or(rest, |(name, _)| name);
        let service = path::decode(name).ok()?.replace(path::ENCODED_SLASH, "/");
        (!service.is_empty()).then(|| Target {
            service: service.into(),
            channel: Arc::clone(channel),
            rules: None,
        })
    }
}

/// Nothing for a channel that is switched off or does not come by HTTP.
fn entry(channel: &Channel, guards: &Guards, shared: &Arc<Shared>) -> Option<Result<Entry, String>> {
    let (template, target, published) = match channel {
        Channel::Rest(rest) if rest.enabled => {
            let target = Target::new(rest, guards, shared);
            let told = target.rules.as_ref();
            let told =
                told.and_then(|rules| Published::of(rest, rules.methods.each().collect(), &rules.guard));
            (Template::parse(&rest.path, rest.match_slash), target, told)
        }
        Channel::Soap(soap) if soap.enabled => {
            (Template::parse(&soap.path, false), Target::soap(soap, guards, shared), None)
        }
        Channel::Rest(_) | Channel::Soap(_) | Channel::Inbound(_) => return None,
    };
    Some(template.map(|template| Entry { template, target: Arc::new(target), published }))
}

fn document_methods() -> Methods {
    Methods::of(&["GET".to_owned(), "OPTIONS".to_owned()])
}

pub(crate) fn not_found() -> Error {
    Error::new(ErrorKind::NotFound, "URL not found")
}

/// The method that a web page asks for, if the request is such a question.
fn preflight_for(method: &Method, headers: &HeaderMap) -> Option<Methods> {
    if *method != Method::OPTIONS || !headers.contains_key(ORIGIN) {
        return None;
    }
    headers.get(ACCESS_CONTROL_REQUEST_METHOD)?.to_str().ok().map(Methods::one)
}

fn not_allowed(allowed: Methods) -> Error {
    let mut error = Error::new(ErrorKind::MethodNotAllowed, "Method not allowed");
    error.headers.push((ALLOW.as_str().to_owned(), allowed.names()));
    error
}

fn refused(wrong: PathError) -> Error {
    match wrong {
        PathError::TooLong => {
            let text =
                format!("the path is longer than {} bytes; send data in the body", path::MAX_PATH_BYTES);
            let mut error = Error::new(ErrorKind::InvalidInput, text);
            error.status = Some(414);
            error
        }
        PathError::Encoding => {
            let text = "the path is malformed: after each % there must be two hex digits, and all of it must be UTF-8";
            Error::new(ErrorKind::InvalidInput, text)
        }
        PathError::Control => {
            Error::new(ErrorKind::InvalidInput, "the path is malformed: it must not have control characters")
        }
    }
}

#[cfg(test)]
mod tests;
