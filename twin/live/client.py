"""HTTP to one address, over one connection that is kept: JSON in, JSON out."""

from __future__ import annotations

import http.client
import json
from typing import Any
from urllib.parse import urlsplit

from twin.desk import wire
from twin.errors import DeskError, UsageError

__all__ = ["Client"]


class Client:
    """A client of the server at *url*, which shows *token* where one is needed."""

    def __init__(self, url: str, *, token: str = "", timeout: float = 60.0) -> None:
        """Connect when something is asked; *timeout* seconds is the longest wait for an answer."""
        parts = urlsplit(url)
        if parts.scheme != "http" or not parts.hostname:
            raise UsageError(f"{url} is no address: write http://127.0.0.1:8545")
        self._host, self._port, self._timeout = parts.hostname, parts.port or 80, timeout
        self._headers = {"Content-Type": "application/json"}
        if token:
            self._headers["Authorization"] = f"Bearer {token}"
        self._connection: http.client.HTTPConnection | None = None

    def _exchange(self, path: str, body: bytes) -> tuple[int, bytes]:
        if self._connection is None:
            self._connection = http.client.HTTPConnection(
                self._host, self._port, timeout=self._timeout
            )
        try:
            self._connection.request("POST", path, body, self._headers)
            answer = self._connection.getresponse()
            return answer.status, answer.read()
        except (OSError, http.client.HTTPException) as error:
            self.close()
            raise DeskError(f"{self._host}:{self._port}{path} does not answer: {error}") from error

    def post(self, path: str, body: bytes) -> bytes:
        """Send *body* and return the answer; DeskError where there is none, or a refusal."""
        status, answer = self._exchange(path, body)
        if status >= 400:
            raise DeskError(f"{path} answers {status}: {answer.decode('utf-8', 'replace').strip()}")
        return answer

    def ask(self, path: str, *args: Any, **named: Any) -> Any:
        """Ask a feed, and return its answer or raise the error that it gives."""
        answer = wire.loads(self.post(path, wire.dumps({"args": list(args), "named": named})))
        if isinstance(answer, dict) and "error" in answer:
            raise wire.raised(answer["error"])
        return answer["value"]

    def rpc(self, method: str, *params: Any) -> Any:
        """Call a JSON-RPC method and return the whole answer, `result` or `error`."""
        body = {"jsonrpc": "2.0", "id": 1, "method": method, "params": list(params)}
        return json.loads(self.post("/", json.dumps(body).encode()))

    def close(self) -> None:
        """Close the connection."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None
