"""The world: one digest for one scenario and seed, reorgs, sealed chance, and no trace left behind."""

from __future__ import annotations

import gc
import os
import random
import time
import weakref
from typing import Any, NoReturn

import coincurve
import numpy as np
import pytest
import world_lab as lab

from twin.errors import SealBroken, UsageError

INVARIANTS = [
    "pt-supply", "ft-supply", "pool-reserves", "pool-product", "fee-bounds", "oracle-bounds",
    "allocation-once",
]  # fmt: skip
CROWD = [
    lab.agent("noise", "trader", count=4, trades_per_day=60),
    lab.agent("arbitrageur", "arb"),
    lab.agent("liquidity-provider", "provider"),
    *lab.NODES,
    lab.agent("sovereign", "exporter", count=2, cargoes_per_day=12),
]
PRICES = lab.market(
    commodities={"WTI": {**lab.STILL, "sigma_chi": 0.6}}, venues={"meridian": lab.VENUE}
)
TEAM = {
    "policy": "playbook",
    "people": [{"name": "amara", "roles": ["operator", "commander", "fee-steward", "oracle-admin"],
                "ack_median": "2m", "ack_p95": "6m"}],
    "authorities": {name: {"signers": ["amara"], "threshold": 1, "signing": "90s"}
                    for name in ("pauser", "unpauser", "fee_steward", "oracle_admin")},
}  # fmt: skip


def busy(seed: int = 1, **changes: Any) -> lab.Stage:
    return lab.stage(agents=CROWD, market=PRICES, invariants=INVARIANTS, seed=seed, **changes)


def finished(stage: lab.Stage, hours: int = 6) -> str:
    stage.run(hours * lab.HOUR)
    stage.world.finish(partial=True)
    return stage.log.digest()


# -- one digest --------------------------------------------------------------------------------


def test_the_same_seed_gives_the_same_digest_and_another_another() -> None:
    one, two, other = (finished(busy(seed)) for seed in (1, 1, 2))
    assert one == two
    assert one != other


def test_where_a_run_is_interrupted_to_be_looked_at_changes_nothing() -> None:
    stage = busy()
    for minute in range(7, 6 * 60, 7):
        stage.run(60 * minute)
        stage.world.chain.header(stage.world.chain.head)
        stage.answer()
    assert finished(stage) == finished(busy())


def test_a_policy_of_none_leaves_alerts_to_themselves() -> None:
    faults = [
        lab.fault("open", "feed-bounds-open", "0s", commodity="WTI", max_answer=10_000_000),
        *(lab.fault(f"x-{name}", "source-scale", "1h", source=name, numerator=1000)
          for name in ("albion", "brisa", "corvus")),
    ]  # fmt: skip
    nobody_and_a_team: list[dict[str, Any]] = [{}, {"team": TEAM}]
    quiet, answered = (
        busy(sealed={"faults": faults}, **changes).run(4 * lab.HOUR)
        for changes in nobody_and_a_team
    )
    firing = {event.rule for _, event in quiet.of("alert", state="firing")}
    assert "OracleIndexDivergence" in firing
    assert not quiet.of("page")
    assert not quiet.of("incident")
    assert answered.of("page")
    assert answered.of("incident", state="open") or answered.of("incident")


def test_procedures_that_were_left_out_do_not_run() -> None:
    made = lab.scenario(agents=CROWD, market=PRICES, team=TEAM)
    whole = lab.Stage(made).run(2 * lab.HOUR)
    without = lab.Stage(made, lab.library().parts_without(["ME4", "IO1"])).run(2 * lab.HOUR)
    ran, left = (
        {event.procedure for _, event in stage.of("evidence")} for stage in (whole, without)
    )
    assert ran - left >= {"ME4"}
    assert not left & {"ME4", "IO1"}


def test_a_run_stops_at_the_end_of_its_scenario() -> None:
    stage = lab.stage(duration="1h")
    stage.run(lab.DAY)
    assert stage.now == lab.HOUR
    root = stage.world.finish()
    assert stage.of("run-ended")[0][1].state_root == root


def test_a_fault_in_the_first_second_and_a_world_of_one_second() -> None:
    fault = lab.fault("surge", "volume-surge", "0s", "1s", factor_ppm=2_000_000)
    stage = lab.stage(agents=CROWD, sealed={"faults": [fault]}, duration="1s")
    stage.run(1)
    assert stage.world.market.demand.factor_ppm in {1_000_000, 2_000_000}
    stage.world.finish()


def test_a_deployment_that_a_scenario_cannot_have_is_a_bad_file() -> None:
    few = {"feeds": {"WTI": {**lab.FEED, "quorum": 2}}}
    with pytest.raises(UsageError, match="QuorumOutOfBounds"):
        lab.stage(agents=lab.NODES, protocol=few)


# -- reorgs ------------------------------------------------------------------------------------


@pytest.mark.parametrize("depth", [1, 3, 20])
def test_a_reorg_leaves_invariants_whole_and_agents_alive(depth: int) -> None:
    stage = busy()
    for hour in (1, 2, 3):
        stage.at(hour * lab.HOUR + 5, lambda: stage.world.chain.reorg(depth))
    stage.run(6 * lab.HOUR)
    stage.world.finish(partial=True)
    assert not stage.of("invariant-broken")
    assert len(stage.of("reorg")) == 3
    since = 4 * lab.HOUR
    for sender in ("trader-1", "node-a-1", "node-c-2", "arb"):
        assert [now for now, tx in stage.of("tx", sender=sender, success=True) if now > since]
    assert [now for now, _ in stage.of("log", event="EntitlementIssued") if now > since]
    assert len({tx.reason for _, tx in stage.of("tx", function="attest")}) == 1, "attested twice"


