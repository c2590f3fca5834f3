//! The host of tests: what a service asks for is answered by the closures of [`crate::testing::Host`].

pub(crate) mod cache;
pub(crate) mod lock;

use crate::bindings::caisson::capability::types as capability;
use crate::bindings::caisson::service::background::{Task, Ticket};
use crate::bindings::caisson::service::invoker::Call;
use crate::bindings::caisson::service::types as service;
use crate::log::Level;
use crate::testing::{Postponed, Record, State};
use crate::{Error, Field, Request, Response};
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;

thread_local! {
    static CURRENT: RefCell<Option<Rc<State>>> = const { RefCell::new(None) };
}

/// Until it is dropped, this thread's host calls go to one host.
pub(crate) struct Within(Option<Rc<State>>);

pub(crate) fn enter(state: &Rc<State>) -> Within {
    Within(CURRENT.replace(Some(Rc::clone(state))))
}

impl Drop for Within {
    fn drop(&mut self) {
        CURRENT.set(self.0.take());
    }
}

fn current() -> Result<Rc<State>, Error> {
    CURRENT.with_borrow(Clone::clone).ok_or_else(|| {
        Error::unavailable(
            "there is no host: call the service by `caisson::testing::Host::call` or within `Host::run`",
        )
    })
}

/// Asks one of the closures.
fn ask<I, O>(
    kind: &str,
    name: &str,
    of: impl Fn(&State) -> &BTreeMap<String, Box<dyn Fn(I) -> Result<O, Error>>>,
    question: I,
) -> Result<O, Error> {
    let state = current()?;
    let answer = of(&state).get(name).ok_or_else(|| {
        Error::not_found(format!("the simulated host has no {kind} `{name}`: give it one by `Host::{kind}`"))
    })?;
    answer(question)
}

fn refused(error: Error) -> capability::Error {
    capability::Error {
        kind: error.kind(),
        message: error.message().to_owned(),
        retryable: error.is_retryable(),
        code: error.code().map(str::to_owned),
    }
}

pub(crate) fn log(level: Level, logger: &str, message: &str) {
    if let Ok(state) = current() {
        let record = Record { level, logger: logger.to_owned(), message: message.to_owned() };
        state.logs.borrow_mut().push(record);
    }
}

pub(crate) async fn invoke(
    name: String,
    request: service::Request,
) -> Result<service::Response, service::Error> {
    let answer = ask("service", &name, |state| &state.services, Request::from_wit(request));
    answer.map(Response::into_wit).map_err(Error::into_service)
}

pub(crate) async fn invoke_all(calls: Vec<Call>) -> Vec<Result<service::Response, service::Error>> {
    let mut answers = Vec::new();
    for call in calls {
        answers.push(invoke(call.service, call.request).await);
    }
    answers
}

pub(crate) async fn enqueue(task: Task) -> Result<Ticket, service::Error> {
    let state = current().map_err(Error::into_service)?;
    let mut later = state.later.borrow_mut();
    let cid = task.cid.clone().unwrap_or_else(|| "later".to_owned());
    later.push(Postponed::of(task));
    Ok(Ticket { id: later.len() as u64, cid })
}

pub(crate) fn begin_answer(status: u16, headers: &[Field]) -> Result<(), service::Error> {
    let state = current().map_err(Error::into_service)?;
    let mut answer = state.answer.borrow_mut();
    if answer.is_some() {
        return Err(Error::invalid("the answer has begun already; go on with `write`").into_service());
    }
    let head = headers.iter().fold(Response::empty(status), |head, (name, value)| head.header(name, value));
    *answer = Some(head);
    Ok(())
}

pub(crate) async fn write_answer(piece: Vec<u8>) -> Result<(), service::Error> {
    let state = current().map_err(Error::into_service)?;
    let mut answer = state.answer.borrow_mut();
    match answer.as_mut() {
        Some(answer) => {
            answer.push(&piece);
            Ok(())
        }
        None => Err(Error::invalid("the answer has not begun; call `begin` first").into_service()),
    }
}

