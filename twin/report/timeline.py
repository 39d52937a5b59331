"""The timeline of an incident: who did what, when, and where the evidence of it is.

An event belongs to an incident when it names it, or when it falls into the incident's time and
names no other. What led to it, from the first alert of its family on, is shown before it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Any

from twin.report.history import History, Incident, ProcedureRun
from twin.report.text import clip, offset, short, utc

__all__ = ["LIMIT", "Line", "Timeline", "timelines"]

LIMIT = 300
"""Most lines shown of one incident; the log holds the rest."""

ALL_LIMIT = 900
"""Lines shared by all incidents, each of which has at least twenty."""

LEAD = 6 * 3600
"""Seconds before an incident in which an alert of its family still counts as its prelude."""

EARLY = 1800
"""Seconds before the prelude in which what a check found still belongs to it."""

_NAMED = re.compile(r"\bINC-\d+\b")
_FOUND_BAD = frozenset({"finding", "no-data", "failed"})


@dataclass(frozen=True, slots=True)
class Line:
    """One line: *at* in unix seconds, *order* the event's number, *kind* for its colour."""

    at: int
    order: int
    kind: str
    what: str
    who: str = ""
    ref: str = ""
    chain: str = ""
    chain_full: str = ""
    offset: str = ""
    utc: str = ""


@dataclass(frozen=True, slots=True)
class Timeline:
    """The lines of *incident*; *left_out* how many there are beyond the limit."""

    incident: Incident
    lines: tuple[Line, ...]
    left_out: int

    @property
    def refs(self) -> set[str]:
        """The evidence that is linked from it."""
        return {line.ref for line in self.lines if line.ref}


