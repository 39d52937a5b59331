//! Between Python's objects and revm's values.
//!
//! Records come in and go out as the very dataclasses of `twin.chain.port`, read and filled slot by
//! slot: that takes a fifth of the time of calling the class. Integers beyond 64 bits go through
//! bytes.

use std::ffi::c_int;

use pyo3::exceptions::{PyOverflowError, PyValueError};
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyBytes, PyInt, PyTuple, PyType};
use pyo3::{ffi, intern};
use revm::context::TxEnv;
use revm::context_interface::transaction::{AccessList, AccessListItem};
use revm::primitives::{Address, B256, Bytes, HashMap, Log, U256};

use crate::block::ENVIRONMENT;
use crate::slot::{Maker, Slot};
use crate::state::Change;
use crate::vm::{BLOB_TYPE, Outcome, Request, envelope};

const SHARED: usize = 4096; // byte strings kept to be shared

/// The classes that records are made of, and what words refusals.
pub struct Port {
    transaction: [Slot; 10],
    call: [Slot; 6],
    /// Those of a `BlockEnv`, as `ENVIRONMENT` names them.
    pub environment: [Slot; 9],
    execution: Maker<5>,
    log: Maker<3>,
    output: Maker<3>,
    account_state: Maker<3>,
    account_change: Maker<5>,
    /// `InvalidTransaction`, for blobs: `validity` knows none.
    pub invalid: Py<PyType>,
    /// `ChainError`.
    pub chain_error: Py<PyType>,
    addresses: Shared<Address>,
    signatures: Shared<B256>,
    /// Raises `InvalidTransaction` for (transaction, environment, account).
    pub check: Py<PyAny>,
    /// Raises `InvalidTransaction` for (call, balance).
    pub check_call: Py<PyAny>,
}

