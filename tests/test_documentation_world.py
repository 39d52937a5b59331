"""Documentation in worlds: what is not so is found by the procedure that it is for."""

from __future__ import annotations

from typing import Any

import pytest
from routine_lab import data_of, found, routine
from world_lab import DAY, HOUR, NODES, Stage, fault

LAST_OF_OCTOBER = {"start": "2008-10-31T00:00:00Z"}
"""A Friday: Monday the 3rd of November is the first business day, Wednesday the third."""

IDS = ("DO1", "DO2", "DO3", "DO4", "DO5", "RD1")
FAULTS = (
    fault("a", "manual-page-lost", "1h", procedure="DO3"),
    fault("b", "config-drift", "30h", function="setAttestationQuorum", args=[3]),
    fault("c", "document-drift", "1h", document="runbook-containment",
          fact="role.pauser.account", value="0x" + "12" * 20),
    fault("d", "prepared-calldata-stale", "1h", call="stop-LiquidityPool"),
    fault("e", "role-lost", "40h", role="unpauser"),
    fault("f", "drills-missed", "1h", person="chen"),
    fault("g", "job-stuck", "1h", procedure="RD1"),
    fault("h", "rogue-calls", "31h", caller="pauser", calls=[{"contract": "Settlement", "function": "pause"}]),
)  # fmt: skip


def world(*faults: dict[str, Any]) -> Stage:
    sealed = {"faults": list(faults)}
    return routine(*IDS, duration="6d", agents=NODES, sealed=sealed, **LAST_OF_OCTOBER)


@pytest.fixture(scope="module")
def quiet() -> Stage:
    return world().run(6 * DAY - HOUR)


@pytest.fixture(scope="module")
def broken() -> Stage:
    return world(*FAULTS).run(6 * DAY - HOUR)


@pytest.mark.parametrize("procedure", IDS[:5])
def test_a_quiet_world_is_documented(quiet: Stage, procedure: str) -> None:
    records = found(quiet, procedure)
    assert records
    assert [(record.verdict, record.summary) for record in records if record.verdict != "ok"] == []


ROWS = [
    # procedure, item, at least
    ("DO1", "undocumented", 1),
    ("DO1", "stale", 1),
    ("DO2", "parameters", 1),
    ("DO2", "document", 1),
    ("DO2", "roles", 1),
    ("DO3", "orphan", 1),
    ("DO3", "emergency", 1),
    ("DO4", "stale-calldata", 1),
    ("DO4", "missing-role", 1),
    ("DO5", "never-drilled", 1),
]


@pytest.mark.parametrize(("procedure", "item", "least"), ROWS)
def test_each_fault_is_found(broken: Stage, procedure: str, item: str, least: int) -> None:
    seen = [record.problems.get(item, 0) for record in found(broken, procedure)]
    assert max(seen) >= least, found(broken, procedure)


def test_the_matrix_names_the_prepared_call(broken: Stage) -> None:
    (record,) = found(broken, "DO4")
    rows = {row["id"]: row["item"] for row in data_of(broken, record)["rows"]}
    assert rows["stop-LiquidityPool"] == "stale-calldata"
    assert rows["stop-PaymentToken"] is None
    assert rows["release-PaymentToken"] == "missing-role"


def test_who_never_drilled_is_put_on_the_plan(broken: Stage) -> None:
    actions = [item.subject for item in broken.world.stores.entries("action")]
    assert any("never-drilled chen" in subject for subject in actions)
