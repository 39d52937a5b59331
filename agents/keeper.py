"""Keepers: the permissionless upkeep that somebody has to do, for their own gas.

Model: a keeper hears of what will be due and sends the call *latency* seconds (mean of an
exponential) after its time, if it would still go through; it is paid nothing. Its duties:

    refund    escrows of `Settlement` whose deal expired
    release   escrows whose cargo was verified and whose seller does not ask
    finalise  exports whose challenge window is over
    queue     proposals that won, and execution once the timelock lets them
    lapse     disputes about claims that nobody ruled on in time

No contract has a feed to poke: answers come of reports alone. Which duties, how fast and how many
keepers there are is scenario data; there is no published source.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Literal

from pydantic import Field

from twin.chain.codec import keccak
from twin.clock import DAY, MINUTE, Process
from twin.habitat import GWEI
from twin.protocol.parameters import Endowment
from twin.scenario.values import Seconds

from .base import ETHER, Params, TwinAgent
from .dealing import Afterwards

__all__ = ["Keeper", "KeeperParams"]

Duty = Literal["refund", "release", "finalise", "queue", "lapse"]
GAS = 400_000
EXECUTE_GAS = 2_000_000
RULING_TIME = 30 * DAY
"""Of `Settlement` and `AllocationDisputes`: what nobody ruled on ends then."""


class KeeperParams(Params):
    """*duties* of the keeper; *latency* seconds (mean) behind the time, *attempts* every *retry*.

    *wei* is the gas it starts with: when that is gone it does nothing more.
    """

    duties: tuple[Duty, ...] = ("refund", "release", "finalise", "queue", "lapse")
    latency: Seconds = 2 * MINUTE
    retry: Seconds = Field(default=10 * MINUTE, ge=1)
    attempts: int = Field(default=12, ge=1)
    wei: int = Field(default=100 * ETHER, ge=0)


class Keeper(TwinAgent):
    """Does what anybody may do and somebody must."""

    family: ClassVar[str] = "keeper"
    Params: ClassVar[type[Params]] = KeeperParams
    params: KeeperParams
    done = lost = 0
    """Calls that went through, and calls that cost gas for nothing: another was faster."""
    halted = False

    def endowment(self) -> Endowment:
        """Gas alone."""
        return Endowment(wei=self.params.wei)

    def live(self) -> Process:
        """Listen to what will be due; each duty then has a life of its own."""
        heard = {
            "refund": [("Settlement", "DealOpened", self._opened)],
            "release": [
                ("Settlement", "DealOpened", self._agreed),
                ("OracleNetwork", "ExportVerified", self._verified),
            ],
            "finalise": [
                ("OracleNetwork", "ExportAccepted", self._final_at),
                ("OracleNetwork", "BondPosted", self._final_at),
            ],
            "queue": [
                ("FictraGovernor", "ProposalCreated", self._proposed),
                ("FictraGovernor", "ProposalQueued", self._queued),
            ],
            "lapse": [("AllocationBook", "ClaimDisputed", self._disputed)],
        }
        self._deals: dict[bytes, list[int]] = {}
        self._taken: set[str] = set()
        self._proposals: dict[int, tuple[Any, ...]] = {}
        self._afterwards = Afterwards(self.habitat, self.name)
        for duty in self.params.duties:
            for contract, event, callback in heard[duty]:
                self.habitat.on_log(contract, event, callback)
        yield self.habitat.clock.after(0)

    def halt(self) -> None:
        """Do nothing of what is due, until `resume`: the injector's alone."""
        self.halted = True

    def resume(self) -> None:
        """Work again; attempts that passed meanwhile are not made up for."""
        self.halted = False

    # -- what will be due ------------------------------------------------------------------------

    def _opened(self, _block: int, args: Mapping[str, Any]) -> None:
        self._take_on(args["expiry"], "Settlement", "refund", args["id"])

    def _agreed(self, _block: int, args: Mapping[str, Any]) -> None:
        deals = self._deals.setdefault(args["documentHash"], [])
        if args["id"] not in deals:  # a reorg tells of the same deal again
            deals.append(args["id"])

    def _verified(self, _block: int, args: Mapping[str, Any]) -> None:
        for deal in self._deals.pop(args["documentHash"], ()):
            self._take_on(self.habitat.clock.now, "Settlement", "release", deal)

    def _final_at(self, _block: int, args: Mapping[str, Any]) -> None:
        self._take_on(args["finalAt"], "OracleNetwork", "finalise", args["documentHash"])

    def _disputed(self, _block: int, args: Mapping[str, Any]) -> None:
        due = self.habitat.clock.now + RULING_TIME
        self._take_on(due, "AllocationBook", "lapse", args["documentHash"])

    def _proposed(self, _block: int, args: Mapping[str, Any]) -> None:
        described = keccak(args["description"].encode())
        call = (args["targets"], args["values"], args["calldatas"], described)
        self._proposals[args["proposalId"]] = call
        self._take_on(args["voteEnd"] + 1, "FictraGovernor", "queue", *call)

    def _queued(self, _block: int, args: Mapping[str, Any]) -> None:
        call = self._proposals.pop(args["proposalId"], None)
        if call is not None:
            self._take_on(args["etaSeconds"], "FictraGovernor", "execute", *call, gas=EXECUTE_GAS)

    # -- doing it --------------------------------------------------------------------------------

    def _take_on(self, due: int, contract: str, function: str, *args: Any, gas: int = GAS) -> None:
        occasion = f"{contract} {function} {args[0]!r} {due}"
        if occasion in self._taken:  # a reorg tells of the same duty again
            return
        self._taken.add(occasion)
        self.habitat.clock.spawn(self._do(occasion, due, contract, function, *args, gas=gas))

    def _do(
        self, occasion: str, due: int, contract: str, function: str, *args: Any, gas: int
    ) -> Process:
        """Wait until it is due and try; the chance is the duty's own, not an order of events."""
        habitat, params = self.habitat, self.params
        late = params.latency * float(
            habitat.once(self.family, self.name, occasion).standard_exponential()
        )
        yield habitat.clock.after(max(0, due - habitat.clock.now) + 1 + round(late))
        for _ in range(params.attempts):
            price = 2 * habitat.chain.next_base_fee + GWEI
            funds = habitat.chain.account(habitat.account(self.name)).balance
            able = not self.halted and funds >= gas * price
            if able and habitat.works(self.name, contract, function, *args):
                receipt = yield habitat.send(
                    self.name, contract, function, *args, gas=gas, tip=GWEI
                )
                self.done += receipt.success
                self.lost += not receipt.success
                if receipt.success:
                    self._afterwards.note(contract, function, *args, gas=gas)
                    return
            yield habitat.clock.after(params.retry)
