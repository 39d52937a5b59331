"""The records of a validation: what is asserted, what was found, and whether that is near enough."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

__all__ = ["Found", "Row", "Target", "Tolerance", "absolute", "band", "errors", "exact", "relative"]


@dataclass(frozen=True, slots=True)
class Tolerance:
    """How far off a figure may be: *text* for people, and one of four rules.

    *relative* and *absolute* are distances from the target, *errors* counts standard errors of
    what was found, *band* is an interval of its own. All None: the figure must be the target.
    """

    text: str
    relative: float | None = None
    absolute: float | None = None
    errors: float | None = None
    band: tuple[float, float] | None = None

    def accepted(self, target: float, error: float | None) -> tuple[float, float] | None:
        """Return the lowest and highest figure that pass; None where no error is known."""
        if self.band is not None:
            return self.band
        if self.errors is not None:
            if error is None:
                return None
            away = self.errors * error
        elif self.relative is not None:
            away = self.relative * abs(target)
        else:
            away = self.absolute or 0.0
        return target - away, target + away


def relative(size: float) -> Tolerance:
    """Return a tolerance of *size* of the target."""
    return Tolerance(f"{100 * size:g} %", relative=size)


def absolute(size: float) -> Tolerance:
    """Return a tolerance of *size* in the unit of the target."""
    return Tolerance(f"{size:g}", absolute=size)


def errors(count: float) -> Tolerance:
    """Return a tolerance of *count* standard errors of what is found."""
    return Tolerance(f"{count:g} s.e.", errors=count)


def band(low: float, high: float) -> Tolerance:
    """Return an interval, ends included."""
    return Tolerance(f"{low:g} to {high:g}", band=(low, high))


def exact() -> Tolerance:
    """Return no tolerance."""
    return Tolerance("exact")


@dataclass(frozen=True, slots=True)
class Target:
    """One figure that is asserted: *id* (`B6.ratio`), what it is, its value, and who says so."""

    id: str
    about: str
    target: float
    tolerance: Tolerance
    source: str

    @property
    def group(self) -> str:
        """The row of the table that it belongs to: `B6`."""
        return self.id.split(".", 1)[0]


@dataclass(frozen=True, slots=True)
class Found:
    """A figure that a check found, with its standard *error* where it was sampled."""

    value: float
    error: float | None = None


@dataclass(frozen=True, slots=True)
class Row:
    """A target and what was found for it; nothing found is a miss."""

    target: Target
    found: Found | None

    @property
    def accepted(self) -> tuple[float, float] | None:
        """The lowest and highest figure that pass."""
        error = self.found.error if self.found else None
        return self.target.tolerance.accepted(self.target.target, error)

    @property
    def passed(self) -> bool:
        """Whether the figure was found, and near enough."""
        accepted = self.accepted
        if self.found is None or accepted is None:
            return False
        return accepted[0] <= self.found.value <= accepted[1]

    def json(self) -> dict[str, Any]:
        """Return the row for a program; *got* is null where nothing was found."""
        accepted = self.accepted
        return {
            "id": self.target.id,
            "about": self.target.about,
            "target": self.target.target,
            "got": self.found.value if self.found else None,
            "standard_error": self.found.error if self.found else None,
            "tolerance": self.target.tolerance.text,
            "accepted": list(accepted) if accepted else None,
            "passed": self.passed,
            "source": self.target.source,
        }
