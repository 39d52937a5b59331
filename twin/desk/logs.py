"""Contract events as the desk follows them: each log is fetched and decoded once.

A follower keeps the logs of one event and asks the chain only for what came after the newest
block that it has. It asks for that block again with it, as an indexer of a live network does:
where the block's hash is another, a reorg took it away, and the follower goes back, block by
block, to one that still stands.
"""

from __future__ import annotations

from array import array
from bisect import bisect_left, bisect_right
from types import MappingProxyType

from twin.chain.reads import ChainReads
from twin.chain.receipts import LogEntry
from twin.desk.port import LogRecord
from twin.protocol.codec import EventCodec
from twin.protocol.contract import Contract

__all__ = ["LogFollower"]


class LogFollower:
    """The logs of the event *codec* that the *contract* at its present address wrote.

    A log is decoded when it is first asked for: one that cannot be decoded is the trouble of
    whoever asks for its time, and of nobody else.
    """

    __slots__ = ("_blocks", "_chain", "_codec", "_contract", "_entries", "_records", "_times",
                 "_version")  # fmt: skip

    def __init__(self, chain: ChainReads, contract: Contract, codec: EventCodec) -> None:
        """Fetch nothing yet."""
        self._chain, self._contract, self._codec = chain, contract, codec
        self._entries: list[LogEntry] = []
        self._records: list[LogRecord | None] = []
        self._blocks, self._times = array("q"), array("q")
        self._version = -1

    def follows(self, contract: Contract, codec: EventCodec) -> bool:
        """Say whether this is the follower of *codec* at *contract*: neither was replaced."""
        return self._contract is contract and self._codec is codec

    def since(self, second: int, block: int) -> list[LogRecord]:
        """Return the logs from unix *second* on up to *block*, oldest first.

        Raises ChainError for a log among them that is not as the event declares it.
        """
        self._catch_up()
        first, last = bisect_left(self._times, second), bisect_right(self._blocks, block)
        return [self._records[place] or self._decode(place) for place in range(first, last)]

    def _decode(self, place: int) -> LogRecord:
        entry, codec = self._entries[place], self._codec
        record = self._records[place] = LogRecord(
            entry.block,
            self._times[place],
            self._contract.name,
            codec.name,
            MappingProxyType(codec.decode(entry.topics, entry.data)),
        )
        return record

    def _catch_up(self) -> None:
        """Fetch what was written since the last time; nothing where no state changed."""
        version = self._chain.state_version
        if version == self._version:
            return
        found = self._fetch()
        while self._blocks and self._blocks[-1] and not self._stands(found):
            self._drop(self._blocks[-1])
            found = self._fetch()
        overlap = len(self._blocks) - bisect_left(self._blocks, found[0].block) if found else 0
        for entry in found[overlap:]:
            self._entries.append(entry)
            self._records.append(None)
            self._blocks.append(entry.block)
            self._times.append(self._chain.timestamp(entry.block))
        self._version = version

    def _fetch(self) -> list[LogEntry]:
        """Return the logs from the newest block that is kept, itself included, to the head.

        The genesis stands for good, and is large: it is read once.
        """
        chain, newest = self._chain, self._blocks[-1] if self._blocks else -1
        return chain.logs(
            from_block=newest if newest > 0 else newest + 1,
            to_block=chain.head,
            addresses=(self._contract.address,),
            topics=(self._codec.topic0,),
        )

    def _stands(self, found: list[LogEntry]) -> bool:
        """Say whether the newest block that is kept is still the chain's: its hash covers all."""
        return bool(found) and found[0].block_hash == self._entries[-1].block_hash

    def _drop(self, block: int) -> None:
        """Forget *block* and what is kept after it."""
        kept = bisect_left(self._blocks, block)
        del self._entries[kept:], self._records[kept:], self._blocks[kept:], self._times[kept:]
