"""Properties of pool, fees and prices."""

from __future__ import annotations

from twin.protocol.parameters import FEE_KINDS
from twin.protocol.property import Finding, Invariant, Memory, View, holds, news

__all__ = ["MARKET"]

_RESERVES = ("LiquidityPool", "reserves")
_SHARES = ("LiquidityPool", "totalSupply")
_HELD = (
    ("PaymentToken", "balanceOf", "@LiquidityPool"),
    ("StableAsset", "balanceOf", "@LiquidityPool"),
)
_SCHEDULES = tuple(("FeeSchedule", "schedule", index) for index in range(len(FEE_KINDS)))


def _pool_reserves(view: View, memory: Memory) -> Finding:
    del memory
    pool = view.deployment.address("LiquidityPool")
    pt, stable, _ = view.read(*_RESERVES)
    held_pt, held_stable = (view.read(token, name, pool) for token, name, _ in _HELD)
    detail = f"PT {pt} recorded, {held_pt} held; stable {stable} recorded, {held_stable} held"
    return Finding(pt <= held_pt and stable <= held_stable, detail)


def _pool_product(view: View, memory: Memory) -> Finding:
    """Compare k / shares^2 without a division: every trade and every rounding favours the pool."""
    pt, stable, _ = view.read(*_RESERVES)
    now = pt * stable, view.read(*_SHARES)
    before = memory.get("last", (0, 0))
    memory["last"] = now
    detail = f"k {before[0]} over {before[1]} shares became {now[0]} over {now[1]}"
    return Finding(now[0] * before[1] ** 2 >= before[0] * now[1] ** 2, detail)


def _fee_bounds(view: View, memory: Memory) -> Finding:
    del memory
    outside = []
    for kind, call in zip(FEE_KINDS, _SCHEDULES, strict=True):
        fee, low, high, *_ = view.read(*call)
        if not low <= fee <= high:
            outside.append(f"{kind} {fee} outside [{low}, {high}]")
    return holds(outside, f"{len(FEE_KINDS)} fees inside their bounds")


def _oracle_bounds(view: View, memory: Memory) -> Finding:
    """Walk configurations and answers in the order of the chain: bounds are those of the moment."""
    bounds: dict[bytes, tuple[int, int]] = memory.setdefault("bounds", {})
    outside, answers = [], 0
    for happened in news(
        view, memory, ("OracleNetwork", "FeedConfigured"), ("OracleNetwork", "AnswerUpdated")
    ):
        feed = happened.args["feed"]
        if "config" in happened.args:
            low, high, *_ = happened.args["config"]
            bounds[feed] = low, high
            continue
        answers += 1
        answer = happened.args["answer"]
        low, high = bounds[feed]
        if not low <= answer <= high:
            where = f"feed 0x{feed.hex()[:8]} at block {happened.block}"
            outside.append(f"{where} took {answer}, outside [{low}, {high}]")
    return holds(outside, f"{answers} new answers inside bounds")


MARKET = (
    Invariant(
        "pool-reserves", "the pool holds what it records", _pool_reserves, (_RESERVES, *_HELD)
    ),
    Invariant(
        "pool-product",
        "the pool's product per share never falls",
        _pool_product,
        (_RESERVES, _SHARES),
    ),
    Invariant("fee-bounds", "each fee lies inside its bounds", _fee_bounds, _SCHEDULES),
    Invariant("oracle-bounds", "each answer lay inside its feed's bounds", _oracle_bounds),
)
"""All there are of the market."""
