"""twin serve as a process: its banner, its port, bad clients, and how it ends."""

from __future__ import annotations

import contextlib
import json
import signal
import socket
import stat
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("starlette", reason="the server is not installed (extra rpc)")
pytest.importorskip("uvicorn", reason="the server is not installed (extra rpc)")

import twin.console
from twin.cli import main
from twin.commands.serve import bare_chain
from twin.protocol.roles import account_of

ROOT = Path(__file__).resolve().parent.parent


class Served:
    """A `twin serve` process and what it said of itself."""

    def __init__(self, config: Path, *arguments: str) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "twin", "serve", *arguments, "--port", "0",
             "--config-out", str(config), "--json"],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=ROOT,
        )  # fmt: skip
        assert self.process.stdout is not None
        lines = list(iter(self.process.stdout.readline, "}\n"))
        self.banner = json.loads("".join([*lines, "}"]))
        self.config = json.loads(config.read_text("utf-8"))
        self.port = int(self.config["rpc_url"].rpartition(":")[2])

    def ask(self, method: str, *params: Any) -> Any:
        body = {"jsonrpc": "2.0", "id": 1, "method": method, "params": params}
        request = urllib.request.Request(  # noqa: S310 - our own server
            self.config["rpc_url"], json.dumps(body).encode(), {"Content-Type": "application/json"}
        )
        with urllib.request.urlopen(request, timeout=20) as answer:  # noqa: S310
            return json.loads(answer.read())["result"]

    def raw(self, data: bytes) -> bytes:
        """Return what comes back for *data* on a new connection."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=20) as made:
            found = b""
            # A server that stops reading resets the connection; what it said came before.
            with contextlib.suppress(OSError):
                made.sendall(data)
                made.shutdown(socket.SHUT_WR)
                while part := made.recv(65_536):
                    found += part
            return found

    def end(self, how: signal.Signals) -> int:
        """Send the signal; return the exit code."""
        self.process.send_signal(how)
        with self.process:
            return self.process.wait(timeout=30)


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    found = Served(tmp_path_factory.mktemp("serve") / "twin.json", "--bare")
    yield found
    assert found.end(signal.SIGTERM) == 0


def test_the_banner_and_the_file_say_what_a_client_needs(served: Served) -> None:
    assert served.banner == served.config
    accounts = {item["label"]: item for item in served.config["accounts"]}
    assert accounts["dev-1"]["address"] == "0x" + account_of("dev-1").hex()
    assert {"governance", "pauser", "treasury", "node-7"} <= accounts.keys()
    assert {"PaymentToken", "LiquidityPool"} <= served.config["contracts"].keys()
    assert served.ask("eth_chainId") == hex(served.config["chain_id"])
    assert served.ask("eth_getCode", served.config["contracts"]["PaymentToken"]) != "0x"
    assert len(served.config["token"]) > 20


def test_it_listens_on_loopback_alone(served: Served) -> None:
    found = Path("/proc/net/tcp")
    if not found.exists():
        pytest.skip("no /proc/net/tcp here to look at")
    here = [line.split()[1] for line in found.read_text("ascii").splitlines()
            if line.split()[1].endswith(f":{served.port:04X}") and line.split()[3] == "0A"]  # fmt: skip
    assert here == [f"0100007F:{served.port:04X}"]


HOST = b"Host: 127.0.0.1:%d\r\n"


JSON = b"Content-Type: application/json\r\n"
UPGRADE = b"Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
KEY = b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
POST = b"POST / HTTP/1.1\r\n"
GET = b"GET / HTTP/1.1\r\n"
END = b"Content-Length: 0\r\n\r\n"
CHUNKED = b"Transfer-Encoding: chunked\r\n"


@pytest.mark.parametrize(
    ("data", "status"),
    [
        (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", b"400"),
        (b"GARBAGE\r\n\r\n", b"400"),
        (POST + b"\xff\xfe: x\r\n\r\n", b"400"),
        (POST + HOST + b"Content-Length: banana\r\n\r\n", b"400"),
        (POST + HOST + b"Content-Length: 5\r\nContent-Length: 6\r\n\r\n", b"400"),
        (POST + HOST + CHUNKED + JSON + b"\r\nzz\r\n", b"400"),
        (POST + HOST + b"X: " + b"a" * 200_000 + b"\r\n\r\n", b""),
        (POST + END, b"400"),
        (b"POST / HTTP/1.0\r\n\r\n", b"403"),
        (POST + HOST + b"Origin: \xff\xfe\r\n" + END, b"403"),
        (POST + HOST + b"Content-Type: \xff\r\n" + END, b"415"),
        (POST + HOST + JSON + b"Content-Length: 9999999\r\n\r\n", b"413"),
        (GET + HOST + UPGRADE + b"\r\n", b"4"),
        (GET + b"Host: evil\r\n" + UPGRADE + KEY + b"\r\n", b"403"),
        (b"", b""),
    ],
)
def test_malformed_requests_never_kill_it(served: Served, data: bytes, status: bytes) -> None:
    answer = served.raw(data.replace(b"%d", str(served.port).encode()))
    if status:
        assert answer.split(b" ", 2)[1].startswith(status), answer[:200]
    assert served.ask("net_version") == str(served.config["chain_id"])


def test_the_file_is_its_owners_alone_and_whole(tmp_path: Path) -> None:
    path = tmp_path / "twin.json"
    path.write_text("old", "utf-8")
    found = Served(path, "--bare")
    try:
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        assert [item.name for item in tmp_path.iterdir()] == ["twin.json"]
        assert found.config["schema_version"] == 1
        # An open WebSocket must not hold it up.
        with socket.create_connection(("127.0.0.1", found.port), timeout=20) as made:
            made.sendall(
                b"GET / HTTP/1.1\r\nHost: 127.0.0.1:%d\r\nUpgrade: websocket\r\n"
                b"Connection: Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
                b"Sec-WebSocket-Version: 13\r\n\r\n" % found.port
            )
            assert b" 101 " in made.recv(1_000)
            assert found.end(signal.SIGINT) == 0
    finally:
        found.process.kill()
    assert found.process.stderr is not None
    assert found.process.stderr.closed


def test_a_kill_leaves_nothing_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    monkeypatch.setenv("TMPDIR", str(scratch))
    found = Served(tmp_path / "twin.json", "--bare")
    assert found.ask("eth_blockNumber") == "0x0"
    assert found.end(signal.SIGKILL) == -signal.SIGKILL
    with socket.socket() as again:
        again.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        again.bind(("127.0.0.1", found.port))
    assert list(scratch.iterdir()) == []
    assert sorted(item.name for item in tmp_path.iterdir()) == ["scratch", "twin.json"]


def test_a_world_is_served_at_a_pace(tmp_path: Path) -> None:
    found = Served(tmp_path / "twin.json", "baseline", "--speed", "2000")
    try:
        assert (found.config["bare"], found.config["scenario"]) == (False, "baseline")
        first = int(found.ask("eth_blockNumber"), 16)
        for _ in range(200):
            if int(found.ask("eth_blockNumber"), 16) > first + 10:
                break
            time.sleep(0.05)
        else:
            pytest.fail("the world stands still")
        treasury = next(a for a in found.config["accounts"] if a["label"] == "treasury")
        assert int(found.ask("eth_getBalance", treasury["address"], "latest"), 16) > 0
    finally:
        assert found.end(signal.SIGINT) == 0


def test_a_world_is_served_at_no_pace(tmp_path: Path) -> None:
    found = Served(tmp_path / "twin.json", "baseline", "--speed", "max")
    try:
        assert found.config["speed"] == "max"
        for _ in range(400):
            if int(found.ask("eth_blockNumber"), 16) > 300:  # an hour of virtual time
                break
            time.sleep(0.05)
        else:
            pytest.fail("the world stands still")
    finally:
        assert found.end(signal.SIGTERM) == 0


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ([], "takes a scenario, or --bare"),
        (["baseline", "--bare"], "takes a scenario, or --bare"),
        (["baselin"], "did you mean 'baseline'"),
        (["--bare", "--speed", "0"], "--speed 0"),
        (["baseline", "--speed", "fast"], "above 0, or max"),
        (["baseline", "--speed", "inf"], "above 0, or max"),
        (["--bare", "--port", "99999999"], "port 99999999 cannot be used"),
        (["--bare", "--port", "TAKEN"], "--port 0 takes a free one"),
        (["--bare", "--engine", "quick"], "no engine is called 'quick'"),
    ],
)
def test_bad_usage_ends_with_2_and_one_line(
    arguments: list[str], words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        given = [port if item == "TAKEN" else item for item in arguments]
        if "--port" not in given:
            given += ["--port", "0"]
        assert main(["serve", *given]) == 2
    found = capsys.readouterr()
    assert found.out == ""
    assert words in found.err
    assert found.err.count("\n") == 1


def test_without_the_extra_it_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, "uvicorn", None)
    monkeypatch.delitem(sys.modules, "twin.console.server", raising=False)
    monkeypatch.delattr(twin.console, "server", raising=False)
    assert main(["serve", "--bare", "--port", "0"]) == 2
    assert "fictra-twin[rpc]" in capsys.readouterr().err


def test_the_bare_chain_is_the_same_every_time() -> None:
    one, two = bare_chain(), bare_chain()
    assert one.chain.state_root() == two.chain.state_root()
    assert one.chain.header(0) == two.chain.header(0)
    assert one.accounts == two.accounts
