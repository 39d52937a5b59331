"""The venues of a scenario, by name."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from twin.clock import Clock
from twin.events import VenueTraded
from twin.market.venue import Venue
from twin.random import Streams
from twin.scenario.market import VenueSpec

__all__ = ["make_venues"]


def make_venues(
    specs: Mapping[str, VenueSpec],
    clock: Clock,
    *,
    streams: Streams,
    on_trade: Callable[[VenueTraded], object],
) -> dict[str, Venue]:
    """Return the venues of a scenario by name."""
    return {
        name: Venue(name, spec, clock=clock, streams=streams, on_trade=on_trade)
        for name, spec in specs.items()
    }
