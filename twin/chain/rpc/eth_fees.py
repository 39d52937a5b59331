"""`eth_` methods about fees, and those that name the chain."""

from __future__ import annotations

from typing import Any

from twin.chain.chain import Chain
from twin.chain.codec import hex0x
from twin.chain.rpc.context import Context, Method
from twin.chain.rpc.errors import InvalidParams, Refused
from twin.chain.rpc.params import REQUIRED, Params

__all__ = ["Fees", "suggested_tip"]

_GWEI = 10**9
_SAMPLED = 20  # blocks that go-ethereum's oracle looks at
_PERCENTILE = 60.0
_MOST = 1024


def suggested_tip(chain: Chain) -> int:
    """Return the tip (wei) that gets into a block: the median of recent blocks' 60th percentile.

    Blocks in which nobody paid a tip say nothing; without any other, it is 1 gwei.
    """
    history = chain.fee_history(_SAMPLED, chain.head, (_PERCENTILE,))
    paid = sorted(row[0] for row in history.rewards if row[0])
    return paid[len(paid) // 2] if paid else _GWEI


class Fees:
    """What gas costs."""

    def __init__(self, context: Context) -> None:
        """Read the chain of *context*."""
        self._context, self._chain = context, context.chain

    def methods(self) -> dict[str, Method]:
        """Return the methods by name."""
        return {
            "eth_chainId": (lambda _: hex(self._context.chain_id), 0),
            "eth_gasPrice": (self._price, 0),
            "eth_maxPriorityFeePerGas": (lambda _: hex(suggested_tip(self._chain)), 0),
            "eth_blobBaseFee": (lambda _: "0x1", 0),
            "eth_feeHistory": (self._history, 3),
            "eth_syncing": (lambda _: False, 0),
            "eth_mining": (lambda _: False, 0),
            "eth_hashrate": (lambda _: "0x0", 0),
            "eth_coinbase": (lambda _: hex0x(self._chain.config.coinbase), 0),
            "eth_protocolVersion": (lambda _: "0x44", 0),
        }

    def _price(self, _params: Params) -> str:
        return hex(self._chain.next_base_fee + suggested_tip(self._chain))

    def _history(self, params: Params) -> dict[str, Any]:
        count, newest = params.number(0), self._context.number(params.block(1, REQUIRED))
        percentiles = params.raw(2) or []
        _check_percentiles(percentiles)
        if newest is None:
            raise Refused("request beyond head block")
        newest = min(newest, self._chain.head)
        count = min(count, newest + 1, _MOST)
        if count < 1:
            return {"oldestBlock": "0x0", "gasUsedRatio": None}
        found = self._chain.fee_history(count, newest, percentiles)
        form: dict[str, Any] = {
            "oldestBlock": hex(found.oldest),
            "baseFeePerGas": [hex(fee) for fee in found.base_fees],
            "gasUsedRatio": [used / found.gas_limit for used in found.gas_used],
            "baseFeePerBlobGas": ["0x1"] * (count + 1),
            "blobGasUsedRatio": [0] * count,
        }
        if percentiles:
            form["reward"] = [[hex(tip) for tip in row] for row in found.rewards]
        return form


def _check_percentiles(percentiles: Any) -> None:
    """Refuse what is no ascending list of percentages."""
    numbers = isinstance(percentiles, list) and all(
        isinstance(item, int | float) and not isinstance(item, bool) for item in percentiles
    )
    if not numbers:
        raise InvalidParams("invalid argument 2: expected an array of numbers")
    if len(percentiles) > 100:
        raise Refused("invalid reward percentile: over the query limit 100")
    last = 0.0
    for item in percentiles:
        if not last <= item <= 100:
            raise Refused(f"invalid reward percentile: {item}")
        last = item
