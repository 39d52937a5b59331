"""Which scenarios a folder stands for, and the slices that both engines run."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import Any

import pytest
from program_lab import inside, write
from scenario_lab import HEAD, problems

from twin.chain.engines import available
from twin.chain.port import AccountState
from twin.chain.relay import Relay
from twin.clock import HOUR
from twin.errors import UsageError
from twin.library import Library, bundled
from twin.suite import chosen, run_case, slices

REVM = pytest.mark.skipif("revm" not in available(), reason="the Rust engine is not built")
SLICED = "suite: {tags: [long, odd], slices: [{until: 1h}, {since: 2h, until: 3h}]}\n"


@pytest.fixture(scope="module")
def library() -> Library:
    return Library()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return a folder of a scenario with tags and slices, and one without."""
    write(tmp_path, "sliced", duration="4h", more=SLICED)
    write(tmp_path, "plain", duration="1h")
    return tmp_path


@pytest.mark.parametrize(
    ("tag", "names"), [(None, ["plain"]), ("long", ["sliced"]), ("odd", ["sliced"])]
)
def test_tags_choose_of_a_folder(
    library: Library, folder: Path, tag: str | None, names: list[str]
) -> None:
    found = chosen(library, [str(folder)], tag=tag)
    assert [path.name.split(".")[0] for path in found] == names


def test_what_is_named_is_run_whatever_its_tags(library: Library, folder: Path) -> None:
    named = folder / "sliced.twin.yaml"
    assert chosen(library, [str(named)]) == [named]
    with pytest.raises(UsageError, match="no scenario tagged lnog; tags there: long, odd"):
        chosen(library, [str(folder)], tag="lnog")
    (folder / "plain.twin.yaml").unlink()
    with pytest.raises(UsageError, match="no scenario without a tag"):
        chosen(library, [str(folder)])


MISTAKES = [
    ("slices: [{since: 2h, until: 2h}]",
     "8:37: suite.slices[0].until is not after since: a slice ends later than it begins"),
    ("slices: [{since: 2h, until: 3d}]",
     "8:37: suite.slices[0].until: '3d' is after the end of the run, 1d"),
    ("slices: [{since: 2h}]", "8:18: suite.slices[0] needs 'until'"),
    ("tags: [bench, bench]", "8:23: suite.tags[1]: the tag 'bench' is here twice, first in line 8"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "problem"), MISTAKES)
def test_a_mistake_in_the_suite_has_its_place(text: str, problem: str) -> None:
    assert problems(f"{HEAD}suite: {{{text}}}\n") == [problem]


def test_slices_need_both_engines(
    library: Library, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("twin.chain.engines.available", lambda: ("pyevm",))
    with pytest.raises(UsageError, match="compares two engines"):
        slices(library, [folder / "sliced.twin.yaml"])


@REVM
def test_slices_are_cases_that_can_be_run_again(library: Library, folder: Path) -> None:
    path = folder / "sliced.twin.yaml"
    first, second = slices(library, [path, folder / "plain.twin.yaml"])
    assert (first.label, second.label) == ("sliced@0s-1h", "sliced@2h-3h")
    again = ["twin", "test", "--slices", str(path), "--seed", "1"]
    assert shlex.split(first.command) == again
    assert slices(library, [path], seed=7)[0].label == "sliced@0s-1h[7]"
    with pytest.raises(UsageError, match="none of these scenarios declares slices"):
        slices(library, [folder / "plain.twin.yaml"])
    result = run_case(second)
    assert (result.passed, result.exit_code, result.run) == (True, 0, "")
    assert len(result.digest) == 64


def busy(library: Library) -> Any:
    """Return the first slice of a bundled scenario in which much is sent, made short."""
    from dataclasses import replace

    (path,) = [item for item in bundled() if item.name.startswith("oracle-unit-error")]
    case, *_ = slices(library, [path])
    return replace(case, slice=(HOUR, 2 * HOUR))


@REVM
def test_a_slice_of_a_busy_world_has_one_digest(library: Library) -> None:
    result = run_case(busy(library))
    assert (result.passed, result.error) == (True, "")


@REVM
def test_a_difference_in_the_slice_ends_it_with_5(
    library: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    honest = Relay.wake

    def robbed(engine: Relay) -> None:
        honest(engine)
        for address in list(engine.reference.accounts()):
            held = engine.reference.account(address)
            engine.reference.set_account(
                address, AccountState(held.nonce + 1, held.balance, held.code)
            )

    monkeypatch.setattr(Relay, "wake", robbed)
    result = run_case(busy(library))
    assert (result.passed, result.exit_code) == (False, 5)
    assert "pyevm" in result.error


@REVM
def test_the_command_runs_slices_and_leaves_no_folder(folder: Path) -> None:
    done = inside("test", ".", "--tag", "long", "--slices", "--jobs", "1", cwd=folder)
    assert [line.split(" in ")[0] for line in done.stdout.splitlines()] == [
        "passed sliced@0s-1h", "passed sliced@2h-3h", "2 passed, 0 failed",
    ]  # fmt: skip
    assert not (folder / "runs").exists()
    refused = inside("test", ".", "--slices", "--update", cwd=folder)
    assert (refused.returncode, "--slices" in refused.stderr) == (2, True)


@REVM
def test_every_bundled_scenario_declares_slices(library: Library) -> None:
    assert {case.scenario for case in slices(library, bundled())} == set(bundled())
