"""The help desk: tickets of users who were harmed, and of users who only ask.

It hears the chain as the users do: a transaction that reverted or waited, an account that was
frozen, a pool or a reserve that does not work. Whoever was harmed writes, or not, after a while.
What a user cannot see on chain (money gone, a wrong balance) comes by `harm`.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from functools import partial

import numpy as np

from twin.chain.blocks import Block
from twin.chain.chain import Chain
from twin.clock import DAY, HOUR, MINUTE, Clock, Process
from twin.desk.port.tickets import Ticket
from twin.errors import ChainError
from twin.protocol.deployment import Deployment
from twin.protocol.reader import Reader
from twin.scenario.services_work import TicketsSpec

__all__ = ["TEXTS", "HelpDesk", "TicketClient"]

PATIENCE = 10 * MINUTE
"""Seconds after which a user whose transaction still waits takes it for lost."""

TEXTS: Mapping[str, str] = {
    "transaction-failed": "my transaction failed and the fee is gone",
    "transaction-pending": "my transaction was pending for ages",
    "redemption-late": "my redemption does not go through",
    "balance-wrong": "the balance that I see is not mine",
    "funds-missing": "tokens left my account and it was not me",
    "account-frozen": "my account is frozen and nobody told me why",
    "cannot-trade": "I cannot trade, the site says paused",
    "how-to": "how do I use this",
}
"""What users write, by the topic that they choose."""

SIGMA = 0.8
"""The log-normal's, of the time until somebody writes."""


class HelpDesk:
    """The tickets of one run; *users* are accounts by name. The fault handle is `harm`."""

    def __init__(
        self, spec: TicketsSpec, clock: Clock, *, chain: Chain, deployment: Deployment,
        users: Mapping[str, bytes], chance: np.random.Generator,
    ) -> None:  # fmt: skip
        """Listen to the chain."""
        self._spec, self._clock, self._chain, self._chance = spec, clock, chain, chance
        self._users = {account: name for name, account in users.items()}
        self._reader = Reader(chain, deployment)
        token = deployment.contract("PaymentToken")
        self._freeze = token.address, token.event("Frozen").topic0
        self.tickets: list[Ticket] = []
        chain.on_block(self._hear)

    def harm(self, user: str, topic: str, *, certain: bool = False) -> None:
        """Let *user* be harmed now: they write about *topic* after a while, or (not *certain*) bear it."""
        says, normal = self._chance.random(), float(self._chance.standard_normal())
        if certain or says < self._spec.complains:
            wait = self._spec.patience_minutes * MINUTE * math.exp(SIGMA * normal)
            self._clock.call_at(self._clock.now + round(wait), lambda: self.open(user, topic))

    def open(self, user: str, topic: str, channel: str = "form") -> None:
        """Open a ticket now."""
        number = len(self.tickets) + 1
        self.tickets.append(
            Ticket(f"TK-{number:05d}", self._clock.now, user, channel, topic, TEXTS[topic])
        )

    def _hear(self, block: Block) -> None:
        chain = self._chain
        for tx, receipt in chain.content(block.number):
            user = self._users.get(tx.sender)
            if user is not None:
                if not receipt.success:
                    self.harm(user, "transaction-failed")
                elif block.header.timestamp - chain.submitted_at(receipt.transaction) > PATIENCE:
                    self.harm(user, "transaction-pending")
            for log in receipt.logs:
                if log.address == self._freeze[0] and log.topics[0] == self._freeze[1]:
                    frozen = self._users.get(log.topics[1][-20:])
                    if frozen is not None:
                        self.harm(frozen, "account-frozen", certain=True)

    def _stands(self, contract: str) -> bool:
        try:
            return bool(self._reader.read(contract, "paused"))
        except ChainError:
            return True

    def live(self) -> Process:
        """Ask ordinary questions by chance; every hour, complain about what stands still."""
        names = list(self._users.values())
        if not names:
            return
        hourly = self._spec.noise_per_day * HOUR / DAY
        while True:
            yield self._clock.after(HOUR)
            for _ in range(int(self._chance.poisson(hourly))):
                at = self._clock.now + int(self._chance.random() * HOUR)
                self._clock.call_at(at, partial(self.open, self._somebody(names), "how-to"))
            for contract, topic in (
                ("LiquidityPool", "cannot-trade"),
                ("Reserve", "redemption-late"),
            ):
                if self._stands(contract):
                    for _ in range(int(self._chance.poisson(1 + len(names) / 20))):
                        self.harm(self._somebody(names), topic)

    def flood(self, count: int, topic: str) -> None:
        """Let *count* users write within the hour."""
        names = list(self._users.values()) or ["somebody"]
        for place in sorted(int(item) for item in self._chance.integers(0, HOUR, count)):
            user = self._somebody(names)
            self._clock.call_at(self._clock.now + place, partial(self.open, user, topic))

    def _somebody(self, names: list[str]) -> str:
        return names[int(self._chance.random() * len(names))]


class TicketClient:
    """The help desk's API."""

    __slots__ = ("_desk",)

    def __init__(self, desk: HelpDesk) -> None:
        """Ask *desk*."""
        self._desk = desk

    def since(self, at: int) -> list[Ticket]:
        """Return the tickets opened from unix second *at* on."""
        tickets = self._desk.tickets
        place = len(tickets)
        while place and tickets[place - 1].opened >= at:
            place -= 1
        return tickets[place:]
