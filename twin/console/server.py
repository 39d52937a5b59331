"""JSON-RPC over HTTP and WebSocket on loopback: what is between a socket and `Rpc`.

One thread answers everything in turn, so that the chain is never seen half changed. POST takes a
request or a batch; a WebSocket takes the same and can subscribe. See `guard` for who is let in.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import sys
import threading
import traceback
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator, Sequence
from contextlib import AbstractContextManager
from types import TracebackType
from typing import Any, Self

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import BaseRoute, Route, WebSocketRoute
from starlette.types import ASGIApp, Receive, Scope, Send
from starlette.websockets import WebSocket, WebSocketDisconnect

from twin.chain.rpc.dispatch import MOST_BYTES, Rpc
from twin.chain.rpc.guard import Guard, token_of
from twin.chain.rpc.subscriptions import Session
from twin.errors import CrashError, TwinError, UsageError

__all__ = ["Background", "Guard", "Hub", "application", "listen", "report", "serve"]

_QUEUED = 10_000  # messages that a slow reader may be behind
_GRACE = 2  # seconds that open connections get at the end
_PULSE = 0.05  # seconds between what is told to subscribers of a run
_TRY_LATER = 1013  # WebSocket close code

Task = Callable[[], Coroutine[Any, Any, None]]
Ended = Callable[["asyncio.Task[None]"], object]


class Hub:
    """*rpc* with the connections that subscribe to it.

    Where a run has the world, it is asked in *turns* with it. *metrics* gives media type and text
    for an Accept header.
    """

    def __init__(
        self,
        rpc: Rpc,
        turns: AbstractContextManager[object] | None = None,
        *,
        metrics: Callable[[str], tuple[str, str]] | None = None,
    ) -> None:
        """Nobody is connected yet."""
        self.rpc, self._metrics = rpc, metrics
        self._turns = contextlib.nullcontext() if turns is None else turns
        self._connections: dict[Session, asyncio.Queue[str | None]] = {}

    def handle(self, body: bytes, *, token: str | None, session: Session | None = None) -> bytes:
        """Answer *body*, and let subscribers hear of what it changed."""
        with self._turns:
            answer = self.rpc.handle(body, token=token, session=session)
            if session is None:
                self._push()
        return answer

    def metrics(self, accept: str) -> tuple[str, str] | None:
        """Return media type and text of the present metrics; None where nothing is measured."""
        if self._metrics is None:
            return None
        with self._turns:
            return self._metrics(accept)

    def push(self) -> None:
        """Queue what is new for every subscriber; one that does not keep up is cut off."""
        if self._connections:
            with self._turns:
                self._push()

    def _push(self) -> None:
        for session, queue in self._connections.items():
            for text in session.notifications():
                if queue.qsize() >= _QUEUED:
                    session.close()
                    queue.put_nowait(None)
                    break
                queue.put_nowait(text)

    @contextlib.contextmanager
    def connection(self) -> Iterator[tuple[Session, asyncio.Queue[str | None]]]:
        """Yield a session and the queue of what is to be sent, None at its end."""
        with self._turns:
            session, queue = self.rpc.session(), asyncio.Queue[str | None]()
        self._connections[session] = queue
        try:
            yield session, queue
        finally:
            del self._connections[session]
            with self._turns:
                session.close()


class _Guarded:
    """An application behind *guard*, which refuses before anything is read or accepted."""

    def __init__(self, app: ASGIApp, guard: Guard) -> None:
        self._app, self._guard = app, guard

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] in {"http", "websocket"}:
            refusal = self._guard.check(scope["headers"])
            if refusal is not None:
                if scope["type"] == "websocket":  # closed before it is accepted: HTTP 403
                    await send({"type": "websocket.close", "code": 1008})
                    return
                await PlainTextResponse(refusal.reason + "\n", refusal.status)(scope, receive, send)
                return
        await self._app(scope, receive, send)


class _Endpoints:
    """What answers on `/` and on `/metrics`."""

    def __init__(self, hub: Hub, guard: Guard) -> None:
        self._hub, self._guard = hub, guard

    async def post(self, request: Request) -> Response:
        """Answer a request or a batch."""
        refusal = self._guard.check_body(request.scope["headers"], MOST_BYTES)
        if refusal is not None:
            return PlainTextResponse(refusal.reason + "\n", refusal.status)
        body = bytearray()
        async for chunk in request.stream():
            body += chunk
            if len(body) > MOST_BYTES:
                return PlainTextResponse(f"a body has at most {MOST_BYTES} bytes\n", 413)
        answer = self._hub.handle(bytes(body), token=_token(request.scope))
        if not answer:
            return Response(status_code=204)
        return Response(answer, media_type="application/json")

    async def scrape(self, request: Request) -> Response:
        """Answer with the present metrics, as Prometheus asks for them."""
        found = self._hub.metrics(request.headers.get("accept", ""))
        if found is None:
            return PlainTextResponse("a bare chain measures nothing: serve a scenario\n", 404)
        return Response(found[1], headers={"content-type": found[0]})

    async def talk(self, websocket: WebSocket) -> None:
        """Answer messages, and send what is subscribed to, until the client goes away."""
        await websocket.accept()
        token = _token(websocket.scope)
        with self._hub.connection() as (session, queue):
            sender = asyncio.create_task(_send(websocket, queue))
            try:
                while (body := await _received(websocket)) is not None:
                    answer = self._hub.handle(body, token=token, session=session)
                    if answer:
                        queue.put_nowait(answer.decode())
                    self._hub.push()
            finally:
                sender.cancel()


def application(
    hub: Hub,
    guard: Guard,
    *,
    background: Task | None = None,
    ended: Ended | None = None,
    beside: Sequence[BaseRoute] = (),
) -> ASGIApp:
    """Return the ASGI application, with what is served *beside* JSON-RPC.

    *background* runs as long as it does; *ended* is called with its task when it is over.
    """
    endpoints = _Endpoints(hub, guard)

    @contextlib.asynccontextmanager
    async def lifespan(_app: Starlette) -> AsyncIterator[None]:
        if background is None:
            yield
            return
        task = asyncio.create_task(background())
        if ended is not None:
            task.add_done_callback(ended)
        yield
        task.cancel()
        await asyncio.wait([task])

    routes = [
        Route("/", endpoints.post, methods=["POST"]),
        Route("/metrics", endpoints.scrape, methods=["GET"]),
        WebSocketRoute("/", endpoints.talk),
        *beside,
    ]
    return _Guarded(Starlette(routes=routes, lifespan=lifespan), guard)


def _token(scope: Scope) -> str | None:
    return token_of(scope["headers"], scope["query_string"])


async def _received(websocket: WebSocket) -> bytes | None:
    """Return the next message, text or binary; None when the client is gone."""
    message = await websocket.receive()
    if message["type"] == "websocket.disconnect":
        return None
    text: str | None = message.get("text")
    data: bytes = message.get("bytes") or b""
    return data if text is None else text.encode()


async def _send(websocket: WebSocket, queue: asyncio.Queue[str | None]) -> None:
    """Send what is queued, until the client is gone or too far behind."""
    while (text := await queue.get()) is not None:
        try:
            await websocket.send_text(text)
        except (WebSocketDisconnect, RuntimeError):
            return  # it closed meanwhile; the reading side ends the connection
    await websocket.close(_TRY_LATER)


def listen(port: int) -> socket.socket:
    """Return a socket that listens on loopback *port*, 0 for a free one."""
    # With the protocol named, asyncio turns Nagle's delay off: an answer would wait 40 ms for it.
    made = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        made.bind(("127.0.0.1", port))
    except (OSError, OverflowError) as error:
        made.close()
        raise UsageError(
            f"port {port} cannot be used ({error}); --port 0 takes a free one"
        ) from None
    made.listen(128)
    return made


class _Server(uvicorn.Server):
    """uvicorn, which ends by itself after a signal instead of raising it again."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        with super().capture_signals():
            yield
            self._captured_signals.clear()


