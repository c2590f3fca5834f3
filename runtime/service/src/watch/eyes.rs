//! The system's watcher, and whether it still looks at the folder that has the name.

use super::marks::Marks;
use crate::source::ServicesFolder;
use notify::{Config, RecommendedWatcher, RecursiveMode, Watcher};
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::sync::Arc;
use std::time::SystemTime;

/// Which folder it is, whatever its name: device, inode, and birth, because inodes are used again.
type Identity = (u64, u64, Option<SystemTime>);

fn identity(path: &Path) -> Option<Identity> {
    let metadata = std::fs::metadata(path).ok().filter(std::fs::Metadata::is_dir)?;
    Some((metadata.dev(), metadata.ino(), metadata.created().ok()))
}

/// Watches a folder, and notices when the folder is another one.
pub(super) struct Eyes {
    marks: Arc<Marks>,
    watcher: Option<RecommendedWatcher>,
    on: Option<Identity>,
    complaint: Option<String>,
}

impl Eyes {
    pub(super) fn new(marks: Arc<Marks>) -> Self {
        Self { marks, watcher: None, on: None, complaint: None }
    }

    /// Whether events arrive.
    pub(super) fn open(&self) -> bool {
        self.watcher.is_some()
    }

    /// Whether the folder of this name is the one that is watched.
    pub(super) fn still_on(&self, folder: &ServicesFolder) -> bool {
        self.open() && self.on.is_some() && self.on == identity(folder.path())
    }

    /// Starts watching the folder that has the name now.
    ///
    /// # Errors
    ///
    /// What to tell the operator, or nothing when it has been told before.
    pub(super) async fn turn_to(&mut self, folder: &ServicesFolder) -> Result<(), Option<String>> {
        self.watcher = None;
        self.on = identity(folder.path());
        let path = folder.path().to_owned();
        let marks = Arc::clone(&self.marks);
        // Walks the whole tree.
        let opened = tokio::task::spawn_blocking(move || open(&path, marks)).await;
        let complaint = match opened {
            Ok(Ok(watcher)) => {
                self.watcher = Some(watcher);
                self.complaint = None;
                return Ok(());
            }
            Ok(Err(error)) => explain(folder, &error),
            Err(failure) => failure.to_string(),
        };
        if self.complaint.as_ref() == Some(&complaint) {
            return Err(None);
        }
        self.complaint = Some(complaint.clone());
        Err(Some(complaint))
    }
}

fn open(path: &Path, marks: Arc<Marks>) -> notify::Result<RecommendedWatcher> {
    // The real path: events carry it, and links above the folder must not hide them.
    let root = std::fs::canonicalize(path).map_err(notify::Error::io)?;
    let prefix = root.clone();
    let handler = move |event: notify::Result<notify::Event>| match event {
        Ok(event) => marks.event(&prefix, &event),
        Err(error) => {
            tracing::warn!(%error, "the services folder could not be watched for a moment; it is read as a whole");
            marks.rescan();
        }
    };
    // A link may lead anywhere, and the whole disk must not be watched; packages with links are looked at whenever
    // anything else changes.
    let mut watcher = RecommendedWatcher::new(handler, Config::default().with_follow_symlinks(false))?;
    watcher.watch(&root, RecursiveMode::Recursive)?;
    Ok(watcher)
}

fn explain(folder: &ServicesFolder, error: &notify::Error) -> String {
    let path = folder.path().display();
    match error.kind {
        notify::ErrorKind::MaxFilesWatch => format!(
            "the system has no file watches left, so {path} is read every second instead; raise \
             fs.inotify.max_user_watches"
        ),
        _ if !folder.path().exists() => {
            format!("the services folder {path} is gone; its packages are undeployed until it is back")
        }
        _ => format!("{path} cannot be watched, so it is read every second instead: {error}"),
    }
}
