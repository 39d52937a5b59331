"""The monthly procedures in small worlds that begin on the last day of a month."""

from __future__ import annotations

from typing import Any

import pytest
from routine_lab import data_of, found, routine, verdicts
from world_lab import DAY, HOUR, NODES, Stage, fault

from twin.protocol.operations import operation_of

LAST_OF_OCTOBER = {"start": "2008-10-31T00:00:00Z"}
"""A Friday: Monday the 3rd of November is the first business day."""


def sealed(*faults: dict[str, Any]) -> dict[str, Any]:
    return {"faults": list(faults)}


def change(stage: Stage, **about: Any) -> str:
    """Enter a change that was carried out, as the change procedures would."""
    entry = stage.world.stores.create(
        "change", stage.world.clock.now, subject="a change", state="executed", data=about
    )
    return entry.id


# -- RM1 ------------------------------------------------------------------------------------------


def test_an_audit_of_a_quiet_world_finds_no_drift() -> None:
    stage = routine("RM1", duration="6d", agents=NODES, **LAST_OF_OCTOBER).run(5 * DAY)
    (record,) = found(stage, "RM1")
    drift = (
        "supply",
        "reserve",
        "custody",
        "roles",
        "parameters",
        "code",
        "evidence",
        "unread",
        "checks",
    )
    pack = data_of(stage, record)["exceptions"]
    assert {name: pack[name] for name in drift if name != "unread"} == {
        name: [] for name in drift if name != "unread"
    }
    assert record.problems["unread"] == 0


@pytest.mark.parametrize("recorded", [False, True])
def test_a_parameter_changed_outside_a_change_is_an_exception(recorded: bool) -> None:
    drift = fault("x", "config-drift", "30h", function="setAttestationQuorum", args=[3])
    stage = routine("RM1", duration="6d", agents=NODES, sealed=sealed(drift), **LAST_OF_OCTOBER)
    if recorded:
        stage.at(40 * HOUR, lambda: change(stage, intended={"allocation.attestation_quorum": 3}))
    stage.run(5 * DAY)
    (record,) = found(stage, "RM1")
    expected = [] if recorded else ["allocation.attestation_quorum: approved 4, on chain 3"]
    assert data_of(stage, record)["exceptions"]["parameters"] == expected
    fires = {event.rule for _, event in stage.of("alert", state="firing")}
    assert ("AuditException" in fires) is not recorded


def test_a_guard_that_was_deployed_open_is_an_exception() -> None:
    drift = fault("x", "feed-bounds-open", "0h", commodity="WTI", max_answer="1000000")
    stage = routine("RM1", duration="6d", agents=NODES, sealed=sealed(drift), **LAST_OF_OCTOBER)
    (record,) = found(stage.run(5 * DAY), "RM1")
    (exception,) = data_of(stage, record)["exceptions"]["parameters"]
    assert exception.startswith("feed.WTI.max_answer: approved 50000000000, on chain")


# -- RM2 ------------------------------------------------------------------------------------------


def adjusted(stage: Stage, quorum: int) -> None:
    """Let the oracle admin set the attestation quorum, waiting out the delay."""
    what = operation_of(
        stage.world.deployment, "oracle_admin", contract="OracleNetwork",
        function="setAttestationQuorum", args=(quorum,),
    )  # fmt: skip
    chain, clock = stage.world.chain, stage.world.clock
    first, second = what.messages
    chain.send(what.caller, *first, gas=1_000_000, tip=10**9)
    clock.call_at(
        clock.now + 3700,
        lambda: chain.send(what.caller, *second, gas=1_000_000, tip=10**9) and None,
    )


def test_a_change_that_was_applied_in_part_or_did_not_help_is_found() -> None:
    stage = routine("RM2", duration="7d", agents=NODES, **LAST_OF_OCTOBER)
    stage.at(20 * HOUR, lambda: adjusted(stage, 5))
    stage.at(30 * HOUR, lambda: change(
        stage, intended={"allocation.attestation_quorum": 5, "oracle.shadow_period": 60},
        criteria=[{"expr": "last_over_time(fictra_pool_price_ratio[2h])", "min": 0.9, "max": 1.1},
                  {"expr": "last_over_time(fictra_pool_swaps_total[2h])", "min": 1}],
    ))  # fmt: skip
    (record,) = found(stage.run(6 * DAY), "RM2")
    assert (record.problems["partly"], record.problems["criteria"]) == (1, 1)
    assert (record.problems["not-applied"], record.problems["unverifiable"]) == (0, 0)


def test_a_change_that_a_later_one_superseded_is_no_finding() -> None:
    stage = routine("RM2", duration="7d", agents=NODES, **LAST_OF_OCTOBER)
    stage.at(20 * HOUR, lambda: change(stage, intended={"allocation.attestation_quorum": 7}))
    stage.at(21 * HOUR, lambda: adjusted(stage, 5))
    stage.at(30 * HOUR, lambda: change(stage, intended={"allocation.attestation_quorum": 5}))
    (record,) = found(stage.run(6 * DAY), "RM2")
    assert record.verdict == "ok"
    assert data_of(stage, record)["rows"]["CHG-001"]["superseded"] == [
        "allocation.attestation_quorum"
    ]


