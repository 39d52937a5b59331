"""The liquidity ladder (TR5): what can be paid out within an hour, a day, a week, and who may ask.

Money counts when the calendars say that it is there: tokens of the reserve at once, cash when the
bank's payments settle, assets when the custodian's sale has settled and the bank has paid it on. The
weekend of 2023-03-10 closed the rail that redemptions of USDC ran on, with 8.25 % of the reserve
behind it: what is asked for while the doors are closed stands before them when they open.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from twin.desk.port import Desk
from twin.errors import NoData, Reverted
from twin.procedures.reading import read_all
from twin.procedures.tokens.holdings import MILLI, Book, Position

__all__ = ["HORIZONS", "PROFILES", "forecast", "ladder", "redeemed", "run_speed"]

_HOUR, _DAY = 3600, 86_400
PPM = 1_000_000
HORIZONS = {"1h": _HOUR, "1d": _DAY, "1w": 7 * _DAY}

PROFILES: Mapping[str, tuple[tuple[int, int], ...]] = {
    "mild": ((8 * _HOUR, 30_000), (2 * _DAY, 60_000), (4 * _DAY, 100_000), (21 * _DAY, 250_000)),
    "severe": ((8 * _HOUR, 50_000), (2 * _DAY, 160_000), (4 * _DAY, 380_000), (21 * _DAY, 900_000)),
}
"""Share of the supply (ppm) that had been redeemed after so many seconds: USDC 2023, UST 2022."""


def forecast(profile: str, supply: int, seconds: int) -> int:
    """Return the PT units that are asked for within *seconds*, linear between the known points."""
    start, gone = 0, 0
    for at, share in PROFILES[profile]:
        if seconds <= at:
            gone += (share - gone) * (seconds - start) // (at - start)
            return supply * gone // PPM
        start, gone = at, share
    return supply * gone // PPM


def redeemed(desk: Desk, seconds: int) -> int:
    """Return the PT units that were redeemed in the last *seconds*."""
    found = desk.at().logs("Reserve", "Redeemed", since=desk.now - seconds)
    return sum(item.args["ptAmount"] for item in found)


def run_speed(desk: Desk, supply: int, declared: str) -> tuple[str, int]:
    """Return the profile to fear, and what was redeemed in eight hours.

    Whoever redeems faster than the mild profile is on the severe one.
    """
    gone = redeemed(desk, 8 * _HOUR)
    fast = gone > forecast("mild", supply, 8 * _HOUR)
    return ("severe" if fast else declared), gone


def _wait(desk: Desk) -> int | None:
    """Return the seconds until a bank that is closed by its calendar moves money again.

    None where every bank that answers is open, and where none answers: a bank that failed is on no
    calendar.
    """
    waits = []
    for bank in sorted({bank for bank, _account in desk.banks.accounts()}):
        try:
            due = desk.banks.value_date(bank)
        except NoData:
            continue
        if not desk.banks.open(bank):
            waits.append(max(0, due - desk.now))
    return min(waits, default=None)


def _seen_ajar(desk: Desk) -> bool:
    """Say whether the last look found the reserve closed, too, while its bank was open."""
    last = desk.evidence.last("TR5")
    doors = desk.evidence.data(last.ref).get("doors", {}) if last else {}
    return not doors.get("open", True) and doors.get("wait") is None


def _doors(desk: Desk) -> dict[str, Any]:
    """Look at the doors of the reserve: open, not braked, and able to pay its own tokens out.

    A reserve that is closed while its bank is keeps its hours: it opens again in *wait* seconds.
    Closed while its bank is open it is *shut* at the second look: whoever opens it in the morning
    comes a little after the bank.
    """
    paused, is_open, limit, today = read_all(
        desk.at(),
        [("Reserve", "paused", ()), ("Reserve", "isOpen", ()), ("Reserve", "dailyLimit", ()),
         ("Reserve", "redeemedToday", ())],
    )  # fmt: skip
    wait = None if is_open else _wait(desk)
    ajar = not is_open and wait is None
    late = bool(desk.banks.accounts()) and not _seen_ajar(desk)
    return {"paused": paused, "open": is_open, "wait": wait, "shut": paused or (ajar and not late),
            "left_today": max(0, limit - today), "limit": limit}  # fmt: skip


def _sold(desk: Desk, item: Position) -> tuple[int, int]:
    """Return what a sale of all of a position brings, and when it can be paid out."""
    due = desk.custody.value_date(item.place)
    brings = desk.custody.quote(item.place, item.asset, item.amount // MILLI)
    bank, _account = desk.custody.account(item.place)
    return brings, due + max(0, desk.banks.value_date(bank) - desk.now)


def ladder(desk: Desk, book: Book) -> dict[str, Any]:
    """Return what is redeemable by each horizon (stable units), step by step, and what is shut.

    A horizon begins when the doors open: until then nobody is paid, and nobody fails to be.
    """
    doors, shut = _doors(desk), []
    steps: list[dict[str, Any]] = []
    for item in book.positions:
        try:
            if item.kind == "chain":
                brings, due = item.value, desk.now
            elif item.kind == "bank":
                brings, due = item.value, desk.banks.value_date(item.place.partition("/")[0])
            else:
                brings, due = _sold(desk, item)
        except (NoData, Reverted) as error:
            shut.append({"place": item.place, "asset": item.asset, "why": str(error)})
            continue
        steps.append({"place": item.place, "asset": item.asset, "brings": brings, "due": due})
    wait = doors["wait"] or 0
    today = doors["limit"] if wait else doors["left_today"]
    rungs = {}
    for name, seconds in HORIZONS.items():
        ready = sum(step["brings"] for step in steps if step["due"] - desk.now <= wait + seconds)
        room = today + seconds // _DAY * doors["limit"]
        rungs[name] = 0 if doors["shut"] else min(ready, room)
    return {"rungs": rungs, "steps": steps, "shut": shut, "doors": doors}
