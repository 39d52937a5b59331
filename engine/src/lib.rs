//! The fast engine of the FICTRA twin, as the Python module `fictra_twin_engine`.
//!
//! A thin shell around revm: transactions under the rules of Cancun, calls, nested snapshots,
//! net changes, state roots and traces. `twin.chain.revm` makes the twin's engine port of it.

mod account;
mod block;
mod convert;
mod course;
mod db;
mod engine;
mod raw;
mod runs;
mod state;
mod trace;
mod trie;
mod vm;

use pyo3::prelude::*;

/// The module.
#[pymodule]
fn fictra_twin_engine(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add("__version__", env!("CARGO_PKG_VERSION"))?;
    module.add("REVM", "43.0.3")?;
    module.add_class::<engine::Engine>()
}
