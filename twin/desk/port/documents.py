"""Integration documents and runbook metadata, and the schemas they are generated from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

__all__ = ["Document", "Documents"]


@dataclass(frozen=True, slots=True)
class Document:
    """A document as it is published: *facts* are the values that its text names, by dotted name.

    *reviewed* is the unix second of the last review, due again after *review_every* seconds.
    """

    id: str
    title: str
    owner: str
    reviewed: int
    review_every: int
    facts: Mapping[str, str]


class Documents(Protocol):
    """The document store."""

    def all(self) -> list[Document]:
        """Return the documents, in order."""

    def schema(self) -> Mapping[str, str]:
        """Return the facts that the schemas give today: addresses, ABI hashes, endpoints."""
