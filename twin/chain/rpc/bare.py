"""A chain without a world: blocks are made when somebody says so, at times of their choosing.

The chain of a world has blocks at a fixed interval of its clock, and going back would break the
agents that live on it. Here there is no clock that runs and nobody who lives: `mine` makes the
next block, snapshots take blocks back with their numbers and times, and a sent transaction is in
a block before `submit_and_mine` returns. Everything else is `Chain`.
"""

from __future__ import annotations

from twin.chain.basefee import FeeLine
from twin.chain.blocks import Ledger
from twin.chain.chain import Chain
from twin.chain.config import ChainConfig
from twin.chain.headers import Header
from twin.chain.port import AccountState, BlockEnv, Engine, Transaction
from twin.chain.producer import Producer
from twin.clock import Clock
from twin.errors import ChainError

__all__ = ["BareChain"]

MOST_BLOCKS = 100_000
"""Blocks that one request may mine."""


class _TimedLedger(Ledger):
    """A ledger whose blocks have the times and coinbases they were mined with."""

    def __init__(self, fees: FeeLine, config: ChainConfig) -> None:
        super().__init__(
            fees, chain_id=config.chain_id, coinbase=config.coinbase, window=config.reorg_window
        )
        self.times = [fees.start]
        self.miners: dict[int, bytes] = {}

    def timestamp(self, number: int) -> int:
        """Return the unix second of block *number*; of one to come, an interval after the last."""
        times = self.times
        if number < len(times):
            return times[number]
        return times[-1] + (number - len(times) + 1) * self.fees.interval

    def header(self, number: int) -> Header:
        """Return the header of block *number* with the coinbase that mined it."""
        self.coinbase, usual = self.miners.get(number, self.coinbase), self.coinbase
        try:
            return super().header(number)
        finally:
            self.coinbase = usual


class _BareProducer(Producer):
    """Makes a block when it is told to, and never by itself."""

    ledger: _TimedLedger

    def __init__(self, engine: Engine, config: ChainConfig, clock: Clock) -> None:
        super().__init__(engine, config, clock)
        self.ledger = _TimedLedger(self.fees, config)
        self._height = 0

    @property
    def head(self) -> int:
        """The number of the latest block that was mined."""
        return self._height

    def schedule(self) -> None:
        """Wake for nothing."""

    def env(self, number: int) -> BlockEnv:
        """Return the environment of block *number*."""
        self._env = None  # it is kept by number, but times may have changed
        env = super().env(number)
        miner = self.ledger.miners.get(number)
        if miner is None:
            return env
        return BlockEnv(
            env.number, env.timestamp, env.base_fee, env.gas_limit, miner, env.prevrandao,
            env.chain_id, parent_hashes=env.parent_hashes,
        )  # fmt: skip

    def mine(self, timestamp: int, coinbase: bytes | None) -> None:
        """Make the next block at *timestamp* from what waits and can pay."""
        self.ledger.times.append(timestamp)
        self._height += 1
        if coinbase is not None:
            self.ledger.miners[self._height] = coinbase
        self._produce(self._height)

    def back_to(self, handle: int) -> None:
        """Go back to the snapshot *handle*, block numbers and times included."""
        if handle not in self._saved:
            raise ChainError(f"no snapshot {handle}: it was never taken, or it is gone")
        height = self._saved[handle][0].number - 1
        self.revert(handle)
        self._height = height
        del self.ledger.times[height + 1 :]
        self.ledger.miners = {n: who for n, who in self.ledger.miners.items() if n <= height}

    def discard(self, handle: int) -> None:
        """Forget the snapshot *handle*, which stays as it is otherwise."""
        if self._saved.pop(handle, None) is not None:
            self.engine.forget(handle)


class BareChain(Chain):
    """A chain on *engine* under *config*, whose block 0 is at the present of *clock*.

    The clock never moves; *config.block_interval* is the least time between two blocks made
    without a time of their own. There is no background demand.
    """

    _producer: _BareProducer

    def __init__(self, engine: Engine, config: ChainConfig, clock: Clock) -> None:
        """Open block 0 for the genesis."""
        if config.background:
            raise ChainError("a chain without a world has no background demand: leave it out")
        super().__init__(engine, config, clock)
        self._producer = _BareProducer(engine, config, clock)
        self.automine = True
        self._ahead = 0  # seconds that the next block comes later, by `increase_time`
        self._next: int | None = None

    # -- time

    @property
    def next_timestamp(self) -> int:
        """The unix second of the next block."""
        if self._next is not None:
            return self._next
        return self.timestamp(self.head) + self.config.block_interval + self._ahead

    def timestamp(self, number: int) -> int:
        """Return the unix second of block *number*."""
        return self._settled().ledger.timestamp(number)

    def increase_time(self, seconds: int) -> int:
        """Let the next block come *seconds* later than it would; return all that was added."""
        self._ahead += seconds
        return self._ahead

    def set_next_timestamp(self, when: int) -> None:
        """Let the next block have the unix second *when*, which must be after the head's."""
        last = self.timestamp(self.head)
        if when <= last:
            raise ChainError(f"timestamp {when} is not after that of the latest block, {last}")
        self._next = when

    # -- mining

    def mine(
        self, count: int = 1, *, interval: int | None = None, coinbase: bytes | None = None
    ) -> None:
        """Make *count* blocks, *interval* seconds apart, from what waits."""
        if not 0 <= count <= MOST_BLOCKS:
            raise ChainError(f"{count} blocks: from 0 to {MOST_BLOCKS} are mined at once")
        if interval is not None and interval < 1:
            raise ChainError(f"an interval of {interval} s: blocks are at least a second apart")
        for place in range(count):
            when = self.next_timestamp
            if place and interval is not None:
                when = self.timestamp(self.head) + interval
            self._ahead, self._next = 0, None
            self._settled().mine(when, coinbase)

    def submit_and_mine(self, tx: Transaction) -> bytes:
        """Submit *tx*; with automine on, mine a block if that can hold it now. Return its hash."""
        found = self.submit(tx)
        if self.automine and tx.nonce == self.engine.account(tx.sender).nonce:
            self.mine()
        return found

    # -- going back

    def revert(self, snapshot: int) -> None:
        """Go back to *snapshot*, which stays valid, with block numbers and times."""
        self._settled().back_to(snapshot)
        self._ahead, self._next = 0, None

    def discard(self, snapshot: int) -> None:
        """Forget *snapshot*: it cannot be gone back to."""
        self._settled().discard(snapshot)

    # -- writing past the blocks

    def write(self, address: bytes, state: AccountState) -> None:
        """Put an account as it is told, outside any transaction."""
        self._settled()
        self.engine.set_account(address, state)
        self.touch()

    def write_storage(self, address: bytes, slot: int, value: int) -> None:
        """Put one storage slot as it is told, outside any transaction."""
        self._settled()
        self.engine.set_storage(address, {slot: value})
        self.touch()

    def _settled(self) -> _BareProducer:
        """Return the producer, its genesis closed."""
        self._producer.settle()
        return self._producer
