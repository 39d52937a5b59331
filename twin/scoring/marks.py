"""The fourteen time marks of an incident, in virtual time, and the durations between them.

A mark is read where it happened: of a fault in the sealed truth, of harm in the losses of the
controls, of a sample in the series, of what people did in the log. One that never came is None,
and a duration that did not end before the run did is censored there, never left out.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import asdict, dataclass, fields

from twin.monitoring.series import Series
from twin.scoring.steps import Steps, steps_of
from twin.scoring.trace import Record, Trace

__all__ = ["DURATIONS", "Marks", "detecting", "harm_start", "marks_of", "principal"]

PAGING = frozenset(("P1", "P2", "P3"))

DURATIONS: Mapping[str, tuple[str, str]] = {
    "detect": ("harm_start", "alert_fired"),
    "detect from the fault": ("fault", "alert_fired"),
    "acknowledge": ("page_delivered", "acknowledged"),
    "decide": ("alert_fired", "decision"),
    "authority": ("decision", "submitted"),
    "inclusion": ("submitted", "effective"),
    "contain": ("harm_start", "effective"),
    "recover": ("effective", "restored"),
    "close": ("fault", "closed"),
}
"""What is measured between which marks. To contain is to detect, decide, sign and be included."""


@dataclass(frozen=True, slots=True)
class Marks:
    """Unix seconds of one incident, in the order of an incident that goes by the book.

    *fault* began; *harm_start* is the first loss that would not have been without it;
    *first_abnormal*, the first sample that differs from the same seed without the fault;
    *rule_true*, the rule that detected it held; *declared*, severity and class were said;
    *restored*, what was stopped runs again and did so until it was closed.
    """

    fault: int | None = None
    harm_start: int | None = None
    first_abnormal: int | None = None
    rule_true: int | None = None
    alert_fired: int | None = None
    page_delivered: int | None = None
    acknowledged: int | None = None
    verdict: int | None = None
    declared: int | None = None
    decision: int | None = None
    submitted: int | None = None
    effective: int | None = None
    restored: int | None = None
    closed: int | None = None

    def items(self) -> Iterator[tuple[str, int | None]]:
        """Yield the marks by name, in order."""
        for item in fields(self):
            yield item.name, getattr(self, item.name)

    def durations(self, end: int) -> dict[str, tuple[int, bool]]:
        """Return (seconds, whether it ended) by name; what did not end is censored at *end*.

        A duration whose beginning never came is no duration. One that ended before it should
        have begun (an alert before the first harm) took no time.
        """
        known: dict[str, int | None] = asdict(self)
        found: dict[str, tuple[int, bool]] = {}
        for name, (first, last) in DURATIONS.items():
            begun, done = known[first], known[last]
            if begun is not None:
                found[name] = (max(0, (end if done is None else done) - begun), done is not None)
        return found


def harm_start(nothing: Trace, quiet: Trace) -> int | None:
    """Return when the loss without response first exceeds that of the same seed without fault."""
    other, base = iter(quiet.course()), 0
    following = next(other, None)
    for at, so_far in nothing.course():
        while following is not None and following[0] <= at:
            base, following = following[1], next(other, None)
        if so_far > base:
            return at
    return None


def principal(trace: Trace, cause: Record | None) -> str | None:
    """Return the incident that answers the *cause*: contained first, else declared, else open.

    One that was open already when the cause struck counts, since alerts are attached to it.
    """
    since = cause["t"] if cause else trace.start
    over = {e["incident"] for e in trace.of("incident")
            if e["t"] < since and e["state"] in {"closed", "dismissed"}}  # fmt: skip
    for state in ("contained", "classified", "open"):
        for event in trace.of("incident"):
            if event["state"] == state and event["incident"] not in over:
                return str(event["incident"])
    return None


def marks_of(
    trace: Trace,
    incident: str | None,
    *,
    cause: Record | None,
    harm: int | None,
    quiet: Trace | None,
    reads: Callable[[str], Collection[str]],
) -> Marks:
    """Return the marks of *incident* in the run *trace*, whose root is the fault *cause*.

    *harm* is when harm starts; *quiet* the same seed without faults, which says what is abnormal in
    the metrics that the rule *reads*. Without an *incident*, what was told still counts.
    """
    fault = cause["t"] if cause else None
    since = fault if fault is not None else trace.start
    alert = detecting(trace, incident, since)
    fired = alert["t"] if alert else None
    steps = steps_of(trace, incident, since)
    page = _page(trace, alert, incident) if alert else None
    ack = page and trace.first(page["t"], "ack", subject=page["subject"])
    return Marks(
        fault=fault,
        harm_start=harm,
        first_abnormal=_abnormal(trace, quiet, alert, since, reads(alert["rule"]) if alert else ()),
        rule_true=_rule_true(trace, alert, since),
        alert_fired=fired,
        page_delivered=page["t"] if page else None,
        acknowledged=ack["t"] if ack else None,
        verdict=steps.verdict,
        declared=_declared(trace, incident, since),
        decision=steps.decision,
        submitted=steps.submitted,
        effective=steps.effective,
        restored=_restored(trace, incident, steps),
        closed=_state(trace, incident, "closed"),
    )


def _same(event: Record, other: Record) -> bool:
    return bool(event["rule"] == other["rule"] and event["labels"] == other["labels"])


def detecting(trace: Trace, incident: str | None, since: int) -> Record | None:
    """Return the first alert that pages, of the incident's family, from unix second *since* on."""
    family = next((e["family"] for e in trace.of("incident") if e["incident"] == incident), None)
    told = [event for event in trace.of("alert")
            if event["t"] >= since and event["state"] == "firing" and event["severity"] in PAGING
            and family in {None, event["labels"].get("domain")}]  # fmt: skip
    return min(told, key=lambda event: (event["t"], event["severity"], event["n"]), default=None)


