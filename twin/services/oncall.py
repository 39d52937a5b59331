"""The on-call provider: it knows the rota, carries pages, and gives a receipt for each.

A page that was lost was sent and never delivered; one that rings beside nobody was delivered and
never answered. Neither tells whoever sent it: the receipts do.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import replace

from twin.clock import Clock, Process
from twin.desk.port.oncall import PAGE, Colleague, KeyQuorum, Page
from twin.desk.port.team import Notice
from twin.scenario.team import TeamSpec

__all__ = ["OnCallClient", "Switchboard"]


def _nobody(name: str, subject: str) -> Process:
    """Stand in until there is a team."""
    del name, subject
    yield from ()


class Switchboard:
    """The provider of the *team*; the fault handles are *lost* and *away*, names of people.

    *ring* and *on_shift* are wired to the people themselves.
    """

    def __init__(self, team: TeamSpec, clock: Clock) -> None:
        """Have carried nothing."""
        self.team, self._clock = team, clock
        self.ring: Callable[[str, str], Process] = _nobody
        self.on_shift: Callable[[str], bool] = lambda _name: False
        self.lost: set[str] = set()
        self.away: set[str] = set()
        self._pages: list[Page] = []

    # -- the telephone -----------------------------------------------------------------------------

    def sent(self, person: str, subject: str) -> int:
        """Note a page that goes out; it is delivered at once, or never."""
        now = self._clock.now
        delivered = None if person in self.lost else now
        self._pages.append(Page(person, subject, now, delivered, None))
        return len(self._pages) - 1

    def reaches(self, person: str) -> bool:
        """Say whether pages to *person* arrive and ring beside somebody."""
        return person not in self.lost and person not in self.away

    def answered(self, number: int) -> None:
        """Note that a page was answered."""
        self._pages[number] = replace(self._pages[number], answered=self._clock.now)

    def hear(self, notice: Notice) -> None:
        """Page whom *notice* names."""
        if notice.audience.startswith(PAGE):
            self._clock.spawn(self.ring(notice.audience.removeprefix(PAGE), notice.subject))

    # -- what a fault takes hold of ----------------------------------------------------------------

    def lose(self, people: Collection[str]) -> None:
        """Deliver no page to *people* from now on."""
        self.lost |= set(people)

    def deliver(self, people: Collection[str]) -> None:
        """Deliver pages to *people* again."""
        self.lost -= set(people)

    def leave(self, people: Collection[str]) -> None:
        """Let *people* be away from their phones."""
        self.away |= set(people)

    def come_back(self, people: Collection[str]) -> None:
        """Let *people* be reached again."""
        self.away -= set(people)

    # -- what is published -------------------------------------------------------------------------

    def people(self) -> list[Colleague]:
        """Return the team."""
        return [
            Colleague(
                one.name, one.roles, one.shift.timezone, one.shift.start, one.shift.end,
                self.on_shift(one.name),
            )
            for one in self.team.people
        ]  # fmt: skip

    def quorums(self) -> list[KeyQuorum]:
        """Return who may sign for what."""
        return [
            KeyQuorum(name, spec.signers, spec.threshold)
            for name, spec in self.team.authorities.items()
        ]

    def pages(self, *, since: int) -> list[Page]:
        """Return the pages sent from unix second *since* on."""
        place = len(self._pages)
        while place and self._pages[place - 1].sent >= since:
            place -= 1
        return self._pages[place:]


class OnCallClient:
    """The provider's API."""

    __slots__ = ("_board",)

    def __init__(self, board: Switchboard) -> None:
        """Ask *board*."""
        self._board = board

    def people(self) -> list[Colleague]:
        """Return the team, in the order of the rota."""
        return self._board.people()

    def quorums(self) -> list[KeyQuorum]:
        """Return who may sign for what."""
        return self._board.quorums()

    def pages(self, *, since: int) -> list[Page]:
        """Return the pages sent from unix second *since* on."""
        return self._board.pages(since=since)
