from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest
from program_lab import environment, inside, manifest, run, tampered, twin, vandal, write

from twin.results import RunFolder

DAY = 86_400


def test_a_crash_is_one_line_and_a_marked_folder(tmp_path: Path) -> None:
    crashed = twin("run", *vandal(tmp_path, "bug", at=DAY + 90), "--out", "out", cwd=tmp_path)
    assert crashed.returncode == 3
    assert crashed.stdout == ""
    progress, error = crashed.stderr.splitlines()
    assert progress.startswith("quiet: day 1 of 3")
    assert error == (
        "the simulation broke: KeyError: 'a\\nbug'; what happened until then is in out "
        "(--traceback shows where in the code)"
    )
    assert manifest(tmp_path / "out")["state"] == "crashed"
    folder = RunFolder.load(tmp_path / "out")
    assert not folder.altered()
    assert list(folder.read_events())[-1]["t"] >= folder.read_manifest().virtual_start + DAY - 3600
    assert inside("report", "out", cwd=tmp_path).returncode == 0
    assert "CRASHED" in folder.report.read_text("utf-8")


def test_the_traceback_is_there_for_who_asks(tmp_path: Path) -> None:
    crashed = twin("run", *vandal(tmp_path, "bug", at=90), "--out", "out", "--traceback", "--json",
                   cwd=tmp_path)  # fmt: skip
    assert crashed.returncode == 3
    assert "Traceback" in crashed.stderr
    assert "vandals/vandal.py" in crashed.stderr
    answer = json.loads(crashed.stdout)
    assert (answer["passed"], answer["exit_code"], answer["schema_version"]) == (False, 3, 1)


def test_a_crash_in_a_suite_is_an_error_and_the_gravest_code(tmp_path: Path) -> None:
    vandal(tmp_path, "bug", at=90, duration="1h")
    broken = write(tmp_path, "cold", duration="1h", limit=", max: 1")
    done = twin("test", ".", "--agents", "vandals", "--junit", "j.xml", "--jobs", "2", cwd=tmp_path)
    assert done.returncode == 3
    assert "FAILED cold in" in done.stdout
    assert f"reproduce: twin run {broken.name} --seed 1" in done.stdout
    assert "the simulation broke: KeyError" in done.stdout
    assert done.stdout.splitlines()[-1] == "0 passed, 2 failed"
    text = (tmp_path / "j.xml").read_text("utf-8")
    assert 'tests="2" failures="1" errors="1"' in text


def test_a_child_that_is_killed_is_one_failed_case(tmp_path: Path) -> None:
    vandal(tmp_path, "SIGKILL", at=90)
    write(tmp_path, "calm", duration="1h")
    done = twin("test", ".", "--agents", "vandals", "--seed", "2", "--jobs", "2", cwd=tmp_path)
    assert done.returncode == 3
    assert "passed calm[2]" in done.stdout
    assert "its process was killed by SIGKILL before it answered" in done.stdout


@pytest.mark.parametrize("kilobytes", [8, 64])
def test_a_full_disk(tmp_path: Path, kilobytes: int) -> None:
    # A limit on the size of files: what a disk says, without a disk. 8 stops the log, which is
    # written in pieces of a megabyte, at its first flush; 64 lets a day pass.
    path = write(tmp_path, duration="30d")
    command = f'ulimit -f {kilobytes}; exec "$@"'
    done = run(["bash", "-c", command, "-", sys.executable, "-m", "twin", "run", str(path),
                "--out", "out"], cwd=tmp_path)  # fmt: skip
    assert done.returncode == 3
    assert "Traceback" not in done.stderr
    assert "Exception ignored" not in done.stderr
    last = done.stderr.splitlines()[-1]
    assert last.startswith("cannot write out")
    assert "Free some space, or choose another folder with --out" in last
    folder = RunFolder.load(tmp_path / "out")
    assert folder.read_manifest().state in {"crashed", "running"}
    assert [event["n"] for event in folder.read_events()] == list(
        range(sum(1 for _ in folder.read_events()))
    )


