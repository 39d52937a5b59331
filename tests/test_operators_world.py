"""Oracle operators in small worlds: nodes that die, sources that copy, rewards, candidates."""

from __future__ import annotations

from typing import Any

from routine_lab import data_of, found, routine, verdicts
from world_lab import DAY, FEED, GWEI, HOUR, NODES, Stage, fault, market

from twin.protocol.roles import account_of


def sealed(*faults: dict[str, Any]) -> dict[str, Any]:
    return {"faults": list(faults)}


# -- IO2 ------------------------------------------------------------------------------------------


def test_nodes_of_an_ordinary_day_are_as_they_should_be() -> None:
    stage = routine("IO2", duration="2d", agents=NODES).run(DAY)
    assert set(verdicts(found(stage, "IO2"))) == {"ok"}
    card = data_of(stage, found(stage, "IO2")[-1])["nodes"]["node-a-1"]
    assert (card["wrong"], card["version"]) == ([], "2.4.1")
    assert card["reports"] > 20
    assert card["uptime"] > 5 * DAY


def test_a_reporter_that_died_is_found_although_its_endpoint_says_all_is_well() -> None:
    stage = routine(
        "IO2", duration="2d", agents=NODES,
        sealed=sealed(fault("a", "node-silent", "6h", node="node-a-1", endpoint=False),
                      fault("b", "node-silent", "6h", node="node-a-2"),
                      fault("c", "node-silent", "6h", node="node-b-1")),
    ).run(12 * HOUR)  # fmt: skip
    last = found(stage, "IO2")[-1]
    assert (last.problems["silent"], last.problems["down"], last.problems["quorum"]) == (3, 2, 1)
    fires = {event.rule for _, event in stage.of("alert", state="firing")}
    assert {"OracleNodeDown", "OracleReportersDying", "OracleNodePoor"} <= fires


def test_a_node_that_comes_back_reports_again() -> None:
    stage = routine(
        "IO2", duration="2d", agents=NODES,
        sealed=sealed(fault("a", "node-silent", "3h", "9h", node="node-a-1")),
    ).run(15 * HOUR)  # fmt: skip
    silent = [record.problems["silent"] for record in found(stage, "IO2")]
    assert (max(silent), silent[-1]) == (1, 0)


def test_a_node_without_gas_is_found_before_and_after_it_falls_silent() -> None:
    stage = routine(
        "IO2", duration="2d", agents=NODES,
        sealed=sealed(fault("a", "node-unfunded", "6h30m", node="node-a-1")),
    ).run(14 * HOUR)  # fmt: skip
    rows = [
        (record.problems["unfunded"], record.problems["silent"]) for record in found(stage, "IO2")
    ]
    assert (1, 0) in rows
    assert rows[-1] == (1, 1)
    assert "OracleNodeGasLow" in {event.rule for _, event in stage.of("alert", state="firing")}


def test_a_liar_and_a_slow_node_are_on_the_scorecard() -> None:
    stage = routine(
        "IO2", duration="2d", agents=NODES,
        sealed=sealed(fault("a", "node-misreport", "2h", node="node-a-1", numerator=11, denominator=10),
                      fault("b", "latency-creep", "0h", node="node-b-1", ppm_a_day=90_000_000)),
    ).run(6 * HOUR)  # fmt: skip
    last = found(stage, "IO2")[-1]
    assert (last.problems["outlier"], last.problems["slow"]) == (1, 1)


# -- IO3 ------------------------------------------------------------------------------------------

MOVING = market(
    commodities={"WTI": {"model": "schwartz-smith", "initial": "80.00", "sigma_xi": 0.4}}
)


def test_independent_sources_pass_once_there_are_enough_quotes() -> None:
    stage = routine("IO3", duration="3d", market=MOVING).run(2 * DAY + 8 * HOUR)
    assert verdicts(found(stage, "IO3")) == ["refused", "ok", "ok"]


def test_a_source_that_resells_another_is_rejected_by_a_decision_once() -> None:
    copy = fault("x", "correlated-sources", "2h", source="brisa", upstream="albion")
    stage = routine("IO3", duration="4d", market=MOVING, sealed=sealed(copy)).run(
        3 * DAY + 9 * HOUR
    )
    last = found(stage, "IO3")[-1]
    assert last.problems["correlated"] == 1
    data = data_of(stage, last)
    assert data["opinions"]["WTI"] == [["albion", "brisa"], ["corvus"]]
    assert data["rejected"] == ["brisa"]
    assert len(stage.world.stores.entries("decision")) == 1
    assert [item.subject for item in stage.world.desk.notices.published()] == ["do not read brisa"]


def test_a_wrong_unit_and_a_licence_that_ran_out_are_found() -> None:
    stage = routine(
        "IO3", duration="2d", services={"vendors": {"licences": {"albion": "1h"}}},
        sealed=sealed(fault("x", "source-scale", "2h", source="corvus", numerator=103, denominator=100)),
    ).run(DAY)  # fmt: skip
    (record,) = found(stage, "IO3")
    assert (record.problems["licence"], record.problems["canary"], record.problems["bias"]) == (
        1,
        1,
        1,
    )


