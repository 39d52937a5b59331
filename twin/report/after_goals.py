"""Objectives of a response, and how each was met, on four steps.

The steps are those of exercise evaluation (FEMA, HSEEP 2020): performed without challenges, with
some, with major challenges, or unable to be performed. An objective for which there is nothing to
judge by is *not tested*, which is no step.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from twin.report.after_text import took
from twin.results import Summary
from twin.scoring.score import Score

__all__ = ["GOALS", "NOT_TESTED", "RATINGS", "Goal", "goals", "rate"]

RATINGS = (
    "P: performed without challenges",
    "S: performed with some challenges",
    "M: performed with major challenges",
    "U: unable to be performed",
)
NOT_TESTED = "not tested"
HOUR, MINUTE = 3600, 60
STEPS = ((750_000, "P"), (500_000, "S"), (1, "M"))
"""From which response value on, in millionths, a rating is given."""


@dataclass(frozen=True, slots=True)
class Goal:
    """An objective: the *duration* of the score that it limits, *within* seconds; *why* that."""

    name: str
    duration: str
    within: int
    why: str


GOALS = (
    Goal("Detect", "detect from the fault", 10 * MINUTE, "two scrapes, as rules without a wait"),
    Goal("Acknowledge", "acknowledge", 5 * MINUTE, "after which a page moves on to the next"),
    Goal("Decide", "decide", 20 * MINUTE, "triage, class and a commander's word"),
    Goal("Sign", "authority", 15 * MINUTE, "a quorum of the pausers, off shift too"),
    Goal("Contain", "contain", 45 * MINUTE, "after the first harm"),
    Goal("Recover", "recover", 12 * HOUR, "half a day without the stopped function"),
)
"""What is expected of a response in any incident; a scenario adds its own expectations."""


def rate(seconds: int, ended: bool, within: int) -> str:
    """Rate a duration: within the limit, twice that, four times that, or not."""
    if not ended or seconds > 4 * within:
        return "U"
    return "P" if seconds <= within else "S" if seconds <= 2 * within else "M"


def goals(score: Score, summary: Summary) -> list[dict[str, Any]]:
    """Return every objective with its limit, what came of it, and its rating."""
    rows = [_timed(score, goal) for goal in GOALS]
    rows += [_notice(score), _objective_held(score), _worth(score)]
    rows += [
        {
            "name": f"Scenario: {check.name}", "target": str(check.limit), "got": str(check.got),
            "rating": "P" if check.passed else "U", "why": check.why or "the scenario expects it",
        }
        for check in summary.checks if check.kind in {"expect", "loss"}
    ]  # fmt: skip
    return rows


def _row(name: str, target: str, got: str, rating: str, why: str) -> dict[str, Any]:
    return {"name": name, "target": target, "got": got, "rating": rating, "why": why}


def _timed(score: Score, goal: Goal) -> dict[str, Any]:
    target, found = f"within {took(goal.within)}", score.durations.get(goal.duration)
    if found is None:
        return _row(goal.name, target, "it never began", NOT_TESTED, goal.why)
    seconds, ended = found
    got = took(seconds) if ended else f"not in {took(seconds)}"
    return _row(goal.name, target, got, rate(seconds, ended, goal.within), goal.why)


def _notice(score: Score) -> dict[str, Any]:
    within, first = 30 * MINUTE, score.conduct.first_notice
    why, target = "users learn of a stop from the operator, not from a revert", "within 30m"
    if score.marks.declared is None:
        return _row("Tell the market", target, "no incident was declared", NOT_TESTED, why)
    if first is None:
        return _row("Tell the market", target, "no notice", "U", why)
    return _row("Tell the market", target, f"{took(first)} after the declaration",
                rate(max(0, first), True, within), why)  # fmt: skip


def _objective_held(score: Score) -> dict[str, Any]:
    closed = score.marks.closed
    told = "closed" if closed is not None else "not closed"
    return _row("Restore and hold", "closed after a hold period", told,
                "P" if closed is not None else "U", "closing follows the objective")  # fmt: skip


def _worth(score: Score) -> dict[str, Any]:
    why, target = "design: value against no response and an ideal one", "a value of 0.75"
    value = score.worth.value_ppm if score.worth else None
    if value is None:
        return _row("Limit the loss", target, "not defined", NOT_TESTED, why)
    rating = next((name for least, name in STEPS if value >= least), "U")
    return _row("Limit the loss", target, f"{value / 1_000_000:.2f}", rating, why)
