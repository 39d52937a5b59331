"""Data sources: licence, test symbol, bias against the index, and whether they are independent.

Two vendors are one opinion where their errors go together. The error is taken against what the
other vendors quote at the same second (against the index where there is no other), so that what
the index itself is off by does not look like agreement.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import isqrt
from typing import Any

from twin.desk.port import Desk
from twin.errors import NoData
from twin.procedures.routine.trends import median

__all__ = ["correlation_ppm", "opinions", "source_facts"]

PPM = 1_000_000


def correlation_ppm(left: Sequence[int], right: Sequence[int]) -> int:
    """Return Pearson's correlation of two series of integers, in millionths; 0 where one is flat."""
    count = len(left)
    if count < 2:
        return 0
    sums = sum(left), sum(right)
    cross = count * sum(a * b for a, b in zip(left, right, strict=True)) - sums[0] * sums[1]
    spread = [
        count * sum(value * value for value in series) - total * total
        for series, total in zip((left, right), sums, strict=True)
    ]
    if min(spread) <= 0:
        return 0
    return cross * PPM // max(1, isqrt(spread[0] * spread[1]))


def opinions(
    names: Sequence[str], pairs: Mapping[tuple[str, str], int], limit: int
) -> list[list[str]]:
    """Return *names* in groups whose members correlate above *limit*, directly or by others."""
    groups = [{name} for name in names]
    for (one, other), value in pairs.items():
        if value > limit:
            joined = [group for group in groups if one in group or other in group]
            groups = [group for group in groups if group not in joined]
            groups.append(set().union(*joined))
    return sorted(sorted(group) for group in groups)


def _errors(
    quotes: Mapping[str, Mapping[int, int]], index: Mapping[int, int], names: Sequence[str],
    without: tuple[str, str],
) -> tuple[list[int], list[int]]:  # fmt: skip
    """Return the errors of the two vendors *without*, in ppm, where all that is asked is there."""
    others = [name for name in names if name not in without]
    one, other = (quotes[name] for name in without)
    left, right = [], []
    for at in sorted(set(one) & set(other) & set(index)):
        said = [quotes[name][at] for name in others if at in quotes[name]]
        middle = median(said) if said else index[at]
        if middle:
            left.append((one[at] - middle) * PPM // abs(middle))
            right.append((other[at] - middle) * PPM // abs(middle))
    return left, right


def _vendor(desk: Desk, name: str, index: Mapping[int, int], said: Mapping[int, int], max_bias: int) -> dict[str, Any]:  # fmt: skip
    """Return what is known of one vendor by itself, and what is wrong with it."""
    vendors, wrong = desk.services.vendors, []
    about = vendors.vendor(name)
    errors = [
        (price - index[at]) * PPM // abs(index[at]) for at, price in said.items() if index.get(at)
    ]
    bias = median(errors)
    if about.licence_until < desk.now:
        wrong.append("licence")
    try:
        canary: int | None = vendors.canary(name)
    except NoData:
        canary = None
        wrong.append("silent")
    if canary is not None and canary != vendors.canary_value():
        wrong.append("canary")
    if abs(bias) > max_bias:
        wrong.append("bias")
    return {
        "commodity": about.commodity, "upstream": about.upstream, "samples": len(errors),
        "licence_until": about.licence_until, "canary": canary, "bias_ppm": bias, "wrong": wrong,
    }  # fmt: skip


def source_facts(
    desk: Desk, *, window: int, min_samples: int, max_bias_ppm: int, max_correlation_ppm: int
) -> dict[str, Any]:
    """Return every vendor, the independence matrix by pair, and the opinions by commodity."""
    vendors, since = desk.services.vendors, desk.now - window
    cards: dict[str, dict[str, Any]] = {}
    matrix: dict[str, int] = {}
    groups: dict[str, list[list[str]]] = {}
    by_commodity: dict[str, list[str]] = {}
    for name in vendors.names():
        by_commodity.setdefault(vendors.vendor(name).commodity, []).append(name)
    for commodity, names in by_commodity.items():
        index = {quote.at: quote.price for quote in vendors.reference(commodity, since=since)}
        quotes = {
            name: {quote.at: quote.price for quote in vendors.history(name, since=since)}
            for name in names
        }
        for name in names:
            cards[name] = _vendor(desk, name, index, quotes[name], max_bias_ppm)
        pairs: dict[tuple[str, str], int] = {}
        for place, one in enumerate(names):
            for other in names[place + 1 :]:
                left, right = _errors(quotes, index, names, (one, other))
                if len(left) >= min_samples:
                    pairs[one, other] = correlation_ppm(left, right)
        for (one, other), value in pairs.items():
            matrix[f"{one} {other}"] = value
            if value > max_correlation_ppm:
                cards[other]["wrong"].append("correlated")
        groups[commodity] = opinions(names, pairs, max_correlation_ppm)
    rejected = [
        str(entry.data["source"])
        for entry in desk.stores.entries("decision", unended=True)
        if entry.data.get("verdict") == "reject"
    ]
    return {"vendors": cards, "matrix": matrix, "opinions": groups, "rejected": rejected}
