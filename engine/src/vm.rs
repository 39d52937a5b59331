//! The virtual machine: revm under Cancun rules on our state, one transaction or call at a time.
//!
//! Whether a transaction is valid is decided here (the reasons are `twin.chain.validity`'s, which
//! the caller asks for the words); how it runs is `course`. Whatever happens in a run, a panic
//! included, the machine and its state are whole afterwards.

use std::panic::{AssertUnwindSafe, catch_unwind};

use pyo3::prelude::*;
use revm::context::Evm as AnyEvm;
use revm::context::result::{EVMError, ExecutionResult, HaltReason};
use revm::context::{BlockEnv, TxEnv};
use revm::context_interface::Cfg;
use revm::context_interface::transaction::AccessList;
use revm::handler::Handler;
use revm::inspector::{Inspector, InspectorHandler};
use revm::interpreter::interpreter::EthInterpreter;
use revm::primitives::{Address, Bytes, Log, TxKind, U256};
use revm::state::{EvmState, TransactionId};

use crate::account::Account;
use crate::course::{Course, Ctx, Evm, Failure, blob_gas, build};
use crate::db::{Db, Fault};
use crate::engine::How;
use crate::state::State;

const INITCODE_LIMIT: usize = 49_152; // EIP-3860
const ROOMY: usize = 4096; // accounts: a map that grew beyond is not kept
/// The type of a transaction with blobs.
pub const BLOB_TYPE: u8 = 3;
const BLOBS: usize = 6; // EIP-4844: at most in a block

/// A transaction as the machine takes it: *env* holds the gas price that is paid.
#[derive(Clone)]
pub struct Request {
    /// revm's form of it.
    pub env: TxEnv,
    /// The fee cap, wei a gas.
    pub max_fee: U256,
    /// The cap of the tip, wei a gas.
    pub tip: U256,
}

impl Request {
    /// The price a gas in a block with *base fee*; saturating, as only a refused one overflows.
    fn price(&self, base_fee: u64) -> u128 {
        let price = self
            .max_fee
            .min(self.tip.saturating_add(U256::from(base_fee)));
        u128::try_from(price).unwrap_or(u128::MAX)
    }

    /// Whether a block may hold it, given its *sender* (`validity.check` without the reason and
    /// without the intrinsic gas, which revm counts).
    fn valid(&self, block: &BlockEnv, sender: Option<&Account>) -> bool {
        let tx = &self.env;
        let (nonce, balance, coded) = sender.map_or((0, U256::ZERO, false), |account| {
            (account.nonce, account.balance, !account.code.is_empty())
        });
        let fees = U256::from(tx.gas_limit).checked_mul(self.max_fee);
        tx.nonce == nonce
            && tx.nonce < u64::MAX
            && self.max_fee >= U256::from(block.basefee)
            && self.tip <= self.max_fee
            && tx.gas_limit <= block.gas_limit
            && !coded
            && (tx.kind.is_call() || tx.data.len() <= INITCODE_LIMIT)
            && fees
                .and_then(|fees| fees.checked_add(tx.value))
                .and_then(|cost| cost.checked_add(self.blob_cap(block)?))
                .is_some_and(|cost| cost <= balance)
    }

    /// The most that its blobs can cost, wei; None where EIP-4844 forbids them.
    fn blob_cap(&self, block: &BlockEnv) -> Option<U256> {
        let tx = &self.env;
        if tx.tx_type != BLOB_TYPE {
            return Some(U256::ZERO);
        }
        let price = block
            .blob_excess_gas_and_price
            .map_or(0, |blob| blob.blob_gasprice);
        let fit = (1..=BLOBS).contains(&tx.blob_hashes.len())
            && tx.blob_hashes.iter().all(|hash| hash[0] == 1)
            && tx.kind.is_call()
            && tx.max_fee_per_blob_gas >= price;
        fit.then(|| blob_gas(tx) * U256::from(tx.max_fee_per_blob_gas))
    }
}

