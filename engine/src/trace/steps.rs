//! The instructions of a transaction, as `twin.chain.trace` makes geth's struct logs of them.

use std::collections::BTreeMap;

use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict, PyList};
use revm::inspector::Inspector;
use revm::interpreter::interpreter::EthInterpreter;
use revm::interpreter::interpreter_types::{
    InputsTr, Jumps, LegacyBytecode, LoopControl, ReturnData,
};
use revm::interpreter::{CallInputs, CallOutcome, CreateInputs, CreateOutcome, Interpreter};
use revm::primitives::{AddressMap, Bytes, U256, hex};

use crate::course::Ctx;
use crate::trace::facts::Facts;
use crate::vm::Outcome;

const STEP: usize = 200; // bytes of a step without what it keeps
const SLOAD: u8 = 0x54;
const SSTORE: u8 = 0x55;

/// What a step keeps.
#[derive(Clone, Copy)]
#[allow(clippy::struct_excessive_bools)] // as many as geth's options
pub struct Kept {
    /// How many steps at most.
    pub limit: usize,
    /// How many bytes at most, roughly: beyond, there is no trace.
    pub room: usize,
    /// The stack before each.
    pub stack: bool,
    /// The memory before each.
    pub memory: bool,
    /// What SLOAD and SSTORE saw so far.
    pub storage: bool,
    /// What the last message returned.
    pub returned: bool,
}

/// One instruction.
struct Step {
    pc: usize,
    facts: Facts,
    gas: u64,
    cost: u64,
    refund: i64,
    depth: usize,
    failed: bool,
    stack: Option<Vec<U256>>,
    memory: Option<Vec<u8>>,
    storage: Option<Vec<(U256, U256)>>,
    returned: Option<Bytes>,
}

/// A message on its way: the step that is being executed, and refunds.
#[derive(Default)]
struct Open {
    step: Option<usize>,
    /// Of the messages above, as they stood when this one began.
    above: i64,
    /// Of this one.
    own: i64,
}

/// Records every instruction as it was found.
pub struct Steps {
    kept: Kept,
    taken: Vec<Step>,
    open: Vec<Open>,
    storage: AddressMap<BTreeMap<U256, U256>>,
    used: usize,
}

impl Steps {
    /// Record what *kept* says.
    pub fn new(kept: Kept) -> Self {
        Self {
            kept,
            taken: Vec::new(),
            open: Vec::new(),
            storage: AddressMap::default(),
            used: 0,
        }
    }

    /// Whether it took more bytes than it may.
    pub fn full(&self) -> bool {
        self.used > self.kept.room
    }

    fn begin(&mut self) {
        let above = self.open.last().map_or(0, |open| open.above + open.own);
        self.open.push(Open {
            above,
            ..Open::default()
        });
    }

    fn step_of(&mut self) -> Option<&mut Step> {
        let place = self.open.last()?.step?;
        self.taken.get_mut(place)
    }

    /// The whole, its instructions called by *names*; *faults* are the places of those that
    /// failed, with what they found.
    pub fn record<'py>(
        &self,
        py: Python<'py>,
        done: &Outcome,
        names: &Bound<'py, PyAny>,
    ) -> PyResult<Bound<'py, PyDict>> {
        let (logs, faults) = (PyList::empty(py), PyList::empty(py));
        for (place, step) in self.taken.iter().enumerate() {
            logs.append(step.json(py, names)?)?;
            if step.failed {
                faults.append((place, step.facts.record(py)?))?;
            }
        }
        let made = PyDict::new(py);
        made.set_item("gas", done.gas_used)?;
        made.set_item("failed", !done.success)?;
        made.set_item("output", PyBytes::new(py, &done.output))?;
        made.set_item("steps", logs)?;
        made.set_item("faults", faults)?;
        Ok(made)
    }
}

impl Step {
    /// The bytes that it takes, roughly: the same count as in `twin.chain.pyevm_watch`.
    fn size(&self) -> usize {
        STEP + self.stack.as_ref().map_or(0, |stack| 32 * stack.len())
            + self.memory.as_ref().map_or(0, Vec::len)
            + self.storage.as_ref().map_or(0, |slots| 64 * slots.len())
            + self.returned.as_ref().map_or(0, |data| data.len())
    }

