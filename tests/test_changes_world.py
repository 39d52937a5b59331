"""Changes in worlds: one that is carried out whole and reviewed, and the catch matrix."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from world_lab import Stage, library

from twin.catalog import Catalog
from twin.procedures.change.gates import GATES
from twin.procedures.routine.implemented import implementation_register
from twin.proof.changes import NONE, Row, play, prove, rows
from twin.scenario import loads

GROUPS = ("CR", "CI", "CV")
IDS = tuple(f"{group}{number}" for group in GROUPS for number in range(1, 6))
ROWS = {row.name: row for row in rows()}

ASKED = ("wrong-decimals", "missing-multiplier", "swapped-address", "stale-simulation",
         "lookalike-calldata", "code-swapped", "half-applied")  # fmt: skip
"""The seeded faults that the matrix must have."""


@pytest.fixture(scope="module")
def carried_out() -> Stage:
    """The good change of the matrix, with all fifteen procedures, until it is closed."""
    tree = {**json.loads(json.dumps(ROWS["good-change"].tree, default=_instant)), "duration": "8h"}
    tree["services"]["changes"]["requests"][0]["at"] = "3h"  # with as long a time before it
    scenario = loads(json.dumps(tree), "good-change.twin.yaml", library().vocabulary)
    parts = library().parts
    chosen = Catalog(parts.catalog[name] for name in IDS)
    return Stage(scenario, replace(parts, catalog=chosen)).run(8 * 3600)


def _instant(value: Any) -> str:
    return str(value.strftime("%Y-%m-%dT%H:%M:%SZ"))


def test_a_good_change_is_carried_out_reviewed_and_closed(carried_out: Stage) -> None:
    (entry,) = carried_out.world.stores.entries("change")
    assert entry.state == "done"
    assert entry.data["success"]["passed"]
    assert entry.data["effect"]["items"] == []
    assert carried_out.read("OracleNetwork", "challengeTerms")[1] == 2_000 * 10**6
    signers = {approval["who"] for approval in entry.data["approvals"]}
    assert signers == {"bruno", "chen"}


def test_every_procedure_of_the_pipeline_left_evidence_and_found_nothing(
    carried_out: Stage,
) -> None:
    desk = carried_out.world.desk
    for name in IDS:
        records = desk.evidence.of(name)
        assert records, name
        assert {record.verdict for record in records} == {"ok"}, name
        worked = [one for one in records if desk.evidence.data(one.ref).get("changes")]
        if name != "CV5":  # nothing failed: there is no lesson
            assert worked, name


def test_stakeholders_heard_before_during_and_after(carried_out: Stage) -> None:
    told = [
        item.subject.split(":")[0] for item in carried_out.world.notices.published("integrators")
    ]
    assert told == ["change CHG-001 before", "change CHG-001 during", "change CHG-001 after"]


def test_the_monthly_review_finds_the_change_recorded_and_landed(carried_out: Stage) -> None:
    register = implementation_register(carried_out.world.desk)
    assert list(register["rows"]) == ["CHG-001"]
    assert register["wrong"] == {}


def test_the_matrix_has_what_was_asked_for_and_no_row_without_a_gate() -> None:
    assert set(ASKED) < set(ROWS)
    assert [name for name, row in ROWS.items() if row.caught_by == NONE] == ["good-change"]
    assert {row.caught_by for row in ROWS.values()} - {NONE} == set(GATES) - {"impact"}


@pytest.mark.parametrize("name", ["lookalike-calldata", "half-applied", "wrong-decimals"])
def test_a_seeded_fault_is_caught_by_its_gate(name: str) -> None:
    found = play(ROWS[name], library().parts, library().vocabulary)
    assert found.passed, found
    assert found.reason
    assert found.state in {"rejected", "rolled-back"}


def test_a_hole_shows_as_a_row_that_another_gate_caught_or_none() -> None:
    holed = library().parts_without(["CI4"])
    found = play(ROWS["lookalike-calldata"], holed, library().vocabulary)
    assert not found.passed
    assert (found.first, found.state) == (
        NONE,
        "scheduled",
    )  # without a certificate nothing is sent


@pytest.mark.nightly
def test_no_row_of_the_catch_matrix_is_empty() -> None:
    log: list[str] = []
    every_row: tuple[Row, ...] = tuple(ROWS.values())
    found = prove(every_row, library().parts, library().vocabulary,
                  tell=lambda name, ended: log.append(name) if ended else None)  # fmt: skip
    assert log == list(ROWS)
    assert [one.row.name for one in found if not one.passed] == []
    assert all(one.gates for one in found if one.row.caught_by != NONE)
