"""The life of an alert: inactive, pending, firing, resolved; and what recording rules write.

The state machine is that of Prometheus 2.42 (rules/alerting.go, `AlertingRule.Eval`), including
`for` and `keep_firing_for`, the `ALERTS` series, and staleness of what a rule no longer gives.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import partial

from twin.desk.port import Alert, RuleStatus
from twin.errors import UsageError
from twin.monitoring.labels import NAME, Labels
from twin.monitoring.promql import compile_expression
from twin.monitoring.promql.node import Vector
from twin.monitoring.rules import Rule
from twin.monitoring.series import Series, SeriesStore
from twin.monitoring.template import Template

__all__ = ["AlertingRule", "Board", "OnTransition", "RecordingRule"]

OnTransition = Callable[[int, Rule, Mapping[str, str], str, str, float, Mapping[str, str]], object]
"""Called with (unix second, rule, labels, old state, new state, value, annotations).

States are inactive, pending, firing and resolved; the labels leave the alert's name out.
"""


class _Output:
    """The series that one rule writes: what it no longer gives is stale at once."""

    __slots__ = ("_before", "_store")

    def __init__(self, store: SeriesStore) -> None:
        self._store = store
        self._before: dict[Labels, Series] = {}

    def write(self, time: int, vector: Iterable[tuple[Labels, float]]) -> None:
        """Append *vector*, and a staleness marker to each series of the last time without one."""
        now: dict[Labels, Series] = {}
        for labels, value in vector:
            series = now[labels] = self._before.get(labels) or self._store.keep(labels)
            series.append(time, value)
        for labels, series in self._before.items():
            if labels not in now:
                series.mark_stale(time)
        self._before = now


class RecordingRule:
    """Evaluates one `record` rule into its series."""

    def __init__(self, rule: Rule, store: SeriesStore) -> None:
        """Compile the expression; raises UsageError."""
        self.rule = rule
        self.expression = compile_expression(rule.expr, store)
        self._output = _Output(store)
        fixed = {name: Template(text) for name, text in rule.labels.items()}

        def rename(labels: Labels) -> Iterable[tuple[str, str]]:
            own = {name: text.expand(labels.map, 0.0) for name, text in fixed.items()}
            return {**labels.map, NAME: rule.name, **own}.items()

        self._names = store.labels.mapper(rename)

    def evaluate(self, time: int) -> None:
        """Write the result at unix second *time*; raises UsageError for a label set twice."""
        vector = [(self._names[labels], value) for labels, value in self.expression.vector(time)]
        if len({labels for labels, _ in vector}) < len(vector):
            raise UsageError(f"rule {self.rule.name}: vector contains a labelset twice")
        self._output.write(time, vector)


@dataclass(slots=True)
class _Active:
    """One alert that is pending or firing; *source* are the labels before the rule's own."""

    labels: Labels
    source: Labels
    value: float
    since: int
    firing: bool = False
    kept_since: int | None = None

    @property
    def state(self) -> str:
        return "firing" if self.firing else "pending"


