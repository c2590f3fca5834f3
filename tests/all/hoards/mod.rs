//! A component that takes without end what outlives a request: it is refused at a bound, with an error that names it; what must not
//! outlive a request ends with it; and nobody else is disturbed.
//!
//! * [`locks`]: taken and never given back, waited for and left, held by who dies.
//! * [`caches`]: filled, and given what does not fit.
//! * [`background`]: calls without end, and calls that make calls.

mod background;
mod caches;
mod locks;

use crate::harness::{Answer, HEALTHY, Server, Setup, Tally, guest};

/// A second package of the same component, which does nothing wrong.
const OTHER: &str = "other";

/// The hostile component under these limits, beside a healthy service and [`OTHER`].
fn setup(limits: &str) -> Setup {
    let setup = Setup::new().file("healthy.py", HEALTHY).file(&format!("{OTHER}.wasm"), guest("hoards"));
    setup.file("hoards.wasm", guest("hoards")).file("hoards.toml", format!("[limits]\n{limits}\n"))
}

/// What the hostile component came to.
async fn hoard(server: &Server, mode: &str) -> Answer {
    server.post("hoards", mode.to_owned()).await
}

async fn hoarded(server: &Server, mode: &str) -> Tally {
    Tally(hoard(server, mode).await.good())
}

/// What the other one came to.
async fn beside(server: &Server, mode: &str) -> Tally {
    Tally(server.post(OTHER, mode.to_owned()).await.good())
}
