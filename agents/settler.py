"""Settlers: buyers and sellers of cargoes who pay each other in PT through `Settlement`.

Model: orders of a buyer come at Poisson times, the cargo's size is log-normal and its price is the
oracle's at that moment, which the escrow binds. The seller loads for an exponential time, claims the
document at the allocation book (that is what nodes attest) and is paid once the network verified the
quantity. A share of the cargoes never ships: their papers are unknown to customs, nobody claims
them, and the buyer is refunded after the expiry. Which settlers deal with each other is their *market*.

Source: the terms are those of `Settlement`; arrivals and sizes are the scenario's, as in A4 and A15.
Only a registered sovereign may claim, so a settler that sells is a state's trading house.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, ClassVar, Literal

import simpy
from pydantic import Field

from twin.clock import DAY, HOUR, MINUTE, Process
from twin.habitat import Habitat
from twin.protocol.parameters import Endowment
from twin.scenario.values import Quantity3, Seconds, Tokens6

from .base import ETHER, Params, TwinAgent
from .dealing import Dealings, poisson_wait

__all__ = ["Settler", "SettlerParams"]

UNIT = 1000
OPEN_GAS, CLAIM_GAS, PAY_GAS = 350_000, 250_000, 250_000
TO_PT = 10**5
"""Thousandths times an answer of 8 decimals are 1e-11 USD; PT counts as 1.00 USD and has 6."""


class SettlerParams(Params):
    """A settler of *side* that buys *cargoes_per_day* (Poisson) where it buys at all.

    Quantities in thousandths of the *commodity*'s unit, log-normal with *sigma* around
    *quantity_median*. *loading* is the mean of the seller's exponential time to the claim, *term*
    that of the escrow, both seconds; *fail_share* of the cargoes never ships. *capital* in PT units
    is what buys. *refunds* says whether a buyer claims its money back itself, or waits for a keeper.
    """

    side: Literal["buyer", "seller", "both"] = "both"
    commodity: str = "WTI"
    cargoes_per_day: float = Field(default=1.0, gt=0)
    quantity_median: Quantity3 = 20_000 * 1000
    sigma: float = Field(default=0.4, ge=0, le=2)
    loading: Seconds = 6 * HOUR
    term: Seconds = Field(default=3 * DAY, ge=2 * HOUR, le=180 * DAY)
    fail_share: float = Field(default=0.05, ge=0, le=1)
    capital: Tokens6 = 20_000_000 * 10**6
    refunds: bool = True
    retry: Seconds = Field(default=10 * MINUTE, ge=1)
    market: str = "cargoes"


class Settler(TwinAgent):
    """Buys cargoes, sells them, or both."""

    family: ClassVar[str] = "settler"
    Params: ClassVar[type[Params]] = SettlerParams
    params: SettlerParams
    opened = released = refunded = unfunded = 0
    """Deals that this settler opened, sold and was paid for, took back; orders it could not pay."""

    def __init__(self, model: Any, *, name: str, params: Any) -> None:
        """Join as a trader, and as a sovereign where it sells."""
        super().__init__(model, name=name, params=params)
        self.sells = params.side != "buyer"
        roles = ("trader", "sovereign") if self.sells else ("trader",)
        self.roles = roles  # type: ignore[misc]  # a family's, but here it goes by the side

    def endowment(self) -> Endowment:
        """The capital of a buyer, and leave for the escrow to take it."""
        capital = 0 if self.params.side == "seller" else self.params.capital
        return Endowment(pt=capital, wei=100 * ETHER, approvals=(("PaymentToken", "Settlement"),))

    def settle_in(self, habitat: Habitat) -> None:
        """Move in, and let the market know where it sells."""
        super().settle_in(habitat)
        self._deal = Dealings(habitat, self.name)
        self._verified: dict[bytes, simpy.Event] = {}
        self._deals = self._register(habitat)
        sellers = habitat.commons.setdefault(f"sellers of {self.params.market}", [])
        if self.sells:
            sellers.append(self)
            habitat.on_log("OracleNetwork", "ExportVerified", self._seen)

    def _register(self, habitat: Habitat) -> dict[bytes, int]:
        """Return the numbers of the market's deals by their papers, as the chain has them now.

        A reorg may give two deals each other's number; the event is then told again.
        """
        name = f"deals of {self.params.market}"
        if name not in habitat.commons:
            deals: dict[bytes, int] = {}
            habitat.commons[name] = deals
            habitat.on_log("Settlement", "DealOpened", lambda _block, args: deals.update(
                {args["documentHash"]: args["id"]}))  # fmt: skip
        found: dict[bytes, int] = habitat.commons[name]
        return found

    def live(self) -> Process:
        """Order a cargo at Poisson times; what an order needs of chance is drawn at once."""
        habitat, params = self.habitat, self.params
        everybody = habitat.commons[f"sellers of {params.market}"]
        sellers = [seller for seller in everybody if seller is not self]
        if params.side == "seller" or not sellers:
            return
        serial = 0
        while True:
            draw = float(self.chance.standard_exponential())
            yield habitat.clock.after(poisson_wait(draw, params.cargoes_per_day))
            serial += 1
            seller = sellers[int(self.chance.integers(len(sellers)))]
            whole = params.quantity_median / UNIT
            whole *= math.exp(params.sigma * float(self.chance.standard_normal()))
            ships = float(self.chance.random()) >= params.fail_share
            quantity = max(1, round(whole)) * UNIT
            habitat.clock.spawn(self._order(serial, seller, quantity, ships=ships))

    def _order(self, serial: int, seller: Settler, quantity: int, *, ships: bool) -> Process:
        """Open the escrow at the oracle's price, tell the seller, and see to the refund."""
        habitat, params = self.habitat, self.params
        feed = habitat.deployment.feeds[params.commodity]
        answer = self._deal.ask("OracleNetwork", "fresh", feed) or 0
        amount = quantity * answer // TO_PT
        most = habitat.read("Settlement", "maxAmount")
        if not 0 < amount <= min(most, habitat.balances(self._deal.account)[0]):
            self.unfunded += 1
            return
        papers = habitat.once(self.family, self.name, f"papers {serial}").bytes(32)
        if ships:
            now = habitat.clock.now
            papers = habitat.customs.declare(seller.name, params.commodity, quantity, now).hash
        expiry = habitat.clock.now + params.term
        receipt = yield from self._deal.insist(
            "Settlement", "open", papers, habitat.account(seller.name), amount, quantity, expiry,
            gas=OPEN_GAS, until=habitat.clock.now + HOUR, retry=params.retry,
        )  # fmt: skip
        if receipt is None:
            self.unfunded += 1
            return
        self.opened += 1
        if ships:
            habitat.clock.spawn(seller.deliver(papers, quantity, expiry))
        yield habitat.clock.after(max(0, expiry - habitat.clock.now) + MINUTE)
        if params.refunds:
            receipt = yield from self._deal.insist(
                "Settlement", "refund", self._deals[papers], gas=PAY_GAS, until=habitat.clock.now
            )
            self.refunded += receipt is not None

    # -- the seller's side ----------------------------------------------------------------------

    def deliver(self, papers: bytes, quantity: int, expiry: int) -> Process:
        """Load the cargo, claim *papers*, and collect their price once they are verified."""
        habitat, params = self.habitat, self.params
        chance = habitat.once(self.family, self.name, papers.hex())
        yield habitat.clock.after(1 + round(params.loading * float(chance.standard_exponential())))
        verified = self._verified[papers] = habitat.clock.event()
        feed = habitat.deployment.feeds[params.commodity]
        claimed = yield from self._deal.insist(
            "AllocationBook", "claim", papers, feed, quantity,
            gas=CLAIM_GAS, until=expiry, retry=params.retry,
        )  # fmt: skip
        if claimed is None or (yield verified) != quantity:
            return  # another quantity than agreed pays nobody: the buyer is refunded
        paid = yield from self._deal.insist(
            "Settlement", "release", self._deals[papers], gas=PAY_GAS,
            until=max(expiry, habitat.clock.now), retry=params.retry,
        )  # fmt: skip
        self.released += paid is not None

    def _seen(self, _block: int, args: Mapping[str, Any]) -> None:
        waiting = self._verified.pop(args["documentHash"], None)
        if waiting is not None:
            waiting.succeed(args["quantity"])
