"""A team in a laboratory: people, keys, executor and dispatcher over a desk on paper.

People answer in exactly a minute (their median is their 95 % quantile) unless a test says
otherwise; the sender puts acts on an imaginary chain ten seconds later. `log` holds what happened
as (seconds since the start, what).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from paper_desk import NOW, PaperDesk

from twin.catalog import Catalog, Procedure, Settings, every, on
from twin.clock import Clock, Process
from twin.desk.records import Records
from twin.desk.steps import Act, Case, Finding, Runbook
from twin.events import (
    Acknowledged,
    Event,
    EventLog,
    IncidentChanged,
    NoticePublished,
    Paged,
    ProcedureEnded,
    ProcedureStarted,
    StepTaken,
)
from twin.random import Streams
from twin.scenario.team import AuthoritySpec, PersonSpec, ShiftSpec
from twin.team.authority import Authorities
from twin.team.dispatch import Dispatcher
from twin.team.executor import Executor, Run
from twin.team.policies import Playbook, Policy
from twin.team.roster import Roster

ALL_DAY = ShiftSpec()
NIGHT_CAPS = ShiftSpec(start="00:00", end="00:01")
"""A shift that is over a minute after midnight: off shift whenever a test looks."""


def person(
    name: str,
    *roles: str,
    shift: ShiftSpec = ALL_DAY,
    ack: int = 60,
    unreachable: float = 0.0,
    **more: Any,
) -> PersonSpec:
    """Return somebody who answers in exactly *ack* seconds, or never."""
    return PersonSpec(name=name, roles=roles, shift=shift, ack_median=ack, ack_p95=ack,
                      unreachable=unreachable, **more)  # fmt: skip


def quorum(threshold: int, *signers: str, signing: int = 90) -> AuthoritySpec:
    """Return an authority of *threshold* among *signers*."""
    return AuthoritySpec(signers=signers, threshold=threshold, signing=signing)


PEOPLE = (
    person("amara", "operator", "oracle-admin"),
    person("bruno", "commander", "fee-steward"),
    person("chen", "operator", "commander"),
)
KEYS = {
    "pauser": quorum(2, "amara", "bruno", "chen"),
    "unpauser": quorum(3, "amara", "bruno", "chen"),
    "oracle_admin": quorum(1, "amara"),
}


class SlowChain:
    """A sender whose acts take effect ten seconds later, and which keeps what it sent."""

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self.effect: Callable[[Act], object] = lambda _act: None
        self.sent: list[Act] = []

    def carry_out(self, act: Act) -> Process:
        self.sent.append(act)
        yield self.clock.after(10)
        self.effect(act)
        return {
            "success": True,
            "reason": "",
            "block": 300 + len(self.sent),
            "transaction": b"\x01",
        }


class TeamLab:
    """Everything of the team, on a clock that stands at `NOW`."""

    def __init__(
        self,
        *procedures: Procedure,
        people: Iterable[PersonSpec] = PEOPLE,
        keys: Mapping[str, AuthoritySpec] = KEYS,
        policy: Policy | None = None,
        settings: Mapping[str, Settings] | None = None,
        desk: PaperDesk | None = None,
    ) -> None:
        self.clock, self.events, self.records = Clock(NOW), EventLog(), Records()
        self.log: list[tuple[int, str]] = []
        self.seen: list[Event] = []
        self.events.listen(self._hear)
        self.desk = desk or PaperDesk()
        self.roster = Roster(people, self.clock, log=self.events, streams=Streams(1))
        self.keys = Authorities(keys, self.roster, clock=self.clock)
        self.chain = SlowChain(self.clock)
        self.executor = Executor(
            self.clock,
            Catalog(procedures),
            settings=settings or {},
            desk=self.desk,
            roster=self.roster,
            authorities=self.keys,
            policy=policy or Playbook(),
            sender=self.chain,
            incidents=self.desk.store,
            stores=self.desk.stores,
            notices=self.desk.notices,
            records=self.records,
            log=self.events,
        )
        self.dispatcher = Dispatcher(
            self.clock, self.executor, roster=self.roster, incidents=self.desk.store
        )
        self.results: list[Any] = []

    def _hear(self, now: int, event: Event) -> None:
        self.desk.now = now
        self.seen.append(event)
        said = told(event)
        if said:
            self.log.append((now - NOW, said))

    def run(self, seconds: int) -> None:
        """Let time pass; the desk's clock follows."""
        end = self.clock.now + seconds
        self.clock.run(end)
        self.desk.now = end

    def drive(self, procedure: Procedure, case: Case, **more: Any) -> Run:
        """Drive a run of *procedure*; its finding goes to `results`."""
        run = Run(procedure, 1, case, **more)
        self.spawn(self.executor.drive(run))
        return run

    def spawn(self, process: Process) -> None:
        """Run *process* and keep its value in `results`."""

        def keep() -> Process:
            self.results.append((yield from process))

        self.clock.spawn(keep())


def told(event: Event) -> str | None:  # noqa: PLR0911 - one line a kind of event
    """Say in a few words what *event* tells, or None for what the log leaves out."""
    match event:
        case Paged():
            return f"page {event.person}"
        case Acknowledged():
            return f"ack {event.person}"
        case StepTaken():
            return f"{event.who}: {event.action}"
        case ProcedureStarted():
            return f"{event.procedure} starts"
        case ProcedureEnded():
            return f"{event.procedure} {event.verdict}"
        case IncidentChanged():
            return f"{event.incident} {event.state}"
        case NoticePublished():
            return f"notice: {event.subject}"
    return None


def procedure(
    name: str, function: Callable[..., Runbook] | Callable[..., Finding], *, event: str = "",
    seconds: int = 0, kind: str = "runbook", role: str = "operator",
) -> Procedure:  # fmt: skip
    """Return a procedure that nobody marked, so that a test can make wrong ones too."""
    return Procedure(
        id=name, title=name, seed="A / B / C", level="B", kind=kind, role=role, effort=60,  # type: ignore[arg-type]
        cadence=every(seconds=seconds) if seconds else on(event or "called"), inputs=("x",), evidence="x",
        settings=Settings, function=function,
    )  # fmt: skip
