"""Faults of exchanges beyond an outage: halted withdrawals, stale books, broken APIs, keys, pairs."""

from __future__ import annotations

from abc import abstractmethod
from typing import ClassVar, Literal

from pydantic import Field

from twin.errors import UnknownName, UsageError
from twin.faults.port import Fault, FaultParams, Surfaces
from twin.scenario.values import Price6, Seconds
from twin.services.exchange import Exchange
from twin.services.services import Services

__all__ = [
    "KeyExpiry",
    "PairChange",
    "PairDelisting",
    "VenueApiBreak",
    "VenueOwnIndex",
    "VenueStaleBook",
    "VenueUnreachable",
    "VenueWarningSigns",
    "VenueWithdrawalHalt",
    "services_of",
]


def services_of(surfaces: Surfaces, kind: str) -> Services:
    """Return the services of the world, without which a fault of *kind* has no place."""
    if surfaces.services is None:
        raise UsageError(f"{kind} takes hold of the services: this world has none")
    return surfaces.services


class ExchangeParams(FaultParams):
    """What goes wrong at *venue*."""

    venue: str


class ExchangeFault(Fault):
    """Whatever takes hold of one exchange; *what* names the part that it holds."""

    Params: ClassVar[type[FaultParams]] = ExchangeParams
    params: ExchangeParams
    what: ClassVar[str]

    def place(self) -> str:
        """The part of the exchange."""
        return f"{self.what} of the exchange {self.params.venue}"

    def check(self, surfaces: Surfaces) -> None:
        """The exchange is there."""
        self._exchange(surfaces)

    def begin(self, surfaces: Surfaces) -> str:
        """Take hold."""
        services = services_of(surfaces, self.kind)
        return f"{self.params.venue}: {self.take(self._exchange(surfaces), services)}"

    def end(self, surfaces: Surfaces) -> str:
        """Let go."""
        services = services_of(surfaces, self.kind)
        return f"{self.params.venue}: {self.release(self._exchange(surfaces), services)}"

    @abstractmethod
    def take(self, exchange: Exchange, services: Services) -> str:
        """Do it."""

    @abstractmethod
    def release(self, exchange: Exchange, services: Services) -> str:
        """Undo it."""

    def _exchange(self, surfaces: Surfaces) -> Exchange:
        known = services_of(surfaces, type(self).kind).exchanges.by_name
        if self.params.venue not in known:
            raise UnknownName("venue", self.params.venue, known)
        return known[self.params.venue]


class HaltParams(ExchangeParams):
    """Withdrawals from *venue* wait; *admitted* says whether its status page tells."""

    admitted: bool = False


class VenueWithdrawalHalt(ExchangeFault):
    """Withdrawals stop while the venue says that all is well (FTX, 2022-11-08)."""

    kind: ClassVar[str] = "venue-withdrawal-halt"
    Params: ClassVar[type[FaultParams]] = HaltParams
    params: HaltParams
    what = "the withdrawals"

    def take(self, exchange: Exchange, services: Services) -> str:
        """Halt them."""
        del services
        exchange.halt_withdrawals(admitted=self.params.admitted)
        return "withdrawals wait"

    def release(self, exchange: Exchange, services: Services) -> str:
        """Work on what waits."""
        del services
        exchange.resume_withdrawals()
        return "withdrawals go on"


class VenueStaleBook(ExchangeFault):
    """The public data of a venue stand still under ever new times, while it trades on."""

    kind: ClassVar[str] = "venue-stale-book"
    what = "the public data"

    def take(self, exchange: Exchange, services: Services) -> str:
        """Freeze them."""
        del services
        exchange.venue.freeze()
        return "public data stand still"

    def release(self, exchange: Exchange, services: Services) -> str:
        """Thaw them."""
        del services
        exchange.venue.thaw()
        return "public data are live"


class BreakParams(ExchangeParams):
    """*endpoint* of *venue* answers in another shape: a field renamed, amounts retyped, or gone."""

    endpoint: Literal["time", "pair", "book", "trades", "key", "balances", "index"] = "book"
    how: Literal["renamed", "retyped", "gone"] = "renamed"


class VenueApiBreak(ExchangeFault):
    """A venue changes its API under its clients, without a word in the changelog."""

    kind: ClassVar[str] = "venue-api-break"
    Params: ClassVar[type[FaultParams]] = BreakParams
    params: BreakParams
    what = "the API"

    def take(self, exchange: Exchange, services: Services) -> str:
        """Change it."""
        del services
        exchange.break_api(self.params.endpoint, self.params.how)
        return f"/{self.params.endpoint} is {self.params.how}"

    def release(self, exchange: Exchange, services: Services) -> str:
        """Change it back."""
        del services
        exchange.mend_api()
        return "the API is as documented"


