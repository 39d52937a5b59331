"""Oracle nodes (A10): report on deviation or heartbeat, attest exports from customs papers.

Source: libocr's rule of reporting (deviation or heartbeat, median of n >= 3f + 1). A node has an
ordered list of data sources and falls back, quietly, on the next when one stops answering. Not
every operator is honest: some freeload on the others, some err, some collude.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Literal

from pydantic import Field

from twin.clock import MINUTE, Process
from twin.habitat import GWEI, Habitat
from twin.market.sources import Source
from twin.protocol.parameters import Endowment
from twin.scenario.values import Pips, Seconds

from .base import ETHER, Params, TwinAgent

__all__ = ["OracleNode", "OracleNodeParams"]

PIPS = 1_000_000
SUBMIT_GAS = 400_000
"""Gas limit of a submission; one of seven nodes takes about 90,000."""

ATTEST_GAS = 200_000
NOISY = 10
"""How many times as much a noisy operator errs."""

RETRY = 5 * MINUTE
ATTEMPTS = 5
"""How often a node sends an attestation that is refused before it gives the document up."""


class OracleNodeParams(Params):
    """*sources* in the order of preference; *noise* is the s.d. of the node's own reading error.

    *latency* is the mean of the exponential delay between observation and submission, *reading*
    that of attesting an export. Scenario parameters, in the range of public node dashboards.

    *conduct* is how the operator behaves. A *lazy* one repeats the network's accepted answer and
    reads a source only where there is none, and attests whatever was claimed. A *noisy* one errs
    ten times as much. A *colluding* one reports *bias_ppm* millionths of what it sees, as the
    others of its ring do, from *from_second* on.
    """

    commodity: str = "WTI"
    sources: tuple[str, ...] = Field(min_length=1)
    noise: Pips = 200
    latency: Seconds = 8
    reading: Seconds = 1200
    reading_error_ppm: int = Field(default=0, ge=0, le=PIPS)
    conduct: Literal["honest", "lazy", "noisy", "colluding"] = "honest"
    bias_ppm: int = Field(default=1_050_000, ge=1, le=100 * PIPS)
    from_second: Seconds = 0


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

    def silence(self, silent: bool) -> None:
        """Report and attest nothing while *silent*: the process is dead."""
        self._silent = silent
        self._rouse()

    def settle_in(self, habitat: Habitat) -> None:
        """Move in with nothing reported yet; what is heard from here on counts."""
        super().settle_in(habitat)
        self._feed = habitat.deployment.feeds[self.params.commodity]
        self._scale = (1, 1)
        self._silent = False
        self._submitted = self._reported = 0
        self._retry_at = 0
        noise = self.params.noise * (NOISY if self.params.conduct == "noisy" else 1)
        self._error = habitat.noise(self.family, self.name, noise)
        self._papers: set[bytes] = set()
        self._roused = habitat.clock.event()
        self._look_up()
        habitat.on_log("OracleNetwork", "AnswerUpdated", self._answered)
        habitat.on_log("OracleNetwork", "FeedConfigured", self._reconfigured)
        habitat.on_log("OracleNetwork", "Unpaused", lambda _block, _args: self._rouse())
        habitat.on_log("AllocationBook", "ExportClaimed", self._claimed)
        habitat.on_reorg(self._look_up)
        for name in self.params.sources:
            habitat.sources[name].on_change(self._rouse)
        if self.params.conduct == "colluding":
            begin = habitat.clock.now + self.params.from_second
            habitat.clock.call_at(begin, lambda: self.misreport(self.params.bias_ppm, PIPS))

    def live(self) -> Process:
        """Sleep until the price has left the deviation band or the heartbeat is due; report."""
        habitat = self.habitat
        self._jitter = int(self.chance.integers(0, 2 * MINUTE))
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
        if self.params.conduct == "lazy":
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
        for name in self.params.sources:
            source = self.habitat.sources[name]
            if source.alive:
                return source
        return None

    def _observe(self) -> tuple[int, str] | None:
        """Read a source: (answer, its name), or None while no source answers."""
        source = self._source()
        if self.params.conduct == "lazy" and self._accepted is not None and source is not None:
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
        latency = self.params.latency * float(self.chance.standard_exponential())
        yield habitat.clock.after(1 + round(latency))
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
            self._submitted, self._reported = habitat.clock.now, answer  # the block's second
            return
        self.refused += 1
        if self._due(answer):  # not a race that was lost: whatever refused it may do so again
            self._retry_at = habitat.clock.now + RETRY

    # -- exports -------------------------------------------------------------------------------

    def _claimed(self, _block: int, args: Mapping[str, Any]) -> None:
        document = args["documentHash"]
        if document not in self._papers:  # a reorg tells of the same claim again
            self._papers.add(document)
            self.habitat.clock.spawn(self._attest(document, args["quantity"]))

    def _attest(self, document: bytes, claimed: int) -> Process:
        """Read the papers at customs and attest the quantity they show.

        The reading has its own chance: other claims and reports do not move it. A paused network
        is waited for.
        """
        habitat, oracle = self.habitat, "OracleNetwork"
        chance = habitat.once(self.family, self.name, document.hex())
        yield habitat.clock.after(
            1 + round(self.params.reading * float(chance.standard_exponential()))
        )
        if self._silent:
            return
        quantity = habitat.customs.reading(document, chance, self.params.reading_error_ppm)
        if self.params.conduct == "lazy":
            quantity = claimed  # it signs what it is shown
        attempts = ATTEMPTS
        while (
            quantity is not None and attempts and not habitat.read(oracle, "verified", document)[0]
        ):
            if not habitat.paused(oracle):
                receipt = yield habitat.send(
                    self.name, oracle, "attest", document, quantity, gas=ATTEST_GAS, tip=GWEI
                )
                if receipt.success:
                    return
                attempts -= 1
            yield habitat.clock.after(RETRY)
