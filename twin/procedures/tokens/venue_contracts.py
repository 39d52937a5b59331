"""Contract tests of the venues' REST: what our client relies on, by version of the API.

A test asks an endpoint and holds the answer against the fields and forms written here: the raw
JSON, not what a client made of it, so that a change is seen where it was made.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from twin.desk.port import Desk
from twin.errors import NoData

__all__ = ["CONTRACTS", "broken_fields", "run_contract"]

AMOUNT = "amount"
"""Decimal text of six places, as `12.500000`: with other decimals the same digits mean another sum."""

WHOLE, TEXT, LIST, OBJECT, OPTIONAL = "whole", "text", "list", "object", "whole or null"

CONTRACTS: Mapping[str, Mapping[str, Mapping[str, str]]] = {
    "v1": {
        "time": {"time": WHOLE},
        "pair": {
            "symbol": TEXT, "api": TEXT, "status": TEXT, "tick": AMOUNT, "lot": AMOUNT,
            "taker_fee": AMOUNT, "base_decimals": WHOLE, "delist_at": OPTIONAL,
        },
        "book": {
            "symbol": TEXT, "time": WHOLE, "sequence": WHOLE, "bids": LIST, "asks": LIST,
            "bids.0.0": AMOUNT, "bids.0.1": AMOUNT, "asks.0.0": AMOUNT, "asks.0.1": AMOUNT,
        },
        "trades": {"trades": LIST, "trades.0.price": AMOUNT, "trades.0.quantity": AMOUNT},
        "status": {"components": OBJECT, "updated": WHOLE},
        "key": {"key": TEXT, "scopes": LIST, "expires": WHOLE},
        "balances": {"PT": OBJECT, "USD": OBJECT, "PT.free": AMOUNT, "USD.free": AMOUNT},
        "index": {"value": AMOUNT, "time": WHOLE, "components": LIST,
                  "components.0.weight": AMOUNT, "components.0.price": AMOUNT},
        "changelog": {"releases": LIST},
    }
}  # fmt: skip
"""Fields by dotted path, by endpoint, by version; the first item of a list stands for all."""

_AMOUNT = re.compile(r"\d+\.\d{6}", re.ASCII)


class _Absent:
    """Stands for a field that is not there."""


ABSENT = _Absent()


def _at(raw: Any, path: str) -> Any:
    """Return the value at dotted *path*; an empty list on the way is None: nothing to hold."""
    value = raw
    for step in path.split("."):
        if isinstance(value, list):
            if not value:
                return None
            value = value[int(step)]
        elif isinstance(value, Mapping) and step in value:
            value = value[step]
        else:
            return ABSENT
    return value


def _fits(value: Any, form: str) -> bool:
    whole = isinstance(value, int) and not isinstance(value, bool)
    return {
        AMOUNT: isinstance(value, str) and _AMOUNT.fullmatch(value) is not None,
        WHOLE: whole,
        TEXT: isinstance(value, str) and bool(value),
        LIST: isinstance(value, list),
        OBJECT: isinstance(value, Mapping),
        OPTIONAL: whole or value is None,
    }[form]


def broken_fields(raw: Mapping[str, Any], fields: Mapping[str, str]) -> list[str]:
    """Return `field: what is wrong` for each of *fields* that *raw* does not keep."""
    found = []
    for path, form in fields.items():
        value = _at(raw, path)
        inside_empty_list = value is None and "." in path
        if isinstance(value, _Absent):
            found.append(f"{path}: missing")
        elif not inside_empty_list and not _fits(value, form):
            found.append(f"{path}: {value!r} is no {form}")
    return found


def run_contract(
    desk: Desk, venue: str, version: str, *, sandbox: bool = False
) -> dict[str, list[str]]:
    """Return what is broken by endpoint, for each endpoint of *version* at *venue* that fails."""
    failed: dict[str, list[str]] = {}
    for endpoint, fields in CONTRACTS[version].items():
        try:
            raw = desk.services.exchanges.get(venue, endpoint, sandbox=sandbox)
        except NoData as error:
            failed[endpoint] = [str(error)]
            continue
        broken = broken_fields(raw, fields)
        if broken:
            failed[endpoint] = broken
    return failed
