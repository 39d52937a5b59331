"""A difference between the engines, settled: what each said, who is right, and how to see it again.

Lock-step stands at the state before the transaction when it asks. What is kept of that state is
what any of the judges looked at or changed, so that the reproduction is small and still whole.
"""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Protocol

from twin.chain import arbiter_eels as eels
from twin.chain.arbiter import Alloc, Held, Outcome, Subject, Verdict, alloc_of, difference, judge
from twin.chain.arbiter import load as load_alloc
from twin.chain.arbiter_case import Case, as_state_test
from twin.chain.arbiter_program import program
from twin.chain.port import BlockEnv, Engine, Transaction
from twin.errors import ChainError, InvalidTransaction

__all__ = ["Dispute", "Seer", "settle"]


class Seer(Engine, Protocol):
    """The fast engine, which also says what a transaction looks at."""

    def seen(self, subject: Subject, *, env: BlockEnv | None = None) -> Mapping[bytes, list[int]]:
        """Return the accounts, with their slots, that *subject* looks at or writes."""


@dataclass(frozen=True, slots=True)
class Dispute:
    """What the engines disagree about, on the part of the state that it touches.

    *verdict* is None where EELS is not there, and *notes* say so, and whatever else is odd.
    """

    difference: str
    subject: Subject
    env: BlockEnv
    alloc: Alloc
    outcomes: Mapping[str, Outcome]
    hashes: Mapping[int, bytes]
    verdict: Verdict | None
    notes: tuple[str, ...]

    def report(self, folder: Path | None = None) -> str:
        """Return all of it as text; the state test goes into a file in *folder* (temporary files)."""
        kind = "transaction" if isinstance(self.subject, Transaction) else "call"
        lines = [
            f"pyevm and revm disagree about a {kind} in block {self.env.number}: {self.difference}"
        ]
        if self.verdict is not None:
            lines += [self.verdict.words(), f"  EELS {eels.version()}: {self.verdict.spec.words()}"]
            lines += [f"    {line}" for line in self.verdict.spec.state()]
        lines += self.notes
        if isinstance(self.subject, Transaction):
            lines.append(self._kept(self.subject, folder))
        lines += ["To see it again, run this Python:", ""]
        return "\n".join(lines) + "\n" + program(self.subject, self.env, self.alloc)

    def _kept(self, tx: Transaction, folder: Path | None) -> str:
        """Write the state test and return where it is, or why it could not be written."""
        text = self.state_test(tx)
        digest = hashlib.sha256(text.encode()).hexdigest()[:16]
        place = (folder or Path(tempfile.gettempdir())) / f"twin-disagreement-{digest}.json"
        try:
            with place.open("x", encoding="utf-8") as file:  # "x": never through somebody's link
                file.write(text)
        except FileExistsError:
            if place.is_symlink() or place.read_text("utf-8") != text:
                return f"{place} is there and is something else: the state test was not written"
        except OSError as error:
            return f"the state test could not be written to {place}: {error.strerror}"
        return f"As a state test, which other clients run too: twin arbitrate {place}"

    def state_test(self, tx: Transaction) -> str:
        """Return the dispute about *tx* as the JSON of a state test."""
        case = Case(f"block-{self.env.number}-{tx.hash.hex()[:16]}", tx, self.env, self.alloc)
        spec = None if self.verdict is None else self.verdict.spec
        return as_state_test(case, hashes=self.hashes, outcomes=self.outcomes, spec=spec)


class _Asked(Sequence[bytes]):
    """Block hashes that remember for which depths they were asked."""

    def __init__(self, hashes: Sequence[bytes]) -> None:
        self.hashes = hashes
        self.depths: set[int] = set()

    def __len__(self) -> int:
        return len(self.hashes)

    def __getitem__(self, depth: int | slice) -> bytes:  # type: ignore[override]
        assert isinstance(depth, int)  # noqa: S101 - engines ask for one at a time
        self.depths.add(depth)
        return self.hashes[depth]


