//! The OpenAPI document of a port, at `/openapi.json`: the channels that their operators let be described, and in development
//! every service.
//!
//! * `published`: what of the definitions the document needs. `document`: the document. `schema`: schemas of services as
//!   components of it.
//!
//! It is public. What it tells beside paths and shapes is by which kind of credential a channel is guarded.

mod document;
mod published;
mod schema;

pub(crate) use published::Published;

use crate::answer::Known;
use crate::layers::Outcome;
use arc_swap::ArcSwapOption;
use bytes::Bytes;
use caisson_capability::{Error, ErrorKind, Response, Shapes};
use http::header::{ALLOW, CACHE_CONTROL, CONTENT_TYPE};
use http::{Method, request};
use std::sync::Arc;

/// Where it is.
pub(crate) const PATH: &str = "/openapi.json";

/// The document as it was last made, with the number of the services that it was made of.
#[derive(Debug, Default)]
pub(crate) struct Kept(ArcSwapOption<(u64, Bytes)>);

/// Answers a request for it.
pub(crate) fn serve(
    published: &Published,
    kept: &Kept,
    shapes: &dyn Shapes,
    head: &request::Parts,
) -> Outcome {
    if !matches!(head.method, Method::GET | Method::HEAD) {
        let mut error = Error::new(ErrorKind::MethodNotAllowed, "Method not allowed");
        error.headers.push((ALLOW.as_str().to_owned(), "GET, HEAD".to_owned()));
        return Err(error.into());
    }
    let body = current(published, kept, shapes)?;
    let header = |name: http::HeaderName, value: &str| (name.as_str().to_owned(), value.to_owned());
    let headers = vec![header(CONTENT_TYPE, "application/json"), header(CACHE_CONTROL, "no-cache")];
    let mut response = Response { status: 200, headers, body: body.into(), ..Response::default() };
    Known::of(&head.headers).tag(&mut response);
    Ok(response)
}

/// The document; made anew when services have changed since it was made.
fn current(published: &Published, kept: &Kept, shapes: &dyn Shapes) -> Result<Bytes, Error> {
    // Before the services are looked at: should they change meanwhile, the document is made once more.
    let generation = shapes.generation();
    if let Some(known) = kept.0.load().as_deref()
        && known.0 == generation
    {
        return Ok(known.1.clone());
    }
    let document = serde_json::to_vec(&document::document(published, shapes)).map_err(|error| {
        Error::new(ErrorKind::Internal, "internal error")
            .detail("no OpenAPI document can be made")
            .source(error)
    })?;
    let body = Bytes::from(document);
    kept.0.store(Some(Arc::new((generation, body.clone()))));
    Ok(body)
}

#[cfg(test)]
mod tests;
