"""The evidence in the report: which records are shown, and how their data is laid out.

A long run files tens of thousands of records. All are shown up to a limit; beyond it those that
something links to, the last good one of each procedure, and the first and last of each stretch in
which a procedure kept finding the same. The file beside the report holds all of them.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from twin.report.text import clip, utc

__all__ = ["Activity", "Cell", "Item", "Selection", "select"]

SHOW_ALL = 120
"""Records up to which everything is shown."""

SHOW_MOST = 240
"""Most records that are shown at all."""

DATA_LIMIT = 6_000
"""Characters shown of one record's data, over all of its values."""

GOOD = frozenset({"ok", "done"})


@dataclass(frozen=True, slots=True)
class Cell:
    """One value of a record's data: *block* when it is nested and shown as JSON."""

    name: str
    text: str
    block: bool


@dataclass(frozen=True, slots=True)
class Item:
    """One record as shown, at the HTML *anchor*."""

    ref: str
    anchor: str
    procedure: str
    utc: str
    verdict: str
    summary: str
    cells: tuple[Cell, ...]
    problems: tuple[tuple[str, int], ...]
    hash: str
    previous: str


@dataclass(slots=True)
class Activity:
    """What one procedure left: records by verdict, the newest, and which of them are shown."""

    procedure: str
    verdicts: dict[str, int]
    last: int
    last_ref: str
    title: str = ""


@dataclass(frozen=True, slots=True)
class Selection:
    """The shown *items* in the order they were filed, of *total*; activity by procedure."""

    items: tuple[Item, ...]
    total: int
    activity: tuple[Activity, ...]

    @property
    def anchors(self) -> dict[str, str]:
        """The anchor of each shown record by its reference."""
        return {item.ref: item.anchor for item in self.items}


@dataclass(frozen=True, slots=True)
class _Head:
    """What choosing needs of a record, so that a long run's data is not held in memory."""

    ref: str
    procedure: str
    verdict: str


def select(
    read: Callable[[], Iterable[dict[str, Any]]],
    linked: Collection[str],
    *,
    show_all: int = SHOW_ALL,
    show_most: int = SHOW_MOST,
) -> Selection:
    """Choose what is shown of the records that *read* gives, which is called twice.

    References in *linked* come first; beyond *show_all* records the rest is thinned, and never
    are more than *show_most* shown.
    """
    heads: list[_Head] = []
    activity: dict[str, Activity] = {}
    for record in read():
        name, verdict, ref = record["procedure"], record["verdict"], record["ref"]
        heads.append(_Head(ref, name, verdict))
        entry = activity.setdefault(name, Activity(name, {}, record["at"], ref))
        entry.verdicts[verdict] = entry.verdicts.get(verdict, 0) + 1
        entry.last, entry.last_ref = record["at"], ref
    wanted = set(linked) | {entry.last_ref for entry in activity.values()}
    everything = len(heads) <= show_all
    chosen = set(range(len(heads))) if everything else _choose(heads, wanted, show_most)
    anchors: set[str] = set()
    items = tuple(_item(record, anchors) for index, record in enumerate(read()) if index in chosen)
    order = sorted(activity.values(), key=lambda entry: entry.procedure)
    return Selection(items, len(heads), tuple(order))


def _choose(heads: Sequence[_Head], wanted: Collection[str], most: int) -> set[int]:
    """Return indices: wanted, last good of each procedure, then the edges of stretches."""
    first = [index for index, head in enumerate(heads) if head.ref in wanted]
    good: dict[str, int] = {}
    open_: dict[str, list[int]] = {}
    edges: list[int] = []
    for index, head in enumerate(heads):
        if head.verdict in GOOD:
            good[head.procedure] = index
        stretch = open_.setdefault(head.procedure, [])
        if stretch and heads[stretch[0]].verdict != head.verdict:
            edges.extend(_edges(heads, stretch))
            stretch.clear()
        stretch.append(index)
    for stretch in open_.values():
        edges.extend(_edges(heads, stretch))
    ranked = dict.fromkeys([*first, *good.values(), *sorted(edges)])
    return set(list(ranked)[:most])


def _edges(heads: Sequence[_Head], stretch: Sequence[int]) -> list[int]:
    """The first and last index of *stretch*, unless all was well."""
    if heads[stretch[0]].verdict == "ok":
        return []
    return [stretch[0], stretch[-1]]


def _item(record: dict[str, Any], anchors: set[str]) -> Item:
    ref = str(record["ref"])
    stem = anchor = "ev-" + re.sub(r"[^A-Za-z0-9_-]", "-", ref)
    number = 1
    while anchor in anchors:
        number += 1
        anchor = f"{stem}.{number}"
    anchors.add(anchor)
    data = record["data"]
    pairs = data.items() if isinstance(data, dict) else [("data", data)]
    left, cells = DATA_LIMIT, []
    for name, value in pairs:
        cells.append(_cell(name, value, max(40, left)))
        left -= len(cells[-1].text)
    problems = tuple((str(name), int(count)) for name, count in record["problems"].items())
    return Item(
        ref=ref,
        anchor=anchor,
        procedure=record["procedure"],
        utc=utc(record["at"]),
        verdict=record["verdict"],
        summary=record["summary"],
        cells=tuple(cells),
        problems=problems,
        hash=record["hash"],
        previous=record["previous"],
    )


def _cell(name: str, value: object, limit: int) -> Cell:
    nested = isinstance(value, (dict, list)) and bool(value)
    if isinstance(value, str):
        text = value
    elif nested and any(isinstance(part, (dict, list)) for part in _parts(value)):
        text = json.dumps(value, indent=1, ensure_ascii=False)
    else:
        text = json.dumps(value, ensure_ascii=False)
    return Cell(name, clip(text, limit), nested)


def _parts(value: object) -> list[Any]:
    if isinstance(value, dict):
        return list(value.values())
    return value if isinstance(value, list) else []
