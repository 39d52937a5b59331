//! What the engine's methods are made of: entering a block, running requests without the GIL, and
//! wording refusals as `twin.chain.validity` does.

use std::sync::Arc;

use pyo3::exceptions::PyOverflowError;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict};
use revm::inspector::Inspector;
use revm::interpreter::interpreter::EthInterpreter;
use revm::primitives::{Address, U256};
use revm::state::Bytecode;

use crate::block::Environment;
use crate::convert::{self, Port};
use crate::course::Ctx;
use crate::db::Fault;
use crate::engine::{BATCH, Engine, Entered, How};
use crate::vm::{BLOB_TYPE, Ended, Machine, Outcome, Request};

/// What a refusal says about a sender: the account as it was then.
#[derive(Default)]
pub struct Sender {
    nonce: u64,
    /// Wei.
    pub balance: U256,
    code: Bytecode,
}

impl Sender {
    /// What it is at *address*.
    pub fn of(machine: &mut Machine, address: Address) -> Self {
        let found = machine.state().accounts.get(&address);
        found.map_or_else(Self::default, |account| Self {
            nonce: account.nonce,
            balance: account.balance,
            code: account.code.clone(),
        })
    }

    /// An `AccountState`.
    pub fn record<'py>(&self, py: Python<'py>, port: &Port) -> PyResult<Bound<'py, PyAny>> {
        port.account(
            py,
            self.nonce,
            self.balance,
            self.code.original_byte_slice(),
        )
    }
}

/// Transactions read and made ready: they can be executed again and again.
#[derive(Clone)]
#[pyclass(module = "fictra_twin_engine", frozen)]
pub struct Prepared {
    objects: Arc<[Py<PyAny>]>,
    requests: Arc<[Option<Request>]>,
}

#[pymethods]
impl Prepared {
    fn __len__(&self) -> usize {
        self.objects.len()
    }
}

impl Engine {
    /// Enter the environment *env*, or that of the block.
    pub fn enter(&mut self, py: Python<'_>, env: Option<&Bound<'_, PyAny>>) -> PyResult<()> {
        let wanted = match env {
            Some(env) if !self.begun.as_ref().is_some_and(|begun| begun.is(env)) => {
                if !self.asked.as_ref().is_some_and(|asked| asked.is(env)) {
                    self.asked = Some(Environment::new(env, &self.port.environment)?);
                    self.entered = Entered::Nothing;
                }
                Entered::Asked
            }
            _ => Entered::Begun,
        };
        if self.entered == wanted {
            return Ok(());
        }
        let chosen = match wanted {
            Entered::Asked => &self.asked,
            _ => &self.begun,
        };
        let Some(env) = chosen else {
            return Err(self
                .port
                .error(py, "no block has begun: call begin_block first"));
        };
        self.machine
            .0
            .enter(&env.block, env.ancestors(py), env.chain_id);
        self.entered = wanted;
        Ok(())
    }

