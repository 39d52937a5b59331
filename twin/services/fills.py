"""The custodians' trade desk: it carries the reserve's slices out, and the auditor books them.

A slice that the reserve opens on chain reaches the custodian whose address it names. After the
custodian's settlement time the assets have changed hands at its quote (haircut and impact as for a
sale); where the stable asset was bought, its issuer mints it against the proceeds and the reserve
pulls it from the custodian. The auditor books what arrived, or returns what fell short.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from twin.chain.chain import Chain
from twin.clock import HOUR, Clock, Process
from twin.desk.port import Fill, Instruction
from twin.errors import NoData, UnknownName
from twin.market.custody import WORTH, Custodian
from twin.protocol.deployment import Deployment
from twin.protocol.institutions import ASSETS
from twin.services.listening import listen, send

__all__ = ["FillClient", "FillService"]

STABLE = ASSETS[0]
ONE = 10**8
MILLI = 1000
"""1e-6 units on chain in a thousandth at a custodian."""


class FillService:
    """Slices at the custodians called in *custodians*."""

    def __init__(
        self,
        clock: Clock,
        *,
        chain: Chain,
        deployment: Deployment,
        custodians: Mapping[str, Custodian],
    ) -> None:
        """Listen to slices that are opened."""
        self._clock, self._chain, self._deployment = clock, chain, deployment
        self._custodians = custodians
        self._names = {
            deployment.accounts[name]: name for name in custodians if name in deployment.accounts
        }
        self._fills: dict[int, Fill] = {}
        self._instructions: dict[str, bytes] = {name: item for item, name in self._names.items()}
        self.stuck = False
        if self._names:
            listen(chain, deployment, "Reserve", event="SliceOpened", heard=self._opened)

    def _opened(self, args: Mapping[str, Any]) -> None:
        name = self._names.get(args["custodian"])
        if name is None or args["id"] in self._fills:
            return
        now = self._clock.now
        self._fills[args["id"]] = Fill(args["id"], name, args["amountIn"], 0, now, 0, "pending")
        self._clock.spawn(self._carry_out(name, dict(args)))

    def _carry_out(self, name: str, args: Mapping[str, Any]) -> Process:
        custodian, number = self._custodians[name], args["id"]
        given, bought = ASSETS[args["from"]], ASSETS[args["to"]]
        if any(asset != STABLE and asset not in custodian.assets for asset in (given, bought)):
            self._note(number, state="failed")
            return
        while not self._fills[number].due:
            try:
                due = custodian.value_date()
            except NoData:
                yield self._clock.after(HOUR)
                continue
            self._note(number, due=due)
            yield self._clock.after(due - self._clock.now)
        while self.stuck or not custodian.up or custodian.locked:
            yield self._clock.after(HOUR)
        amount = self.estimate(name, given=given, bought=bought, amount=args["amountIn"])
        yield from self._settle(custodian, given, bought, args=args, amount=amount)

    def _settle(
        self, custodian: Custodian, given: str, bought: str, *, args: Mapping[str, Any], amount: int
    ) -> Process:
        number, short = args["id"], amount < args["minOut"]
        self._note(number, settled=self._clock.now)
        function, last = ("returnSlice", ()) if short else ("bookSlice", (amount,))
        if not short:
            if given != STABLE:
                custodian.deliver(given, -(args["amountIn"] // MILLI))
            if bought != STABLE:
                custodian.deliver(bought, amount // MILLI)
                amount = amount // MILLI * MILLI
                last = (amount,)
            else:
                issuer = self._deployment.accounts["stable_issuer"]
                yield from self._send(issuer, "StableAsset", "mint", args["custodian"], amount)
        attestor = self._deployment.roles["attestor"].account
        booked = yield from self._send(attestor, "Reserve", function, number, *last)
        state = "settled" if booked and not short else "failed"
        self._note(number, state=state, amount_out=0 if short else amount)

    def _send(self, account: bytes, contract: str, function: str, *args: Any) -> Process:
        call = (contract, function, args)
        return (yield from send(self._clock, self._chain, self._deployment, account, call))

    def _note(self, number: int, **changes: Any) -> None:
        self._fills[number] = replace(self._fills[number], **changes)

    def estimate(self, custodian: str, *, given: str, bought: str, amount: int) -> int:
        """Return what *amount* (1e-6) of *given* brings of *bought*, 1e-6 units."""
        if custodian not in self._custodians:
            raise UnknownName("custodian", custodian, self._custodians)
        holder = self._custodians[custodian]
        if given != STABLE:
            amount = holder.quote(given, amount // MILLI)
        if bought == STABLE:
            return amount
        units = amount * ONE // max(1, holder.price(bought)) // MILLI
        worth = units * holder.price(bought) // WORTH
        return units * MILLI * holder.quote(bought, units) // max(1, worth)

    def instruction(self, custodian: str) -> Instruction:
        """Return where a custodian says it is to be paid."""
        if custodian not in self._instructions:
            raise UnknownName("custodian", custodian, self._instructions)
        return Instruction(custodian, self._instructions[custodian], self._clock.now)

    def fills(self, *, since: int = 0) -> list[Fill]:
        """Return the fills ordered from unix second *since* on."""
        return [fill for fill in self._fills.values() if fill.ordered >= since]

    # -- the injector's alone

    def jam(self, *, stuck: bool) -> None:
        """Let no slice settle any more, or let what waits settle."""
        self.stuck = stuck

    def redirect(self, custodian: str, address: bytes | None) -> None:
        """Have the custodian's mail name another *address*; None puts its own back."""
        own = next(item for item, name in self._names.items() if name == custodian)
        self._instructions[custodian] = own if address is None else address


class FillClient:
    """What the desk sees of the trade desk."""

    __slots__ = ("_service",)

    def __init__(self, service: FillService) -> None:
        """Show this one."""
        self._service = service

    def instruction(self, custodian: str) -> Instruction:
        """Return the standing settlement instruction."""
        return self._service.instruction(custodian)

    def fills(self, *, since: int = 0) -> list[Fill]:
        """Return the fills ordered from unix second *since* on."""
        return self._service.fills(since=since)

    def estimate(self, custodian: str, *, given: str, bought: str, amount: int) -> int:
        """Return what *amount* of *given* would bring of *bought* now."""
        return self._service.estimate(custodian, given=given, bought=bought, amount=amount)
