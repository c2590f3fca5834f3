//! `_caisson_model`: reads the input of a service by its declaration, when nothing is wrong with it.
//!
//! `caisson._native_plan` says what is declared. What is made here is exactly what the reader in Python makes; whatever is not plain (a
//! text for a number, an error, an absurd depth) makes nothing, and then that reader decides. So there is one place for the rules.

mod count;
mod node;
mod text;

pub(crate) use _caisson_model::module_def;

#[rustpython_vm::pymodule]
mod _caisson_model {
    use super::{
        count,
        node::{Entry, Node},
    };
    use crate::objects::PyRequest;
    use rustpython_vm::{
        AsObject, Py, PyObjectRef, PyPayload, PyRef, PyResult, VirtualMachine,
        builtins::{PyBytesRef, PyDict, PyTypeRef},
        function::ArgIterable,
        pyclass,
    };
    use std::cell::OnceCell;

    /// The elements of an object: of a model, or of a dict of the given class.
    #[pyattr]
    #[pyclass(module = "_caisson_model", name = "Plan")]
    #[derive(Debug, PyPayload)]
    pub(super) struct Plan {
        class: PyTypeRef,
        is_dict: bool,
        entries: OnceCell<Vec<Entry>>,
    }

    impl rustpython_vm::types::Constructor for Plan {
        type Args = (PyTypeRef, bool);

        fn py_new(
            _cls: &Py<rustpython_vm::builtins::PyType>,
            (class, is_dict): Self::Args,
            _vm: &VirtualMachine,
        ) -> PyResult<Self> {
            Ok(Self { class, is_dict, entries: OnceCell::new() })
        }
    }

    #[pyclass(with(rustpython_vm::types::Constructor))]
    impl Plan {
        /// `fill(fields)`: tuples of name, node, whether null and the empty text are values, and what stands for a missing
        /// element: `'none'`, `'value'` or `'make'`, and the value or the function that makes one. Once: models may refer to
        /// one another in circles, so a plan is there before it is filled.
        #[pymethod]
        fn fill(zelf: &Py<Self>, fields: ArgIterable<PyObjectRef>, vm: &VirtualMachine) -> PyResult<()> {
            let entries = fields.iter(vm)?.map(|field| Entry::new(&field?, vm)).collect::<PyResult<_>>()?;
            zelf.entries.set(entries).map_err(|_| vm.new_value_error("a plan is filled once"))
        }
    }

    impl Plan {
        /// The object for a dict; `None` when something is not plain.
        pub(super) fn read(
            &self,
            data: &Py<PyDict>,
            depth: usize,
            vm: &VirtualMachine,
        ) -> Option<PyObjectRef> {
            let entries = self.entries.get()?;
            if self.is_dict {
                let made = PyDict::default().into_ref_with_type_lazy_dict(vm, self.class.clone()).ok()?;
                fill(&made, entries, data, depth, vm)?;
                return Some(made.into());
            }
            let made = vm.ctx.new_dict();
            fill(&made, entries, data, depth, vm)?;
            Some(vm.ctx.new_base_object(self.class.clone(), Some(made)))
        }

        /// What is sent for an object of the model, or for a dict; `None` when it is something else or not plain.
        pub(super) fn dump(
            &self,
            value: &PyObjectRef,
            depth: usize,
            vm: &VirtualMachine,
        ) -> Option<PyObjectRef> {
            let entries = self.entries.get()?;
            let is_object = !self.is_dict && value.class().is(&self.class);
            let data =
                if is_object { value.dict()? } else { value.downcast_ref_if_exact::<PyDict>(vm)?.to_owned() };
            let made = vm.ctx.new_dict();
            for entry in entries {
                if let Some(value) = entry.dump(&data, is_object, depth, vm)? {
                    made.set_item(entry.name(), value, vm).ok()?;
                }
            }
            Some(made.into())
        }
    }

    fn fill(
        made: &Py<PyDict>,
        entries: &[Entry],
        data: &Py<PyDict>,
        depth: usize,
        vm: &VirtualMachine,
    ) -> Option<()> {
        for entry in entries {
            let value = entry.read(data, depth, vm)?;
            made.set_item(entry.name(), value, vm).ok()?;
        }
        Some(())
    }

    /// A whole input.
    #[pyattr]
    #[pyclass(module = "_caisson_model", name = "Reader")]
    #[derive(Debug, PyPayload)]
    struct Reader {
        node: Node,
    }

    #[pyclass]
    impl Reader {
        /// `value(object)`: what the reader makes of a value, or `None` if it leaves it to the one in Python.
        #[pymethod]
        fn value(zelf: &Py<Self>, object: PyObjectRef, vm: &VirtualMachine) -> Option<PyObjectRef> {
            zelf.node.read(&object, 0, vm)
        }

        /// `dump(object)`: what is sent for a value, or `None` if that is left to Python.
        #[pymethod]
        fn dump(zelf: &Py<Self>, object: PyObjectRef, vm: &VirtualMachine) -> Option<PyObjectRef> {
            zelf.node.dump(&object, 0, vm)
        }
    }

    /// `reader(node)`: a reader for what is declared.
    #[pyfunction]
    fn reader(node: PyObjectRef, vm: &VirtualMachine) -> PyResult<PyRef<Reader>> {
        Ok(Reader { node: Node::new(&node, vm)? }.into_ref(&vm.ctx))
    }

    /// `read(reader, request)`: sets the input of a request, if that can be done here. Says whether it was.
    #[pyfunction]
    fn read(reader: PyRef<Reader>, request: PyObjectRef, vm: &VirtualMachine) -> PyResult<bool> {
        let Some(request) = request.downcast_ref::<PyRequest>() else { return Ok(false) };
        let Some(payload) = PyRequest::plain_payload(request, vm)? else { return Ok(false) };
        let raw = request.body(vm);
        if !count::is_unambiguous(raw.as_bytes(), &payload, vm) {
            return Ok(false);
        }
        let Some(input) = reader.node.read(&payload, 0, vm) else { return Ok(false) };
        request.replace_input(input);
        Ok(true)
    }

    /// `has_duplicates(raw, payload)`: whether an object of a JSON text may have the same name twice, if this is what was
    /// made of it. `False` is certain, `True` means that somebody has to look.
    #[pyfunction]
    fn has_duplicates(raw: PyBytesRef, payload: PyObjectRef, vm: &VirtualMachine) -> bool {
        !count::is_unambiguous(raw.as_bytes(), &payload, vm)
    }
}
