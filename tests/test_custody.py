"""Custodians: sales settle in business hours at a discount, statements are as of closing time."""

from __future__ import annotations

from datetime import datetime

import pytest

from twin.clock import Clock
from twin.errors import NoData, UnknownName, UsageError
from twin.market.bank import Bank
from twin.market.commodity import ONE, PricePath
from twin.market.custody import Custodian
from twin.scenario.outside import BankSpec, CustodianSpec, HoldingSpec

DAY, UNIT = 86_400, 10**6
MONDAY = int(datetime.fromisoformat("2023-03-06T10:00:00+00:00").timestamp())
SPEC = CustodianSpec.model_validate({
    "bank": "north", "account": "reserve", "settlement": "8h", "statement_lag": "2h",
    "holdings": {
        "bills": {"quantity": 1_000_000, "price": "0.99"},
        "gold": {
            "quantity": 10_000, "commodity": "GOLD", "haircut": "1%", "impact": "2%",
            "daily_volume": 10_000,
        },
    },
})  # fmt: skip


class Stairs(PricePath):
    """A price that is 1,800 on the first day and one more on each day after it."""

    def _make(self, day: int) -> list[int]:
        return [(1_800 + day - self._first) * ONE] * (DAY // self.step)


def made() -> tuple[Clock, Bank, Custodian]:
    clock = Clock(MONDAY)
    bank = Bank("north", BankSpec.model_validate({"accounts": {"reserve": 0}}), clock)
    gold = Stairs("GOLD", first=MONDAY, step=3600, tick=1)
    return clock, bank, Custodian("aegis", SPEC, clock, bank=bank, prices={"GOLD": gold})


def test_a_sale_leaves_at_once_and_pays_when_it_settles() -> None:
    clock, bank, aegis = made()
    sale = aegis.sell("bills", 400_000)
    assert (aegis.holding("bills"), sale.proceeds) == (600_000, 396 * UNIT)
    clock.run(MONDAY + DAY)  # eight hours of business from ten in the morning: ten the next day
    assert bank.balance("reserve") == 0
    clock.run(MONDAY + DAY + 1)
    assert bank.balance("reserve") == 396 * UNIT
    assert aegis.sale(sale.id).settled == MONDAY + DAY


@pytest.mark.parametrize(
    ("quantity", "discount"),
    [(1_000, 0.03), (4_000, 0.05), (10_000, 0.01 + 0.02 * 10**0.5)],
    ids=["a tenth of the day", "four tenths", "the whole day"],
)
def test_a_sale_costs_haircut_and_square_root_impact(quantity: int, discount: float) -> None:
    _, _, aegis = made()
    assert aegis.quote("gold", quantity) == pytest.approx(
        quantity * 1_800 * UNIT / 1_000 * (1 - discount), rel=2e-6
    )


def test_a_statement_values_at_closing_and_names_what_is_unsettled() -> None:
    clock, _, aegis = made()
    with pytest.raises(NoData, match="not published a statement yet"):
        aegis.statement()
    sale = aegis.sell("gold", 1_000)
    clock.run(MONDAY + 9 * 3600)
    statement = aegis.statement()
    assert statement.published - statement.as_of == 7_200
    assert [(line.asset, line.quantity) for line in statement.holdings] == [
        ("bills", 1_000_000), ("gold", 9_000),
    ]  # fmt: skip
    assert statement.holdings[1].value == 9 * 1_800 * UNIT
    assert statement.unsettled == sale.proceeds
    clock.run(MONDAY + DAY + 9 * 3600)
    assert aegis.statement().unsettled == 0
    assert aegis.statement().holdings[1].value == 9 * 1_801 * UNIT


def test_a_silent_custodian_settles_when_it_answers_again() -> None:
    clock, bank, aegis = made()
    aegis.sell("bills", 1_000)
    aegis.halt()
    with pytest.raises(NoData, match="the custodian aegis does not answer"):
        aegis.statement()
    clock.run(MONDAY + 3 * DAY)
    assert bank.balance("reserve") == 0
    aegis.resume()
    clock.run(MONDAY + 3 * DAY + 1)
    assert bank.balance("reserve") == 990_000


def test_what_is_not_held_cannot_be_sold_and_a_holding_has_one_price() -> None:
    _, _, aegis = made()
    with pytest.raises(UsageError, match="it holds 10000"):
        aegis.sell("gold", 10_001)
    with pytest.raises(UnknownName):
        aegis.sell("silver", 1)
    with pytest.raises(UsageError, match="knows no sale 1"):
        aegis.sale(1)
    for fields in ({}, {"price": "1", "commodity": "GOLD"}, {"price": "0"}):
        with pytest.raises(ValueError, match="price"):
            HoldingSpec.model_validate({"quantity": 1, **fields})
