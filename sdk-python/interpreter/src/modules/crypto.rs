//! `_caisson_crypto`: what `caisson._fernet` needs beside the standard library. RustPython has hashes and no ciphers.

pub(crate) use _caisson_crypto::module_def;

#[rustpython_vm::pymodule]
mod _caisson_crypto {
    use aes::{
        Aes128, Block,
        cipher::{BlockCipherDecrypt, BlockCipherEncrypt, KeyInit},
    };
    use rustpython_vm::{
        PyResult, VirtualMachine,
        builtins::{PyBaseExceptionRef, PyBytesRef},
    };

    const BLOCK: usize = 16;

    /// `encrypt(key, vector, content)`: AES-128-CBC with PKCS #7 padding.
    #[pyfunction]
    fn encrypt(
        key: PyBytesRef,
        vector: PyBytesRef,
        content: PyBytesRef,
        vm: &VirtualMachine,
    ) -> PyResult<PyBytesRef> {
        let (cipher, mut before) = parts(&key, &vector, vm)?;
        let mut made = content.as_bytes().to_vec();
        let padding = BLOCK - made.len() % BLOCK;
        // At most 16, which fits into a byte.
        made.resize(made.len() + padding, padding as u8);
        for chunk in made.chunks_exact_mut(BLOCK) {
            let mut block = before;
            block.iter_mut().zip(&*chunk).for_each(|(one, other)| *one ^= other);
            cipher.encrypt_block(&mut block);
            chunk.copy_from_slice(&block);
            before = block;
        }
        Ok(vm.ctx.new_bytes(made))
    }

    /// `decrypt(key, vector, content)`: the opposite; `None` if length or padding show that it is not.
    #[pyfunction]
    fn decrypt(
        key: PyBytesRef,
        vector: PyBytesRef,
        content: PyBytesRef,
        vm: &VirtualMachine,
    ) -> PyResult<Option<PyBytesRef>> {
        let (cipher, mut before) = parts(&key, &vector, vm)?;
        let mut made = content.as_bytes().to_vec();
        if !made.len().is_multiple_of(BLOCK) {
            return Ok(None);
        }
        for chunk in made.chunks_exact_mut(BLOCK) {
            let encrypted = block_of(chunk);
            let mut block = encrypted;
            cipher.decrypt_block(&mut block);
            block.iter_mut().zip(&before).for_each(|(one, other)| *one ^= other);
            chunk.copy_from_slice(&block);
            before = encrypted;
        }
        let padding = usize::from(made.last().copied().unwrap_or_default());
        let length = made.len().saturating_sub(padding);
        let is_padded = (1..=BLOCK).contains(&padding)
            && made.iter().skip(length).all(|byte| usize::from(*byte) == padding);
        made.truncate(length);
        Ok(is_padded.then(|| vm.ctx.new_bytes(made)))
    }

    fn parts(key: &PyBytesRef, vector: &PyBytesRef, vm: &VirtualMachine) -> PyResult<(Aes128, Block)> {
        let cipher = Aes128::new_from_slice(key.as_bytes()).map_err(|_| wrong_length(vm))?;
        if vector.as_bytes().len() != BLOCK {
            return Err(wrong_length(vm));
        }
        Ok((cipher, block_of(vector.as_bytes())))
    }

    /// The block of 16 bytes.
    fn block_of(bytes: &[u8]) -> Block {
        let mut block = Block::default();
        block.copy_from_slice(bytes);
        block
    }

    fn wrong_length(vm: &VirtualMachine) -> PyBaseExceptionRef {
        vm.new_value_error("key and initialisation vector have 16 bytes each")
    }
}
