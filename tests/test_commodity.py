"""Commodity prices: the grid, the replay and its bridge, the two factors, the search."""

from __future__ import annotations

import itertools
import math
import statistics
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from twin.clock import DAY, HOUR
from twin.errors import FileProblems, NoData, UsageError
from twin.market.closes import read_closes
from twin.market.commodity import ONE, PricePath
from twin.market.garch import GarchT
from twin.market.moments import autocorrelation, excess_kurtosis
from twin.market.paths import make_paths
from twin.market.replay import ReplayPath
from twin.market.schwartz_smith import SchwartzSmithPath, TwoFactors, seasonal
from twin.random import Streams
from twin.scenario.market import GarchSpec, ReplaySpec, SchwartzSmithSpec

WTI = "scenarios/data/wti-2008-07-to-2009-06.csv"


def second(text: str) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp())


START = second("2008-09-15T00:00")


def wti(root: Path, *, seed: int = 1, days: int = 60, step: int = 60) -> ReplayPath:
    return ReplayPath(
        "WTI",
        Streams(seed).stream("market", "WTI"),
        file=root / WTI,
        start=START,
        end=START + days * DAY,
        volatility=0.02,
        step=step,
    )


def replay(tmp_path: Path, rows: str, **about: int) -> ReplayPath:
    file = tmp_path / "series.csv"
    file.write_text("date,price\n" + rows)
    span = {"start": second("2020-04-17T20:00"), "end": second("2020-04-21T19:00"), **about}
    return ReplayPath(
        "WTI",
        Streams(3).stream("market", "WTI"),
        file=file,
        volatility=0.05,
        start=span["start"],
        end=span["end"],
    )


def two_factors(
    *, seed: int = 1, step: int = HOUR, start: int = START, factors: TwoFactors | None = None
) -> SchwartzSmithPath:
    return SchwartzSmithPath(
        "BRENT",
        Streams(seed).stream("market", "BRENT"),
        initial=80 * ONE,
        start=start,
        factors=factors or TwoFactors(),
        step=step,
    )


MODELS: dict[str, Callable[[Path], PricePath]] = {
    "replay": wti,
    "schwartz-smith": lambda _root: two_factors(step=60),
}


@pytest.mark.parametrize("model", MODELS)
def test_the_order_of_questions_changes_no_price(root: Path, model: str) -> None:
    moments = [START + 37 * hour * HOUR for hour in range(30)]
    forward, backward = MODELS[model](root), MODELS[model](root)
    ahead = [forward.price(moment) for moment in moments]
    assert [backward.price(moment) for moment in reversed(moments)] == ahead[::-1]
    assert len(set(ahead)) > 20


@pytest.mark.parametrize("model", MODELS)
def test_prices_are_whole_ticks_and_stand_still_between_grid_seconds(
    root: Path, model: str
) -> None:
    path = MODELS[model](root)
    for moment in range(START, START + DAY, 600):
        assert path.price(moment) % path.tick == 0
        assert {path.price(moment + late) for late in (0, 1, 59)} == {path.price(moment)}


def test_a_replay_is_exact_at_every_close(root: Path) -> None:
    path = wti(root)
    closes = read_closes(root / WTI, "date", "price")
    inside = [item for item in closes if START <= item.day * DAY + 19 * HOUR <= START + 59 * DAY]
    assert len(inside) == 43
    for close in inside:
        assert path.price(close.day * DAY + 19 * HOUR) == close.price


def test_the_bridge_has_the_declared_volatility_and_crosses_weekends(root: Path) -> None:
    path = wti(root, days=250)
    hours = [path.price(START + hour * HOUR) for hour in range(250 * 24)]
    steps = [math.log(b / a) for a, b in itertools.pairwise(hours)]
    # The bridge adds its own 2 % a day to the days' own moves. The quadratic variation of a
    # bridge over n steps is sigma^2 (n - 1) a day, and the drift adds a little: 1.9 to 2.3 %.
    daily = math.sqrt(sum(step * step for step in steps) / 250)
    assert 0.019 < daily < 0.023
    saturday, sunday = (path.price(second(f"2008-09-{day}T12:00")) for day in (20, 21))
    assert saturday != sunday


def test_another_seed_is_another_path_with_the_same_closes(root: Path) -> None:
    one, two = wti(root, seed=1), wti(root, seed=2)
    noon = START + 30 * DAY + 12 * HOUR
    assert one.price(noon) != two.price(noon)
    assert one.price(START + 30 * DAY + 19 * HOUR) == two.price(START + 30 * DAY + 19 * HOUR)


