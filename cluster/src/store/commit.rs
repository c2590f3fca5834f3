//! Commits and rollbacks.

use super::document::{self, HEAD, Head, REV_BATCH, Record, Seen};
use super::object::{PAUSE, RESENDS};
use super::tree::{FORMAT, Tree, encoding};
use super::{Change, Committed, Conflict, Documents, Revision, Store, object};
use crate::kv::{Compare, Outcome, Put, Txn};
use crate::{Error, ErrorKind, seal};
use bytes::Bytes;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

/// How often a change is put on top of what others have changed meanwhile. Of all that try at once, one succeeds.
const ATTEMPTS: u32 = 64;
/// A revision in this many is followed by a sweep.
const SWEEP_EVERY: u64 = 128;

/// What a revision is to be: who makes it, and the documents that it makes of those there are.
struct Draft<'a> {
    base: Option<u64>,
    author: &'a str,
    message: &'a str,
    token: String,
    make: &'a (dyn Fn(&Documents) -> BTreeMap<String, Bytes> + Send + Sync),
}

enum Step {
    Done(Result<Revision, Conflict>),
    Again,
}

impl Store {
    /// Makes a change the next revision. Once this answers, the backend has it on disk.
    ///
    /// # Errors
    ///
    /// A document or the whole is too large; the backend is away or refuses this server; it is full. A conflict is no
    /// error, but one of the two good answers.
    ///
    /// # Cancel safety
    ///
    /// Dropped halfway, the change is made as a whole or not at all; the history tells which.
    pub async fn commit(&self, change: Change) -> Committed {
        let Change { base, author, message, puts, deletes } = change;
        document::check([&author, &message], &puts)?;
        let make = |now: &Documents| {
            let mut documents = BTreeMap::clone(now);
            for name in &deletes {
                documents.remove(name);
            }
            documents.extend(puts.iter().map(|(name, bytes)| (name.clone(), bytes.clone())));
            documents
        };
        self.land(Draft { base, author: &author, message: &message, token: token()?, make: &make }).await
    }

    /// Makes the documents what they were at a revision, as a new revision; those that `keep` names stay as they are.
    ///
    /// # Errors
    ///
    /// There is no such revision any more, and what a commit fails with.
    ///
    /// # Cancel safety
    ///
    /// As of [`Store::commit`].
    pub async fn rollback(
        &self,
        revision: u64,
        base: Option<u64>,
        keep: impl Fn(&str) -> bool + Send + Sync,
        author: &str,
    ) -> Committed {
        let then = self.at(revision).await?;
        let message = format!("rollback to {revision}");
        document::check([author, &message], [])?;
        let make = |now: &Documents| {
            let kept = now.iter().filter(|(name, _)| keep(name));
            let back = then.iter().filter(|(name, _)| !keep(name));
            kept.chain(back).map(|(name, bytes)| (name.clone(), bytes.clone())).collect()
        };
        self.land(Draft { base, author, message: &message, token: token()?, make: &make }).await
    }

    async fn land(&self, draft: Draft<'_>) -> Committed {
        let mut tree = self.shared.tree.lock().await;
        for attempt in 0..ATTEMPTS {
            match self.attempt(&mut tree, &draft).await {
                Ok(Step::Done(done)) => return Ok(done),
                // Swept between two reads: the head has moved on.
                Err(error) if error.kind == ErrorKind::NotFound => {}
                Err(error) => {
                    if error.kind == ErrorKind::Unavailable {
                        self.shared.lost(&error);
                    }
                    return Err(error);
                }
                Ok(Step::Again) => {}
            }
            tokio::time::sleep(spread(attempt)).await;
        }
        let text = format!(
            "the state was changed by others {ATTEMPTS} times while this change was made; nothing has happened: try again"
        );
        Err(Error::new(ErrorKind::Unavailable, text))
    }

