"""Rows and words that the sections of an after-action report share."""

from __future__ import annotations

from typing import Any

from twin.report.text import number, offset, span, utc
from twin.scoring.score import Score

__all__ = ["amount", "loss_rows", "mark_rows", "phases", "took"]

MARKS = {
    "fault": "the fault began (sealed truth)",
    "harm_start": "harm began, had nobody acted (control)",
    "first_abnormal": "first sample that the quiet run has not",
    "rule_true": "the rule held",
    "alert_fired": "the alert fired",
    "page_delivered": "somebody was called",
    "acknowledged": "they answered",
    "verdict": "the alert was judged",
    "declared": "the incident was declared: severity and class",
    "decision": "what to do was decided",
    "submitted": "signed and submitted",
    "effective": "in effect on chain",
    "restored": "restored, and it held",
    "closed": "closed",
}
"""What each mark says, in their order."""

MINUS = "\N{MINUS SIGN}"

PHASES = ("detect from the fault", "decide", "authority", "inclusion")


def amount(value: int, unit: str) -> str:
    """Return *value* whole *unit*s as people write it: cents as dollars."""
    if unit.startswith("US cents"):
        return f"{MINUS if value < 0 else ''}${abs(value) // 100:,}"
    return f"{number(value)} {unit}".rstrip()


def took(seconds: int | None) -> str:
    """Return a duration, or that it did not come to its end."""
    if seconds is None:
        return "not before the run ended"
    return span(seconds) if seconds >= 0 else f"{span(-seconds)} after"


def mark_rows(score: Score) -> list[dict[str, Any]]:
    """Return the fourteen marks: name, words, UTC, and how long after the fault."""
    base = score.marks.fault
    return [
        {
            "mark": name, "what": MARKS[name], "utc": utc(at),
            "offset": "" if at is None or base is None else offset(at - base),
        }
        for name, at in score.marks.items()
    ]  # fmt: skip


def phases(score: Score) -> list[dict[str, Any]]:
    """Return what the time to the effect went into, with each part's share in a hundred."""
    found = [(name, *score.durations[name]) for name in PHASES if name in score.durations]
    whole = sum(seconds for _name, seconds, ended in found if ended) or 1
    return [
        {
            "phase": name.removesuffix(" from the fault"), "time": span(seconds),
            "ended": ended, "share": round(100 * seconds / whole) if ended else 0,
        }
        for name, seconds, ended in found
    ]  # fmt: skip


def loss_rows(score: Score, at_once: int | None) -> list[dict[str, Any]]:
    """Return the counterfactuals on this seed: net losses, and what this run was better by."""
    worth = score.worth
    if worth is None:
        return []
    named = [
        ("no response", "nobody answers an alert", worth.nothing),
        ("this response", f"the policy {score.policy}, as it was", worth.loss),
        ("one step earlier", "the ideal action the moment the alert fired", at_once),
        ("ideal", "it takes effect when harm begins", worth.ideal),
    ]
    most = max([1, *(loss - worth.quiet for _n, _w, loss in named if loss is not None)])
    return [
        {
            "name": name, "what": what,
            "loss": "not run" if loss is None else amount(loss - worth.quiet, score.unit),
            "better": "" if loss is None else amount(worth.loss - loss, score.unit),
            "share": 0 if loss is None else max(0, round(100 * (loss - worth.quiet) / most)),
            "units": None if loss is None else loss - worth.quiet,
        }
        for name, what, loss in named
    ]  # fmt: skip
