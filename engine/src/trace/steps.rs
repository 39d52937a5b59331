//! The struct logs of geth's `debug_traceTransaction`.

use std::collections::BTreeMap;

use pyo3::prelude::*;
use pyo3::types::{PyDict, PyList};
use revm::bytecode::OpCode;
use revm::inspector::Inspector;
use revm::interpreter::interpreter::EthInterpreter;
use revm::interpreter::interpreter_types::{InputsTr, Jumps};
use revm::interpreter::{
    CallInputs, CallOutcome, CreateInputs, CreateOutcome, InstructionResult, Interpreter,
};
use revm::primitives::{AddressMap, U256, hex};

use crate::course::Ctx;
use crate::trace::words;
use crate::vm::Outcome;

const SLOAD: u8 = 0x54;
const SSTORE: u8 = 0x55;

/// One instruction.
struct Step {
    pc: usize,
    op: u8,
    gas: u64,
    cost: u64,
    depth: usize,
    stack: Vec<U256>,
    memory: Option<Vec<u8>>,
    storage: Option<Vec<(U256, U256)>>,
    error: Option<&'static str>,
}

/// Records every instruction with the stack before it, and what SLOAD and SSTORE saw.
pub struct Steps {
    taken: Vec<Step>,
    open: Vec<usize>, // per depth, the step that is being executed
    storage: AddressMap<BTreeMap<U256, U256>>,
    memory: bool,
    left: usize,
}

impl Steps {
    /// Record *limit* instructions at most, with memory where *memory* says so.
    pub fn new(limit: usize, memory: bool) -> Self {
        Self {
            taken: Vec::new(),
            open: Vec::new(),
            storage: AddressMap::default(),
            memory,
            left: limit,
        }
    }

    fn begin(&mut self) {
        self.open.push(usize::MAX);
    }

    /// Close a frame; what went wrong in it belongs to its last instruction.
    fn end(&mut self, result: InstructionResult) {
        let last = self.open.pop().and_then(|place| self.taken.get_mut(place));
        if let Some(step) = last.filter(|_| !result.is_ok() && !result.is_revert()) {
            step.error = Some(words(result));
        }
    }

    /// The struct logs as geth's `debug_traceTransaction` gives them.
    pub fn json<'py>(&self, py: Python<'py>, done: &Outcome) -> PyResult<Bound<'py, PyDict>> {
        let logs = PyList::empty(py);
        for step in &self.taken {
            logs.append(step.json(py)?)?;
        }
        let made = PyDict::new(py);
        made.set_item("gas", done.gas_used)?;
        made.set_item("failed", !done.success)?;
        made.set_item("returnValue", hex::encode(&done.output))?;
        made.set_item("structLogs", logs)?;
        Ok(made)
    }
}

impl Step {
    fn json<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        let made = PyDict::new(py);
        let name = OpCode::new(self.op).map_or_else(
            || format!("opcode {:#x} not defined", self.op),
            |op| op.as_str().to_owned(),
        );
        made.set_item("pc", self.pc)?;
        made.set_item("op", name)?;
        made.set_item("gas", self.gas)?;
        made.set_item("gasCost", self.cost)?;
        made.set_item("depth", self.depth)?;
        if let Some(error) = self.error {
            made.set_item("error", error)?;
        }
        let stack = self.stack.iter().map(|word| format!("{word:#x}"));
        made.set_item("stack", PyList::new(py, stack.collect::<Vec<_>>())?)?;
        if let Some(memory) = &self.memory {
            let words = memory.chunks(32).map(hex::encode);
            made.set_item("memory", PyList::new(py, words.collect::<Vec<_>>())?)?;
        }
        if let Some(storage) = &self.storage {
            let slots = PyDict::new(py);
            for (slot, value) in storage {
                slots.set_item(format!("{slot:064x}"), format!("{value:064x}"))?;
            }
            made.set_item("storage", slots)?;
        }
        Ok(made)
    }
}

impl Inspector<Ctx, EthInterpreter> for Steps {
    fn step(&mut self, interp: &mut Interpreter<EthInterpreter>, _: &mut Ctx) {
        let Some(place) = self.open.last_mut() else {
            return;
        };
        *place = usize::MAX;
        if self.left == 0 {
            return;
        }
        self.left -= 1;
        *place = self.taken.len();
        self.taken.push(Step {
            pc: interp.bytecode.pc(),
            op: interp.bytecode.opcode(),
            gas: interp.gas.remaining(),
            cost: 0,
            depth: self.open.len(),
            stack: interp.stack.data().clone(),
            memory: self.memory.then(|| interp.memory.context_memory().to_vec()),
            storage: None,
            error: None,
        });
    }

    fn step_end(&mut self, interp: &mut Interpreter<EthInterpreter>, _: &mut Ctx) {
        let depth = self.open.len();
        let Some(step) = self
            .open
            .last()
            .and_then(|place| self.taken.get_mut(*place))
        else {
            return;
        };
        debug_assert_eq!(step.depth, depth);
        step.cost = step.gas.saturating_sub(interp.gas.remaining());
        let address = interp.input.target_address();
        let seen = match (step.op, step.stack.as_slice()) {
            (SLOAD, [.., slot]) => interp.stack.peek(0).ok().map(|value| (*slot, value)),
            (SSTORE, [.., value, slot]) => Some((*slot, *value)),
            _ => None,
        };
        if let Some((slot, value)) = seen {
            let storage = self.storage.entry(address).or_default();
            storage.insert(slot, value);
            step.storage = Some(
                storage
                    .iter()
                    .map(|(slot, value)| (*slot, *value))
                    .collect(),
            );
        }
    }

    fn call_end(&mut self, _: &mut Ctx, _: &CallInputs, outcome: &mut CallOutcome) {
        self.end(outcome.result.result);
    }

    fn create_end(&mut self, _: &mut Ctx, _: &CreateInputs, outcome: &mut CreateOutcome) {
        self.end(outcome.result.result);
    }

    fn call(&mut self, _: &mut Ctx, _: &mut CallInputs) -> Option<CallOutcome> {
        self.begin();
        None
    }

    fn create(&mut self, _: &mut Ctx, _: &mut CreateInputs) -> Option<CreateOutcome> {
        self.begin();
        None
    }
}
