"""Log files that write themselves hour by hour, with canary entries that the security lead plants.

A journal is a chain of hashes. Ordinary lines come from people on their shifts and from machines;
a canary looks like a step of an intrusion, some plainly and some faintly. Which lines are canaries
stays in the envelope until a review has been filed as evidence.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Protocol

import numpy as np

from twin.clock import HOUR, Clock, Process
from twin.desk.port.identities import Person
from twin.desk.port.journals import ROOT, Envelope, Line, digest
from twin.errors import NoData, UnknownName
from twin.scenario.services_work import JournalsSpec
from twin.services.identities import Iam

__all__ = ["JournalClient", "Journals", "Reviews"]

NAMES = ("access", "iam", "alerts")

ORDINARY = (
    ("access", "login", "console"), ("access", "read", "dashboards"), ("access", "read", "runbooks"),
    ("access", "read", "statements"), ("access", "sign", "proposal"), ("iam", "renew", "session"),
)  # fmt: skip

CANARIES = (
    ("access", "login", "console", "strange", "failed"),
    ("access", "export", "customers", "strange", "ok"),
    ("iam", "widen", "key scope", "usual", "ok"),
    ("iam", "disable", "second factor", "strange", "ok"),
    ("access", "read", "signing host", "usual", "ok"),
    ("access", "read", "runbooks", "strange", "ok"),
)
"""Journal, action, resource, network, result; the last two are faint."""


class Reviews(Protocol):
    """What the envelope asks of the evidence."""

    def data(self, ref: str) -> Mapping[str, Any]:
        """Return the data of one record. Raises UnknownName."""


class Journals:
    """The files of one run; the fault handles are `write` and `tamper`."""

    def __init__(
        self, spec: JournalsSpec, clock: Clock, *, iam: Iam, reviews: Reviews,
        chance: np.random.Generator,
    ) -> None:  # fmt: skip
        """Start with empty files."""
        self._spec, self._clock, self._iam = spec, clock, iam
        self.reviews, self._chance = reviews, chance
        self._lines: dict[str, list[Line]] = {name: [] for name in NAMES}
        self._planted: list[tuple[int, str, int]] = []

    def write(
        self, journal: str, actor: str, action: str, *, resource: str, source: str,
        result: str = "ok",
    ) -> int:  # fmt: skip
        """Append a line now; return its number."""
        lines = self._lines[journal]
        last = lines[-1] if lines else None
        number, previous = (last.number + 1, last.hash) if last else (1, ROOT)
        made = Line(number, self._clock.now, actor, action, resource, source, result, previous, "")
        lines.append(replace(made, hash=digest(made)))
        return number

    def tamper(self, journal: str, *, rewrite: bool) -> str:
        """Take out the newest line that somebody wrote; with *rewrite* hash all after it anew."""
        lines = self._lines[journal]
        if len(lines) < 3:
            return f"{journal} has no line to take out"
        place = len(lines) - 2
        gone = lines.pop(place)
        if rewrite:
            previous = lines[place - 1].hash
            for index in range(place, len(lines)):
                made = replace(lines[index], number=index + 1, previous=previous)
                lines[index] = replace(made, hash=digest(made))
                previous = lines[index].hash
        return f"{journal} lost line {gone.number}"

    # -- life ------------------------------------------------------------------------------------

    def live(self) -> Process:
        """Write at a random second of every hour."""
        chance = self._chance
        while True:
            places = [(int(place), False) for place in chance.integers(0, HOUR, self._count())]
            if chance.random() < self._spec.canaries_per_day / 24:
                places.append((int(chance.random() * HOUR), True))
            at = 0
            for place, planted in sorted(places):
                yield self._clock.after(place - at)
                at = place
                if planted:
                    self._plant()
                else:
                    self._ordinary()
            yield self._clock.after(HOUR - at)

    def _count(self) -> int:
        return int(self._chance.poisson(self._spec.lines_per_hour))

    def _ordinary(self) -> None:
        """Let somebody at work, or a machine, do something ordinary."""
        who, what = self._chance.random(), self._chance.random()
        present = [
            item for item in self._staff() if item.hours and item.hours.cover(self._clock.now)
        ]
        if present and who < 0.8:
            person = present[int(who / 0.8 * len(present))]
            journal, action, resource = ORDINARY[int(what * len(ORDINARY))]
            self._iam.use(f"key-{person.name}", self._clock.now)
            self.write(journal, person.name, action, resource=resource, source=person.network)
            return
        machines = [key for key in self._iam.keys.values() if key.owner not in self._iam.people]
        key = machines[int(what * len(machines))]
        self._iam.use(key.id, self._clock.now)
        self.write("access", key.owner, "call", resource="api", source="internal")

    def _plant(self) -> None:
        """Plant one canary."""
        kind, who = self._chance.random(), self._chance.random()
        people = self._staff()
        if not people:
            return
        journal, action, resource, network, result = CANARIES[int(kind * len(CANARIES))]
        person = people[int(who * len(people))]
        source = person.network if network == "usual" else f"AS{65000 + int(who * 400)}"
        number = self.write(
            journal, person.name, action, resource=resource, source=source, result=result
        )
        self._planted.append((self._clock.now, journal, number))

    def _staff(self) -> list[Person]:
        return [
            item for item in self._iam.people.values()
            if item.kind == "staff" and item.status == "active"
        ]  # fmt: skip

    # -- what the client asks --------------------------------------------------------------------

    def of(self, journal: str) -> list[Line]:
        """Return the lines of *journal*."""
        if journal not in self._lines:
            raise UnknownName("journal", journal, self._lines)
        return self._lines[journal]

    def open(self, review: str) -> Envelope:
        """Open the envelope for *review*, evidence that names its *since*, *until* and *flagged*."""
        try:
            data = self.reviews.data(review)
        except UnknownName:
            raise NoData(f"no review was filed as {review}: the envelope stays closed") from None
        if not {"since", "until", "flagged"} <= data.keys():
            raise NoData(f"{review} names no period and no flagged lines: it is no review")
        since, until = data["since"], data["until"]
        planted = tuple((name, n) for at, name, n in self._planted if since <= at < until)
        return Envelope(review, planted)


class JournalClient:
    """The files, read only."""

    __slots__ = ("_journals",)

    def __init__(self, journals: Journals) -> None:
        """Read *journals*."""
        self._journals = journals

    def names(self) -> list[str]:
        """The journals there are."""
        return list(NAMES)

    def lines(self, journal: str, *, since: int, until: int) -> list[Line]:
        """Return the lines of unix seconds *since* <= at < *until*."""
        lines = self._journals.of(journal)
        first = bisect_left(lines, since, key=lambda line: line.at)
        return lines[first : bisect_left(lines, until, key=lambda line: line.at)]

    def size(self, journal: str) -> int:
        """Return how many lines the journal has."""
        return len(self._journals.of(journal))

    def line(self, journal: str, number: int) -> Line | None:
        """Return the line in place *number*, counted from 1."""
        lines = self._journals.of(journal)
        return lines[number - 1] if 0 < number <= len(lines) else None

    def envelope(self, review: str) -> Envelope:
        """Open the envelope for a review that was filed."""
        return self._journals.open(review)
