"""Feeds on exports: carriers, inspectors and others who publish what they saw of a cargo.

Each feed errs on its own, and a share of its errors is common to all: they copy one record, as the
warehouses of Qingdao (2014) and the inspectors of Parana did. What a feed says of a document is a
fixed function of (seed, feed, document): asking twice, early or never changes nothing.
"""

from __future__ import annotations

from collections.abc import Mapping

from twin.clock import Clock
from twin.market.chance import PIPS
from twin.market.customs import Customs, misread
from twin.quotes import ExportRecord
from twin.random import derive
from twin.scenario.outside import ExportFeedSpec

__all__ = ["ExportFeed", "make_export_feeds"]

_GRAIN = PIPS * PIPS


class ExportFeed:
    """The feed called *name* over what *customs* holds; *common_mode* in pips."""

    __slots__ = ("_clock", "_common_mode", "_customs", "_seed", "_spec", "alive", "name")

    def __init__(
        self,
        name: str,
        spec: ExportFeedSpec,
        clock: Clock,
        *,
        customs: Customs,
        seed: int,
        common_mode: int,
    ) -> None:
        """Publish truthfully but for the declared errors."""
        self.name, self.alive = name, True
        self._spec, self._clock, self._customs = spec, clock, customs
        self._seed, self._common_mode = seed, common_mode

    def record(self, document_hash: bytes) -> ExportRecord | None:
        """Return what the feed has published of a document by now, or None."""
        document = self._customs.document(document_hash)
        if document is None or not self.alive or not self._customs.loaded(document_hash):
            return None
        published = document.loaded_at + self._spec.latency
        own = derive(self._seed, "export-feed", self.name, document_hash.hex())
        if self._clock.now < published or own % PIPS < round(self._spec.missing * PIPS):
            return None
        shared = derive(self._seed, "customs", document_hash.hex())
        common = self._spec.error * self._common_mode
        # the rest of the error probability, given that the record did not mislead
        alone = (self._spec.error * PIPS - common) * _GRAIN // max(1, _GRAIN - common)
        quantity = document.quantity
        if shared % _GRAIN < common:
            quantity = misread(quantity, (shared >> 64) % _GRAIN, size=self._spec.size)
        elif (own >> 20) % _GRAIN < alone:
            quantity = misread(quantity, (own >> 64) % _GRAIN, size=self._spec.size)
        return ExportRecord(self.name, quantity, published)

    def die(self) -> None:
        """Stop publishing: the injector's alone."""
        self.alive = False

    def revive(self) -> None:
        """Publish again: the injector's alone."""
        self.alive = True


def make_export_feeds(
    specs: Mapping[str, ExportFeedSpec],
    clock: Clock,
    *,
    customs: Customs,
    seed: int,
    common_mode: int,
) -> dict[str, ExportFeed]:
    """Return the feeds of a scenario by name."""
    return {
        name: ExportFeed(name, spec, clock, customs=customs, seed=seed, common_mode=common_mode)
        for name, spec in specs.items()
    }