def _config(app: ASGIApp) -> uvicorn.Config:
    return uvicorn.Config(
        app,
        log_level="critical",
        access_log=False,
        ws="websockets-sansio",
        ws_max_size=MOST_BYTES,
        http="h11",
        loop="asyncio",
        lifespan="on",
        server_header=False,
        date_header=False,
        proxy_headers=False,
        timeout_graceful_shutdown=_GRACE,
    )


class Background:
    """A server in a thread of its own, from the beginning of a `with` to its end.

    Subscribers hear what is new every *pulse* seconds. At the end, connections are closed as they
    should be, the thread is over and the port is free.
    """

    def __init__(
        self,
        hub: Hub,
        bound: socket.socket,
        guard: Guard,
        *,
        beside: Sequence[BaseRoute] = (),
    ) -> None:
        """Serve nobody yet."""
        self._hub, self._bound = hub, bound
        app = application(hub, guard, background=self._pulse, ended=self._ended, beside=beside)
        self._server = _Server(_config(app))
        self._thread = threading.Thread(target=self._run, name="json-rpc", daemon=True)

    def _run(self) -> None:
        self._server.run(sockets=[self._bound])

    @staticmethod
    def _ended(task: asyncio.Task[None]) -> None:
        error = None if task.cancelled() else task.exception()
        if isinstance(error, Exception):
            report("telling subscribers", error)

    async def _pulse(self) -> None:
        while True:
            await asyncio.sleep(_PULSE)
            self._hub.push()

    def __enter__(self) -> Self:
        """Begin."""
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """End; whoever is being answered gets the answer."""
        self._server.should_exit = True
        self._thread.join()
        self._bound.close()


def serve(
    hub: Hub,
    bound: socket.socket,
    *,
    guard: Guard,
    background: Task | None = None,
    beside: Sequence[BaseRoute] = (),
) -> None:
    """Serve *hub* on *bound* until SIGINT or SIGTERM, or until *background* breaks.

    Raises what it broke with, as a CrashError where it is no error of the twin's.
    """
    failed: list[BaseException] = []

    def ended(task: asyncio.Task[None]) -> None:
        error = None if task.cancelled() else task.exception()
        if error is not None:
            failed.append(error)
            server.should_exit = True

    app = application(hub, guard, background=background, ended=ended, beside=beside)
    server = _Server(_config(app))
    try:
        server.run(sockets=[bound])
    finally:
        bound.close()
    for error in failed:
        if isinstance(error, TwinError):
            raise error
        raise CrashError(f"the simulation broke: {type(error).__name__}: {error}") from error


def report(method: str, error: Exception) -> None:
    """Tell whoever runs the server of an error that a method should not have."""
    sys.stderr.write(f"{method} broke:\n" + "".join(traceback.format_exception(error)))
