"""What is known of a contract's code before it runs, and the memory it runs in."""

from __future__ import annotations

from collections.abc import Callable

from eth.exceptions import OutOfGas

__all__ = ["JUMP", "JUMPDEST", "JUMPI", "MEMORY_LIMIT", "Program", "grow"]

JUMP, JUMPI, JUMPDEST = 0x56, 0x57, 0x5B
MEMORY_LIMIT = 1 << 32  # bytes; more costs more gas than any block has


def _memory_cost(size: int) -> int:
    words = size // 32
    return 3 * words + words * words // 512


def grow(memory: bytearray, end: int, gas: int) -> int:
    """Extend *memory* to hold *end* bytes; return what is left of *gas*, or raise OutOfGas."""
    if end > MEMORY_LIMIT:
        raise OutOfGas("memory beyond any gas")
    size, old = (end + 31) & ~31, len(memory)
    gas -= _memory_cost(size) - _memory_cost(old)
    if gas < 0:
        raise OutOfGas("memory")
    memory.extend(bytes(size - old))
    return gas


class Program:
    """One contract's code: where jumps may go, and the traces made so far, by where they start."""

    __slots__ = ("code", "destinations", "heat", "pushes", "traces")

    def __init__(self, code: bytes) -> None:
        """Find the jump destinations, which are those not inside the data of a PUSH."""
        self.code = code
        self.traces: dict[int, Callable[..., int]] = {}
        self.heat: dict[int, int] = {}
        found = []
        at = 0
        while at < len(code):
            instruction = code[at]
            if instruction == JUMPDEST:
                found.append(at)
            at += instruction - 0x5E if 0x60 <= instruction <= 0x7F else 1
        self.destinations = frozenset(found)

    def pushed(self, at: int) -> int:
        """Return what the PUSH at *at* pushes; code that ends early is padded with zeros."""
        size = self.code[at] - 0x5F
        return int.from_bytes(self.code[at + 1 : at + 1 + size].ljust(size, b"\0"), "big")

    def fails(self, at: int) -> bool:
        """Return whether the code at *at* runs straight into a REVERT or INVALID."""
        code = self.code
        while at < len(code):
            instruction = code[at]
            if instruction in {0xFD, 0xFE}:
                return True
            if instruction in {JUMP, JUMPI, 0x00, 0xF3, 0xFF}:
                return False
            at += instruction - 0x5E if 0x60 <= instruction <= 0x7F else 1
        return False
