"""Blocks: what is kept of those that hold transactions, and how the others follow.

The ledger keeps a record of each block with transactions. Every other block's header follows
from the record before it and the fee line, and is made when somebody asks. Contents but the
newest are packed into bytes and lie on disk: a year of them would fill the memory.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass

from twin.chain.basefee import FeeLine
from twin.chain.codec import keccak, rlp
from twin.chain.headers import (
    EMPTY_LIST_HASH,
    Header,
    empty_hash,
    full_hash,
    prevrandao,
    salted,
)
from twin.chain.packed import pack, unpack
from twin.chain.receipts import Content
from twin.crate import maker
from twin.spill import Heap

__all__ = ["Block", "Content", "Ledger", "Parents"]

_WIDTH = 1 << 32  # more transactions than a block can hold
_OPEN = 64  # opened old blocks that are kept open
_NOTHING = Content((), (), ())

_full_header = maker(Header)


@dataclass(frozen=True, slots=True)
class Block:
    """A block: its *header* and what it holds, which may be nothing."""

    header: Header
    content: Content = _NOTHING

    @property
    def number(self) -> int:
        """Return the block's number."""
        return self.header.number

    @property
    def transactions(self) -> tuple[bytes, ...]:
        """Return the hashes of its transactions, in order."""
        return tuple([tx.hash for tx in self.content.transactions])


@dataclass(slots=True)
class _Record:
    """What is kept of a block with transactions."""

    transactions_hash: bytes
    receipts_hash: bytes
    state_hash: bytes
    hash: bytes
    content: Content | int
    """What it holds, or where that lies on disk."""


