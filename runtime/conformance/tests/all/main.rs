//! The suite is tried on a capability that is made for it: sound it passes, and with each defect exactly the cases fail that are
//! meant to find it.

mod cut;
mod defects;
mod echo;

/// The suite as a capability uses it.
mod sound {
    caisson_conformance::suite!(crate::echo::Echo);
}
