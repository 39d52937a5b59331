//! The class that Python sees: the engine port's methods, and the same in batches.
//!
//! The GIL is released while the machine runs. An exception, Ctrl-C or a panic within a batch
//! takes the whole batch back.

use std::collections::BTreeMap;

use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict, PyList};
use revm::primitives::{KECCAK_EMPTY, U256, hex, keccak256};
use revm::state::Bytecode;

use crate::block::Environment;
use crate::convert::{self, Port};
use crate::raw;
use crate::runs::{Prepared, Sender};
use crate::state::Redo;
use crate::trace::{Calls, Kept, Looks, Seen, Steps};
use crate::vm::Machine;

/// How many requests are run between two looks for signals.
pub const BATCH: usize = 256;

/// An engine of one chain.
#[pyclass(module = "fictra_twin_engine")]
pub struct Engine {
    /// The machine with the state.
    pub machine: Movable,
    /// The twin's classes.
    pub port: Port,
    chain_id: u64,
    /// The block that was begun.
    pub begun: Option<Environment>,
    /// The last block that a call asked for.
    pub asked: Option<Environment>,
    /// Which of the two the machine is in.
    pub entered: Entered,
    /// Places in the journal.
    pub snapshots: BTreeMap<u64, usize>,
    next_snapshot: u64,
    /// The place in the journal of the last drain.
    pub drained: usize,
    /// Where `stand` went back to, the latest last, and how to redo what it took back.
    pub away: Vec<(usize, Redo)>,
}

/// What block the machine is in.
#[derive(Clone, Copy, PartialEq)]
pub enum Entered {
    /// None, or an old one.
    Nothing,
    /// That of `begin_block`.
    Begun,
    /// One that a call asked for.
    Asked,
}

/// How a trace is run: with fees, and whether its effects are kept.
#[derive(Clone, Copy)]
pub struct How {
    /// As a transaction that pays, not as a call.
    pub charge: bool,
    /// Whether its effects are kept.
    pub keep: bool,
}

/// What is kept of steps: how many, bytes, stack, memory, storage, return data, and names.
type Options<'py> = (usize, usize, bool, bool, bool, bool, Bound<'py, PyAny>);

/// A machine that goes from thread to thread.
pub struct Movable(pub Machine);

// SAFETY: the machine is not `Send` because frames and context share one memory buffer by `Rc`.
// All of those pointers live within the machine and move with it; every method that touches it
// takes `&mut self`, and PyO3 lets only one thread at a time have that.
unsafe impl Send for Movable {}
// SAFETY: as above: no method reads the machine through a shared reference.
unsafe impl Sync for Movable {}

#[pymethods]
impl Engine {
    /// Start with no account and no block; *port* holds the classes that records are made of.
    #[new]
    fn new(chain_id: u64, port: &Bound<'_, PyAny>) -> PyResult<Self> {
        Ok(Self {
            machine: Movable(Machine::new(chain_id)),
            port: Port::new(port)?,
            chain_id,
            begun: None,
            asked: None,
            entered: Entered::Nothing,
            snapshots: BTreeMap::new(),
            next_snapshot: 1,
            drained: 0,
            away: Vec::new(),
        })
    }

    // -- blocks and transactions

    /// Set the environment for the transactions and calls that follow.
    fn begin_block(&mut self, py: Python<'_>, env: &Bound<'_, PyAny>) -> PyResult<()> {
        let env = Environment::new(env, &self.port.environment)?;
        if env.chain_id != self.chain_id {
            let words = format!(
                "chain id {} in a block: the engine was made for {}",
                env.chain_id, self.chain_id
            );
            return Err(self.port.error(py, &words));
        }
        self.begun = Some(env);
        self.entered = Entered::Nothing;
        Ok(())
    }

