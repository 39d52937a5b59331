"""Holders of PT by class (A12): they stay, or they run, as in a global game.

Model: Diamond 2007 with the refinement of Carlsson and van Damme, as of Morris and Shin. The
state theta is the backing of a PT: a mix of the pool's price and, where it is public, the
reserve's coverage (at most 1). Each holder sees it with a private error e, s = theta + e. Staying
brings theta less illiquidity x n where a share n of the supply runs (sequential service: who is
late is paid out of what is left); running brings the exit less its cost at once. Who is just at the
threshold takes n for uniform on [0, 1], so theta - illiquidity/2 = exit x (1 - cost) there, and the
class runs at

    s < threshold = exit x (1 - cost) + illiquidity/2

unless its *threshold* is set. The exit is par, or the pool's present price: then a falling price
holds runners back, and whoever props it up invites them (Ma, Zeng and Zhang). Who runs redeems as far as it is authorised and the day's limit has
room, first come, first served, and sells the rest to the pool. After *calm* seconds without a
signal below the threshold it comes back, while the pool asks no more than par and a *premium*. The private error is news, not dice: it stays until the
holder has run and come back.

How fast the decision is carried out is a *profile*: the time from the first bad signal to the exit
is drawn from the cumulative shares of runs that were observed, at 8 h, 2 d, 4 d and 21 d,

    mild    3 / 6 / 10 / 25 %        USDC, March 2023
    severe  5 / 16 / 38 / 90 %       UST, May 2022 ("more than 90 %")

linear between them, and a holder beyond the last share stays; `prompt` acts at once. These are
shares of the supply: they hold for holders of equal size who all see a bad signal.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

import simpy
from pydantic import Field

from twin.clock import DAY, HOUR, MINUTE, Process
from twin.habitat import GWEI, Habitat
from twin.market.chance import settle
from twin.protocol.parameters import Endowment
from twin.scenario.values import Pips, Seconds, Tokens6

from .base import ETHER, Params, TwinAgent
from .dealing import PIPS, Dealings, poisson_wait

__all__ = ["CLASSES", "PROFILES", "Holder", "HolderClass", "HolderParams", "reaction"]

REDEEM_GAS = 350_000


@dataclass(frozen=True, slots=True)
class HolderClass:
    """What a class is by default: *cost* of running and *error* (s.d.) of its signal, as shares.

    *looks_per_day* are Poisson. Scenario figures: who is paid for it looks more often, sees more
    sharply and runs at less.
    """

    cost: float
    error: float
    looks_per_day: float


CLASSES: Mapping[str, HolderClass] = {
    "retail": HolderClass(cost=0.06, error=0.010, looks_per_day=4),
    "fund": HolderClass(cost=0.03, error=0.004, looks_per_day=24),
    "treasury": HolderClass(cost=0.04, error=0.002, looks_per_day=12),
}
"""The classes of holders."""

PROFILES: Mapping[str, tuple[tuple[int, int], ...]] = {
    "prompt": ((0, PIPS),),
    "mild": ((8 * HOUR, 30_000), (2 * DAY, 60_000), (4 * DAY, 100_000), (21 * DAY, 250_000)),
    "severe": ((8 * HOUR, 50_000), (2 * DAY, 160_000), (4 * DAY, 380_000), (21 * DAY, 900_000)),
}
"""Profiles of runs: (seconds from the bad news, pips of the supply that has left by then)."""


class HolderParams(Params):
    """*balance* in PT units is what is held; *kind* sets what is not given here.

    *cost*, *error*, *illiquidity*, *threshold* are shares of a PT; *coverage_weight* is the share
    of the reserve's coverage in the signal (the rest is the pool's price), and 0 where it is not
    public. A run sells in parts of *slice* PT units every *retry* seconds and accepts *slippage*.
    *exit* is what running is taken to bring before its cost: par, or what the pool pays now. An
    *authorised* holder may redeem, and for it the exit is at least par.
    """

    kind: Literal["retail", "fund", "treasury"] = "retail"
    balance: Tokens6 = 50_000 * 10**6
    profile: Literal["prompt", "mild", "severe"] = "prompt"
    authorised: bool = False
    coverage_weight: float = Field(default=0.5, ge=0, le=1)
    illiquidity: float = Field(default=0.02, ge=0, le=1)
    cost: float | None = Field(default=None, ge=0, le=1)
    error: float | None = Field(default=None, ge=0, le=1)
    threshold: float | None = Field(default=None, ge=0, le=2)
    looks_per_day: float | None = Field(default=None, gt=0)
    exit: Literal["par", "pool"] = "par"
    slice: Tokens6 = Field(default=50_000 * 10**6, ge=1)
    slippage: Pips = Field(default=50_000, lt=PIPS)
    retry: Seconds = Field(default=10 * MINUTE, ge=1)
    calm: Seconds = 2 * DAY
    premium: float = Field(default=0.01, ge=0, le=1)
    returns: bool = True


def reaction(profile: str, drawn: float) -> int | None:
    """Return the seconds from bad news to the exit of the holder at quantile *drawn* of *profile*.

    None for one beyond the last share, who stays.
    """
    points = PROFILES[profile]
    level = round(drawn * PIPS)
    at = bisect_left([share for _, share in points], level)
    if at == len(points):
        return None
    (before, low), (after, high) = (points[at - 1] if at else (0, 0)), points[at]
    return before + (after - before) * (level - low) // (high - low)


class Holder(TwinAgent):
    """Holds PT as long as it trusts them."""

    family: ClassVar[str] = "holder"
    Params: ClassVar[type[Params]] = HolderParams
    params: HolderParams
    runs = returned = sold = redeemed = 0
    """How often it ran and came back; PT units that it sold and redeemed on its runs."""

    def __init__(self, model: Any, *, name: str, params: Any) -> None:
        """Join, as a redeemer where it is authorised; the class gives what is left out."""
        super().__init__(model, name=name, params=params)
        roles = ("redeemer",) if params.authorised else ()
        self.roles = roles  # type: ignore[misc]  # a family's, but here it goes by who is authorised
        kind = CLASSES[params.kind]
        self.cost = kind.cost if params.cost is None else params.cost
        self.error = kind.error if params.error is None else params.error
        self.looks_per_day = params.looks_per_day or kind.looks_per_day
        self.running = False

    def endowment(self) -> Endowment:
        """The balance, and leave for pool and reserve to take it."""
        approvals = (
            ("PaymentToken", "LiquidityPool"), ("StableAsset", "LiquidityPool"),
            ("PaymentToken", "Reserve"),
        )  # fmt: skip
        return Endowment(pt=self.params.balance, wei=100 * ETHER, approvals=approvals)

    def settle_in(self, habitat: Habitat) -> None:
        """Move in with a private error and a place in the profile."""
        super().settle_in(habitat)
        self._deal = Dealings(habitat, self.name)
        self._draw()

    def _draw(self) -> None:
        self._news = settle(self.error * float(self.chance.standard_normal()))
        self._quantile = float(self.chance.random())

    def live(self) -> Process:
        """Look at Poisson times, and run where the signal says so."""
        while True:
            yield self._next_look()
            if not self.alarmed() or not self.habitat.balances(self._deal.account)[0]:
                continue
            delay = reaction(self.params.profile, self._quantile)
            if delay is None:
                continue
            yield self.habitat.clock.after(delay)
            if self.alarmed():
                yield from self._run()

    def _next_look(self) -> simpy.Event:
        draw = float(self.chance.standard_exponential())
        return self.habitat.clock.after(poisson_wait(draw, self.looks_per_day))

    def signal(self) -> float:
        """Return the backing of a PT as this holder sees it, as a share of par."""
        price, weight = self._deal.price() / PIPS, self.params.coverage_weight
        coverage = self._deal.ask("Reserve", "coverage") if weight else None
        if coverage is not None:
            price = weight * min(1.0, coverage / PIPS) + (1 - weight) * price
        return price + self._news

    def threshold(self) -> float:
        """Return the signal below which the holder runs now."""
        if self.params.threshold is not None:
            return self.params.threshold
        brings = 1.0 if self.params.exit == "par" else self._deal.price() / PIPS
        if self.params.authorised:
            brings = max(brings, 1.0)
        return brings * (1 - self.cost) + self.params.illiquidity / 2

    def alarmed(self) -> bool:
        """Say whether the signal is below the threshold."""
        return self.signal() < self.threshold()

    # -- the run ---------------------------------------------------------------------------------

    def _run(self) -> Process:
        """Get out, wait for calm, and come back in parts; new alarm turns it round again."""
        self.runs += 1
        self.running = True
        quiet = self.habitat.clock.now
        while True:
            pt, stable = self.habitat.balances(self._deal.account)
            if self.alarmed():
                quiet = self.habitat.clock.now
                yield from self._leave(min(pt, self.params.slice))
            elif self.habitat.clock.now - quiet >= self.params.calm:
                if not self.params.returns or stable < PIPS:
                    break
                if self._deal.price() <= PIPS * (1 + self.params.premium):
                    yield from self._swap(self.params.slice, sell=False)
            yield self.habitat.clock.after(self.params.retry)
        self.running = False
        self.returned += self.params.returns
        self._draw()

    def _leave(self, amount: int) -> Process:
        """Redeem *amount* PT units where the reserve takes them, else sell them."""
        if amount <= 0:
            return
        if self.params.authorised and (yield from self._redeem(amount)):
            self.redeemed += amount
        elif (yield from self._swap(amount, sell=True)):
            self.sold += amount

    def _redeem(self, amount: int) -> Process:
        """Redeem *amount* PT units at whatever the reserve pays; False where it pays nothing."""
        if not self.habitat.works(self.name, "Reserve", "redeem", amount, 1):
            return False
        receipt = yield self.habitat.send(
            self.name, "Reserve", "redeem", amount, 1, gas=REDEEM_GAS, tip=GWEI
        )
        return receipt.success

    def _swap(self, amount: int, *, sell: bool) -> Process:
        """Swap at most *amount*; say whether it went through."""
        sent = self._deal.swap(amount, sell=sell, slippage=self.params.slippage)
        if sent is None:
            return False
        receipt = yield sent
        return receipt.success
