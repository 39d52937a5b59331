from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

SCENARIO = """\
schema_version: 1
name: {name}
title: A quiet hour
description: Nothing happens.
start: 2009-01-05T00:00:00Z
duration: 1h
seed: 1
seeds: [1, 2]
controls:
  - {{name: other, title: The same hour, expect: [{{pages_at_most: 0}}]}}
thresholds:
  - {{name: head, expr: fictra_chain_head_block, {limit}}}
claims_not_made: [Anything about the real market.]
"""


def run_pytest(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "twin.pytest_plugin", "-p", "no:cacheprovider",
         "-p", "no:fictra_twin", "-q", *arguments],
        cwd=folder, capture_output=True, text=True, check=False,
    )  # fmt: skip


@pytest.fixture
def scenario(tmp_path: Path) -> Path:
    path = tmp_path / "quiet.twin.yaml"
    path.write_text(SCENARIO.format(name="quiet", limit="min: 0"), "utf-8")
    return path


def test_each_seed_and_control_is_an_item(scenario: Path) -> None:
    listed = run_pytest(scenario.parent, "--collect-only")
    items = [line for line in listed.stdout.splitlines() if "::" in line]
    assert items == [
        "quiet.twin.yaml::[1]",
        "quiet.twin.yaml::[2]",
        "quiet.twin.yaml::other",
    ]
    one = run_pytest(scenario.parent, "--collect-only", "--twin-seed", "7")
    assert [line for line in one.stdout.splitlines() if "::" in line] == ["quiet.twin.yaml::[7]"]


def test_a_golden_file_is_written_and_then_held(scenario: Path) -> None:
    missing = run_pytest(scenario.parent, "-k", "other or 1")
    assert missing.returncode == 1
    assert "no golden file" in missing.stdout
    assert run_pytest(scenario.parent, "--twin-update").returncode == 0
    held = run_pytest(scenario.parent, "--twin-out", "kept")
    assert (held.returncode, "3 passed" in held.stdout) == (0, True)
    assert (scenario.parent / "kept" / "quiet-seed2-1" / "manifest.json").is_file()


def test_a_failure_says_what_broke_and_how_to_see_it_again(tmp_path: Path) -> None:
    path = tmp_path / "quiet.twin.yaml"
    path.write_text(SCENARIO.format(name="quiet", limit="max: 100"), "utf-8")
    failed = run_pytest(tmp_path, "--twin-seed", "2")
    assert failed.returncode == 1
    assert "threshold head: limit always <= 100, got 275" in failed.stdout
    assert "first crossed" in failed.stdout
    assert f"reproduce: twin run {path} --seed 2" in failed.stdout
    assert "Traceback" not in failed.stdout
    assert "pytest_plugin.py" not in failed.stdout


def test_a_mistake_in_the_file_fails_its_collection(tmp_path: Path) -> None:
    (tmp_path / "bad.twin.yaml").write_text("name: bad\n", "utf-8")
    failed = run_pytest(tmp_path)
    assert failed.returncode == 2
    assert "bad.twin.yaml:1:1: the scenario needs 'claims_not_made'" in failed.stdout


def test_nothing_heavy_is_imported_before_a_scenario_is_collected(tmp_path: Path) -> None:
    (tmp_path / "test_light.py").write_text(
        "import sys\n\n\ndef test_light():\n"
        "    assert not {'numpy', 'mesa', 'eth', 'pydantic', 'matplotlib'} & set(sys.modules)\n"
    )
    passed = run_pytest(tmp_path, "-p", "no:hypothesispytest", "-p", "no:xdist")
    assert passed.returncode == 0, passed.stdout
