"""What an oracle node does for one feed: observe, publish a signed report, submit where it is due.

Source: libocr's rule of reporting (deviation or heartbeat). A node has one reporter for each commodity
that it serves, each with its own ordered list of data sources; it falls back, quietly, on the next
when one stops answering.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from twin.clock import MINUTE, Process
from twin.habitat import GWEI, Habitat
from twin.market.chance import Noise
from twin.market.sources import Source

__all__ = ["RETRY", "Conduct", "Reporter", "Serves"]

PIPS = 1_000_000
SUBMIT_GAS = 400_000
"""Gas limit of a submission; one of seven nodes takes about 90,000."""

RETRY = 5 * MINUTE

Conduct = Literal["honest", "lazy", "noisy", "colluding"]


@dataclass(frozen=True, slots=True)
class Serves:
    """What a reporter serves: the feed of *commodity* out of *sources*, in the order of preference.

    *latency* is the mean of its exponential delay, seconds, *conduct* that of its operator.
    """

    commodity: str
    sources: tuple[str, ...]
    latency: int
    conduct: Conduct


class Reporter:
    """The reports of the node *name* on one feed."""

    def __init__(
        self,
        habitat: Habitat,
        name: str,
        serves: Serves,
        *,
        chance: np.random.Generator,
        error: Noise,
    ) -> None:
        """Have nothing reported yet; what is heard from here on counts."""
        self.habitat, self.name, self.serves = habitat, name, serves
        self._chance, self._error = chance, error
        self._feed = habitat.deployment.feeds[serves.commodity]
        self._scale = (1, 1)
        self._submitted = self._reported = 0
        self._retry_at = 0
        self._silent = False
        self.refused = 0
        self._roused = habitat.clock.event()
        self._look_up()
        habitat.on_log("OracleNetwork", "AnswerUpdated", self._answered)
        habitat.on_log("OracleNetwork", "FeedConfigured", self._reconfigured)
        habitat.on_log("OracleNetwork", "Unpaused", lambda _block, _args: self._rouse())
        habitat.on_reorg(self._look_up)
        for source in serves.sources:
            habitat.sources[source].on_change(self._rouse)

    def misreport(self, numerator: int, denominator: int) -> None:
        """Report *numerator*/*denominator* times what is seen, from now on."""
        self._scale = (numerator, denominator)
        self._rouse()

    def silence(self, silent: bool) -> None:
        """Report nothing while *silent*."""
        self._silent = silent
        self._rouse()

    def live(self) -> Process:
        """Sleep until the price has left the deviation band or the heartbeat is due; report."""
        habitat = self.habitat
        self._jitter = int(self._chance.integers(0, 2 * MINUTE))
        yield habitat.clock.after(1 + self._jitter // 4)
        while True:
            if habitat.clock.now >= self._retry_at and not self._silent:
                yield from self._report()
            if not self._roused.triggered:
                yield habitat.clock.after(self._wait()) | self._roused
            if self._roused.triggered:
                self._roused = habitat.clock.event()

    # -- what wakes the node -------------------------------------------------------------------

    def _rouse(self) -> None:
        """Wake, and try at once what was refused before: what refused it may have changed."""
        self._retry_at = 0
        if not self._roused.triggered:
            self._roused.succeed()

    def _look_up(self) -> None:
        """Read the feed's answer and rules from the chain: at the start, and after a reorg."""
        answer, _, rounds, _ = self.habitat.read("OracleNetwork", "latest", self._feed)
        self._accepted: int | None = answer if rounds else None
        self._configure(self.habitat.read("OracleNetwork", "feedConfig", self._feed))

    def _configure(self, config: Sequence[int]) -> None:
        self._low, self._high, self._heartbeat, self._deviation = config[:4]

    def _reconfigured(self, _block: int, args: Mapping[str, Any]) -> None:
        if args["feed"] == self._feed:
            self._configure(args["config"])
            self._rouse()

    def _answered(self, _block: int, args: Mapping[str, Any]) -> None:
        if args["feed"] == self._feed:
            self._accepted = args["answer"]
            if not self._roused.triggered:
                self._roused.succeed()

    def _wait(self) -> int:
        """Return the seconds until the node may have something to report."""
        now = self.habitat.clock.now
        if now < self._retry_at:
            return self._retry_at - now
        heartbeat = self._submitted + self._heartbeat + self._jitter - now
        source = self._source()
        if source is None or self._accepted is None or heartbeat <= 0:
            return RETRY
        if self.serves.conduct == "lazy":
            return heartbeat
        numerator, denominator = self._scale
        bands = [
            (told - abs(told) * self._deviation // PIPS, told + abs(told) * self._deviation // PIPS)
            for told in (self._accepted, self._reported)
        ]
        low = max(band[0] for band in bands) * denominator // numerator
        high = min(band[1] for band in bands) * denominator // numerator
        crossing = source.first_crossing(now, low, high, heartbeat)
        return heartbeat if crossing is None else min(heartbeat, crossing - now)

    # -- reporting -----------------------------------------------------------------------------

    def _source(self) -> Source | None:
        """Return the first source that answers."""
        for name in self.serves.sources:
            source = self.habitat.sources[name]
            if source.alive:
                return source
        return None

    def _observe(self) -> tuple[int, str] | None:
        """Read a source: (answer, its name), or None while no source answers."""
        source = self._source()
        if self.serves.conduct == "lazy" and self._accepted is not None and source is not None:
            return self._accepted, source.name
        quote = source.quote(self.habitat.clock.now) if source else None
        if source is None or quote is None:
            return None
        numerator, denominator = self._scale
        price = quote.price * (PIPS + self._error.at(self.habitat.clock.now)) // PIPS
        return price * numerator // denominator, source.name

    def _due(self, answer: int) -> bool:
        """Say whether the feed's rule asks for this answer now, with the contract's own measure.

        It is due when it left the band around the accepted answer or around the node's own last
        report, or when the heartbeat is over and the node's own jitter, which keeps nodes apart.
        """
        if self._accepted is None or not self._submitted:
            return True
        if self.habitat.clock.now - self._submitted >= self._heartbeat + self._jitter:
            return True
        return any(
            answer != told and abs(answer - told) * PIPS >= self._deviation * abs(told)
            for told in (self._accepted, self._reported)
        )

    def _report(self) -> Process:
        """Observe; publish a signed report; submit where it is due and inside the bounds."""
        habitat = self.habitat
        seen = self._observe()
        if seen is None or not self._due(seen[0]):
            return
        latency = self.serves.latency * float(self._chance.standard_exponential())
        yield habitat.clock.after(1 + round(latency))
        seen = self._observe()
        if seen is None or not self._due(seen[0]):
            return
        answer, source = seen
        now = habitat.clock.now
        habitat.reports.publish(self.name, self.serves.commodity, source, answer, now)
        if not self._low <= answer <= self._high or habitat.paused("OracleNetwork"):
            self.refused += 1
            self._retry_at = now + RETRY
            return
        receipt = yield habitat.send(
            self.name, "OracleNetwork", "submit", self._feed, answer, now,
            gas=SUBMIT_GAS, tip=2 * GWEI,
        )  # fmt: skip
        if receipt.success:
            self._submitted, self._reported = habitat.clock.now, answer  # the block's second
            return
        self.refused += 1
        if self._due(answer):  # not a race that was lost: whatever refused it may do so again
            self._retry_at = habitat.clock.now + RETRY
