"""Prices of PT from several places, and what several procedures make of them; 1e-6 stable per PT."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from twin.desk.port import Desk
from twin.errors import NoData

__all__ = ["PPM", "distance_ppm", "median", "middles", "no_venue", "wrong_of"]

PPM = 1_000_000


def middles(desk: Desk) -> dict[str, int]:
    """Return the middle of best bid and ask of every venue that answers."""
    found = {}
    for venue in desk.venues.names():
        try:
            ticker = desk.venues.ticker(venue)
        except NoData:
            continue
        found[venue] = (ticker.bid + ticker.ask) // 2
    return found


def median(values: Sequence[int]) -> int:
    """Return the median of one value or more, rounded down between the two in the middle."""
    ordered = sorted(values)
    middle = len(ordered) // 2
    if len(ordered) % 2:
        return ordered[middle]
    return (ordered[middle - 1] + ordered[middle]) // 2


def distance_ppm(value: int, reference: int) -> int:
    """Return abs(*value* - *reference*) in parts per million of *reference*, rounded down."""
    return abs(value - reference) * PPM // max(1, abs(reference))


def no_venue(desk: Desk) -> str | None:
    """Say why a procedure on exchanges has no object here, None where there is a venue."""
    return None if desk.venues.names() else "no venue is declared"


def wrong_of(problems: Mapping[str, int]) -> list[str]:
    """Return the items of *problems* that were met."""
    return [name for name, count in problems.items() if count]
