//! How wasmtime is handed slots: it asks for memories while it instantiates, on the thread that polls it, in the
//! component's own fixed order. So the images travel in a thread-local that is set around each poll.

#![allow(unsafe_code, reason = "implements wasmtime's unsafe traits; argued in the module above")]

use super::image::Seat;
use super::pagemap::ResetMode;
use super::slot::Slot;
use super::{GUARD, MemoryImage, RESERVATION};
use std::cell::RefCell;
use std::io;
use std::pin::pin;
use std::sync::atomic::AtomicUsize;
use std::sync::{Arc, Mutex, PoisonError};
use wasmtime::{LinearMemory, MemoryCreator, MemoryType, Store};

/// One memory that wasmtime holds. The slot goes back to its image when wasmtime and the instance have let go of it.
#[derive(Debug)]
struct Shared {
    image: Arc<MemoryImage>,
    /// Size at the start, in bytes: the image's, or the module's minimum when that is more.
    initial: usize,
    /// `None` only while dropping. The lock is never contended: wasmtime and the host take turns.
    slot: Mutex<Option<Slot>>,
    mode: ResetMode,
    /// How many idle slots are kept, over all images.
    seats: Arc<AtomicUsize>,
}

impl Shared {
    fn with<R>(&self, act: impl FnOnce(&mut Slot) -> R) -> Option<R> {
        self.slot.lock().unwrap_or_else(PoisonError::into_inner).as_mut().map(act)
    }
}

impl Drop for Shared {
    fn drop(&mut self) {
        let slot = self.slot.get_mut().unwrap_or_else(PoisonError::into_inner).take();
        if let (Some(mut slot), Some(seat)) = (slot, Seat::take(&self.seats)) {
            // SAFETY: wasmtime has dropped its half, so no guest can run on this memory.
            if unsafe { slot.reset(&self.image, self.initial, self.mode, true) }.is_ok() {
                self.image.keep_slot(slot, seat);
            }
        }
    }
}

/// The half that wasmtime holds.
struct Handed {
    shared: Arc<Shared>,
    base: *mut u8,
}

// SAFETY: `base` is an address inside the slot that `shared` keeps alive; nothing is tied to a thread.
unsafe impl Send for Handed {}
// SAFETY: as above.
unsafe impl Sync for Handed {}

// SAFETY: the base never moves, `byte_size` bytes from it are accessible and the rest of the reservation and its guard
// are not: invariants 1 and 2 of the module.
unsafe impl LinearMemory for Handed {
    fn byte_size(&self) -> usize {
        self.shared.with(|slot| slot.size()).unwrap_or(0)
    }

    fn byte_capacity(&self) -> usize {
        RESERVATION
    }

    fn grow_to(&mut self, new_size: usize) -> wasmtime::Result<()> {
        match self.shared.with(|slot| slot.resize(new_size)) {
            Some(Ok(())) => Ok(()),
            Some(Err(error)) => Err(error.into()),
            None => Err(wasmtime::Error::msg("the memory is gone")),
        }
    }

    fn as_ptr(&self) -> *mut u8 {
        self.base
    }
}

/// What one instantiation is given, and what it took.
struct Provision {
    images: Arc<[Arc<MemoryImage>]>,
    taken: Vec<Arc<Shared>>,
}

thread_local! {
    static CURRENT: RefCell<Option<Provision>> = const { RefCell::new(None) };
}

/// Gives wasmtime memories for the instantiation that runs on this thread.
pub(crate) struct Creator {
    empty: Arc<MemoryImage>,
    mode: ResetMode,
    seats: Arc<AtomicUsize>,
}

impl Creator {
    /// A creator whose memories are reset in this way.
    ///
    /// # Errors
    ///
    /// The operating system's.
    pub(crate) fn new(mode: ResetMode) -> io::Result<Self> {
        Ok(Self { empty: Arc::new(MemoryImage::empty()?), mode, seats: Arc::default() })
    }
}

