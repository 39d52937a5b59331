"""`net_`, `web3_` and `rpc_`: what kind of node this is."""

from __future__ import annotations

import platform
from collections.abc import Iterable

from twin import __version__
from twin.chain.codec import hex0x, keccak
from twin.chain.rpc.context import Context, Method

__all__ = ["Node"]


class Node:
    """The node itself, which has no peers."""

    def __init__(self, context: Context) -> None:
        """Speak for the chain of *context*."""
        self._context = context

    def methods(self) -> dict[str, Method]:
        """Return the methods by name."""
        engine, python = self._context.chain.engine.name, platform.python_version()
        client = f"fictra-twin/v{__version__}/{engine}/python{python}"
        return {
            "net_version": (lambda _: str(self._context.chain_id), 0),
            "net_listening": (lambda _: True, 0),
            "net_peerCount": (lambda _: "0x0", 0),
            "web3_clientVersion": (lambda _: client, 0),
            "web3_sha3": (lambda params: hex0x(keccak(params.data(0))), 1),
        }


def modules(names: Iterable[str]) -> dict[str, str]:
    """Return the namespaces of the methods *names*, each at version 1.0, as `rpc_modules` does."""
    return dict.fromkeys(sorted({name.partition("_")[0] for name in names}), "1.0")
