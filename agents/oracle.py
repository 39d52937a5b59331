"""Oracle nodes (A10): report on deviation or heartbeat, attest exports from customs papers.

Source: libocr's rule of reporting (deviation or heartbeat, median of n >= 3f + 1). A node has an
ordered list of data sources and falls back, quietly, on the next when one stops answering.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from pydantic import Field
from twin.market.sources import Source

from twin.clock import MINUTE, Process
from twin.habitat import GWEI
from twin.protocol.parameters import Endowment
from twin.scenario.values import Pips, Seconds

from .base import ETHER, Params, TwinAgent

__all__ = ["OracleNode", "OracleNodeParams"]

PIPS = 1_000_000
SUBMIT_GAS = 400_000
"""Gas limit of a submission; one of seven nodes takes about 90,000."""

ATTEST_GAS = 200_000
RETRY = 5 * MINUTE


class OracleNodeParams(Params):
    """*sources* in the order of preference; *noise* is the s.d. of the node's own reading error.

    *latency* is the mean of the exponential delay between observation and submission, *reading*
    that of attesting an export. Scenario parameters, in the range of public node dashboards.
    """

    commodity: str = "WTI"
    sources: tuple[str, ...] = Field(min_length=1)
    noise: Pips = 200
    latency: Seconds = 8
    reading: Seconds = 1200
    reading_error_ppm: int = Field(default=0, ge=0, le=PIPS)


class OracleNode(TwinAgent):
    """One node of the network."""

    family: ClassVar[str] = "oracle-node"
    Params: ClassVar[type[Params]] = OracleNodeParams
    roles: ClassVar[tuple[str, ...]] = ("oracle_node",)
    params: OracleNodeParams
    refused = 0

    def endowment(self) -> Endowment:
        """Gas alone."""
        return Endowment(wei=1000 * ETHER)

    def misreport(self, numerator: int, denominator: int) -> None:
        """Report *numerator*/*denominator* times what is seen, from now on."""
        self._scale = (numerator, denominator)
        self._rouse()

    def live(self) -> Process:
        """Sleep until the price has left the deviation band or the heartbeat is due; report."""
        habitat = self.habitat
        self._feed = habitat.deployment.feeds[self.params.commodity]
        self._scale = (1, 1)
        self._accepted: int | None = None
        self._submitted = 0
        self._retry_at = 0
        self._reported = 0
        self._roused = habitat.clock.event()
        self._jitter = int(self.chance.integers(0, 2 * MINUTE))
        self._configure()
        habitat.on_log("OracleNetwork", "AnswerUpdated", self._answered)
        habitat.on_log("OracleNetwork", "FeedConfigured", self._reconfigured)
        habitat.on_log("AllocationBook", "ExportClaimed", self._claimed)
        for name in self.params.sources:
            habitat.sources[name].on_change(self._rouse)
        yield habitat.clock.after(1 + self._jitter // 4)
        while True:
            yield from self._report()
            wait = self._wait()
            if wait > 0:
                yield habitat.clock.after(wait) | self._roused
            if self._roused.triggered:
                self._roused = habitat.clock.event()

    # -- what wakes the node -------------------------------------------------------------------

    def _rouse(self) -> None:
        if not self._roused.triggered:
            self._roused.succeed()

    def _configure(self) -> None:
        config = self.habitat.read("OracleNetwork", "feedConfig", self._feed)
        self._low, self._high, self._heartbeat, self._deviation = config[:4]

    def _reconfigured(self, _block: int, args: Mapping[str, Any]) -> None:
        if args["feed"] == self._feed:
            self._configure()
            self._rouse()

    def _answered(self, _block: int, args: Mapping[str, Any]) -> None:
        if args["feed"] == self._feed:
            self._accepted = args["answer"]
            self._rouse()

    def _wait(self) -> int:
        """Return the seconds until the node may have something to report."""
        now = self.habitat.clock.now
        heartbeat = self._submitted + self._heartbeat + self._jitter - now
        source = self._source()
        if source is None or now < self._retry_at:
            return max(RETRY, self._retry_at - now)
        if self._accepted is None:
            return RETRY
        numerator, denominator = self._scale
        bands = [
            (told - abs(told) * self._deviation // PIPS, told + abs(told) * self._deviation // PIPS)
            for told in (self._accepted, self._reported)
        ]
        low = max(band[0] for band in bands) * denominator // numerator
        high = min(band[1] for band in bands) * denominator // numerator
        crossing = source.first_crossing(now, low, high, max(1, heartbeat))
        return max(1, min(heartbeat, crossing - now if crossing is not None else heartbeat))

    # -- reporting -----------------------------------------------------------------------------

    def _source(self) -> Source | None:
        """Return the first source that answers."""
        for name in self.params.sources:
            source = self.habitat.sources[name]
            if source.alive:
                return source
        return None

    def _observe(self) -> tuple[int, str] | None:
        """Read a source: (answer, its name), or None while no source answers."""
        source = self._source()
        quote = source.quote(self.habitat.clock.now) if source else None
        if source is None or quote is None:
            return None
        error = round(self.params.noise * float(self.chance.standard_normal()))
        numerator, denominator = self._scale
        price = quote.price * (PIPS + error) // PIPS
        return price * numerator // denominator, source.name

    def _due(self, answer: int) -> bool:
        """Say whether the feed's rule asks for this answer now, with the contract's own measure.

        It is due when it left the band around the accepted answer or around the node's own last
        report, or when the heartbeat is over.
        """
        if self._accepted is None or not self._submitted:
            return True
        if self.habitat.clock.now - self._submitted >= self._heartbeat:
            return True
        return any(
            abs(answer - told) * PIPS >= self._deviation * abs(told)
            for told in (self._accepted, self._reported)
        )

    def _report(self) -> Process:
        """Observe; publish a signed report; submit where it is due and inside the bounds."""
        habitat = self.habitat
        seen = self._observe()
        if seen is None or not self._due(seen[0]):
            return
        yield habitat.clock.after(
            1 + round(self.params.latency * self.chance.standard_exponential())
        )
        seen = self._observe()
        if seen is None or not self._due(seen[0]):
            return
        answer, source = seen
        now = habitat.clock.now
        habitat.reports.publish(self.name, self.params.commodity, source, answer, now)
        if not self._low <= answer <= self._high or habitat.paused("OracleNetwork"):
            self.refused += 1
            self._retry_at = now + RETRY
            return
        receipt = yield habitat.send(
            self.name, "OracleNetwork", "submit", self._feed, answer, now,
            gas=SUBMIT_GAS, tip=2 * GWEI,
        )  # fmt: skip
        if receipt.success:
            self._submitted, self._reported = now, answer
        else:
            self.refused += 1
            self._retry_at = habitat.clock.now + 12

    # -- exports -------------------------------------------------------------------------------

    def _claimed(self, _block: int, args: Mapping[str, Any]) -> None:
        self.habitat.clock.spawn(self._attest(args["documentHash"]))

    def _attest(self, document: bytes) -> Process:
        """Read the papers at customs and attest the quantity they show."""
        habitat = self.habitat
        delay = 1 + round(self.params.reading * float(self.chance.standard_exponential()))
        yield habitat.clock.after(delay)
        quantity = habitat.customs.reading(document, self.chance, self.params.reading_error_ppm)
        if quantity is None or habitat.paused("OracleNetwork"):
            return
        if habitat.read("OracleNetwork", "verified", document)[0]:
            return
        yield habitat.send(
            self.name, "OracleNetwork", "attest", document, quantity, gas=ATTEST_GAS, tip=GWEI
        )
