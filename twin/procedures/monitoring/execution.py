"""What contracts do when they are called: views that must answer, sums that must hold (for MP3)."""

from __future__ import annotations

from typing import Any

from twin.desk.port import Call, CallStats, Desk, View
from twin.errors import Reverted

__all__ = ["ask_views", "bricked", "holds", "reverting", "unbacked"]

PPM = 1_000_000
PAUSED = {"EnforcedPause", "OraclePaused"}
"""Reverts of a contract that was stopped on purpose: the brake, and no broken function."""
REFUSED = {"AccessManagedUnauthorized"}
"""Reverts of a call by somebody who may not make it: the function does what it should."""

KINDS = range(4)
"""The kinds of fee: swap, settlement, conversion, redemption."""


def _views(desk: Desk) -> list[Call]:
    """Return the views that users and contracts depend on, each with ordinary arguments."""
    token = desk.register.address("PaymentToken")
    calls: list[Call] = [
        ("PaymentToken", "totalSupply", ()),
        ("PaymentToken", "cap", ()),
        ("FoundationToken", "totalSupply", ()),
        ("LiquidityPool", "reserves", ()),
        ("LiquidityPool", "quote", (token, 10**6)),
        ("AllocationBook", "issuedToday", ()),
        ("Conversion", "convertedToday", ()),
        ("Reserve", "redeemedToday", ()),
    ]
    calls += [("FeeSchedule", "fee", (kind,)) for kind in KINDS]
    feeds = [desk.register.feed_id(name) for name in desk.register.commodities()]
    calls += [("OracleNetwork", "latest", (feed,)) for feed in feeds]
    return calls


def ask_views(desk: Desk, view: View) -> tuple[int, dict[str, str]]:
    """Call every view at once; return how many, and why those that do not answer do not."""
    calls = _views(desk)
    broken: dict[str, str] = {}
    for (contract, function, _args), answer in zip(calls, view.batch(calls), strict=True):
        if isinstance(answer, Reverted):
            broken[f"{contract}.{function}"] = answer.reason or "reverted"
    return len(calls), broken


def bricked(stats: CallStats, *, least: int) -> bool:
    """Say whether a function fails whoever may call it, *least* times or more, and not by the brake.

    Calls by who may not make them say nothing of a function.
    """
    refused = sum(count for reason, count in stats.reasons.items() if reason in REFUSED)
    if stats.calls - refused < least or stats.reverted < stats.calls:
        return False
    return any(reason not in PAUSED | REFUSED for reason in stats.reasons)


def reverting(stats: CallStats, *, least: int, share_ppm: int) -> bool:
    """Say whether more than *share_ppm* of at least *least* calls revert, the brake aside."""
    stopped = 0
    for reason, count in stats.reasons.items():
        stopped += count if reason in PAUSED else 0
    return stats.calls >= least and (stats.reverted - stopped) * PPM > (stats.calls * share_ppm)


def holds(desk: Desk, view: View) -> dict[str, str]:
    """Return the sums that do not hold at this block: supply, cap, what the pool really has."""
    pool = desk.register.address("LiquidityPool")
    supply, minted, burned, cap, (pt, stable, _at), has_pt, has_stable = _all(
        view,
        [
            ("PaymentToken", "totalSupply", ()),
            ("PaymentToken", "totalMinted", ()),
            ("PaymentToken", "totalBurned", ()),
            ("PaymentToken", "cap", ()),
            ("LiquidityPool", "reserves", ()),
            ("PaymentToken", "balanceOf", (pool,)),
            ("StableAsset", "balanceOf", (pool,)),
        ],
    )
    rows = (
        ("pt-supply", supply == minted - burned, f"{supply} is not {minted} - {burned}"),
        ("pt-cap", supply <= cap, f"{supply} is above the cap {cap}"),
        ("pool-pt", pt <= has_pt, f"the pool records {pt} PT and has {has_pt}"),
        ("pool-stable", stable <= has_stable, f"it records {stable} stable and has {has_stable}"),
    )
    return {name: detail for name, ok, detail in rows if not ok}


def _all(view: View, calls: list[Call]) -> list[Any]:
    answers = view.batch(calls)
    for answer in answers:
        if isinstance(answer, Reverted):
            raise answer
    return answers


def unbacked(desk: Desk, view: View, *, since: int) -> list[dict[str, Any]]:
    """Return the mints since unix second *since* that nothing stands behind.

    What Reserve and Conversion mint must be what they took in for it, in sum. What an issuer
    mints by hand needs a change that asks for just that, each once. The genesis is nobody's mint.
    """
    named = {desk.register.address(name): name for name in ("Reserve", "Conversion")}
    minted = dict.fromkeys(named.values(), 0)
    approved = _approved(desk)
    found: list[dict[str, Any]] = []
    for record in view.logs("PaymentToken", "Minted", since=since):
        source, amount = named.get(record.args["by"]), record.args["amount"]
        if source:
            minted[source] += amount
        elif record.block:
            mint = {"to": f"0x{record.args['to'].hex()}", "amount": amount}
            if mint in approved:
                approved.remove(mint)
            else:
                found.append({**mint, "by": record.args["by"], "block": record.block})
    taken = {"Reserve": 0, "Conversion": 0}
    for record in view.logs("Reserve", "MintedAgainst", since=since):
        taken["Reserve"] += record.args["ptAmount"]
    for record in view.logs("Conversion", "Converted", since=since):
        taken["Conversion"] += record.args["ptAmount"] + record.args["fee"]
    for name, amount in minted.items():
        if amount > taken[name]:
            found.append({"by": name, "amount": amount - taken[name]})
    return found


def _approved(desk: Desk) -> list[Any]:
    """Return {to, amount} of the mints that changes ask for, as TF2 writes them."""
    return [
        entry.data["mint"]
        for entry in desk.stores.entries("change")
        if "mint" in entry.data and entry.state != "rejected"
    ]
