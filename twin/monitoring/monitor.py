"""The monitor: at every interval it scrapes the desk and evaluates the rules.

It is what Prometheus and Alertmanager are to the live network: `query` and `board` answer the
desk's `Metrics` and `Alerts`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from twin.clock import HOUR, Clock, Process
from twin.desk.port import Call, Desk, View
from twin.desk.steps import Finding
from twin.errors import ChainError, CrashError, DeskError, UsageError
from twin.monitoring.alerts import AlertingRule, Board, OnTransition, RecordingRule
from twin.monitoring.collectors import Collector, default_collectors
from twin.monitoring.promql import Expression, compile_expression
from twin.monitoring.registry import Held, Registry
from twin.monitoring.rules import Group, Rule, RuleSet
from twin.monitoring.series import LOOKBACK, SeriesStore

__all__ = ["Health", "Monitor"]


@dataclass(slots=True)
class Health:
    """How the monitoring itself does: counts, and the last error of each rule that failed."""

    scrapes: int = 0
    samples: int = 0
    missing: int = 0
    evaluations: int = 0
    transitions: int = 0
    failures: dict[str, int] = field(default_factory=dict)
    errors: dict[str, str] = field(default_factory=dict)


class Monitor:
    """Scrapes and evaluates every *interval* seconds on *clock*, from the second it is started.

    *on_transition* hears every change of an alert. *exporter* says of a collector by name whether
    it is `up`, `silent`, or `frozen` at what it answered last. The monitor makes its collectors when it is
    started, so that the desk may be given its metrics and alerts before.
    """

    def __init__(
        self,
        clock: Clock,
        desk: Desk,
        *,
        registry: Registry,
        store: SeriesStore,
        rules: RuleSet,
        interval: int,
        on_transition: OnTransition,
        collectors: Sequence[Collector] | None = None,
        exporter: Callable[[str], str] = lambda _collector: "up",
    ) -> None:
        """Compile all *rules*; raises UsageError for one that does not compile."""
        if interval <= 0:
            raise CrashError(f"a scrape interval of {interval} s: it is 1 or more")
        self._clock, self._desk = clock, desk
        self.registry, self.store, self.rules, self.interval = registry, store, rules, interval
        self.health = Health()
        self.broken: set[str] = set()
        self._on_transition = on_transition
        self._groups = [_Group(group, store, self._heard) for group in rules.groups]
        self.board = Board(rule for group in self._groups for rule in group.alerting)
        self._collectors = collectors
        self._exporter = exporter
        self._frozen: dict[str, tuple[View | None, Sequence[Any]]] = {}
        self._calls: tuple[Call, ...] = ()
        self._checks = _Checks(registry)
        self._pages = registry.held("fictra_pages_total", {})
        self._evaluated = registry.held("fictra_rule_evaluations_total", {})
        self._failed = registry.held("fictra_rule_evaluation_failures_total", {})
        self._queries: dict[str, Expression] = {}

    def start(self) -> None:
        """Begin: the first scrape is at the present second."""
        self._clock.spawn(self._run())

    def _run(self) -> Process:
        while True:
            self.step()
            yield self._clock.after(self.interval)

    def step(self) -> None:
        """Scrape the desk once and evaluate every rule that is due."""
        now = self._clock.now
        self.scrape(now)
        self.evaluate(now)

    def scrape(self, now: int) -> None:
        """Write one sample for everything that is known at unix second *now*."""
        if self._collectors is None:
            firing = self.board.firing_by_severity
            self._collectors = default_collectors(self.registry, self._desk, firing=firing)
        if not self.health.scrapes:
            self._calls = tuple(call for one in self._collectors for call in one.calls)
        registry = self.registry
        registry.begin(now)
        view, answers = self._read()
        at = 0
        for collector in self._collectors:
            upto = at + len(collector.calls)
            samples, errors = registry.samples, collector.errors.value or 0
            own, at = answers[at:upto], upto
            state = self._exporter(collector.name)
            if state == "silent":
                continue
            if state == "frozen":
                collector.collect(*self._kept(collector.name, view, own))
            else:
                self._frozen.pop(collector.name, None)
                collector.collect(view, self._desk, own)
            collector.size.set(registry.samples - samples)
            missing = (collector.errors.value or 0) - errors
            if missing:
                self.health.missing += int(missing)
            else:
                collector.success.value = now
        registry.finish()
        self.health.scrapes += 1
        self.health.samples = registry.samples

    def _kept(
        self, collector: str, view: View | None, answers: Sequence[Any]
    ) -> tuple[View | None, Desk, Sequence[Any]]:
        """Return what a frozen exporter answers: what it saw at the scrape at which it froze."""
        seen, said = self._frozen.setdefault(collector, (view, answers))
        return seen, self._desk, said

    def _read(self) -> tuple[View | None, Sequence[Any]]:
        """Read all contract calls at one block; where that fails, its error answers each of them."""
        try:
            view = self._desk.at()
            return view, view.batch(self._calls)
        except (ChainError, DeskError) as problem:
            return None, [problem] * len(self._calls)

    def evaluate(self, now: int) -> None:
        """Evaluate every group that is due at unix second *now*, its rules in order.

        A rule that fails keeps its alerts as they are, as in Prometheus; the failure is counted.
        """
        for group in self._groups:
            if now < group.due:
                continue
            group.due = now + group.interval
            for rule in group.rules:
                self.health.evaluations += 1
                self._evaluated.add()
                if self.broken and rule.rule.name in self.broken:
                    self._fails(rule.rule.name, "the rule reads what is no longer there")
                    continue
                try:
                    rule.evaluate(now)
                except UsageError as problem:
                    self._fails(rule.rule.name, str(problem))

    def _fails(self, rule: str, why: str) -> None:
        """Count an evaluation of *rule* that failed."""
        self.health.failures[rule] = self.health.failures.get(rule, 0) + 1
        self.health.errors[rule] = why
        self._failed.add()

    def _heard(
        self, time: int, rule: Rule, labels: Mapping[str, str], old: str, new: str, value: float,
        annotations: Mapping[str, str],
    ) -> None:  # fmt: skip
        self.health.transitions += 1
        self._on_transition(time, rule, labels, old, new, value, annotations)

    @property
    def reach(self) -> int:
        """Seconds that an evaluation of the rules looks back at most, with an hour to spare."""
        rules = (rule for group in self._groups for rule in group.rules)
        spans = (one.span + one.offset for rule in rules for one in rule.expression.selectors)
        return max(spans, default=0) + LOOKBACK + HOUR

    def query(self, expression: str) -> list[tuple[Mapping[str, str], float]]:
        """Evaluate *expression* now (the desk's `Metrics`); raises UsageError as Prometheus would."""
        return self.query_at(expression, self._clock.now)

    def query_at(self, expression: str, time: int) -> list[tuple[Mapping[str, str], float]]:
        """Evaluate *expression* at unix second *time*, compiling it the first time."""
        compiled = self._queries.get(expression)
        if compiled is None:
            compiled = self._queries[expression] = compile_expression(expression, self.store)
        return compiled.at(time)

    def record_check(
        self, procedure: str, finding: Finding, now: int, *, interval: int | None = None
    ) -> None:
        """Keep what a check found at unix second *now* for the next scrape to expose.

        Items that a run with data does not name count 0 problems from then on. *interval* is the
        cadence that the catalogue promises, in seconds.
        """
        self._checks.record(procedure, finding, now, interval=interval)

    def count_page(self) -> None:
        """Count a call to somebody."""
        self._pages.add()

    def blind(self) -> list[str]:
        """Return the rules that read a metric of which no sample ever came: no data is no pass."""
        seen = self.store.names
        return [
            rule.rule.name
            for group in self._groups
            for rule in group.rules
            if any(name not in seen for name in rule.expression.names)
        ]


class _Group:
    """The compiled rules of one group, and when it is evaluated next."""

    def __init__(self, group: Group, store: SeriesStore, heard: OnTransition) -> None:
        self.interval, self.due = group.interval, 0
        self.rules: list[AlertingRule | RecordingRule] = [
            AlertingRule(rule, store, heard) if rule.kind == "alert" else RecordingRule(rule, store)
            for rule in group.rules
        ]
        self.alerting = [rule for rule in self.rules if isinstance(rule, AlertingRule)]


class _Checks:
    """What the checks found, by procedure and item."""

    def __init__(self, registry: Registry) -> None:
        self._registry = registry
        self._known: dict[str, _Check] = {}

    def record(self, procedure: str, finding: Finding, now: int, *, interval: int | None) -> None:
        check = self._known.get(procedure)
        if check is None:
            check = self._known[procedure] = _Check(self._registry, procedure)
        check.record(finding, now, interval=interval)


class _Check:
    """The metrics of one check: handles are taken when there is something to say with them."""

    VERDICTS = ("ok", "finding", "no-data", "failed")

    def __init__(self, registry: Registry, procedure: str) -> None:
        self._registry, self._about = registry, {"procedure": procedure}
        self._runs = {verdict: self._verdict(verdict) for verdict in self.VERDICTS}
        self._last_run = registry.held("fictra_check_last_run_timestamp_seconds", self._about)
        self._interval: Held | None = None
        self._items: dict[str, Held] = {}

    def _verdict(self, verdict: str) -> Held:
        return self._registry.held("fictra_check_runs_total", {**self._about, "verdict": verdict})

    def record(self, finding: Finding, now: int, *, interval: int | None) -> None:
        verdict = finding.verdict
        if verdict not in self._runs:
            self._runs[verdict] = self._verdict(verdict)
        self._runs[verdict].add()
        self._last_run.value = now
        if interval is not None:
            if self._interval is None:
                name = "fictra_check_interval_seconds"
                self._interval = self._registry.held(name, self._about)
            self._interval.value = interval
        self._problems(finding)

    def _problems(self, finding: Finding) -> None:
        verdict = finding.verdict
        found = dict(finding.problems)
        for item in ("no-data", "failed"):
            found[item] = max(found.get(item, 0), int(item == verdict))
        for item in found:
            if item not in self._items:
                about = {**self._about, "item": item}
                self._items[item] = self._registry.held("fictra_check_problems", about)
        blind = verdict in {"no-data", "failed"}
        for item, held in self._items.items():
            # A run that could not look says nothing about what it did not name.
            if item in found or not blind:
                held.value = found.get(item, 0)
