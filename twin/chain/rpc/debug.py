"""`debug_`: how a transaction ran, found by running it again.

The block's earlier transactions run first, on the state before the block; so only blocks of the
reorg window can be traced, and only on an engine that shows its calls.
"""

from __future__ import annotations

from typing import Any

from twin.chain.codec import hex0x
from twin.chain.rpc.context import Context, Method
from twin.chain.rpc.errors import Refused
from twin.chain.rpc.params import REQUIRED, Params

__all__ = ["Debug"]


class Debug:
    """Traces."""

    def __init__(self, context: Context) -> None:
        """Read the chain of *context*."""
        self._context, self._chain = context, context.chain

    def methods(self) -> dict[str, Method]:
        """Return the methods by name."""
        return {
            "debug_traceTransaction": (self._trace_transaction, 2),
            "debug_traceBlockByNumber": (self._trace_block, 2),
            "debug_getRawTransaction": (self._raw, 1),
        }

    def _steps(self, params: Params) -> bool:
        """Return whether the struct logger is wanted; refuse tracers that are not there."""
        tracer = params.object(1, {}).get("tracer")
        if tracer is not None and tracer != "callTracer":
            raise Refused(f"tracer {tracer!r} is not there: callTracer and the struct logger are")
        return tracer is None

    def _trace_transaction(self, params: Params) -> dict[str, Any]:
        found = params.word(0)
        steps = self._steps(params)
        receipt = self._chain.receipt(found)
        if receipt is None:
            raise Refused("transaction not found")
        return self._trace(receipt.block, receipt.index, steps=steps)

    def _trace_block(self, params: Params) -> list[dict[str, Any]]:
        steps = self._steps(params)
        number = self._context.number(params.block(0, REQUIRED))
        if number is None or number > self._chain.head:
            raise Refused(f"block #{number} not found")
        return [
            {"txHash": hex0x(tx.hash), "result": self._trace(number, receipt.index, steps=steps)}
            for tx, receipt in self._chain.content(number)
        ]

    def _trace(self, number: int, index: int, *, steps: bool) -> dict[str, Any]:
        if number == 0:
            raise Refused("genesis is not traceable")
        context = self._context
        transactions = [tx for tx, _ in self._chain.content(number)][: index + 1]
        snapshot = context.snapshot(number - 1)
        env = context.env(number)
        return context.views.trace(transactions, env=env, snapshot=snapshot, steps=steps)

    def _raw(self, params: Params) -> str | None:
        tx = self._chain.transaction(params.word(0))
        return None if tx is None or tx.raw is None else hex0x(tx.raw)
