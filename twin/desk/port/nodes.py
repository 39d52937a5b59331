"""RPC nodes of the chain: several, of different clients and owners, each with a view of its own."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from twin.desk.port.chain import Call

__all__ = ["NodeStatus", "Nodes"]


@dataclass(frozen=True, slots=True)
class NodeStatus:
    """What *node* says of itself: its head, *peers*, *client* version, and how long it took.

    *number*, *hash* and *timestamp* are of its latest block; *latency* is in milliseconds.
    """

    node: str
    number: int
    hash: str
    timestamp: int
    syncing: bool
    peers: int
    client: str
    latency: int


class Nodes(Protocol):
    """JSON-RPC of each node, by the node's name. All raise NoData while it does not answer."""

    def names(self) -> list[str]:
        """The nodes there are."""

    def request(self, node: str, method: str, *params: Any) -> Any:
        """Return the result of a JSON-RPC request, as JSON: quantities and data are 0x text.

        An error object in the answer raises NoData with the error's message.
        """

    def status(self, node: str) -> NodeStatus:
        """Ask for head, peers, client version and sync state at once."""

    def block_hash(self, node: str, number: int) -> str | None:
        """Return the hash that *node* has for block *number*, None where it has no such block."""

    def read(self, node: str, contract: str, function: str, *args: Any, block: int) -> Any:
        """Call a view function through *node* at *block*, as `View.read` does. Raises Reverted."""

    def batch(self, node: str, calls: Sequence[Call], *, block: int) -> list[Any]:
        """Read *calls* through *node* as one batch; an entry that reverted is a `Reverted`."""
