"""Gas estimation: the smallest gas limit with which a call succeeds, found by running it.

What a transaction uses is not always enough to run it: refunds come after, and a contract passes
on at most 63/64 of its gas (EIP-150). So the gas used is tried first, and where it does not do,
the limit is searched for by halving.
"""

from __future__ import annotations

from collections.abc import Callable

from twin.chain.port import Output
from twin.errors import InvalidTransaction, Reverted

__all__ = ["estimate"]


def estimate(run: Callable[[int], Output], limit: int) -> int:
    """Return the smallest gas, at most *limit*, with which *run* succeeds, to the unit.

    *run* executes with a gas limit and changes nothing. Reverted is raised where it fails with
    *limit* too, InvalidTransaction where it may not run at all.
    """
    top = run(limit)
    if not top.success:
        raise Reverted(top.data, "" if top.data else f"it fails with {limit} gas")
    if _succeeds(run, top.gas_used):
        return top.gas_used
    low, high = top.gas_used, limit
    while high - low > 1:
        middle = (low + high) // 2
        if _succeeds(run, middle):
            high = middle
        else:
            low = middle
    return high


def _succeeds(run: Callable[[int], Output], gas: int) -> bool:
    """Return whether *run* succeeds with *gas*; below the intrinsic gas it does not."""
    try:
        return run(gas).success
    except InvalidTransaction:
        return False