    pub fn changes<'py>(&mut self, py: Python<'py>, since: usize) -> PyResult<Bound<'py, PyDict>> {
        let found = PyDict::new(py);
        for (address, change) in self.machine.0.state().changes(since) {
            let key = PyBytes::new(py, address.as_slice());
            found.set_item(key, self.port.change(py, &change)?)?;
        }
        Ok(found)
    }

    /// Run *tx* under the eyes of *inspector*.
    pub fn traced<I: Inspector<Ctx, EthInterpreter>>(
        &mut self,
        tx: &Bound<'_, PyAny>,
        how: How,
        env: Option<&Bound<'_, PyAny>>,
        snapshot: Option<u64>,
        inspector: I,
    ) -> PyResult<(Outcome, I)> {
        let py = tx.py();
        let position = match snapshot {
            Some(snapshot) => Some(self.position(py, snapshot)?),
            None => None,
        };
        self.enter(py, env)?;
        let request = self.port.read(tx)?;
        let caller = request.env.caller;
        let redo = position.map(|position| self.machine.0.state().rewind(position));
        let (ended, inspector) = self.machine.0.trace(request, how, inspector);
        let refusal = match ended {
            Ok(None) if how.charge => Some(self.refusal(py, tx, caller)),
            Ok(None) => {
                let balance = Sender::of(&mut self.machine.0, caller).balance;
                Some(
                    self.refused_call(py, tx, balance)
                        .map_or_else(|e| e, PyErr::from_value),
                )
            }
            _ => None,
        };
        if let Some(redo) = redo {
            self.machine.0.state().replay(redo);
        }
        match (self.ended(py, ended)?, refusal) {
            (Some(outcome), _) => Ok((outcome, inspector)),
            (None, Some(refusal)) => Err(refusal),
            (None, None) => Err(self.port.error(py, "a trace came to nothing")),
        }
    }

    /// Read *txs*; one with a number that the machine cannot hold is none that a block can.
    pub fn prepared(&self, txs: &Bound<'_, PyAny>) -> PyResult<Prepared> {
        if let Ok(prepared) = txs.cast::<Prepared>() {
            return Ok(prepared.get().clone());
        }
        let py = txs.py();
        let (mut objects, mut requests) = (Vec::new(), Vec::new());
        for tx in txs.try_iter()? {
            let tx = tx?;
            requests.push(match self.port.read(&tx) {
                Ok(request) => Some(request),
                Err(error) if error.is_instance_of::<PyOverflowError>(py) => None,
                Err(error) => return Err(error),
            });
            objects.push(tx.unbind());
        }
        Ok(Prepared {
            objects: objects.into(),
            requests: requests.into(),
        })
    }

    /// Execute and commit *prepared*, a chunk at a time: records are made while they are in the
    /// cache.
    pub fn transact_all<'py>(
        &mut self,
        py: Python<'py>,
        prepared: &Prepared,
    ) -> PyResult<Vec<Bound<'py, PyAny>>> {
        let mut made = Vec::with_capacity(prepared.objects.len());
        let chunks = prepared.requests.chunks(BATCH);
        for (txs, requests) in prepared.objects.chunks(BATCH).zip(chunks) {
            py.check_signals()?;
            for (tx, ended) in txs.iter().zip(self.run(py, requests)?) {
                made.push(match ended {
                    Ok(outcome) => self.port.execution(py, &outcome)?,
                    Err(sender) => self.worded(py, tx.bind(py), &sender)?,
                });
            }
        }
        Ok(made)
    }

    /// Execute and commit *requests* without the GIL; None is one that cannot be held.
    fn run(
        &mut self,
        py: Python<'_>,
        requests: &[Option<Request>],
    ) -> PyResult<Vec<Result<Outcome, Sender>>> {
        let machine = &mut self.machine;
        let ended: Result<Vec<_>, Fault> = py.detach(|| {
            let whole = machine;
            let ended = requests.iter().map(|request| {
                let Some(request) = request else {
                    return Ok(Err(Sender::default()));
                };
                let caller = request.env.caller;
                Ok(match whole.0.transact(request.clone())? {
                    Some(outcome) => Ok(outcome),
                    None => Err(Sender::of(&mut whole.0, caller)),
                })
            });
            ended.collect()
        });
        ended.map_err(|fault| self.fault(py, fault))
    }

    /// Run calls; each gives its outcome, or None and the balance that its sender had.
    pub fn calls(
        &mut self,
        py: Python<'_>,
        calls: &[Bound<'_, PyAny>],
        env: Option<&Bound<'_, PyAny>>,
        snapshot: Option<u64>,
    ) -> PyResult<Vec<(Option<Outcome>, U256)>> {
        let position = match snapshot {
            Some(snapshot) => Some(self.position(py, snapshot)?),
            None => None,
        };
        let requests = calls.iter().map(|call| self.port.read_call(call));
        let requests: Vec<_> = requests.collect::<PyResult<_>>()?;
        self.enter(py, env)?;
        let machine = &mut self.machine;
        let ended = py.detach(|| {
            let whole = machine;
            let redo = position.map(|position| whole.0.state().rewind(position));
            let ended = requests.into_iter().map(|request| {
                let caller = request.caller;
                let outcome = whole.0.call(request)?;
                let balance = match outcome {
                    Some(_) => U256::ZERO,
                    None => Sender::of(&mut whole.0, caller).balance,
                };
                Ok((outcome, balance))
            });
            let ended = ended.collect::<Result<Vec<_>, Fault>>();
            if let Some(redo) = redo {
                whole.0.state().replay(redo);
            }
            ended
        });
        ended.map_err(|fault| self.fault(py, fault))
    }

    pub fn ended(&self, py: Python<'_>, ended: Ended) -> PyResult<Option<Outcome>> {
        ended.map_err(|fault| self.fault(py, fault))
    }

    fn fault(&self, py: Python<'_>, fault: Fault) -> PyErr {
        match fault {
            Fault::Python(error) => error,
            Fault::Broken(what) => self.port.error(py, &format!("the engine broke: {what}")),
        }
    }

    /// The `InvalidTransaction` for *tx*, in the words of `validity.check`.
    pub fn refusal(&mut self, py: Python<'_>, tx: &Bound<'_, PyAny>, caller: Address) -> PyErr {
        let sender = Sender::of(&mut self.machine.0, caller);
        match self.worded(py, tx, &sender) {
            Ok(refusal) => PyErr::from_value(refusal),
            Err(error) => error,
        }
    }

    fn worded<'py>(
        &self,
        py: Python<'py>,
        tx: &Bound<'py, PyAny>,
        sender: &Sender,
    ) -> PyResult<Bound<'py, PyAny>> {
        let entered = match self.entered {
            Entered::Asked => &self.asked,
            _ => &self.begun,
        };
        let Some(env) = entered else {
            return Err(self
                .port
                .error(py, "no block has begun: call begin_block first"));
        };
        let account = sender.record(py, &self.port)?;
        let checked = self
            .port
            .check
            .bind(py)
            .call1((tx, env.object(py), account));
        match checked {
            Err(refusal) if !refusal.is_instance_of::<PyOverflowError>(py) => {
                Ok(refusal.into_value(py).into_bound(py).into_any())
            }
            Err(error) => Err(error),
            Ok(_) if tx.getattr("kind")?.eq(BLOB_TYPE)? => self
                .port
                .invalid
                .bind(py)
                .call1(("its blobs break EIP-4844",)),
            Ok(_) => Err(self.port.error(py, "revm refuses what the rules allow")),
        }
    }

    /// The `InvalidTransaction` for *call*, whose sender has *balance*.
    pub fn refused_call<'py>(
        &self,
        py: Python<'py>,
        call: &Bound<'py, PyAny>,
        balance: U256,
    ) -> PyResult<Bound<'py, PyAny>> {
        let balance = convert::integer(py, balance)?;
        match self.port.check_call.bind(py).call1((call, balance)) {
            Err(refusal) => Ok(refusal.into_value(py).into_bound(py).into_any()),
            Ok(_) => Err(self.port.error(py, "revm refuses what the rules allow")),
        }
    }

    /// What to raise for a transaction with a number that the machine cannot hold.
    pub fn beyond(&mut self, py: Python<'_>, tx: &Bound<'_, PyAny>, error: PyErr) -> PyErr {
        if !error.is_instance_of::<PyOverflowError>(py) {
            return error;
        }
        match tx
            .getattr("sender")
            .and_then(|sender| convert::address(&sender))
        {
            Ok(caller) => self.refusal(py, tx, caller),
            Err(error) => error,
        }
    }

    /// Raise `ChainError` while the engine stands elsewhere.
    pub fn at_home(&self, py: Python<'_>) -> PyResult<()> {
        if self.away.is_empty() {
            return Ok(());
        }
        let words = "the engine stands on another state: neither a revert nor a drain goes there";
        Err(self.port.error(py, words))
    }

    pub fn trim(&mut self) {
        if !self.away.is_empty() {
            return;
        }
        let oldest = self.snapshots.values().min().copied();
        let oldest = oldest.unwrap_or(self.drained).min(self.drained);
        self.machine.0.state().trim(oldest);
    }

    pub fn position(&self, py: Python<'_>, snapshot: u64) -> PyResult<usize> {
        let found = self.snapshots.get(&snapshot).copied();
        // Standing elsewhere, what comes later cannot be reached.
        let last = self
            .away
            .last()
            .map_or(usize::MAX, |(position, _)| *position);
        found.filter(|position| *position <= last).ok_or_else(|| {
            let words = format!(
                "no snapshot {snapshot}: it was forgotten, or an earlier one was reverted to"
            );
            self.port.error(py, &words)
        })
    }
}
