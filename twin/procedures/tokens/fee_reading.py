"""What the fee controller of TP4 sees and is bound by: settings, measurement, rails, reading."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise
from typing import Any, Literal

from pydantic import Field

from twin.catalog import Settings
from twin.control.law import (
    PPM,
    Exponential,
    Law,
    ProportionalIntegral,
    relative_error,
    retained_ppm,
)
from twin.control.rails import Change, Rails, Reading, cost_floor
from twin.control.stability import delay_periods
from twin.desk.port import Desk, LogRecord

__all__ = [
    "SWAP",
    "FeeAdjustment",
    "expected_volume_ppm",
    "flips",
    "law_of",
    "measure",
    "rails_of",
    "reading_of",
]

SWAP = 0
"""FeeSchedule's kind of the swap fee."""

LOOK_BACK = 30 * 86_400
"""Seconds of past changes that the elasticity is measured from."""


class FeeAdjustment(Settings):
    """Parameters of TP4's controller, each of which governance may vary.

    *target* is the swap volume per *period* to steer to, in stable units (6 decimals); 0 leaves
    the fee alone. The *form* is exponential with *gain_ppm*, or PI around *anchor* pips with
    *proportional_ppm*, *integral_ppm* and a leak of *leak_half_life* seconds over *history*
    periods. *dead_band_ppm* is the error that is not answered. A change moves the fee by the step
    that the contract allows, and by *max_in_window* pips within *window* seconds (0: no such rail).
    A metric may be *max_metric_age* old, a proposal *expiry*. The delay counts *observation_lag*
    (the average over a period is one period old), *vote* and *timelock*. *elasticity_ppm* is an
    assumption about demand until changes show one. *coin_price* (stable units, 0: no floor) ties
    the fee to the cost of *gas* for a trade of *typical_trade*. Each error is cut at *clip_ppm*.
    *freeze_stage* is the stage of run risk (TP2) from which the fee is left alone.
    """

    target: int = Field(default=0, ge=0)
    period: int = Field(default=21_600, ge=1)
    form: Literal["exponential", "pi"] = "exponential"
    gain_ppm: int = Field(default=400_000, ge=0)
    anchor: int = Field(default=3_000, ge=1)
    proportional_ppm: int = Field(default=200_000, ge=0)
    integral_ppm: int = Field(default=100_000, ge=0)
    leak_half_life: int = Field(default=30 * 86_400, ge=0)
    history: int = Field(default=8, ge=1, le=64)
    dead_band_ppm: int = Field(default=150_000, ge=0)
    clip_ppm: int = Field(default=PPM, ge=1)
    window: int = Field(default=0, ge=0)
    max_in_window: int = Field(default=0, ge=0)
    max_metric_age: int = Field(default=900, ge=0)
    expiry: int = Field(default=6 * 3_600, ge=0)
    observation_lag: int = Field(default=21_600, ge=0)
    vote: int = Field(default=0, ge=0)
    timelock: int = Field(default=0, ge=0)
    elasticity_ppm: int = Field(default=1_000_000, ge=0)
    gas: int = Field(default=100_000, ge=0)
    coin_price: int = Field(default=0, ge=0)
    typical_trade: int = Field(default=400 * 10**6, ge=0)
    freeze_stage: int = Field(default=2, ge=1)

    @property
    def delay(self) -> int:
        """Whole periods that pass before the fee answers what is observed."""
        return delay_periods(
            self.period, observation_lag=self.observation_lag, vote=self.vote,
            timelock=self.timelock,
        )  # fmt: skip


def law_of(settings: FeeAdjustment) -> Law:
    """Return the law that *settings* declare."""
    if settings.form == "exponential":
        return Exponential(settings.gain_ppm)
    leak = retained_ppm(settings.leak_half_life, settings.period)
    return ProportionalIntegral(
        settings.anchor, settings.proportional_ppm, settings.integral_ppm, leak
    )  # fmt: skip


def rails_of(seen: dict[str, Any], settings: FeeAdjustment) -> Rails:
    """Return the rails: the contract's own, as read, and those of the settings."""
    return Rails(
        low=seen["min"], high=seen["max"], max_step=seen["max_step"], min_delay=seen["min_delay"],
        window=settings.window, max_in_window=settings.max_in_window,
        dead_band_ppm=settings.dead_band_ppm, max_age=settings.max_metric_age,
        expiry=settings.expiry,
    )  # fmt: skip


def reading_of(seen: dict[str, Any], settings: FeeAdjustment) -> Reading:
    """Return what the controller is handed: errors oldest first, past changes, what freezes it."""
    errors = [
        relative_error(volume, settings.target, clip_ppm=settings.clip_ppm)
        for volume in reversed(seen["volumes"])
    ]
    age = seen["metric_age"]
    return Reading(
        now=seen["now"], fee=seen["fee"], errors_ppm=errors,
        observed_at=None if age is None else seen["now"] - age,
        changed_at=seen["changed_at"],
        changes=[Change(at, old, new) for at, old, new in seen["changes"]],
        incidents=seen["frozen_by"], cost=seen["cost_floor"],
    )  # fmt: skip


