"""What a revert payload says: custom errors of all contracts, `Error(string)` and `Panic`."""

from __future__ import annotations

from collections.abc import Iterable

from twin.errors import ChainError
from twin.protocol.abi import Abi
from twin.protocol.codec import ErrorCodec

__all__ = ["PANICS", "Reverts"]

_TEXT = ErrorCodec.of(
    {"type": "error", "name": "Error", "inputs": [{"name": "message", "type": "string"}]}
)
_PANIC = ErrorCodec.of(
    {"type": "error", "name": "Panic", "inputs": [{"name": "code", "type": "uint256"}]}
)

PANICS = {
    0x00: "compiler-inserted panic",
    0x01: "assertion failed",
    0x11: "arithmetic overflow or underflow",
    0x12: "division or modulo by zero",
    0x21: "value is no member of the enum",
    0x22: "storage byte array is badly encoded",
    0x31: "pop of an empty array",
    0x32: "array index out of bounds",
    0x41: "too much memory",
    0x51: "call of an uninitialised function pointer",
}
"""What the panic codes mean. Source: Solidity documentation, "Panic via assert and Error via require"."""


class Reverts:
    """Decodes revert payloads by the custom errors of *abis*."""

    __slots__ = ("_by_selector",)

    def __init__(self, abis: Iterable[Abi] = ()) -> None:
        """Gather the errors; the same error of two contracts is one, since its selector is."""
        self._by_selector: dict[bytes, ErrorCodec] = {}
        for abi in abis:
            self._by_selector.update(abi.errors)

    def codec(self, data: bytes) -> ErrorCodec | None:
        """Return the custom error whose payload *data* is, or None where nobody declares it."""
        return self._by_selector.get(data[:4])

    def name(self, data: bytes) -> str:
        """Return the error's bare name (`NotDue`, `Error`, `Panic`), empty where it is unknown."""
        codec = self.codec(data) or {_TEXT.selector: _TEXT, _PANIC.selector: _PANIC}.get(data[:4])
        return codec.name if codec else ""

    def decode_revert(self, data: bytes) -> str:
        """Return what the payload *data* says, in one line; never fails.

        Text of `Error(string)` comes bare, a panic by its meaning, a custom error as
        `Name(argument=value, ...)`, anything else as hex.
        """
        if not data:
            return "no reason given"
        codec = self.codec(data)
        try:
            if codec is not None:
                return codec.describe(data)
            if data[:4] == _TEXT.selector:
                return str(_TEXT.decode(data)[0])
            if data[:4] == _PANIC.selector:
                code = _PANIC.decode(data)[0]
                return f"panic 0x{code:02x}: {PANICS.get(code, 'unknown code')}"
        except ChainError:
            return f"malformed {self.name(data)}: 0x{data.hex()}"
        return f"unknown error 0x{data.hex()}"