pub(crate) mod http {
    //! Whole bodies stand in for those that come in pieces.

    use super::{ask, capability, refused};
    use crate::Field;
    use crate::bindings::caisson::http::client::{Request, Response};
    use crate::testing::Sent;
    use std::cell::RefCell;

    pub(crate) struct Incoming {
        pub(crate) status: u16,
        pub(crate) headers: Vec<Field>,
        pub(crate) body: Body,
    }

    pub(crate) struct Body(RefCell<Vec<u8>>);

    impl Body {
        pub(crate) async fn read(&self, most: u32) -> Result<Option<Vec<u8>>, capability::Error> {
            let mut rest = self.0.borrow_mut();
            let end = rest.len().min(usize::try_from(most).unwrap_or(usize::MAX));
            let piece: Vec<u8> = rest.drain(..end).collect();
            Ok(Some(piece).filter(|piece| !piece.is_empty()))
        }
    }

    pub(crate) struct Upload {
        connection: String,
        request: Request,
        body: RefCell<Vec<u8>>,
    }

    impl Upload {
        pub(crate) async fn write(&self, piece: Vec<u8>) -> Result<(), capability::Error> {
            self.body.borrow_mut().extend(piece);
            Ok(())
        }

        pub(crate) async fn finish(&self) -> Result<Incoming, capability::Error> {
            let request = Request { body: Some(self.body.take()), ..self.request.clone() };
            open(self.connection.clone(), request).await
        }
    }

    pub(crate) async fn send(connection: String, request: Request) -> Result<Response, capability::Error> {
        let answer =
            ask("http", &connection, |state| &state.http, Sent::of(request)).map_err(refused)?.into_wit();
        Ok(Response { status: answer.status, headers: answer.headers, body: answer.body })
    }

    pub(crate) async fn open(connection: String, request: Request) -> Result<Incoming, capability::Error> {
        let Response { status, headers, body } = send(connection, request).await?;
        Ok(Incoming { status, headers, body: Body(RefCell::new(body)) })
    }

    pub(crate) async fn begin(connection: String, request: Request) -> Result<Upload, capability::Error> {
        Ok(Upload { connection, request, body: RefCell::default() })
    }
}

pub(crate) mod sql {
    //! Transactions show as statements.

    use super::{ask, capability, refused};
    use crate::bindings::caisson::sql::client as wit;
    use crate::sql::{IntoParams as _, Rows};
    use crate::testing;
    use std::cell::{Cell, RefCell};
    use wit::{Column, Outcome, Params, Row, Statement, TransactionOptions};

    type Result<T> = std::result::Result<T, capability::Error>;

    fn run(connection: &str, text: String, sets: Vec<Params>) -> Result<testing::Answered> {
        let params = sets.into_iter().map(crate::sql::Params::of_wit).collect();
        let statement = testing::Statement { text, params };
        ask("sql", connection, |state| &state.sql, statement).map_err(refused)
    }

    pub(crate) async fn query(connection: String, statement: Statement) -> Result<wit::Rows> {
        let answer = run(&connection, statement.text, vec![statement.params])?;
        answer.rows().map(Rows::into_wit).map_err(refused)
    }

    pub(crate) async fn execute(connection: String, statement: Statement) -> Result<Outcome> {
        batch(connection, statement.text, vec![statement.params]).await
    }

    pub(crate) async fn batch(connection: String, text: String, sets: Vec<Params>) -> Result<Outcome> {
        run(&connection, text, sets)?.outcome().map_err(refused)
    }

    pub(crate) async fn open(connection: String, statement: Statement) -> Result<Cursor> {
        let wit::Rows { columns, rows } = query(connection, statement).await?;
        Ok(Cursor { columns, rows: RefCell::new(rows) })
    }

