from __future__ import annotations

import importlib
import json
import shlex
from pathlib import Path
from typing import Any

import pytest
from program_lab import LOSS, SCENARIO, VANDAL_LIVES, inside, twin, vandal, write

from twin.chain.engines import best
from twin.errors import FileProblems, UnknownName, UsageError
from twin.library import Library
from twin.suite import Case, Result, cases, run_all, run_case

CONTROLS = """\
seeds: [1, 2]
controls:
  - {name: other, title: The same hour, expect: [{pages_at_most: 0}]}
"""


@pytest.fixture(scope="module")
def library() -> Library:
    return Library()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return write(tmp_path, duration="1h", more=CONTROLS)


def labels(found: list[Case]) -> list[tuple[str, bool]]:
    return [(case.label, case.golden) for case in found]


def test_cases_are_seeds_and_controls(library: Library, path: Path) -> None:
    assert labels(cases(library, [path])) == [
        ("quiet", True), ("quiet[2]", False), ("quiet.other", True),
    ]  # fmt: skip
    assert labels(cases(library, [path], seed=7)) == [("quiet[7]", False)]
    assert labels(cases(library, [path], seed=1)) == [("quiet", True)]
    without = cases(library, [path], without=("NR1",))
    assert labels(without) == [
        ("quiet[1]", False), ("quiet[2]", False), ("quiet.other[1]", False),
    ]  # fmt: skip
    assert without[2].command == (
        f"twin run {path} --seed 1 --control other --without NR1"
    )  # what is switched off has no golden file, but a line that runs it again


def test_everything_is_known_to_be_sound_before_the_first_run(
    library: Library, path: Path, tmp_path: Path
) -> None:
    bad = tmp_path / "bad.twin.yaml"
    bad.write_text("name: bad\n", "utf-8")
    with pytest.raises(FileProblems):
        cases(library, [path, bad])
    with pytest.raises(UnknownName):
        cases(library, [path], without=("NR9",))
    with pytest.raises(UsageError):
        cases(library, [path], seed=-1)


def golden(path: Path, name: str = "quiet") -> dict[str, Any]:
    text = (path.parent / "golden" / f"{name}.json").read_text("utf-8")
    return dict(json.loads(text)["figures"])


def test_a_golden_file_from_birth_to_difference(library: Library, path: Path) -> None:
    def run(*, update: bool) -> Any:
        case, *_others = cases(library, [path], root=path.parent / "runs", update=update)
        return run_case(case)

    born = run(update=False)
    where = path.parent / "golden" / "quiet.json"
    assert not born.passed
    assert born.differences == (
        f"no golden file {where}: look at the run, then write it with --update",
    )
    assert not where.exists()

    written = run(update=True)
    assert (written.passed, written.differences) == (True, ())
    evidence = golden(path)["count.evidence"]
    assert f"count.evidence: new, got {evidence}" in written.updated
    assert evidence > 0
    assert golden(path)["threshold.head"]["value"] == 0

    same = run(update=False)
    assert (same.passed, same.exit_code, same.differences) == (True, 0, ())
    before = where.stat().st_mtime_ns
    assert run(update=True).updated == ()
    assert where.stat().st_mtime_ns == before, "what is right already is not written again"

    where.write_text(where.read_text("utf-8").replace(f": {evidence},", ": 9,"), "utf-8")
    other = run(update=False)
    assert (other.passed, other.exit_code) == (False, 1)
    assert other.differences == (f"golden file: count.evidence: golden 9, got {evidence}",)
    assert run(update=True).updated == (f"count.evidence: golden 9, got {evidence}",)

    where.write_text("{", "utf-8")
    assert run(update=False).exit_code == 2
    assert run(update=True).passed, "what cannot be read is replaced"
    assert golden(path)["count.evidence"] == evidence


def test_a_run_that_fails_writes_no_golden_file(library: Library, tmp_path: Path) -> None:
    path = write(tmp_path, duration="1h", limit=", max: 1")
    (case,) = cases(library, [path], root=tmp_path / "runs", update=True)
    result = run_case(case)
    assert not result.passed
    where = tmp_path / "golden" / "quiet.json"
    why = "the run did not pass its own checks"
    assert result.differences == (f"golden file {where} not written: {why}",)
    assert not (tmp_path / "golden").exists()


