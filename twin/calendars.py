"""Calendars: the local hour of the days, weeks or months on which routine work is due.

A `Rota` says on which days of its own time zone something is due and at which local time; `after`
gives the next such second. Business days are Monday to Friday: a scenario's banks keep holidays
of their own, the team does not.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from twin.errors import CrashError

__all__ = ["BUSINESS", "DAYS", "Rota", "business_days"]

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
BUSINESS = DAYS[:5]

DAY = 86400
LONGEST_MONTH = 33 * DAY
"""Between the n-th business days of two months lie at most 33 days (n = 1: 1 May to 3 June)."""


def business_days(first: date, last: date) -> int:
    """Return how many Mondays to Fridays lie from *first* to *last*, both included."""
    whole = (last - first).days + 1
    return sum((first + timedelta(days=day)).weekday() < 5 for day in range(max(0, whole)))


@dataclass(frozen=True, slots=True)
class Rota:
    """Due at *minute* of the local day in *zone* on *days*, or on one business day of the month.

    *business_day* counts from 1 for the first Monday to Friday of the month; 0 is every one of
    *days*.
    """

    minute: int
    days: tuple[str, ...] = DAYS
    business_day: int = 0
    zone: str = "Europe/Zurich"

    def __post_init__(self) -> None:
        """Refuse what would never be due."""
        wrong = [day for day in self.days if day not in DAYS]
        if wrong or not self.days:
            raise CrashError(f"a rota on {self.days}: days are {', '.join(DAYS)}")
        if not 0 <= self.minute < 24 * 60:
            raise CrashError(f"a rota at minute {self.minute}: a day has 0 to 1439")
        if not 0 <= self.business_day <= 20:
            raise CrashError(f"business day {self.business_day}: every month has 1 to 20")

    def _due_on(self, day: date) -> bool:
        if not self.business_day:
            return DAYS[day.weekday()] in self.days
        if day.weekday() >= 5:
            return False
        return business_days(day.replace(day=1), day) == self.business_day

    def after(self, now: int) -> int:
        """Return the first unix second after *now* at which it is due."""
        zone = ZoneInfo(self.zone)
        day = datetime.fromtimestamp(now, UTC).astimezone(zone).date()
        while True:
            if self._due_on(day):
                hour, minute = divmod(self.minute, 60)
                local = datetime(day.year, day.month, day.day, hour, minute, tzinfo=zone)
                due = int(local.timestamp())
                if due > now:
                    return due
            day += timedelta(days=1)

    @property
    def longest(self) -> int:
        """The longest time between two due seconds, without the hour of a clock change."""
        if self.business_day:
            return LONGEST_MONTH
        marks = sorted(DAYS.index(day) for day in self.days)
        gaps = [right - left for left, right in zip(marks, [*marks[1:], marks[0] + 7], strict=True)]
        return max(gaps) * DAY

    def __str__(self) -> str:
        at = f"{self.minute // 60:02d}:{self.minute % 60:02d} {self.zone}"
        if self.business_day:
            return f"business day {self.business_day} of the month, {at}"
        if self.days == DAYS:
            return f"daily, {at}"
        if self.days == BUSINESS:
            return f"business days, {at}"
        return f"{' '.join(self.days)}, {at}"
