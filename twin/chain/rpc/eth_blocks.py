"""`eth_` methods about blocks, transactions and receipts."""

from __future__ import annotations

from typing import Any

from twin.chain.codec import hex0x
from twin.chain.rpc.context import Context, Method
from twin.chain.rpc.forms import pending_block_form, receipt_form, transaction_form
from twin.chain.rpc.params import REQUIRED, BlockId, Params

__all__ = ["Blocks"]


class Blocks:
    """What stands on the chain."""

    def __init__(self, context: Context) -> None:
        """Read the chain of *context*."""
        self._context, self._chain = context, context.chain

    def methods(self) -> dict[str, Method]:
        """Return the methods by name."""
        return {
            "eth_blockNumber": (self._block_number, 0),
            "eth_getBlockByNumber": (self._block, 2),
            "eth_getBlockByHash": (self._block_by_hash, 2),
            "eth_getHeaderByNumber": (self._header, 1),
            "eth_getHeaderByHash": (self._header_by_hash, 1),
            "eth_getBlockTransactionCountByNumber": (self._count, 1),
            "eth_getBlockTransactionCountByHash": (self._count_by_hash, 1),
            "eth_getUncleCountByBlockNumber": (self._uncles, 1),
            "eth_getUncleCountByBlockHash": (self._uncles_by_hash, 1),
            "eth_getUncleByBlockNumberAndIndex": (_nothing, 2),
            "eth_getUncleByBlockHashAndIndex": (_nothing, 2),
            "eth_getTransactionByHash": (self._transaction, 1),
            "eth_getTransactionByBlockNumberAndIndex": (self._transaction_at, 2),
            "eth_getTransactionByBlockHashAndIndex": (self._transaction_in, 2),
            "eth_getTransactionBySenderAndNonce": (self._transaction_of, 2),
            "eth_getRawTransactionByHash": (self._raw, 1),
            "eth_getTransactionReceipt": (self._receipt, 1),
            "eth_getBlockReceipts": (self._receipts, 1),
        }

    def _block_number(self, _params: Params) -> str:
        return hex(self._chain.head)

    # -- blocks

    def _block(self, params: Params) -> dict[str, Any] | None:
        return self._form(params.block(0, REQUIRED), full=params.flag(1))

    def _block_by_hash(self, params: Params) -> dict[str, Any] | None:
        return self._form(params.word(0), full=params.flag(1))

    def _header(self, params: Params) -> dict[str, Any] | None:
        number = self._context.number(params.block(0, REQUIRED))
        return self._head(number)

    def _header_by_hash(self, params: Params) -> dict[str, Any] | None:
        return self._head(self._context.number(params.word(0)))

    def _head(self, number: int | None) -> dict[str, Any] | None:
        if number is None or number > self._chain.head:
            return None
        return self._context.header_form(number)

    def _form(self, block: BlockId, *, full: bool) -> dict[str, Any] | None:
        number = self._context.number(block)
        if number is None:
            return None
        if number > self._chain.head:
            return self._pending(full=full)
        return self._context.block_form(number, full=full)

    def _pending(self, *, full: bool) -> dict[str, Any]:
        """Return the next block as it stands: what waits and can pay, not executed."""
        context, chain = self._context, self._chain
        base_fee, env = chain.next_base_fee, context.env(chain.head + 1)
        waiting = [tx for tx in chain.pending() if tx.max_fee >= base_fee]
        form = {
            **context.block_form(chain.head, full=False),
            "number": hex(env.number),
            "parentHash": hex0x(chain.header(chain.head).hash),
            "timestamp": hex(env.timestamp),
            "baseFeePerGas": hex(base_fee),
            "gasUsed": "0x0",
            "mixHash": hex0x(env.prevrandao),
            "transactions": [
                transaction_form(tx, None, chain_id=context.chain_id) if full else hex0x(tx.hash)
                for tx in waiting
            ],
        }
        return pending_block_form(form)

    def _count(self, params: Params) -> str | None:
        return self._counted(params.block(0, REQUIRED))

    def _count_by_hash(self, params: Params) -> str | None:
        return self._counted(params.word(0))

    def _counted(self, block: BlockId) -> str | None:
        form = self._form(block, full=False)
        return None if form is None else hex(len(form["transactions"]))

    def _uncles(self, params: Params) -> str | None:
        return None if self._context.number(params.block(0, REQUIRED)) is None else "0x0"

    def _uncles_by_hash(self, params: Params) -> str | None:
        return None if self._context.number(params.word(0)) is None else "0x0"

    # -- transactions

    def _transaction(self, params: Params) -> dict[str, Any] | None:
        found = params.word(0)
        tx = self._chain.transaction(found)
        if tx is None:
            return None
        receipt = self._chain.receipt(found)
        if receipt is not None:
            self._context.remember(receipt.block_hash, receipt.block)
        return transaction_form(tx, receipt, chain_id=self._context.chain_id)

    def _transaction_at(self, params: Params) -> Any:
        return self._nth(params.block(0, REQUIRED), params.quantity(1))

    def _transaction_in(self, params: Params) -> Any:
        return self._nth(params.word(0), params.quantity(1))

    def _nth(self, block: BlockId, index: int) -> Any:
        form = self._form(block, full=True)
        found = [] if form is None else form["transactions"]
        return found[index] if index < len(found) else None

    def _transaction_of(self, params: Params) -> dict[str, Any] | None:
        """Look for what *sender* sent with a nonce: what waits, or back from the latest block."""
        sender, nonce = params.address(0), params.quantity(1)
        chain, chain_id = self._chain, self._context.chain_id
        if nonce >= chain.account(sender).nonce:
            waiting = (tx for tx in chain.pending() if (tx.sender, tx.nonce) == (sender, nonce))
            found = next(waiting, None)
            return None if found is None else transaction_form(found, None, chain_id=chain_id)
        for number in range(chain.head, -1, -1):
            for tx, receipt in chain.content(number):
                if (tx.sender, tx.nonce) == (sender, nonce):
                    return transaction_form(tx, receipt, chain_id=chain_id)
        return None  # a contract's nonce counts what it created

    def _raw(self, params: Params) -> str | None:
        tx = self._chain.transaction(params.word(0))
        return None if tx is None or tx.raw is None else hex0x(tx.raw)

    # -- receipts

    def _receipt(self, params: Params) -> dict[str, Any] | None:
        found = params.word(0)
        receipt = self._chain.receipt(found)
        if receipt is None:
            return None
        tx = self._chain.transaction(found)
        assert tx is not None  # noqa: S101 - what has a receipt is in a block
        self._context.remember(receipt.block_hash, receipt.block)
        return receipt_form(tx, receipt, self._context.env(receipt.block).timestamp)

    def _receipts(self, params: Params) -> list[dict[str, Any]] | None:
        number = self._context.number(params.block(0, REQUIRED))
        if number is None or number > self._chain.head:
            return None
        header = self._chain.header(number)
        self._context.remember(header.hash, number)
        return [
            receipt_form(tx, receipt, header.timestamp)
            for tx, receipt in self._chain.content(number)
        ]


def _nothing(_params: Params) -> None:
    """Return that there is none: no block here has uncles."""
