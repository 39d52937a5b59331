"""Watching py-evm at work: its messages, its instructions, and the accounts and slots they name.

A watched computation runs one instruction at a time, never a translated trace. Before each, what
it finds is written down (`charges.Before`), because py-evm charges in an order of its own and a
call runs its whole message within one instruction. What a watch gathers is what the Rust engine
gathers too; `trace` gives both go-ethereum's form.
"""

from __future__ import annotations

from typing import Any

from eth.exceptions import ContractCreationCollision, Halt, Revert, VMError
from eth.vm.logic.invalid import InvalidOpcode

from twin.chain.charges import NAMES, Before, Charge, charge
from twin.chain.codec import contract_address, keccak
from twin.chain.pyevm_computation import Computation
from twin.chain.trace import Frame, Look, StepOptions

__all__ = ["CallWatch", "LookWatch", "StepWatch", "Watch", "Watched"]

_OPERANDS = 7
_CALLS = {0xF1, 0xF2, 0xF4, 0xFA}
_CREATES = {0xF0, 0xF5}
_DEEPEST = 1024
_STEP = 200  # bytes of a step without what it keeps


class Watch:
    """What is told of an execution; this one takes no notice."""

    def enter(self, kind: str, message: Any, parent: Any) -> None:
        """*message* begins, by instruction *kind* of *parent*, which is None for the whole."""

    def leave(self, done: Any) -> None:
        """The message that began last is *done*."""

    def step(self, run: Any, op: int, before: Before, cost: Charge) -> None:
        """The computation *run* is about to execute *op*."""

    def stepped(self, run: Any, op: int, before: Before, cost: Charge, *, failed: bool) -> None:
        """It did, or it *failed*."""


class Watched(Computation):
    """A computation that tells the watch of its transaction's context."""

    def __init__(self, state: Any, message: Any, transaction_context: Any) -> None:
        super().__init__(state, message, transaction_context)
        self.fault: Before | None = None
        self.op = self.at = 0  # the instruction that runs, and its place
        self.had = 0  # messages before it
        self.above = 0  # refunds of the messages above, as they stood when this one began

    @classmethod
    def top(cls, state: Any, message: Any, context: Any) -> Any:
        """Run *message* as a transaction's own; one whose address is taken never begins."""
        done = super().top(state, message, context)
        if isinstance(done.error if done.is_error else None, ContractCreationCollision):
            context.watch.enter("CREATE", message, None)
            context.watch.leave(done)
        return done

    @classmethod
    def apply_message(
        cls, state: Any, message: Any, transaction_context: Any, parent_computation: Any = None
    ) -> Any:
        """Run *message*; one that creates is told of by `apply_create_message`."""
        if message.is_create:
            return super().apply_message(state, message, transaction_context, parent_computation)
        watch: Watch = transaction_context.watch
        watch.enter(_kind(message, parent_computation), message, parent_computation)
        done = super().apply_message(state, message, transaction_context, parent_computation)
        watch.leave(done)
        return done

    @classmethod
    def apply_create_message(
        cls, state: Any, message: Any, transaction_context: Any, parent_computation: Any = None
    ) -> Any:
        """Run *message*, and what comes after a creation."""
        watch: Watch = transaction_context.watch
        watch.enter(_kind(message, parent_computation), message, parent_computation)
        done = super().apply_create_message(state, message, transaction_context, parent_computation)
        watch.leave(done)
        return done

    @classmethod
    def apply_computation(
        cls, state: Any, message: Any, transaction_context: Any, parent_computation: Any = None
    ) -> Any:
        """Run *message*, knowing what is refunded above it."""
        transaction_context.above = 0 if parent_computation is None else parent_computation.refunds
        return super().apply_computation(state, message, transaction_context, parent_computation)

    @property
    def refunds(self) -> int:
        """What the transaction has refunded so far."""
        refund: int = self.get_gas_refund()
        return self.above + refund

    def run(self) -> None:
        """Run the code one instruction at a time."""
        watch: Watch = self.transaction_context.watch
        self.above = self.transaction_context.above
        code, opcodes, program = self.code, self.opcodes, self.code.program.code
        try:
            while True:
                self.at = at = code.program_counter
                self.op = op = program[at] if at < len(program) else 0
                code.program_counter = at + 1
                before = self.found(op)
                cost = charge(before)
                watch.step(self, op, before, cost)
                opcode = opcodes.get(op) or InvalidOpcode(op)
                try:
                    opcode(computation=self)
                except (Halt, Revert):
                    watch.stepped(self, op, before, cost, failed=False)
                    raise
                except VMError:
                    self.fault = before
                    watch.stepped(self, op, before, cost, failed=True)
                    raise
                watch.stepped(self, op, before, cost, failed=False)
        except Halt:
            pass

    def found(self, op: int) -> Before:
        """Return what *op* finds."""
        values, state = self._stack.values, self.state
        top = tuple(values[: -_OPERANDS - 1 : -1])
        cold = empty = rich = False
        current = original = 0
        here = self.msg.storage_address
        if op in {0x54, 0x55} and top:
            cold = not state.is_storage_warm(here, top[0])
            current = state.get_storage(here, top[0])
            original = state.accounts.get_storage(here, top[0], from_journal=False)
        elif op in {0x31, 0x3B, 0x3C, 0x3F} and top:
            cold = not state.is_address_warm(address_of(top[0]))
        elif op in _CALLS and len(top) > 1:
            cold = not state.is_address_warm(address_of(top[1]))
            empty = state.account_is_empty(address_of(top[1]))
        elif op == 0xFF and top:
            cold = not state.is_address_warm(address_of(top[0]))
            empty = state.account_is_empty(address_of(top[0]))
            rich = state.get_balance(here) > 0
        return Before(
            op, self._gas_meter.gas_remaining, top, len(values), len(self._memory._bytes),  # noqa: SLF001
            cold, empty, rich, current, original,
        )  # fmt: skip

    def held(self, offset: int, size: int) -> bytes:
        """Return *size* bytes of memory from *offset* on, zeros where there is none yet."""
        memory = self._memory._bytes  # noqa: SLF001
        return bytes(memory[offset : offset + size]).ljust(size, b"\0") if size else b""


