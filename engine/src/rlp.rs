//! RLP of Python's bytes, integers and sequences, and of a state change.
//!
//! Source: the Ethereum yellow paper, appendix B.

use pyo3::exceptions::{PyOverflowError, PyRecursionError, PyTypeError};
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyInt, PyList, PyTuple};
use revm::primitives::{Address, U256};

use crate::integer;
use crate::state::Change;
use crate::trie::{put_head, put_string};

/// How deep lists may nest. Python's own limit is no guard: py-evm raises it beyond what the stack
/// bears.
const DEPTH: usize = 256;

/// Return the RLP of *item*: bytes, a non-negative integer, or a list or tuple of these.
#[pyfunction]
pub fn rlp<'py>(item: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyBytes>> {
    let mut out = Vec::with_capacity(256);
    put(&mut out, item, DEPTH)?;
    Ok(PyBytes::new(item.py(), &out))
}

fn put(out: &mut Vec<u8>, item: &Bound<'_, PyAny>, depth: usize) -> PyResult<()> {
    if let Ok(bytes) = item.cast::<PyBytes>() {
        put_string(out, bytes.as_bytes());
        return Ok(());
    }
    if let Ok(list) = item.cast::<PyTuple>() {
        return put_sequence(out, list.iter(), depth);
    }
    if let Ok(list) = item.cast::<PyList>() {
        return put_sequence(out, list.iter(), depth);
    }
    if item.is_instance_of::<PyInt>() {
        return put_integer(out, item);
    }
    let class = item.get_type().name()?;
    let words = format!("RLP holds bytes, integers, lists and tuples, not {class}");
    Err(PyTypeError::new_err(words))
}

fn put_sequence<'py>(
    out: &mut Vec<u8>,
    mut items: impl Iterator<Item = Bound<'py, PyAny>>,
    depth: usize,
) -> PyResult<()> {
    let Some(depth) = depth.checked_sub(1) else {
        let words = format!("RLP lists nest more than {DEPTH} deep");
        return Err(PyRecursionError::new_err(words));
    };
    let start = out.len();
    items.try_for_each(|item| put(out, &item, depth))?;
    close(out, start);
    Ok(())
}

/// Put the head of a list before its payload, which begins at *start*.
fn close(out: &mut Vec<u8>, start: usize) {
    let end = out.len();
    put_head(out, end - start, 0xc0);
    let head = out.len() - end;
    out[start..].rotate_right(head);
}

fn put_integer(out: &mut Vec<u8>, item: &Bound<'_, PyAny>) -> PyResult<()> {
    let py = item.py();
    if let Some((word, false)) = integer::read(item) {
        put_string(out, trimmed(&word));
        return Ok(());
    }
    if item.lt(0)? {
        return Err(PyOverflowError::new_err(
            "can't convert negative int to unsigned",
        ));
    }
    let bits: usize = item.call_method0(intern!(py, "bit_length"))?.extract()?;
    let digits = (bits.div_ceil(8), intern!(py, "big"));
    let bytes = item.call_method1(intern!(py, "to_bytes"), digits)?;
    put_string(out, bytes.cast::<PyBytes>()?.as_bytes());
    Ok(())
}

fn trimmed(word: &[u8]) -> &[u8] {
    &word[word.iter().take_while(|byte| **byte == 0).count()..]
}

fn put_word(out: &mut Vec<u8>, value: U256) {
    put_string(out, trimmed(&value.to_be_bytes::<32>()));
}

/// Append the list that *fill* appends the payload of.
pub fn put_list(out: &mut Vec<u8>, fill: impl FnOnce(&mut Vec<u8>)) {
    let start = out.len();
    fill(out);
    close(out, start);
}

/// Append a change of *address*, as the rolling state hash commits to it.
pub fn put_change(out: &mut Vec<u8>, address: &Address, change: &Change) {
    put_list(out, |out| {
        put_string(out, address.as_slice());
        put_string(out, if change.deleted { &[1] } else { &[] });
        put_string(out, trimmed(&change.nonce.to_be_bytes()));
        put_word(out, change.balance);
        put_string(out, change.code_hash.as_slice());
        put_list(out, |out| {
            for (slot, value) in &change.storage {
                put_list(out, |out| {
                    put_word(out, *slot);
                    put_word(out, *value);
                });
            }
        });
    });
}
