"""Who trades with whom: flows by address, rings of transfers, repeated sizes (for ME3)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from twin.catalog import Settings
from twin.desk.port import Desk, LogRecord, View
from twin.errors import NoData
from twin.procedures.prices import PPM

__all__ = ["Flows", "PatternLimits", "cycles", "flows", "suspects", "venue_patterns"]

Account = bytes

REPEATED = 4
"""Trades of one exact size that make it a repeated one."""


class PatternLimits(Settings):
    """Limits of ME3: shares in ppm, *min_volume* in stable units, *window* in seconds.

    An account is suspicious that trades *min_volume* or more in *min_swaps* or more and is left
    with less than *max_net* of it. *max_churn* is volume over depth, *max_push* the range of the
    price, *max_dominance* one account's share of the net flow of its side. At a venue *max_repeated* is the
    share of trades whose exact size occurs again and again, from *min_trades* on.
    """

    window: int = 10_800
    min_volume: int = 50_000 * 10**6
    min_swaps: int = 10
    max_net: int = 100_000
    max_churn: int = 10
    max_push: int = 50_000
    max_dominance: int = 700_000
    max_repeated: int = 300_000
    min_trades: int = 10


@dataclass(slots=True)
class Flows:
    """What each account traded with the pool within a window, in stable units.

    *gross* counts both ways, *net* is bought less sold, *count* swaps; *low* and *high* are prices
    in 1e-9. *edges* are who sent tokens to whom, between accounts that trade.
    """

    gross: dict[Account, int] = field(default_factory=dict)
    net: dict[Account, int] = field(default_factory=dict)
    count: dict[Account, int] = field(default_factory=dict)
    edges: dict[Account, dict[Account, int]] = field(default_factory=dict)
    volume: int = 0
    swaps: int = 0
    low: int = 0
    high: int = 0

    def price_range_ppm(self) -> int:
        """Return how far apart the lowest and the highest price of the window are, ppm."""
        return (self.high - self.low) * PPM // self.low if self.low else 0

    def dominant(self) -> dict[str, Any]:
        """Return the account with the largest net flow, and its share of that side's, ppm.

        Whoever takes the other side, an arbitrageur perhaps, makes it no smaller.
        """
        if not any(self.net.values()):
            return {"account": None, "share_ppm": 0, "net": 0}
        account = max(self.net, key=lambda one: (abs(self.net[one]), one))
        mine, side = self.net[account], 0
        for value in self.net.values():
            side += abs(value) if (value > 0) == (mine > 0) else 0
        return {"account": account, "share_ppm": abs(mine) * PPM // side, "net": mine}


def flows(desk: Desk, view: View, settings: PatternLimits) -> Flows:
    """Read the swaps and the transfers of the window."""
    since, found = desk.now - settings.window, Flows()
    pt = desk.register.address("PaymentToken")
    for record in view.logs("LiquidityPool", "Swapped", since=since):
        _swap(found, record, pt)
    prices = [_price(item) for item in view.logs("LiquidityPool", "Synced", since=since)]
    found.low, found.high = min(prices, default=0), max(prices, default=0)
    for token in ("PaymentToken", "StableAsset"):
        for record in view.logs(token, "Transfer", since=since):
            _transfer(found, record)
    return found


def _price(record: LogRecord) -> int:
    price: int = record.args["stable"] * 10**9 // max(1, record.args["pt"])
    return price


def _swap(found: Flows, record: LogRecord, pt: bytes) -> None:
    args = record.args
    sells = args["tokenIn"] == pt
    worth: int = args["amountOut"] if sells else args["amountIn"]
    sender: bytes = args["sender"]
    found.gross[sender] = found.gross.get(sender, 0) + worth
    found.net[sender] = found.net.get(sender, 0) + (-worth if sells else worth)
    found.count[sender] = found.count.get(sender, 0) + 1
    found.volume += worth
    found.swaps += 1


def _transfer(found: Flows, record: LogRecord) -> None:
    """Keep a transfer between two accounts that both trade with the pool."""
    sender, receiver = record.args["from"], record.args["to"]
    if sender in found.gross and receiver in found.gross and sender != receiver:
        reached = found.edges.setdefault(sender, {})
        reached[receiver] = reached.get(receiver, 0) + record.args["value"]


def cycles(edges: Mapping[Account, Mapping[Account, int]]) -> list[list[Account]]:
    """Return the groups of accounts that pass tokens round: strongly connected, two or more.

    Tarjan 1972, without recursion; groups and members in order of address.
    """
    index: dict[Account, int] = {}
    low: dict[Account, int] = {}
    stack: list[Account] = []
    standing: set[Account] = set()
    groups: list[list[Account]] = []
    for root in sorted(edges):
        if root in index:
            continue
        work = [(root, iter(sorted(edges.get(root, {}))))]
        index[root] = low[root] = len(index)
        stack.append(root)
        standing.add(root)
        while work:
            node, following = work[-1]
            other = next(following, None)
            if other is None:
                work.pop()
                if work:
                    low[work[-1][0]] = min(low[work[-1][0]], low[node])
                if low[node] == index[node]:
                    groups.append(_popped(stack, standing, node))
            elif other not in index:
                index[other] = low[other] = len(index)
                stack.append(other)
                standing.add(other)
                work.append((other, iter(sorted(edges.get(other, {})))))
            elif other in standing:
                low[node] = min(low[node], index[other])
    return sorted(group for group in groups if len(group) > 1)


def _popped(stack: list[Account], standing: set[Account], node: Account) -> list[Account]:
    """Take the group of *node* off the *stack*."""
    group = []
    while True:
        member = stack.pop()
        standing.discard(member)
        group.append(member)
        if member == node:
            return sorted(group)


def suspects(seen: Flows, settings: PatternLimits) -> dict[str, list[Account]]:
    """Return the accounts that trade in circles: alone, and as members of a ring.

    One that trades much and is left with little is a round tripper, unless it is one of the few who
    carry prices between markets: arbitrage nets out elsewhere, and its volume follows the gap, so
    that alone it is a note in the report and no ring.
    """
    ring = [account for group in cycles(seen.edges) for account in group]
    round_trips = [
        account
        for account in sorted(seen.gross)
        if account in ring
        and seen.gross[account] >= settings.min_volume
        and seen.count[account] >= settings.min_swaps
    ]
    flat = [
        account
        for account in sorted(seen.gross)
        if seen.gross[account] >= settings.min_volume
        and seen.count[account] >= settings.min_swaps
        and abs(seen.net[account]) * PPM < settings.max_net * seen.gross[account]
    ]
    return {"ring": ring, "round_trips": round_trips, "flat": flat}


def venue_patterns(desk: Desk, settings: PatternLimits) -> dict[str, Any]:
    """Return per venue the share of trades of a repeated size, and volume over depth.

    Accounts are not public at a venue. What people want to trade differs from one to the next; a
    ring passes one lot round and round (clustered sizes: Cong, Li, Tang and Yang 2023).
    """
    found: dict[str, Any] = {"suspicious": [], "sizes": {}, "unread": {}}
    for venue in desk.venues.names():
        try:
            book = desk.services.exchanges.book(venue)
            trades = desk.services.exchanges.trades(venue, since=desk.now - settings.window)
        except NoData as error:
            found["unread"][venue] = str(error)
            continue
        counts: dict[int, int] = {}
        volume = depth = repeated = 0
        for item in trades:
            counts[item.quantity] = counts.get(item.quantity, 0) + 1
            volume += item.quantity
        for _price, quantity in (*book.bids, *book.asks):
            depth += quantity
        for count in counts.values():
            repeated += count if count >= REPEATED else 0
        share = repeated * PPM // max(1, len(trades))
        found["sizes"][venue] = {
            "trades": len(trades), "repeated_ppm": share,
            "volume_over_depth_ppm": volume * PPM // max(1, depth),
        }  # fmt: skip
        if len(trades) >= settings.min_trades and share > settings.max_repeated:
            found["suspicious"].append(venue)
    return found
