"""A custodian: assets held for somebody, sold in business hours, told of in statements.

A sale takes the quantity out at once and pays into a bank account when it settles. Its price is
the asset's, less a haircut, less an impact by the square-root law (Y sigma sqrt(Q / V): Almgren et
al. 2005, Bouchaud 2010). Statements are as of closing time and come later; a custodian that does
not answer settles nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from math import isqrt
from typing import Literal

from twin.clock import Clock
from twin.errors import NoData, UnknownName, UsageError
from twin.market.bank import Bank
from twin.market.chance import PIPS
from twin.market.commodity import PricePath
from twin.market.hours import Hours
from twin.quotes import CustodyStatement, HoldingLine
from twin.scenario.outside import CustodianSpec, HoldingSpec

__all__ = ["Custodian", "Sale", "make_custodians"]

WORTH = 10**5
"""Thousandths x 8 decimals over this are stable units (6 decimals)."""


@dataclass(frozen=True, slots=True)
class Sale:
    """A sale of *quantity* thousandths of *asset* for *proceeds* stable units."""

    id: int
    asset: str
    quantity: int
    proceeds: int
    ordered: int
    due: int
    state: Literal["pending", "settled"] = "pending"
    settled: int | None = None


class Custodian:
    """The custodian called *name*, as *spec* describes it; *prices* are by commodity."""

    __slots__ = (
        "_account", "_bank", "_clock", "_history", "_hours", "_issuers", "_opened", "_prices",
        "_sales", "_spec", "locked", "name", "up",
    )  # fmt: skip

    def __init__(
        self,
        name: str,
        spec: CustodianSpec,
        clock: Clock,
        *,
        bank: Bank,
        prices: Mapping[str, PricePath],
    ) -> None:
        """Open with the declared holdings."""
        self.name, self.up, self.locked = name, True, False
        self._spec, self._clock, self._hours = spec, clock, Hours(spec.hours)
        self._bank, self._account, self._prices = bank, spec.account, prices
        self._opened = clock.now
        self._history = {
            asset: [(clock.now, holding.quantity)] for asset, holding in spec.holdings.items()
        }
        self._sales: list[Sale] = []
        self._issuers = {asset: holding.issuer for asset, holding in spec.holdings.items()}

    # -- what a client sees

    def holding(self, asset: str) -> int:
        """Return the thousandths of *asset* held now. Raises NoData while it does not answer."""
        self._answer()
        self._known(asset)
        return self._history[asset][-1][1]

    def statement(self) -> CustodyStatement:
        """Return the newest published statement. Raises NoData where there is none."""
        self._answer()
        closed = self._hours.last_close(
            self._clock.now - self._spec.statement_lag, since=self._opened
        )
        if closed is None:
            raise NoData(f"{self.name} has not published a statement yet")
        lines = []
        for asset, history in self._history.items():
            quantity = next(held for at, held in reversed(history) if at <= closed)
            price = self._price(asset, closed)
            lines.append(
                HoldingLine(
                    asset,
                    quantity,
                    price,
                    quantity * price // WORTH,
                    issuer=self._issuers[asset],
                    tenor=self._spec.holdings[asset].tenor,
                )
            )
        unsettled = [
            sale.proceeds
            for sale in self._sales
            if sale.ordered <= closed and (sale.settled is None or sale.settled > closed)
        ]
        return CustodyStatement(
            custodian=self.name, as_of=closed, published=closed + self._spec.statement_lag,
            holdings=tuple(lines), unsettled=sum(unsettled),
        )  # fmt: skip

    def quote(self, asset: str, quantity: int) -> int:
        """Return the stable units that a sale of *quantity* thousandths now would bring."""
        self._answer()
        self._known(asset)
        holding = self._spec.holdings[asset]
        value = quantity * self._price(asset, self._clock.now) // WORTH
        return max(0, value * (PIPS - _discount(holding, quantity)) // PIPS)

    @property
    def assets(self) -> list[str]:
        """The assets there are."""
        return list(self._history)

    @property
    def account(self) -> tuple[str, str]:
        """The bank and the account into which sales settle."""
        return self._bank.name, self._account

    def value_date(self) -> int:
        """Return when a sale ordered now would pay. Raises NoData while nothing can be moved."""
        self._answer()
        if self.locked:
            raise NoData(f"{self.name} has suspended withdrawals")
        return self._hours.add(self._clock.now, self._spec.settlement)

    def price(self, asset: str) -> int:
        """Return the price of *asset* now, 8 decimals."""
        self._answer()
        self._known(asset)
        return self._price(asset, self._clock.now)

    # -- sales

    def deliver(self, asset: str, quantity: int) -> None:
        """Take *quantity* thousandths of *asset* in, or out where it is below 0, at once.

        Raises UsageError where less is held, NoData while nothing can be moved.
        """
        held = self.holding(asset)
        if self.locked:
            raise NoData(f"{self.name} has suspended withdrawals")
        if held + quantity < 0:
            raise UsageError(f"{self.name} delivers {-quantity} of {asset}: it holds {held}")
        self._history[asset].append((self._clock.now, held + quantity))

    def sell(self, asset: str, quantity: int) -> Sale:
        """Order the sale of *quantity* thousandths of *asset*; it settles in business hours.

        Raises UsageError where less is held, NoData while the custodian does not answer.
        """
        held = self.holding(asset)
        if self.locked:
            raise NoData(f"{self.name} has suspended withdrawals")
        if not 1 <= quantity <= held:
            raise UsageError(f"{self.name} sells {quantity} of {asset}: it holds {held}")
        now = self._clock.now
        sale = Sale(
            id=len(self._sales) + 1, asset=asset, quantity=quantity,
            proceeds=self.quote(asset, quantity), ordered=now,
            due=self._hours.add(now, self._spec.settlement),
        )  # fmt: skip
        self._sales.append(sale)
        self._history[asset].append((now, held - quantity))
        self._clock.call_at(sale.due, lambda: self._settle(sale.id))
        return sale

    def sale(self, number: int) -> Sale:
        """Return a sale by its id, as it stands."""
        self._answer()
        if not 1 <= number <= len(self._sales):
            raise UsageError(f"{self.name} knows no sale {number}")
        return self._sales[number - 1]

    def _settle(self, number: int) -> None:
        sale = self._sales[number - 1]
        if self.up and sale.state == "pending":
            self._sales[number - 1] = replace(sale, state="settled", settled=self._clock.now)
            self._bank.credit(self._account, sale.proceeds)

    def _price(self, asset: str, second: int) -> int:
        holding = self._spec.holdings[asset]
        if holding.commodity is not None:
            return max(0, self._prices[holding.commodity].price(second))
        assert holding.price is not None  # noqa: S101 - the scenario has exactly one of the two
        return holding.price

    def _known(self, asset: str) -> None:
        if asset not in self._history:
            raise UnknownName("asset", asset, self._history)

    def _answer(self) -> None:
        if not self.up:
            raise NoData(f"the custodian {self.name} does not answer")

    # -- failure: the injector's alone

    def lock(self, *, locked: bool) -> None:
        """Keep showing what is held, and let none of it move (Bybit's cold wallet, 2025-02-21)."""
        self.locked = locked

    def lose(self, asset: str, quantity: int) -> None:
        """Let *quantity* thousandths of *asset* be gone."""
        self._known(asset)
        held = self._history[asset][-1][1]
        self._history[asset].append((self._clock.now, max(0, held - quantity)))

    def reissue(self, asset: str, issuer: str) -> str:
        """Hold *asset* of another *issuer* from now on; return whose it was."""
        self._known(asset)
        before, self._issuers[asset] = self._issuers[asset], issuer
        return before

    def halt(self) -> None:
        """Stop answering and settling."""
        self.up = False

    def resume(self) -> None:
        """Answer again, and settle at the next opening what came due meanwhile."""
        self.up = True
        now = self._clock.now
        for sale in self._sales:
            if sale.state == "pending" and sale.due <= now:
                self._clock.call_at(
                    self._hours.next_open(now),
                    lambda number=sale.id: self._settle(number),  # type: ignore[misc]
                )


def _discount(holding: HoldingSpec, quantity: int) -> int:
    """Return haircut and impact of a sale, in pips, at most 100 %."""
    impact = holding.impact * isqrt(10 * quantity * PIPS * PIPS // holding.daily_volume) // PIPS
    return min(PIPS, holding.haircut + impact)


def make_custodians(
    specs: Mapping[str, CustodianSpec],
    clock: Clock,
    *,
    banks: Mapping[str, Bank],
    prices: Mapping[str, PricePath],
) -> dict[str, Custodian]:
    """Return the custodians of a scenario by name."""
    return {
        name: Custodian(name, spec, clock, bank=banks[spec.bank], prices=prices)
        for name, spec in specs.items()
    }
