"""The laws of fee control: exact exponentials, integer errors, leaks, and two controllers' constants."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from twin.control.law import (
    PPM,
    Exponential,
    ProportionalIntegral,
    fake_exponential,
    grown,
    half_life,
    leaky_sum,
    relative_error,
    retained_ppm,
)
from twin.errors import UsageError


@pytest.mark.parametrize(
    ("factor", "numerator", "denominator", "expected"),
    [
        # the table of EIP-4844's own reference tests
        (1, 0, 1, 1), (38493, 0, 1000, 38493), (0, 1234, 2345, 0), (1, 2, 1, 6), (1, 4, 2, 6),
        (1, 3, 1, 16), (1, 6, 2, 18), (1, 4, 1, 49), (1, 8, 2, 50), (10, 8, 2, 542),
        (11, 8, 2, 596), (1, 5, 1, 136), (1, 5, 2, 11), (2, 5, 2, 23), (1, 50_000_000, 2_225_652, 5_709_098_764),
    ],
)  # fmt: skip
def test_the_exponential_is_that_of_eip_4844(
    factor: int, numerator: int, denominator: int, expected: int
) -> None:
    assert fake_exponential(factor, numerator, denominator) == expected


@given(st.integers(1, 10**15), st.integers(-3 * PPM, 3 * PPM))
def test_a_fee_grows_and_falls_exponentially(fee: int, exponent: int) -> None:
    got = grown(fee, exponent)
    assert got == pytest.approx(fee * math.exp(exponent / PPM), rel=1e-12, abs=1)
    assert grown(fee, exponent + 1) >= got


@pytest.mark.parametrize(
    ("value", "target", "expected"),
    [(100, 100, 0), (150, 100, 500_000), (0, 100, -PPM), (900, 100, PPM), (2, 3, -333_334)],
)
def test_an_error_is_relative_and_clipped(value: int, target: int, expected: int) -> None:
    assert relative_error(value, target) == expected


def test_the_integral_forgets_at_its_leak() -> None:
    assert leaky_sum([100, 0, 0]) == 100
    assert leaky_sum([800, 0, 0, 0], 500_000) == 100
    assert leaky_sum([]) == 0


@pytest.mark.parametrize(
    ("seconds", "period", "expected"), [(0, 60, PPM), (3600, 3600, 500_000), (7200, 3600, 707_107)]
)
def test_what_a_period_retains(seconds: int, period: int, expected: int) -> None:
    assert retained_ppm(seconds, period) == expected


def test_the_leaks_of_deployed_controllers() -> None:
    day = 86_400
    assert half_life(999999711200000000000000000) / day == pytest.approx(27.78, rel=1e-4)
    assert half_life(999999732582142500000000000) / day == pytest.approx(30, rel=1e-6)


def test_the_exponential_law_answers_the_last_error_alone() -> None:
    law = Exponential(400_000)
    assert law.wanted(3000, [PPM, 0]) == 3000
    assert law.wanted(3000, [500_000]) == 3664
    assert law.wanted(3000, []) == 3000


def test_the_integral_law_goes_home_when_the_error_is_gone() -> None:
    law = ProportionalIntegral(3000, 100_000, 200_000, leak_ppm=500_000)
    raised = law.wanted(3000, [500_000])
    assert raised == 3485
    assert 3000 < law.wanted(raised, [500_000, 0]) < raised
    assert law.wanted(raised, [500_000, *[0] * 40]) == 3000


@pytest.mark.parametrize(
    "bad",
    [
        lambda: fake_exponential(1, -1, 1),
        lambda: fake_exponential(1, 1, 0),
        lambda: relative_error(1, 0),
        lambda: half_life(10**27),
        lambda: retained_ppm(-1, 1),
    ],
)
def test_what_makes_no_sense_is_refused(bad: object) -> None:
    with pytest.raises(UsageError):
        bad()  # type: ignore[operator]