def measure(desk: Desk, settings: FeeAdjustment) -> dict[str, Any]:
    """Look at what the controller needs, as JSON: volumes newest first, the schedule, the past."""
    view, now = desk.at(), desk.now
    fee, low, high, max_step, min_delay, changed, mandate = view.read(
        "FeeSchedule", "schedule", SWAP
    )[:7]
    count = 1 if settings.form == "exponential" else settings.history
    volumes = _volumes(desk, settings.period, count)
    age = desk.metrics.query("time() - timestamp(fictra_pool_volume_stable_total)")
    records = _adjustments(view.logs("FeeSchedule", "FeeAdjusted", since=now - LOOK_BACK))
    frozen = [item.id for item in desk.incidents.open() if item.family == "oracle"]
    stage = _stage(desk)
    if stage >= settings.freeze_stage:
        frozen.append(f"run risk at stage {stage}")
    if mandate and now >= mandate:
        frozen.append("the end of the steward's mandate")
    moves = [(record.args["oldFee"], record.args["newFee"]) for record in records]
    return {
        "now": now, "volume": volumes[0] if volumes else None, "volumes": volumes,
        "metric_age": round(age[0][1]) if age else None,
        "fee": fee, "min": low, "max": high, "max_step": max_step, "min_delay": min_delay,
        "changed_at": changed, "due_in": max(0, changed + min_delay - now) if changed else 0,
        "changes": [[record.timestamp, *move] for record, move in zip(records, moves, strict=True)],
        "steps": _steps(desk, records, settings.period),
        "foreign": _foreign(desk, records),
        "oscillating": flips(moves) >= 3,
        "frozen_by": frozen,
        "cost_floor": _floor(desk, settings),
    }  # fmt: skip


def _volumes(desk: Desk, period: int, count: int) -> list[int]:
    """Return the volume of the last *count* periods, newest first, up to the first without data."""
    found = []
    for index in range(count):
        offset = f" offset {index * period}s" if index else ""
        answer = desk.metrics.query(f"increase(fictra_pool_volume_stable_total[{period}s]{offset})")
        if not answer:
            break
        found.append(round(answer[0][1] * 10**6))
    return found


def _adjustments(records: Sequence[LogRecord]) -> list[LogRecord]:
    """Return the changes of the swap fee; the deployment's own entry is none."""
    return [item for item in records if item.args["kind"] == SWAP and item.args["oldFee"]]


def _steps(desk: Desk, records: Sequence[LogRecord], period: int) -> list[list[int]]:
    """Return (fee before, fee after, volume before, volume after) of the last changes.

    A change counts once a whole period has passed after it, and where no other fell into either.
    """
    found = []
    times = [record.timestamp for record in records]
    for record in records[-8:]:
        at = record.timestamp
        crowded = any(at != other and abs(at - other) < period for other in times)
        if desk.now - at < period or crowded:
            continue
        asked = [
            desk.metrics.query(
                f"increase(fictra_pool_volume_stable_total[{period}s] offset {desk.now - end}s)"
            )
            for end in (at, at + period)
        ]
        if all(asked):
            before, after = (round(answer[0][1] * 10**6) for answer in asked)
            found.append([record.args["oldFee"], record.args["newFee"], before, after])
    return found


def _foreign(desk: Desk, records: Sequence[LogRecord]) -> list[list[int]]:
    """Return the changes since this procedure last looked that it did not make itself."""
    filed = desk.evidence.of("TP4")
    if not filed:
        return []
    data = desk.evidence.data(filed[-1].ref)
    since, own = data.get("now", filed[-1].at), data.get("result") or {}
    return [
        [record.block, record.args["oldFee"], record.args["newFee"]]
        for record in records
        if record.timestamp > since and record.block != own.get("block")
    ]


def flips(moves: Sequence[tuple[int, int]]) -> int:
    """Return how often the last five *moves* (old, new) turned round."""
    signs = [new > old for old, new in moves[-5:]]
    return [one != other for one, other in pairwise(signs)].count(True)


def _stage(desk: Desk) -> int:
    """Return the stage of run risk by the last evidence of TP2; 0 without."""
    record = desk.evidence.last("TP2")
    return record.problems.get("stage", 0) if record else 0


def _floor(desk: Desk, settings: FeeAdjustment) -> int:
    """Return the fee in pips that covers the gas of a typical trade (EIP-7918); 0: no floor."""
    if not settings.coin_price or not settings.typical_trade:
        return 0
    price = desk.at().stats(since=desk.now - 900).base_fee
    return cost_floor(
        settings.gas, price, coin_price=settings.coin_price, trade=settings.typical_trade
    )


def expected_volume_ppm(fee: int, changed: int, elasticity_ppm: int) -> int:
    """Return the volume expected after *fee* became *changed*, ppm of the volume before.

    Demand goes as fee ^ -elasticity.
    """
    if fee < 1 or changed < 1:
        return PPM
    return round(PPM * math.exp(-elasticity_ppm / PPM * math.log(changed / fee)))
