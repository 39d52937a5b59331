"""Logs, filters and subscriptions, reorgs and rewinding included."""

from __future__ import annotations

import json
from typing import Any

import pytest
import rpc_lab as lab

from twin.chain.chain import Chain
from twin.chain.config import ChainConfig
from twin.chain.engines import make_engine
from twin.chain.rpc import Rpc
from twin.clock import Clock
from twin.protocol.roles import account_of

TOPIC, OTHER = f"0x{7:064x}", f"0x{8:064x}"


@pytest.fixture
def client() -> lab.Client:
    return lab.client()


def count(client: lab.Client, counter: str) -> Any:
    """Let the counter emit a log; return the receipt."""
    sent = client("eth_sendTransaction", {"from": lab.ANN, "to": counter, "gas": "0x186a0"})
    return client("eth_getTransactionReceipt", sent)


def values(logs: list[dict[str, Any]]) -> list[int]:
    return [int(log["data"], 16) for log in logs]


def test_logs_are_found_by_range_address_and_topics(client: lab.Client) -> None:
    one, two = client.deploy(lab.COUNTER), client.deploy(lab.COUNTER)
    receipts = [count(client, contract) for contract in (one, two, one)]
    rows: list[tuple[dict[str, Any], list[int]]] = [
        ({"fromBlock": "earliest"}, [1, 1, 2]),
        ({"fromBlock": "0x0", "address": one}, [1, 2]),
        ({"fromBlock": "0x0", "address": [one, two]}, [1, 1, 2]),
        ({"fromBlock": "0x0", "address": []}, [1, 1, 2]),
        ({"fromBlock": "0x0", "topics": [TOPIC]}, [1, 1, 2]),
        ({"fromBlock": "0x0", "topics": [[OTHER, TOPIC]]}, [1, 1, 2]),
        ({"fromBlock": "0x0", "topics": [[]]}, [1, 1, 2]),
        ({"fromBlock": "0x0", "topics": [None]}, [1, 1, 2]),
        ({"fromBlock": "0x0", "topics": [OTHER]}, []),
        ({"fromBlock": "0x0", "topics": [TOPIC, None]}, []),
        ({}, [2]),
        ({"fromBlock": "0x3", "toBlock": "0x4"}, [1, 1]),
        ({"fromBlock": "0x3", "toBlock": "0xffff"}, [1, 1, 2]),
        ({"blockHash": receipts[1]["blockHash"]}, [1]),
    ]
    for query, wanted in rows:
        assert values(client("eth_getLogs", query)) == wanted, query
    first = client("eth_getLogs", {"fromBlock": "0x0"})[0]
    block = client("eth_getBlockByHash", first["blockHash"], False)
    assert first["blockTimestamp"] == block["timestamp"]


@pytest.mark.parametrize(
    ("query", "code", "words"),
    [
        ({"blockHash": "0x" + "11" * 32}, -32000, "unknown block"),
        ({"blockHash": "0x" + "11" * 32, "fromBlock": "0x0"}, -32602, "choose one or the other"),
        ({"fromBlock": "0x5", "toBlock": "0x1"}, -32000, "invalid block range params"),
        ({"topics": [TOPIC] * 5}, -32602, "at most 4"),
        ({"topics": TOPIC}, -32602, "topics are an array"),
        ({"topics": ["0x7"]}, -32602, "odd length"),
        ({"address": "0x7"}, -32602, "invalid argument 0"),
        ({"fromBlock": []}, -32602, "got an array"),
        ("logs", -32602, "expected a filter object"),
    ],
)
def test_a_malformed_query_is_refused(
    client: lab.Client, query: Any, code: int, words: str
) -> None:
    error = client.error("eth_getLogs", query)
    assert error["code"] == code
    assert words in error["message"]


def test_filters_give_what_is_new_once(client: lab.Client) -> None:
    counter = client.deploy(lab.COUNTER)
    blocks, pending = client("eth_newBlockFilter"), client("eth_newPendingTransactionFilter")
    full = client("eth_newPendingTransactionFilter", True)
    logs = client("eth_newFilter", {"address": counter})
    old = client("eth_newFilter", {"fromBlock": "0x0"})
    receipt = count(client, counter)
    client("evm_mine")
    assert client("eth_getFilterChanges", blocks) == [
        client("eth_getBlockByNumber", hex(number), False)["hash"] for number in (2, 3)
    ]
    assert client("eth_getFilterChanges", pending) == [receipt["transactionHash"]]
    assert client("eth_getFilterChanges", full)[0]["to"] == counter
    assert values(client("eth_getFilterChanges", logs)) == [1]
    assert values(client("eth_getFilterChanges", old)) == [1]
    for name in (blocks, pending, logs, old):
        assert client("eth_getFilterChanges", name) == []
    count(client, counter)
    assert values(client("eth_getFilterLogs", logs)) == [1, 2]
    assert values(client("eth_getFilterChanges", logs)) == [2]
    assert client.error("eth_getFilterLogs", blocks)["message"] == "filter not found"
    assert client("eth_uninstallFilter", logs) is True
    assert client("eth_uninstallFilter", logs) is False
    assert client.error("eth_getFilterChanges", logs)["message"] == "filter not found"
    assert client.error("eth_getFilterChanges", 1)["code"] == -32602


