"""`twin bench` on the command line: tables, JSON, options, help."""

from __future__ import annotations

import argparse
import json
import os
from pathlib import Path
from typing import Any

import pytest
from bench_lab import silent

from twin.bench import PARTS, Effort, Figure, Part, Target, fresh, race
from twin.bench import engines as engines_part
from twin.bench.engines import engines
from twin.bench.workload import KINDS
from twin.cli import parser
from twin.commands import bench
from twin.errors import UsageError


def arguments(
    out: Path | None, *, as_document: bool, names: list[str], rounds: int | None = None,
    quick: bool = False,
) -> argparse.Namespace:  # fmt: skip
    return argparse.Namespace(
        parts=names, out=out, json=as_document, traceback=False, rounds=rounds, quick=quick
    )


SAMPLE = Part(
    "blocks", "processor time", (Figure.of("[2 s]", "us/tx", [1.0, 2.0, 9.0]),),
    (Target("ratio", 1.5, "at most", 1.2), Target("speed", 2.0, "at least", 1.3, "x")),
    notes=("[all] of it",), missing=("verbs",), leaves_out={"pyrevm": "fees"},
    profile={"pyevm": {"chain": 0.25, "rest": 0.75}},
)  # fmt: skip


@pytest.fixture
def sampled(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bench, "measure", lambda names, say, effort: say("measuring") or [SAMPLE])


def test_people_get_a_table_and_a_missed_target_fails_nothing(
    sampled: None, capsys: pytest.CaptureFixture[str]
) -> None:
    assert bench.main(arguments(None, as_document=False, names=[])) == 0
    shown = capsys.readouterr()
    assert shown.err == "measuring\n"
    for text in ("[2 s]", "1 to 9 (3)", "missed", "met", "<= 1.2", ">= 1.3 x", "2 x", "25.0 %", "fees",
                 "not installed here: verbs", "note: [all] of it"):  # fmt: skip
        assert text in shown.out


def test_programs_get_one_document_here_and_in_the_file(
    sampled: None, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    out = tmp_path / "bench.json"
    assert bench.main(arguments(out, as_document=True, names=[])) == 0
    body = json.loads(capsys.readouterr().out)
    assert body == json.loads(out.read_text("utf-8"))
    assert (body["schema_version"], body["passed"]) == (1, False)
    assert body["machine"]["processors"] == os.cpu_count()
    [part] = body["parts"]
    assert [target["met"] for target in part["targets"]] == [False, True]
    assert part["figures"][0]["median"] == 2.0


def test_a_place_that_cannot_be_written_is_said_before_anything_is_measured(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(bench, "measure", lambda names, say, effort: pytest.fail("it was measured"))
    with pytest.raises(OSError, match="nowhere"):
        bench.main(arguments(tmp_path / "nowhere/b.json", as_document=True, names=[]))


def test_the_program_itself_measures_its_start_up(tmp_path: Path) -> None:
    done = fresh.run(["-m", "twin", "bench", "help", "--json"])
    assert done.code == 0, done.errors
    body = json.loads(done.output)
    assert [part["name"] for part in body["parts"]] == ["help"]
    assert "help, run 1 of" in done.errors


def test_the_help_lists_every_part_and_fits_the_screen() -> None:
    (verbs,) = (item for item in parser()._actions if item.dest == "verb")
    choices: Any = verbs.choices
    shown = choices["bench"].epilog
    listed = shown.split("parts:\n")[1].splitlines()[: len(PARTS)]
    assert [line.split()[0] for line in listed] == list(PARTS)
    assert all(len(line) <= 80 for line in shown.splitlines())


def test_no_rounds_are_refused() -> None:
    with pytest.raises(UsageError, match="--rounds 0"):
        bench.main(arguments(None, as_document=True, names=[], rounds=0))


def test_the_widest_part_fits_80_columns(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def ask(job: dict[str, Any]) -> dict[str, Any]:
        return {"rates": dict.fromkeys(KINDS, 1e6)}

    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setattr(engines_part, "ask", ask)
    monkeypatch.setattr(engines_part, "installed", lambda: list(race.LEAVES_OUT))
    bench._show(engines(Effort(rounds=1), silent))
    shown = capsys.readouterr().out.splitlines()
    assert max(map(len, shown)) <= 80
    for name, what in race.LEAVES_OUT.items():
        assert any(line.startswith(name) and line.rstrip().endswith(what) for line in shown), name
    kinds = [line for line in shown if line.startswith("median, ")]
    assert [line.split("\u2503")[0].strip() for line in kinds] == ["median, 1/s", "median, x"]


def test_quick_figures_say_what_they_are(sampled: None, capsys: pytest.CaptureFixture[str]) -> None:
    bench.main(arguments(None, as_document=False, names=[], quick=True))
    assert "no figure of it is to be quoted" in capsys.readouterr().out
    bench.main(arguments(None, as_document=True, names=[], quick=True))
    assert json.loads(capsys.readouterr().out)["quick"] is True
