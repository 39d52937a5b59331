"""The clerk of the reserve: opens it on chain when money can move, and closes it when it cannot.

Model: redemptions are paid out of what a bank can move, so that the reserve is open while its bank
is: in business hours, and not while the bank does not answer. That the rail of redemption was shut
from Friday to Monday is what amplified the run on USDC in March 2023. The clerk is the reserve
manager's calendar, and acts from the reserve manager's account: a call of its is signed like
any other of that role. It acts *latency* seconds (mean of an exponential) behind the clock.
"""

from __future__ import annotations

from typing import ClassVar, Self

from pydantic import Field, model_validator

from twin.clock import MINUTE, Process
from twin.errors import UnknownName
from twin.habitat import GWEI
from twin.market.hours import Hours
from twin.protocol.parameters import Endowment
from twin.scenario.outside import HoursSpec
from twin.scenario.values import Seconds

from .base import Params, TwinAgent

__all__ = ["Clerk", "ClerkParams"]

MANAGER = "reserve_manager"
"""The role whose account acts; its name on the chain's register."""
GAS = 120_000


class ClerkParams(Params):
    """*hours* of the reserve, those of *bank* where they are left out; one of the two is there.

    With a *bank* the clerk looks every *look* seconds whether it answers.
    """

    bank: str | None = None
    hours: HoursSpec | None = None
    look: Seconds = Field(default=15 * MINUTE, ge=1)
    latency: Seconds = MINUTE

    @model_validator(mode="after")
    def _has_hours(self) -> Self:
        if self.bank is None and self.hours is None:
            raise ValueError("a clerk needs hours, or the bank whose hours it keeps")
        return self


class Clerk(TwinAgent):
    """Keeps the hours of the reserve."""

    family: ClassVar[str] = "reserve-clerk"
    Params: ClassVar[type[Params]] = ClerkParams
    params: ClerkParams
    turned = 0
    """How often it opened or closed the reserve."""

    def endowment(self) -> Endowment:
        """Nothing: the role's account has its own gas."""
        return Endowment()

    def live(self) -> Process:
        """Set the reserve as it should be, and wake when that may have changed."""
        habitat, params = self.habitat, self.params
        if params.bank is not None and params.bank not in habitat.banks:
            raise UnknownName("bank", params.bank, habitat.banks)
        self._bank = None if params.bank is None else habitat.banks[params.bank]
        if params.hours is not None:
            self._hours = Hours(params.hours)
        elif self._bank is not None:
            self._hours = self._bank.hours
        while True:
            late = params.latency * float(self.chance.standard_exponential())
            yield habitat.clock.after(1 + round(late))
            yield from self._set(opened=self.due())
            yield habitat.clock.after(self._wait())

    def due(self) -> bool:
        """Say whether the reserve should be open now."""
        answers = self._bank is None or self._bank.up
        return answers and self._hours.open_at(self.habitat.clock.now)

    def _wait(self) -> int:
        """Return the seconds to the next opening or closing, or to the next look at the bank."""
        now = self.habitat.clock.now
        edge = (
            self._hours.next_close(now) if self._hours.open_at(now) else self._hours.next_open(now)
        )
        ahead = max(1, edge - now)
        return ahead if self._bank is None else min(ahead, self.params.look)

    def _set(self, *, opened: bool) -> Process:
        """Send the call where the chain says otherwise; a refused one is tried at the next look."""
        habitat = self.habitat
        if habitat.read("Reserve", "isOpen") == opened:
            return
        if habitat.works(MANAGER, "Reserve", "setOpen", opened):
            receipt = yield habitat.send(MANAGER, "Reserve", "setOpen", opened, gas=GAS, tip=GWEI)
            self.turned += receipt.success
