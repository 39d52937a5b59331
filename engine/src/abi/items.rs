//! What Python's lists and tuples hold.

use pyo3::prelude::*;
use pyo3::types::{PyList, PyTuple};

use super::Unfit;

/// A list or tuple, whose items are read as they stand.
pub enum Items<'a, 'py> {
    /// A list.
    List(&'a Bound<'py, PyList>),
    /// A tuple.
    Tuple(&'a Bound<'py, PyTuple>),
}

impl<'a, 'py> Items<'a, 'py> {
    /// Take *value* for one.
    pub fn of(value: &'a Bound<'py, PyAny>) -> Result<Self, Unfit> {
        // Not of a class of its own, which may say otherwise of itself than is in it.
        if let Ok(list) = value.cast_exact::<PyList>() {
            return Ok(Self::List(list));
        }
        let tuple = value.cast_exact::<PyTuple>().map_err(|_| Unfit)?;
        Ok(Self::Tuple(tuple))
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        match self {
            Self::List(list) => list.len(),
            Self::Tuple(tuple) => tuple.len(),
        }
    }

    /// The item at *place*.
    pub fn get(&self, place: usize) -> PyResult<Bound<'py, PyAny>> {
        match self {
            Self::List(list) => list.get_item(place),
            Self::Tuple(tuple) => tuple.get_item(place),
        }
    }
}
