//! The tree of messages, as `twin.chain.trace` makes geth's `callTracer` of it.

use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict, PyList};
use revm::context::CreateScheme;
use revm::inspector::Inspector;
use revm::interpreter::interpreter::EthInterpreter;
use revm::interpreter::interpreter_types::{InputsTr, LoopControl};
use revm::interpreter::{
    CallInputs, CallOutcome, CallScheme, CreateInputs, CreateOutcome, InstructionResult,
    Interpreter, InterpreterResult,
};
use revm::primitives::{Address, Bytes, Log, U256};

use crate::convert::integer;
use crate::course::Ctx;
use crate::trace::facts::{Facts, named, standing};
use crate::trace::words;
use crate::vm::Outcome;

const SELFDESTRUCT: u8 = 0xff;

/// One message of the tree.
struct Frame {
    kind: &'static str,
    from: Address,
    to: Option<Address>,
    value: Option<U256>,
    gas: u64,
    intrinsic: u64,
    gas_used: u64,
    input: Bytes,
    result: InstructionResult,
    output: Bytes,
    calls: Vec<Frame>,
    logs: Vec<(Log, usize)>,
    /// The instruction that runs, or the last one; whether it failed.
    last: Option<(Facts, bool)>,
}

/// Builds the tree.
#[derive(Default)]
pub struct Calls {
    open: Vec<Frame>,
    root: Option<Frame>,
    going: Option<(Address, Address, U256)>, // who destroys itself, for whom, with how much
}

impl Calls {
    fn begin(&mut self, kind: &'static str, from: Address, to: Option<Address>, gas: u64) {
        self.open.push(Frame {
            kind,
            from,
            to,
            value: None,
            gas,
            intrinsic: 0,
            gas_used: 0,
            input: Bytes::new(),
            result: InstructionResult::Stop,
            output: Bytes::new(),
            calls: Vec::new(),
            logs: Vec::new(),
            last: None,
        });
    }

    fn close(&mut self, result: &InterpreterResult, made: Option<Address>) {
        use InstructionResult as R;
        let Some(mut frame) = self.open.pop() else {
            return;
        };
        frame.gas_used = match result.result {
            R::CallTooDeep | R::OutOfFunds | R::NonceOverflow => 0,
            halted if !halted.is_ok() && !halted.is_revert() => frame.gas,
            _ => result.gas.total_gas_spent(),
        };
        if result.result.is_ok() && made.is_some() {
            frame.to = made;
        }
        (frame.result, frame.output) = (result.result, result.output.clone());
        self.place(frame);
    }

    fn place(&mut self, frame: Frame) {
        match self.open.last_mut() {
            Some(parent) => parent.calls.push(frame),
            None => self.root = Some(frame),
        }
    }

    /// The tree; *gas* is the limit and *done* the outcome of the whole.
    pub fn record<'py>(
        self,
        py: Python<'py>,
        gas: u64,
        done: &Outcome,
    ) -> PyResult<Bound<'py, PyDict>> {
        let Some(mut root) = self.root else {
            return Ok(PyDict::new(py));
        };
        root.intrinsic = gas.saturating_sub(root.gas);
        (root.gas, root.gas_used) = (gas, done.gas_used);
        root.record(py)
    }
}

impl Frame {
    fn record<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        let made = PyDict::new(py);
        made.set_item("kind", self.kind)?;
        made.set_item("sender", PyBytes::new(py, self.from.as_slice()))?;
        made.set_item("to", self.to.map(|to| PyBytes::new(py, to.as_slice())))?;
        let value = self.value.map(|value| integer(py, value));
        made.set_item("value", value.transpose()?)?;
        made.set_item("gas", self.gas)?;
        made.set_item("intrinsic", self.intrinsic)?;
        made.set_item("used", self.gas_used)?;
        made.set_item("input", PyBytes::new(py, &self.input))?;
        made.set_item("output", PyBytes::new(py, &self.output))?;
        let failed = !self.result.is_ok();
        made.set_item("error", if failed { words(self.result) } else { "" })?;
        let fault = self.last.as_ref().filter(|(_, bad)| *bad && failed);
        let fault = fault.map(|(facts, _)| facts.record(py));
        made.set_item("fault", fault.transpose()?)?;
        let calls = self.calls.iter().map(|call| call.record(py));
        let calls = PyList::new(py, calls.collect::<PyResult<Vec<_>>>()?)?;
        made.set_item("calls", calls)?;
        let logs = PyList::empty(py);
        for (log, position) in &self.logs {
            let topics = log.topics().iter();
            let topics = PyList::new(py, topics.map(|t| PyBytes::new(py, t.as_slice())))?;
            let address = PyBytes::new(py, log.address.as_slice());
            let data = PyBytes::new(py, &log.data.data);
            logs.append((address, topics, data, position))?;
        }
        made.set_item("logs", logs)?;
        Ok(made)
    }
}

impl Inspector<Ctx, EthInterpreter> for Calls {
    fn step(&mut self, interp: &mut Interpreter<EthInterpreter>, context: &mut Ctx) {
        let facts = Facts::of(interp, context);
        if facts.op == SELFDESTRUCT
            && let Ok(target) = interp.stack.peek(0)
        {
            let here = interp.input.target_address();
            self.going = Some((here, named(&target), standing(context, here).1));
        }
        if let Some(frame) = self.open.last_mut() {
            frame.last = Some((facts, false));
        }
    }

    fn step_end(&mut self, interp: &mut Interpreter<EthInterpreter>, _: &mut Ctx) {
        let Some(result) = interp.bytecode.instruction_result() else {
            return;
        };
        if let Some((_, bad)) = self
            .open
            .last_mut()
            .and_then(|frame| frame.last.as_mut())
            .filter(|_| !result.is_ok() && !result.is_revert())
        {
            *bad = true;
        }
        if let (InstructionResult::SelfDestruct, Some((from, to, value))) =
            (result, self.going.take())
        {
            self.begin("SELFDESTRUCT", from, Some(to), 0);
            if let Some(mut frame) = self.open.pop() {
                frame.value = Some(value);
                self.place(frame);
            }
        }
    }

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
        self.begin(kind, from, Some(to), inputs.gas_limit);
        if let Some(frame) = self.open.last_mut() {
            frame.value = (kind != "STATICCALL").then(|| inputs.value.get());
            frame.input = inputs.input.bytes(context);
        }
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
        self.begin(kind, inputs.caller(), None, inputs.gas_limit());
        if let Some(frame) = self.open.last_mut() {
            frame.value = Some(inputs.value());
            frame.input = inputs.init_code().clone();
        }
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
}
