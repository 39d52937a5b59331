"""What the contracts answer at the present block: each question is put to the chain once.

Checks and the scrape of one second ask much the same. Whatever was answered stands until a block
comes or state changes, and no longer: a view may look at the time, as the one that says whether
a feed is stale, and an answer kept beyond its block would hide just that.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from twin.desk.port import Call
from twin.protocol.reader import Reader

__all__ = ["KEPT", "Answers"]

KEPT = 4096
"""Answers that are kept: a procedure that asks more of one block asks some of it again."""


class Answers:
    """The answers that *reader* got at the latest block."""

    __slots__ = ("_block", "_known", "_reader", "_version")

    def __init__(self, reader: Reader) -> None:
        """Know nothing yet."""
        self._reader = reader
        self._block, self._version = -1, -1
        self._known: dict[Call, Any] = {}

    def batch(self, calls: Sequence[Call], block: int) -> list[Any]:
        """Answer *calls* at *block*, the latest: what is not known yet is read as one multicall."""
        version = self._reader.chain.state_version
        if (block, version) != (self._block, self._version) or len(self._known) > KEPT:
            self._block, self._version = block, version
            self._known.clear()
        known = self._known
        try:
            missing = tuple(call for call in dict.fromkeys(calls) if call not in known)
        except TypeError:  # a list among the arguments cannot be a key
            return self._reader.batch(calls, block=block)
        if missing:
            found = self._reader.batch(missing, block=block)
            known.update(zip(missing, found, strict=True))
        return [known[call] for call in calls]
