"""`eth_` methods about logs and filters."""

from __future__ import annotations

from typing import Any

from twin.chain.rpc.context import Context, Method
from twin.chain.rpc.errors import InvalidParams, Refused
from twin.chain.rpc.filters import (
    BlockFilter,
    Filter,
    Filters,
    LogFilter,
    LogQuery,
    PendingFilter,
    log_query,
    logs,
)
from twin.chain.rpc.params import Params

__all__ = ["FilterMethods", "subscription"]


class FilterMethods:
    """Logs, and what is new."""

    def __init__(self, context: Context, filters: Filters) -> None:
        """Read the chain of *context*; keep filters in *filters*."""
        self._context, self._filters = context, filters

    def methods(self) -> dict[str, Method]:
        """Return the methods by name."""
        return {
            "eth_getLogs": (self._logs, 1),
            "eth_newFilter": (self._new_filter, 1),
            "eth_newBlockFilter": (self._new_block_filter, 0),
            "eth_newPendingTransactionFilter": (self._new_pending_filter, 1),
            "eth_getFilterChanges": (self._changes, 1),
            "eth_getFilterLogs": (self._filter_logs, 1),
            "eth_uninstallFilter": (self._uninstall, 1),
        }

    def _logs(self, params: Params) -> list[dict[str, Any]]:
        return self._matching(params.read(0, log_query))

    def _matching(self, query: LogQuery) -> list[dict[str, Any]]:
        context, head = self._context, self._context.chain.head
        if query.block is not None:
            number = context.number(query.block)
            if number is None:
                raise Refused("unknown block")
            return logs(context, query, first=number, last=number)
        first = self._edge(query.first, head)
        last = self._edge(query.last, head)
        if first > last:
            raise Refused("invalid block range params")
        return logs(context, query, first=first, last=min(last, head))

    def _edge(self, block: Any, head: int) -> int:
        if block is None:
            return head
        if isinstance(block, int):
            return block
        number = self._context.number(block)
        return head if number is None else min(number, head)

    def _new_filter(self, params: Params) -> str:
        return self._filters.add(LogFilter(self._context, params.read(0, log_query)))

    def _new_block_filter(self, _params: Params) -> str:
        return self._filters.add(BlockFilter(self._context))

    def _new_pending_filter(self, params: Params) -> str:
        return self._filters.add(PendingFilter(self._context, full=params.flag(0)))

    def _changes(self, params: Params) -> list[Any]:
        return self._filters.get(params.read(0, _name)).changes()

    def _filter_logs(self, params: Params) -> list[dict[str, Any]]:
        found = self._filters.get(params.read(0, _name))
        if not isinstance(found, LogFilter):
            raise Refused("filter not found")
        query = found.query
        if query.first is None and query.block is None:
            query = LogQuery(query.addresses, query.topics, "earliest", query.last)
        return self._matching(query)

    def _uninstall(self, params: Params) -> bool:
        return self._filters.remove(params.read(0, _name))


def _name(value: Any) -> str:
    if not isinstance(value, str):
        raise ValueError("a filter's id is a string")  # noqa: TRY004
    return hex(int(value, 16)) if value[:2] == "0x" and value[2:].isalnum() else value


def subscription(context: Context, params: Params) -> Filter:
    """Return the filter behind `eth_subscribe` with *params*."""
    kind = params.read(0, str)
    if kind == "newHeads":
        return BlockFilter(context, heads=True)
    if kind == "logs":
        return LogFilter(context, params.read(1, log_query, LogQuery(None, ())))
    if kind == "newPendingTransactions":
        return PendingFilter(context, full=params.flag(1))
    raise InvalidParams(f'no "{kind}" subscription in eth namespace')
