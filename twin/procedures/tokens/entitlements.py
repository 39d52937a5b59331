"""What an export entitles to: the papers behind a claim, recomputed by the approved schedule.

TF1 holds every issue against this, TF2 every claim before it is issued. The papers are those of
customs and of the feeds beside it; the schedule is the register's, never the chain's.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from twin.desk.port import Desk, LogRecord, View
from twin.errors import UnknownName

__all__ = [
    "VALUE_SCALE",
    "Answers",
    "Papers",
    "duplicates",
    "entitled",
    "papers_of",
    "standing",
    "witnesses",
]

VALUE_SCALE = 10**11
"""Quantities have 3 decimals and answers 8."""

Papers = Mapping[bytes, Mapping[str, Any] | None]
"""What customs has published, by document hash; None where it knows no such document."""


def entitled(quantity: int, answer: int, rate: int) -> int:
    """Return the FT wei that *quantity* thousandths at *answer* are worth at *rate* a dollar."""
    return quantity * max(0, answer) * rate // VALUE_SCALE


def papers_of(desk: Desk, claims: Sequence[LogRecord]) -> Papers:
    """Read the papers of each claim at customs."""
    hashes = [record.args["documentHash"] for record in claims]
    return {item: desk.customs.document(item) for item in hashes}


def standing(view: View, *, since: int) -> list[LogRecord]:
    """Return the claims from unix second *since* on that no ruling has rejected."""
    rejected = {
        record.args["documentHash"]
        for record in view.logs("AllocationBook", "DisputeRuled", since=since)
        if record.args["upheld"] and record.args["quantity"] == 0
    }
    claims = view.logs("AllocationBook", "ExportClaimed", since=since)
    return [record for record in claims if record.args["documentHash"] not in rejected]


def _cargo(paper: Mapping[str, Any]) -> tuple[Any, ...]:
    """Return what makes two sets of papers one cargo, whatever their numbers say."""
    return paper["commodity"], paper["quantity"], paper["loaded_at"], paper["exporter"]


def duplicates(papers: Papers) -> dict[bytes, list[bytes]]:
    """Return the documents that share a bill of lading or a cargo with others, and with which.

    One stock of metal stood behind several warehouse receipts at Qingdao in 2014: the hash of each
    document was new, the goods were not.
    """
    found: dict[tuple[Any, ...], list[bytes]] = {}
    for document, paper in papers.items():
        if paper is None:
            continue
        for key in (("bill", paper["bill_of_lading"]), ("cargo", *_cargo(paper))):
            found.setdefault(key, []).append(document)
    twice: dict[bytes, list[bytes]] = {}
    for group in found.values():
        for document in group[1:]:
            twice.setdefault(document, group[:1])
    return twice


def witnesses(desk: Desk, document: bytes) -> dict[str, int | None]:
    """Return the quantity that each feed beside customs has published of *document*, or None."""
    seen: dict[str, int | None] = {}
    for feed in desk.customs.export_feeds():
        record = desk.customs.record(feed, document)
        seen[feed] = record.quantity if record else None
    return seen


def exporter_address(desk: Desk, paper: Mapping[str, Any]) -> bytes | None:
    """Return the registered address of the exporter that the papers name, or None."""
    try:
        return desk.register.address(paper["exporter"])
    except UnknownName:
        return None


@dataclass(frozen=True, slots=True)
class Answers:
    """The answers of one feed with the blocks they came in, oldest first."""

    blocks: Sequence[int]
    answers: Sequence[int]

    @classmethod
    def by_feed(cls, view: View, *, since: int) -> dict[bytes, Answers]:
        """Read the rounds of every feed from unix second *since* on."""
        rounds: dict[bytes, tuple[list[int], list[int]]] = {}
        for record in view.logs("OracleNetwork", "AnswerUpdated", since=since):
            blocks, answers = rounds.setdefault(record.args["feed"], ([], []))
            blocks.append(record.block)
            answers.append(record.args["answer"])
        return {feed: cls(*pair) for feed, pair in rounds.items()}

    def at(self, block: int) -> tuple[int, ...]:
        """Return the answers that could be in force in *block*: of it, and the last before it."""
        upto = bisect_right(self.blocks, block)
        first = upto - 1
        while first > 0 and self.blocks[first] == block:
            first -= 1
        return tuple(self.answers[max(0, first) : upto])