// SAFETY: memories are zero or an image, page-aligned, with the reservation and guard that wasmtime is configured for;
// another demand is refused.
unsafe impl MemoryCreator for Creator {
    fn new_memory(
        &self,
        ty: MemoryType,
        minimum: usize,
        _maximum: Option<usize>,
        reserved: Option<usize>,
        guard: usize,
    ) -> Result<Box<dyn LinearMemory>, String> {
        if ty.is_64() || ty.is_shared() || reserved.is_some_and(|bytes| bytes > RESERVATION) || guard > GUARD
        {
            return Err("only unshared 32-bit memories can be had".to_owned());
        }
        CURRENT.with_borrow_mut(|current| {
            let provision = current.as_mut().ok_or("a memory was asked for outside of an instantiation")?;
            let image = provision.images.get(provision.taken.len()).unwrap_or(&self.empty);
            let initial = minimum.max(image.len());
            let slot = match image.take_slot() {
                Some(mut slot) => slot.resize(initial).map(|()| slot),
                None => Slot::new(image, initial),
            }
            .map_err(|error| format!("no memory for an instance: {error}"))?;
            let base = slot.base();
            let slot = Mutex::new(Some(slot));
            let shared = Arc::new(Shared {
                image: Arc::clone(image),
                initial,
                slot,
                mode: self.mode,
                seats: Arc::clone(&self.seats),
            });
            provision.taken.push(Arc::clone(&shared));
            Ok(Box::new(Handed { shared, base }) as Box<dyn LinearMemory>)
        })
    }
}

/// Runs an instantiation with these images, in the order in which the component makes its memories; what has no image
/// begins empty. Returns what it took.
///
/// # Cancel safety
///
/// Dropping the future gives all memories back.
pub(crate) async fn provide<F: Future>(
    images: Arc<[Arc<MemoryImage>]>,
    instantiation: F,
) -> (F::Output, Memories) {
    let mut provision = Some(Provision { images, taken: Vec::new() });
    let mut instantiation = pin!(instantiation);
    let output = std::future::poll_fn(|context| {
        let _entered = Entered::new(&mut provision);
        instantiation.as_mut().poll(context)
    })
    .await;
    (output, Memories(provision.map(|provision| provision.taken).unwrap_or_default()))
}

/// While it lives, the provision is this thread's current one. A guard, so that a panic does not leave it there.
struct Entered<'a> {
    provision: &'a mut Option<Provision>,
    outer: Option<Provision>,
}

impl<'a> Entered<'a> {
    fn new(provision: &'a mut Option<Provision>) -> Self {
        let outer = CURRENT.replace(provision.take());
        Self { provision, outer }
    }
}

impl Drop for Entered<'_> {
    fn drop(&mut self) {
        *self.provision = CURRENT.replace(self.outer.take());
    }
}

/// The memories of one instance, in the order in which they were made.
#[derive(Debug)]
pub(crate) struct Memories(Vec<Arc<Shared>>);

impl Memories {
    /// Puts every memory back to its image. Returns the number of pages that had been written, or `None` when a memory
    /// has grown: the instance has its new size cached, so it cannot be used again.
    ///
    /// `store` is the store that these memories belong to; exclusive access to it is what makes this sound. `faulted`
    /// is false only if no thread took a page fault while it ran this store since the last reset.
    ///
    /// # Errors
    ///
    /// The operating system's; the instance must be dropped then.
    pub(crate) fn reset<T>(&self, store: &mut Store<T>, faulted: bool) -> io::Result<Option<usize>> {
        let _exclusive = store;
        let mut pages = 0;
        for shared in &self.0 {
            let outcome = shared.with(|slot| {
                if slot.size() != shared.initial {
                    return Ok(None);
                }
                // SAFETY: the store that could run a guest here is exclusively borrowed for the whole call, and the
                // caller has watched the faults of the threads that ran it.
                unsafe { slot.reset(&shared.image, shared.initial, shared.mode, faulted) }.map(Some)
            });
            match outcome {
                Some(Ok(Some(count))) => pages += count,
                Some(Err(error)) => return Err(error),
                Some(Ok(None)) | None => return Ok(None),
            }
        }
        Ok(Some(pages))
    }

    /// Takes an image of every memory. `store` as in [`Memories::reset`].
    ///
    /// # Errors
    ///
    /// The operating system's.
    pub(crate) fn capture<T>(&self, store: &mut Store<T>) -> io::Result<Vec<Arc<MemoryImage>>> {
        let _exclusive = store;
        self.0
            .iter()
            .map(|shared| {
                let captured = shared.with(|slot| {
                    let changed = slot.changed(shared.mode)?;
                    // SAFETY: as in `reset`; the slice ends with this closure.
                    let bytes = unsafe { slot.bytes() };
                    MemoryImage::on_top_of(&shared.image, bytes, &changed)
                });
                captured.unwrap_or_else(|| Err(io::Error::other("the memory is gone"))).map(Arc::new)
            })
            .collect()
    }

    /// Copies the bytes of every memory. `store` as in [`Memories::reset`].
    pub(crate) fn copy<T>(&self, store: &mut Store<T>) -> Vec<Vec<u8>> {
        let _exclusive = store;
        // SAFETY: as in `reset`; the slice ends with the closure.
        self.0.iter().filter_map(|shared| shared.with(|slot| unsafe { slot.bytes() }.to_vec())).collect()
    }
}
