"""A laboratory for the program itself: `twin` in a fresh process, tiny scenarios, a vandal.

The vandal is an agent that does one bad deed to its own process at a virtual time, so that a
signal, a kill or a crash always comes at the same place of a run and no test has to sleep.
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from unittest import mock

from twin.cli import main

ROOT = Path(__file__).resolve().parent.parent

SCENARIO = """\
schema_version: 1
name: {name}
title: "A quiet stretch: nothing [red]happens[/]"
description: Nothing happens.
start: 2009-01-05T00:00:00Z
duration: {duration}
seed: 1
market:
  commodities:
    WTI: {{model: replay, file: data/wti-2008-07-to-2009-06.csv, volatility: 4%}}
{more}thresholds:
  - {{name: head, expr: fictra_chain_head_block, min: 0{limit}}}
claims_not_made: [Anything about the real market.]
"""

LOSS = """\
loss: {measure: volume-over-target, unit: stable, reference: {target: 1, period: 3600}}
"""

VANDAL = '''"""A vandal: does its deed to the process it lives in, at its hour."""
import os
import signal
from typing import Any
from twin_agents.base import Params, TwinAgent


class VandalParams(Params):
    deed: str
    at: int
    times: int = 1


class Vandal(TwinAgent):
    """Does one bad deed."""
    family = "vandal"
    Params = VandalParams

    def live(self) -> Any:
        yield self.habitat.clock.after(self.params.at)
        deed = self.params.deed
        if deed == "bug":
            raise KeyError("a\\nbug")
        for _ in range(self.params.times):
            os.kill(os.getpid(), getattr(signal, deed))
'''

VANDAL_LIVES = """\
agents:
  - {{family: vandal, name: vandal, params: {{deed: {deed}, at: {at}, times: {times}}}}}
"""


def write(
    folder: Path,
    name: str = "quiet",
    *,
    duration: str = "3d",
    more: str = "",
    limit: str = "",
) -> Path:
    """Write a scenario called *name* into *folder* and return its path."""
    path = folder / f"{name}.twin.yaml"
    text = SCENARIO.format(name=name, duration=duration, more=more, limit=limit)
    path.write_text(text, "utf-8")
    return path


def vandal(
    folder: Path, deed: str, *, at: int, times: int = 1, duration: str = "3d", more: str = ""
) -> list[str]:
    """Write a scenario in which a vandal lives, and return what runs it."""
    home = folder / "vandals"
    home.mkdir()
    (home / "vandal.py").write_text(VANDAL, "utf-8")
    lives = VANDAL_LIVES.format(deed=deed, at=at, times=times)
    path = write(folder, duration=duration, more=lives + more)
    return [str(path), "--agents", str(home)]


def environment(**more: str) -> dict[str, str]:
    """Return the environment of a program: 80 columns, no colour, and *more*."""
    plain = {"COLUMNS": "80", "NO_COLOR": "1", "TERM": "dumb", "PYTHONPATH": str(ROOT)}
    return {**os.environ, **plain, **more}


def twin(
    *arguments: str | Path, cwd: Path, env: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """Run `twin` with *arguments* in *cwd* to its end, however it ends."""
    return run([sys.executable, "-m", "twin", *map(str, arguments)], cwd=cwd, env=env)


def inside(*arguments: str | Path, cwd: Path) -> subprocess.CompletedProcess[str]:
    """Run `twin` in this process, which saves its start, where nothing is done to the process."""
    output, errors = io.StringIO(), io.StringIO()
    argv = [str(argument) for argument in arguments]
    plain = mock.patch.dict(os.environ, {"COLUMNS": "80", "NO_COLOR": "1"})
    redirected = contextlib.redirect_stdout(output), contextlib.redirect_stderr(errors)
    with plain, contextlib.chdir(cwd), redirected[0], redirected[1]:
        code = main(argv)
    return subprocess.CompletedProcess(argv, code, output.getvalue(), errors.getvalue())


def run(
    command: list[str], *, cwd: Path, env: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """Run *command* in *cwd* to its end."""
    return subprocess.run(
        command, cwd=cwd, env=environment(**(env or {})), stdin=subprocess.DEVNULL,
        capture_output=True, text=True, timeout=300, check=False,
    )  # fmt: skip


def tampered(before: str, *arguments: str | Path, cwd: Path) -> subprocess.CompletedProcess[str]:
    """Run `twin` in a process in which the Python text *before* has been executed."""
    text = f"import sys\n{before}\nfrom twin.cli import main\nsys.exit(main(sys.argv[1:]))\n"
    return run([sys.executable, "-c", text, *map(str, arguments)], cwd=cwd)


def manifest(run_folder: Path) -> dict[str, Any]:
    """Return the manifest of a run."""
    found: dict[str, Any] = json.loads((run_folder / "manifest.json").read_text("utf-8"))
    return found
