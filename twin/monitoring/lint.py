"""The lint of rules: what an alert must say, and what its expression may read."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping

from twin.errors import Problem, UsageError, nearest
from twin.monitoring.labels import NAME
from twin.monitoring.metrics import Metrics
from twin.monitoring.possible import impossible
from twin.monitoring.promql import Expression, compile_expression
from twin.monitoring.promql.selectors import Selector
from twin.monitoring.rules import Rule, RuleSet
from twin.monitoring.series import SeriesStore
from twin.monitoring.template import Template

__all__ = ["lint"]

_LABELS = ("severity", "owner", "domain")
_ANNOTATIONS = ("summary", "runbook", "detects", "procedure")
_SEVERITIES = ("P1", "P2", "P3", "P4", "P5")
_PROCEDURE = re.compile(r"[MRTIDNC][A-Z][1-5]")
_RUNBOOK = re.compile(r"procedures/[a-z_]+/[a-z_]+#([A-Z]{2}[1-5])")
_OWN = ("ALERTS",)  # written by the evaluation itself


def lint(
    rules: RuleSet, metrics: Metrics, *, procedures: Collection[str] | None = None
) -> list[Problem]:
    """Return every mistake of *rules* that their syntax allows, in order."""
    records = {rule.name for rule in rules.rules if rule.kind == "record"}
    seen: dict[str, Rule] = {}
    problems: list[Problem] = []
    for rule in rules.rules:
        if rule.name in seen:
            first = seen[rule.name]
            where = f"{first.file}:{first.places['name'][0]}"
            problems.append(_at(rule, "name", f"two rules are called {rule.name!r}", where))
        seen.setdefault(rule.name, rule)
        problems += _expression(rule, metrics, records)
        problems += _templates(rule)
        if rule.kind == "alert":
            problems += _required(rule)
            problems += _procedure(rule, procedures)
    return problems


def _at(rule: Rule, part: str, message: str, hint: str = "") -> Problem:
    """Place *message* at a part of *rule*, or at the rule where the part is missing."""
    places = rule.places
    line, column = places.get(part) or places.get(part.partition(".")[0]) or places.get("", (1, 1))
    return Problem(rule.file, line, column, f"{rule.name}: {message}", hint)


def _required(rule: Rule) -> Iterator[Problem]:
    kinds: tuple[tuple[str, tuple[str, ...], Mapping[str, str]], ...] = (
        ("labels", _LABELS, rule.labels),
        ("annotations", _ANNOTATIONS, rule.annotations),
    )
    for kind, needed, given in kinds:
        for name in needed:
            if not given.get(name):
                yield _at(rule, kind, f"no {kind}.{name}", f"an alert has {', '.join(needed)}")
    severity = rule.labels.get("severity")
    if severity and severity not in _SEVERITIES:
        yield _at(rule, "labels.severity", f"severity {severity!r}", "P1 (worst) to P5")


def _procedure(rule: Rule, procedures: Collection[str] | None) -> Iterator[Problem]:
    """The procedure is an id, known where ids are known, and the runbook leads to one."""
    procedure, runbook = (rule.annotations.get(name, "") for name in ("procedure", "runbook"))
    if procedure and not _PROCEDURE.fullmatch(procedure):
        yield _at(rule, "annotations.procedure", f"{procedure!r} is no procedure", "as in NR1")
    elif procedure and procedures is not None and procedure not in procedures:
        near = nearest(procedure, procedures)
        hint = f"did you mean {near!r}?" if near else ""
        yield _at(rule, "annotations.procedure", f"no procedure is called {procedure!r}", hint)
    found = _RUNBOOK.fullmatch(runbook)
    if runbook and found is None:
        example = "procedures/incident/response#NR1"
        yield _at(rule, "annotations.runbook", f"{runbook!r} is no runbook", f"as in {example}")
    elif found is not None and procedure and found[1] != procedure:
        message = f"the runbook leads to {found[1]}, the procedure is {procedure}"
        yield _at(rule, "annotations.runbook", message)


def _templates(rule: Rule) -> Iterator[Problem]:
    for kind, texts in (("labels", rule.labels), ("annotations", rule.annotations)):
        for name, text in texts.items():
            try:
                Template(text)
            except UsageError as problem:
                yield _at(rule, f"{kind}.{name}", str(problem))


def _expression(rule: Rule, metrics: Metrics, records: Collection[str]) -> Iterator[Problem]:
    try:
        expression: Expression = compile_expression(rule.expr, SeriesStore())
    except UsageError as problem:
        yield _at(rule, "expr", str(problem))
        return
    if rule.kind == "alert" and expression.kind == "scalar":
        yield _at(rule, "expr", "a scalar always fires", "compare a metric with it")
    for what in impossible(rule.expr, metrics):
        yield _at(rule, "expr", what)
    for selector in expression.selectors:
        yield from _selector(rule, selector, metrics, records)


def _selector(
    rule: Rule, selector: Selector, metrics: Metrics, records: Collection[str]
) -> Iterator[Problem]:
    name = selector.name
    if name is None:
        yield _at(rule, "expr", "a selector without a metric's name", "name one metric")
        return
    if name in records or name in _OWN:
        return
    if name not in metrics:
        near = nearest(name, metrics)
        hint = f"did you mean {near!r}?" if near else "metrics are declared in monitoring/metrics"
        yield _at(rule, "expr", f"no metric is called {name!r}", hint)
        return
    known = metrics[name].labels
    for matcher in selector.matchers:
        if matcher.name != NAME and matcher.name not in known:
            hint = f"its labels: {', '.join(known) or 'none'}"
            yield _at(rule, "expr", f"metric {name} has no label {matcher.name!r}", hint)
