"""The lab: a fork has the public state, and nothing of it reaches the chain."""

from __future__ import annotations

import pytest
from small_network import ANN, BEN, UNIT, Network

from twin.chain.engines import available, make_engine
from twin.desk.lab import ChainLab
from twin.desk.port import Lab
from twin.errors import NoData


def lab_of(network: Network, engine: str = "pyevm", **about: int) -> ChainLab:
    return ChainLab(
        network.chain, network.deployment, lambda: make_engine(engine, chain_id=1), **about
    )


@pytest.mark.parametrize("engine", available())
def test_what_is_tried_out_stays_in_the_fork(engine: str) -> None:
    network = Network()
    network.swap(amount=1000 * UNIT)
    network.run(13)
    before = network.chain.state_root()
    lab: Lab = lab_of(network, engine)
    fork = lab.fork("a test")
    reader = network.deployment.contract("PaymentToken")
    assert fork.read("LiquidityPool", "reserves")[0] == 10**6 * UNIT + 1000 * UNIT
    moved = fork.call(ANN, "PaymentToken", "transfer", (BEN, 7 * UNIT))
    assert moved.success
    assert moved.gas_used > 21_000
    assert fork.read("PaymentToken", "balanceOf", BEN) == 10**6 * UNIT + 7 * UNIT
    sent = fork.send(BEN, reader.address, reader.encode("transfer", ANN, UNIT))
    assert sent.success
    assert network.chain.state_root() == before


def test_a_delayed_authority_is_waited_for_and_a_stranger_is_refused() -> None:
    network = Network()
    fork = lab_of(network).fork("a test")
    paused = fork.act("pauser", "LiquidityPool", "pause", ())
    assert paused.success
    assert fork.read("LiquidityPool", "paused")
    began = fork.now
    node = network.deployment.contract("OracleNetwork")
    answer = fork.act("oracle_admin", "OracleNetwork", "pause", ())
    assert not answer.success
    assert "AccessManager" in answer.reason
    assert fork.now > began
    assert node.address
    refused = fork.call(ANN, "LiquidityPool", "unpause", ())
    assert not refused.success
    assert refused.reason


def test_the_budget_ends() -> None:
    lab = lab_of(Network(), budget=1)
    lab.fork("first")
    with pytest.raises(NoData, match="budget of 1 forks"):
        lab.fork("second")
