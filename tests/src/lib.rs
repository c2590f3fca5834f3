//! One integration binary: see `all/main.rs`.
