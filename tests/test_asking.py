"""A person decides at the terminal: what is shown, what is taken, and the replay of it."""

from __future__ import annotations

import io
import json
import subprocess
import sys
from pathlib import Path

import pytest
from program_lab import ROOT, environment, manifest, twin

from twin.commands.asking import ask
from twin.desk.steps import Case, Decide
from twin.errors import UsageError
from twin.team.policies import Observation

SEEN = Observation.of(
    Decide("commander", "Pause?", ("pause", "wait"), "wait", {"gap_ppm": 7}), Case("x"),
    now=1_223_337_600, procedure="NR1", who="amara",
)  # fmt: skip


def answering(text: str, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setattr(sys, "stdin", io.StringIO(text))
    return ask(SEEN)


@pytest.mark.parametrize(
    ("text", "option"),
    [
        ("1\n", "pause"),
        ("2\n", "wait"),
        ("pause\n", "pause"),
        ("\n", "wait"),
        ("9\nno\n 1 \n", "pause"),
    ],
)
def test_a_number_a_name_or_nothing(
    text: str, option: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert answering(text, monkeypatch) == option
    shown = capsys.readouterr()
    assert shown.out == ""
    assert "2008-10-07 00:00:00 UTC  NR1, amara: Pause?" in shown.err
    assert "gap_ppm: 7" in shown.err
    assert "2  wait  (the playbook's advice: Enter)" in shown.err


def test_nobody_there_is_an_error_that_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(UsageError, match="nobody answers 'Pause"):
        answering("", monkeypatch)


def decided(folder: Path, answers: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "twin", "run", "oracle-unit-error", "--policy", "human", "--json",
         "--out", str(folder)],
        input=answers, capture_output=True, text=True, check=False, cwd=ROOT, env=environment(),
    )  # fmt: skip


@pytest.mark.slow
def test_a_person_who_judges_every_alert_false_and_the_replay_of_it(tmp_path: Path) -> None:
    folder = tmp_path / "run"
    ran = decided(
        folder, "false\nwatch\naccept\nwithhold\nhold\nleave\n" * 400
    )  # whatever a question does not know is asked again
    assert "ND1, amara: Is OracleSourcesLow" in ran.stderr
    assert "INC-001" not in ran.stderr
    assert ran.returncode == 1, ran.stderr[
        -2000:
    ]  # an incident that was missed fails its expectations
    assert json.loads(ran.stdout)["passed"] is False
    assert manifest(folder)["policy"] == "human"
    again = twin("replay", str(folder), cwd=ROOT)
    assert again.returncode == 0, again.stderr
    assert "the same digest" in again.stdout


@pytest.mark.slow
def test_who_has_enough_ends_the_run_and_keeps_it(tmp_path: Path) -> None:
    folder = tmp_path / "run"
    ran = decided(folder, "q\n")
    assert ran.returncode == 130
    assert manifest(folder)["state"] == "partial"
