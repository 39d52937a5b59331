"""What a change did: its criteria at the horizon, and series before and after it by ranks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import isqrt
from typing import Any, Protocol

from twin.desk.port import Desk
from twin.procedures.change.register import in_state
from twin.procedures.routine.trends import median

__all__ = ["WATCHED", "effects", "judged", "rank_z"]

SAMPLES = 24
SCALE = 10**6
PPM = 1_000_000
WATCHED: Mapping[str, tuple[str, int]] = {
    "confirmation": ("max(fictra_chain_confirmation_seconds)", 12_000_000),
    "reverts": ("rate(fictra_chain_reverted_transactions_total[30m])", 1_000),
    "peg": ("abs(fictra_pool_price_ratio - 1)", 5_000),
    "oracle_age": ("max(time() - fictra_oracle_updated_timestamp_seconds)", 60_000_000),
}
"""Series that no change should make worse, each worse when it rises, and by how much (in millionths
of its unit) it may: a block, a revert in a quarter of an hour, half a percent, a minute."""


class Limits(Protocol):
    """What the comparison is given."""

    @property
    def min_shift_ppm(self) -> int:
        """The least shift that counts, in ppm of the level before."""

    @property
    def z_milli(self) -> int:
        """From which rank statistic on it is no chance, in thousandths."""

    @property
    def min_samples(self) -> int:
        """How many values either side must have."""


def _number(text: Any) -> int | None:
    """Return a bound as the file has it, in millionths: evidence holds no floats."""
    return None if text is None else round(float(text) * SCALE)


def _value(desk: Desk, expr: str) -> int | None:
    """Return *expr* now in millionths, or as it last was within an hour."""
    found = desk.metrics.query(expr)
    found = found or desk.metrics.query(f"last_over_time(({expr})[1h:1m])")
    return round(found[0][1] * SCALE) if found else None


def _criterion(desk: Desk, criterion: Mapping[str, Any], since: int) -> dict[str, Any]:
    """Judge one criterion: its value, and the interval of its values, in millionths."""
    expr = str(criterion["expr"])
    value = _value(desk, expr)
    window = max(60, desk.now - since)
    step = max(60, window // 200)
    low = _value(desk, f"quantile_over_time(0.05, ({expr})[{window}s:{step}s])")
    high = _value(desk, f"quantile_over_time(0.95, ({expr})[{window}s:{step}s])")
    least, most = _number(criterion.get("min")), _number(criterion.get("max"))
    item = ""
    if value is None:
        item = "no-data"
    elif (least is not None and value < least) or (most is not None and value > most):
        item = "failed"
    return {"expr": expr, "value": value, "interval": [low, high], "min": least, "max": most,
            "item": item}  # fmt: skip


def judged(desk: Desk) -> list[dict[str, Any]]:
    """Return the changes whose horizon has come and that were not judged, or were judged early."""
    found = []
    for entry in in_state(desk, ("executed", "done")):
        horizon = entry["horizon_at"]
        before = entry.get("success")
        if before is None and entry["state"] == "done" and desk.now < horizon:
            found.append({"id": entry["id"], "due": False, "items": ["too-early"], "criteria": []})
        elif before is None and desk.now >= horizon and entry["state"] == "executed":
            rows = [_criterion(desk, one, entry["done_at"]) for one in entry["criteria"]]
            items = [row["item"] for row in rows if row["item"]]
            found.append({"id": entry["id"], "due": True, "at": desk.now, "items": items,
                          "criteria": rows, "passed": not items})  # fmt: skip
    return found


def rank_z(before: Sequence[int], after: Sequence[int]) -> int:
    """Return the normal statistic of Mann-Whitney's U in thousandths, above 0 where *after* is larger.

    Without a correction for ties, which makes it smaller than it is: the careful side.
    """
    wins = 0
    for one in after:
        for other in before:
            wins += 2 if one > other else 1 if one == other else 0
    product = len(before) * len(after)
    deviation = isqrt(product * (len(before) + len(after) + 1) * 10**6 // 12)
    return (wins - product) * 500 * 1000 // max(1, deviation)


def _samples(desk: Desk, expr: str, at: int, length: int) -> list[int]:
    """Return values of *expr* at even distances in the *length* seconds before unix second *at*."""
    step = max(60, length // SAMPLES)
    found = []
    for number in range(SAMPLES):
        back = desk.now - (at - number * step)
        offset = f" offset {back}s" if back else ""
        rows = desk.metrics.query(
            f"last_over_time(({expr})[{step}s:{max(60, step // 6)}s]{offset})"
        )
        if rows:
            found.append(round(rows[0][1] * SCALE))
    return found


def effects(desk: Desk, settings: Limits) -> list[dict[str, Any]]:
    """Return what each change whose horizon has come did to its criteria and to what is watched."""
    found = []
    for entry in in_state(desk, ("executed",)):
        if "effect" in entry or desk.now < entry["horizon_at"]:
            continue
        length = desk.now - entry["done_at"]
        series, items = {}, []
        for name, (expr, least) in WATCHED.items():
            row = _compared(desk, expr, entry["began_at"], length, least=least, settings=settings)
            series[name] = row
            if row["verdict"]:
                items.append(row["verdict"])
        found.append({"id": entry["id"], "series": series, "items": items})
    return found


def _compared(
    desk: Desk, expr: str, began: int, length: int, *, least: int, settings: Limits
) -> dict[str, Any]:
    before = _samples(desk, expr, began, length)
    after = _samples(desk, expr, desk.now, length)
    if min(len(before), len(after)) < settings.min_samples:
        return {
            "before": None,
            "after": None,
            "shift_ppm": None,
            "z_milli": None,
            "verdict": "no-data",
        }
    was, now = median(before), median(after)
    shift, z = (now - was) * PPM // max(1, abs(was)), rank_z(before, after)
    worse = now - was >= least and shift >= settings.min_shift_ppm and z >= settings.z_milli
    return {"before": was, "after": now, "shift_ppm": shift, "z_milli": z,
            "verdict": "regression" if worse else ""}  # fmt: skip
