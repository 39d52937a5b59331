"""The server: who is let in, what comes back over HTTP and WebSocket."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from typing import Any

import pytest

pytest.importorskip("starlette", reason="the server is not installed (extra rpc)")
pytest.importorskip("httpx2", reason="starlette's test client needs httpx2")

import rpc_lab as lab
from starlette.testclient import TestClient
from starlette.websockets import WebSocketDisconnect

from twin.chain.rpc.dispatch import MOST_BYTES, MOST_ITEMS
from twin.chain.rpc.guard import Guard
from twin.console import server
from twin.console.server import Hub, application
from twin.errors import CrashError

URL = "http://127.0.0.1:8545"
JSON = {"content-type": "application/json"}
ASKED = {"jsonrpc": "2.0", "id": 1, "method": "eth_blockNumber", "params": []}


@pytest.fixture
def hub() -> Hub:
    return Hub(lab.rpc_of(lab.chain_of(), token="right"))


@pytest.fixture
def web(hub: Hub) -> Iterator[TestClient]:
    with TestClient(application(hub, Guard(8545)), base_url=URL) as client:
        yield client


def body(method: str, *params: Any) -> dict[str, Any]:
    return {"jsonrpc": "2.0", "id": 1, "method": method, "params": params}


def test_metrics_are_answered_as_they_are_asked_for_and_a_bare_chain_has_none(
    hub: Hub, web: TestClient
) -> None:
    assert web.get("/metrics").status_code == 404
    measured = Hub(hub.rpc, metrics=lambda accept: (f"kind/{accept[:4]}; version=1", "x 1\n"))
    with TestClient(application(measured, Guard(8545)), base_url=URL) as other:
        found = other.get("/metrics", headers={"accept": "text/plain"})
    assert (found.status_code, found.headers["content-type"], found.text) == (
        200, "kind/text; version=1", "x 1\n"
    )  # fmt: skip


def test_a_post_is_answered_without_a_cors_header(web: TestClient) -> None:
    answer = web.post("/", json=ASKED, headers={"origin": URL})
    assert (answer.status_code, answer.json()["result"]) == (200, "0x0")
    assert answer.headers["content-type"] == "application/json"
    assert not [name for name in answer.headers if name.startswith("access-control")]


@pytest.mark.parametrize(
    ("method", "path", "headers", "content", "status"),
    [
        ("POST", "/", {"content-type": "text/plain"}, b"{}", 415),
        ("POST", "/", JSON | {"host": "evil.example"}, b"{}", 403),
        ("POST", "/", JSON | {"origin": "http://evil.example"}, b"{}", 403),
        ("POST", "/", JSON | {"origin": "null"}, b"{}", 403),
        ("POST", "/", JSON, b" " * (MOST_BYTES + 1), 413),
        ("GET", "/", {}, b"", 405),
        ("OPTIONS", "/", {"origin": URL}, b"", 405),
        ("POST", "/elsewhere", JSON, b"{}", 404),
    ],
)
def test_what_is_not_let_in(
    web: TestClient, method: str, path: str, headers: dict[str, str], content: bytes, status: int
) -> None:
    assert web.request(method, path, headers=headers, content=content).status_code == status


def test_a_long_body_without_a_length_is_cut_off(web: TestClient) -> None:
    chunks = (b" " * 65_536 for _ in range(MOST_BYTES // 65_536 + 1))
    assert web.post("/", content=chunks, headers=JSON).status_code == 413


def test_batches_and_notifications(web: TestClient) -> None:
    assert len(web.post("/", json=[ASKED] * MOST_ITEMS).json()) == MOST_ITEMS
    assert web.post("/", json=[ASKED] * (MOST_ITEMS + 1)).json()["error"]["code"] == -32600
    silent = {name: value for name, value in ASKED.items() if name != "id"}
    answer = web.post("/", json=silent)
    assert (answer.status_code, answer.content) == (204, b"")
    assert web.post("/", content=b"{", headers=JSON).json()["error"]["code"] == -32700


def test_the_token_is_shown_in_a_header_or_in_the_address(web: TestClient) -> None:
    mine = body("evm_mine")
    assert web.post("/", json=mine).json()["error"]["code"] == -32001
    assert web.post("/?token=wrong", json=mine).json()["error"]["code"] == -32001
    assert web.post("/?token=right", json=mine).json()["result"] == "0x0"
    shown = {"authorization": "Bearer right"}
    assert web.post("/", json=mine, headers=shown).json()["result"] == "0x0"
    assert web.post("/", json=ASKED).json()["result"] == "0x2"


@pytest.mark.parametrize(
    "headers", [{"origin": "http://evil.example"}, {"host": "evil.example"}, {"origin": "null"}]
)
def test_an_upgrade_is_refused_before_it_is_accepted(
    web: TestClient, headers: dict[str, str]
) -> None:
    with pytest.raises(WebSocketDisconnect), web.websocket_connect("/", headers=headers):
        pass  # pragma: no cover - the connection never opens


def local(web: TestClient, path: str = "/") -> Any:
    """Return a WebSocket to the server under its own name."""
    return web.websocket_connect(path, headers={"host": "127.0.0.1:8545"})


def test_a_websocket_answers_and_pushes(web: TestClient, hub: Hub) -> None:
    with local(web) as socket:
        socket.send_json(ASKED)
        assert socket.receive_json()["result"] == "0x0"
        socket.send_bytes(json.dumps(body("eth_subscribe", "newHeads")).encode())
        heads = socket.receive_json()["result"]
        socket.send_json(body("eth_subscribe", "newPendingTransactions"))
        pending = socket.receive_json()["result"]
        # Somebody else sends; this connection hears of it.
        pay = body("eth_sendTransaction", {"from": lab.ANN, "to": lab.BOB})
        sent = web.post("/", json=pay).json()["result"]
        first, second = socket.receive_json()["params"], socket.receive_json()["params"]
        assert (first["subscription"], first["result"]["number"]) == (heads, "0x1")
        assert (second["subscription"], second["result"]) == (pending, sent)
        # Its own: the answer comes before what follows from it.
        socket.send_json(pay | {"id": "own"})
        assert socket.receive_json()["id"] == "own"
        assert socket.receive_json()["params"]["result"]["number"] == "0x2"
        socket.send_text("{")
        assert socket.receive_json()["params"]["subscription"] == pending
        assert socket.receive_json()["error"]["code"] == -32700
        assert len(hub.rpc.filters) == 2
    web.post("/", json=ASKED)
    assert len(hub.rpc.filters) == 0


def test_the_token_of_a_websocket_is_that_of_its_upgrade(web: TestClient) -> None:
    with local(web) as socket:
        socket.send_json(body("evm_mine"))
        assert socket.receive_json()["error"]["code"] == -32001
    with local(web, "/?token=right") as socket:
        socket.send_json(body("evm_mine"))
        assert socket.receive_json()["result"] == "0x0"


def test_a_subscriber_that_does_not_keep_up_is_cut_off(
    hub: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server, "_QUEUED", 3)
    with hub.connection() as (session, queue):
        session.call("eth_subscribe", ["newHeads"])
        for _ in range(6):
            hub.handle(json.dumps(body("evm_mine")).encode(), token="right")
        found = [queue.get_nowait() for _ in range(queue.qsize())]
        assert [text is None for text in found] == [False, False, False, True]
        assert len(hub.rpc.filters) == 0
    assert hub._connections == {}


def test_what_runs_beside_the_server_ends_with_it(hub: Hub) -> None:
    log: list[str] = []

    async def beside() -> None:
        log.append("begun")
        try:
            await asyncio.sleep(3_600)
        finally:
            log.append("ended")

    with TestClient(application(hub, Guard(8545), background=beside), base_url=URL) as web:
        assert web.post("/", json=ASKED).status_code == 200
        assert log == ["begun"]
    assert log == ["begun", "ended"]


@pytest.mark.parametrize(
    ("error", "words"),
    [(ZeroDivisionError("by"), "the simulation broke: ZeroDivisionError: by"),
     (CrashError("its own words"), "^its own words$")],
)  # fmt: skip
def test_a_world_that_breaks_ends_the_server(hub: Hub, error: Exception, words: str) -> None:
    async def broken() -> None:
        raise error

    bound = server.listen(0)
    guard = Guard(bound.getsockname()[1])
    with pytest.raises(CrashError, match=words):
        server.serve(hub, bound, guard=guard, background=broken)
    assert bound.fileno() == -1
