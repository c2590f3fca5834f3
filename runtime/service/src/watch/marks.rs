//! Which packages are to be looked at, and when: filled by the watcher's thread, emptied by the follower.

use crate::name;
use crate::source::folder::key;
use notify::EventKind;
use notify::event::{AccessKind, AccessMode, CreateKind, Event, ModifyKind};
use std::collections::HashMap;
use std::path::{Component, Path};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::Notify;
use tokio::time::Instant;

/// How long a package must have been quiet.
const QUIET: Duration = Duration::from_millis(15);

/// How long it is waited for at most.
const PATIENCE: Duration = Duration::from_millis(60);

/// A new folder is looked at once more after this time: what is written into it before the watch on it is in place
/// makes no events.
const NEW_FOLDER: Duration = Duration::from_millis(200);

/// Stands for what is no package itself but may be what a link in a package leads to.
pub(super) const ELSEWHERE: &str = "";

/// More names than this at once are not worth telling apart.
const MOST: usize = 20_000;

#[derive(Clone, Copy)]
struct Mark {
    first: Instant,
    last: Instant,
}

impl Mark {
    fn due(self) -> Instant {
        (self.last + QUIET).min(self.first + PATIENCE)
    }
}

#[derive(Default)]
struct State {
    touched: HashMap<String, Mark>,
    later: HashMap<String, Instant>,
    rescan: bool,
}

/// The packages that are to be looked at.
#[derive(Default)]
pub(super) struct Marks {
    state: Mutex<State>,
    changed: Notify,
}

impl Marks {
    /// Something happened to this package.
    pub(super) fn mark(&self, name: &str) {
        let now = Instant::now();
        let mut state = self.state();
        if state.touched.len() >= MOST {
            state.touched.clear();
            state.rescan = true;
        }
        state.touched.entry(name.to_owned()).or_insert(Mark { first: now, last: now }).last = now;
        drop(state);
        self.changed.notify_one();
    }

    /// Look at this package then, whatever happens until then.
    pub(super) fn mark_at(&self, name: &str, at: Instant) {
        let mut state = self.state();
        let due = state.later.entry(name.to_owned()).or_insert(at);
        *due = at.min(*due);
        drop(state);
        self.changed.notify_one();
    }

    /// Look at everything.
    pub(super) fn rescan(&self) {
        self.state().rescan = true;
        self.changed.notify_one();
    }

    /// Whether everything is to be looked at.
    pub(super) fn take_rescan(&self) -> bool {
        std::mem::take(&mut self.state().rescan)
    }

    /// The packages whose time has come.
    pub(super) fn take_due(&self) -> Vec<String> {
        let now = Instant::now();
        let mut state = self.state();
        let mut names: Vec<String> =
            state.touched.extract_if(|_, mark| mark.due() <= now).map(|(name, _)| name).collect();
        names.extend(state.later.extract_if(|_, at| *at <= now).map(|(name, _)| name));
        drop(state);
        names.sort_unstable();
        names.dedup();
        names
    }

    /// Waits until there is something to look at.
    ///
    /// # Cancel safety
    ///
    /// Nothing is lost when the future is dropped.
    pub(super) async fn due(&self) {
        loop {
            let Some(next) = self.next() else {
                self.changed.notified().await;
                continue;
            };
            if next <= Instant::now() {
                return;
            }
            tokio::select! {
                () = tokio::time::sleep_until(next) => return,
                () = self.changed.notified() => {}
            }
        }
    }

    fn next(&self) -> Option<Instant> {
        let state = self.state();
        if state.rescan {
            return Some(Instant::now());
        }
        let touched = state.touched.values().map(|mark| mark.due());
        touched.chain(state.later.values().copied()).min()
    }

