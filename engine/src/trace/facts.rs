//! What an instruction finds before it runs: all that geth's rules about its cost depend on.
//!
//! `twin.chain.charges` holds those rules, once for both engines; what goes there is `Before`.

use pyo3::prelude::*;
use pyo3::types::{PyList, PyTuple};
use revm::interpreter::Interpreter;
use revm::interpreter::interpreter::EthInterpreter;
use revm::interpreter::interpreter_types::{InputsTr, Jumps};
use revm::primitives::{Address, U256};

use crate::convert::integer;
use crate::course::Ctx;

const OPERANDS: usize = 7; // the most that an instruction's cost depends on

/// What an instruction found.
#[derive(Clone)]
pub struct Facts {
    /// The instruction.
    pub op: u8,
    gas: u64,
    top: Vec<U256>,
    height: usize,
    memory: usize,
    cold: bool,
    empty: bool,
    rich: bool,
    /// The value of the slot that it names.
    pub current: U256,
    original: U256,
}

/// A storage slot as the transaction sees it.
struct Held {
    current: U256,
    original: U256,
    cold: bool,
}

impl Facts {
    /// What the next instruction of *interp* finds.
    pub fn of(interp: &Interpreter<EthInterpreter>, context: &Ctx) -> Self {
        let stack = interp.stack.data();
        let op = interp.bytecode.opcode();
        let top: Vec<U256> = stack.iter().rev().take(OPERANDS).copied().collect();
        let here = interp.input.target_address();
        let mut found = Self {
            op,
            gas: interp.gas.remaining(),
            height: stack.len(),
            memory: interp.memory.len(),
            cold: false,
            empty: false,
            rich: false,
            current: U256::ZERO,
            original: U256::ZERO,
            top,
        };
        match (op, found.top.as_slice()) {
            (0x54 | 0x55, [slot, ..]) => {
                let held = held(context, here, *slot);
                (found.current, found.original) = (held.current, held.original);
                found.cold = held.cold;
            }
            (0x31 | 0x3b | 0x3c | 0x3f, [address, ..]) => {
                found.cold = cold(context, named(address));
            }
            (0xf1 | 0xf2 | 0xf4 | 0xfa, [_, address, ..]) => {
                found.cold = cold(context, named(address));
                found.empty = empty(context, named(address));
            }
            (0xff, [address, ..]) => {
                found.cold = cold(context, named(address));
                found.empty = empty(context, named(address));
                found.rich = !standing(context, here).1.is_zero();
            }
            _ => {}
        }
        found
    }

    /// The fields of `Before`, in their order.
    pub fn record<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyTuple>> {
        let top = self.top.iter().map(|word| integer(py, *word));
        let top = PyList::new(py, top.collect::<PyResult<Vec<_>>>()?)?;
        (
            self.op,
            self.gas,
            top.to_tuple(),
            self.height,
            self.memory,
            self.cold,
            self.empty,
            self.rich,
            integer(py, self.current)?,
            integer(py, self.original)?,
        )
            .into_pyobject(py)
    }
}

/// The address that a word names.
pub fn named(word: &U256) -> Address {
    Address::from_word((*word).into())
}

/// Nonce and wei of *address*.
pub fn standing(context: &Ctx, address: Address) -> (u64, U256) {
    let journal = &context.journaled_state;
    if let Some(account) = journal.inner.state.get(&address) {
        return (account.info.nonce, account.info.balance);
    }
    let held = journal.database.state.accounts.get(&address);
    held.map_or((0, U256::ZERO), |held| (held.nonce, held.balance))
}

fn empty(context: &Ctx, address: Address) -> bool {
    let journal = &context.journaled_state;
    match journal.inner.state.get(&address) {
        Some(account) => account.info.is_empty(),
        None => journal
            .database
            .state
            .accounts
            .get(&address)
            .is_none_or(|held| held.nonce == 0 && held.balance.is_zero() && held.code.is_empty()),
    }
}

fn cold(context: &Ctx, address: Address) -> bool {
    let journal = &context.journaled_state.inner;
    let seen = journal.state.get(&address);
    seen.is_none_or(|account| account.is_cold_transaction_id(journal.transaction_id))
        && journal.warm_addresses.is_cold(&address)
}

fn held(context: &Ctx, address: Address, slot: U256) -> Held {
    let journal = &context.journaled_state.inner;
    let account = journal.state.get(&address);
    if let Some(seen) = account.and_then(|account| account.storage.get(&slot)) {
        let warm = journal.warm_addresses.is_storage_warm(&address, &slot);
        return Held {
            current: seen.present_value,
            original: seen.original_value,
            cold: seen.is_cold_transaction_id(journal.transaction_id) && !warm,
        };
    }
    let made = account.is_some_and(revm::state::Account::is_created);
    let accounts = &context.journaled_state.database.state.accounts;
    let kept = accounts.get(&address).filter(|_| !made);
    let kept = kept.and_then(|account| account.storage.get(&slot));
    let value = kept.map_or(U256::ZERO, |slot| slot.value);
    Held {
        current: value,
        original: value,
        cold: !journal.warm_addresses.is_storage_warm(&address, &slot),
    }
}
