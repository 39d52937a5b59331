"""The run on a reserve: thresholds, sequential service, closures, backstop."""

from __future__ import annotations

from dataclasses import replace

import pytest

from twin.market.runs import HolderClass, Run, collapse, play, redeemed_after, usdc

WEEKS = 504


def test_nobody_runs_from_a_whole_reserve() -> None:
    run = Run((HolderClass(1.0, 0.0, 10.0),), stuck=0.0)
    assert play(run, 24)[-1].redeemed == 0


def test_a_threshold_keeps_a_class_in() -> None:
    calm = Run((HolderClass(1.0, 0.2, 10.0),), stuck=0.1)
    assert play(calm, 100)[-1].redeemed == 0
    nervous = replace(calm, classes=(HolderClass(0.6, 0.05, 10.0), HolderClass(0.4, 0.2, 10.0)))
    course = play(nervous, 400)
    # the first wave makes the hole per claim that is left large enough for the second
    assert course[2].fear < 0.2 < course[-1].fear
    assert course[-1].redeemed == pytest.approx(0.9)  # all that was liquid
    assert course[-1].waiting == pytest.approx(0.1)
    assert course[-1].price == 0


def test_nobody_is_served_twice_or_beyond_what_is_there() -> None:
    for run in (usdc(), usdc(weekend=False), collapse()):
        course = play(run, WEEKS)
        redeemed = [hour.redeemed for hour in course]
        assert redeemed == sorted(redeemed)
        assert all(hour.redeemed + hour.waiting <= 1 + 1e-12 for hour in course)
        assert all(0 <= hour.price <= 1 for hour in course)
    assert play(collapse(), WEEKS)[-1].redeemed <= 1 - collapse().stuck + 1e-12


def test_the_weekend_is_the_amplifier() -> None:
    shut, open_rail = (min(hour.price for hour in play(run, WEEKS))
                       for run in (usdc(), usdc(weekend=False)))  # fmt: skip
    assert shut < 1 - usdc().stuck - 0.03  # below what the reserve is worth
    assert open_rail > 1 - usdc().stuck - 0.01
    closed = play(usdc(), 69)
    assert {hour.redeemed for hour in closed[8:]} == {closed[7].redeemed}
    assert redeemed_after(play(usdc(), 80), 80) > closed[7].redeemed


def test_the_backstop_brings_the_price_back() -> None:
    run = usdc()
    assert run.backstop is not None
    course = play(run, WEEKS)
    assert course[run.backstop - 1].price < 0.9
    assert course[-1].price > 0.99
    without = play(replace(run, backstop=None), WEEKS)
    assert without[-1].redeemed > course[-1].redeemed