    /// Takes an event of the watcher. `root` is the folder as the watcher knows it.
    pub(super) fn event(&self, root: &Path, event: &Event) {
        if event.need_rescan() {
            return self.rescan();
        }
        let written = AccessKind::Close(AccessMode::Write);
        if matches!(event.kind, EventKind::Access(kind) if kind != written) {
            // Reading files, as we do ourselves, is no change.
            return;
        }
        let arrived = matches!(
            event.kind,
            EventKind::Create(CreateKind::Folder) | EventKind::Modify(ModifyKind::Name(_))
        );
        for path in &event.paths {
            match path.strip_prefix(root).map(package) {
                Ok(Some(name)) => {
                    self.mark(&name);
                    if arrived {
                        self.mark_at(&name, Instant::now() + NEW_FOLDER);
                    }
                }
                // The folder itself.
                Ok(None) => self.rescan(),
                Err(_outside) => {}
            }
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The package that a path inside the folder belongs to; nothing for the folder itself.
fn package(inside: &Path) -> Option<String> {
    let mut parts = inside.components().filter_map(|part| match part {
        Component::Normal(part) => Some(part),
        _ => None,
    });
    let name = key(parts.next()?);
    let noise = parts.any(|part| name::ignored(&part.to_string_lossy()));
    Some(name.filter(|_| !noise).unwrap_or_else(|| ELSEWHERE.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(marks: &Marks) -> Vec<String> {
        let mut names: Vec<String> = marks.state().touched.keys().cloned().collect();
        names.sort_unstable();
        names
    }

    fn event(marks: &Marks, kind: EventKind, path: &str) {
        marks.event(Path::new("/s"), &Event::new(kind).add_path(path.into()));
    }

    #[test]
    fn events_mark_the_package_that_their_path_belongs_to() {
        let marks = Marks::default();
        let kind = EventKind::Modify(ModifyKind::Any);
        for path in ["/s/a.py", "/s/b.toml", "/s/c.wasm", "/s/d/e/f.py", "/t/x.py"] {
            event(&marks, kind, path);
        }
        assert_eq!(names(&marks), ["a", "b", "c", "d"]);
        assert!(!marks.take_rescan());
        event(&marks, kind, "/s");
        assert!(marks.take_rescan());
    }

    #[test]
    fn noise_and_reading_mark_no_package() {
        let marks = Marks::default();
        event(&marks, EventKind::Access(AccessKind::Open(AccessMode::Any)), "/s/a.py");
        event(&marks, EventKind::Access(AccessKind::Close(AccessMode::Read)), "/s/a.py");
        assert!(names(&marks).is_empty());
        for path in ["/s/.a.py.swp", "/s/4913", "/s/a.py~", "/s/d/__pycache__/x.pyc", "/s/.git/index"] {
            event(&marks, EventKind::Modify(ModifyKind::Any), path);
        }
        assert_eq!(names(&marks), [ELSEWHERE]);
    }

    #[test]
    fn an_overflow_asks_for_a_rescan() {
        let marks = Marks::default();
        let overflow = Event::new(EventKind::Other).set_flag(notify::event::Flag::Rescan);
        marks.event(Path::new("/s"), &overflow);
        assert!(marks.take_rescan());
        for number in 0..=MOST {
            marks.mark(&number.to_string());
        }
        assert!(marks.take_rescan(), "a flood of names turns into one rescan");
        assert!(names(&marks).len() < MOST);
    }

    #[tokio::test(start_paused = true)]
    async fn a_package_settles_but_is_not_waited_for_for_ever() {
        let marks = Marks::default();
        let start = Instant::now();
        marks.mark("a");
        assert!(marks.take_due().is_empty(), "not quiet yet");
        marks.due().await;
        assert_eq!(marks.take_due(), ["a"]);
        assert_eq!(start.elapsed(), QUIET);
        marks.mark("b");
        for _ in 0..7 {
            tokio::time::advance(Duration::from_millis(10)).await;
            marks.mark("b");
        }
        assert_eq!(marks.take_due(), ["b"], "it never was quiet, but patience has ended");
    }
}
