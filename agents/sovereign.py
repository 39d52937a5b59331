"""Exporting sovereigns (A15): ship cargoes, claim them, and receive FT for what is verified.

A sovereign may have a budget, for which it converts FT to PT, a ballot, with which it votes, and an
auditor, who disputes what others claim; each is a part of its own with a model and chance of its
own, so that a sovereign with one ships the same cargoes as a sovereign without.

No source is published for sovereign behaviour; all parameters are the scenario's.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, ClassVar

import simpy
from pydantic import Field

from twin.clock import DAY, MINUTE, Process
from twin.habitat import Habitat
from twin.protocol.parameters import Endowment
from twin.scenario.values import Quantity3, Seconds

from .auditor import Auditor, AuditorParams
from .ballot import Ballot, BallotParams
from .base import ETHER, Params, TwinAgent
from .budget import Budget, BudgetParams
from .dealing import Dealings

__all__ = ["Sovereign", "SovereignParams"]

UNIT = 1000
"""One barrel, in the thousandths that quantities are counted in: cargoes are whole barrels."""

NEVER = 1 << 62
"""A time at which nobody has given up."""
CLAIM_GAS = 250_000
SETTLE_GAS = 500_000


class SovereignParams(Params):
    """*cargoes_per_day* Poisson; quantities log-normal around *quantity_median*, at most the cap.

    Quantities in thousandths of the commodity's unit. A settlement that the contracts refuse is
    tried again every *retry* seconds. Without a *budget*, *ballot* or *audit* it converts nothing,
    votes on nothing, disputes nothing.
    """

    commodity: str = "WTI"
    cargoes_per_day: float = Field(default=1.0, gt=0)
    quantity_median: Quantity3 = 600_000 * 1000
    sigma: float = Field(default=0.4, ge=0, le=2)
    quantity_cap: Quantity3 = 2_000_000 * 1000
    retry: Seconds = 20 * MINUTE
    budget: BudgetParams | None = None
    ballot: BallotParams | None = None
    audit: AuditorParams | None = None


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

    budget: Budget | None = None
    ballot: Ballot | None = None
    auditor: Auditor | None = None

    def endowment(self) -> Endowment:
        """Gas, and what budget and auditor deal with."""
        params = self.params
        approvals: tuple[tuple[str, str], ...] = ()
        if params.budget is not None:
            approvals = (("FoundationToken", "Conversion"), ("PaymentToken", "LiquidityPool"))
        if params.audit is None:
            return Endowment(wei=100 * ETHER, approvals=approvals)
        approvals += (("PaymentToken", "AllocationBook"), ("PaymentToken", "OracleNetwork"))
        return Endowment(pt=params.audit.bonds, wei=100 * ETHER, approvals=approvals)

    def settle_in(self, habitat: Habitat) -> None:
        """Move in, with the parts that the sovereign has."""
        super().settle_in(habitat)
        params = self.params
        self._deal = Dealings(habitat, self.name)
        if params.budget is not None:
            self.budget = Budget(
                habitat, self.name, commodity=params.commodity, params=params.budget
            )
        if params.ballot is not None:
            self.ballot = Ballot(habitat, self.name, params=params.ballot)
        if params.audit is not None:
            self.auditor = Auditor(habitat, self.name, params=params.audit)

    def live(self) -> Process:
        """Ship a cargo at Poisson times."""
        habitat = self.habitat
        for part in (self.budget, self.ballot):
            if part is not None:
                habitat.clock.spawn(part.live())
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
        book, retry = "AllocationBook", self.params.retry
        yield from self._deal.insist(
            book, "claim", document.hash, feed, quantity, gas=CLAIM_GAS, until=NEVER, retry=retry
        )
        if (yield verified) != quantity:
            self.disputed += 1
            return
        yield from self._deal.insist(
            book, "settle", document.hash, gas=SETTLE_GAS, until=NEVER, retry=retry
        )
        self.settled += 1
