from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from small_network import ANN, BEN, START, UNIT, Network

from twin.chain.receipts import LogEntry
from twin.desk.logs import LogFollower
from twin.errors import ChainError
from twin.protocol.contract import Contract
from twin.protocol.reader import Reader

Seen = list[tuple[int, int, int]]


class Lab:
    """A follower of the pool's swaps; `log` is what it gives, as (block, second, PT units in)."""

    def __init__(self) -> None:
        self.network = Network()
        self.pool = self.network.deployment.contract("LiquidityPool")
        self.follower = self.follow(self.pool)
        self.network.run(1)

    def follow(self, pool: Contract) -> LogFollower:
        return LogFollower(self.network.chain, pool, pool.event("Swapped"))

    def swap(self, *amounts: int, sender: bytes = ANN) -> list[bytes]:
        """Swap each of *amounts* of PT, all in the next block, which is over when this returns."""
        sent = [self.network.swap(sender, amount * UNIT) for amount in amounts]
        self.network.run(12)
        return sent

    def log(self, second: int = 0, block: int | None = None) -> Seen:
        head = self.network.chain.head
        found = self.follower.since(second, head if block is None else block)
        return [(one.block, one.timestamp, one.args["amountIn"] // UNIT) for one in found]

    def asked_anew(self) -> Seen:
        """What somebody sees who follows nothing and reads the whole chain."""
        reader = Reader(self.network.chain, self.network.deployment)
        found = reader.at().logs("LiquidityPool", "Swapped")
        return [(one.block, one.timestamp, one.args["amountIn"] // UNIT) for one in found]


@pytest.fixture
def lab() -> Lab:
    return Lab()


def test_it_goes_on_where_it_stopped(lab: Lab) -> None:
    assert lab.log() == []
    lab.swap(1, 2)
    assert lab.log() == [(1, START + 12, 1), (1, START + 12, 2)]
    lab.swap(3)
    lab.network.run(60)
    lab.swap(4)
    assert lab.log() == lab.asked_anew()
    assert lab.log(START + 24, block=2) == [(2, START + 24, 3)]
    assert lab.log(START + 25, block=2) == []


def test_each_log_is_fetched_and_decoded_once(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    chain, fetched = lab.network.chain, list[int]()
    original = chain.logs

    def counting(*args: Any, **more: Any) -> list[LogEntry]:
        found = original(*args, **more)
        fetched.append(len(found))
        return found

    monkeypatch.setattr(chain, "logs", counting)
    for amount in (1, 2, 3):
        lab.swap(amount)
        lab.log()
    first = lab.follower.since(0, chain.head)
    assert fetched == [1, 2, 2]  # the newest block that is kept comes again: does it still stand?
    assert all(one is other for one, other in zip(first, lab.follower.since(0, 9), strict=True))


def test_what_a_reader_does_to_a_record_it_does_not_do_to_the_next(lab: Lab) -> None:
    lab.swap(1)
    (record,) = lab.follower.since(0, 1)
    with pytest.raises(TypeError):
        record.args["amountIn"] = 0  # type: ignore[index]


def reorg(depth: int) -> Callable[[Lab, list[bytes]], object]:
    return lambda lab, _sent: lab.network.chain.reorg(depth)


def reorg_without_the_last(lab: Lab, sent: list[bytes]) -> None:
    lab.network.chain.reorg(2, drop=sent[-1:])


def reorg_without_any(lab: Lab, sent: list[bytes]) -> None:
    lab.network.chain.reorg(4, drop=sent)


def reorg_in_which_somebody_looks(lab: Lab, sent: list[bytes]) -> None:
    lab.network.chain.on_reorg(lambda _reorg: lab.log())
    lab.network.chain.reorg(3, drop=sent[-1:])


def reorg_and_more(lab: Lab, sent: list[bytes]) -> None:
    del sent
    lab.network.chain.reorg(2)
    lab.swap(7, sender=BEN)


@pytest.mark.parametrize(
    "change",
    [reorg(1), reorg(2), reorg(3), reorg(4), reorg_without_the_last, reorg_without_any,
     reorg_in_which_somebody_looks, reorg_and_more],
)  # fmt: skip
@pytest.mark.parametrize("looked", [True, False], ids=["looked", "not looked"])
def test_a_reorg_winds_it_back(
    lab: Lab, change: Callable[[Lab, list[bytes]], object], looked: bool
) -> None:
    sent = lab.swap(1)
    sent += lab.swap(2, 3)
    lab.log()
    lab.network.run(12)
    sent += lab.swap(4)
    if looked:
        lab.log()
    change(lab, sent)
    assert lab.log() == lab.asked_anew()


def test_a_chain_that_goes_back_to_a_snapshot_winds_it_back(lab: Lab) -> None:
    lab.swap(1)
    kept = lab.network.chain.snapshot()
    lab.swap(2)
    lab.log()
    lab.network.chain.revert(kept)
    lab.network.run(12)
    assert lab.log() == lab.asked_anew() == [(1, START + 12, 1)]
    lab.swap(5)
    assert lab.log() == lab.asked_anew()


class GarblingChain:
    """A node that answers with logs whose data was cut short in *block*."""

    def __init__(self, network: Network, block: int) -> None:
        self._chain, self._block = network.chain, block

    def __getattr__(self, name: str) -> Any:
        return getattr(self._chain, name)

    def logs(self, **query: Any) -> list[LogEntry]:
        return [self._garbled(one) for one in self._chain.logs(**query)]

    def _garbled(self, one: LogEntry) -> LogEntry:
        if one.block != self._block:
            return one
        return LogEntry(one.block, one.block_hash, one.transaction, one.transaction_index,
                        one.log_index, one.address, one.topics, one.data[:31])  # fmt: skip


def test_a_log_that_cannot_be_read_troubles_only_who_asks_for_its_time(lab: Lab) -> None:
    lab.swap(1)
    lab.swap(2)
    chain: Any = GarblingChain(lab.network, block=1)
    lab.follower = LogFollower(chain, lab.pool, lab.pool.event("Swapped"))
    assert lab.log(START + 24) == [(2, START + 24, 2)]
    for _ in range(2):
        with pytest.raises(ChainError):
            lab.log()


def test_a_contract_that_was_replaced_is_followed_anew(lab: Lab) -> None:
    other = Contract("LiquidityPool", bytes(20), lab.pool.artifact)
    assert lab.follower.follows(lab.pool, lab.pool.event("Swapped"))
    assert not lab.follower.follows(other, other.event("Swapped"))
    assert lab.follow(other).since(0, 0) == []
