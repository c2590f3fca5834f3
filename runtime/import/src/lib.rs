//! Configuration of other systems, turned into definitions of ours: text in, text and a report out.
//!
//! # Layout
//!
//! * [`zato`]: enmasse files of Zato 3.2 and 4.1; [`report`]: what became of them.
//! * `item`, `text`, `names`, `variables`: what one object says, how texts and names are written here, and what has to be set in
//!   the environment. `entry` and `render`: definitions on their way to YAML. `verify`: the product is loaded and checked.
//!
//! **Architecture Invariants:** this crate reads and writes no file. Nothing that it makes is refused by the loader of
//! `caisson-definition`: what would be, is written as a comment. What guarded something in the source is never left away: an
//! object whose guard has no counterpart is left out itself. No secret of the source is in the product or in the report.

#![forbid(unsafe_code)]

mod entry;
mod item;
mod names;
mod render;
pub mod report;
mod text;
mod variables;
mod verify;
pub mod zato;

pub use report::{Carried, Finding, Import, Kind, Variable};