def timelines(history: History) -> list[Timeline]:
    """Return the timeline of every incident, in the order they were opened."""
    limit = max(20, min(LIMIT, ALL_LIMIT // max(1, len(history.incidents))))
    return [_timeline(history, incident, limit) for incident in history.incidents.values()]


def _timeline(history: History, incident: Incident, limit: int) -> Timeline:
    begin = _prelude(history, incident)
    end = incident.closed if incident.closed is not None else history.reached
    found = [
        *_alerts(history, incident, begin, end),
        *_people(history, begin, end),
        *_changes(incident),
        *_checks(history, begin - EARLY, end),
        *_notices(history, incident, begin, end),
        *_broken(history, begin, end),
        *_truth(history, begin, end),
    ]
    for run in history.runs.values():
        if _belongs(run, incident, begin, end):
            found.extend(_procedure(run))
    found.sort(key=lambda line: (line.at, line.order))
    lines = tuple(
        replace(line, offset=offset(line.at - incident.opened), utc=utc(line.at))
        for line in found[:limit]
    )
    return Timeline(incident, lines, max(0, len(found) - limit))


def _prelude(history: History, incident: Incident) -> int:
    """When the first alert of the family began that was still active when the incident opened."""
    floor = max(
        (
            other.closed
            for other in history.incidents.values()
            if other.family == incident.family
            and other.closed is not None
            and other.closed <= incident.opened
        ),
        default=incident.opened - LEAD,
    )
    active: dict[tuple[str, str], int] = {}
    for event in history.alerts:
        if event["t"] > incident.opened:
            break
        if event["labels"].get("domain") == incident.family:
            key = (event["rule"], json.dumps(event["labels"], sort_keys=True))
            if event["state"] in {"pending", "firing"}:
                active.setdefault(key, event["t"])
            else:
                active.pop(key, None)
    return min((since for since in active.values() if since >= floor), default=incident.opened)


def _alerts(history: History, incident: Incident, begin: int, end: int) -> Iterator[Line]:
    """Alerts of the family throughout, and any alert that pages while the incident lasts."""
    for event in history.alerts:
        domain = event["labels"].get("domain")
        mine = domain == incident.family or (
            event["state"] in {"firing", "resolved"} and event["severity"] in {"P1", "P2", "P3"}
        )
        if not mine or not begin <= event["t"] <= end:
            continue
        known = {"domain", "owner", "severity", "alertname"}
        labels = ", ".join(
            f"{name}={value}"
            for name, value in sorted(event["labels"].items())
            if name not in known
        )
        tail = f" ({labels})" if labels else ""
        what = f"alert {event['rule']} {event['severity']} {event['state']}{tail}"
        yield Line(event["t"], event["n"], "alert", short(what), "monitoring")


def _people(history: History, begin: int, end: int) -> Iterator[Line]:
    for event in history.people:
        if begin <= event["t"] <= end:
            verb = "paged" if event["kind"] == "page" else "acknowledged"
            yield Line(
                event["t"], event["n"], "people", f"{verb}: {event['subject']}", event["person"]
            )


def _changes(incident: Incident) -> Iterator[Line]:
    before: tuple[str, ...] = ()
    for event in incident.changes:
        now = (event["state"], event["severity"], event["family"], event["summary"])
        again = "still " if now == before else ""
        before = now
        what = f"{incident.id} {again}{event['state']}: {event['severity']} {event['family']}"
        yield Line(event["t"], event["n"], "incident", f"{what}, {event['summary']}", "desk")


def _checks(history: History, begin: int, end: int) -> Iterator[Line]:
    """The first record of each stretch in which a check kept finding the same."""
    runbooks = {run.evidence for run in history.runs.values()}
    first: dict[tuple[str, str], tuple[Any, int]] = {}
    for event in history.evidence:
        if not begin <= event["t"] <= end or event["ref"] in runbooks:
            continue
        key = (event["procedure"], event["verdict"])
        if event["verdict"] in _FOUND_BAD:
            entry, count = first.get(key, (event, 0))
            first[key] = (entry, count + 1)
    for (procedure, verdict), (event, count) in first.items():
        again = f" ({count} times in this incident)" if count > 1 else ""
        yield Line(
            event["t"],
            event["n"],
            "check",
            f"{procedure} answers {verdict}{again}",
            "",
            event["ref"],
        )


def _notices(history: History, incident: Incident, begin: int, end: int) -> Iterator[Line]:
    for event in history.notices:
        named = set(_NAMED.findall(event["subject"] + " " + event["text"]))
        if begin <= event["t"] <= end and (not named or incident.id in named):
            what = f"notice to {event['audience']}: {event['subject']}. {event['text']}"
            yield Line(event["t"], event["n"], "notice", clip(what, 300), "comms")


def _broken(history: History, begin: int, end: int) -> Iterator[Line]:
    for event in history.broken:
        if begin <= event["t"] <= end:
            what = f"invariant {event['invariant']} broken: {event['detail']}"
            yield Line(event["t"], event["n"], "truth", what, "", chain=f"block {event['block']}")


def _truth(history: History, begin: int, end: int) -> Iterator[Line]:
    """What was sealed: the faults that had begun by the end and not ended before the prelude."""
    for fault in history.faults:
        name = f"truth (sealed during the run): {fault.name}"
        if fault.began <= end and (fault.ended is None or fault.ended >= begin):
            yield Line(
                fault.began, fault.order, "truth", f"{name} begins: {fault.detail}", "injector"
            )
            if fault.ended is not None and fault.ended <= end:
                yield Line(fault.ended, fault.ended_order, "truth", f"{name} ends", "injector")


def _belongs(run: ProcedureRun, incident: Incident, begin: int, end: int) -> bool:
    """A run that names incidents belongs to those; one that names none, to its time."""
    text = " ".join([run.cause, *(f"{step['action']} {step['result']}" for step in run.steps)])
    named = set(_NAMED.findall(text))
    if named:
        return incident.id in named
    last = run.ended if run.ended is not None else end
    return run.began <= end and last >= begin and not run.cause.startswith("every ")


def _procedure(run: ProcedureRun) -> Iterator[Line]:
    name = f"{run.procedure} run {run.number}"
    yield Line(run.began, run.order, "procedure", f"{name} starts: {run.cause}")
    for step, count, last in _folded(run.steps):
        if step["action"].startswith("update:"):
            continue  # the incident's own change is a line
        again = f" ({count} times until {utc(last)})" if count > 1 else ""
        result, chain, full = _result(step)
        what = f"{run.procedure}: {step['action']}{again}"
        kind = "act" if step["action"].startswith("act:") else "step"
        yield Line(
            step["t"], step["n"], kind, f"{what} → {result}" if result else what, step["who"],
            chain=chain, chain_full=full,
        )  # fmt: skip
    if run.ended is not None:
        yield Line(
            run.ended, run.ended_order, "procedure", f"{name} ends: {run.verdict}", "", run.evidence
        )


def _folded(steps: Iterable[dict[str, Any]]) -> list[tuple[dict[str, Any], int, int]]:
    """Fold looks and waits that repeat (a recovery gate asks every few minutes) into the first."""
    folded: dict[object, tuple[dict[str, Any], int, int]] = {}
    for step in steps:
        repeats = step["action"].startswith(("look:", "wait "))
        key: object = step["action"] if repeats else step["n"]
        first, count, _last = folded.get(key, (step, 0, 0))
        folded[key] = (first, count + 1, step["t"])
    return list(folded.values())


def _result(step: dict[str, Any]) -> tuple[str, str, str]:
    """Return (words, block and transaction in short, in full) for what came back of *step*."""
    try:
        result = json.loads(step["result"])
    except ValueError:
        return clip(short(step["result"]), 160), "", ""
    action = step["action"]
    if action.startswith("act:") and isinstance(result, dict):
        done = "effective" if result.get("success") else f"failed: {result.get('reason')}"
        if result.get("block") is None:
            return done, "", ""
        where = f"block {result['block']}"
        hashes = result.get("transaction") or ()
        full = ", ".join([hashes] if isinstance(hashes, str) else map(str, hashes))
        return done, f"{where}, tx {short(full)}" if full else where, full
    if action.startswith(("wait", "work:", "notify", "file:")):
        return "", "", ""
    if isinstance(result, str):
        return clip(short(result), 160), "", ""
    return clip(short(json.dumps(result, ensure_ascii=False)), 100), "", ""
