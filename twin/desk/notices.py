"""The notice board: what the team published, to whom and when."""

from __future__ import annotations

from collections.abc import Callable

from twin.desk.port import Notice

__all__ = ["NoticeBoard"]


class NoticeBoard:
    """Notices in the order in which they went out."""

    __slots__ = ("_listeners", "_notices")

    def __init__(self) -> None:
        """Start empty."""
        self._notices: list[Notice] = []
        self._listeners: list[Callable[[Notice], object]] = []

    def on_publish(self, callback: Callable[[Notice], object]) -> None:
        """Call *callback* with every notice that goes out from now on."""
        self._listeners.append(callback)

    def publish(self, at: int, *, audience: str, subject: str, text: str) -> Notice:
        """Put up a notice at unix second *at*."""
        made = Notice(at, audience, subject, text)
        self._notices.append(made)
        for listener in tuple(self._listeners):
            listener(made)
        return made

    def published(self, audience: str | None = None, *, since: int = 0) -> list[Notice]:
        """Return the notices to *audience*, or to all, from unix second *since* on."""
        return [
            item for item in self._notices if item.at >= since and audience in (None, item.audience)
        ]
