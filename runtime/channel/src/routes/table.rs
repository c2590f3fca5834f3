//! The routes that hold now, and the document that describes them.

use super::{Lead, Routes};
use crate::openapi::Document;
use arc_swap::{ArcSwap, ArcSwapOption};
use caisson_capability::{Describe, Error};
use http::{HeaderMap, Method};
use std::fmt;
use std::sync::{Arc, Weak};

/// The routes that hold now. A request takes them once and keeps what it has found; a change is for those that come after.
#[derive(Default)]
pub struct Table {
    routes: ArcSwap<Routes>,
    /// Knows what the services say about themselves.
    services: Option<Arc<dyn Describe>>,
    made: ArcSwapOption<Made>,
}

/// The document that was made last, and what of.
struct Made {
    routes: Weak<Routes>,
    generation: u64,
    document: Option<Arc<Document>>,
}

impl fmt::Debug for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Table").field(&self.routes).finish()
    }
}

impl Table {
    /// A table that begins with these routes.
    #[must_use]
    pub fn new(routes: Routes) -> Self {
        Self { routes: ArcSwap::from_pointee(routes), ..Self::default() }
    }

    /// The same, with somebody who knows what services say about themselves: descriptions for callers are made of it.
    #[must_use]
    pub fn described_by(self, services: Arc<dyn Describe>) -> Self {
        Self { services: Some(services), ..self }
    }

    /// Puts other routes in place. Requests in flight keep the channel that they have found.
    pub fn swap(&self, routes: Routes) {
        self.routes.store(Arc::new(routes));
    }

    /// The routes that hold now.
    #[must_use]
    pub fn routes(&self) -> Arc<Routes> {
        self.routes.load_full()
    }

    pub(crate) fn find(&self, method: &Method, path: &str, headers: &HeaderMap) -> Result<Lead, Error> {
        self.routes.load().find(method, path, headers)
    }

    /// Who knows what services say about themselves.
    pub(crate) fn services(&self) -> Option<Arc<dyn Describe>> {
        self.services.clone()
    }

    /// The document that describes the routes, if they are to be described: that which was made last, or a new one if routes or
    /// services have changed since.
    pub(crate) fn document(&self) -> Option<Arc<Document>> {
        let services = self.services.as_deref()?;
        let routes = self.routes();
        // Before the services are asked: if they change meanwhile, the document is out of date and is made once more.
        let generation = services.generation();
        if let Some(made) = &*self.made.load()
            && made.generation == generation
            && std::ptr::eq(made.routes.as_ptr(), Arc::as_ptr(&routes))
        {
            return made.document.clone();
        }
        let document = routes.document(services).map(Arc::new);
        let made = Made { routes: Arc::downgrade(&routes), generation, document: document.clone() };
        self.made.store(Some(Arc::new(made)));
        document
    }
}

impl From<Routes> for Table {
    fn from(routes: Routes) -> Self {
        Self::new(routes)
    }
}

impl From<Routes> for Arc<Table> {
    fn from(routes: Routes) -> Self {
        Self::new(routes.into())
    }
}
