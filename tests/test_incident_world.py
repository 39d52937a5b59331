"""The life of an incident in worlds: from the first sign to its report, and faults on the way.

One world of an oracle that fails serves most of what is asserted; it holds few procedures and the
oracle's rules alone.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from routine_lab import TEAM, data_of, found
from world_lab import HOUR, NODES, Stage, fault, library, scenario

from twin.catalog import Catalog

IDS = ("ND1", "ND2", "ND3", "ND4", "ND5", "NR1", "NR2", "NR3", "NR4", "NR5",
       "NP1", "NP2", "NP3", "NP4", "NP5")  # fmt: skip

UNIT_ERROR = (
    fault("bound", "feed-bounds-open", "0h", commodity="WTI", max_answer=10_000_000),
    fault("a", "source-death", "2h", "5h", source="albion"),
    fault("b", "source-death", "2h20m", "5h", source="brisa"),
    fault("unit", "source-scale", "3h", "5h", source="corvus", numerator=1000),
)
"""The oracle is a thousandfold off between 3 and 5 o'clock, behind a bound that was left open."""


def living(*faults: dict[str, Any], ids: tuple[str, ...] = IDS, **changes: Any) -> Stage:
    """Return a world with the incident procedures and the rules on the oracle."""
    parts = library().parts
    rules = parts.rules.only(
        [rule.name for rule in parts.rules.rules
         if rule.kind == "alert" and Path(rule.file).stem == "oracle"]
    )  # fmt: skip
    about: dict[str, Any] = {
        "team": TEAM, "agents": NODES, "monitoring": {"scrape_interval": "2m"}, "duration": "5d",
        "sealed": {"faults": list(faults)},
    }  # fmt: skip
    catalog = Catalog(parts.catalog[name] for name in ids)
    return Stage(scenario(**{**about, **changes}), replace(parts, catalog=catalog, rules=rules))


def last(stage: Stage, procedure: str) -> dict[str, Any]:
    """Return the data that *procedure* filed last."""
    return data_of(stage, found(stage, procedure)[-1])


def problems(stage: Stage, procedure: str) -> dict[str, int]:
    """Return the problems that *procedure* filed last, those that there are."""
    return {name: count for name, count in found(stage, procedure)[-1].problems.items() if count}


@pytest.fixture(scope="module")
def lived() -> Stage:
    """Return a world in which an incident was opened, closed, explained and reported."""
    stage = living(
        *UNIT_ERROR,
        fault("denial", "notice-wrong", "4h30m"),
        fault("fitted", "rule-overfitted", "8h"),
    )
    return stage.run(17 * HOUR)


def test_the_states_of_its_life_come_in_their_order(lived: Stage) -> None:
    (item,) = lived.world.incidents.all()
    states = [state for state, _at in item.history]
    assert (states[0], states[-1], item.severity) == ("open", "closed", "P1")
    assert states.index("contained") < len(states) - 2
    assert {"impact", "activation", "first_notice", "comms", "escalation", "cause"} <= set(
        item.notes
    )


def test_it_closes_only_after_the_objective_has_held(lived: Stage) -> None:
    record = last(lived, "NR3")
    times = [row["at"] for row in record["watch"]]
    assert times[-1] - times[0] == 1800
    assert all(not row["firing"] and not row["stopped"] for row in record["watch"])
    assert record["canary"]["copy"] == {"fits": True, "tried": True, "why": ""}


def test_the_cards_and_the_team_are_on_record(lived: Stage) -> None:
    card = last(lived, "ND2")
    assert sorted(card["assets"]) == ["escrow", "issuance"]
    assert card["missing"] == {}
    assert problems(lived, "ND4") == {}


def test_the_first_notice_came_in_time_after_the_brake(lived: Stage) -> None:
    said = last(lived, "ND5")
    assert problems(lived, "ND5") == {}
    (stop,) = [at for at, _event in lived.of("log", contract="AllocationBook", event="Paused")]
    assert said["sent"] - lived.world.clock.start >= stop
    assert "paused: AllocationBook" in said["text"]


