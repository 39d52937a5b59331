"""Calls: what an explorer would tell of the transactions to our contracts, kept as columns.

It hears each receipt once and keeps contract and function, gas, price, sender and why it reverted,
so that a question about the last hour reads the columns of that hour and decodes nothing.
"""

from __future__ import annotations

from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Iterable

from twin.chain.blocks import Block
from twin.chain.chain import Chain
from twin.chain.codec import hex0x
from twin.chain.config import Reorg
from twin.chain.port import Transaction
from twin.chain.receipts import Receipt
from twin.desk.port import CallStats
from twin.protocol.deployment import Deployment

__all__ = ["CallLedger"]

Kind = tuple[str, str]

SHOWN = 5
"""Senders of reverted calls that are named, most first."""


class CallLedger:
    """The calls to the contracts of *deployment* on *chain*, from now on."""

    __slots__ = (
        "_blocks", "_chain", "_deployment", "_gas", "_kind_ids", "_kinds", "_kinds_of", "_prices",
        "_reason_ids", "_reasons", "_reasons_of", "_sender_ids", "_senders", "_senders_of", "_times",
    )  # fmt: skip

    def __init__(self, chain: Chain, deployment: Deployment) -> None:
        """Listen to *chain*."""
        self._chain, self._deployment = chain, deployment
        self._times, self._blocks = array("q"), array("q")
        self._gas, self._prices = array("q"), array("q")
        self._kinds_of, self._reasons_of = array("I"), array("I")
        self._senders_of = array("I")
        self._kinds: list[Kind] = []
        self._kind_ids: dict[tuple[bytes | None, bytes], int] = {}
        self._reasons = [""]  # number 0 is success
        self._reason_ids: dict[bytes, int] = {}
        self._senders: list[bytes] = []
        self._sender_ids: dict[bytes, int] = {}
        chain.on_block(self._hear)
        chain.on_reorg(self._undo)

    # -- hearing ---------------------------------------------------------------------------------

    def _hear(self, block: Block) -> None:
        number, second = block.number, block.header.timestamp
        for tx, receipt in self._chain.content(number):
            kind = self._kind(tx)
            if kind is None:
                continue
            self._times.append(second)
            self._blocks.append(number)
            self._gas.append(receipt.gas_used)
            self._prices.append(receipt.gas_price)
            self._kinds_of.append(kind)
            self._reasons_of.append(0 if receipt.success else self._reason(receipt))
            self._senders_of.append(self._sender(tx.sender))

    def _kind(self, tx: Transaction) -> int | None:
        """Return the number of the contract's function that *tx* calls, None where none is ours."""
        key = (tx.to, tx.data[:4])
        found = self._kind_ids.get(key)
        if found is None:
            target = None if tx.to is None else self._deployment.at_address(tx.to)
            if target is None:
                return None
            function = target.function_of(tx.data)
            name = function.name if function else f"0x{tx.data[:4].hex()}"
            found = self._kind_ids[key] = len(self._kinds)
            self._kinds.append((target.name, name))
        return found

    def _reason(self, receipt: Receipt) -> int:
        found = self._reason_ids.get(receipt.output)
        if found is None:
            text = self._deployment.reverts.decode_revert(receipt.output)
            name = text.partition("(")[0] or "without a reason"
            if name not in self._reasons:
                self._reasons.append(name)
            found = self._reason_ids[receipt.output] = self._reasons.index(name)
        return found

    def _sender(self, address: bytes) -> int:
        found = self._sender_ids.get(address)
        if found is None:
            found = self._sender_ids[address] = len(self._senders)
            self._senders.append(address)
        return found

    def _undo(self, reorg: Reorg) -> None:
        """Forget what a reorg replaces; what replaces it is heard next."""
        kept = bisect_left(self._blocks, reorg.first)
        for column in (self._times, self._blocks, self._gas, self._prices, self._kinds_of,
                       self._reasons_of, self._senders_of):  # fmt: skip
            del column[kept:]

    # -- answering -------------------------------------------------------------------------------

    def since(self, second: int, block: int) -> list[CallStats]:
        """Summarise the calls after unix *second* up to *block*, by contract and function."""
        first, last = bisect_right(self._times, second), bisect_right(self._blocks, block)
        places: dict[int, list[int]] = {}
        for place in range(first, last):
            places.setdefault(self._kinds_of[place], []).append(place)
        return [
            self._stats(kind, places[number])
            for kind, number in sorted((self._kinds[number], number) for number in places)
        ]

    def _stats(self, kind: Kind, places: list[int]) -> CallStats:
        reasons = [self._reasons_of[place] for place in places]
        gas = sorted(
            self._gas[place] for place, reason in zip(places, reasons, strict=True) if not reason
        )
        spent, fees = 0, 0
        for place in places:
            spent += self._gas[place]
            fees += self._gas[place] * self._prices[place]
        failed = [
            hex0x(self._senders[self._senders_of[place]])
            for place, reason in zip(places, reasons, strict=True)
            if reason
        ]
        return CallStats(
            contract=kind[0],
            function=kind[1],
            calls=len(places),
            reverted=len(failed),
            reasons=_counted(self._reasons[reason] for reason in reasons if reason),
            reverted_by=dict(
                sorted(_counted(failed).items(), key=lambda item: (-item[1], item[0]))[:SHOWN]
            ),
            gas_min=gas[0] if gas else 0,
            gas_median=gas[len(gas) // 2] if gas else 0,
            gas_max=gas[-1] if gas else 0,
            gas=spent,
            fees=fees,
        )


def _counted(names: Iterable[str]) -> dict[str, int]:
    found: dict[str, int] = {}
    for name in names:
        found[name] = found.get(name, 0) + 1
    return {name: found[name] for name in sorted(found)}
