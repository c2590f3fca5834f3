//! The handler at the end of the layers: reads the body, makes the invocation, calls the service.

use crate::layers::{Arrival, Exchange, Handle, Outcome};
use crate::{body, form, headers, soap};
use caisson_capability::{Describe, Invocation, Invoker, Request};
use caisson_definition::model::DataFormat;
use http::header::CONTENT_TYPE;
use std::fmt;
use std::sync::Arc;

/// Calls services.
pub(crate) struct Dispatch {
    invoker: Arc<dyn Invoker>,
    /// Knows what services say about themselves.
    services: Option<Arc<dyn Describe>>,
}

impl Dispatch {
    pub(crate) fn new(invoker: Arc<dyn Invoker>, services: Option<Arc<dyn Describe>>) -> Self {
        Self { invoker, services }
    }
}

impl fmt::Debug for Dispatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Dispatch").finish_non_exhaustive()
    }
}

impl Handle<Exchange> for Dispatch {
    async fn handle(&self, exchange: Exchange) -> Outcome {
        if let Some(endpoint) = exchange.target.endpoint().map(Arc::clone) {
            // In a box, so that requests of other kinds do not carry the room that it takes.
            let services = self.services.as_deref();
            return Box::pin(soap::answer(&*self.invoker, services, &endpoint, exchange)).await;
        }
        let Exchange { arrival, target, params, facts, principal, deadline, max_body_bytes, .. } = exchange;
        let Arrival { cid, trace, head, body } = *arrival;
        let body = body::arrived(body, max_body_bytes, deadline).await?;
        let http = headers::http(&head, params);
        let content_type = head.headers.get(CONTENT_TYPE).map(headers::text);
        let (content_type, body) = match target.rules.as_ref().and_then(|rules| rules.data_format) {
            Some(DataFormat::Json) => (content_type.or_else(|| Some("application/json".to_owned())), body),
            Some(DataFormat::Form) => form::plain(content_type, body, max_body_bytes).await?,
            Some(DataFormat::Raw) | None => (content_type, body),
        };
        let invocation = Invocation {
            cid,
            service: Arc::clone(&target.service),
            channel: Arc::clone(&target.channel),
            principal,
            peer: facts.peer,
            deadline,
            attempt: 1,
            trace,
            depth: 0,
            chain: caisson_capability::Chain::default(),
            request: Request { http: Some(http), content_type, body, ..Request::default() },
        };
        Ok(self.invoker.invoke(invocation).await?)
    }
}
