from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import pytest
from program_lab import LOSS, environment, inside, manifest, tampered, twin, vandal, write

from twin.desk.records import verify
from twin.results import RunFolder
from twin.runner import Interrupts
from twin.suite.pool import without_ctrl_c

DAY = 86_400

SURGE = """\
sealed:
  faults:
    - {name: surge, kind: volume-surge, at: 1h, params: {factor_ppm: 2_000_000}}
"""

KILL = """\
import os, signal
import twin.report as e
import twin.runner.simulation as s
def hurt():
    os.kill(os.getpid(), signal.SIGINT)
"""

IN_REPORT = """\
write = e.write
def write_report(folder, **more):
    if folder.read_manifest().state == "finished":
        for _ in range({times}):
            hurt()
    return write(folder, **more)
e.write = write_report
"""

IN_CONTROL = """\
run = s.Simulation.run
def hurt_first(self, until, what, **more):
    if what.endswith("without faults"):
        for _ in range({times}):
            hurt()
    return run(self, until, what, **more)
s.Simulation.run = hurt_first
"""


def sound(folder: Path) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """Return manifest and events of the run in *folder*, after holding it to be whole."""
    run = RunFolder.load(folder)
    assert not run.altered()
    with run.evidence.open(encoding="utf-8") as lines:
        verify(lines)
    return manifest(folder), list(run.read_events())


@pytest.mark.parametrize("deed", ["SIGINT", "SIGTERM"])
def test_ctrl_c_leaves_a_partial_run_that_can_be_replayed(tmp_path: Path, deed: str) -> None:
    what = vandal(tmp_path, deed, at=DAY + 90)
    stopped = twin("run", *what, "--out", "out", cwd=tmp_path)
    assert stopped.returncode == 130
    last = stopped.stderr.splitlines()[-1]
    assert last == "stopped at virtual day 1.00; what was finished is kept in out, marked partial"
    assert "Traceback" not in stopped.stderr
    about, events = sound(tmp_path / "out")
    assert about["state"] == "partial"
    assert about["virtual_reached"] == about["virtual_start"] + DAY + 120, "the next whole minute"
    assert events[-1]["kind"] == "run-ended"
    assert events[-1]["partial"] is True
    assert "PARTIAL" in (tmp_path / "out" / "report.html").read_text("utf-8")
    summary = json.loads((tmp_path / "out" / "summary.json").read_text("utf-8"))
    assert (summary["passed"], summary["partial"]) == (False, True)
    if deed != "SIGINT":
        return
    # The same run cut there by --until is the same run: the digest can be reproduced.
    calm = write(tmp_path / "vandals", more=what_lives(deed))
    again = inside("run", calm, *what[1:], "--until", f"{DAY + 120}s", "--json", cwd=tmp_path)
    assert json.loads(again.stdout)["digest"] == about["digest"]


def what_lives(deed: str) -> str:
    """Return the agents of a scenario whose vandal comes too late to do its *deed*."""
    params = f"{{deed: {deed}, at: {10 * DAY}}}"
    return f"agents:\n  - {{family: vandal, name: vandal, params: {params}}}\n"


def test_a_second_ctrl_c_insists(tmp_path: Path) -> None:
    stopped = twin("run", *vandal(tmp_path, "SIGINT", at=DAY + 90, times=2), "--out", "out",
                   cwd=tmp_path)  # fmt: skip
    assert stopped.returncode == 130
    assert "Traceback" not in stopped.stderr
    about, events = sound(tmp_path / "out")
    assert (about["state"], about["digest"]) == ("partial", None)
    assert events
    reported = inside("report", "out", cwd=tmp_path)
    assert reported.returncode == 0, "a report can be had later"


@pytest.mark.parametrize("times", [1, 2])
def test_ctrl_c_while_the_report_is_written(tmp_path: Path, times: int) -> None:
    path = write(tmp_path, duration="1h")
    hurt = KILL + IN_REPORT.format(times=times)
    stopped = tampered(hurt, "run", path, "--out", "out", cwd=tmp_path)
    assert stopped.returncode == 130
    assert "Traceback" not in stopped.stderr
    about, events = sound(tmp_path / "out")
    assert about["state"] == "partial"
    assert about["digest"]
    assert events[-1]["partial"] is False, "the world itself had come to its end"
    summary = json.loads((tmp_path / "out" / "summary.json").read_text("utf-8"))
    assert (summary["passed"], summary["partial"]) == (False, True)
    if times == 1:
        assert "PARTIAL" in (tmp_path / "out" / "report.html").read_text("utf-8")
    assert inside("replay", "out", cwd=tmp_path).returncode == 0


