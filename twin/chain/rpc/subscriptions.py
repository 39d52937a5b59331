"""Subscriptions of one connection: filters whose changes are pushed."""

from __future__ import annotations

import json
from typing import Any

from twin.chain.rpc.context import Context
from twin.chain.rpc.errors import InvalidParams, Refused
from twin.chain.rpc.eth_filters import subscription
from twin.chain.rpc.filters import Filters
from twin.chain.rpc.params import Params

__all__ = ["Session"]

_MOST = 100  # subscriptions of one connection


class Session:
    """One connection; whoever serves it sends what `notifications` returns, after each change."""

    def __init__(self, context: Context, filters: Filters) -> None:
        """Subscribe to nothing yet."""
        self._context, self._filters = context, filters
        self._mine: list[str] = []

    def call(self, method: str, params: list[Any]) -> Any:
        """Carry out `eth_subscribe` or `eth_unsubscribe`."""
        if method == "eth_unsubscribe":
            name = params[0] if params else None
            if name not in self._mine:
                raise Refused("subscription not found")
            self._mine.remove(name)
            return self._filters.remove(name)
        if not params or not isinstance(params[0], str):
            raise InvalidParams("missing value for required argument 0")
        if len(self._mine) >= _MOST:
            raise Refused(f"too many subscriptions: {_MOST} on this connection")
        found = self._filters.add(subscription(self._context, Params(params, most=2)))
        self._mine.append(found)
        return found

    def notifications(self) -> list[str]:
        """Return, as JSON texts, what is new for each subscription."""
        return [
            json.dumps(
                {
                    "jsonrpc": "2.0",
                    "method": "eth_subscription",
                    "params": {"subscription": name, "result": change},
                },
                separators=(",", ":"),
            )
            for name in self._mine
            for change in self._filters.get(name).changes()
        ]

    def close(self) -> None:
        """Forget all subscriptions."""
        for name in self._mine:
            self._filters.remove(name)
        self._mine.clear()
