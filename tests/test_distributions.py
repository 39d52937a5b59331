"""Distributions: order statistics with their confidence, censored values, shares."""

from __future__ import annotations

import pytest

from twin.procedures.routine.distributions import coverage_ppm, distribution, interval, share


@pytest.mark.parametrize(
    ("count", "low", "high", "quantile", "expected"),
    [
        # Between the smallest and the largest of n lies the median with 1 - 2^(1-n).
        (5, 1, 5, 500_000, 937_500),
        (2, 1, 2, 500_000, 500_000),
        (1, 1, 1, 500_000, 0),
        # Nair's table for n = 10: the 2nd and the 9th enclose the median with 97.9 %.
        (10, 2, 9, 500_000, 978_515),
    ],
)
def test_the_coverage_of_order_statistics(count: int, low: int, high: int, quantile: int, expected: int) -> None:  # fmt: skip
    assert coverage_ppm(count, low, high, quantile) == expected


def test_an_interval_is_as_wide_as_it_must_be_or_as_there_are_values() -> None:
    assert interval(10, 500_000) == (2, 8, 934_570)
    assert interval(3, 900_000)[:2] == (1, 3)
    assert interval(3, 900_000)[2] < 300_000  # and says how little it promises


def test_a_tail_shows_where_a_mean_would_hide_it() -> None:
    found = distribution([60, 61, 62, 63, 64, 65, 66, 67, 68, 500_000])
    assert found["median"]["seconds"] == 64
    assert found["worst"] == {"seconds": 500_000, "at_least": False}
    assert found["p90"]["high"] == 500_000
    assert "mean" not in found


def test_what_still_runs_is_at_least_as_long() -> None:
    found = distribution([100], [900, 950])
    assert (found["count"], found["censored"]) == (3, 2)
    assert found["median"] == {"seconds": 900, "at_least": True, "low": 100, "high": 950,
                               "confidence_ppm": 750_000}  # fmt: skip
    assert found["worst"] == {"seconds": 950, "at_least": True}
    assert distribution([]) == {"count": 0, "censored": 0}


def test_a_share_of_nothing_is_none_and_of_few_is_wide() -> None:
    assert share(0, 0) == {"part": 0, "whole": 0}
    few, many = share(1, 2), share(500, 1000)
    assert few["ppm"] == many["ppm"] == 500_000
    # Wilson's score interval at z = 1.645: 0.1209..0.8791 for 1 of 2, 0.4740..0.5260 for 500 of 1000.
    assert few["low_ppm"] == pytest.approx(120_860, abs=200)
    assert few["high_ppm"] == pytest.approx(879_140, abs=200)
    assert many["low_ppm"] == pytest.approx(474_030, abs=200)
    assert share(0, 10)["low_ppm"] == 0
