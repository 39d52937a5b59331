"""Faults of signing keys: a quorum of oracle nodes whose keys somebody else has (Ronin, 2022)."""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field

from twin.chain.codec import keccak
from twin.clock import MINUTE, Process
from twin.errors import UnknownName
from twin.faults.hands import Hand, services_of, sovereign_of
from twin.faults.port import Fault, FaultParams, Surfaces
from twin.protocol.roles import account_of
from twin.scenario.values import Quantity3, Seconds

__all__ = ["StolenNodeKeys"]


class KeysParams(FaultParams):
    """The keys of *nodes* and of *sovereign* attest, claim and settle cargoes that are not there.

    One of *quantity* (thousandths of the unit of *commodity*) *every* so many seconds.
    """

    nodes: tuple[str, ...] = Field(min_length=1)
    sovereign: str
    commodity: str = "WTI"
    quantity: Quantity3 = 200_000 * 1000
    every: Seconds = Field(default=20 * MINUTE, ge=MINUTE)


class StolenNodeKeys(Fault):
    """Enough signing keys are in one stranger's hands to verify what never was (Ronin, 2022-03-23)."""

    kind: ClassVar[str] = "stolen-node-keys"
    Params: ClassVar[type[FaultParams]] = KeysParams
    params: KeysParams
    running: bool = False

    def place(self) -> str:
        """The keys."""
        return f"the keys of {', '.join(self.params.nodes)}"

    def check(self, surfaces: Surfaces) -> None:
        """Nodes, sovereign and feed are there."""
        for node in self.params.nodes:
            if node not in surfaces.agents:
                raise UnknownName("agent", node, surfaces.agents)
        sovereign_of(surfaces, self.params.sovereign)
        feeds = services_of(surfaces).deployment.feeds
        if self.params.commodity not in feeds:
            raise UnknownName("feed", self.params.commodity, feeds)

    def begin(self, surfaces: Surfaces) -> str:
        """Start to forge."""
        self.running = True
        hand = Hand(services_of(surfaces))
        hand.start(self._forge(hand, sovereign_of(surfaces, self.params.sovereign)))
        return f"{len(self.params.nodes)} node keys and that of {self.params.sovereign} are used"

    def end(self, surfaces: Surfaces) -> str:
        """Stop: the operators have new keys."""
        del surfaces
        self.running = False
        return "the keys were changed: those that were stolen sign nothing any more"

    def _forge(self, hand: Hand, sovereign: bytes) -> Process:
        about, clock = self.params, hand.services.clock
        feed, number = hand.services.deployment.feeds[about.commodity], 0
        while self.running:
            number += 1
            document = keccak(f"{about.sovereign}: cargo {number} that never was".encode())
            if (yield from hand.send(sovereign, "AllocationBook", "claim", document, feed,
                                     about.quantity)):  # fmt: skip
                for node in about.nodes:
                    yield from hand.send(account_of(node), "OracleNetwork", "attest", document,
                                         about.quantity)  # fmt: skip
                yield from hand.send(sovereign, "AllocationBook", "settle", document)
            yield clock.after(about.every)