def test_filters_are_not_without_end(client: lab.Client) -> None:
    for _ in range(1_000):
        client("eth_newBlockFilter")
    assert client.error("eth_newBlockFilter")["message"].startswith("too many filters")


def test_rewinding_takes_filters_back(client: lab.Client) -> None:
    counter = client.deploy(lab.COUNTER)
    blocks, logs = client("eth_newBlockFilter"), client("eth_newFilter", {"address": counter})
    snapshot = client("evm_snapshot")
    count(client, counter)
    assert len(client("eth_getFilterChanges", blocks)) == 1
    assert values(client("eth_getFilterChanges", logs)) == [1]
    client("evm_revert", snapshot)
    assert client("eth_getFilterChanges", blocks) == []
    count(client, counter)
    assert len(client("eth_getFilterChanges", blocks)) == 1
    assert values(client("eth_getFilterChanges", logs)) == [1]


def test_subscriptions_push_heads_logs_and_pending(client: lab.Client) -> None:
    counter = client.deploy(lab.COUNTER)
    session = client.rpc.session()

    def ask(method: str, *params: Any) -> Any:
        body = {"jsonrpc": "2.0", "id": 1, "method": method, "params": params}
        answer = json.loads(client.rpc.handle(json.dumps(body).encode(), session=session))
        return answer.get("result", answer.get("error"))

    heads, logs = (
        ask("eth_subscribe", "newHeads"),
        ask("eth_subscribe", "logs", {"topics": [TOPIC]}),
    )
    pending = ask("eth_subscribe", "newPendingTransactions")
    receipt = count(client, counter)
    found = {note["params"]["subscription"]: note["params"]["result"]
             for note in map(json.loads, session.notifications())}  # fmt: skip
    assert found[heads]["hash"] == receipt["blockHash"]
    assert found[heads]["number"] == receipt["blockNumber"]
    assert found[logs] == receipt["logs"][0]
    assert found[pending] == receipt["transactionHash"]
    assert session.notifications() == []
    assert ask("eth_unsubscribe", heads) is True
    assert ask("eth_unsubscribe", heads)["message"] == "subscription not found"
    assert (
        ask("eth_subscribe", "sunsets")["message"] == 'no "sunsets" subscription in eth namespace'
    )
    assert ask("eth_subscribe")["code"] == -32602
    assert ask("eth_chainId") == hex(lab.CHAIN_ID)
    session.close()
    assert len(client.rpc.filters) == 0


def test_a_reorg_tells_of_removed_logs_and_new_blocks() -> None:
    clock = Clock(lab.START)
    config = ChainConfig(chain_id=lab.CHAIN_ID)
    chain = Chain(make_engine("pyevm", chain_id=lab.CHAIN_ID), config, clock)
    ann = account_of("ann")
    chain.fund(ann, 100 * lab.ETHER)
    code = bytes.fromhex(lab.creation(lab.COUNTER)[2:])
    counter = chain.deploy(ann, code)
    client = lab.Client(Rpc(chain, clock))
    logs, blocks = client("eth_newFilter", {}), client("eth_newBlockFilter")
    chain.send(ann, counter, gas=100_000, tip=1)
    clock.run(lab.START + 24)
    assert client("eth_blockNumber") == "0x2"
    (log,) = client("eth_getFilterChanges", logs)
    hashes = client("eth_getFilterChanges", blocks)
    chain.reorg(2)
    removed, again = client("eth_getFilterChanges", logs)
    assert removed == {key: value for key, value in log.items() if key != "blockTimestamp"} | {
        "removed": True
    }
    assert (again["removed"], again["transactionHash"]) == (False, log["transactionHash"])
    assert again["blockHash"] != log["blockHash"]
    replaced = client("eth_getFilterChanges", blocks)
    assert len(replaced) == 2
    assert not set(replaced) & set(hashes)
    assert client("eth_getBlockByHash", log["blockHash"], False) is None


def test_in_a_world_the_chain_cannot_be_rewound() -> None:
    clock = Clock(lab.START)
    chain = Chain(make_engine("pyevm", chain_id=1), ChainConfig(chain_id=1), clock)
    client = lab.Client(Rpc(chain, clock))
    clock.run(lab.START + 12 * 200)
    numbers = [int(client("eth_getBlockByNumber", tag, False)["number"], 16)
               for tag in ("latest", "safe", "finalized", "pending")]  # fmt: skip
    assert numbers == [200, 168, 136, 201]
    error = client.error("evm_mine")
    assert (error["code"], "twin serve --bare" in error["message"]) == (-32601, True)
