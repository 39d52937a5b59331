"""Time intervals of Alertmanager: the times of day, days and months in which a route is mute."""

from __future__ import annotations

import calendar
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from twin.errors import UnknownName, UsageError

__all__ = ["TimeInterval"]

_DAYS = ("sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday")
_MONTHS = tuple(name.lower() for name in calendar.month_name)
_FIELDS = ("times", "weekdays", "days_of_month", "months", "years", "location")
_CLOCK = re.compile(r"(\d\d):(\d\d)")

Span = tuple[int, int]


@dataclass(frozen=True, slots=True)
class TimeInterval:
    """One interval: an empty field takes any time; spans are closed, those of *times* open at the end.

    *times* are minutes of the day, *weekdays* count from Sunday, *days* of the month may be
    negative, which counts from its end.
    """

    times: tuple[Span, ...] = ()
    weekdays: tuple[Span, ...] = ()
    days: tuple[Span, ...] = ()
    months: tuple[Span, ...] = ()
    years: tuple[Span, ...] = ()
    zone: ZoneInfo | None = None

    @classmethod
    def read(cls, tree: Mapping[str, Any]) -> TimeInterval:
        """Read one as the configuration has it; raises UsageError."""
        for field in tree:
            if field not in _FIELDS:
                raise UnknownName("field of a time interval", str(field), _FIELDS)
        return cls(
            times=tuple(
                (_minutes(item["start_time"]), _minutes(item["end_time"]))
                for item in tree.get("times") or ()
            ),
            weekdays=_spans(tree.get("weekdays"), _DAYS),
            days=_spans(tree.get("days_of_month"), ()),
            months=_spans(tree.get("months"), _MONTHS),
            years=_spans(tree.get("years"), ()),
            zone=_zone(str(tree["location"])) if "location" in tree else None,
        )

    def covers(self, now: int) -> bool:
        """Say whether unix second *now* lies in it."""
        local = datetime.fromtimestamp(now, UTC).astimezone(self.zone or UTC)
        minute = 60 * local.hour + local.minute
        last = calendar.monthrange(local.year, local.month)[1]
        days = [tuple(_of_month(day, last) for day in span) for span in self.days]
        return (
            _any(self.times, minute, open_end=True)
            and _any(self.weekdays, (local.weekday() + 1) % 7)
            and _any(days, local.day)
            and _any(self.months, local.month)
            and _any(self.years, local.year)
        )


def _of_month(day: int, last: int) -> int:
    return day if day > 0 else last + 1 + day


def _any(spans: Sequence[tuple[int, ...]], value: int, *, open_end: bool = False) -> bool:
    return not spans or any(low <= value <= high - open_end for low, high in spans)


def _minutes(text: Any) -> int:
    found = _CLOCK.fullmatch(str(text))
    minutes = -1 if found is None else 60 * int(found[1]) + int(found[2])
    if not 0 <= minutes <= 1440:
        raise UsageError(f"{text!r} is no time of day: write HH:MM in quotes, up to 24:00")
    return minutes


def _spans(items: Sequence[Any] | None, names: Sequence[str]) -> tuple[Span, ...]:
    return tuple(_span(str(item).lower(), names) for item in items or ())


def _span(text: str, names: Sequence[str]) -> Span:
    low, _, high = text.partition(":")
    return _number(low, names), _number(high or low, names)


def _number(text: str, names: Sequence[str]) -> int:
    if text in names:
        return names.index(text)
    try:
        return int(text)
    except ValueError:
        raise UnknownName("day, month or year", text, names) from None


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError):
        raise UsageError(f"location {name!r} is no IANA time zone, such as Europe/Zurich") from None
