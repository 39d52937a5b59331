"""Backups: what the jobs logged, the files themselves, and the key shares in escrow."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

__all__ = ["BACKUP_KINDS", "BackupFile", "Backups"]

BACKUP_KINDS = ("state", "deployment", "keyshares", "evidence")
"""Indexer and state dump, configuration, escrow manifests, and what procedures filed."""


@dataclass(frozen=True, slots=True)
class BackupFile:
    """One file as its job logged it at unix second *taken_at*, of the chain's *block*.

    *size* is in bytes as stored, *digest* the SHA-256 (64 hex digits) of the unpacked text.
    *state_root* is the chain's root (32 bytes) at that block, empty but for a state dump. Where
    files of a kind make one chain, *follows* is the hash that the first record comes after, and
    *last* that of the last.
    """

    name: str
    kind: str
    taken_at: int
    block: int
    size: int
    digest: str
    state_root: bytes = b""
    follows: str = ""
    last: str = ""


class Backups(Protocol):
    """The backup store's interface."""

    def catalog(self, kind: str) -> list[BackupFile]:
        """Return the files of *kind* that are kept, oldest first."""

    def read(self, name: str) -> str:
        """Fetch and unpack one file. Raises NoData where it is gone or does not unpack."""

    def transfer(self, name: str) -> int:
        """Return the seconds that fetching and loading this file takes at the store's rate."""

    def recover(self, role: str) -> bytes:
        """Let the escrow holders combine their shares of the key of *role*; return its address.

        The key itself stays in their device. Raises NoData where too few shares are there.
        """
