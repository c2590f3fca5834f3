//! The capability against real databases, which it starts itself, through all layers.

mod harness;
mod mysql;
mod network;
mod postgres;
mod sqlite;
