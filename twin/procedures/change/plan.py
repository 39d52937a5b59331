"""A change's plan as its gates read it: typed calls, and the hash that binds what is executed."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from twin.desk.port import StagedCall

__all__ = ["Call", "calls_of", "content", "intended", "payload", "way_back"]


@dataclass(frozen=True, slots=True)
class Call:
    """One call: *contract*, *function* and *args* as reviewed, *data* as sent *to* an address."""

    contract: str
    function: str
    args: tuple[Any, ...]
    to: bytes
    data: bytes

    @property
    def name(self) -> str:
        """The call in one word."""
        return f"{self.contract}.{self.function}"


def _bytes(text: str) -> bytes:
    return bytes.fromhex(text.removeprefix("0x"))


def _typed(value: Any) -> Any:
    """Read `0x` text as bytes and lists as tuples, as the ABI decodes them."""
    if isinstance(value, str) and value.startswith("0x"):
        return _bytes(value)
    if isinstance(value, (list, tuple)):
        return tuple(_typed(item) for item in value)
    return value


def _calls(rows: Sequence[Mapping[str, Any]]) -> list[Call]:
    return [
        Call(row["contract"], row["function"], _typed(row["args"]), _bytes(row["to"]),
             _bytes(row["data"]))
        for row in rows
    ]  # fmt: skip


def calls_of(plan: Mapping[str, Any]) -> list[Call]:
    """Return the calls of *plan*."""
    return _calls(plan["calls"])


def way_back(plan: Mapping[str, Any]) -> list[Call]:
    """Return the calls that undo *plan*, or repair it forward."""
    return _calls(plan["back"]["calls"])


def payload(authority: str, calls: Sequence[Call] | Sequence[StagedCall]) -> str:
    """Return the SHA-256 over who sends what where: the one thing that is approved and executed."""
    rows = [
        [call.to, call.data]
        if isinstance(call, StagedCall)
        else ["0x" + call.to.hex(), "0x" + call.data.hex()]
        for call in calls
    ]
    return hashlib.sha256(json.dumps([authority, rows]).encode()).hexdigest()


def content(plan: Mapping[str, Any]) -> str:
    """Return the SHA-256 over everything that *plan* says: a word changed is another change."""
    return hashlib.sha256(json.dumps(plan, sort_keys=True).encode()).hexdigest()


def intended(plan: Mapping[str, Any]) -> dict[str, Any]:
    """Return what *plan* intends each named parameter to be."""
    return {name: row["after"] for name, row in plan["expect"].items()}
