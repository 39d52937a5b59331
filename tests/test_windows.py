"""Sliding windows answer as a look at every sample does, in whatever order they are asked."""

from __future__ import annotations

import math
import random
from pathlib import Path

import pytest

from twin.monitoring.promql import compile_expression
from twin.monitoring.promql.ranges import RANGE_FUNCTIONS
from twin.monitoring.promql.windows import Changes, Peak, Rough, Sliding, Trough
from twin.monitoring.series import STALE, SeriesStore

KINDS: tuple[tuple[str, type[Sliding]], ...] = (
    ("max_over_time", Peak), ("min_over_time", Trough), ("changes", Changes),
)  # fmt: skip


def store_of(values: list[float]) -> SeriesStore:
    store = SeriesStore()
    for place, value in enumerate(values):
        store.series("fictra_x").append(place * 60, value)
    return store


def sizes(seed: int, size: int = 400) -> list[float]:
    chance = random.Random(seed)
    return [chance.choice((0.0, -0.0, 1.0, 2.0, 2.0, 5.0, -3.0)) for _ in range(size)]


@pytest.mark.parametrize(("name", "kind"), KINDS)
@pytest.mark.parametrize("seed", range(4))
def test_a_window_slides_forward_back_and_by_leaps(
    name: str, kind: type[Sliding], seed: int
) -> None:
    series = store_of(sizes(seed)).series("fictra_x")
    function = RANGE_FUNCTIONS[name]
    assert isinstance(function, kind)
    keeping, chance = function.keeping(), random.Random(seed)
    end = 0
    for _ in range(500):
        end = max(0, end + chance.choice((60, 60, 60, 120, 7, 5000, -900)))
        start = end - chance.choice((600, 600, 600, 1800, 60))
        ours, theirs = keeping(series, start, end), function.plain(series, start, end)
        assert repr(ours) == repr(theirs), (start, end)


@pytest.mark.parametrize(("name", "kind"), KINDS)
def test_a_sample_that_is_replaced_and_one_that_is_stale_are_seen(
    name: str, kind: type[Sliding]
) -> None:
    del kind
    store = store_of([1.0, 2.0])
    series, found = store.series("fictra_x"), compile_expression(f"{name}(fictra_x[5m])", store)
    plain = RANGE_FUNCTIONS[name]
    assert isinstance(plain, Sliding)
    for time, value in ((60, 9.0), (60, 0.5), (120, STALE), (180, 4.0), (180, math.nan)):
        series.append(time, value)
        ((_, ours),) = found.at(time)
        assert repr(ours) == repr(plain.plain(series, time - 300, time))


def test_windows_hold_while_their_series_is_spilled(tmp_path: Path) -> None:
    store, whole = store_of(sizes(9, 50)), store_of(sizes(9, 50))
    asked = [
        [compile_expression(f"{name}(fictra_x[10m])", one) for name, _ in KINDS]
        + [compile_expression(f"{name}_over_time(fictra_x[10m]) > 1.5", one) for name in ("avg", "sum")]
        for one in (store, whole)
    ]  # fmt: skip
    for place, value in enumerate(sizes(10, 300), 50):
        for one in (store, whole):
            one.series("fictra_x").append(place * 60, value)
        if place % 40 == 0:
            store.spill(tmp_path / "m.sqlite", (place - 4) * 60)
        ours, theirs = ([one.at(place * 60) for one in made] for made in asked)
        assert repr(ours) == repr(theirs)


@pytest.mark.parametrize("whole", [False, True])
def test_a_rough_value_is_within_the_error_that_it_names(whole: bool) -> None:
    chance = random.Random(3)
    values = [chance.uniform(-1, 1) * 10 ** chance.randrange(9) for _ in range(3000)]
    series, near = store_of(values).series("fictra_x"), Rough(whole=whole)
    for end in range(0, 180_000, 60):
        found = near(series, end - 3600, end)
        assert found is not None
        first, last = series.bounds(end - 3600, end)
        exact = math.fsum(series.values[first:last])
        assert abs(found[0] - (exact if whole else exact / (last - first))) <= found[1]


@pytest.mark.parametrize(
    "condition",
    ["> 2", "< 2", "== 2", "- 1 > 1", "* 3 >= 6", "/ 2 > 1", "> bool 2", "!= 2", "* -1 < -2"],
)
def test_a_comparison_of_means_is_exact_where_it_is_close(condition: str) -> None:
    values = [2.0] * 30 + [2.0 + 1e-15 * n for n in range(30)] + [2.1, 1.9] * 40 + [math.inf, 2.0]
    store = store_of(values)
    fast = compile_expression(f"avg_over_time(fictra_x[10m]) {condition}", store)
    for place in range(len(values)):
        mean = compile_expression("avg_over_time(fictra_x[10m])", store).at(place * 60)
        side = SeriesStore()
        for _, value in mean:
            side.series("fictra_mean").append(place * 60, value)
        exact = compile_expression(f"fictra_mean {condition}", side).at(place * 60)
        ours = fast.at(place * 60)
        assert repr([v for _, v in ours]) == repr([v for _, v in exact]), place
