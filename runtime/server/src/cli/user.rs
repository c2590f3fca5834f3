//! `caisson admin`: who may use the admin API.

use super::context::Context;
use crate::client::{Outgoing, segment};
use crate::exit::Exit;
use caisson_admin::shapes::{MadeUser, NewUser, UserEntry};
use http::Method;

/// Make, list and remove the users of the admin API
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    /// Make a user and show the token, this once
    Create {
        /// Name that changes are recorded under
        name: String,
        /// What the user may do; each role may do what those before it may
        #[arg(long, value_enum, default_value_t = Role::Admin)]
        role: Role,
    },
    /// List users
    Ls,
    /// Remove a user; the token ends with it
    Rm {
        /// Name of the user
        name: String,
    },
}

#[derive(Clone, Copy, Debug, clap::ValueEnum)]
enum Role {
    /// Look at everything but secrets
    Viewer,
    /// Deploy packages and call services through the admin API
    Deployer,
    /// Change definitions and roll back
    Operator,
    /// Make users
    Admin,
}

impl Role {
    fn name(self) -> &'static str {
        match self {
            Self::Viewer => "viewer",
            Self::Deployer => "deployer",
            Self::Operator => "operator",
            Self::Admin => "admin",
        }
    }
}

/// Carries it out.
///
/// # Errors
///
/// A name that cannot be used; a caller who is no admin.
pub(crate) async fn run(args: &Args, context: &Context) -> anyhow::Result<Exit> {
    let output = context.output;
    match &args.command {
        Command::Create { name, role } => {
            let body = serde_json::to_vec(&NewUser { role: role.name().to_owned() })?;
            let content_type = Some("application/json".to_owned());
            let outgoing = Outgoing { content_type, body: body.into(), ..Outgoing::default() };
            let made: MadeUser = context.client()?.send_for_json(Method::PUT, &path(name), outgoing).await?;
            if output.wants_json() {
                output.json(&made);
            } else {
                output.note(format!("{name} is {}; the token is shown this once:", role.name()));
                output.line(made.token);
            }
        }
        Command::Ls => {
            let users: Vec<UserEntry> = context.client()?.json(Method::GET, "/api/v1/users").await?;
            if output.wants_json() {
                output.json(&users);
            } else {
                let rows: Vec<[String; 4]> = users.iter().map(row).collect();
                output.table(["USER", "ROLE", "MADE", "BY"], &rows);
            }
        }
        Command::Rm { name } => {
            context.client()?.done(Method::DELETE, &path(name)).await?;
            if !output.wants_json() {
                output.line(format!("Removed {}", output.bold(name)));
            }
        }
    }
    Ok(Exit::Ok)
}

fn path(name: &str) -> String {
    format!("/api/v1/users/{}", segment(name))
}

fn row(user: &UserEntry) -> [String; 4] {
    [user.name.clone(), user.role.clone(), user.created_at.clone(), user.created_by.clone()]
}