def test_what_was_switched_off_would_have_saved(library: Library, tmp_path: Path) -> None:
    path = write(tmp_path, duration="1h", more=LOSS, limit=", max: 1")
    root = tmp_path / "runs"
    (case,) = cases(library, [path], without=("NR1",), root=root)
    assert run_case(case).saved == 0
    assert len(list(root.iterdir())) == 1, "what it is compared with leaves no folder"
    (whole,) = cases(library, [path], root=root)
    assert run_case(whole).saved is None


def test_results_come_in_order_whatever_ends_first(tmp_path: Path) -> None:
    slow = write(tmp_path, "slow", duration="5d")
    quick = write(tmp_path, "quick", duration="1h")
    told: list[tuple[str, bool]] = []
    suite = [Case(path, 2, golden=False, root=tmp_path / "runs") for path in (slow, quick, quick)]
    results = list(
        run_all(suite, jobs=2, tell=lambda case, ended: told.append((case.label, ended)))
    )
    assert [result.case for result in results] == suite
    assert all(result.passed for result in results), results
    assert [name for name, ended in told if not ended] == ["slow[2]", "quick[2]", "quick[2]"]
    assert sum(ended for _name, ended in told) == 3
    alone = run_case(suite[1])
    assert alone.digest == results[1].digest == results[2].digest
    assert alone.digest != results[0].digest


def test_ctrl_c_in_this_process_ends_the_suite(tmp_path: Path) -> None:
    vandal(tmp_path, "SIGINT", at=90)
    case = Case(
        tmp_path / "quiet.twin.yaml", 1, golden=False, agents=(tmp_path / "vandals",),
        root=tmp_path / "runs",
    )  # fmt: skip
    (result,) = run_all([case, case], jobs=1)
    assert result.interrupted
    assert "stopped at virtual day" in result.error


def test_ctrl_c_outside_a_run_keeps_what_is_known(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stopped(*_arguments: object) -> None:
        raise KeyboardInterrupt

    home = importlib.import_module("twin.suite.cases")  # `cases` is a function of the package too
    monkeypatch.setattr(home, "_golden", stopped)
    done = inside("test", path, "--jobs", "1", "--junit", "j.xml", cwd=path.parent)
    assert done.returncode == 130
    assert done.stdout.splitlines()[-1] == "0 passed, 0 failed, 1 stopped, 2 not run"
    assert 'tests="1"' in (path.parent / "j.xml").read_text("utf-8")


def test_what_was_not_run_did_not_pass(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def one(suite: list[Case], **_rest: object) -> list[Result]:
        return [Result(suite[0], passed=True)]

    monkeypatch.setattr("twin.commands.test.run_all", one)
    done = inside("test", path, "--json", cwd=path.parent)
    assert (done.returncode, json.loads(done.stdout)["passed"]) == (130, False)
    assert done.stderr.splitlines()[-1] == "1 passed, 0 failed, 0 stopped, 2 not run"


def test_the_line_that_runs_it_again_can_be_pasted() -> None:
    case = Case(Path("a b/it's.twin.yaml"), 1, golden=True, engine=best(), agents=(Path("c d"),))
    again = shlex.split(case.command)
    assert again == ["twin", "run", "a b/it's.twin.yaml", "--seed", "1", "--agents", "c d"]


def test_the_command_shows_what_changed(path: Path) -> None:
    place = path.parent
    first = twin("test", ".", "--update", "--jobs", "2", cwd=place)
    assert (first.returncode, first.stdout.splitlines()[-1]) == (0, "3 passed, 0 failed")
    evidence = golden(path)["count.evidence"]
    assert f"    updated count.evidence: new, got {evidence}" in first.stdout
    assert sorted(item.name for item in (place / "golden").iterdir()) == [
        "quiet.json", "quiet.other.json",
    ]  # fmt: skip
    second = inside("test", ".", "--junit", "j.xml", "--jobs", "1", cwd=place)
    assert second.returncode == 0
    assert second.stderr.splitlines() == [
        "running quiet",
        "running quiet[2]",
        "running quiet.other",
    ]
    assert [line.split(" in ")[0] for line in second.stdout.splitlines()] == [
        "passed quiet", "passed quiet[2]", "passed quiet.other", "3 passed, 0 failed",
    ]  # fmt: skip
    assert 'tests="3" failures="0" errors="0"' in (place / "j.xml").read_text("utf-8")


def test_the_lab_makes_scenarios() -> None:
    assert "{name}" in SCENARIO
    assert "vandal" in VANDAL_LIVES
