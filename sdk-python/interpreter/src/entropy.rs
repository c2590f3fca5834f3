//! Which phase of its life this instance is in, so that nothing random is carried from an image into a request.
//!
//! Whatever is seeded while a package is loaded would be the same in every request, because each request starts from the
//! image that was taken then. Generators therefore remember the phase in which they were seeded and seed themselves again
//! when it has changed. The phase is a static in linear memory: it is 0 in every image, and the first request sets it.

use std::sync::atomic::{AtomicU32, Ordering};

static GENERATION: AtomicU32 = AtomicU32::new(0);

/// 0 while an image is made, 1 while requests are served.
pub fn generation() -> u32 {
    GENERATION.load(Ordering::Relaxed)
}

/// Marks the start of serving. Called by every request; only the first after an image was restored changes anything.
pub fn serving() {
    if generation() == 0 {
        GENERATION.store(1, Ordering::Relaxed);
    }
}

/// Puts the instance back into the phase of making an image, after the requests that warm it up.
pub fn making_image() {
    GENERATION.store(0, Ordering::Relaxed);
}

/// Bytes from the host's generator, at this moment.
pub fn fill(buffer: &mut [u8]) {
    getrandom::fill(buffer).expect("WASI always has random bytes");
}