impl Port {
    /// Take the attributes of *names*, a namespace that holds them under the port's names.
    pub fn new(names: &Bound<'_, PyAny>) -> PyResult<Self> {
        let class = |name: &str| -> PyResult<Bound<'_, PyType>> {
            Ok(names.getattr(name)?.cast_into::<PyType>()?)
        };
        let transaction = [
            "sender",
            "nonce",
            "to",
            "value",
            "data",
            "gas",
            "max_fee",
            "tip",
            "access_list",
            "kind",
        ];
        let call = ["to", "data", "sender", "value", "gas", "access_list"];
        let execution = ["success", "gas_used", "output", "logs", "created"];
        let change = ["nonce", "balance", "code_hash", "storage", "deleted"];
        Ok(Self {
            transaction: Slot::all(&class("Transaction")?, transaction)?,
            call: Slot::all(&class("Call")?, call)?,
            environment: Slot::all(&class("BlockEnv")?, ENVIRONMENT)?,
            execution: Maker::new(class("Execution")?, execution)?,
            log: Maker::new(class("Log")?, ["address", "topics", "data"])?,
            output: Maker::new(class("Output")?, ["success", "data", "gas_used"])?,
            account_state: Maker::new(class("AccountState")?, ["nonce", "balance", "code"])?,
            account_change: Maker::new(class("AccountChange")?, change)?,
            invalid: class("InvalidTransaction")?.unbind(),
            chain_error: class("ChainError")?.unbind(),
            addresses: Shared::default(),
            signatures: Shared::default(),
            check: names.getattr("check")?.unbind(),
            check_call: names.getattr("check_call")?.unbind(),
        })
    }

    /// A `ChainError` that says *words*.
    pub fn error(&self, py: Python<'_>, words: &str) -> PyErr {
        match self.chain_error.bind(py).call1((words,)) {
            Ok(error) => PyErr::from_value(error),
            Err(error) => error,
        }
    }

    /// An `Execution`.
    pub fn execution<'py>(
        &mut self,
        py: Python<'py>,
        done: &Outcome,
    ) -> PyResult<Bound<'py, PyAny>> {
        let logs = self.logs(py, &done.logs)?;
        let created = done
            .created
            .map(|address| PyBytes::new(py, address.as_slice()));
        let (record, [success, gas_used, output, all_logs, address]) = self.execution.make(py)?;
        success.set(&record, done.success)?;
        gas_used.set(&record, done.gas_used)?;
        output.set(&record, PyBytes::new(py, &done.output))?;
        all_logs.set(&record, logs)?;
        address.set(&record, created)?;
        Ok(settled(record))
    }

    fn logs<'py>(&mut self, py: Python<'py>, logs: &[Log]) -> PyResult<Bound<'py, PyTuple>> {
        if logs.is_empty() {
            return Ok(PyTuple::empty(py));
        }
        let found: Vec<_> = logs
            .iter()
            .map(|log| self.log(py, log))
            .collect::<PyResult<_>>()?;
        PyTuple::new(py, found).map(settled)
    }

    fn log<'py>(&mut self, py: Python<'py>, log: &Log) -> PyResult<Bound<'py, PyAny>> {
        let mut made = Vec::with_capacity(4);
        for (place, topic) in log.data.topics().iter().enumerate() {
            made.push(match place {
                0 => self.signatures.bytes(py, *topic),
                _ => PyBytes::new(py, topic.as_slice()),
            });
        }
        let (record, [address, topics, data]) = self.log.make(py)?;
        address.set(&record, self.addresses.bytes(py, log.address))?;
        topics.set(&record, settled(PyTuple::new(py, made)?))?;
        data.set(&record, PyBytes::new(py, &log.data.data))?;
        Ok(settled(record))
    }

    /// An `Output`.
    pub fn output<'py>(&self, py: Python<'py>, done: &Outcome) -> PyResult<Bound<'py, PyAny>> {
        let (record, [success, data, gas_used]) = self.output.make(py)?;
        success.set(&record, done.success)?;
        data.set(&record, PyBytes::new(py, &done.output))?;
        gas_used.set(&record, done.gas_used)?;
        Ok(settled(record))
    }

    /// An `AccountState`.
    pub fn account<'py>(
        &self,
        py: Python<'py>,
        nonce: u64,
        balance: U256,
        code: &[u8],
    ) -> PyResult<Bound<'py, PyAny>> {
        let (record, slots) = self.account_state.make(py)?;
        slots[0].set(&record, nonce)?;
        slots[1].set(&record, integer(py, balance)?)?;
        slots[2].set(&record, PyBytes::new(py, code))?;
        Ok(record)
    }

    /// An `AccountChange`.
    pub fn change<'py>(&self, py: Python<'py>, change: &Change) -> PyResult<Bound<'py, PyAny>> {
        let held = pyo3::types::PyDict::new(py);
        for (slot, value) in &change.storage {
            held.set_item(integer(py, *slot)?, integer(py, *value)?)?;
        }
        let code = PyBytes::new(py, change.code_hash.as_slice());
        let (record, [nonce, balance, code_hash, storage, deleted]) =
            self.account_change.make(py)?;
        nonce.set(&record, change.nonce)?;
        balance.set(&record, integer(py, change.balance)?)?;
        code_hash.set(&record, code)?;
        storage.set(&record, held)?;
        deleted.set(&record, change.deleted)?;
        Ok(record)
    }

    /// A `Transaction` of the port; one of kind 3 has `blob_hashes` and `max_blob_fee` as well.
    pub fn read(&self, tx: &Bound<'_, PyAny>) -> PyResult<Request> {
        let [
            sender,
            nonce,
            to,
            value,
            calldata,
            gas,
            max_fee,
            tip,
            listed,
            kind,
        ] = &self.transaction;
        let to = target(&to.get(tx)?)?;
        let caller = address(&sender.get(tx)?)?;
        let value = word(&value.get(tx)?)?;
        let mut env = envelope(caller, to, value, data(&calldata.get(tx)?)?);
        env.nonce = number(&nonce.get(tx)?)?;
        env.gas_limit = number(&gas.get(tx)?)?;
        enlist(&mut env, &listed.get(tx)?)?;
        if number(&kind.get(tx)?)? == u64::from(BLOB_TYPE) {
            env.tx_type = BLOB_TYPE;
            env.max_fee_per_blob_gas = tx.getattr("max_blob_fee")?.extract()?;
            for hash in tx.getattr("blob_hashes")?.try_iter()? {
                env.blob_hashes.push(B256::new(fixed(&hash?)?));
            }
        }
        Ok(Request {
            env,
            max_fee: word(&max_fee.get(tx)?)?,
            tip: word(&tip.get(tx)?)?,
        })
    }

    /// A `Call` of the port.
    pub fn read_call(&self, call: &Bound<'_, PyAny>) -> PyResult<TxEnv> {
        let [to, calldata, sender, value, gas, listed] = &self.call;
        let to = target(&to.get(call)?)?;
        let caller = address(&sender.get(call)?)?;
        let value = word(&value.get(call)?)?;
        let mut env = envelope(caller, to, value, data(&calldata.get(call)?)?);
        env.gas_limit = number(&gas.get(call)?)?;
        enlist(&mut env, &listed.get(call)?)?;
        Ok(env)
    }
}

/// Byte strings that come again and again, each made once: a chain keeps millions of logs of a
/// few contracts and events.
struct Shared<K>(HashMap<K, Py<PyBytes>>);