# -- RM3 ------------------------------------------------------------------------------------------


def test_cost_that_crept_up_after_a_change_is_found_with_the_change_beside_it() -> None:
    creep = fault("creep", "slow-degradation", "10d", gas_a_day=5_000_000)
    stage = routine("RM3", start="2008-10-16T00:00:00Z", duration="21d", sealed=sealed(creep))
    stage.at(10 * DAY, lambda: change(stage, intended={}))
    (*_rest, record) = found(stage.run(20 * DAY + 11 * HOUR), "RM3")
    assert (record.verdict, record.problems["shift"] > 0) == ("finding", True)
    (shift, *_more) = data_of(stage, record)["utilisation_ppm"]["shifts"]
    assert shift["shift_ppm"] > 100_000
    assert shift["changes"] == ["CHG-001"]
    assert record.problems["after-change"] > 0


def test_a_quiet_three_weeks_have_no_shift_and_a_young_record_is_refused() -> None:
    stage = routine("RM3", start="2008-10-16T00:00:00Z", duration="21d").run(20 * DAY + 11 * HOUR)
    assert verdicts(found(stage, "RM3")) == ["ok"]
    young = routine("RM3", duration="7d", **LAST_OF_OCTOBER).run(6 * DAY)
    assert verdicts(found(young, "RM3")) == ["refused"]


# -- RM4 ------------------------------------------------------------------------------------------


def test_the_posture_is_scored_from_evidence_and_gaps_are_tracked() -> None:
    stage = routine("RM4", "RW5", "RW3", duration="8d", agents=NODES, **LAST_OF_OCTOBER).run(
        7 * DAY
    )
    (record,) = found(stage, "RM4")
    rows = data_of(stage, record)["rows"]
    assert rows["governance"]["points"] == 2
    assert rows["brakes"]["points"] == 2
    assert rows["triage"]["points"] == 0
    assert rows["reach"] == {
        "asks": "people who may sign can be reached at any hour", "points": 0,
        "reason": "no call of the signers was ever tried",
    }  # fmt: skip
    actions = stage.world.stores.entries("action")
    gaps = {name for name, row in rows.items() if row["points"] < 2}
    assert {entry.data["control"] for entry in actions} == gaps


def test_a_brake_that_would_not_go_through_is_a_gap() -> None:
    # The pauser of the payment token loses its role: what an unfinished clean-up leaves behind.
    stage = routine("RM4", duration="8d", agents=NODES, **LAST_OF_OCTOBER)
    authority = stage.world.deployment.contract("Authority")
    pauser = stage.world.deployment.roles["pauser"].account
    stage.at(20 * HOUR, lambda: stage.world.chain.send(
        pauser, authority.address, authority.encode("renounceRole", 7, pauser), gas=200_000, tip=10**9
    ) and None)  # fmt: skip
    (record,) = found(stage.run(7 * DAY), "RM4")
    row = data_of(stage, record)["rows"]["brakes"]
    assert row["points"] == 1
    assert "PaymentToken" in row["reason"]


# -- RM5 ------------------------------------------------------------------------------------------


def test_times_of_incidents_are_told_with_what_has_not_ended() -> None:
    lie = fault("x", "source-scale", "7d2h", "7d3h", source="corvus", numerator=2)
    nodes = [{**node, "params": {"sources": ["corvus"]}} for node in NODES]
    bounds = {"feeds": {"WTI": {"min_answer": "-100.00", "max_answer": "1000.00", "heartbeat": "1h",
                                "deviation": "0.5%", "max_age": "2h", "quorum": 4}}}  # fmt: skip
    stage = routine(
        "RM5", "ME4", "ND1", "ND3", "NR1", duration="9d", agents=nodes, protocol=bounds,
        monitoring={"scrape_interval": "10m"}, sealed=sealed(lie), **LAST_OF_OCTOBER,
    ).run(7 * DAY + 10 * HOUR)  # fmt: skip
    (record,) = found(stage, "RM5")
    data = data_of(stage, record)
    assert data["incidents"] == 1
    assert data["times"]["contain"]["median"]["at_least"] is False
    assert data["times"]["restore"]["censored"] == 1
    assert data["times"]["restore"]["worst"]["at_least"] is True
    assert data["times"]["detect"]["count"] == 1
    assert data["alerts_real"]["part"] == data["alerts_real"]["whole"] > 0
    assert "mean" not in str(data)


def test_a_month_in_which_nothing_happened_has_nothing_to_report() -> None:
    stage = routine("RM5", duration="9d", **LAST_OF_OCTOBER).run(8 * DAY)
    assert verdicts(found(stage, "RM5")) == ["refused"]