    pub(crate) async fn begin(connection: String, _: TransactionOptions) -> Result<Transaction> {
        run(&connection, "begin".to_owned(), vec![().into_params().into_wit()])?;
        Ok(Transaction { connection, ended: Cell::new(false) })
    }

    pub(crate) struct Cursor {
        columns: Vec<Column>,
        rows: RefCell<Vec<Row>>,
    }

    impl Cursor {
        pub(crate) fn columns(&self) -> Vec<Column> {
            self.columns.clone()
        }

        pub(crate) async fn fetch(&self, most: u32) -> Result<Vec<Row>> {
            let mut rest = self.rows.borrow_mut();
            let end = rest.len().min(usize::try_from(most).unwrap_or(usize::MAX));
            Ok(rest.drain(..end).collect())
        }
    }

    pub(crate) struct Transaction {
        connection: String,
        ended: Cell<bool>,
    }

    impl Transaction {
        pub(crate) async fn query(&self, statement: Statement) -> Result<wit::Rows> {
            query(self.connection.clone(), statement).await
        }

        pub(crate) async fn execute(&self, statement: Statement) -> Result<Outcome> {
            execute(self.connection.clone(), statement).await
        }

        pub(crate) async fn batch(&self, text: String, sets: Vec<Params>) -> Result<Outcome> {
            batch(self.connection.clone(), text, sets).await
        }

        pub(crate) async fn commit(&self) -> Result<()> {
            self.end("commit")
        }

        pub(crate) async fn rollback(&self) -> Result<()> {
            self.end("rollback")
        }

        fn end(&self, how: &str) -> Result<()> {
            self.ended.set(true);
            run(&self.connection, how.to_owned(), vec![().into_params().into_wit()]).map(drop)
        }
    }

    impl Drop for Transaction {
        fn drop(&mut self) {
            if !self.ended.get() {
                // As the host does it: nobody is told whether it worked.
                drop(self.end("rollback"));
            }
        }
    }
}

pub(crate) mod redis {
    //! Bytes show as text.

    use super::{ask, capability, refused};
    use crate::bindings::caisson::redis::client::Reply;

    type Result<T> = std::result::Result<T, capability::Error>;

    pub(crate) async fn run(connection: String, command: Vec<Vec<u8>>) -> Result<Reply> {
        let command: Vec<_> = command.iter().map(|part| String::from_utf8_lossy(part).into_owned()).collect();
        let reply = ask("redis", &connection, |state| &state.redis, command).map_err(refused)?;
        let mut parts = Vec::new();
        reply.write(&mut parts);
        Ok(parts)
    }

    pub(crate) async fn pipeline(
        connection: String,
        commands: Vec<Vec<Vec<u8>>>,
        _atomic: bool,
    ) -> Result<Vec<Reply>> {
        let mut replies = Vec::new();
        for command in commands {
            replies.push(run(connection.clone(), command).await?);
        }
        Ok(replies)
    }

    pub(crate) async fn script(
        connection: String,
        source: String,
        keys: Vec<Vec<u8>>,
        arguments: Vec<Vec<u8>>,
    ) -> Result<Reply> {
        let count = keys.len().to_string().into_bytes();
        let head = [b"EVAL".to_vec(), source.into_bytes(), count];
        run(connection, head.into_iter().chain(keys).chain(arguments).collect()).await
    }
}

pub(crate) mod amqp {
    //! Every message is confirmed when its closure says so.

    use super::{ask, capability, refused};
    use crate::amqp::Message;
    use crate::bindings::caisson::amqp::client as wit;

    pub(crate) async fn publish(connection: String, message: wit::Message) -> Result<(), capability::Error> {
        ask("amqp", &connection, |state| &state.amqp, Message::of_wit(message)).map_err(refused)
    }

    pub(crate) async fn publish_all(
        connection: String,
        messages: Vec<wit::Message>,
    ) -> Result<(), capability::Error> {
        for message in messages {
            publish(connection.clone(), message).await?;
        }
        Ok(())
    }
}
