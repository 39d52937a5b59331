//! The call tree of geth's `callTracer`, with logs.

use pyo3::prelude::*;
use pyo3::types::{PyDict, PyList};
use revm::context::CreateScheme;
use revm::inspector::Inspector;
use revm::interpreter::interpreter::EthInterpreter;
use revm::interpreter::{
    CallInputs, CallOutcome, CallScheme, CreateInputs, CreateOutcome, InstructionResult,
    InterpreterResult,
};
use revm::primitives::{Address, Bytes, Log, U256, hex};

use crate::course::Ctx;
use crate::trace::words;
use crate::vm::Outcome;

/// One message of the call tree.
struct Frame {
    kind: &'static str,
    from: Address,
    to: Option<Address>,
    value: Option<U256>,
    gas: u64,
    gas_used: u64,
    input: Bytes,
    result: Option<(InstructionResult, Bytes)>,
    calls: Vec<Frame>,
    logs: Vec<(Log, usize)>,
}

/// Builds the call tree.
#[derive(Default)]
pub struct Calls {
    open: Vec<Frame>,
    root: Option<Frame>,
}

impl Calls {
    fn close(&mut self, result: &InterpreterResult, made: Option<Address>) {
        let Some(mut frame) = self.open.pop() else {
            return;
        };
        frame.gas_used = result.gas.total_gas_spent();
        if result.result.is_ok() && made.is_some() {
            frame.to = made;
        }
        frame.result = Some((result.result, result.output.clone()));
        self.place(frame);
    }

    fn place(&mut self, frame: Frame) {
        match self.open.last_mut() {
            Some(parent) => parent.calls.push(frame),
            None => self.root = Some(frame),
        }
    }

    /// The tree as geth writes it; *gas* is the limit and *done* the outcome of the whole.
    pub fn json<'py>(
        self,
        py: Python<'py>,
        gas: u64,
        done: &Outcome,
    ) -> PyResult<Bound<'py, PyDict>> {
        let Some(mut root) = self.root else {
            return Ok(PyDict::new(py));
        };
        (root.gas, root.gas_used) = (gas, done.gas_used);
        root.json(py)
    }
}

impl Frame {
    fn json<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        let made = PyDict::new(py);
        made.set_item("type", self.kind)?;
        made.set_item("from", format!("{:#x}", self.from))?;
        if let Some(to) = self.to {
            made.set_item("to", format!("{to:#x}"))?;
        }
        if let Some(value) = self.value {
            made.set_item("value", format!("{value:#x}"))?;
        }
        made.set_item("gas", format!("{:#x}", self.gas))?;
        made.set_item("gasUsed", format!("{:#x}", self.gas_used))?;
        made.set_item("input", hex::encode_prefixed(&self.input))?;
        if let Some((result, output)) = &self.result {
            Self::ending(&made, *result, output)?;
        }
        if !self.calls.is_empty() {
            let calls = self.calls.iter().map(|call| call.json(py));
            made.set_item(
                "calls",
                PyList::new(py, calls.collect::<PyResult<Vec<_>>>()?)?,
            )?;
        }
        let failed = self
            .result
            .as_ref()
            .is_some_and(|(result, _)| !result.is_ok());
        if !self.logs.is_empty() && !failed {
            let logs = PyList::empty(py);
            for (log, position) in &self.logs {
                let entry = PyDict::new(py);
                let topics = log.topics().iter().map(hex::encode_prefixed);
                entry.set_item("address", format!("{:#x}", log.address))?;
                entry.set_item("topics", PyList::new(py, topics)?)?;
                entry.set_item("data", hex::encode_prefixed(&log.data.data))?;
                entry.set_item("position", format!("{position:#x}"))?;
                logs.append(entry)?;
            }
            made.set_item("logs", logs)?;
        }
        Ok(made)
    }

    fn ending(made: &Bound<'_, PyDict>, result: InstructionResult, output: &Bytes) -> PyResult<()> {
        if result.is_ok() {
            if !output.is_empty() {
                made.set_item("output", hex::encode_prefixed(output))?;
            }
            return Ok(());
        }
        made.set_item("error", words(result))?;
        if result == InstructionResult::Revert && !output.is_empty() {
            made.set_item("output", hex::encode_prefixed(output))?;
            if let Some(reason) = reason(output) {
                made.set_item("revertReason", reason)?;
            }
        }
        Ok(())
    }
}

/// The text of `Error(string)`.
fn reason(output: &[u8]) -> Option<String> {
    let body = output.strip_prefix(&[0x08, 0xc3, 0x79, 0xa0])?;
    let length = usize::try_from(U256::try_from_be_slice(body.get(32..64)?)?).ok()?;
    let end = length.checked_add(64)?;
    String::from_utf8(body.get(64..end)?.to_vec()).ok()
}

impl Inspector<Ctx, EthInterpreter> for Calls {
    fn call(&mut self, context: &mut Ctx, inputs: &mut CallInputs) -> Option<CallOutcome> {
        let (kind, from, to) = match inputs.scheme {
            CallScheme::Call => ("CALL", inputs.caller, inputs.target_address),
            CallScheme::StaticCall => ("STATICCALL", inputs.caller, inputs.target_address),
            CallScheme::CallCode => ("CALLCODE", inputs.caller, inputs.bytecode_address),
            CallScheme::DelegateCall => (
                "DELEGATECALL",
                inputs.target_address,
                inputs.bytecode_address,
            ),
        };
        self.open.push(Frame {
            kind,
            from,
            to: Some(to),
            value: (inputs.scheme != CallScheme::StaticCall).then(|| inputs.value.get()),
            gas: inputs.gas_limit,
            gas_used: 0,
            input: inputs.input.bytes(context),
            result: None,
            calls: Vec::new(),
            logs: Vec::new(),
        });
        None
    }

    fn call_end(&mut self, _: &mut Ctx, _: &CallInputs, outcome: &mut CallOutcome) {
        self.close(&outcome.result, None);
    }

    fn create(&mut self, _: &mut Ctx, inputs: &mut CreateInputs) -> Option<CreateOutcome> {
        let kind = match inputs.scheme() {
            CreateScheme::Create2 { .. } => "CREATE2",
            _ => "CREATE",
        };
        self.open.push(Frame {
            kind,
            from: inputs.caller(),
            to: None,
            value: Some(inputs.value()),
            gas: inputs.gas_limit(),
            gas_used: 0,
            input: inputs.init_code().clone(),
            result: None,
            calls: Vec::new(),
            logs: Vec::new(),
        });
        None
    }

    fn create_end(&mut self, _: &mut Ctx, _: &CreateInputs, outcome: &mut CreateOutcome) {
        self.close(&outcome.result, outcome.address);
    }

    fn log(&mut self, _: &mut Ctx, log: Log) {
        if let Some(frame) = self.open.last_mut() {
            let position = frame.calls.len();
            frame.logs.push((log, position));
        }
    }

    fn selfdestruct(&mut self, contract: Address, target: Address, value: U256) {
        self.place(Frame {
            kind: "SELFDESTRUCT",
            from: contract,
            to: Some(target),
            value: Some(value),
            gas: 0,
            gas_used: 0,
            input: Bytes::new(),
            result: None,
            calls: Vec::new(),
            logs: Vec::new(),
        });
    }
}
