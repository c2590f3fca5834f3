//! `_caisson_sql`: the capability `sql`, one function for each of its contract.
//!
//! Each answers `(True, value)` or `(False, kind, message, retryable, code)`. Values are `None`, `bool`, `int`, `float`, `str`, `bytes`;
//! what has no such type of its own is `(kind, text)`, and an array `('array', element, dimensions, items)`. Parameters are `None`, a list
//! of values, or a dict of them.

pub(crate) use _caisson_sql::module_def;

#[rustpython_vm::pymodule]
mod _caisson_sql {
    use super::super::outcome::answer;
    use crate::bindings::caisson::sql::client::{
        self, Array, Column, Isolation, Outcome, Params, Row, Scalar, Statement, TransactionOptions, Value,
    };
    use rustpython_vm::{
        AsObject, Py, PyObjectRef, PyPayload, PyResult, TryFromObject, VirtualMachine,
        builtins::{PyBytes, PyDict, PyFloat, PyInt, PyStr, PyStrRef, PyTuple},
        pyclass,
    };
    use std::cell::RefCell;

    /// `query(connection, text, params, timeout_ms)`: `(columns, rows)`; a column is `(name, type)`, a row a tuple.
    #[pyfunction]
    fn query(
        connection: PyStrRef,
        text: PyStrRef,
        params: PyObjectRef,
        timeout_ms: Option<u32>,
        vm: &VirtualMachine,
    ) -> PyResult {
        let statement = statement(&text, &params, timeout_ms, vm)?;
        Ok(answer(client::query(&connection.to_string_lossy(), &statement), vm, rows))
    }

    /// `open(connection, text, params, timeout_ms)`: a `Cursor`.
    #[pyfunction]
    fn open(
        connection: PyStrRef,
        text: PyStrRef,
        params: PyObjectRef,
        timeout_ms: Option<u32>,
        vm: &VirtualMachine,
    ) -> PyResult {
        let statement = statement(&text, &params, timeout_ms, vm)?;
        let opened = client::open(&connection.to_string_lossy(), &statement);
        Ok(answer(opened, vm, |cursor, vm| PyCursor { cursor: RefCell::new(Some(cursor)) }.into_pyobject(vm)))
    }

    /// `execute(connection, text, params, timeout_ms)`: `(affected, last_insert_id)`.
    #[pyfunction]
    fn execute(
        connection: PyStrRef,
        text: PyStrRef,
        params: PyObjectRef,
        timeout_ms: Option<u32>,
        vm: &VirtualMachine,
    ) -> PyResult {
        let statement = statement(&text, &params, timeout_ms, vm)?;
        Ok(answer(client::execute(&connection.to_string_lossy(), &statement), vm, outcome))
    }

    /// `batch(connection, text, sets)`: `(affected, last_insert_id)`.
    #[pyfunction]
    fn batch(connection: PyStrRef, text: PyStrRef, sets: PyObjectRef, vm: &VirtualMachine) -> PyResult {
        let sets = all_params(&sets, vm)?;
        Ok(answer(client::batch(&connection.to_string_lossy(), &text.to_string_lossy(), &sets), vm, outcome))
    }

    /// `begin(connection, isolation, read_only)`: a `Transaction`.
    #[pyfunction]
    fn begin(
        connection: PyStrRef,
        isolation: Option<PyStrRef>,
        read_only: bool,
        vm: &VirtualMachine,
    ) -> PyResult {
        let isolation = match isolation.as_ref().map(|text| text.to_string_lossy()).as_deref() {
            None => None,
            Some("read-uncommitted") => Some(Isolation::ReadUncommitted),
            Some("read-committed") => Some(Isolation::ReadCommitted),
            Some("repeatable-read") => Some(Isolation::RepeatableRead),
            Some("serializable") => Some(Isolation::Serializable),
            Some(_) => {
                let text = "isolation is read-uncommitted, read-committed, repeatable-read or serializable";
                return Err(vm.new_value_error(text));
            }
        };
        let begun = client::begin(&connection.to_string_lossy(), TransactionOptions { isolation, read_only });
        Ok(answer(begun, vm, |own, vm| {
            PyTransaction { transaction: RefCell::new(Some(own)) }.into_pyobject(vm)
        }))
    }

    /// The rows of a query, batch by batch.
    #[pyattr]
    #[pyclass(module = "_caisson_sql", name = "Cursor")]
    #[derive(PyPayload)]
    struct PyCursor {
        cursor: RefCell<Option<client::Cursor>>,
    }

