"""Whom we can call at home: the rota as it is published, quorums of keys, and receipts of pages."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

__all__ = ["PAGE", "Colleague", "KeyQuorum", "OnCall", "Page"]

PAGE = "page:"
"""A notice to the audience `page:NAME` is a page to that colleague."""


@dataclass(frozen=True, slots=True)
class Colleague:
    """Somebody of the team: *roles*, and a shift of local hours *start*..*end* in *timezone*.

    *on_shift* says whether it covers the present.
    """

    name: str
    roles: tuple[str, ...]
    timezone: str
    start: str
    end: str
    on_shift: bool


@dataclass(frozen=True, slots=True)
class KeyQuorum:
    """An *authority* that acts when *threshold* of its *signers* have signed."""

    authority: str
    signers: tuple[str, ...]
    threshold: int


@dataclass(frozen=True, slots=True)
class Page:
    """A page to *person*: *sent*, *delivered* and *answered* in unix seconds, None for not yet."""

    person: str
    subject: str
    sent: int
    delivered: int | None
    answered: int | None


class OnCall(Protocol):
    """The on-call provider (a runbook pages by a `Notify` step to `page:NAME`)."""

    def people(self) -> list[Colleague]:
        """Return the team, in the order of the rota."""

    def quorums(self) -> list[KeyQuorum]:
        """Return who may sign for what."""

    def pages(self, *, since: int) -> list[Page]:
        """Return the pages sent from unix second *since* on, oldest first."""
