"""A chain's constants, and what it tells of a reorg."""

from __future__ import annotations

from dataclasses import dataclass

from twin.chain.basefee import Demand
from twin.chain.receipts import LogEntry
from twin.errors import ChainError

__all__ = ["ChainConfig", "Reorg"]


@dataclass(frozen=True, slots=True)
class ChainConfig:
    """A chain's constants: seconds, gas, wei. *reorg_window* blocks can be undone or read back."""

    chain_id: int
    block_interval: int = 12
    gas_limit: int = 30_000_000
    base_fee: int = 10**9
    coinbase: bytes = bytes(19) + b"\xcb"
    background: tuple[Demand, ...] = ()
    reorg_window: int = 64

    def __post_init__(self) -> None:
        """Refuse a chain that could not run, at once."""
        rules = (
            (self.block_interval >= 1, "block_interval is whole seconds, 1 or more"),
            (self.gas_limit >= 42_000, "gas_limit holds one transaction at the target: 42,000"),
            (self.base_fee >= 0, "base_fee is wei, 0 or more"),
            (len(self.coinbase) == 20, "coinbase is 20 bytes"),
            (self.reorg_window >= 1, "reorg_window is 1 block or more"),
        )
        for holds, rule in rules:
            if not holds:
                raise ChainError(f"{self}: {rule}")


@dataclass(frozen=True, slots=True)
class Reorg:
    """A reorg: blocks *first* to *last* are replaced; *removed* logs, *dropped* transactions."""

    first: int
    last: int
    removed: tuple[LogEntry, ...]
    dropped: tuple[bytes, ...]
