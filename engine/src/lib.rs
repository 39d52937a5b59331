//! The fast engine of the FICTRA twin, as the Python module `fictra_twin_engine`.
//!
//! A thin shell around revm: transactions under the rules of Cancun, calls, nested snapshots,
//! net changes, state roots and traces. `twin.chain.revm` makes the twin's engine port of it.
//! Beside it stands what a run hashes and codes all day: Keccak-256, RLP, contract ABIs, and the
//! lines of its log.

mod abi;
mod account;
mod block;
mod convert;
mod course;
mod db;
mod engine;
mod hash;
mod integer;
mod line;
mod raw;
mod rlp;
mod runs;
mod slot;
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
    module.add_class::<engine::Engine>()?;
    module.add_class::<runs::Prepared>()?;
    module.add_class::<line::Line>()?;
    module.add_class::<slot::Record>()?;
    module.add_class::<abi::Coder>()?;
    module.add_class::<abi::EventCoder>()?;
    module.add_function(wrap_pyfunction!(hash::keccak, module)?)?;
    module.add_function(wrap_pyfunction!(hash::roll_changes, module)?)?;
    module.add_function(wrap_pyfunction!(rlp::rlp, module)?)
}
