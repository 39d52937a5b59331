"""Economic monitoring of the market: price, volatility, volume and who makes it (ME1, ME3)."""

from __future__ import annotations

import math
from collections.abc import Iterator

from twin.catalog import Settings, check, every
from twin.desk.port import Desk, LogRecord, View
from twin.desk.steps import Finding
from twin.errors import Reverted
from twin.procedures.monitoring.flows import Flows, PatternLimits, flows, suspects, venue_patterns
from twin.procedures.prices import PPM, distance_ppm, median, middles, wrong_of
from twin.procedures.reading import read_all

__all__ = [
    "PriceLimits",
    "spots",
    "token_price",
    "trading_patterns",
    "volatility_ppm",
]


class PriceLimits(Settings):
    """Limits of ME1 in ppm: depeg of spot and average, gaps between prices, daily volatility.

    The average is over *twap* seconds, the volatility over *window*.
    """

    max_depeg: int = 20_000
    max_gap: int = 15_000
    max_lag: int = 10_000
    max_volatility: int = 60_000
    twap: int = 1_800
    window: int = 7_200


def volatility_ppm(prices: Iterator[tuple[int, int]], window: int) -> int:
    """Return the realised volatility of (second, price) over *window* seconds, ppm a root day.

    The square root of the sum of squared log returns, scaled to a day. Prices are sampled every
    five minutes: returns trade by trade would count each bounce between buyers and sellers.
    """
    squares, last, slot = 0.0, 0, -1
    for second, price in prices:
        if second // 300 == slot or price <= 0:
            continue
        if last:
            squares += math.log(price / last) ** 2
        last, slot = price, second // 300
    return round(math.sqrt(squares * 86_400 / window) * PPM)


def spots(records: list[LogRecord]) -> Iterator[tuple[int, int]]:
    """Yield (second, price in 1e-9) after each change of the pool's reserves."""
    for record in records:
        pt, stable = record.args["pt"], record.args["stable"]
        if pt:
            yield record.timestamp, stable * 10**9 // pt


def _average(view: View, window: int) -> int | None:
    """Return the pool's time-weighted price in 1e-6, None while its history is too short."""
    try:
        price: int = view.read("LiquidityPool", "consult", window)[0]
    except Reverted:
        return None
    return price // 100


@check(
    "ME1",
    "System Monitoring / Economic Monitoring / Token price and volatility tracking",
    cadence=every(minutes=15),
    inputs=("LiquidityPool.reserves and consult", "Synced logs", "venue tickers"),
    evidence="spot, average and venue median, their gaps, realised volatility, depeg",
    settings=PriceLimits,
)
def token_price(desk: Desk, settings: PriceLimits) -> Finding:
    """Token price and volatility tracking.

    Three prices are held against par and against each other: the pool's spot, its time-weighted
    average, and the median of the venues. An average that lags a falling spot is what Iron's
    redemptions were paid by (2021-06-16); a venue far from the median has a price of its own.
    """
    view = desk.at()
    ((pt, stable, _updated),) = read_all(view, [("LiquidityPool", "reserves", ())])
    if not pt or not stable:
        return Finding("no-data", "the pool is empty", problems={"empty": 1})
    spot, average, venues = stable * PPM // pt, _average(view, settings.twap), middles(desk)
    outside = median(list(venues.values())) if venues else None
    records = view.logs("LiquidityPool", "Synced", since=desk.now - settings.window)
    volatility = volatility_ppm(spots(records), settings.window)
    reference = median([spot, *venues.values()])
    local = [
        name for name, price in venues.items() if distance_ppm(price, reference) > settings.max_gap
    ]
    problems = {
        "depeg": int(distance_ppm(spot, PPM) > settings.max_depeg),
        "lag": int(average is not None and distance_ppm(spot, average) > settings.max_lag),
        "venue-gap": int(outside is not None and distance_ppm(spot, outside) > settings.max_gap),
        "venue-local": len(local) if len(venues) > 1 else 0,
        "volatility": int(volatility > settings.max_volatility),
        "no-venue": int(bool(desk.venues.names()) and not venues),
    }
    wrong = wrong_of(problems)
    return Finding(
        verdict="finding" if wrong else "ok",
        summary=f"price of PT: {', '.join(wrong)}" if wrong else "price of PT inside its bands",
        data={
            "spot": spot, "twap": average, "venues": venues, "venue_median": outside,
            "local": local, "volatility_ppm": volatility, "changes": len(records),
            "block": view.block,
        },
        problems=problems,
    )  # fmt: skip


@check(
    "ME3",
    "System Monitoring / Economic Monitoring / Trading volume and pattern analysis",
    cadence=every(hours=1),
    inputs=("Swapped logs", "PT and stable Transfer logs", "venue trades and books"),
    evidence="pattern report: flow by address, rings, volume over depth, suspicious set",
    settings=PatternLimits,
)
def trading_patterns(desk: Desk, settings: PatternLimits) -> Finding:
    """Trading volume and pattern analysis.

    Per address what it gave and took; accounts that trade much and end where they began; cycles of
    token transfers between traders; volume against the depth that it met; and whether one account
    moves a thin market (Mango, 2022-10-11).
    """
    view = desk.at()
    ((pt, stable, _updated),) = read_all(view, [("LiquidityPool", "reserves", ())])
    if not pt or not stable:
        return Finding("no-data", "the pool is empty", problems={"empty": 1})
    seen: Flows = flows(desk, view, settings)
    suspicious = suspects(seen, settings)
    ring_volume = 0
    for account in suspicious["ring"]:
        ring_volume += seen.gross.get(account, 0)
    depth = stable // 20  # what stands within about ten percent of the price, one side
    pushed = seen.price_range_ppm()
    dominant = seen.dominant()
    venues = venue_patterns(desk, settings)
    problems = {
        "wash": len(suspicious["round_trips"]),
        "ring": int(len(suspicious["ring"]) > 1),
        "churn": int(seen.volume > settings.max_churn * depth),
        "pump": int(
            pushed > settings.max_push and dominant["share_ppm"] > settings.max_dominance
        ),
        "venue-wash": len(venues["suspicious"]),
    }  # fmt: skip
    wrong = wrong_of(problems)
    return Finding(
        verdict="finding" if wrong else "ok",
        summary=f"trading: {', '.join(wrong)}" if wrong else "trading looks like a market",
        data={
            "window": settings.window, "volume": seen.volume, "swaps": seen.swaps,
            "accounts": len(seen.gross), "volume_over_depth_ppm": seen.volume * PPM // max(1, depth),
            "price_range_ppm": pushed, "dominant": dominant, "ring_volume": ring_volume,
            **suspicious, "venues": venues, "block": view.block,
        },
        problems=problems,
    )  # fmt: skip
