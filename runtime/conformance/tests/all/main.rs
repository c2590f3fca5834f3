//! The suite is tried on a capability that is made for it: sound it passes, and with each defect exactly the cases fail that are
//! meant to find it.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a panic is how a test fails"
)]

mod cut;
mod defects;
mod echo;

/// The suite as a capability uses it.
mod sound {
    caisson_conformance::suite!(crate::echo::Echo);
}