/// What a transaction or call did.
pub struct Outcome {
    /// Whether it ended well.
    pub success: bool,
    /// Gas paid for, net of refunds.
    pub gas_used: u64,
    /// Return data, or revert data.
    pub output: Bytes,
    /// All logs, in order; none where it failed.
    pub logs: Vec<Log>,
    /// The address of a created contract.
    pub created: Option<Address>,
}

impl From<ExecutionResult<HaltReason>> for Outcome {
    fn from(result: ExecutionResult<HaltReason>) -> Self {
        let (success, gas_used) = (result.is_success(), result.tx_gas_used());
        let created = result.created_address();
        match result {
            ExecutionResult::Success { logs, output, .. } => Self {
                success,
                gas_used,
                output: output.into_data(),
                logs,
                created,
            },
            other => Self {
                success,
                gas_used,
                output: other.into_output().unwrap_or_default(),
                logs: Vec::new(),
                created: None,
            },
        }
    }
}

/// How a request ended: an outcome, or a refusal because no block may hold it.
pub type Ended = Result<Option<Outcome>, Fault>;

/// A virtual machine with its state.
pub struct Machine {
    evm: Option<Evm>,
}

impl Machine {
    /// A machine without accounts, for the chain *`chain_id`*.
    pub fn new(chain_id: u64) -> Self {
        Self {
            evm: Some(build(Db::default(), chain_id)),
        }
    }

    fn evm(&mut self) -> &mut Evm {
        match &mut self.evm {
            Some(evm) => evm,
            None => unreachable!("the machine is whole between calls"),
        }
    }

    /// The database.
    pub fn db(&mut self) -> &mut Db {
        &mut self.evm().ctx.journaled_state.database
    }

    /// The state.
    pub fn state(&mut self) -> &mut State {
        &mut self.db().state
    }

    /// The block that was entered.
    pub fn block(&mut self) -> BlockEnv {
        self.evm().ctx.block.clone()
    }

    /// Let what follows see *block* with its *ancestors* on the chain *`chain_id`*.
    pub fn enter(&mut self, block: &BlockEnv, ancestors: (u64, Py<PyAny>), chain_id: u64) {
        let evm = self.evm();
        evm.ctx.block.clone_from(block);
        evm.ctx.cfg.chain_id = chain_id;
        evm.ctx.journaled_state.database.ancestors = Some(ancestors);
    }

    /// Execute and commit *request*; None where no block may hold it.
    pub fn transact(&mut self, mut request: Request) -> Ended {
        let evm = self.evm();
        let accounts = &evm.ctx.journaled_state.database.state.accounts;
        if !request.valid(&evm.ctx.block, accounts.get(&request.env.caller)) {
            return Ok(None);
        }
        request.env.gas_price = request.price(evm.ctx.block.basefee);
        let ended = self.run(request.env, true);
        if matches!(ended, Ok(Some(_))) {
            let journal = &mut self.evm().ctx.journaled_state;
            journal.database.state.commit(&mut journal.inner.state);
        }
        self.rest();
        ended
    }

    /// Execute *env* without fees and forget its effects; None where it lacks gas or balance.
    pub fn call(&mut self, env: TxEnv) -> Ended {
        if !self.affordable(&env) {
            return Ok(None);
        }
        let ended = self.run(env, false);
        self.rest();
        ended
    }

