"""Procedures in a process that cannot import the simulator leave what they leave in this one."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("starlette", reason="the server is not installed (extra rpc)")
pytest.importorskip("uvicorn", reason="the server is not installed (extra rpc)")

from program_lab import ROOT, environment, manifest, twin

from twin.live.seal import ENGINES, SIMULATOR


def remote(folder: Path, scenario: str, until: str) -> tuple[Path, Path]:
    """Run *scenario* here and elsewhere; return both folders."""
    here, there = folder / "here", folder / "there"
    for place, more in ((here, ()), (there, ("--remote",))):
        ran = twin(
            "run", scenario, "--until", until, "--json", "--out", str(place), *more, cwd=ROOT
        )
        assert ran.returncode == 1, ran.stderr  # a partial run never passes
    return here, there


@pytest.mark.slow
def test_the_evidence_is_the_same_to_the_byte(tmp_path: Path) -> None:
    here, there = remote(tmp_path, "oracle-unit-error", "8h")
    evidence = (here / "evidence.jsonl").read_bytes()
    assert evidence == (there / "evidence.jsonl").read_bytes()
    assert manifest(here)["digest"] == manifest(there)["digest"]
    filed = {json.loads(line)["procedure"] for line in evidence.splitlines()}
    assert {"ME4", "IO1", "MP1", "ND1", "ND3", "NR1"} <= filed  # checks and runbooks, an incident


def sealed(code: str) -> subprocess.CompletedProcess[str]:
    """Run *code* in a process that was sealed before."""
    return subprocess.run(
        [sys.executable, "-c", f"from twin.live.seal import seal\nseal()\n{code}"],
        capture_output=True, text=True, check=False, cwd=ROOT, env=environment(),
    )  # fmt: skip


def test_the_simulator_cannot_be_imported() -> None:
    ran = sealed(
        "from twin.errors import SealBroken\n"
        f"for name in {SIMULATOR}:\n"
        " try:\n  __import__(name)\n"
        " except SealBroken as error:\n  print(str(error).split(' is sealed')[0])"
    )
    assert ran.stdout.splitlines() == [f"module {name}" for name in SIMULATOR], ran.stderr


def test_what_a_simulation_runs_on_is_not_there() -> None:
    tries = "\n".join(
        f"try:\n import {name}\n print('there', '{name}')\nexcept ImportError: pass"
        for name in ENGINES
    )
    ran = sealed(tries + "\nimport twin.live.worker, twin.procedures\nprint('works')")
    assert (ran.stdout, ran.stderr) == ("works\n", "")


def test_a_process_that_has_the_simulator_already_is_not_sealed() -> None:
    ran = subprocess.run(
        [sys.executable, "-c", "import twin.world\nfrom twin.live.seal import seal\nseal()"],
        capture_output=True, text=True, check=False, cwd=ROOT, env=environment(),
    )  # fmt: skip
    assert "it was imported before the process was sealed" in ran.stderr


def test_a_worker_without_work_says_where_it_looked() -> None:
    ran = twin("live", "http://127.0.0.1:9", "--token", "x", cwd=ROOT)
    assert ran.returncode == 3
    assert "127.0.0.1:9/desk/manifest does not answer" in ran.stderr
    assert "Traceback" not in ran.stderr


@pytest.mark.parametrize("url", ["127.0.0.1:8545", "ftp://127.0.0.1", "http://"])
def test_an_address_that_is_none(url: str) -> None:
    ran = twin("live", url, cwd=ROOT)
    assert (ran.returncode, "is no address: write http://127.0.0.1:8545" in ran.stderr) == (2, True)