def address_of(word: int) -> bytes:
    """Return the address that a *word* of the stack names."""
    return word.to_bytes(32, "big")[12:]


def _kind(message: Any, parent: Any) -> str:
    if parent is None:
        return "CREATE" if message.is_create else "CALL"
    name: str = NAMES[parent.op]
    return name


class CallWatch(Watch):
    """Gathers the tree of messages; *root* is the whole."""

    def __init__(self) -> None:
        self.root: Frame | None = None
        self._open: list[Frame] = []
        self._going: tuple[bytes, bytes, int] | None = None

    def enter(self, kind: str, message: Any, parent: Any) -> None:
        """Open a frame."""
        create = message.is_create
        self._open.append(
            Frame(
                kind,
                message.sender if parent is None else parent.msg.storage_address,
                message.storage_address if create else message.code_address,
                None if kind == "STATICCALL" else message.value,
                message.gas,
                bytes(message.code if create else message.data),
            )
        )

    def leave(self, done: Any) -> None:
        """Close it."""
        frame = self._open.pop()
        frame.used = done.get_gas_used()
        frame.output = bytes(done._output)  # noqa: SLF001 - what a failed creation left, too
        if done.is_error:
            error = done.error
            frame.error = "execution reverted" if isinstance(error, Revert) else _text(error)
            frame.fault = done.fault
        self._place(frame)

    def _place(self, frame: Frame) -> None:
        if self._open:
            self._open[-1].calls.append(frame)
        else:
            self.root = frame

    def step(self, run: Any, op: int, before: Before, cost: Charge) -> None:
        """Note what is gone afterwards."""
        del cost
        run.had = len(run.children)
        if op == 0xFF and before.top:
            here = run.msg.storage_address
            self._going = here, address_of(before.top[0]), run.state.get_balance(here)

    def stepped(self, run: Any, op: int, before: Before, cost: Charge, *, failed: bool) -> None:
        """Add the messages that py-evm keeps no computation of, and logs."""
        if failed:
            return
        top = before.top
        if op == 0xFF and self._going is not None:
            sender, to, value = self._going
            self._open[-1].calls.append(Frame("SELFDESTRUCT", sender, to, value, 0, b""))
        elif 0xA0 <= op <= 0xA4:
            frame = self._open[-1]
            topics = [topic.to_bytes(32, "big") for topic in top[2 : 2 + op - 0xA0]]
            data = run.held(top[0], top[1])
            frame.logs.append((run.msg.storage_address, topics, data, len(frame.calls)))
        elif op in _CALLS | _CREATES and len(run.children) == run.had:
            self._open[-1].calls.append(_missed(run, op, before, cost))


