"""The notice board: what the team published, to whom and when."""

from __future__ import annotations

from twin.desk.port import Notice

__all__ = ["NoticeBoard"]


class NoticeBoard:
    """Notices in the order in which they went out."""

    __slots__ = ("_notices",)

    def __init__(self) -> None:
        """Start empty."""
        self._notices: list[Notice] = []

    def publish(self, at: int, *, audience: str, subject: str, text: str) -> Notice:
        """Put up a notice at unix second *at*."""
        made = Notice(at, audience, subject, text)
        self._notices.append(made)
        return made

    def published(self, audience: str | None = None, *, since: int = 0) -> list[Notice]:
        """Return the notices to *audience*, or to all, from unix second *since* on."""
        return [
            item for item in self._notices if item.at >= since and audience in (None, item.audience)
        ]
