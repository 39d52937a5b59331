"""The allocation policy as limits (TR2): by issuer, bank, tenor, chain and liquidity, with a clock.

A limit that markets broke is not a crime, one that stays broken is: each breach carries the second
at which it was first seen, and has to be cured within its time.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from twin.desk.port import Desk
from twin.errors import NoData
from twin.procedures.tokens.holdings import ASSETS, Book, Position

__all__ = ["clocks", "measures"]

PPM = 1_000_000


def _shares(book: Book, positions: Iterable[tuple[str, Position]]) -> dict[str, int]:
    worth: dict[str, int] = {}
    for name, item in positions:
        worth[name] = worth.get(name, 0) + item.value
    total = max(1, book.total)
    return {name: value * PPM // total for name, value in sorted(worth.items())}


def _within(desk: Desk, item: Position, seconds: int) -> bool:
    """Say whether a position can be money within *seconds*: by calendars, not by hope."""
    if item.kind == "chain":
        return True
    try:
        due = (
            desk.banks.value_date(item.place.partition("/")[0])
            if item.kind == "bank"
            else desk.custody.value_date(item.place)
        )
    except NoData:
        return False
    return due - desk.now <= seconds


def measures(
    desk: Desk, book: Book, limits: Mapping[str, Any]
) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Return every measure with its limit, and those that break theirs.

    *limits* are those of TR2's settings: shares in parts per million, tenor in seconds.
    """
    issuers = _shares(book, ((item.issuer, item) for item in book.positions if item.issuer))
    lenders = {item.issuer for item in book.positions if item.kind == "bank"}
    owed = [item for item in book.positions if item.issuer in lenders]  # its bills as well as cash
    banks = _shares(book, ((item.issuer, item) for item in owed))
    chain = _shares(book, (("chain", item) for item in book.positions if item.kind == "chain"))
    rows: list[dict[str, Any]] = []
    own: Mapping[str, int] = limits["issuers"]
    for name, share in issuers.items():
        if name not in banks:
            rows.append(_row("issuer", name, share, high=own.get(name, limits["max_issuer_ppm"])))
        if limits["closed"] and name not in own and name not in banks:
            rows.append(_row("diversion", name, share, high=0))
    rows += [
        _row("bank", name, share, high=limits["max_bank_ppm"]) for name, share in banks.items()
    ]
    rows += [
        _row("chain", name, share, high=limits["max_chain_ppm"]) for name, share in chain.items()
    ]
    longest = max((item.tenor for item in book.positions if item.value), default=0)
    rows.append(_row("tenor", "longest", longest, high=limits["max_tenor"]))
    fast = sum(item.value for item in book.positions if _within(desk, item, limits["bucket"]))
    share = fast * PPM // max(1, book.total)
    rows.append(
        _row("liquidity", f"within {limits['bucket']} s", share, low=limits["min_liquid_ppm"])
    )
    rows += _weights(desk, book, limits["band_ppm"])
    return rows, [row for row in rows if row["broken"]]


def _row(
    item: str, name: str, value: int, *, low: int | None = None, high: int | None = None
) -> dict[str, Any]:
    broken = (high is not None and value > high) or (low is not None and value < low)
    return {"item": item, "name": name, "value": value, "low": low, "high": high, "broken": broken}


def _weights(desk: Desk, book: Book, band: int) -> list[dict[str, Any]]:
    """Return the share of each asset of the contract against its policy weight and its band.

    Cash at banks that the contract does not count among the bills has a limit of its own.
    """
    worth = dict.fromkeys(ASSETS, 0)
    for item in book.positions:
        if item.asset in worth:
            worth[item.asset] += item.value
    total = max(1, sum(worth.values()))
    rows = []
    for asset in ASSETS:
        weight = desk.register.parameter(f"reserve.weight_{asset}")
        share = worth[asset] * PPM // total
        rows.append(_row("weight", asset, share, low=max(0, weight - band), high=weight + band))
    return rows


def clocks(desk: Desk, broken: Iterable[Mapping[str, Any]], cure: int) -> list[dict[str, Any]]:
    """Return the breaches with the unix second at which each was first seen, and when it is due."""
    last = desk.evidence.last("TR2")
    before = {
        (row["item"], row["name"]): row["since"]
        for row in (desk.evidence.data(last.ref).get("breaches", ()) if last else ())
    }
    kept = []
    for row in broken:
        since = before.get((row["item"], row["name"]), desk.now)
        due = since + cure
        kept.append({**row, "since": since, "due": due, "overdue": desk.now > due})
    return kept
