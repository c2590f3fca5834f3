//! `_caisson_redis`: the functions of `caisson:redis`, on Python values.
//!
//! They answer `(True, value)` or `(False, kind, message, retryable, code)`. In a value, bytes are `bytes`, a status is `str`, a list or a set is
//! `list`, a map is `dict`, and an error within it is a tuple of its text.

pub(crate) use _caisson_redis::module_def;

#[rustpython_vm::pymodule]
mod _caisson_redis {
    use super::super::outcome::{bad, good};
    use crate::bindings::caisson::{
        capability::types::Error,
        redis::client::{self, Part},
    };
    use rustpython_vm::{
        PyResult, VirtualMachine,
        builtins::{PyBytesRef, PyStrRef},
        function::ArgIterable,
    };

    /// `run(connection, command)`: one command.
    #[pyfunction]
    fn run(connection: PyStrRef, command: ArgIterable<PyBytesRef>, vm: &VirtualMachine) -> PyResult {
        let command = words(&command, vm)?;
        answer(client::run(&connection.to_string_lossy(), &command), vm, |reply| {
            value(&mut reply.into_iter(), vm)
        })
    }

    /// `pipeline(connection, commands, atomic)`: commands in one go. The value is a list of theirs.
    #[pyfunction]
    fn pipeline(
        connection: PyStrRef,
        commands: ArgIterable<ArgIterable<PyBytesRef>>,
        atomic: bool,
        vm: &VirtualMachine,
    ) -> PyResult {
        let commands =
            commands.iter(vm)?.map(|command| words(&command?, vm)).collect::<PyResult<Vec<_>>>()?;
        answer(client::pipeline(&connection.to_string_lossy(), &commands, atomic), vm, |replies| {
            let values = replies.into_iter().map(|reply| value(&mut reply.into_iter(), vm));
            Ok(vm.ctx.new_list(values.collect::<PyResult<Vec<_>>>()?).into())
        })
    }

    /// `script(connection, source, keys, arguments)`: a script.
    #[pyfunction]
    fn script(
        connection: PyStrRef,
        source: PyStrRef,
        keys: ArgIterable<PyBytesRef>,
        arguments: ArgIterable<PyBytesRef>,
        vm: &VirtualMachine,
    ) -> PyResult {
        let (keys, arguments) = (words(&keys, vm)?, words(&arguments, vm)?);
        let outcome =
            client::script(&connection.to_string_lossy(), &source.to_string_lossy(), &keys, &arguments);
        answer(outcome, vm, |reply| value(&mut reply.into_iter(), vm))
    }

    fn words(all: &ArgIterable<PyBytesRef>, vm: &VirtualMachine) -> PyResult<Vec<Vec<u8>>> {
        all.iter(vm)?.map(|word| Ok(word?.as_bytes().to_vec())).collect()
    }

    /// As [`super::super::outcome::answer`], for values that Python may fail to make.
    fn answer<T>(
        outcome: Result<T, Error>,
        vm: &VirtualMachine,
        value: impl FnOnce(T) -> PyResult,
    ) -> PyResult {
        match outcome {
            Ok(reply) => Ok(good(value(reply)?, vm)),
            Err(error) => Ok(bad(error, vm)),
        }
    }

    /// The next value. The host has seen to it that replies do not lie too deep within each other.
    fn value(parts: &mut impl Iterator<Item = Part>, vm: &VirtualMachine) -> PyResult {
        Ok(match parts.next() {
            None | Some(Part::Nil) => vm.ctx.none(),
            Some(Part::Int(number)) => vm.ctx.new_int(number).into(),
            Some(Part::Double(number)) => vm.ctx.new_float(number).into(),
            Some(Part::Boolean(yes)) => vm.ctx.new_bool(yes).into(),
            Some(Part::Status(text) | Part::BigNumber(text)) => vm.ctx.new_str(text).into(),
            Some(Part::Bytes(bytes)) => vm.ctx.new_bytes(bytes).into(),
            Some(Part::Failure(text)) => vm.new_tuple((text,)).into(),
            Some(Part::List(count) | Part::Set(count)) => {
                let values = (0..count).map(|_| value(parts, vm)).collect::<PyResult<Vec<_>>>()?;
                vm.ctx.new_list(values).into()
            }
            Some(Part::Map(count)) => {
                let map = vm.ctx.new_dict();
                for _ in 0..count {
                    let (key, one) = (value(parts, vm)?, value(parts, vm)?);
                    map.set_item(&*key, one, vm)?;
                }
                map.into()
            }
        })
    }
}
