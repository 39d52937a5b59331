"""JSON-RPC beside a run: over a real socket, while the world goes on, and how it ends."""

from __future__ import annotations

import json
import socket
import threading
import urllib.error
import urllib.request
from collections.abc import Callable
from http.client import HTTPException
from typing import Any

import pytest

pytest.importorskip("starlette", reason="the server is not installed (extra rpc)")
pytest.importorskip("uvicorn", reason="the server is not installed (extra rpc)")

import rpc_lab
import world_lab as lab
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

from twin.chain.rpc import DevAccount
from twin.console.company import Company
from twin.console.server import listen
from twin.protocol.roles import account_of, key_of

NAMES = ("trader-1", "trader-2")
ME = "0x" + account_of(NAMES[0]).hex()


class Caller(threading.Thread):
    """A client in a thread of its own, which does *what* with a function that asks."""

    def __init__(self, port: int, what: Callable[[Callable[..., Any]], object]) -> None:
        super().__init__()
        self.port, self.what = port, what
        self.found: Any = None

    def ask(self, method: str, *params: Any) -> Any:
        found = self.post({"jsonrpc": "2.0", "id": 1, "method": method, "params": params})
        return found["result"] if "result" in found else found["error"]

    def post(self, body: Any) -> Any:
        request = urllib.request.Request(
            f"http://127.0.0.1:{self.port}", json.dumps(body).encode(),
            {"Content-Type": "application/json"},
        )  # fmt: skip
        with urllib.request.urlopen(request, timeout=60) as answer:  # noqa: S310
            return json.loads(answer.read())

    def run(self) -> None:
        self.found = self.what(self.ask)


def accounts(_world: Any) -> list[DevAccount]:
    return [DevAccount(name, account_of(name), key_of(name)) for name in NAMES]


def stage() -> lab.Stage:
    return lab.stage(
        duration="30d", agents=[*lab.NODES, lab.agent("noise", "trader", 3)],
    )  # fmt: skip


def pays(ask: Callable[..., Any]) -> Any:
    """Send a transaction, wait until a block holds it, and read what there is."""
    sent = ask("eth_sendTransaction", {"from": ME, "to": rpc_lab.NOBODY, "value": "0x7"})
    receipt = None
    while receipt is None:
        receipt = ask("eth_getTransactionReceipt", sent)
    return receipt["status"], ask("eth_getBalance", rpc_lab.NOBODY, "latest")


def test_a_run_is_talked_to_while_it_goes_on() -> None:
    made, told = stage(), list[Any]()
    bound = listen(0)
    port = bound.getsockname()[1]
    with Company(bound, accounts=accounts, told=told.append) as company:
        company.join(made.world)
        caller = Caller(port, pays)
        caller.start()
        minute = 0
        while caller.is_alive() and minute < 30 * 24 * 60:
            minute += 1
            made.run(60 * minute)
        caller.join()
        assert caller.found == ("0x1", "0x7")
        assert (company.sent, told) == (1, [made.world])
        company.over()
        ended = Caller(port, lambda ask: (ask("eth_blockNumber"), ask(
            "eth_sendTransaction", {"from": ME, "to": rpc_lab.NOBODY})))  # fmt: skip
        ended.start()
        ended.join()
        head, refused = ended.found
        assert int(head, 16) == made.world.chain.head
        assert "the run has ended" in refused["message"]
    with socket.socket() as again:
        again.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        again.bind(("127.0.0.1", port))
    assert [thread.name for thread in threading.enumerate() if thread.name == "json-rpc"] == []


def test_a_batch_sees_one_block() -> None:
    made, bound = stage(), listen(0)
    asked = [{"jsonrpc": "2.0", "id": n, "method": "eth_blockNumber"} for n in range(200)]
    caller = Caller(bound.getsockname()[1], lambda _ask: caller.post(asked))
    with Company(bound, accounts=accounts, told=lambda _world: None) as company:
        company.join(made.world)
        caller.start()
        minute = 0
        while caller.is_alive():
            minute += 1
            made.run(60 * minute)
    assert len({item["result"] for item in caller.found}) == 1


def test_subscribers_hear_of_blocks_and_are_told_goodbye() -> None:
    made = stage()
    bound = listen(0)
    port = bound.getsockname()[1]
    heads, codes = list[int](), list[int]()
    heard, ready = threading.Event(), threading.Event()

    def listens() -> None:
        with connect(f"ws://127.0.0.1:{port}", open_timeout=60) as websocket:
            body = {"jsonrpc": "2.0", "id": 1, "method": "eth_subscribe", "params": ["newHeads"]}
            websocket.send(json.dumps(body))
            ready.set()
            try:
                while True:
                    message = json.loads(websocket.recv(timeout=60))
                    if message.get("method") == "eth_subscription":
                        heads.append(int(message["params"]["result"]["number"], 16))
                        heard.set()
            except ConnectionClosed as closed:
                codes.append(-1 if closed.rcvd is None else closed.rcvd.code)

    with Company(bound, accounts=accounts, told=lambda _world: None) as company:
        company.join(made.world)
        thread = threading.Thread(target=listens)
        thread.start()
        minute = 0
        while not heard.is_set() and minute < 30 * 24 * 60:
            minute += 1
            made.run(60 * minute)
        company.over()
    thread.join()
    assert ready.is_set()
    assert heads == list(range(heads[0], heads[0] + len(heads)))
    assert codes == [1012]


def test_a_run_that_breaks_leaves_nothing_behind() -> None:
    made = stage()
    bound = listen(0)
    port = bound.getsockname()[1]

    def asks(ask: Callable[..., Any]) -> Any:
        """Ask; whoever came when the door was closing is turned away."""
        try:
            return ask("eth_blockNumber")
        except (ConnectionError, HTTPException, urllib.error.URLError):
            return "turned away"

    caller = Caller(port, asks)

    def breaks() -> None:
        with Company(bound, accounts=accounts, told=lambda _world: None) as company:
            company.join(made.world)
            caller.start()  # it waits for a turn that the run never offers
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        breaks()
    caller.join(60)
    assert not caller.is_alive()
    assert caller.found in {"0x0", "turned away"}
    with pytest.raises(urllib.error.URLError):
        Caller(port, lambda ask: None).ask("eth_blockNumber")


def test_a_company_without_a_world_closes_its_socket() -> None:
    bound = listen(0)
    with Company(bound, accounts=accounts, told=lambda _world: None) as company:
        assert company.sent == 0
    assert bound.fileno() == -1
