"""Banks: payments settle in business hours, statements are yesterday's, a failed bank keeps all."""

from __future__ import annotations

from datetime import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from twin.clock import Clock
from twin.errors import NoData, UsageError
from twin.market.bank import Bank, make_banks
from twin.scenario.outside import BankSpec

HOUR, DAY, UNIT = 3600, 86_400, 10**6
FRIDAY = int(datetime.fromisoformat("2023-03-10T15:30:00+00:00").timestamp())
SPECS = {
    "north": BankSpec.model_validate({"accounts": {"reserve": 1_000, "treasury": 50}}),
    "south": BankSpec.model_validate({"accounts": {"reserve": 0}, "settlement": "1h"}),
}


def made() -> tuple[Clock, dict[str, Bank]]:
    clock = Clock(FRIDAY)
    return clock, make_banks(SPECS, clock)


def at(clock: Clock, text: str) -> None:
    clock.run(int(datetime.fromisoformat(f"{text}+00:00").timestamp()))


def test_a_payment_late_on_friday_settles_on_monday() -> None:
    clock, banks = made()
    north, south = banks["north"], banks["south"]
    payment = north.pay("reserve", "reserve", 300 * UNIT, to=south, reference="slice 1")
    assert (north.balance("reserve"), south.balance("reserve")) == (700 * UNIT, 0)
    at(clock, "2023-03-13T09:30:00")
    assert south.balance("reserve") == 0
    at(clock, "2023-03-13T09:30:01")
    assert south.balance("reserve") == 300 * UNIT
    assert north.payment(payment.id).state == "settled"
    assert [item.reference for item in south.payments("reserve")] == []
    assert [item.reference for item in north.payments("reserve")] == ["slice 1"]


def test_a_statement_is_as_of_closing_and_comes_later() -> None:
    clock, banks = made()
    north = banks["north"]
    with pytest.raises(NoData, match="not published a statement of reserve yet"):
        north.statement("reserve")
    north.pay("reserve", "treasury", 100 * UNIT)
    at(clock, "2023-03-10T17:59:59")
    with pytest.raises(NoData, match="not published"):
        north.statement("reserve")
    at(clock, "2023-03-10T18:00:00")
    statement = north.statement("reserve")
    assert (statement.balance, statement.outgoing) == (900 * UNIT, 100 * UNIT)
    assert statement.published - statement.as_of == HOUR
    north.pay("reserve", "treasury", 1 * UNIT)
    assert north.statement("reserve") == statement
    assert north.statement("treasury").balance == 50 * UNIT
    at(clock, "2023-03-13T18:00:00")
    assert north.statement("reserve").outgoing == 0
    assert north.statement("treasury").balance == 151 * UNIT


def test_a_failed_bank_answers_nothing_and_settles_when_it_is_resolved() -> None:
    clock, banks = made()
    north = banks["north"]
    north.pay("reserve", "treasury", 100 * UNIT)
    north.halt()
    for ask in (lambda: north.balance("reserve"), lambda: north.statement("reserve")):
        with pytest.raises(NoData, match="the bank north does not answer"):
            ask()
    assert north.open is False
    at(clock, "2023-03-14T20:00:00")
    north.resume(banks)
    assert north.balance("treasury") == 50 * UNIT
    at(clock, "2023-03-15T09:00:01")
    assert north.balance("treasury") == 150 * UNIT
    north.resume(banks)
    at(clock, "2023-03-16T12:00:00")
    assert north.balance("treasury") == 150 * UNIT  # once


def test_money_waits_for_a_payee_whose_bank_failed() -> None:
    clock, banks = made()
    north, south = banks["north"], banks["south"]
    north.pay("reserve", "reserve", 100 * UNIT, to=south)
    south.halt()
    at(clock, "2023-03-14T12:00:00")
    south.resume(banks)
    north.resume(banks)
    at(clock, "2023-03-14T12:00:01")
    assert south.balance("reserve") == 100 * UNIT


@pytest.mark.parametrize(
    ("account", "payee", "amount", "why"),
    [
        ("reserve", "treasury", 1_001 * UNIT, "it holds 1000000000"),
        ("reserve", "treasury", 0, "pays 0"),
        ("reserv", "treasury", 1, "has no account 'reserv'"),
        ("reserve", "treasurry", 1, "has no account 'treasurry'"),
    ],
)
def test_payments_that_cannot_be_are_refused(
    account: str, payee: str, amount: int, why: str
) -> None:
    _, banks = made()
    with pytest.raises(UsageError, match=why):
        banks["north"].pay(account, payee, amount)
    with pytest.raises(UsageError, match="0 or more"):
        banks["north"].credit("reserve", -1)


@given(st.lists(st.tuples(st.integers(1, 400), st.integers(0, 3 * DAY)), max_size=12))
def test_no_money_is_made_or_lost(orders: list[tuple[int, int]]) -> None:
    clock, banks = made()
    north, south = banks["north"], banks["south"]
    sent = 0
    for amount, wait in orders:
        clock.run(clock.now + wait)
        if amount * UNIT <= north.balance("reserve"):
            north.pay("reserve", "reserve", amount * UNIT, to=south)
            sent += amount * UNIT
    clock.run(clock.now + 14 * DAY)
    assert (north.balance("reserve"), south.balance("reserve")) == (1_000 * UNIT - sent, sent)
