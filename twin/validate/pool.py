"""B5 to B8: the deployed pool, and the arbitrageur's own decision, block by block on an engine.

A driftless venue without spread or fee moves 5 % a day; at each block the agent looks at its price
and at the pool's reserves, decides, and its swap is a transaction to the pool's contract. What it
took and what the pool was worth are read from the reserves that the contract logs, and what it
holds in the end from its balances. Gas is free, as in the formulas. A block in which the agent
does nothing executes nothing.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from twin.chain.chain import Chain
from twin.chain.config import ChainConfig
from twin.chain.engines import make_engine
from twin.chain.port import BlockEnv, Call, Transaction
from twin.clock import DAY, Clock
from twin.errors import CrashError
from twin.plugins import load_agents
from twin.protocol.deployment import DeploymentSpec, deploy
from twin.protocol.parameters import Endowment, FeeParameters, default_fees
from twin.protocol.roles import account_of
from twin.validate.records import Found

__all__ = ["ONE", "SIGMA", "Arena", "Walk", "arbitrage", "divergence", "share", "venue_path"]

Floats = NDArray[np.float64]

ONE = 1_000_000
"""A price of one, in 1e-6 stable per PT."""

SIGMA = 0.05
"""Volatility of the venue, a root of a day."""

BLOCK = 12
"""Seconds."""

BATCHES = 50
"""Stretches of a walk whose means are taken for independent."""

TRADER = account_of("arbitrageur")
PURSE = 4 * 10**17
CHAIN_ID, START = 1, 1_700_000_000
GAS = 300_000


@dataclass(frozen=True, slots=True)
class Walk:
    """A walk of n blocks, with n + 1 of everything, since it begins before the first.

    *mids* are the venue's prices (1e-6), *pt* and *stable* the pool's reserves after each block
    (units). *traded* says of the n blocks in which the agent traded.
    """

    mids: Floats
    pt: Floats
    stable: Floats
    traded: NDArray[np.bool_]

    @property
    def value(self) -> Floats:
        """What the pool is worth at each block's price, before its trade (stable units)."""
        value: Floats = self.pt[:-1] * self.mids[1:] / ONE + self.stable[:-1]
        return value

    @property
    def profit(self) -> Floats:
        """What the agent took in each block, at its price (stable units)."""
        taken: Floats = -np.diff(self.pt) * self.mids[1:] / ONE - np.diff(self.stable)
        return taken


class Arena:
    """A pool with a swap *fee* (pips) on *engine*, five million a side at a price of one."""

    def __init__(self, engine: str, fee: int) -> None:
        """Deploy the whole network and make the agent rich."""
        chain = Chain(make_engine(engine, chain_id=CHAIN_ID), ChainConfig(CHAIN_ID), Clock(START))
        rich = Endowment(
            pt=PURSE, stable=PURSE,
            approvals=(("PaymentToken", "LiquidityPool"), ("StableAsset", "LiquidityPool")),
        )  # fmt: skip
        fees = {**default_fees(), "swap": FeeParameters(fee=fee, min=0, max=100_000)}
        spec = DeploymentSpec(feeds={}, fees=fees, balances={TRADER: rich}, pt_cap=10**18)
        made = deploy(chain, spec)
        chain.header(0)  # ends the genesis
        self.fee, self._engine = fee, chain.engine
        self._pool, self._tokens = (
            made.contract("LiquidityPool"),
            (made.contract("PaymentToken"), made.contract("StableAsset")),
        )
        self._swap = self._pool.fn("swap")
        self._synced = self._pool.event("Synced").topic0
        self._decide: Callable[..., Any] = load_agents()["arbitrageur"].decide
        self._block, self._nonce = 0, self._engine.account(TRADER).nonce
        self.reserves: tuple[int, int] = self._read(self._pool, "reserves")[:2]

    def _read(self, contract: Any, function: str, *arguments: Any) -> tuple[Any, ...]:
        done = self._engine.call(Call(contract.address, contract.encode(function, *arguments)))
        answer: tuple[Any, ...] = contract.decode(function, done.data)
        return answer

    def _held(self) -> list[int]:
        return [self._read(token, "balanceOf", TRADER)[0] for token in self._tokens]

    def step(self, mid: int) -> bool:
        """Let a block pass at the venue's *mid*; say whether the agent traded in it."""
        self._block += 1
        pt, stable = self.reserves
        trade = self._decide(
            pt, stable, fee=self.fee, bid=mid, ask=mid, venue_fee=0, limit=(PURSE, PURSE), cost=0
        )
        if trade is None:
            return False
        given = self._tokens[0 if trade.sell else 1].address
        data = self._swap.encode(given, trade.amount, trade.out, TRADER)
        self._engine.begin_block(
            BlockEnv(self._block, START + BLOCK * self._block, 0, 30_000_000, bytes(20), bytes(32),
                     CHAIN_ID)
        )  # fmt: skip
        done = self._engine.transact(
            Transaction(TRADER, self._nonce, self._pool.address, 0, data, GAS, 0, 0, bytes(32))
        )
        self._nonce += 1
        for log in done.logs:
            if log.topics[0] == self._synced and log.address == self._pool.address:
                self.reserves = (int.from_bytes(log.data[:32]), int.from_bytes(log.data[32:64]))
        if not done.success:
            raise CrashError(f"block {self._block}: the pool refused the agent's swap {trade}")
        return True

    def walk(self, mids: Sequence[int]) -> Walk:
        """Let the venue go through *mids*, the first of which is the price at which it starts."""
        before, held = self.reserves, self._held()
        pt, stable, traded = [before[0]], [before[1]], []
        for number, mid in enumerate(mids[1:], 1):
            traded.append(self.step(mid))
            pt.append(self.reserves[0])
            stable.append(self.reserves[1])
            if number % 10_000 == 0:
                self._engine.drain_changes()
        self._reconcile(before, held)
        return Walk(
            np.array(mids, float), np.array(pt, float), np.array(stable, float), np.array(traded)
        )

    def _reconcile(self, before: tuple[int, int], held: Sequence[int]) -> None:
        """Hold the agent's balances on chain against what the pool logged."""
        gained = [now - then for now, then in zip(self._held(), held, strict=True)]
        given = [then - now for now, then in zip(self.reserves, before, strict=True)]
        stored = self._read(self._pool, "reserves")[:2]
        if gained != given or stored != self.reserves:
            raise CrashError(f"the agent gained {gained} while the pool logged {given}")


