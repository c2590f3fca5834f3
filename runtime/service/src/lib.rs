//! Packages of services: read from disk or uploaded, deployed without a pause, remembered with their versions, and
//! called through one door.
//!
//! # Layout
//!
//! * [`about`]: what a package says about itself.
//! * [`source`]: the files of a package and its settings, with names and bounds checked.
//! * [`mod@settings`]: what `service.toml` may say.
//! * [`store`]: what survives a restart.
//! * [`loader`]: what is needed of an engine.
//! * [`registry`]: what can be called now; implements [`caisson_capability::Invoker`].
//! * [`deploy`]: from a source to a version that answers; status and history.
//! * [`user_conf`]: files that an operator gives to all packages.
//! * [`watch`]: the services folder, followed as it changes.
//!
//! **Architecture Invariant:** nothing outside of [`store`] writes to the data folder, and a refused deployment never
//! takes away what ran before.

#![forbid(unsafe_code)]

mod digest;
mod name;

pub mod about;
pub mod deploy;
pub mod limits;
pub mod loader;
pub mod registry;
pub mod settings;
pub mod source;
pub mod store;
pub mod user_conf;
pub mod watch;

pub use about::{About, Need};
pub use caisson_engine::SourceFile;
pub use deploy::{DeployError, Deployer, Deployment, PackageStatus};
pub use digest::Digest;
pub use loader::{Loader, Runnable};
pub use registry::{Deployed, Registry};
pub use source::{Language, PackageSource, Parcel, ServicesFolder, SourceError};
pub use store::{Origin, StoreError, Version};
pub use user_conf::{Configured, UserConf};
pub use watch::Watch;
