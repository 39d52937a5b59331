"""The vectorised models: what each must do whatever its parameters, and exact cases."""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
import pytest

from twin.errors import UsageError
from twin.market.banking import DepositBank
from twin.market.garch import GarchT
from twin.market.herding import Herding, HerdingState, herding_returns, herding_step
from twin.market.impact import haircut, impact
from twin.market.liars import median_bias, order_statistic, reported
from twin.market.moments import autocorrelation, excess_kurtosis, hill, joint_coverage, moments
from twin.market.quoting import half_spread, reservation, trade_sessions
from twin.market.schwartz_smith import TwoFactors, futures_volatility
from twin.market.tails import Merton, garch_returns, merton_returns
from twin.random import Streams


def chance(name: str) -> np.random.Generator:
    return Streams(3).stream("tests/models", name)


# -- moments -----------------------------------------------------------------------------------


def test_moments_of_what_is_known() -> None:
    normal = chance("normal").standard_normal((4, 50_000))
    assert excess_kurtosis(normal) == pytest.approx([0] * 4, abs=0.1)
    assert autocorrelation(normal, 3) == pytest.approx([0] * 4, abs=0.02)
    pareto = 1 / chance("pareto").random((4, 50_000)) ** (1 / 3)  # tail index 3
    assert hill(pareto) == pytest.approx([3] * 4, rel=0.08)
    wave = np.tile([1.0, -1.0], 1000)
    assert autocorrelation(wave, 1) == pytest.approx(-1, abs=0.01)


def test_the_joint_ratio_counts_paths_that_have_everything_inside() -> None:
    figures = {"a": np.array([0.0, 1.0, 2.0, 3.0]), "b": np.array([0.0, 5.0, 0.0, 0.0])}
    assert joint_coverage(figures, {"a": (0, 2)}) == 0.75
    assert joint_coverage(figures, {"a": (0, 2), "b": (0, 1)}) == 0.5
    with pytest.raises(KeyError):
        joint_coverage(figures, {"c": (0, 1)})


# -- prices ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("years", "expected"), [(0, 0.3574), (0.25, 0.2775), (0.5, 0.2264), (1, 0.1755), (2, 0.15)]
)
def test_the_term_structure_of_volatility_does_not_depend_on_the_step(
    years: float, expected: float
) -> None:
    for step in (1, 60, 300):
        assert futures_volatility(TwoFactors(), years, step=step) == pytest.approx(
            expected, abs=1e-4
        )


def test_garch_keeps_its_level_and_remembers_while_merton_forgets() -> None:
    garch = garch_returns(chance("garch"), TwoFactors(), paths=200, days=4000)
    assert garch.shape == (200, 4000)
    assert garch.var() == pytest.approx(GarchT().variance, rel=0.15)
    assert np.median(autocorrelation(np.abs(garch), 10)) > 0.1
    merton = merton_returns(chance("merton"), paths=50, days=4000)
    jumps = Merton()
    yearly = jumps.sigma**2 + jumps.rate * (jumps.jump_sd**2 + jumps.jump_mean**2)
    assert merton.var() * 252 == pytest.approx(yearly, rel=0.05)
    assert abs(np.median(autocorrelation(np.abs(merton), 10))) < 0.01
    assert set(moments(merton)) >= {"volatility", "hill", "acf-abs-50"}


def test_without_fat_tails_the_two_factors_stay() -> None:
    calm = GarchT(omega=1.0, alpha=0.0, beta=0.0, nu=1e6)
    found = garch_returns(chance("calm"), TwoFactors(), paths=20, days=5000, tails=calm)
    assert found.std() == pytest.approx(0.01, rel=0.02)
    assert excess_kurtosis(found) == pytest.approx([0] * 20, abs=0.35)


# -- herding -----------------------------------------------------------------------------------


def test_a_herding_step_by_hand() -> None:
    state = HerdingState(np.array([0.1]), np.array([0.05]), np.array([0.6]))
    after = herding_step(Herding(), state, noise_f=np.array([1.0]), noise_c=np.array([-1.0]))
    leaning = 1.79 * 0.2 - 0.327 + 18.43 * 0.05**2
    share = 1 / (1 + math.exp(-leaning))
    demand = share * (-0.12 * 0.1 + 0.758) + (1 - share) * (1.5 * 0.05 - 2.087)
    assert after.share[0] == pytest.approx(share)
    assert after.price[0] == pytest.approx(0.1 + 0.01 * demand)
    assert after.before[0] == 0.1


