//! `sys.stdout` and `sys.stderr`: text that a service prints, handed to the host's log line by line.

use crate::bindings::caisson::service::log::{Level, write};
use std::cell::{Cell, RefCell};

/// Where text was printed to.
#[derive(Clone, Copy)]
pub enum Stream {
    /// `sys.stdout`
    Out,
    /// `sys.stderr`
    Err,
}

/// A line longer than this is cut into several records, so that a print without an end does not fill the memory.
const LONGEST_LINE: usize = 64 * 1024;

thread_local! {
    static PENDING: RefCell<[String; 2]> = const { RefCell::new([String::new(), String::new()]) };
    static MUTED: Cell<bool> = const { Cell::new(false) };
}

/// Stops records from leaving the instance, or lets them through again. Nothing may be logged while the base image is made:
/// no service is there that the record could belong to.
pub fn mute(muted: bool) {
    MUTED.set(muted);
}

/// Writes one record to the host's log.
pub fn record(level: Level, logger: &str, message: &str) {
    if !MUTED.get() {
        write(level, logger, message);
    }
}

/// Adds text to a stream and logs the lines that it completes.
pub fn print(stream: Stream, text: &str) {
    let mut ready = Vec::new();
    PENDING.with_borrow_mut(|pending| {
        let line = &mut pending[stream as usize];
        for part in text.split_inclusive('\n') {
            line.push_str(part.strip_suffix('\n').unwrap_or(part));
            if part.ends_with('\n') || line.len() > LONGEST_LINE {
                ready.push(std::mem::take(line));
            }
        }
    });
    for line in ready {
        log_line(stream, &line);
    }
}

/// Logs what stands in the streams without a line end. Called at the end of every request.
pub fn flush() {
    for stream in [Stream::Out, Stream::Err] {
        let line = PENDING.with_borrow_mut(|pending| {
            let line = &mut pending[stream as usize];
            if line.is_empty() { None } else { Some(std::mem::take(line)) }
        });
        if let Some(line) = line {
            log_line(stream, &line);
        }
    }
}

fn log_line(stream: Stream, line: &str) {
    match stream {
        Stream::Out => record(Level::Info, "print", line),
        Stream::Err => record(Level::Warning, "stderr", line),
    }
}
