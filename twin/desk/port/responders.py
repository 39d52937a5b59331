"""Help from outside: auditors, emergency responders, counsel; who was asked, and what they said."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

__all__ = ["RESPONDER", "Engagement", "Responder", "Responders"]

RESPONDER = "responder:"
"""A notice to the audience `responder:NAME` asks that one for help."""


@dataclass(frozen=True, slots=True)
class Responder:
    """Somebody outside under contract: *kind* is auditor, emergency or counsel.

    They promise an answer within *within* seconds.
    """

    name: str
    kind: str
    within: int


@dataclass(frozen=True, slots=True)
class Engagement:
    """A request about *subject*, *asked* and *answered* in unix seconds, with their *advice*."""

    responder: str
    subject: str
    asked: int
    answered: int
    advice: str


class Responders(Protocol):
    """Help from outside (a runbook asks by a `Notify` step to `responder:NAME`)."""

    def all(self) -> list[Responder]:
        """Return who is under contract."""

    def answers(self, *, since: int) -> list[Engagement]:
        """Return the answers so far to what was asked from unix second *since* on."""
