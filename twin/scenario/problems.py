"""Problems as they are found: each with its place, all of them raised at once."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from twin.errors import FileProblems, Problem, nearest

__all__ = ["Place", "Report", "hint"]

_SHOWN = 12
"""Valid names that a hint lists when none is near."""


@dataclass(frozen=True, slots=True, order=True)
class Place:
    """A place in a file; both count from 1."""

    line: int
    column: int


def hint(name: object, valid: Iterable[str]) -> str:
    """Return the nearest of *valid*, or the list of them where it is short, for a message's end."""
    names = sorted(valid)
    near = nearest(name, names) if isinstance(name, str) else None
    if near:
        return f"did you mean {near!r}?"
    if not names:
        return "there are none"
    more = f", ... {len(names)} in all" if len(names) > _SHOWN else ""
    return f"known: {', '.join(names[:_SHOWN])}{more}"


class Report:
    """The problems of one file, each place and message once."""

    def __init__(self, file: str) -> None:
        """Start without a problem."""
        self.file = file
        self._found: dict[Problem, None] = {}

    def add(self, place: Place, message: str, hint: str = "") -> None:
        """Note that *message* is true of *place*."""
        problem = Problem(self.file, place.line, place.column, message, hint)
        self._found.setdefault(problem)

    def has(self, place: Place) -> bool:
        """Say whether something is wrong at *place* already."""
        at = (place.line, place.column)
        return any((problem.line, problem.column) == at for problem in self._found)

    def raise_any(self) -> None:
        """Raise FileProblems with everything that was found, if anything was."""
        if self._found:
            raise FileProblems(tuple(self._found))
