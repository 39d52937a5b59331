from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import pytest
from small_network import NODES, START, UNIT, USD, Network

import twin.desk.answers
from twin.desk.answers import Answers
from twin.desk.port import Call
from twin.errors import Reverted
from twin.protocol.parameters import feed_id
from twin.protocol.reader import Reader

WTI = feed_id("WTI")
RESERVES: Call = ("LiquidityPool", "reserves", ())
FEE: Call = ("FeeSchedule", "fee", (0,))
FRESH: Call = ("OracleNetwork", "fresh", (WTI,))


class Listening(Reader):
    """A reader that notes in *log* what it is asked."""

    def __init__(self, network: Network) -> None:
        super().__init__(network.chain, network.deployment)
        self.log: list[tuple[Call, ...]] = []

    def batch(self, calls: Sequence[Call], *, block: int | None = None) -> list[Any]:
        self.log.append(tuple(calls))
        return super().batch(calls, block=block)


class Lab:
    """Answers over the small network, whose nodes have just reported 80 USD."""

    def __init__(self) -> None:
        self.network = Network()
        self.network.run(1)
        for node in NODES.values():
            self.network.send(node, "OracleNetwork", "submit", WTI, 80 * USD, START + 1)
        self.network.run(12)
        reader = Listening(self.network)
        self.log, self.answers = reader.log, Answers(reader)

    def ask(self, *calls: Call) -> list[Any]:
        return self.answers.batch(calls, self.network.chain.head)


@pytest.fixture
def lab() -> Lab:
    return Lab()


def test_what_is_known_of_a_block_is_not_asked_again(lab: Lab) -> None:
    assert lab.ask(RESERVES, FEE) == lab.ask(RESERVES, FEE)
    assert lab.ask(FEE, FRESH, FEE) == [3000, 80 * USD, 3000]
    assert lab.log == [(RESERVES, FEE), (FRESH,)]


def test_nobody_shares_the_list(lab: Lab) -> None:
    lab.ask(RESERVES).append("scribble")
    assert len(lab.ask(RESERVES)) == 1


CHANGES: list[tuple[str, Callable[[Network], object]]] = [
    ("a block comes", lambda network: network.run(12)),
    ("state is written past the chain", lambda network: network.chain.fund(bytes(20), 1)),
    ("a reorg takes blocks away", lambda network: network.chain.reorg(1)),
]


@pytest.mark.parametrize("change", [row[1] for row in CHANGES], ids=[row[0] for row in CHANGES])
def test_all_is_forgotten_when(lab: Lab, change: Callable[[Network], object]) -> None:
    lab.ask(RESERVES)
    change(lab.network)
    lab.ask(RESERVES)
    assert lab.log == [(RESERVES,), (RESERVES,)]


def test_a_feed_goes_stale_although_no_state_changes(lab: Lab) -> None:
    assert lab.ask(FRESH) == [80 * USD]
    lab.network.run(3 * 3600)
    (answer,) = lab.ask(FRESH)
    assert isinstance(answer, Reverted)
    assert "StaleFeed" in answer.reason


def test_lists_among_the_arguments_are_asked_every_time(lab: Lab) -> None:
    pool = lab.network.deployment.contract("LiquidityPool")
    inner = [(pool.address, True, pool.encode("reserves"))]
    for _ in range(2):
        (((success, _data),),) = lab.ask(("Multicall3", "aggregate3", (inner,)))
        assert success
    assert len(lab.log) == 2


def test_a_block_of_which_too_much_was_asked_is_forgotten(
    lab: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(twin.desk.answers, "KEPT", 2)
    holders = [("PaymentToken", "balanceOf", (bytes([number]) * 20,)) for number in range(3)]
    assert lab.ask(RESERVES, *holders)[0][0] == 10**6 * UNIT
    lab.ask(RESERVES)
    assert lab.log == [(RESERVES, *holders), (RESERVES,)]
