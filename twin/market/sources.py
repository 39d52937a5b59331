"""Data vendors: each quotes one commodity with its own noise, some seconds late.

A quote is a fixed function of the second: the path's price *latency* seconds ago times one plus
the noise of that grid second. A vendor can die without a word and answer in a wrong unit, as
the vendors of Synthetix sKRW did on 2019-06-25 (some gone unnoticed, then one 1000 times off);
only the fault injector uses those four methods.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from twin.errors import UsageError
from twin.market.chance import PIPS, Noise
from twin.market.commodity import PricePath
from twin.quotes import Quote
from twin.random import Streams
from twin.scenario.market import SourceSpec

__all__ = ["Source", "make_sources"]


class Source:
    """The vendor called *name*: quotes *path* with *noise* pips (s.d.), *latency* seconds late."""

    __slots__ = (
        "_listeners", "_noise", "_own", "_scale", "alive", "commodity", "latency", "name", "path",
    )  # fmt: skip

    def __init__(
        self,
        name: str,
        path: PricePath,
        streams: Streams,
        *,
        noise: int = 0,
        latency: int = 0,
        family: str = "source",
    ) -> None:
        """Answer truthfully until told otherwise."""
        self.name, self.path, self.commodity, self.latency = name, path, path.commodity, latency
        self.alive = True
        self._scale = (1, 1)
        self._noise = Noise(streams.seed, (family, name), pips=noise, step=path.step)
        self._own = (self._noise, latency)
        self._listeners: list[Callable[[], object]] = []

    @property
    def voice(self) -> tuple[Noise, int]:
        """The noise and the latency of its own collection of prices."""
        return self._own

    @property
    def scale(self) -> tuple[int, int]:
        """The factor on every quote, as (numerator, denominator)."""
        return self._scale

    def quote(self, now: int) -> Quote | None:
        """Return the quote at unix second *now*, or None while the vendor is dead."""
        if not self.alive:
            return None
        return Quote(self._seen(now - self.latency), now - self.latency)

    def _seen(self, second: int) -> int:
        numerator, denominator = self._scale
        noisy = self.path.price(second) * (PIPS + self._noise.at(second)) // PIPS
        return noisy * numerator // denominator

    def first_crossing(self, now: int, low: int, high: int, horizon: int) -> int | None:
        """Return the first second after *now* at which a changed quote is outside *low*..*high*.

        In terms of the vendor's own quotes: latency, noise and scale included. None where that
        does not happen within *horizon* seconds, and from a dead vendor; a listener hears when
        the vendor changes, and asks again.
        """
        if not self.alive:
            return None
        inside = self._surely_inside(low, high)
        for found in self.path.crossings(now - self.latency, *inside, horizon):
            if not low <= self._seen(found) <= high:
                return found + self.latency
        return None

    def _surely_inside(self, low: int, high: int) -> tuple[int, int]:
        """Return prices of the path between which no noise can take the quote out of the band.

        The scan of the path skips those. A band that is empty or at or below zero gives an
        empty range: then every second of the grid is looked at.
        """
        numerator, denominator = self._scale
        slack = 3 + 2 * denominator // numerator  # both divisions of a quote round down
        if 2 * self._noise.bound >= PIPS:
            return 0, -1
        least, most = PIPS - self._noise.bound, PIPS + self._noise.bound
        bottom = -(-max(low, 0) * denominator * PIPS // (numerator * least)) + slack
        top = high * denominator * PIPS // (numerator * most) - slack
        return bottom, top

    def on_change(self, callback: Callable[[], object]) -> None:
        """Call *callback* whenever the vendor dies, comes back or changes its unit."""
        self._listeners.append(callback)

    def die(self) -> None:
        """Stop answering."""
        self.alive = False
        self._tell()

    def revive(self) -> None:
        """Answer again."""
        self.alive = True
        self._tell()

    def rescale(self, numerator: int, denominator: int) -> None:
        """Multiply every quote by *numerator*/*denominator* from now on; (1, 1) is the truth."""
        if numerator < 1 or denominator < 1:
            raise UsageError(f"a scale of {numerator}/{denominator}: both must be 1 or more")
        self._scale = (numerator, denominator)
        self._tell()

    def resell(self, upstream: Source | None) -> None:
        """Quote what *upstream* quotes, with its noise and its latency; None is the truth."""
        self._noise, self.latency = (upstream or self).voice
        self._tell()

    def _tell(self) -> None:
        for listener in tuple(self._listeners):
            listener()


def make_sources(
    specs: Mapping[str, SourceSpec], paths: Mapping[str, PricePath], streams: Streams
) -> dict[str, Source]:
    """Return the vendors of a scenario by name; *paths* are by commodity."""
    return {
        name: Source(name, paths[spec.commodity], streams, noise=spec.noise, latency=spec.latency)
        for name, spec in specs.items()
    }
