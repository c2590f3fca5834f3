//! `_caisson_csv`: what `csv.DictReader` and `csv.DictWriter` do for every row. `caisson._csv_rows` puts it into them.

pub(crate) use _caisson_csv::module_def;

#[rustpython_vm::pymodule]
mod _caisson_csv {
    use rustpython_vm::{
        AsObject, Py, PyObject, PyObjectRef, PyPayload, PyResult, VirtualMachine,
        builtins::{PyDict, PyDictRef, PyList},
        protocol::{PyIter, PyIterReturn},
        pyclass,
        types::{Constructor, DefaultConstructor, IterNext, Iterable, SelfIter},
    };

    /// The base of `csv.DictReader`: an iterator over rows, of which `__init__` in Python sets the attributes.
    #[pyattr]
    #[pyclass(module = "csv", name = "DictRows")]
    #[derive(Debug, Default, PyPayload)]
    struct DictRows {}

    impl DefaultConstructor for DictRows {}

    #[pyclass(flags(BASETYPE), with(Constructor, IterNext, Iterable))]
    impl DictRows {
        /// The names of the columns, read from the first row unless they were given.
        #[pygetset]
        fn fieldnames(zelf: &Py<Self>, vm: &VirtualMachine) -> PyResult {
            let object = zelf.as_object();
            let reader = object.get_attr("reader", vm)?;
            let mut names = object.get_attr("_fieldnames", vm)?;
            if vm.is_none(&names)
                && let PyIterReturn::Return(row) = PyIter::new(reader.clone()).next(vm)?
            {
                object.set_attr("_fieldnames", row.clone(), vm)?;
                names = row;
            }
            object.set_attr("line_num", reader.get_attr("line_num", vm)?, vm)?;
            Ok(names)
        }

        #[pygetset(setter)]
        fn set_fieldnames(zelf: &Py<Self>, names: PyObjectRef, vm: &VirtualMachine) -> PyResult<()> {
            zelf.as_object().set_attr("_fieldnames", names, vm)
        }
    }

    impl SelfIter for DictRows {}

    impl IterNext for DictRows {
        fn next(zelf: &Py<Self>, vm: &VirtualMachine) -> PyResult<PyIterReturn> {
            let object = zelf.as_object();
            // Reads the first row if that has not been done yet.
            let names = object.get_attr("fieldnames", vm)?;
            let reader = object.get_attr("reader", vm)?;
            let rows = PyIter::new(reader.clone());
            let PyIterReturn::Return(mut row) = rows.next(vm)? else {
                return Ok(PyIterReturn::StopIteration(None));
            };
            object.set_attr("line_num", reader.get_attr("line_num", vm)?, vm)?;
            while is_blank(&row) {
                let PyIterReturn::Return(next) = rows.next(vm)? else {
                    return Ok(PyIterReturn::StopIteration(None));
                };
                row = next;
            }
            dict(object, &names, &row, vm).map(|dict| PyIterReturn::Return(dict.into()))
        }
    }

    fn is_blank(row: &PyObject) -> bool {
        row.downcast_ref::<PyList>().is_some_and(|row| row.borrow_vec().is_empty())
    }

    /// A row under the names of its columns.
    fn dict(reader: &PyObject, names: &PyObject, row: &PyObject, vm: &VirtualMachine) -> PyResult<PyDictRef> {
        let names: Vec<PyObjectRef> = vm.extract_elements_with(names, Ok)?;
        let row: Vec<PyObjectRef> = vm.extract_elements_with(row, Ok)?;
        let dict = vm.ctx.new_dict();
        for (name, value) in names.iter().zip(&row) {
            dict.set_item(&**name, value.clone(), vm)?;
        }
        if let Some(more) = row.get(names.len()..).filter(|more| !more.is_empty()) {
            let key = reader.get_attr("restkey", vm)?;
            dict.set_item(&*key, vm.ctx.new_list(more.to_vec()).into(), vm)?;
        } else if let Some(missing) = names.get(row.len()..).filter(|missing| !missing.is_empty()) {
            let value = reader.get_attr("restval", vm)?;
            for name in missing {
                dict.set_item(&**name, value.clone(), vm)?;
            }
        }
        Ok(dict)
    }

    /// `row_of(dict, names, restval, check)`: the values of a dict in the order of the names. `None` when it is no dict, or when
    /// `check` is true and it has a key that is no name.
    #[pyfunction]
    fn row_of(
        dict: PyObjectRef,
        names: PyObjectRef,
        restval: PyObjectRef,
        check: bool,
        vm: &VirtualMachine,
    ) -> PyResult<Option<PyObjectRef>> {
        let Some(dict) = dict.downcast_ref_if_exact::<PyDict>(vm) else { return Ok(None) };
        let names: Vec<PyObjectRef> = vm.extract_elements_with(&names, Ok)?;
        if check && !has_only(dict, &names, vm)? {
            return Ok(None);
        }
        let value =
            |name: &PyObjectRef| Ok(dict.get_item_opt(&**name, vm)?.unwrap_or_else(|| restval.clone()));
        let row = names.iter().map(value).collect::<PyResult<Vec<_>>>()?;
        Ok(Some(vm.ctx.new_list(row).into()))
    }

    fn has_only(dict: &Py<PyDict>, names: &[PyObjectRef], vm: &VirtualMachine) -> PyResult<bool> {
        let (mut position, mut index) = (0, 0);
        while let Some((next, key, _)) = dict.next_entry(position) {
            position = next;
            // Most dicts have their keys in the order of the names.
            let is_next = match names.get(index) {
                Some(name) => vm.bool_eq(name, &key)?,
                None => false,
            };
            index += 1;
            if !is_next && !contains(names, &key, vm)? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    fn contains(names: &[PyObjectRef], key: &PyObject, vm: &VirtualMachine) -> PyResult<bool> {
        for name in names {
            if vm.bool_eq(name, key)? {
                return Ok(true);
            }
        }
        Ok(false)
    }
}
