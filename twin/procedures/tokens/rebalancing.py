"""The arithmetic of rebalancing (TR3): how far from policy, in which slices, at what cost."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from twin.desk.port import Desk, View
from twin.errors import NoData, UnknownName
from twin.procedures.reading import read_all
from twin.procedures.tokens.holdings import ASSETS, book_of

__all__ = ["open_slices", "plan", "rehearse", "verify"]

PPM = 1_000_000
HISTORY = 60 * 86_400
ROLE = "reserve_manager"


def _state(view: View) -> dict[str, Any]:
    size = range(len(ASSETS))
    *found, limit, slippage, spacing, last = read_all(
        view,
        [
            *(("Reserve", "holding", (index,)) for index in size),
            *(("Reserve", "valueOf", (index,)) for index in size),
            ("Reserve", "sliceLimit", ()),
            ("Reserve", "slippageLimit", ()),
            ("Reserve", "sliceSpacing", ()),
            ("Reserve", "lastSliceAt", ()),
        ],
    )
    count = len(ASSETS)
    return {
        "amounts": [found[place][0] for place in size],
        "weights": [found[place][3] for place in size],
        "values": found[count:],
        "limit": limit, "slippage": slippage, "spacing": spacing, "last": last,
    }  # fmt: skip


def plan(desk: Desk, band: int, most: int, first_statement: int) -> dict[str, Any]:
    """Return how far each asset is from policy, and at most *most* slices that mend it.

    Nothing is moved while every weight is within *band* parts per million of policy, nor before
    each place has stated what it holds, for which a new one has *first_statement* seconds.
    """
    awaited = list(book_of(desk, first_statement=first_statement).awaited)
    state = _state(desk.at())
    total = sum(state["values"])
    rows = [
        {"asset": asset, "value": value, "weight": weight, "gap": value - total * weight // PPM}
        for asset, value, weight in zip(ASSETS, state["values"], state["weights"], strict=True)
    ]
    over = max(range(len(ASSETS)), key=lambda place: rows[place]["gap"])
    under = min(range(len(ASSETS)), key=lambda place: rows[place]["gap"])
    worth = min(rows[over]["gap"], -rows[under]["gap"])
    if 0 not in (over, under) and _custodian(desk, (ASSETS[over], ASSETS[under])) is None:
        under = 0  # nobody deals in both: the way leads over the stable asset
    slices: list[dict[str, Any]] = []
    if total and not awaited and worth * PPM > band * total:
        slices = _slices(state, over, under, worth=worth, most=most)
    return {
        "rows": rows, "total": total, "slices": slices, "spacing": state["spacing"],
        "awaited": awaited,
    }  # fmt: skip


def _slices(
    state: Mapping[str, Any], over: int, under: int, *, worth: int, most: int
) -> list[dict[str, Any]]:
    """Cut *worth* into slices that the contract allows, each of what is left then."""
    held, value = state["amounts"][over], state["values"][over]
    want = held * worth // max(1, value)
    found: list[dict[str, Any]] = []
    while want > 0 and len(found) < most:
        amount = min(want, held * state["limit"] // PPM)
        if amount < 1000:
            break
        amount -= amount % 1000
        found.append({"from": over, "to": under, "amount": amount, "slippage": state["slippage"]})
        held, want = held - amount, want - amount
    return found


def open_slices(desk: Desk) -> list[dict[str, Any]]:
    """Return the slices of the last sixty days that are still under way, with their age."""
    view, since = desk.at(), desk.now - HISTORY
    closed = {
        record.args["id"]
        for event in ("SliceBooked", "SliceReturned")
        for record in view.logs("Reserve", event, since=since)
    }
    return [
        {
            "slice": record.args["id"],
            "custodian": record.args["custodian"],
            "amount": record.args["amountIn"],
            "opened": record.timestamp,
            "age": desk.now - record.timestamp,
        }
        for record in view.logs("Reserve", "SliceOpened", since=since)
        if record.args["id"] not in closed
    ]


def _custodian(desk: Desk, assets: Sequence[str]) -> str | None:
    """Return the first custodian that deals in all of *assets*; the stable asset anybody does."""
    wanted = {asset for asset in assets if asset != ASSETS[0]}
    for name in desk.custody.names():
        try:
            held = {line.asset for line in desk.custody.statement(name).holdings}
        except NoData:
            continue
        if wanted <= held:
            return name
    return None


def rehearse(desk: Desk, item: Mapping[str, Any]) -> dict[str, Any]:
    """Try one slice: who carries it out and where it goes, what it costs, and what the chain says.

    The address comes from the custodian's instruction and must be the register's.
    """
    given, bought = ASSETS[item["from"]], ASSETS[item["to"]]
    name = _custodian(desk, (given, bought))
    if name is None:
        return {"ok": False, "item": "custodian", "why": f"nobody deals in {given} and {bought}"}
    told = desk.services.fills.instruction(name).address
    try:
        known = desk.register.address(name)
    except UnknownName:
        known = b""
    if told != known:
        why = f"{name} names 0x{told.hex()}, the register 0x{known.hex()}"
        return {"ok": False, "item": "wrong-address", "custodian": name, "why": why}
    amount = item["amount"]
    state = _state(desk.at())
    prices = [
        value * PPM // max(1, held)
        for value, held in zip(state["values"], state["amounts"], strict=True)
    ]
    fair = amount * prices[item["from"]] // max(1, prices[item["to"]] or PPM)
    least = -(-fair * (PPM - item["slippage"]) // PPM)
    try:
        brings = desk.services.fills.estimate(name, given=given, bought=bought, amount=amount)
    except NoData as error:
        return {"ok": False, "item": "quote", "custodian": name, "why": str(error)}
    cost = (fair - brings) * PPM // max(1, fair)
    facts = {
        "custodian": name,
        "fair": fair,
        "estimate": brings,
        "min_out": least,
        "cost_ppm": cost,
    }
    if brings < least:
        return {**facts, "ok": False, "item": "slippage", "why": f"it would cost {cost} ppm"}
    args = (item["from"], item["to"], amount, least, told)
    tried = desk.lab.fork("TR3").act(ROLE, "Reserve", "openSlice", args)
    if not tried.success:
        return {**facts, "ok": False, "item": "simulation", "why": tried.reason}
    return {**facts, "ok": True, "args": args, "gas": tried.gas_used}


def verify(desk: Desk, made: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Return what became of the slices *made*: their fills against estimate and booking."""
    view = desk.at()
    opened = view.logs("Reserve", "SliceOpened", since=desk.now - HISTORY)
    booked = {
        record.args["id"]: record.args["amountOut"]
        for record in view.logs("Reserve", "SliceBooked", since=desk.now - HISTORY)
    }
    returned = {
        record.args["id"]
        for record in view.logs("Reserve", "SliceReturned", since=desk.now - HISTORY)
    }
    fills = {fill.slice: fill for fill in desk.services.fills.fills(since=desk.now - HISTORY)}
    rows = []
    for item in made:
        number = next((one.args["id"] for one in opened if one.block == item["block"]), None)
        fill, out = fills.get(number or 0), booked.get(number)
        state = "returned" if number in returned else "booked" if out is not None else "open"
        cost = None if out is None else (item["fair"] - out) * PPM // max(1, item["fair"])
        rows.append(
            {
                "slice": number,
                "state": state,
                "booked": out,
                "estimate": item["estimate"],
                "cost_ppm": cost,
                "estimated_ppm": item["cost_ppm"],
                "at": fill.custodian if fill else None,
                "meant_for": item["custodian"],
                "differs": out is not None and fill is not None and fill.amount_out != out,
            }
        )
    return rows
