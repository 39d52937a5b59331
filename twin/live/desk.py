"""The live side of the desk: the port's parts as clients of one address.

Contracts and logs are read through the node's JSON-RPC and the deployment manifest; metrics
through Prometheus' own query API; the rest through feeds, whose answers are the records of the
port. A part asks and keeps nothing: what the port has, a feed answers, and nothing else.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from twin.bundled import folder
from twin.chain.codec import keccak
from twin.desk.decoding import decoded_call
from twin.desk.logs import LogFollower
from twin.desk.port import (
    AccountRecord,
    Call,
    CallStats,
    ChainStats,
    DecodedCall,
    LogRecord,
    Restored,
    Simulation,
)
from twin.errors import DeskError
from twin.live.chain import NodeChain
from twin.live.client import Client
from twin.protocol.artifacts import load_all
from twin.protocol.manifest import Deployment
from twin.protocol.reader import Reader

__all__ = ["LiveDesk"]

Result = list[tuple[Mapping[str, str], float]]


class _Part:
    """A part of the desk: each public name of it is a question to its feed."""

    def __init__(self, client: Client, path: str) -> None:
        self._client, self._path = client, path

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        path = f"{self._path}/{name}"

        def ask(*args: Any, **named: Any) -> Any:
            return self._client.ask(path, *args, **named)

        return ask


class _Fork(_Part):
    """A copy of the chain, kept by the lab until it is let go."""

    @property
    def now(self) -> int:
        """The copy's present, in unix seconds."""
        found: int = self._client.ask(f"{self._path}/now")
        return found


class _Lab:
    """Where something is tried out."""

    def __init__(self, client: Client) -> None:
        self._client = client

    def fork(self, purpose: str) -> Any:
        """Return a copy of the public chain state as of now."""
        number: int = self._client.ask("/desk/lab/fork", purpose)
        return _Fork(self._client, f"/desk/forks/{number}")

    def restore(self, purpose: str, alloc: Mapping[str, Any]) -> Restored:
        """Load *alloc* into an empty node of the lab."""
        found: Restored = self._client.ask("/desk/lab/restore", purpose, alloc)
        return found

    def backtest(self, expression: str, hold: int, series: Sequence[Any]) -> list[int]:
        """Try an alert rule on series, where the monitoring runs."""
        found: list[int] = self._client.ask("/desk/lab/backtest", expression, hold, list(series))
        return found


class _Services:
    """The services, each a part."""

    def __init__(self, client: Client) -> None:
        self._client = client

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        return _Part(self._client, f"/desk/services/{name}")


class _Metrics:
    """Prometheus' query API."""

    def __init__(self, client: Client) -> None:
        self._client = client

    def query(self, expression: str) -> Result:
        """Evaluate *expression* now."""
        text = self._client.post("/api/v1/query", json.dumps({"query": expression}).encode())
        answer = json.loads(text)
        if answer["status"] != "success":
            raise DeskError(f"the metrics store: {answer['error']}")
        return [(item["metric"], float(item["value"][1])) for item in answer["data"]["result"]]


class _View:
    """The chain at one block."""

    def __init__(self, desk: LiveDesk, block: int | None) -> None:
        self._desk = desk
        self._reader = desk.reader.at(block)

    @property
    def block(self) -> int:
        """The block's number."""
        return self._reader.block

    @property
    def timestamp(self) -> int:
        """The block's unix second."""
        return self._reader.timestamp

    def read(self, contract: str, function: str, *args: Any) -> Any:
        """Call a view function."""
        return self._reader.read(contract, function, *args)

    def batch(self, calls: Sequence[Call]) -> list[Any]:
        """Read *calls* as one multicall."""
        return self._reader.batch(calls)

    def simulate(
        self, authority: str, contract: str, function: str, args: Sequence[Any]
    ) -> Simulation:
        """Say what this call would do; the explorer tells."""
        asked = (authority, contract, function, list(args))
        found: Simulation = self._desk.client.ask("/desk/chain/simulate", self.block, *asked)
        return found

    def logs(self, contract: str, event: str, *, since: int) -> list[LogRecord]:
        """Return the decoded events called *event* from unix second *since* on."""
        return self._desk.follower(contract, event).since(since, self.block)

    def account(self, address: bytes) -> AccountRecord:
        """Return the account at *address*, as of the block at hand."""
        return self._desk.account(address)

    def decode(self, to: bytes, data: bytes) -> DecodedCall | None:
        """Read calldata by the ABI of the contract at *to*."""
        return self._desk.decode(to, data)

    def calls(self, *, since: int) -> list[CallStats]:
        """Summarise calls by function after unix second *since*; the explorer tells."""
        found: list[CallStats] = self._desk.client.ask("/desk/chain/calls", self.block, since=since)
        return found

    def stats(self, *, since: int) -> ChainStats:
        """Summarise the blocks after unix second *since*; the explorer tells."""
        found: ChainStats = self._desk.client.ask("/desk/chain/stats", self.block, since=since)
        return found


class LiveDesk:
    """The desk of the network at *client*'s address."""

    def __init__(self, client: Client) -> None:
        """Read the deployment manifest; `stand` says what the present is."""
        self.client = client
        self.now = 0
        artifacts = load_all(folder("contracts_abi"))
        self._deployment = Deployment.from_json(client.ask("/desk/manifest"), artifacts)
        self._chain = NodeChain(client)
        self.reader = Reader(self._chain, self._deployment)
        self._followers: dict[tuple[str, str], LogFollower] = {}
        self.metrics, self.lab, self.services = _Metrics(client), _Lab(client), _Services(client)
        for name in ("alerts", "banks", "custody", "customs", "evidence", "feeds", "incidents",
                     "notices", "register", "stores", "venues"):  # fmt: skip
            setattr(self, name, _Part(client, f"/desk/{name}"))

    def stand(self, now: int, head: int) -> None:
        """Set the present: unix second *now*, at block *head*."""
        self.now = now
        self._chain.head = head
        self._chain.state_version += 1

    def at(self, block: int | None = None) -> _View:
        """Return the chain at *block*, or at the latest."""
        return _View(self, block)

    def account(self, address: bytes) -> AccountRecord:
        """Return the account at *address*, by the node's JSON-RPC."""
        nonce, balance, code = self._chain.account(address)
        return AccountRecord(nonce, balance, keccak(code), bool(code))

    def decode(self, to: bytes, data: bytes) -> DecodedCall | None:
        """Read calldata by the ABI of the contract at *to*."""
        return decoded_call(self._deployment, to, data)

    def follower(self, contract: str, event: str) -> LogFollower:
        """Return who follows *event* of *contract*."""
        target = self._deployment.contract(contract)
        codec = target.event(event)
        found = self._followers.get((contract, event))
        if found is None or not found.follows(target, codec):
            found = self._followers[contract, event] = LogFollower(self._chain, target, codec)
        return found
