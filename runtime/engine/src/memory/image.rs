//! A memory as it was at one moment: a base layer that many images share, and this image's own pages on top.

use super::slot::Slot;
use super::{Layer, PAGE};
use std::io;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

/// A stretch of own pages: `len` bytes at `start` of the memory are at `offset` of the own layer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Run {
    pub(super) start: usize,
    pub(super) len: usize,
    pub(super) offset: usize,
}

/// Own stretches with gaps up to this many pages are stored as one, base pages between them included: each stretch
/// costs the kernel two mappings in every slot, which is dearer than a few pages stored twice.
const MERGE_GAP_PAGES: usize = 3;

/// Most own stretches of an image; gaps are widened until they are as few. A process may have 65,530 mappings
/// (`vm.max_map_count`), and five hundred slots may be mapped at a time: services that call each other in deep chains.
const MAX_RUNS: usize = 56;

/// Idle slots that an image keeps for its next instances.
const KEPT_SLOTS: usize = 4;

/// Idle slots of all images together. Each holds the pages that requests have written: some hundreds of KiB.
const SEATS: usize = 64;

/// One of the places for idle slots.
#[derive(Debug)]
pub(super) struct Seat(Arc<AtomicUsize>);

impl Seat {
    /// Takes a place, if one is free. `taken` counts them.
    pub(super) fn take(taken: &Arc<AtomicUsize>) -> Option<Self> {
        let seat = Self(Arc::clone(taken));
        // Counted before the comparison; dropping the seat takes it back.
        (taken.fetch_add(1, Ordering::Relaxed) < SEATS).then_some(seat)
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

/// Where a stretch of an image comes from.
#[derive(Clone, Copy, Debug)]
pub(super) enum Source<'a> {
    /// These bytes.
    Bytes(&'a [u8]),
    /// Zeros.
    Zero,
}

/// A memory as it was at one moment.
#[derive(Debug)]
pub(crate) struct MemoryImage {
    len: usize,
    base: Option<Arc<Layer>>,
    own: Layer,
    runs: Vec<Run>,
    free: Mutex<Vec<(Slot, Seat)>>,
}

impl MemoryImage {
    /// The image of a memory that has nothing in it.
    ///
    /// # Errors
    ///
    /// The operating system's.
    pub(crate) fn empty() -> io::Result<Self> {
        Ok(Self { len: 0, base: None, own: Layer::new(0, [])?, runs: Vec::new(), free: Mutex::default() })
    }

    /// An image that is one layer.
    ///
    /// # Errors
    ///
    /// The operating system's.
    pub(crate) fn of_layer(base: Arc<Layer>) -> io::Result<Self> {
        Ok(Self { len: base.len(), base: Some(base), ..Self::empty()? })
    }

    /// The image of `memory`, on top of the base layer of `parent`, the image that it began as. `candidates` are the
    /// stretches `(start, end)` in which it can differ from `parent`, page-aligned and sorted.
    ///
    /// # Errors
    ///
    /// The operating system's.
    pub(super) fn on_top_of(parent: &Self, memory: &[u8], candidates: &[(usize, usize)]) -> io::Result<Self> {
        let base = parent.base.clone();
        let base_bytes = base.as_deref().map_or(&[][..], Layer::bytes);
        let mut changed: Vec<usize> = parent.runs.iter().flat_map(Run::pages).collect();
        changed.extend(candidates.iter().flat_map(|&(start, end)| (start..end).step_by(PAGE)));
        changed.sort_unstable();
        changed.dedup();
        changed.retain(|&at| {
            let now = memory.get(at..at + PAGE);
            now.is_some_and(|page| match base_bytes.get(at..at + PAGE) {
                Some(before) => page != before,
                None => page.iter().any(|&byte| byte != 0),
            })
        });
        let runs = merge(&changed, memory.len());
        let len: usize = runs.iter().map(|run| run.len).sum();
        let pieces =
            runs.iter().filter_map(|run| Some((run.offset, memory.get(run.start..run.start + run.len)?)));
        tracing::debug!(pages = changed.len(), bytes = len, stretches = ?runs, "an image was taken");
        let own = Layer::new(len, pieces)?;
        Ok(Self { len: memory.len(), base, own, runs, free: Mutex::default() })
    }

    /// Length in bytes: what the memory's size was.
    pub(crate) fn len(&self) -> usize {
        self.len
    }

    /// Bytes that no other image shares.
    pub(crate) fn own_bytes(&self) -> usize {
        self.own.len()
    }

    /// The base layer's file and length, and the own stretches: what a slot maps.
    pub(super) fn parts(&self) -> (Option<&Layer>, &Layer, &[Run]) {
        (self.base.as_deref(), &self.own, &self.runs)
    }

    /// Calls `each(offset, length, source)` for the stretches that make up `start..end` of the image.
    pub(super) fn sources<'a>(
        &'a self,
        start: usize,
        end: usize,
        mut each: impl FnMut(usize, usize, Source<'a>),
    ) {
        let base = self.base.as_deref().map_or(&[][..], Layer::bytes);
        let mut next = self.runs.partition_point(|run| run.start + run.len <= start);
        let mut at = start;
        while at < end {
            let run = self.runs.get(next);
            let (stop, source) = match run {
                Some(run) if run.start <= at => {
                    let stop = end.min(run.start + run.len);
                    let from = run.offset + (at - run.start);
                    next += 1;
                    (stop, self.own.bytes().get(from..from + (stop - at)))
                }
                _ => {
                    let stop = run.map_or(end, |run| end.min(run.start));
                    let stop = if at < base.len() { stop.min(base.len()) } else { stop };
                    (stop, base.get(at..stop))
                }
            };
            each(at, stop - at, source.map_or(Source::Zero, Source::Bytes));
            at = stop;
        }
    }

    /// An idle slot that maps this image, if there is one.
    pub(super) fn take_slot(&self) -> Option<Slot> {
        let (slot, _seat) = self.free.lock().unwrap_or_else(PoisonError::into_inner).pop()?;
        Some(slot)
    }

    /// Unmaps all idle slots.
    pub(crate) fn forget_slots(&self) {
        let slots = std::mem::take(&mut *self.free.lock().unwrap_or_else(PoisonError::into_inner));
        drop(slots);
    }

    /// Keeps a slot that has been reset, unless enough are kept.
    pub(super) fn keep_slot(&self, slot: Slot, seat: Seat) {
        let mut free = self.free.lock().unwrap_or_else(PoisonError::into_inner);
        if free.len() < KEPT_SLOTS {
            free.push((slot, seat));
        }
    }
}

impl Run {
    fn pages(&self) -> impl Iterator<Item = usize> + use<> {
        (self.start..self.start + self.len).step_by(PAGE)
    }
}

/// Makes few stretches of sorted page addresses.
fn merge(pages: &[usize], memory_len: usize) -> Vec<Run> {
    let mut gap = MERGE_GAP_PAGES;
    loop {
        let runs = merge_within(pages, memory_len, gap * PAGE);
        if runs.len() <= MAX_RUNS {
            return runs;
        }
        gap *= 2;
    }
}

fn merge_within(pages: &[usize], memory_len: usize, gap: usize) -> Vec<Run> {
    let mut runs: Vec<Run> = Vec::new();
    for &page in pages {
        let end = (page + PAGE).min(memory_len);
        match runs.last_mut() {
            Some(last) if page <= last.start + last.len + gap => {
                last.len = end - last.start;
            }
            _ => runs.push(Run { start: page, len: end - page, offset: 0 }),
        }
    }
    let mut offset = 0;
    for run in &mut runs {
        run.offset = offset;
        offset += run.len;
    }
    runs
}
