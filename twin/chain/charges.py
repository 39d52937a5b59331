"""What go-ethereum charges for an instruction, and why it refuses one: Cancun, before it runs.

A trace shows each instruction with its whole cost, and one that cannot be paid with what it would
have cost. An engine knows the first from the gas that is left, and the second not at all: each has
an order of its own in which it charges, and stops on the way. So what a trace says of an
instruction follows from this: the rules of go-ethereum's interpreter in its order (stack, constant
part, memory, the rest) over what the instruction found. Sources: the yellow paper, EIP-150, 2200,
2929, 3529, 3860, 6780; the texts are go-ethereum's, word for word.
"""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["NAMES", "Before", "Charge", "charge", "ended_by"]

_WORD, _NUMBER, _LIMIT = 32, 1 << 64, 1024
_MOST_MEMORY = 0x1FFFFFFFE0  # bytes: more would overflow the square of its words
_COLD_ACCOUNT, _COLD_SLOT, _WARM = 2600, 2100, 100  # EIP-2929
_VALUE, _NEW_ACCOUNT, _STIPEND = 9000, 25_000, 2300
_SET, _RESET, _CLEARED, _SENTRY = 20_000, 2900, 4800, 2300  # EIP-2200, EIP-3529
_INITCODE_LIMIT = 49_152  # EIP-3860

_ACCOUNTS = {0x31, 0x3B, 0x3C, 0x3F}
_CALLS = {0xF1, 0xF2, 0xF4, 0xFA}
_WRITES = {0x55, 0x5D, 0xA0, 0xA1, 0xA2, 0xA3, 0xA4, 0xF0, 0xF1, 0xF5, 0xFF}

_TABLE = """
00 STOP 0 0 0|01 ADD 2 1 3|02 MUL 2 1 5|03 SUB 2 1 3|04 DIV 2 1 5|05 SDIV 2 1 5|06 MOD 2 1 5
07 SMOD 2 1 5|08 ADDMOD 3 1 8|09 MULMOD 3 1 8|0a EXP 2 1 0|0b SIGNEXTEND 2 1 5
10 LT 2 1 3|11 GT 2 1 3|12 SLT 2 1 3|13 SGT 2 1 3|14 EQ 2 1 3|15 ISZERO 1 1 3|16 AND 2 1 3
17 OR 2 1 3|18 XOR 2 1 3|19 NOT 1 1 3|1a BYTE 2 1 3|1b SHL 2 1 3|1c SHR 2 1 3|1d SAR 2 1 3
20 KECCAK256 2 1 30
30 ADDRESS 0 1 2|31 BALANCE 1 1 100|32 ORIGIN 0 1 2|33 CALLER 0 1 2|34 CALLVALUE 0 1 2
35 CALLDATALOAD 1 1 3|36 CALLDATASIZE 0 1 2|37 CALLDATACOPY 3 0 3|38 CODESIZE 0 1 2
39 CODECOPY 3 0 3|3a GASPRICE 0 1 2|3b EXTCODESIZE 1 1 100|3c EXTCODECOPY 4 0 100
3d RETURNDATASIZE 0 1 2|3e RETURNDATACOPY 3 0 3|3f EXTCODEHASH 1 1 100
40 BLOCKHASH 1 1 20|41 COINBASE 0 1 2|42 TIMESTAMP 0 1 2|43 NUMBER 0 1 2|44 DIFFICULTY 0 1 2
45 GASLIMIT 0 1 2|46 CHAINID 0 1 2|47 SELFBALANCE 0 1 5|48 BASEFEE 0 1 2|49 BLOBHASH 1 1 3
4a BLOBBASEFEE 0 1 2
50 POP 1 0 2|51 MLOAD 1 1 3|52 MSTORE 2 0 3|53 MSTORE8 2 0 3|54 SLOAD 1 1 0|55 SSTORE 2 0 0
56 JUMP 1 0 8|57 JUMPI 2 0 10|58 PC 0 1 2|59 MSIZE 0 1 2|5a GAS 0 1 2|5b JUMPDEST 0 0 1
5c TLOAD 1 1 100|5d TSTORE 2 0 100|5e MCOPY 3 0 3|5f PUSH0 0 1 2
a0 LOG0 2 0 0|a1 LOG1 3 0 0|a2 LOG2 4 0 0|a3 LOG3 5 0 0|a4 LOG4 6 0 0
f0 CREATE 3 1 32000|f1 CALL 7 1 100|f2 CALLCODE 7 1 100|f3 RETURN 2 0 0|f4 DELEGATECALL 6 1 100
f5 CREATE2 4 1 32000|fa STATICCALL 6 1 100|fd REVERT 2 0 0|ff SELFDESTRUCT 1 0 5000
"""  # instruction, name, words taken, words given, constant gas

