//! What a host function sees of the instance that calls it.

use crate::carried::{Carried, Carrying};
use crate::error::error;
use crate::types;
use caisson_capability::{Connection, Connections, Error, ErrorKind, Invocation, Lease};
use std::fmt;
use std::marker::PhantomData;
use std::sync::Arc;
use wasmtime::component::{HasData, Linker, Resource, ResourceTable};

/// A host function's view of its caller, while it is called.
pub struct Guest<'a> {
    /// The handles of this instance: transactions, cursors, bodies. Bounded; emptied with the instance.
    pub table: &'a mut ResourceTable,
    /// What its calls under way carry.
    pub carried: &'a Carried,
    /// The server's connections.
    pub connections: &'a Arc<Connections>,
    /// The invocation that is answered; nothing while a module loads.
    pub invocation: Option<&'a Arc<Invocation>>,
}

impl fmt::Debug for Guest<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Guest").finish_non_exhaustive()
    }
}

/// For `bindgen!`: host functions are given a [`Guest`].
#[derive(Clone, Copy, Debug)]
pub struct Shows(PhantomData<()>);

impl HasData for Shows {
    type Data<'a> = Guest<'a>;
}

/// Links a capability's interface for store data that shows a [`Guest`].
pub type Link<T> = fn(&mut Linker<T>, fn(&mut T) -> Guest<'_>) -> wasmtime::Result<()>;

impl Guest<'_> {
    /// Finds a connection for a call of the service that is answering. `bytes`: about what the call was given, which counts as long
    /// as the second part is held.
    ///
    /// # Errors
    ///
    /// As [`Connections::lease`] and [`Carried::take`]; `invalid-input` while a module loads.
    pub fn lease<C: Connection>(
        &self,
        capability: &'static str,
        connection: &str,
        bytes: usize,
    ) -> Result<(Lease<C>, Carrying), types::Error> {
        let invocation = self.invocation.ok_or_else(|| {
            let text = "connections can be used while a message is handled, not while a module loads";
            error(Error::new(ErrorKind::InvalidInput, text))
        })?;
        let lease = self.connections.lease(invocation, capability, connection).map_err(error)?;
        Ok((lease, self.carried.take(bytes)?))
    }
}

/// Short forms for the handles of an instance.
pub trait Resources {
    /// Keeps something for the guest.
    ///
    /// # Errors
    ///
    /// `quota-exceeded`: the instance holds as many handles as it may.
    fn keep<T: Send + 'static>(&mut self, it: T) -> Result<Resource<T>, types::Error>;

    /// What a handle stands for.
    ///
    /// # Errors
    ///
    /// `invalid-input`: it stands for nothing, or for something else.
    fn held<T: 'static>(&self, handle: &Resource<T>) -> Result<&T, types::Error>;
}

impl Resources for ResourceTable {
    fn keep<T: Send + 'static>(&mut self, it: T) -> Result<Resource<T>, types::Error> {
        self.push(it).map_err(|_full| {
            let text = "too many transactions, cursors and bodies are open (limit handles): close those that are done with";
            error(Error::new(ErrorKind::QuotaExceeded, text))
        })
    }

    fn held<T: 'static>(&self, handle: &Resource<T>) -> Result<&T, types::Error> {
        self.get(handle).map_err(|_none| {
            error(Error::new(ErrorKind::InvalidInput, "this handle stands for nothing that is open"))
        })
    }
}
