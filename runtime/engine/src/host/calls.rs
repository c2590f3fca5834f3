//! Calls to other services: one, or several at the same time.

use super::Host;
use crate::bindings::{self, invoker, types};
use crate::settings::Limits;
use caisson_capability::{Error, ErrorKind, Invocation, Invoker, Response};
use futures_util::StreamExt as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;
use tokio::time::Instant;
use wasmtime::component::{Accessor, HasSelf};

/// Calls to other services that one instance may have under way: each holds a message in the host's memory.
const MAX_NESTED: usize = 32;

/// Calls of one `invoke-all`.
const MAX_TOGETHER: usize = 1_000;

/// Bytes of all answers of one `invoke-all`: they lie in the host's memory until the last one is there.
const MAX_ANSWERS: u64 = 64 << 20;

impl invoker::Host for Host {
    fn find(&mut self, service: String) -> Option<String> {
        let found = self.outside.invoker()?.find(&service)?;
        Some(found.as_ref().to_owned())
    }
}

impl invoker::HostWithStore<Host> for HasSelf<Host> {
    async fn invoke(
        accessor: &Accessor<Host, Self>,
        service: String,
        request: types::Request,
    ) -> Result<types::Response, types::Error> {
        let prepared = accessor.with(|mut access| access.get().prepare_nested(&service, request));
        let answer = match prepared {
            Ok(nested) => nested.run_apart().await,
            Err(error) => Err(error),
        };
        answer.map(bindings::response_for_guest).map_err(bindings::error_for_guest)
    }

    async fn invoke_all(
        accessor: &Accessor<Host, Self>,
        calls: Vec<invoker::Call>,
    ) -> Vec<Result<types::Response, types::Error>> {
        if calls.len() > MAX_TOGETHER {
            let refused = || Err(bindings::error_for_guest(too_many(calls.len())));
            return calls.iter().map(|_| refused()).collect();
        }
        let left = AtomicU64::new(MAX_ANSWERS);
        let answers = futures_util::stream::iter(calls).map(|call| one_of_all(accessor, call, &left));
        answers.buffered(MAX_NESTED).collect().await
    }
}

fn too_many(calls: usize) -> Error {
    let text =
        format!("{calls} calls at once are more than {MAX_TOGETHER} (limit together): make them in parts");
    Error::new(ErrorKind::QuotaExceeded, text)
}

/// Makes one of several calls. `left`: bytes that the answers may still have.
async fn one_of_all(
    accessor: &Accessor<Host, HasSelf<Host>>,
    call: invoker::Call,
    left: &AtomicU64,
) -> Result<types::Response, types::Error> {
    let invoker::Call { service, request, timeout_ms } = call;
    let prepared = accessor.with(|mut access| access.get().prepare_nested(&service, request));
    let answer = match prepared {
        Ok(nested) => nested.run_within(timeout_ms, left).await,
        Err(error) => Err(error),
    };
    answer.map(bindings::response_for_guest).map_err(bindings::error_for_guest)
}

impl Host {
    fn prepare_nested(&mut self, service: &str, request: types::Request) -> Result<Nested, Error> {
        if Arc::strong_count(&self.nested) > MAX_NESTED {
            let text =
                format!("more than {MAX_NESTED} calls to other services at the same time (limit nested)");
            return Err(Error::new(ErrorKind::QuotaExceeded, text));
        }
        let call = self.call.as_ref().ok_or_else(|| {
            Error::new(
                ErrorKind::InvalidInput,
                "services can be called while a message is handled, not while a module loads",
            )
        })?;
        if call.invocation.service.as_ref() == service {
            return Err(Error::new(ErrorKind::InvalidInput, "a service cannot invoke itself"));
        }
        let invoker = self.outside.invoker().ok_or_else(|| {
            Error::new(ErrorKind::Unavailable, "no services can be called: the server is stopping")
        })?;
        let nested = call.invocation.nested(service, bindings::request_from_guest(request))?;
        Ok(Nested { invoker, invocation: nested, _counted: Arc::clone(&self.nested) })
    }
}

/// A call to another service, ready to be made.
struct Nested {
    invoker: Arc<dyn Invoker>,
    invocation: Invocation,
    _counted: Arc<()>,
}

impl Nested {
    /// Runs the call, for at most this long, and takes the size of its answer from what is left.
    async fn run_within(mut self, millis: Option<u32>, left: &AtomicU64) -> Result<Response, Error> {
        if let Some(millis) = millis {
            let limit = Duration::from_millis(u64::from(millis));
            self.invocation.deadline = self.invocation.deadline.at_most(Instant::now(), limit);
        }
        let response = self.run_apart().await?;
        let bytes = response.body.whole().map_or(0, |body| body.len() as u64);
        let fits = |left: u64| left.checked_sub(bytes);
        left.fetch_update(Relaxed, Relaxed, fits).map_err(|left| {
            let text = format!(
                "the answers of calls that are made at once are larger than {} MiB together: this one has {bytes} bytes, and \
                 {left} are left",
                MAX_ANSWERS >> 20
            );
            Error::new(ErrorKind::QuotaExceeded, text)
        })?;
        Ok(response)
    }

    /// Runs the call on a task of its own: its time must not count as the caller's, and a chain of calls must not become
    /// a tower of polls on one stack. Dropping this future stops it.
    async fn run_apart(self) -> Result<Response, Error> {
        let Self { invoker, invocation, _counted } = self;
        let mut tasks = tokio::task::JoinSet::new();
        tasks.spawn(async move { invoker.invoke(invocation).await });
        match tasks.join_next().await {
            Some(Ok(answer)) => {
                let Response { status, headers, body, .. } = answer?;
                // A guest is given an answer as a whole.
                let body = body.collect(Limits::default().answer_bytes).await?.into();
                Ok(Response { status, headers, body, settlement: None })
            }
            Some(Err(error)) => {
                Err(Error::new(ErrorKind::Internal, "the called service could not be run").source(error))
            }
            None => Err(Error::new(ErrorKind::Internal, "the called service could not be run")),
        }
    }
}
