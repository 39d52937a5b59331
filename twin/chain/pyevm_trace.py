"""Hot bytecode as Python functions: the reference engine's way to be fast enough to use.

py-evm looks up, calls and charges each instruction by itself: 2 microseconds each, 3,400 for a
swap. Code that keeps being run is translated once into Python source, a *trace* at a time, and
compiled. A trace starts at a jump destination and follows the code through jumps whose target is
known; it leaves where a branch is taken that it does not follow. Inside, the stack is local
variables, constants are folded, and gas is charged in sums.

Only pure instructions are written here. Everything with state, calls or logs is py-evm's own
function, called with the stack, memory and gas meter brought up to date. Charging late is exact:
within a trace an exceptional halt undoes the message and burns all gas wherever it strikes, and
whatever can see the gas left (GAS, SSTORE, calls) is charged up to itself first.
"""

from __future__ import annotations

import builtins
from collections.abc import Callable, Mapping
from typing import Any

from eth.exceptions import InsufficientStack, InvalidJumpDestination, OutOfGas, Revert

from twin.chain.codec import keccak, keccak_small
from twin.chain.pyevm_program import JUMP, JUMPI, MEMORY_LIMIT, Program, grow

__all__ = ["translate"]

_MASK = (1 << 256) - 1
_LONGEST = 256  # instructions in one trace
_SMALL = 128  # bytes whose hash is worth keeping: storage slots are hashes of 64

Operand = str | int

_ENDS = {0x00, 0xF3, 0xFD}

# Instruction to (number of operands, expression); {0} is the top of the stack. Pure.
_PURE: dict[int, tuple[int, str]] = {
    0x01: (2, "({0} + {1}) & MASK"),
    0x02: (2, "({0} * {1}) & MASK"),
    0x03: (2, "({0} - {1}) & MASK"),
    0x04: (2, "{0} // {1} if {1} else 0"),
    0x06: (2, "{0} % {1} if {1} else 0"),
    0x08: (3, "({0} + {1}) % {2} if {2} else 0"),
    0x09: (3, "({0} * {1}) % {2} if {2} else 0"),
    0x10: (2, "1 if {0} < {1} else 0"),
    0x11: (2, "1 if {0} > {1} else 0"),
    0x12: (2, "1 if {0} ^ SIGN < {1} ^ SIGN else 0"),
    0x13: (2, "1 if {0} ^ SIGN > {1} ^ SIGN else 0"),
    0x14: (2, "1 if {0} == {1} else 0"),
    0x15: (1, "0 if {0} else 1"),
    0x16: (2, "{0} & {1}"),
    0x17: (2, "{0} | {1}"),
    0x18: (2, "{0} ^ {1}"),
    0x19: (1, "{0} ^ MASK"),
    0x1B: (2, "({1} << {0}) & MASK if {0} < 256 else 0"),
    0x1C: (2, "{1} >> {0} if {0} < 256 else 0"),
}

# Instruction to an expression over the computation `c`, its message `msg` and environment `env`.
_READ: dict[int, str] = {
    0x30: "number(msg.storage_address, 'big')",
    0x32: "number(c.transaction_context.origin, 'big')",
    0x33: "number(msg.sender, 'big')",
    0x34: "msg.value",
    0x36: "len(msg.data)",
    0x38: "len(msg.code)",
    0x3A: "c.transaction_context.gas_price",
    0x3D: "len(c.return_data)",
    0x41: "number(env.coinbase, 'big')",
    0x42: "env.timestamp",
    0x43: "env.block_number",
    0x44: "number(env.mix_hash, 'big')",
    0x45: "env.gas_limit",
    0x46: "env.chain_id",
    0x48: "env.base_fee_per_gas",
}

# What py-evm does: instruction to (operands taken, results left).
_THEIRS: dict[int, tuple[int, int]] = {
    **dict.fromkeys((0x05, 0x07, 0x0A, 0x0B, 0x1A, 0x1D), (2, 1)),
    **dict.fromkeys((0x31, 0x3B, 0x3F, 0x40, 0x49, 0x5C), (1, 1)),
    **dict.fromkeys((0x37, 0x39, 0x3E, 0x5E), (3, 0)),
    **dict.fromkeys((0x47, 0x4A, 0x59), (0, 1)),
    **dict.fromkeys((0x53, 0x55, 0x5D), (2, 0)),
    **{0xA0 + topics: (2 + topics, 0) for topics in range(5)},
    0x3C: (4, 0),
    0xF0: (3, 1),
    0xF1: (7, 1),
    0xF2: (7, 1),
    0xF4: (6, 1),
    0xF5: (4, 1),
    0xFA: (6, 1),
}


