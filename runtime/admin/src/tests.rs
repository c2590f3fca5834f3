//! The API from outside, over a real deployer with a loader that runs no code.

mod api;
mod deploying;
mod fake;
mod logging;
mod login;
