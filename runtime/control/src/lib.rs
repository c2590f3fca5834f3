//! The control plane: what operators change, and how a revision becomes what the server does.
//!
//! # Layout
//!
//! * [`control`]: apply, diff, export, history, rollback: every change is a transaction on the state store.
//! * [`secrets`]: how secrets are kept: sealed, and passwords hashed before that.
//! * [`live`]: follows the store and swaps in a new table of routes and one of connections for each revision.
//! * `outgoing`: definitions of connections and grants as the table that guests are served from. [`inbound`]: channels by which
//!   connections bring messages in.
//! * [`packages`]: uploads, which travel with the state from server to server.
//! * [`users`]: who may use the admin API, and as what.
//!
//! **Architecture Invariant:** a revision is either live as a whole or not at all. What cannot be turned into a table is
//! reported, and the last good table goes on serving.

#![forbid(unsafe_code)]

pub mod control;
pub mod error;
pub mod inbound;
pub mod live;
mod outgoing;
pub mod packages;
pub mod secrets;
pub mod users;

pub use control::{Applied, Control, Proposal};
pub use error::{ControlError, ControlErrorKind};
pub use live::{Live, LiveStatus, Serving};
pub use packages::{PackageError, Packages, Rollback};
pub use users::{Role, User, Users};
