"""Traces in go-ethereum's form, made of what an engine saw: the same from both engines.

An engine tells of messages (`Frame`), of instructions (`steps`) and of what they name (`looks`)
as it found them. What go-ethereum says of a failure follows from `charges`, not from the engine.
The forms are those of `callTracer`, `prestateTracer`, `4byteTracer` and the struct logger.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from twin.chain.charges import Before, charge, ended_by
from twin.chain.codec import contract_address, hex0x
from twin.chain.port import AccountState, Call, Transaction
from twin.chain.precompiles import PRECOMPILES, refusal
from twin.chain.reverts import revert_reason
from twin.errors import ChainError

__all__ = ["Frame", "Look", "Prestate", "StepOptions", "call_form", "four_bytes", "struct_form"]

_Held = tuple[AccountState, dict[int, int]]
"""An account and some of its slots."""

_CODE_LIMIT = 24_576  # EIP-170
_REVERTED = "execution reverted"


@dataclass(slots=True)
class Frame:
    """One message: *kind* names the instruction that sent it, *used* is gas, *output* its answer.

    *gas* of a transaction's own includes the *intrinsic*, which the message never had.
    *error* is what the engine says of a failure; *fault* is what the instruction found that is to
    blame, where one is. *logs* are (address, topics, data, how many *calls* came before).
    """

    kind: str
    sender: bytes
    to: bytes | None
    value: int | None
    gas: int
    input: bytes
    intrinsic: int = 0
    used: int = 0
    output: bytes = b""
    error: str = ""
    fault: Before | None = None
    calls: list[Frame] = field(default_factory=list)
    logs: list[tuple[bytes, Sequence[bytes], bytes, int]] = field(default_factory=list)

    @classmethod
    def of(cls, found: Mapping[str, Any]) -> Frame:
        """Return the frame that the Rust engine describes by *found*."""
        fault = None if found["fault"] is None else Before(*found["fault"])
        calls = [cls.of(call) for call in found["calls"]]
        return cls(**{**found, "fault": fault, "calls": calls})

    @property
    def reason(self) -> str:
        """Why it failed, in go-ethereum's words; nothing where it did not."""
        if not self.error or self.error == _REVERTED:
            return self.error
        if self.fault is not None:
            return charge(self.fault).error or ended_by(self.fault.op)
        if self.kind in {"CREATE", "CREATE2"} and self.error not in _NEVER_RAN:
            return _refused_code(self.output)
        if self.error not in _NEVER_RAN and self.to in PRECOMPILES:
            return refusal(self.to, self.input, self.gas - self.intrinsic)
        return self.error


_NEVER_RAN = {
    "contract address collision",
    "insufficient balance for transfer",
    "max call depth exceeded",
}


def _refused_code(code: bytes) -> str:
    """Return why *code* cannot stand."""
    if len(code) > _CODE_LIMIT:
        return "max code size exceeded"
    if code[:1] == b"\xef":
        return "invalid code: must not begin with 0xef"
    return "contract creation code storage out of gas"


# -- callTracer, 4byteTracer


def call_form(
    frame: Frame, *, logs: bool = True, top_only: bool = False, failed: bool = False
) -> dict[str, Any]:
    """Return *frame* and all below it as `callTracer` does, with *logs* or without.

    *top_only* leaves out what is below. The logs of what *failed*, above too, never were.
    """
    reason = frame.reason
    failed = failed or bool(reason)
    form: dict[str, Any] = {"type": frame.kind, "from": hex0x(frame.sender)}
    if frame.to is not None and not (reason and frame.kind in {"CREATE", "CREATE2"}):
        form["to"] = hex0x(frame.to)
    if frame.value is not None:
        form["value"] = hex(frame.value)
    form |= {"gas": hex(frame.gas), "gasUsed": hex(frame.used), "input": hex0x(frame.input)}
    if frame.output and reason in {"", _REVERTED}:
        form["output"] = hex0x(frame.output)
    if reason:
        form["error"] = reason
        if reason == _REVERTED and (text := revert_reason(frame.output)):
            form["revertReason"] = text
    if frame.calls and not top_only:
        form["calls"] = [call_form(call, logs=logs, failed=failed) for call in frame.calls]
    if logs and frame.logs and not failed:
        form["logs"] = [
            {
                "address": hex0x(address),
                "topics": [hex0x(topic) for topic in topics],
                "data": hex0x(data),
                "position": hex(0 if top_only else position),
            }
            for address, topics, data, position in frame.logs
        ]
    return form


def four_bytes(frame: Frame) -> dict[str, int]:
    """Return how often each selector was called with how many bytes of arguments."""
    found: dict[str, int] = {}

    def count(call: Frame) -> None:
        asked = call.kind in {"CALL", "CALLCODE", "DELEGATECALL", "STATICCALL"}
        if asked and len(call.input) >= 4 and call.to not in PRECOMPILES:
            name = f"{hex0x(call.input[:4])}-{len(call.input) - 4}"
            found[name] = found.get(name, 0) + 1
        for child in call.calls:
            count(child)

    count(frame)
    return found


# -- the struct logger


@dataclass(frozen=True, slots=True)
class StepOptions:
    """What is kept of each instruction, and of how many; *size* are bytes of JSON, 0 for any.

    A trace that takes more than *room* bytes, roughly, is refused: a loop over much memory would
    take all there is.
    """

    limit: int = 1_000_000
    room: int = 1 << 27
    size: int = 0
    stack: bool = True
    memory: bool = False
    storage: bool = True
    returned: bool = False

    def too_large(self) -> ChainError:
        """Return what to raise for a trace without room."""
        return ChainError(
            f"the trace takes more than {self.room} bytes: ask for less, without enableMemory or "
            "with disableStack"
        )


