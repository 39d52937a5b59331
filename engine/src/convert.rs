//! Between Python's objects and revm's values.
//!
//! Records go out as the very dataclasses of `twin.chain.port`: allocated and filled slot by slot,
//! which takes a third of the time of calling the class. Integers beyond 64 bits go through bytes.

use std::ffi::c_int;

use pyo3::exceptions::{PyOverflowError, PyValueError};
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyBytes, PyInt, PyString, PyTuple, PyType};
use pyo3::{BoundObject, ffi, intern};
use revm::context::TxEnv;
use revm::context_interface::transaction::{AccessList, AccessListItem};
use revm::primitives::{Address, B256, Bytes, HashMap, Log, U256};

use crate::state::Change;
use crate::vm::{BLOB_TYPE, Outcome, Request, envelope};

const SHARED: usize = 4096; // byte strings kept to be shared

/// The classes that records are made of, and what words refusals.
pub struct Port {
    execution: Py<PyType>,
    log: Py<PyType>,
    output: Py<PyType>,
    account_state: Py<PyType>,
    account_change: Py<PyType>,
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
        let class = |name: &str| -> PyResult<Py<PyType>> {
            Ok(names.getattr(name)?.cast_into::<PyType>()?.unbind())
        };
        Ok(Self {
            execution: class("Execution")?,
            log: class("Log")?,
            output: class("Output")?,
            account_state: class("AccountState")?,
            account_change: class("AccountChange")?,
            invalid: class("InvalidTransaction")?,
            chain_error: class("ChainError")?,
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
        let record = Record::new(py, &self.execution)?;
        record.set(intern!(py, "success"), done.success)?;
        record.set(intern!(py, "gas_used"), done.gas_used)?;
        record.set(intern!(py, "output"), PyBytes::new(py, &done.output))?;
        record.set(intern!(py, "logs"), self.logs(py, &done.logs)?)?;
        let created = done
            .created
            .map(|address| PyBytes::new(py, address.as_slice()));
        record.set(intern!(py, "created"), created)?;
        Ok(settled(record.0))
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
        let record = Record::new(py, &self.log)?;
        let mut topics = Vec::with_capacity(4);
        for (place, topic) in log.data.topics().iter().enumerate() {
            topics.push(match place {
                0 => self.signatures.bytes(py, *topic),
                _ => PyBytes::new(py, topic.as_slice()),
            });
        }
        let topics = PyTuple::new(py, topics)?;
        let address = self.addresses.bytes(py, log.address);
        record.set(intern!(py, "address"), address)?;
        record.set(intern!(py, "topics"), settled(topics))?;
        record.set(intern!(py, "data"), PyBytes::new(py, &log.data.data))?;
        Ok(settled(record.0))
    }

    /// An `Output`.
    pub fn output<'py>(&self, py: Python<'py>, done: &Outcome) -> PyResult<Bound<'py, PyAny>> {
        let record = Record::new(py, &self.output)?;
        record.set(intern!(py, "success"), done.success)?;
        record.set(intern!(py, "data"), PyBytes::new(py, &done.output))?;
        record.set(intern!(py, "gas_used"), done.gas_used)?;
        Ok(settled(record.0))
    }

    /// An `AccountState`.
    pub fn account<'py>(
        &self,
        py: Python<'py>,
        nonce: u64,
        balance: U256,
        code: &[u8],
    ) -> PyResult<Bound<'py, PyAny>> {
        let record = Record::new(py, &self.account_state)?;
        record.set(intern!(py, "nonce"), nonce)?;
        record.set(intern!(py, "balance"), integer(py, balance)?)?;
        record.set(intern!(py, "code"), PyBytes::new(py, code))?;
        Ok(record.0)
    }

    /// An `AccountChange`.
    pub fn change<'py>(&self, py: Python<'py>, change: &Change) -> PyResult<Bound<'py, PyAny>> {
        let record = Record::new(py, &self.account_change)?;
        let storage = pyo3::types::PyDict::new(py);
        for (slot, value) in &change.storage {
            storage.set_item(integer(py, *slot)?, integer(py, *value)?)?;
        }
        record.set(intern!(py, "nonce"), change.nonce)?;
        record.set(intern!(py, "balance"), integer(py, change.balance)?)?;
        record.set(
            intern!(py, "code_hash"),
            PyBytes::new(py, change.code_hash.as_slice()),
        )?;
        record.set(intern!(py, "storage"), storage)?;
        record.set(intern!(py, "deleted"), change.deleted)?;
        Ok(record.0)
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

