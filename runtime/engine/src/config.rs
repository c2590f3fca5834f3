//! The one place that configures wasmtime. Compiler and runtime must agree, so both use it.

use crate::memory::{Creator, GUARD, RESERVATION, ResetMode, StackPool};
use std::sync::Arc;
use std::time::Duration;
use wasmtime::{Config, OptLevel, WasmBacktraceDetails};

/// Deepest native stack that a guest may use, in bytes. Reaching it is an error named `stack`.
pub(crate) const STACK_BYTES: usize = 2 << 20;

/// What host functions may use on top of it.
const HOST_STACK_BYTES: usize = 512 << 10;

/// How often a running guest looks whether it has to yield or stop.
pub(crate) const TICK: Duration = Duration::from_millis(10);

/// Settings that decide what compiled code looks like.
pub(crate) fn code_settings() -> Config {
    let mut config = Config::new();
    config
        .cranelift_opt_level(OptLevel::Speed)
        .epoch_interruption(true)
        // Memory contents come from images; wasmtime's own copy-on-write would hide them from us.
        .memory_init_cow(false)
        .memory_reservation(RESERVATION as u64)
        .memory_guard_size(GUARD as u64)
        .memory_may_move(false)
        // Smaller surface: what guests of wasm32-wasip2 do not use is off.
        .wasm_memory64(false)
        .wasm_component_model_async(true)
        .wasm_relaxed_simd(false)
        // Frames name functions, which is enough to find a trap; DWARF would double the artifact.
        .wasm_backtrace_details(WasmBacktraceDetails::Disable);
    config
}

/// The settings of a running engine.
///
/// # Errors
///
/// The operating system's.
pub(crate) fn runtime_settings(mode: ResetMode) -> std::io::Result<Config> {
    let mut config = code_settings();
    config
        .with_host_memory(Arc::new(Creator::new(mode)?))
        .with_host_stack(Arc::new(StackPool::default()))
        .max_wasm_stack(STACK_BYTES)
        .async_stack_size(STACK_BYTES + HOST_STACK_BYTES)
        .async_stack_zeroing(false);
    Ok(config)
}
