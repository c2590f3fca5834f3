//! `_caisson_cache`: the functions of `cache` and `grants`, on Python values. They answer as those of capabilities do.
//!
//! Entries are chosen by a kind (`all`, `keys`, `prefix`, ...) and a list of texts. An entry is a tuple of its key and value, and with
//! details of the other facts as well.

pub(crate) use _caisson_cache::module_def;

#[rustpython_vm::pymodule]
mod _caisson_cache {
    use super::super::outcome::answer;
    use crate::bindings::caisson::service::{
        cache::{self, Condition, Entry, Parts, Which},
        grants,
    };
    use rustpython_vm::{
        FromArgs, PyObjectRef, PyResult, VirtualMachine,
        builtins::{PyBytesRef, PyStrRef},
        function::ArgIterable,
    };

    /// Which entries of which cache are meant.
    #[derive(FromArgs)]
    struct Chosen {
        #[pyarg(positional)]
        cache: PyStrRef,
        #[pyarg(positional)]
        kind: PyStrRef,
        #[pyarg(positional)]
        texts: ArgIterable<PyStrRef>,
        #[pyarg(positional)]
        limit: u32,
    }

    /// `get(cache, kind, texts, limit, parts)`: a list of entries. `parts`: 0 keys, 1 values, 2 details.
    #[pyfunction]
    fn get(chosen: Chosen, parts: u8, vm: &VirtualMachine) -> PyResult {
        let which = which(&chosen, vm)?;
        let found = cache::get(&chosen.cache.to_string_lossy(), &which, chosen.limit, parts_of(parts));
        Ok(answer(found, vm, |entries, vm| list(entries, parts, vm)))
    }

    /// `put(cache, kind, texts, limit, value, expiry_ms, condition, parts)`: the entries as they were before. `condition`: 0 in any case,
    /// 1 if there is none, 2 if there is one.
    #[pyfunction]
    fn put(
        chosen: Chosen,
        value: PyBytesRef,
        expiry_ms: u64,
        condition: u8,
        parts: u8,
        vm: &VirtualMachine,
    ) -> PyResult {
        let which = which(&chosen, vm)?;
        let condition = match condition {
            0 => Condition::Always,
            1 => Condition::IfAbsent,
            _ => Condition::IfPresent,
        };
        let name = chosen.cache.to_string_lossy();
        let before =
            cache::put(&name, &which, chosen.limit, value.as_bytes(), expiry_ms, condition, parts_of(parts));
        Ok(answer(before, vm, |entries, vm| list(entries, parts, vm)))
    }

    /// `delete(cache, kind, texts, limit, parts)`: the entries that went.
    #[pyfunction]
    fn delete(chosen: Chosen, parts: u8, vm: &VirtualMachine) -> PyResult {
        let which = which(&chosen, vm)?;
        let gone = cache::delete(&chosen.cache.to_string_lossy(), &which, chosen.limit, parts_of(parts));
        Ok(answer(gone, vm, |entries, vm| list(entries, parts, vm)))
    }

    /// `expire(cache, kind, texts, limit, expiry_ms, parts)`: the entries that are meant.
    #[pyfunction]
    fn expire(chosen: Chosen, expiry_ms: u64, parts: u8, vm: &VirtualMachine) -> PyResult {
        let which = which(&chosen, vm)?;
        let meant =
            cache::expire(&chosen.cache.to_string_lossy(), &which, chosen.limit, expiry_ms, parts_of(parts));
        Ok(answer(meant, vm, |entries, vm| list(entries, parts, vm)))
    }

    /// `count(cache)`: how many entries there are.
    #[pyfunction]
    fn count(name: PyStrRef, vm: &VirtualMachine) -> PyObjectRef {
        answer(cache::count(&name.to_string_lossy()), vm, |count, vm| vm.ctx.new_int(count).into())
    }

    /// `granted(connection)`: whether this service may do anything with a connection.
    #[pyfunction]
    fn granted(connection: PyStrRef) -> bool {
        grants::has(&connection.to_string_lossy())
    }

    fn parts_of(parts: u8) -> Parts {
        match parts {
            0 => Parts::Keys,
            1 => Parts::Values,
            _ => Parts::Details,
        }
    }

    fn which(chosen: &Chosen, vm: &VirtualMachine) -> PyResult<Which> {
        let mut texts = chosen
            .texts
            .iter(vm)?
            .map(|text| Ok(text?.to_string_lossy().into_owned()))
            .collect::<PyResult<Vec<_>>>()?;
        let kind = chosen.kind.to_string_lossy();
        Ok(match &*kind {
            "all" => Which::All,
            "keys" => Which::Keys(texts),
            "contains_all" => Which::ContainsAll(texts),
            "contains_any" => Which::ContainsAny(texts),
            _ => {
                let text = texts.pop().unwrap_or_default();
                match &*kind {
                    "prefix" => Which::Prefix(text),
                    "suffix" => Which::Suffix(text),
                    "contains" => Which::Contains(text),
                    "not_contains" => Which::NotContains(text),
                    "regex" => Which::Regex(text),
                    other => {
                        return Err(vm.new_value_error(format!("entries cannot be chosen by {other:?}")));
                    }
                }
            }
        })
    }

    fn list(entries: Vec<Entry>, parts: u8, vm: &VirtualMachine) -> PyObjectRef {
        let entry = |entry: Entry| -> PyObjectRef {
            let value = vm.ctx.new_bytes(entry.value);
            if parts < 2 {
                return vm.new_tuple((entry.key, value)).into();
            }
            let facts = vec![
                vm.ctx.new_str(entry.key).into(),
                value.into(),
                vm.ctx.new_int(entry.position).into(),
                vm.ctx.new_int(entry.hits).into(),
                vm.ctx.new_int(entry.expiry_ms).into(),
                vm.ctx.new_int(entry.expires_at).into(),
                vm.ctx.new_int(entry.last_read).into(),
                vm.ctx.new_int(entry.prev_read).into(),
                vm.ctx.new_int(entry.last_write).into(),
                vm.ctx.new_int(entry.prev_write).into(),
            ];
            vm.ctx.new_tuple(facts).into()
        };
        vm.ctx.new_list(entries.into_iter().map(entry).collect()).into()
    }
}
