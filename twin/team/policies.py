"""Policies: who stands in for a person where a runbook asks for a decision.

A policy observes a decision that is due, with the case and the facts that the runbook gathered
through the desk, and acts by taking one of its options. It sees nothing else.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from twin.desk.steps import Case, Decide
from twin.errors import CrashError, UnknownName, UsageError

__all__ = [
    "NAMES",
    "Ask",
    "Habit",
    "Human",
    "NoResponse",
    "Observation",
    "Panic",
    "Playbook",
    "Policy",
    "Recorded",
    "policy",
]


@dataclass(frozen=True, slots=True)
class Observation:
    """A decision that *who*, of the role that it asks for, has to take at unix second *now*.

    *advice* is what the playbook recommends, *grounds* are the facts that it rests on.
    """

    now: int
    procedure: str
    who: str
    question: str
    options: tuple[str, ...]
    advice: str
    case: Case
    grounds: Mapping[str, Any] = field(default_factory=dict)

    @classmethod
    def of(cls, step: Decide, case: Case, *, now: int, procedure: str, who: str) -> Observation:
        """Return what is seen of *step*."""
        return cls(
            now=now, procedure=procedure, who=who, question=step.question, options=step.options,
            advice=step.advice, case=case, grounds=step.grounds,
        )  # fmt: skip


Ask = Callable[[Observation], str]
"""Asks a person; returns the option that they take."""


class Policy(Protocol):
    """The interface: may this runbook begin, and which option is taken."""

    name: str

    def begins(self, procedure: str, case: Case) -> bool:
        """Say whether *procedure* is started for *case* at all."""

    def act(self, seen: Observation) -> str:
        """Return one of the options of what is *seen*."""


class Playbook:
    """Does what the playbook recommends."""

    name = "playbook"

    def begins(self, procedure: str, case: Case) -> bool:
        """Everything begins."""
        del procedure, case
        return True

    def act(self, seen: Observation) -> str:
        """Take the advice."""
        return seen.advice


class NoResponse:
    """Nobody answers: alerts fire and nothing is done about them."""

    name = "none"

    def begins(self, procedure: str, case: Case) -> bool:
        """No runbook begins, for there may be nobody to carry it out; checks still run."""
        del procedure, case
        return False

    def act(self, seen: Observation) -> str:
        """Change nothing: the last option of a decision is the one that leaves things be."""
        return seen.options[-1]


class Panic:
    """Takes everything for the worst, stops what can be stopped, and lets nothing go on again.

    It is no advice to anybody: it shows that a scenario's loss counts the harm that a stop does.
    """

    name = "panic"

    def begins(self, procedure: str, case: Case) -> bool:
        """Everything begins."""
        del procedure, case
        return True

    def act(self, seen: Observation) -> str:
        """Hold what is held; else take the first option, the gravest by the playbooks' custom."""
        return "hold" if "hold" in seen.options else seen.options[0]


class Human:
    """A person decides, whom *ask* reaches; the clock stands while they think."""

    name = "human"

    def __init__(self, ask: Ask) -> None:
        """Ask nobody yet."""
        self.ask = ask

    def begins(self, procedure: str, case: Case) -> bool:
        """Everything begins: the playbook leads, the person decides."""
        del procedure, case
        return True

    def act(self, seen: Observation) -> str:
        """Ask."""
        return self.ask(seen)


class Recorded:
    """Takes the decisions of an earlier run again: (procedure, question, option), in their order."""

    name = "human"

    def __init__(self, decisions: Iterable[tuple[str, str, str]]) -> None:
        """Begin with the first."""
        self.decisions = iter(decisions)

    def begins(self, procedure: str, case: Case) -> bool:
        """Everything begins, as it did then."""
        del procedure, case
        return True

    def act(self, seen: Observation) -> str:
        """Take the next; CrashError where another question was asked then."""
        procedure, question, option = next(self.decisions, ("nothing", "", ""))
        if (procedure, question) != (seen.procedure, seen.question):
            raise CrashError(
                f"{seen.procedure} asks {seen.question!r}; what was recorded next is {procedure}: "
                f"{question!r}"
            )
        return option


class Habit:
    """People who have seen an alert before: what was harmless so often is judged harmless again.

    Once a rule was triaged *after* times within *window* seconds, the share *share* of its alerts
    that the playbook takes for real is judged false (Iron, 2021-06-16: off the peg a dozen times
    before, so that the first wave of the run was normal). *chance* draws from [0, 1).
    """

    def __init__(
        self, inner: Policy, *, after: int, window: int, share: float, chance: Callable[[], float]
    ) -> None:
        """Have seen nothing yet."""
        self.name = inner.name
        self.inner, self.after, self.window = inner, after, window
        self.share, self.chance = share, chance
        self.known: dict[str, list[int]] = {}

    def begins(self, procedure: str, case: Case) -> bool:
        """Begin what the policy begins."""
        return self.inner.begins(procedure, case)

    def act(self, seen: Observation) -> str:
        """Take what the policy takes, but for an alert that one is used to."""
        choice = self.inner.act(seen)
        if seen.case.alert is None or set(seen.options) != {"real", "false"}:
            return choice
        rule = seen.case.alert.partition("{")[0]
        times = [at for at in self.known.get(rule, ()) if seen.now - at <= self.window]
        self.known[rule] = [*times, seen.now]
        used = self.chance() < self.share and len(times) >= self.after
        return "false" if used else choice


NAMES = ("playbook", "panic", "none", "human")


def policy(name: str, *, ask: Ask | None = None) -> Policy:
    """Return the policy called *name*; `human` needs *ask*, a way to reach the person."""
    if name not in NAMES:
        raise UnknownName("policy", name, NAMES)
    if name == "human":
        if ask is None:
            raise UsageError(
                "the policy human asks a person at a terminal: run it there with `twin run`, or "
                "take another with --policy playbook"
            )
        return Human(ask)
    made: dict[str, type[Playbook | Panic | NoResponse]] = {
        "playbook": Playbook, "panic": Panic, "none": NoResponse,
    }  # fmt: skip
    return made[name]()
