"""The ballot of a sovereign: it delegates to itself and votes on proposals by a declared rule.

Model: a sovereign that turns out (with probability *turnout*, drawn for each proposal) votes at a
uniform second of the vote. It votes against a proposal that calls a contract it has declared to
oppose, and for every other; there is no published source for how sovereigns vote.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import Field

from twin.clock import Process
from twin.habitat import GWEI, Habitat

from .base import Params

__all__ = ["Ballot", "BallotParams"]

GAS = 250_000
AGAINST, FOR = 0, 1


class BallotParams(Params):
    """*turnout* is a probability; *opposes* names the contracts whose change it votes against."""

    turnout: float = Field(default=0.8, ge=0, le=1)
    opposes: tuple[str, ...] = ()


class Ballot:
    """The votes of the sovereign *name*."""

    def __init__(self, habitat: Habitat, name: str, *, params: BallotParams) -> None:
        """Look up what is opposed: UnknownName where there is no such contract."""
        self._habitat, self._name, self._params = habitat, name, params
        self._opposed = {habitat.deployment.contract(item).address for item in params.opposes}
        self._known: set[int] = set()
        self.cast: dict[int, int] = {}
        """The votes that went through: support (0 against, 1 for) by proposal."""

    def live(self) -> Process:
        """Delegate to itself, without which FT carry no vote, and wait for proposals."""
        habitat = self._habitat
        habitat.on_log("FictraGovernor", "ProposalCreated", self._proposed)
        account = habitat.account(self._name)
        yield habitat.send(self._name, "FoundationToken", "delegate", account, gas=GAS, tip=GWEI)

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
