//! `_caisson_amqp`: the functions of `caisson:amqp`, on Python values.
//!
//! They answer `(True, None)` or `(False, kind, message, retryable, code)`. A message is a tuple `(exchange, routing key, mandatory, body,
//! headers, properties)`: headers are a list of pairs, properties a dict with the names of the contract.

pub(crate) use _caisson_amqp::module_def;

#[rustpython_vm::pymodule]
mod _caisson_amqp {
    use super::super::outcome::answer;
    use crate::bindings::caisson::amqp::client::{self, Header, Message, Properties};
    use rustpython_vm::{
        AsObject, PyObjectRef, PyResult, TryFromObject, VirtualMachine,
        builtins::{PyBytes, PyDict, PyDictRef, PyFloat, PyInt, PyStr, PyStrRef, PyTuple},
        function::ArgIterable,
    };

    /// `publish(connection, message)`: one message, confirmed.
    #[pyfunction]
    fn publish(connection: PyStrRef, given: PyObjectRef, vm: &VirtualMachine) -> PyResult {
        let message = message(&given, vm)?;
        Ok(answer(client::publish(&connection.to_string_lossy(), &message), vm, |(), vm| vm.ctx.none()))
    }

    /// `publish_all(connection, messages)`: messages in their order, all confirmed.
    #[pyfunction]
    fn publish_all(connection: PyStrRef, given: ArgIterable<PyObjectRef>, vm: &VirtualMachine) -> PyResult {
        let messages = given.iter(vm)?.map(|one| message(&one?, vm)).collect::<PyResult<Vec<_>>>()?;
        Ok(answer(client::publish_all(&connection.to_string_lossy(), &messages), vm, |(), vm| vm.ctx.none()))
    }

    fn message(given: &PyObjectRef, vm: &VirtualMachine) -> PyResult<Message> {
        let parts = given.downcast_ref::<PyTuple>().map(|parts| parts.as_slice());
        let Some([exchange, key, mandatory, body, headers, properties]) = parts else {
            return Err(vm.new_type_error("a message is a tuple of six"));
        };
        let Some(body) = body.downcast_ref::<PyBytes>() else {
            return Err(vm.new_type_error("the body of a message is bytes"));
        };
        let headers = ArgIterable::<PyObjectRef>::try_from_object(vm, headers.clone())?;
        let headers = headers.iter(vm)?.map(|pair| header(&pair?, vm)).collect::<PyResult<Vec<_>>>()?;
        Ok(Message {
            exchange: text(exchange, vm)?,
            routing_key: text(key, vm)?,
            mandatory: mandatory.clone().try_to_bool(vm)?,
            properties: Properties { headers, ..self::properties(properties, vm)? },
            body: body.as_bytes().to_vec(),
        })
    }

    fn properties(given: &PyObjectRef, vm: &VirtualMachine) -> PyResult<Properties> {
        let Some(given) = given.downcast_ref::<PyDict>() else {
            return Err(vm.new_type_error("properties are a dict"));
        };
        let given: PyDictRef = given.to_owned();
        let find = |name: &str| -> PyResult<Option<PyObjectRef>> {
            Ok(given.get_item_opt(name, vm)?.filter(|value| !vm.is_none(value)))
        };
        let word = |name: &str| find(name)?.map(|value| text(&value, vm)).transpose();
        let number = |name: &str| find(name)?.map(|value| value.try_into_value::<u64>(vm)).transpose();
        Ok(Properties {
            content_type: word("content_type")?,
            content_encoding: word("content_encoding")?,
            headers: Vec::new(),
            persistent: find("persistent")?.map(|value| value.try_to_bool(vm)).transpose()?,
            priority: find("priority")?.map(|value| value.try_into_value::<u8>(vm)).transpose()?,
            correlation_id: word("correlation_id")?,
            reply_to: word("reply_to")?,
            expiration_ms: number("expiration_ms")?,
            message_id: word("message_id")?,
            timestamp: number("timestamp")?,
            message_type: word("message_type")?,
            user_id: word("user_id")?,
            app_id: word("app_id")?,
        })
    }

    fn header(pair: &PyObjectRef, vm: &VirtualMachine) -> PyResult<(String, Header)> {
        let parts = pair.downcast_ref::<PyTuple>().map(|parts| parts.as_slice());
        let Some([name, value]) = parts else {
            return Err(vm.new_type_error("a header is a name and a value"));
        };
        Ok((text(name, vm)?, header_value(value, vm)?))
    }

    fn header_value(value: &PyObjectRef, vm: &VirtualMachine) -> PyResult<Header> {
        if vm.is_none(value) {
            return Ok(Header::Null);
        }
        if value.class().is(vm.ctx.types.bool_type) {
            return Ok(Header::Boolean(value.clone().try_to_bool(vm)?));
        }
        if let Some(number) = value.downcast_ref::<PyInt>() {
            return Ok(Header::Int(number.try_to_primitive(vm)?));
        }
        if let Some(number) = value.downcast_ref::<PyFloat>() {
            return Ok(Header::Double(number.to_f64()));
        }
        if let Some(bytes) = value.downcast_ref::<PyBytes>() {
            return Ok(Header::Bytes(bytes.as_bytes().to_vec()));
        }
        if value.downcast_ref::<PyStr>().is_some() {
            return Ok(Header::Text(text(value, vm)?));
        }
        // A point in time comes as `(seconds,)`.
        match value.downcast_ref::<PyTuple>().map(|parts| parts.as_slice()) {
            Some([seconds]) => Ok(Header::Timestamp(seconds.clone().try_into_value(vm)?)),
            _ => Err(vm.new_type_error(
                "the value of a header is text, bytes, a number, a bool, a datetime or None".to_owned(),
            )),
        }
    }

    fn text(value: &PyObjectRef, vm: &VirtualMachine) -> PyResult<String> {
        crate::registry::text(value, vm)
    }
}
