"""Market makers under contract, as the exchanges report on them to the issuer of a token."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from twin.clock import Clock
from twin.desk.port.makers import MakerContract, MakerQuotes
from twin.errors import UnknownName
from twin.market.venue import MAKERS, Venue
from twin.scenario.market import VenueSpec
from twin.scenario.services_exchanges import MakerSpec

__all__ = ["MakerClient", "contracts_of"]


def contracts_of(
    specs: Sequence[MakerSpec], venues: Mapping[str, VenueSpec]
) -> tuple[MakerContract, ...]:
    """Return the contracts of *specs*; without any, each venue's own makers owe what it declares.

    That is three times the declared spread, and the depth of one level within 1 % of the middle.
    """
    for spec in specs:
        if spec.venue not in venues:
            raise UnknownName("venue", spec.venue, venues)
    if specs:
        return tuple(
            MakerContract(
                spec.maker, spec.venue, spec.max_spread, spec.min_depth, spec.within, spec.uptime,
                spec.replacement,
            )
            for spec in specs
        )  # fmt: skip
    return tuple(
        MakerContract(MAKERS, name, 3 * venue.spread, venue.depth, 10_000, 950_000, "")
        for name, venue in venues.items()
    )


class MakerClient:
    """The port `Makers`."""

    __slots__ = ("_clock", "_contracts", "_venues")

    def __init__(
        self, contracts: Sequence[MakerContract], venues: Mapping[str, Venue], clock: Clock
    ) -> None:
        """Show these contracts on these venues."""
        self._contracts, self._venues, self._clock = tuple(contracts), venues, clock

    def contracts(self) -> list[MakerContract]:
        """Return every contract."""
        return list(self._contracts)

    def quotes(self, contract: MakerContract) -> MakerQuotes:
        """Return what the maker has in the book now."""
        if contract.venue not in self._venues:
            raise UnknownName("venue", contract.venue, self._venues)
        bids, asks = self._venues[contract.venue].quotes(contract.maker)
        return MakerQuotes(self._clock.now, bids, asks)
