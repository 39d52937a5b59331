"""People: shifts, how long they take to answer, and the time that their work takes.

A person is a SimPy resource of capacity one: whoever works on one thing makes the next wait. A
page goes to those on shift first; one who does not answer in time is passed over.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Protocol
from zoneinfo import ZoneInfo

import numpy as np
import simpy

from twin.clock import Clock, Process
from twin.errors import CrashError
from twin.events import Acknowledged, EventLog, Paged
from twin.random import Streams

__all__ = ["Line", "Person", "PersonSpec", "Roster", "Shift", "ShiftSpec"]

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
QUARTER = 900
"""Seconds between two looks at who has come on shift; shifts begin on the quarter hour."""

TIRING = 12 * 3600
"""Seconds for which a page still weighs on whoever answered it."""

DEPUTY = "operator"
"""Who does the work of a role that a small team has given to nobody."""

Z95 = 1.6448536269514722
"""The 95 % quantile of the standard normal."""


class ShiftSpec(Protocol):
    """A shift as a scenario declares it: local hours `HH:MM` on named days."""

    @property
    def timezone(self) -> str:
        """An IANA name."""

    @property
    def days(self) -> tuple[str, ...]:
        """mon..sun on which the shift begins."""

    @property
    def start(self) -> str:
        """Local `HH:MM`."""

    @property
    def end(self) -> str:
        """Local `HH:MM`; before *start* it is the next day's."""


class PersonSpec(Protocol):
    """A person as a scenario declares one; times in seconds."""

    @property
    def name(self) -> str:
        """The name it goes by."""

    @property
    def roles(self) -> tuple[str, ...]:
        """What the person may be called for."""

    @property
    def shift(self) -> ShiftSpec:
        """When they work."""

    @property
    def ack_median(self) -> int:
        """Half of all pages are answered by then, seconds."""

    @property
    def ack_p95(self) -> int:
        """95 % are, seconds."""

    @property
    def off_shift_factor(self) -> int:
        """How many times longer it takes off shift."""

    @property
    def unreachable(self) -> float:
        """The share of pages that is never answered."""

    @property
    def fatigue(self) -> float:
        """By which share each page of the last twelve hours slows the next answer and all work."""

    @property
    def skills(self) -> Mapping[str, float]:
        """How many times the declared effort the person takes in a role; 1 where none is named."""


def _minutes(text: str) -> int:
    hours, minutes = text.split(":")
    return 60 * int(hours) + int(minutes)


@dataclass(frozen=True, slots=True)
class Shift:
    """Local minutes *start*..*end* of the day on *days*; *end* before *start* passes midnight."""

    zone: ZoneInfo
    days: tuple[str, ...]
    start: int
    end: int

    @classmethod
    def of(cls, spec: ShiftSpec) -> Shift:
        """Read a declared shift."""
        return cls(ZoneInfo(spec.timezone), spec.days, _minutes(spec.start), _minutes(spec.end))

    def covers(self, now: int) -> bool:
        """Say whether unix second *now* lies in the shift."""
        local = datetime.fromtimestamp(now, UTC).astimezone(self.zone)
        minute = 60 * local.hour + local.minute
        today = DAYS[local.weekday()]
        if self.start < self.end:
            return today in self.days and self.start <= minute < self.end
        yesterday = DAYS[local.weekday() - 1]
        late = today in self.days and minute >= self.start
        return late or (yesterday in self.days and minute < self.end)


class Line(Protocol):
    """The telephone: it notes each call, and knows who cannot be reached by it."""

    def sent(self, person: str, subject: str) -> int:
        """Note a call that goes out to *person*; return its number."""

    def reaches(self, person: str) -> bool:
        """Say whether calls to *person* come through and somebody picks up."""

    def answered(self, number: int) -> None:
        """Note that the call called *number* was answered."""


class _Whole:
    """A telephone that always works and notes nothing."""

    def sent(self, person: str, subject: str) -> int:
        """Note nothing."""
        del person, subject
        return 0

    def reaches(self, person: str) -> bool:
        """Everybody is reached."""
        del person
        return True

    def answered(self, number: int) -> None:
        """Note nothing."""
        del number


