"""Filling one block: the mempool's best and the background compete for its gas."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from twin.chain.basefee import Demand, by_tip
from twin.chain.mempool import Mempool, Pending
from twin.chain.port import BlockEnv, Engine, Execution
from twin.errors import InvalidTransaction

__all__ = ["Filled", "fill"]

_LEAST = 21_000  # no transaction fits below this


@dataclass(slots=True)
class Filled:
    """A block's content: what was *executed*, what was *refused*, gas with the *background*."""

    executed: list[tuple[Pending, Execution]] = field(default_factory=list)
    refused: list[Pending] = field(default_factory=list)
    gas: int = 0
    background: int = 0


def fill(engine: Engine, pool: Mempool, env: BlockEnv, demands: Sequence[Demand]) -> Filled:
    """Execute on *engine*, whose block has begun, what the block of *env* takes from *pool*.

    A transaction goes in if it came before the block's second and its gas limit fits into what
    is left after those before it and the *demands* that pay a higher tip. One that turns out
    invalid is dropped from the pool with its reason.
    """
    filled = Filled()
    space = env.gas_limit
    background = by_tip(demands, env.base_fee)[::-1]
    aside: list[Pending] = []
    while space >= _LEAST and (pending := pool.pop(env.base_fee)) is not None:
        tip = pending.effective_tip(env.base_fee)
        while background and background[-1][0] > tip:
            took = min(space, background.pop()[1])
            space -= took
            filled.background += took
        if pending.second >= env.timestamp or pending.tx.gas > space:
            aside.append(pending)
            continue
        try:
            execution = engine.transact(pending.tx)
        except InvalidTransaction as refusal:
            pool.drop(pending, refusal.reason)
            filled.refused.append(pending)
            continue
        space -= execution.gas_used
        filled.gas += execution.gas_used
        filled.executed.append((pending, execution))
        pool.take(pending)
    for pending in aside:
        pool.compete(pending)
    filled.background += min(space, sum(gas for _, gas in background))
    return filled