def venue_path(
    chance: np.random.Generator, blocks: int, *, poisson: bool, start: int = ONE
) -> list[int]:
    """Return *blocks* + 1 mids (1e-6) of a martingale at `SIGMA`.

    *poisson* draws exponential block times, which scale the increments; the chain's clock stays.
    """
    variance = SIGMA**2 * BLOCK / DAY
    times = chance.standard_exponential(blocks) if poisson else np.ones(blocks)
    moves = np.sqrt(variance * times) * chance.standard_normal(blocks) - variance * times / 2
    path = start * np.exp(np.concatenate([[0.0], np.cumsum(moves)]))
    return [max(1, mid) for mid in np.rint(path).astype(np.int64).tolist()]


def arbitrage(walk: Walk, *, poisson: bool = False) -> Found:
    """Return what the agent took over LVR, sigma^2/8 x the pool's value, and its standard error."""
    scale = 8 / (SIGMA**2 * BLOCK / DAY)
    return _mean(walk, scale * walk.profit / walk.value, poisson=poisson)


def share(walk: Walk) -> Found:
    """Return the share of blocks with a trade, and its standard error."""
    return _mean(walk, walk.traded.astype(float), poisson=False)


def _mean(walk: Walk, series: Floats, *, poisson: bool) -> Found:
    """Return the mean of *series* over the blocks, with two control variates.

    Both have a mean of exactly 0, since the venue is a martingale of known variance: the squared
    return less its expectation, and the return times the mispricing that the pool was left with.
    Their sums pin down how far the path went and how long it stayed at the edges of the band,
    which is most of the variance of what was taken (Glasserman 2003, section 4.1). Standard errors
    are those of the means of `BATCHES` stretches.
    """
    returns = walk.mids[1:] / walk.mids[:-1] - 1
    left = np.log(walk.stable[:-1] / walk.pt[:-1] / walk.mids[:-1] * ONE)
    variance = SIGMA**2 * BLOCK / DAY
    expected = variance / (1 - variance) if poisson else math.expm1(variance)
    stretch = len(series) // BATCHES
    if not stretch:
        raise CrashError(f"{len(series)} blocks: at least {BATCHES} are needed for an error")

    def means(of: Floats) -> Floats:
        found: Floats = of[: stretch * BATCHES].reshape(BATCHES, stretch).mean(axis=1)
        return found

    controls = np.stack([means(returns * returns - expected), means(returns * left)], axis=1)
    design = np.column_stack([np.ones(BATCHES), controls / controls.std(axis=0)])
    weights, *_ = np.linalg.lstsq(design, means(series), rcond=None)
    rest = means(series) - design @ weights
    spread = float(rest @ rest) / (BATCHES - design.shape[1])
    error = math.sqrt(spread * float(np.linalg.inv(design.T @ design)[0, 0]))
    return Found(float(weights[0]), error)


def divergence(arena: Arena, ratio: int) -> float:
    """Return what the pool lost against holding when the price goes from one to *ratio* times it."""
    pt, stable = arena.reserves
    mid = ratio * ONE
    arena.walk([ONE, mid])
    after = arena.reserves
    held = pt * mid + stable * ONE
    return (after[0] * mid + after[1] * ONE - held) / held
