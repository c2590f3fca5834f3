//! A place for something that only one call can use at a time.

use crate::error;
use caisson_capability::Error;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

/// Holds something, unless a call has it. A call that is dropped in the middle takes it with it.
pub(super) struct Slot<T>(Arc<Mutex<Place<T>>>);

enum Place<T> {
    Free(T),
    Busy,
    Ended(&'static str),
}

impl<T> Clone for Slot<T> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<T> fmt::Debug for Slot<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Slot(..)")
    }
}

impl<T> Slot<T> {
    pub(super) fn new(it: T) -> Self {
        Self(Arc::new(Mutex::new(Place::Free(it))))
    }

    /// Takes it out.
    ///
    /// # Errors
    ///
    /// `invalid-input`: another call has it, or it is no more.
    pub(super) fn take(&self) -> Result<Taken<T>, Error> {
        let mut place = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match std::mem::replace(&mut *place, Place::Busy) {
            Place::Free(it) => Ok(Taken {
                slot: self.clone(),
                it: Some(it),
                why: "an earlier call was given up, which ended it",
            }),
            Place::Busy => Err(error::unfit("another call is under way on it: wait for that one first")),
            Place::Ended(why) => {
                *place = Place::Ended(why);
                Err(error::unfit(format!("it has ended: {why}")))
            }
        }
    }
}

/// What was taken out of a slot.
pub(super) struct Taken<T> {
    slot: Slot<T>,
    it: Option<T>,
    why: &'static str,
}

impl<T> Taken<T> {
    pub(super) fn get(&mut self) -> Result<&mut T, Error> {
        self.it.as_mut().ok_or_else(|| error::unfit("it has ended"))
    }

    /// Puts it back for the next call.
    pub(super) fn put_back(mut self) {
        if let Some(it) = self.it.take() {
            *self.slot.0.lock().unwrap_or_else(PoisonError::into_inner) = Place::Free(it);
        }
    }

    /// Keeps it out; whoever asks for it is told why.
    pub(super) fn end(mut self, why: &'static str) -> Option<T> {
        self.why = why;
        let it = self.it.take();
        *self.slot.0.lock().unwrap_or_else(PoisonError::into_inner) = Place::Ended(why);
        it
    }
}

impl<T> Drop for Taken<T> {
    fn drop(&mut self) {
        if self.it.take().is_some() {
            *self.slot.0.lock().unwrap_or_else(PoisonError::into_inner) = Place::Ended(self.why);
        }
    }
}
