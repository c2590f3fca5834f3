//! The suite that every capability passes: what has to be the same for all protocols, tried on a real server, through all layers.
//!
//! A capability implements [`Subject`] in its tests and gets a test for each [`Case`]:
//!
//! ```ignore
//! mod conformance {
//!     caisson_conformance::suite!(super::Redis);
//! }
//! ```
//!
//! The server itself is never stopped: each case has a [`Cut`] before it, which can refuse, hold back, slow down and cut.
//! A case runs on one thread, so that all that is logged meanwhile can be searched for the secret.
//!
//! # Layout
//!
//! * [`Subject`]: what a capability tells about itself; [`Cut`]: the way to its server.
//! * `cases`: what is tried; `stage`: a connection in a table, and what its calls show; `secrecy`: looks for secrets.
//!
//! **Architecture Invariant:** this crate knows the contract of capabilities and no capability.

#![forbid(unsafe_code)]

mod cases;
mod cut;
mod secrecy;
mod stage;
mod subject;

pub use cases::{Case, check, outcome};
pub use cut::{Cut, Passed};
pub use subject::Subject;

/// One test for each case. The crate that uses it needs tokio with `macros` and `rt`.
#[macro_export]
macro_rules! suite {
    ($subject:ty) => {
        $crate::suite! { $subject:
            describes_itself => Description,
            has_a_sample_that_is_right => Sample,
            does_its_work_and_connects_at_first_use => Work,
            refuses_what_no_grant_allows => Denied,
            refuses_wrong_options_with_their_place => WrongOptions,
            says_that_a_server_is_down_and_works_when_it_is_up => Down,
            says_that_a_server_was_lost_in_mid_call_and_works_when_it_is_back => Lost,
            ends_at_the_deadline_when_a_server_is_slow => Deadline,
            can_be_cancelled_and_takes_no_answer_for_another => Cancelled,
            waits_for_its_turn_when_the_pool_is_exhausted => Exhausted,
            connects_again_after_a_restart => Reconnect,
            closes_a_replaced_connection_after_its_last_lease => Closed,
            loses_no_call_when_its_configuration_changes_under_load => Changed,
            never_shows_its_secret => Secret,
        }
    };
    ($subject:ty: $($name:ident => $case:ident,)*) => {
        /// Does not compile when a case has no test.
        const _: [$crate::Case; $crate::Case::ALL.len()] = [$($crate::Case::$case),*];
        $(
            #[::tokio::test]
            async fn $name() {
                $crate::check::<$subject>($crate::Case::$case).await;
            }
        )*
    };
}
