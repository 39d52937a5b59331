"""Revert payloads in words: what `Error(string)` and `Panic(uint256)` say, as go-ethereum has it."""

from __future__ import annotations

__all__ = ["revert_reason"]

_ERROR = bytes.fromhex("08c379a0")  # Error(string)
_PANIC = bytes.fromhex("4e487b71")  # Panic(uint256)

# go-ethereum's accounts/abi/abi.go, panicReasons.
_PANICS = {
    0x00: "generic panic",
    0x01: "assert(false)",
    0x11: "arithmetic underflow or overflow",
    0x12: "division or modulo by zero",
    0x21: "enum overflow",
    0x22: "invalid encoded storage byte array accessed",
    0x31: "out-of-bounds array access; popping on an empty array",
    0x32: "out-of-bounds access of an array or bytesN",
    0x41: "out of memory",
    0x51: "uninitialized function",
}


def revert_reason(output: bytes) -> str:
    """Return what an `Error(string)` or a `Panic(uint256)` says, and nothing for other payloads."""
    selector, body = output[:4], output[4:]
    if selector == _PANIC and len(body) >= 32:
        code = int.from_bytes(body[:32], "big")
        return _PANICS.get(code, f"unknown panic code: {code:#x}")
    if selector == _ERROR and len(body) >= 32:
        start = int.from_bytes(body[:32], "big") + 32
        size = int.from_bytes(body[start - 32 : start], "big")
        if start <= len(body) and size <= len(body) - start:
            return body[start : start + size].decode("utf-8", "replace")
    return ""