    fn json<'py>(
        &self,
        py: Python<'py>,
        names: &Bound<'py, PyAny>,
    ) -> PyResult<Bound<'py, PyDict>> {
        let made = PyDict::new(py);
        made.set_item(intern!(py, "pc"), self.pc)?;
        made.set_item(intern!(py, "op"), names.get_item(self.facts.op)?)?;
        made.set_item(intern!(py, "gas"), self.gas)?;
        made.set_item(intern!(py, "gasCost"), self.cost)?;
        made.set_item(intern!(py, "depth"), self.depth)?;
        if self.refund != 0 {
            made.set_item(intern!(py, "refund"), self.refund)?;
        }
        if let Some(stack) = &self.stack {
            let stack = stack.iter().map(|word| format!("{word:#x}"));
            let stack = PyList::new(py, stack.collect::<Vec<_>>())?;
            made.set_item(intern!(py, "stack"), stack)?;
        }
        if let Some(memory) = self.memory.as_ref().filter(|memory| !memory.is_empty()) {
            let words = memory.chunks(32).map(hex::encode);
            let words = PyList::new(py, words.collect::<Vec<_>>())?;
            made.set_item(intern!(py, "memory"), words)?;
        }
        if let Some(storage) = &self.storage {
            let slots = PyDict::new(py);
            for (slot, value) in storage {
                slots.set_item(format!("{slot:064x}"), format!("{value:064x}"))?;
            }
            made.set_item(intern!(py, "storage"), slots)?;
        }
        if let Some(returned) = self.returned.as_ref().filter(|data| !data.is_empty()) {
            let returned = hex::encode_prefixed(returned);
            made.set_item(intern!(py, "returnData"), returned)?;
        }
        Ok(made)
    }
}

impl Inspector<Ctx, EthInterpreter> for Steps {
    fn step(&mut self, interp: &mut Interpreter<EthInterpreter>, context: &mut Ctx) {
        let (place, kept) = (self.taken.len(), self.kept);
        let depth = self.open.len();
        let Some(open) = self.open.last_mut() else {
            return;
        };
        open.step = None;
        let full = self.used > kept.room;
        if place >= kept.limit || full || interp.bytecode.bytecode_len() == 0 {
            return;
        }
        open.step = Some(place);
        let facts = Facts::of(interp, context);
        let stack = interp.stack.data();
        let seen = match (facts.op, stack.as_slice()) {
            (SLOAD, [.., slot]) => Some((*slot, facts.current)),
            (SSTORE, [.., value, slot]) => Some((*slot, *value)),
            _ => None,
        };
        let storage = seen.filter(|_| kept.storage).map(|(slot, value)| {
            let seen = self.storage.entry(interp.input.target_address());
            let seen = seen.or_default();
            seen.insert(slot, value);
            seen.iter().map(|(slot, value)| (*slot, *value)).collect()
        });
        let step = Step {
            pc: interp.bytecode.pc(),
            gas: interp.gas.remaining(),
            cost: 0,
            refund: open.above + open.own,
            depth,
            failed: false,
            stack: kept.stack.then(|| stack.clone()),
            memory: kept.memory.then(|| interp.memory.context_memory().to_vec()),
            storage,
            returned: kept.returned.then(|| interp.return_data.buffer().clone()),
            facts,
        };
        self.used += step.size();
        self.taken.push(step);
        if self.full() {
            self.taken = Vec::new();
        }
    }

    fn step_end(&mut self, interp: &mut Interpreter<EthInterpreter>, _: &mut Ctx) {
        let result = interp.bytecode.instruction_result();
        let failed = result.is_some_and(|result| !result.is_ok() && !result.is_revert());
        let Some(open) = self.open.last_mut() else {
            return;
        };
        if !failed {
            open.own = interp.gas.refunded();
        }
        let refund = open.above + open.own;
        if let Some(step) = self.step_of() {
            step.cost = step.gas.saturating_sub(interp.gas.remaining());
            (step.refund, step.failed) = (refund, failed);
        }
    }

    fn call_end(&mut self, _: &mut Ctx, _: &CallInputs, outcome: &mut CallOutcome) {
        self.open.pop();
        let refund = outcome.result.gas.refunded();
        if let Some(open) = self.open.last_mut().filter(|_| outcome.result.is_ok()) {
            open.own += refund;
        }
    }

    fn create_end(&mut self, _: &mut Ctx, _: &CreateInputs, outcome: &mut CreateOutcome) {
        self.open.pop();
        let refund = outcome.result.gas.refunded();
        if let Some(open) = self.open.last_mut().filter(|_| outcome.result.is_ok()) {
            open.own += refund;
        }
    }

    fn call(&mut self, _: &mut Ctx, _: &mut CallInputs) -> Option<CallOutcome> {
        self.begin();
        None
    }

    fn create(&mut self, _: &mut Ctx, inputs: &mut CreateInputs) -> Option<CreateOutcome> {
        // geth tells what CREATE costs without the gas that it passes on; revm charges both.
        let passed = inputs.gas_limit();
        if let Some(step) = self.step_of() {
            step.cost = step.cost.saturating_sub(passed);
        }
        self.begin();
        None
    }
}
