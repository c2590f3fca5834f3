//! The imports of a component.

pub(crate) use crate::bindings::caisson::amqp::client as amqp;
pub(crate) use crate::bindings::caisson::http::client as http;
pub(crate) use crate::bindings::caisson::redis::client as redis;
pub(crate) use crate::bindings::caisson::service::answer::{begin as begin_answer, write as write_answer};
pub(crate) use crate::bindings::caisson::service::background::enqueue;
pub(crate) use crate::bindings::caisson::service::invoker::{invoke, invoke_all};
pub(crate) use crate::bindings::caisson::service::log::write as log;
pub(crate) use crate::bindings::caisson::service::{cache, lock};
pub(crate) use crate::bindings::caisson::sql::client as sql;
