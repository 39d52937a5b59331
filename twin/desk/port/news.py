"""News on the parties that we depend on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

__all__ = ["News", "NewsItem"]


@dataclass(frozen=True, slots=True)
class NewsItem:
    """What *source* published at unix second *at* about *subject*."""

    at: int
    source: str
    subject: str
    headline: str
    text: str


class News(Protocol):
    """A feed of news items."""

    def items(self, *, since: int = 0) -> list[NewsItem]:
        """Return what was published from unix second *since* on, oldest first."""
