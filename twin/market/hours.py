"""Business hours: when an institution is open, and how much open time lies between two seconds.

Days are local days of a time zone, so that a bank in Zurich opens at nine in summer and winter.
What an institution promises in working time ("settles after two hours of business") is counted in
seconds during which it is open: an order late on Friday settles on Monday. That closure is what
amplified the run on USDC in March 2023.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from twin.errors import UsageError
from twin.scenario.outside import HoursSpec

__all__ = ["Hours"]

_DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_LONGEST = 366
"""Days looked ahead for the next business day: more holidays in a row is a mistake."""


class Hours:
    """The business hours of *spec*; all times are unix seconds."""

    __slots__ = ("_days", "_end", "_holidays", "_spans", "_start", "_zone")

    def __init__(self, spec: HoursSpec) -> None:
        """Read the calendar; no day is looked at yet."""
        self._zone = ZoneInfo(spec.timezone)
        self._days = frozenset(_DAYS.index(day) for day in spec.days)
        self._holidays = frozenset(date.fromisoformat(day) for day in spec.holidays)
        self._start, self._end = spec.start, spec.end
        self._spans: dict[date, tuple[int, int] | None] = {}

    def span(self, day: date) -> tuple[int, int] | None:
        """Return the seconds [open, close) of local *day*, or None where it is no business day."""
        if day not in self._spans:
            closed = day.weekday() not in self._days or day in self._holidays
            self._spans[day] = (
                None if closed else (self._at(day, self._start), self._at(day, self._end))
            )
        return self._spans[day]

    def _at(self, day: date, hour: str) -> int:
        if hour == "24:00":
            return self._at(day + timedelta(days=1), "00:00")
        local = datetime.combine(day, time.fromisoformat(hour), self._zone)
        return int(local.timestamp())

    def _local(self, now: int) -> date:
        return datetime.fromtimestamp(now, UTC).astimezone(self._zone).date()

    def spans(self, now: int) -> Iterator[tuple[int, int]]:
        """Yield the spans that end after *now*, in order, without end."""
        day, empty = self._local(now), 0
        while empty <= _LONGEST:
            found = self.span(day)
            if found is not None and found[1] > now:
                yield found
                empty = 0
            empty += 1
            day += timedelta(days=1)
        raise UsageError(f"no business day within {_LONGEST} days of {day}: too many holidays")

    def open_at(self, now: int) -> bool:
        """Say whether it is open at *now*."""
        begin, _end = next(self.spans(now))
        return begin <= now

    def next_open(self, now: int) -> int:
        """Return the first second from *now* on at which it is open."""
        begin, _end = next(self.spans(now))
        return max(now, begin)

    def next_close(self, now: int) -> int:
        """Return the first closing time after *now*."""
        _begin, end = next(self.spans(now))
        return end

    def last_close(self, now: int, *, since: int) -> int | None:
        """Return the latest closing time at or before *now* and after *since*; None without one."""
        day, first = self._local(now), self._local(since)
        while day >= first:
            found = self.span(day)
            if found is not None and since < found[1] <= now:
                return found[1]
            day -= timedelta(days=1)
        return None

    def add(self, now: int, seconds: int) -> int:
        """Return when *seconds* of open time have passed since *now*."""
        for begin, end in self.spans(now):
            at = max(now, begin)
            if at + seconds <= end:
                return at + seconds
            seconds -= end - at
        raise AssertionError  # pragma: no cover - the spans have no end
