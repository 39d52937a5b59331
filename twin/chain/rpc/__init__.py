"""JSON-RPC of the chain, independent of how requests come: see `dispatch`."""

from __future__ import annotations

from twin.chain.rpc.bare import BareChain
from twin.chain.rpc.context import DevAccount
from twin.chain.rpc.dispatch import Rpc

__all__ = ["BareChain", "DevAccount", "Rpc"]
