//! A guest's standard output and error: kept while it runs, logged line by line when it has answered.

use bytes::Bytes;
use caisson_telemetry::Level;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use tokio::io::AsyncWrite;
use wasmtime_wasi::cli::{IsTerminal, StdoutStream};
use wasmtime_wasi::p2::{OutputStream, Pollable, StreamResult};

/// Bytes kept of each stream for one invocation; what comes after them is dropped.
const MAX_BYTES: usize = 256 << 10;

/// Both streams of one instance.
#[derive(Default)]
pub(crate) struct Output {
    stdout: Pipe,
    stderr: Pipe,
}

impl Output {
    pub(crate) fn stdout(&self) -> Pipe {
        self.stdout.clone()
    }

    pub(crate) fn stderr(&self) -> Pipe {
        self.stderr.clone()
    }

    /// The lines written so far: level, logger, text.
    pub(crate) fn take_lines(&self) -> Vec<(Level, &'static str, String)> {
        let mut lines = Vec::new();
        for (pipe, level, logger) in
            [(&self.stdout, Level::Info, "stdout"), (&self.stderr, Level::Warning, "stderr")]
        {
            let text = pipe.take();
            lines.extend(
                text.lines().filter(|line| !line.is_empty()).map(|line| (level, logger, line.to_owned())),
            );
        }
        lines
    }

    /// What standard error holds.
    pub(crate) fn take_stderr(&self) -> String {
        self.stderr.take()
    }
}

/// One stream: everything that writes to it shares one buffer.
#[derive(Clone, Default)]
pub(crate) struct Pipe(Arc<Mutex<Vec<u8>>>);

impl Pipe {
    fn append(&self, bytes: &[u8]) {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let room = MAX_BYTES.saturating_sub(kept.len());
        kept.extend(bytes.iter().take(room));
    }

    fn take(&self) -> String {
        let bytes = std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner));
        if bytes.is_empty() { String::new() } else { String::from_utf8_lossy(&bytes).into_owned() }
    }
}

impl IsTerminal for Pipe {
    fn is_terminal(&self) -> bool {
        false
    }
}

impl StdoutStream for Pipe {
    fn async_stream(&self) -> Box<dyn AsyncWrite + Send + Sync> {
        Box::new(self.clone())
    }

    fn p2_stream(&self) -> Box<dyn OutputStream> {
        Box::new(self.clone())
    }
}

impl OutputStream for Pipe {
    fn write(&mut self, bytes: Bytes) -> StreamResult<()> {
        self.append(&bytes);
        Ok(())
    }

    fn flush(&mut self) -> StreamResult<()> {
        Ok(())
    }

    fn check_write(&mut self) -> StreamResult<usize> {
        Ok(64 << 10)
    }
}

#[wasmtime_wasi::async_trait]
impl Pollable for Pipe {
    async fn ready(&mut self) {}
}

impl AsyncWrite for Pipe {
    fn poll_write(self: Pin<&mut Self>, _: &mut Context<'_>, bytes: &[u8]) -> Poll<std::io::Result<usize>> {
        self.append(bytes);
        Poll::Ready(Ok(bytes.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}
