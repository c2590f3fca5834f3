//! What a channel does to its answers: a limit, tags, compression, CORS.

mod compress;
mod etag;

use crate::cors;
use crate::layers::{Exchange, Failure, Handle, Outcome};
use crate::routes::Rules;
use caisson_capability::{Body, Error, ErrorKind, Fault, Field, Response};
use compress::Coding;
pub(crate) use etag::Known;
use futures_util::{StreamExt as _, stream};
use http::header::VARY;
use http::{Method, request};
use std::sync::Arc;

/// Gives answers the form that the channel's operator wants.
pub(crate) struct Shape<H>(pub(crate) H);

impl<H: Handle<Exchange>> Handle<Exchange> for Shape<H> {
    async fn handle(&self, exchange: Exchange) -> Outcome {
        let target = Arc::clone(&exchange.target);
        let Some(rules) = &target.rules else { return self.0.handle(exchange).await };
        let wishes = Wishes::of(rules, &exchange.arrival.head);
        let mut outcome = match self.0.handle(exchange).await {
            Ok(response) => wishes.shape(response, rules).await.map_err(Failure::from),
            Err(failure) => Err(failure),
        };
        if let Some(fields) = &wishes.cors {
            match &mut outcome {
                Ok(response) => cors::put(fields, &mut response.headers),
                Err(failure) => cors::put(fields, &mut failure.error.headers),
            }
        }
        outcome
    }
}

/// What of the request the answer depends on.
struct Wishes {
    cors: Option<Vec<Field>>,
    coding: Option<Coding>,
    /// The tags that the client has, where tags matter.
    known: Option<Known>,
}

impl Wishes {
    fn of(rules: &Rules, head: &request::Parts) -> Self {
        let reads = matches!(head.method, Method::GET | Method::HEAD);
        Self {
            cors: rules.cors.as_ref().map(|cors| cors::fields(cors, &head.headers)),
            coding: if rules.compress { Coding::choose(&head.headers) } else { None },
            known: (rules.etag && reads).then(|| Known::of(&head.headers)),
        }
    }

    async fn shape(&self, mut response: Response, rules: &Rules) -> Result<Response, Error> {
        if let Some(limit) = rules.max_response_bytes {
            response.body = limited(response.body, limit)?;
        }
        if let Some(known) = &self.known
            && known.tag(&mut response)
        {
            // What a client has needs no compression; the tag says which form it has.
            vary(rules, &mut response);
            return Ok(response);
        }
        let compressible = rules.compress && compress::is_worth_it(&response);
        if compressible {
            vary(rules, &mut response);
        }
        match self.coding {
            Some(coding) if compressible => compress::compress(response, coding).await,
            _ => Ok(response),
        }
    }
}

fn vary(rules: &Rules, response: &mut Response) {
    if rules.compress {
        response.headers.push((VARY.as_str().to_owned(), "Accept-Encoding".to_owned()));
    }
}

/// The body, or an error once there is more of it than allowed.
fn limited(body: Body, limit: u64) -> Result<Body, Error> {
    match body {
        Body::Whole(bytes) if bytes.len() as u64 > limit => Err(too_large(limit)),
        Body::Whole(bytes) => Ok(Body::Whole(bytes)),
        Body::Stream(pieces) => {
            let counted = pieces.scan((0_u64, false), move |(sent, over), piece| {
                if *over {
                    return std::future::ready(None);
                }
                let size = piece.as_ref().map_or(0, |bytes| bytes.len() as u64);
                *sent = sent.saturating_add(size);
                *over = *sent > limit;
                std::future::ready(Some(if *over { Err(too_large(limit)) } else { piece }))
            });
            Ok(Body::Stream(Box::pin(counted)))
        }
    }
}

/// A caller has no part in this and learns nothing about it.
fn too_large(limit: u64) -> Error {
    Error::new(ErrorKind::Internal, "internal error")
        .fault(Fault::Host)
        .detail(format!("the answer is larger than {limit} bytes; raise max_response_bytes of the channel"))
}

/// The value of the first field of a name.
fn value_of<'h>(headers: &'h [Field], name: &str) -> Option<&'h str> {
    headers.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
}

/// A body that comes as one piece of a stream.
fn one_piece(bytes: bytes::Bytes) -> caisson_capability::BodyStream {
    Box::pin(stream::iter([Ok(bytes)]))
}
