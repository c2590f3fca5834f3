//! Where things are: the checkout, the target folder that all checkouts share, and how cargo is called with both.

use crate::shell;
use anyhow::{Context as _, Result, ensure};
use std::{
    env, fs,
    path::{Path, PathBuf},
    process::Command,
};

/// Makes cargo build this crate once for every checkout; see `.cargo/config.toml`.
const _CHECKOUT: Option<&str> = option_env!("CAISSON_CHECKOUT");

/// File in a target folder that names the checkout which used it last.
const STAMP: &str = "last-checkout";

/// How the host's crates are compiled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Profile {
    Dev,
    Release,
}

impl Profile {
    /// Name of its folder in a target folder.
    pub(crate) fn folder(self) -> &'static str {
        match self {
            Self::Dev => "debug",
            Self::Release => "release",
        }
    }
}

/// What every task needs to know.
#[derive(Debug)]
pub(crate) struct Context {
    /// Folder of the checkout.
    pub(crate) root: PathBuf,
    /// Folder of everything that is built. Outside the checkout, unless `CARGO_TARGET_DIR` says otherwise: a fresh clone
    /// finds there what an earlier one has built.
    pub(crate) target: PathBuf,
}

impl Context {
    /// Finds both folders.
    pub(crate) fn new() -> Result<Self> {
        Ok(Self { root: checkout()?, target: target_folder()? })
    }

    /// Cargo, for the workspace of the host.
    pub(crate) fn cargo(&self) -> Command {
        cargo_in(&self.root, &self.target)
    }

    /// Path of the binary `caisson`.
    pub(crate) fn binary(&self, profile: Profile) -> PathBuf {
        self.target.join(profile.folder()).join("caisson")
    }

    /// Folder for what is kept between tasks and is not a guest.
    pub(crate) fn scratch(&self, name: &str) -> Result<PathBuf> {
        let folder = self.target.join("xtask").join(name);
        fs::create_dir_all(&folder).with_context(|| format!("cannot create {}", folder.display()))?;
        Ok(folder)
    }

    /// Prepares the target folder for this checkout.
    pub(crate) fn claim_target(&self) -> Result<()> {
        for profile in ["dev", "release"] {
            self.claim(&self.root, &self.target, &["--profile", profile])?;
        }
        self.note_claim(&self.target)
    }

    /// Removes what was built of the crates of `workspace` from another checkout, if that was the last one to build here.
    ///
    /// Cargo tells by file times whether a crate has to be compiled, and cannot see that the results in a shared folder come
    /// from other sources. Dependencies are the same for all checkouts; they stay.
    pub(crate) fn claim(&self, workspace: &Path, target: &Path, selection: &[&str]) -> Result<()> {
        let here = self.root.display().to_string();
        let last = fs::read_to_string(target.join(STAMP)).unwrap_or_else(|_| here.clone());
        if last == here {
            return Ok(());
        }
        shell::say(&format!(
            "{} was last used by {last}: removing its builds of our crates",
            target.display()
        ));
        let metadata = self.metadata(workspace)?;
        let packages = metadata.get("packages").and_then(|packages| packages.as_array());
        let names = packages.into_iter().flatten().filter_map(|package| package["name"].as_str());
        let mut clean = cargo_in(workspace, target);
        clean.args(["clean", "--quiet"]).args(selection).args(names.flat_map(|name| ["--package", name]));
        shell::run(&mut clean)
    }

    /// Notes that this checkout is the last one that used a target folder.
    pub(crate) fn note_claim(&self, target: &Path) -> Result<()> {
        let stamp = target.join(STAMP);
        fs::create_dir_all(target).with_context(|| format!("cannot create {}", target.display()))?;
        fs::write(&stamp, self.root.display().to_string())
            .with_context(|| format!("cannot write {}", stamp.display()))
    }

    /// What `cargo metadata` says about the workspace in `folder`, without its dependencies.
    pub(crate) fn metadata(&self, folder: &Path) -> Result<serde_json::Value> {
        let mut command = cargo_in(folder, &self.target);
        let output = shell::output(command.args(["metadata", "--no-deps", "--format-version", "1"]))?;
        serde_json::from_str(&output).context("cargo metadata printed something that is not JSON")
    }
}

/// Cargo, for the workspace in `folder`.
pub(crate) fn cargo_in(folder: &Path, target: &Path) -> Command {
    let mut command = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.current_dir(folder).env("CARGO_TARGET_DIR", target);
    command
}

/// The folder above this crate's. Cargo names the crate at run time; a path from compile time would be another clone's.
fn checkout() -> Result<PathBuf> {
    let found = match env::var_os("CARGO_MANIFEST_DIR") {
        Some(folder) => Path::new(&folder).parent().map(Path::to_owned),
        None => env::current_dir()?
            .ancestors()
            .find(|folder| folder.join("xtask/Cargo.toml").exists())
            .map(Path::to_owned),
    };
    let root = found.context("run this inside a checkout of Caisson")?;
    ensure!(root.join("xtask/Cargo.toml").exists(), "{} is not a checkout of Caisson", root.display());
    Ok(root)
}

fn target_folder() -> Result<PathBuf> {
    if let Some(folder) = env::var_os("CARGO_TARGET_DIR").filter(|folder| !folder.is_empty()) {
        return std::path::absolute(folder).context("CARGO_TARGET_DIR is not a usable path");
    }
    Ok(cache_folder()?.join("target"))
}

fn cache_folder() -> Result<PathBuf> {
    if let Some(folder) = env::var_os("XDG_CACHE_HOME").filter(|folder| !folder.is_empty()) {
        return Ok(Path::new(&folder).join("caisson"));
    }
    let home = env::home_dir().context("neither XDG_CACHE_HOME nor HOME is set")?;
    Ok(home.join(".cache/caisson"))
}
