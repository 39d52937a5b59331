"""Reports in a world of sovereigns and a reserve: what is printed wrong, late or lost is found."""

from __future__ import annotations

import json
from typing import Any

import pytest
from routine_lab import TEAM, data_of, found
from token_lab import exporting
from world_lab import DAY, HOUR, Stage, fault

IDS = ("DS1", "DS2", "DS3", "DS4", "DS5", "DO5")
START = {"start": "2008-10-31T00:00:00Z", "duration": "12d"}
"""A Friday: Monday the 3rd of November is the first business day, Monday the 10th the sixth."""

FAULTS = (
    fault("a", "report-edited", "1h", report="governance-pack", key="confirmation_ms", how="interval"),
    fault("b", "report-edited", "1h", report="governance-pack", key="node_latency_us", how="omit"),
    fault("c", "report-edited", "1h", report="statement-sovereign-1", key="ft_balance"),
    fault("d", "notices-undelivered", "1h", audience="sovereign:sovereign-2"),
    fault("e", "rogue-calls", "30h", caller="pauser", calls=[{"contract": "Settlement", "function": "pause"}]),
    fault("f", "wrong-notice", "50h", subject="LiquidityPool paused"),
    fault("g", "report-edited", "1h", report="transparency", key="pt_supply"),
)  # fmt: skip


def world(*faults: dict[str, Any]) -> Stage:
    return exporting(*IDS, faults=faults, team=TEAM, cargoes=2,
                     monitoring={"scrape_interval": "1h"}, **START)  # fmt: skip


@pytest.fixture(scope="module")
def quiet() -> Stage:
    return world().run(10 * DAY + 20 * HOUR)


@pytest.fixture(scope="module")
def broken() -> Stage:
    made = world(*FAULTS)
    made.at(HOUR, lambda: made.world.stores.create(
        "risk", made.world.clock.now - 60 * DAY, subject="one key can pause all"))  # fmt: skip
    return made.run(10 * DAY + 20 * HOUR)


@pytest.mark.parametrize("procedure", IDS)
def test_a_quiet_world_reports_without_a_finding(quiet: Stage, procedure: str) -> None:
    records = found(quiet, procedure)
    assert records
    assert [(record.verdict, record.summary) for record in records if record.verdict != "ok"] == []


ROWS = [
    ("DS1", "mean-only"),
    ("DS1", "cherry-picked"),
    ("DS2", "wrong"),
    ("DS2", "undelivered"),
    ("DS3", "contradiction"),
    ("DS4", "wrong"),
    ("DS4", "withheld"),
    ("DS5", "undecided"),
]


@pytest.mark.parametrize(("procedure", "item"), ROWS)
def test_each_fault_is_found(broken: Stage, procedure: str, item: str) -> None:
    records = found(broken, procedure)
    assert max(record.problems.get(item, 0) for record in records) >= 1, records


def test_a_halt_that_nobody_told_is_told(broken: Stage) -> None:
    told = [
        item for item in broken.world.notices.published("market") if "Settlement" in item.subject
    ]
    assert [item.subject for item in told] == ["Settlement paused"]
    assert told[0].at - broken.world.clock.start < 32 * HOUR


def test_a_wrong_notice_is_corrected_once(broken: Stage) -> None:
    said = [
        item.subject for item in broken.world.notices.published("market") if "Pool" in item.subject
    ]
    assert said == ["LiquidityPool paused", "LiquidityPool resumed"]


def test_what_goes_out_is_right(quiet: Stage) -> None:
    (notice,) = quiet.world.notices.published("public")
    told = json.loads(notice.text)
    supply = told["figures"]["ft_supply"]["value"]
    (record,) = found(quiet, "DS4")
    assert supply == data_of(quiet, record)["figures"]["ft_supply"]["value"] > 0


def test_a_risk_that_was_left_has_a_decision_afterwards(broken: Stage) -> None:
    decisions = broken.world.stores.entries("decision")
    assert [item.data["choice"] for item in decisions if "risk" in item.data] == ["mitigate"]
