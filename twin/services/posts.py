"""The public channels: our status page, and what others write about us.

A notice to the public appears on the status page, unless the channel fails quietly. What appears
besides comes from faults: somebody of ours who writes on their own, a rumour.
"""

from __future__ import annotations

from twin.clock import Clock
from twin.desk.port.posts import OFFICIAL, PUBLIC, Post
from twin.desk.port.team import Notice

__all__ = ["PostClient", "PublicChannels"]


class PublicChannels:
    """The channels; the fault handles are *silent* and `write`."""

    def __init__(self, clock: Clock) -> None:
        """Be empty."""
        self._clock = clock
        self.silent = False
        self._posts: list[Post] = []

    def hear(self, notice: Notice) -> None:
        """Let a public *notice* appear, unless the status page fails."""
        if notice.audience in PUBLIC and not self.silent:
            self.write(notice.subject, notice.text, author=OFFICIAL, channel="status-page")

    def write(
        self, subject: str, text: str, *, author: str, channel: str = "forum", staff: bool = True
    ) -> str:
        """Let *author* write now; return the post's id."""
        name = f"POST-{len(self._posts) + 1:05d}"
        self._posts.append(Post(name, self._clock.now, channel, author, staff, subject, text))
        return name

    def since(self, at: int) -> list[Post]:
        """Return what appeared from unix second *at* on."""
        place = len(self._posts)
        while place and self._posts[place - 1].at >= at:
            place -= 1
        return self._posts[place:]


class PostClient:
    """A reader of the channels."""

    __slots__ = ("_channels",)

    def __init__(self, channels: PublicChannels) -> None:
        """Read *channels*."""
        self._channels = channels

    def since(self, at: int) -> list[Post]:
        """Return what appeared from unix second *at* on."""
        return self._channels.since(at)