def test_prices_at_and_below_zero_are_bridged_in_the_level(tmp_path: Path) -> None:
    path = replay(tmp_path, "2020-04-17,18.27\n2020-04-20,-37.63\n2020-04-21,0\n")
    assert path.price(second("2020-04-20T19:00")) == -3_763_000_000
    assert path.price(second("2020-04-21T19:00")) == 0
    assert path.price(second("2020-04-20T13:00")) < 0
    below = path.first_crossing(second("2020-04-17T20:00"), 0, 10**12, 10 * DAY)
    assert below is not None
    assert path.price(below) < 0 <= path.price(below - 60)


def test_a_path_that_ended_is_no_data_and_no_crossing(tmp_path: Path) -> None:
    path = replay(tmp_path, "2020-04-17,18.27\n2020-04-20,19\n2020-04-21,20\n")
    last = second("2020-04-21T19:00")
    assert path.price(last) == 20 * ONE
    with pytest.raises(NoData, match="its path has ended"):
        path.price(last + 60)
    assert path.first_crossing(last - DAY, -ONE, 1000 * ONE, 10 * DAY) is None
    assert path.first_crossing(last, 0, 0, 10 * DAY) is None


def test_before_its_first_day_a_path_has_its_first_price(root: Path) -> None:
    path = wti(root)
    assert path.price(0) == path.price(second("2008-09-12T19:00")) == 10_119_000_000
    assert two_factors().price(START - 5 * DAY) == two_factors().price(START) == 80 * ONE


BAD_FILES = [
    ("", "1:1: no column is called 'date'"),
    ("day,price\n2020-01-01,1\n", "1:1: no column is called 'date' (did you mean 'day'?)"),
    ("date,price\n2020-01-01,1\n", "1:1: 1 prices: a replay needs two or more"),
    ("date,price\n2020-01-01,1\n20200102,2\n2020-01-03,3\n", "3:1: '20200102' is no date"),
    ("date,price\n2020-01-01,1\n2020-02-30,2\n2020-01-03,3\n", "3:1: '2020-02-30' is no date"),
    ("date,price\n2020-01-01,1\n2020-01-02,abc\n2020-01-03,3\n", "3:12: 'abc' is no price"),
    ("date,price\n2020-01-01,1\n2020-01-02,nan\n2020-01-03,3\n", "3:12: 'nan' is no price"),
    ("date,price\n2020-01-01,1\n2020-01-02,1e99\n2020-01-03,3\n", "3:12: '1e99' is no price"),
    ("date,price\n2020-01-01\n2020-01-02,1\n2020-01-03,1\n", "2:1: 1 fields where the header"),
    ("date,price\n2020-01-02,1\n2020-01-01,2\n", "3:1: 2020-01-01 comes after 2020-01-02"),
    ("date,price\n2020-01-02,1\n2020-01-02,2\n", "3:1: 2020-01-02 comes again"),
    ('date,price\n2020-01-02,1\n"2020-01-03,2\n', "3:1: this is no CSV"),
]


@pytest.mark.parametrize(("text", "message"), BAD_FILES)
def test_a_bad_file_is_told_at_its_place(tmp_path: Path, text: str, message: str) -> None:
    file = tmp_path / "bad.csv"
    file.write_text(text)
    with pytest.raises(FileProblems) as caught:
        read_closes(file, "date", "price")
    assert next(str(item) for item in caught.value.problems).startswith(f"{file}:{message}")


def test_all_mistakes_of_a_file_come_at_once(tmp_path: Path) -> None:
    file = tmp_path / "bad.csv"
    file.write_text("date,price\nx,1\n2020-01-02,y\n2020-01-03,1\n2020-01-03,2\n")
    with pytest.raises(FileProblems) as caught:
        read_closes(file, "date", "price")
    assert [(item.line, item.column) for item in caught.value.problems] == [(2, 1), (3, 12), (5, 1)]


def test_bytes_that_are_not_utf_8_and_a_missing_file(tmp_path: Path) -> None:
    file = tmp_path / "latin.csv"
    file.write_bytes(b"date,price\n2020-01-01,\xe9\n")
    with pytest.raises(FileProblems, match=r"latin\.csv:2:12: byte 0xe9 is not UTF-8"):
        read_closes(file, "date", "price")
    with pytest.raises(UsageError, match=r"none\.csv cannot be read"):
        read_closes(tmp_path / "none.csv", "date", "price")


