from __future__ import annotations

import json
from pathlib import Path

import pytest
from world_lab import fault, library, scenario

from twin import cli
from twin.coverage import Cover, Exercise, covers, exercises
from twin.monitoring.rules import RuleSet
from twin.results import RunFolder

ROOT = Path(__file__).resolve().parent.parent
CATALOG = library().parts.catalog
NO_RULES = RuleSet(())


def expecting(verdict: str, *, after: str = "gremlin", procedure: str = "ME4") -> dict[str, Cover]:
    made = scenario(
        sealed={"faults": [fault("gremlin", "source-scale", "1h", source="corvus")]},
        expect=[{"procedure": procedure, "verdict": verdict, "after": after}] * 2,
    )
    return covers(CATALOG, NO_RULES, [made, made])


@pytest.mark.parametrize("verdict", ["finding", "done", "refused", "failed"])
def test_a_case_is_a_fault_that_a_procedure_is_expected_to_answer(verdict: str) -> None:
    found = expecting(verdict)
    assert found["ME4"] == Cover((), ("source-scale",), ("small",))
    assert {name for name, cover in found.items() if cover != Cover()} == {"ME4"}


@pytest.mark.parametrize(
    ("verdict", "after"), [("ok", "gremlin"), ("no-data", "gremlin"), ("finding", "start")]
)
def test_what_proves_nothing_is_no_case(verdict: str, after: str) -> None:
    assert set(expecting(verdict, after=after).values()) == {Cover()}


def test_a_control_is_a_case_of_its_own() -> None:
    made = scenario(controls=[{
        "name": "other", "title": "x",
        "faults": [fault("gremlin", "source-death", "1h", source="corvus")],
        "expect": [{"procedure": "IO1", "verdict": "finding", "after": "gremlin"}],
    }])  # fmt: skip
    assert covers(CATALOG, NO_RULES, [made])["IO1"] == Cover(
        (), ("source-death",), ("small.other",)
    )


def test_a_rule_covers_the_procedure_that_it_names() -> None:
    found = covers(CATALOG, library().parts.rules, [])
    assert "ChainHalted" in found["MP1"].rules
    assert all(
        rule in library().parts.rules.names for cover in found.values() for rule in cover.rules
    )


@pytest.fixture
def run(tmp_path: Path) -> RunFolder:
    """Return a folder in which ME4 ran twice and NR1 once, filing twice."""
    folder = RunFolder(tmp_path)
    records = [
        ("ME4", 100, "ok"),
        ("NR1", 150, "ok"),
        ("ME4", 200, "finding"),
        ("NR1", 250, "done"),
        ("XX9", 9, "ok"),
    ]
    folder.evidence.write_text("".join(
        json.dumps({"procedure": name, "at": at, "verdict": verdict}) + "\n" for name, at, verdict in records
    ))  # fmt: skip
    ended = {
        "kind": "procedure-ended",
        "t": 250,
        "procedure": "NR1",
        "run": 1,
        "verdict": "done",
        "evidence": "x",
    }
    folder.events.write_text(json.dumps(ended) + "\n")
    return folder


def test_a_run_is_read_from_its_evidence_and_its_events(run: RunFolder) -> None:
    found = exercises(run, CATALOG)
    assert found["ME4"] == Exercise(2, 2, 200, "finding", {"ok": 1, "finding": 1})
    assert found["NR1"] == Exercise(1, 2, 250, "done", {"ok": 1, "done": 1})
    assert found["MP1"] == Exercise()
    assert set(found) == set(CATALOG)


def test_the_command_shows_all_or_those_asked_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert cli.main(["procedures", "--json"]) == 0
    body = json.loads(capsys.readouterr().out)
    assert [row["id"] for row in body["procedures"]] == list(CATALOG)
    assert (body["run"], {row["runs"] for row in body["procedures"]}) == (None, {0})
    nr1 = next(row for row in body["procedures"] if row["id"] == "NR1")
    assert (nr1["faults"], nr1["cases"][0]) == (["source-scale"], "oracle-unit-error")
    assert cli.main(["procedures", "--only", "ME4"]) == 0
    shown = capsys.readouterr().out
    assert "seed      System Monitoring / Economic Monitoring / Oracle data verification" in shown
    assert "runs      0, 0 records, the last never" in shown
