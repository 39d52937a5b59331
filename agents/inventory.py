"""The inventory of an arbitrageur: as much of each token at the venue as on chain, in time.

Every trade takes a token from one side and adds it to the other, so that a run of trades in one
direction ends with the capital where it is of no use. Where the share of a token at the venue leaves
one half by more than *slack*, what is missing on one side is moved there from the other: through the
venue's cashier, one transfer of a token at a time, and only what is there.
"""

from __future__ import annotations

from twin.clock import Process
from twin.habitat import Habitat

from .cashier import TOKENS, Cashier, Token

__all__ = ["Inventory", "missing"]

PIPS = 1_000_000


def missing(at_venue: int, on_chain: int, *, slack: int) -> int:
    """Return the units to move to the venue (below 0: from it), 0 inside *slack* pips of one half."""
    whole = at_venue + on_chain
    away = whole // 2 - at_venue
    return away if abs(away) * PIPS > slack * whole else 0


class Inventory:
    """What the agent *name* has on chain and at *venue*; *slack* in pips."""

    def __init__(self, habitat: Habitat, name: str, *, venue: str, slack: int) -> None:
        """Move nothing yet."""
        self._habitat, self._name, self._slack = habitat, name, slack
        self._venue, self._cashier = habitat.venues[venue], Cashier.of(habitat, venue)
        self._moving: set[Token] = set()
        self.moved = 0
        """Transfers that arrived."""

    def tend(self) -> None:
        """Begin the transfers that are due."""
        at_venue = self._venue.balance(self._name)
        on_chain = self._habitat.balances(self._habitat.account(self._name))
        for place, token in enumerate(TOKENS):
            amount = missing(at_venue[place], on_chain[place], slack=self._slack)
            if amount and token not in self._moving:
                self._moving.add(token)
                self._habitat.clock.spawn(self._move(token, amount))

    def _move(self, token: Token, amount: int) -> Process:
        pay = self._cashier.pay_in if amount > 0 else self._cashier.pay_out
        self.moved += yield from pay(self._name, token, abs(amount))
        self._moving.discard(token)
