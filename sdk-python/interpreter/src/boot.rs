//! Starting the interpreter with the standard library and the SDK inside it, without touching anything of the host.

use crate::modules;
use rustpython_vm::{Interpreter, InterpreterBuilder, Settings, frozen::FrozenModule, py_freeze};

/// Starts the interpreter. No module of the SDK is imported yet.
pub fn interpreter() -> Interpreter {
    let mut settings = Settings::default();
    settings.isolated = true;
    settings.ignore_environment = true;
    settings.import_site = false;
    settings.user_site_directory = false;
    settings.write_bytecode = false;
    settings.install_signal_handlers = false;
    settings.allow_external_library = true;
    let builder = InterpreterBuilder::new().settings(settings);
    let stdlib = rustpython_stdlib::stdlib_module_defs(&builder.ctx);
    let builder = builder.add_native_modules(&stdlib).add_frozen_modules(rustpython_pylib::FROZEN_STDLIB);
    let builder = modules::register(builder);
    builder
        .add_frozen_modules(package("caisson", py_freeze!(dir = "../../caisson")))
        .add_frozen_modules(package("zato", py_freeze!(dir = "../../zato")))
        .interpreter()
}

/// Puts the modules of a folder, which the macro names relative to it, under the name of their package.
fn package(
    name: &str,
    library: &'static rustpython_vm::frozen::FrozenLib,
) -> Vec<(&'static str, FrozenModule)> {
    library
        .decode()
        .map(|(module, code)| {
            let full = if module.is_empty() { name.to_owned() } else { format!("{name}.{module}") };
            // Once in the life of the interpreter, which keeps the names anyway.
            (&*full.leak(), code)
        })
        .collect()
}
