"""A chain behind JSON-RPC, as readers ask it: `eth_call`, `eth_getLogs`, blocks."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

from twin.chain.port import Call, Output, Topics
from twin.chain.receipts import LogEntry
from twin.errors import ChainError
from twin.live.client import Client

__all__ = ["NodeChain"]

REVERTED = 3
"""The error code with which a node answers a call that the contract refused."""


def _bytes(text: str) -> bytes:
    return bytes.fromhex(text[2:])


class NodeChain:
    """The chain that *client*'s node serves.

    *head* and *state_version* are set by whoever says what the present is: a procedure sees one
    block as long as it runs.
    """

    def __init__(self, client: Client) -> None:
        """Ask for the first two blocks, which tell the interval."""
        self._client = client
        self.head, self.state_version = 0, 0
        self._start = self._header(0)
        following = self._result("eth_getBlockByNumber", hex(1), False)
        self._interval = int(following["timestamp"], 16) - self._start if following else 0

    def _result(self, method: str, *params: Any) -> Any:
        answer = self._client.rpc(method, *params)
        if "error" in answer:
            raise ChainError(f"{method}: {answer['error'].get('message')}")
        return answer["result"]

    def _header(self, number: int) -> int:
        found = self._result("eth_getBlockByNumber", hex(number), False)
        if found is None:
            raise ChainError(f"the node has no block {number}")
        return int(found["timestamp"], 16)

    @property
    def interval(self) -> int:
        """Seconds between two blocks; asked again where the chain had one block only."""
        if not self._interval:
            self._interval = self._header(1) - self._start
        return self._interval

    def timestamp(self, number: int) -> int:
        """Return the unix second of block *number*."""
        return self._start if number == 0 else self._start + number * self.interval

    def call(self, call: Call, block: int | None = None) -> Output:
        """Execute *call*; a refusal by the contract is an answer, not an error."""
        message = {"from": "0x" + call.sender.hex(), "data": "0x" + call.data.hex(),
                   "gas": hex(call.gas)}  # fmt: skip
        if call.to is not None:
            message["to"] = "0x" + call.to.hex()
        at = self.head if block is None else block
        answer = self._client.rpc("eth_call", message, hex(at))
        if "error" not in answer:
            return Output(True, _bytes(answer["result"]), 0)
        error = answer["error"]
        if error.get("code") == REVERTED or error.get("message") == "execution reverted":
            return Output(False, _bytes(error.get("data") or "0x"), 0)  # geth: without data, -32000
        raise ChainError(f"eth_call: {error.get('message')}")

    def account(self, address: bytes) -> tuple[int, int, bytes]:
        """Return nonce, balance in wei and code of *address*, as of the present."""
        asked = "0x" + address.hex(), hex(self.head)
        nonce = int(self._result("eth_getTransactionCount", *asked), 16)
        balance = int(self._result("eth_getBalance", *asked), 16)
        return nonce, balance, _bytes(self._result("eth_getCode", *asked))

    def calls(self, calls: Sequence[Call]) -> list[Output]:
        """Execute *calls*, one after the other, on the present state."""
        return [self.call(call) for call in calls]

    def logs(
        self,
        from_block: int,
        to_block: int,
        *,
        addresses: Collection[bytes] | None = None,
        topics: Topics = (),
    ) -> list[LogEntry]:
        """Return the logs that match, in order."""
        asked: dict[str, Any] = {"fromBlock": hex(from_block), "toBlock": hex(to_block)}
        if addresses is not None:
            asked["address"] = ["0x" + address.hex() for address in addresses]
        asked["topics"] = [_topic(item) for item in topics]
        return [
            LogEntry(
                block=int(item["blockNumber"], 16), block_hash=_bytes(item["blockHash"]),
                transaction=_bytes(item["transactionHash"]),
                transaction_index=int(item["transactionIndex"], 16),
                log_index=int(item["logIndex"], 16), address=_bytes(item["address"]),
                topics=tuple(_bytes(topic) for topic in item["topics"]), data=_bytes(item["data"]),
            )
            for item in self._result("eth_getLogs", asked)
        ]  # fmt: skip


def _topic(item: bytes | Collection[bytes] | None) -> Any:
    if item is None:
        return None
    if isinstance(item, bytes):
        return "0x" + item.hex()
    return ["0x" + each.hex() for each in item]
