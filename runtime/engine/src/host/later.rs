//! Calls that nobody waits for: handed to whoever keeps them.

use super::Host;
use crate::bindings::{self, background, types};
use caisson_capability::background::{Group, Origin, Pattern, Retry, Task, Ticket};
use caisson_capability::{Background, Cid, Error, ErrorKind, Invocation};
use std::sync::Arc;
use std::time::Duration;
use wasmtime::component::{Accessor, HasSelf};

impl background::Host for Host {}

impl background::HostWithStore<Host> for HasSelf<Host> {
    async fn enqueue(
        accessor: &Accessor<Host, Self>,
        task: background::Task,
    ) -> Result<background::Ticket, types::Error> {
        let keeper = accessor.with(|mut access| access.get().keeper());
        let taken = match keeper {
            Ok((background, by)) => background.enqueue(&by, task_from_guest(task)).await,
            Err(error) => Err(error),
        };
        taken.map(ticket_for_guest).map_err(bindings::error_for_guest)
    }

    async fn enqueue_group(
        accessor: &Accessor<Host, Self>,
        group: background::Group,
    ) -> Result<background::Ticket, types::Error> {
        let keeper = accessor.with(|mut access| access.get().keeper());
        let taken = match keeper {
            Ok((background, by)) => background.enqueue_group(&by, group_from_guest(group)).await,
            Err(error) => Err(error),
        };
        taken.map(ticket_for_guest).map_err(bindings::error_for_guest)
    }
}

impl Host {
    /// Who keeps calls, and the invocation that asks for one.
    fn keeper(&self) -> Result<(Arc<dyn Background>, Arc<Invocation>), Error> {
        let call = self.call.as_ref().ok_or_else(|| {
            let text = "services can be called while a message is handled, not while a module loads";
            Error::new(ErrorKind::InvalidInput, text)
        })?;
        let background = self.outside.background().ok_or_else(|| {
            Error::new(ErrorKind::Unavailable, "calls cannot be kept for later: the server is stopping")
        })?;
        Ok((background, Arc::clone(&call.invocation)))
    }
}

fn task_from_guest(task: background::Task) -> Task {
    Task {
        service: task.service,
        content_type: task.content_type,
        body: task.body.into(),
        origin: match task.origin {
            background::Origin::Call => Origin::Call,
            background::Origin::Schedule => Origin::Schedule,
        },
        name: task.name,
        cid: task.cid.as_deref().map(Cid::from),
        in_reply_to: task.in_reply_to,
        environ: task.environ,
        delay: Duration::from_millis(task.delay_ms),
        expires: task.expires_ms.map(Duration::from_millis),
        retry: task.retry.map(|retry| Retry {
            repeats: retry.repeats,
            interval: Duration::from_millis(retry.interval_ms),
        }),
        callback: task.callback,
        report: task.report,
    }
}

fn group_from_guest(group: background::Group) -> Group {
    Group {
        pattern: match group.pattern {
            background::Pattern::Fanout => Pattern::Fanout,
            background::Pattern::Parallel => Pattern::Parallel,
        },
        tasks: group.tasks.into_iter().map(task_from_guest).collect(),
        on_target: group.on_target,
        on_final: group.on_final,
        cid: group.cid.as_deref().map(Cid::from),
    }
}

fn ticket_for_guest(ticket: Ticket) -> background::Ticket {
    background::Ticket { id: ticket.id, cid: ticket.cid.as_str().to_owned() }
}
