//! Answers in pieces, as a guest makes them: the head, then what follows.

use super::Host;
use crate::bindings::{self, answer, types};
use bytes::Bytes;
use caisson_capability::{Error, ErrorKind};
use tokio::sync::mpsc;
use wasmtime::component::{Accessor, HasSelf};

impl answer::Host for Host {
    fn begin(&mut self, status: u16, headers: Vec<types::Field>) -> Result<(), types::Error> {
        self.begin_answer(status, headers).map_err(bindings::error_for_guest)
    }
}

impl answer::HostWithStore<Host> for HasSelf<Host> {
    async fn write(accessor: &Accessor<Host, Self>, piece: Vec<u8>) -> Result<(), types::Error> {
        let pieces = accessor.with(|mut access| access.get().pieces(piece.len()));
        let sent = match pieces {
            // An empty piece says nothing, and in some encodings it would say that the body ends here.
            Ok(_) if piece.is_empty() => Ok(()),
            Ok(pieces) => pieces.send(Bytes::from(piece)).await.map_err(|_gone| gone()),
            Err(error) => Err(error),
        };
        sent.map_err(bindings::error_for_guest)
    }
}

impl Host {
    fn begin_answer(&mut self, status: u16, headers: Vec<types::Field>) -> Result<(), Error> {
        if !(100..1_000).contains(&status) {
            let text = format!("{status} is no HTTP status; give one from 100 to 999");
            return Err(Error::new(ErrorKind::InvalidInput, text));
        }
        let call = self.call.as_mut().ok_or_else(|| {
            Error::new(ErrorKind::InvalidInput, "there is nothing to answer while a module loads")
        })?;
        if call.pieces.is_some() {
            return Err(Error::new(
                ErrorKind::InvalidInput,
                "the answer has begun already; go on with `write`",
            ));
        }
        call.pieces = Some(call.outlet.begin(status, headers));
        Ok(())
    }

    fn pieces(&self, bytes: usize) -> Result<mpsc::Sender<Bytes>, Error> {
        let pieces = self.call.as_ref().and_then(|call| call.pieces.clone());
        let pieces = pieces.ok_or_else(|| {
            Error::new(ErrorKind::InvalidInput, "the answer has not begun; call `begin` first")
        })?;
        if bytes as u64 > self.answer_bytes {
            let text = format!(
                "a piece of the answer is larger than the limit answer_bytes = {}",
                self.answer_bytes
            );
            return Err(Error::new(ErrorKind::QuotaExceeded, text));
        }
        Ok(pieces)
    }
}

fn gone() -> Error {
    Error::new(ErrorKind::Cancelled, "nobody reads the answer any more")
}
