"""`debug_`: how a transaction, a block or a call ran, found by running it again.

The block's earlier transactions run first, on the state before the block; so only blocks of the
reorg window can be traced.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from twin.chain.codec import hex0x
from twin.chain.port import Transaction
from twin.chain.rpc.arguments import block_overrides, call_object
from twin.chain.rpc.calls import Place, overridden
from twin.chain.rpc.context import Context, Method
from twin.chain.rpc.errors import InvalidParams, Refused
from twin.chain.rpc.params import REQUIRED, Params, quantity, reading
from twin.chain.rpc.tracers import Tracer, tracer
from twin.errors import InvalidTransaction

__all__ = ["Debug"]

_REEXEC = 128  # what go-ethereum re-executes by default, and names in its refusal


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
            "debug_traceBlockByHash": (self._trace_block_by_hash, 2),
            "debug_traceCall": (self._trace_call, 3),
            "debug_getRawTransaction": (self._raw, 1),
        }

    def _trace_transaction(self, params: Params) -> Any:
        found, chosen = params.word(0), tracer(params.object(1, {}))
        receipt = self._chain.receipt(found)
        if receipt is None:
            raise Refused("transaction not found")
        with self._before(receipt.block, receipt.index) as (tx, *_):
            return self._see(chosen, tx, receipt.block)

    def _trace_block(self, params: Params) -> list[dict[str, Any]]:
        block = params.block(0, REQUIRED)
        number = self._context.number(block)
        if number is None or number > self._chain.head:
            name = hex0x(block) if isinstance(block, bytes) else f"#{block}"
            raise Refused(f"block {name} not found")
        return self._traced(number, tracer(params.object(1, {})))

    def _trace_block_by_hash(self, params: Params) -> list[dict[str, Any]]:
        found = params.word(0)
        number = self._context.number(found)
        if number is None:
            raise Refused(f"block {hex0x(found)} not found")
        return self._traced(number, tracer(params.object(1, {})))

    def _traced(self, number: int, chosen: Tracer) -> list[dict[str, Any]]:
        if number == 0:
            raise Refused("genesis is not traceable")
        found = []
        with self._before(number, 0) as transactions:
            for tx in transactions:
                found.append({"txHash": hex0x(tx.hash), "result": self._see(chosen, tx, number)})
                self._context.engine.transact(tx)
        return found

    @contextmanager
    def _before(self, number: int, index: int) -> Iterator[list[Transaction]]:
        """Stand before transaction *index* of block *number*; yield that and the later ones."""
        if number == 0:
            raise Refused("genesis is not traceable")
        context, engine = self._context, self._context.engine
        transactions = [tx for tx, _ in self._chain.content(number)]
        snapshot = context.snapshot(number - 1, missing=_unavailable(_REEXEC))
        with engine.standing(snapshot, env=context.env(number)):
            for earlier in transactions[:index]:
                engine.transact(earlier)
            yield transactions[index:]

    def _see(self, chosen: Tracer, subject: Any, number: int) -> Any:
        coinbase = self._context.env(number).coinbase
        try:
            return chosen.see(self._context.engine, subject, coinbase)
        except InvalidTransaction as refused:
            raise Refused(f"tracing failed: {refused.reason}") from None

    # -- calls

    def _trace_call(self, params: Params) -> Any:
        asked, block, config = params.read(0, call_object), params.block(1), params.object(2, {})
        chosen = tracer(config)
        accounts, fields = _part(config, "stateOverrides"), _part(config, "blockOverrides")
        if block == "pending":
            raise Refused("tracing on top of pending is not supported")
        context, engine = self._context, self._context.engine
        number = context.state_number(block)
        env = block_overrides(context.env(number), fields)
        with self._after(number, config.get("txIndex")):
            overridden(engine, accounts)
            here = Place(engine, env)
            subject = here.subject(asked)
            with engine.standing(None, env=here.around(subject)):
                try:
                    return chosen.see(engine, subject, env.coinbase)
                except InvalidTransaction as refused:
                    raise Refused(f"tracing failed: {refused.reason}") from None

    @contextmanager
    def _after(self, number: int, index: Any) -> Iterator[None]:
        """Stand after block *number*, or after its transaction *index*."""
        context, engine = self._context, self._context.engine
        if index is None:
            snapshot = context.snapshot(number, missing=_unavailable(_REEXEC))
            with engine.standing(snapshot):
                yield
            return
        at = reading("invalid txIndex", quantity, index)
        transactions = [tx for tx, _ in self._chain.content(number)]
        if at >= len(transactions):
            raise Refused(f"transaction index {at} out of range for block #{number}")
        with self._before(number, 0):
            for tx in transactions[: at + 1]:
                engine.transact(tx)
            yield

    def _raw(self, params: Params) -> str:
        tx = self._chain.transaction(params.word(0))
        return "0x" if tx is None or tx.raw is None else hex0x(tx.raw)


def _unavailable(reexec: int) -> str:
    return f"required historical state unavailable (reexec={reexec})"


def _part(config: Any, name: str) -> Any:
    found = config.get(name)
    if found is None:
        return {}
    if not isinstance(found, dict):
        raise InvalidParams(f"invalid {name}: expected an object")
    return found
