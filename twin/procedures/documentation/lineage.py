"""Figures with lineage: where each number came from, and what is wrong with a proof of them.

A figure is a mapping with `unit`, `source` and `query` beside its value, so that whoever doubts it
can ask again. A distribution has `median`, `low`, `high`, `p90` and `worst`; a single value `value`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from twin.procedures.routine.distributions import interval

__all__ = ["ITEMS", "figure", "judged", "lines", "spread"]

ITEMS = ("wrong", "mean-only", "cherry-picked", "unsupported", "stale")
"""What can be wrong with a proof: a figure changed, its interval dropped, the unwelcome one left
out, one that no data stands behind, one that is older than the report says."""

DISTRIBUTION = ("median", "low", "high", "p90", "worst")


def figure(value: Any, unit: str, *, source: str, query: str, as_of: int) -> dict[str, Any]:
    """Return a figure of one *value*, or None where there is no data."""
    return {"value": value, "unit": unit, "source": source, "query": query, "as_of": as_of}


def spread(
    values: Sequence[int], unit: str, *, source: str, query: str, as_of: int
) -> dict[str, Any]:
    """Return a figure of a distribution: median with the 90 % interval of its order statistics."""
    found: dict[str, Any] = {"unit": unit, "source": source, "query": query, "as_of": as_of,
                             "count": len(values)}  # fmt: skip
    if not values:
        return {**found, **dict.fromkeys(DISTRIBUTION)}
    ordered = sorted(values)
    low, high, level = interval(len(ordered), 500_000)
    rank = -(-len(ordered) * 9 // 10)
    return {
        **found, "median": ordered[(len(ordered) - 1) // 2], "low": ordered[low - 1],
        "high": ordered[high - 1], "confidence_ppm": level, "p90": ordered[rank - 1],
        "worst": ordered[-1],
    }  # fmt: skip


def _one(key: str, printed: Mapping[str, Any], found: Mapping[str, Any]) -> tuple[str, str] | None:
    """Return (item, reason) of what is wrong with one printed figure, or None."""
    head = "median" if "median" in found else "value"
    if found.get(head) is None or not found.get("query"):
        return "unsupported", f"{key} has no data behind it"
    if head == "median" and any(part not in printed for part in ("low", "high", "p90")):
        return "mean-only", f"{key} is printed without its interval or its tail"
    parts = [
        part for part in ("value", *DISTRIBUTION, "ppm", "low_ppm", "high_ppm") if part in found
    ]
    wrong = [f"{part} {printed.get(part)} for {found[part]}" for part in parts
             if printed.get(part) != found[part]]  # fmt: skip
    return ("wrong", f"{key}: {', '.join(wrong)}") if wrong else None


def judged(
    proof: Mapping[str, Any],
    figures: Mapping[str, Mapping[str, Any]],
    *,
    counters: Mapping[str, str],
    now: int,
    max_age: int,
) -> dict[str, list[str]]:
    """Return what is wrong with *proof* by item, held against *figures* as they are found again.

    A figure may not be printed without the one that *counters* sets against it, and none that was
    assembled may be left out. One that is older than *max_age* seconds is stale.
    """
    wrong: dict[str, list[str]] = {item: [] for item in ITEMS}
    for key, found in figures.items():
        if key not in proof:
            wrong["cherry-picked"].append(f"{key} is left out")
            continue
        if said := _one(key, proof[key], found):
            wrong[said[0]].append(said[1])
        if now - int(found["as_of"]) > max_age:
            wrong["stale"].append(f"{key} is of {now - int(found['as_of'])} s ago")
    for key, counter in counters.items():
        if key in proof and key in figures and counter not in proof:
            wrong["cherry-picked"].append(f"{key} is printed without {counter}")
    wrong["unsupported"] += [f"{key} was never assembled" for key in proof if key not in figures]
    return wrong


def lines(proof: Mapping[str, Mapping[str, Any]]) -> str:
    """Return *proof* as text, a figure a line with its lineage."""
    told = []
    for key, one in proof.items():
        if "median" in one:
            told_of = {part: one.get(part, "-") for part in (*DISTRIBUTION, "count")}
            value = (
                f"median {told_of['median']} [{told_of['low']}..{told_of['high']}], "
                f"p90 {told_of['p90']}, worst {told_of['worst']} of {told_of['count']}"
            )
        else:
            value = f"{one.get('value')}"
        told.append(f"{key}: {value} {one.get('unit', '')} <- {one.get('query', '')}")
    return "\n".join(told)
