"""From what people write to integers: `1h30m`, `0.3%`, `20 gwei`, `5_000_000`.

Each function takes the value that a file holds (text, int, Decimal) and raises ValueError with
the value, the rule and an example. Decimals are carried over exactly: one digit more than the
unit has is refused, never rounded.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal

from twin.scenario.shown import show_input

__all__ = [
    "exact", "gwei", "instant", "no_such", "pips", "plain", "price6", "price8",
    "quantity", "seconds", "share", "tokens",
]  # fmt: skip

CENTURY = 36_525 * 86_400
"""The longest length of time in seconds; what is longer is a slip of the keyboard."""

LATEST = int(datetime(2200, 1, 1, tzinfo=UTC).timestamp())

_LENGTH = re.compile(r"(?:(\d+)d)?(?:(\d+)h)?(?:(\d+)m)?(?:(\d+)s)?", re.ASCII)
_DECIMAL = re.compile(r"[-+]?\d+(?:_\d+)*(?:\.\d+(?:_\d+)*)?", re.ASCII)
_AMOUNT = re.compile(r"(\S+?)\s*([a-z%]+)", re.ASCII)
_DIGITS = 60
"""More digits than any amount of the protocol has (2^192 has 58)."""


def no_such(value: object, what: str, rule: str) -> ValueError:
    """Return the error that *value* is no *what*, with the *rule* of what to write."""
    return ValueError(f"{show_input(value)} is no {what}: write {rule}")


def exact(value: object) -> Decimal | None:
    """Return the finite decimal number that *value* states, or None where it states none.

    Takes whole numbers, Decimal, float (as Python prints it) and text such as `-1_000.25`.
    """
    if isinstance(value, float):
        value = str(value)
    if isinstance(value, str):
        text = value.strip()
        if len(text) > 2 * _DIGITS or not _DECIMAL.fullmatch(text):
            return None
        return Decimal(text.replace("_", ""))
    if isinstance(value, int) and not isinstance(value, bool):
        return Decimal(value)
    if isinstance(value, Decimal) and value.is_finite():
        return value
    return None


def _scaled(value: object, places: int, what: str, rule: str) -> int:
    """Return *value* times 10^*places* as an integer; a remainder is an error, never rounded."""
    number = exact(value)
    if number is None or abs(number.adjusted()) > _DIGITS:
        raise no_such(value, what, rule)
    sign, digits, exponent = number.as_tuple()
    assert isinstance(exponent, int)  # noqa: S101 - a finite decimal has an integer exponent
    whole, shift = int("".join(map(str, digits))), exponent + places
    if shift < 0:
        whole, rest = divmod(whole, 10**-shift)
        if rest:
            raise ValueError(
                f"{show_input(value)} has more than {places} decimals, the smallest unit: "
                f"write {rule}"
            )
        shift = 0
    return (-1 if sign else 1) * whole * int(10**shift)


def _positive(value: object, places: int, what: str, rule: str) -> int:
    made = _scaled(value, places, what, rule)
    if made < 0:
        raise ValueError(f"{show_input(value)} is below 0: write {rule}")
    return made


def seconds(value: object) -> int:
    """Return the seconds of `90s`, `5m`, `1h30m`, `2d` or a whole number of seconds."""
    rule = "a length such as 90s, 5m, 1h30m, 2d, or whole seconds"
    made: int | None = None
    if isinstance(value, int) and not isinstance(value, bool):
        made = value
    elif isinstance(value, str) and value.isascii() and value.isdigit() and len(value) < 12:
        made = int(value)
    elif isinstance(value, str) and value and len(value) < 40:
        match = _LENGTH.fullmatch(value.strip())
        if match and match.group():
            parts = (int(part or 0) for part in match.groups())
            made = sum(n * size for n, size in zip(parts, (86_400, 3_600, 60, 1), strict=True))
    if made is None or made < 0:
        raise no_such(value, "length of time", rule)
    if made > CENTURY:
        raise ValueError(f"{show_input(value)} is longer than a century: write {rule}")
    return made


def instant(value: object) -> int:
    """Return the unix second of an ISO 8601 time in UTC, such as `2020-04-20T18:30:00Z`."""
    rule = "a UTC time such as 2020-04-20T18:30:00Z"
    text = value.isoformat() if isinstance(value, datetime) else value
    if not isinstance(text, str):
        raise no_such(value, "instant", rule)
    try:
        moment = datetime.fromisoformat(text.strip())
    except ValueError:
        raise no_such(value, "instant", rule) from None
    offset = moment.utcoffset()
    if offset is None or offset:
        raise ValueError(f"{show_input(value)} is not in UTC: write {rule}")
    made = int(moment.timestamp())
    if moment.microsecond or not 0 <= made < LATEST:
        raise ValueError(
            f"{show_input(value)} is no whole second between 1970 and 2200: write {rule}"
        )
    return made


def _measured(value: object, units: dict[str, int], what: str, rule: str) -> int:
    """Return a number that carries one of *units* (name -> decimals), in the smallest of them."""
    short = isinstance(value, str) and len(value) < 2 * _DIGITS
    match = _AMOUNT.fullmatch(value.strip()) if short and isinstance(value, str) else None
    if match is None or match[2] not in units or exact(match[1]) is None:
        raise no_such(value, what, rule)
    if match[1].startswith("-"):
        raise ValueError(f"{show_input(value)} is below 0: write {rule}")
    try:
        return _scaled(match[1], units[match[2]], what, rule)
    except ValueError:
        smallest = list(units)[-1]
        raise ValueError(
            f"{show_input(value)} is no whole number of {smallest}: write {rule}"
        ) from None


def pips(value: object) -> int:
    """Return the millionths of `0.3%`, `30bp` or `3000pips`; a bare number has no unit."""
    rule = "a ratio with its unit such as 0.3%, 30bp or 3000pips"
    return _measured(value, {"%": 4, "bp": 2, "pips": 0}, "ratio", rule)


def gwei(value: object) -> int:
    """Return the wei of `20 gwei`, `1.5 gwei` or `100 wei`; a bare number has no unit."""
    rule = "an amount with its unit such as 20 gwei, 1.5 gwei or 100 wei"
    return _measured(value, {"gwei": 9, "wei": 0}, "gas price", rule)


def price8(value: object) -> int:
    """Return a price with 8 decimals; it may be below 0."""
    return _scaled(value, 8, "price", "a decimal such as 78.25")


def price6(value: object) -> int:
    """Return a price with 6 decimals, 0 or more."""
    return _positive(value, 6, "price", "a decimal such as 1.0025")


def tokens(places: int) -> Callable[[object], int]:
    """Return a function from whole tokens to their units of 10^-*places*."""

    def parse(value: object) -> int:
        return _positive(value, places, "amount", "whole tokens such as 5_000_000 or 12.5")

    return parse


def quantity(value: object) -> int:
    """Return thousandths of a unit of the commodity."""
    return _positive(value, 3, "quantity", "units of the commodity such as 600_000 or 0.5")


def share(value: object) -> float:
    """Return the float of `50%` or `0.5`, from 0 to 1."""
    rule = "a share such as 50% or 0.5, from 0 to 1"
    percent = isinstance(value, str) and value.rstrip().endswith("%")
    number = exact(value.rstrip()[:-1] if percent and isinstance(value, str) else value)
    if number is None:
        raise no_such(value, "share", rule)
    made = float(number / 100 if percent else number)
    if not 0 <= made <= 1:
        raise ValueError(f"{show_input(value)} is not between 0 and 1: write {rule}")
    return made


def plain(value: object) -> str | int:
    """Return text, a whole number or a boolean as it is."""
    if isinstance(value, (str, int)):
        return value
    raise no_such(value, "plain value", "text, a whole number, true or false")