def _missed(run: Any, op: int, before: Before, cost: Charge) -> Frame:
    """Return the message that could not begin: too deep, too poor, or its address is taken."""
    top, here = before.top, run.msg.storage_address
    deep = run.msg.depth + 1 > _DEEPEST
    if op in _CREATES:
        frame = Frame(NAMES[op], here, None, top[0], cost.passed, run.held(top[1], top[2]))
        poor = run.state.get_balance(here) < top[0]
        taken = not deep and not poor
    else:
        at = 3 if op in {0xF1, 0xF2} else 2
        value = top[2] if at == 3 else (run.msg.value if op == 0xF4 else None)
        data = run.held(top[at], top[at + 1])
        frame = Frame(NAMES[op], here, address_of(top[1]), value, cost.passed, data)
        taken = False
    if deep:
        frame.error = "max call depth exceeded"
    elif taken:
        frame.error, frame.used = "contract address collision", cost.passed
    else:
        frame.error = "insufficient balance for transfer"
    return frame


def _text(error: Exception) -> str:
    """Return what there is to say of a failure that no instruction is to blame for."""
    name = type(error).__name__
    known = {"OutOfGas": "out of gas", "ContractCreationCollision": "contract address collision"}
    return known.get(name, "precompiled contract failed")


class StepWatch(Watch):
    """Gathers the instructions as *options* have it."""

    def __init__(self, options: StepOptions) -> None:
        self.steps: list[dict[str, Any]] = []
        self._options = options
        self._storage: dict[bytes, dict[int, int]] = {}
        self._used = 0  # bytes, roughly

    def step(self, run: Any, op: int, before: Before, cost: Charge) -> None:
        """Write the instruction down."""
        options = self._options
        if len(self.steps) >= options.limit:
            return
        step: dict[str, Any] = {
            "pc": run.at,
            "op": NAMES[op],
            "gas": before.gas,
            "gasCost": cost.gas,
            "depth": run.msg.depth + 1,
        }
        if refund := run.refunds + cost.refund:
            step["refund"] = refund
        if cost.error:
            step["error"] = cost.error
        self._used += _STEP
        if options.stack:
            words = run._stack.values  # noqa: SLF001
            step["stack"] = [hex(word) for word in words]
            self._used += 32 * len(words)
        memory = run._memory._bytes  # noqa: SLF001
        if options.memory and memory:
            self._used += len(memory)
            self._fit()
            step["memory"] = [memory[at : at + 32].hex() for at in range(0, len(memory), 32)]
        if options.storage and op in {0x54, 0x55} and before.height > op - 0x54:
            seen = self._storage.setdefault(run.msg.storage_address, {})
            seen[before.top[0]] = before.current if op == 0x54 else before.top[1]
            step["storage"] = {f"{slot:064x}": f"{seen[slot]:064x}" for slot in seen}
            self._used += 64 * len(seen)
        if options.returned and run.return_data:
            step["returnData"] = "0x" + bytes(run.return_data).hex()
            self._used += len(run.return_data)
        self._fit()
        self.steps.append(step)

    def _fit(self) -> None:
        if self._used > self._options.room:
            raise self._options.too_large()


class LookWatch(Watch):
    """Gathers what instructions name that go-ethereum begins to execute, each once."""

    def __init__(self) -> None:
        self.looks: dict[Look, None] = {}

    def step(self, run: Any, op: int, before: Before, cost: Charge) -> None:
        """Note what *op* names."""
        if cost.error:
            return
        top, here = before.top, run.msg.storage_address
        if op in {0x54, 0x55}:
            self._add("slot", here, top[0])
        elif op in {0x31, 0x3B, 0x3C, 0x3F, 0xFF}:
            self._add("account", address_of(top[0]))
            if op == 0xFF:
                self._add("deleted", here)
        elif op in _CALLS:
            self._add("account", address_of(top[1]))
        elif op == 0xF0:
            self._add("created", contract_address(here, run.state.get_nonce(here)))
        elif op == 0xF5:
            code, salt = run.held(top[1], top[2]), top[3].to_bytes(32, "big")
            self._add("created", keccak(b"\xff" + here + salt + keccak(code))[12:])

    def _add(self, kind: str, address: bytes, slot: int | None = None) -> None:
        self.looks[kind, address, slot, None] = None
