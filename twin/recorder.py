"""The recorder: turns what the chain and the venues do into events of the log.

It hears each non-empty block once and writes the block, its transactions by contract and
function, and the decoded logs of the protocol's own events. Token transfers and approvals stay
out: they repeat what the protocol's events say.
"""

from __future__ import annotations

from collections.abc import Mapping

from twin.chain.blocks import Block
from twin.chain.chain import Chain
from twin.chain.config import Reorg
from twin.chain.port import Log, Transaction
from twin.chain.receipts import Receipt
from twin.clock import Clock
from twin.crate import maker
from twin.events import (
    BlockMined,
    ContractLogged,
    EventLog,
    Reorganised,
    TransactionDropped,
    TransactionIncluded,
)
from twin.protocol.contract import Contract
from twin.protocol.deployment import Deployment

__all__ = ["Recorder"]

LEFT_OUT = frozenset({"Transfer", "Approval", "Synced", "AnswerSubmitted", "ExportAttested"})
"""Contract events that say nothing the others do not say."""


_mined, _included = maker(BlockMined), maker(TransactionIncluded)
_logged = maker(ContractLogged)


class Recorder:
    """Writes the life of *chain* into *log*; *labels* name the senders."""

    def __init__(
        self,
        clock: Clock,
        chain: Chain,
        *,
        deployment: Deployment,
        labels: Mapping[bytes, str],
        log: EventLog,
    ) -> None:
        """Listen to *chain* from now on."""
        self._clock, self._chain, self._log = clock, chain, log
        self._deployment, self._labels = deployment, labels
        self._by_address: dict[bytes, Contract] = {
            contract.address: contract for contract in deployment.contracts.values()
        }
        chain.on_block(self._block)
        chain.on_reorg(self._reorg)
        chain.on_drop(self._drop)

    def _block(self, block: Block) -> None:
        header = block.header
        content, now = block.content, self._clock.now
        held = len(content.transactions)
        self._log.emit(
            now, _mined(header.number, header.hash, held, header.gas_used, header.base_fee)
        )
        for tx, receipt in zip(content.transactions, content.receipts, strict=True):
            self._receipt(tx, receipt, now)

    def _receipt(self, tx: Transaction, receipt: Receipt, now: int) -> None:
        contract = None if tx.to is None else self._by_address.get(tx.to)
        function = contract.function_of(tx.data) if contract else None
        reverts = self._deployment.reverts
        self._log.emit(
            now,
            _included(
                receipt.block,
                receipt.transaction,
                self._labels.get(tx.sender) or "0x" + tx.sender.hex(),
                contract.name if contract else "",
                function.name if function else "",
                receipt.success,
                receipt.gas_used,
                "" if receipt.success else reverts.decode_revert(receipt.output),
            ),
        )
        for record in receipt.logs:
            self._record(receipt.block, record, now)

    def _record(self, block: int, record: Log, now: int) -> None:
        source = self._by_address.get(record.address)
        if source is None or not record.topics:
            return
        event = source.event_of(record.topics[0])
        if event is None or event.name in LEFT_OUT:
            return
        args = event.decode(record.topics, record.data)
        self._log.emit(now, _logged(block, source.name, event.name, args))

    def _reorg(self, reorg: Reorg) -> None:
        # What replaces the blocks is not made yet: the head that is certain is what they build on.
        base = self._chain.header(reorg.first - 1)
        depth = reorg.last - reorg.first + 1
        self._log.emit(
            self._clock.now,
            Reorganised(first=reorg.first, depth=depth, base_hash=base.hash),
        )

    def _drop(self, tx: bytes, reason: str) -> None:
        self._log.emit(self._clock.now, TransactionDropped(hash=tx, reason=reason))
