"""The mempool: what waits for a block, and in which order blocks take it.

The order is total: effective tip at the block's base fee, highest first, then arrival, sender
and nonce. A sender's transactions go in nonce order, so only the next one of each competes. One
whose fee cap is below the base fee waits; nothing expires, and what is dropped leaves a reason.

The effective tip is min(tip, cap - base fee) and the base fee changes with every block, yet
nothing is sorted anew: both terms are upper bounds of it, and either is a fixed order. Each
competitor stands in one of two heaps, by tip or by cap; one that comes to the top for a bound
that overstates it moves to the other heap.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from heapq import heappop, heappush

from twin.chain.port import Transaction
from twin.errors import InvalidTransaction

__all__ = ["Mempool", "Pending"]

_BUMP = 10  # per cent by which a replacement raises tip and cap, as go-ethereum asks

_Place = tuple[int, int, bytes, int]


@dataclass(slots=True, eq=False)
class Pending:
    """A waiting transaction; *arrival* is a running number, *second* the unix second it came."""

    tx: Transaction
    arrival: int
    second: int
    gone: bool = False

    def effective_tip(self, base_fee: int) -> int:
        """Return what it pays above *base_fee*, in wei; negative where it cannot pay."""
        return min(self.tx.tip, self.tx.max_fee - base_fee)

    def place(self, tip: int) -> _Place:
        """Return its place in the order if it pays *tip*; smaller goes first."""
        return (-tip, self.arrival, self.tx.sender, self.tx.nonce)


_Heap = list[tuple[_Place, int, Pending]]


class Mempool:
    """All waiting transactions of one chain; *gas* is the sum of their gas limits."""

    def __init__(self) -> None:
        """Start empty."""
        self.dropped: dict[bytes, str] = {}
        self.gas = 0
        self._by_hash: dict[bytes, Pending] = {}
        self._queues: dict[bytes, dict[int, Pending]] = {}
        self._next: dict[bytes, int] = {}  # the answer last given: below it a queue has no gap
        self._tips: _Heap = []  # limited by their tip: cap - tip >= base fee
        self._caps: _Heap = []  # limited by their cap, or below the base fee altogether
        self._arrivals = 0
        self._pushes = 0  # keeps the heaps from comparing records

    def __len__(self) -> int:
        """Return how many wait."""
        return len(self._by_hash)

    def __iter__(self) -> Iterator[Pending]:
        """Yield all that wait, in order of arrival."""
        return iter(sorted(self._by_hash.values(), key=lambda pending: pending.arrival))

    def get(self, tx_hash: bytes) -> Pending | None:
        """Return what waits under *tx_hash*."""
        return self._by_hash.get(tx_hash)

    def next_nonce(self, sender: bytes, nonce: int) -> int:
        """Return the first nonce from *nonce* (the account's) on that no waiting one has."""
        queue = self._queues.get(sender)
        if queue is None:
            return nonce
        found = max(nonce, self._next.get(sender, 0))
        while found in queue:
            found += 1
        self._next[sender] = found
        return found

    # -- in and out

    def add(self, tx: Transaction, *, nonce: int, second: int) -> bytes | None:
        """Take in *tx*, whose sender's account stands at *nonce*, at unix *second*.

        One with the nonce of another replaces it, whose hash is returned, if it raises tip and
        cap by 10 %; else InvalidTransaction is raised, as for a nonce that is spent or a hash
        that waits already.
        """
        if tx.hash in self._by_hash:
            raise InvalidTransaction("it waits in the mempool already")
        if tx.nonce < nonce:
            raise InvalidTransaction(f"nonce too low: {tx.nonce}, the account is at {nonce}")
        old = self._queues.get(tx.sender, {}).get(tx.nonce)
        if old is not None:
            _check_replacement(old.tx, tx)
            self.drop(old, f"replaced by 0x{tx.hash.hex()}")
        self._arrivals += 1
        pending = Pending(tx, self._arrivals, second)
        self._insert(pending)
        self.dropped.pop(tx.hash, None)
        if tx.nonce == nonce:
            self.compete(pending)
        return None if old is None else old.tx.hash

    def take(self, pending: Pending) -> None:
        """Remove *pending*, which a block holds now, and let the sender's next one compete."""
        self._remove(pending)
        tx = pending.tx
        following = self._queues.get(tx.sender, {}).get(tx.nonce + 1)
        if following is not None:
            self.compete(following)

    def drop(self, pending: Pending, reason: str) -> None:
        """Remove *pending* and keep the *reason*."""
        self._remove(pending)
        self._next.pop(pending.tx.sender, None)
        self.dropped[pending.tx.hash] = reason

    def rebuild(self, waiting: list[Pending], nonce_of: Callable[[bytes], int]) -> None:
        """Hold exactly *waiting*, with their old arrivals, over accounts at *nonce_of*."""
        self._by_hash.clear()
        self._queues.clear()
        self._next.clear()
        self._tips.clear()
        self._caps.clear()
        self.gas = 0
        for pending in waiting:
            pending.gone = False
            self._insert(pending)
        for sender, queue in self._queues.items():
            first = queue.get(nonce_of(sender))
            if first is not None:
                self.compete(first)

    def _insert(self, pending: Pending) -> None:
        tx = pending.tx
        self._by_hash[tx.hash] = pending
        self._queues.setdefault(tx.sender, {})[tx.nonce] = pending
        self.gas += tx.gas

    def _remove(self, pending: Pending) -> None:
        tx = pending.tx
        pending.gone = True
        self.gas -= tx.gas
        del self._by_hash[tx.hash]
        queue = self._queues[tx.sender]
        del queue[tx.nonce]
        if not queue:
            del self._queues[tx.sender]
            self._next.pop(tx.sender, None)

    # -- competing

    def compete(self, pending: Pending) -> None:
        """Let *pending*, its sender's next, compete; also to put back one that was popped."""
        self._push(self._tips, pending, pending.tx.tip)

    def pop(self, base_fee: int) -> Pending | None:
        """Return the best that can pay *base_fee*, no longer competing; None where none can."""
        heap = self._best(base_fee)
        return heappop(heap)[2] if heap is not None else None

    def can_pay(self, base_fee: int) -> bool:
        """Return whether any competitor can pay *base_fee*."""
        return self._best(base_fee) is not None

    def highest_cap(self) -> int | None:
        """Return the highest fee cap there is; asked when none of them can pay."""
        return self._caps[0][2].tx.max_fee if self._caps else None

    def _best(self, base_fee: int) -> _Heap | None:
        """Return the heap on whose top the best competitor at *base_fee* stands."""
        tips, caps = self._tips, self._caps
        while tips:
            pending = tips[0][2]
            if not pending.gone and pending.tx.max_fee - base_fee >= pending.tx.tip:
                break
            heappop(tips)
            if not pending.gone:
                self._push(caps, pending, pending.tx.max_fee)
        while caps:
            pending = caps[0][2]
            if not pending.gone and pending.tx.max_fee - base_fee <= pending.tx.tip:
                break
            heappop(caps)
            if not pending.gone:
                self._push(tips, pending, pending.tx.tip)
        if caps and caps[0][2].tx.max_fee >= base_fee:
            pending = caps[0][2]
            if not tips or pending.place(pending.tx.max_fee - base_fee) < tips[0][0]:
                return caps
        return tips or None

    def _push(self, heap: _Heap, pending: Pending, bound: int) -> None:
        self._pushes += 1
        heappush(heap, (pending.place(bound), self._pushes, pending))


def _check_replacement(old: Transaction, new: Transaction) -> None:
    """Raise where *new* does not raise tip and cap of *old* enough."""
    for what, had, has in (("tip", old.tip, new.tip), ("fee cap", old.max_fee, new.max_fee)):
        least = had + -(-had * _BUMP // 100)
        if has < least:
            rule = f"needed {least} (+{_BUMP} %)"
            raise InvalidTransaction(f"replacement underpriced: {what} {has}, {rule}")
