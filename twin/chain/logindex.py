"""The log index: which blocks hold logs of an address, with a first topic, or with both.

It keeps ascending block numbers, four bytes each, and leaves the logs where they are: a query
opens the few blocks of its lists, and filters. Topics after the first are filtered only.
"""

from __future__ import annotations

from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Collection, Iterable

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
    for topic, place in zip(log.topics, wanted, strict=False):
        if place is not None and topic not in place:
            return False
    return True


class LogIndex:
    """Block numbers by address, by first topic and by both, each list ascending without repeats."""

    def __init__(self) -> None:
        """Start empty."""
        # Keys are an address, a topic, one after the other, or nothing: of different lengths all.
        self._numbers: dict[bytes, array[int]] = {b"": array("I")}
        self._kinds: dict[tuple[bytes, bytes], tuple[array[int], ...]] = {}

    def add(self, number: int, logs: Iterable[Log]) -> None:
        """Take in the *logs* of block *number*, later than all before."""
        for kind in _kinds(logs):
            for numbers in self._kinds.get(kind) or self._new(kind):
                if not numbers or numbers[-1] != number:
                    numbers.append(number)

    def _new(self, kind: tuple[bytes, bytes]) -> tuple[array[int], ...]:
        """Return the lists that logs of *kind*, met for the first time, go into."""
        address, topic = kind
        keys = (b"", address, topic, address + topic) if topic else (b"", address)
        lists = tuple(self._numbers.setdefault(key, array("I")) for key in keys)
        self._kinds[kind] = lists
        return lists

    def remove(self, number: int, logs: Iterable[Log]) -> None:
        """Forget the *logs* of block *number*, the latest there is."""
        for kind in _kinds(logs):
            for numbers in self._kinds[kind]:
                if numbers and numbers[-1] == number:
                    numbers.pop()

    def blocks(
        self, first: int, last: int, addresses: Collection[bytes] | None, topics: Topics
    ) -> tuple[list[int], Wanted]:
        """Return which blocks in [*first*, *last*] may hold a match, and the filter for `matches`.

        Both *addresses* None and an empty *topics* let everything through.
        """
        wanted = _alternatives(topics)
        starts = wanted[0] if wanted else None
        keys = [
            address + topic
            for address in ((b"",) if addresses is None else addresses)
            for topic in ((b"",) if starts is None else starts)
        ]
        if len(keys) == 1:
            return self._within(keys[0], first, last).tolist(), wanted
        found: set[int] = set()
        for key in keys:
            found.update(self._within(key, first, last))
        return sorted(found), wanted

    def _within(self, key: bytes, first: int, last: int) -> array[int]:
        """Return the blocks in [*first*, *last*] under *key*."""
        numbers = self._numbers.get(key, _NONE)
        return numbers[bisect_left(numbers, first) : bisect_right(numbers, last)]


_NONE = array("I")


def _kinds(logs: Iterable[Log]) -> Iterable[tuple[bytes, bytes]]:
    """Return (address, first topic or nothing) of *logs*, each once."""
    return dict.fromkeys([(log.address, log.topics[0] if log.topics else b"") for log in logs])