    /// Execute *request* as *how* says, under the eyes of *inspector*.
    pub fn trace<I: Inspector<Ctx, EthInterpreter>>(
        &mut self,
        mut request: Request,
        how: How,
        inspector: I,
    ) -> (Ended, I) {
        let evm = self.evm();
        let accounts = &evm.ctx.journaled_state.database.state.accounts;
        let fit = if how.charge {
            request.env.gas_price = request.price(evm.ctx.block.basefee);
            request.valid(&evm.ctx.block, accounts.get(&request.env.caller))
        } else {
            self.affordable(&request.env)
        };
        if !fit {
            return (Ok(None), inspector);
        }
        let Some(evm) = self.evm.take() else {
            unreachable!("the machine is whole between calls");
        };
        let mut watched = evm.with_inspector(inspector);
        watched.ctx.tx = request.env;
        watched.ctx.chain.rewind();
        let ran = catch_unwind(AssertUnwindSafe(|| {
            Course::new(how.charge).inspect_run(&mut watched)
        }));
        let AnyEvm {
            ctx,
            inspector,
            instruction,
            precompiles,
            frame_stack,
        } = watched;
        self.evm = Some(AnyEvm {
            ctx,
            inspector: (),
            instruction,
            precompiles,
            frame_stack,
        });
        let ended = self.settle(ran);
        if how.keep && matches!(ended, Ok(Some(_))) {
            let journal = &mut self.evm().ctx.journaled_state;
            journal.database.state.commit(&mut journal.inner.state);
        }
        self.rest();
        (ended, inspector)
    }

    fn affordable(&mut self, env: &TxEnv) -> bool {
        let sender = self.state().accounts.get(&env.caller);
        let balance = sender.map_or(U256::ZERO, |account| account.balance);
        balance >= env.value && (env.kind.is_call() || env.data.len() <= INITCODE_LIMIT)
    }

    fn run(&mut self, env: TxEnv, charge: bool) -> Ended {
        let evm = self.evm();
        evm.ctx.tx = env;
        evm.ctx.chain.rewind();
        let ran = catch_unwind(AssertUnwindSafe(|| Course::new(charge).run(evm)));
        self.settle(ran)
    }

    /// Panic inside the guard that every run has.
    pub fn panic(&mut self) -> Ended {
        let ran = catch_unwind(|| panic!("on purpose"));
        self.settle(ran)
    }

    /// Read what became of a run; after a panic, the machine is made whole again.
    fn settle(
        &mut self,
        ran: std::thread::Result<Result<ExecutionResult<HaltReason>, Failure>>,
    ) -> Ended {
        match ran {
            Ok(Ok(result)) => Ok(Some(result.into())),
            Ok(Err(EVMError::Transaction(_))) => Ok(None),
            Ok(Err(EVMError::Database(fault))) => Err(fault),
            Ok(Err(other)) => Err(Fault::Broken(other.to_string())),
            Err(panic) => {
                self.rebuild();
                let words = panic
                    .downcast_ref::<String>()
                    .map(String::as_str)
                    .or_else(|| panic.downcast_ref::<&str>().copied());
                Err(Fault::Broken(format!("panic: {}", words.unwrap_or("?"))))
            }
        }
    }

    /// Forget what a run left in revm's journal.
    fn rest(&mut self) {
        let journal = &mut self.evm().ctx.journaled_state.inner;
        if journal.state.capacity() > ROOMY {
            journal.state = EvmState::default();
        } else {
            journal.state.clear();
        }
        journal.transaction_id = TransactionId::ZERO;
    }

    /// Keep state and block, and make the rest anew.
    fn rebuild(&mut self) {
        let evm = self.evm();
        let db = std::mem::take(&mut evm.ctx.journaled_state.database);
        let mut fresh = build(db, evm.ctx.cfg.chain_id());
        fresh.ctx.block = evm.ctx.block.clone();
        self.evm = Some(fresh);
    }
}

/// An unsigned transaction in revm's form, of a kind whose gas price is a single number.
pub fn envelope(caller: Address, to: Option<Address>, value: U256, data: Bytes) -> TxEnv {
    TxEnv {
        tx_type: 0,
        caller,
        gas_limit: 0,
        gas_price: 0,
        kind: to.map_or(TxKind::Create, TxKind::Call),
        value,
        data,
        nonce: 0,
        chain_id: None,
        access_list: AccessList::default(),
        gas_priority_fee: None,
        blob_hashes: Vec::new(),
        max_fee_per_blob_gas: 0,
        authorization_list: Vec::new(),
    }
}
