//! The limit that the engine is measured against: revm's own loop over its own in-memory database.
//!
//! No undo, no Python, no records: transactions are made ready before the clock starts, and only
//! gas is kept. Prices, checks and commits are revm's, so the work is the same.

use std::time::Instant;

use revm::context::{BlockEnv, TxEnv};
use revm::database::{CacheDB, EmptyDB};
use revm::primitives::hardfork::SpecId;
use revm::state::AccountInfo;
use revm::{Context, ExecuteCommitEvm, ExecuteEvm, Journal, MainBuilder};

use crate::state::State;

type Evm =
    revm::handler::MainnetEvm<Context<BlockEnv, TxEnv, revm::context::CfgEnv, Db, Journal<Db>, ()>>;
type Db = CacheDB<EmptyDB>;

fn machine(state: &State, block: &BlockEnv) -> Evm {
    let mut db = CacheDB::new(EmptyDB::new());
    for (address, account) in &state.accounts {
        let info = AccountInfo::new(
            account.balance,
            account.nonce,
            account.code_hash,
            account.code.clone(),
        );
        db.insert_account_info(*address, info);
        for (slot, held) in &account.storage {
            let Ok(()) = db.insert_account_storage(*address, *slot, held.value);
        }
    }
    let context: Context<_, TxEnv, _, _, _, ()> = Context::new(db, SpecId::CANCUN);
    let mut evm = context.build_mainnet();
    evm.ctx.block = block.clone();
    evm
}

/// Execute and commit *txs* on a copy of *state*; return the seconds and the gas it took.
pub fn transactions(
    state: &State,
    block: &BlockEnv,
    txs: Vec<TxEnv>,
) -> Result<(f64, u64), String> {
    let mut evm = machine(state, block);
    let (start, mut gas) = (Instant::now(), 0);
    for tx in txs {
        let done = evm.transact_commit(tx).map_err(|error| error.to_string())?;
        gas += done.tx_gas_used();
    }
    Ok((start.elapsed().as_secs_f64(), gas))
}

/// Execute *call* as many times as *times* on a copy of *state* and forget each.
pub fn calls(
    state: &State,
    block: &BlockEnv,
    call: &TxEnv,
    times: usize,
) -> Result<(f64, u64), String> {
    let mut evm = machine(state, block);
    evm.ctx.cfg.disable_nonce_check = true;
    let (start, mut gas) = (Instant::now(), 0);
    for _ in 0..times {
        let done = evm
            .transact(call.clone())
            .map_err(|error| error.to_string())?;
        gas += done.result.tx_gas_used();
    }
    Ok((start.elapsed().as_secs_f64(), gas))
}
