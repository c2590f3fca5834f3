//! The release binary `caisson`, complete with the Python interpreter beside it.

use crate::{
    context::{Context, Profile},
    guests, python, shell, tools,
};
use anyhow::Result;
use std::path::PathBuf;

/// Builds the binary and what belongs beside it; returns its path.
pub(crate) fn release(context: &Context) -> Result<PathBuf> {
    tools::install(&[tools::PROTOC, tools::PROTO_FILES])?;
    context.claim_target()?;
    let interpreter = guests::interpreter(context)?;
    shell::step("building caisson (release)", || {
        shell::run(context.cargo().args(["build", "--release", "--package", "caisson"]))
    })?;
    let binary = context.binary(Profile::Release);
    python::install(context, &binary, &interpreter)?;
    Ok(binary)
}
