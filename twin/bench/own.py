"""The twin's own engines and chain at the work: one by one, encoded before, in batches, whole."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Any, Self

from twin.bench.workload import CHAIN_ID, RECEIVER, START, TRADER, Network
from twin.chain.engines import make_engine
from twin.chain.port import AccountState, BlockEnv, Call, Engine, Transaction
from twin.errors import CrashError
from twin.protocol.contract import Contract

__all__ = ["Batch", "Encoded", "Raw", "Single", "Whole"]

GAS = 500_000
BATCH = 1000
_ROOM = 60  # of such transactions in a block of 30 million gas

Go = Callable[[], float | None]


def loaded(name: str, network: Network) -> Engine:
    """Return engine *name* with the state of *network*, in a block whose gas is free."""
    engine = make_engine(name, chain_id=CHAIN_ID)
    for key, entry in network.alloc.items():
        address = bytes.fromhex(key.removeprefix("0x"))
        code = bytes.fromhex(str(entry["code"]).removeprefix("0x"))
        nonce, balance = int(str(entry["nonce"]), 16), int(str(entry["balance"]), 16)
        engine.set_account(address, AccountState(nonce, balance, code))
        slots: dict[str, str] = entry["storage"]
        engine.set_storage(address, {int(k, 16): int(v, 16) for k, v in slots.items()})
    engine.begin_block(BlockEnv(1, START + 12, 0, 30_000_000, b"\xcb" * 20, bytes(32), CHAIN_ID))
    return engine


class _Own:
    """What all have in common: an engine, the trader's nonce, and how to read the outcome."""

    def __init__(self, network: Network, engine: str = "revm") -> None:
        """Load *engine* with *network*."""
        self.network = network
        self.engine = loaded(engine, network)

    @classmethod
    def revm(cls, network: Network) -> Self:
        """Return it on the fast engine."""
        return cls(network, "revm")

    @classmethod
    def pyevm(cls, network: Network) -> Self:
        """Return it on the reference."""
        return cls(network, "pyevm")

    def seen(self) -> tuple[int, int] | None:
        """Read the receiver's balance and the pool's count of swaps."""
        return self._value("token", "balanceOf", RECEIVER), self._value("pool", "swapCount")

    def _value(self, contract: str, function: str, *arguments: Any) -> int:
        target = getattr(self.network, contract)
        codec = target.fn(function)
        done = self.engine.call(Call(target.address, codec.encode(*arguments)))
        value: int = codec.value(done.data)
        return value

    def transactions(self, kind: str, first: int, count: int) -> list[Transaction]:
        """Return transactions that are ready to be executed."""
        nonce = self.engine.account(TRADER).nonce
        encoded = (self.network.encoded(kind, number) for number in range(first, first + count))
        return [_free(nonce + place, to, data) for place, (to, data) in enumerate(encoded)]

    def calls(self, kind: str, first: int, count: int) -> list[Call]:
        """Return calls that are ready to be executed."""
        made = (self.network.encoded(kind, number) for number in range(first, first + count))
        return [Call(to, data, TRADER) for to, data in made]


class Single(_Own):
    """As users call it: arguments encoded, one transaction a call, receipts with raw logs."""

    def prepare(self, kind: str, first: int, count: int) -> Go:
        """Return the loop over *count* operations."""
        if kind == "view":
            return lambda: self._view(count)
        steps = [self.network.step(kind, number) for number in range(first, first + count)]
        return lambda: self._transact(steps)

    def _transact(self, steps: list[tuple[Contract, str, tuple[Any, ...]]]) -> None:
        transact, nonce = self.engine.transact, self.engine.account(TRADER).nonce
        for number, (contract, function, arguments) in enumerate(steps, nonce):
            data = contract.encode(function, *arguments)
            done = transact(_free(number, contract.address, data))
            if not done.success:
                raise CrashError(f"a measured transaction reverted: 0x{done.output.hex()}")

    def _view(self, count: int) -> None:
        token, call = self.network.token, self.engine.call
        codec = token.fn("balanceOf")
        for _number in range(count):
            codec.value(call(Call(token.address, codec.encode(TRADER), TRADER)).data)


