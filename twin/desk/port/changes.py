"""The change desk: requests as they were handed in, approvals, freezes, what is staged to sign."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

__all__ = ["Approval", "ChangeRequest", "Changes", "Freeze", "StagedCall"]


@dataclass(frozen=True, slots=True)
class ChangeRequest:
    """A change file that *author* handed in *at* a unix second; *sha256* is of its text.

    *plan* is the file as data, its addresses resolved, or None where *problems* (`file:line:column:
    what is wrong`) keep it from being read.
    """

    id: str
    at: int
    author: str
    sha256: str
    plan: Mapping[str, Any] | None
    problems: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Approval:
    """Somebody (*who*, in *role*) approved the *payload* of a change *at* a unix second."""

    who: str
    role: str
    at: int
    payload: str


@dataclass(frozen=True, slots=True)
class Freeze:
    """Nothing but emergencies is changed from unix second *at* until *until*."""

    name: str
    at: int
    until: int


@dataclass(frozen=True, slots=True)
class StagedCall:
    """What the signing device holds: *data* to be sent *to* an address (both `0x` text)."""

    to: str
    data: str


class Changes(Protocol):
    """The change desk: the inbox of requests, and the queue that signers sign from."""

    def connected(self) -> bool:
        """Say whether changes are asked for here at all."""

    def requests(self) -> list[ChangeRequest]:
        """Return what was handed in so far, oldest first: each as it reads now."""

    def approvals(self, request: str) -> list[Approval]:
        """Return the approvals given in the portal, oldest first."""

    def freezes(self) -> list[Freeze]:
        """Return the freezes of the calendar."""

    def staged(self, request: str) -> list[StagedCall]:
        """Return what would be signed and sent for *request*. Raises NoData where nothing is."""
