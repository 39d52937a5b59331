"""Patches: which component that runs has a known hole, worst first.

A function of records and of nothing else: it takes what an inventory and advisories say, wherever
they come from. Versions are compared as numbers between dots; what is not a number counts by text.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

__all__ = ["Advisory", "Component", "Match", "advice_on", "matches", "version_key"]

EXPOSURES = ("internal", "partner", "public")
SEVERITIES = ("low", "medium", "high", "critical")
DAY = 86_400
PATCH_WITHIN = {"critical": 3 * DAY, "high": 7 * DAY, "medium": 30 * DAY, "low": 90 * DAY}
"""Seconds from publication in which a hole is to be closed, by its severity."""


@dataclass(frozen=True, slots=True)
class Component:
    """Something that runs *where*; *exposure* is internal, partner or public.

    *supported_until* is the unix second after which its maker mends nothing, or None.
    """

    component: str
    kind: str
    version: str
    where: str
    exposure: str
    supported_until: int | None = None


@dataclass(frozen=True, slots=True)
class Advisory:
    """A hole in *component* before version *fixed_in*, from *since* on where that is given."""

    id: str
    component: str
    severity: str
    published: int
    fixed_in: str | None = None
    since: str | None = None


@dataclass(frozen=True, slots=True)
class Match:
    """A component with a hole; *rank* is higher where it matters more, *due* unix seconds."""

    component: Component
    advisory: Advisory
    rank: int
    due: int


def version_key(version: str) -> tuple[tuple[int, int, str], ...]:
    """Return what orders *version*: numbers by value, text after numbers, a leading v left out."""
    parts = re.findall(r"\d+|[a-z]+", version.lower().removeprefix("v"))
    return tuple((1, int(part), "") if part.isdigit() else (0, 0, part) for part in parts)


def _concerned(component: Component, advisory: Advisory) -> bool:
    if component.component != advisory.component:
        return False
    runs = version_key(component.version)
    if advisory.since is not None and runs < version_key(advisory.since):
        return False
    return advisory.fixed_in is None or runs < version_key(advisory.fixed_in)


def _index(word: str, words: tuple[str, ...]) -> int:
    """Return the place of *word*; one that nobody knows counts as the worst."""
    return words.index(word) if word in words else len(words) - 1


def matches(components: Iterable[Component], advisories: Iterable[Advisory]) -> list[Match]:
    """Return every component with a hole, by severity times exposure, worst first."""
    known = list(advisories)
    found = [
        Match(
            component, advisory,
            rank=(1 + _index(advisory.severity, SEVERITIES))
            * (1 + _index(component.exposure, EXPOSURES)),
            due=advisory.published
            + PATCH_WITHIN[SEVERITIES[_index(advisory.severity, SEVERITIES)]],
        )
        for component in components
        for advisory in known
        if _concerned(component, advisory)
    ]  # fmt: skip
    return sorted(found, key=lambda one: (-one.rank, one.due, one.component.where, one.advisory.id))


def advice_on(match: Match, now: int) -> str:
    """Return what the playbook recommends: patch-now, schedule, or accept where nothing fixes it."""
    if match.advisory.fixed_in is None:
        return "accept"
    urgent = match.advisory.severity in {"critical", "high"} or match.due <= now
    return "patch-now" if urgent else "schedule"
