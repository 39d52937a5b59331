"""One message in py-evm: its computation, with a lean stack and memory, run by traces.

py-evm's own stack holds integers and bytes by turns and checks each; this one holds integers
only, so that traces and py-evm's instructions can share it. Code that is run for the first few
times goes through py-evm's instructions one by one; after that it is translated (`pyevm_trace`).
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any, ClassVar

from eth.exceptions import ContractCreationCollision, FullStack, Halt, InsufficientStack, VMError
from eth.precompiles.modexp import extract_lengths
from eth.vm.code_stream import CodeStream
from eth.vm.forks.cancun.computation import CancunComputation
from eth.vm.gas_meter import GasMeter, allow_negative_refund_strategy
from eth.vm.logic.invalid import InvalidOpcode
from eth.vm.memory import Memory
from eth.vm.stack import Stack

from twin.chain.pyevm_program import Program, grow
from twin.chain.pyevm_trace import translate

__all__ = ["Computation"]

_HOT = 8  # runs after which a place is translated
_SELFDESTRUCT = 0xFF


@lru_cache(maxsize=1024)
def _program(code: bytes) -> Program:
    """Return the program of *code*, the same for every contract and run that has it."""
    return Program(code)


class _Stack(Stack):  # type: ignore[misc]  # py-evm ships no types
    """A stack of integers."""

    def push_int(self, value: int) -> None:
        if len(self.values) > 1023:
            raise FullStack("1024 items")
        self.values.append(value)

    def push_bytes(self, value: bytes) -> None:
        self.push_int(int.from_bytes(value, "big"))

    def pop1_int(self) -> int:
        if not self.values:
            raise InsufficientStack("no item")
        value: int = self.values.pop()
        return value

    def pop1_any(self) -> int:
        return self.pop1_int()

    def pop1_bytes(self) -> bytes:
        value = self.pop1_int()
        return value.to_bytes((value.bit_length() + 7) // 8 or 1, "big")

    def pop_ints(self, num_items: int) -> tuple[int, ...]:
        values = self.values
        if num_items > len(values):
            raise InsufficientStack(f"{len(values)} items, {num_items} wanted")
        found = tuple(values[: -num_items - 1 : -1])
        del values[-num_items:]
        return found

    def pop_any(self, num_items: int) -> tuple[int, ...]:
        return self.pop_ints(num_items)


class _Memory(Memory):  # type: ignore[misc]
    """Memory whose bytes stay the same object, so that a trace can hold on to it."""

    def extend(self, start_position: int, size: int) -> None:
        if size:
            short = ((start_position + size + 31) & ~31) - len(self._bytes)
            if short > 0:
                self._bytes.extend(bytes(short))

    def write(self, start_position: int, size: int, value: bytes) -> None:
        if size:
            self._bytes[start_position : start_position + size] = value

    def copy(self, destination: int, source: int, length: int) -> None:
        if length:
            self._bytes[destination : destination + length] = self._bytes[source : source + length]


class _Code(CodeStream):  # type: ignore[misc]
    """A position in a program, for the instructions that read or move it."""

    def __init__(self, program: Program) -> None:
        super().__init__(program.code)
        self.program = program

    def is_valid_opcode(self, position: int) -> bool:
        return position in self.program.destinations


def _modexp(computation: Any) -> Any:
    """Run py-evm's MODEXP (EIP-198), but for a base of length 0, which it takes for a result of 0.

    An empty base is the number 0, and 0 ** 0 is 1.
    """
    _THEIR_MODEXP(computation)
    data = computation.msg.data_as_bytes
    base, exponent, modulus = extract_lengths(data)
    if base == 0 < modulus:
        numbers = data[96:].ljust(exponent + modulus, b"\0")
        power = int.from_bytes(numbers[:exponent], "big")
        divisor = int.from_bytes(numbers[exponent : exponent + modulus], "big")
        result = pow(0, power, divisor) if divisor else 0
        computation.output = result.to_bytes(modulus, "big")
    return computation


_MODEXP = bytes(19) + b"\x05"
_THEIR_MODEXP = CancunComputation.get_precompiles()[_MODEXP]


class Computation(CancunComputation):  # type: ignore[misc]
    """py-evm's Cancun computation of one message."""

    # py-evm warns of SELFDESTRUCT's deprecation at every use; what it wraps does not.
    opcodes: ClassVar[dict[int, Any]] = {
        **CancunComputation.opcodes,
        _SELFDESTRUCT: CancunComputation.opcodes[_SELFDESTRUCT].__wrapped__,
    }
    _precompiles: ClassVar[dict[bytes, Any]] = {
        **CancunComputation.get_precompiles(),
        _MODEXP: _modexp,
    }

    def __init__(self, state: Any, message: Any, transaction_context: Any) -> None:
        """Set what py-evm's constructor sets, with our stack, memory and code.

        The coinbase is warm from the transaction on (EIP-3651): the engine saw to it.
        """
        self.state, self.msg, self.transaction_context = state, message, transaction_context
        self.code = _Code(_program(message.code))
        self._gas_meter = GasMeter(message.gas, allow_negative_refund_strategy)
        self._stack, self._memory = _Stack(), _Memory()
        self.children: list[Any] = []
        self.accounts_to_delete: list[bytes] = []
        self.beneficiaries: list[bytes] = []
        self._log_entries: list[Any] = []
        self.data_floor_cost = 0

    def extend_memory(self, start_position: int, size: int) -> None:
        """Extend memory to *size* bytes at *start_position* and charge for it."""
        memory = self._memory._bytes  # noqa: SLF001
        if size and len(memory) < start_position + size:
            meter = self._gas_meter
            meter.gas_remaining = grow(memory, start_position + size, meter.gas_remaining)

    @classmethod
    def top(cls, state: Any, message: Any, context: Any) -> Any:
        """Run *message* as a transaction's own, creation included."""
        if not message.is_create:
            return cls.apply_message(state, message, context)
        if state.has_code_or_nonce(message.storage_address):
            computation = cls(state, message, context)
            computation.error = ContractCreationCollision("the address is taken (EIP-684)")
            return computation
        return cls.apply_create_message(state, message, context)

    @classmethod
    def apply_computation(
        cls, state: Any, message: Any, transaction_context: Any, parent_computation: Any = None
    ) -> Any:
        """Run *message* to its end, as py-evm's method of this name does."""
        with cls(state, message, transaction_context) as computation:
            if parent_computation is None:
                computation.contracts_created = []
                if message.is_create:  # for CREATE and CREATE2 the instruction charges it
                    cls.consume_initcode_gas_cost(computation)
            else:
                computation.contracts_created = parent_computation.contracts_created
            if message.is_create:
                computation.contracts_created.append(message.storage_address)
            precompile = computation.precompiles.get(message.code_address)
            if precompile is not None:
                precompile(computation)
            elif message.code:
                computation.run()
        return computation

    def run(self) -> None:
        """Run the code: places that are hot by their trace, others one instruction at a time."""
        program: Program = self.code.program
        traces, heat = program.traces, program.heat
        meter, stack, memory = self._gas_meter, self._stack.values, self._memory._bytes  # noqa: SLF001
        at = 0
        try:
            while at >= 0:
                trace = traces.get(at)
                if trace is not None:
                    at = trace(self, meter, stack, memory)
                    continue
                heat[at] = heat.get(at, 0) + 1
                if heat[at] > _HOT:
                    traces[at] = translate(program, at, self.opcodes)
                else:
                    at = self.walk(at)
        except Halt:
            pass

    def walk(self, at: int) -> int:
        """Run one instruction at a time from *at* to the next jump; return where it went."""
        code, opcodes = self.code, self.opcodes
        code.program_counter = at
        for instruction in code:
            opcode = opcodes.get(instruction) or InvalidOpcode(instruction)
            opcode(computation=self)
            if 0x56 <= instruction <= 0x57:
                return int(code.program_counter)
        return -1

    def last(self, instruction: int) -> int:
        """Run an *instruction* that ends the message: SELFDESTRUCT, or one that is undefined."""
        opcode = self.opcodes.get(instruction) or InvalidOpcode(instruction)
        opcode(computation=self)
        raise VMError(f"instruction {instruction:#x} did not end the message")
