//! Contract ABI coding, compiled once for the types of a function, error or event.
//!
//! What this takes and gives is a part of what `twin.protocol.packing` takes and gives: whatever
//! does not fit (a value, a word, a pointer) goes there with the same arguments, is coded there
//! after all or is refused there in words. So here is one refusal without words, and every rule is
//! at least as strict. Source: the Solidity ABI specification, "Formal Specification of the
//! Encoding".

mod coder;
mod decode;
mod encode;
mod items;
mod kind;

pub use coder::{Coder, EventCoder};

/// What is not coded here.
#[derive(Debug)]
pub struct Unfit;

impl From<pyo3::PyErr> for Unfit {
    fn from(_: pyo3::PyErr) -> Self {
        Self
    }
}

/// Bytes in a word.
const WORD: usize = 32;
