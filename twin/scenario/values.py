"""The types of values that a scenario holds.

Every type here is an `int` after loading (a `Share` is a float: behaviour, never money) and takes
what people write: `1h30m`, `0.3%`, `20 gwei`, `5_000_000`; how is in `parsing`. The `show_*`
functions are the way back.
"""

from __future__ import annotations

import re
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, WithJsonSchema

from twin.scenario import parsing
from twin.scenario.parsing import exact
from twin.scenario.parsing import seconds as parse_seconds
from twin.scenario.shown import show_instant, show_seconds, show_units

__all__ = [
    "Gwei",
    "Instant",
    "Kebab",
    "Label",
    "Pips",
    "Plain",
    "Price6",
    "Price8",
    "Quantity3",
    "Seconds",
    "Share",
    "Tokens6",
    "Tokens18",
    "exact",
    "parse_seconds",
    "show_instant",
    "show_seconds",
    "show_units",
]


def _named(pattern: str, rule: str) -> AfterValidator:
    shape = re.compile(pattern)

    def check(value: str) -> str:
        if not shape.fullmatch(value):
            raise parsing.no_such(value, "name", rule)
        return value

    return AfterValidator(check)


def _takes(pattern: str, shown: str, *, bare: str | None = "number") -> WithJsonSchema:
    """Describe for editors: text of *pattern*, or a bare JSON type; *shown* names the value."""
    text: dict[str, Any] = {"type": "string", "pattern": pattern}
    forms = [text] if bare is None else [text, {"type": bare}]
    return WithJsonSchema({"anyOf": forms, "x-value": shown})


_NUMBER = r"^-?\d[\d_]*(\.\d[\d_]*)?$"
_PLUS = r"^\d[\d_]*(\.\d[\d_]*)?$"

Seconds = Annotated[
    int,
    BeforeValidator(parsing.seconds),
    _takes(r"^(?=\d)(\d+d)?(\d+h)?(\d+m)?(\d+s)?$|^\d+$", "seconds", bare="integer"),
]
"""A length of time, in seconds."""

Instant = Annotated[
    int,
    BeforeValidator(parsing.instant),
    _takes(r"^\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d)?(Z|\+00:00)$", "instant", bare=None),
]
"""A moment, in unix seconds."""

Pips = Annotated[
    int,
    BeforeValidator(parsing.pips),
    _takes(r"^\d[\d_]*(\.\d[\d_]*)?\s*(%|bp|pips)$", "pips", bare=None),
]
"""A ratio, in millionths."""

Gwei = Annotated[
    int,
    BeforeValidator(parsing.gwei),
    _takes(r"^\d[\d_]*(\.\d[\d_]*)?\s*g?wei$", "gwei", bare=None),
]
"""A gas price, in wei."""

Price8 = Annotated[int, BeforeValidator(parsing.price8), _takes(_NUMBER, "price8")]
"""A price in USD with 8 decimals, as an oracle answers it; it may be below 0 (WTI, 2020-04-20)."""

Price6 = Annotated[int, BeforeValidator(parsing.price6), _takes(_PLUS, "price6")]
"""A venue's price, in millionths of the stable asset per PT."""

Tokens6 = Annotated[int, BeforeValidator(parsing.tokens(6)), _takes(_PLUS, "tokens6")]
"""An amount of PT or the stable asset, in millionths."""

Tokens18 = Annotated[int, BeforeValidator(parsing.tokens(18)), _takes(_PLUS, "tokens18")]
"""An amount of FT, in units of 1e-18."""

Quantity3 = Annotated[int, BeforeValidator(parsing.quantity), _takes(_PLUS, "quantity3")]
"""A quantity of a commodity, in thousandths of its unit (barrel)."""

Share = Annotated[
    float, BeforeValidator(parsing.share), _takes(r"^\d[\d_]*(\.\d[\d_]*)?\s*%?$", "share")
]
"""A share from 0 to 1, for behaviour alone: money and time are integers."""

Plain = Annotated[
    Any,
    BeforeValidator(parsing.plain),
    WithJsonSchema({"type": ["string", "integer", "boolean"]}),
]
"""What a field of an event can be: text, a whole number, true or false."""

_KEBAB, _LABEL = r"[a-z0-9]+(-[a-z0-9]+)*", r"[A-Za-z][A-Za-z0-9]*([-_.][A-Za-z0-9]+)*"

Kebab = Annotated[
    str,
    _named(_KEBAB, "small letters, digits and single hyphens, such as oracle-bounds"),
    WithJsonSchema({"type": "string", "pattern": f"^{_KEBAB}$"}),
]
"""A name that is also a file's or a folder's."""

Label = Annotated[
    str,
    _named(_LABEL, "letters, digits, and single - _ . between them, such as desk-lead or WTI"),
    WithJsonSchema({"type": "string", "pattern": f"^{_LABEL}$"}),
]
"""The name of something inside a scenario."""
