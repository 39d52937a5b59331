"""Data vendors as their customer sees them: register, quotes recorded at intervals, test symbol.

We sample every vendor and the index at the same seconds, so that their errors can be compared.
The test symbol goes through the vendor's own pipeline: a wrong unit shows there too.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Mapping, Sequence

from twin.clock import DAY, Clock, Process
from twin.desk.port import VendorRecord
from twin.errors import NoData, UnknownName
from twin.market.index import Index
from twin.market.sources import Source
from twin.quotes import Quote
from twin.scenario.services_oracle import VendorsSpec

__all__ = ["CANARY", "VendorBook", "VendorClient"]

CANARY = 12_345_678_900
"""What the test symbol is worth, 8 decimals: 123.456789."""


class VendorBook:
    """The vendors *sources* and the *indices* beside them, sampled on *clock*."""

    def __init__(
        self,
        spec: VendorsSpec,
        clock: Clock,
        *,
        sources: Mapping[str, Source],
        indices: Mapping[str, Index],
    ) -> None:
        """Enter every vendor in the register."""
        self._spec, self._clock = spec, clock
        self._sources, self._indices = sources, indices
        self.register = {
            name: VendorRecord(
                name, source.commodity, spec.upstream.get(name, name),
                clock.start + spec.licences.get(name, 365 * DAY),
            )
            for name, source in sources.items()
        }  # fmt: skip
        self._quotes: dict[str, list[Quote]] = {name: [] for name in sources}
        self._index: dict[str, list[Quote]] = {name: [] for name in indices}

    def start(self) -> None:
        """Begin to sample."""
        if self._sources:
            self._clock.spawn(self._sample())

    def _sample(self) -> Process:
        while True:
            now = self._clock.now
            for series, parts in ((self._quotes, self._sources), (self._index, self._indices)):
                for name, part in parts.items():
                    quote = part.quote(now)
                    if quote is not None:
                        series[name].append(Quote(quote.price, now))
                        del series[name][: -self._spec.kept]
            yield self._clock.after(self._spec.every)

    def history(self, name: str, since: int) -> Sequence[Quote]:
        """Return the samples of a vendor from unix second *since* on."""
        return _since(self._quotes, name, since)

    def reference(self, commodity: str, since: int) -> Sequence[Quote]:
        """Return the samples of the index."""
        return _since(self._index, commodity, since)

    def canary(self, name: str) -> int:
        """Return what *name* says of the test symbol."""
        source = self._sources[name]
        if not source.alive:
            raise NoData(f"{name} does not answer")
        numerator, denominator = source.scale
        return CANARY * numerator // denominator


def _since(series: Mapping[str, list[Quote]], name: str, since: int) -> Sequence[Quote]:
    found = series[name]
    return tuple(found[bisect_left(found, since, key=lambda quote: quote.at) :])


class VendorClient:
    """The vendors as the desk reaches them."""

    __slots__ = ("_book",)

    def __init__(self, book: VendorBook) -> None:
        """Show these."""
        self._book = book

    def _known(self, name: str) -> str:
        if name not in self._book.register:
            raise UnknownName("vendor", name, self._book.register)
        return name

    def names(self) -> list[str]:
        """The vendors in the register."""
        return list(self._book.register)

    def vendor(self, name: str) -> VendorRecord:
        """Return the register's entry of *name*."""
        return self._book.register[self._known(name)]

    def history(self, name: str, *, since: int) -> Sequence[Quote]:
        """Return what *name* quoted at our samples."""
        return self._book.history(self._known(name), since)

    def reference(self, commodity: str, *, since: int) -> Sequence[Quote]:
        """Return the index at the same samples."""
        return self._book.reference(commodity, since)

    def canary(self, name: str) -> int:
        """Return what *name* says of the test symbol."""
        return self._book.canary(self._known(name))

    def canary_value(self) -> int:
        """Return what the test symbol is worth."""
        return CANARY
