"""anvil (Foundry) at the same work, over its IPC socket: JSON-RPC without HTTP.

It is given the state of the twin's network, free gas and a trader for whom it asks no signature.
Its processor time counts like Python's own: both work for each operation, one after the other.
"""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from twin.bench.workload import CHAIN_ID, RECEIVER, START, TRADER, Network
from twin.errors import CrashError

__all__ = ["Anvil", "AnvilBatch", "program"]

GAS = 500_000
BATCH = 60
"""Requests in a batch, and transactions in a block: as many as 30 million gas have room for."""

PATIENCE = 20.0
"""Seconds that anvil gets to open its socket."""

# The shell ends anvil when its own standard input ends, however this process does.
_GUARDED = '"$@" >/dev/null 2>&1 & echo $!; read -r _; kill $!'

Go = Callable[[], float | None]


def program() -> str | None:
    """Return the path of anvil: beside this Python (`make peers` puts it there) or on PATH."""
    beside = str(Path(sys.executable).parent)
    return shutil.which("anvil", path=os.pathsep.join((beside, os.environ.get("PATH", ""))))


def _hex(data: bytes) -> str:
    return "0x" + data.hex()


class Anvil:
    """One request after the other, each answered with the receipt; each transaction has a block."""

    method = "eth_sendTransactionSync"  # its plain one answers before the block is there
    mining: tuple[str, ...] = ()

    def __init__(self, network: Network) -> None:
        """Start anvil with the state of *network*."""
        self.network = network
        self._folder = tempfile.TemporaryDirectory(prefix="twin-anvil-")
        place = Path(self._folder.name)
        genesis = place / "genesis.json"
        genesis.write_text(json.dumps(_genesis(network)), "utf-8")
        self._process = subprocess.Popen(  # noqa: S603 - the program that was asked for
            ["/bin/sh", "-c", _GUARDED, "sh", *self._command(genesis, place / "ipc")],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        )  # fmt: skip
        assert self._process.stdout is not None  # noqa: S101 - a pipe was asked for
        self._pid = int(self._process.stdout.readline())
        self._wire = _Wire(place / "ipc")
        self._wire.ask(("anvil_impersonateAccount", [_hex(TRADER)]))

    def _command(self, genesis: Path, socket_path: Path) -> list[str]:
        found = program()
        if found is None:
            raise CrashError("anvil is not installed here: make peers")
        return [
            found, "--ipc", str(socket_path), "--port", "0", "--init", str(genesis),
            "--chain-id", str(CHAIN_ID), "--hardfork", "cancun", "--accounts", "0",
            "--block-base-fee-per-gas", "0", "--gas-limit", "30000000", "--order", "fifo",
            "--disable-min-priority-fee", *self.mining,
        ]  # fmt: skip

    def prepare(self, kind: str, first: int, count: int) -> Go:
        """Return the loop over *count* operations, encoded before."""
        asked = [self._request(kind, number) for number in range(first, first + count)]
        if kind != "view":  # in a batch the nonces are not handed out one after the other
            nonce = int(self._wire.ask(("eth_getTransactionCount", [_hex(TRADER), "latest"])), 16)
            for place, (_method, [said]) in enumerate(asked):
                said["nonce"] = hex(nonce + place)
        return lambda: self._timed(self._read if kind == "view" else self._send, asked)

    def seen(self) -> tuple[int, int]:
        """Read the receiver's balance and the pool's count of swaps."""
        token, pool = self.network.token, self.network.pool
        asked = (token.address, token.encode("balanceOf", RECEIVER)), (
            pool.address, pool.encode("swapCount")
        )  # fmt: skip
        held, swaps = (self._wire.ask(_call(to, data)) for to, data in asked)
        return int(held, 16), int(swaps, 16)

    def _request(self, kind: str, number: int) -> tuple[str, list[Any]]:
        to, data = self.network.encoded(kind, number)
        if kind == "view":
            return _call(to, data)
        free = {"gas": hex(GAS), "maxFeePerGas": "0x0", "maxPriorityFeePerGas": "0x0"}
        said = {"from": _hex(TRADER), "to": _hex(to), "data": _hex(data), **free}
        return self.method, [said]

    def _timed(
        self, work: Callable[[Sequence[tuple[str, list[Any]]]], None], asked: Sequence[Any]
    ) -> float:
        """Do *work*; return the processor time of both processes, or the wall's where unknown."""
        wall, ours, theirs = time.perf_counter(), time.process_time(), _cpu(self._pid)
        work(asked)
        if theirs is None:
            return time.perf_counter() - wall
        return time.process_time() - ours + ((_cpu(self._pid) or 0) - theirs)

    def _send(self, asked: Sequence[tuple[str, list[Any]]]) -> None:
        ask = self._wire.ask
        for request in asked:
            _good(ask(request))

    def _read(self, asked: Sequence[tuple[str, list[Any]]]) -> None:
        for request in asked:
            self._wire.ask(request)