def test_far_from_value_nearly_everybody_is_a_fundamentalist() -> None:
    far = HerdingState(np.array([0.6]), np.array([0.6]), np.array([0.5]))
    still = np.zeros(1)
    assert herding_step(Herding(), far, noise_f=still, noise_c=still).share[0] > 0.99


def test_the_same_stream_gives_the_same_markets() -> None:
    one, other = (herding_returns(chance("same"), paths=2, days=50) for _ in range(2))
    assert (one == other).all()


# -- quoting -----------------------------------------------------------------------------------


def test_quotes_lean_against_the_inventory() -> None:
    price, held = np.array([100.0, 100.0]), np.array([0.0, 5.0])
    assert reservation(price, held, aversion=0.1, risk=4.0).tolist() == [100.0, 98.0]
    assert half_spread(0.1, 1.5, risk=4.0) == pytest.approx(0.2 + 10 * math.log(1 + 0.1 / 1.5))


def test_the_inventory_maker_gives_up_profit_for_a_smaller_book() -> None:
    careful, symmetric = (
        trade_sessions(chance("quotes"), sessions=4000, aversion=0.1, symmetric=symmetric)
        for symmetric in (False, True)
    )
    assert careful.inventory.std() < 0.5 * symmetric.inventory.std()
    assert careful.profit.std() < 0.6 * symmetric.profit.std()
    assert careful.profit.mean() < symmetric.profit.mean()


# -- impact ------------------------------------------------------------------------------------


def test_impact_goes_with_the_root() -> None:
    assert impact(1, 100, sigma=0.05) == pytest.approx(0.005)
    assert impact(4, 100, sigma=0.05) == pytest.approx(0.01)
    assert impact(4, 100, sigma=0.05, y=2) == pytest.approx(0.02)
    assert haircut(10**9, 1, sigma=0.05) == 1
    with pytest.raises(UsageError, match="volume above 0"):
        impact(1, 0, sigma=0.05)


# -- liars -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("reports", "answer"),
    [([3, 1, 2], 2), ([4, 1, 3, 2], 3), ([1, 2, math.inf], 2), ([1, math.inf, math.inf], math.inf)],
)
def test_the_answer_is_the_element_in_the_middle(reports: list[float], answer: float) -> None:
    assert reported(np.array(reports)) == answer


@pytest.mark.parametrize(
    ("rank", "count", "expected"), [(1, 1, 0), (2, 3, 0), (11, 11, 1.5864), (16, 21, 0.6298)]
)
def test_order_statistics(rank: int, count: int, expected: float) -> None:
    assert order_statistic(rank, count) == pytest.approx(expected, abs=2e-4)


def test_liars_in_the_minority_bias_and_in_the_majority_decide() -> None:
    bias, error = median_bias(chance("few"), honest=11, liars=10, lie=math.inf, rounds=4000)
    assert bias == pytest.approx(order_statistic(11, 11), abs=4 * error)
    assert median_bias(chance("many"), honest=10, liars=11, lie=math.inf, rounds=10)[0] == math.inf
    with pytest.raises(UsageError, match="1 honest"):
        median_bias(chance("none"), honest=0, liars=1, lie=1, rounds=10)


# -- the bank ----------------------------------------------------------------------------------


def test_the_bank_of_diamond_and_dybvig() -> None:
    bank = DepositBank(Fraction(2), Fraction(128, 100), Fraction(1, 4))
    assert bank.r2 == Fraction(136, 75)
    assert bank.tipping_share == Fraction(9, 16)
    assert bank.late_payment(bank.tipping_share) == bank.r1
    assert bank.late_payment(bank.tipping_share + Fraction(1, 1000)) < bank.r1
    assert bank.exhaustion_share == Fraction(25, 32)
    assert bank.late_payment(Fraction(1)) == 0


@pytest.mark.parametrize(
    ("leaving", "paid", "next_one"),
    [(0, 0, 0), (70, 70, 0), (78, 78, 0), (79, 78, Fraction(4, 25)), (100, 78, Fraction(4, 25))],
)
def test_it_serves_in_order_while_it_lasts(leaving: int, paid: int, next_one: Fraction) -> None:
    bank = DepositBank(Fraction(2), Fraction(128, 100), Fraction(1, 4))
    assert bank.serve(leaving, 100) == (paid, next_one)


def test_a_contract_that_nobody_would_sign_is_refused() -> None:
    with pytest.raises(UsageError, match="early"):
        DepositBank(Fraction(1), Fraction(2), Fraction(1, 4))
