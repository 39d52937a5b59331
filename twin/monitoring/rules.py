"""Alert and recording rules, as Prometheus' rule files declare them.

A file is read whole: every mistake in it is reported at once, each with file, line and column.
What loads is also linted: an alert says how bad it is, who owns it, what it detects and which
procedure answers it, and its expression reads only metrics that the twin declares.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Literal

from twin.errors import FileProblems, UnknownName, UsageError
from twin.monitoring.metrics import Metrics, metric_table
from twin.scenario.models import MonitoringSpec

__all__ = ["Group", "Rule", "RuleSet", "default_rules", "load_rules"]


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule: *hold* is its `for` and *keep_firing* its `keep_firing_for`, in seconds.

    *places* gives line and column of each part in *file*, under names such as
    `labels.severity`.
    """

    kind: Literal["alert", "record"]
    name: str
    expr: str
    hold: int = 0
    keep_firing: int = 0
    labels: Mapping[str, str] = field(default_factory=dict)
    annotations: Mapping[str, str] = field(default_factory=dict)
    file: str = ""
    places: Mapping[str, tuple[int, int]] = field(default_factory=dict, repr=False, compare=False)

    @property
    def severity(self) -> str:
        """P1 (worst) to P5."""
        return self.labels.get("severity", "P5")


@dataclass(frozen=True, slots=True)
class Group:
    """Rules that are evaluated in order, every *interval* seconds (0: at every scrape)."""

    name: str
    interval: int
    rules: tuple[Rule, ...]


@dataclass(frozen=True, slots=True)
class RuleSet:
    """All rules of one run, in the order of their files and groups."""

    groups: tuple[Group, ...]

    @property
    def rules(self) -> tuple[Rule, ...]:
        """Every rule in order."""
        return tuple(rule for group in self.groups for rule in group.rules)

    @property
    def names(self) -> list[str]:
        """The names of all rules in order."""
        return [rule.name for rule in self.rules]

    def __getitem__(self, name: str) -> Rule:
        """Return the rule called *name*; raises UnknownName."""
        for rule in self.rules:
            if rule.name == name:
                return rule
        raise UnknownName("rule", name, self.names)

    def only(self, names: Iterable[str]) -> RuleSet:
        """Keep the rules called *names* and every recording rule; raises UnknownName."""
        wanted = {self[name].name for name in names}
        return self._keep([r.name for r in self.rules if r.name in wanted or r.kind == "record"])

    def without(self, names: Iterable[str]) -> RuleSet:
        """Drop the rules called *names*, as a silence does; raises UnknownName."""
        dropped = {self[name].name for name in names}
        return self._keep([name for name in self.names if name not in dropped])

    def of(self, spec: MonitoringSpec) -> RuleSet:
        """Return the rules that a scenario's monitoring section asks for."""
        wanted = self if spec.rules == "default" else self.only(spec.rules)
        return wanted.without(spec.silence)

    def _keep(self, names: Collection[str]) -> RuleSet:
        groups = (
            replace(group, rules=tuple(rule for rule in group.rules if rule.name in names))
            for group in self.groups
        )
        return RuleSet(tuple(group for group in groups if group.rules))


def load_rules(
    paths: Iterable[Path],
    metrics: Metrics | None = None,
    *,
    procedures: Collection[str] | None = None,
) -> RuleSet:
    """Load and lint the rule files at *paths*, in that order.

    *procedures* are the ids that a rule may point to; None takes any id of the right form.
    Raises FileProblems with every mistake found.
    """
    from twin.monitoring.lint import lint
    from twin.monitoring.rulefile import read_rules

    groups: list[Group] = []
    problems = []
    for path in paths:
        read, found = read_rules(path)
        groups += read
        problems += found
    rules = RuleSet(tuple(groups))
    table = metric_table() if metrics is None else metrics
    problems += lint(rules, table, procedures=procedures)
    if problems:
        raise FileProblems(problems)
    return rules


def default_rules(
    folder: Path | None = None, *, procedures: Collection[str] | None = None
) -> RuleSet:
    """Load every `*.yml` of *folder*, or the rules that the twin ships."""
    folder = Path(__file__).with_name("rules") if folder is None else folder
    paths = sorted(folder.glob("*.yml"))
    if not paths:
        raise UsageError(f"{folder} holds no rule file: they are called NAME.yml")
    return load_rules(paths, procedures=procedures)
