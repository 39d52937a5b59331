"""The same scenario and seed give the same digest, whatever the process is like."""

from __future__ import annotations

import importlib
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from program_lab import environment


def dispatched() -> str:
    """Return the CPU features that numpy chooses its kernels by on this machine."""
    # `numpy.show_config` prints them; where it has them from has no public name, and in numpy 1
    # another one.
    core = "numpy._core" if hasattr(np, "_core") else "numpy.core"
    found = importlib.import_module(f"{core}._multiarray_umath")
    return " ".join(name for name in found.__cpu_dispatch__ if found.__cpu_features__.get(name))


def start(folder: Path, *arguments: str, **more: str) -> subprocess.Popen[str]:
    """Start the eight hours of `oracle-unit-error` in *folder*, with everything in them."""
    folder.mkdir(parents=True, exist_ok=True)
    return subprocess.Popen(
        [sys.executable, "-m", "twin", "run", "oracle-unit-error", "--until", "8h", "--json",
         "--out", "out", *arguments],
        cwd=folder, env=environment(**more), stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        text=True,
    )  # fmt: skip


def digest(program: subprocess.Popen[str]) -> tuple[str, str]:
    """Return digest and state root of what *program* ran."""
    output, errors = program.communicate(timeout=300)
    assert program.returncode == 1, errors  # a run that is cut short never passes
    assert errors == ""
    answer = json.loads(output)
    return answer["digest"], answer["state_root"]


@pytest.fixture(scope="module")
def usual(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, str]:
    """Return digest and state root of a run in an ordinary environment."""
    folder = tmp_path_factory.mktemp("usual")
    return digest(start(folder, PYTHONHASHSEED="0", TZ="UTC", LC_ALL="C.UTF-8"))


@pytest.mark.parametrize(
    ("place", "world"),
    [
        ("a folder", {"PYTHONHASHSEED": "4711", "TZ": "Asia/Kathmandu", "LC_ALL": "C"}),
        (
            "deep/er/\u00fcber",
            {
                "PYTHONHASHSEED": "random",
                "TZ": "America/St_Johns",
                "LC_ALL": "de_DE.UTF-8",
                "PYTHONUTF8": "1",
                "OPENBLAS_NUM_THREADS": "1",
                "OPENBLAS_CORETYPE": "Prescott",
                "OMP_NUM_THREADS": "1",
                "NPY_DISABLE_CPU_FEATURES": "dispatched",
            },
        ),
    ],
)
def test_another_process_gives_the_same_digest(
    usual: tuple[str, str], tmp_path: Path, place: str, world: dict[str, str]
) -> None:
    if "NPY_DISABLE_CPU_FEATURES" in world:
        world = {**world, "NPY_DISABLE_CPU_FEATURES": dispatched()}
    assert digest(start(tmp_path / place, **world)) == usual


def test_another_seed_gives_another_digest(usual: tuple[str, str], tmp_path: Path) -> None:
    other = digest(start(tmp_path, "--seed", "4"))
    assert other[0] != usual[0]
    assert other[1] != usual[1]


def test_there_are_features_to_disable() -> None:
    # Without any, the comparison above would compare nothing.
    if not dispatched():
        pytest.skip("numpy dispatches on no feature of this CPU")
    assert len(dispatched().split()) >= 1
