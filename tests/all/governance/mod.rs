//! Governance: what services may use, what is told when they may not, what is recorded.

mod limits;
