"""The three incidents: what the playbook is worth in them, and a report that has everything."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from program_lab import inside

from twin.library import Library, find
from twin.scoring.censored import wilson
from twin.study.scores import Study
from twin.study.seeds import Job, score_all

INCIDENTS = ("incident-key", "incident-oracle", "incident-parameter")


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> tuple[dict[str, Any], Path]:
    """Return the after-action report of the key incident, and its run folder."""
    folder = tmp_path_factory.mktemp("incident")
    assert inside("run", "incident-key", "--quiet", "--out", "r", cwd=folder).returncode == 0
    done = inside("report", "r", "--incident", "1", "--json", cwd=folder)
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found, folder / "r"


def test_all_fourteen_marks_were_made(told: tuple[dict[str, Any], Path]) -> None:
    marks = told[0]["detection"]["marks"]
    assert len(marks) == 14
    assert [mark["mark"] for mark in marks if not mark["offset"]] == []


def test_the_response_is_worth_something_and_the_ideal_more(
    told: tuple[dict[str, Any], Path],
) -> None:
    nothing, ours, at_once, ideal = (row["units"] for row in told[0]["counterfactuals"])
    assert nothing > ours > ideal > 0
    assert ours > at_once > 0


def test_the_three_forms_lie_beside_the_run(told: tuple[dict[str, Any], Path]) -> None:
    tree, folder = told
    assert {Path(path).name for path in tree["files"].values()} == {
        f"after-INC-001.{form}" for form in ("html", "md", "json")
    }
    page = (folder / "after-INC-001.html").read_text("utf-8")
    assert "stolen-node-keys" in page
    assert json.loads((folder / "after-INC-001.json").read_text("utf-8"))["kind"]
    log = (folder / "events.jsonl").read_text("utf-8").splitlines()
    assert all(log[item["event"]] == item["line"] for item in tree["data"])


def test_the_truth_stands_in_no_evidence_of_the_run(told: tuple[dict[str, Any], Path]) -> None:
    evidence = (told[1] / "evidence.jsonl").read_text("utf-8")
    assert "stolen-node-keys" not in evidence


def study(name: str, count: int, policy: Any = None) -> Study:
    path = find([name])[0]
    own = Library().load(path).seed
    todo = [Job(path, own + place, policy=policy) for place in range(count)]
    return Study.of(list(score_all(todo, jobs=2)))


@pytest.mark.nightly
@pytest.mark.parametrize("name", INCIDENTS)
def test_the_playbook_beats_no_response_on_eighteen_of_twenty_seeds(name: str) -> None:
    found = study(name, 20).better
    assert found.count == 20
    assert found.good >= 18, (found.good, wilson(found.good, found.count))


@pytest.mark.nightly
@pytest.mark.parametrize("name", INCIDENTS)
def test_a_policy_that_stops_everything_scores_below_nothing(name: str) -> None:
    assert max(study(name, 3, "panic").values) < 0
