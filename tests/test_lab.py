"""The lab: a fork has the public state, and nothing of it reaches the chain."""

from __future__ import annotations

from typing import Any

import pytest
from small_network import ANN, BEN, UNIT, Network

from twin.chain.engines import available, make_engine
from twin.chain.port import Call
from twin.desk.lab import ChainLab
from twin.desk.port import Lab
from twin.errors import NoData


def lab_of(network: Network, engine: str = "pyevm", **about: Any) -> ChainLab:
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


def test_a_contract_may_be_the_sender_and_keeps_its_code() -> None:
    network = Network()
    fork = lab_of(network).fork("a test")
    timelock = network.deployment.contract("FictraTimelock").address
    pauser = network.deployment.roles["pauser"].account
    assert fork.read("Authority", "hasRole", 7, pauser)[0]
    done = fork.call(timelock, "Authority", "revokeRole", (7, pauser))
    assert done.success, done.reason
    assert not fork.read("Authority", "hasRole", 7, pauser)[0]
    assert fork.read("FictraTimelock", "getMinDelay") > 0, "its code stands again"
    assert network.chain.call(
        Call(to=timelock, data=network.deployment.contract("FictraTimelock").encode("getMinDelay"))
    ).success


def test_a_test_wallet_signs_what_the_chain_recovers() -> None:
    fork = lab_of(Network()).fork("a test")
    wallet = fork.wallet("one")
    v, r, s = wallet.sign(wallet.hash(b"a message"))
    assert (v in {27, 28}, len(r), len(s)) == (True, 32, 32)
    assert wallet.address == fork.wallet("one").address != fork.wallet("two").address
    assert wallet.hash(b"").hex().startswith("c5d24601")
