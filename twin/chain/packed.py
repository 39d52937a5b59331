"""Contents of old blocks as bytes: an eighth of the memory, and nothing for the collector to walk.

What can be computed from the rest is left out: places, sums of gas, what a receipt repeats of its
transaction. What occurs again in a block (an address, a topic) is kept once.
"""

from __future__ import annotations

import marshal
from collections.abc import Sequence
from operator import attrgetter
from typing import Any

from twin.chain.port import Log, Transaction
from twin.chain.receipts import Content, Receipt
from twin.crate import maker

__all__ = ["pack", "unpack"]

_TX = attrgetter(*Transaction.__slots__)
_log, _receipt, _transaction = maker(Log), maker(Receipt), maker(Transaction)


def pack(content: Content) -> bytes:
    """Return *content* as bytes for `unpack`."""
    shared: dict[bytes | None, bytes | None] = {}
    once = shared.setdefault  # marshal writes an object that it met before as a reference
    transactions = []
    for tx in content.transactions:
        sender, nonce, to, *more = _TX(tx)
        transactions.append((once(sender, sender), nonce, once(to, to), *more))
    outcomes = []
    for done in content.receipts:
        logs = [
            (once(log.address, log.address), tuple([once(t, t) for t in log.topics]), log.data)
            for log in done.logs
        ]
        outcomes.append(
            (done.success, done.gas_used, done.gas_price, logs, done.created, done.output)
        )
    return marshal.dumps((transactions, outcomes, content.origins))


def unpack(data: bytes, number: int, block_hash: bytes) -> Content:
    """Return what `pack` made into *data*, which never left this process, for block *number*."""
    fields, outcomes, origins = marshal.loads(data)  # noqa: S302 - our own bytes
    transactions = tuple([_transaction(*each) for each in fields])
    receipts = _receipts(transactions, outcomes, number=number, block_hash=block_hash)
    return Content(transactions, receipts, origins)


def _receipts(
    transactions: Sequence[Transaction],
    outcomes: Sequence[tuple[Any, ...]],
    *,
    number: int,
    block_hash: bytes,
) -> tuple[Receipt, ...]:
    receipts = []
    total = first_log = 0
    rows = zip(transactions, outcomes, strict=True)
    for index, (tx, (success, gas, price, logs, created, output)) in enumerate(rows):
        total += gas
        receipts.append(
            _receipt(
                tx.hash, index, number, block_hash, success, gas, total, price,
                tx.sender, tx.to, tuple([_log(*log) for log in logs]), first_log, created, output,
            )
        )  # fmt: skip
        first_log += len(logs)
    return tuple(receipts)
