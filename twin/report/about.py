"""What the report says about the scenario: from the loaded scenario, or from the copy in the run.

The copy is read as plain text fields without the loader, whose vocabulary (agents, faults,
rules) may have changed since the run: a report must be possible for an old run folder too.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import yaml

__all__ = ["About", "Scenario"]


class Scenario(Protocol):
    """What `render` reads of a loaded scenario."""

    @property
    def name(self) -> str:
        """Kebab-case name."""

    @property
    def title(self) -> str:
        """A line for people."""

    @property
    def description(self) -> str:
        """A paragraph."""

    @property
    def claims_not_made(self) -> tuple[str, ...]:
        """What a run of it does not show."""

    @property
    def procedures(self) -> Mapping[str, Any]:
        """Settings by procedure id."""

    @property
    def loss(self) -> Any:
        """The declared loss, with *reference* and *floor*, or None."""


@dataclass(frozen=True, slots=True)
class About:
    """Texts and figures of the scenario; *target* is swap volume per *period* s, stable units."""

    title: str
    description: str = ""
    claims: tuple[str, ...] = ()
    target: int = 0
    period: int = 21_600
    reference: tuple[tuple[str, str], ...] = ()

    @classmethod
    def of(cls, scenario: Scenario) -> About:
        """Take it from a loaded scenario."""
        settings = scenario.procedures.get("TP4")
        reference = getattr(scenario.loss, "reference", None) or {}
        floor = getattr(scenario.loss, "floor", None)
        return cls(
            title=scenario.title,
            description=scenario.description,
            claims=tuple(scenario.claims_not_made),
            target=getattr(settings, "target", 0),
            period=getattr(settings, "period", 21_600),
            reference=_reference(reference, floor),
        )

    @classmethod
    def read(cls, path: Path, name: str) -> About:
        """Take it from the scenario file at *path*; where that cannot be had, the *name* alone."""
        try:
            body = yaml.safe_load(path.read_bytes())
        except (OSError, yaml.YAMLError, ValueError):
            return cls(title=name)
        if not isinstance(body, dict):
            return cls(title=name)
        settings = _mapping(_mapping(body.get("procedures")).get("TP4"))
        loss = _mapping(body.get("loss"))
        claims = body.get("claims_not_made")
        return cls(
            title=str(body.get("title") or name),
            description=str(body.get("description") or ""),
            claims=tuple(map(str, claims)) if isinstance(claims, list) else (),
            target=_whole(settings.get("target"), 0),
            period=_whole(settings.get("period"), 21_600) or 21_600,
            reference=_reference(_mapping(loss.get("reference")), loss.get("floor")),
        )


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _whole(value: object, otherwise: int) -> int:
    return value if isinstance(value, int) and value >= 0 else otherwise


def _reference(values: Mapping[str, Any], floor: object) -> tuple[tuple[str, str], ...]:
    rows = [(str(key), str(values[key])) for key in sorted(values, key=str)]
    return (*rows, ("floor", str(floor))) if floor is not None else tuple(rows)
