"""Payment Token operations: the fee that steers the use of the network (TP)."""

from __future__ import annotations

from typing import Any

from pydantic import Field

from twin.catalog import Settings, every, runbook
from twin.desk.port import Desk
from twin.desk.steps import Act, Case, Decide, Finding, Look, Runbook, Work

__all__ = ["FeeAdjustment", "adjust_fee", "next_fee", "stability"]

PPM = 1_000_000
SWAP = 0
"""FeeSchedule's kind of the swap fee."""


class FeeAdjustment(Settings):
    """Parameters of TP4's controller.

    *target* is the swap volume per *period* to steer to, in stable units (6 decimals); 0 leaves
    the fee alone. *gain_ppm* multiplies the relative error, *dead_band_ppm* is the error that is
    not answered. *elasticity_ppm* is an assumption about demand, used only to report the
    stability margin (the elasticity is never known).
    """

    target: int = Field(default=0, ge=0)
    period: int = Field(default=21_600, ge=1)
    gain_ppm: int = Field(default=400_000, ge=0)
    dead_band_ppm: int = Field(default=150_000, ge=0)
    elasticity_ppm: int = Field(default=1_000_000, ge=0)
    max_metric_age: int = Field(default=900, ge=0)


def next_fee(fee: int, volume: int, settings: FeeAdjustment, *, bounds: dict[str, int]) -> int:
    """Return the fee in pips that answers *volume*, inside every guard rail.

    The exponential update fee x exp(gain x error) to second order in integers: its average
    under bang-bang demand stays at the target where a linear step drifts upward. The error is
    (volume - target)/target, clipped to +-1; *bounds* hold min, max and max_step in pips. A
    steward never waives a fee, so that 1 pip is the least.
    """
    error = max(-PPM, min(PPM, (volume - settings.target) * PPM // settings.target))
    if abs(error) <= settings.dead_band_ppm:
        return fee
    exponent = settings.gain_ppm * error // PPM
    growth = PPM + exponent + exponent * exponent // (2 * PPM)
    step = fee * growth // PPM - fee
    step = max(-bounds["max_step"], min(bounds["max_step"], step))
    return max(1, bounds["min"], min(bounds["max"], fee + step))


def stability(settings: FeeAdjustment) -> dict[str, int]:
    """Return critical gain x elasticity, the margin, and the critical elasticity, in ppm.

    A loop that reacts k periods late is stable while gain x elasticity stays below
    2 sin(pi / (2(2k + 1))). Observation takes one whole period, so k = 1: the limit is 1.000.
    """
    critical = PPM
    loop = settings.gain_ppm * settings.elasticity_ppm // PPM
    return {
        "delay_periods": 1,
        "critical_ppm": critical,
        "margin_ppm": critical * PPM // max(1, loop),
        "critical_elasticity_ppm": critical * PPM // max(1, settings.gain_ppm),
    }


def _measure(desk: Desk, settings: FeeAdjustment) -> dict[str, Any]:
    """Look at what the controller needs: volume, its age, fee, bounds, what forbids a change."""
    volume = desk.metrics.query(f"increase(fictra_pool_volume_stable_total[{settings.period}s])")
    age = desk.metrics.query("time() - timestamp(fictra_pool_volume_stable_total)")
    fee, low, high, max_step, min_delay, changed = desk.at().read("FeeSchedule", "schedule", SWAP)[
        :6
    ]
    return {
        "volume": round(volume[0][1] * 10**6) if volume else None,
        "metric_age": round(age[0][1]) if age else None,
        "fee": fee,
        "min": low,
        "max": high,
        "max_step": max_step,
        "due_in": max(0, changed + min_delay - desk.now),
        "frozen_by": [item.id for item in desk.incidents.open() if item.family == "oracle"],
    }


def _obstacle(seen: dict[str, Any], settings: FeeAdjustment) -> str | None:
    """Say which guard rail forbids any change now, or None."""
    if seen["metric_age"] is None or seen["metric_age"] > settings.max_metric_age:
        return "the volume metric is stale"
    if seen["frozen_by"]:
        return f"frozen by {', '.join(seen['frozen_by'])}"
    if seen["due_in"]:
        return f"cooling down for {seen['due_in']} s"
    return None


@runbook(
    "TP4",
    "Token Management / Payment Token Operations / Transaction fee adjustment",
    cadence=every(hours=6),
    role="fee-steward",
    effort=900,
    inputs=("swap volume series", "FeeSchedule.schedule", "open incidents"),
    evidence="change record: measurement, guard rails, stability margin, effect",
    settings=FeeAdjustment,
)
def adjust_fee(case: Case, settings: FeeAdjustment) -> Runbook:
    """Transaction fee adjustment.

    A bounded, cooled-down controller steers swap volume toward the declared target through the
    steward path. Every guard rail that holds a change back is named in the evidence.
    """
    if not settings.target:
        return Finding("ok", "no volume target is declared: the fee stays", {"cause": case.cause})
    seen = yield Look("How much was swapped, and may the fee change?", _measure, (settings,))
    facts = {**seen, **stability(settings), "target": settings.target}
    if seen["volume"] is None:
        return Finding("no-data", "swap volume has no data", facts, {"no-data": 1})
    obstacle = _obstacle(seen, settings)
    fee = seen["fee"] if obstacle else next_fee(seen["fee"], seen["volume"], settings, bounds=seen)
    if fee == seen["fee"]:
        why = obstacle or "volume inside the dead band, or the fee at its bound"
        return Finding("ok", f"fee stays: {why}", facts)
    yield Work("fee-steward", 900, "review the measurement and the proposed fee")
    choice = yield Decide(
        "fee-steward",
        f"Change the swap fee from {seen['fee']} to {fee} pips?",
        ("change", "leave"),
        "change",
        facts,
    )
    if choice != "change":
        return Finding("refused", "the steward left the fee as it is", facts)
    result = yield Act(
        "fee_steward", "FeeSchedule", "adjust", (SWAP, fee), f"volume {seen['volume']}"
    )
    facts |= {"new_fee": fee, "result": result}
    if not result["success"]:
        return Finding("failed", f"fee not changed: {result['reason']}", facts, {"act": 1})
    return Finding("done", f"swap fee {seen['fee']} -> {fee} pips", facts)
