"""Business hours: time zones, summer time, weekends, holidays, and working time."""

from __future__ import annotations

from datetime import date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from twin.errors import UsageError
from twin.market.hours import Hours
from twin.scenario.outside import HoursSpec

ZURICH = HoursSpec(timezone="Europe/Zurich", start="09:00", end="17:00", holidays=("2008-10-08",))
HOUR = 3600


def second(text: str) -> int:
    return int(datetime.fromisoformat(text).timestamp())


# 2008-10-06 is a Monday; Zurich is two hours ahead of UTC until 2008-10-26.
@pytest.mark.parametrize(
    ("now", "is_open", "opens", "closes"),
    [
        (
            "2008-10-06T06:59:59+00:00",
            False,
            "2008-10-06T07:00:00+00:00",
            "2008-10-06T15:00:00+00:00",
        ),
        (
            "2008-10-06T07:00:00+00:00",
            True,
            "2008-10-06T07:00:00+00:00",
            "2008-10-06T15:00:00+00:00",
        ),
        (
            "2008-10-06T15:00:00+00:00",
            False,
            "2008-10-07T07:00:00+00:00",
            "2008-10-07T15:00:00+00:00",
        ),
        (
            "2008-10-07T16:00:00+00:00",
            False,
            "2008-10-09T07:00:00+00:00",
            "2008-10-09T15:00:00+00:00",
        ),
        (
            "2008-10-10T15:00:00+00:00",
            False,
            "2008-10-13T07:00:00+00:00",
            "2008-10-13T15:00:00+00:00",
        ),
        (
            "2008-10-25T12:00:00+00:00",
            False,
            "2008-10-27T08:00:00+00:00",
            "2008-10-27T16:00:00+00:00",
        ),
    ],
    ids=[
        "early",
        "at opening",
        "at closing",
        "before a holiday",
        "before a weekend",
        "winter time",
    ],
)
def test_opening_and_closing(now: str, *, is_open: bool, opens: str, closes: str) -> None:
    hours, at = Hours(ZURICH), second(now)
    assert hours.open_at(at) is is_open
    assert hours.next_open(at) == second(opens)
    assert hours.next_close(at) == second(closes)


@pytest.mark.parametrize(
    ("ordered", "working", "done"),
    [
        ("2008-10-06T07:00:00+00:00", 2 * HOUR, "2008-10-06T09:00:00+00:00"),
        ("2008-10-06T14:00:00+00:00", 1 * HOUR, "2008-10-06T15:00:00+00:00"),
        ("2008-10-10T14:00:00+00:00", 2 * HOUR, "2008-10-13T08:00:00+00:00"),
        ("2008-10-11T12:00:00+00:00", 0, "2008-10-13T07:00:00+00:00"),
        ("2008-10-07T07:00:00+00:00", 16 * HOUR, "2008-10-09T15:00:00+00:00"),
    ],
)
def test_working_time_passes_in_open_hours_alone(ordered: str, working: int, done: str) -> None:
    assert Hours(ZURICH).add(second(ordered), working) == second(done)


@given(st.integers(0, 2**31), st.integers(0, 60 * HOUR), st.integers(0, 60 * HOUR))
def test_working_time_adds_up(now: int, first: int, then: int) -> None:
    hours = Hours(ZURICH)
    assert hours.add(hours.add(now, first), then) == hours.add(now, first + then)


def test_the_last_close_is_looked_for_after_a_second_only() -> None:
    hours = Hours(ZURICH)
    opened, sunday = second("2008-10-06T12:00:00+00:00"), second("2008-10-12T12:00:00+00:00")
    assert hours.last_close(sunday, since=opened) == second("2008-10-10T15:00:00+00:00")
    assert hours.last_close(opened, since=opened) is None
    monday = second("2008-10-06T15:00:00+00:00")
    assert hours.last_close(monday, since=opened) == monday
    assert hours.last_close(monday - 1, since=opened) is None


def test_a_day_may_end_at_midnight_and_never_begin_after_it_ends() -> None:
    hours = Hours(HoursSpec(start="20:00", end="24:00"))
    assert hours.next_close(second("2008-10-06T21:00:00+00:00")) == second(
        "2008-10-07T00:00:00+00:00"
    )
    with pytest.raises(ValueError, match="business hours lie within a day"):
        HoursSpec(start="17:00", end="09:00")
    with pytest.raises(ValueError, match="is no date"):
        HoursSpec(holidays=("08.10.2008",))


def test_a_calendar_of_holidays_alone_is_refused() -> None:
    days = tuple(f"2008-{month:02}-{day:02}" for month in range(1, 13) for day in range(1, 29))
    rest = tuple(
        f"2008-{month:02}-{day}" for month in (1, 3, 5, 7, 8, 10, 12) for day in (29, 30, 31)
    )
    others = (
        *(f"2008-{month:02}-{day}" for month in (4, 6, 9, 11) for day in (29, 30)),
        "2008-02-29",
    )
    hours = Hours(HoursSpec(holidays=(*days, *rest, *others)))
    assert hours.next_open(second("2008-01-01T00:00:00+00:00")) == second(
        "2009-01-01T09:00:00+00:00"
    )
    never = Hours(HoursSpec(days=("mon",), holidays=tuple(
        (date(2008, 1, 7) + timedelta(days=7 * week)).isoformat()
        for week in range(60)
    )))  # fmt: skip
    with pytest.raises(UsageError, match="too many holidays"):
        never.next_open(second("2008-01-01T00:00:00+00:00"))
