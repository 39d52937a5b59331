"""Producing blocks, and taking them back: everything that changes a chain.

The producer wakes in the second of the next block that some waiting transaction can enter, fills
it, seals it, and tells whoever listens. It keeps the state before each block of the reorg window,
so that blocks can be undone and read back.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from operator import attrgetter

import simpy

from twin.chain.assembly import Filled, fill
from twin.chain.basefee import FeeLine
from twin.chain.blocks import Block, Ledger, Parents
from twin.chain.config import ChainConfig, Reorg
from twin.chain.headers import roll_state, transactions_hash
from twin.chain.logindex import LogIndex
from twin.chain.mempool import Mempool, Pending
from twin.chain.port import BlockEnv, Engine, Execution, Log, Transaction
from twin.chain.receipts import Content, LogEntry, Receipt, entries, receipts_hash
from twin.chain.ticks import Alarm
from twin.clock import Clock
from twin.crate import maker
from twin.errors import ChainError, InvalidTransaction, UnknownBlock

__all__ = ["Producer"]

_LOOK_AHEAD = 256  # blocks looked ahead for one whose base fee a waiting transaction can pay
_GENESIS_GAS = 2**40  # block 0 has room for any deployment

_block_env, _content, _receipt = maker(BlockEnv), maker(Content), maker(Receipt)


@dataclass(frozen=True, slots=True)
class _Before:
    """The state before block *number*: the engine's snapshot and the rolling state hash."""

    number: int
    snapshot: int
    state_hash: bytes


_before = maker(_Before)


