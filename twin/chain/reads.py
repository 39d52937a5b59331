"""What readers ask of a chain: the twin's own has it, and so has a node behind JSON-RPC."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Protocol

from twin.chain.port import Call, Output, Topics
from twin.chain.receipts import LogEntry

__all__ = ["ChainReads"]


class ChainReads(Protocol):
    """Blocks, calls and logs, without any way to change something."""

    @property
    def head(self) -> int:
        """The latest block's number."""

    @property
    def interval(self) -> int:
        """Seconds between two blocks."""

    @property
    def state_version(self) -> int:
        """A number that changes whenever state may have changed."""

    def timestamp(self, number: int) -> int:
        """Return the unix second of block *number*."""

    def call(self, call: Call, block: int | None = None) -> Output:
        """Execute *call* on the state after *block*, or the latest, and change nothing."""

    def calls(self, calls: Sequence[Call]) -> list[Output]:
        """Execute *calls* as `call` does, each on the present state."""

    def logs(
        self,
        from_block: int,
        to_block: int,
        *,
        addresses: Collection[bytes] | None = None,
        topics: Topics = (),
    ) -> list[LogEntry]:
        """Return the logs of the blocks from *from_block* to *to_block* that match, in order."""