def test_a_reorg_is_the_same_each_time() -> None:
    digests = set()
    for _ in range(2):
        stage = busy()
        stage.at(lab.HOUR + 5, lambda stage=stage: stage.world.chain.reorg(10))  # type: ignore[misc]
        digests.add(finished(stage, 3))
    assert len(digests) == 1
    assert finished(busy(), 3) not in digests


def test_a_node_knows_the_answer_that_a_reorg_left() -> None:
    stage = lab.stage(agents=lab.NODES).run(10 * lab.MINUTE)
    chain, answer = stage.world.chain, stage.answer()
    for source in stage.world.market.sources.values():
        source.rescale(11, 10)
    stage.run(12 * lab.MINUTE)
    moved = stage.of("log", event="AnswerUpdated")[-1][1].block
    submitted = [tx.hash for _, tx in stage.of("tx", function="submit")]
    chain.reorg(chain.head - moved + 8, drop=submitted)
    assert stage.answer() == answer
    assert {stage.world.agents[name].reporters[0]._accepted for name in lab.NODE_NAMES} == {answer}
    stage.run(3 * lab.HOUR)
    assert abs(stage.answer() - 88 * 10**8) < 10**8


def test_a_claim_that_a_reorg_tells_again_is_read_once() -> None:
    stage = lab.stage(agents=[*lab.NODES, lab.agent("sovereign", "exporter", cargoes_per_day=1e-9)])
    stage.run(10 * lab.MINUTE)
    habitat, chain = stage.world.habitat, stage.world.chain
    paper = habitat.customs.declare("exporter", "WTI", 10**6, stage.world.clock.now).hash
    habitat.send("exporter", "AllocationBook", "claim", paper, stage.feed, 10**6, gas=300_000)
    stage.run(11 * lab.MINUTE)
    chain.reorg(6)
    stage.run(12 * lab.HOUR)
    assert len(stage.of("log", event="ExportClaimed")) == 2, "told again"
    attested = [tx.sender for _, tx in stage.of("tx", function="attest")]
    assert len(attested) == len(set(attested)) >= 4
    assert stage.read("OracleNetwork", "verified", paper) == (True, 10**6)


# -- chance, clocks, and what is left ----------------------------------------------------------


@pytest.mark.parametrize("name", ["random", "rng"])
@pytest.mark.parametrize("family", ["trader-1", "arb", "provider", "node-a-1", "exporter-1"])
def test_the_shared_chance_of_mesa_is_sealed(family: str, name: str) -> None:
    agent = lab.stage(agents=CROWD).world.agents[family]
    with pytest.raises(SealBroken, match=rf"agent\.{name} is sealed: .*its own named stream"):
        getattr(agent, name)


def test_a_world_asks_neither_the_system_for_chance_nor_a_wall_clock(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    made = lab.scenario(agents=CROWD, market=PRICES, team=TEAM, invariants=INVARIANTS)
    # Signing is RFC 6979; coincurve blinds its context with system chance when it is imported.
    assert coincurve.GLOBAL_CONTEXT

    def refuse(*_args: object, **_kwargs: object) -> NoReturn:
        raise AssertionError("the world looked outside")

    states = random.getstate(), repr(np.random.get_state())  # noqa: NPY002 - looked at
    for owner, names in (
        (os, ("urandom", "getrandom")),
        (time, ("time", "time_ns", "monotonic", "perf_counter", "localtime", "sleep")),
        (random, ("_urandom", "random", "randint", "choice", "shuffle", "seed", "getrandbits")),
        (np.random, ("random", "rand", "randn", "seed", "normal")),
    ):
        for name in names:
            monkeypatch.setattr(owner, name, refuse)
    stage = lab.Stage(made).run(lab.HOUR)
    stage.world.finish(partial=True)
    monkeypatch.undo()
    assert stage.of("tx", success=True)
    assert (random.getstate(), repr(np.random.get_state())) == states  # noqa: NPY002


def test_global_chance_moves_nothing() -> None:
    random.seed(1)
    np.random.seed(1)  # noqa: NPY002 - what others may have done
    first = finished(busy(), 2)
    random.seed(2)
    np.random.seed(2)  # noqa: NPY002 - the same
    assert finished(busy(), 2) == first


def test_a_world_that_is_over_leaves_nothing_in_memory() -> None:
    stage = busy().run(lab.HOUR)
    stage.world.finish(partial=True)
    left = [weakref.ref(thing) for thing in (stage.world, stage.world.chain, stage.world.habitat,
                                             stage.world.agents["arb"])]  # fmt: skip
    del stage
    gc.collect()
    assert [ref() for ref in left] == [None] * 4


def test_ids_of_agents_count_in_each_world() -> None:
    for _ in range(2):
        agents = lab.stage(agents=CROWD).world.agents
        assert [agent.unique_id for agent in agents.values()] == list(range(1, len(agents) + 1))
