//! What is seen of an execution: messages, instructions, and the accounts and slots it looks at.
//!
//! Records go out as the engine found them; `twin.chain.trace` gives them geth's form.

mod calls;
mod facts;
mod looks;
mod steps;

use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict, PyList};
use revm::context::ContextTr;
use revm::inspector::Inspector;
use revm::interpreter::interpreter::EthInterpreter;
use revm::interpreter::{CallInputs, CallOutcome, CreateInputs, CreateOutcome, InstructionResult};
use revm::primitives::{AddressMap, U256};

pub use self::calls::Calls;
pub use self::looks::Looks;
pub use self::steps::{Kept, Steps};
use crate::course::Ctx;

/// What geth says of a failure that no instruction is to blame for.
fn words(result: InstructionResult) -> &'static str {
    use InstructionResult as R;
    match result {
        R::Revert => "execution reverted",
        R::CallTooDeep => "max call depth exceeded",
        R::OutOfFunds => "insufficient balance for transfer",
        R::OutOfGas
        | R::MemoryOOG
        | R::MemoryLimitOOG
        | R::PrecompileOOG
        | R::InvalidOperandOOG
        | R::ReentrancySentryOOG => "out of gas",
        R::OpcodeNotFound | R::NotActivated => "invalid opcode",
        R::InvalidFEOpcode => "invalid opcode: INVALID",
        R::CallNotAllowedInsideStatic | R::StateChangeDuringStaticCall => "write protection",
        R::InvalidJump => "invalid jump destination",
        R::StackUnderflow => "stack underflow",
        R::StackOverflow => "stack limit reached",
        R::OutOfOffset => "return data out of bounds",
        R::CreateCollision => "contract address collision",
        R::PrecompileError => "precompiled contract failed",
        R::NonceOverflow => "nonce uint64 overflow",
        R::CreateContractSizeLimit => "max code size exceeded",
        R::CreateContractStartingWithEF => "invalid code: must not begin with 0xef",
        R::CreateInitCodeSizeLimit => "max initcode size exceeded",
        _ => "execution failed",
    }
}

/// Which accounts, and which of their slots, an execution looks at.
#[derive(Default)]
pub struct Seen(AddressMap<Vec<U256>>);

impl Seen {
    /// Addresses with their slots, all ascending.
    pub fn json<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        let mut addresses: Vec<_> = self.0.iter().collect();
        addresses.sort_unstable();
        let found = PyDict::new(py);
        for (address, slots) in addresses {
            let mut slots = slots.clone();
            slots.sort_unstable();
            let slots = slots
                .into_iter()
                .map(|slot| crate::convert::integer(py, slot));
            let slots = PyList::new(py, slots.collect::<PyResult<Vec<_>>>()?)?;
            found.set_item(PyBytes::new(py, address.as_slice()), slots)?;
        }
        Ok(found)
    }

    fn look(&mut self, context: &mut Ctx) {
        for (address, account) in &context.journal_mut().inner.state {
            self.0
                .insert(*address, account.storage.keys().copied().collect());
        }
    }
}

impl Inspector<Ctx, EthInterpreter> for Seen {
    fn call_end(&mut self, context: &mut Ctx, _: &CallInputs, _: &mut CallOutcome) {
        self.look(context);
    }

    fn create_end(&mut self, context: &mut Ctx, _: &CreateInputs, _: &mut CreateOutcome) {
        self.look(context);
    }
}
