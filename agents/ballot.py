"""The ballot of a sovereign: it delegates to itself, proposes, and votes by a declared rule.

Model: motions are declared with the time at which they are made; one waits until the sovereign's
votes reach the threshold of proposals. A sovereign that turns out (with probability *turnout*, drawn for each proposal) votes at a
uniform second of the vote. It votes against a proposal that calls a contract it has declared to
oppose, and for every other; there is no published source for how sovereigns vote.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import Field

from twin.clock import HOUR, Process
from twin.errors import UsageError
from twin.habitat import GWEI, Habitat
from twin.protocol.contract import Contract
from twin.scenario.values import Seconds

from .base import Params

__all__ = ["Ballot", "BallotParams", "MotionParams"]

GAS = 250_000
PROPOSE_GAS = 1_000_000
AGAINST, FOR = 0, 1


class MotionParams(Params):
    """A proposal *at* so many seconds after the start: to call *function* of *contract*.

    *args* are whole numbers, as the contract counts them; a name of a commodity stands for its
    feed. *description* is what voters read.
    """

    at: Seconds
    contract: str
    function: str
    args: tuple[int | str | tuple[tuple[int, ...], ...], ...] = ()
    description: str = Field(min_length=1)


class BallotParams(Params):
    """*turnout* is a probability; *opposes* names the contracts whose change it votes against.

    *motions* are what it proposes itself.
    """

    turnout: float = Field(default=0.8, ge=0, le=1)
    opposes: tuple[str, ...] = ()
    motions: tuple[MotionParams, ...] = ()


class Ballot:
    """The votes of the sovereign *name*."""

    def __init__(self, habitat: Habitat, name: str, *, params: BallotParams) -> None:
        """Look up what is opposed: UnknownName where there is no such contract."""
        self._habitat, self._name, self._params = habitat, name, params
        self._opposed = {habitat.deployment.contract(item).address for item in params.opposes}
        self._motions = [(item, *self._call(item)) for item in params.motions]
        self._known: set[int] = set()
        self.cast: dict[int, int] = {}
        """The votes that went through: support (0 against, 1 for) by proposal."""
        self.proposed = 0

    def _call(self, motion: MotionParams) -> tuple[Contract, bytes]:
        """Return what *motion* calls, and with what; UnknownName where there is no such thing."""
        feeds = self._habitat.deployment.feeds
        args: list[Any] = [feeds.get(arg) if isinstance(arg, str) else arg for arg in motion.args]
        if None in args:
            named = motion.args[args.index(None)]
            raise UsageError(f"{self._name} proposes with {named!r}: no commodity with a feed")
        target = self._habitat.deployment.contract(motion.contract)
        return target, target.encode(motion.function, *args)

    def live(self) -> Process:
        """Delegate to itself, without which FT carry no vote, and wait for proposals."""
        habitat = self._habitat
        habitat.on_log("FictraGovernor", "ProposalCreated", self._proposed)
        account = habitat.account(self._name)
        yield habitat.send(self._name, "FoundationToken", "delegate", account, gas=GAS, tip=GWEI)
        for motion, target, data in self._motions:
            habitat.clock.spawn(self._propose(motion, target.address, data))

    def _propose(self, motion: MotionParams, target: bytes, data: bytes) -> Process:
        """Propose at the time of the *motion*, or as soon after it as the votes suffice."""
        habitat, clock = self._habitat, self._habitat.clock
        call = ("FictraGovernor", "propose", [target], [0], [data], motion.description)
        yield clock.after(max(0, motion.at - clock.elapsed))
        while True:
            if habitat.works(self._name, *call):
                receipt = yield habitat.send(self._name, *call, gas=PROPOSE_GAS, tip=GWEI)
                if receipt.success:
                    self.proposed += 1
                    return
            yield clock.after(HOUR)

    def _proposed(self, _block: int, args: Mapping[str, Any]) -> None:
        if args["proposalId"] not in self._known:  # a reorg tells of the same proposal again
            self._known.add(args["proposalId"])
            self._habitat.clock.spawn(self._vote(args))

    def support(self, targets: list[bytes]) -> int:
        """Return the vote on a proposal that calls *targets*: 0 against, 1 for."""
        return AGAINST if any(bytes(target) in self._opposed for target in targets) else FOR

    def _vote(self, args: Mapping[str, Any]) -> Process:
        habitat, proposal = self._habitat, args["proposalId"]
        chance = habitat.once("sovereign", self._name, f"vote {proposal}")
        comes, part = float(chance.random()) < self._params.turnout, float(chance.random())
        if not comes:
            return
        opens = args["voteStart"] + 1 - habitat.clock.now
        length = args["voteEnd"] - args["voteStart"]
        yield habitat.clock.after(max(0, opens) + int(part * length * 0.95))
        call = ("FictraGovernor", "castVote", proposal, self.support(args["targets"]))
        if habitat.read("FictraGovernor", "hasVoted", proposal, habitat.account(self._name)):
            return
        if habitat.works(self._name, *call):
            receipt = yield habitat.send(self._name, *call, gas=GAS, tip=GWEI)
            if receipt.success:
                self.cast[proposal] = call[3]