class AlertingRule:
    """Evaluates one `alert` rule and keeps its active alerts by label set."""

    def __init__(
        self,
        rule: Rule,
        store: SeriesStore,
        on_transition: OnTransition,
        *,
        output: SeriesStore | None = None,
    ) -> None:
        """Compile expression and templates; raises UsageError.

        The `ALERTS` series go to *output*, which is *store* itself unless a replay over recorded
        series wants them elsewhere.
        """
        self.rule = rule
        self.expression = compile_expression(rule.expr, store)
        self._on_transition = on_transition
        self._table = store.labels
        self._labels = {name: Template(text) for name, text in rule.labels.items()}
        self._notes = {name: Template(text) for name, text in rule.annotations.items()}
        self._active: dict[Labels, _Active] = {}
        self._output = _Output(store if output is None else output)
        self._moving = any(text.uses_value for text in self._labels.values())
        self._names = self._table.mapper(lambda labels: self._renamed(labels, 0.0))
        self._shown = {
            state: self._table.mapper(partial(_as_series, rule.name, state))
            for state in ("pending", "firing")
        }

    def _renamed(self, labels: Labels, value: float) -> Iterable[tuple[str, str]]:
        own = {name: text.expand(labels.map, value) for name, text in self._labels.items()}
        made = {**labels.bare.map, **own}
        made.pop("alertname", None)  # it is the rule's name, which the alert carries apart
        return made.items()

    def evaluate(self, time: int) -> None:
        """Evaluate at unix second *time* and move every alert of the rule.

        Raises UsageError, and leaves every alert as it is, where the query fails or two of its
        elements have one label set after the rule's labels are applied.
        """
        vector = self.expression.vector(time)
        if not vector and not self._active:
            return
        found = self._found(vector)
        for labels, (source, value) in found.items():
            alert = self._active.get(labels)
            if alert is None:
                self._active[labels] = _Active(labels, source, value, time)
            else:
                alert.source, alert.value, alert.kept_since = source, value, None
        shown: list[tuple[Labels, float]] = []
        for alert in list(self._active.values()):
            if alert.labels not in found and not self._kept(alert, time):
                del self._active[alert.labels]
                self._move(time, alert, alert.state, "resolved" if alert.firing else "inactive")
                continue
            self._advance(alert, time)
            shown.append((self._shown[alert.state][alert.labels], 1.0))
        self._output.write(time, shown)

    def _found(self, vector: Vector) -> dict[Labels, tuple[Labels, float]]:
        """The elements of *vector* by the label set of their alert."""
        found: dict[Labels, tuple[Labels, float]] = {}
        for labels, value in vector:
            name = (
                self._table.intern(self._renamed(labels, value))
                if self._moving
                else self._names[labels]
            )
            if name in found:
                raise UsageError(
                    f"rule {self.rule.name}: vector contains metrics with the same labelset after "
                    f"applying alert labels: {name!r}"
                )
            found[name] = (labels, value)
        return found

    def _kept(self, alert: _Active, time: int) -> bool:
        """Say whether `keep_firing_for` holds an alert whose condition has gone."""
        if not alert.firing or not self.rule.keep_firing:
            return False
        if alert.kept_since is None:
            alert.kept_since = time
        return time - alert.kept_since < self.rule.keep_firing

    def _advance(self, alert: _Active, time: int) -> None:
        """Announce a new alert, and let one fire whose condition has held for long enough."""
        new = alert.since == time and not alert.firing
        if not alert.firing and time - alert.since >= self.rule.hold:
            alert.firing = True
            self._move(time, alert, "inactive" if new else "pending", "firing")
        elif new:
            self._move(time, alert, "inactive", "pending")

    def _move(self, time: int, alert: _Active, old: str, new: str) -> None:
        labels = alert.labels.map
        self._on_transition(time, self.rule, labels, old, new, alert.value, self._expanded(alert))

    def _expanded(self, alert: _Active) -> dict[str, str]:
        source, value = alert.source.map, alert.value
        return {name: text.expand(source, value) for name, text in self._notes.items()}

    def alerts(self) -> list[Alert]:
        """Return the pending and firing alerts, in the order in which they became so."""
        return [
            Alert(
                rule=self.rule.name,
                labels=alert.labels.map,
                annotations=self._expanded(alert),
                state=alert.state,
                since=alert.since,
                value=alert.value,
            )
            for alert in self._active.values()
        ]

    def count(self) -> tuple[int, int]:
        """Return how many alerts are pending and how many fire."""
        if not self._active:
            return 0, 0
        firing = sum(alert.firing for alert in self._active.values())
        return len(self._active) - firing, firing


def _as_series(rule: str, state: str, labels: Labels) -> Iterable[tuple[str, str]]:
    """The labels of the `ALERTS` series of an alert of *rule* in *state*."""
    own = {NAME: "ALERTS", "alertname": rule, "alertstate": state}
    return {**labels.map, **own}.items()


class Board:
    """What Alertmanager shows: the alerts of all rules (the desk's `Alerts`)."""

    def __init__(self, rules: Iterable[AlertingRule]) -> None:
        """Look at *rules* whenever asked."""
        self._rules = tuple(rules)

    def active(self) -> list[Alert]:
        """Return what is pending or fires, worst severity first, then oldest, then by key."""
        found = [alert for rule in self._rules for alert in rule.alerts()]
        return sorted(found, key=lambda alert: (alert.severity, alert.since, alert.key))

    def firing(self) -> list[Alert]:
        """Return what fires now, worst first."""
        return [alert for alert in self.active() if alert.state == "firing"]

    def rules(self) -> list[RuleStatus]:
        """Return the rules, in their order."""
        return [
            RuleStatus(
                name=item.rule.name,
                severity=item.rule.severity,
                domain=item.rule.labels.get("domain", "unknown"),
                procedure=item.rule.annotations.get("procedure", ""),
                metrics=tuple(sorted(set(item.expression.names))),
                query=item.rule.expr,
                hold=item.rule.hold,
            )
            for item in self._rules
        ]

    def firing_by_severity(self) -> dict[str, int]:
        """Count what fires, by the severity of its rule."""
        counts: dict[str, int] = {}
        for rule in self._rules:
            firing = rule.count()[1]
            if firing:
                severity = rule.rule.severity
                counts[severity] = counts.get(severity, 0) + firing
        return counts
