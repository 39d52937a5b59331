"""The independent index of a commodity, against which the desk checks the oracles.

It watches the same market as the vendors with a noise and a latency of its own. No oracle node
reads it and no fault of a vendor reaches it: that is what makes it a cross-check.
"""

from __future__ import annotations

from collections.abc import Mapping

from twin.market.commodity import PricePath
from twin.market.sources import Source
from twin.quotes import Quote
from twin.random import Streams
from twin.scenario.market import IndexSpec

__all__ = ["Index", "make_indices"]


class Index:
    """The index over *path*, with *noise* pips (s.d.), *latency* seconds late."""

    __slots__ = ("_publisher", "commodity")

    def __init__(
        self, path: PricePath, streams: Streams, *, noise: int = 200, latency: int = 60
    ) -> None:
        """Publish from the start."""
        self.commodity = path.commodity
        self._publisher = Source(
            path.commodity, path, streams, noise=noise, latency=latency, family="index"
        )

    def quote(self, now: int) -> Quote | None:
        """Return what the index shows at unix second *now*, or None while it is down."""
        return self._publisher.quote(now)

    def halt(self) -> None:
        """Go down: the injector's alone."""
        self._publisher.die()

    def resume(self) -> None:
        """Come back: the injector's alone."""
        self._publisher.revive()


def make_indices(
    spec: IndexSpec, paths: Mapping[str, PricePath], streams: Streams
) -> dict[str, Index]:
    """Return one index a commodity, by its name."""
    return {
        commodity: Index(path, streams, noise=spec.noise, latency=spec.latency)
        for commodity, path in paths.items()
    }