def _leap(target: int, valid: frozenset[int]) -> int:
    """Return *target* if it is a jump destination."""
    if target not in valid:
        raise InvalidJumpDestination(f"a jump to {target}")
    return target


def _hash(data: bytes) -> int:
    digest = keccak_small(data) if len(data) <= _SMALL else keccak(data)
    return int.from_bytes(digest, "big")


_NAMES: dict[str, object] = {
    "MASK": _MASK,
    "SIGN": 1 << 255,
    "OutOfGas": OutOfGas,
    "Revert": Revert,
    "StackError": InsufficientStack,
    "grow": grow,
    "hash32": _hash,
    "leap": _leap,
    "number": int.from_bytes,
}


def translate(program: Program, start: int, opcodes: Mapping[int, Any]) -> Callable[..., int]:
    """Return the trace of *program* from *start*: f(computation, meter, stack, memory) -> next.

    It returns where to go on, or -1 where the message has ended. *opcodes* are py-evm's.
    """
    source = _Writer(program, opcodes).write(start)
    names: dict[str, object] = {
        **_NAMES,
        "VALID": program.destinations,
        "OPS": {code: opcodes[code] for code in _THEIRS},
        "SLOAD": opcodes[0x54],
    }
    exec(builtins.compile(source, f"<trace {start}>", "exec"), names)  # noqa: S102 - our own source
    return names["trace"]  # type: ignore[return-value]


