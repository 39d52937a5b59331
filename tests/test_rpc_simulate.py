"""`eth_simulateV1`: blocks on trial."""

from __future__ import annotations

from typing import Any

import pytest
import rpc_lab as lab

from twin.chain.engines import available

ENGINES = [*lab.ENGINES, *(["both"] if "revm" in available() else [])]
RETURN = "5f5260205ff3"
COUNT = {"from": lab.EVE, "to": lab.NOBODY}
CODE = {lab.NOBODY: {"code": "0x" + lab.COUNTER}}


@pytest.fixture(params=ENGINES)
def client(request: pytest.FixtureRequest) -> lab.Client:
    return lab.client(request.param)


def simulate(
    client: lab.Client, *blocks: dict[str, Any], at: str = "latest", **options: Any
) -> Any:
    return client("eth_simulateV1", {"blockStateCalls": list(blocks), **options}, at)


def test_blocks_follow_each_other_and_are_forgotten(client: lab.Client) -> None:
    client("evm_mine")
    root = client.rpc.chain.state_root()
    first = {"stateOverrides": CODE, "calls": [COUNT, COUNT]}
    number = {"from": lab.EVE, "data": "0x43" + RETURN}
    found = simulate(client, first, {"calls": [COUNT, number]})
    outputs = [[call["returnData"] for call in block["calls"]] for block in found]
    assert [int(out, 16) for out in outputs[0]] == [1, 2]
    assert int(outputs[1][0], 16) == 3
    assert [int(block["number"], 16) for block in found] == [2, 3]
    assert int(found[1]["timestamp"], 16) - int(found[0]["timestamp"], 16) == 12
    assert found[1]["parentHash"] == found[0]["hash"]
    assert found[0]["parentHash"] == client("eth_getBlockByNumber", "latest", False)["hash"]
    (log,) = found[0]["calls"][1]["logs"]
    assert (log["logIndex"], log["address"], int(log["data"], 16)) == ("0x1", lab.NOBODY, 2)
    assert found[0]["gasUsed"] == hex(sum(int(c["gasUsed"], 16) for c in found[0]["calls"]))
    assert client.rpc.chain.state_root() == root
    assert client("eth_getCode", lab.NOBODY) == "0x"
    again = simulate(client, first, {"calls": [COUNT, number]})
    assert again == found


def test_gaps_are_filled_with_empty_blocks(client: lab.Client) -> None:
    found = simulate(client, {"blockOverrides": {"number": "0x4", "time": hex(lab.START + 99)}})
    assert [int(block["number"], 16) for block in found] == [1, 2, 3, 4]
    assert [block["calls"] for block in found] == [[]] * 4
    assert int(found[-1]["timestamp"], 16) == lab.START + 99


def test_a_call_that_fails_does_not_stop_the_others(client: lab.Client) -> None:
    reverts = {"stateOverrides": {lab.NOBODY: {"code": "0x" + lab.REVERTS}},
               "calls": [COUNT, {"from": lab.EVE, "to": lab.BOB, "value": "0x1"}]}  # fmt: skip
    burns = {"stateOverrides": {lab.NOBODY: {"code": "0xfe"}},
             "calls": [{**COUNT, "gas": "0x186a0"}]}  # fmt: skip
    first, second = simulate(client, reverts, burns)
    failed, paid = first["calls"]
    assert (failed["status"], failed["error"]["message"]) == ("0x0", "execution reverted: no")
    assert failed["error"]["data"].startswith("0x08c379a0")
    assert (paid["status"], "error" in paid) == ("0x1", False)
    (burnt,) = second["calls"]
    assert burnt["error"] == {"code": -32015, "message": "invalid opcode: INVALID"}
    assert burnt["gasUsed"] == "0x186a0"


def test_wei_that_moves_can_be_told(client: lab.Client) -> None:
    # Forward all value to BOB.
    code = "0x5f5f5f5f34" + "73" + lab.BOB[2:] + "5af100"
    block = {"stateOverrides": {lab.NOBODY: {"code": code}},
             "calls": [{"from": lab.EVE, "to": lab.NOBODY, "value": "0x7"}]}  # fmt: skip
    ((call,),) = [each["calls"] for each in simulate(client, block, traceTransfers=True)]
    parties = [[topic[-40:] for topic in log["topics"][1:]] for log in call["logs"]]
    assert parties == [[lab.EVE[2:], lab.NOBODY[2:]], [lab.NOBODY[2:], lab.BOB[2:]]]
    assert {log["address"] for log in call["logs"]} == {"0x" + "ee" * 20}
    assert simulate(client, block)[0]["calls"][0]["logs"] == []


def test_validation_asks_for_what_a_transaction_needs(client: lab.Client) -> None:
    fee = {"maxFeePerGas": hex(10**10), "maxPriorityFeePerGas": "0x1"}
    call = {"from": lab.EVE, "to": lab.BOB, "value": "0x1", "gas": "0x5208"}
    (block,) = simulate(client, {"calls": [{**call, **fee}]}, validation=True)
    assert (block["calls"][0]["status"], int(block["baseFeePerGas"], 16) > 0) == ("0x1", True)
    for fields, code in (
        ({}, -32602), ({**fee, "nonce": "0x5"}, -38011), ({**fee, "from": lab.NOBODY}, -38014),
        ({**fee, "gas": "0x1"}, -38013),
    ):  # fmt: skip
        body = {"blockStateCalls": [{"calls": [{**call, **fields}]}], "validation": True}
        assert client.error("eth_simulateV1", body)["code"] == code


def test_nonces_and_creations_go_on(client: lab.Client) -> None:
    create = {"from": lab.EVE, "data": lab.creation(lab.COUNTER)}
    (block,) = simulate(client, {"calls": [create, create]}, returnFullTransactions=True)
    assert [tx["nonce"] for tx in block["transactions"]] == ["0x0", "0x1"]
    assert [call["status"] for call in block["calls"]] == ["0x1", "0x1"]
    assert {tx["from"] for tx in block["transactions"]} == {lab.EVE}


@pytest.mark.parametrize(
    ("blocks", "code"),
    [
        ([], -32602),
        ({}, -32602),
        ([{"calls": {"to": lab.BOB}}], -32602),
        ([{"calls": [{"to": "0x1"}]}], -32602),
        ([{"blockOverrides": {"number": "0x0"}}], -38020),
        ([{"blockOverrides": {"number": "0x1000"}}], -38026),
        ([{"blockOverrides": {"time": "0x1"}}], -38021),
        ([{}] * 257, -38026),
        ([{"calls": [{"to": lab.BOB, "gas": "0xffffffff"}]}], -38015),
        ([{"calls": [{"from": lab.NOBODY, "to": lab.BOB, "value": "0x1"}]}], -38014),
    ],
)
def test_what_cannot_be_simulated_has_its_code(client: lab.Client, blocks: Any, code: int) -> None:
    root = client.rpc.chain.state_root()
    assert client.error("eth_simulateV1", {"blockStateCalls": blocks})["code"] == code
    assert client.rpc.chain.state_root() == root


def test_an_older_block_is_built_on(client: lab.Client) -> None:
    for _ in range(3):
        client("eth_sendTransaction", {"from": lab.ANN, "to": lab.BOB, "value": "0x1"})
    balance = {"from": lab.EVE, "data": "0x73" + lab.BOB[2:] + "31" + RETURN}
    found = [
        int(simulate(client, {"calls": [balance]}, at=hex(n))[0]["calls"][0]["returnData"], 16)
        for n in range(4)
    ]
    assert [each - found[0] for each in found] == [0, 1, 2, 3]
