from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from twin.desk.register import SignedRegister
from twin.errors import UnknownName

WTI, GAS = b"\x01" * 32, b"\x02" * 32


def register() -> SignedRegister:
    return SignedRegister(
        parameters={"feed.WTI.max_answer": 500, "fee.swap.max": 10_000, "feed.WTI": (1, 2)},
        addresses={"pauser": b"\x03" * 20},
        feeds={"WTI": WTI, "GAS": GAS},
    )


def test_it_answers_by_name() -> None:
    signed = register()
    assert signed.parameter("fee.swap.max") == 10_000
    assert signed.parameter("feed.WTI") == (1, 2)
    assert signed.commodities() == ["WTI", "GAS"]
    assert (signed.feed_id("GAS"), signed.address("pauser")) == (GAS, b"\x03" * 20)


ASKED: list[tuple[Callable[[SignedRegister], Any], str]] = [
    (lambda signed: signed.parameter("fee.swap.mx"), "parameter.*did you mean 'fee.swap.max'"),
    (lambda signed: signed.feed_id("WTX"), "commodity.*did you mean 'WTI'"),
    (lambda signed: signed.address("pausr"), "address.*did you mean 'pauser'"),
]


@pytest.mark.parametrize(("ask", "says"), ASKED)
def test_unknown_names_are_refused(ask: Callable[[SignedRegister], Any], says: str) -> None:
    with pytest.raises(UnknownName, match=says):
        ask(register())


def test_what_it_was_made_from_can_change_without_it() -> None:
    parameters, feeds = {"fee.swap.max": 10_000}, {"WTI": WTI}
    signed = SignedRegister(parameters=parameters, addresses={}, feeds=feeds)
    parameters["fee.swap.max"], feeds["GAS"] = 1, GAS
    signed.commodities().append("OIL")
    assert signed.parameter("fee.swap.max") == 10_000
    assert signed.commodities() == ["WTI"]
