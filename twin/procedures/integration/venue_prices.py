"""Prices across venues, and the indices that venues mark by: the working parts of IX4."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from twin.catalog import Settings
from twin.desk.port import Desk, VenueIndex
from twin.errors import NoData
from twin.procedures.prices import PPM, distance_ppm, median, middles

__all__ = ["MarketData", "audit_index", "depths_of", "reference", "rejected"]


class MarketData(Settings):
    """Limits of IX4 in ppm: of a print and of an index against the reference, of index weights.

    Prints of the last *window* seconds are looked at. A venue's own book may weigh *max_own_weight*
    in its own index where there are others; *min_depth* PT units within 1 % make a constituent.
    """

    max_print_gap: int = 30_000
    max_index_gap: int = 10_000
    max_own_weight: int = 600_000
    min_depth: int = 5_000 * 10**6
    window: int = 1_800


def reference(desk: Desk) -> tuple[int, dict[str, int]]:
    """Return the median of all venues' middles and the pool's price, and those by name.

    Raises NoData where nothing has a price.
    """
    prices = middles(desk)
    pt, stable, _updated = desk.at().read("LiquidityPool", "reserves")
    if pt and stable:
        prices["pool"] = stable * PPM // pt
    if not prices:
        raise NoData("neither pool nor venue has a price")
    return median(list(prices.values())), prices


def rejected(desk: Desk, venue: str, fair: int, settings: MarketData) -> list[dict[str, Any]]:
    """Return the last prints of *venue* that lie too far from *fair*, for an index to leave out."""
    trades = desk.services.exchanges.trades(venue, since=desk.now - settings.window)
    return [
        {"at": item.at, "price": item.price, "quantity": item.quantity,
         "gap_ppm": distance_ppm(item.price, fair)}
        for item in trades
        if distance_ppm(item.price, fair) > settings.max_print_gap
    ]  # fmt: skip


def audit_index(
    desk: Desk, venue: str, prices: Mapping[str, int], settings: MarketData, *, fair: int,
    depths: Mapping[str, int],
) -> tuple[dict[str, int], dict[str, Any]]:  # fmt: skip
    """Audit the index of *venue*: composition, arithmetic, distance from *fair*, thin parts.

    *depths* are those of all books, see `depths_of`.
    """
    index = desk.services.exchanges.index(venue)
    others = [name for name in prices if name not in (venue, "pool")]
    counted = {part.venue: part.weight for part in index.parts}
    missing = [name for name in others if name not in counted]
    own = counted.get(venue, 0)
    thin = [name for name in counted if depths.get(name, 0) < settings.min_depth]
    gap = distance_ppm(index.value, fair)
    problems = {
        "index-composition": int(
            bool(missing) or bool(others and own > settings.max_own_weight)
        ),
        "index-arithmetic": int(_wrong_sum(index)),
        "index-off": int(gap > settings.max_index_gap),
        "index-thin": int(bool(thin and others)),
    }  # fmt: skip
    facts = {
        "value": index.value, "weights": counted, "missing": missing, "thin": thin, "gap_ppm": gap,
    }  # fmt: skip
    return problems, facts


def _wrong_sum(index: VenueIndex) -> bool:
    """Say whether weights and value are not what the parts make them, a unit of rounding aside."""
    weight = total = 0
    for part in index.parts:
        weight += part.weight
        total += part.weight * part.price
    return weight != PPM or abs(total // PPM - index.value) > 1


def depths_of(desk: Desk) -> dict[str, int]:
    """Return the depth of every venue's book within 1 % of its middle, PT units."""
    return {venue: _depth(desk, venue) for venue in desk.services.exchanges.names()}


def _depth(desk: Desk, venue: str) -> int:
    """Return the lesser side of the book of *venue* within 1 % of its middle; 0 without an answer."""
    try:
        book = desk.services.exchanges.book(venue)
    except NoData:
        return 0
    if not book.bids or not book.asks:
        return 0
    middle = (book.bids[0][0] + book.asks[0][0]) // 2
    bid = ask = 0
    for price, quantity in book.bids:
        bid += quantity if price * 100 >= middle * 99 else 0
    for price, quantity in book.asks:
        ask += quantity if price * 100 <= middle * 101 else 0
    return min(bid, ask)
