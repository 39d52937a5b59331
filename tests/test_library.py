from __future__ import annotations

from pathlib import Path

import pytest
from program_lab import ROOT, write

from twin.errors import FileProblems, UnknownName, UsageError
from twin.library import Library, bundled, find


@pytest.fixture(scope="module")
def library() -> Library:
    return Library()


def test_a_scenario_is_found_by_name_file_or_folder(tmp_path: Path) -> None:
    one, other = write(tmp_path, "one"), write(tmp_path, "other")
    assert find(["baseline"]) == [ROOT / "scenarios" / "baseline.twin.yaml"]
    assert find([str(other)]) == [other]
    assert find([str(tmp_path), str(one)]) == [one, other, one]
    assert [path.name.split(".")[0] for path in bundled()] == [
        "baseline", "bench-month", "fee-pressure", "governance", "incident-key",
        "incident-oracle", "incident-parameter", "oracle-unit-error",
        "ordinary-quarter", "reserve-run", "whole-network",
    ]  # fmt: skip


def test_the_copy_in_a_run_folder_is_found_by_its_own_name_alone(tmp_path: Path) -> None:
    real = write(tmp_path, "real")
    run = tmp_path / "runs" / "real-seed1-1"
    run.mkdir(parents=True)
    (run / "manifest.json").touch()
    copy = write(run, "real")
    assert find([str(tmp_path)]) == [real]
    assert find([str(copy)]) == [copy]
    with pytest.raises(UsageError, match="holds no scenario"):
        find([str(tmp_path / "runs")])


def test_what_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(UnknownName, match="did you mean 'fee-pressure'"):
        find(["fee-presure"])
    with pytest.raises(UsageError, match=r"names end in \.twin\.yaml"):
        find([str(tmp_path)])


def test_an_unknown_engine_is_refused_at_once() -> None:
    with pytest.raises(UnknownName, match="no engine is called 'pyvem'; did you mean 'pyevm'"):
        Library(engine="pyvem")


def test_procedures_are_switched_off_in_the_parts_alone(library: Library) -> None:
    parts = library.parts_without(["ME4", "NR1"])
    assert set(library.parts.catalog) - set(parts.catalog) == {"ME4", "NR1"}
    assert (parts.families, parts.rules) == (library.parts.families, library.parts.rules)
    with pytest.raises(UnknownName, match="no procedure is called 'ME44'"):
        library.parts_without(["ME44"])


def test_a_scenario_is_held_against_every_vocabulary(library: Library, tmp_path: Path) -> None:
    more = """\
invariants: [pt-suply]
procedures: {ME44: {}}
loss: {measure: volume, unit: x}
agents: [{family: nois, name: x}]
sealed: {faults: [{name: x, kind: source-deth, at: 0s, params: {}}]}
monitoring: {rules: [ChainHalt]}
"""
    with pytest.raises(FileProblems) as found:
        library.load(write(tmp_path, more=more))
    hints = [problem.message + problem.hint for problem in found.value.problems]
    assert len(hints) == 6
    for name in ("pt-supply", "ME4", "volume-over-target", "noise", "source-death", "ChainHalted"):
        assert [hint for hint in hints if name in hint], (name, hints)