# Instruction to (operand with the offset, operand with the size), whose memory it needs.
_MEMORY: dict[int, tuple[tuple[int, int], ...]] = {
    **dict.fromkeys((0x20, 0xF3, 0xFD, 0xA0, 0xA1, 0xA2, 0xA3, 0xA4), ((0, 1),)),
    **dict.fromkeys((0x37, 0x39, 0x3E), ((0, 2),)),
    **dict.fromkeys((0xF0, 0xF5), ((1, 2),)),
    **dict.fromkeys((0xF1, 0xF2), ((5, 6), (3, 4))),
    **dict.fromkeys((0xF4, 0xFA), ((4, 5), (2, 3))),
    0x3C: ((1, 3),),
}
_FIXED_MEMORY = {0x51: 32, 0x52: 32, 0x53: 1}
_COPIED = {0x37: 2, 0x39: 2, 0x3C: 3, 0x3E: 2, 0x5E: 2}  # the operand with the size


def _rows() -> dict[int, tuple[str, int, int, int]]:
    """Return name, words taken, words given and constant gas of each instruction."""
    found: dict[int, tuple[str, int, int, int]] = {}
    for row in _TABLE.replace("\n", "|").split("|"):
        if row:
            code, name, taken, given, gas = row.split()
            found[int(code, 16)] = (name, int(taken), int(given), int(gas))
    for size in range(1, 33):
        found[0x5F + size] = (f"PUSH{size}", 0, 1, 3)
    for depth in range(1, 17):
        found[0x7F + depth] = (f"DUP{depth}", depth, depth + 1, 3)
        found[0x8F + depth] = (f"SWAP{depth}", depth + 1, depth + 1, 3)
    return found


_ROWS = _rows()


def _name(code: int) -> str:
    if code == 0xFE:
        return "INVALID"
    row = _ROWS.get(code)
    return f"opcode {code:#x} not defined" if row is None else row[0]


NAMES = tuple(map(_name, range(256)))
"""go-ethereum's names of the 256 instructions, PREVRANDAO under its old one as there."""


@dataclass(frozen=True, slots=True)
class Before:
    """What the instruction *op* found: *gas*, the *top* of a stack of *height*, *memory* in bytes.

    *cold*: the account or slot that it names was not seen yet. *empty*: that account is (EIP-161).
    *rich*: the running contract has a balance. *current* and *original* are the slot's values, now
    and when the transaction began; *top* holds at least the instruction's operands, topmost first.
    """

    op: int
    gas: int
    top: tuple[int, ...]
    height: int
    memory: int
    cold: bool = False
    empty: bool = False
    rich: bool = False
    current: int = 0
    original: int = 0


@dataclass(frozen=True, slots=True)
class Charge:
    """What an instruction costs in *gas*, what it adds to the *refund* and *passed* to a message.

    *error* says why it does not run, or nothing. *gas* is then what was counted up to there.
    """

    gas: int
    error: str = ""
    refund: int = 0
    passed: int = 0


class _Overflow(Exception):
    """A number of gas beyond 64 bits."""


def charge(before: Before) -> Charge:
    """Return what the instruction costs, or why go-ethereum does not begin to execute it."""
    row = _ROWS.get(before.op)
    if row is None:
        return Charge(0)
    constant = row[3]
    error = _misfit(before.height, row[1], row[2])
    if error or before.gas < constant:
        return Charge(constant, error or "out of gas")
    try:
        size = _memory_size(before)
    except _Overflow:
        return Charge(constant, "gas uint64 overflow")
    try:
        rest = _rest(before, before.gas - constant, size)
    except _Overflow:
        rest = Charge(0, "gas uint64 overflow")
    gas, error = constant + rest.gas, f"out of gas: {rest.error}" if rest.error else ""
    if gas > before.gas:
        error = error or "out of gas"
    return Charge(gas, error, rest.refund, rest.passed)


def _misfit(height: int, taken: int, given: int) -> str:
    """Return what is wrong with a stack of *height* for words *taken* and *given*, or nothing."""
    if height < taken:
        return f"stack underflow ({height} <=> {taken})"
    limit = _LIMIT + taken - given
    return f"stack limit reached {height} ({limit})" if height > limit else ""


def ended_by(op: int) -> str:
    """Return why the instruction *op*, which could be paid, failed as it was executed.

    There is one reason for each: that is why the engines need not be asked.
    """
    if op in {0x56, 0x57}:
        return "invalid jump destination"
    if op == 0x3E:
        return "return data out of bounds"
    if op == 0xFD:
        return "execution reverted"
    return "write protection" if op in _WRITES else f"invalid opcode: {NAMES[op]}"


