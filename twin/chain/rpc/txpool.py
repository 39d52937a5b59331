"""`txpool_`: what waits, by sender and nonce.

*pending* is what could go into a block by its nonce, *queued* what waits for a nonce before it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from twin.chain.codec import hex0x
from twin.chain.port import Transaction
from twin.chain.rpc.context import Context, Method
from twin.chain.rpc.forms import transaction_form
from twin.chain.rpc.params import Params

__all__ = ["TxPool"]


class TxPool:
    """The mempool."""

    def __init__(self, context: Context) -> None:
        """Read the chain of *context*."""
        self._context, self._chain = context, context.chain

    def methods(self) -> dict[str, Method]:
        """Return the methods by name."""
        return {
            "txpool_status": (self._status, 0),
            "txpool_content": (self._content, 0),
            "txpool_contentFrom": (self._content_from, 1),
            "txpool_inspect": (self._inspect, 0),
        }

    def _split(self) -> tuple[list[Transaction], list[Transaction]]:
        """Return what waits as (executable by nonce, not yet), by sender and nonce."""
        pending: list[Transaction] = []
        queued: list[Transaction] = []
        following: dict[bytes, int] = {}
        for tx in sorted(self._chain.pending(), key=lambda tx: (tx.sender, tx.nonce)):
            if tx.sender not in following:
                following[tx.sender] = self._chain.account(tx.sender).nonce
            ready = tx.nonce == following[tx.sender]
            (pending if ready else queued).append(tx)
            following[tx.sender] += ready
        return pending, queued

    def _status(self, _params: Params) -> dict[str, str]:
        pending, queued = self._split()
        return {"pending": hex(len(pending)), "queued": hex(len(queued))}

    def _shown(self, show: Callable[[Transaction], Any]) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for name, transactions in zip(("pending", "queued"), self._split(), strict=True):
            senders: dict[str, dict[str, Any]] = {}
            for tx in transactions:
                senders.setdefault(hex0x(tx.sender), {})[str(tx.nonce)] = show(tx)
            found[name] = senders
        return found

    def _content(self, _params: Params) -> dict[str, Any]:
        return self._shown(lambda tx: transaction_form(tx, None, chain_id=self._context.chain_id))

    def _content_from(self, params: Params) -> dict[str, Any]:
        sender = hex0x(params.address(0))
        return {name: found.get(sender, {}) for name, found in self._content(params).items()}

    def _inspect(self, _params: Params) -> dict[str, Any]:
        return self._shown(_summary)


def _summary(tx: Transaction) -> str:
    to = "contract creation" if tx.to is None else hex0x(tx.to)
    return f"{to}: {tx.value} wei + {tx.gas} gas × {tx.max_fee} wei"  # noqa: RUF001 - as geth has it
