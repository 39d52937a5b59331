"""Policies: who stands in for a person where a runbook asks for a decision.

A policy observes the case and the decision that is due, and acts by choosing an option. It sees
what the runbook gathered through the desk and nothing else.
"""

from __future__ import annotations

from typing import Protocol

from twin.desk.steps import Case, Decide
from twin.errors import UnknownName

__all__ = ["NoResponse", "Playbook", "Policy", "policy"]


class Policy(Protocol):
    """The interface: may this runbook begin, and which option is taken."""

    name: str

    def begins(self, procedure: str, case: Case) -> bool:
        """Say whether *procedure* is started for *case* at all."""

    def choose(self, decision: Decide, case: Case) -> str:
        """Return one of the options of *decision*."""


class Playbook:
    """Does what the playbook recommends."""

    name = "playbook"

    def begins(self, procedure: str, case: Case) -> bool:
        """Everything begins."""
        del procedure, case
        return True

    def choose(self, decision: Decide, case: Case) -> str:
        """Take the advice."""
        del case
        return decision.advice


class NoResponse:
    """Nobody answers: alerts fire and nothing is done about them."""

    name = "none"

    def begins(self, procedure: str, case: Case) -> bool:
        """No runbook begins, for there may be nobody to carry it out; checks still run."""
        del procedure, case
        return False

    def choose(self, decision: Decide, case: Case) -> str:
        """Change nothing: the last option of a decision is the one that leaves things be."""
        del case
        return decision.options[-1]


def policy(name: str) -> Policy:
    """Return the policy called *name*."""
    known: dict[str, type[Playbook | NoResponse]] = {
        "none": NoResponse,
        "playbook": Playbook,
    }
    if name not in known:
        raise UnknownName("policy", name, known)
    return known[name]()
