//! `_caisson_http`: the capability `http`, one function for each of its contract.
//!
//! Each answers `(True, value)` or `(False, kind, message, retryable, code)`.

pub(crate) use _caisson_http::module_def;

#[rustpython_vm::pymodule]
mod _caisson_http {
    use super::super::outcome::{bad, good};
    use crate::bindings::caisson::capability::types::{Error, Field};
    use crate::bindings::caisson::http::client;
    use rustpython_vm::{
        AsObject, FromArgs, Py, PyObjectRef, PyPayload, PyResult, TryFromObject, VirtualMachine,
        builtins::{PyBytesRef, PyStrRef, PyTuple},
        pyclass,
    };
    use std::cell::RefCell;

    /// A request: `(connection, method, path, params, headers, body, timeout_ms)`.
    #[derive(FromArgs)]
    struct Asked {
        #[pyarg(positional)]
        connection: PyStrRef,
        #[pyarg(positional)]
        method: PyStrRef,
        #[pyarg(positional)]
        path: PyStrRef,
        #[pyarg(positional)]
        params: PyObjectRef,
        #[pyarg(positional)]
        headers: PyObjectRef,
        #[pyarg(positional)]
        body: Option<PyBytesRef>,
        #[pyarg(positional)]
        timeout_ms: Option<u32>,
    }

    impl Asked {
        fn request(&self, vm: &VirtualMachine) -> PyResult<client::Request> {
            Ok(client::Request {
                method: self.method.to_string_lossy().into_owned(),
                path: self.path.to_string_lossy().into_owned(),
                params: pairs(&self.params, vm)?,
                headers: pairs(&self.headers, vm)?,
                body: self.body.as_ref().map(|body| body.as_bytes().to_vec()),
                timeout_ms: self.timeout_ms,
            })
        }
    }

    /// `send(...)`: `(status, headers, body)`.
    #[pyfunction]
    fn send(asked: Asked, vm: &VirtualMachine) -> PyResult {
        let request = asked.request(vm)?;
        Ok(match client::send(&asked.connection.to_string_lossy(), &request) {
            Ok(response) => {
                let body: PyObjectRef = vm.ctx.new_bytes(response.body).into();
                good(vm.new_tuple((response.status, fields(response.headers, vm), body)).into(), vm)
            }
            Err(error) => bad(error, vm),
        })
    }

    /// `open(...)`: `(status, headers, Body)`.
    #[pyfunction]
    fn open(asked: Asked, vm: &VirtualMachine) -> PyResult {
        let request = asked.request(vm)?;
        Ok(incoming(client::open(&asked.connection.to_string_lossy(), &request), vm))
    }

    /// `begin(...)`: an `Upload`.
    #[pyfunction]
    fn begin(asked: Asked, vm: &VirtualMachine) -> PyResult {
        let request = asked.request(vm)?;
        Ok(match client::begin(&asked.connection.to_string_lossy(), &request) {
            Ok(upload) => good(PyUpload { upload: RefCell::new(Some(upload)) }.into_pyobject(vm), vm),
            Err(error) => bad(error, vm),
        })
    }

    /// The body of an answer.
    #[pyattr]
    #[pyclass(module = "_caisson_http", name = "Body")]
    #[derive(PyPayload)]
    struct PyBody {
        body: RefCell<Option<client::Body>>,
    }

    impl std::fmt::Debug for PyBody {
        fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            f.write_str("Body")
        }
    }

    #[pyclass]
    impl PyBody {
        /// `read(most)`: bytes, or `None` at the end.
        #[pymethod]
        fn read(zelf: &Py<Self>, most: u32, vm: &VirtualMachine) -> PyResult {
            let body = zelf.body.borrow();
            let body = body.as_ref().ok_or_else(|| vm.new_value_error("this body is closed"))?;
            Ok(match body.read(most) {
                Ok(piece) => {
                    let piece = piece.map_or_else(|| vm.ctx.none(), |piece| vm.ctx.new_bytes(piece).into());
                    good(piece, vm)
                }
                Err(error) => bad(error, vm),
            })
        }

        /// `close()`: gives up the rest.
        #[pymethod]
        fn close(zelf: &Py<Self>) {
            drop(zelf.body.take());
        }
    }

    /// A request whose body is still made.
    #[pyattr]
    #[pyclass(module = "_caisson_http", name = "Upload")]
    #[derive(PyPayload)]
    struct PyUpload {
        upload: RefCell<Option<client::Upload>>,
    }

    impl std::fmt::Debug for PyUpload {
        fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            f.write_str("Upload")
        }
    }

    #[pyclass]
    impl PyUpload {
        /// `write(piece)`.
        #[pymethod]
        fn write(zelf: &Py<Self>, piece: PyBytesRef, vm: &VirtualMachine) -> PyResult {
            let upload = zelf.upload.borrow();
            let upload = upload.as_ref().ok_or_else(|| vm.new_value_error("this upload is closed"))?;
            Ok(match upload.write(piece.as_bytes()) {
                Ok(()) => good(vm.ctx.none(), vm),
                Err(error) => bad(error, vm),
            })
        }

        /// `finish()`: `(status, headers, Body)`.
        #[pymethod]
        fn finish(zelf: &Py<Self>, vm: &VirtualMachine) -> PyResult {
            let upload = zelf.upload.borrow();
            let upload = upload.as_ref().ok_or_else(|| vm.new_value_error("this upload is closed"))?;
            Ok(incoming(upload.finish(), vm))
        }

        /// `close()`: breaks off what is not finished.
        #[pymethod]
        fn close(zelf: &Py<Self>) {
            drop(zelf.upload.take());
        }
    }

    fn incoming(outcome: Result<client::Incoming, Error>, vm: &VirtualMachine) -> PyObjectRef {
        match outcome {
            Ok(answer) => {
                let body = PyBody { body: RefCell::new(Some(answer.body)) }.into_pyobject(vm);
                good(vm.new_tuple((answer.status, fields(answer.headers, vm), body)).into(), vm)
            }
            Err(error) => bad(error, vm),
        }
    }

    fn fields(fields: Vec<Field>, vm: &VirtualMachine) -> PyObjectRef {
        let pair = |(name, value): Field| vm.new_tuple((name, value)).into();
        vm.ctx.new_list(fields.into_iter().map(pair).collect()).into()
    }

    /// A list of pairs of texts.
    fn pairs(list: &PyObjectRef, vm: &VirtualMachine) -> PyResult<Vec<Field>> {
        vm.extract_elements_with(list.as_object(), |pair| {
            let parts = pair.downcast_ref::<PyTuple>().map(|parts| parts.as_slice());
            let Some([name, value]) = parts else {
                return Err(vm.new_type_error("names and values are pairs of texts"));
            };
            let text = |part: &PyObjectRef| {
                Ok(PyStrRef::try_from_object(vm, part.clone())?.to_string_lossy().into_owned())
            };
            Ok((text(name)?, text(value)?))
        })
    }
}
