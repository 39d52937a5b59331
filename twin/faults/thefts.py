"""Faults of theft and of market abuse: a stolen key that drains, two accounts that trade in a ring."""

from __future__ import annotations

from dataclasses import replace
from typing import ClassVar, Literal

from pydantic import Field

from twin.clock import HOUR, Process
from twin.errors import InvalidTransaction, UnknownName
from twin.faults.port import Fault, FaultParams, Surfaces, services_of
from twin.protocol.deployment import DeploymentSpec
from twin.protocol.parameters import Endowment
from twin.protocol.roles import account_of
from twin.scenario.values import Seconds, Tokens6
from twin.services.services import Services

__all__ = ["Drain", "WashTrading"]

THIEF = "thief"
RING = ("ring-a", "ring-b")
TIP = 2 * 10**9


class DrainParams(FaultParams):
    """The key of *victim* (an agent) is stolen: *amount* of *token* leaves *every* so many seconds.

    The victim notices after *noticed* seconds and writes to support.
    """

    victim: str
    token: Literal["PaymentToken", "StableAsset"] = "StableAsset"  # noqa: S105 - a contract
    amount: Tokens6 = 5_000 * 10**6
    every: Seconds = Field(default=HOUR, ge=12)
    noticed: Seconds = 12 * HOUR


class Drain(Fault):
    """An account is emptied with its own key, at once or drip by drip (Compound's refill, 2021)."""

    kind: ClassVar[str] = "drain"
    Params: ClassVar[type[FaultParams]] = DrainParams
    params: DrainParams
    running: bool = False

    def place(self) -> str:
        """The victim's key."""
        return f"the key of {self.params.victim}"

    def check(self, surfaces: Surfaces) -> None:
        """The victim is there."""
        if self.params.victim not in surfaces.agents:
            raise UnknownName("agent", self.params.victim, surfaces.agents)

    def begin(self, surfaces: Surfaces) -> str:
        """Start to take."""
        services = services_of(surfaces)
        self.running = True
        services.clock.spawn(self._take(services))
        about = self.params
        services.clock.call_at(
            services.clock.now + about.noticed,
            lambda: services.helpdesk.harm(about.victim, "funds-missing", certain=True),
        )
        return f"{about.amount} {about.token} of {about.victim} leave every {about.every} s"

    def end(self, surfaces: Surfaces) -> str:
        """Stop."""
        del surfaces
        self.running = False
        return f"{self.params.victim} has a new key"

    def _take(self, services: Services) -> Process:
        token = services.deployment.contract(self.params.token)
        data = token.encode("transfer", account_of(THIEF), self.params.amount)
        while self.running:
            try:
                services.chain.send(
                    account_of(self.params.victim), token.address, data, gas=120_000, tip=TIP
                )
            except InvalidTransaction:  # the victim's gas is used up
                return
            yield services.clock.after(self.params.every)


class WashParams(FaultParams):
    """Two accounts trade *amount* PT with the pool back and forth, *every* so many seconds."""

    amount: Tokens6 = 20_000 * 10**6
    every: Seconds = Field(default=300, ge=60)
    capital: Tokens6 = 500_000 * 10**6


class WashTrading(Fault):
    """A ring makes volume that is none: what one sells the other buys a few blocks later."""

    kind: ClassVar[str] = "wash-ring"
    Params: ClassVar[type[FaultParams]] = WashParams
    params: WashParams
    running: bool = False

    def prepare(self, spec: DeploymentSpec) -> DeploymentSpec:
        """Give the ring its capital, as anybody could bring it."""
        pool = "LiquidityPool"
        purse = Endowment(
            pt=self.params.capital, stable=self.params.capital, wei=100 * 10**18,
            approvals=(("PaymentToken", pool), ("StableAsset", pool)),
        )  # fmt: skip
        return replace(
            spec, balances={**spec.balances, **{account_of(name): purse for name in RING}}
        )

    def place(self) -> str:
        """The ring."""
        return "the ring's accounts"

    def begin(self, surfaces: Surfaces) -> str:
        """Start to trade."""
        services = services_of(surfaces)
        self.running = True
        services.clock.spawn(self._trade(services))
        return f"{' and '.join(RING)} trade {self.params.amount} every {self.params.every} s"

    def end(self, surfaces: Surfaces) -> str:
        """Stop."""
        del surfaces
        self.running = False
        return "the ring has stopped"

    def _trade(self, services: Services) -> Process:
        pool = services.deployment.contract("LiquidityPool")
        seller, buyer = (account_of(name) for name in RING)
        while self.running:
            for who, token in ((seller, "PaymentToken"), (buyer, "StableAsset")):
                coin = services.deployment.address(token)
                data = pool.encode("swap", coin, self.params.amount, 0, who)
                services.chain.send(who, pool.address, data, gas=400_000, tip=TIP)
                yield services.clock.after(36)
            seller, buyer = buyer, seller
            yield services.clock.after(max(1, self.params.every - 72))
