//! What this crate needs from an engine: a narrow door, so that everything here can be tested without one.

use caisson_capability::{BoxFuture, Error, Invocation, Response};
use caisson_engine::{Engine, Limits, LoadError, Package, Program, ServiceInfo, Settings};
use std::sync::Arc;

/// Turns packages into something that answers.
pub trait Loader: Send + Sync + 'static {
    /// Loads a package.
    ///
    /// # Errors
    ///
    /// The package's own mistakes and, with `host` set, the host's.
    fn load(
        &self,
        package: Package,
        settings: Settings,
    ) -> BoxFuture<'_, Result<Arc<dyn Runnable>, LoadError>>;
}

/// A loaded package. Dropping the last reference frees what it holds.
pub trait Runnable: Send + Sync + 'static {
    /// The services found in it.
    fn services(&self) -> &[ServiceInfo];

    /// Bytes that belong to this package alone.
    fn image_bytes(&self) -> u64;

    /// The interfaces of capabilities that it imports, as far as that tells anything.
    fn interfaces(&self) -> &[String] {
        &[]
    }

    /// Sets limits for single services: `limits` is given a service and the package's own limits.
    fn govern(&self, _limits: &dyn Fn(&str, Limits) -> Limits) {}

    /// Answers one invocation.
    ///
    /// # Errors
    ///
    /// As [`caisson_capability::Invoker::invoke`].
    fn invoke(
        self: Arc<Self>,
        invocation: Invocation,
        version: u32,
    ) -> BoxFuture<'static, Result<Response, Error>>;
}

impl Loader for Engine {
    fn load(
        &self,
        package: Package,
        settings: Settings,
    ) -> BoxFuture<'_, Result<Arc<dyn Runnable>, LoadError>> {
        Box::pin(async move {
            let program = Engine::load(self, &package, settings).await?;
            Ok(program as Arc<dyn Runnable>)
        })
    }
}

impl Runnable for Program {
    fn services(&self) -> &[ServiceInfo] {
        Program::services(self)
    }

    fn image_bytes(&self) -> u64 {
        Program::image_bytes(self)
    }

    fn interfaces(&self) -> &[String] {
        Program::interfaces(self)
    }

    fn govern(&self, limits: &dyn Fn(&str, Limits) -> Limits) {
        Program::govern(self, limits);
    }

    fn invoke(
        self: Arc<Self>,
        invocation: Invocation,
        version: u32,
    ) -> BoxFuture<'static, Result<Response, Error>> {
        Box::pin(Program::invoke(self, invocation, version))
    }
}
