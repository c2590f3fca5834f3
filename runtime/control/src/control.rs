//! Apply, diff, export, history, rollback.

use crate::error::ControlError;
use crate::live;
use crate::packages::SECTION as PACKAGES;
use crate::secrets::Sealer;
use crate::users::{SECTION as USERS, Users};
use bytes::Bytes;
use caisson_capability::Catalog;
use caisson_cluster::seal::Key;
use caisson_cluster::store::Snapshot;
use caisson_cluster::{Change, Revision, Store};
use caisson_definition::diff::{Diff, diff};
use caisson_definition::documents::{self, Documents, SecretPlace, Submission, from_documents, to_documents};
use caisson_definition::load::SECTIONS;
use caisson_definition::{Definitions, check, export};
use caisson_security::Shared;
use serde_json::Value;
use std::collections::BTreeMap;
use std::sync::Arc;
use tokio::sync::watch;

/// The control plane of a server. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Control {
    store: Store,
    key: Arc<Key>,
    catalog: Catalog,
}

/// What a submission would change.
#[derive(Clone, Debug)]
pub struct Proposal {
    /// The revision that it was compared with.
    pub base: u64,
    /// What is different.
    pub diff: Diff,
    /// What is accepted and looks odd.
    pub warnings: Vec<String>,
    documents: Documents,
    stored: Documents,
}

/// What an apply came to.
#[derive(Clone, Debug)]
pub struct Applied {
    /// The revision that holds now; that of before when nothing was different.
    pub revision: u64,
    /// What was different.
    pub diff: Diff,
    /// What was accepted and looks odd.
    pub warnings: Vec<String>,
}

impl Control {
    /// A control plane on a store, whose secrets are sealed with this key; `catalog` is what connections may be of.
    #[must_use]
    pub fn new(store: Store, key: Arc<Key>, catalog: Catalog) -> Self {
        Self { store, key, catalog }
    }

    /// The store below.
    #[must_use]
    pub fn store(&self) -> &Store {
        &self.store
    }

    /// The capabilities that connections may be of.
    #[must_use]
    pub fn catalog(&self) -> &Catalog {
        &self.catalog
    }

    /// The users of the admin API.
    #[must_use]
    pub fn users(&self) -> Users {
        Users(self.clone())
    }

    /// The last revision that is known here.
    #[must_use]
    pub fn snapshot(&self) -> Snapshot {
        self.store.snapshot()
    }

    /// Tells of every revision.
    #[must_use]
    pub fn subscribe(&self) -> watch::Receiver<Snapshot> {
        self.store.subscribe()
    }

    /// What a submission would change.
    ///
    /// # Errors
    ///
    /// Everything that is wrong with it, all at once.
    pub async fn propose(&self, submission: Submission) -> Result<Proposal, ControlError> {
        let findings = check::check(&submission, &self.catalog);
        let texts = |warning: bool| -> Vec<String> {
            let wanted = findings.iter().filter(|finding| finding.warning == warning);
            wanted.map(|finding| format!("{}: {}", finding.place, finding.message)).collect()
        };
        let (problems, warnings) = (texts(false), texts(true));
        if !problems.is_empty() {
            return Err(ControlError::problems(problems));
        }
        rehearse(&submission.definitions)?;
        let snapshot = self.snapshot();
        let stored = definitions_of(&snapshot)?;
        let (key, catalog) = (Arc::clone(&self.key), self.catalog.clone());
        // Hashing a password takes a while by design.
        let sealing = tokio::task::spawn_blocking(move || {
            let sealer = Sealer::new(&key, &stored);
            let documents =
                to_documents(&submission, &catalog, &mut |place, plain| sealer.seal(place, plain));
            documents.map(|documents| (documents, stored))
        });
        let (documents, stored) = sealing
            .await
            .map_err(|error| ControlError::invalid(error.to_string()))?
            .map_err(ControlError::invalid)?;
        let diff = diff(&stored, &documents);
        Ok(Proposal { base: snapshot.revision, diff, warnings, documents, stored })
    }

    /// Makes the definitions what the submission says, all at once. With `base`, only if nothing has changed since that
    /// revision.
    ///
    /// # Errors
    ///
    /// As [`propose`](Self::propose); a conflict; a store that is away. Then nothing has changed.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future leaves it open whether the change was made; `history` tells.
    pub async fn apply(
        &self,
        submission: Submission,
        base: Option<u64>,
        author: &str,
        message: &str,
    ) -> Result<Applied, ControlError> {
        let proposal = self.propose(submission).await?;
        let Proposal { base: compared, diff, warnings, documents, stored } = proposal;
        if base.is_none_or(|base| base == compared) && documents == stored {
            return Ok(Applied { revision: compared, diff, warnings });
        }
        let mut change = Change {
            // What was compared is what is replaced: a change in between would be undone without anybody having seen it.
            base: Some(base.unwrap_or(compared)),
            author: author.to_owned(),
            message: message.to_owned(),
            ..Change::default()
        };
        for (name, value) in &documents {
            if stored.get(name) != Some(value) {
                change.puts.insert(name.clone(), bytes_of(value)?);
            }
        }
        change.deletes = stored.keys().filter(|name| !documents.contains_key(*name)).cloned().collect();
        let revision = self.commit(change).await?;
        Ok(Applied { revision: revision.revision, diff, warnings })
    }

