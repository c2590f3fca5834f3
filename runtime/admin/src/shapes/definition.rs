//! Definitions, revisions and users as JSON.

use caisson_cluster::Revision;
use caisson_control::User;
use caisson_definition::documents::Submission;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

/// Definitions on their way to the server: all of them, since what is left out is taken away.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Submitted {
    /// The definitions, with references resolved, and the references.
    #[schema(value_type = Object, example = json!({"definitions": {"channels": []}, "references": {}}))]
    pub submission: Submission,
    /// The revision that they were made for. Given, they are refused when anything has changed since.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub base: Option<u64>,
    /// What history calls the change.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(example = "apply caisson.yaml")]
    pub message: Option<String>,
}

/// What definitions would change.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct ProposedDefinitions {
    /// The revision that they were compared with.
    #[schema(example = 3)]
    pub base: u64,
    /// Nothing is different.
    pub unchanged: bool,
    /// The difference, for programs.
    #[schema(value_type = Object)]
    pub diff: Value,
    /// The difference, for people.
    pub text: String,
    /// What is accepted and looks odd.
    pub warnings: Vec<String>,
}

/// What an apply came to.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct AppliedDefinitions {
    /// The revision that holds now.
    #[schema(example = 4)]
    pub revision: u64,
    /// Nothing was different.
    pub unchanged: bool,
    /// It is what this server does now. Otherwise `problem` says why not, or it takes longer than usual.
    pub live: bool,
    /// Why the revision is not live here.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub problem: Option<String>,
    /// The difference, for programs.
    #[schema(value_type = Object)]
    pub diff: Value,
    /// The difference, for people.
    pub text: String,
    /// What was accepted and looks odd.
    pub warnings: Vec<String>,
}

/// The definitions as a file.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct DefinitionsText {
    /// Their revision.
    pub revision: u64,
    /// YAML, with references in the place of secrets.
    #[schema(example = "version: 1\n")]
    pub text: String,
}

/// One change of the state.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct RevisionEntry {
    /// Counted from 1.
    pub revision: u64,
    /// RFC 3339, UTC.
    pub at: String,
    /// Who made it.
    pub author: String,
    /// What it was.
    #[schema(example = "apply caisson.yaml")]
    pub message: String,
    /// Names of documents that became new.
    pub added: Vec<String>,
    /// Names of documents that became different.
    pub changed: Vec<String>,
    /// Names of documents that went.
    pub removed: Vec<String>,
}

impl From<Revision> for RevisionEntry {
    fn from(revision: Revision) -> Self {
        let Revision { revision, at, author, message, added, changed, removed } = revision;
        Self { revision, at, author, message, added, changed, removed }
    }
}

/// The state store and those who share it.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct ClusterView {
    /// The newest revision that this server knows.
    #[schema(example = 4)]
    pub revision: u64,
    /// The revision that this server has made live.
    pub live: u64,
    /// Why the newest revision is not live here.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub problem: Option<String>,
    /// The state store answers.
    pub connected: bool,
    /// Since when it does, or does not: RFC 3339, UTC.
    pub since: String,
    /// What it said last when it failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_error: Option<String>,
    /// All servers that share the state, when they could be asked for.
    pub members: Vec<Member>,
}

/// A server that shares the state.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct Member {
    /// Its name.
    pub node: String,
    /// Where services answer.
    pub listen: String,
    /// Where its admin API answers.
    pub admin: String,
    /// Version of the program.
    pub version: String,
    /// The revision that it has.
    pub revision: u64,
    /// How many revisions it is behind the newest that this server knows.
    pub lag: u64,
    /// RFC 3339, UTC.
    pub joined_at: String,
}

/// A user of this API.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct UserEntry {
    /// The name that changes are recorded under.
    #[schema(example = "ann")]
    pub name: String,
    /// `viewer`, `deployer`, `operator` or `admin`.
    pub role: String,
    /// RFC 3339, UTC.
    pub created_at: String,
    /// Who made the user.
    pub created_by: String,
}

impl From<User> for UserEntry {
    fn from(user: User) -> Self {
        let role = user.role.as_str().to_owned();
        Self { name: user.name, role, created_at: user.created_at, created_by: user.created_by }
    }
}

/// A user to be made.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewUser {
    /// `viewer`, `deployer`, `operator` or `admin`.
    #[schema(example = "operator")]
    pub role: String,
}

/// A user that was made.
#[derive(Clone, Serialize, Deserialize, ToSchema)]
pub struct MadeUser {
    /// The user.
    pub user: UserEntry,
    /// The user's token. It is shown this once.
    #[schema(example = "csn_...")]
    pub token: String,
}

impl std::fmt::Debug for MadeUser {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("MadeUser").field("user", &self.user).finish_non_exhaustive()
    }
}
