"""Fee history: what `eth_feeHistory` tells of recent blocks, in integers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from twin.chain.basefee import by_tip
from twin.chain.blocks import Ledger

__all__ = ["FeeHistory", "fee_history"]


@dataclass(frozen=True, slots=True)
class FeeHistory:
    """Blocks from *oldest* on: *base_fees* (wei, one more than blocks), *gas_used*, *rewards*.

    A block's row in *rewards* has, for each percentile asked for, the effective tip (wei) below
    which that part of the block's gas was bought.
    """

    oldest: int
    base_fees: tuple[int, ...]
    gas_used: tuple[int, ...]
    gas_limit: int
    rewards: tuple[tuple[int, ...], ...]


def fee_history(
    ledger: Ledger, count: int, newest: int, percentiles: Sequence[float]
) -> FeeHistory:
    """Return the history of the *count* blocks up to *newest*; *percentiles* are 0 to 100."""
    fees = ledger.fees
    oldest = max(0, newest - count + 1)
    numbers = range(oldest, newest + 1)
    return FeeHistory(
        oldest,
        tuple(fees.at(number).base_fee for number in range(oldest, newest + 2)),
        tuple(fees.gas_used(number, number) for number in numbers),
        fees.gas_limit,
        tuple(_rewards(ledger, number, percentiles) for number in numbers) if percentiles else (),
    )


def _rewards(ledger: Ledger, number: int, percentiles: Sequence[float]) -> tuple[int, ...]:
    """Return the tips at *percentiles* of block *number*, zeros where nothing used gas."""
    bought = sorted(_tips(ledger, number))
    total = sum(gas for _, gas in bought)
    if not total:
        return (0,) * len(percentiles)
    found = []
    for percentile in percentiles:
        left = int(total * percentile) // 100
        tip = 0
        for tip, gas in bought:  # noqa: B007 - the tip reached is the answer
            left -= gas
            if left <= 0:
                break
        found.append(tip)
    return tuple(found)


def _tips(ledger: Ledger, number: int) -> list[tuple[int, int]]:
    """Return (effective tip, gas) of all that used gas in block *number*."""
    fees = ledger.fees
    base_fee, left = fees.at(number).base_fee, fees.gas_used(number, number)
    content = ledger.content(number)
    found = []
    for receipt in content.receipts if content is not None and number else ():
        found.append((receipt.gas_price - base_fee, receipt.gas_used))
        left -= receipt.gas_used
    # The background fills what is left in the order of its tips, as it did in the block.
    for tip, gas in by_tip(fees.active(number), base_fee):
        found.append((tip, min(gas, left)))
        left -= min(gas, left)
    return found
