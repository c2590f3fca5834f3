//! `_caisson_crypto`: what `caisson._fernet` needs beside the standard library. RustPython has hashes and no ciphers.

pub(crate) use _caisson_crypto::module_def;

#[rustpython_vm::pymodule]
mod _caisson_crypto {
    use aes::Aes128;
    use cbc::cipher::{BlockModeDecrypt, BlockModeEncrypt, KeyIvInit, block_padding::Pkcs7};
    use rustpython_vm::{
        PyResult, VirtualMachine,
        builtins::{PyBaseExceptionRef, PyBytesRef},
    };

    /// `encrypt(key, vector, content)`: AES-128-CBC with PKCS #7 padding.
    #[pyfunction]
    fn encrypt(
        key: PyBytesRef,
        vector: PyBytesRef,
        content: PyBytesRef,
        vm: &VirtualMachine,
    ) -> PyResult<PyBytesRef> {
        let cipher = cbc::Encryptor::<Aes128>::new_from_slices(key.as_bytes(), vector.as_bytes())
            .map_err(|_| wrong_length(vm))?;
        Ok(vm.ctx.new_bytes(cipher.encrypt_padded_vec::<Pkcs7>(content.as_bytes())))
    }

    /// `decrypt(key, vector, content)`: the opposite; `None` if the padding shows that it is not.
    #[pyfunction]
    fn decrypt(
        key: PyBytesRef,
        vector: PyBytesRef,
        content: PyBytesRef,
        vm: &VirtualMachine,
    ) -> PyResult<Option<PyBytesRef>> {
        let cipher = cbc::Decryptor::<Aes128>::new_from_slices(key.as_bytes(), vector.as_bytes())
            .map_err(|_| wrong_length(vm))?;
        let content = cipher.decrypt_padded_vec::<Pkcs7>(content.as_bytes()).ok();
        Ok(content.map(|content| vm.ctx.new_bytes(content)))
    }

    fn wrong_length(vm: &VirtualMachine) -> PyBaseExceptionRef {
        vm.new_value_error("key and initialisation vector have 16 bytes each")
    }
}
