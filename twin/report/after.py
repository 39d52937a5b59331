"""The after-action report of one incident: what is said in it, as one tree of plain values.

HTML, Markdown and JSON are three forms of this tree. It is written after the run from the run
folder, the score and its controls; it is no evidence, and nothing in a run reads it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from twin.report.about import About
from twin.report.after_actions import actions
from twin.report.after_factors import factors, lucky
from twin.report.after_goals import RATINGS, goals
from twin.report.after_text import amount, loss_rows, mark_rows, phases, took
from twin.report.history import History
from twin.report.text import offset, span, utc
from twin.report.timeline import Timeline
from twin.results import Manifest, Summary
from twin.scoring.score import Score
from twin.scoring.trace import Trace

_LABELS = re.compile(r"(?<=\w)\{[^{}]*\}")

__all__ = ["After", "Earlier", "after_action"]

SHOWS_NOT = (
    "It is a drill in a simulated network: people's answering times are drawn, not measured.",
    "A control changes what everybody does after it: losses are of whole worlds, not of a decision.",
    "One seed is one course of events; other seeds are spoken of only where they were scored.",
)
"""What no report of this kind shows."""


@dataclass(frozen=True, slots=True)
class Earlier:
    """An alert *rule* that held at unix second *at*, before the one that told; *why* it did not."""

    rule: str
    severity: str
    at: int
    why: str


@dataclass(frozen=True, slots=True)
class After:
    """What the report is made from.

    *at_once* is the loss where the ideal action follows the alert at once, None where that was
    not run; *seeds* is what a study of other seeds found, empty where there is none; *closed*
    says which linked scenarios passed since, by action.
    """

    about: About
    manifest: Manifest
    summary: Summary
    score: Score
    trace: Trace
    history: History
    timeline: Timeline
    records: Mapping[int, str]
    earlier: Sequence[Earlier] = ()
    at_once: int | None = None
    seeds: Mapping[str, Any] = field(default_factory=dict)
    place: str = ""
    number: int = 1
    closed: Callable[[str], str | None] = lambda _criterion: None


def after_action(made: After) -> dict[str, Any]:
    """Return the report as a JSON-like tree, section by section."""
    score, manifest, incident = made.score, made.manifest, made.timeline.incident
    goal_rows = goals(score, made.summary)
    factor_rows = factors(score, made.trace)
    return {
        "schema_version": 1,
        "kind": "after-action report",
        "drill": "Drill in a simulated network. Nothing here happened on a live one.",
        "title": made.about.title,
        "description": made.about.description,
        "incident": {
            "id": incident.id, "summary": incident.summary, "severity": incident.severity,
            "family": incident.family, "opened": utc(incident.opened),
            "closed": utc(incident.closed), "open_for": (
                span(incident.closed - incident.opened) if incident.closed is not None
                else "not closed when the run ended"
            ),
        },
        "in_short": _short(score),
        "ratings": list(RATINGS),
        "objectives": goal_rows,
        "timeline": _timeline(made),
        "detection": _detection(made),
        "counterfactuals": loss_rows(score, made.at_once),
        "luck": lucky(score, made.seeds),
        "factors": factor_rows,
        "root_cause": _root(made),
        "collateral": _collateral(score),
        "actions": actions(made, goal_rows, factor_rows),
        "shows_not": [*made.about.claims, *SHOWS_NOT],
        "manifest": {
            "scenario": manifest.scenario, "seed": manifest.seed, "control": manifest.control,
            "policy": score.policy, "engine": manifest.engine,
            "twin_version": manifest.twin_version, "digest": manifest.digest,
            "scenario_sha256": manifest.scenario_sha256,
            "virtual_time": f"{utc(manifest.virtual_start)} to {utc(made.trace.end)} UTC",
        },
        "rerun": [
            *_rerun(manifest),
            f"twin report {made.place} --incident {made.number}",
        ],
        "verify": f"twin replay {made.place}",
        "data": [{"event": number, "line": text} for number, text in sorted(made.records.items())],
    }  # fmt: skip


def _rerun(manifest: Manifest) -> list[str]:
    words = ["twin", "run", manifest.scenario, "--seed", str(manifest.seed)]
    words += ["--control", manifest.control] if manifest.control else []
    words += ["--without", ",".join(manifest.without)] if manifest.without else []
    words += ["--policy", manifest.policy] if manifest.policy else []
    return [" ".join(words)]


def _short(score: Score) -> list[str]:
    """Say in three sentences what happened and what it cost."""
    marks, worth, lines = score.marks, score.worth, []
    since = marks.fault
    if since is not None and marks.alert_fired is not None:
        lines.append(
            f"It was told {span(marks.alert_fired - since)} after the fault began, by "
            f"{score.channel or 'an alert'}."
        )
    elif since is not None:
        lines.append("No alert that pages told of the fault before the run ended.")
    if marks.effective is not None and since is not None:
        lines.append(f"The first action took effect {span(marks.effective - since)} after it.")
    else:
        lines.append("Nothing that was done took effect on chain.")
    if worth is not None:
        lines.append(
            f"It cost {amount(worth.net, score.unit)}; without a response it would have been "
            f"{amount(worth.nothing - worth.quiet, score.unit)}, with an ideal one "
            f"{amount(worth.ideal - worth.quiet, score.unit)}."
        )
        value = worth.value_ppm
        lines.append(
            "The response value is not defined: there was too little to lose." if value is None
            else f"The response value is {value / 1_000_000:.2f} (1 is ideal, 0 is no response, "
            "below 0 the response did harm)."
        )  # fmt: skip
    return lines


def _timeline(made: After) -> dict[str, Any]:
    return {
        "rows": [
            {
                "utc": line.utc, "offset": line.offset, "kind": line.kind, "what": _plain(line.what),
                "who": line.who, "chain": line.chain, "event": line.order, "evidence": line.ref,
            }
            for line in made.timeline.lines
        ],
        "left_out": made.timeline.left_out,
    }  # fmt: skip


def _plain(what: str) -> str:
    """Leave out what the data behind a line shows better: the labels of an alert, a look's answer."""
    if ": look: " in what:
        what = what.partition(" \N{RIGHTWARDS ARROW} ")[0]
    return _LABELS.sub("", what)


