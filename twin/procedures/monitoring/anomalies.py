"""Anomalies: rates against their own history, and patterns that an honest user does not make.

Rates are held against the median and the quartiles of the same measure over the week before, so
that one wild hour moves no limit (Hampel's identifier, with the interquartile range). Patterns need
no history: money that goes from one account to another that does nothing but receive, and swaps
that one account undoes for another within minutes.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from twin.desk.port import Desk, LogRecord

__all__ = ["RATES", "Flow", "Rate", "flows", "rate_of", "round_trips"]

RATES = (
    ("swaps", "increase(fictra_pool_swaps_total[1h])", 12.0),
    ("volume", "increase(fictra_pool_volume_stable_total[1h])", 20_000.0),
    ("reverts", "increase(fictra_chain_reverted_transactions_total[1h])", 6.0),
    ("transactions", "increase(fictra_chain_transactions_total[1h])", 30.0),
)
"""Name, measure, and the smallest spread that is believed, in the measure's unit."""

IQR_TO_SIGMA = 1.349
"""The interquartile range of a normal distribution in standard deviations."""

Direct = tuple[int, bytes, bytes, int]


@dataclass(frozen=True, slots=True)
class Rate:
    """A rate now beside its week: *score* is how many robust deviations it lies above the median.

    Tenths, and whole figures of the measure; *samples* are the hours that the week is known for.
    """

    name: str
    value: int
    median: int
    score_tenths: int
    samples: int


def _one(desk: Desk, expression: str) -> float | None:
    found = desk.metrics.query(expression)
    return found[0][1] if found else None


def rate_of(desk: Desk, name: str, measure: str, *, floor: float) -> Rate | None:
    """Return the rate *name* beside its history; None where the measure has no value now."""
    value = _one(desk, measure)
    if value is None:
        return None
    window = f"({measure})[7d:1h] offset 1h"
    samples = _one(desk, f"count_over_time({window})")
    if not samples:
        return Rate(name, round(value), round(value), 0, 0)
    low, median, high = (
        _one(desk, f"quantile_over_time({share}, {window})") or 0.0
        for share in ("0.25", "0.5", "0.75")
    )
    spread = max((high - low) / IQR_TO_SIGMA, floor)
    score = round(10 * (value - median) / spread)
    return Rate(name, round(value), round(median), score, round(samples))


@dataclass(frozen=True, slots=True)
class Flow:
    """*count* direct transfers of *token* from *sender* to *recipient*, *total* in its units."""

    token: str
    sender: bytes
    recipient: bytes
    count: int
    total: int
    first: int
    last: int

    def record(self) -> dict[str, Any]:
        """Return it for the evidence."""
        return {"token": self.token, "sender": self.sender, "recipient": self.recipient,
                "count": self.count, "total": self.total, "first": self.first, "last": self.last}  # fmt: skip


def flows(token: str, transfers: Iterable[LogRecord], *, ours: frozenset[bytes]) -> list[Flow]:
    """Return the direct flows among outsiders to recipients that only receive, largest first.

    A recipient that sends anything on, or deals with a contract of *ours*, is somebody's till.
    """
    active: set[bytes] = set()
    found: dict[tuple[bytes, bytes], list[tuple[int, int]]] = {}
    for record in transfers:
        args = record.args
        source, target = args["from"], args["to"]
        active.add(source)
        if target in ours:
            continue
        if source in ours:
            active.add(target)
            continue
        found.setdefault((source, target), []).append((record.timestamp, args["value"]))
    made = [
        Flow(token, source, target, len(moves), _total(amount for _at, amount in moves),
             moves[0][0], moves[-1][0])
        for (source, target), moves in found.items()
        if target not in active
    ]  # fmt: skip
    return sorted(made, key=lambda flow: (-flow.total, flow.sender, flow.recipient))


def _total(amounts: Iterable[int]) -> int:
    total = 0
    for amount in amounts:
        total += amount
    return total


def round_trips(
    swaps: Sequence[LogRecord], *, within: int, tolerance_ppm: int
) -> dict[tuple[bytes, bytes], list[int]]:
    """Return the second of each swap that undid the one before, by the unordered pair of traders.

    A swap undoes another when it goes the other way, takes in what that paid out within
    *tolerance_ppm* and its own payment likewise, and comes within *within* seconds.
    """
    found: dict[tuple[bytes, bytes], list[int]] = {}
    recent: list[LogRecord] = []
    for swap in swaps:
        recent = [item for item in recent if swap.timestamp - item.timestamp <= within]
        for place in range(len(recent) - 1, -1, -1):
            other = recent[place]
            if _undoes(swap, other, tolerance_ppm):
                first, second = sorted((swap.args["sender"], other.args["sender"]))
                found.setdefault((first, second), []).append(swap.timestamp)
                del recent[place]
                break
        recent.append(swap)
    return found


def _undoes(swap: LogRecord, other: LogRecord, tolerance_ppm: int) -> bool:
    new, old = swap.args, other.args
    if new["tokenIn"] == old["tokenIn"]:
        return False
    return _near(new["amountIn"], old["amountOut"], tolerance_ppm) and _near(
        new["amountOut"], old["amountIn"], tolerance_ppm
    )


def _near(one: int, two: int, tolerance_ppm: int) -> bool:
    return abs(one - two) * 1_000_000 <= tolerance_ppm * max(one, two)
