"""Trends: slopes and tests against published values, seasons, change points."""

from __future__ import annotations

from collections.abc import Mapping

import pytest
from paper_desk import PaperDesk

from twin.procedures.routine.trends import (
    SLIS,
    Record,
    change_points,
    daily_record,
    median,
    seasons,
    trend,
    without_seasons,
)

MONDAY = 1_699_833_600
"""2023-11-13T00:00:00Z."""

NOISE = (3, -5, 2, 4, -4, 1, -2, 5, -3, 0, 2, -1, 4, -5, 3, -2, 1, 5, -4, 0, -3)


@pytest.mark.parametrize(
    ("values", "expected"), [((), 0), ((5,), 5), ((1, 9), 5), ((9, 1, 4), 4), ((4, 1, 3, 2), 2)]
)
def test_a_median_is_exact(values: tuple[int, ...], expected: int) -> None:
    assert median(values) == expected


def test_a_line_has_its_slope_and_the_largest_z_there_is() -> None:
    tested = trend([100 + 7 * day for day in range(10)])
    # S = 45, variance 10 * 9 * 25 / 18 = 125: z = 44 / sqrt(125) = 3.935.
    assert (tested.slope_milli, tested.z_milli, tested.level) == (7000, 3935, 131)
    assert tested.weekly_ppm() == 7000 * 7 * 1000 // 131


def test_one_wild_day_moves_the_slope_by_nothing_and_noise_is_no_trend() -> None:
    values = [100 + 7 * day for day in range(14)]
    values[6] = 10_000
    assert trend(values).slope_milli == 7000
    assert abs(trend([1000 + one for one in NOISE]).z_milli) < 1960


def test_ties_lower_the_variance_and_a_flat_series_has_no_z() -> None:
    assert trend([5] * 12).z_milli == 0
    # S = 4, ties of 2 and 2: variance (4*3*13 - 2*18) / 18 = 6.667, z = 3 / 2.582 = 1.162.
    assert trend([1, 1, 2, 2]).z_milli == pytest.approx(1162, abs=1)


def test_a_weekday_is_taken_out_and_a_record_of_a_week_has_no_season() -> None:
    week = [100, 100, 100, 100, 100, 40, 30]
    record = Record(MONDAY, tuple(week * 3), 0)
    assert record.weekday(0) == 0
    assert seasons(record) == {0: 0, 1: 0, 2: 0, 3: 0, 4: 0, 5: -60, 6: -70}
    assert set(without_seasons(record)) == {100}
    assert seasons(Record(MONDAY, tuple(week), 0)) == {}


def test_change_points_are_found_where_they_are_and_nowhere_else() -> None:
    quiet = [1000 + one for one in NOISE]
    moved = [*quiet, *(1400 + one for one in NOISE), *(1200 + one for one in NOISE)]
    assert change_points(quiet) == []
    assert change_points(moved) == [21, 42]
    assert change_points([1, 1, 1, 9]) == []  # too short to tell


def test_a_record_says_what_is_missing_and_forgets_what_was_before_the_first() -> None:
    def answer(expression: str) -> list[tuple[Mapping[str, str], float]]:
        desk.asked.append(expression)
        back = (
            int(expression.rpartition("offset ")[2].rstrip("d)")) if "offset" in expression else 0
        )
        return [] if back in {2, 5, 6} else [({}, 1.0 + back)]

    desk = PaperDesk()
    desk.answer = answer
    record = daily_record(desk, SLIS[0], days=7)
    assert (record.values, record.missing) == ((5000, 4000, 4000, 2000, 1000), 1)
