"""Filters: what has come since it was last asked for; subscriptions are the same, pushed.

A filter keeps a position on the chain, not a list of results: asking reads the blocks after it.
Only logs that a reorg took away, and hashes of waiting transactions, are kept until asked for.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from twin.chain.codec import hex0x
from twin.chain.config import Reorg
from twin.chain.logindex import matches
from twin.chain.port import Log, Topics, Transaction
from twin.chain.receipts import LogEntry
from twin.chain.rpc.context import Context
from twin.chain.rpc.errors import Refused
from twin.chain.rpc.forms import log_form, transaction_form
from twin.chain.rpc.params import BlockId, address, block_id, word

__all__ = [
    "BlockFilter",
    "Filter",
    "Filters",
    "LogFilter",
    "LogQuery",
    "PendingFilter",
    "log_query",
]

_MOST_FILTERS = 1_000
_MOST_HASHES = 10_000
_MOST_HEADS = 10_000
_MOST_TOPICS = 4


@dataclass(frozen=True, slots=True)
class LogQuery:
    """Which logs are wanted; *block* is one block's hash instead of a range."""

    addresses: Collection[bytes] | None
    topics: Topics
    first: BlockId | None = None
    last: BlockId | None = None
    block: bytes | None = None

    def admits(self, entry: LogEntry) -> bool:
        """Return whether *entry* is from these addresses with these topics."""
        wanted = tuple(
            (place,) if isinstance(place, bytes) else (None if place is None else tuple(place))
            for place in self.topics
        )
        return matches(Log(entry.address, entry.topics, entry.data), self.addresses, wanted)


def log_query(body: Any) -> LogQuery:
    """Return the query that *body*, a filter object, describes; ValueError where it is malformed."""
    if not isinstance(body, Mapping):
        raise ValueError("expected a filter object")  # noqa: TRY004
    first, last = body.get("fromBlock"), body.get("toBlock")
    block = body.get("blockHash")
    if block is not None and not first is last is None:
        raise ValueError(
            "cannot specify both BlockHash and FromBlock/ToBlock, choose one or the other"
        )
    return LogQuery(
        _addresses(body.get("address")),
        _topics(body.get("topics")),
        None if first in (None, "") else block_id(first),
        None if last in (None, "") else block_id(last),
        None if block is None else word(block),
    )


def _addresses(value: Any) -> Collection[bytes] | None:
    if value is None or value == []:
        return None
    return frozenset(map(address, value if isinstance(value, list) else [value]))


def _topics(value: Any) -> Topics:
    if value is None:
        return ()
    if not isinstance(value, list) or len(value) > _MOST_TOPICS:
        raise ValueError("topics are an array of at most 4")
    found: list[bytes | tuple[bytes, ...] | None] = []
    for place in value:
        if isinstance(place, list):
            # An empty list of alternatives, or a null among them, lets every topic through.
            anything = not place or None in place
            found.append(None if anything else tuple(map(word, place)))
        else:
            found.append(None if place is None else word(place))
    return found


class Filter(Protocol):
    """Anything that gathers changes."""

    def changes(self) -> list[Any]:
        """Return what has come since the last time."""

    def rewind(self, first: int, removed: Collection[LogEntry]) -> None:
        """Note that the blocks from *first* on are undone, with the logs *removed*."""

    def seen(self, tx: Transaction) -> None:
        """Note that *tx* came to the mempool."""


class BlockFilter:
    """New blocks: their hashes, or their headers where *heads*."""

    def __init__(self, context: Context, *, heads: bool = False) -> None:
        """Begin after the head."""
        self._context, self._heads = context, heads
        self._next = context.chain.head + 1

    def changes(self) -> list[Any]:
        """Return the blocks since, the oldest left out beyond 10,000."""
        chain, context = self._context.chain, self._context
        numbers = range(max(self._next, chain.head + 1 - _MOST_HEADS), chain.head + 1)
        self._next = max(self._next, chain.head + 1)
        if self._heads:
            return [context.header_form(number) for number in numbers]
        found = [chain.header(number).hash for number in numbers]
        for number, block in zip(numbers, found, strict=True):
            context.remember(block, number)
        return [hex0x(block) for block in found]

    def rewind(self, first: int, removed: Collection[LogEntry]) -> None:
        """Begin again where the chain parts."""
        del removed
        self._next = min(self._next, first)

    def seen(self, tx: Transaction) -> None:
        """Care for blocks only."""


