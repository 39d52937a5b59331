"""JSON-RPC without a transport: bytes of a request in, bytes of its answer out.

`Rpc.handle` never raises for what a client sends. Methods come from the namespaces; those that
change the twin other than by a transaction need the token of this start, where there is one.
"""

from __future__ import annotations

import hmac
import json
import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from twin.chain.chain import Chain
from twin.chain.port import Transaction
from twin.chain.rpc.context import Context, DevAccount, Method, Namespace
from twin.chain.rpc.debug import Debug
from twin.chain.rpc.errors import (
    InvalidRequest,
    MethodNotFound,
    ParseError,
    RpcError,
    Unauthorised,
    from_twin,
)
from twin.chain.rpc.eth_blocks import Blocks
from twin.chain.rpc.eth_fees import Fees
from twin.chain.rpc.eth_filters import FilterMethods
from twin.chain.rpc.eth_send import Sending
from twin.chain.rpc.eth_state import State
from twin.chain.rpc.evm import Evm
from twin.chain.rpc.filters import Filters
from twin.chain.rpc.node import Node, modules
from twin.chain.rpc.params import Params
from twin.chain.rpc.simulate import Simulation
from twin.chain.rpc.subscriptions import Session
from twin.chain.rpc.txpool import TxPool
from twin.clock import Clock
from twin.errors import ChainError, TwinError

__all__ = ["MOST_BYTES", "MOST_ITEMS", "Rpc"]

MOST_BYTES = 2 * 2**20
"""The largest body that is read."""

MOST_ITEMS = 1_000
"""The most requests in a batch."""

_CHANGES = ("evm", "hardhat", "anvil")  # namespaces that need the token
_DEEPEST = 64  # levels of a request
_STRINGS = re.compile(rb'"(?:[^"\\]|\\.)*+"', re.DOTALL)
_NO_BRACKETS = bytes(byte for byte in range(256) if byte not in b"[]{}")
_FREE = {"hardhat_getAutomine"}

Crash = Callable[[str, Exception], object]
Submit = Callable[[Transaction], bytes]


class Rpc:
    """JSON-RPC over *chain*, which stands at the present of *clock*.

    *accounts* are those that it signs for. With *bare*, which takes a `BareChain`, the methods
    that change the twin are served, to whoever gives *token*, or to all where that is None.
    """

    def __init__(
        self,
        chain: Chain,
        clock: Clock,
        *,
        accounts: Iterable[DevAccount] = (),
        bare: bool = False,
        token: str | None = None,
        on_crash: Crash | None = None,
        submit: Submit | None = None,
    ) -> None:
        """Gather the methods; *on_crash* is told (method, error) of what should not happen.

        *submit* takes transactions instead of the chain, and returns their hashes.
        """
        self.chain, self.clock, self.token = chain, clock, token
        self.context = Context(chain, accounts)
        if submit is not None:
            self.context.submit = submit
        self.filters = Filters(self.context)
        self._on_crash = on_crash
        state = State(self.context)
        parts: list[Namespace] = [
            Blocks(self.context),
            state,
            Sending(self.context, state),
            Fees(self.context),
            FilterMethods(self.context, self.filters),
            Node(self.context),
            TxPool(self.context),
            Debug(self.context),
            Simulation(self.context),
        ]
        self.methods: dict[str, Method] = {
            name: method for part in parts for name, method in part.methods().items()
        }
        if bare:
            if self.context.bare is None:
                raise ChainError("bare: only a chain without a world can be rewound")
            self.methods |= Evm(self.context, self.filters, self.context.bare).methods()
        self.methods["rpc_modules"] = (lambda _: modules(self.methods), 0)

    # -- bytes

    def handle(
        self, body: bytes, *, token: str | None = None, session: Session | None = None
    ) -> bytes:
        """Return the answer to *body*, one request or a batch; empty where none is expected.

        *token* is what the client showed. *session* is its connection, where it can subscribe.
        """
        try:
            asked = _parsed(body)
        except RpcError as error:
            return _encoded(_failed(None, error))
        if isinstance(asked, list):
            return self._batch(asked, token, session)
        answer = self._answer(asked, token, session)
        return b"" if answer is None else _encoded(answer)

    def _batch(self, asked: list[Any], token: str | None, session: Session | None) -> bytes:
        if not asked:
            return _encoded(_failed(None, InvalidRequest("empty batch")))
        if len(asked) > MOST_ITEMS:
            error = InvalidRequest(f"batch too large: {len(asked)} requests, at most {MOST_ITEMS}")
            return _encoded(_failed(None, error))
        answers = [self._answer(item, token, session) for item in asked]
        found = [answer for answer in answers if answer is not None]
        return _encoded(found) if found else b""

    def _answer(
        self, asked: Any, token: str | None, session: Session | None
    ) -> dict[str, Any] | None:
        """Return the answer to one request, None to a notification."""
        try:
            method, params = _request(asked)
        except RpcError as error:
            return _failed(None, error)
        answer: dict[str, Any]
        name = asked.get("id")
        try:
            answer = _succeeded(name, self.call(method, params, token=token, session=session))
        except TwinError as error:
            answer = _failed(name, from_twin(error))
        except Exception as error:  # a server answers; whoever runs it is told
            if self._on_crash is None:
                raise
            self._on_crash(method, error)
            answer = _failed(name, _Internal(f"internal error: {type(error).__name__}"))
        return answer if "id" in asked else None

    # -- methods

    def call(
        self,
        method: str,
        params: list[Any],
        *,
        token: str | None = None,
        session: Session | None = None,
    ) -> Any:
        """Return what *method* answers to *params*, as JSON; RpcError or another TwinError."""
        if method in {"eth_subscribe", "eth_unsubscribe"}:
            if session is None:
                raise MethodNotFound("notifications not supported: subscribe over WebSocket")
            return session.call(method, params)
        found = self.methods.get(method)
        if found is None:
            here = (
                ""
                if method.partition("_")[0] not in _CHANGES
                else (": it needs a chain without a world (twin serve --bare)")
            )
            raise MethodNotFound(f"the method {method} does not exist/is not available{here}")
        self._check_token(method, token)
        run, most = found
        return run(Params(params, most=most))

    def _check_token(self, method: str, token: str | None) -> None:
        if self.token is None or method.partition("_")[0] not in _CHANGES or method in _FREE:
            return
        if token is None or not hmac.compare_digest(token.encode(), self.token.encode()):
            raise Unauthorised(
                f"{method} changes the twin: send the token of this start as "
                "'Authorization: Bearer TOKEN' or in the address as ?token=TOKEN"
            )

    def session(self) -> Session:
        """Return a new connection that can subscribe."""
        return Session(self.context, self.filters)


