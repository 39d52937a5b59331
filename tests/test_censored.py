from __future__ import annotations

import pytest

from twin.scoring.censored import Distribution, quantile, wilson

# Freireich et al. (1963), 6-mercaptopurine: weeks of remission, the textbook case of Kaplan-Meier.
REMISSION = [(6, True), (6, True), (6, True), (6, False), (7, True), (9, False), (10, True),
             (10, False), (11, False), (13, True), (16, True), (17, False), (19, False), (20, False),
             (22, True), (23, True), (25, False), (32, False), (32, False), (34, False),
             (35, False)]  # fmt: skip
CURVE = {6: 0.857, 7: 0.807, 10: 0.753, 13: 0.690, 16: 0.627, 22: 0.538, 23: 0.448}
ERRORS = {6: 0.0764, 7: 0.0869, 10: 0.0963, 13: 0.1068, 16: 0.1141, 22: 0.1282, 23: 0.1346}


def test_the_curve_is_that_of_the_textbook() -> None:
    found = Distribution.of(REMISSION)
    assert (found.count, found.censored) == (21, 12)
    assert {at: round(left, 3) for at, left, _ in found.curve} == CURVE
    assert {at: round(left * spread**0.5, 4) for at, left, spread in found.curve} == ERRORS
    assert found.quantile(0.5) == 23


def test_what_most_did_not_reach_has_no_median() -> None:
    found = Distribution.of([(5, True), (9, False), (9, False)])
    assert found.quantile(0.5) is None
    assert found.interval().high is None
    assert found.described()["median"] is None


def test_without_censoring_quantiles_are_those_of_the_sample() -> None:
    found = Distribution.of((at, True) for at in (4, 1, 3, 2))
    assert [found.quantile(share) for share in (0.25, 0.5, 0.75, 1.0)] == [1, 2, 3, 4]


def test_nothing_has_no_distribution() -> None:
    found = Distribution.of([])
    assert (found.count, found.quantile(0.5)) == (0, None)


@pytest.mark.parametrize(
    ("good", "count", "low", "high"),
    [(18, 20, 0.699, 0.972), (20, 20, 0.839, 1.0), (0, 20, 0.0, 0.161), (1, 2, 0.095, 0.905)],
)
def test_the_interval_of_a_share_is_wilsons(good: int, count: int, low: float, high: float) -> None:
    found = wilson(good, count)
    assert found.low is not None
    assert found.high is not None
    assert (round(found.low, 3), round(found.high, 3)) == (low, high)


def test_no_runs_have_no_interval() -> None:
    assert (wilson(0, 0).low, wilson(0, 0).high) == (None, None)


def test_a_quantile_of_values_is_one_of_them() -> None:
    rows = [10, 30, 20]
    assert [quantile(rows, share) for share in (0.0, 0.5, 1.0)] == [10, 20, 30]
