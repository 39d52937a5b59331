"""What the program does when the streams it was started with are closed, full, gone or narrow."""

from __future__ import annotations

import errno
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from program_lab import environment, inside, run, tampered, write

from twin import cli
from twin.commands import list as verb

TWIN = f"{sys.executable} -m twin"


def shell(line: str, place: Path) -> subprocess.CompletedProcess[str]:
    """Run the shell *line* in *place*, with TWIN as the program."""
    return run(["bash", "-c", line.replace("TWIN", TWIN)], cwd=place)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no device that is always full")
@pytest.mark.parametrize("more", ["", " --json"])
def test_an_output_that_takes_no_more(tmp_path: Path, more: str) -> None:
    done = shell(f"TWIN list{more} > /dev/full", tmp_path)
    assert (done.returncode, done.stderr) == (
        3, "cannot write what was to be shown: No space left on device\n",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("line", "code"),
    [("TWIN list --json >&-", 0), ("TWIN list >&- 2>&-", 0), ("TWIN run nothing 2>&-", 2)],
)
def test_streams_that_were_closed(tmp_path: Path, line: str, code: int) -> None:
    done = shell(line, tmp_path)
    assert (done.returncode, done.stdout, done.stderr) == (code, "", "")


def test_an_encoding_that_lacks_a_character(tmp_path: Path) -> None:
    place = tmp_path / "\u00fcber"
    place.mkdir()
    path = write(place, duration="1h")
    program = [sys.executable, "-m", "twin", "check", str(path)]
    done = run(program, cwd=tmp_path, env={"PYTHONIOENCODING": "ascii"})
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == f"ok {tmp_path}/\\xfcber/quiet.twin.yaml\n"


@pytest.mark.parametrize(
    ("argv", "code"),
    [(["--help"], 0), (["run", "quiet.twin.yaml"], 0), (["run", "nothing"], 2), (["lst"], 2)],
)
def test_nobody_reads_standard_error(tmp_path: Path, argv: list[str], code: int) -> None:
    write(tmp_path, duration="1h")
    ours, theirs = os.pipe()
    os.close(ours)
    done = subprocess.run(
        [sys.executable, "-m", "twin", *argv],
        cwd=tmp_path, env=environment(), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
        stderr=theirs, text=True, check=False,
    )  # fmt: skip
    os.close(theirs)
    assert done.returncode == code
    assert ("verdict: PASSED" in done.stdout) == (argv[0] == "run" and code == 0)


def test_what_nobody_thought_of_is_a_line_and_a_crash_not_a_failed_threshold(
    tmp_path: Path,
) -> None:
    bug = 'import twin.commands.list as v\nv.main = lambda _: {}["a\\nbug"]\n'
    said = "`twin list` broke: KeyError: 'a\\nbug' (--traceback shows where in the code)"
    done = tampered(bug, "list", "--json", cwd=tmp_path)
    assert (done.returncode, done.stderr) == (3, f"{said}\n")
    answer = json.loads(done.stdout)
    assert (answer["passed"], answer["exit_code"], answer["error"]) == (False, 3, said)
    shown = tampered(bug, "list", "--traceback", cwd=tmp_path)
    assert shown.returncode == 3
    assert shown.stderr.startswith("Traceback")
    assert shown.stderr.splitlines()[-1] == f"twin.errors.CrashError: {said}"


@pytest.mark.parametrize(
    ("error", "code", "said"),
    [
        (OSError(errno.ENOSPC, "No space left on device", "a/b"), 3,
         "a/b: No space left on device"),
        (PermissionError(errno.EACCES, "Permission denied", "a/b"), 2, "a/b: Permission denied"),
        (KeyboardInterrupt(), 130, "interrupted"),
    ],
)  # fmt: skip
def test_an_ending_is_said_once_to_people_and_once_to_programs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: BaseException, code: int, said: str
) -> None:
    def broken(_arguments: object) -> int:
        raise error

    monkeypatch.setattr(verb, "main", broken)
    done = inside("list", "--json", cwd=tmp_path)
    assert (done.returncode, done.stderr) == (code, f"{said}\n")
    answer = json.loads(done.stdout)
    assert (answer["schema_version"], answer["exit_code"], answer["error"]) == (1, code, said)


def test_help_leaves_by_the_usual_door(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        cli.main(["--version"])
    assert (ended.value.code, capsys.readouterr().out[:5]) == (0, "twin ")
