//! The memory limit: summed over all memories of an instance, and remembered when it was reached.

use std::collections::VecDeque;
use wasmtime::ResourceLimiter;

/// Entries that all tables of an instance may have together: the interpreter has about ten thousand functions.
const MAX_TABLE_ELEMENTS: usize = 200_000;

/// Core instances, tables and memories of one component.
const MAX_PARTS: usize = 64;

/// Bounds the memory of one instance.
#[derive(Debug)]
pub(crate) struct MemoryLimiter {
    limit: u64,
    used: u64,
    /// Sizes of the images that memories still to be made begin as. They are counted in `used` already.
    images: VecDeque<u64>,
    refused: bool,
    /// What the last growth was allowed, in case that it fails after all.
    last: u64,
    table_elements: usize,
}

impl MemoryLimiter {
    /// A limit in bytes for an instance whose memories begin as images of these sizes.
    pub(crate) fn new(limit: u64, images: impl IntoIterator<Item = u64>) -> Self {
        let images: VecDeque<u64> = images.into_iter().collect();
        Self { limit, used: images.iter().sum(), images, refused: false, last: 0, table_elements: 0 }
    }

    /// Whether the guest has been refused memory since [`MemoryLimiter::restart`].
    pub(crate) fn refused(&self) -> bool {
        self.refused
    }

    /// A new invocation begins, under this limit. What is used already stays, even if it is more.
    pub(crate) fn restart(&mut self, limit: u64) {
        self.limit = limit;
        self.refused = false;
    }
}

impl ResourceLimiter for MemoryLimiter {
    fn memory_growing(
        &mut self,
        current: usize,
        desired: usize,
        _maximum: Option<usize>,
    ) -> wasmtime::Result<bool> {
        // A memory is announced with nothing in it and its module's minimum; its image may hold more than that.
        let image = if current == 0 { self.images.pop_front().unwrap_or(0) } else { 0 };
        let grown = (desired.saturating_sub(current) as u64).saturating_sub(image);
        let wanted = self.used.saturating_add(grown);
        if wanted > self.limit {
            self.refused = true;
            self.last = 0;
            return Ok(false);
        }
        self.used = wanted;
        self.last = grown;
        Ok(true)
    }

    fn memory_grow_failed(&mut self, _error: wasmtime::Error) -> wasmtime::Result<()> {
        self.used = self.used.saturating_sub(std::mem::take(&mut self.last));
        Ok(())
    }

    fn table_growing(
        &mut self,
        current: usize,
        desired: usize,
        _maximum: Option<usize>,
    ) -> wasmtime::Result<bool> {
        let wanted = self.table_elements.saturating_add(desired.saturating_sub(current));
        if wanted > MAX_TABLE_ELEMENTS {
            return Ok(false);
        }
        self.table_elements = wanted;
        Ok(true)
    }

    fn instances(&self) -> usize {
        MAX_PARTS
    }

    fn tables(&self) -> usize {
        MAX_PARTS
    }

    fn memories(&self) -> usize {
        MAX_PARTS
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memories_of_one_instance_share_one_limit() {
        let mut limiter = MemoryLimiter::new(100, [50]);
        assert!(limiter.memory_growing(0, 40, None).unwrap(), "within its image");
        assert!(limiter.memory_growing(0, 30, None).unwrap());
        assert!(limiter.memory_growing(50, 60, None).unwrap());
        limiter.memory_grow_failed(wasmtime::Error::msg("too large for its type")).unwrap();
        assert!(limiter.memory_growing(50, 60, None).unwrap(), "what failed is not counted");
        assert!(!limiter.memory_growing(30, 41, None).unwrap());
        assert!(limiter.refused());
        limiter.restart(100);
        assert!(!limiter.refused());
        limiter.restart(101);
        assert!(
            limiter.memory_growing(30, 31, None).unwrap(),
            "a higher limit holds from the next invocation on"
        );
    }
}