# -- IO4 ------------------------------------------------------------------------------------------

REWARDED: dict[str, Any] = {
    "feeds": {"WTI": FEED},
    "pool": {"pt": 2_000_000, "stable": 2_000_000},
    "oracle": {"min_stake": 1_000, "reward_per_report": 1, "reward_fund": 500},
}


def claimed(stage: Stage, *nodes: str) -> None:
    """Let *nodes* draw their rewards, as their operators would."""
    oracle = stage.world.deployment.contract("OracleNetwork")
    for node in nodes:
        stage.world.chain.send(
            account_of(node), oracle.address, oracle.encode("claimReward", stage.feed),
            gas=300_000, tip=2 * GWEI,
        )  # fmt: skip


def test_rewards_are_recomputed_and_the_fund_is_topped_up_and_reconciles() -> None:
    stage = routine("IO4", duration="6d", agents=NODES, protocol=REWARDED)
    stage.at(3 * DAY, lambda: claimed(stage, "node-a-1", "node-b-1"))
    stage.run(5 * DAY)
    (record,) = found(stage, "IO4")
    data = data_of(stage, record)
    rows = data["before"]["nodes"]
    assert (record.verdict, set(record.problems.values())) == ("ok", {0})
    assert rows["node-a-1"]["paid"] == rows["node-a-1"]["earned"] > 50 * 10**6
    assert rows["node-a-2"]["owed"] == rows["node-a-2"]["reports"] * 10**6
    assert [step["success"] for step in data["payments"]] == [True, True, True]
    assert data["fund_after"] == data["booked_after"] == data["before"]["owed"] + 2_000 * 10**6


def test_a_reward_in_the_wrong_unit_is_found_and_not_topped_up() -> None:
    wrong = fault("x", "reward-misconfiguration", "0h", factor=10)
    protocol = {**REWARDED, "oracle": {**REWARDED["oracle"], "reward_fund": 10_000}}
    stage = routine("IO4", duration="6d", agents=NODES, protocol=protocol, sealed=sealed(wrong))
    stage.at(3 * DAY, lambda: claimed(stage, "node-a-1"))
    stage.run(5 * DAY)
    (record,) = found(stage, "IO4")
    assert (record.problems["rate"], record.problems["overpaid"]) == (1, 1)
    assert data_of(stage, record)["payments"] == []
    assert "OracleRewardsWrong" in {event.rule for _, event in stage.of("alert", state="firing")}


def test_a_liar_that_was_paid_and_not_slashed_is_found() -> None:
    lie = fault("x", "node-misreport", "4d1h", "4d3h", node="node-c-2", numerator=2)
    protocol = {**REWARDED, "oracle": {**REWARDED["oracle"], "reward_fund": 10_000}}
    stage = routine("IO4", duration="6d", agents=NODES, protocol=protocol, sealed=sealed(lie))
    stage.at(4 * DAY + 4 * HOUR, lambda: claimed(stage, "node-c-2"))
    stage.run(5 * DAY)
    (record,) = found(stage, "IO4")
    row = data_of(stage, record)["before"]["nodes"]["node-c-2"]
    assert (record.problems["slash"], record.problems["ineligible"]) == (1, 1)
    assert (row["owed"], row["slash_due"]) == (0, 100 * 10**6)
    (action,) = stage.world.stores.entries("action")
    assert action.data["kind"] == "slash"


# -- IO5 ------------------------------------------------------------------------------------------


def candidate(name: str, **changes: Any) -> dict[str, Any]:
    return {"name": name, "source": "albion", "operator": f"{name} AG", "owner": f"owner of {name}",
            "funded_by": f"exchange-of-{name}"} | changes  # fmt: skip


def test_a_good_candidate_joins_by_a_change_and_one_without_papers_waits() -> None:
    services = {
        "operators": {
            "candidates": [candidate("nova"), candidate("orion", kyc="pending", source="brisa")]
        }
    }
    stage = routine("IO5", duration="9d", agents=NODES, market=MOVING, services=services).run(
        8 * DAY + 12 * HOUR
    )
    first, second = found(stage, "IO5")
    assert first.verdict == "finding"
    files = data_of(stage, second)["candidates"]
    assert files["nova"]["refused"] == []
    assert files["nova"]["agreement_ppm"] > 950_000
    assert files["orion"]["refused"] == ["kyc"]
    (change,) = stage.world.stores.entries("change")
    assert change.data["candidate"] == "nova"
    assert change.data["function"] == "addNode"


def test_one_operator_behind_several_names_is_refused() -> None:
    ring = fault("x", "sybil-candidates", "1h", count=3, prefix="pawn", source="corvus")
    stage = routine("IO5", duration="9d", agents=NODES, market=MOVING, sealed=sealed(ring)).run(
        8 * DAY + 12 * HOUR
    )
    last = found(stage, "IO5")[-1]
    assert (last.problems["sybil"], last.problems["dilution"]) == (3, 3)
    assert set(data_of(stage, last)["decisions"].values()) == {"refuse"}
    assert stage.world.stores.entries("change") == []
    assert "SybilCandidates" in {event.rule for _, event in stage.of("alert", state="firing")}
