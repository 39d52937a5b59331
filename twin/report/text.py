"""How the report writes times, spans, numbers and hashes."""

from __future__ import annotations

import re
from datetime import UTC, datetime

__all__ = ["clip", "number", "offset", "printable", "short", "span", "utc"]

_CONTROL = dict.fromkeys((*range(9), 11, *range(14, 32), 127), "\ufffd")
"""Control characters that no HTML document may hold; tab, newline, form feed, return may stay."""

_HASH = re.compile(r"0x[0-9a-fA-F]{17,}")


def utc(at: int | None) -> str:
    """Return unix second *at* as a date and time in UTC, or a dash."""
    if at is None:
        return "\u2013"
    try:
        return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%d %H:%M:%S")
    except (ValueError, OverflowError, OSError):
        return f"unix second {at}"  # outside the years that a calendar has


def span(seconds: int) -> str:
    """Return a duration in *seconds* as its two largest units, such as `2d 03h` or `4m 05s`.

    What is a whole number of the larger one goes without the smaller, such as `6h`.
    """
    for size, large, small, part in (
        (86400, "d", "h", 3600),
        (3600, "h", "m", 60),
        (60, "m", "s", 1),
    ):
        if seconds >= size:
            rest = seconds % size // part
            return f"{seconds // size}{large}" + (f" {rest:02d}{small}" if rest else "")
    return f"{seconds}s"


def offset(seconds: int) -> str:
    """Return *seconds* from a reference as a signed span."""
    return ("\u2212" if seconds < 0 else "+") + span(abs(seconds))


def number(value: object) -> str:
    """Return *value* for a table cell: grouped integers, six digits of a float, text as it is."""
    if value is None:
        return "no data"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return f"{value:,}"
    if isinstance(value, float):
        return f"{value:,.6g}"
    return str(value)


def short(text: str) -> str:
    """Shorten every hash inside *text* to its first eight digits."""
    return _HASH.sub(lambda found: found.group()[:10] + "…", text)


def clip(text: str, size: int) -> str:
    """Return at most *size* characters of *text*, with an ellipsis where it was cut."""
    return text if len(text) <= size else text[: size - 1] + "…"


def printable(text: str) -> str:
    """Replace what neither HTML nor UTF-8 can hold: control characters and lone surrogates."""
    return text.translate(_CONTROL).encode("utf-8", "replace").decode("utf-8")
