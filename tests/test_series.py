from __future__ import annotations

import math
import sqlite3
from array import array
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from twin.errors import CrashError, UsageError
from twin.monitoring.labels import LabelTable
from twin.monitoring.series import (
    STALE,
    Matcher,
    Series,
    SeriesStore,
    is_stale,
    read_sqlite,
)


def series(*points: tuple[int, float]) -> Series:
    made = SeriesStore().series("m")
    for time, value in points:
        made.append(time, value)
    return made


def test_label_sets_are_one_object_whatever_the_order() -> None:
    table = LabelTable()
    one = table.intern([("b", "2"), ("a", "1"), ("empty", "")])
    other = table.intern([("a", "1"), ("b", "2")])
    assert one is other
    assert table.of({"a": "1", "b": "2"}, name="m").bare is one


def test_a_sample_before_the_newest_is_refused() -> None:
    made = series((10, 1.0))
    with pytest.raises(CrashError, match="a sample at 9 after one at 10"):
        made.append(9, 2.0)


def test_a_sample_at_the_newest_second_replaces_it() -> None:
    made = series((1, 5.0), (2, 1.0), (2, 7.0))
    assert (list(made.times), list(made.values)) == ([1, 2], [5.0, 7.0])
    assert list(made.falls) == []
    made.append(2, STALE)
    made.append(2, 3.0)
    assert (list(made.stales), list(made.falls), made.nans) == ([], [1], 0)
    assert made.at(2) == (2, 3.0)


@pytest.mark.parametrize(
    ("time", "expected"),
    [
        (99, None),
        (100, (100, 1.0)),
        (159, (100, 1.0)),
        (160, (160, 2.0)),
        (400, (160, 2.0)),
        (460, (160, 2.0)),  # exactly five minutes old still stands
        (461, None),
    ],
)
def test_lookback_is_five_minutes_closed(time: int, expected: tuple[int, float] | None) -> None:
    assert series((100, 1.0), (160, 2.0)).at(time) == expected


@pytest.mark.parametrize(
    ("start", "end", "expected"),
    [
        (0, 300, [1.0, 2.0, 4.0]),
        (60, 240, [1.0, 2.0, 4.0]),  # closed on both sides
        (61, 239, [2.0]),
        (121, 239, []),
        (500, 600, []),
    ],
)
def test_a_window_is_closed_and_leaves_stale_markers_out(
    start: int, end: int, expected: list[float]
) -> None:
    made = series((60, 1.0), (120, 2.0), (180, STALE), (240, 4.0))
    assert list(made.window(start, end)[1]) == expected


def test_a_stale_series_answers_nothing_though_a_nan_is_a_value() -> None:
    made = series((0, 1.0))
    made.mark_stale(60)
    assert made.at(61) is None
    made.append(120, math.nan)
    found = made.at(121)
    assert found is not None
    assert math.isnan(found[1])
    assert not is_stale(found[1])


def test_falls_look_past_stale_markers() -> None:
    assert series((0, 5.0), (1, STALE), (2, 4.0), (3, 6.0), (4, 1.0)).falls.tolist() == [2, 4]


@pytest.mark.parametrize(
    ("op", "value", "expected"),
    [
        ("=", "WTI", ["WTI"]),
        ("!=", "WTI", ["", "XAU"]),
        ("=~", "W.*|Z", ["WTI"]),
        ("=~", "W", []),  # anchored
        ("!~", "W.*", ["", "XAU"]),
        ("=", "", [""]),  # a label that is not there is empty
        ("=~", ".*", ["", "WTI", "XAU"]),
    ],
)
def test_matchers(op: str, value: str, expected: list[str]) -> None:
    store = SeriesStore()
    for feed in ("XAU", "WTI"):
        store.series("price", {"feed": feed})
    store.series("price")
    store.series("other", {"feed": "WTI"})
    found = store.select("price", [Matcher("feed", op, value)])
    assert [one.labels.get("feed", "") for one in found] == expected


