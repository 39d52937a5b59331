"""Episodes: when an alert fired, as a case states it and as a replay finds it.

They are written on one line: `OracleStale{feed=WTI} P2 5h30m..6h`, times after the start; one
that fires to the end has nothing after the dots.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from twin.errors import UsageError

__all__ = ["Episode", "differences", "parse", "span"]

_LINE = re.compile(
    r"(?P<rule>\w+)(?:\{(?P<labels>[^}]*)\})? (?P<severity>P[1-5]) "
    r"(?P<start>\w+)\.\.(?P<end>\w*)"
)
_SPAN = re.compile(r"(?:(\d+)d)?(?:(\d+)h)?(?:(\d+)m)?(?:(\d+)s)?")
_STATIC = ("severity", "owner", "domain")
"""Labels that a rule gives to all its alerts: an episode is told apart by the others."""


@dataclass(frozen=True, slots=True, order=True)
class Episode:
    """One alert of *rule* that fired from *start* to *end*, seconds after the world's start.

    *labels* are those that the rule's expression left; *end* is None for one that fires still.
    """

    rule: str
    labels: tuple[tuple[str, str], ...]
    severity: str
    start: int
    end: int | None

    @classmethod
    def of(
        cls, rule: str, labels: Mapping[str, str], *, start: int, end: int | None = None
    ) -> Episode:
        """Make one from the labels of an alert."""
        own = tuple(sorted(pair for pair in labels.items() if pair[0] not in _STATIC))
        return cls(rule, own, labels.get("severity", "P5"), start, end)

    def __str__(self) -> str:
        inner = ",".join(f"{name}={value}" for name, value in self.labels)
        about = f"{self.rule}{{{inner}}}" if inner else self.rule
        return f"{about} {self.severity} {span(self.start)}..{'' if self.end is None else span(self.end)}"

    def near(self, other: Episode, slack: int) -> bool:
        """Say whether *other* is the same alert within *slack* seconds at both ends."""
        if (self.rule, self.labels, self.severity) != (other.rule, other.labels, other.severity):
            return False
        if abs(self.start - other.start) > slack or (self.end is None) != (other.end is None):
            return False
        return self.end is None or other.end is None or abs(self.end - other.end) <= slack


def span(seconds: int) -> str:
    """Write *seconds* as `1d2h3m`."""
    parts = []
    for unit, name in ((86_400, "d"), (3_600, "h"), (60, "m"), (1, "s")):
        count, seconds = divmod(seconds, unit)
        if count:
            parts.append(f"{count}{name}")
    return "".join(parts) or "0s"


def _seconds(text: str, line: str) -> int:
    found = _SPAN.fullmatch(text)
    if not text or found is None:
        raise UsageError(f"{line!r}: {text!r} is no time after the start: write 1d, 5h30m or 0s")
    return sum(
        int(count or 0) * unit
        for count, unit in zip(found.groups(), (86_400, 3_600, 60, 1), strict=True)
    )


def parse(line: str) -> Episode:
    """Read one line; UsageError where it is none."""
    found = _LINE.fullmatch(line.strip())
    if found is None:
        raise UsageError(
            f"{line!r} is no episode: write RULE{{label=value}} SEVERITY FROM..TO, as in "
            "OracleStale{feed=WTI} P2 5h30m..6h"
        )
    labels = [item.partition("=") for item in (found["labels"] or "").split(",") if item]
    return Episode(
        found["rule"],
        tuple(sorted((name, value) for name, _, value in labels)),
        found["severity"],
        _seconds(found["start"], line),
        _seconds(found["end"], line) if found["end"] else None,
    )


def differences(
    expected: Iterable[Episode], got: Iterable[Episode], *, slack: int
) -> tuple[str, ...]:
    """Say what of *expected* did not happen, and what happened that nobody expected."""
    left = sorted(got)
    lacking = []
    for wanted in sorted(expected):
        match = next((item for item in left if wanted.near(item, slack)), None)
        if match is None:
            lacking.append(f"expected {wanted}")
        else:
            left.remove(match)
    return (*lacking, *(f"unexpected {item}" for item in left))
