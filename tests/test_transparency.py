"""The transparency report, found again by an outsider's script from public data alone."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from routine_lab import TEAM
from world_lab import DAY, FEED, HOUR, agent, document, library, market

from twin.catalog import Catalog
from twin.cli import main
from twin.commands.public import public_lines
from twin.results import RunFolder
from twin.runner.simulation import Simulation
from twin.scenario import load

SCRIPT = Path(__file__).resolve().parents[1] / "scripts" / "recompute"
MINTED = {"kind": "log", "t": 20, "block": 2, "contract": "PaymentToken", "event": "Minted"}
LEVEL = {
    "level": ["PaymentToken", "totalSupply", []], "plus": [["PaymentToken", "Minted", "amount"]],
    "less": [["PaymentToken", "Burned", "amount"]], "until": 100,
}  # fmt: skip


def recomputed(path: Path, *more: str) -> tuple[int, str]:
    done = subprocess.run(
        [sys.executable, "-I", str(SCRIPT), str(path), *more],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    return done.returncode, done.stdout + done.stderr


# -- by hand ----------------------------------------------------------------------------------------


def lines(
    value: Any, *, recipe: dict[str, Any] | None = None, genesis: int | None = 100
) -> list[Any]:
    views = [] if genesis is None else [{"view": LEVEL["level"], "answer": genesis}]
    text = {"format": "fictra-transparency-1", "block": 9,
            "figures": {"pt_supply": {"value": value, "unit": "", "recipe": recipe or LEVEL}}}  # fmt: skip
    notice = {"kind": "notice", "t": 101, "audience": "public", "subject": "transparency report",
              "text": json.dumps(text)}  # fmt: skip
    return [{"kind": "genesis", "views": views}, {**MINTED, "args": {"amount": 7}},
            {**MINTED, "t": 120, "block": 12, "args": {"amount": 50}}, notice]  # fmt: skip


def written(tmp_path: Path, rows: list[Any]) -> Path:
    path = tmp_path / "public.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
    return path


COUNT = {"count": [["PaymentToken", "Minted"]], "since": 0, "until": 200}
ROWS = [
    # lines, exit code, what is said
    (lines(107), 0, "every figure was found again"),
    (lines(108), 1, "published 108, recomputed 107 - differs"),
    (lines(107.0), 1, "differs"),
    (lines(None), 1, "differs"),
    (lines(107, genesis=None), 1, "cannot be recomputed"),
    (lines(2, recipe=COUNT), 0, "every figure"),
    (lines(1, recipe={"until": 3}), 1, "cannot be recomputed"),
    (lines(107)[:-1], 1, "no transparency report"),
    (
        [*lines(107)[:2], {"kind": "reorg", "first": 2, "depth": 1}, *lines(100)[3:]],
        0,
        "every figure",
    ),
]


@pytest.mark.parametrize(("rows", "code", "said"), ROWS)
def test_a_figure_holds_or_it_does_not(
    tmp_path: Path, rows: list[Any], code: int, said: str
) -> None:
    found, text = recomputed(written(tmp_path, rows))
    assert (found, said in text) == (code, True), text


def test_what_is_no_file_is_bad_usage(tmp_path: Path) -> None:
    assert recomputed(tmp_path / "none")[0] == 2


# -- of a run ---------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def exported(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Run four days with a report on the second business day, and export what was public."""
    folder = tmp_path_factory.mktemp("transparency")
    tree = document(
        name="outsider", start="2008-10-31T00:00:00Z", duration="5d", team=TEAM,
        monitoring={"scrape_interval": "6h"}, market=market(exports={"feeds": {"carrier": {"latency": "1h"}}}),
        protocol={"feeds": {"WTI": FEED}, "pool": {"pt": 2_000_000, "stable": 2_000_000},
                  "allocation": {"rate_per_usd": "0.01", "daily_cap": 500_000_000}},
        agents=[agent("oracle-node", "node", 7, sources=["corvus"]),
                agent("sovereign", "sovereign", 2, cargoes_per_day=2)],
    )  # fmt: skip
    path = folder / "outsider.twin.yaml"
    path.write_text(json.dumps(tree), "utf-8")
    scenario = load(path, library().vocabulary)
    run = RunFolder.create(folder, scenario, seed=scenario.seed, out=folder / "run")
    parts = library().parts
    chosen = replace(parts, catalog=Catalog([parts.catalog["DS4"]]))
    made = Simulation(scenario, chosen, folder=run)
    made.run(scenario.start + 4 * DAY + 18 * HOUR, "outsider")
    made.abandon()
    public = folder / "public.jsonl"
    public.write_text("".join(json.dumps(line) + "\n" for line in public_lines(run)), "utf-8")
    return public


def report_of(public: Path) -> dict[str, Any]:
    rows = [json.loads(line) for line in public.read_text("utf-8").splitlines()]
    (notice,) = [row for row in rows if row["kind"] == "notice"]
    told: dict[str, Any] = json.loads(notice["text"])
    return told


def test_an_outsider_finds_every_published_figure_again(exported: Path) -> None:
    code, text = recomputed(exported)
    assert code == 0, text
    assert report_of(exported)["figures"]["exports_issued"]["value"] > 0
    assert report_of(exported)["figures"]["pt_supply"]["value"] > 0


@pytest.mark.parametrize(
    "key", ["pt_supply", "ft_supply", "exports_issued", "reserve_stable", "halts"]
)
def test_a_falsified_figure_does_not_pass(exported: Path, tmp_path: Path, key: str) -> None:
    report = report_of(exported)
    report["figures"][key]["value"] += 1
    path = tmp_path / "report.json"
    path.write_text(json.dumps(report), "utf-8")
    code, text = recomputed(exported, "--report", str(path))
    assert code == 1
    assert "1 figure(s) do not hold" in text
    assert f"{key}: published" in text


def test_only_public_data_leave(exported: Path) -> None:
    rows = [json.loads(line) for line in exported.read_text("utf-8").splitlines()]
    assert {row["kind"] for row in rows} == {"genesis", "block", "log", "notice"}


def test_the_verb_writes_what_was_public(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run, target = tmp_path / "run", tmp_path / "public.jsonl"
    main(["run", "oracle-unit-error", "--until", "30m", "--out", str(run), "--quiet"])
    assert main(["export", str(run), "--public", str(target), "--json"]) == 0
    rows = [json.loads(line) for line in target.read_text("utf-8").splitlines()]
    assert rows[0] == {"kind": "genesis", "views": []}
    assert {row["kind"] for row in rows[1:]} <= {"block", "log", "reorg", "notice"}
    assert recomputed(target)[0] == 1  # nothing was published yet
    assert main(["export", str(run), "--public", str(tmp_path)]) == 2
    assert "is a folder; name a file" in capsys.readouterr().err