    /// Commits a change.
    ///
    /// # Errors
    ///
    /// A conflict; a store that is away.
    pub(crate) async fn commit(&self, change: Change) -> Result<Revision, ControlError> {
        Ok(self.store.commit(change).await??)
    }

    /// The definitions as a file, with references in the place of secrets, and their revision.
    ///
    /// # Errors
    ///
    /// A stored document cannot be read.
    pub fn export(&self) -> Result<(u64, String), ControlError> {
        let snapshot = self.snapshot();
        Ok((snapshot.revision, export::export(&definitions_of(&snapshot)?)))
    }

    /// The definitions with their secrets in the open, for building tables. Never for showing.
    ///
    /// # Errors
    ///
    /// A stored document cannot be read, or was sealed with another key.
    pub fn open(&self, snapshot: &Snapshot) -> Result<Submission, ControlError> {
        let documents = definitions_of(snapshot)?;
        let mut open = |place: &SecretPlace<'_>, sealed: &str| {
            self.key.open(place.place, sealed).map_err(|error| error.to_string())
        };
        from_documents(&documents, &mut open).map_err(ControlError::invalid)
    }

    /// The definitions of one section, in their order, with references in the place of secrets.
    ///
    /// # Errors
    ///
    /// There is no such section; a stored document cannot be read.
    pub fn section(&self, section: &str) -> Result<Vec<Value>, ControlError> {
        let shown = documents::shown(&definitions_of(&self.snapshot())?, section);
        shown.ok_or_else(|| {
            let text = format!("there is no section {section:?}: {}", SECTIONS.join(", "));
            ControlError::not_found(text)
        })
    }

    /// What was changed, newest first.
    ///
    /// # Errors
    ///
    /// The store is away.
    pub async fn history(&self, before: Option<u64>, limit: usize) -> Result<Vec<Revision>, ControlError> {
        Ok(self.store.history(before, limit).await?)
    }

    /// What a revision changed in the definitions.
    ///
    /// # Errors
    ///
    /// There is no such revision any more; the store is away.
    pub async fn diff_of(&self, revision: u64) -> Result<Diff, ControlError> {
        let after = self.definitions_at(revision).await?;
        let before = match revision.saturating_sub(1) {
            0 => Documents::new(),
            before => self.definitions_at(before).await?,
        };
        Ok(diff(&before, &after))
    }

    async fn definitions_at(&self, revision: u64) -> Result<Documents, ControlError> {
        let documents = self.store.at(revision).await?;
        definitions_of(&Snapshot { revision, documents })
    }

    /// Makes the definitions what they were at a revision, as a new revision. Users and packages stay as they are.
    ///
    /// # Errors
    ///
    /// There is no such revision any more, or this version cannot serve it; a conflict; a store that is away.
    pub async fn rollback(
        &self,
        revision: u64,
        base: Option<u64>,
        author: &str,
    ) -> Result<Revision, ControlError> {
        let documents = self.store.at(revision).await?;
        rehearse(&self.open(&Snapshot { revision, documents })?.definitions)?;
        let keep = |name: &str| name.starts_with(USERS) || name.starts_with(PACKAGES);
        Ok(self.store.rollback(revision, base, keep, author).await??)
    }
}

/// Makes a table that nobody uses: what cannot be made live must not become a revision, since every server would stumble over
/// it, and again at each start.
fn rehearse(definitions: &Definitions) -> Result<(), ControlError> {
    live::routes(definitions, &Shared::new(), false).map(drop)
}

/// The documents of a snapshot that are definitions.
fn definitions_of(snapshot: &Snapshot) -> Result<Documents, ControlError> {
    let documents = snapshot.documents.iter().filter(|(name, _)| documents::is_definition(name));
    let parsed: Result<BTreeMap<String, Value>, _> = documents
        .map(|(name, bytes)| serde_json::from_slice(bytes).map(|value| (name.clone(), value)))
        .collect();
    parsed.map_err(|error| ControlError::invalid(format!("a stored definition cannot be read: {error}")))
}

fn bytes_of(value: &Value) -> Result<Bytes, ControlError> {
    let bytes = serde_json::to_vec(value).map_err(|error| ControlError::invalid(error.to_string()))?;
    Ok(bytes.into())
}
