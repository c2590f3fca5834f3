//! The services folder, followed as it changes: what is saved runs a moment later.
//!
//! Events are hints, never facts: they only say which package to look at. What is deployed is always what is on disk
//! when the package has been quiet for a moment, so lost, doubled or reordered events do no harm, and neither does
//! the way in which an editor replaces files. A slow rescan finds whatever produced no event at all.

mod eyes;
mod marks;

use crate::deploy::{DeployError, Deployer};
use crate::source::ServicesFolder;
use crate::source::folder::{Fingerprint, Found};
use caisson_telemetry::Level;
use eyes::Eyes;
use marks::Marks;
use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{Semaphore, watch};
use tokio::task::{JoinHandle, JoinSet};
use tokio::time::Instant;

/// How long a file that has gone may take to come back, and one that was truncated to be written. Editors and git need
/// a few milliseconds.
const GRACE: Duration = Duration::from_millis(150);

/// How often the folder itself is looked at: whether it is still the one that is watched.
const FOLDER_EVERY: Duration = Duration::from_secs(1);

/// Full rescan while events arrive.
const RESCAN_EVERY: Duration = Duration::from_secs(30);

/// Full rescan while they do not, because the system has no watches left.
const BLIND_RESCAN_EVERY: Duration = Duration::from_secs(1);

/// Packages that are read and deployed at the same time.
const AT_ONCE: usize = 16;

/// Follows a services folder until it is stopped or dropped.
#[derive(Debug)]
pub struct Watch {
    task: JoinHandle<()>,
    stop: watch::Sender<bool>,
}

impl Watch {
    /// Starts following. A missing folder is made. Everything in it is looked at once, so nothing that changed since
    /// [`Deployer::restore`] is overlooked. Must be called within a tokio runtime.
    ///
    /// # Errors
    ///
    /// The folder cannot be made.
    pub fn start(deployer: &Deployer, folder: &ServicesFolder) -> Result<Self, std::io::Error> {
        if folder.create()? {
            deployer.report(Level::Info, format!("services folder {} made", folder.path().display()));
        }
        let (stop, stopped) = watch::channel(false);
        let follower = Follower::new(deployer.clone(), folder.clone());
        Ok(Self { task: tokio::spawn(follower.run(stopped)), stop })
    }

