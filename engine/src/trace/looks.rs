//! The accounts and slots that the instructions of a transaction name, as geth's `prestateTracer`
//! looks them up.

use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyList};
use revm::inspector::Inspector;
use revm::interpreter::Interpreter;
use revm::interpreter::interpreter::EthInterpreter;
use revm::interpreter::interpreter_types::{InputsTr, LoopControl};
use revm::primitives::{Address, HashSet, U256, keccak256};

use crate::convert::integer;
use crate::course::Ctx;
use crate::trace::facts::{Facts, named, standing};

const INITCODE_LIMIT: usize = 49_152; // EIP-3860

/// What an instruction names.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
enum Look {
    Account(Address),
    Slot(Address, U256),
    Created(Address),
    Deleted(Address),
}

/// Gathers what is named; *doubtful* is what instructions named that failed.
#[derive(Default)]
pub struct Looks {
    now: Vec<Look>,
    facts: Option<Facts>,
    seen: HashSet<Look>,
    sure: Vec<Look>,
    doubtful: Vec<(Look, Facts)>,
}

impl Looks {
    /// All of it, in order: (kind, address, slot, what the instruction found if it failed).
    pub fn record<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyList>> {
        let found = PyList::empty(py);
        let sure = self.sure.iter().map(|look| (look, None));
        let doubtful = self
            .doubtful
            .iter()
            .map(|(look, facts)| (look, Some(facts)));
        for (look, facts) in sure.chain(doubtful) {
            let (kind, address, slot) = match look {
                Look::Account(address) => ("account", address, None),
                Look::Slot(address, slot) => ("slot", address, Some(integer(py, *slot)?)),
                Look::Created(address) => ("created", address, None),
                Look::Deleted(address) => ("deleted", address, None),
            };
            let facts = facts.map(|facts| facts.record(py)).transpose()?;
            found.append((kind, PyBytes::new(py, address.as_slice()), slot, facts))?;
        }
        Ok(found)
    }
}

/// What the next instruction of *interp* names.
fn named_by(op: u8, interp: &Interpreter<EthInterpreter>, context: &Ctx) -> Vec<Look> {
    let here = interp.input.target_address();
    match (op, interp.stack.data().as_slice()) {
        (0x54 | 0x55, [.., slot]) => vec![Look::Slot(here, *slot)],
        (0x31 | 0x3b | 0x3c | 0x3f, [.., address])
        | (0xf1 | 0xf2 | 0xf4 | 0xfa, [.., address, _]) => vec![Look::Account(named(address))],
        (0xff, [.., address]) => vec![Look::Account(named(address)), Look::Deleted(here)],
        (0xf0, _) => vec![Look::Created(here.create(standing(context, here).0))],
        (0xf5, [.., salt, size, offset, _]) => {
            let (Ok(size), Ok(offset)) = (usize::try_from(*size), usize::try_from(*offset)) else {
                return Vec::new();
            };
            if size > INITCODE_LIMIT {
                return Vec::new();
            }
            let memory = interp.memory.context_memory();
            let held = memory.get(offset..).unwrap_or_default();
            let mut code = held[..size.min(held.len())].to_vec();
            code.resize(size, 0);
            vec![Look::Created(
                here.create2(salt.to_be_bytes::<32>(), keccak256(code)),
            )]
        }
        _ => Vec::new(),
    }
}

impl Inspector<Ctx, EthInterpreter> for Looks {
    fn step(&mut self, interp: &mut Interpreter<EthInterpreter>, context: &mut Ctx) {
        let facts = Facts::of(interp, context);
        self.now = named_by(facts.op, interp, context);
        self.facts = Some(facts);
    }

    fn step_end(&mut self, interp: &mut Interpreter<EthInterpreter>, _: &mut Ctx) {
        let result = interp.bytecode.instruction_result();
        let failed = result.is_some_and(|result| !result.is_ok() && !result.is_revert());
        let now = std::mem::take(&mut self.now);
        if failed {
            if let Some(facts) = self.facts.take() {
                let found = now.into_iter().map(|look| (look, facts.clone()));
                self.doubtful.extend(found);
            }
            return;
        }
        for look in now {
            if self.seen.insert(look) {
                self.sure.push(look);
            }
        }
    }
}