def _rule_true(trace: Trace, alert: Record | None, since: int) -> int | None:
    """When the rule began to hold without a break until it fired."""
    begun = None
    for event in trace.of("alert"):
        if alert is None or event["n"] > alert["n"]:
            break
        if _same(event, alert):
            if event["state"] in {"pending", "firing"}:
                begun = event["t"] if begun is None else begun
            else:
                begun = None
    return None if begun is None else max(begun, since)


def _page(trace: Trace, alert: Record, incident: str | None) -> Record | None:
    """The first call to a person about the alert, or about the incident that it belongs to."""
    for event in trace.of("page"):
        told = str(event["subject"])
        if event["t"] >= alert["t"] and (alert["rule"] in told or (incident or "?") in told):
            return event
    return None


def _declared(trace: Trace, incident: str | None, since: int) -> int | None:
    """When the incident was classified: the first time after the fault began."""
    found = trace.first(since, "incident", incident=incident, state="classified")
    return found["t"] if found else None


def _state(trace: Trace, incident: str | None, state: str) -> int | None:
    found = [e["t"] for e in trace.of("incident")
             if e["incident"] == incident and e["state"] == state]  # fmt: skip
    return found[-1] if found else None


def _restored(trace: Trace, incident: str | None, steps: Steps) -> int | None:
    """The last thing done on chain before the incident was closed; it held until then."""
    closed = _state(trace, incident, "closed")
    if closed is None:
        return None
    return next((at for at in reversed(steps.effects) if at <= closed), closed)


def _abnormal(
    trace: Trace, quiet: Trace | None, alert: Record | None, since: int, reads: Collection[str]
) -> int | None:
    """The first sample of the series that the rule *reads* which the quiet run has not."""
    if quiet is None or alert is None:
        return None
    found: list[int] = []
    for name in sorted(reads):
        others = {_key(series): series for series in quiet.store.group(name)}
        for series in trace.store.group(name):
            if all(series.labels.get(label, value) == value
                   for label, value in alert["labels"].items()):  # fmt: skip
                at = _departs(series, others.get(_key(series)), since, alert["t"])
                found += [] if at is None else [at]
    return min(found, default=None)


def _key(series: Series) -> tuple[tuple[str, str], ...]:
    return tuple(sorted(series.labels.items()))


def _departs(series: Series, other: Series | None, since: int, until: int) -> int | None:
    """Return the first time from *since* to *until* at which two series differ."""
    times, values = series.window(since - 1, until)
    twins = dict(zip(*other.window(since - 1, until), strict=True)) if other else {}
    for at, value in zip(times, values, strict=True):
        if twins.get(at) != value:
            return int(at)
    return None
