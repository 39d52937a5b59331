"""A bank: accounts in the stable unit, payments that settle in business hours, statements.

A payment leaves the payer's balance when it is ordered and enters the payee's when it settles, so
that money in flight is nobody's to spend. The statement of a business day is as of closing time
and is published later: whoever reconciles works with yesterday's figures, as live. A bank that
failed answers nothing and settles nothing until it is resolved (SVB, 2023-03-10 to 13).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Literal

from twin.clock import Clock
from twin.errors import NoData, UsageError
from twin.market.hours import Hours
from twin.quotes import BankStatement
from twin.scenario.outside import BankSpec

__all__ = ["Bank", "Payment", "make_banks"]


@dataclass(frozen=True, slots=True)
class Payment:
    """An order to move *amount* stable units; *due* and *settled* are unix seconds.

    It is pending until it settles, in the business hours of the paying bank.
    """

    id: int
    payer: str
    payee: str
    bank: str
    amount: int
    ordered: int
    due: int
    reference: str
    state: Literal["pending", "settled"] = "pending"
    settled: int | None = None


class Bank:
    """The bank called *name*, as *spec* describes it, on *clock*."""

    __slots__ = ("_balances", "_clock", "_history", "_hours", "_opened", "_payments", "_spec", "name", "up")  # fmt: skip

    def __init__(self, name: str, spec: BankSpec, clock: Clock) -> None:
        """Open with the declared balances."""
        self.name, self.up = name, True
        self._spec, self._clock, self._hours = spec, clock, Hours(spec.hours)
        self._opened = clock.now
        self._balances = dict(spec.accounts)
        # Each account's balance from a second on, ascending: what statements are made of.
        self._history = {account: [(clock.now, held)] for account, held in self._balances.items()}
        self._payments: list[Payment] = []

    # -- what a client sees

    @property
    def accounts(self) -> list[str]:
        """The accounts there are."""
        return list(self._balances)

    def balance(self, account: str) -> int:
        """Return the stable units of *account* now. Raises NoData while the bank is down."""
        self._answer()
        self._known(account)
        return self._balances[account]

    def payments(self, account: str) -> list[Payment]:
        """Return the payments from or to *account*, in the order they were ordered."""
        self._answer()
        self._known(account)
        return [
            payment
            for payment in self._payments
            if account == payment.payer or (self.name, account) == (payment.bank, payment.payee)
        ]

    def statement(self, account: str) -> BankStatement:
        """Return the newest published statement. Raises NoData where there is none, or no bank."""
        self._answer()
        self._known(account)
        latest = self._clock.now - self._spec.statement_lag
        closed = self._hours.last_close(latest, since=self._opened)
        if closed is None:
            raise NoData(f"{self.name} has not published a statement of {account} yet")
        held = next(held for at, held in reversed(self._history[account]) if at <= closed)
        pending = [
            payment.amount
            for payment in self._payments
            if payment.payer == account
            and payment.ordered <= closed
            and (payment.settled is None or payment.settled > closed)
        ]
        return BankStatement(
            bank=self.name, account=account, as_of=closed,
            published=closed + self._spec.statement_lag, balance=held, outgoing=sum(pending),
        )  # fmt: skip

    @property
    def open(self) -> bool:
        """Whether its payments move now."""
        return self.up and self._hours.open_at(self._clock.now)

    def value_date(self) -> int:
        """Return when a payment ordered now would settle. Raises NoData while the bank is down."""
        self._answer()
        return self._hours.add(self._clock.now, self._spec.settlement)

    # -- payments

    def pay(
        self, account: str, payee: str, amount: int, *, to: Bank | None = None, reference: str = ""
    ) -> Payment:
        """Order a payment from *account* to *payee* (here, or at the bank *to*).

        Raises UsageError where the account does not hold *amount*, NoData while the bank is down.
        """
        self._answer()
        self._known(account)
        bank = self if to is None else to
        bank._known(payee)  # noqa: SLF001 - another bank, the same class
        if not 1 <= amount <= self._balances[account]:
            held = self._balances[account]
            raise UsageError(f"{self.name} pays {amount} from {account}: it holds {held}")
        now = self._clock.now
        payment = Payment(
            id=len(self._payments) + 1, payer=account, payee=payee, bank=bank.name, amount=amount,
            ordered=now, due=self._hours.add(now, self._spec.settlement), reference=reference,
        )  # fmt: skip
        self._payments.append(payment)
        self._book(account, -amount)
        self._clock.call_at(payment.due, lambda: self._settle(payment.id, bank))
        return payment

    def payment(self, number: int) -> Payment:
        """Return a payment by its id, as it stands."""
        self._answer()
        if not 1 <= number <= len(self._payments):
            raise UsageError(f"{self.name} knows no payment {number}")
        return self._payments[number - 1]

    def credit(self, account: str, amount: int) -> None:
        """Book *amount* that came from outside: the proceeds of a sale, a new deposit."""
        if amount < 0:
            raise UsageError(f"{self.name} books {amount} to {account}: 0 or more")
        self._book(account, amount)

    def _settle(self, number: int, bank: Bank) -> None:
        payment = self._payments[number - 1]
        if not (self.up and bank.up):
            return  # it waits: `resume` takes it up again
        now = self._clock.now
        self._payments[number - 1] = replace(payment, state="settled", settled=now)
        bank._book(payment.payee, payment.amount)

    def _book(self, account: str, amount: int) -> None:
        self._balances[account] = self._balances.get(account, 0) + amount
        self._history.setdefault(account, [(self._opened, 0)]).append(
            (self._clock.now, self._balances[account])
        )

    def _known(self, account: str) -> None:
        if account not in self._balances:
            names = ", ".join(self._balances) or "none"
            raise UsageError(f"{self.name} has no account {account!r}; it has {names}")

    def _answer(self) -> None:
        if not self.up:
            raise NoData(f"the bank {self.name} does not answer")

    # -- failure: the injector's alone

    def halt(self) -> None:
        """Stop answering and settling; what is in flight stays in flight."""
        self.up = False

    def resume(self, banks: Mapping[str, Bank]) -> None:
        """Answer again, and settle at the next opening what came due meanwhile."""
        self.up = True
        now = self._clock.now
        for payment in self._payments:
            if payment.state == "pending" and payment.due <= now:
                bank = banks[payment.bank]
                self._clock.call_at(
                    self._hours.next_open(now),
                    lambda number=payment.id, bank=bank: self._settle(number, bank),  # type: ignore[misc]
                )


def make_banks(specs: Mapping[str, BankSpec], clock: Clock) -> dict[str, Bank]:
    """Return the banks of a scenario by name."""
    return {name: Bank(name, spec, clock) for name, spec in specs.items()}
