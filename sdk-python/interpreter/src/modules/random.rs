//! `_random.Random`, the Mersenne Twister under `random`, which seeds itself anew in every instance.
//!
//! A generator that got no seed remembers in which phase it drew one from the host. One that was seeded while an image was
//! made draws again at its first use in a request. That also holds for functions that a service imported by name, since they
//! are bound to the same generator. An explicit seed is kept: who asks for a fixed sequence gets it.

pub(crate) use _random::module_def;

#[rustpython_vm::pymodule]
mod _random {
    use crate::entropy;
    use malachite_bigint::{BigInt, BigUint};
    use mt19937::MT19937;
    use num_traits::Signed;
    use rustpython_vm::{
        Py, PyObjectRef, PyPayload, PyResult, VirtualMachine,
        builtins::{PyInt, PyTupleRef},
        function::OptionalOption,
        pyclass,
        types::{Constructor, DefaultConstructor, Initializer},
    };
    use std::cell::{Cell, RefCell};

    /// Where the present state of a generator came from.
    #[derive(Clone, Copy, Debug, PartialEq)]
    enum Seed {
        /// Nothing was drawn yet.
        None,
        /// The host's entropy, in this phase.
        Host(u32),
        /// The program.
        Program,
    }

    #[pyattr]
    #[pyclass(module = "_random", name = "Random")]
    #[derive(PyPayload)]
    struct PyRandom {
        twister: RefCell<Option<Box<MT19937>>>,
        seed: Cell<Seed>,
    }

    impl std::fmt::Debug for PyRandom {
        fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            f.write_str("Random")
        }
    }

    impl Default for PyRandom {
        fn default() -> Self {
            Self { twister: RefCell::new(None), seed: Cell::new(Seed::None) }
        }
    }

    impl DefaultConstructor for PyRandom {}

    impl Initializer for PyRandom {
        type Args = OptionalOption<PyObjectRef>;

        fn init(zelf: &Py<Self>, seed: Self::Args, vm: &VirtualMachine) -> PyResult<()> {
            Self::seed(zelf, seed, vm)
        }
    }

    impl PyRandom {
        fn with<R>(&self, f: impl FnOnce(&mut MT19937) -> R) -> R {
            let now = entropy::generation();
            let stale = match self.seed.get() {
                Seed::None => true,
                Seed::Host(generation) => generation != now,
                Seed::Program => false,
            };
            let mut twister = self.twister.borrow_mut();
            if stale || twister.is_none() {
                *twister = Some(Box::new(fresh()));
                self.seed.set(Seed::Host(now));
            }
            f(twister.as_mut().expect("seeded just now"))
        }
    }

    /// A generator with a seed of the size of its state, as the reference implementation does it.
    fn fresh() -> MT19937 {
        let mut bytes = [0u8; mt19937::N * 4];
        entropy::fill(&mut bytes);
        let words: Vec<u32> = bytes
            .chunks_exact(4)
            .map(|word| u32::from_le_bytes(word.try_into().expect("four bytes")))
            .collect();
        MT19937::new_with_slice_seed(&words)
    }

    fn next_u32(twister: &mut MT19937) -> u32 {
        use rand_core::Rng;
        twister.next_u32()
    }

    #[pyclass(flags(BASETYPE), with(Constructor, Initializer))]
    impl PyRandom {
        /// A number of [0, 1).
        #[pymethod]
        fn random(zelf: &Py<Self>) -> f64 {
            zelf.with(|twister| mt19937::gen_res53(twister))
        }

        /// Sets the state from a number or a hashable object; from the host's entropy when there is none.
        #[pymethod]
        fn seed(zelf: &Py<Self>, seed: OptionalOption<PyObjectRef>, vm: &VirtualMachine) -> PyResult<()> {
            let Some(seed) = seed.flatten() else {
                zelf.seed.set(Seed::None);
                return Ok(());
            };
            let number = match seed.downcast_ref::<PyInt>() {
                Some(number) => number.as_bigint().abs(),
                None => BigInt::from(seed.hash(vm)?).abs(),
            };
            let (_, key) = number.to_u32_digits();
            let key = if key.is_empty() { vec![0] } else { key };
            *zelf.twister.borrow_mut() = Some(Box::new(MT19937::new_with_slice_seed(&key)));
            zelf.seed.set(Seed::Program);
            Ok(())
        }

        /// A number of `bits` random bits.
        #[pymethod]
        fn getrandbits(zelf: &Py<Self>, bits: PyObjectRef, vm: &VirtualMachine) -> PyResult<BigInt> {
            let bits = bits.try_index(vm)?;
            if bits.as_bigint().is_negative() {
                return Err(vm.new_value_error("number of bits must be non-negative"));
            }
            let mut left: usize =
                bits.try_to_primitive(vm).map_err(|_| vm.new_overflow_error("too many bits"))?;
            let mut words = Vec::with_capacity(left.div_ceil(32));
            zelf.with(|twister| {
                while left > 0 {
                    let word = next_u32(twister);
                    // The last word gives its upper bits, as the reference implementation does it.
                    words.push(if left < 32 { word >> (32 - left) } else { word });
                    left = left.saturating_sub(32);
                }
            });
            Ok(BigInt::from(BigUint::new(words)))
        }

        /// The state: 624 words and the index.
        #[pymethod]
        fn getstate(zelf: &Py<Self>, vm: &VirtualMachine) -> PyTupleRef {
            zelf.with(|twister| {
                let words = twister.get_state().iter().copied().chain([twister.get_index() as u32]);
                vm.new_tuple(words.map(|word| vm.ctx.new_int(word).into()).collect::<Vec<PyObjectRef>>())
            })
        }

        /// Sets a state that `getstate` gave.
        #[pymethod]
        fn setstate(zelf: &Py<Self>, state: PyTupleRef, vm: &VirtualMachine) -> PyResult<()> {
            let words = state
                .as_slice()
                .iter()
                .map(|word| word.clone().try_into_value::<u32>(vm))
                .collect::<PyResult<Vec<u32>>>()?;
            let bad = || vm.new_value_error("not a state of this generator");
            let (index, words) = words.split_last().ok_or_else(bad)?;
            let words: &[u32; mt19937::N] = words.try_into().map_err(|_| bad())?;
            if *index as usize > mt19937::N {
                return Err(bad());
            }
            let mut twister = MT19937::new_with_slice_seed(&[0]);
            twister.set_state(words);
            twister.set_index(*index as usize);
            *zelf.twister.borrow_mut() = Some(Box::new(twister));
            zelf.seed.set(Seed::Program);
            Ok(())
        }
    }
}