def _memory_size(before: Before) -> int:
    """Return the bytes of memory that the instruction needs, in whole words; 0: any will do."""
    op, top = before.op, before.top
    if op in _FIXED_MEMORY:
        areas = [(top[0], _FIXED_MEMORY[op])]
    elif op == 0x5E:
        areas = [(max(top[0], top[1]), top[2])]
    else:
        areas = [(top[at], top[size]) for at, size in _MEMORY.get(op, ())]
    size = 0
    for offset, length in areas:
        if length:
            if length >= _NUMBER or offset + length >= _NUMBER:
                raise _Overflow
            size = max(size, offset + length)
    size = (size + _WORD - 1) // _WORD * _WORD
    if size >= _NUMBER:
        raise _Overflow
    return size


def _memory_gas(before: Before, size: int) -> int:
    """Return what it costs to have *size* bytes of memory."""
    if size > _MOST_MEMORY:
        raise _Overflow
    if size <= before.memory:
        return 0
    return _whole(size // _WORD) - _whole(before.memory // _WORD)


def _whole(words: int) -> int:
    return 3 * words + words * words // 512


def _words(size: int) -> int:
    """Return how many words hold *size* bytes."""
    if size >= _NUMBER:
        raise _Overflow
    return (size + _WORD - 1) // _WORD


def _rest(before: Before, left: int, size: int) -> Charge:
    """Return the part of the cost that is not constant, where *left* is what is left for it."""
    op = before.op
    if op in _CALLS:
        return _call(before, left, size)
    if op == 0x55:
        return _sstore(before, left)
    memory = _memory_gas(before, size)
    if op in {0xF0, 0xF5}:
        return _create(before, left, memory)
    return Charge(memory + _own(before))


def _own(before: Before) -> int:
    """Return what an instruction costs beside memory and its constant part."""
    op, top = before.op, before.top
    gas = 0
    if op in _COPIED:
        gas = 3 * _words(top[_COPIED[op]])
    elif op == 0x20:
        gas = 6 * _words(top[1])
    elif op == 0x0A:
        gas = 10 + 50 * ((top[1].bit_length() + 7) // 8)
    elif op == 0x54:
        gas = _COLD_SLOT if before.cold else _WARM
    elif op == 0xFF:
        gas = _NEW_ACCOUNT if before.empty and before.rich else 0
        return gas + (_COLD_ACCOUNT if before.cold else 0)
    elif 0xA0 <= op <= 0xA4:
        gas = _log(op, top[1])
    return gas + (_COLD_ACCOUNT - _WARM if op in _ACCOUNTS and before.cold else 0)


def _log(op: int, length: int) -> int:
    if 8 * length >= _NUMBER:
        raise _Overflow
    return 375 * (op - 0x9F) + 8 * length


def _create(before: Before, left: int, memory: int) -> Charge:
    """Return the cost of CREATE or CREATE2, and the 63/64 that are passed on (EIP-150)."""
    length = before.top[2]
    if length > _INITCODE_LIMIT:
        if length >= _NUMBER:
            raise _Overflow
        return Charge(0, f"max initcode size exceeded: size {length}")
    gas = memory + (8 if before.op == 0xF5 else 2) * _words(length)
    rest = max(0, left - gas)
    return Charge(gas, passed=rest - rest // 64)


def _call(before: Before, left: int, size: int) -> Charge:
    """Return the cost of a call with what it passes on, which is part of it."""
    top, extra = before.top, 0
    if before.cold:
        extra = _COLD_ACCOUNT - _WARM
        if left < extra:
            return Charge(0, "out of gas")
        left -= extra
    gives = before.op in {0xF1, 0xF2} and top[2] != 0
    base = _memory_gas(before, size) + (_VALUE if gives else 0)
    if gives and before.op == 0xF1 and before.empty:
        base += _NEW_ACCOUNT
    # As in go-ethereum, what is left may wrap around here; the sum then shows that it is short.
    rest = (left - base) % _NUMBER
    passed = min(rest - rest // 64, top[0])
    if base + passed >= _NUMBER or base + passed + extra >= _NUMBER:
        raise _Overflow
    return Charge(base + passed + extra, passed=passed + (_STIPEND if gives else 0))


def _sstore(before: Before, left: int) -> Charge:
    """Return the cost of SSTORE with its refund (EIP-2200, as EIP-2929 and EIP-3529 have it)."""
    if left <= _SENTRY:
        return Charge(0, "not enough gas for reentrancy sentry")
    new, now, original = before.top[1], before.current, before.original
    cold = _COLD_SLOT if before.cold else 0
    if new == now:
        return Charge(cold + _WARM)
    if now == original:
        if not original:
            return Charge(cold + _SET)
        return Charge(cold + _RESET, refund=0 if new else _CLEARED)
    refund = 0
    if original:
        if not now:
            refund -= _CLEARED
        elif not new:
            refund += _CLEARED
    if new == original:
        refund += (_RESET if original else _SET) - _WARM
    return Charge(cold + _WARM, refund=refund)
