"""Could it have been seen before? The rules that held earlier than the alert that told of it.

Every alert rule is evaluated over the samples of the run, and over those of the same seed without
faults: what held there too tells of nothing. A rule that was not part of the scenario is tried as
well, where its metrics are there.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from twin.monitoring.promql.compiler import Expression, compile_expression
from twin.monitoring.rules import Rule
from twin.report.after import Earlier
from twin.scoring.marks import Marks
from twin.scoring.trace import Trace

__all__ = ["earlier_rules"]

MOST = 6
"""Rules that are named."""


def earlier_rules(
    rules: Sequence[Rule], trace: Trace, quiet: Trace, marks: Marks, *, interval: int
) -> list[Earlier]:
    """Return alert rules that held between the fault and the alert, the earliest first."""
    if marks.fault is None:
        return []
    until = marks.alert_fired if marks.alert_fired is not None else trace.end
    first = trace.start + -(-(marks.fault - trace.start) // interval) * interval
    times = range(first, until, interval)
    found = []
    for rule in rules:
        if rule.kind != "alert":
            continue
        here = compile_expression(rule.expr, trace.store)
        there = compile_expression(rule.expr, quiet.store)
        if here.at(first - interval):
            continue  # it held before the fault: that is of something else
        at = next(_held(here, there, times), None)
        if at is not None:
            found.append(Earlier(rule.name, rule.severity, at, _why(rule, trace, at, until)))
    return sorted(found, key=lambda item: (item.at, item.severity, item.rule))[:MOST]


def _held(here: Expression, there: Expression, times: range) -> Iterator[int]:
    """Yield the seconds at which a rule held that did not hold in the quiet run."""
    for at in times:
        if here.at(at) and not there.at(at):
            yield at


def _why(rule: Rule, trace: Trace, at: int, until: int) -> str:
    """Say why it did not tell first."""
    told = [e for e in trace.of("alert") if e["rule"] == rule.name and e["t"] <= until]
    if not told:
        return "it was not among the rules that ran"
    if any(event["state"] == "firing" and event["t"] >= at for event in told):
        return "it fired, and " + ("is a ticket that calls nobody" if rule.severity > "P3"
                                   else "its domain is another")  # fmt: skip
    return f"it has to hold for {rule.hold} s"
