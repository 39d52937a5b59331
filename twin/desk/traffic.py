"""Chain traffic: what an explorer would tell of recent blocks, kept as columns.

It hears of each non-empty block and receipt once, so that a question about the last hour costs
a binary search and not a walk over the chain.
"""

from __future__ import annotations

from array import array
from bisect import bisect_left, bisect_right

from twin.chain.blocks import Block
from twin.chain.chain import Chain
from twin.chain.config import Reorg
from twin.desk.port import ChainStats

__all__ = ["Traffic"]

PPM = 1_000_000


class Traffic:
    """Counts per non-empty block of *chain*: transactions, reverts, the slowest confirmation."""

    __slots__ = ("_chain", "_confirmations", "_reverted", "_times", "_transactions")

    def __init__(self, chain: Chain) -> None:
        """Listen to *chain* from now on."""
        self._chain = chain
        self._times = array("q")
        self._transactions = array("q", [0])
        self._reverted = array("q", [0])
        self._confirmations = array("q")
        chain.on_block(self._hear)
        chain.on_reorg(self._undo)

    def _hear(self, block: Block) -> None:
        content, timestamp = block.content, block.header.timestamp
        self._times.append(timestamp)
        self._transactions.append(self._transactions[-1] + len(content.receipts))
        bad = [receipt for receipt in content.receipts if not receipt.success]
        self._reverted.append(self._reverted[-1] + len(bad))
        first = min((second for _arrival, second in content.origins), default=timestamp + 1)
        self._confirmations.append(timestamp - first)

    def _undo(self, reorg: Reorg) -> None:
        """Forget the blocks that a reorg replaces; those that replace them are heard next."""
        gone = self._chain.start + reorg.first * self._chain.config.block_interval
        kept = bisect_left(self._times, gone)
        del self._times[kept:], self._confirmations[kept:]
        del self._transactions[kept + 1 :], self._reverted[kept + 1 :]

    def stats(self, head: int, *, since: int) -> ChainStats:
        """Summarise the blocks after unix second *since* up to block *head*."""
        chain = self._chain
        header = chain.header(head)
        interval = chain.config.block_interval
        first = min(head, max(1, (since - chain.start) // interval + 1))
        low = bisect_right(self._times, since)
        high = bisect_right(self._times, header.timestamp)
        return ChainStats(
            first=first,
            last=head,
            timestamp=header.timestamp,
            base_fee=header.base_fee,
            utilisation_ppm=chain.utilisation_ppm(first, head) if head else 0,
            transactions=self._transactions[high] - self._transactions[low],
            reverted=self._reverted[high] - self._reverted[low],
            pending=chain.pending_count,
            confirmation_max=max(self._confirmations[low:high], default=-1),
        )
