"""The score of one run: marks, durations, worth, alerts, conduct, readiness, collateral harm.

It is made after the run from the sealed truth, the evidence and the controls of the same seed: no
fault, no response, ideal. It is a record of its own beside the run, which nothing in a run reads.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import asdict, dataclass
from typing import Any

from twin.errors import UnknownName
from twin.scoring.alerting import Alerting, alerting
from twin.scoring.conduct import (
    Collateral,
    Conduct,
    Readiness,
    collateral,
    conduct,
    readiness,
)
from twin.scoring.marks import Marks, detecting, marks_of, principal
from twin.scoring.response import Worth
from twin.scoring.steps import runs_of
from twin.scoring.trace import Record, Trace

__all__ = ["Controls", "Score", "incidents_of", "score"]


@dataclass(frozen=True, slots=True)
class Controls:
    """The control runs of one seed: *quiet* without faults, *nothing* without a response, *ideal*.

    *ideal* is None where the scenario declares none or no harm came; *harm* is when harm started.
    """

    quiet: Trace
    nothing: Trace
    ideal: Trace | None
    harm: int | None


@dataclass(frozen=True, slots=True)
class Score:
    """What was found of one run; *incident* is the one that answered the cause, None for none.

    *channel* is how it came to be known: the rule, or the procedure that opened the incident.
    """

    scenario: str
    seed: int
    policy: str
    end: int
    incident: str | None
    cause: str | None
    channel: str | None
    marks: Marks
    worth: Worth | None
    alerts: Alerting
    conduct: Conduct
    readiness: Readiness
    collateral: Collateral
    unit: str = ""

    @property
    def durations(self) -> dict[str, tuple[int, bool]]:
        """Return (seconds, whether it ended) by name."""
        return self.marks.durations(self.end)

    def described(self) -> dict[str, Any]:
        """Return it as a JSON-like tree."""
        body = asdict(self)
        body["marks"] = dict(self.marks.items())
        body["durations"] = {
            name: {"seconds": seconds, "ended": ended}
            for name, (seconds, ended) in self.durations.items()
        }
        if self.worth is not None:
            body["worth"] |= {"net": self.worth.net, "saved": self.worth.saved,
                              "value_ppm": self.worth.value_ppm}  # fmt: skip
        body["alerts"]["false_pages_a_week"] = self.alerts.false_pages_a_week
        body["conduct"]["adherence"] = self.conduct.adherence
        return body


def incidents_of(trace: Trace) -> list[str]:
    """Return the ids of the incidents of a run, in the order they were opened."""
    return list(dict.fromkeys(str(event["incident"]) for event in trace.of("incident")))


def _channel(trace: Trace, incident: str | None, root: Record | None) -> str | None:
    """Name what told of *incident*: the alert that was triaged, or the procedure that escalated.

    Where it was open before the cause struck, the alert that told of the cause.
    """
    if incident is None:
        return None
    since = root["t"] if root else trace.start
    opened = trace.first(trace.start, "incident", incident=incident)
    if opened is not None and opened["t"] < since:
        alert = detecting(trace, incident, since)
        return None if alert is None else f"alert {alert['rule']}"
    for event in trace.of("step"):
        if event["action"].startswith("update: new incident") and incident in event["result"]:
            key = (event["procedure"], event["run"])
            if key in runs_of(trace, incident) and event["procedure"] == "ND1":
                began = next((e for e in trace.of("procedure-started")
                              if (e["procedure"], e["run"]) == key), None)  # fmt: skip
                return f"alert {began['cause'].split(' ')[0]}" if began else "alert"
            return f"procedure {event['procedure']}"
    return None


def _worth(trace: Trace, controls: Controls, floor: int) -> Worth | None:
    loss, nothing, quiet = trace.loss, controls.nothing.loss, controls.quiet.loss
    ideal = controls.ideal.loss if controls.ideal is not None else None
    if loss is None or nothing is None or quiet is None:
        return None
    stopped = trace.losses[1].total if len(trace.losses) > 1 else 0
    return Worth(loss=loss, nothing=nothing, ideal=quiet if ideal is None else ideal, quiet=quiet,
                 floor=floor, stopped=stopped)  # fmt: skip


def score(
    trace: Trace,
    controls: Controls,
    *,
    scenario: str,
    seed: int,
    policy: str,
    cause: str | None,
    reads: Callable[[str], Collection[str]],
    unit: str = "",
    floor: int = 0,
    incident: str | None = None,
) -> Score:
    """Score the run *trace* of *scenario* against its *controls*.

    *cause* names the fault that did the harm, *reads* gives the metrics of a rule. Without an
    *incident* the one that answered the cause is taken; UnknownName for one that is not there.
    """
    root: Record | None = trace.cause(cause)
    if incident is not None and incident not in incidents_of(trace):
        raise UnknownName("incident", incident, incidents_of(trace))
    chosen = incident or principal(trace, root)
    marks = marks_of(trace, chosen, cause=root, harm=controls.harm, quiet=controls.quiet,
                     reads=reads)  # fmt: skip
    alerts = alerting(trace, controls.quiet, root)
    return Score(
        scenario=scenario,
        seed=seed,
        policy=policy,
        end=trace.end,
        incident=chosen,
        cause=str(root["fault"]) if root else None,
        channel=_channel(trace, chosen, root),
        marks=marks,
        worth=_worth(trace, controls, floor),
        alerts=alerts,
        conduct=conduct(trace, chosen, marks, root),
        readiness=readiness(alerts, root),
        collateral=collateral(trace, controls.quiet),
        unit=unit,
    )
