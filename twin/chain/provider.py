"""web3.py on the twin without a socket: a provider that hands requests to `Rpc` in process.

    w3 = Web3(TwinProvider(rpc))
    w3 = AsyncWeb3(AsyncTwinProvider(rpc))

Requests are encoded and decoded as they would be on a wire, so that what works here works over
HTTP. A token, where the `Rpc` asks for one, is given to the provider.
"""

from __future__ import annotations

from typing import Any, cast

from web3.providers.async_base import AsyncJSONBaseProvider
from web3.providers.base import JSONBaseProvider
from web3.types import RPCEndpoint, RPCResponse

from twin.chain.rpc import Rpc

__all__ = ["AsyncTwinProvider", "TwinProvider"]


class TwinProvider(JSONBaseProvider):
    """A provider for `web3.Web3` over *rpc*."""

    def __init__(self, rpc: Rpc, *, token: str | None = None, **kwargs: Any) -> None:
        """Keep *rpc*; further arguments are those of web3's providers."""
        super().__init__(**kwargs)
        self.rpc, self._token = rpc, token

    def make_request(self, method: RPCEndpoint, params: Any) -> RPCResponse:
        """Return the answer to one request."""
        body = self.encode_rpc_request(method, params)
        return self.decode_rpc_response(self.rpc.handle(body, token=self._token))

    def make_batch_request(
        self, requests: list[tuple[RPCEndpoint, Any]]
    ) -> list[RPCResponse] | RPCResponse:
        """Return the answers to a batch, in its order."""
        body = self.encode_batch_rpc_request(requests)
        answer: Any = self.decode_rpc_response(self.rpc.handle(body, token=self._token))
        return cast("list[RPCResponse] | RPCResponse", answer)

    def is_connected(self, show_traceback: bool = False) -> bool:
        """Return True: there is no connection that could be lost."""
        del show_traceback
        return True


class AsyncTwinProvider(AsyncJSONBaseProvider):
    """A provider for `web3.AsyncWeb3` over *rpc*, which answers without waiting."""

    def __init__(self, rpc: Rpc, *, token: str | None = None, **kwargs: Any) -> None:
        """Keep *rpc*; further arguments are those of web3's providers."""
        super().__init__(**kwargs)
        self.rpc, self._token = rpc, token

    async def make_request(self, method: RPCEndpoint, params: Any) -> RPCResponse:
        """Return the answer to one request."""
        body = self.encode_rpc_request(method, params)
        return self.decode_rpc_response(self.rpc.handle(body, token=self._token))

    async def make_batch_request(
        self, requests: list[tuple[RPCEndpoint, Any]]
    ) -> list[RPCResponse] | RPCResponse:
        """Return the answers to a batch, in its order."""
        body = b"[" + b",".join(self.encode_rpc_request(*request) for request in requests) + b"]"
        answer: Any = self.decode_rpc_response(self.rpc.handle(body, token=self._token))
        return cast("list[RPCResponse] | RPCResponse", answer)

    async def is_connected(self, show_traceback: bool = False) -> bool:
        """Return True: there is no connection that could be lost."""
        del show_traceback
        return True
