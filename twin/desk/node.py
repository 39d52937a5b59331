"""The node that the desk reads the chain through: it may be down, or behind."""

from __future__ import annotations

from twin.errors import NoData

__all__ = ["NodeAccess"]


class NodeAccess:
    """The desk's way to the chain; *down* and *lag* (blocks behind the head) are the injector's."""

    __slots__ = ("down", "lag")

    def __init__(self) -> None:
        """Start up and level with the chain."""
        self.down, self.lag = False, 0

    def block(self, asked: int | None, head: int) -> int | None:
        """Return the block to read for the one that was *asked* for; NoData while the node is down.

        A node that lags knows nothing above its own head.
        """
        if self.down:
            raise NoData("the node does not answer")
        if not self.lag:
            return asked
        own = max(0, head - self.lag)
        return own if asked is None else min(asked, own)
