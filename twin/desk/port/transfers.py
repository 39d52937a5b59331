"""Requests of holders to move Foundation Tokens, and the list of sanctioned parties."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

__all__ = ["ListedParty", "TransferRequest", "Transfers"]


@dataclass(frozen=True, slots=True)
class TransferRequest:
    """*sender* asks at unix second *at* to move *amount* FT (1e-18) from *source* to *target*."""

    id: str
    at: int
    sender: str
    source: bytes
    target: bytes
    amount: int
    purpose: str


@dataclass(frozen=True, slots=True)
class ListedParty:
    """An *address* that a sanctions list names *since* a unix second."""

    address: bytes
    since: int
    authority: str


class Transfers(Protocol):
    """The queue of transfer requests. The answer to one is a notice to its sender."""

    def holders(self) -> Mapping[str, bytes]:
        """The holders that may ask, by name."""

    def requests(self, *, since: int = 0) -> list[TransferRequest]:
        """Return the requests from unix second *since* on, oldest first."""

    def listed(self) -> list[ListedParty]:
        """Return the sanctions list as the provider has it now. Raises NoData without one."""

    def list_updated(self) -> int:
        """Return the unix second at which the provider last confirmed its list."""
