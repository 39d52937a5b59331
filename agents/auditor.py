"""The auditor of a sovereign: it reads the papers of others' exports and disputes what is wrong.

Model: every claim of another is read with probability *share*, *reading* seconds (mean of an
exponential) after it was made, with an error of its own as a node's. Papers that customs does not
know, or that show less than is claimed, make a dispute at the allocation book. Where the network
has a challenge window, an accepted quantity that differs from the auditor's reading is challenged
there, with the reading; its own exports a sovereign knows without error. Bonds are paid in PT (A11)
out of what it has, and collected where its side won. Only what is right by its reading is worth a
bond to it; there is no published source for how often sovereigns look.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import Field

from twin.chain.codec import keccak
from twin.clock import HOUR, Process
from twin.habitat import GWEI, Habitat
from twin.scenario.values import Seconds, Tokens6

from .base import Params
from .dealing import Afterwards

__all__ = ["Auditor", "AuditorParams"]

GAS = 350_000
REASON = keccak(b"the papers show another quantity")
"""What a dispute holds against a claim."""


class AuditorParams(Params):
    """*share* of the claims that are read; *error_ppm* of the readings are wrong, in millionths.

    *reading* in seconds; *bonds* in PT units is what the sovereign starts with for its bonds.
    """

    share: float = Field(default=0.25, ge=0, le=1)
    error_ppm: int = Field(default=0, ge=0, le=1_000_000)
    reading: Seconds = HOUR
    bonds: Tokens6 = 10_000 * 10**6


class Auditor:
    """The eyes of the sovereign *name* on everybody's exports."""

    def __init__(self, habitat: Habitat, name: str, *, params: AuditorParams) -> None:
        """Listen to claims and to what the network accepts."""
        self._habitat, self._name, self._params = habitat, name, params
        self._account = habitat.account(name)
        self._read: dict[bytes, int | None] = {}
        self._challenged: set[bytes] = set()
        self._afterwards = Afterwards(habitat, name)
        self.disputes = self.challenges = self.collected = 0
        habitat.on_log("AllocationBook", "ExportClaimed", self._claimed)
        habitat.on_log("OracleNetwork", "ExportAccepted", self._accepted)
        habitat.on_log("OracleNetwork", "DisputeDecided", self._decided)

    def _claimed(self, _block: int, args: Mapping[str, Any]) -> None:
        papers, habitat = args["documentHash"], self._habitat
        if papers in self._read:  # a reorg tells of the same claim again
            return
        chance = habitat.once("sovereign", self._name, f"audit {papers.hex()}")
        looks, wait = float(chance.random()), float(chance.standard_exponential())
        own = args["sovereign"] == self._account
        if not own and looks >= self._params.share:
            return
        error = 0 if own else self._params.error_ppm
        self._read[papers] = habitat.customs.reading(papers, chance, error)
        if not own:
            seconds = 1 + round(self._params.reading * wait)
            habitat.clock.spawn(self._dispute(papers, args["quantity"], seconds))

    def _dispute(self, papers: bytes, claimed: int, seconds: int) -> Process:
        """Dispute a claim for which there are no papers, or of more than they show."""
        yield self._habitat.clock.after(seconds)
        shown = self._read[papers]
        if shown is not None and claimed <= shown:
            return
        self.disputes += yield from self._send("AllocationBook", "dispute", papers, REASON)

    def _accepted(self, _block: int, args: Mapping[str, Any]) -> None:
        papers = args["documentHash"]
        if papers in self._read and papers not in self._challenged:
            shown = self._read[papers] or 0
            if shown != args["quantity"]:
                self._habitat.clock.spawn(self._challenge(papers, shown))

    def _challenge(self, papers: bytes, shown: int) -> Process:
        if (yield from self._send("OracleNetwork", "challenge", papers, shown)):
            self._challenged.add(papers)
            self.challenges += 1

    def _decided(self, _block: int, args: Mapping[str, Any]) -> None:
        if args["documentHash"] in self._challenged:
            self._habitat.clock.spawn(self._collect(args["documentHash"]))

    def _collect(self, papers: bytes) -> Process:
        self.collected += yield from self._send("OracleNetwork", "collect", papers)

    def _send(self, contract: str, function: str, *args: Any) -> Process:
        """Send a call that would go through; say whether it did."""
        habitat = self._habitat
        if not habitat.works(self._name, contract, function, *args):
            return False
        receipt = yield habitat.send(self._name, contract, function, *args, gas=GAS, tip=GWEI)
        if receipt.success:
            self._afterwards.note(contract, function, *args, gas=GAS)
        return receipt.success
