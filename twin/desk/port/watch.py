"""What watches: the metrics store and the alerts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

__all__ = [
    "Alert",
    "Alerts",
    "Metrics",
    "RuleStatus",
]


@dataclass(frozen=True, slots=True)
class Alert:
    """An alert as Alertmanager shows it; *state* is pending or firing, *since* unix seconds."""

    rule: str
    labels: Mapping[str, str]
    annotations: Mapping[str, str]
    state: str
    since: int
    value: float

    @property
    def key(self) -> str:
        """The rule and its labels as one name."""
        inner = ",".join(f"{name}={self.labels[name]}" for name in sorted(self.labels))
        return f"{self.rule}{{{inner}}}"

    @property
    def severity(self) -> str:
        """P1 (worst) to P5."""
        return self.labels.get("severity", "P5")


@dataclass(frozen=True, slots=True)
class RuleStatus:
    """An alert rule as `/api/v1/rules` shows it, with the *metrics* that its expression reads.

    *query* is the expression, which has to hold for *hold* seconds.
    """

    name: str
    severity: str
    domain: str
    procedure: str
    metrics: tuple[str, ...]
    query: str = ""
    hold: int = 0


class Metrics(Protocol):
    """The metrics store, by PromQL."""

    def query(self, expression: str) -> list[tuple[Mapping[str, str], float]]:
        """Evaluate *expression* now; an empty list is no data."""


class Alerts(Protocol):
    """Alertmanager."""

    def firing(self) -> list[Alert]:
        """Return what fires now, worst first."""

    def rules(self) -> list[RuleStatus]:
        """Return the alert rules that are loaded, in their order."""
