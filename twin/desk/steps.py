"""What a runbook yields: steps that somebody else carries out, and the case it works on.

A runbook is a generator. Each `result = yield step` hands one step to the executor, which takes
people's time, signatures and blocks for it, journals the result as JSON, and sends it back in.
The runbook touches the desk by nothing else, so that one that was killed is resumed by driving
it again from its journal, in the twin and live alike.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from twin.desk.port import Desk

__all__ = [
    "Act",
    "Case",
    "Decide",
    "File",
    "Finding",
    "Keep",
    "Look",
    "Notify",
    "Runbook",
    "Step",
    "Trigger",
    "Update",
    "Wait",
    "Work",
]

Verdict = Literal["ok", "finding", "no-data", "done", "refused", "failed"]


@dataclass(frozen=True, slots=True)
class Finding:
    """What a procedure found: JSON-like *data*, and *problems* counted by item for the metrics.

    A check answers ok, finding or no-data; a runbook ends done, refused or failed.
    """

    verdict: Verdict
    summary: str
    data: Mapping[str, Any] = field(default_factory=dict)
    problems: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Case:
    """Why a runbook runs: the *cause* in words, and the *alert* key or *incident* id behind it."""

    cause: str
    alert: str | None = None
    incident: str | None = None
    facts: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Look:
    """Ask the desk: *query* is a function of the desk and *args*; its answer must be JSON-like."""

    question: str
    query: Callable[..., Any]
    args: tuple[Any, ...] = ()

    def describe(self) -> str:
        """Say in one line what the step asks for."""
        return f"look: {self.question}"


@dataclass(frozen=True, slots=True)
class Work:
    """Somebody of *role* works for *effort* seconds on *what*. Answers {who, started, ended}."""

    role: str
    effort: int
    what: str

    def describe(self) -> str:
        """Say in one line what the step asks for."""
        return f"work: {self.what}"


@dataclass(frozen=True, slots=True)
class Decide:
    """Somebody of *role*, or a policy for them, takes one of *options*. Answers the option.

    *advice* is what the playbook recommends, *grounds* the facts it rests on.
    """

    role: str
    question: str
    options: tuple[str, ...]
    advice: str
    grounds: Mapping[str, Any] = field(default_factory=dict)
    effort: int = 60

    def describe(self) -> str:
        """Say in one line what the step asks for."""
        return f"decide: {self.question}"


@dataclass(frozen=True, slots=True)
class Act:
    """A transaction in the name of *authority*: signed m-of-n, submitted, included.

    Where *calldata* (`0x` text) is given, these bytes are sent and not what the arguments encode.
    A delayed call is scheduled, waited for and executed; *stage* does one of the two alone, or
    cancels. Answers {success, reason, block, timestamp, transaction}.
    """

    authority: str
    contract: str
    function: str
    args: tuple[Any, ...]
    why: str
    calldata: str = ""
    stage: Literal["whole", "schedule", "execute", "cancel"] = "whole"

    def describe(self) -> str:
        """Say in one line what the step asks for."""
        return f"act: {self.contract}.{self.function} as {self.authority}"


@dataclass(frozen=True, slots=True)
class Wait:
    """Let *seconds* pass. Answers the unix second after."""

    seconds: int
    why: str

    def describe(self) -> str:
        """Say in one line what the step asks for."""
        return f"wait {self.seconds} s: {self.why}"


@dataclass(frozen=True, slots=True)
class Update:
    """Open an incident (no *incident*) or change one. Answers its id.

    *notes* are kept on it by their names, for the procedures that come after.
    """

    incident: str | None = None
    state: str | None = None
    severity: str | None = None
    family: str | None = None
    summary: str | None = None
    alerts: Sequence[str] = ()
    notes: Mapping[str, Any] = field(default_factory=dict)

    def describe(self) -> str:
        """Say in one line what the step asks for."""
        what = self.state or " ".join(f"+{name}" for name in self.notes)
        return f"update: {self.incident or 'new incident'} {what}".rstrip()


@dataclass(frozen=True, slots=True)
class Keep:
    """Open an entry of the store *kind* (no *entry*) or change one. Answers its id.

    *kind* is change, risk, decision, action or ticket; *data* is merged into what is there.
    """

    kind: str
    entry: str | None = None
    state: str | None = None
    owner: str | None = None
    subject: str | None = None
    due: int | None = None
    data: Mapping[str, Any] = field(default_factory=dict)

    def describe(self) -> str:
        """Say in one line what the step asks for."""
        return f"keep: {self.entry or f'new {self.kind}'} {self.state or ''}".rstrip()


@dataclass(frozen=True, slots=True)
class Notify:
    """Tell *audience* something. Answers the unix second it left."""

    audience: str
    subject: str
    text: str

    def describe(self) -> str:
        """Say in one line what the step asks for."""
        return f"notify {self.audience}: {self.subject}"


@dataclass(frozen=True, slots=True)
class File:
    """File evidence before the runbook ends. Answers its reference."""

    finding: Finding

    def describe(self) -> str:
        """Say in one line what the step asks for."""
        return f"file: {self.finding.summary}"


@dataclass(frozen=True, slots=True)
class Trigger:
    """Raise *event* for the dispatcher, which starts what answers it. Answers what it started."""

    event: str
    case: Case

    def describe(self) -> str:
        """Say in one line what the step asks for."""
        return f"trigger: {self.event}"


Step = Look | Work | Decide | Act | Wait | Update | Keep | Notify | File | Trigger
Runbook = Generator[Step, Any, Finding]

Check = Callable[[Desk, Any], Finding]