class _Internal(RpcError):
    code = -32603


def _no_constant(name: str) -> Any:
    raise ValueError(f"{name} is no JSON")


def _deep(body: bytes) -> bool:
    """Return whether *body* nests so deep that reading it could overflow the C stack.

    Python's own limit does not help: py-evm raises it to 10,240 when it is imported, and json's
    scanner, written in C, dies before that.
    """
    if body.count(b"[") + body.count(b"{") <= _DEEPEST:
        return False
    depth = 0
    for byte in _STRINGS.sub(b"", body).translate(None, delete=_NO_BRACKETS):
        depth += 1 if byte in b"[{" else -1
        if depth > _DEEPEST:
            return True
    return False


def _parsed(body: bytes) -> Any:
    if len(body) > MOST_BYTES:
        raise InvalidRequest(f"request too large: {len(body)} bytes, at most {MOST_BYTES}")
    if _deep(body):
        raise ParseError(f"parse error: nested deeper than {_DEEPEST}")
    try:
        return json.loads(body, parse_constant=_no_constant)
    except ValueError as error:  # decoding errors are ValueErrors
        raise ParseError(f"parse error: {str(error)[:200]}") from None


def _request(asked: Any) -> tuple[str, list[Any]]:
    """Return method and arguments of one request."""
    if not isinstance(asked, Mapping):
        raise InvalidRequest("invalid request: expected an object")
    if isinstance(asked.get("id"), dict | list | bool):
        raise InvalidRequest("invalid request: an id is a string, a number or null")
    method, params = asked.get("method"), asked.get("params", [])
    if asked.get("jsonrpc") != "2.0" or not isinstance(method, str):
        raise InvalidRequest('invalid request: expected "jsonrpc": "2.0" and a method')
    if params is None:
        params = []
    if not isinstance(params, list):
        raise InvalidRequest("invalid request: params are positional, an array")
    return method, params


def _succeeded(name: Any, result: Any) -> dict[str, Any]:
    return {"jsonrpc": "2.0", "id": name, "result": result}


def _failed(name: Any, error: RpcError) -> dict[str, Any]:
    return {"jsonrpc": "2.0", "id": name, "error": error.as_json()}


def _encoded(answer: Any) -> bytes:
    return json.dumps(answer, separators=(",", ":")).encode()
