"""The team's stores: changes, risks, decisions, actions and tickets, one entry each.

An entry is opened, changes state, and is ended; it is never deleted. Routine work reads the
stores through the desk and writes them by a `Keep` step, so that every change is in the log with
whoever made it. Incidents have a store of their own, with a life of their own.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from twin.errors import CrashError, UnknownName

__all__ = ["KINDS", "Entry", "Stores"]

KINDS: Mapping[str, str] = {
    "action": "ACT",
    "change": "CHG",
    "decision": "DEC",
    "risk": "RSK",
    "ticket": "TKT",
}
"""The kinds of entry, and how the id of each begins."""

ENDED = ("closed", "rejected", "done")
"""States that end an entry; before them a kind may use the words of its own procedure."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry: *opened*, *due* and *changed* in unix seconds, *data* JSON-like."""

    id: str
    kind: str
    opened: int
    changed: int
    state: str
    owner: str
    subject: str
    due: int | None = None
    data: Mapping[str, Any] = field(default_factory=dict)

    @property
    def ended(self) -> bool:
        """Whether nothing more is to be done about it."""
        return self.state in ENDED


class Stores:
    """Entries by id, in the order in which they were opened."""

    __slots__ = ("_by_id", "_counts")

    def __init__(self) -> None:
        """Start empty."""
        self._by_id: dict[str, Entry] = {}
        self._counts = dict.fromkeys(KINDS, 0)

    def entries(self, kind: str, *, unended: bool = False) -> list[Entry]:
        """Return the entries of *kind*, oldest first; with *unended* those still to be done."""
        if kind not in KINDS:
            raise UnknownName("store", kind, KINDS)
        every = (item for item in self._by_id.values() if item.kind == kind)
        return [item for item in every if not (unended and item.ended)]

    def get(self, entry: str) -> Entry:
        """Return one by id; UnknownName where there is none."""
        try:
            return self._by_id[entry]
        except KeyError:
            raise UnknownName("entry", entry, self._by_id) from None

    def create(
        self,
        kind: str,
        now: int,
        *,
        subject: str,
        state: str = "open",
        owner: str = "",
        due: int | None = None,
        data: Mapping[str, Any] | None = None,
    ) -> Entry:
        """Open an entry of *kind* at unix second *now*."""
        if kind not in KINDS:
            raise UnknownName("store", kind, KINDS)
        self._counts[kind] += 1
        made = Entry(
            id=f"{KINDS[kind]}-{self._counts[kind]:03d}", kind=kind, opened=now, changed=now,
            state=state, owner=owner, subject=subject, due=due, data=dict(data or {}),
        )  # fmt: skip
        self._by_id[made.id] = made
        return made

    def change(
        self,
        entry: str,
        now: int,
        *,
        state: str | None = None,
        owner: str | None = None,
        due: int | None = None,
        data: Mapping[str, Any] | None = None,
    ) -> Entry:
        """Change what is given at unix second *now*; *data* is merged; an ended one stays ended."""
        item = self.get(entry)
        if item.ended:
            raise CrashError(f"{entry} is {item.state}; an ended entry is not changed")
        made = replace(
            item,
            changed=now,
            state=item.state if state is None else state,
            owner=item.owner if owner is None else owner,
            due=item.due if due is None else due,
            data={**item.data, **(data or {})},
        )
        self._by_id[entry] = made
        return made