class Ledger:
    """The blocks of one chain, over *fees*, which knows base fee and gas of each.

    *chain_id* seeds the anchor of block 0; *keep* is how many transactions stay unpacked,
    and *window* how many blocks at least.
    """

    def __init__(
        self,
        fees: FeeLine,
        *,
        chain_id: int,
        coinbase: bytes,
        window: int = 1,
        keep: int = 5_000,
    ) -> None:
        """Start with no record."""
        self.fees, self.coinbase, self.window, self.keep = fees, coinbase, window, keep
        self.numbers: list[int] = []
        self._records: dict[int, _Record] = {}
        self._places: dict[bytes, int] = {}  # number * _WIDTH + index: a pair takes twice the room
        # From block number on, hashes build on the anchor; ascending, both lists together.
        self._anchor_from = [0]
        self._anchors = [keccak(rlp((b"fictra genesis", chain_id)))]
        self._heap = Heap()
        self._packed = 0  # how many of *numbers* are packed
        self._loose = 0  # transactions in the others
        self._open: dict[int, Content] = {}
        self._shown: Header | None = None  # the last header made: everybody asks for the head's

    # -- hashes and headers

    def timestamp(self, number: int) -> int:
        """Return the unix second of block *number*."""
        return self.fees.start + number * self.fees.interval

    def anchor(self, number: int) -> bytes:
        """Return the hash that block *number* builds on."""
        if number >= self._anchor_from[-1]:
            return self._anchors[-1]
        return self._anchors[bisect_right(self._anchor_from, number) - 1]

    def prevrandao(self, number: int) -> bytes:
        """Return the randomness of block *number*."""
        return prevrandao(self.anchor(number), number)

    def hash(self, number: int) -> bytes:
        """Return the hash of block *number*."""
        record = self._records.get(number)
        if record is not None:
            return record.hash
        base_fee, used = self.fees.block(number)
        return empty_hash(self.anchor(number), number, self.timestamp(number), base_fee, used)

    def header(self, number: int) -> Header:
        """Return the header of block *number*."""
        if self._shown is None or self._shown.number != number:
            self._shown = self._header(number)
        return self._shown

    def _header(self, number: int) -> Header:
        record = self._records.get(number)
        if record is None:
            hashes = (EMPTY_LIST_HASH, EMPTY_LIST_HASH, self.state_hash(number))
        else:
            hashes = (record.transactions_hash, record.receipts_hash, record.state_hash)
        return _full_header(
            number,
            self.timestamp(number),
            self.hash(number - 1) if number else bytes(32),
            *self.fees.block(number),
            self.fees.gas_limit,
            self.coinbase,
            self.prevrandao(number),
            *hashes,
            self.hash(number),
        )

    def state_hash(self, number: int) -> bytes:
        """Return the rolling state hash as of block *number*."""
        place = bisect_right(self.numbers, number)
        return self._records[self.numbers[place - 1]].state_hash if place else bytes(32)

    # -- contents

    def block(self, number: int) -> Block:
        """Return block *number*."""
        return Block(self.header(number), self.content(number) or _NOTHING)

    def content(self, number: int) -> Content | None:
        """Return what block *number* holds, or None where it holds nothing."""
        record = self._records.get(number)
        if record is None or isinstance(record.content, Content):
            return record and record.content  # type: ignore[return-value]
        found = self._open.get(number)
        if found is None:
            if len(self._open) >= _OPEN:
                del self._open[next(iter(self._open))]
            packed = self._heap.read(record.content)
            found = self._open[number] = unpack(packed, number, record.hash)
        return found

    def place(self, tx_hash: bytes) -> tuple[int, int] | None:
        """Return (block number, index) of a transaction."""
        found = self._places.get(tx_hash)
        return None if found is None else divmod(found, _WIDTH)

    def hash_of(self, number: int, commitments: tuple[bytes, bytes, bytes]) -> bytes:
        """Return the hash of block *number*, whose gas the fee line has, with transactions.

        *commitments* are the hashes of transactions, receipts and state changes.
        """
        fields = (number, self.timestamp(number), *self.fees.block(number))
        return full_hash(self.anchor(number), fields, commitments)

    def seal(
        self, number: int, commitments: tuple[bytes, bytes, bytes], *, own: bytes, content: Content
    ) -> None:
        """Record block *number*, later than all others, with its *own* hash and its *content*."""
        self._shown = None
        self._records[number] = _Record(*commitments, own, content)
        self.numbers.append(number)
        self._anchor_from.append(number + 1)
        self._anchors.append(own)
        places = self._places
        for place, tx in enumerate(content.transactions, number * _WIDTH):
            places[tx.hash] = place
        self._loose += len(content.transactions)
        self._pack(number - self.window)

    def cut(self, first: int, *, salt: int | None = None) -> list[tuple[int, Content]]:
        """Remove block *first* and all after it; return what they held, latest first.

        With *salt*, the number of the reorg, the hashes from *first* on will differ.
        """
        gone = []
        self._shown = None
        while self.numbers and self.numbers[-1] >= first:
            number = self.numbers.pop()
            content = self.content(number)
            assert content is not None  # noqa: S101 - a number stands for a record
            gone.append((number, content))
            del self._records[number]
            self._open.pop(number, None)
            if len(self.numbers) >= self._packed:
                self._loose -= len(content.transactions)
            for tx in content.transactions:
                del self._places[tx.hash]
        keep = bisect_right(self._anchor_from, first)
        del self._anchor_from[keep:], self._anchors[keep:]
        if salt is not None:
            self._anchors.append(salted(self.anchor(first), first, salt))
            self._anchor_from.append(first)
        self._packed = min(self._packed, len(self.numbers))
        self.fees.cut(first)
        return gone

    def _pack(self, last: int) -> None:
        """Pack the contents of the oldest blocks up to *last* while too much is unpacked."""
        while self._loose > self.keep and self.numbers[self._packed] <= last:
            record = self._records[self.numbers[self._packed]]
            assert isinstance(record.content, Content)  # noqa: S101 - packed are those before
            self._loose -= len(record.content.transactions)
            record.content = self._heap.append(pack(record.content))
            self._packed += 1


class Parents(Sequence[bytes]):
    """The hashes of the blocks before *number*, nearest first, made when BLOCKHASH asks."""

    __slots__ = ("_ledger", "_number")

    def __init__(self, ledger: Ledger, number: int) -> None:
        """Compute nothing yet."""
        self._ledger, self._number = ledger, number

    def __len__(self) -> int:
        """Return how many there are, at most 256."""
        return min(self._number, 256)

    def __getitem__(self, depth: int) -> bytes:  # type: ignore[override]
        """Return the hash of the block *depth* + 1 before."""
        if not 0 <= depth < len(self):
            raise IndexError(f"depth {depth}: BLOCKHASH reaches {len(self)} blocks back")
        return self._ledger.hash(self._number - depth - 1)