def struct_form(
    found: Mapping[str, Any], faults: Iterable[tuple[int, Before]], *, size: int = 0
) -> dict[str, Any]:
    """Return the instructions of *found* as the struct logger does.

    *faults* are the places of those that failed, with what they found. Beyond *size* bytes of
    JSON no more are given, as in go-ethereum.
    """
    steps: list[dict[str, Any]] = found["steps"]
    for place, before in faults:
        step, cost = steps[place], charge(before)
        step["gasCost"] = cost.gas
        if cost.error:
            step["error"] = cost.error
        refund = step.pop("refund", 0) + cost.refund
        if refund:
            step["refund"] = refund
    if size:
        steps = _first(steps, size)
    return {
        "gas": found["gas"],
        "failed": found["failed"],
        "returnValue": hex0x(found["output"]),
        "structLogs": steps,
    }


def _first(steps: Sequence[dict[str, Any]], size: int) -> list[dict[str, Any]]:
    """Return the first of *steps* up to and with the one that goes beyond *size* bytes."""
    kept, total = [], 0
    for step in steps:
        if total > size:
            break
        kept.append(step)
        total += len(json.dumps(step, separators=(",", ":")))
    return kept


# -- prestateTracer


Look = tuple[str, bytes, int | None, Before | tuple[Any, ...] | None]
"""What an instruction named: (`account`, `slot`, `created` or `deleted`, address, slot, fault)."""

Account = Callable[[bytes], AccountState]
Storage = Callable[[bytes, int], int]


class Prestate:
    """The accounts and slots that a transaction or call names, before it and after.

    Made of what it will *looks* at, while the state is still the one before.
    """

    def __init__(
        self, subject: Transaction | Call, coinbase: bytes, looks: Iterable[Look], account: Account
    ) -> None:
        """Sort *looks*; what an instruction named that go-ethereum never began counts for nothing."""
        self._sender = subject.sender
        made = contract_address(subject.sender, account(subject.sender).nonce)
        to = made if subject.to is None else subject.to
        self.slots: dict[bytes, dict[int, None]] = {
            address: {} for address in (subject.sender, to, coinbase)
        }
        self.created = {to} if subject.to is None else set()
        self.deleted: set[bytes] = set()
        for kind, address, slot, fault in looks:
            if fault is not None:
                before = fault if isinstance(fault, Before) else Before(*fault)
                if charge(before).error:
                    continue
            if kind == "deleted":
                self.deleted.add(address)
                continue
            slots = self.slots.setdefault(address, {})
            if kind == "created":
                self.created.add(address)
            elif slot is not None:
                slots[slot] = None

    def read(self, account: Account, storage: Storage) -> dict[bytes, _Held]:
        """Return all of it as it is now."""
        return {
            address: (account(address), {slot: storage(address, slot) for slot in slots})
            for address, slots in self.slots.items()
        }

    def form(
        self, before: Mapping[bytes, _Held], *, code: bool = True, storage: bool = True
    ) -> dict[str, Any]:
        """Return *before* as the tracer does, without codes or slots where those are not wanted."""
        return {
            hex0x(address): _form(state, slots if storage else {}, code=code)
            for address, (state, slots) in before.items()
            if not self._never(address, state)
        }

    def difference(
        self,
        before: Mapping[bytes, _Held],
        after: Mapping[bytes, _Held],
        *,
        code: bool = True,
        storage: bool = True,
    ) -> dict[str, Any]:
        """Return what is another in *after*, as the tracer's `diffMode` does."""
        pre: dict[str, Any] = {}
        post: dict[str, Any] = {}
        for address, (old, held) in before.items():
            new, now = after[address]
            slots = held if storage else {}
            name = hex0x(address)
            if address in self.deleted:
                if not self._never(address, old):
                    pre[name] = _form(old, slots, code=code)
                continue
            changed = _changed(old, new, code=code)
            moved = {slot: value for slot, value in slots.items() if now[slot] != value}
            if not changed and not moved:
                continue
            left = {slot: now[slot] for slot in moved if now[slot]}
            post[name] = {**changed, **({"storage": _slots(left)} if left else {})}
            if not self._never(address, old):
                kept = {slot: value for slot, value in moved.items() if value}
                pre[name] = _form(old, kept, code=code)
        return {"post": post, "pre": pre}

    def _never(self, address: bytes, before: AccountState) -> bool:
        """Return whether there was nothing before at *address*, which was created."""
        return address in self.created and before == AccountState()


def _form(state: AccountState, slots: Mapping[int, int], *, code: bool) -> dict[str, Any]:
    form: dict[str, Any] = {"balance": hex(state.balance)}
    if code and state.code:
        form["code"] = hex0x(state.code)
    if state.nonce:
        form["nonce"] = state.nonce
    if slots:
        form["storage"] = _slots(slots)
    return form


def _changed(old: AccountState, new: AccountState, *, code: bool) -> dict[str, Any]:
    """Return the fields that are another; a nonce of 0 and an empty code are left out, as there."""
    form: dict[str, Any] = {}
    if new.balance != old.balance:
        form["balance"] = hex(new.balance)
    if new.nonce != old.nonce:
        form["nonce"] = new.nonce
    if code and new.code != old.code:
        form["code"] = hex0x(new.code)
    return form


def _slots(slots: Mapping[int, int]) -> dict[str, str]:
    return {f"0x{slot:064x}": f"0x{value:064x}" for slot, value in slots.items()}
