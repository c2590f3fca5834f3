//! The handler at the end of the layers: reads the body, makes the invocation, calls the service.

use crate::layers::{Arrival, Exchange, Handle, Outcome};
use crate::{body, headers};
use caisson_capability::{Error, Http, Invocation, Invoker, Request};
use http::header::CONTENT_TYPE;
use std::fmt;
use std::sync::Arc;

/// Calls services.
pub(crate) struct Dispatch {
    invoker: Arc<dyn Invoker>,
}

impl Dispatch {
    pub(crate) fn new(invoker: Arc<dyn Invoker>) -> Self {
        Self { invoker }
    }
}

impl fmt::Debug for Dispatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Dispatch").finish_non_exhaustive()
    }
}

impl Handle<Exchange> for Dispatch {
    async fn handle(&self, exchange: Exchange) -> Outcome {
        let Exchange { arrival, target, deadline, max_body_bytes } = exchange;
        let Arrival { cid, trace, head, body } = *arrival;
        let body = body::collect(body, max_body_bytes).await.map_err(Error::from)?;
        let http = Http {
            method: head.method.as_str().to_ascii_uppercase(),
            path: head.uri.path().to_owned(),
            query: head.uri.query().unwrap_or_default().to_owned(),
            params: target.params,
            headers: headers::fields(&head),
        };
        let content_type = head.headers.get(CONTENT_TYPE).map(headers::text);
        let invocation = Invocation {
            cid,
            service: target.service,
            channel: target.channel,
            principal: None,
            deadline,
            attempt: 1,
            trace,
            depth: 0,
            request: Request { http: Some(http), content_type, body },
        };
        Ok(self.invoker.invoke(invocation).await?)
    }
}
