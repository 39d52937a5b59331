"""Whatever a client sends, the answer is JSON-RPC and no method breaks."""

from __future__ import annotations

import json
from typing import Any

import rpc_lab as lab
from hypothesis import given, settings
from hypothesis import strategies as st

# What the methods take, near misses of it, and what has no place there at all.
ATOMS = st.sampled_from(
    ["latest", "pending", "earliest", "safe", "", "0x", "0x0", "0x1", "0x2", "0x5208", "0xffffff",
     "0x" + "f" * 64, "0x1" + "0" * 64, "-0x1", "0x01", "0xzz", lab.ANN, lab.NOBODY, "0x" + "00" * 32,
     "callTracer", "logs", "newHeads", "é\ud800", 0, 1, -1, 2**70, 1.5, None, True, False]
)  # fmt: skip
KEYS = st.sampled_from(
    ["from", "to", "data", "input", "value", "gas", "gasPrice", "maxFeePerGas", "nonce", "type",
     "maxPriorityFeePerGas", "accessList", "address", "topics", "fromBlock", "toBlock", "blockHash",
     "blockNumber", "storageKeys", "chainId", "tracer", "state", "stateDiff", "balance", "code",
     "timestamp", "blocks", "time", "number", lab.ANN, "0x0"]
)  # fmt: skip
VALUES = st.recursive(
    ATOMS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=4),
    max_leaves=8,
)
METHODS = sorted(set(lab.client().rpc.methods) - {"hardhat_mine", "anvil_mine", "evm_mine"})


@settings(max_examples=1_500)
@given(method=st.sampled_from(METHODS), params=st.lists(VALUES, max_size=4))
def test_no_arguments_break_a_method(method: str, params: list[Any]) -> None:
    client = _CLIENT()
    answer = client.ask(method, *params)  # raises what is no answer
    assert answer["jsonrpc"] == "2.0"
    assert ("result" in answer) != ("error" in answer)
    if "error" in answer:
        assert isinstance(answer["error"]["code"], int)
        assert answer["error"]["message"]


@settings(max_examples=500)
@given(body=st.binary(max_size=60) | VALUES.map(lambda value: json.dumps(value).encode()))
def test_no_body_breaks_it(body: bytes) -> None:
    answer = _CLIENT().send(body)
    assert answer is None or json.dumps(answer)


class _Shared:
    """One client for all examples: what they do to the chain must not break the next."""

    def __init__(self) -> None:
        self._client: lab.Client | None = None

    def __call__(self) -> lab.Client:
        if self._client is None:
            self._client = lab.client()
            self._client.deploy(lab.COUNTER)
        return self._client


_CLIENT = _Shared()
