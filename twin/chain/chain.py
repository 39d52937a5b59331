"""The chain: blocks at a fixed interval over an engine, made only where there is work.

Block *n* has the timestamp start + n * interval. A transaction that comes at second *t* goes to
the first block with a later timestamp that has room and a base fee it can pay. Blocks without
transactions are not produced: they follow from the fee line when somebody asks (`basefee`).
What there is to ask and to tell a chain is here; making blocks is `producer`, keeping `blocks`.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from typing import Any

import simpy

from twin.chain.basefee import Demand
from twin.chain.blocks import Block
from twin.chain.config import ChainConfig, Reorg
from twin.chain.estimate import estimate
from twin.chain.headers import Header
from twin.chain.history import FeeHistory, fee_history
from twin.chain.logindex import matches
from twin.chain.port import (
    AccountState,
    BlockEnv,
    Call,
    Engine,
    Output,
    Topics,
    Transaction,
)
from twin.chain.producer import Producer, fail
from twin.chain.receipts import Content, LogEntry, Receipt, entry
from twin.chain.transactions import decode, impersonated
from twin.chain.validity import check_alone
from twin.clock import Clock
from twin.errors import ChainError, InvalidTransaction, Reverted, UnknownBlock

__all__ = ["Chain", "ChainConfig", "Reorg"]


class Chain:
    """A chain on *engine* under *config*, whose block 0 stands at the present of *clock*.

    Numbers are blocks, times unix seconds, amounts wei; hashes and addresses are bytes.
    """

    def __init__(self, engine: Engine, config: ChainConfig, clock: Clock) -> None:
        """Open block 0 for the genesis; the first transaction or question after it closes it."""
        self.engine, self.config, self.clock = engine, config, clock
        self._producer = Producer(engine, config, clock)
        self._call_many: Callable[..., list[Any]] = getattr(engine, "call_many", self._one_by_one)
        self.start = clock.now

    # -- genesis

    def fund(self, address: bytes, wei: int) -> None:
        """Give *wei* to *address* outside any block: a genesis allocation, or a faucet later."""
        now = self.engine.account(address)
        self.engine.set_account(address, AccountState(now.nonce, now.balance + wei, now.code))
        self.touch()

    def touch(self) -> None:
        """Note that state was written past the chain, on the engine."""
        self._producer.state_version += 1

    def genesis(
        self, sender: bytes, to: bytes | None, data: bytes, *, gas: int = 10**9, value: int = 0
    ) -> Receipt:
        """Execute at once in block 0, at base fee 0, which costs the sender nothing but *value*.

        The receipt lacks the block's hash, which stands only when the genesis is over.
        """
        nonce = self.engine.account(sender).nonce
        chain = self.config.chain_id
        return self._producer.genesis(
            impersonated(
                sender, nonce, to, data, chain_id=chain, gas=gas, max_fee=0, tip=0, value=value
            )
        )

    def genesis_transact(self, tx: Transaction) -> Receipt:
        """Execute *tx*, whose fees are zero, at once in block 0."""
        return self._producer.genesis(tx)

    def deploy(self, sender: bytes, code: bytes, *, gas: int = 10**9, value: int = 0) -> bytes:
        """Create a contract from creation *code* in block 0; return its address, or Reverted."""
        receipt = self.genesis(sender, None, code, gas=gas, value=value)
        if receipt.created is None:
            raise Reverted(receipt.output)
        return receipt.created

    # -- blocks

    @property
    def head(self) -> int:
        """The number of the latest block whose timestamp is not in the future."""
        return self._producer.head

    @property
    def interval(self) -> int:
        """Seconds between two blocks."""
        return self.config.block_interval

    @property
    def state_version(self) -> int:
        """A number that grows with every change of state: whoever caches reads compares it."""
        self._producer.settle_due()
        return self._producer.state_version

    def timestamp(self, number: int) -> int:
        """Return the unix second of block *number*, which may be yet to come."""
        return self._producer.ledger.timestamp(number)

    def header(self, number: int) -> Header:
        """Return the header of block *number*; UnknownBlock where it is yet to come."""
        return self._known(number).ledger.header(number)

    def block(self, number: int) -> Block:
        """Return block *number*; UnknownBlock where it is yet to come."""
        return self._known(number).ledger.block(number)

    def base_fee(self, number: int) -> int:
        """Return the base fee of block *number*; of a future one, as the background makes it."""
        return self._settled().fees.at(number).base_fee

    @property
    def next_base_fee(self) -> int:
        """The base fee of the block after the head, which is certain."""
        return self.base_fee(self.head + 1)

    def utilisation_ppm(self, first: int, last: int) -> int:
        """Return gas used over gas limit in blocks *first* to *last*, in millionths."""
        fees = self._known(last).fees
        if not 0 <= first <= last:
            raise UnknownBlock(f"{first} to {last}", "a range goes from a block to a later one")
        room = (last - first + 1) * self.config.gas_limit
        return fees.gas_used(first, last) * 10**6 // room

    def utilisation(self, first: int, last: int) -> float:
        """Return gas used over gas limit in blocks *first* to *last*, background included."""
        return self.utilisation_ppm(first, last) / 10**6

    def fee_history(self, count: int, newest: int, percentiles: Sequence[float] = ()) -> FeeHistory:
        """Return fees and use of the *count* blocks up to *newest*, as `eth_feeHistory` does."""
        return fee_history(self._known(newest).ledger, count, newest, percentiles)

    def add_background(self, demand: Demand) -> None:
        """Let *demand* compete for gas too; it must start in a block that is yet to come."""
        producer = self._settled()
        producer.fees.add(demand, after=self.head)
        producer.schedule()

    def on_block(self, callback: Callable[[Block], object]) -> None:
        """Call *callback* after every block that holds transactions."""
        self._producer.block_listeners.append(callback)

    def on_drop(self, callback: Callable[[bytes, str], object]) -> None:
        """Call *callback* with (hash, reason) of each transaction that no block will hold."""
        self._producer.drop_listeners.append(callback)

    def on_pending(self, callback: Callable[[Transaction], object]) -> None:
        """Call *callback* with each transaction that comes to the mempool."""
        self._producer.pending_listeners.append(callback)

    def _settled(self) -> Producer:
        """Return the producer with nothing due: where every question starts."""
        self._producer.settle()
        return self._producer

    def _known(self, number: int) -> Producer:
        producer = self._settled()
        if not 0 <= number <= producer.head:
            raise UnknownBlock(number, f"the head is {producer.head}")
        return producer

    # -- sending

    def send(
        self,
        sender: bytes,
        to: bytes | None,
        data: bytes = b"",
        *,
        gas: int,
        tip: int,
        max_fee: int | None = None,
        value: int = 0,
    ) -> bytes:
        """Submit a transaction of an impersonated *sender* at its pending nonce; return its hash.

        *max_fee* is twice the next base fee plus *tip* where it is not given.
        """
        producer = self._settled()
        account, chain = self.engine.account(sender), self.config.chain_id
        nonce = producer.pool.next_nonce(sender, account.nonce)
        cap = 2 * self.next_base_fee + tip if max_fee is None else max_fee
        return self._enter(
            impersonated(
                sender, nonce, to, data, chain_id=chain, gas=gas, max_fee=cap, tip=tip, value=value
            ),
            account,
        )

    def send_raw(self, raw: bytes) -> bytes:
        """Submit a signed transaction; return its hash."""
        return self.submit(decode(raw, chain_id=self.config.chain_id))

    def submit(self, tx: Transaction) -> bytes:
        """Put *tx* into the mempool and return its hash; InvalidTransaction where it is refused.

        Refused is what no block could cure; nonce and balance count when a block takes it.
        """
        self._settled()
        return self._enter(tx, self.engine.account(tx.sender))

    def _enter(self, tx: Transaction, sender: AccountState) -> bytes:
        """Put *tx* of *sender*, as its account is now, into the mempool."""
        check_alone(tx, sender, gas_limit=self.config.gas_limit)
        self._producer.add(tx, nonce=sender.nonce)
        return tx.hash

    def pending_nonce(self, address: bytes) -> int:
        """Return the nonce that the next transaction of *address* needs, waiting ones counted."""
        pool = self._settled().pool
        return pool.next_nonce(address, self.engine.account(address).nonce)

    @property
    def pending_count(self) -> int:
        """How many transactions wait."""
        return len(self._settled().pool)

    @property
    def pending_gas(self) -> int:
        """The sum of the gas limits of the transactions that wait."""
        return self._settled().pool.gas

    def pending(self) -> list[Transaction]:
        """Return what waits, in order of arrival."""
        return [pending.tx for pending in self._settled().pool]

    def dropped(self, tx_hash: bytes) -> str | None:
        """Return why a transaction left the mempool without a block, None where it did not."""
        return self._settled().pool.dropped.get(tx_hash)

    # -- what became of it

    def receipt(self, tx_hash: bytes) -> Receipt | None:
        """Return the receipt of a transaction, None while no block holds it."""
        found = self._find(tx_hash)
        return None if found is None else found[0].receipts[found[1]]

    def transaction(self, tx_hash: bytes) -> Transaction | None:
        """Return a transaction that a block holds or that waits, else None."""
        found = self._find(tx_hash)
        if found is not None:
            return found[0].transactions[found[1]]
        pending = self._producer.pool.get(tx_hash)
        return None if pending is None else pending.tx

    def content(self, number: int) -> Iterator[tuple[Transaction, Receipt]]:
        """Yield each transaction of block *number* with its receipt, in order."""
        found = self._known(number).ledger.content(number)
        if found is not None:
            yield from zip(found.transactions, found.receipts, strict=True)

    def submitted_at(self, tx_hash: bytes) -> int:
        """Return the unix second at which a transaction came; ChainError for an unknown one."""
        found = self._find(tx_hash)
        if found is not None:
            return found[0].origins[found[1]][1]
        pending = self._producer.pool.get(tx_hash)
        if pending is None:
            raise ChainError(f"no transaction 0x{tx_hash.hex()}: it was dropped or never came")
        return pending.second

    def included(self, tx_hash: bytes) -> simpy.Event:
        """Return an event that happens when a block holds the transaction; value its Receipt.

        Whoever waits for one that is dropped instead gets InvalidTransaction with the reason.
        """
        receipt = self.receipt(tx_hash)
        producer = self._producer
        event = producer.waiting.get(tx_hash)
        if event is None:
            event = self.clock.event()
            if receipt is not None:
                event.succeed(receipt)
            elif producer.pool.get(tx_hash) is None:
                fail(event, producer.pool.dropped.get(tx_hash, "it never came to the mempool"))
            else:
                producer.waiting[tx_hash] = event
        return event

    def on_receipt(self, tx_hash: bytes, callback: Callable[[Receipt], object]) -> None:
        """Call *callback* with the receipt when a block holds the transaction."""
        event = self.included(tx_hash)
        assert event.callbacks is not None  # noqa: S101 - it has not been processed yet

        def happen(done: simpy.Event) -> None:
            if done.ok:
                receipt: Receipt = done.value  # type: ignore[assignment]  # SimPy's is optional
                callback(receipt)

        event.callbacks.append(happen)

    def logs(
        self,
        from_block: int,
        to_block: int,
        *,
        addresses: Collection[bytes] | None = None,
        topics: Topics = (),
    ) -> list[LogEntry]:
        """Return the logs of the blocks in [*from_block*, *to_block*] that match, in order.

        *addresses* None means any; *topics* filter by position as `eth_getLogs` does.
        """
        producer = self._settled()
        numbers, wanted = producer.index.blocks(from_block, to_block, addresses, topics)
        found = []
        for number in numbers:
            content = producer.ledger.content(number)
            for receipt in () if content is None else content.receipts:
                for place, log in enumerate(receipt.logs):
                    if matches(log, addresses, wanted):
                        found.append(entry(receipt, place))
        return found

    def _find(self, tx_hash: bytes) -> tuple[Content, int] | None:
        ledger = self._settled().ledger
        place = ledger.place(tx_hash)
        content = None if place is None else ledger.content(place[0])
        return None if place is None or content is None else (content, place[1])

    # -- state

    def call(self, call: Call, block: int | None = None) -> Output:
        """Execute *call* and change nothing, after block *block* (default: the head).

        UnknownBlock is raised for a block beyond the reorg window, InvalidTransaction for a call
        without the gas or the balance it takes. At the genesis, it sees block 0 as it stands.
        """
        if block is None:
            return self.engine.call(call, env=self._present())
        producer = self._settled()
        state = producer.state_of(block)
        return self.engine.call(call, env=producer.env(block), snapshot=state)

    def calls(self, calls: Sequence[Call]) -> list[Output]:
        """Execute *calls* as `call` does, each on the present state: one crossing to the engine."""
        outputs = self._call_many(calls, env=self._present())
        for output in outputs:
            if isinstance(output, InvalidTransaction):
                raise output
        return outputs

    def _one_by_one(self, calls: Sequence[Call], *, env: BlockEnv) -> list[Output]:
        """What an engine does that has no batches."""
        return [self.engine.call(call, env=env) for call in calls]

    def _present(self) -> BlockEnv:
        """Return the environment of the head, or of block 0 as long as that is open."""
        producer = self._producer
        if producer.open:
            return producer.env(0)
        producer.settle()
        return producer.env(producer.head)

    def estimate_gas(self, call: Call) -> int:
        """Return the smallest gas limit, to the unit, with which *call* succeeds as a transaction.

        At most *call.gas* and the block's limit; Reverted where it fails with that too.
        """
        env = self._settled().env(self.head)

        def run(gas: int) -> Output:
            return self.engine.call(Call(call.to, call.data, call.sender, call.value, gas), env=env)

        return estimate(run, min(call.gas, self.config.gas_limit))

    def account(self, address: bytes) -> AccountState:
        """Return nonce, balance and code of *address*."""
        self._producer.settle_due()
        return self.engine.account(address)

    def storage(self, address: bytes, slot: int) -> int:
        """Return the value of *slot* of *address*."""
        self._producer.settle_due()
        return self.engine.storage(address, slot)

    def env(self, number: int) -> BlockEnv:
        """Return the environment of block *number*, which may be the next one."""
        return self._settled().env(number)

    def state_handle(self, number: int) -> int | None:
        """Return the engine's snapshot of the state after block *number*; None for the present.

        UnknownBlock is raised beyond the reorg window.
        """
        return self._settled().state_of(number)

    def state_root(self) -> bytes:
        """Return the Merkle-Patricia root of the present state."""
        self._producer.settle_due()
        return self.engine.state_root()

    # -- going back

    def reorg(self, depth: int, *, drop: Collection[bytes] = ()) -> Reorg:
        """Replace the last *depth* blocks by others; return what was undone.

        Their transactions wait again, but for those in *drop* (hashes), and enter the new blocks
        as the mempool's order has it. UnknownBlock is raised beyond the reorg window.
        """
        return self._settled().reorg(depth, drop)

    def on_reorg(self, callback: Callable[[Reorg], object]) -> None:
        """Call *callback* at a reorg, after blocks are undone and before new ones are made."""
        self._producer.reorg_listeners.append(callback)

    def snapshot(self) -> int:
        """Return a handle on state, blocks and mempool, for use without a world."""
        return self._settled().snapshot()

    def revert(self, snapshot: int) -> None:
        """Go back to *snapshot*, which stays valid; time does not, so blocks since are empty."""
        self._settled().revert(snapshot)
