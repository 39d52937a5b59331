"""The log index: which blocks hold logs of an address or with a first topic.

It keeps ascending block numbers, four bytes each, and leaves the logs where they are: a query
intersects the lists, opens the few blocks that remain, and filters. Topics after the first are
filtered only.
"""

from __future__ import annotations

from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Collection, Iterable, Sequence

from twin.chain.port import Log, Topics

__all__ = ["LogIndex", "matches"]

Wanted = tuple[Collection[bytes] | None, ...]


def _alternatives(topics: Topics) -> Wanted:
    """Return *topics* with each place a collection, or None for any."""
    return tuple(
        (place,) if isinstance(place, bytes) else (tuple(place) if place is not None else None)
        for place in topics
    )


def matches(log: Log, addresses: Collection[bytes] | None, wanted: Wanted) -> bool:
    """Return whether *log* is from one of *addresses* (None: any) and fits the topic filter."""
    if addresses is not None and log.address not in addresses:
        return False
    if len(log.topics) < len(wanted):
        return False
    return all(
        place is None or topic in place for topic, place in zip(log.topics, wanted, strict=False)
    )


class LogIndex:
    """Block numbers by address and by first topic, each list ascending without repeats."""

    def __init__(self) -> None:
        """Start empty."""
        self._blocks = array("I")
        self._addresses: dict[bytes, array[int]] = {}
        self._topics: dict[bytes, array[int]] = {}

    def add(self, number: int, logs: Iterable[Log]) -> None:
        """Take in the *logs* of block *number*, later than all before."""
        for log in logs:
            for numbers in self._lists(log):
                if not numbers or numbers[-1] != number:
                    numbers.append(number)

    def _lists(self, log: Log) -> list[array[int]]:
        lists = [self._blocks, self._addresses.setdefault(log.address, array("I"))]
        if log.topics:
            lists.append(self._topics.setdefault(log.topics[0], array("I")))
        return lists

    def remove(self, number: int, logs: Iterable[Log]) -> None:
        """Forget the *logs* of block *number*, the latest there is."""
        for log in logs:
            for numbers in self._lists(log):
                if numbers and numbers[-1] == number:
                    numbers.pop()

    def blocks(
        self, first: int, last: int, addresses: Collection[bytes] | None, topics: Topics
    ) -> tuple[list[int], Wanted]:
        """Return which blocks in [*first*, *last*] may hold a match, and the filter for `matches`.

        Both *addresses* None and an empty *topics* let everything through.
        """
        wanted = _alternatives(topics)
        found: list[set[int]] = []
        if addresses is not None:
            found.append(_within(self._addresses, addresses, first, last))
        if wanted and wanted[0] is not None:
            found.append(_within(self._topics, wanted[0], first, last))
        if not found:
            return _cut(self._blocks, first, last), wanted
        return sorted(set.intersection(*found)), wanted


def _cut(numbers: Sequence[int], first: int, last: int) -> list[int]:
    return list(numbers[bisect_left(numbers, first) : bisect_right(numbers, last)])


def _within(
    lists: dict[bytes, array[int]], keys: Iterable[bytes], first: int, last: int
) -> set[int]:
    """Return the blocks in [*first*, *last*] under any of *keys*."""
    found: set[int] = set()
    for key in keys:
        found.update(_cut(lists.get(key, array("I")), first, last))
    return found