def test_a_denial_of_ours_is_found_and_answered(lived: Stage) -> None:
    assert problems(lived, "NR4") == {"contradictions": 1, "off_source": 1}
    assert any("about contradictions" in notice.subject
               for notice in lived.world.notices.published("market"))  # fmt: skip


def test_the_board_finds_the_vendor_and_what_let_it_through(lived: Stage) -> None:
    """Nothing of it read the truth; here the test does."""
    record = last(lived, "NR2")
    assert record["cause"] == "vendor-wrong"
    graph = last(lived, "NP2")
    latent = {node["id"] for node in graph["nodes"] if node["kind"] == "latent"}
    assert {"bounds-drifted", "vendor-silent"} <= latent


def test_the_facts_have_a_link_a_line_and_nothing_is_missing(lived: Stage) -> None:
    facts = last(lived, "NP1")
    assert (facts["missing"], facts["unlinked"]) == ([], [])
    marks = facts["marks"]
    assert marks["sign"] <= marks["opened"] <= marks["stopped"] < marks["closed"]


def test_a_rule_fitted_to_this_incident_is_refused(lived: Stage) -> None:
    record = last(lived, "NP4")
    assert problems(lived, "NP4") == {"overfitted": 1}
    assert (record["disturbed"]["metric"], record["of"]) == ("fictra_oracle_answer_usd", 15)
    assert record["caught_before"] >= record["needed"]
    (ticket,) = lived.world.stores.entries("ticket")
    assert (ticket.state, ticket.data["caught"]) == ("rejected", 0)


def test_three_reports_and_the_denial_is_on_record(lived: Stage) -> None:
    assert problems(lived, "NP5") == {"denied": 1}
    report = last(lived, "NP5")
    assert (report["check"]["wrong"], report["check"]["leaks"]) == ([], [])
    assert [notice.subject for notice in lived.world.notices.published("public")] == [
        "INC-001: report"
    ]


@pytest.mark.nightly
def test_an_action_is_proved_or_opened_again() -> None:
    ticked = fault("ticked", "action-closed-without-effect", "40h")
    stage = living(*UNIT_ERROR, ticked, monitoring={"scrape_interval": "5m"}).run(84 * HOUR)
    entries = stage.world.stores.entries("action")
    assert {entry.id for entry in entries if "reopens" in entry.data} != set()
    assert [record.problems["no-effect"] for record in found(stage, "NP3")].count(1) == 1
    assert all(entry.data["proof"]["green"] for entry in entries if entry.state == "done")


def test_lost_pages_leave_the_team_without_keys_and_the_incident_is_escalated() -> None:
    """Amara alone is reached: no second signature, so no brake, so it goes up to those outside."""
    lost = fault("lost", "pages-lost", "2h30m", people=["bruno", "chen"])
    silent = fault("silent", "notices-silent", "2h30m")
    stage = living(*UNIT_ERROR[:3], UNIT_ERROR[3] | {"until": None}, lost, silent,
                   ids=IDS[:10]).run(6 * HOUR)  # fmt: skip
    (item,) = stage.world.incidents.open()
    assert problems(stage, "ND4")["lost"] == 2
    said = [record for record in found(stage, "ND5") if record.problems.get("silent")]
    assert len(said) == 1
    trace = [
        data_of(stage, record) for record in found(stage, "NR5") if record.problems.get("escalated")
    ]
    assert [row["level"] for row in trace][:2] == [1, 2]
    assert "nobody" in trace[0]["why"] or "not-contained" in trace[0]["why"]
    assert any(told.startswith("responder:") for row in trace for told in row["told"])
    assert item.notes["level"] >= 2


def test_a_containment_that_never_begins_is_a_stalled_incident() -> None:
    stuck = fault("stuck", "job-stuck", "1h", procedure="NR1")
    stage = living(*UNIT_ERROR[:3], UNIT_ERROR[3] | {"until": None}, stuck, ids=IDS[:10]).run(
        5 * HOUR
    )
    trace = [
        data_of(stage, record) for record in found(stage, "NR5") if record.problems.get("escalated")
    ]
    assert "not-contained" in trace[0]["why"]
    assert found(stage, "NR1") == []
