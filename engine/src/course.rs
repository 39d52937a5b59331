//! The course of a transaction through revm: its handler, its instructions and its context.
//!
//! Buying gas is done here, because fees are checked in 256 bits; the rest of the course is revm's.
//! Two instructions differ from revm's own: JUMPDEST looks for Ctrl-C, and EXTCODEHASH knows of
//! accounts where storage keeps a contract from being created.

use std::marker::PhantomData;

use pyo3::Python;
use revm::context::journaled_state::account::JournaledAccountTr;
use revm::context::result::{EVMError, HaltReason, InvalidTransaction};
use revm::context::{BlockEnv, CfgEnv, ContextTr, JournalTr, TxEnv};
use revm::context_interface::context::ContextError;
use revm::handler::post_execution;
use revm::handler::{EvmTr, FrameResult, Handler, MainnetEvm};
use revm::inspector::{Inspector, InspectorHandler};
use revm::interpreter::instructions::host::extcodehash;
use revm::interpreter::interpreter::EthInterpreter;
use revm::interpreter::{
    InitialAndFloorGas, Instruction, InstructionContext, InstructionExecResult, InstructionResult,
};
use revm::primitives::hardfork::SpecId;
use revm::primitives::{Address, KECCAK_EMPTY, U256};
use revm::{Context, Journal, MainBuilder};

use crate::db::{Db, Fault};

/// The context of the machine; what the chain adds to it is the watch for signals.
pub type Ctx = Context<BlockEnv, TxEnv, CfgEnv, Db, Journal<Db>, Watch>;
/// The machine, with an inspector or without.
pub type Evm<I = ()> = MainnetEvm<Ctx, I>;
/// What revm says where a transaction has no outcome.
pub type Failure = EVMError<Fault, InvalidTransaction>;

const JUMP_DESTINATIONS: u32 = 1 << 20; // passed between two looks for signals: some 10 ms
const JUMPDEST: u8 = 0x5b;
const EXTCODEHASH: u8 = 0x3f;
const GAS_PER_BLOB: u64 = 1 << 17; // EIP-4844
const MEMORY_LIMIT: u64 = 1 << 30; // bytes: no gas below 2^40 pays for as much

/// Counts down to the next look for Ctrl-C.
#[derive(Clone, Debug, Default)]
pub struct Watch {
    left: u32,
}

impl Watch {
    /// Start counting anew.
    pub fn rewind(&mut self) {
        self.left = JUMP_DESTINATIONS;
    }
}

/// The course of a transaction; a call (*charge* false) has no fees, and its sender no new nonce.
pub struct Course<I> {
    charge: bool,
    inspector: PhantomData<I>,
}

impl<I> Course<I> {
    /// The course of a transaction, or of a call where *charge* is false.
    pub fn new(charge: bool) -> Self {
        Self {
            charge,
            inspector: PhantomData,
        }
    }
}

impl<I> Handler for Course<I> {
    type Evm = Evm<I>;
    type Error = Failure;
    type HaltReason = HaltReason;

    fn validate(&self, evm: &mut Self::Evm) -> Result<InitialAndFloorGas, Failure> {
        let gas = self.validate_initial_tx_gas(evm)?;
        let (block, tx, _, journal, _, _) = evm.ctx.all_mut();
        let mut sender = journal.load_account_with_code_mut(tx.caller)?.data;
        if self.charge {
            let blob = block
                .blob_excess_gas_and_price
                .map_or(0, |blob| blob.blob_gasprice);
            let fee = U256::from(tx.gas_limit) * U256::from(tx.gas_price)
                + blob_gas(tx) * U256::from(blob);
            let rest = sender.balance().saturating_sub(fee); // checked by `Request::valid`
            sender.set_balance(rest);
            if tx.kind.is_call() {
                sender.bump_nonce();
            }
        }
        Ok(gas)
    }

    fn reimburse_caller(
        &self,
        evm: &mut Self::Evm,
        result: &mut FrameResult,
    ) -> Result<(), Failure> {
        if self.charge {
            post_execution::reimburse_caller(evm.ctx(), result.gas(), U256::ZERO)?;
        }
        Ok(())
    }

    fn reward_beneficiary(
        &self,
        evm: &mut Self::Evm,
        result: &mut FrameResult,
    ) -> Result<(), Failure> {
        if self.charge {
            post_execution::reward_beneficiary(evm.ctx(), result.gas())?;
        }
        Ok(())
    }
}

impl<I: Inspector<Ctx, EthInterpreter>> InspectorHandler for Course<I> {
    type IT = EthInterpreter;
}

/// The gas of the blobs of *tx*.
pub fn blob_gas(tx: &TxEnv) -> U256 {
    U256::from(GAS_PER_BLOB) * U256::from(tx.blob_hashes.len())
}

/// A machine on *db* under Cancun rules, for the chain *`chain_id`*.
pub fn build(db: Db, chain_id: u64) -> Evm {
    let context: Ctx = Context::new(db, SpecId::CANCUN);
    let mut evm = context
        .modify_cfg_chained(|cfg| {
            cfg.chain_id = chain_id;
            cfg.memory_limit = MEMORY_LIMIT;
        })
        .build_mainnet();
    evm.instruction
        .insert_instruction(JUMPDEST, Instruction::new(jump_destination), 1);
    let warm = 100; // EIP-2929
    evm.instruction
        .insert_instruction(EXTCODEHASH, Instruction::new(code_hash), warm);
    evm
}

/// EXTCODEHASH that answers for the accounts whose hash `Db::basic` leaves zero.
fn code_hash(context: InstructionContext<'_, Ctx, EthInterpreter>) -> InstructionExecResult {
    let InstructionContext { interpreter, host } = context;
    let address = Address::from_word(interpreter.stack.peek(0)?.into());
    extcodehash(InstructionContext {
        interpreter: &mut *interpreter,
        host: &mut *host,
    })?;
    if interpreter.stack.peek(0)?.is_zero() {
        let seen = host.journaled_state.inner.state.get(&address);
        if seen.is_some_and(|account| !account.info.is_empty()) {
            interpreter.stack.set(0, KECCAK_EMPTY.into())?;
        }
    }
    Ok(())
}

/// JUMPDEST that looks for Ctrl-C now and then: no program runs long without passing one.
#[allow(clippy::redundant_closure_for_method_calls)] // the method alone is of one lifetime
fn jump_destination(context: InstructionContext<'_, Ctx, EthInterpreter>) -> InstructionExecResult {
    let watch = &mut context.host.chain;
    watch.left = watch.left.wrapping_sub(1);
    if watch.left == 0 {
        watch.rewind();
        if let Err(error) = Python::attach(|py| py.check_signals()) {
            context.host.error = Err(ContextError::Db(Fault::Python(error)));
            return Err(InstructionResult::FatalExternalError);
        }
    }
    Ok(())
}
