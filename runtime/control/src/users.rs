//! Who may use the admin API: users with a role and tokens, kept in the state store.

use crate::control::Control;
use crate::error::{ControlError, ControlErrorKind};
use bytes::Bytes;
use caisson_cluster::Change;
use caisson_security::token;
use serde::{Deserialize, Serialize};
use std::str::FromStr;

/// Documents of users begin with this.
pub(crate) const SECTION: &str = "users/";

/// Longest name of a user.
const MAX_NAME: usize = 64;

/// What a user may do. Each role may do what those before it may.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Role {
    /// Look at everything but secrets.
    Viewer,
    /// Deploy packages and call services through the admin API.
    Deployer,
    /// Change definitions and roll back.
    Operator,
    /// Make users.
    Admin,
}

impl Role {
    /// Its name in JSON and on the command line.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Viewer => "viewer",
            Self::Deployer => "deployer",
            Self::Operator => "operator",
            Self::Admin => "admin",
        }
    }
}

impl FromStr for Role {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "viewer" => Ok(Self::Viewer),
            "deployer" => Ok(Self::Deployer),
            "operator" => Ok(Self::Operator),
            "admin" => Ok(Self::Admin),
            other => Err(format!("there is no role `{other}`: viewer, deployer, operator, admin")),
        }
    }
}

/// A user as stored. The token itself is known to its owner only.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct User {
    /// The name that changes are recorded under.
    pub name: String,
    /// What the user may do.
    pub role: Role,
    /// Hash of the token.
    pub(crate) token: String,
    /// RFC 3339, UTC.
    pub created_at: String,
    /// Who made the user.
    pub created_by: String,
}

/// The users of a server or of a cluster.
#[derive(Clone, Debug)]
pub struct Users(pub(crate) Control);

impl Users {
    /// All users, sorted by name.
    #[must_use]
    pub fn list(&self) -> Vec<User> {
        let snapshot = self.0.snapshot();
        let users =
            snapshot.documents.range(SECTION.to_owned()..).take_while(|(name, _)| name.starts_with(SECTION));
        users.filter_map(|(_, document)| serde_json::from_slice(document).ok()).collect()
    }

    /// The user who has this token.
    #[must_use]
    pub fn by_token(&self, given: &str) -> Option<User> {
        let given = token::hash(given);
        // Hashes of 256 random bits: how long a comparison takes tells nothing about a token.
        self.list().into_iter().find(|user| user.token == given)
    }

    /// Makes a user, and the token that is shown once.
    ///
    /// # Errors
    ///
    /// A name that cannot be used or is taken; the state store refuses.
    pub async fn create(&self, name: &str, role: Role, by: &str) -> Result<(User, String), ControlError> {
        check_name(name)?;
        let (text, hash) = token::generate()
            .map_err(|error| ControlError::new(ControlErrorKind::Internal, error.to_string()))?;
        let created_at = format!("{:.3}", jiff::Timestamp::now());
        let user = User { name: name.to_owned(), role, token: hash, created_at, created_by: by.to_owned() };
        let snapshot = self.0.snapshot();
        let document = format!("{SECTION}{name}");
        if snapshot.documents.contains_key(&document) {
            let text = format!("there is a user {name} already; remove that one first for a new token");
            return Err(ControlError::new(ControlErrorKind::Conflict, text));
        }
        let body = serde_json::to_vec(&user).map_err(|error| ControlError::invalid(error.to_string()))?;
        let change = Change {
            // Two who make the same user at once: the second is told.
            base: Some(snapshot.revision),
            author: by.to_owned(),
            message: format!("user {name} with role {}", role.as_str()),
            puts: [(document, Bytes::from(body))].into(),
            deletes: Vec::new(),
        };
        self.0.commit(change).await?;
        Ok((user, text))
    }

    /// Takes a user away; its token ends with it.
    ///
    /// # Errors
    ///
    /// There is no such user; the state store refuses.
    pub async fn remove(&self, name: &str, by: &str) -> Result<(), ControlError> {
        let document = format!("{SECTION}{name}");
        if !self.0.snapshot().documents.contains_key(&document) {
            return Err(ControlError::not_found(format!("there is no user {name}")));
        }
        let message = format!("remove user {name}");
        let change = Change { author: by.to_owned(), message, deletes: vec![document], ..Change::default() };
        self.0.commit(change).await.map(|_| ())
    }
}

fn check_name(name: &str) -> Result<(), ControlError> {
    let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-' | '@');
    if name.is_empty() || name.len() > MAX_NAME || !name.chars().all(fits) {
        let text = format!("a user's name has 1 to {MAX_NAME} letters, digits, and . _ - @");
        return Err(ControlError::invalid(text));
    }
    // It would be taken for the one who holds the bootstrap token.
    if name == "admin" {
        return Err(ControlError::invalid(
            "`admin` is the holder of the server's own token; choose another name",
        ));
    }
    Ok(())
}
