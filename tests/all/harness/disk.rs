//! A disk that is soon full: a small file system in memory.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;

/// A mounted file system. It is taken away when it is dropped, even if somebody still uses it.
#[derive(Debug)]
pub(crate) struct SmallDisk(PathBuf);

impl SmallDisk {
    /// Mounts one of this size. Only root may.
    pub(crate) fn mount(place: &Path, megabytes: u32) -> Self {
        std::fs::create_dir_all(place).unwrap();
        let size = format!("size={megabytes}m");
        let output = Command::new("mount").args(["-t", "tmpfs", "-o", &size, "tmpfs"]).arg(place).output();
        let output = output.unwrap_or_else(|error| panic!("mount: {error}"));
        assert!(
            output.status.success(),
            "this test fills a disk of its own, which only root can mount; run `cargo xtask test` as root: {}",
            String::from_utf8_lossy(&output.stderr)
        );
        Self(place.to_owned())
    }

    /// Takes all the room that is left.
    pub(crate) fn fill(&self) {
        let mut file = std::fs::File::create(self.filler()).unwrap();
        for size in [64 * 1024, 1] {
            let block = vec![b'x'; size];
            while file.write_all(&block).is_ok() {}
        }
    }

    /// Gives that room back.
    pub(crate) fn free(&self) {
        std::fs::remove_file(self.filler()).unwrap();
    }

    fn filler(&self) -> PathBuf {
        self.0.join("filler")
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        drop(Command::new("umount").arg("--lazy").arg(&self.0).output());
    }
}