def _detection(made: After) -> dict[str, Any]:
    """Say what told, by which path, and what could have told before."""
    score = made.score
    marks = score.marks
    lag = None
    if marks.first_abnormal is not None and marks.alert_fired is not None:
        lag = span(marks.alert_fired - marks.first_abnormal)
    fired = marks.alert_fired
    return {
        "channel": score.channel or "not detected",
        "marks": mark_rows(score),
        "phases": phases(score),
        "lag": lag,
        "earlier": [
            {
                "rule": item.rule, "severity": item.severity, "utc": utc(item.at),
                "before": took(None if fired is None else fired - item.at), "why": item.why,
            }
            for item in made.earlier
        ],
        "alerts": {
            "paged": score.alerts.fired, "owed": score.alerts.owed,
            "reset": took(score.alerts.reset),
            "quiet_pages_a_week": score.alerts.false_pages_a_week,
        },
        "told": [
            {
                "fault": item.fault, "kind": item.kind, "rule": item.rule or "nothing told of it",
                "after": took(None if item.at is None else item.at - item.began),
                "pages": item.pages,
            }
            for item in score.alerts.told
        ],
    }  # fmt: skip


def _root(made: After) -> dict[str, Any]:
    """Hold what the team wrote against the sealed truth: here, after the run, and nowhere else."""
    score, cause = made.score, made.score.cause
    fault = next((item for item in made.history.faults if item.name == cause), None)
    conduct = score.conduct
    if conduct.diagnosis is None:
        verdict = "The team kept no list of hypotheses that could be held against it."
    elif conduct.diagnosis:
        verdict = f"The team's list of hypotheses had it, in place {conduct.rank}."
    else:
        verdict = "The team's list of hypotheses did not have it."
    return {
        "truth": None if fault is None else {
            "fault": fault.name, "kind": fault.family, "detail": fault.detail,
            "began": utc(fault.began), "ended": utc(fault.ended),
        },
        "team": made.timeline.incident.summary,
        "verdict": verdict,
        "before_it": [
            {"fault": item.name, "kind": item.family, "detail": item.detail,
             "began": offset(item.began - (fault.began if fault else item.began))}
            for item in made.history.faults if fault is not None and item.began < fault.began
        ],
    }  # fmt: skip


def _collateral(score: Score) -> dict[str, Any]:
    found = score.collateral
    return {
        "stopped": [
            {"contract": name, "time": span(seconds)} for name, seconds in found.stopped.items()
        ],
        "refused": found.refused,
        "cost": amount(score.worth.stopped if score.worth else found.cost, score.unit),
    }
