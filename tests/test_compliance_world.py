"""Compliance in worlds: filings, controls, screening, audit pack and new rules, right and wrong."""

from __future__ import annotations

from typing import Any

import pytest
from routine_lab import data_of, found, routine
from world_lab import DAY, HOUR, NODES, Stage, fault

THURSDAY = {"start": "2008-11-06T00:00:00Z"}
"""The fourth business day of the month: Monday is the sixth, Tuesday the seventh."""

IDS = ("DC1", "DC2", "DC3", "DC4", "DC5", "DO3", "ME4", "RD2")
STRANGER = "0x" + "42" * 20
FAULTS = (
    fault("a", "report-edited", "1h", report="regulatory filing", key="pt_supply"),
    fault("b", "job-stuck", "2h", procedure="ME4"),
    fault("c", "rogue-calls", "3h", caller="compliance",
          calls=[{"contract": "PaymentToken", "function": "freeze", "args": [STRANGER]}]),
    fault("d", "rogue-calls", "31h", caller="pauser", calls=[{"contract": "Settlement", "function": "pause"}]),
    fault("e", "regulation-late", "2h", rule="sanctions-of-mixers", notice_hours=48),
)  # fmt: skip


def world(*faults: dict[str, Any]) -> Stage:
    sealed = {"faults": list(faults)}
    agents = [
        *NODES,
        {"family": "sovereign", "name": "norland", "params": {"cargoes_per_day": 0.1}},
    ]
    return routine(*IDS, duration="8d", agents=agents, sealed=sealed, **THURSDAY)


@pytest.fixture(scope="module")
def quiet() -> Stage:
    return world().run(7 * DAY + 12 * HOUR)


@pytest.fixture(scope="module")
def broken() -> Stage:
    return world(*FAULTS).run(7 * DAY + 12 * HOUR)


@pytest.mark.parametrize("procedure", ["DC1", "DC3", "DC4", "DC5"])
def test_a_quiet_world_complies(quiet: Stage, procedure: str) -> None:
    records = found(quiet, procedure)
    assert records
    assert [(item.verdict, item.summary) for item in records if item.verdict != "ok"] == []


def test_controls_that_run_operate_and_claims_without_a_page_are_named(quiet: Stage) -> None:
    (record,) = found(quiet, "DC2")
    wrong = {name: count for name, count in record.problems.items() if count}
    assert set(wrong) == {"unwritten"}, "only a few of the controls are switched on here"
    rows = data_of(quiet, record)["controls"]
    row = rows["oracle answers are verified"]
    assert row["pass_ppm"] == 1_000_000
    assert row["population"] >= row["promised"] // 2 > 5
    assert len(row["sample"]) == 5


ROWS = [
    # procedure, item
    ("DC1", "wrong"),
    ("DC1", "held"),
    ("DC2", "thin"),
    ("DC3", "bystander"),
    ("DC4", "missing-trail"),
    ("DC5", "short-notice"),
]


@pytest.mark.parametrize(("procedure", "item"), ROWS)
def test_each_fault_is_found(broken: Stage, procedure: str, item: str) -> None:
    assert max(record.problems.get(item, 0) for record in found(broken, procedure)) == 1


def test_what_is_inconsistent_is_not_filed(quiet: Stage, broken: Stage) -> None:
    told = quiet.world.desk.notices.published("regulator")
    assert [notice.subject for notice in told] == ["monthly filing"]
    assert "pt_supply" in told[0].text
    assert broken.world.desk.notices.published("regulator") == []


def test_a_rule_in_force_is_carried_out_the_week_after(broken: Stage) -> None:
    first, second = found(broken, "DC5")
    (made,) = data_of(broken, first)["made"]
    assert made["choice"] == "adopt"
    assert broken.world.stores.get(made["entry"]).state == "done"
    assert second.problems["late"] == 1, "it was in force on Saturday"
