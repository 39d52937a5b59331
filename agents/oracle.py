"""Oracle nodes (A10): report on deviation or heartbeat, attest exports from customs papers.

Source: libocr's rule of reporting (deviation or heartbeat, median of n >= 3f + 1), which is in
`reporter`, once for each feed that a node serves. Not every operator is honest: some freeload on the
others, some err, some collude.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from pydantic import Field

from twin.clock import Process
from twin.errors import UnknownName
from twin.habitat import GWEI, Habitat
from twin.protocol.parameters import Endowment
from twin.scenario.values import Pips, Seconds

from .base import ETHER, Params, TwinAgent
from .reporter import RETRY, Conduct, Reporter, Serves

__all__ = ["OracleNode", "OracleNodeParams"]

PIPS = 1_000_000
ATTEST_GAS = 200_000
NOISY = 10
"""How many times as much a noisy operator errs."""

ATTEMPTS = 5
"""How often a node sends an attestation that is refused before it gives the document up."""


class OracleNodeParams(Params):
    """*sources* of *commodity* in the order of preference, and those of other commodities (*also*).

    *noise* is the s.d. of the node's own reading error, *latency* is the mean of the exponential delay between observation and submission, *reading*
    that of attesting an export. Scenario parameters, in the range of public node dashboards.

    *conduct* is how the operator behaves. A *lazy* one repeats the network's accepted answer and
    reads a source only where there is none, and attests whatever was claimed. A *noisy* one errs
    ten times as much. A *colluding* one reports *bias_ppm* millionths of what it sees, as the
    others of its ring do, from *from_second* on.
    """

    commodity: str = "WTI"
    sources: tuple[str, ...] = Field(min_length=1)
    also: Mapping[str, tuple[str, ...]] = Field(default_factory=dict)
    noise: Pips = 200
    latency: Seconds = 8
    reading: Seconds = 1200
    reading_error_ppm: int = Field(default=0, ge=0, le=PIPS)
    conduct: Conduct = "honest"
    bias_ppm: int = Field(default=1_050_000, ge=1, le=100 * PIPS)
    from_second: Seconds = 0


class OracleNode(TwinAgent):
    """One node of the network."""

    family: ClassVar[str] = "oracle-node"
    Params: ClassVar[type[Params]] = OracleNodeParams
    roles: ClassVar[tuple[str, ...]] = ("oracle_node",)
    params: OracleNodeParams

    def endowment(self) -> Endowment:
        """Gas alone."""
        return Endowment(wei=1000 * ETHER)

    def misreport(self, numerator: int, denominator: int) -> None:
        """Report *numerator*/*denominator* times what is seen, from now on, on every feed."""
        for reporter in self.reporters:
            reporter.misreport(numerator, denominator)

    def silence(self, silent: bool) -> None:
        """Report and attest nothing while *silent*: the process is dead."""
        self._silent = silent
        for reporter in self.reporters:
            reporter.silence(silent)

    @property
    def refused(self) -> int:
        """How many reports were outside the bounds or refused on chain."""
        return sum(reporter.refused for reporter in self.reporters)

    def settle_in(self, habitat: Habitat) -> None:
        """Move in, with a reporter for each feed that the node serves."""
        super().settle_in(habitat)
        params = self.params
        served = {params.commodity: params.sources, **params.also}
        self.reporters = [
            self._reporter(commodity, sources) for commodity, sources in served.items()
        ]
        self._papers: set[bytes] = set()
        self._silent = False
        habitat.on_log("AllocationBook", "ExportClaimed", self._claimed)
        if params.conduct == "colluding":
            begin = habitat.clock.now + params.from_second
            habitat.clock.call_at(begin, lambda: self.misreport(params.bias_ppm, PIPS))

    def _reporter(self, commodity: str, sources: tuple[str, ...]) -> Reporter:
        """Return the reporter of *commodity*; that of the first feed draws from the node's own stream."""
        habitat, params = self.habitat, self.params
        if commodity not in habitat.deployment.feeds:
            raise UnknownName("feed", commodity, habitat.deployment.feeds)
        for source in sources:
            if source not in habitat.sources:
                raise UnknownName("source", source, habitat.sources)
        first = commodity == params.commodity
        noise = params.noise * (NOISY if params.conduct == "noisy" else 1)
        return Reporter(
            habitat, self.name, Serves(commodity, sources, params.latency, params.conduct),
            chance=self.chance if first else habitat.once(self.family, self.name, f"feed {commodity}"),
            error=habitat.noise(self.family, self.name if first else f"{self.name} {commodity}", noise),
        )  # fmt: skip

    def live(self) -> Process:
        """Report on the first feed; the others have lives of their own."""
        first, *others = self.reporters
        for reporter in others:
            self.habitat.clock.spawn(reporter.live())
        yield from first.live()

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