    /// Execute and commit a transaction.
    fn transact<'py>(&mut self, tx: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
        let py = tx.py();
        self.enter(py, None)?;
        let request = match self.port.read(tx) {
            Ok(request) => request,
            Err(error) => return Err(self.beyond(py, tx, error)),
        };
        let caller = request.env.caller;
        let machine = &mut self.machine;
        let ended = py.detach(|| {
            let whole = machine;
            whole.0.transact(request)
        });
        match self.ended(py, ended)? {
            Some(outcome) => self.port.execution(py, &outcome),
            None => Err(self.refusal(py, tx, caller)),
        }
    }

    /// Make transactions ready for `transact_many`, which then need not be read there.
    fn prepare(&self, txs: &Bound<'_, PyAny>) -> PyResult<Prepared> {
        self.prepared(txs)
    }

    /// Execute and commit transactions, or what was prepared of them, in order; one that is
    /// refused gives its `InvalidTransaction` in place of an `Execution`.
    fn transact_many<'py>(&mut self, txs: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyList>> {
        let py = txs.py();
        self.enter(py, None)?;
        let prepared = self.prepared(txs)?;
        let start = self.machine.0.state().mark();
        let made = self.transact_all(py, &prepared);
        if made.is_err() {
            self.machine.0.state().undo(start);
        }
        PyList::new(py, made?)
    }

    /// Execute a call and forget its effects.
    #[pyo3(signature = (call, *, env=None, snapshot=None))]
    fn call<'py>(
        &mut self,
        call: &Bound<'py, PyAny>,
        env: Option<&Bound<'py, PyAny>>,
        snapshot: Option<u64>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let py = call.py();
        let ended = self.calls(py, std::slice::from_ref(call), env, snapshot)?;
        let (ended, balance) = ended.into_iter().next().unwrap_or((None, U256::ZERO));
        match ended {
            Some(outcome) => self.port.output(py, &outcome),
            None => Err(PyErr::from_value(self.refused_call(py, call, balance)?)),
        }
    }

    /// Execute calls, each on the same state; one that is refused gives its
    /// `InvalidTransaction` in place of an `Output`.
    #[pyo3(signature = (calls, *, env=None, snapshot=None))]
    fn call_many<'py>(
        &mut self,
        calls: &Bound<'py, PyAny>,
        env: Option<&Bound<'py, PyAny>>,
        snapshot: Option<u64>,
    ) -> PyResult<Bound<'py, PyList>> {
        let py = calls.py();
        let calls: Vec<Bound<'py, PyAny>> = calls.try_iter()?.collect::<PyResult<_>>()?;
        let mut made = Vec::with_capacity(calls.len());
        for chunk in calls.chunks(BATCH) {
            py.check_signals()?;
            let ended = self.calls(py, chunk, env, snapshot)?;
            for (call, (ended, balance)) in chunk.iter().zip(ended) {
                made.push(match ended {
                    Some(outcome) => self.port.output(py, &outcome)?,
                    None => self.refused_call(py, call, balance)?,
                });
            }
        }
        PyList::new(py, made)
    }

    // -- traces

    /// Trace a transaction, or what looks like one and is a call where *charge* is false; its
    /// effects are forgotten, or kept where *keep*. *form* is `calls`, `steps`, `looks` or `seen`,
    /// *options* are those of `steps`: (limit, room, stack, memory, storage, return data, names).
    #[pyo3(signature = (tx, form, *, charge=true, keep=false, env=None, snapshot=None, options=None))]
    #[allow(clippy::too_many_arguments)]
    fn trace<'py>(
        &mut self,
        tx: &Bound<'py, PyAny>,
        form: &str,
        charge: bool,
        keep: bool,
        env: Option<&Bound<'py, PyAny>>,
        snapshot: Option<u64>,
        options: Option<Options<'py>>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let py = tx.py();
        let gas: u64 = tx.getattr("gas")?.extract()?;
        let how = How { charge, keep };
        Ok(match (form, options) {
            ("calls", _) => {
                let (done, calls) = self.traced(tx, how, env, snapshot, Calls::default())?;
                calls.record(py, gas, &done)?.into_any()
            }
            ("steps", Some((limit, room, stack, memory, storage, returned, names))) => {
                let kept = Kept {
                    limit,
                    room,
                    stack,
                    memory,
                    storage,
                    returned,
                };
                let (done, steps) = self.traced(tx, how, env, snapshot, Steps::new(kept))?;
                if steps.full() {
                    return Ok(py.None().into_bound(py));
                }
                steps.record(py, &done, &names)?.into_any()
            }
            ("looks", _) => {
                let (done, looks) = self.traced(tx, how, env, snapshot, Looks::default())?;
                let looks = looks.record(py)?;
                (self.port.output(py, &done)?, looks)
                    .into_pyobject(py)?
                    .into_any()
            }
            _ => {
                let (_, seen) = self.traced(tx, how, env, snapshot, Seen::default())?;
                seen.json(py)?.into_any()
            }
        })
    }

    // -- standing elsewhere

    /// Go back to the state of *snapshot*, or stay at the present where that is None, until
    /// `come_back`; whatever is done in between is undone then. This nests.
    #[pyo3(signature = (snapshot))]
    fn stand(&mut self, py: Python<'_>, snapshot: Option<u64>) -> PyResult<()> {
        let position = match snapshot {
            Some(snapshot) => self.position(py, snapshot)?,
            None => self.machine.0.state().mark(),
        };
        let redo = self.machine.0.state().rewind(position);
        self.away.push((position, redo));
        Ok(())
    }

    /// Undo what was done since the last `stand`, and be where that was called.
    fn come_back(&mut self, py: Python<'_>) -> PyResult<()> {
        let Some((position, redo)) = self.away.pop() else {
            return Err(self.port.error(py, "the engine stands at its present"));
        };
        let state = self.machine.0.state();
        state.undo(position);
        state.replay(redo);
        Ok(())
    }

    // -- snapshots and changes

    /// Return what changed since *snapshot*, net, by ascending address.
    fn changes_since<'py>(
        &mut self,
        py: Python<'py>,
        snapshot: u64,
    ) -> PyResult<Bound<'py, PyDict>> {
        let position = self.position(py, snapshot)?;
        self.changes(py, position)
    }

    /// Return a handle on the present state.
    fn snapshot(&mut self) -> u64 {
        let handle = self.next_snapshot;
        self.next_snapshot += 1;
        self.snapshots.insert(handle, self.machine.0.state().mark());
        handle
    }

    /// Go back to the state of *snapshot*, which stays valid; later ones are discarded.
    fn revert(&mut self, py: Python<'_>, snapshot: u64) -> PyResult<()> {
        self.at_home(py)?;
        let position = self.position(py, snapshot)?;
        self.machine.0.state().undo(position);
        self.drained = self.drained.min(position);
        self.snapshots.split_off(&(snapshot + 1));
        Ok(())
    }

    /// Discard *snapshot*; what only it needed is freed in time.
    fn forget(&mut self, py: Python<'_>, snapshot: u64) -> PyResult<()> {
        self.position(py, snapshot)?;
        self.snapshots.remove(&snapshot);
        self.trim();
        Ok(())
    }

    /// Return what changed since the last drain, net, by ascending address; start anew.
    fn drain_changes<'py>(&mut self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        self.at_home(py)?;
        let found = self.changes(py, self.drained)?;
        self.drained = self.machine.0.state().mark();
        self.trim();
        Ok(found)
    }

    // -- state

    /// Return nonce, balance and code of *address*.
    fn account<'py>(&mut self, address: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
        let sender = Sender::of(&mut self.machine.0, convert::address(address)?);
        sender.record(address.py(), &self.port)
    }

    /// Return the value of *slot* of *address*.
    fn storage<'py>(
        &mut self,
        address: &Bound<'py, PyAny>,
        slot: &Bound<'py, PyAny>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let slot = convert::word(slot)?;
        let state = self.machine.0.state();
        let account = state.accounts.get(&convert::address(address)?);
        let held = account.and_then(|account| account.storage.get(&slot));
        convert::integer(address.py(), held.map_or(U256::ZERO, |slot| slot.value))
    }

    /// Write an account outside any transaction; an empty one is removed (EIP-7523).
    fn set_account(&mut self, address: &Bound<'_, PyAny>, now: &Bound<'_, PyAny>) -> PyResult<()> {
        let address = convert::address(address)?;
        let nonce: u64 = now.getattr("nonce")?.extract()?;
        let balance = convert::word(&now.getattr("balance")?)?;
        let code = convert::data(&now.getattr("code")?)?;
        let state = self.machine.0.state();
        if nonce == 0 && balance.is_zero() && code.is_empty() {
            state.remove(address);
            return Ok(());
        }
        state.set_money(address, nonce, balance);
        if code.is_empty() {
            state.set_code(address, KECCAK_EMPTY, Bytecode::default());
        } else {
            state.set_code(address, keccak256(&code), Bytecode::new_legacy(code));
        }
        Ok(())
    }

    /// Write storage outside any transaction.
    fn set_storage(
        &mut self,
        address: &Bound<'_, PyAny>,
        slots: &Bound<'_, PyAny>,
    ) -> PyResult<()> {
        let address = convert::address(address)?;
        for item in slots.call_method0("items")?.try_iter()? {
            let item = item?;
            let slot = convert::word(&item.get_item(0)?)?;
            let value = convert::word(&item.get_item(1)?)?;
            self.machine.0.state().set_slot(address, slot, value);
        }
        Ok(())
    }

    /// Return the Merkle-Patricia root of the present state.
    fn state_root<'py>(&mut self, py: Python<'py>) -> Bound<'py, PyBytes> {
        let machine = &mut self.machine;
        let root = py.detach(|| {
            let whole = machine;
            whole.0.state().root()
        });
        PyBytes::new(py, root.as_slice())
    }

    /// Return every address there is, in ascending order.
    fn accounts<'py>(&mut self, py: Python<'py>) -> PyResult<Bound<'py, PyList>> {
        let addresses = self.machine.0.state().addresses();
        PyList::new(
            py,
            addresses
                .iter()
                .map(|address| PyBytes::new(py, address.as_slice())),
        )
    }

    /// Return the state in genesis-alloc JSON form.
    fn dump<'py>(&mut self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        let state = self.machine.0.state();
        let found = PyDict::new(py);
        for address in state.addresses() {
            let Some(account) = state.accounts.get(&address) else {
                continue;
            };
            let mut slots: Vec<_> = account.storage.iter().map(|(k, v)| (*k, v.value)).collect();
            slots.sort_unstable();
            let storage = PyDict::new(py);
            for (slot, value) in slots {
                storage.set_item(format!("{slot:#066x}"), format!("{value:#066x}"))?;
            }
            let entry = PyDict::new(py);
            entry.set_item("balance", format!("{:#x}", account.balance))?;
            entry.set_item("nonce", format!("{:#x}", account.nonce))?;
            let code = hex::encode_prefixed(account.code.original_byte_slice());
            entry.set_item("code", code)?;
            entry.set_item("storage", storage)?;
            found.set_item(format!("{address:#x}"), entry)?;
        }
        Ok(found)
    }

    /// Return (seconds, gas) of *txs*, whose fees are zero, in revm's own loop on a copy of the
    /// state: the limit for whoever measures the engine.
    fn raw_transactions(&mut self, txs: &Bound<'_, PyAny>) -> PyResult<(f64, u64)> {
        let py = txs.py();
        self.enter(py, None)?;
        let mut envs = Vec::new();
        for tx in txs.try_iter()? {
            envs.push(self.port.read(&tx?)?.env);
        }
        let block = self.machine.0.block();
        raw::transactions(self.machine.0.state(), &block, envs)
            .map_err(|what| self.port.error(py, &what))
    }

    /// Return (seconds, gas) of *call* as many times as *times*, as `raw_transactions` does.
    fn raw_calls(&mut self, call: &Bound<'_, PyAny>, times: usize) -> PyResult<(f64, u64)> {
        let py = call.py();
        self.enter(py, None)?;
        let mut block = self.machine.0.block();
        block.basefee = 0;
        let env = self.port.read_call(call)?;
        raw::calls(self.machine.0.state(), &block, &env, times)
            .map_err(|what| self.port.error(py, &what))
    }

    /// Return the number of entries in the undo journal, for tests of what it keeps.
    #[getter]
    fn journal(&mut self) -> usize {
        self.machine.0.state().journal_len()
    }

    /// Panic on purpose, inside the machine's guard: the tests see what becomes of it.
    fn panic(&mut self, py: Python<'_>) -> PyResult<()> {
        let ended = self.machine.0.panic();
        self.ended(py, ended).map(|_| ())
    }
}