/// An instance of a slotted dataclass, whose `__init__` is not called.
struct Record<'py>(Bound<'py, PyAny>);

impl<'py> Record<'py> {
    fn new(py: Python<'py>, class: &Py<PyType>) -> PyResult<Self> {
        // SAFETY: a live heap type without items; the result is a new reference or null with an
        // exception set.
        unsafe {
            let made = ffi::PyType_GenericAlloc(class.as_ptr().cast(), 0);
            Bound::from_owned_ptr_or_err(py, made).map(Self)
        }
    }

    fn set(&self, name: &Bound<'py, PyString>, value: impl IntoPyObject<'py>) -> PyResult<()> {
        let py = self.0.py();
        let value = value.into_pyobject(py).map_err(Into::into)?.into_any();
        let value = value.as_borrowed();
        // SAFETY: three live objects; frozen dataclasses refuse in `__setattr__`, not here.
        let failed =
            unsafe { ffi::PyObject_GenericSetAttr(self.0.as_ptr(), name.as_ptr(), value.as_ptr()) };
        if failed == 0 {
            Ok(())
        } else {
            Err(PyErr::fetch(py))
        }
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

/// A `Transaction` of the port; one of kind 3 has `blob_hashes` and `max_blob_fee` as well.
pub fn transaction(tx: &Bound<'_, PyAny>) -> PyResult<Request> {
    let py = tx.py();
    let to = target(&tx.getattr(intern!(py, "to"))?)?;
    let caller = address(&tx.getattr(intern!(py, "sender"))?)?;
    let value = word(&tx.getattr(intern!(py, "value"))?)?;
    let mut env = envelope(caller, to, value, data(&tx.getattr(intern!(py, "data"))?)?);
    env.nonce = number(&tx.getattr(intern!(py, "nonce"))?)?;
    env.gas_limit = number(&tx.getattr(intern!(py, "gas"))?)?;
    let listed = tx.getattr(intern!(py, "access_list"))?;
    if listed.len()? > 0 {
        env.tx_type = 1;
        env.access_list = access_list(&listed)?;
    }
    if number(&tx.getattr(intern!(py, "kind"))?)? == u64::from(BLOB_TYPE) {
        env.tx_type = BLOB_TYPE;
        env.max_fee_per_blob_gas = tx.getattr("max_blob_fee")?.extract()?;
        for hash in tx.getattr("blob_hashes")?.try_iter()? {
            env.blob_hashes.push(B256::new(fixed(&hash?)?));
        }
    }
    Ok(Request {
        env,
        max_fee: word(&tx.getattr(intern!(py, "max_fee"))?)?,
        tip: word(&tx.getattr(intern!(py, "tip"))?)?,
    })
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

/// A `Call` of the port.
pub fn call(call: &Bound<'_, PyAny>) -> PyResult<TxEnv> {
    let py = call.py();
    let to = target(&call.getattr(intern!(py, "to"))?)?;
    let caller = address(&call.getattr(intern!(py, "sender"))?)?;
    let value = word(&call.getattr(intern!(py, "value"))?)?;
    let data = data(&call.getattr(intern!(py, "data"))?)?;
    let mut env = envelope(caller, to, value, data);
    env.gas_limit = number(&call.getattr(intern!(py, "gas"))?)?;
    let listed = call.getattr(intern!(py, "access_list"))?;
    if listed.len()? > 0 {
        env.tx_type = 1;
        env.access_list = access_list(&listed)?;
    }
    Ok(env)
}
