"""Economic monitoring: the liquidity pool and the oracle's answers (ME)."""

from __future__ import annotations

from math import isqrt
from typing import Any

from twin.catalog import Settings, check, every
from twin.desk.port import Desk, Quote, View
from twin.desk.steps import Finding
from twin.errors import NoData
from twin.procedures.reading import fresh_sources, read_all

__all__ = ["OracleData", "PoolHealth", "depth", "gap_ppm", "oracle_data", "pool_health"]

PPM = 1_000_000


class PoolHealth(Settings):
    """Limits of ME2; *min_depth_5* in stable units (6 decimals), shares in parts per million."""

    min_depth_5: int = 25_000 * 10**6
    max_imbalance_ppm: int = 150_000
    max_provider_share_ppm: int = 600_000
    max_exit_ppm: int = 200_000
    window: int = 86_400


def depth(reserve: int, percent: int) -> int:
    """Return how much of *reserve* must be added to move a constant-product price by *percent*.

    The price goes by (1 + percent/100) when the reserve goes by its square root, so the amount
    is reserve x (sqrt(1 + p) - 1), rounded down, in the reserve's units.
    """
    return isqrt(reserve * reserve * (100 + percent) // 100) - reserve


def _providers(view: View, *, since: int) -> tuple[dict[bytes, int], int]:
    """Net LP shares by provider since the start, and the shares removed since unix second *since*."""
    held: dict[bytes, int] = {}
    removed = 0
    for record in view.logs("LiquidityPool", "LiquidityAdded", since=0):
        owner = record.args["to"]
        held[owner] = held.get(owner, 0) + record.args["shares"]
    for record in view.logs("LiquidityPool", "LiquidityRemoved", since=0):
        owner = record.args["sender"]
        held[owner] = held.get(owner, 0) - record.args["shares"]
        if record.timestamp >= since:
            removed += record.args["shares"]
    return held, removed


@check(
    "ME2",
    "System Monitoring / Economic Monitoring / Liquidity pool monitoring",
    cadence=every(minutes=15),
    inputs=("LiquidityPool.reserves", "LiquidityAdded and LiquidityRemoved logs"),
    evidence="depth curve, imbalance, concentration and exit rate of the pool",
    settings=PoolHealth,
)
def pool_health(desk: Desk, settings: PoolHealth) -> Finding:
    """Liquidity pool monitoring.

    Depth at 1, 5 and 10 %, the imbalance of the reserves against the peg of 1.00, the largest
    provider's share, and the share of liquidity that left in *settings.window* seconds, with
    the time to exhaustion if it went on leaving at that rate.
    """
    view = desk.at()
    (pt, stable, _updated), supply = read_all(
        view, [("LiquidityPool", "reserves", ()), ("LiquidityPool", "totalSupply", ())]
    )
    if not pt or not stable or not supply:
        return Finding("no-data", "the pool is empty", problems={"empty": 1})
    held, removed = _providers(view, since=desk.now - settings.window)
    curve = {str(percent): depth(stable, percent) for percent in (1, 5, 10)}
    imbalance = abs(stable - pt) * PPM // (stable + pt)
    share = max(held.values(), default=0) * PPM // supply
    exit_ppm = removed * PPM // (supply + removed)
    problems = {
        "depth": int(curve["5"] < settings.min_depth_5),
        "imbalance": int(imbalance > settings.max_imbalance_ppm),
        "concentration": int(share > settings.max_provider_share_ppm),
        "exit": int(exit_ppm > settings.max_exit_ppm),
    }
    wrong = [name for name, count in problems.items() if count]
    return Finding(
        verdict="finding" if wrong else "ok",
        summary=f"pool outside limits: {', '.join(wrong)}" if wrong else "pool inside limits",
        data={
            "reserve_pt": pt,
            "reserve_stable": stable,
            "price_ppm": stable * PPM // pt,
            "depth_stable": curve,
            "imbalance_ppm": imbalance,
            "largest_provider_ppm": share,
            "exit_ppm": exit_ppm,
            "exhaustion_seconds": settings.window * supply // removed if removed else -1,
            "block": view.block,
        },
        problems=problems,
    )


class OracleData(Settings):
    """Limits of ME4: divergences in parts per million, ages in seconds."""

    max_divergence_ppm: int = 30_000
    max_spread_ppm: int = 50_000
    min_sources: int = 2
    max_index_age: int = 1800


def gap_ppm(value: int, reference: int) -> int:
    """Return abs(value - reference) / abs(reference) in parts per million, rounded down."""
    return abs(value - reference) * PPM // max(1, abs(reference))


def _index(desk: Desk, commodity: str, max_age: int) -> Quote | None:
    try:
        quote = desk.feeds.index(commodity)
    except NoData:
        return None
    return quote if desk.now - quote.at <= max_age else None


def _feed(
    desk: Desk, view: View, commodity: str, settings: OracleData
) -> tuple[dict[str, int], dict[str, Any]]:
    """Verify one feed: problems by item, and the facts they rest on."""
    feed = desk.register.feed_id(commodity)
    (answer, updated, round_id, reporters), (_nodes, answers, observed), config = read_all(
        view,
        [
            ("OracleNetwork", "latest", (feed,)),
            ("OracleNetwork", "reports", (feed,)),
            ("OracleNetwork", "feedConfig", (feed,)),
        ],
    )
    _min, _max, heartbeat, _deviation, max_age, quorum = config
    fresh = [value for value, at in zip(answers, observed, strict=True) if desk.now - at <= max_age]
    spread = gap_ppm(max(fresh), min(fresh)) if fresh else 0
    sources = fresh_sources(desk, commodity, max_age=max_age)
    index = _index(desk, commodity, settings.max_index_age)
    divergence = gap_ppm(answer, index.price) if index else -1
    problems = {
        "divergence": int(divergence > settings.max_divergence_ppm),
        "no-index": int(index is None),
        "stale": int(desk.now - updated > heartbeat * 3 // 2),
        "quorum": int(reporters < quorum or len(fresh) < quorum),
        "spread": int(spread > settings.max_spread_ppm),
        "sources": int(len(sources) < settings.min_sources),
    }
    facts = {
        "answer": answer,
        "updated": updated,
        "round": round_id,
        "reporters": reporters,
        "fresh_reports": len(fresh),
        "spread_ppm": spread,
        "sources": sources,
        "index": index.price if index else None,
        "divergence_ppm": divergence,
    }
    return problems, facts


@check(
    "ME4",
    "System Monitoring / Economic Monitoring / Oracle data verification",
    cadence=every(minutes=5),
    inputs=("OracleNetwork.latest and reports", "signed reports", "independent index"),
    evidence="verification log per feed: divergence, age, spread, quorum, sources",
    settings=OracleData,
)
def oracle_data(desk: Desk, settings: OracleData) -> Finding:
    """Oracle data verification.

    Every feed's answer is held against an independent index, its age against its heartbeat, its
    fresh reports against quorum and spread, and the data sources that the signed reports name
    are counted: seven nodes on one source are one opinion (sKRW, 2019-06-25).
    """
    view = desk.at()
    total: dict[str, int] = {}
    data: dict[str, Any] = {"block": view.block}
    for commodity in desk.register.commodities():
        problems, facts = _feed(desk, view, commodity, settings)
        data[commodity] = {**facts, "problems": [name for name, n in problems.items() if n]}
        for name, count in problems.items():
            total[name] = total.get(name, 0) + count
    wrong = [name for name, count in total.items() if count]
    if not total:
        return Finding("no-data", "there is no feed to verify")
    return Finding(
        verdict="finding" if wrong else "ok",
        summary=f"oracle data: {', '.join(wrong)}" if wrong else "oracle data verified",
        data=data,
        problems=total,
    )
