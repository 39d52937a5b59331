"""Spilled series answer as if they had stayed in memory."""

from __future__ import annotations

import math
import random
from array import array
from pathlib import Path

import pytest

from twin.errors import CrashError
from twin.monitoring.promql import compile_expression
from twin.monitoring.series import STALE, Series, SeriesStore, read_sqlite

STEP = 60
QUERIES = (
    "fictra_x", "fictra_x offset 2h", "rate(fictra_x[30m])", "increase(fictra_x[3h])",
    "max_over_time(fictra_x[4h])", "changes(fictra_x[1h])", "resets(fictra_x[5h])",
    "avg_over_time(fictra_x[10m:2m])", "count_over_time(fictra_x[6h])", "deriv(fictra_x[20m])",
)  # fmt: skip


def samples(seed: int, size: int) -> list[float]:
    chance = random.Random(seed)
    kinds = (lambda: float(chance.randrange(6)), lambda: math.nan, lambda: STALE)
    return [chance.choices(kinds, weights=(20, 1, 2))[0]() for _ in range(size)]


def same(one: object, other: object) -> bool:
    return repr(one) == repr(other)


@pytest.mark.parametrize("seed", range(6))
def test_every_query_of_every_time_answers_as_it_did(tmp_path: Path, seed: int) -> None:
    whole, spilled = SeriesStore(), SeriesStore()
    values = samples(seed, 600)
    for place, value in enumerate(values):
        for store in (whole, spilled):
            store.series("fictra_x", {"a": "1"}).append(place * STEP, value)
            if place > 200:
                store.series("fictra_x", {"a": "2"}).append(place * STEP, value + 1)
        if place % 150 == 149:
            spilled.spill(tmp_path / "m.sqlite", (place - 40) * STEP)
            assert len(spilled.series("fictra_x", {"a": "1"}).times) <= 200
    for query in QUERIES:
        ours, theirs = (compile_expression(query, store) for store in (spilled, whole))
        for time in (36_000, 600, 20_000, 30_030, 9_000, 35_940):
            assert same(ours.at(time), theirs.at(time)), (query, time)
        spilled.spill(tmp_path / "m.sqlite", 30_000)
    columns(spilled, whole)
    spilled.spill(tmp_path / "m.sqlite", 34_000)
    assert spilled.finish() == tmp_path / "m.sqlite"
    assert spilled.finish() == tmp_path / "m.sqlite"
    columns(read_sqlite(tmp_path / "m.sqlite"), whole)


def columns(store: SeriesStore, whole: SeriesStore) -> None:
    """Assert that every series holds the same samples and marks."""
    for one in whole:
        copy = store.series(one.name, one.labels)
        copy.window(-1, 10**6)
        assert (len(copy), copy.first_time) == (len(one), one.first_time)
        for kept in ("times", "values", "stales", "falls"):
            assert getattr(copy, kept).tobytes() == getattr(one, kept).tobytes(), kept
        assert copy.nans == one.nans


def test_memory_holds_what_came_after(tmp_path: Path) -> None:
    store = SeriesStore()
    one = store.series("fictra_x")
    for time in range(100):
        one.append(time, float(time % 7))
    store.spill(tmp_path / "m.sqlite", 90)
    assert (one.times, len(one), one.first_time, one.floor) == (
        array("q", range(90, 100)),
        100,
        0,
        90,
    )
    assert one.at(50) == (50, 1.0)
    assert len(one.times) == 100
    store.spill(tmp_path / "m.sqlite", 90)
    assert len(one.times) == 10
    one.append(100, 0.0)
    assert one.falls.tolist() == [1, 8, 10]


def test_a_sample_after_all_were_spilled_may_still_be_a_fall(tmp_path: Path) -> None:
    store = SeriesStore()
    one = store.series("fictra_x")
    for time, value in enumerate((5.0, STALE)):
        one.append(time, value)
    store.spill(tmp_path / "m.sqlite", 10)
    one.append(11, 3.0)
    assert one.falls.tolist() == [0]


def test_nothing_to_spill_makes_no_file_and_an_empty_series_has_no_beginning(
    tmp_path: Path,
) -> None:
    store = SeriesStore()
    store.series("fictra_x")
    store.spill(tmp_path / "m.sqlite", 10)
    assert (store.finish(), (tmp_path / "m.sqlite").exists()) == (None, False)
    with pytest.raises(CrashError, match="has no sample"):
        _ = store.series("fictra_x").first_time
    assert isinstance(store.series("fictra_x"), Series)
