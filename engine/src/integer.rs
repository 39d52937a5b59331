//! Python integers and 256-bit words, by 64-bit limbs: the fast way that the stable ABI leaves.

use std::ffi::c_int;

use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyBool, PyBytes, PyInt};
use pyo3::{ffi, intern};

/// A word of the EVM, big-endian.
pub type Word = [u8; 32];

const LIMBS: usize = 4;

/// *value* in two's complement, and whether it is negative; None where it is no integer (a `bool`
/// is none here), takes more than 256 bits, or is of a class of its own and beyond 64 bits.
pub fn read(value: &Bound<'_, PyAny>) -> Option<(Word, bool)> {
    if !value.is_instance_of::<PyInt>() || value.is_instance_of::<PyBool>() {
        return None;
    }
    let mut word = [0; 32];
    let mut rest = value.clone();
    for place in (0..LIMBS).rev() {
        if let Some(small) = short(&rest) {
            if small < 0 {
                word[..8 * place].fill(0xff);
            }
            put(&mut word, place, small.cast_unsigned());
            return Some((word, small < 0));
        }
        if !value.is_exact_instance_of::<PyInt>() {
            return None;
        }
        put(&mut word, place, low(&rest));
        rest = shifted(&rest, ffi::PyNumber_Rshift)?;
    }
    match short(&rest) {
        Some(0) => Some((word, false)),
        Some(-1) => Some((word, true)),
        _ => None,
    }
}

/// The integer that *word* is without a sign.
pub fn unsigned<'py>(py: Python<'py>, word: &Word) -> PyResult<Bound<'py, PyAny>> {
    static FROM_BYTES: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
    if word[..16] != [0; 16] {
        let from_bytes = FROM_BYTES.get_or_try_init(py, || {
            let class = py.get_type::<PyInt>();
            class.getattr("from_bytes").map(Bound::unbind)
        })?;
        let bytes = PyBytes::new(py, word);
        return from_bytes.bind(py).call1((bytes, intern!(py, "big")));
    }
    let (high, low) = (limb(word, 2), limb(word, 3));
    let low = low.into_pyobject(py)?.into_any();
    if high == 0 {
        return Ok(low);
    }
    let high = high.into_pyobject(py)?.into_any();
    match shifted(&high, ffi::PyNumber_Lshift) {
        Some(high) => high.bitor(low),
        None => Err(PyErr::fetch(py)),
    }
}

/// The integer that *word* is in two's complement.
pub fn signed<'py>(py: Python<'py>, word: &Word) -> PyResult<Bound<'py, PyAny>> {
    if word[0] < 0x80 {
        return unsigned(py, word);
    }
    let small = limb(word, 3).cast_signed();
    if word[..24] == [0xff; 24] && small < 0 {
        return Ok(small.into_pyobject(py)?.into_any());
    }
    unsigned(py, &word.map(|byte| !byte))?.bitnot()
}

fn limb(word: &Word, place: usize) -> u64 {
    let mut bytes = [0; 8];
    bytes.copy_from_slice(&word[8 * place..8 * place + 8]);
    u64::from_be_bytes(bytes)
}

fn put(word: &mut Word, place: usize, limb: u64) {
    word[8 * place..8 * place + 8].copy_from_slice(&limb.to_be_bytes());
}

/// *value*, an integer, where 64 bits hold it.
fn short(value: &Bound<'_, PyAny>) -> Option<i64> {
    let mut overflow: c_int = 0;
    // SAFETY: a live integer, so there is nothing that can fail.
    let small = unsafe { ffi::PyLong_AsLongLongAndOverflow(value.as_ptr(), &raw mut overflow) };
    (overflow == 0).then_some(small)
}

/// The lowest 64 bits of *value*, an integer.
fn low(value: &Bound<'_, PyAny>) -> u64 {
    // SAFETY: as above.
    unsafe { ffi::PyLong_AsUnsignedLongLongMask(value.as_ptr()) }
}

type Shift = unsafe extern "C" fn(*mut ffi::PyObject, *mut ffi::PyObject) -> *mut ffi::PyObject;

/// *value* shifted by one limb; None with an exception set where there is no memory for it.
fn shifted<'py>(value: &Bound<'py, PyAny>, shift: Shift) -> Option<Bound<'py, PyAny>> {
    let by = 64_u8.into_pyobject(value.py()).ok()?;
    // SAFETY: two live integers; the result is a new reference or null.
    unsafe { Bound::from_owned_ptr_or_opt(value.py(), shift(value.as_ptr(), by.as_ptr())) }
}
