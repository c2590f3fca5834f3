//! The command line: what can be said, and which file carries it out.

mod apply;
mod audit;
mod check;
mod cluster;
mod context;
mod definitions;
mod deploy;
mod export;
mod grants;
mod history;
mod import;
mod internal;
mod invoke;
mod logs;
mod ls;
mod new;
mod package_source;
mod ping;
mod serve;
mod test;
mod tool;
mod undeploy;
mod user;
mod version;

use crate::exit::{self, Exit};
use crate::output::Output;
use clap::{Parser, Subcommand};
use context::{Context, block_on};
use std::process::ExitCode;

const ENVIRONMENT: &str = "\
Environment:
  CAISSON_ADMIN       address of the admin API, instead of --admin
  CAISSON_TOKEN       token for the admin API
  CAISSON_TOKEN_FILE  file that holds the token (default: .caisson/admin.token, if it exists)
  NO_COLOR            no colours, even on a terminal";

/// Service runtime for integration: each service in its own WebAssembly sandbox.
#[derive(Debug, Parser)]
#[command(name = "caisson", version, propagate_version = false, after_help = after_help(), max_term_width = 100)]
pub(crate) struct Cli {
    #[command(flatten)]
    global: Global,
    #[command(subcommand)]
    command: Command,
}

/// Options of every command that talks to a server.
#[derive(Debug, clap::Args)]
pub(crate) struct Global {
    /// Address of the server's admin API
    #[arg(
        long,
        global = true,
        env = "CAISSON_ADMIN",
        hide_env = true,
        value_name = "URL",
        default_value = "http://127.0.0.1:8183",
        help_heading = "Options for talking to a server"
    )]
    admin: String,
    /// Write JSON for scripts to standard output
    #[arg(long, global = true, help_heading = "Options for talking to a server")]
    json: bool,
}

#[derive(Debug, Subcommand)]
enum Command {
    Serve(Box<serve::Args>),
    New(new::Args),
    Test(test::Args),
    Check(check::Args),
    Deploy(deploy::Args),
    Undeploy(undeploy::Args),
    Invoke(invoke::Args),
    Ls(ls::Args),
    Apply(apply::Args),
    Diff(apply::DiffArgs),
    Export(export::Args),
    Schema(export::SchemaArgs),
    Import(import::Args),
    History(history::Args),
    Rollback(history::RollbackArgs),
    Cluster(cluster::Args),
    Admin(user::Args),
    Logs(logs::Args),
    Grants(grants::Args),
    Audit(audit::Args),
    Ping(ping::Args),
    Version(version::Args),
    #[command(hide = true)]
    Internal(internal::Args),
}

fn after_help() -> String {
    format!(
        "Start here:\n  caisson new python hello --dir services\n  caisson serve --dev --services ./services\n  \
         caisson invoke hello.hello\n\n{ENVIRONMENT}\n\n{}",
        exit::HELP
    )
}

/// Reads the command line and carries it out.
pub(crate) fn run() -> ExitCode {
    let cli = Cli::parse();
    let output = Output::new(cli.global.json);
    match dispatch(cli, output) {
        Ok(exit) => exit.into(),
        Err(error) => {
            context::report(output, &error);
            Exit::of(&error).into()
        }
    }
}

fn dispatch(cli: Cli, output: Output) -> anyhow::Result<Exit> {
    let context = Context::new(output, cli.global.admin);
    match cli.command {
        Command::Serve(args) => serve::run(*args, output),
        Command::Internal(args) => internal::run(args, output),
        Command::New(args) => new::run(&args, output),
        Command::Test(args) => block_on(test::run(args, output)),
        Command::Check(args) => block_on(check::run(args, output)),
        Command::Deploy(args) => block_on(deploy::run(&args, &context)),
        Command::Undeploy(args) => block_on(undeploy::run(&args, &context)),
        Command::Invoke(args) => block_on(invoke::run(&args, &context)),
        Command::Ls(args) => block_on(ls::run(&args, &context)),
        Command::Apply(args) => block_on(apply::apply(&args, &context)),
        Command::Diff(args) => block_on(apply::diff(&args, &context)),
        Command::Export(_) => block_on(export::run(&context)),
        Command::Schema(_) => export::schema(output),
        Command::Import(args) => import::run(&args, output),
        Command::History(args) => block_on(history::run(&args, &context)),
        Command::Rollback(args) => block_on(history::rollback(&args, &context)),
        Command::Cluster(_) => block_on(cluster::run(&context)),
        Command::Admin(args) => block_on(user::run(&args, &context)),
        Command::Logs(args) => block_on(logs::run(&args, &context)),
        Command::Grants(args) => block_on(grants::run(&args, &context)),
        Command::Audit(args) => block_on(audit::run(&args, &context)),
        Command::Ping(args) => block_on(ping::run(&args, &context)),
        Command::Version(args) => block_on(version::run(&args, &context)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory as _;

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn every_command_and_option_is_documented() {
        for command in Cli::command().get_subcommands() {
            assert!(command.get_about().is_some(), "{} has no description", command.get_name());
            for argument in command.get_arguments() {
                assert!(argument.get_help().is_some(), "{} {}", command.get_name(), argument.get_id());
            }
        }
    }

    #[test]
    fn global_options_stand_before_or_after_the_command() {
        for line in [
            ["caisson", "--admin", "http://a", "ls", "services"],
            ["caisson", "ls", "services", "--admin", "http://a"],
        ] {
            assert_eq!(Cli::try_parse_from(line).unwrap().global.admin, "http://a");
        }
    }

    #[test]
    fn a_rollback_is_of_a_revision_or_of_a_service() {
        for line in [
            vec!["caisson", "rollback", "12"],
            vec!["caisson", "rollback", "service", "hello"],
            vec!["caisson", "rollback", "service", "crm.api.get", "--to", "3"],
        ] {
            assert!(Cli::try_parse_from(&line).is_ok(), "{line:?}");
        }
    }

    #[test]
    fn refuses_what_it_does_not_know() {
        for line in [
            vec!["caisson"],
            vec!["caisson", "depoly", "x.py"],
            vec!["caisson", "deploy"],
            vec!["caisson", "ls", "cats"],
            vec!["caisson", "new", "cobol", "x"],
            vec!["caisson", "rollback"],
            vec!["caisson", "rollback", "hello"],
            vec!["caisson", "rollback", "service"],
            vec!["caisson", "rollback", "service", "hello", "--to", "first"],
            vec!["caisson", "rollback", "3", "service", "hello"],
            vec!["caisson", "logs", "-n", "many"],
            vec!["caisson", "logs", "--level", "loud"],
        ] {
            assert!(Cli::try_parse_from(&line).is_err(), "{line:?}");
        }
    }
}
