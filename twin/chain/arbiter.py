"""Who is right where the engines disagree: outcomes, how they differ, and the verdict.

The two engines are judged by a third that is slow and written to be read: EELS, the executable
specification of Ethereum (`arbiter_eels`). All three say what a transaction does as an `Outcome`,
so that one comparison serves them all: status, gas, output, logs, the created address and the net
change of every account and slot.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

from twin.chain.codec import hex0x, keccak, rlp
from twin.chain.port import (
    AccountChange,
    AccountState,
    BlockEnv,
    Call,
    Engine,
    Execution,
    Log,
    Output,
    Transaction,
)
from twin.errors import InvalidTransaction

__all__ = [
    "Alloc",
    "Held",
    "Outcome",
    "Subject",
    "Verdict",
    "alloc_of",
    "difference",
    "judge",
    "load",
    "logs_hash",
    "observe",
    "short",
]

Subject: TypeAlias = "Transaction | Call"
"""What is judged."""

_SHORT = 400
"""Characters after which a value is cut in a sentence."""

_FIELDS = ("success", "gas_used", "output", "logs", "created")


@dataclass(frozen=True, slots=True)
class Held:
    """An account of a pre-state; its *storage* holds no zeros."""

    nonce: int = 0
    balance: int = 0
    code: bytes = b""
    storage: Mapping[int, int] = field(default_factory=dict)


Alloc = Mapping[bytes, Held]
"""A pre-state by address."""


def alloc_of(dump: Mapping[str, Mapping[str, object]]) -> dict[bytes, Held]:
    """Return the accounts of an engine's *dump*, which is in genesis-alloc JSON form."""
    found = {}
    for name, entry in dump.items():
        stored = entry["storage"]
        slots = stored.items() if isinstance(stored, Mapping) else ()
        found[_bytes(name)] = Held(
            int(str(entry["nonce"]), 16),
            int(str(entry["balance"]), 16),
            _bytes(str(entry["code"])),
            {int(slot, 16): int(value, 16) for slot, value in slots},
        )
    return found


def _bytes(text: str) -> bytes:
    return bytes.fromhex(text.removeprefix("0x"))


def load(engine: Engine, alloc: Alloc) -> None:
    """Write *alloc* into *engine*; empty accounts are left out (EIP-7523)."""
    for address in sorted(alloc):
        held = alloc[address]
        engine.set_account(address, AccountState(held.nonce, held.balance, held.code))
        engine.set_storage(address, held.storage)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one judge says a transaction, or a call, does.

    Where *refused* gives a reason, no block may hold it and the rest is empty. *root* is that of
    the whole state after it, or nothing where it was not asked for.
    """

    refused: str = ""
    success: bool = False
    gas_used: int = 0
    output: bytes = b""
    logs: tuple[Log, ...] = ()
    created: bytes | None = None
    changes: Mapping[bytes, AccountChange] = field(default_factory=dict)
    root: bytes = b""

    @classmethod
    def of(
        cls,
        answer: Execution | Output | InvalidTransaction,
        changes: Mapping[bytes, AccountChange],
        root: bytes = b"",
    ) -> Outcome:
        """Return the outcome of which an engine gave *answer*, *changes* and *root*."""
        if isinstance(answer, InvalidTransaction):
            return cls(refused=answer.reason, root=root)
        if isinstance(answer, Output):
            return cls("", answer.success, answer.gas_used, answer.data)
        return cls(
            "",
            answer.success,
            answer.gas_used,
            answer.output,
            answer.logs,
            answer.created,
            changes,
            root,
        )

    def words(self) -> str:
        """Return the outcome in one line: status, gas, logs, output and, where known, the root."""
        if self.refused:
            return f"refused: {self.refused}"
        parts = [
            f"status {int(self.success)}",
            f"gas {self.gas_used}",
            f"{len(self.logs)} logs {hex0x(logs_hash(self.logs))}",
            f"output {short(hex0x(self.output), 80)}",
        ]
        if self.created is not None:
            parts.append(f"created {hex0x(self.created)}")
        if self.root:
            parts.append(f"state root {hex0x(self.root)}")
        return ", ".join(parts)

    def state(self) -> list[str]:
        """Return a line for each account that changed, as it is afterwards."""
        return [f"{hex0x(address)} {_after(self.changes[address])}" for address in self.changes]


def _after(change: AccountChange) -> str:
    """Return an account as it is after *change*, and its changed slots."""
    if change.deleted:
        return "deleted"
    slots = ", ".join(f"{slot:#x}={value:#x}" for slot, value in change.storage.items())
    tail = f", slots {short(slots)}" if slots else ""
    return f"nonce {change.nonce}, balance {change.balance}, code {hex0x(change.code_hash)}{tail}"


def logs_hash(logs: Iterable[Log]) -> bytes:
    """Return the Keccak-256 of the RLP of *logs*, as a state test's post gives it."""
    return keccak(rlp([(log.address, log.topics, log.data) for log in logs]))


