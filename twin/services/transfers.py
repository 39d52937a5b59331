"""Holders who ask before they move Foundation Tokens, and a provider of the sanctions list.

Model: requests come at Poisson times from a sovereign that holds free tokens, to another one, for
a share of what is free. Whoever asked waits for a notice of the team and moves the tokens only
where it says yes. No source is published for how often sovereigns move FT: scenario figures.
"""

from __future__ import annotations

import math
from collections.abc import Mapping

from twin.chain.chain import Chain
from twin.clock import DAY, MINUTE, Clock, Process
from twin.desk.notices import NoticeBoard
from twin.desk.port import ListedParty, TransferRequest
from twin.errors import NoData
from twin.protocol.deployment import Deployment
from twin.protocol.reader import Reader
from twin.random import Streams
from twin.scenario.services_reserve import TransfersSpec
from twin.services.listening import send

__all__ = ["TransferClient", "TransferService", "subject_of"]

PATIENCE = 3 * DAY
LOOK = 10 * MINUTE
PIPS = 10**6


def subject_of(request: str, *, approved: bool) -> str:
    """Return the subject of the notice that answers a request."""
    return f"FT transfer {request}: {'approved' if approved else 'refused'}"


class TransferService:
    """The queue of requests and the sanctions list."""

    def __init__(
        self,
        spec: TransfersSpec,
        clock: Clock,
        *,
        chain: Chain,
        deployment: Deployment,
        streams: Streams,
        notices: NoticeBoard,
    ) -> None:
        """Start with an empty queue and an empty list."""
        self._spec, self._clock, self._chain = spec, clock, chain
        self._deployment, self._notices = deployment, notices
        self._chance = streams.stream("services", "transfers")
        self._reader = Reader(chain, deployment)
        self._requests: list[TransferRequest] = []
        self._listed: list[ListedParty] = []
        self._list_updated: int | None = None

    @property
    def holders(self) -> Mapping[str, bytes]:
        """The sovereigns by name."""
        return self._deployment.sovereigns

    def start(self) -> None:
        """Let holders ask, where there are two of them."""
        if len(self.holders) > 1 and self._spec.requests_per_day:
            self._clock.spawn(self._live())

    def _live(self) -> Process:
        rate = self._spec.requests_per_day / DAY
        names = sorted(self.holders)
        while True:
            wait = math.ceil(float(self._chance.standard_exponential()) / rate)
            yield self._clock.after(wait)
            first = int(self._chance.integers(len(names)))
            other = int(self._chance.integers(len(names) - 1))
            share = int(self._chance.integers(1, self._spec.largest_share + 1))
            sender, target = names[first], names[other + (other >= first)]
            amount = self._free(self.holders[sender]) * share // PIPS
            if amount > 0:
                self.ask(sender, self.holders[target], amount)

    def _free(self, account: bytes) -> int:
        read = self._reader.read
        tied = read("FoundationToken", "locked", account) + read("FoundationToken", "held", account)
        return int(max(0, read("FoundationToken", "balanceOf", account) - tied))

    def ask(
        self, sender: str, target: bytes, amount: int, *, purpose: str = "settlement",
        obeys: bool = True,
    ) -> TransferRequest:  # fmt: skip
        """Put a request into the queue; who does not obey moves the tokens whatever is said."""
        made = TransferRequest(
            f"TR-{len(self._requests) + 1:05d}", self._clock.now, sender, self.holders[sender],
            target, amount, purpose,
        )  # fmt: skip
        self._requests.append(made)
        self._clock.spawn(self._await(made, obeys=obeys))
        return made

    def _await(self, request: TransferRequest, *, obeys: bool) -> Process:
        """Wait for an answer, and move the tokens where it allows."""
        allowed = not obeys
        while not allowed and self._clock.now < request.at + PATIENCE:
            yield self._clock.after(LOOK)
            said = self._notices.published(request.sender, since=request.at)
            subjects = [item.subject for item in said]
            if subject_of(request.id, approved=False) in subjects:
                return
            allowed = subject_of(request.id, approved=True) in subjects
        if allowed:
            yield from self.move(request.sender, request.target, request.amount)

    def move(self, sender: str, target: bytes, amount: int) -> Process:
        """Move tokens on chain; value whether the contract let them."""
        call = ("FoundationToken", "transfer", (target, amount))
        return (
            yield from send(self._clock, self._chain, self._deployment, self.holders[sender], call)
        )

    def requests(self, *, since: int = 0) -> list[TransferRequest]:
        """Return the requests from unix second *since* on."""
        return [item for item in self._requests if item.at >= since]

    def listed(self) -> list[ListedParty]:
        """Return the list as it stands."""
        return list(self._listed)

    def list_updated(self) -> int:
        """Return when the provider confirmed its list: every day, at midnight UTC."""
        if self._list_updated is not None:
            return self._list_updated
        return max(self._clock.start, self._clock.now - self._clock.now % DAY)

    # -- the injector's alone

    def list_party(self, address: bytes, *, authority: str = "OFAC") -> None:
        """Put *address* on the list."""
        self._listed.append(ListedParty(address, self._clock.now, authority))

    def freeze_list(self, *, frozen: bool) -> None:
        """Let the provider's list go stale, or catch up."""
        self._list_updated = self.list_updated() if frozen else None


class TransferClient:
    """What the desk sees of the queue."""

    __slots__ = ("_service",)

    def __init__(self, service: TransferService) -> None:
        """Show this one."""
        self._service = service

    def holders(self) -> Mapping[str, bytes]:
        """The holders that may ask, by name."""
        return dict(self._service.holders)

    def requests(self, *, since: int = 0) -> list[TransferRequest]:
        """Return the requests from unix second *since* on."""
        return self._service.requests(since=since)

    def listed(self) -> list[ListedParty]:
        """Return the sanctions list."""
        if not self._service.holders:
            raise NoData("no sanctions list is kept where nobody holds tokens")
        return self._service.listed()

    def list_updated(self) -> int:
        """Return when the list was last confirmed."""
        return self._service.list_updated()
