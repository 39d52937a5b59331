"""The stability of a fee loop: closed form, roots, and the loop itself agree."""

from __future__ import annotations

import pytest

from twin.control.law import PPM, Exponential, Law, ProportionalIntegral
from twin.control.stability import (
    critical_elasticity_ppm,
    critical_gain_ppm,
    delay_periods,
    measured_elasticity_ppm,
    stability,
)
from twin.errors import UsageError
from twin.market.fee_loop import FEE, swing

PUBLISHED = [(0, 2_000_000), (1, 1_000_000), (2, 618_034), (3, 445_042), (7, 209_057),
             (14, 108_278), (30, 51_496)]  # fmt: skip


@pytest.mark.parametrize(("delay", "critical"), PUBLISHED)
def test_an_integral_swings_where_the_sine_says(delay: int, critical: int) -> None:
    assert critical_gain_ppm(delay) == critical
    found = critical_elasticity_ppm(Exponential(PPM), delay)
    assert found is not None
    assert abs(found - critical) <= 1


def test_half_the_gain_stands_twice_the_elasticity() -> None:
    assert critical_elasticity_ppm(Exponential(PPM // 2), 1) == pytest.approx(2 * PPM, abs=2)


def test_without_gain_nothing_swings() -> None:
    assert critical_elasticity_ppm(ProportionalIntegral(FEE, 0, 0, 900_000), 3) is None


LAWS = [
    (Exponential(400_000), 1),
    (ProportionalIntegral(FEE, 100_000, 200_000, 950_000), 3),
    (ProportionalIntegral(FEE, 500_000, 100_000, 800_000), 2),
]


@pytest.mark.parametrize(("law", "delay"), LAWS)
def test_the_loop_itself_settles_below_and_swings_above(law: Law, delay: int) -> None:
    found = critical_elasticity_ppm(law, delay)
    assert found is not None
    assert swing(law, 0.95 * found / PPM, delay=delay) < 1
    assert swing(law, 1.05 * found / PPM, delay=delay) > 2


@pytest.mark.parametrize(
    ("lags", "expected"),
    [
        ({"observation_lag": 0}, 0),
        ({"observation_lag": 1}, 1),
        ({"observation_lag": 21_600}, 1),
        ({"observation_lag": 21_600, "timelock": 86_400}, 5),
        ({"observation_lag": 21_600, "vote": 129_600, "timelock": 86_400}, 11),
    ],
)
def test_everything_that_passes_is_counted(lags: dict[str, int], expected: int) -> None:
    assert delay_periods(21_600, **lags) == expected


def test_an_elasticity_is_measured_from_changes_alone() -> None:
    doubled = (1000, 2000, 800, 200)  # twice the fee, a quarter of the volume
    assert measured_elasticity_ppm([doubled]) == 2_000_000
    assert measured_elasticity_ppm([doubled, (1000, 1000, 5, 500)]) == 2_000_000
    assert measured_elasticity_ppm([(1000, 1000, 800, 200)]) is None
    assert measured_elasticity_ppm([(1000, 2000, 0, 200)]) is None
    assert measured_elasticity_ppm([]) is None


def test_the_figures_say_whether_the_elasticity_was_measured() -> None:
    law = Exponential(400_000)
    assumed = stability(law, 1, assumed_ppm=PPM)
    assert assumed.facts() == {
        "delay_periods": 1, "critical_gain_ppm": PPM, "critical_elasticity_ppm": 2_499_999,
        "elasticity_ppm": PPM, "measured": False, "margin_ppm": 2_499_999,
    }  # fmt: skip
    seen = stability(law, 1, assumed_ppm=PPM, steps=[(1000, 2000, 800, 200)])
    assert (seen.measured, seen.elasticity_ppm, seen.margin_ppm) == (True, 2 * PPM, 1_249_999)
    # a demand that rose with the fee shows no elasticity that a margin could stand on
    odd = stability(law, 1, assumed_ppm=PPM, steps=[(1000, 2000, 200, 800)])
    assert (odd.measured, odd.elasticity_ppm) == (False, PPM)
    assert stability(law, 1, assumed_ppm=0).margin_ppm is None


def test_what_makes_no_sense_is_refused() -> None:
    with pytest.raises(UsageError, match="period"):
        delay_periods(0, observation_lag=1)
    with pytest.raises(UsageError, match="0 or more"):
        critical_gain_ppm(-1)
