"""Transactions that the incident playbooks hold ready: exact calldata, to be signed and sent."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

__all__ = ["Playbooks", "PreparedCall"]


@dataclass(frozen=True, slots=True)
class PreparedCall:
    """A call that *playbook* holds ready since unix second *prepared*, for *authority* to send.

    It is meant as *function* of *contract*, without arguments, from the account *sender*; *to* and
    *data* are what would be signed. Afterwards the contract's view `paused` answers *paused*.
    """

    id: str
    playbook: str
    authority: str
    contract: str
    function: str
    sender: bytes
    to: bytes
    data: bytes
    prepared: int
    paused: bool


class Playbooks(Protocol):
    """The safe in which prepared transactions lie."""

    def prepared(self) -> list[PreparedCall]:
        """Return every prepared call: a brake stands before its release."""
