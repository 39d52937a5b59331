"""The impact card: standard queries about what an incident can reach, asked the same way each time.

Each asset says what is at risk in its own units, who uses it, which functions are open, and how
long it lasts at the pace of the last hour. What could not be read is on the card as missing: a
scope that nobody could measure is the widest, not the smallest.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from twin.desk.port import Desk, Incident
from twin.errors import NoData, Reverted, UnknownName

__all__ = ["ASSETS", "SCOPE", "Asset", "card_of", "impact_card", "widened"]

HOUR = 3600
DAY = 86_400
PPM = 1_000_000


@dataclass(frozen=True, slots=True)
class Asset:
    """Something that an incident can reach: its *contract*, *functions*, and how it is measured.

    *measure* values (units at risk, units lost within the hour); *events* are (event, argument that
    names a user).
    """

    contract: str
    unit: str
    functions: tuple[str, ...]
    measure: Callable[[Desk], tuple[int, int]]
    events: tuple[tuple[str, str], ...] = ()


def _total(values: Iterable[int]) -> int:
    result = 0
    for value in values:
        result += value
    return result


def _pool(desk: Desk) -> tuple[int, int]:
    """Measure the stable side of the pool, and what left it within the hour."""
    view = desk.at()
    stable = int(view.read("LiquidityPool", "reserves")[1])
    synced = view.logs("LiquidityPool", "Synced", since=desk.now - HOUR)
    before = int(synced[0].args["stable"]) if synced else stable
    return stable, max(0, before - stable)


def _reserve(desk: Desk) -> tuple[int, int]:
    """Measure the stable asset that the reserve holds, and what was redeemed within the hour."""
    view = desk.at()
    held = int(view.read("StableAsset", "balanceOf", desk.register.address("Reserve")))
    redeemed = view.logs("Reserve", "Redeemed", since=desk.now - HOUR)
    return held, _total(int(item.args["stableAmount"]) for item in redeemed)


def _issuance(desk: Desk) -> tuple[int, int]:
    """Measure what may still be issued today, and what was issued within the hour."""
    view = desk.at()
    cap = int(view.read("AllocationBook", "dailyCap"))
    issued = view.logs("AllocationBook", "EntitlementIssued", since=desk.now - HOUR)
    left = max(0, cap - int(view.read("AllocationBook", "issuedToday")))
    return left, _total(int(item.args["amount"]) for item in issued)


def _supply(desk: Desk) -> tuple[int, int]:
    """Measure all Payment Tokens, and what was minted within the hour."""
    view = desk.at()
    minted = view.logs("PaymentToken", "Minted", since=desk.now - HOUR)
    return int(view.read("PaymentToken", "totalSupply")), _total(
        int(item.args["amount"]) for item in minted
    )


def _escrow(desk: Desk) -> tuple[int, int]:
    """Measure the Payment Tokens in escrow."""
    address = desk.register.address("Settlement")
    return int(desk.at().read("PaymentToken", "balanceOf", address)), 0


ASSETS: Mapping[str, Asset] = {
    "pool": Asset("LiquidityPool", "stable 1e-6", ("swap", "addLiquidity", "removeLiquidity"),
                  _pool, (("Swapped", "sender"), ("LiquidityAdded", "sender"))),
    "reserve": Asset("Reserve", "stable 1e-6", ("redeem", "mint"), _reserve,
                     (("Redeemed", "redeemer"),)),
    "issuance": Asset("AllocationBook", "FT 1e-18", ("claim", "settle"), _issuance,
                      (("EntitlementIssued", "sovereign"), ("ExportClaimed", "sovereign"))),
    "payment-token": Asset("PaymentToken", "PT 1e-6", ("transfer", "permit"), _supply),
    "escrow": Asset("Settlement", "PT 1e-6", ("open", "release", "refund"), _escrow,
                    (("DealOpened", "buyer"),)),
}  # fmt: skip
"""What there is to lose, by name."""

SCOPE: Mapping[str, tuple[str, ...]] = {
    "oracle": ("issuance", "escrow"),
    "allocation": ("issuance",),
    "sources": ("issuance",),
    "operators": ("issuance",),
    "pool": ("pool", "payment-token"),
    "stability": ("pool", "reserve", "payment-token"),
    "reserve": ("reserve", "payment-token"),
    "tokens": ("payment-token", "pool", "reserve"),
    "venue": ("pool", "payment-token"),
    "settlement": ("escrow",),
    "fees": ("pool", "escrow"),
}
"""Assets within the reach of a family of incidents; a family that is not here reaches all."""


def _row(desk: Desk, asset: Asset) -> dict[str, Any]:
    """Ask the standard questions about one asset."""
    view = desk.at()
    at_risk, lost = asset.measure(desk)
    users = {
        str(log.args[who])
        for event, who in asset.events
        for log in view.logs(asset.contract, event, since=desk.now - DAY)
        if who in log.args
    }
    paused = bool(view.read(asset.contract, "paused"))
    return {
        "contract": asset.contract, "unit": asset.unit, "at_risk": at_risk,
        "lost_last_hour": lost, "users": len(users), "paused": paused,
        "open_functions": [] if paused else list(asset.functions),
        "exhausted_in": at_risk * HOUR // lost if lost and not paused else None,
    }  # fmt: skip


def impact_card(desk: Desk, incident: str) -> dict[str, Any]:
    """Return the impact card of *incident*, as of now.

    Families that fire beside its own are within its scope too: what has one cause is seldom of one
    kind, and a list of assets that was drawn up by the first alert alone is the wrong one.
    """
    item = desk.incidents.get(incident)
    beside = sorted(
        {
            alert.labels.get("domain", "unknown")
            for alert in desk.alerts.firing()
            if alert.severity in ("P1", "P2")
        }
        - {item.family}
    )
    known = item.family in SCOPE
    names = set(SCOPE.get(item.family, ASSETS))
    for family in beside:
        names |= set(SCOPE.get(family, ()))
    rows: dict[str, Any] = {}
    missing: dict[str, str] = {}
    for name, asset in ASSETS.items():
        if name not in names:
            continue
        try:
            rows[name] = _row(desk, asset)
        except (NoData, Reverted, UnknownName) as error:
            missing[name] = str(error)
    times = [row["exhausted_in"] for row in rows.values() if row["exhausted_in"] is not None]
    return {
        "incident": incident, "family": item.family, "as_of": desk.now, "block": desk.at().block,
        "assets": rows, "missing": missing, "families": [item.family, *beside],
        "assumed": [] if known else ["the family is not in the table: everything is in reach"],
        "users": max((row["users"] for row in rows.values()), default=0),
        "exhausted_in": min(times, default=None),
    }  # fmt: skip


def card_of(item: Incident) -> Mapping[str, Any] | None:
    """Return the impact card that is kept on an incident, or None where none was made."""
    card: Mapping[str, Any] | None = item.notes.get("impact")
    return card


def widened(card: Mapping[str, Any], now: Mapping[str, Any]) -> list[str]:
    """Return what *now* shows that the *card* did not: assets, families, losses that were not there.

    A loss counts where more went within an hour than the card had at a tenth of what is at risk.
    """
    found = [f"asset {name}" for name in now["assets"] if name not in card["assets"]]
    found += [f"family {name}" for name in now["families"] if name not in card["families"]]
    for name, row in now["assets"].items():
        before = card["assets"].get(name)
        if before is None:
            continue
        limit = max(2 * before["lost_last_hour"], before["at_risk"] // 10)
        if row["lost_last_hour"] > limit > 0 and name != "issuance":
            found.append(f"loss of {name}")
    return found