    /// Stops following and waits until deployments under way are finished.
    pub async fn stop(mut self) {
        self.stop.send_replace(true);
        // A panic of the task has been reported by the runtime.
        drop((&mut self.task).await);
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// What happened, as far as the loop is concerned.
enum Wake {
    Marked,
    Freed,
    Done(Box<Option<Done>>),
    Folder,
    Rescan,
    Stop,
}

/// A deployment that has ended.
struct Done {
    name: String,
    fingerprint: Option<Fingerprint>,
    error: Option<DeployError>,
}

struct Follower {
    deployer: Deployer,
    folder: ServicesFolder,
    marks: Arc<Marks>,
    eyes: Eyes,
    /// How packages looked when they were last deployed, or refused for good.
    seen: HashMap<String, Fingerprint>,
    /// Packages whose file is gone, and since when.
    gone: HashMap<String, Instant>,
    /// Packages with a file that has just become empty, and since when.
    emptied: HashMap<String, Instant>,
    /// Packages with symbolic links: they change without events of their own.
    linked: HashSet<String>,
    busy: HashSet<String>,
    /// Busy packages that are to be looked at again when that is finished.
    deferred: HashSet<String>,
    tasks: JoinSet<Done>,
    permits: Arc<Semaphore>,
}

impl Follower {
    fn new(deployer: Deployer, folder: ServicesFolder) -> Self {
        let marks = Arc::new(Marks::default());
        Self {
            eyes: Eyes::new(Arc::clone(&marks)),
            deployer,
            folder,
            marks,
            seen: HashMap::new(),
            gone: HashMap::new(),
            emptied: HashMap::new(),
            linked: HashSet::new(),
            busy: HashSet::new(),
            deferred: HashSet::new(),
            tasks: JoinSet::new(),
            permits: Arc::new(Semaphore::new(AT_ONCE)),
        }
    }

    async fn run(mut self, mut stopped: watch::Receiver<bool>) {
        let mut freed = self.deployer.freed();
        let mut folder_tick = tokio::time::interval(FOLDER_EVERY);
        folder_tick.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        let mut rescanned = Instant::now();
        self.marks.rescan();
        loop {
            let every = if self.eyes.open() { RESCAN_EVERY } else { BLIND_RESCAN_EVERY };
            let wake = tokio::select! {
                () = self.marks.due() => Wake::Marked,
                Ok(()) = freed.changed() => Wake::Freed,
                Some(done) = self.tasks.join_next() => Wake::Done(Box::new(done.ok())),
                _ = folder_tick.tick() => Wake::Folder,
                () = tokio::time::sleep_until(rescanned + every) => Wake::Rescan,
                _ = stopped.wait_for(|stop| *stop) => Wake::Stop,
            };
            match wake {
                Wake::Marked => {
                    if self.marks.take_rescan() {
                        rescanned = Instant::now();
                        self.rescan().await;
                    }
                    let names = self.marks.take_due();
                    self.examine(names, true).await;
                }
                // Names that became free may be what others have been waiting for.
                Wake::Freed => self.again(self.deployer.waiting()),
                Wake::Done(done) => self.done(*done),
                Wake::Folder if !self.eyes.still_on(&self.folder) => {
                    self.refocus().await;
                    self.marks.rescan();
                }
                Wake::Folder => {}
                Wake::Rescan => {
                    self.again(self.deployer.worth_a_retry());
                    self.marks.rescan();
                }
                Wake::Stop => break,
            }
        }
        while self.tasks.join_next().await.is_some() {}
    }

    /// Looks at the folder that has the name now: the one before was removed or replaced.
    async fn refocus(&mut self) {
        if let Err(Some(message)) = self.eyes.turn_to(&self.folder).await {
            self.deployer.report(Level::Error, message);
        }
    }

    /// Looks at everything that is in the folder or was.
    async fn rescan(&mut self) {
        if !self.eyes.still_on(&self.folder) {
            self.refocus().await;
        }
        let folder = self.folder.clone();
        let Ok(names) = tokio::task::spawn_blocking(move || folder.names()).await else { return };
        let mut names = match names {
            Ok(names) => names,
            // Gone is a fact; anything else means that nobody knows what is in it, and what runs goes on.
            Err(_gone) if !self.folder.path().exists() => std::collections::BTreeSet::new(),
            Err(error) => return self.deployer.report(Level::Error, error.to_string()),
        };
        names.extend(self.deployer.known_files());
        self.examine(names.into_iter().collect(), false).await;
    }

    /// Looks at these packages. `touched` when an event named them: then they are read even when they look the same,
    /// because two quick changes may leave equal times and sizes.
    async fn examine(&mut self, mut names: Vec<String>, touched: bool) {
        if touched && !names.is_empty() {
            let linked: Vec<String> =
                self.linked.iter().filter(|name| !names.contains(name)).cloned().collect();
            self.examine_all(linked, false).await;
        }
        names.retain(|name| name != marks::ELSEWHERE);
        self.examine_all(names, touched).await;
    }

    async fn examine_all(&mut self, mut names: Vec<String>, touched: bool) {
        names.retain(|name| {
            let busy = self.busy.contains(name);
            if busy {
                self.deferred.insert(name.clone());
            }
            !busy
        });
        let folder = self.folder.clone();
        let looking = tokio::task::spawn_blocking(move || {
            let look = |name: String| (folder.look(&name), name);
            names.into_iter().map(look).collect::<Vec<_>>()
        });
        let Ok(found) = looking.await else { return };
        let (present, absent): (Vec<_>, Vec<_>) = found.into_iter().partition(|(found, _)| found.is_some());
        // Those that go come first, so that whatever takes their place may have their names.
        for (_, name) in absent {
            self.absent(name);
        }
        for (found, name) in present {
            if let Some(found) = found {
                self.present(name, found, touched);
            }
        }
    }

    fn absent(&mut self, name: String) {
        self.emptied.remove(&name);
        self.linked.remove(&name);
        if !self.deployer.knows_file(&name) {
            self.gone.remove(&name);
            self.seen.remove(&name);
            return;
        }
        self.deployer.set_leaving(&name, true);
        let since = *self.gone.entry(name.clone()).or_insert_with(Instant::now);
        if since.elapsed() < GRACE {
            self.marks.mark_at(&name, since + GRACE);
            return;
        }
        self.gone.remove(&name);
        self.seen.remove(&name);
        self.busy.insert(name.clone());
        let deployer = self.deployer.clone();
        self.tasks.spawn(async move {
            let error = deployer.vanished(&name).await.err();
            Done { name, fingerprint: None, error }
        });
    }

    fn present(&mut self, name: String, found: Found, touched: bool) {
        let back = self.gone.remove(&name).is_some();
        if back {
            self.deployer.set_leaving(&name, false);
        }
        if found.linked {
            self.linked.insert(name.clone());
        } else {
            self.linked.remove(&name);
        }
        let before = self.seen.get(&name);
        let now = found.fingerprint.as_ref().ok();
        // While it was gone, another package may have taken over its services.
        if !touched && !back && now.is_some() && before == now {
            return;
        }
        if now.is_some_and(|now| now.just_emptied(before)) {
            let since = *self.emptied.entry(name.clone()).or_insert_with(Instant::now);
            if since.elapsed() < GRACE {
                return self.marks.mark_at(&name, since + GRACE);
            }
        }
        self.emptied.remove(&name);
        self.deploy(name, found);
    }

    fn deploy(&mut self, name: String, found: Found) {
        self.busy.insert(name.clone());
        let (deployer, folder, permits) =
            (self.deployer.clone(), self.folder.clone(), Arc::clone(&self.permits));
        self.tasks.spawn(async move {
            let permit = permits.acquire().await;
            let error = deployer.deploy_found(&folder, &name, &found).await.err();
            drop(permit);
            Done { name, fingerprint: found.fingerprint.ok(), error }
        });
    }

    fn done(&mut self, done: Option<Done>) {
        let Some(Done { name, fingerprint, error }) = done else {
            // A task that panicked does not say whose it was; the next rescan looks at everything.
            self.busy.clear();
            self.deferred.clear();
            return self.marks.rescan();
        };
        self.busy.remove(&name);
        if self.deferred.remove(&name) {
            self.marks.mark_at(&name, Instant::now());
        }
        match (fingerprint, error) {
            (Some(fingerprint), None) => {
                self.seen.insert(name, fingerprint);
            }
            (Some(fingerprint), Some(error)) if !error.may_pass() => {
                self.seen.insert(name, fingerprint);
            }
            _ => {
                self.seen.remove(&name);
            }
        }
    }

    fn again(&self, names: Vec<String>) {
        for name in names {
            self.marks.mark_at(&name, Instant::now());
        }
    }
}