class Encoded(_Own):
    """One transaction or call a time, all made before."""

    def prepare(self, kind: str, first: int, count: int) -> Go:
        """Return the loop over *count* operations."""
        if kind == "view":
            calls, call = self.calls(kind, first, count), self.engine.call
            return lambda: _each(call, calls)
        txs, transact = self.transactions(kind, first, count), self.engine.transact
        return lambda: _each(transact, txs)


def _free(nonce: int, to: bytes, data: bytes) -> Transaction:
    """Return a transaction that pays nothing; hashes are the chain's business, not the engine's."""
    return Transaction(TRADER, nonce, to, 0, data, GAS, 0, 0, b"")


def _each(do: Callable[[Any], Any], items: list[Any]) -> None:
    for item in items:
        do(item)


class Batch(_Own):
    """Many in each call of the Rust engine, made ready before, as for the raw loop.

    Every receipt is kept, with its logs; what one measurement kept is let go of when the next is
    prepared, outside the clock.
    """

    kept: Sequence[Sequence[object]] = ()

    def prepare(self, kind: str, first: int, count: int) -> Go:
        """Return the calls."""
        self.kept = ()
        engine: Any = self.engine
        view = kind == "view"
        do = engine.call_many if view else engine.transact_many
        made: Sequence[Any] = (self.calls if view else self.transactions)(kind, first, count)
        batches: list[Any] = [made[at : at + BATCH] for at in range(0, count, BATCH)]
        if not view:
            batches = [engine.prepare(batch) for batch in batches]

        def go() -> None:
            self.kept = [do(batch) for batch in batches]

        return go


class Raw(_Own):
    """revm's own loop in Rust on a copy of the state: the limit. It changes nothing."""

    def seen(self) -> tuple[int, int] | None:
        """Keep nothing."""
        return None

    def prepare(self, kind: str, first: int, count: int) -> Go:
        """Return the loop, which takes its own time, without that for the copy."""
        engine: Any = self.engine
        crate = engine._crate  # noqa: SLF001 - the limit is no part of the port
        if kind == "view":
            to, data = self.network.encoded(kind, first)
            return lambda: _scaled(lambda: crate.raw_calls(Call(to, data, TRADER), count))
        txs = self.transactions(kind, first, count)
        return lambda: _scaled(lambda: crate.raw_transactions(txs))


def _scaled(loop: Callable[[], tuple[float, int]]) -> float:
    """Return the seconds of *loop*, which are of the wall's clock, as processor time.

    The call as a whole tells what part of the time this process had a processor.
    """
    wall, cpu = time.perf_counter(), time.process_time()
    seconds, _gas = loop()
    return seconds * (time.process_time() - cpu) / (time.perf_counter() - wall)


class Whole(_Own):
    """The chain: mempool, blocks of sixty, base fee, hashes, receipts, indexed logs."""

    def __init__(self, network: Network, engine: str = "revm") -> None:
        """Deploy on *engine*: the state of another chain would not do."""
        self.network = network if engine == "pyevm" else Network.on(engine)
        self.engine = self.network.chain.engine

    def prepare(self, kind: str, first: int, count: int) -> Go:
        """Return the loop over *count* operations."""
        return (lambda: self._read(count)) if kind == "view" else (
            lambda: self._send(kind, first, count)
        )  # fmt: skip

    def _send(self, kind: str, first: int, count: int) -> None:
        chain, clock, step = self.network.chain, self.network.clock, self.network.step
        hashes = []
        for number in range(first, first + count):
            contract, function, arguments = step(kind, number)
            data = contract.encode(function, *arguments)
            hashes.append(chain.send(TRADER, contract.address, data, gas=GAS, tip=10**9))
            if len(hashes) == _ROOM:
                hashes = self._mine(hashes)
        while hashes:
            hashes = self._mine(hashes)
        clock.run(clock.now)

    def _mine(self, hashes: list[bytes]) -> list[bytes]:
        """Let a block pass and return the transactions that it did not take."""
        chain, clock = self.network.chain, self.network.clock
        clock.run(clock.now + chain.config.block_interval + 1)
        return [item for item in hashes if chain.receipt(item) is None]

    def _read(self, count: int) -> None:
        token, chain = self.network.token, self.network.chain
        codec = token.fn("balanceOf")
        for _number in range(count):
            codec.value(chain.call(Call(token.address, codec.encode(TRADER), TRADER)).data)
