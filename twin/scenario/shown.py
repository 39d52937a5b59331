"""How integers are shown to people: lengths of time, moments, amounts, and what a file said."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal

__all__ = ["show_input", "show_instant", "show_seconds", "show_units"]


def show_seconds(seconds: int) -> str:
    """Return *seconds* as a scenario writes them: `1h30m`, `2d`, `0s`; negative ones with `-`."""
    if seconds == 0:
        return "0s"
    text, rest = ("-" if seconds < 0 else ""), abs(seconds)
    for unit, size in (("d", 86_400), ("h", 3_600), ("m", 60), ("s", 1)):
        count, rest = divmod(rest, size)
        if count:
            text += f"{count}{unit}"
    return text


def show_instant(instant: int) -> str:
    """Return the unix second *instant* as `2020-04-20T18:30:00Z`."""
    return datetime.fromtimestamp(instant, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def show_units(amount: int, decimals: int, *, unit: str = "") -> str:
    """Return *amount* of 10^-*decimals* as an exact decimal, `1,234.5`, followed by *unit*."""
    whole, part = divmod(abs(amount), 10**decimals)
    fraction = f"{part:0{decimals}d}".rstrip("0") if decimals and part else ""
    text = f"{'-' if amount < 0 else ''}{whole:,}{'.' if fraction else ''}{fraction}"
    return f"{text} {unit}".rstrip()


def show_input(value: object) -> str:
    """Return *value* as an error message quotes what stood in a file, cut where it is long."""
    if value is None:
        return "nothing"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Mapping):
        return "a mapping"
    if isinstance(value, (list, tuple)):
        return "a list"
    text = str(value) if isinstance(value, (int, Decimal)) else repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."