    async fn attempt(&self, tree: &mut Tree, draft: &Draft<'_>) -> Result<Step, Error> {
        let seen = self.shared.refresh_locked(tree).await?;
        let current = seen.head.revision;
        if let Some(base) = draft.base.filter(|base| *base != current) {
            let oldest = current.saturating_sub(REV_BATCH as u64).max(base).saturating_add(1);
            let since = self.shared.revisions(oldest..current.saturating_add(1)).await?;
            return Ok(Step::Done(Err(Conflict { current, since })));
        }
        let documents = Arc::new((draft.make)(&tree.documents));
        document::check_count(&documents)?;
        let Some(revision) = describe(current.saturating_add(1), draft, &tree.documents, &documents) else {
            return Ok(Step::Done(Ok(self.newest(current).await?)));
        };
        let (new, mut puts) = Tree::build(documents, tree)?;
        let (record, more) = Record::new(&revision, &new.root, &draft.token)?;
        puts.extend(more);
        object::write(&*self.shared.kv, puts).await?;
        if !self.move_head(&seen, &new.root, &record, revision.revision).await? {
            return Ok(Step::Again);
        }
        *tree = new;
        self.shared.publish(revision.revision, tree);
        if revision.revision.is_multiple_of(SWEEP_EVERY) {
            self.shared.sweep.notify_one();
        }
        Ok(Step::Done(Ok(revision)))
    }

    async fn newest(&self, current: u64) -> Result<Revision, Error> {
        let range = current..current.saturating_add(1);
        Ok(self.shared.revisions(range).await?.pop().unwrap_or_default())
    }

    /// The transaction that makes a revision. `false`: others were quicker, and it will never happen.
    async fn move_head(
        &self,
        seen: &Seen,
        root: &str,
        record: &Record,
        revision: u64,
    ) -> Result<bool, Error> {
        let head = Head { format: FORMAT, revision, root: root.to_owned() };
        let json = |bytes: serde_json::Result<Vec<u8>>| bytes.map_err(encoding);
        let txn = Txn {
            compares: vec![
                Compare { key: HEAD.to_owned(), version: seen.version },
                Compare { key: document::EPOCH.to_owned(), version: seen.epoch },
            ],
            puts: vec![
                Put::new(HEAD, json(serde_json::to_vec(&head))?),
                Put::new(document::rev_key(revision), json(serde_json::to_vec(record))?),
            ],
            deletes: Vec::new(),
        };
        let mut unknown = match self.shared.kv.txn(txn.clone()).await? {
            Outcome::Done => return Ok(true),
            Outcome::Refused => return Ok(false),
            Outcome::Unknown(error) => error,
        };
        // Sent again, it cannot happen twice: the first one, if it arrives, has changed what both compare.
        for attempt in 0..RESENDS {
            tokio::time::sleep(PAUSE * 2_u32.saturating_pow(attempt)).await;
            match self.shared.kv.txn(txn.clone()).await {
                Ok(Outcome::Done) => return Ok(true),
                Ok(Outcome::Refused) => match document::record(&*self.shared.kv, revision).await {
                    Ok(found) => return Ok(found.is_some_and(|found| found.token == record.token)),
                    Err(error) => unknown = error,
                },
                Ok(Outcome::Unknown(error)) | Err(error) => unknown = error,
            }
        }
        let text = format!(
            "it is not known whether the change was made, as the connection broke meanwhile; look whether revision \
             {revision} is it before it is made again. {unknown}"
        );
        Err(Error::new(ErrorKind::Unavailable, text))
    }
}

/// `None`: nothing changes.
fn describe(number: u64, draft: &Draft<'_>, before: &Documents, after: &Documents) -> Option<Revision> {
    let (mut added, mut changed) = (Vec::new(), Vec::new());
    for (name, bytes) in after.iter() {
        match before.get(name) {
            None => added.push(name.clone()),
            Some(old) if old != bytes => changed.push(name.clone()),
            Some(_) => {}
        }
    }
    let removed: Vec<String> = before.keys().filter(|name| !after.contains_key(*name)).cloned().collect();
    let same = added.is_empty() && changed.is_empty() && removed.is_empty();
    (!same).then(|| Revision {
        revision: number,
        at: super::follow::now(),
        author: draft.author.to_owned(),
        message: draft.message.to_owned(),
        added,
        changed,
        removed,
    })
}

fn token() -> Result<String, Error> {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes).map_err(seal::random)?;
    Ok(bytes.iter().map(|byte| format!("{byte:02x}")).collect())
}

/// Up to a few milliseconds more with every attempt, by chance, so that those that collided do not do so again.
fn spread(attempt: u32) -> Duration {
    let chance = getrandom::u32().unwrap_or(0) % 1000;
    Duration::from_micros(u64::from(
        chance.saturating_mul(attempt.min(20).saturating_add(1)).saturating_mul(5),
    ))
}
