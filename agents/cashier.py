"""The cashier of a venue: what traders pay in arrives on chain, and is paid out on chain.

A deposit is a token transfer into the venue's wallet; it is credited once it stood for the venue's
deposit time, if it still stands then. A withdrawal leaves the account at once and the wallet after
the withdrawal time, whether or not the trader needs it sooner: capital on its way earns nothing.
The wallet holds what the traders who may withdraw started with, and what the makers quote; where
it cannot pay, withdrawals wait, as they do at a venue that lent its customers' money out.
"""

from __future__ import annotations

from typing import Any, Literal

from twin.clock import MINUTE, Process
from twin.errors import NoData
from twin.habitat import GWEI, Habitat

__all__ = ["TOKENS", "Cashier", "Token", "wallet_of"]

Token = Literal["PaymentToken", "StableAsset"]
TOKENS: tuple[Token, Token] = ("PaymentToken", "StableAsset")
GAS = 120_000
PATIENCE = 10 * MINUTE
"""Seconds after which a venue looks again for what a reorg took, or for a wallet's cover."""
LOOKS = 12


def wallet_of(venue: str) -> str:
    """Return the name of the account that holds the tokens of *venue* on chain."""
    return f"venue-{venue}"


class Cashier:
    """The till of the venue called *name*."""

    def __init__(self, habitat: Habitat, name: str) -> None:
        """Open the till; nothing is on its way."""
        self._habitat, self._venue = habitat, habitat.venues[name]
        self.wallet = wallet_of(name)

    @classmethod
    def of(cls, habitat: Habitat, name: str) -> Cashier:
        """Return the one cashier of the venue *name*."""
        found: Cashier = habitat.commons.setdefault(f"cashier of {name}", cls(habitat, name))
        return found

    def pay_in(self, account: str, token: Token, amount: int) -> Process:
        """Transfer *amount* of *token* from *account* into the venue; return whether it is credited."""
        habitat = self._habitat
        sent = ("transfer", habitat.account(self.wallet), amount)
        if not habitat.works(account, token, *sent):
            return False
        receipt = yield habitat.send(account, token, *sent, gas=GAS, tip=GWEI)
        if not receipt.success:
            return False
        for _ in range(LOOKS):
            yield habitat.clock.after(self._venue.deposit_time)
            if self._stands(receipt):
                self._venue.deposit(account, *_both(token, amount))
                return True
        return False

    def pay_out(self, account: str, token: Token, amount: int) -> Process:
        """Take *amount* of *token* out of the venue; return whether it was there to be taken.

        The generator ends when the tokens are on chain.
        """
        habitat = self._habitat
        try:
            taken = self._venue.withdraw(account, *_both(token, amount))
        except NoData:
            return False
        if not taken:
            return False
        yield habitat.clock.after(self._venue.withdrawal_time)
        sent = ("transfer", habitat.account(account), amount)
        while True:  # a venue that cannot pay keeps trying: it owes the money
            if habitat.works(self.wallet, token, *sent):
                receipt = yield habitat.send(self.wallet, token, *sent, gas=GAS, tip=2 * GWEI)
                if receipt.success:
                    return True
            yield habitat.clock.after(PATIENCE)

    def _stands(self, receipt: Any) -> bool:
        found = self._habitat.chain.receipt(receipt.transaction)
        return found is not None and found.success


def _both(token: Token, amount: int) -> tuple[int, int]:
    """Return *amount* as (PT, stable)."""
    return (amount, 0) if token == "PaymentToken" else (0, amount)  # noqa: S105 - a contract's name
