"""The risk of a change in points, and how well such points told failures before."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from twin.desk.port import Desk
from twin.procedures.change.plan import calls_of
from twin.procedures.change.register import stress

__all__ = ["BANDS", "calibration", "rated"]

BANDS = ((0, 3), (4, 6), (7, 10))
"""Points of low, medium and high risk."""

CARRIED_OUT = ("executed", "done", "closed", "failed", "rolled-back")
FAILED = ("failed", "rolled-back")
MOVES_MONEY = ("Reserve", "PaymentToken", "Settlement", "LiquidityPool", "Conversion")
PPM = 1_000_000


def rated(desk: Desk, entry: Mapping[str, Any], max_gap_ppm: int) -> dict[str, Any]:
    """Return the points of *entry* by part, 0 to 10 in all, and why."""
    plan, diff = entry["plan"], entry["diff"]
    calls = calls_of(plan)
    contracts = {call.contract for call in calls}
    blast = min(3, (len(diff) > 1) + (len(contracts) > 1) + bool(contracts & set(MOVES_MONEY)))
    reversible = 0 if plan["risk"]["reversible"] else 2
    reversible += plan["back"]["kind"] == "forward-fix"
    known = set()
    for other in desk.stores.entries("change"):
        if other.id != entry["id"] and other.state in CARRIED_OUT:
            known |= set(other.data.get("intended") or ())
    novelty = 0 if set(plan["expect"]) <= known else 1
    steps = [_step(before, after) for before, after in diff.values()]
    size = 2 if max(steps, default=0) >= 2 * PPM else 1 if max(steps, default=0) >= PPM // 2 else 0
    market = 1 if stress(desk, max_gap_ppm) else 0
    parts = {"blast": blast, "reversibility": reversible, "novelty": novelty, "size": size,
             "market": market}  # fmt: skip
    total = 0
    for points in parts.values():
        total += points
    return {"points": min(10, total), "parts": parts, "declared": plan["risk"]["level"]}


def _step(before: Any, after: Any) -> int:
    """Return how far a value moves, in ppm of what it was."""
    if not isinstance(before, int) or not isinstance(after, int) or not before:
        return PPM
    return abs(after - before) * PPM // abs(before)


def calibration(desk: Desk) -> list[dict[str, Any]]:
    """Return by band how many rated changes were carried out, and how many of those failed."""
    rows = []
    for low, high in BANDS:
        inside = [
            entry for entry in desk.stores.entries("change")
            if entry.state in CARRIED_OUT and low <= int(entry.data.get("points", -1)) <= high
        ]  # fmt: skip
        failed = [entry for entry in inside if entry.state in FAILED]
        rows.append({"from": low, "to": high, "changes": len(inside), "failed": len(failed)})
    return rows
