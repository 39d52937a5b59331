"""The steps of a response: verdict, decision, submission and effect, as the log holds them."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from twin.scoring.trace import Record, Trace

__all__ = ["Act", "Steps", "acts", "runs_of", "steps_of"]


@dataclass(frozen=True, slots=True)
class Act:
    """Something done on chain: who signed, when it was submitted and took effect, or did not."""

    procedure: str
    run: int
    at: int
    what: str
    who: str
    submitted: int | None
    effective: int | None
    reason: str
    order: int


@dataclass(frozen=True, slots=True)
class Steps:
    """The marks of the first action that took effect, and the unix seconds of all that did."""

    verdict: int | None = None
    decision: int | None = None
    submitted: int | None = None
    effective: int | None = None
    effects: tuple[int, ...] = ()


def _result(event: Record) -> dict[str, Any]:
    found = json.loads(event["result"])
    return found if isinstance(found, dict) else {}


def acts(trace: Trace) -> list[Act]:
    """Return everything that the team did on chain, in order."""
    found = []
    for event in trace.of("step"):
        if not event["action"].startswith("act: "):
            continue
        result = _result(event)
        done = bool(result.get("success"))
        found.append(
            Act(
                procedure=event["procedure"], run=event["run"], at=event["t"],
                what=event["action"].removeprefix("act: "), who=event["who"],
                submitted=result.get("submitted"),
                effective=result.get("timestamp", event["t"]) if done else None,
                reason=str(result.get("reason", "")), order=event["n"],
            )
        )  # fmt: skip
    return found


def runs_of(trace: Trace, incident: str | None) -> set[tuple[str, int]]:
    """Return the runs of procedures that worked on *incident*: that changed, named or closed it."""
    if incident is None:
        return set()
    found = set()
    for event in trace.of("procedure-started", "step"):
        told = (
            event["cause"]
            if event["kind"] == "procedure-started"
            else (
                event["action"] + event["result"] if event["action"].startswith("update: ") else ""
            )
        )
        if incident in told:
            found.add((event["procedure"], event["run"]))
    return found


def _began(trace: Trace, act: Act) -> int | None:
    """Return when the run that acted began: where nobody is asked, the playbook has decided."""
    return next((e["t"] for e in trace.of("procedure-started")
                 if (e["procedure"], e["run"]) == (act.procedure, act.run)), None)  # fmt: skip


def steps_of(trace: Trace, incident: str | None, since: int) -> Steps:
    """Return the marks of what was done about *incident* from unix second *since* on."""
    runs = runs_of(trace, incident)
    done = [act for act in acts(trace)
            if (act.procedure, act.run) in runs and act.effective is not None
            and act.effective >= since]  # fmt: skip
    verdict = next((e["t"] for e in trace.of("procedure-ended")
                    if e["t"] >= since and (e["procedure"], e["run"]) in runs
                    and e["procedure"].startswith("ND")), None)  # fmt: skip
    if not done:
        return Steps(verdict=verdict)
    first = min(done, key=lambda act: (act.effective or 0, act.order))
    decided = [event["t"] for event in trace.of("step")
               if (event["procedure"], event["run"]) == (first.procedure, first.run)
               and event["action"].startswith("decide: ") and event["n"] < first.order]  # fmt: skip
    return Steps(
        verdict=verdict,
        decision=decided[-1] if decided else _began(trace, first),
        submitted=first.submitted,
        effective=first.effective,
        effects=tuple(sorted(act.effective for act in done if act.effective is not None)),
    )