FULL = """\
import errno
import twin.results.disk as r
replace = r._replace
def full(temporary, path):
    if path.name == {name!r}:
        raise OSError(errno.ENOSPC, "No space left on device", str(path))
    return replace(temporary, path)
r._replace = full
"""


@pytest.mark.parametrize("name", ["metrics.sqlite", "summary.json", "report.html"])
def test_a_disk_that_fills_up_at_the_end(tmp_path: Path, name: str) -> None:
    path = write(tmp_path, duration="1h")
    done = tampered(FULL.format(name=name), "run", path, "--out", "out", cwd=tmp_path)
    assert done.returncode == 3
    assert "Traceback" not in done.stderr
    assert f"cannot write out/{name}: the disk is full" in done.stderr.splitlines()[-1]
    assert manifest(tmp_path / "out")["state"] == "crashed"
    assert list(RunFolder(tmp_path / "out").read_events())[-1]["kind"] == "run-ended"
    left = {item.name for item in (tmp_path / "out").iterdir()}
    assert not [item for item in left if item.endswith(".tmp")]


def test_a_folder_of_somebody_else_is_refused_and_nothing_is_lost(tmp_path: Path) -> None:
    path = write(tmp_path, duration="1h")
    foreign = tmp_path / "mine"
    foreign.mkdir()
    (foreign / "thesis.txt").write_text("years of work", "utf-8")
    refused = inside("run", path, "--out", "mine", cwd=tmp_path)
    assert refused.returncode == 2
    assert refused.stderr.startswith("--out mine is not empty and holds no run; name a new folder")
    assert [item.name for item in foreign.iterdir()] == ["thesis.txt"]
    assert (foreign / "thesis.txt").read_text("utf-8") == "years of work"
    file = inside("run", path, "--out", "mine/thesis.txt", cwd=tmp_path)
    assert (file.returncode, "is a file" in file.stderr) == (2, True)


def test_an_older_run_is_replaced(tmp_path: Path) -> None:
    path = write(tmp_path, duration="1h")
    assert inside("run", path, "--out", "out", cwd=tmp_path).returncode == 0
    again = inside("run", path, "--out", "out", "--seed", "5", cwd=tmp_path)
    assert again.returncode == 0
    assert manifest(tmp_path / "out")["seed"] == 5
    # And the run folder's own copy of the scenario can be run into that very folder.
    own = inside("run", "out/quiet.twin.yaml", "--out", "out", cwd=tmp_path)
    assert (own.returncode, own.stderr.count("\n")) == (0, 1), own.stderr
    assert not RunFolder.load(tmp_path / "out").altered()


def test_what_cannot_be_written_elsewhere_is_said(tmp_path: Path) -> None:
    path = write(tmp_path, duration="1h")
    (tmp_path / "file").write_text("", "utf-8")
    for arguments in (["run", path, "--out", "file/below"], ["schema", "--out", "file/s.json"]):
        done = inside(*arguments, cwd=tmp_path)
        assert done.returncode in {2, 3}
        assert len(done.stderr.splitlines()) == 1, done.stderr


def test_the_environment_of_the_lab_is_plain() -> None:
    assert environment(TZ="Asia/Tokyo")["TZ"] == "Asia/Tokyo"
    assert environment()["NO_COLOR"] == "1"


def test_a_loss_without_its_figures_is_known_before_the_run(tmp_path: Path) -> None:
    path = write(tmp_path, more="loss: {measure: volume-over-target, unit: stable}\n")
    done = inside("run", path, "--out", "out", cwd=tmp_path)
    assert done.returncode == 2
    assert done.stderr == "no reference figure of the loss is called 'target'; known: none\n"
    assert manifest(tmp_path / "out")["state"] == "crashed"
