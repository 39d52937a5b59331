from __future__ import annotations

import argparse
import json
import os
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from program_lab import LOSS, ROOT, environment, inside, run, twin, write

from twin import cli

HEAVY = {
    "mesa", "web3", "matplotlib", "numpy", "eth", "pydantic", "rich", "jinja2", "simpy", "yaml",
}  # fmt: skip


def verbs() -> dict[str, argparse.ArgumentParser]:
    """Return the parser of each verb."""
    action = next(
        item for item in cli.parser()._actions if isinstance(item, argparse._SubParsersAction)
    )
    return dict(action.choices)


def examples() -> list[tuple[str, str]]:
    """Return (verb, line) for each example in the help of a verb that is `twin` itself."""
    return [
        (name, line.strip())
        for name, parser in verbs().items()
        for line in (parser.epilog or "").splitlines()
        if line.strip().startswith("twin ")
    ]


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return an empty folder to stand in, with a scenario, 80 columns and no colour."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setenv("NO_COLOR", "1")
    write(tmp_path, "my", duration="1h")
    (tmp_path / "scenarios").symlink_to(ROOT / "scenarios")
    return tmp_path


def test_help_imports_nothing_heavy() -> None:
    code = f"import sys, twin.cli as c; c.parser(); print(sorted({HEAVY!r} & set(sys.modules)))"
    assert run([sys.executable, "-c", code], cwd=ROOT).stdout == "[]\n"


@pytest.mark.parametrize("verb", ["check", "list", "schema", "doctor", "serve"])
def test_a_verb_that_draws_nothing_does_not_wait_for_what_draws(verb: str) -> None:
    drawing = {"matplotlib", "jinja2", "web3"}
    code = f"import sys, twin.commands.{verb}; print(sorted({drawing!r} & set(sys.modules)))"
    assert run([sys.executable, "-c", code], cwd=ROOT).stdout == "[]\n"


@pytest.mark.parametrize("verb", ["run", "test", "serve"])
def test_a_verb_does_not_wait_for_the_engine_that_it_may_not_need(verb: str) -> None:
    code = (
        f"import sys, twin.commands.{verb}; print(sorted({{'eth', 'py_ecc'}} & set(sys.modules)))"
    )
    assert run([sys.executable, "-c", code], cwd=ROOT).stdout == "[]\n"


def test_every_verb_has_examples() -> None:
    assert {name for name, _line in examples()} == set(verbs())


@pytest.mark.parametrize(("verb", "line"), examples(), ids=lambda text: text)
def test_an_example_is_a_command_line(verb: str, line: str) -> None:
    assert cli.parser().parse_args(shlex.split(line)[1:]).verb == verb


QUICK = {"check", "schema", "list", "doctor"}
"""Verbs whose examples need nothing that a test would have to make first."""


