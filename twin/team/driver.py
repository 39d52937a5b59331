"""Who drives procedures: calls checks, and hands a runbook its answers and takes its steps.

In one process that is a function call. Procedures that run in a process of their own are driven
over a wire by the same interface (`twin.console.crew`), so that a run cannot tell the two apart.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol

from twin.catalog import Procedure, Settings
from twin.desk.port import Desk
from twin.desk.steps import Case, Finding, Look, Runbook, Step
from twin.errors import CrashError

__all__ = ["Driver", "Ended", "Here", "Play"]


@dataclass(frozen=True, slots=True)
class Ended:
    """A runbook has ended with *finding*."""

    finding: Finding


class Play(Protocol):
    """A runbook under way."""

    def send(self, answer: Any) -> Step | Ended:
        """Hand in the *answer* to the last step, None at first; return the next step, or the end.

        Raises NoData or Reverted where the runbook met what it cannot go on from.
        """

    def look(self, step: Look) -> Any:
        """Answer *step* from the desk."""


class Driver(Protocol):
    """Calls procedures."""

    def check(self, procedure: Procedure, settings: Settings) -> Finding:
        """Run a check now."""

    def begin(self, procedure: Procedure, case: Case, settings: Settings) -> Play:
        """Begin a runbook; nothing of it has run when this returns."""


class _Played:
    """A generator of this process."""

    __slots__ = ("_desk", "_name", "_steps")

    def __init__(self, name: str, steps: Runbook, desk: Desk) -> None:
        self._name, self._steps, self._desk = name, steps, desk

    def send(self, answer: Any) -> Step | Ended:
        """Hand in the answer to the last step."""
        try:
            return self._steps.send(answer)
        except StopIteration as stop:
            if not isinstance(stop.value, Finding):
                raise CrashError(
                    f"runbook {self._name} returned {stop.value!r}, not a Finding"
                ) from None
            return Ended(stop.value)

    def look(self, step: Look) -> Any:
        """Answer from the desk."""
        return step.query(self._desk, *step.args)


class Here:
    """Drives procedures in this process, on *desk*."""

    __slots__ = ("_desk",)

    def __init__(self, desk: Desk) -> None:
        """Take the desk that they see."""
        self._desk = desk

    def check(self, procedure: Procedure, settings: Settings) -> Finding:
        """Run a check now."""
        finding = procedure.function(self._desk, settings)
        if not isinstance(finding, Finding):
            raise CrashError(f"check {procedure.id} returned {finding!r}, not a Finding")
        return finding

    def begin(self, procedure: Procedure, case: Case, settings: Settings) -> Play:
        """Begin a runbook."""
        return _Played(procedure.id, procedure.function(case, settings), self._desk)
