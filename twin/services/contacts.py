"""The people at venues and other parties whom we may have to call, and how they answer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from twin.clock import Clock
from twin.desk.port.contacts import CALL, Contact, Receipt
from twin.desk.port.team import Notice
from twin.random import Streams
from twin.scenario.services_exchanges import ContactSpec

__all__ = ["ContactBook", "ContactClient"]

UNIT = 1_000_000


class ContactBook:
    """The contacts of *specs*; without any, a duty desk and an account manager of each of *venues*."""

    def __init__(
        self,
        specs: Mapping[str, ContactSpec],
        venues: Sequence[str],
        *,
        clock: Clock,
        streams: Streams,
    ) -> None:
        """Nobody was called yet."""
        self._clock, self._streams = clock, streams
        self._specs = dict(specs) or {
            name: spec for venue in venues for name, spec in _ordinary(venue).items()
        }
        self._away: set[str] = set()
        self.receipts: list[Receipt] = []

    def tree(self) -> list[Contact]:
        """Return every contact."""
        return [
            Contact(name, spec.party, spec.role, spec.channel, spec.backup)
            for name, spec in self._specs.items()
        ]

    def hear(self, notice: Notice) -> None:
        """Answer *notice* after a while where it is a call to one of ours who can be reached."""
        name = notice.audience.removeprefix(CALL)
        spec = self._specs.get(name)
        if spec is None or not notice.audience.startswith(CALL):
            return
        chance = self._streams.stream("contact", name)
        wait = max(1, round(spec.answers * float(chance.standard_exponential())))
        lost = float(chance.random()) < spec.unreachable
        if lost or name in self._away:
            return
        self.receipts.append(Receipt(name, notice.at, notice.at + wait))

    def lose(self, party: str) -> None:
        """Let nobody of *party* answer any more: the injector's alone."""
        self._away |= {name for name, spec in self._specs.items() if spec.party == party}

    def find(self, party: str) -> None:
        """Let the people of *party* answer again."""
        self._away -= {name for name, spec in self._specs.items() if spec.party == party}

    def parties(self) -> list[str]:
        """Return whose people these are."""
        return sorted({spec.party for spec in self._specs.values()})


def _ordinary(venue: str) -> dict[str, ContactSpec]:
    manager = f"{venue}-account-manager"
    return {
        f"{venue}-duty-desk": ContactSpec(party=venue, role="duty desk", backup=manager),
        manager: ContactSpec(
            party=venue, role="account manager", channel="messenger", answers=1_200
        ),
    }


class ContactClient:
    """The port `Contacts`."""

    __slots__ = ("_book", "_clock")

    def __init__(self, book: ContactBook, clock: Clock) -> None:
        """Show this book at the present of *clock*."""
        self._book, self._clock = book, clock

    def tree(self) -> list[Contact]:
        """Return every contact."""
        return self._book.tree()

    def receipts(self, *, since: int = 0) -> list[Receipt]:
        """Return the answers so far."""
        now = self._clock.now
        return [item for item in self._book.receipts if item.sent >= since and item.answered <= now]
