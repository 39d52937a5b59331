"""The checks: each finds the figures of some targets, by running the twin's own parts.

A check is given the name of the engine and the streams of chance, and returns what it found by
the id of the target. How much is sampled is declared here.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from twin.chain.basefee import next_base_fee
from twin.clock import DAY
from twin.control.law import PPM, Exponential, fake_exponential, half_life
from twin.control.stability import critical_gain_ppm
from twin.market.banking import DepositBank
from twin.market.commodity import ONE
from twin.market.fee_loop import average_use, critical_gain
from twin.market.herding import herding_returns
from twin.market.liars import median_bias
from twin.market.moments import autocorrelation, excess_kurtosis, hill, joint_coverage, moments
from twin.market.quoting import trade_sessions
from twin.market.runs import collapse, play, redeemed_after, usdc
from twin.market.schwartz_smith import SchwartzSmithPath, TwoFactors, futures_volatility
from twin.market.tails import garch_returns
from twin.random import Streams
from twin.validate.pool import SIGMA, Arena, arbitrage, divergence, share, venue_path
from twin.validate.records import Found
from twin.validate.targets import INTERVALS

__all__ = ["CHECKS", "Check", "Work"]

Findings = dict[str, Found]

MATURITIES = {"0y": 0.0, "0.25y": 0.25, "0.5y": 0.5, "1y": 1.0, "2y": 2.0}
DELAYS = (0, 1, 2, 3, 7, 14, 30)

RAI_LEAK = 999999711200000000000000000
HAI_LEAK = 999999732582142500000000000
"""What is left of the integral after a second, in 1e-27: the deployed constants."""

BLOB = 131_072
"""Gas of a blob."""

BLOCKS = {"B5": 50_000, "B6": 1_200_000, "B7.1": 200_000, "B7.5": 400_000, "B7.10": 500_000,
           "B7.30": 1_000_000, "B7.100": 1_500_000}  # fmt: skip
"""Blocks of each walk, the same on either engine: their results are the same too."""


@dataclass(frozen=True, slots=True)
class Work:
    """What a check is given: the *engine* by name, and the *streams* of chance."""

    engine: str
    streams: Streams

    def chance(self, name: str) -> np.random.Generator:
        """Return the stream of the check *name*."""
        return self.streams.stream("validate", name)


def term_structure(_work: Work) -> Findings:
    """B2: what the constants of a path's step make of a future's volatility."""
    return {
        f"B2.{name}": Found(futures_volatility(TwoFactors(), years))
        for name, years in MATURITIES.items()
    }


def daily_moments(work: Work) -> Findings:
    """B3: a thousand paths of A1 with GARCH-t, as long as the WTI series."""
    returns = garch_returns(work.chance("B3"), TwoFactors(), paths=1000, days=8320)
    found = moments(returns)
    rows = {f"B3.{name}": Found(float(np.median(found[name]))) for name in INTERVALS}
    ratio = joint_coverage(found, {name: (low, high) for name, (_, low, high) in INTERVALS.items()})
    rows["B3.joint"] = Found(ratio, math.sqrt(ratio * (1 - ratio) / 1000))
    return rows


def herding(work: Work) -> Findings:
    """B4: markets of 6,867 days, twenty times the 200 of the table.

    The table's figures are means over 200 runs, and so is the standard error that its tolerance
    counts: that of 200 runs. What is held against them is made of enough runs that it is not a
    draw of its own (one block of 200 in twenty lies two errors off).
    """
    chance, blocks = work.chance("B4"), []
    for _ in range(20):
        returns = herding_returns(chance, paths=200, days=6867)
        figures = {
            "sd": 100 * returns.std(axis=1),
            "kurtosis": excess_kurtosis(returns),
            "hill": hill(returns),
        }
        for lag in (1, 5, 10, 25, 50, 100):
            figures[f"acf-abs-{lag}"] = autocorrelation(np.abs(returns), lag)
        blocks.append(figures)
    whole = {name: np.concatenate([block[name] for block in blocks]) for name in blocks[0]}
    return {
        f"B4.{name}": Found(float(figure.mean()), float(figure.std(ddof=1)) / math.sqrt(200))
        for name, figure in whole.items()
    }


def _sampled(figure: np.ndarray[tuple[int, ...], np.dtype[np.float64]]) -> Found:
    return Found(float(figure.mean()), float(figure.std(ddof=1)) / math.sqrt(figure.size))


def pool_without_fee(work: Work) -> Findings:
    """B5: the fee is 0, so that every move is taken: LVR itself."""
    mids = venue_path(work.chance("B5"), BLOCKS["B5"], poisson=False)
    found = arbitrage(Arena(work.engine, 0).walk(mids))
    daily = SIGMA**2 / 8
    return {"B5.lvr": Found(found.value * daily, (found.error or 0.0) * daily)}


def pool_with_fee(work: Work) -> Findings:
    """B6: 30 bp and blocks every 12 s."""
    mids = venue_path(work.chance("B6"), BLOCKS["B6"], poisson=False)
    walk = Arena(work.engine, 3000).walk(mids)
    return {"B6.ratio": arbitrage(walk), "B6.share": share(walk)}


def _poisson(fee: int) -> Callable[[Work], Findings]:
    """Return the check of B7 at *fee* basis points."""

    def check(work: Work) -> Findings:
        name = f"B7.{fee}"
        mids = venue_path(work.chance(name), BLOCKS[name], poisson=True)
        walk = Arena(work.engine, 100 * fee).walk(mids)
        return {f"B7.{fee}bp": arbitrage(walk, poisson=True)}

    return check


def divergence_loss(work: Work) -> Findings:
    """B8: one trade after the price doubled, in the contract's integers."""
    return {"B8.loss": Found(divergence(Arena(work.engine, 0), 2))}