class AnvilBatch(Anvil):
    """Sixty requests at a time, a block for them, and all its receipts in one answer."""

    method = "eth_sendTransaction"
    mining = ("--no-mining",)

    def _send(self, asked: Sequence[tuple[str, list[Any]]]) -> None:
        wire = self._wire
        for at in range(0, len(asked), BATCH):
            batch = asked[at : at + BATCH]
            wire.ask_all(batch)
            wire.ask(("evm_mine", []))
            receipts = wire.ask(("eth_getBlockReceipts", ["latest"]))
            if len(receipts) != len(batch):
                raise CrashError(f"anvil: {len(receipts)} of {len(batch)} are in the block")
            for receipt in receipts:
                _good(receipt)

    def _read(self, asked: Sequence[tuple[str, list[Any]]]) -> None:
        for at in range(0, len(asked), BATCH):
            self._wire.ask_all(asked[at : at + BATCH])


def _call(to: bytes, data: bytes) -> tuple[str, list[Any]]:
    return "eth_call", [{"from": _hex(TRADER), "to": _hex(to), "data": _hex(data)}, "latest"]


def _good(receipt: Any) -> None:
    """Raise CrashError unless *receipt* is that of a transaction that did not revert."""
    if receipt is None or receipt["status"] != "0x1":
        raise CrashError(f"anvil: a measured transaction came to {receipt}")


def _genesis(network: Network) -> dict[str, Any]:
    """Return the state of *network* as a genesis file."""
    alloc = {
        name: {**entry, "storage": {_word(k): _word(v) for k, v in entry["storage"].items()}}
        for name, entry in network.alloc.items()
    }
    return {
        "config": {"chainId": CHAIN_ID, "cancunTime": 0, "shanghaiTime": 0},
        "alloc": alloc, "timestamp": hex(START), "gasLimit": hex(30_000_000),
        "difficulty": "0x0", "baseFeePerGas": "0x0",
    }  # fmt: skip


def _word(number: str) -> str:
    return f"0x{int(number, 16):064x}"


def _cpu(pid: int) -> float | None:
    """Return the seconds of processor time that process *pid* had, None where nobody says."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text("utf-8").rpartition(")")[2].split()
    except OSError:
        return None
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


class _Wire:
    """The client's end of the socket: a line of JSON each way."""

    def __init__(self, path: Path) -> None:
        """Connect to the socket at *path* as soon as it is there."""
        self._socket = socket.socket(socket.AF_UNIX)
        deadline = time.monotonic() + PATIENCE
        while True:
            try:
                self._socket.connect(str(path))
                break
            except OSError as error:
                if time.monotonic() > deadline:
                    raise CrashError(f"anvil did not open its socket: {error}") from error
                time.sleep(0.02)
        self._rest = b""

    def ask(self, request: tuple[str, list[Any]]) -> Any:
        """Return the result of *request*, a method and its parameters."""
        method, params = request
        return _result(self._exchange(_framed(0, method, params)))

    def ask_all(self, requests: Sequence[tuple[str, list[Any]]]) -> list[Any]:
        """Return the results of *requests*, sent at once."""
        body = [_framed(number, *request) for number, request in enumerate(requests)]
        return [_result(answer) for answer in self._exchange(body)]

    def _exchange(self, body: Any) -> Any:
        self._socket.sendall(json.dumps(body).encode() + b"\n")
        pieces = [self._rest]
        while b"\n" not in pieces[-1]:
            piece = self._socket.recv(1 << 16)
            if not piece:
                raise CrashError("anvil closed its socket")
            pieces.append(piece)
        line, _, self._rest = b"".join(pieces).partition(b"\n")
        return json.loads(line)


def _framed(number: int, method: str, params: list[Any]) -> dict[str, Any]:
    return {"jsonrpc": "2.0", "id": number, "method": method, "params": params}


def _result(answer: dict[str, Any]) -> Any:
    if "error" in answer:
        raise CrashError(f"anvil: {answer['error']['message']}")
    return answer["result"]
