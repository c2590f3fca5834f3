//! Deployment from end to end with a real disk and a real watcher, and an engine that is not one.

#[cfg(test)]
mod archives;
#[cfg(test)]
mod deploying;
#[cfg(test)]
mod editors;
#[cfg(test)]
mod links;
#[cfg(test)]
mod restart;
#[cfg(test)]
mod rollback;
#[cfg(test)]
mod support;
#[cfg(test)]
mod watching;
