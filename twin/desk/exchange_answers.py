"""A venue's REST answers as records: one function an endpoint, the same in the twin and live.

Amounts and prices travel as decimal text, as exchanges send them, and become whole units. What
has another shape than version v1 says is no data: a client that guesses has a worse day later.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from twin.desk.port.exchanges import (
    Balance,
    BookSnapshot,
    IndexPart,
    Level,
    Pair,
    PublicTrade,
    Release,
    StatusPage,
    VenueIndex,
    VenueKey,
)
from twin.errors import NoData

__all__ = [
    "balance_of",
    "book_of",
    "changelog_of",
    "index_of",
    "key_of",
    "pair_of",
    "read_answer",
    "shown",
    "status_of",
    "time_of",
    "trades_of",
    "units",
]

Raw = Mapping[str, Any]
Record = TypeVar("Record")
_NUMBER = re.compile(r"(\d+)(?:\.(\d+))?", re.ASCII)


def units(text: object, decimals: int = 6) -> int:
    """Return decimal *text* in units of 10^-*decimals*; TypeError or ValueError for all else."""
    if not isinstance(text, str):
        raise TypeError(f"{text!r} is no decimal text")
    found = _NUMBER.fullmatch(text)
    if found is None:
        raise ValueError(f"{text!r} is no decimal number")
    part = found[2] or ""
    if len(part) > decimals:
        raise ValueError(f"{text} has more than {decimals} decimals")
    return int(found[1] + part.ljust(decimals, "0"))


def shown(value: int, decimals: int = 6) -> str:
    """Return *value* units of 10^-*decimals* as decimal text, as an exchange sends it."""
    whole, part = divmod(value, 10**decimals)
    return f"{whole}.{part:0{decimals}d}" if decimals else str(whole)


def read_answer(
    venue: str, endpoint: str, raw: Raw, reader: Callable[[Raw], Record]
) -> Record:  # fmt: skip
    """Return *raw* as *reader* reads it; NoData names the venue and the endpoint otherwise."""
    try:
        return reader(raw)
    except (KeyError, TypeError, ValueError) as error:
        why = f"no field {error}" if isinstance(error, KeyError) else str(error)
        raise NoData(f"{venue}: the answer of /{endpoint} cannot be read: {why}") from error


def _whole(value: object) -> int:
    if not isinstance(value, int) or isinstance(value, bool):
        raise TypeError(f"{value!r} is no whole number")
    return value


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError(f"{value!r} is no text")
    return value


def time_of(raw: Raw) -> int:
    """Read /time."""
    return _whole(raw["time"])


def pair_of(raw: Raw) -> Pair:
    """Read /pair."""
    bands, delist = raw["bands"], raw["delist_at"]
    return Pair(
        symbol=_text(raw["symbol"]),
        api=_text(raw["api"]),
        status=_text(raw["status"]),
        tick=units(raw["tick"]),
        lot=units(raw["lot"]),
        fee=units(raw["taker_fee"]),
        decimals=_whole(raw["base_decimals"]),
        band_low=units(bands["low"]) if bands else 0,
        band_high=units(bands["high"]) if bands else 0,
        delist_at=None if delist is None else _whole(delist),
    )


def _levels(raw: Any) -> tuple[Level, ...]:
    return tuple((units(price), units(quantity)) for price, quantity in raw)


def book_of(raw: Raw) -> BookSnapshot:
    """Read /book."""
    return BookSnapshot(
        symbol=_text(raw["symbol"]),
        at=_whole(raw["time"]),
        sequence=_whole(raw["sequence"]),
        bids=_levels(raw["bids"]),
        asks=_levels(raw["asks"]),
    )


def trades_of(raw: Raw) -> list[PublicTrade]:
    """Read /trades."""
    return [
        PublicTrade(
            _whole(item["time"]),
            _text(item["side"]),
            units(item["price"]),
            units(item["quantity"]),
        )
        for item in raw["trades"]
    ]


def status_of(raw: Raw) -> StatusPage:
    """Read /status."""
    claims = {_text(name): _text(claim) for name, claim in raw["components"].items()}
    return StatusPage(claims, _whole(raw["updated"]))


def key_of(raw: Raw) -> VenueKey:
    """Read /key."""
    scopes = tuple(_text(scope) for scope in raw["scopes"])
    return VenueKey(_text(raw["key"]), scopes, _whole(raw["expires"]))


def balance_of(raw: Raw) -> Balance:
    """Read /balances: what is free and what stands in orders."""
    held = {name: units(raw[name]["free"]) + units(raw[name]["locked"]) for name in ("PT", "USD")}
    return Balance(held["PT"], held["USD"])


def index_of(raw: Raw) -> VenueIndex:
    """Read /index."""
    parts = tuple(
        IndexPart(_text(item["venue"]), units(item["weight"]), units(item["price"]))
        for item in raw["components"]
    )
    return VenueIndex(units(raw["value"]), _whole(raw["time"]), parts)


def changelog_of(raw: Raw) -> list[Release]:
    """Read /changelog."""
    return [
        Release(
            version=_text(item["version"]),
            published=_whole(item["published"]),
            effective=_whole(item["effective"]),
            breaking=bool(item["breaking"]),
            text=_text(item["text"]),
        )
        for item in raw["releases"]
    ]