    impl std::fmt::Debug for PyCursor {
        fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            f.write_str("Cursor")
        }
    }

    #[pyclass]
    impl PyCursor {
        /// `columns()`: `(name, type)` of each.
        #[pymethod]
        fn columns(zelf: &Py<Self>, vm: &VirtualMachine) -> PyResult {
            let cursor = zelf.cursor.borrow();
            let cursor = cursor.as_ref().ok_or_else(|| vm.new_value_error("this cursor is closed"))?;
            Ok(columns(cursor.columns(), vm))
        }

        /// `fetch(most)`: rows; none at the end.
        #[pymethod]
        fn fetch(zelf: &Py<Self>, most: u32, vm: &VirtualMachine) -> PyResult {
            let cursor = zelf.cursor.borrow();
            let cursor = cursor.as_ref().ok_or_else(|| vm.new_value_error("this cursor is closed"))?;
            Ok(answer(cursor.fetch(most), vm, told_rows))
        }

        /// `close()`: ends the query.
        #[pymethod]
        fn close(zelf: &Py<Self>) {
            drop(zelf.cursor.take());
        }
    }

    /// A transaction.
    #[pyattr]
    #[pyclass(module = "_caisson_sql", name = "Transaction")]
    #[derive(PyPayload)]
    struct PyTransaction {
        transaction: RefCell<Option<client::Transaction>>,
    }

    impl std::fmt::Debug for PyTransaction {
        fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            f.write_str("Transaction")
        }
    }

    #[pyclass]
    impl PyTransaction {
        /// `query(text, params, timeout_ms)`.
        #[pymethod]
        fn query(
            zelf: &Py<Self>,
            text: PyStrRef,
            params: PyObjectRef,
            timeout_ms: Option<u32>,
            vm: &VirtualMachine,
        ) -> PyResult {
            let statement = statement(&text, &params, timeout_ms, vm)?;
            zelf.with(vm, |own| Ok(answer(own.query(&statement), vm, rows)))
        }

        /// `execute(text, params, timeout_ms)`.
        #[pymethod]
        fn execute(
            zelf: &Py<Self>,
            text: PyStrRef,
            params: PyObjectRef,
            timeout_ms: Option<u32>,
            vm: &VirtualMachine,
        ) -> PyResult {
            let statement = statement(&text, &params, timeout_ms, vm)?;
            zelf.with(vm, |own| Ok(answer(own.execute(&statement), vm, outcome)))
        }

        /// `batch(text, sets)`.
        #[pymethod]
        fn batch(zelf: &Py<Self>, text: PyStrRef, sets: PyObjectRef, vm: &VirtualMachine) -> PyResult {
            let sets = all_params(&sets, vm)?;
            zelf.with(vm, |own| Ok(answer(own.batch(&text.to_string_lossy(), &sets), vm, outcome)))
        }

        /// `commit()`.
        #[pymethod]
        fn commit(zelf: &Py<Self>, vm: &VirtualMachine) -> PyResult {
            zelf.with(vm, |own| Ok(answer(own.commit(), vm, |(), vm| vm.ctx.none())))
        }

        /// `rollback()`.
        #[pymethod]
        fn rollback(zelf: &Py<Self>, vm: &VirtualMachine) -> PyResult {
            zelf.with(vm, |own| Ok(answer(own.rollback(), vm, |(), vm| vm.ctx.none())))
        }

        /// `close()`: rolls it back if it has not ended.
        #[pymethod]
        fn close(zelf: &Py<Self>) {
            drop(zelf.transaction.take());
        }
    }

    impl PyTransaction {
        fn with(&self, vm: &VirtualMachine, work: impl FnOnce(&client::Transaction) -> PyResult) -> PyResult {
            let own = self.transaction.borrow();
            work(own.as_ref().ok_or_else(|| vm.new_value_error("this transaction is closed"))?)
        }
    }

    fn statement(
        text: &PyStrRef,
        params: &PyObjectRef,
        timeout_ms: Option<u32>,
        vm: &VirtualMachine,
    ) -> PyResult<Statement> {
        Ok(Statement {
            text: text.to_string_lossy().into_owned(),
            params: self::params(params, vm)?,
            timeout_ms,
        })
    }

    fn all_params(sets: &PyObjectRef, vm: &VirtualMachine) -> PyResult<Vec<Params>> {
        vm.extract_elements_with(sets.as_object(), |one| params(&one, vm))
    }

    fn params(given: &PyObjectRef, vm: &VirtualMachine) -> PyResult<Params> {
        if vm.is_none(given) {
            return Ok(Params::None);
        }
        if let Some(dict) = given.downcast_ref::<PyDict>() {
            let mut named = Vec::new();
            for (name, one) in dict {
                named.push((
                    PyStrRef::try_from_object(vm, name)?.to_string_lossy().into_owned(),
                    value(&one, vm)?,
                ));
            }
            return Ok(Params::Named(named));
        }
        vm.extract_elements_with(given.as_object(), |one| value(&one, vm)).map(Params::Positional)
    }

    fn value(given: &PyObjectRef, vm: &VirtualMachine) -> PyResult<Value> {
        if let Some([tag, element, dimensions, items]) =
            given.downcast_ref::<PyTuple>().map(|tuple| tuple.as_slice())
        {
            if text(tag, vm)? != "array" {
                return Err(vm.new_type_error("a value of four parts is an array"));
            }
            return Ok(Value::Array(Array {
                element: text(element, vm)?,
                dimensions: vm
                    .extract_elements_with(dimensions.as_object(), |size| u32::try_from_object(vm, size))?,
                items: vm.extract_elements_with(items.as_object(), |item| scalar(&item, vm))?,
            }));
        }
        scalar(given, vm).map(Value::Scalar)
    }

    fn text(object: &PyObjectRef, vm: &VirtualMachine) -> PyResult<String> {
        Ok(PyStrRef::try_from_object(vm, object.clone())?.to_string_lossy().into_owned())
    }

    fn scalar(given: &PyObjectRef, vm: &VirtualMachine) -> PyResult<Scalar> {
        if vm.is_none(given) {
            return Ok(Scalar::Null);
        }
        if given.is(vm.ctx.true_value.as_object()) || given.is(vm.ctx.false_value.as_object()) {
            return Ok(Scalar::Boolean(given.is(vm.ctx.true_value.as_object())));
        }
        if let Some(number) = given.downcast_ref::<PyInt>() {
            if let Ok(number) = number.try_to_primitive::<i64>(vm) {
                return Ok(Scalar::Int(number));
            }
            return number.try_to_primitive::<u64>(vm).map(Scalar::Unsigned);
        }
        if let Some(number) = given.downcast_ref::<PyFloat>() {
            return Ok(Scalar::Double(number.to_f64()));
        }
        if given.downcast_ref::<PyStr>().is_some() {
            return text(given, vm).map(Scalar::Text);
        }
        if let Some(bytes) = given.downcast_ref::<PyBytes>() {
            return Ok(Scalar::Bytes(bytes.as_bytes().to_vec()));
        }
        let Some([kind, told]) = given.downcast_ref::<PyTuple>().map(|tuple| tuple.as_slice()) else {
            return Err(vm.new_type_error("this is no value for a database"));
        };
        let (kind, told) = (text(kind, vm)?, text(told, vm)?);
        Ok(match kind.as_str() {
            "decimal" => Scalar::Decimal(told),
            "date" => Scalar::Date(told),
            "time" => Scalar::Time(told),
            "timestamp" => Scalar::Timestamp(told),
            "timestamp-tz" => Scalar::TimestampTz(told),
            "interval" => Scalar::Interval(told),
            "uuid" => Scalar::Uuid(told),
            "json" => Scalar::Json(told),
            "other" => Scalar::Other(told),
            _ => return Err(vm.new_type_error("this is no kind of value")),
        })
    }

    fn rows(answer: client::Rows, vm: &VirtualMachine) -> PyObjectRef {
        vm.new_tuple((columns(answer.columns, vm), told_rows(answer.rows, vm))).into()
    }

    fn columns(columns: Vec<Column>, vm: &VirtualMachine) -> PyObjectRef {
        let told = |column: Column| vm.new_tuple((column.name, column.type_name)).into();
        vm.ctx.new_list(columns.into_iter().map(told).collect()).into()
    }

    fn told_rows(rows: Vec<Row>, vm: &VirtualMachine) -> PyObjectRef {
        let row = |row: Row| vm.ctx.new_tuple(row.into_iter().map(|value| told(value, vm)).collect()).into();
        vm.ctx.new_list(rows.into_iter().map(row).collect()).into()
    }

    fn told(value: Value, vm: &VirtualMachine) -> PyObjectRef {
        match value {
            Value::Scalar(scalar) => told_scalar(scalar, vm),
            Value::Array(Array { element, dimensions, items }) => {
                let dimensions = dimensions.into_iter().map(|size| vm.ctx.new_int(size).into()).collect();
                let items = items.into_iter().map(|item| told_scalar(item, vm)).collect();
                let (dimensions, items) = (vm.ctx.new_list(dimensions), vm.ctx.new_list(items));
                vm.new_tuple(("array", element, dimensions, items)).into()
            }
        }
    }

    fn told_scalar(scalar: Scalar, vm: &VirtualMachine) -> PyObjectRef {
        let tagged = |kind: &str, text: String| vm.new_tuple((kind.to_owned(), text)).into();
        match scalar {
            Scalar::Null => vm.ctx.none(),
            Scalar::Boolean(yes) => vm.ctx.new_bool(yes).into(),
            Scalar::Int(number) => vm.ctx.new_int(number).into(),
            Scalar::Unsigned(number) => vm.ctx.new_int(number).into(),
            Scalar::Double(number) => vm.ctx.new_float(number).into(),
            Scalar::Text(text) => vm.ctx.new_str(text).into(),
            Scalar::Bytes(bytes) => vm.ctx.new_bytes(bytes).into(),
            Scalar::Decimal(text) => tagged("decimal", text),
            Scalar::Date(text) => tagged("date", text),
            Scalar::Time(text) => tagged("time", text),
            Scalar::Timestamp(text) => tagged("timestamp", text),
            Scalar::TimestampTz(text) => tagged("timestamp-tz", text),
            Scalar::Interval(text) => tagged("interval", text),
            Scalar::Uuid(text) => tagged("uuid", text),
            Scalar::Json(text) => tagged("json", text),
            Scalar::Other(text) => tagged("other", text),
        }
    }

    fn outcome(outcome: Outcome, vm: &VirtualMachine) -> PyObjectRef {
        vm.new_tuple((outcome.affected, outcome.last_insert_id)).into()
    }
}
