//! The block environment, parsed once and recognised by its identity.

use pyo3::prelude::*;
use revm::context::BlockEnv;
use revm::context_interface::block::BlobExcessGasAndPrice;
use revm::primitives::hardfork::SpecId;
use revm::primitives::{B256, U256};

use crate::convert::{address, fixed, number, word};
use crate::slot::Slot;

/// What a `BlockEnv` of the port holds, in the order in which it is read.
pub const ENVIRONMENT: [&str; 9] = [
    "number",
    "timestamp",
    "base_fee",
    "gas_limit",
    "coinbase",
    "prevrandao",
    "chain_id",
    "excess_blob_gas",
    "parent_hashes",
];

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
    /// Parse *env*, whose *slots* are called as in `ENVIRONMENT`.
    pub fn new(env: &Bound<'_, PyAny>, slots: &[Slot; 9]) -> PyResult<Self> {
        let [
            height,
            time,
            base_fee,
            gas_limit,
            coinbase,
            prevrandao,
            chain_id,
            excess,
            parents,
        ] = slots;
        let excess = number(&excess.get(env)?)?;
        let block = BlockEnv {
            number: U256::from(number(&height.get(env)?)?),
            beneficiary: address(&coinbase.get(env)?)?,
            timestamp: word(&time.get(env)?)?,
            gas_limit: number(&gas_limit.get(env)?)?,
            basefee: number(&base_fee.get(env)?)?,
            difficulty: U256::ZERO,
            prevrandao: Some(B256::new(fixed(&prevrandao.get(env)?)?)),
            blob_excess_gas_and_price: Some(BlobExcessGasAndPrice::new_with_spec(
                excess,
                SpecId::CANCUN,
            )),
            slot_num: 0,
        };
        Ok(Self {
            object: env.clone().unbind(),
            ancestors: parents.get(env)?.unbind(),
            block,
            chain_id: number(&chain_id.get(env)?)?,
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
