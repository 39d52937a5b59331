"""The indexer: the chain's events as aggregates, with the faults that indexers have.

It reads each block once, some time after it is made, when somebody asks: volume by day, events by
kind, balances by transfers. A reorg undoes what the orphaned blocks had added. It may fall behind,
miss blocks, or count amounts in a wrong unit; what it missed it never goes back to, as indexers do
until somebody backfills them.
"""

from __future__ import annotations

from collections import deque
from typing import Any

from twin.chain.chain import Chain
from twin.chain.codec import hex0x, keccak
from twin.chain.config import Reorg
from twin.chain.receipts import LogEntry
from twin.clock import DAY, Clock
from twin.desk.port import DayVolume, IndexerStatus
from twin.errors import NoData
from twin.protocol.deployment import Deployment
from twin.scenario.services_nodes import IndexerSpec
from twin.services.chance import PPM, happens
from twin.services.regions import Regions

__all__ = ["ChainIndexer", "IndexerClient"]

TRANSFER = keccak(b"Transfer(address,address,uint256)")
TOKENS = ("FoundationToken", "PaymentToken", "StableAsset")

Counter = dict[Any, int]


class ChainIndexer:
    """The indexer of *deployment* on *chain*, as *spec* describes it."""

    def __init__(
        self,
        spec: IndexerSpec,
        clock: Clock,
        *,
        chain: Chain,
        deployment: Deployment,
        regions: Regions,
        seed: int,
    ) -> None:
        """Index nothing yet."""
        self.spec, self.lag, self.up = spec, spec.lag, True
        self._clock, self._chain, self._deployment = clock, chain, deployment
        self._regions, self._seed = regions, seed
        self._miss_ppm, self._unit_ppm = 0, PPM
        self._last = -1
        self._events: Counter = {}
        self._stable: Counter = {}
        self._swaps: Counter = {}
        self._balances: Counter = {}
        self._journal: deque[tuple[int, list[tuple[Counter, Any, int]]]] = deque()
        pool = deployment.contract("LiquidityPool")
        self._swapped = pool.address, pool.event("Swapped").topic0
        self._stable_asset = deployment.contract("StableAsset").address
        self._tokens = {deployment.contract(name).address for name in TOKENS}
        regions.region(spec.region)
        chain.on_reorg(self._undo)

    # -- what goes wrong: the injector's alone ---------------------------------------------------

    def delay(self, seconds: int) -> None:
        """Be *seconds* behind from now on."""
        self.catch_up()
        self.lag = seconds

    def miss(self, share_ppm: int) -> None:
        """Miss this share of the blocks from now on."""
        self.catch_up()
        self._miss_ppm = share_ppm

    def miscount(self, factor_ppm: int) -> None:
        """Count amounts of swaps times *factor_ppm* millionths from now on."""
        self.catch_up()
        self._unit_ppm = factor_ppm

    # -- following -------------------------------------------------------------------------------

    def catch_up(self) -> None:
        """Index what was made up to *lag* seconds ago."""
        chain = self._chain
        behind = (self._clock.now - self.lag - chain.start) // chain.config.block_interval
        upto = max(0, min(chain.head, behind))  # the genesis was there before it
        if upto <= self._last:
            return
        block, changes = -1, list[tuple[Counter, Any, int]]()
        for entry in chain.logs(self._last + 1, upto):
            if entry.block != block:
                block, changes = entry.block, []
                self._journal.append((block, changes))
            if not self._missed(block):
                self._take(entry, changes)
        self._last = upto
        oldest = upto - chain.config.reorg_window
        while self._journal and self._journal[0][0] < oldest:
            self._journal.popleft()

    def _missed(self, block: int) -> bool:
        return happens(self._seed, self._miss_ppm, "indexer-miss", str(block))

    def _take(self, entry: LogEntry, changes: list[tuple[Counter, Any, int]]) -> None:
        def add(counter: Counter, key: Any, amount: int) -> None:
            counter[key] = counter.get(key, 0) + amount
            changes.append((counter, key, amount))

        kind = (entry.address, entry.topics[0] if entry.topics else b"")
        add(self._events, kind, 1)
        if kind == self._swapped:
            day = self._chain.timestamp(entry.block) // DAY * DAY
            buys = entry.topics[2][12:] == self._stable_asset
            amount = int.from_bytes(entry.data[:32] if buys else entry.data[32:64], "big")
            add(self._stable, day, amount * self._unit_ppm // PPM)
            add(self._swaps, day, 1)
        elif kind[1] == TRANSFER and entry.address in self._tokens:
            amount = int.from_bytes(entry.data, "big")
            add(self._balances, (entry.address, entry.topics[1][12:]), -amount)
            add(self._balances, (entry.address, entry.topics[2][12:]), amount)

    def _undo(self, reorg: Reorg) -> None:
        while self._journal and self._journal[-1][0] >= reorg.first:
            for counter, key, amount in self._journal.pop()[1]:
                counter[key] -= amount
        self._last = min(self._last, reorg.first - 1)

    # -- answering -------------------------------------------------------------------------------

    def answer(self, request: str) -> None:
        """Be ready to answer *request*; NoData where nothing comes back."""
        if not self.up or self._regions.fails(
            self.spec.region, self._clock.now, "indexer", request
        ):
            raise NoData("the indexer does not answer")
        self.catch_up()

    def status(self) -> IndexerStatus:
        """Return how far it is."""
        last = max(0, self._last)
        header = self._chain.header(last)
        events = 0
        for count in self._events.values():
            events += count
        return IndexerStatus(last, hex0x(header.hash), header.timestamp, events)

    def count(self, contract: str, event: str) -> int:
        """Return how many events it has seen."""
        target = self._deployment.contract(contract)
        return self._events.get((target.address, target.event(event).topic0), 0)

    def volumes(self) -> list[DayVolume]:
        """Return the pool's volume by day."""
        return [
            DayVolume(day, self._stable[day], self._swaps[day])
            for day in sorted(self._swaps)
            if self._swaps[day]
        ]

    def balance(self, token: str, holder: bytes) -> int:
        """Return what *holder* has of *token*."""
        return self._balances.get((self._deployment.contract(token).address, holder), 0)


class IndexerClient:
    """A client of the indexer: what the desk shows of it."""

    __slots__ = ("_indexer",)

    def __init__(self, indexer: ChainIndexer) -> None:
        """Ask this one."""
        self._indexer = indexer

    def status(self) -> IndexerStatus:
        """Return how far it is."""
        self._indexer.answer("status")
        return self._indexer.status()

    def count(self, contract: str, event: str) -> int:
        """Return how many events it has seen."""
        self._indexer.answer("count")
        return self._indexer.count(contract, event)

    def volumes(self) -> list[DayVolume]:
        """Return the pool's volume by day."""
        self._indexer.answer("volumes")
        return self._indexer.volumes()

    def balance(self, token: str, holder: bytes) -> int:
        """Return what *holder* has of *token*."""
        self._indexer.answer("balance")
        return self._indexer.balance(token, holder)