def short(value: object, limit: int = _SHORT) -> str:
    """Return *value* in at most *limit* characters and a note of its length."""
    text = value if isinstance(value, str) else repr(value)
    return text if len(text) <= limit else f"{text[:limit]}... ({len(text)} characters)"


def observe(engine: Engine, tx: Transaction, *, env: BlockEnv, alloc: Alloc) -> Outcome:
    """Return what *engine*, which is empty, makes of *tx* in *env* on the pre-state *alloc*."""
    load(engine, alloc)
    engine.drain_changes()
    engine.begin_block(env)
    answer: Execution | InvalidTransaction
    try:
        answer = engine.transact(tx)
    except InvalidTransaction as refusal:
        answer = refusal
    return Outcome.of(answer, engine.drain_changes(), engine.state_root())


def difference(one: Outcome, other: Outcome, names: tuple[str, str]) -> str:
    """Return the first thing in which two outcomes differ, told by *names*; nothing if none does.

    A refusal is a refusal: judges may give other reasons for it. Roots are compared where both
    are known.
    """
    here, there = names
    if bool(one.refused) != bool(other.refused):
        first, second = (
            f"refused ({outcome.refused})" if outcome.refused else "executed"
            for outcome in (one, other)
        )
        return f"it is {first} by {here} and {second} by {there}"
    for name in _FIELDS:
        ours, theirs = getattr(one, name), getattr(other, name)
        if ours != theirs:
            return f"{name} is {short(ours)} by {here} and {short(theirs)} by {there}"
    for address in sorted({*one.changes, *other.changes}):
        mine, its = one.changes.get(address), other.changes.get(address)
        if mine != its:
            first, second = ("nothing" if c is None else f"[{_after(c)}]" for c in (mine, its))
            return f"{hex0x(address)} becomes {first} by {here} and {second} by {there}"
    if one.root and other.root and one.root != other.root:
        return f"the state root is {hex0x(one.root)} by {here} and {hex0x(other.root)} by {there}"
    return ""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the specification says: its own outcome, who agrees with it, and who does not in what."""

    spec: Outcome
    right: tuple[str, ...]
    wrong: Mapping[str, str]

    def words(self) -> str:
        """Return the verdict as a sentence."""
        if not self.wrong:
            return f"EELS upholds {' and '.join(self.right)}"
        blame = "; ".join(f"{name} is wrong: {why}" for name, why in self.wrong.items())
        return f"EELS upholds {' and '.join(self.right) or 'neither'}; {blame}"


def judge(spec: Outcome, outcomes: Mapping[str, Outcome]) -> Verdict:
    """Return the verdict of the specification, which says *spec*, on *outcomes* by engine."""
    found = {name: difference(spec, outcome, ("EELS", name)) for name, outcome in outcomes.items()}
    return Verdict(
        spec,
        tuple(name for name, why in found.items() if not why),
        {name: why for name, why in found.items() if why},
    )