class Person:
    """Somebody of the team: answers pages, works, signs; one thing at a time."""

    __slots__ = ("_chance", "_clock", "_log", "_pages", "busy", "line", "name", "shift", "spec")

    def __init__(
        self, spec: PersonSpec, clock: Clock, *, log: EventLog, chance: np.random.Generator
    ) -> None:
        """Take the person's own stream of *chance*."""
        self.spec, self.name = spec, spec.name
        self.shift = Shift.of(spec.shift)
        self._clock, self._log, self._chance = clock, log, chance
        self.busy = simpy.PriorityResource(clock.env, capacity=1)
        self._pages: list[int] = []
        self.line: Line = _Whole()

    def on_shift(self) -> bool:
        """Say whether the person is on shift now."""
        return self.shift.covers(self._clock.now)

    def reaction(self) -> int | None:
        """Draw how many seconds the person takes to answer now; None is never.

        Log-normal through the declared median and 95 % quantile, times the declared factor off
        shift. Two draws at every call, so that the stream does not depend on the outcome.
        """
        normal, uniform = float(self._chance.standard_normal()), float(self._chance.random())
        if uniform < self.spec.unreachable:
            return None
        sigma = math.log(self.spec.ack_p95 / self.spec.ack_median) / Z95
        factor = self.weariness() * (1 if self.on_shift() else self.spec.off_shift_factor)
        return max(1, round(self.spec.ack_median * math.exp(sigma * normal) * factor))

    def weariness(self) -> float:
        """Return how many times longer everything takes, for the pages of the last hours."""
        since = self._clock.now - TIRING
        self._pages = [at for at in self._pages if at > since]
        return 1 + self.spec.fatigue * len(self._pages)

    def pace(self, seconds: int, role: str) -> int:
        """Return how long the person takes over *seconds* of work in *role*, now."""
        return round(seconds * self.spec.skills.get(role, 1.0) * self.weariness())

    def ask(self) -> Process:
        """Ask the person without a page: they answer on shift; value True when they did."""
        wait = self.reaction() or 3600
        yield from self.arrive()
        yield self._clock.after(wait)
        return True

    def arrive(self) -> Process:
        """Wait until the person is on shift."""
        while not self.on_shift():
            yield self._clock.after(QUARTER - self._clock.now % QUARTER)

    def answer(self, subject: str) -> Process:
        """Page the person about *subject* and wait for the answer; value True when it came.

        One who is never reached takes an hour to be given up on.
        """
        self._log.emit(self._clock.now, Paged(person=self.name, subject=subject))
        number, wait = self.line.sent(self.name, subject), self.reaction()
        if wait is None or not self.line.reaches(self.name):
            yield self._clock.after(3600)
            return False
        yield self._clock.after(wait)
        self.line.answered(number)
        self._log.emit(self._clock.now, Acknowledged(person=self.name, subject=subject))
        self._pages.append(self._clock.now)
        return True

    def work(self, seconds: int, *, priority: int = 3) -> Process:
        """Work for *seconds* as soon as what has a better *priority* is done (1 is best)."""
        with self.busy.request(priority=priority) as turn:
            yield turn
            started = self._clock.now
            yield self._clock.after(seconds)
        return {"who": self.name, "started": started, "ended": self._clock.now}


class Roster:
    """The team, in declared order."""

    def __init__(
        self, people: Iterable[PersonSpec], clock: Clock, *, log: EventLog, streams: Streams
    ) -> None:
        """Give everybody a stream of their own."""
        self._clock = clock
        self._people = {
            spec.name: Person(spec, clock, log=log, chance=streams.stream("team", spec.name))
            for spec in people
        }
        self.on_page: Callable[[], object] = lambda: None

    def use(self, line: Line) -> None:
        """Call everybody by *line* from now on."""
        for person in self:
            person.line = line

    def ring(self, name: str, subject: str) -> Process:
        """Call one person by name; value True when they answered. A name nobody has rings nowhere."""
        if name not in self._people:
            return False
        self.on_page()
        return (yield from self._people[name].answer(subject))

    def __iter__(self) -> Iterator[Person]:
        return iter(self._people.values())

    def __getitem__(self, name: str) -> Person:
        return self._people[name]

    def on_call(self, role: str) -> Sequence[Person]:
        """Return who has *role*: those on shift first, each group in declared order.

        Where nobody has it the operators stand in.
        """
        able = [person for person in self if role in person.spec.roles]
        able = able or [person for person in self if DEPUTY in person.spec.roles]
        if not able:
            raise CrashError(f"nobody on the team has the role {role!r}: add a person who has it")
        return [
            *(person for person in able if person.on_shift()),
            *(person for person in able if not person.on_shift()),
        ]

    def assign(self, role: str) -> Process:
        """Wait until somebody of *role* is on shift; value the Person with the least to do."""
        while True:
            present = [person for person in self.on_call(role) if person.on_shift()]
            if present:
                return min(present, key=lambda person: person.busy.count + len(person.busy.queue))
            yield self._clock.after(QUARTER - self._clock.now % QUARTER)

    def page(self, role: str, subject: str, *, deadline: int = 600) -> Process:
        """Page *role* about *subject*, one after the other; value the Person who answered.

        The next is paged when one has not answered within *deadline* seconds; whoever answers
        first takes it. It goes on until somebody does: one who never answered is paged anew, but
        a phone that still rings is not rung twice.
        """
        ringing: dict[simpy.Process, Person] = {}
        while True:
            silent = [item for item in self.on_call(role) if item not in ringing.values()]
            if silent:
                self.on_page()
                ringing[self._clock.spawn(self._reach(silent[0], subject))] = silent[0]
            limit = self._clock.after(deadline)
            while not limit.processed:  # one who gives up late does not cut this one short
                yield simpy.AnyOf(self._clock.env, [*ringing, limit])
                for reply in [item for item in ringing if item.triggered]:
                    if reply.value is not None:
                        return reply.value
                    del ringing[reply]

    def _reach(self, person: Person, subject: str) -> Process:
        reached = yield from person.answer(subject)
        return person if reached else None