class LogFilter:
    """New logs that match *query*, and old ones that a reorg removed."""

    def __init__(self, context: Context, query: LogQuery) -> None:
        """Begin after the head, or at the query's first block."""
        self._context, self.query = context, query
        head = context.chain.head
        asked = None if query.first is None else context.number(query.first)
        named = isinstance(query.first, str)  # tags mean "from now on", but for `earliest`
        self._next = head + 1 if asked is None or (named and asked) else asked
        self._removed: list[LogEntry] = []

    def changes(self) -> list[Any]:
        """Return the logs since, removed ones first."""
        chain, query = self._context.chain, self.query
        removed, self._removed = self._removed, []
        last = chain.head
        if isinstance(query.last, int):
            last = min(last, query.last)
        first, self._next = self._next, max(self._next, last + 1)
        return [log_form(entry) for entry in removed] + logs(
            self._context, query, first=first, last=last
        )

    def rewind(self, first: int, removed: Collection[LogEntry]) -> None:
        """Begin again where the chain parts, and tell of what was told already."""
        told = self._next
        self._removed += [e for e in removed if e.block < told and self.query.admits(e)]
        self._next = min(self._next, first)

    def seen(self, tx: Transaction) -> None:
        """Care for logs only."""


class PendingFilter:
    """Transactions that came to the mempool: hashes, or in *full*."""

    def __init__(self, context: Context, *, full: bool = False) -> None:
        """Begin now."""
        self._context, self._full = context, full
        self._found: deque[Any] = deque(maxlen=_MOST_HASHES)

    def changes(self) -> list[Any]:
        """Return those since, the oldest left out beyond 10,000."""
        found = list(self._found)
        self._found.clear()
        return found

    def rewind(self, first: int, removed: Collection[LogEntry]) -> None:
        """Nothing that came is taken back."""

    def seen(self, tx: Transaction) -> None:
        """Keep *tx* for the next question."""
        chain_id = self._context.chain_id
        self._found.append(
            transaction_form(tx, None, chain_id=chain_id) if self._full else hex0x(tx.hash)
        )


def logs(context: Context, query: LogQuery, *, first: int, last: int) -> list[dict[str, Any]]:
    """Return the logs of the blocks from *first* to *last* that match *query*."""
    found = context.chain.logs(first, last, addresses=query.addresses, topics=query.topics)
    times: dict[int, int] = {}
    for entry in found:
        if entry.block not in times:
            times[entry.block] = context.env(entry.block).timestamp
            context.remember(entry.block_hash, entry.block)
    return [log_form(entry, times[entry.block]) for entry in found]


class Filters:
    """All filters and subscriptions over one chain, by id."""

    def __init__(self, context: Context) -> None:
        """Listen to reorgs and to what comes to the mempool."""
        self._context = context
        self._filters: dict[str, Filter] = {}
        self._count = 0
        context.chain.on_reorg(self._reorg)
        context.chain.on_pending(self._seen)

    def __len__(self) -> int:
        """Return how many there are."""
        return len(self._filters)

    def add(self, made: Filter) -> str:
        """Keep *made*; return its id."""
        if len(self._filters) >= _MOST_FILTERS:
            raise Refused(f"too many filters: {_MOST_FILTERS} are open, uninstall some")
        self._count += 1
        name = hex(self._count)
        self._filters[name] = made
        return name

    def get(self, name: str) -> Filter:
        """Return the filter of that id."""
        found = self._filters.get(name)
        if found is None:
            raise Refused("filter not found")
        return found

    def remove(self, name: str) -> bool:
        """Forget a filter; return whether there was one."""
        return self._filters.pop(name, None) is not None

    def rewind(self, first: int, removed: Collection[LogEntry]) -> None:
        """Tell all that the blocks from *first* on are undone."""
        for item in self._filters.values():
            item.rewind(first, removed)

    def _reorg(self, reorg: Reorg) -> None:
        self.rewind(reorg.first, reorg.removed)

    def _seen(self, tx: Transaction) -> None:
        for item in self._filters.values():
            item.seen(tx)
