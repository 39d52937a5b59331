"""Rotas: the local hours of routine work, over weekends, months and changes of the clock."""

from __future__ import annotations

from datetime import UTC, date, datetime
from itertools import pairwise
from typing import Any

import pytest

from twin.calendars import BUSINESS, Rota, business_days
from twin.catalog import daily, every, monthly, on, weekly
from twin.errors import CrashError


def second(text: str) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp())


@pytest.mark.parametrize(
    ("rota", "now", "due"),
    [
        (Rota(8 * 60), "2024-01-10T00:00", "2024-01-10T07:00"),  # Zurich is an hour ahead
        (Rota(8 * 60), "2024-01-10T07:00", "2024-01-11T07:00"),  # after, not at
        (Rota(8 * 60, days=BUSINESS), "2024-01-12T08:00", "2024-01-15T07:00"),  # Friday
        (Rota(9 * 60, days=("sun",)), "2024-01-10T00:00", "2024-01-14T08:00"),
        (Rota(8 * 60), "2024-03-30T12:00", "2024-03-31T06:00"),  # summer time began that night
        (Rota(10 * 60, business_day=1), "2024-05-31T12:00", "2024-06-03T08:00"),  # 1 June: Saturday
        (Rota(10 * 60, business_day=3, zone="UTC"), "2024-06-03T12:00", "2024-06-05T10:00"),
    ],
)
def test_it_is_due(rota: Rota, now: str, due: str) -> None:
    assert rota.after(second(now)) == second(due)


@pytest.mark.parametrize(
    "rota", [Rota(0), Rota(0, days=BUSINESS), Rota(0, days=("tue",)), Rota(60, business_day=1)]
)
def test_no_gap_in_twenty_years_is_longer_than_promised(rota: Rota) -> None:
    now, end = second("2010-01-01T00:00"), second("2030-01-01T00:00")
    marks = []
    while now < end:
        now = rota.after(now)
        marks.append(now)
    longest = max(after - before for before, after in pairwise(marks))
    assert longest - 3600 <= rota.longest <= longest + 3600  # a clock change is an hour


@pytest.mark.parametrize(
    ("about", "reason"),
    [
        ({"minute": 1440}, "0 to 1439"),
        ({"minute": 0, "days": ("noday",)}, "days are mon"),
        ({"minute": 0, "days": ()}, "days are mon"),
        ({"minute": 0, "business_day": 21}, "1 to 20"),
    ],
)
def test_what_is_never_due_is_refused(about: dict[str, Any], reason: str) -> None:
    with pytest.raises(CrashError, match=reason):
        Rota(**about)


def test_business_days_are_counted_inclusively() -> None:
    assert business_days(date(2024, 6, 1), date(2024, 6, 3)) == 1
    assert business_days(date(2024, 6, 3), date(2024, 6, 14)) == 10


def test_a_cadence_says_when_it_is_due_next_and_what_it_promises() -> None:
    monday = second("2024-06-03T00:00")
    assert every(hours=6).after(monday + 7 * 3600, monday) == monday + 12 * 3600
    assert every(hours=6).after(monday, monday) == monday + 6 * 3600
    assert daily("08:30", business=True).after(monday, 0) == second("2024-06-03T06:30")
    assert on("alert").after(monday, monday) is None
    promises = [item.longest for item in (every(hours=1), weekly("mon", "09:00"), on("alert"))]
    assert promises == [3600, 7 * 86400, None]
    assert str(monthly(1, "10:00")) == "business day 1 of the month, 10:00 Europe/Zurich"
    assert str(daily("08:00", business=True)) == "business days, 08:00 Europe/Zurich"