@pytest.mark.parametrize(
    "line", [line for verb, line in examples() if verb in QUICK], ids=lambda text: text
)
def test_a_quick_example_works(line: str, place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(shlex.split(line)[1:]) == 0
    shown = capsys.readouterr()
    assert shown.err == ""
    assert shown.out or list(place.glob("*.json"))


MISNAMED = [
    (["run", "baselin"], "no scenario (or file) is called 'baselin'; did you mean 'baseline'?"),
    (["run", "my.twin.yml"], "no scenario (or file) is called 'my.twin.yml'"),
    (["run", "my.twin.yaml", "--without", "ME44"],
     "no procedure is called 'ME44'; did you mean 'ME4'?"),
    (["run", "oracle-unit-error", "--control", "one-lier"],
     "no control is called 'one-lier'; did you mean 'one-liar'?"),
    (["run", "my.twin.yaml", "--control", "x"], "no control is called 'x'; known: none"),
    (["run", "my.twin.yaml", "--engine", "pyvem"], "no engine is called 'pyvem'; did you mean"),
    (["run", "my.twin.yaml", "--seed", "-1"], "the seed -1 is not between 0 and 2^63 - 1"),
    (["run", "my.twin.yaml", "--until", "6 hrs"], "--until"),
    (["run", "my.twin.yaml", "--until", "0s"], "--until 0s: a run takes more than no time"),
    (["run", "scenarios"], "scenarios holds 11 scenarios; `twin run` takes one"),
    (["run", "my.twin.yaml", "--agents", "nowhere"], "nowhere is no folder of agents"),
    (["test", "my.twin.yaml", "--without", "ME44"], "did you mean 'ME4'?"),
    (["test", "my.twin.yaml", "--seed", "-1"], "the seed -1 is not between"),
    (["test", "my.twin.yaml", "--jobs", "0"], "--jobs 0: at least one run at a time"),
    (["test", "elsewhere"], "no scenario (or file) is called 'elsewhere'"),
    (["replay", "elsewhere"], "elsewhere is not a run folder"),
    (["report", "elsewhere"], "elsewhere is not a run folder"),
    (["procedures", "--only", "ME4,ME44"], "no procedure is called 'ME44'; did you mean 'ME4'?"),
    (["report"], "no finished run in runs; make one with `twin run SCENARIO`"),
    (["test", "my.twin.yaml", "--junit", "."], "--junit . is a folder; name a file"),
    (["schema", "--out", "empty"], "--out empty is a folder; name a file"),
    (["check", "empty"], "empty holds no scenario: their names end in .twin.yaml"),
    (["schema", "--out", "no/such/folder/s.json"], "no/such/folder/s.json"),
]  # fmt: skip


@pytest.mark.parametrize(("argv", "said"), MISNAMED, ids=str)
def test_a_wrong_name_is_one_line_that_offers_the_right_one(
    argv: list[str], said: str, place: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (place / "empty").mkdir()
    code = cli.main(argv)
    shown = capsys.readouterr()
    assert said in shown.err
    assert (code, shown.out, shown.err.count("\n")) == (3 if "no/such/" in said else 2, "", 1)
    assert not (place / "runs").exists(), "nothing was begun"


@pytest.mark.parametrize(
    ("argv", "said"),
    [
        (["rnu"], "did you mean 'run'?"),
        (["list", "procedurs"], "did you mean 'procedures'?"),
        (["run", "baseline", "--seed", "x"], "argument --seed: invalid int value: 'x'"),
        (["run", "baseline", "--sed", "1"], "unrecognized arguments: --sed"),
        (["run", "baseline", "--see", "1"], "unrecognized arguments: --see"),
        ([], "the following arguments are required: VERB"),
    ],
)
def test_a_wrong_command_line_ends_with_2(
    argv: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        cli.main(argv)
    assert ended.value.code == 2
    assert said in capsys.readouterr().err


FIVE = """\
schema_version: 1
name: five
title: Five mistakes
description: In one file.
start: 2009-01-05T00:00:00Z
duration: 1 fortnight
seed: one
market:
  elasticty_ppm: 1
agents:
  - {family: oracle-nod, name: a}
invariants: [pt-suply]
claims_not_made: [Anything.]
"""


def test_five_mistakes_are_five_located_lines(place: Path) -> None:
    (place / "five.twin.yaml").write_text(FIVE, "utf-8")
    for program, verb in ((twin, "check"), (inside, "run"), (inside, "test")):
        done = program(verb, "five.twin.yaml", cwd=place)
        assert done.returncode == 2
        assert done.stdout == ""
        places = [line.split(" ")[0] for line in done.stderr.splitlines()]
        assert places == [
            "five.twin.yaml:6:11:", "five.twin.yaml:7:7:", "five.twin.yaml:9:3:",
            "five.twin.yaml:11:14:", "five.twin.yaml:12:14:",
        ]  # fmt: skip
        assert "did you mean 'elasticity_ppm'" in done.stderr
        assert "did you mean 'oracle-node'" in done.stderr
        assert "did you mean 'pt-supply'" in done.stderr
    answer = json.loads(inside("check", ".", "--json", cwd=place).stdout)
    assert (answer["passed"], len(answer["problems"]), len(answer["files"])) == (False, 5, 2)
    assert answer["problems"][0]["line"] == 6


def only_document(text: str) -> dict[str, Any]:
    """Return the one JSON document that *text* is."""
    found, end = json.JSONDecoder().raw_decode(text)
    assert text[end:].strip() == ""
    assert found["schema_version"] == 1
    return dict(found)


def test_json_is_one_document_for_every_verb(
    place: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = str(write(place, "lossy", duration="1h", more=LOSS))
    for code, argv in [
        (0, ["run", path, "--out", "out"]), (0, ["replay", "out"]), (0, ["report", "out"]),
        (1, ["run", path, "--out", "cut", "--until", "5m"]),
        (1, ["test", path]), (0, ["test", path, "--update"]), (0, ["test", path]),
        (0, ["check", path]), (0, ["schema"]), (0, ["list"]), (0, ["list", "metrics"]),
        (0, ["doctor"]), (0, ["procedures", "out"]), (0, ["procedures", "--only", "ME4"]),
        (2, ["procedures", "--only", "ME44"]), (2, ["procedures", "nothing"]), (2, ["run", "nothing"]), (2, ["check", "nothing"]), (2, ["report", "x"]),
    ]:  # fmt: skip
        assert cli.main([*argv, "--json"]) == code, argv
        answer = only_document(capsys.readouterr().out)
        if code:
            assert answer["passed"] is False
            assert argv[1] != "nothing" or "nothing" in answer["error"]


def test_a_reader_who_goes_away_changes_no_exit_code(tmp_path: Path) -> None:
    fails = write(tmp_path, "fails", duration="1h", limit=", max: 1")
    for code, argv in [
        (0, ["list", "metrics"]), (0, ["schema", "--json"]), (1, ["run", str(fails)]),
    ]:  # fmt: skip
        ours, theirs = os.pipe()
        os.close(ours)
        done = subprocess.run(
            [sys.executable, "-m", "twin", *argv],
            cwd=tmp_path, env=environment(), stdin=subprocess.DEVNULL, stdout=theirs,
            stderr=subprocess.PIPE, text=True, check=False,
        )  # fmt: skip
        os.close(theirs)
        assert done.returncode == code, argv
        assert "Broken" not in done.stderr
        assert "Traceback" not in done.stderr


def test_eighty_columns_without_colour_cut_nothing(
    place: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    long = "a-very-long-and-descriptive-name-of-a-scenario-that-somebody-thought-useful"
    path = write(place, long, duration="1h")
    assert cli.main(["run", str(path), "--quiet"]) == 0
    assert cli.main(["list", "metrics"]) == 0
    shown = capsys.readouterr().out
    assert "\x1b" not in shown
    assert "\u2026" not in shown
    rows = [line for line in shown.splitlines() if "\u2502" in line or "\u2501" in line]
    assert rows
    assert max(map(len, rows)) <= 80
    assert f"report: runs/{long}-seed1-1/report.html" in shown
    assert "A quiet stretch: nothing [red]happens[/]" in shown, "no markup from a scenario"
    assert "fictra_scrape_last_success_timestamp_seconds" in shown, "names are whole"


def test_in_a_pipe_a_row_is_a_line(
    place: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert place.is_dir()
    monkeypatch.delenv("COLUMNS")
    assert cli.main(["list", "procedures"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 3 + len([line for line in lines[3:] if line[0] != " "])


def test_progress_is_a_line_a_day_on_standard_error(place: Path) -> None:
    done = twin("run", write(place, duration="60h"), cwd=place)
    days = [line.rsplit(",", 1)[0] for line in done.stderr.splitlines()]
    assert days == [
        "quiet: day 1 of 2.5, 0 transactions",
        "quiet: day 2 of 2.5, 0 transactions",
        "quiet: day 2.5 of 2.5, 0 transactions",
    ]
    assert "day" not in done.stdout


def test_progress_on_a_terminal_is_a_bar_that_leaves_the_output_alone(place: Path) -> None:
    path = write(place, duration="6d")
    ours, theirs = os.openpty()
    with subprocess.Popen(
        [sys.executable, "-m", "twin", "run", str(path)],
        cwd=place, env=environment(TERM="xterm-256color"), stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE, stderr=theirs, text=True,
    ) as program:  # fmt: skip
        os.close(theirs)
        shown = b""
        while chunk := _read(ours):
            shown += chunk
        assert program.stdout is not None
        output = program.stdout.read()
    os.close(ours)
    assert program.returncode == 0
    assert b"/6.0" in shown
    assert b"\x1b[" in shown
    assert "\x1b" not in output
    assert output.splitlines()[-2] == "verdict: PASSED"


def _read(terminal: int) -> bytes:
    try:
        return os.read(terminal, 65536)
    except OSError:  # the other side was closed
        return b""


def test_ctrl_c_before_anything_began(monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(_name: str) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("importlib.import_module", interrupted)
    assert cli.main(["list"]) == 130