@pytest.mark.parametrize("times", [1, 2])
def test_ctrl_c_while_the_control_runs(tmp_path: Path, times: int) -> None:
    path = write(tmp_path, duration="2h", more=LOSS + SURGE)
    hurt = KILL + IN_CONTROL.format(times=times)
    stopped = tampered(hurt, "run", path, "--out", "out", cwd=tmp_path)
    assert stopped.returncode == 130
    assert "Traceback" not in stopped.stderr
    about, _events = sound(tmp_path / "out")
    assert about["state"] == "partial"
    if times == 1:
        summary = json.loads((tmp_path / "out" / "summary.json").read_text("utf-8"))
        assert summary["loss"]["net"] is None, "without its control no net loss is known"
        assert inside("replay", "out", cwd=tmp_path).returncode == 0


def test_a_kill_loses_no_finished_day(tmp_path: Path) -> None:
    killed = twin(
        "run", *vandal(tmp_path, "SIGKILL", at=2 * DAY + 90), "--out", "out", cwd=tmp_path
    )
    assert killed.returncode == -signal.SIGKILL
    run = RunFolder.load(tmp_path / "out")
    about = run.read_manifest()
    assert (about.state, about.digest) == ("running", None)
    seen = [event["t"] for event in run.read_events()]
    assert max(seen) >= about.virtual_start + 2 * DAY - 3600
    with run.evidence.open(encoding="utf-8") as lines:
        verify(line for line in lines if line.endswith("\n"))
    assert inside("report", "out", cwd=tmp_path).returncode == 0
    refused = inside("replay", "out", cwd=tmp_path)
    assert refused.returncode == 2
    assert "has no digest: the run is running" in refused.stderr


def test_ctrl_c_in_a_suite_stops_every_child(tmp_path: Path) -> None:
    what = vandal(tmp_path, "SIGINT", at=0)
    for name in ("first", "second", "third"):
        write(tmp_path, name, duration="3650d")
    (tmp_path / "quiet.twin.yaml").unlink()
    program = subprocess.Popen(
        [sys.executable, "-m", "twin", "test", ".", "--jobs", "2", *what[1:]],
        cwd=tmp_path, env=environment(), stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        start_new_session=True,
    )  # fmt: skip
    with program:
        assert program.stderr is not None
        begun = [program.stderr.readline().strip() for _ in range(2)]
        # As a terminal sends it: to the children as well, which are at their imports.
        os.killpg(program.pid, signal.SIGINT)
        output, errors = program.communicate(timeout=120)
    assert errors == ""
    assert begun == ["running first", "running second"]
    assert program.returncode == 130
    assert output.splitlines()[-1] == "0 passed, 0 failed, 2 stopped, 1 not run"


def test_a_child_is_deaf_to_ctrl_c_from_its_first_instant() -> None:
    ask = "import signal; print(signal.SIGINT in signal.pthread_sigmask(signal.SIG_BLOCK, ()))"
    before = signal.pthread_sigmask(signal.SIG_BLOCK, ())
    with without_ctrl_c():
        child = subprocess.run([sys.executable, "-c", ask], stdout=subprocess.PIPE, check=True)
    assert child.stdout == b"True\n"
    assert signal.pthread_sigmask(signal.SIG_BLOCK, ()) == before


def test_signals_are_noted_once_and_given_back() -> None:
    told: list[str] = []
    before = signal.getsignal(signal.SIGINT)
    with Interrupts(lambda: told.append("first")) as interrupts:
        assert not interrupts.requested
        os.kill(os.getpid(), signal.SIGINT)
        assert interrupts.requested
        with interrupts.deaf():
            os.kill(os.getpid(), signal.SIGINT)
        with pytest.raises(KeyboardInterrupt):
            os.kill(os.getpid(), signal.SIGTERM)
    assert told == ["first"]
    assert signal.getsignal(signal.SIGINT) is before


def test_a_signal_that_is_ignored_stays_ignored() -> None:
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        with Interrupts() as interrupts:
            os.kill(os.getpid(), signal.SIGINT)
        assert not interrupts.requested
    finally:
        signal.signal(signal.SIGINT, before)


def test_outside_the_main_thread_nothing_is_taken_over() -> None:
    found: list[object] = []

    def look() -> None:
        with Interrupts():
            found.append(signal.getsignal(signal.SIGINT))

    thread = threading.Thread(target=look)
    thread.start()
    thread.join()
    assert found == [signal.getsignal(signal.SIGINT)]
