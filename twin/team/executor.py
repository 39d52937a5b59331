"""The executor: carries procedures out, in the twin with people who take time.

A check is called and its finding filed. A runbook is driven step by step: each step takes the
people, signatures and blocks it needs, its result is made JSON, journalled, and sent back in.
A runbook that was killed is driven again from its journal: recorded results are sent in without
being carried out a second time.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from twin.catalog import Catalog, Procedure, Settings
from twin.clock import DAY, Clock, Process
from twin.desk.incidents import IncidentStore
from twin.desk.notices import NoticeBoard
from twin.desk.port import Desk
from twin.desk.records import Records, canonical
from twin.desk.steps import (
    Act,
    Case,
    Decide,
    File,
    Finding,
    Keep,
    Look,
    Notify,
    Step,
    Trigger,
    Update,
    Wait,
    Work,
)
from twin.desk.stores import Stores
from twin.errors import CrashError, IncidentEnded, NoData, Reverted, UnknownName
from twin.events import (
    EntryKept,
    EventLog,
    EvidenceFiled,
    HandedOver,
    IncidentChanged,
    NoticePublished,
    ProcedureEnded,
    ProcedureStarted,
    StepTaken,
)
from twin.team.authority import Authorities
from twin.team.driver import Driver, Ended, Here, Play
from twin.team.policies import Observation, Policy
from twin.team.roster import Person, Roster

__all__ = ["Executor", "Run", "Sender"]


class Sender(Protocol):
    """What puts a signed action on chain."""

    def carry_out(self, act: Act) -> Process:
        """Send the transaction(s) of *act*; value {success, reason, block, timestamp, ...}."""


class OnCheck(Protocol):
    """Hears what a procedure found; *interval* is the cadence it promises, in seconds."""

    def __call__(
        self, procedure: str, finding: Finding, now: int, *, interval: int | None = None
    ) -> object:
        """Take the finding of *procedure* at unix second *now*."""


def _unheard(procedure: str, finding: Finding, now: int, *, interval: int | None = None) -> None:
    """Stand in until the monitoring listens."""


HANDOVER = 4 * 3600
"""Seconds for which whoever worked on a run stays with it although their shift is over."""


@dataclass(slots=True)
class Run:
    """One run of a runbook: its *journal* of results, and the person who *owns* it.

    *present* holds who took part in it, and the last unix second at which they did; *play* is the
    runbook itself while it is driven.
    """

    procedure: Procedure
    number: int
    case: Case
    owner: Person | None = None
    journal: list[Any] = field(default_factory=list)
    present: dict[str, int] = field(default_factory=dict)
    play: Play | None = None


class Executor:
    """Carries out the procedures of *catalog* with the *settings* of the scenario."""

    def __init__(
        self,
        clock: Clock,
        catalog: Catalog,
        *,
        settings: Mapping[str, Settings],
        desk: Desk,
        roster: Roster,
        authorities: Authorities,
        policy: Policy,
        sender: Sender,
        incidents: IncidentStore,
        stores: Stores,
        notices: NoticeBoard,
        records: Records,
        log: EventLog,
    ) -> None:
        """Take everything in; start nothing."""
        self._clock, self.catalog, self._settings = clock, catalog, settings
        self._desk, self._roster, self._authorities = desk, roster, authorities
        self.policy, self._sender = policy, sender
        self._incidents, self._stores = incidents, stores
        self._notices, self._records, self._log = notices, records, log
        self._runs: dict[str, int] = {}
        self.driver: Driver = Here(desk)
        self.handover = 0
        self.on_check: OnCheck = _unheard
        self.runs: Callable[[str], bool] = lambda _procedure: True
        self.on_trigger: Callable[[str, Case, Person | None], Sequence[str]] = lambda *_: ()
        self._at_once: dict[type[Step], Callable[[Any, Run], tuple[str, Any]]] = {
            File: self._file_step,
            Keep: self._keep,
            Look: self._look,
            Notify: self._notify,
            Trigger: self._trigger,
            Update: self._update,
        }
        self._in_time: dict[type[Step], Callable[[Any, Run], Process]] = {
            Act: self._act,
            Decide: self._decide,
            Wait: self._wait,
            Work: self._work,
        }

    def _settings_of(self, procedure: Procedure) -> Settings:
        return self._settings.get(procedure.id) or procedure.settings()

    def idle(self, procedure: Procedure) -> str | None:
        """Return why *procedure* has no object in this world, None where it has one."""
        return procedure.applies(self._desk) if procedure.applies else None

    def check(self, procedure: Procedure) -> Finding:
        """Run a check now, file its finding and hand it to the metrics."""
        try:
            finding = self.driver.check(procedure, self._settings_of(procedure))
        except (NoData, Reverted) as error:
            finding = _unable(error)
        self._file(procedure.id, finding)
        self.on_check(procedure.id, finding, self._clock.now, interval=procedure.cadence.longest)
        return finding

    def start(self, procedure: Procedure, case: Case, *, owner: Person | None = None) -> Process:
        """Carry out a runbook from its first step; value its finding."""
        number = self._runs[procedure.id] = self._runs.get(procedure.id, 0) + 1
        started = ProcedureStarted(procedure=procedure.id, run=number, cause=case.cause)
        self._log.emit(self._clock.now, started)
        return (yield from self.drive(Run(procedure, number, case, owner)))

    def drive(self, run: Run) -> Process:
        """Drive *run* from its journal on; value its finding.

        A question to the desk that has no answer ends the run, as it ends a check; so does an
        incident that somebody else ended meanwhile.
        """
        if run.owner is not None:
            run.present.setdefault(run.owner.name, self._clock.now)
        run.play = self.driver.begin(run.procedure, run.case, self._settings_of(run.procedure))
        recorded = tuple(run.journal)
        answer: Any = None
        done = 0
        try:
            while not isinstance(step := run.play.send(answer), Ended):
                if done < len(recorded):
                    answer = recorded[done]
                else:
                    answer = yield from self._carry_out(step, run)
                done += 1
            finding = step.finding
        except (NoData, Reverted) as error:
            finding = _unable(error)
        except IncidentEnded as error:  # two runs for one incident: the other was done first
            finding = Finding("refused", str(error))
        ref = self._file(run.procedure.id, finding)
        self._log.emit(
            self._clock.now,
            ProcedureEnded(
                procedure=run.procedure.id, run=run.number, verdict=finding.verdict, evidence=ref
            ),
        )
        promised = _promised(run.procedure)
        if promised:  # what answers an event has no date to be late for
            self.on_check(run.procedure.id, finding, self._clock.now, interval=promised)
        return finding

    def _carry_out(self, step: Step, run: Run) -> Process:
        if type(step) in self._at_once:
            who, result = self._at_once[type(step)](step, run)
        elif type(step) in self._in_time:
            who, result = yield from self._in_time[type(step)](step, run)
        else:
            raise CrashError(f"runbook {run.procedure.id} yielded {step!r}, which is no step")
        text = canonical(result)
        run.journal.append(json.loads(text))
        self._log.emit(
            self._clock.now,
            StepTaken(
                procedure=run.procedure.id,
                run=run.number,
                step=len(run.journal),
                action=step.describe(),
                who=who,
                result=text,
            ),
        )
        return run.journal[-1]

    def _file(self, procedure: str, finding: Finding) -> str:
        ref, digest = self._records.file(procedure, self._clock.now, finding)
        self._log.emit(
            self._clock.now,
            EvidenceFiled(ref=ref, procedure=procedure, verdict=finding.verdict, hash=digest),
        )
        return ref

    # -- people --------------------------------------------------------------------------------

    def _at_hand(self, run: Run) -> list[Person]:
        """Return who took part in *run* and is still there: on shift, or not long gone from it."""
        now = self._clock.now
        people = [(self._roster[name], last) for name, last in run.present.items()]
        return [person for person, last in people if person.on_shift() or now - last <= HANDOVER]

    def _engage(self, role: str, run: Run, *, seconds: int, what: str, priority: int) -> Process:
        """Let somebody of *role* work for *seconds*; value (person, {who, started, ended}).

        Whoever is with the run already does it; nobody else acts before they were reached.
        Routine work goes to somebody on shift.
        """
        able = [person for person in self._at_hand(run) if person in self._roster.on_call(role)]
        person = able[0] if able else None
        if person is None:
            before = [name for name in run.present if role in self._roster[name].spec.roles]
            if run.procedure.routine:
                person = yield from self._roster.assign(role)
            else:
                person = yield from self._roster.page(role, f"{run.procedure.id}: {what}")
            run.owner = run.owner or person
            if before and person.name not in run.present:
                yield from self._hand_over(before[-1], person, run)
        result = yield from person.work(person.pace(seconds, role), priority=priority)
        run.present[person.name] = self._clock.now
        return person, result

    def _hand_over(self, before: str, person: Person, run: Run) -> Process:
        """Let *person* read in on what *before*, who is gone, has done in *run*."""
        run.owner = person
        self._log.emit(
            self._clock.now,
            HandedOver(procedure=run.procedure.id, run=run.number, gone=before, person=person.name),
        )
        yield from person.work(self.handover, priority=2)

    # -- the steps that take time; each yields SimPy events and values (who, result) ------------

    def _work(self, step: Work, run: Run) -> Process:
        person, result = yield from self._engage(
            step.role, run, seconds=step.effort, what=step.what, priority=3
        )
        return person.name, result

    def _decide(self, step: Decide, run: Run) -> Process:
        person, _result = yield from self._engage(
            step.role, run, seconds=step.effort, what=step.question, priority=2
        )
        seen = Observation.of(
            step, run.case, now=self._clock.now, procedure=run.procedure.id, who=person.name
        )
        choice = self.policy.act(seen)
        if choice not in step.options:
            raise CrashError(f"policy {self.policy.name} chose {choice!r} of {step.options}")
        return person.name, choice

    def _act(self, step: Act, run: Run) -> Process:
        try:
            needed = self._authorities.require(step.authority).threshold
        except UnknownName as error:  # nobody was given these keys: it is no crash, nobody signs
            return "nobody", {"success": False, "reason": str(error), "block": None}
        signers = yield from self._authorities.collect(
            step.authority,
            f"{step.contract}.{step.function} ({step.why})",
            knowing=[person.name for person in self._at_hand(run)],
            routine=run.procedure.routine,
        )
        who = "+".join(signers) or "nobody"
        if len(signers) < needed:
            reason = f"{len(signers)} of {needed} signatures of {step.authority}"
            return who, {"success": False, "reason": reason, "block": None}
        submitted = self._clock.now
        result = yield from self._sender.carry_out(step)
        return who, {**result, "submitted": submitted, "signers": signers}

    def _wait(self, step: Wait, run: Run) -> Process:
        del run
        yield self._clock.after(step.seconds)
        return "clock", self._clock.now

    # -- the steps that take none: what a runbook saw still holds when it answers ---------------

    def _look(self, step: Look, run: Run) -> tuple[str, Any]:
        if run.play is None:
            raise CrashError(f"run {run.number} of {run.procedure.id} is not driven")
        return "desk", run.play.look(step)

    def _update(self, step: Update, run: Run) -> tuple[str, Any]:
        now = self._clock.now
        if step.incident is None:
            item = self._incidents.create(
                now,
                summary=step.summary or run.case.cause,
                severity=step.severity or "P3",
                family=step.family or "unknown",
                alerts=step.alerts,
                notes=step.notes,
            )
        else:
            item = self._incidents.change(
                step.incident,
                now,
                state=step.state,
                severity=step.severity,
                family=step.family,
                summary=step.summary,
                alerts=step.alerts,
                notes=step.notes,
            )
        self._log.emit(
            now,
            IncidentChanged(
                incident=item.id,
                state=item.state,
                severity=item.severity,
                family=item.family,
                summary=item.summary,
            ),
        )
        return "desk", item.id

    def _keep(self, step: Keep, run: Run) -> tuple[str, Any]:
        now, owner = self._clock.now, run.owner.name if run.owner else ""
        if step.entry is None:
            item = self._stores.create(
                step.kind,
                now,
                subject=step.subject or run.case.cause,
                state=step.state or "open",
                owner=step.owner or owner,
                due=step.due,
                data=step.data,
            )
        else:
            item = self._stores.change(
                step.entry, now, state=step.state, owner=step.owner, due=step.due, data=step.data
            )
        self._log.emit(
            now,
            EntryKept(
                entry=item.id,
                store=item.kind,
                state=item.state,
                owner=item.owner,
                subject=item.subject,
                data=canonical(item.data),
            ),
        )
        return owner or "desk", item.id

    def _notify(self, step: Notify, run: Run) -> tuple[str, Any]:
        del run
        now = self._clock.now
        self._notices.publish(now, audience=step.audience, subject=step.subject, text=step.text)
        notice = NoticePublished(audience=step.audience, subject=step.subject, text=step.text)
        self._log.emit(now, notice)
        return "comms", now

    def _file_step(self, step: File, run: Run) -> tuple[str, Any]:
        return "records", self._file(run.procedure.id, step.finding)

    def _trigger(self, step: Trigger, run: Run) -> tuple[str, Any]:
        return "dispatcher", list(self.on_trigger(step.event, step.case, run.owner))


def _promised(procedure: Procedure) -> int | None:
    """Return the seconds between two ends of *procedure*, None for what answers an event.

    A runbook that is not automatic (level A) waits for people on shift: nights and weekends stand
    between two of its ends, however often the calendar starts it.
    """
    longest = procedure.cadence.longest
    if longest is None or procedure.level == "A":
        return longest
    return max(longest, DAY)


def _unable(error: NoData | Reverted) -> Finding:
    """Say that a procedure could not look: no data is a failure, never a pass."""
    if isinstance(error, NoData):
        return Finding("no-data", str(error), problems={"no-data": 1})
    return Finding("failed", str(error), problems={"reverted": 1})
