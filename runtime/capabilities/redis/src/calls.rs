//! What services do over a connection: grants are asked for each command, and the layers lie around each call.

use crate::client::wire::{Command, Part, Reply};
use crate::client::{Client, Done, split};
use crate::commands::{idempotent, known, refused};
use crate::error::{failure, without_address};
use crate::keys;
use caisson_capability::{Allowed, Attempt, Call, Error, ErrorKind, Fault, Lease};
use sha1::{Digest as _, Sha1};

/// Runs a command.
///
/// # Errors
///
/// `invalid-input`: the command is never run, or Redis does not understand it; `access-denied`; what Redis answered, with its first word as
/// the code; what the layers say.
///
/// # Cancel safety
///
/// Dropping the future closes the connection that it used. What Redis has begun, it ends.
pub async fn run(lease: &Lease<Client>, command: Command) -> Result<Reply, Error> {
    let call = Call::allowed(check(lease, &command)?).idempotent(idempotent(&command));
    let commands = [command];
    lease
        .call(call, async |client| {
            let replies = exchange(&client, &commands, false, call.idempotent).await?;
            let reply = replies.into_iter().next().unwrap_or_default();
            match reply.first() {
                Some(Part::Failure(text)) => Err(moved(&client, text)),
                _ => Ok(reply),
            }
        })
        .await
}

/// Runs commands one after the other; with `atomic` as a transaction.
///
/// # Errors
///
/// As [`run`], when nothing was run. An error of a single command is a reply.
///
/// # Cancel safety
///
/// As [`run`].
pub async fn pipeline(
    lease: &Lease<Client>,
    commands: Vec<Command>,
    atomic: bool,
) -> Result<Vec<Reply>, Error> {
    let most = lease.client().limits.pipeline_commands;
    if commands.len() > most {
        let text = format!(
            "a pipeline has at most {most} commands (option pipeline_commands); this one has {}",
            commands.len()
        );
        return Err(Error::new(ErrorKind::QuotaExceeded, text).fault(Fault::Service));
    }
    let mut most = None;
    for command in &commands {
        let (allowed, operation) = (check(lease, command)?, known(command).op);
        if most.is_none_or(|(_, before)| operation > before) {
            most = Some((allowed, operation));
        }
    }
    // The call counts as that of its commands which does most.
    let Some((allowed, _)) = most else { return Ok(Vec::new()) };
    let again = commands.iter().all(idempotent);
    let call = Call::allowed(allowed).idempotent(again);
    let count = commands.len();
    let commands = if atomic { transaction(commands) } else { commands };
    lease
        .call(call, async |client| {
            let mut replies = exchange(&client, &commands, atomic, again).await?;
            if atomic {
                replies = executed(replies, count)?;
            }
            for part in replies.iter_mut().flatten() {
                if let Part::Failure(text) = part {
                    *text = without_address(std::mem::take(text));
                }
            }
            Ok(replies)
        })
        .await
}

/// Runs a script by its digest, and sends its text only when Redis does not have it.
///
/// # Errors
///
/// As [`run`].
///
/// # Cancel safety
///
/// As [`run`].
pub async fn script(
    lease: &Lease<Client>,
    source: &str,
    keys: Vec<Vec<u8>>,
    arguments: Vec<Vec<u8>>,
) -> Result<Reply, Error> {
    let digest: String = Sha1::digest(source.as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect();
    let rest: Vec<Vec<u8>> =
        std::iter::once(keys.len().to_string().into_bytes()).chain(keys).chain(arguments).collect();
    let words = |name: &str, script: &str| -> Command {
        [name, script].into_iter().map(|word| word.as_bytes().to_vec()).chain(rest.iter().cloned()).collect()
    };
    let by_digest = [words("EVALSHA", &digest)];
    let allowed = check(lease, by_digest.first().unwrap_or(&Vec::new()))?;
    lease
        .call(Call::allowed(allowed), async |client| {
            let first = |replies: Vec<Reply>| replies.into_iter().next().unwrap_or_default();
            let mut reply = first(exchange(&client, &by_digest, false, false).await?);
            let unknown = matches!(reply.first(), Some(Part::Failure(text)) if text.starts_with("NOSCRIPT"));
            if unknown {
                reply = first(exchange(&client, &[words("EVAL", source)], false, false).await?);
            }
            match reply.first() {
                Some(Part::Failure(text)) => Err(moved(&client, text)),
                _ => Ok(reply),
            }
        })
        .await
}

/// Asks whether a command is one that may be run, and whether the grants allow it and its keys.
fn check<'l>(lease: &'l Lease<Client>, command: &Command) -> Result<Allowed<'l>, Error> {
    if let Some(text) = refused(command) {
        return Err(Error::new(ErrorKind::InvalidInput, text).fault(Fault::Service));
    }
    let operation = known(command).op.name();
    let allowed = lease.allow(operation)?;
    if let Some(beyond) = keys::beyond(command, lease.granted()) {
        lease.refuse_part(operation, &beyond.detail, &beyond.add)?;
    }
    Ok(allowed)
}

async fn exchange(
    client: &Attempt<Client>,
    commands: &[Command],
    together: bool,
    idempotent: bool,
) -> Result<Vec<Reply>, Error> {
    let Done { replies, sent, received } =
        client.run(commands, together).await.map_err(|trouble| trouble.told(idempotent))?;
    client.sent(sent);
    client.received(received);
    Ok(replies)
}

fn moved(client: &Client, text: &str) -> Error {
    if crate::error::passes(crate::error::code(text)) {
        client.forget_places();
    }
    failure(text)
}

fn transaction(commands: Vec<Command>) -> Vec<Command> {
    let word = |text: &str| vec![text.as_bytes().to_vec()];
    std::iter::once(word("MULTI")).chain(commands).chain(std::iter::once(word("EXEC"))).collect()
}

/// The replies of the commands of a transaction, which are within that of EXEC.
fn executed(replies: Vec<Reply>, count: usize) -> Result<Vec<Reply>, Error> {
    let mut replies = replies;
    let last = replies.pop().unwrap_or_default();
    // Why it was not done is in the first command that was not taken; EXEC only says that it was not.
    let refused = replies.iter().chain([&last]).find_map(|reply| match reply.first() {
        Some(Part::Failure(text)) => Some(failure(text)),
        _ => None,
    });
    if let Some(error) = refused {
        return Err(error);
    }
    let replies = split(last);
    if replies.len() == count {
        return Ok(replies);
    }
    let text = "Redis did not answer each command of the transaction";
    Err(Error::new(ErrorKind::Unavailable, text).fault(Fault::Remote).retryable(false))
}