def test_days_without_a_price_are_left_out_and_columns_are_named(tmp_path: Path) -> None:
    file = tmp_path / "fred.csv"
    file.write_text(
        "\ufeffDCOILWTICO,x,DATE\n1.5,,2020-01-01\n.,,2020-01-02\n,,2020-01-03\n-2,,2020-01-06\n"
    )
    closes = read_closes(file, "DATE", "DCOILWTICO")
    assert [(close.price, close.line) for close in closes] == [(150_000_000, 2), (-200_000_000, 5)]


@pytest.mark.parametrize(
    ("start", "end", "message"),
    [
        ("2020-04-16T00:00", "2020-04-20T00:00", ":2:1: the prices begin at 2020-04-17T19:00Z, the run at 2020-04-16T00:00Z"),
        ("2020-04-18T00:00", "2020-04-21T20:00", ":4:1: the prices end at 2020-04-21T19:00Z, the run at 2020-04-21T20:00Z"),
    ],
)  # fmt: skip
def test_a_run_outside_the_dates_is_refused(
    tmp_path: Path, start: str, end: str, message: str
) -> None:
    rows = "2020-04-17,18.27\n2020-04-20,19\n2020-04-21,20\n"
    with pytest.raises(FileProblems, match=message):
        replay(tmp_path, rows, start=second(start), end=second(end))


@pytest.mark.parametrize("step", [0, 7, 61, 2 * DAY])
def test_a_step_that_does_not_divide_a_day_is_refused(step: int) -> None:
    with pytest.raises(UsageError, match="does not divide a day"):
        two_factors(step=step)


@pytest.fixture(scope="module")
def jumpy(root: Path) -> PricePath:
    path = wti(root, days=40, step=300)
    path.price(START + 39 * DAY)
    return path


@given(
    now=st.integers(0, 10 * DAY),
    centre=st.integers(8_000_000_000, 11_000_000_000),
    width=st.integers(0, 2_000_000_000),
    horizon=st.integers(0, 3 * DAY),
)
def test_the_first_crossing_is_what_asking_at_every_second_finds(
    jumpy: PricePath, now: int, centre: int, width: int, horizon: int
) -> None:
    now += START
    low, high = centre - width, centre + width
    first = now - now % jumpy.step + jumpy.step
    grid = range(first, now + horizon + 1, jumpy.step)
    slow = next((at for at in grid if not low <= jumpy.price(at) <= high), None)
    assert jumpy.first_crossing(now, low, high, horizon) == slow


def test_a_band_wider_than_any_integer_is_never_left(jumpy: PricePath) -> None:
    assert jumpy.first_crossing(START, -(10**30), 10**30, DAY) is None
    assert jumpy.first_crossing(START, 10**30, 10**31, DAY) == START + 300


def test_two_factor_moments_over_many_paths() -> None:
    """Mean and variance of ln S after a year against the closed form, at 4 standard errors."""
    paths, horizon, factors = 400, 365 * DAY, TwoFactors()
    ends = [
        math.log(two_factors(seed=seed, step=DAY).price(START + horizon) / (80 * ONE))
        for seed in range(paths)
    ]
    kappa, chi, xi = factors.kappa, factors.sigma_chi, factors.sigma_xi
    variance = (
        (1 - math.exp(-2 * kappa)) * chi**2 / (2 * kappa)
        + xi**2
        + 2 * (1 - math.exp(-kappa)) * factors.rho * chi * xi / kappa
    )
    error = math.sqrt(variance / paths)
    assert statistics.fmean(ends) == pytest.approx(factors.mu_xi, abs=4 * error)
    share = statistics.variance(ends) / variance
    assert share == pytest.approx(1, abs=4 * math.sqrt(2 / paths))


def test_the_short_end_has_the_published_volatility() -> None:
    """Schwartz and Smith at maturity 0: sqrt(s_chi^2 + s_xi^2 + 2 rho s_chi s_xi) = .3574 a year."""
    path = two_factors(step=60)
    prices = [path.price(START + minute * 60) for minute in range(1440 * 20)]
    steps = [math.log(b / a) for a, b in itertools.pairwise(prices)]
    yearly = math.sqrt(sum(step * step for step in steps) / len(steps) * 365 * 1440)
    # rounding to the tick of one cent at 80 dollars adds about 3 % to a minute's step
    assert yearly == pytest.approx(0.3574, rel=0.06)


