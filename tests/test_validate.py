"""`twin validate`: tolerances, rows that miss, and figures through the contracts on both engines."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest

from twin import cli
from twin.chain.engines import available
from twin.errors import CrashError, UnknownName
from twin.random import Streams
from twin.validate import checks, run
from twin.validate.checks import CHECKS
from twin.validate.pool import (
    BATCHES,
    ONE,
    Arena,
    Walk,
    arbitrage,
    divergence,
    share,
    venue_path,
)
from twin.validate.records import (
    Found,
    Row,
    Target,
    Tolerance,
    absolute,
    band,
    errors,
    exact,
    relative,
)
from twin.validate.run import validate
from twin.validate.targets import TARGETS, groups, select


def told(_name: str, _ended: bool) -> None:
    """Hear of progress."""


def quick(*only: str, seed: int = 1) -> tuple[Row, ...]:
    return validate(only, engine="pyevm", seed=seed, jobs=1, tell=told)


# -- tolerances --------------------------------------------------------------------------------

ROWS: list[tuple[Tolerance, Found | None, bool]] = [
    (relative(0.02), Found(10.2), True),
    (relative(0.02), Found(10.21), False),
    (relative(0.02), Found(9.79), False),
    (absolute(0.5), Found(10.5), True),
    (absolute(0.5), Found(10.51), False),
    (errors(3), Found(10.3, 0.1), True),
    (errors(3), Found(10.31, 0.1), False),
    (errors(3), Found(10.0), False),  # no error is known: no data
    (band(8, 9), Found(8.5), True),
    (band(8, 9), Found(10.0), False),
    (exact(), Found(10.0), True),
    (exact(), Found(10.000001), False),
    (relative(0.02), Found(float("nan")), False),
    (relative(0.02), None, False),
]


@pytest.mark.parametrize(("tolerance", "found", "passed"), ROWS)
def test_a_row_passes_within_its_tolerance(
    *, tolerance: Tolerance, found: Found | None, passed: bool
) -> None:
    row = Row(Target("X.y", "a figure", 10.0, tolerance, "a source"), found)
    assert row.passed is passed
    body = row.json()
    assert {"id", "target", "got", "tolerance", "passed", "source"} <= body.keys()
    assert body["passed"] is passed
    assert (body["got"] is None) is (found is None)


# -- the table ---------------------------------------------------------------------------------


def test_every_row_of_the_table_is_there_once() -> None:
    assert groups() == tuple(f"B{number}" for number in range(2, 18))
    ids = [target.id for target in TARGETS]
    assert len(set(ids)) == len(ids)
    assert all(target.source and target.about for target in TARGETS)


def test_every_target_has_a_check() -> None:
    finds = [name for check in CHECKS.values() for name in check.finds]
    assert len(set(finds)) == len(finds)
    assert {target.id for target in TARGETS if not {target.id, target.group} & set(finds)} == set()


def test_a_selection_takes_groups_and_ids() -> None:
    assert [target.id for target in select({"B6", "B4.hill"})] == [
        "B4.hill",
        "B6.ratio",
        "B6.share",
    ]
    with pytest.raises(UnknownName, match="did you mean 'B6'"):
        quick("B6x")


# -- the quick checks --------------------------------------------------------------------------


@pytest.mark.parametrize("group", ["B2", "B8", "B9", "B10", "B11", "B12", "B14", "B16", "B17"])
def test_a_quick_row_passes(group: str) -> None:
    rows = quick(group)
    assert rows
    assert [row.target.id for row in rows if not row.passed] == []


def test_what_is_not_found_is_a_miss(monkeypatch: pytest.MonkeyPatch) -> None:
    forgetful = checks.Check(("B16",), lambda _work: {"B16.r2": Found(136 / 75)})
    monkeypatch.setattr(run, "CHECKS", {"bank": forgetful})
    assert [(row.target.id, row.passed) for row in quick("B16")] == [
        ("B16.r2", True), ("B16.tipping", False), ("B16.exhaustion", False),
    ]  # fmt: skip


# -- the pool ----------------------------------------------------------------------------------


def walked(engine: str, *, fee: int, blocks: int, poisson: bool = False) -> Walk:
    mids = venue_path(Streams(5).stream("tests", "pool"), blocks, poisson=poisson)
    return Arena(engine, fee).walk(mids)


def test_the_engines_give_the_same_walk() -> None:
    walks = [walked(engine, fee=3000, blocks=600) for engine in available()]
    assert walks[0].traded.sum() > 20
    for other in walks[1:]:
        assert (other.pt == walks[0].pt).all()
        assert (other.stable == walks[0].stable).all()


def test_without_a_fee_the_agent_takes_lvr() -> None:
    walk = walked("pyevm", fee=0, blocks=1000)
    assert share(walk).value > 0.99
    found = arbitrage(walk)
    assert found.error is not None
    assert found.value == pytest.approx(1, abs=max(4 * found.error, 0.002))


def test_a_fee_leaves_the_agent_a_part_of_it() -> None:
    walk = walked("pyevm", fee=3000, blocks=4000)
    assert 0.08 < arbitrage(walk).value < 0.13
    assert (walk.profit[~walk.traded] == 0).all()
    assert (walk.profit[walk.traded] > 0).all()
    grown = walk.pt * walk.stable
    assert (np.diff(grown) >= 0).all()  # the fee stays in the pool


def test_the_venue_is_a_martingale_of_five_percent_a_day() -> None:
    for poisson in (False, True):
        mids = np.array(venue_path(Streams(5).stream("t", "v"), 7200 * 20, poisson=poisson), float)
        moves = np.diff(np.log(mids))
        assert moves.var() * 7200 == pytest.approx(0.0025, rel=0.03)
        assert mids[0] == ONE


def test_control_variates_leave_the_mean_and_shrink_the_error() -> None:
    walk = walked("pyevm", fee=3000, blocks=4000)
    series = walk.profit / walk.value * 8 / (0.05**2 * 12 / 86400)
    plain = series.reshape(BATCHES, -1).mean(axis=1)
    error = plain.std(ddof=1) / BATCHES**0.5
    found = arbitrage(walk)
    assert found.error is not None
    assert found.error < 0.6 * error
    assert abs(found.value - plain.mean()) < 4 * error


def test_too_short_a_walk_has_no_error_to_give() -> None:
    with pytest.raises(CrashError, match="at least 50"):
        arbitrage(walked("pyevm", fee=0, blocks=20))


def test_divergence_is_measured_on_what_the_pool_holds() -> None:
    assert divergence(Arena("pyevm", 0), 4) == pytest.approx(-0.2, abs=1e-6)


# -- the verb ----------------------------------------------------------------------------------


def test_the_verb_prints_rows_and_fails_where_one_misses(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = ["validate", "--only", "B16,B12.rai", "--jobs", "1", "--engine", "pyevm"]
    assert cli.main([*asked, "--json"]) == 0
    body: dict[str, Any] = json.loads(capsys.readouterr().out)
    assert body["schema_version"] == 1
    assert body["passed"] is True
    assert [row["id"] for row in body["rows"]] == [
        "B12.rai", "B16.r2", "B16.tipping", "B16.exhaustion",
    ]  # fmt: skip
    monkeypatch.setattr(checks, "HAI_LEAK", 10**27 - 1)
    assert cli.main(["validate", "--only", "B12.hai", "--jobs", "1", "--engine", "pyevm"]) == 1
    assert "0 of 1 rows passed; missed: B12.hai" in capsys.readouterr().out


def test_checks_side_by_side_find_the_same() -> None:
    both = validate(("B12", "B16"), engine="pyevm", seed=1, jobs=2, tell=told)
    assert both == quick("B12", "B16")


def test_a_name_that_is_no_row_is_bad_usage(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["validate", "--only", "B99"]) == 2
    assert "no target is called 'B99'" in capsys.readouterr().err
