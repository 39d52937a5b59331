"""Gas estimation finds the least gas to the unit."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from twin.chain.estimate import estimate
from twin.chain.port import Output
from twin.errors import InvalidTransaction, Reverted

LIMIT = 30_000_000


class Needing:
    """A run that succeeds from *least* gas on and then uses *used*; below *intrinsic* it is invalid."""

    def __init__(self, least: int, used: int, intrinsic: int = 21_000) -> None:
        self.least, self.used, self.intrinsic = least, used, intrinsic
        self.log: list[int] = []

    def __call__(self, gas: int) -> Output:
        self.log.append(gas)
        if gas < self.intrinsic:
            raise InvalidTransaction(f"gas {gas} is below the intrinsic {self.intrinsic}")
        return Output(gas >= self.least, b"", self.used if gas >= self.least else gas)


@given(st.integers(21_000, LIMIT), st.integers(0, 6_000_000))
def test_the_least_is_found(least: int, refund: int) -> None:
    run = Needing(least, max(21_000, least - refund))
    assert estimate(run, LIMIT) == least


def test_what_is_used_is_tried_first() -> None:
    run = Needing(50_000, 50_000)
    assert estimate(run, LIMIT) == 50_000
    assert run.log == [LIMIT, 50_000]


def test_a_refund_below_the_intrinsic_gas_does_not_break_the_search() -> None:
    assert estimate(Needing(30_000, 20_000), LIMIT) == 30_000


def test_what_fails_with_all_gas_is_reverted_with_its_payload() -> None:
    with pytest.raises(Reverted, match="0xdead"):
        estimate(lambda gas: Output(False, b"\xde\xad", gas), LIMIT)
    with pytest.raises(Reverted, match="fails with 30000000 gas"):
        estimate(lambda gas: Output(False, b"", gas), LIMIT)


def test_what_may_not_run_at_all_is_refused() -> None:
    with pytest.raises(InvalidTransaction, match="intrinsic"):
        estimate(Needing(50_000, 50_000), 20_000)
