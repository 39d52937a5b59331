//! Keccak-256 for Python, and the rolling hash over state changes.

use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;
use pyo3::types::{PyByteArray, PyBytes};
use revm::primitives::keccak256;

use crate::engine::Engine;
use crate::rlp;

/// Return the Keccak-256 of *data*.
#[pyfunction]
pub fn keccak<'py>(data: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyBytes>> {
    let hash = if let Ok(bytes) = data.cast::<PyBytes>() {
        keccak256(bytes.as_bytes())
    } else if let Ok(bytes) = data.cast::<PyByteArray>() {
        keccak256(bytes.to_vec())
    } else {
        let words = format!("Keccak-256 is of bytes, not of {}", data.get_type().name()?);
        return Err(PyTypeError::new_err(words));
    };
    Ok(PyBytes::new(data.py(), hash.as_slice()))
}

/// Drain the changes of *engine*; return Keccak-256 of *previous* and their RLP, which is what
/// `twin.chain.headers.roll_state` makes of them, or None where nothing changed.
#[pyfunction]
pub fn roll_changes<'py>(
    mut engine: PyRefMut<'py, Engine>,
    previous: &[u8],
) -> Option<Bound<'py, PyBytes>> {
    let since = engine.drained;
    let state = engine.machine.0.state();
    let changes = state.changes(since);
    let drained = state.mark();
    engine.drained = drained;
    engine.trim();
    if changes.is_empty() {
        return None;
    }
    let mut encoded = previous.to_vec();
    rlp::put_list(&mut encoded, |out| {
        for (address, change) in &changes {
            rlp::put_change(out, address, change);
        }
    });
    Some(PyBytes::new(engine.py(), keccak256(encoded).as_slice()))
}