def test_jumps_come_as_often_and_as_large_as_declared() -> None:
    factors = TwoFactors(
        sigma_chi=0.0, sigma_xi=0.0, mu_xi=0.0, jumps_per_year=365.0, jump_mean=0.01
    )
    path = two_factors(factors=factors, step=HOUR)
    prices = [path.price(START + hour * HOUR) for hour in range(24 * 100)]
    moves = [math.log(b / a) for a, b in itertools.pairwise(prices) if b != a]
    assert 60 < len(moves) < 140
    assert {round(move / 0.01) for move in moves} <= {1, 2, 3}
    assert all(abs(move / 0.01 - round(move / 0.01)) < 0.05 for move in moves)


def test_the_season_moves_the_price_over_the_year_and_not_at_the_start() -> None:
    season = (0.1, 0.0, 0.0, 0.05)
    factors = TwoFactors(sigma_chi=0.0, sigma_xi=0.0, mu_xi=0.0, season=season)
    path = two_factors(factors=factors, step=DAY)
    first = START // DAY
    for day in (0, 1, 90, 180, 300):
        moved = seasonal(first + day, season) - seasonal(first, season)
        assert path.price(START + day * DAY) / (80 * ONE) == pytest.approx(math.exp(moved), 1e-3)


def test_paths_come_from_a_scenario_each_on_its_own_stream(root: Path) -> None:
    specs: dict[str, ReplaySpec | SchwartzSmithSpec] = {
        "WTI": ReplaySpec(model="replay", file=root / WTI, volatility=0.02),
        "BRENT": SchwartzSmithSpec(model="schwartz-smith", initial=80 * ONE),
    }
    end = START + 5 * DAY
    both = make_paths(specs, streams=Streams(5), start=START, end=end)
    one = make_paths({"BRENT": specs["BRENT"]}, streams=Streams(5), start=START, end=end)
    moments = range(START, end, 7 * HOUR)
    assert [both["BRENT"].price(at) for at in moments] == [one["BRENT"].price(at) for at in moments]
    assert isinstance(both["WTI"], ReplayPath)


def test_the_excerpt_is_the_year_it_says(root: Path) -> None:
    closes = read_closes(root / WTI, "date", "price")
    prices = [close.price for close in closes]
    assert (len(closes), max(prices), min(prices)) == (252, 145_31 * ONE // 100, 30_28 * ONE // 100)


# -- tails -----------------------------------------------------------------------------------------


def daily(path: PricePath, days: int) -> NDArray[np.float64]:
    prices = [path.price(START + day * DAY) for day in range(days + 1)]
    returns: NDArray[np.float64] = np.diff(np.log(np.array(prices, dtype=np.float64)))
    return returns


def with_tails(tails: GarchT | None, *, seed: int = 1) -> SchwartzSmithPath:
    return SchwartzSmithPath(
        "BRENT", Streams(seed).stream("market", "BRENT"), initial=80 * ONE, start=START,
        factors=TwoFactors(), step=6 * HOUR, tick=100, tails=tails,
    )  # fmt: skip


def test_garch_gives_a_path_heavy_tails_memory_and_the_level_of_the_fit() -> None:
    plain, heavy = (
        np.stack([daily(with_tails(tails, seed=seed), 2500) for seed in range(6)])
        for tails in (None, GarchT())
    )
    assert np.abs(excess_kurtosis(plain)).max() < 0.5
    assert np.median(excess_kurtosis(heavy)) > 1.5
    memory = autocorrelation(np.abs(heavy), 10)
    assert np.median(memory) > 0.05 > np.abs(autocorrelation(np.abs(plain), 10)).max()
    level = math.sqrt(GarchT().variance * 252)
    assert np.median(heavy.std(axis=-1) * math.sqrt(365)) == pytest.approx(level, rel=0.35)


def test_without_tails_the_draws_of_a_path_are_what_they_were() -> None:
    same = SchwartzSmithSpec(model="schwartz-smith", initial=80 * ONE)
    assert same.garch is None
    one, other = (two_factors().price(START + 9 * DAY) for _ in range(2))
    assert one == other
    assert with_tails(GarchT()).price(START + 9 * DAY) != with_tails(None).price(START + 9 * DAY)


def test_volatility_that_would_grow_for_ever_is_refused() -> None:
    with pytest.raises(ValueError, match="grow for ever"):
        GarchSpec(alpha=0.2, beta=0.8)
