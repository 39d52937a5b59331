"""Faults of external venues: one that stops answering."""

from __future__ import annotations

from typing import ClassVar

from twin.errors import UnknownName
from twin.faults.port import Fault, FaultParams, Surfaces
from twin.market.venue import Venue

__all__ = ["VenueOutage"]


class OutageParams(FaultParams):
    """*venue* answers no request and takes no order."""

    venue: str


class VenueOutage(Fault):
    """A venue is down while its market moves on."""

    kind: ClassVar[str] = "venue-outage"
    Params: ClassVar[type[FaultParams]] = OutageParams
    params: OutageParams

    def place(self) -> str:
        """Whether the venue answers."""
        return f"the life of the venue {self.params.venue}"

    def check(self, surfaces: Surfaces) -> None:
        """The venue is there."""
        self._venue(surfaces)

    def begin(self, surfaces: Surfaces) -> str:
        """Take the venue down."""
        self._venue(surfaces).halt()
        return f"{self.params.venue} is down"

    def end(self, surfaces: Surfaces) -> str:
        """Bring it back."""
        self._venue(surfaces).resume()
        return f"{self.params.venue} is back"

    def _venue(self, surfaces: Surfaces) -> Venue:
        if self.params.venue not in surfaces.venues:
            raise UnknownName("venue", self.params.venue, surfaces.venues)
        return surfaces.venues[self.params.venue]
