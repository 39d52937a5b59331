//! The block environment, parsed once and recognised by its identity.

use pyo3::prelude::*;
use revm::context::BlockEnv;
use revm::context_interface::block::BlobExcessGasAndPrice;
use revm::primitives::hardfork::SpecId;
use revm::primitives::{B256, U256};

use crate::convert::{address, fixed, number, word};

/// A `BlockEnv` of the port, parsed once and recognised by its identity.
pub struct Environment {
    object: Py<PyAny>,
    ancestors: Py<PyAny>,
    /// revm's form of it.
    pub block: BlockEnv,
    /// The chain's id.
    pub chain_id: u64,
}

impl Environment {
    /// Parse *env*.
    pub fn new(env: &Bound<'_, PyAny>) -> PyResult<Self> {
        let field = |name: &str| env.getattr(name);
        let excess = number(&field("excess_blob_gas")?)?;
        let block = BlockEnv {
            number: U256::from(number(&field("number")?)?),
            beneficiary: address(&field("coinbase")?)?,
            timestamp: word(&field("timestamp")?)?,
            gas_limit: number(&field("gas_limit")?)?,
            basefee: number(&field("base_fee")?)?,
            difficulty: U256::ZERO,
            prevrandao: Some(B256::new(fixed(&field("prevrandao")?)?)),
            blob_excess_gas_and_price: Some(BlobExcessGasAndPrice::new_with_spec(
                excess,
                SpecId::CANCUN,
            )),
            slot_num: 0,
        };
        Ok(Self {
            object: env.clone().unbind(),
            ancestors: field("parent_hashes")?.unbind(),
            block,
            chain_id: number(&field("chain_id")?)?,
        })
    }

    /// Whether it was made of *env*.
    pub fn is(&self, env: &Bound<'_, PyAny>) -> bool {
        self.object.as_ptr() == env.as_ptr()
    }

    /// The `BlockEnv` that it was made of.
    pub fn object<'py>(&self, py: Python<'py>) -> &Bound<'py, PyAny> {
        self.object.bind(py)
    }

    /// The block's number with the hashes of its ancestors.
    pub fn ancestors(&self, py: Python<'_>) -> (u64, Py<PyAny>) {
        let number = u64::try_from(self.block.number).unwrap_or(u64::MAX);
        (number, self.ancestors.clone_ref(py))
    }
}