impl<K> Default for Shared<K> {
    fn default() -> Self {
        Self(HashMap::default())
    }
}

impl<K: AsRef<[u8]> + Eq + std::hash::Hash> Shared<K> {
    fn bytes<'py>(&mut self, py: Python<'py>, key: K) -> Bound<'py, PyBytes> {
        if self.0.len() >= SHARED && !self.0.contains_key(&key) {
            self.0.clear();
        }
        let made = self.0.entry(key);
        let made = made.or_insert_with_key(|key| PyBytes::new(py, key.as_ref()).unbind());
        made.bind(py).clone()
    }
}

/// Take *made* from the garbage collector's care. What an execution leaves cannot change and holds
/// bytes, numbers and tuples of such, so it is in no cycle; looking through the receipts of a long
/// chain again and again takes longer than executing it.
fn settled<T>(made: Bound<'_, T>) -> Bound<'_, T> {
    // SAFETY: a live object of a type with garbage collection, complete.
    unsafe { ffi::PyObject_GC_UnTrack(made.as_ptr().cast()) };
    made
}

/// A Python integer.
pub fn integer(py: Python<'_>, value: U256) -> PyResult<Bound<'_, PyAny>> {
    static FROM_BYTES: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
    if let Ok(small) = u64::try_from(value) {
        return Ok(small.into_pyobject(py)?.into_any());
    }
    let from_bytes = FROM_BYTES.get_or_try_init(py, || {
        let class = py.get_type::<PyInt>();
        class.getattr("from_bytes").map(Bound::unbind)
    })?;
    let bytes = PyBytes::new(py, &value.to_be_bytes::<32>());
    from_bytes.bind(py).call1((bytes, intern!(py, "big")))
}

/// An unsigned 256-bit value; `OverflowError` where *value* is none.
pub fn word(value: &Bound<'_, PyAny>) -> PyResult<U256> {
    let mut overflow: c_int = 0;
    // SAFETY: a live object; an error is told by -1 and a set exception.
    let small = unsafe { ffi::PyLong_AsLongLongAndOverflow(value.as_ptr(), &raw mut overflow) };
    match (overflow, small) {
        (0, 0..) => Ok(U256::from(small)),
        (1, _) => {
            let py = value.py();
            let bytes = value.call_method1(intern!(py, "to_bytes"), (32, intern!(py, "big")))?;
            Ok(U256::from_be_slice(bytes.cast::<PyBytes>()?.as_bytes()))
        }
        _ => {
            Err(PyErr::take(value.py())
                .unwrap_or_else(|| PyOverflowError::new_err("a negative value")))
        }
    }
}

/// An unsigned 64-bit value.
pub fn number(value: &Bound<'_, PyAny>) -> PyResult<u64> {
    u64::try_from(word(value)?).map_err(|_| PyOverflowError::new_err("a value above 2^64"))
}

/// *N* bytes.
pub fn fixed<const N: usize>(value: &Bound<'_, PyAny>) -> PyResult<[u8; N]> {
    let bytes = value.cast::<PyBytes>()?.as_bytes();
    bytes
        .try_into()
        .map_err(|_| PyValueError::new_err(format!("{} bytes where {N} belong", bytes.len())))
}

/// An address.
pub fn address(value: &Bound<'_, PyAny>) -> PyResult<Address> {
    Ok(Address::new(fixed(value)?))
}

/// Any number of bytes.
pub fn data(value: &Bound<'_, PyAny>) -> PyResult<Bytes> {
    Ok(Bytes::copy_from_slice(value.cast::<PyBytes>()?.as_bytes()))
}

/// An address, or None for a creation.
fn target(value: &Bound<'_, PyAny>) -> PyResult<Option<Address>> {
    if value.is_none() {
        return Ok(None);
    }
    address(value).map(Some)
}

/// Let *env* hold what is *listed*, an access list.
fn enlist(env: &mut TxEnv, listed: &Bound<'_, PyAny>) -> PyResult<()> {
    if listed.len()? > 0 {
        env.tx_type = 1;
        env.access_list = access_list(listed)?;
    }
    Ok(())
}

fn access_list(listed: &Bound<'_, PyAny>) -> PyResult<AccessList> {
    let mut items = Vec::new();
    for entry in listed.try_iter()? {
        let entry = entry?;
        let mut storage_keys = Vec::new();
        for slot in entry.get_item(1)?.try_iter()? {
            storage_keys.push(B256::from(word(&slot?)?));
        }
        items.push(AccessListItem {
            address: address(&entry.get_item(0)?)?,
            storage_keys,
        });
    }
    Ok(AccessList(items))
}
