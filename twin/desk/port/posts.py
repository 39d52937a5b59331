"""What is public about us: our own channels, and what others write."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

__all__ = ["OFFICIAL", "PUBLIC", "Post", "Posts"]

PUBLIC = ("market", "public", "users")
"""Audiences whose notices appear in public."""

OFFICIAL = "fictra"
"""The author of what appears by our own notice board."""


@dataclass(frozen=True, slots=True)
class Post:
    """What *author* wrote on *channel* at unix second *at*: a *subject* and a *text*.

    *staff* says that the author is known to be one of ours.
    """

    id: str
    at: int
    channel: str
    author: str
    staff: bool
    subject: str
    text: str


class Posts(Protocol):
    """The channels that everybody reads (a runbook publishes by a `Notify` step)."""

    def since(self, at: int) -> list[Post]:
        """Return what appeared from unix second *at* on, oldest first."""
