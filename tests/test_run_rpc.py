"""twin run --rpc as a process: a run that is talked to, its replay, and every way it ends."""

from __future__ import annotations

import json
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("starlette", reason="the server is not installed (extra rpc)")
pytest.importorskip("uvicorn", reason="the server is not installed (extra rpc)")

from program_lab import ROOT, environment, inside, manifest, twin

from twin.commands.beside import port_of
from twin.errors import UsageError

PATIENCE = 60.0


class Beside:
    """A `twin run --rpc auto` in its own process and folder."""

    def __init__(self, folder: Path, *arguments: str) -> None:
        self.run, self.file = folder / "run", folder / "twin.json"
        self.process = subprocess.Popen(
            [sys.executable, "-m", "twin", "run", *arguments, "--rpc", "auto", "--json",
             "--config-out", str(self.file), "--out", str(self.run)],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=ROOT,
            env=environment(),
        )  # fmt: skip
        end = time.monotonic() + PATIENCE
        while not self.file.exists() and self.process.poll() is None and time.monotonic() < end:
            time.sleep(0.02)
        self.config = json.loads(self.file.read_text("utf-8"))

    def ask(self, method: str, *params: Any) -> Any:
        body = {"jsonrpc": "2.0", "id": 1, "method": method, "params": params}
        request = urllib.request.Request(  # noqa: S310 - our own server
            self.config["rpc_url"], json.dumps(body).encode(), {"Content-Type": "application/json"}
        )
        with urllib.request.urlopen(request, timeout=PATIENCE) as answer:  # noqa: S310
            found = json.loads(answer.read())
        assert "error" not in found, found
        return found["result"]

    def end(self) -> tuple[int, dict[str, Any], str]:
        out, err = self.process.communicate(timeout=PATIENCE)
        return self.process.returncode, json.loads(out), err


def test_what_is_sent_into_a_run_is_replayed(tmp_path: Path) -> None:
    beside = Beside(tmp_path, "baseline", "--until", "3d")
    sender = beside.config["accounts"][0]["address"]
    fields = {"from": sender, "to": "0x" + "99" * 20, "value": "0x7"}
    sent = beside.ask("eth_sendTransaction", fields)
    assert "token" not in beside.config
    code, summary, err = beside.end()
    assert (code, summary["partial"]) == (1, True)  # three days of a week
    assert "1 transactions came from outside" in err
    kinds = [json.loads(line) for line in (beside.run / "events.jsonl").read_text().splitlines()]
    (mine,) = [event for event in kinds if event["kind"] == "outside-transaction"]
    assert mine["hash"] == sent
    mined = [event for event in kinds if event["kind"] == "tx" and event["hash"] == sent]
    assert [event["success"] for event in mined] == [True]
    again = twin("replay", beside.run, "--json", cwd=ROOT)
    assert (again.returncode, json.loads(again.stdout)["passed"]) == (0, True), again.stderr


def test_a_run_that_is_only_looked_at_has_the_digest_of_one_that_is_not(tmp_path: Path) -> None:
    beside = Beside(tmp_path, "baseline", "--until", "1d")
    looked = 0
    while beside.process.poll() is None and looked < 50:
        try:
            beside.ask("eth_getBlockByNumber", "latest", True)
        except OSError:
            break  # it is over
        looked += 1
    _, summary, err = beside.end()
    assert looked > 0
    assert "came from outside" not in err
    run = ("run", "baseline", "--until", "1d", "--json", "--out", tmp_path / "alone")
    alone = twin(*run, cwd=ROOT)
    assert json.loads(alone.stdout)["digest"] == summary["digest"]


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM])
def test_a_hold_lasts_until_it_is_told_to_end(tmp_path: Path, how: signal.Signals) -> None:
    beside = Beside(tmp_path, "baseline", "--until", "1h", "--hold")
    assert beside.process.stderr is not None
    while "served until Ctrl-C" not in (said := beside.process.stderr.readline()):
        assert said, "it ended without a word"
    assert manifest(beside.run)["state"] == "partial"
    assert int(beside.ask("eth_blockNumber"), 16) == 300
    assert beside.process.poll() is None
    beside.process.send_signal(how)
    code, summary, _ = beside.end()
    assert (code, summary["partial"]) == (1, True)
    with socket.socket() as again:
        again.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        again.bind(("127.0.0.1", int(beside.config["rpc_url"].rpartition(":")[2])))


def test_ctrl_c_ends_run_and_server(tmp_path: Path) -> None:
    beside = Beside(tmp_path, "baseline", "--engine", "pyevm")
    beside.ask("eth_blockNumber")
    beside.process.send_signal(signal.SIGINT)
    out, err = beside.process.communicate(timeout=PATIENCE)
    assert beside.process.returncode == 130
    assert json.loads(out)["exit_code"] == 130
    assert "stopped at virtual day" in err
    assert manifest(beside.run)["state"] == "partial"


@pytest.mark.parametrize(
    ("text", "port"), [("auto", 0), ("8545", 8545), ("localhost:1", 1), ("[::1]:9", 9)]
)
def test_an_address_is_one_of_this_machine(text: str, port: int) -> None:
    assert port_of(text) == port


@pytest.mark.parametrize("text", ["0.0.0.0:1", "baseline", "", "127.0.0.1:", "10.0.0.1:80", ":x"])
def test_other_addresses_are_refused(text: str) -> None:
    with pytest.raises(UsageError, match="no other machine may connect"):
        port_of(text)


@pytest.mark.parametrize("option", [("--hold",), ("--config-out", "twin.json")])
def test_what_goes_with_rpc_alone_says_so(tmp_path: Path, option: tuple[str, ...]) -> None:
    done = inside("run", "baseline", *option, cwd=tmp_path)
    assert (done.returncode, "go with --rpc" in done.stderr) == (2, True)
    assert list(tmp_path.iterdir()) == []