def fee_loops(_work: Work) -> Findings:
    """B9 and B10: the chain's base fee, and the law of the fee procedure."""
    exponential = Exponential(PPM // 8)
    found = {
        "B9.linear": Found(
            average_use(lambda fee, used: next_base_fee(fee, used, 2 * PPM), periods=100_000)
        ),
        "B9.exponential": Found(
            average_use(lambda fee, used: exponential.wanted(fee, [used - PPM]), periods=100_000)
        ),
    }
    for delay in DELAYS:
        near = critical_gain_ppm(delay) / PPM
        gain = critical_gain(delay, low=0.5 * near, high=1.5 * near, steps=9)
        found[f"B10.k{delay}"] = Found(gain)
    return found


def fee_constants(_work: Work) -> Findings:
    """B11 and B12: the steps of the blob fee, and the leaks of deployed controllers."""

    def step(blobs: int, fraction: int) -> float:
        grown = fake_exponential(10**18, abs(blobs) * BLOB, fraction) / 10**18
        return grown - 1 if blobs >= 0 else 1 / grown - 1

    return {
        "B11.4844-full": Found(step(3, 3_338_477)),
        "B11.7691-full": Found(step(3, 5_007_716)),
        "B11.7691-empty": Found(step(-6, 5_007_716)),
        "B12.rai": Found(half_life(RAI_LEAK) / DAY),
        "B12.hai": Found(half_life(HAI_LEAK) / DAY),
    }


def oracle_updates(work: Work) -> Findings:
    """B13: how often a price path leaves the band around the last answer, as a node asks it."""
    days, deviation = 1200, 5000
    factors = TwoFactors(kappa=1.0, sigma_chi=0.0, sigma_xi=SIGMA * math.sqrt(365), rho=0.0,
                         mu_xi=0.0)  # fmt: skip
    path = SchwartzSmithPath(
        "PT", work.chance("B13"), initial=100 * ONE, start=0, factors=factors, tick=1, step=12
    )
    now, waits = 0, []
    while True:
        told = path.price(now)
        away = told * deviation // PPM
        ahead = path.first_crossing(now, told - away, told + away, days * DAY - now)
        if ahead is None:
            break
        waits.append(ahead - now)
        now = ahead
    rate = DAY * len(waits) / now
    spread = float(np.std(waits) / np.mean(waits))
    return {"B13.updates": Found(rate, rate * spread / math.sqrt(len(waits)))}


def liars(work: Work) -> Findings:
    """B14: ten of 31 nodes lie; eleven among 21 reports are enough."""
    quorum = median_bias(work.chance("B14.quorum"), honest=11, liars=10, lie=math.inf,
                         rounds=100_000)  # fmt: skip
    everybody = median_bias(work.chance("B14.all"), honest=21, liars=10, lie=math.inf,
                            rounds=100_000)  # fmt: skip
    lie = 1e6
    carried, _ = median_bias(work.chance("B14.lie"), honest=10, liars=11, lie=lie, rounds=1000)
    return {
        "B14.quorum": Found(*quorum),
        "B14.all": Found(*everybody),
        "B14.unbounded": Found(carried / lie),
    }


def market_making(work: Work) -> Findings:
    """B15: the inventory maker and the symmetric one, 100,000 sessions each."""
    found = {}
    for kind, symmetric in (("", False), ("symmetric-", True)):
        done = trade_sessions(work.chance(f"B15.{kind}"), sessions=100_000, aversion=0.1,
                              symmetric=symmetric)  # fmt: skip
        half = math.sqrt(2 * done.profit.size)
        profit, stock = float(done.profit.std(ddof=1)), float(done.inventory.std(ddof=1))
        found[f"B15.{kind}profit"] = _sampled(done.profit)
        found[f"B15.{kind}profit-sd"] = Found(profit, profit / half)
        found[f"B15.{kind}inventory-sd"] = Found(stock, stock / half)
    return found


def bank(_work: Work) -> Findings:
    """B16: exact, with the tipping point found by trying and the exhaustion by serving a queue."""
    bank = DepositBank(Fraction(2), Fraction(128, 100), Fraction(1, 4))
    holders = 100_000
    tipping = next(
        leaving for leaving in range(holders)
        if bank.late_payment(Fraction(leaving, holders)) <= bank.r1
    )  # fmt: skip
    served, _ = bank.serve(holders, holders)
    return {
        "B16.r2": Found(float(bank.r2)),
        "B16.tipping": Found(tipping / holders),
        "B16.exhaustion": Found(served / holders),
    }


def runs(_work: Work) -> Findings:
    """B17: USDC with its weekend, the same with an open rail, and a run that nothing stops."""
    weeks = 3 * 7 * 24
    replay, mild, severe = (play(run, weeks) for run in (usdc(), usdc(weekend=False), collapse()))
    quiet = play(usdc(), 1)[0]
    found = {
        "B17.floor": Found(1 - quiet.fear),
        "B17.low": Found(min(hour.price for hour in replay)),
        "B17.8h": Found(redeemed_after(replay, 8)),
        "B17.5d": Found(redeemed_after(replay, 108)),
        "B17.3w": Found(redeemed_after(replay, weeks)),
    }
    for name, course in (("mild", mild), ("severe", severe)):
        for when, hours in (("8h", 8), ("2d", 48), ("4d", 96), ("3w", weeks)):
            found[f"B17.{name}-{when}"] = Found(redeemed_after(course, hours))
    return found


@dataclass(frozen=True, slots=True)
class Check:
    """A check and the groups or ids of the targets that it finds."""

    finds: tuple[str, ...]
    run: Callable[[Work], Findings]


CHECKS: Mapping[str, Check] = {
    "pool at 30 bp": Check(("B6",), pool_with_fee),
    **{f"Poisson blocks at {fee} bp": Check((f"B7.{fee}bp",), _poisson(fee))
       for fee in (1, 10, 30, 100, 5)},
    "oracle updates": Check(("B13",), oracle_updates),
    "daily moments": Check(("B3",), daily_moments),
    "market making": Check(("B15",), market_making),
    "pool without fee": Check(("B5",), pool_without_fee),
    "fee loops": Check(("B9", "B10"), fee_loops),
    "herding": Check(("B4",), herding),
    "liars": Check(("B14",), liars),
    "bank": Check(("B16",), bank),
    "divergence loss": Check(("B8",), divergence_loss),
    "term structure": Check(("B2",), term_structure),
    "fee constants": Check(("B11", "B12"), fee_constants),
    "runs": Check(("B17",), runs),
}  # fmt: skip
"""By name, the longest first: two processes are then done at about the same time."""
