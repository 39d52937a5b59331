"""Gas: what functions take against the snapshot, and what an action costs a user (for MP4)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from twin.desk.port import CallStats, Desk
from twin.errors import NoData, UnknownName

__all__ = ["ACTIONS", "costs", "griefers", "native_price", "regressions", "war"]

PPM = 1_000_000
WEI = 10**18

ACTIONS = {
    "swap": ("LiquidityPool", "swap"),
    "transfer": ("PaymentToken", "transfer"),
    "convert": ("Conversion", "convert"),
    "redeem": ("Reserve", "redeem"),
    "open a deal": ("Settlement", "open"),
    "claim an export": ("AllocationBook", "claim"),
}
"""What users do, and the call that it is."""

SETTLED = 20
"""Calls of which some must have been ordinary ones."""

Snapshot = Mapping[str, Mapping[str, int]]


def snapshot(desk: Desk) -> Snapshot:
    """Return the committed snapshot: {calls, min, median, max} of gas by `Contract.function`."""
    try:
        found: Snapshot = desk.register.parameter("gas.snapshot")
    except UnknownName:
        raise NoData("the register holds no gas snapshot") from None
    return found


def regressions(
    desk: Desk, stats: Sequence[CallStats], *, tolerance_ppm: int, least: int
) -> tuple[dict[str, Any], list[str]]:
    """Return the functions that take more than the snapshot allows, and those that are not in it.

    A function's median over at least *least* calls that went through may be *tolerance_ppm*
    above the dearest call of the snapshot: cold storage makes single calls dearer, not most. Over
    `SETTLED` calls the cheapest may be that much above the snapshot's median.
    """
    known, worse, unlisted = snapshot(desk), dict[str, Any](), list[str]()
    for one in stats:
        name = f"{one.contract}.{one.function}"
        if one.calls - one.reverted < least:
            continue
        if name not in known:
            unlisted.append(name)
            continue
        dear = one.gas_median * PPM > known[name]["max"] * (PPM + tolerance_ppm)
        settled = one.calls - one.reverted >= SETTLED
        if dear or (settled and one.gas_min * PPM > known[name]["median"] * (PPM + tolerance_ppm)):
            worse[name] = {"median": one.gas_median, "snapshot": dict(known[name])}
    return worse, unlisted


def native_price(desk: Desk, currency: str, assumed: int) -> tuple[int, str]:
    """Return what the chain's own coin is worth in USD (8 decimals), and where that comes from."""
    try:
        return desk.feeds.rate(currency).price, f"rate of {currency}"
    except (NoData, UnknownName):
        return assumed, "assumed: nobody quotes it"


def costs(
    desk: Desk, stats: Sequence[CallStats], *, base_fee: int, tip: int, price: int
) -> dict[str, int]:
    """Return what each action costs in US cents at *base_fee* and *tip* wei and *price* USD.

    An action that nobody took lately is priced by the snapshot's median; one that is in neither
    is left out.
    """
    seen = {f"{one.contract}.{one.function}": one.gas_median for one in stats if one.gas_median}
    known = snapshot(desk)
    found: dict[str, int] = {}
    for action, (contract, function) in ACTIONS.items():
        name = f"{contract}.{function}"
        gas = seen.get(name) or known.get(name, {}).get("median", 0)
        if gas:
            # wei x (USD, 8 decimals) over 1e18 wei and 1e6 of a cent
            found[action] = gas * (base_fee + tip) * price // (WEI * 10**6)
    return found


def war(desk: Desk, base_fee: int) -> tuple[int, int]:
    """Return the median base fee of the last day in wei, and *base_fee* over it in ppm.

    Raises NoData where the metrics store does not know it.
    """
    found = desk.metrics.query("quantile_over_time(0.5, fictra_chain_base_fee_wei[1d])")
    if not found:
        raise NoData("no base fee was recorded")
    usual = max(1, round(found[0][1]))
    return usual, base_fee * PPM // usual


def griefers(stats: Sequence[CallStats], *, least: int) -> dict[str, int]:
    """Return who sent *least* or more calls that reverted, and how many."""
    found: dict[str, int] = {}
    for one in stats:
        for sender, count in one.reverted_by.items():
            found[sender] = found.get(sender, 0) + count
    return {sender: found[sender] for sender in sorted(found) if found[sender] >= least}
