"""`debug_` over JSON-RPC: transactions, blocks and calls, on both engines and in lock-step."""

from __future__ import annotations

from typing import Any

import pytest
import rpc_lab as lab

from twin.chain.engines import available

ENGINES = [*lab.ENGINES, *(["both"] if "revm" in available() else [])]
TREE = {"tracer": "callTracer"}


@pytest.fixture(params=ENGINES)
def client(request: pytest.FixtureRequest) -> lab.Client:
    return lab.Client(lab.rpc_of(lab.chain_of(request.param, window=4)))


def block_of_three(client: lab.Client) -> tuple[str, list[str], str]:
    """Return a counter, three counts of it by two senders in one block, and the block."""
    counter = client.deploy(lab.COUNTER)
    client("evm_setAutomine", False)
    sent = [
        client("eth_sendTransaction", {"from": who, "to": counter, "gas": "0x186a0"})
        for who in (lab.ANN, lab.BOB, lab.ANN)
    ]
    client("evm_mine")
    client("evm_setAutomine", True)
    return counter, sent, client("eth_getTransactionReceipt", sent[0])["blockNumber"]


def test_each_transaction_of_a_block_is_traced_after_those_before_it(client: lab.Client) -> None:
    _, sent, number = block_of_three(client)
    block = client("eth_getBlockByNumber", number, False)
    traces = {tx: client("debug_traceTransaction", tx, TREE) for tx in sent}
    outputs = [int(traces[tx]["output"], 16) for tx in block["transactions"]]
    assert outputs == [1, 2, 3]
    for tx, trace in traces.items():
        assert trace["gasUsed"] == client("eth_getTransactionReceipt", tx)["gasUsed"]
    whole = client("debug_traceBlockByNumber", number, TREE)
    assert whole == [{"txHash": tx, "result": traces[tx]} for tx in block["transactions"]]
    assert client("debug_traceBlockByHash", block["hash"], TREE) == whole
    steps = client("debug_traceBlockByNumber", number)
    for item in steps:
        assert item["result"] == client("debug_traceTransaction", item["txHash"])
        used = client("eth_getTransactionReceipt", item["txHash"])["gasUsed"]
        assert item["result"]["gas"] == int(used, 16)
    assert client("debug_traceBlockByNumber", number, TREE) == whole


def test_the_state_before_and_after_each_of_a_block(client: lab.Client) -> None:
    counter, _, number = block_of_three(client)
    config = {"tracer": "prestateTracer", "tracerConfig": {"diffMode": True}}
    slot = "0x" + "00" * 32
    found = [item["result"] for item in client("debug_traceBlockByNumber", number, config)]
    after = [int(each["post"][counter]["storage"][slot], 16) for each in found]
    before = [int(each["pre"][counter].get("storage", {}).get(slot, "0x0"), 16) for each in found]
    assert (before, after) == ([0, 1, 2], [1, 2, 3])


def test_a_call_is_traced_anywhere(client: lab.Client) -> None:
    counter, _, number = block_of_three(client)
    ask = {"from": lab.EVE, "to": counter}
    before = hex(int(number, 16) - 1)

    def output(block: str, **config: Any) -> int:
        return int(client("debug_traceCall", ask, block, {**TREE, **config})["output"], 16)

    assert (output(before), output("latest")) == (1, 4)
    assert [output(number, txIndex=hex(n)) for n in range(3)] == [2, 3, 4]
    assert output("latest", stateOverrides={counter: {"stateDiff": {"0x0": "0x9"}}}) == 10
    time = {counter: {"code": "0x425f5260205ff3"}}
    assert output("latest", stateOverrides=time, blockOverrides={"time": "0x77"}) == 0x77
    steps = client("debug_traceCall", ask, "latest", {"disableStack": True})
    assert steps["gas"] == int(client("debug_traceCall", ask, "latest", TREE)["gasUsed"], 16)
    assert "stack" not in steps["structLogs"][0]
    diff = {"tracer": "prestateTracer", "tracerConfig": {"diffMode": True}}
    post = client("debug_traceCall", ask, "latest", diff)["post"]
    assert (post[lab.EVE], int(post[counter]["storage"]["0x" + "00" * 32], 16)) == ({"nonce": 1}, 4)
    assert int(client("eth_call", ask), 16) == 4


def test_what_cannot_be_traced_says_why(client: lab.Client) -> None:
    _, sent, number = block_of_three(client)
    for _ in range(6):
        client("evm_mine")
    window = "required historical state unavailable (reexec=128)"
    for method, *rest in (
        ("debug_traceTransaction", sent[0]), ("debug_traceBlockByNumber", number),
        ("debug_traceCall", {"to": lab.BOB}, number),
    ):  # fmt: skip
        error = client.error(method, *rest)
        assert (error["code"], error["message"].startswith(window)) == (-32000, True)
    ask = {"to": lab.BOB}
    for config, words in (
        ({"txIndex": "0x5"}, "transaction index 5 out of range"),
        ({"tracer": "jsTracer"}, "is not there"),
        ({"stateOverrides": []}, "invalid stateOverrides"),
    ):
        assert words in client.error("debug_traceCall", ask, "latest", config)["message"]
    for block, words in (("pending", "on top of pending"), ("0x99", "header not found")):
        assert words in client.error("debug_traceCall", ask, block)["message"]
    broke = {"from": lab.NOBODY, "to": lab.BOB, "value": "0x1"}
    assert client.error("debug_traceCall", broke)["message"].startswith("tracing failed: insuff")
    assert client.error("debug_traceBlockByHash", "0x" + "77" * 32)["code"] == -32000
    assert "#pending not found" in client.error("debug_traceBlockByNumber", "pending")["message"]


@pytest.mark.skipif(len(lab.ENGINES) < 2, reason="the Rust engine is not built")
def test_both_engines_answer_alike() -> None:
    found = []
    for engine in ENGINES:
        client = lab.client(engine)
        _, sent, number = block_of_three(client)
        found.append([
            client("debug_traceBlockByNumber", number, config)
            for config in (
                {}, TREE, {"enableMemory": True, "enableReturnData": True},
                {"tracer": "prestateTracer"}, {"tracer": "4byteTracer"},
                {"tracer": "muxTracer", "tracerConfig": {"noopTracer": {}, "callTracer": None}},
            )
        ])  # fmt: skip
        assert client("debug_getRawTransaction", sent[0]).startswith("0x")
    assert found[0] == found[1] == found[2]