class _Writer:
    """Writes one trace.

    *stack* are the operands as the trace sees the top of the stack, *below* what the real stack
    holds in those places; the difference is written where the trace leaves or calls py-evm.
    """

    def __init__(self, program: Program, opcodes: Mapping[int, Any]) -> None:
        self.program, self.opcodes = program, opcodes
        self.lines: list[str] = []
        self.stack: list[Operand] = []
        self.below: list[Operand] = []
        self.names = 0
        self.gas = 0  # not yet charged
        self.size = 0  # bytes that memory surely has
        # Stack bounds, relative to the stack as last measured, and as last tested.
        self.deepest = self.highest = self.tested_deep = self.tested_high = 0
        self.level = 0
        self.gate = -1  # the line that tests the bounds of the present segment

    # -- writing

    def emit(self, line: str) -> None:
        self.lines.append(line)

    def name(self, expression: str) -> str:
        """Assign *expression* to a new variable and return its name."""
        self.names += 1
        name = f"v{self.names}"
        self.emit(f"{name} = {expression}")
        return name

    def open_gate(self) -> None:
        """Start a segment: between two ways out, the stack's bounds are tested once."""
        self.gate = len(self.lines)
        self.emit("")

    def close_gate(self) -> None:
        if self.deepest > self.tested_deep or self.highest > self.tested_high:
            self.tested_deep, self.tested_high = self.deepest, self.highest
            test = f"if not {self.deepest} <= n <= {1024 - self.highest}: raise StackError"
            self.lines[self.gate] = test

    def charge(self, extra: str = "") -> None:
        """Charge what is due, and *extra*, an expression."""
        if self.gas or extra:
            self.emit(
                f"g -= {' + '.join(filter(None, (extra, str(self.gas) if self.gas else '')))}"
            )
            self.emit("if g < 0: raise OutOfGas")
            self.gas = 0

    def settled(self) -> list[str]:
        """Return the lines that bring the real stack up to date."""
        same = 0
        while same < min(len(self.stack), len(self.below)) and self.stack[same] == self.below[same]:
            same += 1
        gone, new = len(self.below) - same, self.stack[same:]
        items = ", ".join(map(str, new))
        if gone:
            return [f"s[-{gone}:] = ({items},)" if new else f"del s[-{gone}:]"]
        return [f"s.append({items})" if len(new) == 1 else f"s += ({items})"] if new else []

    # -- the stack

    def need(self, count: int) -> None:
        """Have at least *count* operands in hand."""
        while len(self.stack) < count:
            depth = len(self.below) + 1
            operand = self.name(f"s[-{depth}]")
            self.below.insert(0, operand)
            self.stack.insert(0, operand)

    def reach(self, depth: int) -> None:
        """Note that the next instruction reads *depth* deep."""
        self.deepest = max(self.deepest, depth - self.level)

    def pop(self) -> Operand:
        self.reach(1)
        self.need(1)
        self.level -= 1
        return self.stack.pop()

    def push(self, operand: Operand) -> None:
        self.level += 1
        self.highest = max(self.highest, self.level)
        self.stack.append(operand)

    # -- instructions

    def write(self, start: int) -> str:
        """Return the source of the trace from *start*."""
        self.emit("g = meter.gas_remaining; n = len(s); msg = c.msg; d = msg.data")
        self.emit("env = c.state.execution_context")
        self.open_gate()
        at: int | None = start
        seen: set[int] = set()
        count = 0
        while at is not None:
            if at >= len(self.program.code):
                self.stop()
                break
            if at in seen or count >= _LONGEST:
                self.leave(at)
                break
            seen.add(at)
            count += 1
            at = self.instruction(at, self.program.code[at])
        self.close_gate()
        return "def trace(c, meter, s, m):\n" + "\n".join(
            "    " + line for line in self.lines if line
        )

    def instruction(self, at: int, code: int) -> int | None:
        """Write the instruction at *at*; return where the trace goes on, None where it ends."""
        following = at + (code - 0x5E if 0x60 <= code <= 0x7F else 1)
        opcode = self.opcodes.get(code)
        if opcode is None or code == 0xFF:  # undefined, or SELFDESTRUCT
            self.leave_to(code)
            return None
        if code in _THEIRS:
            self.theirs(code)
            return following
        self.gas += opcode.gas_cost
        if code == JUMP:
            return self.jump(self.pop())
        if code == JUMPI:
            return self.branch(following)
        if code in _ENDS:
            self.end(code)
            return None
        self.simple(at, code)
        return following

    def simple(self, at: int, code: int) -> None:  # noqa: C901, PLR0912 - an arm for each kind
        """Write an instruction that goes straight on."""
        if 0x5F <= code <= 0x7F:
            self.push(self.program.pushed(at) if code > 0x5F else 0)
        elif 0x80 <= code <= 0x8F:
            depth = code - 0x7F
            self.reach(depth)
            self.need(depth)
            self.push(self.stack[-depth])
        elif 0x90 <= code <= 0x9F:
            depth = code - 0x8E
            self.reach(depth)
            self.need(depth)
            stack = self.stack
            stack[-1], stack[-depth] = stack[-depth], stack[-1]
        elif code in _PURE:
            self.pure(*_PURE[code])
        elif code in _READ:
            self.push(self.name(_READ[code]))
        elif code == 0x50:
            self.pop()
        elif code == 0x51:
            at_byte = self.memory(self.pop(), 32)
            self.push(self.name(f"number(m[{at_byte}], 'big')"))
        elif code == 0x52:
            offset, value = self.pop(), self.pop()
            self.emit(f"m[{self.memory(offset, 32)}] = ({value}).to_bytes(32, 'big')")
        elif code == 0x20:
            self.keccak()
        elif code == 0x35:
            offset = self.pop()
            self.push(self.name(f"number(d[{offset}:{offset} + 32].ljust(32, b'\\0'), 'big')"))
        elif code == 0x54:
            self.sload()
        elif code == 0x58:
            self.push(at)
        elif code == 0x5A:
            self.charge()
            self.push(self.name("g"))

    def pure(self, count: int, expression: str) -> None:
        """Write an expression, or fold it where all operands are constants."""
        operands = [self.pop() for _ in range(count)]
        text = expression.format(*operands)
        if all(isinstance(operand, int) for operand in operands):
            self.push(int(eval(text, {"MASK": _MASK, "SIGN": 1 << 255})))  # noqa: S307
        else:
            self.push(self.name(text.replace("MASK", hex(_MASK)).replace("SIGN", hex(1 << 255))))

    def memory(self, offset: Operand, size: int) -> str:
        """Have memory for *size* bytes at *offset*; return the slice."""
        end = offset + size if isinstance(offset, int) else f"{offset} + {size}"
        if isinstance(end, str) or end > self.size:
            self.emit(f"if len(m) < {end}: g = grow(m, {end}, g)")
            if isinstance(end, int) and end <= MEMORY_LIMIT:
                self.size = end
        return f"{offset}:{end}"

    def keccak(self) -> None:
        offset, size = self.pop(), self.pop()
        if isinstance(size, int) and size:
            self.gas += 6 * ((size + 31) // 32)
            if isinstance(offset, int):
                where = self.memory(offset, size)
            else:
                where = f"{offset}:{self.name(f'{offset} + {size}')}"
                end = where.partition(":")[2]
                self.emit(f"if len(m) < {end}: g = grow(m, {end}, g)")
        else:
            end = self.name(f"{offset} + {size}")
            self.emit(f"if {size} and len(m) < {end}: g = grow(m, {end}, g)")
            self.charge(f"6 * (({size} + 31) // 32)")
            where = f"{offset}:{end}" if size else "0:0"
        self.push(self.name(f"hash32(bytes(m[{where}]))"))

    def sload(self) -> None:
        slot = self.pop()
        address = "msg.storage_address"
        self.charge(f"(2100 if c.state.warm_up(({address}, {slot})) else 100)")
        self.push(self.name(f"c.state.get_storage({address}, {slot})"))

    def theirs(self, code: int) -> None:
        """Call py-evm's function for *code*, which charges for itself."""
        taken, left = _THEIRS[code]
        self.reach(taken)
        self.need(taken)
        self.charge()
        for line in self.settled():
            self.emit(line)
        self.emit(f"meter.gas_remaining = g; OPS[{code}](c); g = meter.gas_remaining")
        if taken:
            del self.stack[-taken:]
        self.level -= taken
        self.below = list(self.stack)
        for _ in range(left):
            operand = self.name("s[-1]")
            self.push(operand)
            self.below.append(operand)

    # -- ways out

    def out(self, *lines: str) -> list[str]:
        """Return the lines of a way out: stack and gas up to date, then *lines*."""
        return [*self.settled(), "meter.gas_remaining = g", *lines]

    def leave(self, target: Operand) -> None:
        """Leave the trace for *target*, a place that is known to be good."""
        self.charge()
        for line in self.out(f"return {target}"):
            self.emit(line)

    def leave_to(self, code: int) -> None:
        """Leave the trace by an instruction that ends the message in py-evm's way."""
        if code == 0xFF:
            self.reach(1)
        self.charge()
        for line in self.out(f"c.last({code})"):
            self.emit(line)

    def stop(self) -> None:
        self.charge()
        self.emit("meter.gas_remaining = g")
        self.emit("return -1")

    def jump(self, target: Operand) -> int | None:
        if not isinstance(target, int):
            self.charge()
            for line in self.out(f"return leap({target}, VALID)"):
                self.emit(line)
            return None
        if target not in self.program.destinations:
            self.emit(f"leap({target}, VALID)")
            return None
        return target

    def branch(self, following: int) -> int | None:
        """Write a JUMPI; go on along the side that does not fail at once."""
        target, condition = self.pop(), self.pop()
        if isinstance(condition, int):
            return self.jump(target) if condition else following
        self.charge()
        known = isinstance(target, int) and target in self.program.destinations
        swap = known and self.program.fails(following)
        self.close_gate()
        exit_to = f"return {following if swap else target}"
        if not swap and not known:
            exit_to = f"return leap({target}, VALID)"
        self.emit(f"if {'not ' if swap else ''}{condition}:")
        for line in self.out(exit_to):
            self.emit("    " + line)
        self.open_gate()
        return int(target) if swap else following

    def end(self, code: int) -> None:
        """Write STOP, RETURN or REVERT."""
        if code == 0x00:
            self.stop()
            return
        offset, size = self.pop(), self.pop()
        end = self.name(f"{offset} + {size}")
        self.emit(f"if {size} and len(m) < {end}: g = grow(m, {end}, g)")
        self.charge()
        output = f"bytes(m[{offset}:{end}]) if {size} else b''"
        self.emit(f"meter.gas_remaining = g; c._output = {output}")
        self.emit("return -1" if code == 0xF3 else "raise Revert(c._output)")