def test_selecting_without_a_name_looks_at_all_series() -> None:
    store = SeriesStore()
    store.series("b", {"x": "1"})
    store.series("a", {"x": "1"})
    store.series("a", {"x": "2"})
    assert [one.name for one in store.select(None, [Matcher("x", "=", "1")])] == ["a", "b"]
    assert store.names == ["a", "b"]


points = st.lists(st.floats(width=64), max_size=20)


@given(columns=st.dictionaries(st.text(min_size=1, max_size=5), points, max_size=4))
def test_sqlite_gives_back_every_bit(
    columns: dict[str, list[float]], tmp_path_factory: pytest.TempPathFactory
) -> None:
    store = SeriesStore()
    for place, (label, values) in enumerate(columns.items()):
        one = store.series("fictra_x", {"label": label, "place": str(place)})
        for time, value in enumerate(values):
            one.append(time * 60, value)
        one.mark_stale(len(values) * 60)
    path = tmp_path_factory.mktemp("store") / "metrics.sqlite"
    store.write_sqlite(path)
    again = read_sqlite(path)
    assert len(again) == len(store)
    for one in store:
        copy = again.series(one.name, one.labels)
        assert copy.times == one.times
        assert copy.values.tobytes() == one.values.tobytes()
        assert (copy.falls, copy.stales, copy.nans) == (one.falls, one.stales, one.nans)


def test_sqlite_replaces_the_file_and_is_plain_to_others(tmp_path: Path) -> None:
    path = tmp_path / "metrics.sqlite"
    for value in (1.0, 2.0):
        store = SeriesStore()
        store.series("fictra_x", {"a": "b"}).append(60, value)
        store.write_sqlite(path)
    file = sqlite3.connect(path)
    rows = file.execute("select name, labels, samples, first, last from series").fetchall()
    file.close()
    assert rows == [("fictra_x", '{"a": "b"}', 1, 60, 60)]
    assert list(read_sqlite(path).series("fictra_x", {"a": "b"}).values) == [2.0]


def test_what_is_no_store_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="is not there"):
        read_sqlite(tmp_path / "none.sqlite")
    text = tmp_path / "text.sqlite"
    text.write_text("no database, at all; " * 100, "utf-8")
    with pytest.raises(UsageError, match="is no store of series"):
        read_sqlite(text)
    empty = tmp_path / "empty.sqlite"
    empty.touch()
    with pytest.raises(UsageError, match="is no store of series"):
        read_sqlite(empty)


COLUMNS = [
    [],
    [1.0],
    [1.0, 2.0, 2.0, 1.0, 0.5, 3.0],
    [-1.0, -2.0],
    [1.0, math.nan, 0.5],
    [math.nan, 1.0],
    [2.0, STALE, 1.0, 3.0],
    [STALE],
    [0.0, -0.0, math.inf, -math.inf],
]


@pytest.mark.parametrize("before", COLUMNS, ids=str)
@pytest.mark.parametrize("after", COLUMNS, ids=str)
def test_whole_columns_are_added_as_their_samples_would_be(
    before: list[float], after: list[float]
) -> None:
    whole, single = series(), series()
    for column in (before, after):
        times = list(range(len(single) * 60, (len(single) + len(column)) * 60, 60))
        whole.extend(times, array("d", column))
        for time, value in zip(times, column, strict=True):
            single.append(time, value)
    for kept in ("times", "values", "stales", "falls"):
        assert getattr(whole, kept).tobytes() == getattr(single, kept).tobytes(), kept
    assert (whole.last_time, repr(whole.last_value), whole.nans) == (
        single.last_time, repr(single.last_value), single.nans
    )  # fmt: skip


def test_columns_of_two_lengths_are_refused() -> None:
    with pytest.raises(CrashError, match="2 times for 1 values"):
        series().extend([1, 2], [1.0])
