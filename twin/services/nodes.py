"""RPC nodes of the twin's chain, and the client that asks them.

Every node answers JSON-RPC from the one chain there is, through a view of its own: it may be behind,
stand still, follow a side chain, answer zeros, be down, or run an old release. The methods are those
that operators compare nodes by; `twin.chain.rpc` serves tools all the others.

A node that stands still or is on a side chain keeps the state at which it left the chain, which the
engine holds for it. A reorg of the chain may take that state away; then the node answers what a
pruned one does: missing trie node.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from twin.chain.chain import Chain
from twin.chain.codec import hex0x, keccak
from twin.chain.port import BlockEnv, Call, Output
from twin.chain.rpc.forms import log_form
from twin.clock import Clock
from twin.desk.port import Call as ViewCall
from twin.desk.port import NodeStatus
from twin.errors import ChainError, NoData, Reverted, UnknownName
from twin.protocol.deployment import Deployment
from twin.protocol.multicall import aggregate3, results_of
from twin.scenario.services_nodes import NodeSpec
from twin.services.chance import Latency
from twin.services.regions import Regions

__all__ = ["NodeClient", "RpcNode", "make_nodes"]

DEEPEST = 60
"""Blocks that a node may lag and still answer: states of the last 64 are kept."""

MOST_BLOCKS = 10_000
"""Blocks of one `eth_getLogs`, as large providers limit it."""


class RpcNode:
    """The node called *name* of *chain*, as *spec* describes it."""

    def __init__(
        self,
        name: str,
        spec: NodeSpec,
        clock: Clock,
        *,
        chain: Chain,
        deployment: Deployment,
        regions: Regions,
        seed: int,
    ) -> None:
        """Follow the chain, without anything wrong."""
        self.name, self.spec, self.version, self.peers = name, spec, spec.version, spec.peers
        self.up, self.blank, self.lag = True, False, 0
        self._clock, self._chain, self._regions = clock, chain, regions
        self._multicall = deployment.contract("Multicall3")
        self._latency = Latency(seed, "rpc-node", name, median=spec.latency, p95=3 * spec.latency)
        self._left: int | None = None  # the last block that it shares with the chain
        self._state: int | None = None  # the engine's snapshot of the state after it
        self._forked = False
        regions.region(spec.region)
        self._methods: dict[str, Callable[..., Any]] = {
            "eth_blockNumber": lambda: hex(self.head),
            "eth_call": self._eth_call,
            "eth_chainId": lambda: hex(chain.config.chain_id),
            "eth_getBalance": self._balance,
            "eth_getBlockByNumber": self._block,
            "eth_getLogs": self._logs,
            "eth_getTransactionReceipt": self._receipt,
            "eth_syncing": self._syncing,
            "net_peerCount": lambda: hex(self.peers),
            "web3_clientVersion": lambda: self.client,
        }

    # -- what goes wrong: the injector's alone ---------------------------------------------------

    def stall(self) -> None:
        """Stand still at the present block."""
        self._leave()

    def fork(self) -> None:
        """Follow a side chain of empty blocks from the present block on."""
        self._leave()
        self._forked = True

    def follow(self) -> None:
        """Be back on the chain."""
        if self._state is not None:
            self._chain.engine.forget(self._state)
        self._left, self._state, self._forked = None, None, False

    def _leave(self) -> None:
        self._left = self._chain.head
        self._chain.header(self._left)  # settles what is due
        self._state = self._chain.engine.snapshot()

    # -- what it answers -------------------------------------------------------------------------

    @property
    def head(self) -> int:
        """The number of its latest block."""
        if self._left is not None and not self._forked:
            return self._left
        return max(0, self._chain.head - self.lag)

    def own_latency(self, request: str) -> int:
        """Return the milliseconds that *request* takes in a region without trouble."""
        return self._latency.at(self._clock.now, request)

    def latency(self, request: str) -> int:
        """Return the milliseconds that *request* takes now."""
        return self._regions.slowed(self.spec.region, self.own_latency(request))

    def connect(self, request: str) -> None:
        """Take a *request*; NoData where the node, or the region before it, does not."""
        if not self.up:
            raise NoData(f"{self.name}: connection refused")
        if self._regions.fails(self.spec.region, self._clock.now, self.name, request):
            raise NoData(f"{self.name}: 503 service unavailable")

    def status(self) -> NodeStatus:
        """Answer, as one batch, what a status is made of."""
        self.connect("status")
        number = self.head
        return NodeStatus(
            node=self.name,
            number=number,
            hash=hex0x(self._hash(number)),
            timestamp=self._chain.timestamp(number),
            syncing=self._syncing() is not False,
            peers=self.peers,
            client=self.client,
            latency=self.latency("status"),
        )

    @property
    def client(self) -> str:
        """What `web3_clientVersion` says."""
        return f"{self.spec.client}/v{self.version}/linux-amd64"

    def request(self, method: str, *params: Any) -> Any:
        """Answer a JSON-RPC request; NoData where no result comes back."""
        self.connect(method)
        run = self._methods.get(method)
        if run is None:
            raise NoData(f"{self.name}: the method {method} does not exist/is not available")
        try:
            return run(*params)
        except ChainError as error:
            if isinstance(error, Reverted):
                raise
            raise NoData(f"{self.name}: {error}") from None

    @property
    def _empty(self) -> bool:
        """Whether its read path answers without data."""
        return self.blank or self._regions.region(self.spec.region).blank

    def _number(self, block: Any) -> int:
        tags = {"latest": self.head, "earliest": 0, "pending": self.head}
        number = tags[block] if block in tags else int(block, 16)
        if number > self.head:
            raise NoData(f"{self.name}: header not found")
        return number

    def _eth_call(self, call: Mapping[str, str], block: str = "latest") -> str:
        number = self._number(block)
        answer = self._run(
            Call(to=bytes.fromhex(call["to"][2:]), data=bytes.fromhex(call["data"][2:])), number
        )
        if not answer.success:
            raise Reverted(answer.data)
        return hex0x(bytes(len(answer.data)) if self._empty else answer.data)

    def _run(self, call: Call, number: int) -> Output:
        if self._left is None or number < self._left:
            return self._chain.call(call, block=number)
        env: BlockEnv = self._chain.env(min(number, self._chain.head))
        return self._chain.engine.call(call, env=env, snapshot=self._state)

    def batch(self, calls: Sequence[tuple[bytes, bytes]], block: int) -> list[tuple[bool, bytes]]:
        """Answer a JSON-RPC batch of `eth_call` at *block*: (success, data) of each (to, data)."""
        self.connect("batch")
        if block > self.head:
            raise NoData(f"{self.name}: header not found")
        try:
            answer = self._run(Call(to=self._multicall.address, data=aggregate3(calls)), block)
            results = results_of(answer.data, len(calls))
        except ChainError as error:
            raise NoData(f"{self.name}: {error}") from None
        return [(done, bytes(len(data)) if self._empty else data) for done, data in results]

    def _balance(self, address: str, block: str = "latest") -> str:
        data = self._multicall.encode("getEthBalance", bytes.fromhex(address[2:]))
        answer = self._run(Call(to=self._multicall.address, data=data), self._number(block))
        return hex(0 if self._empty else int.from_bytes(answer.data, "big"))

    def _hash(self, number: int) -> bytes:
        true = self._chain.header(number).hash
        if self._forked and self._left is not None and number > self._left:
            return keccak(b"side chain" + self.name.encode() + true)
        return true

    def _block(self, block: str, full: bool = False) -> dict[str, Any] | None:
        del full
        if block.startswith("0x") and int(block, 16) > self.head:
            return None
        number = self._number(block)
        header = self._chain.header(number)
        return {
            "number": hex(number),
            "hash": hex0x(self._hash(number)),
            "parentHash": hex0x(self._hash(number - 1) if number else bytes(32)),
            "timestamp": hex(header.timestamp),
            "baseFeePerGas": hex(header.base_fee),
            "gasUsed": hex(header.gas_used),
            "gasLimit": hex(self._chain.config.gas_limit),
        }

    def _logs(self, asked: Mapping[str, Any]) -> list[dict[str, Any]]:
        first = self._number(asked.get("fromBlock", "latest"))
        last = self._number(asked.get("toBlock", "latest"))
        if last - first > MOST_BLOCKS:
            raise NoData(f"{self.name}: query exceeds max block range {MOST_BLOCKS}")
        if self._empty:
            return []
        if self._forked and self._left is not None:
            last = min(last, self._left)
        found = self._chain.logs(
            first, last, addresses=(bytes.fromhex(asked["address"][2:]),),
            topics=[bytes.fromhex(topic[2:]) for topic in asked.get("topics", ())],
        )  # fmt: skip
        return [log_form(entry) for entry in found]

    def _receipt(self, tx_hash: str) -> dict[str, Any] | None:
        receipt = self._chain.receipt(bytes.fromhex(tx_hash[2:]))
        known = self.head if not self._forked or self._left is None else self._left
        if receipt is None or receipt.block > known or self._empty:
            return None
        return {
            "transactionHash": tx_hash,
            "blockNumber": hex(receipt.block),
            "blockHash": hex0x(self._hash(receipt.block)),
            "status": hex(receipt.status),
            "gasUsed": hex(receipt.gas_used),
            "effectiveGasPrice": hex(receipt.gas_price),
        }

    def _syncing(self) -> dict[str, str] | bool:
        """A node that lags knows it from its peers; one that stands still does not."""
        if not self.lag:
            return False
        return {"currentBlock": hex(self.head), "highestBlock": hex(self._chain.head)}


def make_nodes(
    specs: Mapping[str, NodeSpec],
    clock: Clock,
    *,
    chain: Chain,
    deployment: Deployment,
    regions: Regions,
    seed: int,
) -> dict[str, RpcNode]:
    """Return the nodes of a scenario by name."""
    return {
        name: RpcNode(
            name, spec, clock, chain=chain, deployment=deployment, regions=regions, seed=seed
        )
        for name, spec in specs.items()
    }


class NodeClient:
    """The client of every node: what the desk shows of them."""

    __slots__ = ("_deployment", "_nodes")

    def __init__(self, nodes: Mapping[str, RpcNode], deployment: Deployment) -> None:
        """Ask these."""
        self._nodes, self._deployment = nodes, deployment

    def names(self) -> list[str]:
        """The nodes there are."""
        return list(self._nodes)

    def request(self, node: str, method: str, *params: Any) -> Any:
        """Return the result of a JSON-RPC request."""
        return self._node(node).request(method, *params)

    def status(self, node: str) -> NodeStatus:
        """Ask for head, peers, client version and sync state at once."""
        return self._node(node).status()

    def block_hash(self, node: str, number: int) -> str | None:
        """Return the hash that *node* has for block *number*."""
        found = self._node(node).request("eth_getBlockByNumber", hex(number), False)
        return None if found is None else str(found["hash"])

    def read(self, node: str, contract: str, function: str, *args: Any, block: int) -> Any:
        """Call a view function through *node* at *block*."""
        target = self._deployment.contract(contract)
        codec = target.fn(function)
        call = {"to": hex0x(target.address), "data": hex0x(codec.encode(*args))}
        try:
            answer = self._node(node).request("eth_call", call, hex(block))
            return codec.value(bytes.fromhex(answer[2:]))
        except Reverted as error:
            reason = self._deployment.reverts.decode_revert(error.data)
            raise Reverted(error.data, f"{contract}.{function}: {reason}") from None
        except ChainError as error:
            raise NoData(f"{node}: {contract}.{function}: {error}") from None

    def batch(self, node: str, calls: Sequence[ViewCall], *, block: int) -> list[Any]:
        """Call several view functions through *node* at *block*, as one batch."""
        targets = [self._deployment.contract(contract) for contract, _function, _args in calls]
        codecs = [one.fn(call[1]) for one, call in zip(targets, calls, strict=True)]
        messages = [
            (one.address, codec.encode(*call[2]))
            for one, codec, call in zip(targets, codecs, calls, strict=True)
        ]
        found: list[Any] = []
        answers = self._node(node).batch(messages, block)
        for codec, (success, data) in zip(codecs, answers, strict=True):
            try:
                if not success:
                    reason = self._deployment.reverts.decode_revert(data)
                    raise Reverted(data, reason)
                found.append(codec.value(data))
            except ChainError as error:
                found.append(error if isinstance(error, Reverted) else Reverted(data, str(error)))
        return found

    def _node(self, name: str) -> RpcNode:
        if name not in self._nodes:
            raise UnknownName("RPC node", name, self._nodes)
        return self._nodes[name]
