"""Exporting sovereigns (A15): ship cargoes, claim them, and receive FT for what is verified.

No source is published for sovereign behaviour; all parameters are the scenario's.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, ClassVar

import simpy
from pydantic import Field

from twin.clock import DAY, MINUTE, Process
from twin.habitat import GWEI
from twin.protocol.parameters import Endowment
from twin.scenario.values import Quantity3, Seconds

from .base import ETHER, Params, TwinAgent

__all__ = ["Sovereign", "SovereignParams"]

UNIT = 1000
"""One barrel, in the thousandths that quantities are counted in: cargoes are whole barrels."""

CLAIM_GAS = 250_000
SETTLE_GAS = 500_000


class SovereignParams(Params):
    """*cargoes_per_day* Poisson; quantities log-normal around *quantity_median*, at most the cap.

    Quantities in thousandths of the commodity's unit. A settlement that the contracts refuse is
    tried again every *retry* seconds.
    """

    commodity: str = "WTI"
    cargoes_per_day: float = Field(default=1.0, gt=0)
    quantity_median: Quantity3 = 600_000 * 1000
    sigma: float = Field(default=0.4, ge=0, le=2)
    quantity_cap: Quantity3 = 2_000_000 * 1000
    retry: Seconds = 20 * MINUTE


class Sovereign(TwinAgent):
    """A country that exports."""

    family: ClassVar[str] = "sovereign"
    Params: ClassVar[type[Params]] = SovereignParams
    roles: ClassVar[tuple[str, ...]] = ("sovereign",)
    params: SovereignParams
    shipped = 0
    settled = 0
    disputed = 0
    """Exports of which the network verified another quantity than was claimed: they stay open."""

    def endowment(self) -> Endowment:
        """Gas alone."""
        return Endowment(wei=100 * ETHER)

    def live(self) -> Process:
        """Ship a cargo at Poisson times."""
        habitat = self.habitat
        self._verified: dict[bytes, simpy.Event] = {}
        habitat.on_log("OracleNetwork", "ExportVerified", self._seen)
        rate = self.params.cargoes_per_day / DAY
        while True:
            wait = math.ceil(float(self.chance.standard_exponential()) / rate)
            yield habitat.clock.after(wait)
            normal = float(self.chance.standard_normal())
            whole = self.params.quantity_median / UNIT * math.exp(self.params.sigma * normal)
            quantity = min(max(1, round(whole)) * UNIT, self.params.quantity_cap)
            self.shipped += 1
            habitat.clock.spawn(self._export(quantity))

    def _seen(self, _block: int, args: Mapping[str, Any]) -> None:
        waiting = self._verified.pop(args["documentHash"], None)
        if waiting is not None:
            waiting.succeed(args["quantity"])

    def _export(self, quantity: int) -> Process:
        """Declare at customs, claim, wait for the oracle's verification, and settle."""
        habitat = self.habitat
        now = habitat.clock.now
        document = habitat.customs.declare(self.name, self.params.commodity, quantity, now)
        feed = habitat.deployment.feeds[self.params.commodity]
        verified = self._verified[document.hash] = habitat.clock.event()
        yield from self._insist("claim", document.hash, feed, quantity, gas=CLAIM_GAS)
        if (yield verified) != quantity:
            self.disputed += 1
            return
        yield from self._insist("settle", document.hash, gas=SETTLE_GAS)
        self.settled += 1

    def _insist(self, function: str, *args: Any, gas: int) -> Process:
        """Send a call of the allocation book once it would go through, until it has."""
        habitat, book = self.habitat, "AllocationBook"
        while True:
            if habitat.works(self.name, book, function, *args):
                receipt = yield habitat.send(self.name, book, function, *args, gas=gas, tip=GWEI)
                if receipt.success:
                    return
            yield habitat.clock.after(self.params.retry)