def settle(
    words: str,
    subject: Subject,
    *,
    env: BlockEnv,
    outcomes: Mapping[str, Outcome],
    reference: Engine,
    fast: Seer,
) -> Dispute:
    """Return the dispute about *subject*, judged by EELS where it is installed.

    *words* say in what the engines differ, *outcomes* what each said. Both engines are at the
    state before *subject* and are left there.
    """
    notes: list[str] = []
    dump = reference.dump()
    if dump != fast.dump():
        notes.append("The two held different states before it already; pyevm's is taken here.")
    whole = alloc_of(dump)
    touched = _touched(subject, env, outcomes, fast)
    asked = _asked(subject, env, reference)
    verdict = None
    if missing := eels.lacking():
        notes.append(f"Who is right is not known. {missing}")
    else:
        try:
            ruling = eels.rule(subject, env=env, alloc=whole)
            asked |= ruling.ancestors
            for address, slots in ruling.touched.items():
                touched.setdefault(address, set()).update(slots)
            small = _part(whole, touched)
            again = eels.rule(subject, env=env, alloc=small, root=True).outcome
            verdict = judge(again, outcomes)
            if lost := difference(ruling.outcome, again, ("the whole state", "the part below")):
                notes.append(f"The part of the state below is not enough for EELS: {lost}")
        except ChainError as error:
            notes.append(f"Who is right is not known. {error}")
    alloc = _part(whole, touched)
    hashes = {block: _hash_of(block, env) for block in sorted(asked)}
    env = replace(env, parent_hashes=_only(env, hashes))
    if not _differ_anew(subject, env, alloc, (reference, fast)):
        notes.append(
            "On this state alone both engines say the same: what differs was left behind by "
            "something before it."
        )
    return Dispute(words, subject, env, alloc, outcomes, hashes, verdict, tuple(notes))


def _touched(
    subject: Subject, env: BlockEnv, outcomes: Mapping[str, Outcome], fast: Seer
) -> dict[bytes, set[int]]:
    """Return the slots by account that *subject* looks at on *fast*, or that any engine changed."""
    try:
        seen = fast.seen(subject, env=env)
    except ChainError:
        seen = {}
    touched = {address: set(slots) for address, slots in seen.items()}
    for address in (subject.sender, env.coinbase, *(() if subject.to is None else (subject.to,))):
        touched.setdefault(address, set())
    for outcome in outcomes.values():
        for address, change in outcome.changes.items():
            touched.setdefault(address, set()).update(change.storage)
    return touched


def _part(whole: Alloc, touched: Mapping[bytes, set[int]]) -> dict[bytes, Held]:
    """Return the accounts and slots of *whole* that are *touched*.

    An account of which no slot was looked at may still matter for having storage at all
    (EIP-7610), so that one of its slots stays.
    """
    found = {}
    for address in sorted(touched):
        held = whole.get(address)
        if held is None:
            continue
        kept = {s: held.storage[s] for s in sorted(touched[address]) if s in held.storage}
        if held.storage and not kept and not held.nonce and not held.code:
            least = min(held.storage)
            kept = {least: held.storage[least]}
        found[address] = replace(held, storage=kept)
    return found


def _asked(subject: Subject, env: BlockEnv, reference: Engine) -> set[int]:
    """Return the numbers of the blocks whose hash *subject* asks *reference* for."""
    hashes = _Asked(env.parent_hashes)
    watched = replace(env, parent_hashes=hashes)
    if isinstance(subject, Transaction):
        start = reference.snapshot()
        reference.begin_block(watched)
        _answer(reference, subject, watched)
        reference.revert(start)
        reference.forget(start)
        reference.begin_block(env)
    else:
        _answer(reference, subject, watched)
    return {env.number - 1 - depth for depth in hashes.depths}


def _answer(engine: Engine, subject: Subject, env: BlockEnv) -> object:
    """Return what *engine*, in the block *env*, answers: a record, or the reason of a refusal."""
    try:
        return (
            engine.transact(subject)
            if isinstance(subject, Transaction)
            else engine.call(subject, env=env)
        )
    except InvalidTransaction as refusal:
        return refusal.reason


def _hash_of(block: int, env: BlockEnv) -> bytes:
    depth = env.number - 1 - block
    return env.parent_hashes[depth] if depth < len(env.parent_hashes) else bytes(32)


def _only(env: BlockEnv, hashes: Mapping[int, bytes]) -> tuple[bytes, ...]:
    """Return as many of the block hashes as reach down to the oldest of *hashes*."""
    deep = env.number - min(hashes, default=env.number)
    return tuple(env.parent_hashes[depth] for depth in range(min(deep, len(env.parent_hashes))))


def _differ_anew(
    subject: Subject, env: BlockEnv, alloc: Alloc, engines: tuple[Engine, Engine]
) -> bool:
    """Return whether new engines of the same kinds differ about *subject* on *alloc* alone."""
    found = []
    for engine in engines:
        fresh: Engine = type(engine)(chain_id=env.chain_id)  # type: ignore[call-arg]
        load_alloc(fresh, alloc)
        fresh.drain_changes()
        fresh.begin_block(env)
        found.append((_answer(fresh, subject, env), dict(fresh.drain_changes())))
    return found[0] != found[1]
