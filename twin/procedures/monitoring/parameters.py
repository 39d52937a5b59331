"""Economic monitoring of our own hand: what parameter changes did, against what was expected (ME5)."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import Field

from twin.catalog import Settings, daily, runbook
from twin.desk.port import Desk, LogRecord, View
from twin.desk.steps import Case, Decide, Finding, Keep, Look, Runbook, Work
from twin.procedures.monitoring.impact_series import effect
from twin.procedures.prices import PPM

__all__ = ["FIGURES", "ImpactSettings", "assess_changes", "episodes", "judge"]

HOUR = 3_600


@dataclass(frozen=True, slots=True)
class Figure:
    """What a change of *kind* moves: the *amount* of the *event* of *contract*."""

    contract: str
    event: str
    amount: str


FIGURES: Mapping[int, Figure] = {
    0: Figure("LiquidityPool", "Swapped", "amountIn"),
    1: Figure("Settlement", "DealReleased", "paid"),
    2: Figure("Conversion", "Converted", "ptAmount"),
    3: Figure("Reserve", "Redeemed", "ptAmount"),
}
"""The figure behind each kind of fee, in the order of `FeeSchedule.Kind`."""

NAMES = ("swap", "settlement", "conversion", "redemption")


class ImpactSettings(Settings):
    """ME5 compares *horizon* seconds on either side of a change that lies as long ago.

    The expected ratio is (new / old) ^ -elasticity. *tolerance_ppm* is the fall of the figure that
    is acceptable; below it with the whole interval, the change drove use away.
    """

    horizon: int = Field(default=86_400, ge=8 * HOUR)
    elasticity_ppm: int = Field(default=1_000_000, ge=0)
    tolerance_ppm: int = Field(default=200_000, ge=0, le=PPM)


def _hourly(view: View, figure: Figure, start: int, end: int) -> list[int]:
    """Return the amounts of *figure* by hour from *start* to *end*, zeros where nothing happened."""
    found = [0] * ((end - start) // HOUR)
    for record in view.logs(figure.contract, figure.event, since=start):
        slot = (record.timestamp - start) // HOUR
        if slot < len(found):
            found[slot] += record.args[figure.amount]
    return found


def judge(before: list[int], after: list[int], expected: int, settings: ImpactSettings) -> str:
    """Return what the series say: driven-away, off-model, as-expected, or too-little-data."""
    found = effect(before, after)
    if found is None:
        return "too-little-data"
    if found.high < PPM - settings.tolerance_ppm:
        return "driven-away"
    return "as-expected" if found.low <= expected <= found.high else "off-model"


def episodes(records: list[LogRecord], horizon: int) -> list[list[LogRecord]]:
    """Return the changes of each kind in groups: what lies within *horizon* s cannot be told apart.

    A controller that steps every few hours is judged by what all its steps did together.
    """
    found: list[list[LogRecord]] = []
    open_by_kind: dict[int, list[LogRecord]] = {}
    for record in records:
        kind = record.args["kind"]
        group = open_by_kind.get(kind)
        if group is None or record.timestamp - group[-1].timestamp >= horizon:
            group = open_by_kind[kind] = []
            found.append(group)
        group.append(record)
    return found


def _assess(view: View, group: list[LogRecord], settings: ImpactSettings) -> dict[str, Any]:
    """Assess the changes of *group* together: from before the first to after the last."""
    first, last = group[0], group[-1]
    kind, old, new = first.args["kind"], first.args["oldFee"], last.args["newFee"]
    figure, horizon = FIGURES[kind], settings.horizon
    before = _hourly(view, figure, first.timestamp - horizon, first.timestamp)
    after = _hourly(view, figure, last.timestamp, last.timestamp + horizon)
    exponent = -settings.elasticity_ppm / PPM * math.log(max(1, new) / max(1, old))
    expected = round(PPM * math.exp(exponent))
    found = effect(before, after)
    return {
        "block": first.block, "at": first.timestamp, "until": last.timestamp,
        "changes": len(group), "fee": NAMES[kind], "old": old, "new": new,
        "figure": f"{figure.contract}.{figure.event}.{figure.amount}", "hours": len(before),
        "method": "series before and after", "expected_ppm": expected,
        "realised_ppm": found.ratio if found else None,
        "interval_ppm": [found.low, found.high] if found else None,
        "before": found.before if found else None, "after": found.after if found else None,
        "verdict": judge(before, after, expected, settings),
    }  # fmt: skip


def _changes(desk: Desk, settings: ImpactSettings) -> list[dict[str, Any]]:
    """Look at every episode whose time after has passed and that no evidence has assessed."""
    view, assessed = desk.at(), 0
    records = [
        item for item in view.logs("FeeSchedule", "FeeAdjusted", since=0) if item.args["oldFee"]
    ]
    for filed in desk.evidence.of("ME5"):
        assessed = max(assessed, desk.evidence.data(filed.ref).get("upto", 0))
    due = desk.now - settings.horizon
    return [
        _assess(view, group, settings)
        for group in episodes(records, settings.horizon)
        if assessed < group[-1].timestamp <= due
    ]


@runbook(
    "ME5",
    "System Monitoring / Economic Monitoring / Economic parameter impact assessment",
    cadence=daily("11:00"),
    role="analyst",
    effort=1800,
    inputs=("FeeAdjusted logs", "swap, settlement, conversion and redemption logs"),
    evidence="impact note per change: expected and realised ratio with its 95 % interval",
    settings=ImpactSettings,
)
def assess_changes(case: Case, settings: ImpactSettings) -> Runbook:
    """Economic parameter impact assessment.

    Each executed change of a fee is held against what was expected of it: the figure that it moves,
    by hours before and after, with an interval. The series is all that a live network has, and what
    else happened in those days is in it; changes too close to be told apart are judged together.
    """
    changes = yield Look("Which changes are old enough to be judged?", _changes, (settings,))
    facts: dict[str, Any] = {"cause": case.cause, "changes": changes}
    problems = {"driven-away": 0, "off-model": 0, "too-little-data": 0}
    if not changes:
        return Finding("ok", "no change is due for its assessment", facts, problems)
    facts["upto"] = max(item["until"] for item in changes)
    for item in changes:
        if item["verdict"] in problems:
            problems[item["verdict"]] += 1
    bad = [item for item in changes if item["verdict"] in ("driven-away", "off-model")]
    yield Work("analyst", 1800, f"write the impact note on {len(changes)} change(s)")
    if not bad:
        return Finding("ok", f"{len(changes)} change(s) did what was expected", facts, problems)
    away = problems["driven-away"] > 0
    choice = yield Decide(
        "fee-steward", f"{len(bad)} change(s) did not do what was expected: what now?",
        ("revert", "update-model", "keep"), "revert" if away else "update-model",
        {"changes": bad},
    )  # fmt: skip
    facts["choice"] = choice
    facts["decision"] = yield Keep(
        "decision", state="done", subject=f"{choice}: {len(bad)} fee change(s)",
        data={"blocks": [item["block"] for item in bad], "choice": choice},
    )  # fmt: skip
    names = ", ".join(f"{item['fee']} {item['old']}->{item['new']}" for item in bad)
    return Finding("finding", f"not as expected: {names}: {choice}", facts, problems)
