"""What is served beside JSON-RPC where there is a world: the desk's feeds, metrics, and work.

GET or POST /desk/...      a feed (see `feeds`)
GET or POST /api/v1/query  Prometheus' instant query, as of the present
POST /work                 the next job for procedures in a process of their own (see `crew`)
"""

from __future__ import annotations

import json
from contextlib import AbstractContextManager
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from twin.chain.rpc.dispatch import MOST_BYTES
from twin.chain.rpc.guard import Guard, token_of
from twin.console.crew import Crew
from twin.console.feeds import Feeds
from twin.errors import TwinError

__all__ = ["Beside"]


class Beside:
    """The routes over *desk*, which is asked in *turns* with the run.

    *crew* hands out work to whoever shows *token*; without one there is none.
    """

    def __init__(
        self,
        desk: Any,
        feeds: Feeds,
        turns: AbstractContextManager[object],
        guard: Guard,
        *,
        crew: Crew | None = None,
        token: str | None = None,
    ) -> None:
        """Serve nobody yet."""
        self._desk, self._feeds, self._turns, self._guard = desk, feeds, turns, guard
        self._crew, self._token = crew, token

    def routes(self) -> list[Route]:
        """Return the routes."""
        made = [
            Route("/desk/{path:path}", self._feed, methods=["GET", "POST"]),
            Route("/api/v1/query", self._query, methods=["GET", "POST"]),
        ]
        return [*made, Route("/work", self._work, methods=["POST"])] if self._crew else made

    async def _body(self, request: Request) -> bytes | Response:
        """Return the body of a POST, or the refusal of one that is too large or no JSON."""
        refusal = self._guard.check_body(request.scope["headers"], MOST_BYTES)
        if refusal is not None:
            return PlainTextResponse(refusal.reason + "\n", refusal.status)
        body = bytearray()
        async for chunk in request.stream():
            body += chunk
            if len(body) > MOST_BYTES:
                return PlainTextResponse(f"a body has at most {MOST_BYTES} bytes\n", 413)
        return bytes(body)

    async def _feed(self, request: Request) -> Response:
        path: str = request.path_params["path"]
        if request.method == "GET":
            with self._turns:
                answer = self._feeds.get(path)
            return Response(answer, media_type="application/json")
        body = await self._body(request)
        if isinstance(body, Response):
            return body
        with self._turns:
            answer = self._feeds.answer(path, body)
        return Response(answer, media_type="application/json")

    async def _query(self, request: Request) -> Response:
        if request.method == "GET":
            expression = request.query_params.get("query")
        else:
            body = await self._body(request)
            if isinstance(body, Response):
                return body
            try:
                expression = json.loads(body)["query"]
            except (ValueError, KeyError, TypeError):
                expression = None
        if not isinstance(expression, str):
            return JSONResponse(_bad("query: an expression is asked for"), 400)
        try:
            with self._turns:
                found, now = self._desk.metrics.query(expression), self._desk.now
        except TwinError as error:
            return JSONResponse(_bad(str(error)), 200 if request.method == "POST" else 400)
        result = [{"metric": dict(labels), "value": [now, repr(value)]} for labels, value in found]
        return JSONResponse(
            {"status": "success", "data": {"resultType": "vector", "result": result}}
        )

    async def _work(self, request: Request) -> Response:
        body = await self._body(request)
        if isinstance(body, Response):
            return body
        if self._token is not None and self._shown(request) != self._token:
            return PlainTextResponse("work needs the token of this start\n", 401)
        if self._crew is None:
            return PlainTextResponse("there is no work here\n", 404)
        return Response(await self._crew.work(body), media_type="application/json")

    @staticmethod
    def _shown(request: Request) -> str | None:
        return token_of(request.scope["headers"], request.scope["query_string"])


def _bad(message: str) -> dict[str, str]:
    return {"status": "error", "errorType": "bad_data", "error": message}
