//! What revm reads from: our accounts, and the hashes of earlier blocks from a Python sequence.

use std::fmt;

use pyo3::prelude::*;
use revm::Database;
use revm::database_interface::DBErrorMarker;
use revm::primitives::{Address, B256, U256};
use revm::state::{AccountInfo, Bytecode};

use crate::state::State;

/// What stops a transaction without being its outcome.
#[derive(Debug)]
pub enum Fault {
    /// An exception in Python: Ctrl-C, or a hash of a block that could not be had.
    Python(PyErr),
    /// A panic, or an error that revm gave and that cannot happen.
    Broken(String),
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Python(error) => error.fmt(f),
            Self::Broken(what) => f.write_str(what),
        }
    }
}

impl std::error::Error for Fault {}
impl DBErrorMarker for Fault {}

/// What revm reads from: our state, and block hashes from a Python sequence.
#[derive(Default)]
pub struct Db {
    /// The accounts.
    pub state: State,
    /// The block's number and its ancestors' hashes, the parent's first.
    pub ancestors: Option<(u64, Py<PyAny>)>,
}

impl Database for Db {
    type Error = Fault;

    fn basic(&mut self, address: Address) -> Result<Option<AccountInfo>, Fault> {
        Ok(self.state.accounts.get(&address).map(|account| {
            let code_hash = if account.blocks_creation() {
                B256::ZERO // not the hash of no code: revm lets nobody create here (EIP-7610)
            } else {
                account.code_hash
            };
            AccountInfo::new(
                account.balance,
                account.nonce,
                code_hash,
                account.code.clone(),
            )
        }))
    }

    fn code_by_hash(&mut self, hash: B256) -> Result<Bytecode, Fault> {
        Err(Fault::Broken(format!("code {hash} came with no account")))
    }

    fn storage(&mut self, address: Address, slot: U256) -> Result<U256, Fault> {
        let account = self.state.accounts.get(&address);
        let held = account.and_then(|account| account.storage.get(&slot));
        Ok(held.map_or(U256::ZERO, |slot| slot.value))
    }

    fn block_hash(&mut self, number: u64) -> Result<B256, Fault> {
        let Some((block, ancestors)) = &self.ancestors else {
            return Ok(B256::ZERO);
        };
        let Some(depth) = (block.checked_sub(number)).and_then(|depth| depth.checked_sub(1)) else {
            return Ok(B256::ZERO);
        };
        Python::attach(|py| {
            let ancestors = ancestors.bind(py);
            if depth >= ancestors.len()?.min(256) as u64 {
                return Ok(B256::ZERO);
            }
            let hash: [u8; 32] = ancestors.get_item(depth)?.extract()?;
            Ok(B256::from(hash))
        })
        .map_err(Fault::Python)
    }
}
