//! `server.json` in the data folder: where a running server answers, for scripts that let it choose its ports.

use anyhow::Context as _;
use serde::Serialize;
use std::io::Write as _;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

/// The name inside the data folder.
const FILE: &str = "server.json";

#[derive(Debug, Serialize)]
struct Content {
    pid: u32,
    listen: SocketAddr,
    admin_listen: SocketAddr,
    version: &'static str,
}

/// The file, for as long as the server runs.
#[derive(Debug)]
pub(crate) struct Announcement {
    path: PathBuf,
}

impl Announcement {
    /// Removes what a server that crashed may have left behind. To be called with the data folder's lock held.
    ///
    /// # Errors
    ///
    /// The operating system refuses.
    pub(crate) fn clear(data: &Path) -> anyhow::Result<()> {
        let path = data.join(FILE);
        match std::fs::remove_file(&path) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                Err(error).with_context(|| format!("{} cannot be removed", path.display()))
            }
            _ => Ok(()),
        }
    }

    /// Writes the file: it appears whole or not at all.
    ///
    /// # Errors
    ///
    /// The operating system refuses.
    pub(crate) fn write(data: &Path, listen: SocketAddr, admin_listen: SocketAddr) -> anyhow::Result<Self> {
        let path = data.join(FILE);
        let beside = data.join(format!("{FILE}.new"));
        let content =
            Content { pid: std::process::id(), listen, admin_listen, version: env!("CARGO_PKG_VERSION") };
        let text = serde_json::to_vec(&content)?;
        let write = || {
            let mut file = std::fs::File::create(&beside)?;
            file.write_all(&text)?;
            std::fs::rename(&beside, &path)
        };
        write().with_context(|| {
            format!("{} cannot be written; check free space and permissions", path.display())
        })?;
        Ok(Self { path })
    }
}

impl Drop for Announcement {
    fn drop(&mut self) {
        if let Err(error) = std::fs::remove_file(&self.path) {
            tracing::warn!(%error, "{} cannot be removed", self.path.display());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn is_there_while_the_server_is() {
        let data = tempfile::tempdir().unwrap();
        Announcement::clear(data.path()).unwrap();
        let (one, other) = (SocketAddr::from(([127, 0, 0, 1], 1)), SocketAddr::from(([127, 0, 0, 1], 2)));
        let announcement = Announcement::write(data.path(), one, other).unwrap();
        let text = std::fs::read(data.path().join(FILE)).unwrap();
        let value: serde_json::Value = serde_json::from_slice(&text).unwrap();
        assert_eq!(value["pid"], std::process::id());
        assert_eq!(value["listen"], "127.0.0.1:1");
        assert_eq!(value["admin_listen"], "127.0.0.1:2");
        assert_eq!(value["version"], env!("CARGO_PKG_VERSION"));
        drop(announcement);
        assert_eq!(std::fs::read_dir(data.path()).unwrap().count(), 0);
    }

    #[test]
    fn a_folder_that_cannot_be_written_is_named() {
        let data = tempfile::tempdir().unwrap();
        let gone = data.path().join("gone");
        let address = SocketAddr::from(([127, 0, 0, 1], 1));
        let error = Announcement::write(&gone, address, address).unwrap_err().to_string();
        assert!(error.contains("gone/server.json cannot be written"), "{error}");
    }
}
