//! The door to services: an honest answer while the server starts, and a trace in the log when a service fails.

use caisson_capability::{BoxFuture, Cid, Error, ErrorKind, Fault, Invocation, Invoker, Response};
use caisson_service::{Deployer, Registry};
use caisson_telemetry::{Level, LogHub, LogRecord};
use std::sync::Arc;
use std::time::Duration;

/// When it makes sense to ask again. Loading what ran before takes a fraction of this for most servers.
const RETRY_AFTER: Duration = Duration::from_secs(1);

/// What log records of this door are filed under.
const LOGGER: &str = "caisson.invoke";

/// Calls services, for every channel and for services that call each other.
#[derive(Debug)]
pub(crate) struct Door {
    deployer: Deployer,
    registry: Arc<Registry>,
    logs: Arc<LogHub>,
}

impl Door {
    /// The door to what this deployer has deployed.
    pub(crate) fn new(deployer: &Deployer, logs: Arc<LogHub>) -> Self {
        Self { deployer: deployer.clone(), registry: deployer.registry(), logs }
    }

    /// A service that is not there while the server starts may be about to come: that is no `not-found`.
    fn still_to_come(&self, service: &str) -> bool {
        !self.deployer.ready() && self.registry.get(service).is_none()
    }
}

/// Puts what the caller must not see where the developer looks for it: `caisson logs`.
struct Trace {
    registry: Arc<Registry>,
    logs: Arc<LogHub>,
    service: Arc<str>,
    cid: Cid,
}

impl Trace {
    fn record(&self, error: &Error) {
        if error.fault == Fault::Caller {
            return;
        }
        let version = self.registry.get(&self.service).map_or(0, |deployed| deployed.version);
        let detail = error.detail.as_deref().unwrap_or_default();
        let text = format!("{}\n{}", error.message, detail).trim_end().to_owned();
        let mut record =
            LogRecord::new(Level::Error, text).about(&self.service, version).cid(self.cid.as_str());
        LOGGER.clone_into(&mut record.logger);
        self.logs.write(record);
    }
}

impl Invoker for Door {
    fn invoke(&self, invocation: Invocation) -> BoxFuture<'_, Result<Response, Error>> {
        if self.still_to_come(&invocation.service) {
            let error = Error::new(
                ErrorKind::Unavailable,
                "the server is starting and has not loaded this service yet",
            );
            return Box::pin(std::future::ready(Err(error.retry_after(RETRY_AFTER))));
        }
        let trace = Trace {
            registry: Arc::clone(&self.registry),
            logs: Arc::clone(&self.logs),
            service: Arc::clone(&invocation.service),
            cid: invocation.cid.clone(),
        };
        let answer = self.registry.invoke(invocation);
        Box::pin(async move {
            let mut response = answer.await.inspect_err(|error| trace.record(error))?;
            response.body = response.body.observed(move |end| {
                if let Err(error) = end {
                    trace.record(error);
                }
            });
            Ok(response)
        })
    }

    fn find(&self, service: &str) -> Option<Arc<str>> {
        let found = self.registry.find(service);
        // While the server starts, what is not there may be about to come.
        found.or_else(|| (!self.deployer.ready()).then(|| service.into()))
    }

    fn package(&self, service: &str) -> Option<Arc<str>> {
        self.registry.package(service)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use caisson_capability::{ChannelInfo, Deadline, Request, Schemas, Trace};
    use caisson_engine::{LoadError, Package, ServiceInfo, Settings};
    use caisson_service::{Loader, Origin, PackageSource, Runnable};
    use caisson_telemetry::{LogFilter, Metrics};

    /// Loads anything; what it loads always fails.
    struct Failing(Vec<ServiceInfo>);

    impl Loader for Failing {
        fn load(
            &self,
            _package: Package,
            _settings: Settings,
        ) -> BoxFuture<'_, Result<Arc<dyn Runnable>, LoadError>> {
            let program: Arc<dyn Runnable> = Arc::new(Self(self.0.clone()));
            Box::pin(std::future::ready(Ok(program)))
        }
    }

    impl Runnable for Failing {
        fn services(&self) -> &[ServiceInfo] {
            &self.0
        }

        fn image_bytes(&self) -> u64 {
            0
        }

        fn invoke(
            self: Arc<Self>,
            invocation: Invocation,
            _version: u32,
        ) -> BoxFuture<'static, Result<Response, Error>> {
            let error = match &invocation.request.body[..] {
                b"caller" => Error::new(ErrorKind::InvalidInput, "no such field").detail("for the operator"),
                _ => Error::new(ErrorKind::Internal, "An error has occurred")
                    .fault(Fault::Service)
                    .detail("Traceback\n"),
            };
            Box::pin(std::future::ready(Err(error)))
        }
    }

    fn invocation(service: &str, body: &'static str) -> Invocation {
        Invocation {
            cid: Cid::from("c1"),
            service: service.into(),
            channel: ChannelInfo::plain("test"),
            principal: None,
            peer: None,
            deadline: Deadline::after(Duration::from_secs(60)),
            attempt: 1,
            trace: Trace::default(),
            depth: 0,
            chain: caisson_capability::Chain::default(),
            request: Request { body: body.into(), ..Request::default() },
        }
    }

    #[tokio::test]
    async fn starting_is_not_the_same_as_not_there_and_failures_are_logged() {
        let data = tempfile::tempdir().unwrap();
        let logs = Arc::new(LogHub::default());
        let service = ServiceInfo {
            name: "a.b".to_owned(),
            module: "a".to_owned(),
            class_name: "B".to_owned(),
            line: 1,
            doc: None,
            schemas: Schemas::default(),
        };
        let loader = Arc::new(Failing(vec![service]));
        let deployer =
            Deployer::open(data.path(), loader, Arc::new(Metrics::default()), Arc::clone(&logs)).unwrap();
        let door = Door::new(&deployer, Arc::clone(&logs));

        let error = door.invoke(invocation("a.b", "")).await.unwrap_err();
        assert_eq!((error.kind, error.retry_after), (ErrorKind::Unavailable, Some(RETRY_AFTER)));
        let source = PackageSource::from_file("a.py", "x".into(), None).unwrap();
        deployer.deploy(source, Origin::Upload, "test").await.unwrap();
        let error = door.invoke(invocation("a.b", "")).await.unwrap_err();
        assert_eq!(error.kind, ErrorKind::Internal, "what is loaded answers while the server starts");
        assert_eq!((door.package("a.b").as_deref(), door.package("no.such")), (Some("a"), None));
        deployer.restore(None).await;
        let error = door.invoke(invocation("no.such", "")).await.unwrap_err();
        assert_eq!(error.kind, ErrorKind::NotFound);
        door.invoke(invocation("a.b", "caller")).await.unwrap_err();

        let filter = LogFilter { cid: Some("c1".to_owned()), ..LogFilter::default() };
        let records = logs.recent(&filter, 10);
        assert_eq!(records.len(), 1, "the caller's own mistakes are not logged");
        assert_eq!(records[0].message, "An error has occurred\nTraceback");
        assert_eq!((records[0].service.as_deref(), records[0].version), (Some("a.b"), Some(1)));
    }
}