class Producer:
    """What makes the blocks of one chain; block 0 is open for the genesis until it is closed."""

    def __init__(self, engine: Engine, config: ChainConfig, clock: Clock) -> None:
        """Start at the present of *clock*."""
        self.engine, self.config, self.clock = engine, config, clock
        self.start = clock.now
        self._interval = config.block_interval
        self.state_version = 0
        self.fees = FeeLine(
            self.start,
            config.block_interval,
            gas_limit=config.gas_limit,
            base_fee=config.base_fee,
            demands=config.background,
        )
        self.ledger = Ledger(self.fees, chain_id=config.chain_id, coinbase=config.coinbase)
        self.pool = Mempool()
        self.index = LogIndex()
        self.waiting: dict[bytes, simpy.Event] = {}
        self.block_listeners: list[Callable[[Block], object]] = []
        self.reorg_listeners: list[Callable[[Reorg], object]] = []
        self.drop_listeners: list[Callable[[bytes, str], object]] = []
        self.pending_listeners: list[Callable[[Transaction], object]] = []
        self._alarm = Alarm(clock, self._ring)
        self._genesis: list[tuple[Pending, Execution]] | None = []
        self._state_hash = bytes(32)
        self._roll = getattr(engine, "roll_changes", self._roll_changes)
        self._before: list[_Before] = []
        self._saved: dict[int, tuple[_Before, list[Pending]]] = {}
        self._reorgs = 0
        self._env: BlockEnv | None = None  # the last one made: the head's is asked for often

    @property
    def head(self) -> int:
        """The number of the latest block whose timestamp is not in the future."""
        return (self.clock.now - self.start) // self._interval

    def settle(self) -> None:
        """Close block 0 if it is open, and produce what is due at the second of the clock."""
        if self._genesis is not None:
            executed, self._genesis = self._genesis, None
            self._seal(0, Filled(executed))
        due = self._alarm.when  # as in `settle_due`, which this is called as often as
        if due is not None and due <= self.clock.now:
            self._alarm.catch_up()

    def settle_due(self) -> None:
        """Produce what is due at the second of the clock, and leave block 0 as it is."""
        due = self._alarm.when
        if due is not None and due <= self.clock.now:
            self._alarm.catch_up()

    @property
    def open(self) -> bool:
        """Whether block 0 still takes transactions."""
        return self._genesis is not None and self.clock.now == self.start

    def genesis(self, tx: Transaction) -> Receipt:
        """Execute *tx*, whose fees are zero, at once in block 0."""
        if self._genesis is None or not self.open:
            raise ChainError(f"0x{tx.hash.hex()} comes after the genesis: submit it")
        config = self.config
        random = self.ledger.prevrandao(0)
        self.engine.begin_block(
            BlockEnv(0, self.start, 0, _GENESIS_GAS, config.coinbase, random, config.chain_id)
        )
        self._genesis.append((Pending(tx, 0, self.start), self.engine.transact(tx)))
        self.state_version += 1
        return _receipts(0, bytes(32), 0, self._genesis[-1:])[0]

    # -- environments and old states

    def env(self, number: int) -> BlockEnv:
        """Return the environment of block *number*."""
        env = self._env
        if env is not None and env.number == number:
            return env
        config = self.config
        env = self._env = _block_env(
            number,
            self.ledger.timestamp(number),
            self.fees.at(number).base_fee,
            config.gas_limit,
            config.coinbase,
            self.ledger.prevrandao(number),
            config.chain_id,
            0,
            Parents(self.ledger, number),
        )
        return env

    def state_of(self, number: int) -> int | None:
        """Return the snapshot that holds the state after block *number*; None for the present."""
        if not 0 <= number <= self.head:
            raise UnknownBlock(number, f"the head is {self.head}")
        if number < self.head - self.config.reorg_window:
            window = self.config.reorg_window
            raise UnknownBlock(number, f"state is kept for {window} blocks before {self.head}")
        states = self._before
        place = bisect_right(states, number, key=attrgetter("number"))
        return states[place].snapshot if place < len(states) else None

    # -- producing

    def schedule(self) -> None:
        """Wake for the next block that a waiting transaction can enter."""
        number = self.head + 1
        if not self.pool.can_pay(self.fees.at(number).base_fee):
            cap = self.pool.highest_cap()
            if cap is None:
                return
            found = self.fees.first_at_most(number, cap, horizon=_LOOK_AHEAD)
            number = number + _LOOK_AHEAD if found is None else found
        self._alarm.set(self.ledger.timestamp(number))

    def _ring(self, when: int) -> None:
        self._produce((when - self.start) // self.config.block_interval)
        self.schedule()

    def _produce(self, number: int) -> None:
        """Make block *number* if any waiting transaction enters it."""
        env = self.env(number)
        if not self.pool.can_pay(env.base_fee):
            return
        self._absorb()
        before = _before(number, self.engine.snapshot(), self._state_hash)
        self.engine.begin_block(env)
        filled = fill(self.engine, self.pool, env, self.fees.active(number))
        if filled.executed:
            self.fees.seal(number, filled.gas + filled.background)
            self._before.append(before)
            self._seal(number, filled)
        else:
            self.engine.forget(before.snapshot)
        for pending in filled.refused:
            self._give_up(pending.tx.hash)

    def _absorb(self) -> None:
        """Roll what changed since the last time into the state hash."""
        self._state_hash = self._roll(self._state_hash) or self._state_hash

    def _roll_changes(self, previous: bytes) -> bytes | None:
        """What an engine does that cannot roll by itself."""
        changes = self.engine.drain_changes()
        return roll_state(previous, changes) if changes else None

    def _seal(self, number: int, filled: Filled) -> None:
        """Keep block *number*, whose gas the fee line has, and tell whoever listens."""
        self._absorb()
        if self._env is not None and self._env.number > number:
            self._env = None  # base fee, randomness and ancestors of what follows are others now
        base_fee = self.fees.at(number).base_fee if number else 0
        executed = filled.executed
        transactions = tuple([pending.tx for pending, _ in executed])
        origins = tuple([(pending.arrival, pending.second) for pending, _ in executed])
        commitments = (
            transactions_hash([tx.hash for tx in transactions]),
            receipts_hash(_outcomes(executed)),
            self._state_hash,
        )
        own = self.ledger.hash_of(number, commitments)
        receipts = _receipts(number, own, base_fee, executed)
        content = _content(transactions, receipts, origins)
        self.ledger.seal(number, commitments, own=own, content=content)
        self.index.add(number, [log for _, done in executed for log in done.logs])
        self.state_version += 1
        self._forget_old(number)
        self._tell(number, content)

    def _forget_old(self, number: int) -> None:
        """Discard the states that are beyond the reorg window."""
        oldest = number - self.config.reorg_window
        while self._before and self._before[0].number <= oldest:
            self.engine.forget(self._before.pop(0).snapshot)

    def _tell(self, number: int, content: Content) -> None:
        """Wake whoever waits for what block *number* holds, then call who listens to blocks."""
        if self.waiting:
            for receipt in content.receipts:
                event = self.waiting.pop(receipt.transaction, None)
                if event is not None:
                    event.succeed(receipt)
        if self.block_listeners and number:  # the genesis is nobody's news
            block = Block(self.ledger.header(number), content)
            for listener in tuple(self.block_listeners):
                listener(block)

    def _give_up(self, tx_hash: bytes) -> None:
        """Tell whoever waits for a dropped transaction why it is not coming."""
        reason = self.pool.dropped.get(tx_hash, "the chain went back to before it came")
        event = self.waiting.pop(tx_hash, None)
        if event is not None:
            fail(event, reason)
        for listener in tuple(self.drop_listeners):
            listener(tx_hash, reason)

    def add(self, tx: Transaction, *, nonce: int) -> None:
        """Take *tx*, checked as far as it can be alone, whose sender's account is at *nonce*."""
        replaced = self.pool.add(tx, nonce=nonce, second=self.clock.now)
        if replaced is not None:
            self._give_up(replaced)
        for listener in self.pending_listeners:
            listener(tx)
        self.schedule()

    # -- going back

    def reorg(self, depth: int, drop: Collection[bytes]) -> Reorg:
        """Replace the last *depth* blocks; their transactions, but for *drop*, wait again."""
        last = self.head
        if not 1 <= depth <= min(last, self.config.reorg_window):
            rule = f"depth 1 to {min(last, self.config.reorg_window)} can be undone"
            raise UnknownBlock(last - depth + 1, rule)
        first = last - depth + 1
        self._reorgs += 1
        waiting = list(self.pool)
        before = next((state for state in self._before if state.number >= first), None)
        gone = self._unwind(first, before, salt=self._reorgs)
        if before is not None:
            self.engine.forget(before.snapshot)
        dropped = []
        for _, content in gone:
            for tx, (arrival, second) in zip(content.transactions, content.origins, strict=True):
                if tx.hash in drop:
                    self.pool.dropped[tx.hash] = "dropped in a reorg"
                    dropped.append(tx.hash)
                else:
                    waiting.append(Pending(tx, arrival, second))
        self.pool.rebuild(waiting, self._nonce)
        reorg = Reorg(first, last, _removed(gone), tuple(dropped))
        for listener in tuple(self.reorg_listeners):
            listener(reorg)
        for tx_hash in dropped:
            self._give_up(tx_hash)
        for number in range(first, last + 1):
            self._produce(number)
        self.schedule()
        return reorg

    def snapshot(self) -> int:
        """Return a handle on state, blocks and mempool of the present."""
        self._absorb()
        handle = self.engine.snapshot()
        before = _Before(self.head + 1, handle, self._state_hash)
        self._saved[handle] = (before, list(self.pool))
        return handle

    def revert(self, handle: int) -> None:
        """Go back to *handle*, which stays valid; time does not, so blocks since are empty."""
        if handle not in self._saved:
            raise ChainError(
                f"no snapshot {handle}: it was never taken, or an earlier one was used"
            )
        before, waiting = self._saved[handle]
        self._unwind(before.number, before, salt=None)
        self._saved = {kept: saved for kept, saved in self._saved.items() if kept <= handle}
        self.pool.rebuild(waiting, self._nonce)
        for tx_hash in sorted(self.waiting):
            if self.pool.get(tx_hash) is None:
                self._give_up(tx_hash)
        self.schedule()

    def _unwind(
        self, first: int, before: _Before | None, *, salt: int | None
    ) -> list[tuple[int, Content]]:
        """Undo block *first* and all after it; return what they held, latest first."""
        self._alarm.clear()
        self._env = None
        gone = self.ledger.cut(first, salt=salt)
        for number, content in gone:
            self.index.remove(number, [log for r in content.receipts for log in r.logs])
        self._before = [state for state in self._before if state.number < first]
        if before is not None:
            self._absorb()
            self.engine.revert(before.snapshot)
            self._state_hash = before.state_hash
        self.state_version += 1
        return gone

    def _nonce(self, address: bytes) -> int:
        return self.engine.account(address).nonce


def _outcomes(executed: list[tuple[Pending, Execution]]) -> list[tuple[bool, int, Sequence[Log]]]:
    """Return (success, cumulative gas, logs) of what a block executed."""
    total = 0
    return [
        (execution.success, total := total + execution.gas_used, execution.logs)
        for _, execution in executed
    ]


def _receipts(
    number: int, block_hash: bytes, base_fee: int, executed: list[tuple[Pending, Execution]]
) -> tuple[Receipt, ...]:
    """Return the receipts of what block *number* executed."""
    receipts = []
    cumulative = first_log = 0
    for index, (pending, execution) in enumerate(executed):
        tx = pending.tx
        cumulative += execution.gas_used
        receipts.append(
            _receipt(
                tx.hash,
                index,
                number,
                block_hash,
                execution.success,
                execution.gas_used,
                cumulative,
                base_fee + pending.effective_tip(base_fee),
                tx.sender,
                tx.to,
                execution.logs,
                first_log,
                execution.created,
                b"" if execution.success else execution.output,
            )
        )
        first_log += len(execution.logs)
    return tuple(receipts)


def _removed(gone: list[tuple[int, Content]]) -> tuple[LogEntry, ...]:
    """Return the logs of undone blocks, marked as removed, in the order of the chain."""
    return tuple(
        entry
        for _, content in reversed(gone)
        for receipt in content.receipts
        for entry in entries(receipt, removed=True)
    )


def fail(event: simpy.Event, reason: str) -> None:
    """Let *event* fail for those who wait for it, and for nobody else."""
    refusal = InvalidTransaction(reason)
    refusal.args = (reason,)  # SimPy makes the exception it throws anew, from these
    event.fail(refusal)
    event.defused = True