class KeyParams(ExchangeParams):
    """Our key at *venue* expires *lead* seconds after the venue cut its lifetime."""

    lead: Seconds = 0


class KeyExpiry(ExchangeFault):
    """A venue cuts the lifetime of keys, and ours expires earlier than our calendar says."""

    kind: ClassVar[str] = "key-expiry"
    Params: ClassVar[type[FaultParams]] = KeyParams
    params: KeyParams
    what = "our key"

    def take(self, exchange: Exchange, services: Services) -> str:
        """Bring the end forward."""
        exchange.expire_key(services.clock.now + self.params.lead)
        return f"our key expires in {self.params.lead} s"

    def release(self, exchange: Exchange, services: Services) -> str:
        """Renew it."""
        del services
        exchange.renew_key()
        return "our key is renewed"


class PairParams(ExchangeParams):
    """The pair at *venue* is listed by another *symbol*, *decimals* or *tick*, or without bands."""

    symbol: str | None = None
    decimals: int | None = Field(default=None, ge=0, le=18)
    tick: Price6 | None = None
    without_bands: bool = False


class PairChange(ExchangeFault):
    """A pair's symbol, decimals, tick or bands change, and orders mean something else."""

    kind: ClassVar[str] = "venue-pair-change"
    Params: ClassVar[type[FaultParams]] = PairParams
    params: PairParams
    what = "the pair"

    def take(self, exchange: Exchange, services: Services) -> str:
        """Answer with the new metadata."""
        del services
        wrong = self.params
        changes: dict[str, object] = {}
        if wrong.symbol is not None:
            changes["symbol"] = wrong.symbol
        if wrong.decimals is not None:
            changes["base_decimals"] = wrong.decimals
        if wrong.tick is not None:
            changes["tick"] = f"{wrong.tick // 10**6}.{wrong.tick % 10**6:06d}"
        if wrong.without_bands:
            changes["bands"] = None
        exchange.change_pair(**changes)
        return f"the pair is {changes}"

    def release(self, exchange: Exchange, services: Services) -> str:
        """Answer with the agreed metadata."""
        del services
        exchange.change_pair()
        return "the pair is as agreed"


class DelistingParams(ExchangeParams):
    """*venue* takes the pair off in *notice* seconds."""

    notice: Seconds = 7 * 86_400


class PairDelisting(ExchangeFault):
    """A venue announces, in its metadata alone, that it takes the pair off."""

    kind: ClassVar[str] = "venue-delisting"
    Params: ClassVar[type[FaultParams]] = DelistingParams
    params: DelistingParams
    what = "the pair"

    def take(self, exchange: Exchange, services: Services) -> str:
        """Announce it."""
        at = services.clock.now + self.params.notice
        exchange.change_pair(status="delisting", delist_at=at)
        return f"the pair is delisted in {self.params.notice} s"

    def release(self, exchange: Exchange, services: Services) -> str:
        """Take it back."""
        del services
        exchange.change_pair()
        return "the pair stays"


class VenueOwnIndex(ExchangeFault):
    """A venue computes the index that it marks by from its own book alone."""

    kind: ClassVar[str] = "venue-own-index"
    what = "the index"

    def take(self, exchange: Exchange, services: Services) -> str:
        """Leave the other venues out."""
        del services
        exchange.index_by_own_book(own=True)
        return "the index is the own book's"

    def release(self, exchange: Exchange, services: Services) -> str:
        """Count all venues."""
        del services
        exchange.index_by_own_book(own=False)
        return "the index counts all venues"


class VenueUnreachable(ExchangeFault):
    """Nobody at the venue answers a call any more."""

    kind: ClassVar[str] = "venue-unreachable"
    what = "the people"

    def take(self, exchange: Exchange, services: Services) -> str:
        """Lose them."""
        services.contacts.lose(exchange.venue.name)
        return "nobody answers"

    def release(self, exchange: Exchange, services: Services) -> str:
        """Find them."""
        services.contacts.find(exchange.venue.name)
        return "calls are answered"


class SignsParams(ExchangeParams):
    """Four warnings about *venue* appear in the news, one every *spacing* seconds."""

    spacing: Seconds = 86_400


class VenueWarningSigns(ExchangeFault):
    """Public signals of a venue in trouble, days before it fails (FTX, 2022-11-02 to 08)."""

    kind: ClassVar[str] = "venue-warning-signs"
    Params: ClassVar[type[FaultParams]] = SignsParams
    params: SignsParams
    what = "the news"

    def take(self, exchange: Exchange, services: Services) -> str:
        """Publish the first, and let the others follow."""
        services.news.campaign(exchange.venue.name, spacing=self.params.spacing)
        return "the news turn"

    def release(self, exchange: Exchange, services: Services) -> str:
        """What was published stays."""
        del exchange, services
        return "what was published stays"
