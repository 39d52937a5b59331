"""Snapshots, time and the other hands on a bare chain; traces; proofs."""

from __future__ import annotations

from typing import Any

import pytest
import rpc_lab as lab

from twin.chain.basefee import Demand
from twin.chain.chain import Chain
from twin.chain.codec import keccak
from twin.chain.config import ChainConfig
from twin.chain.engines import make_engine
from twin.chain.mpt import proof, secure_root
from twin.chain.rpc import BareChain, Rpc
from twin.clock import Clock
from twin.errors import ChainError


@pytest.fixture(params=lab.ENGINES)
def client(request: pytest.FixtureRequest) -> lab.Client:
    return lab.client(request.param)


def latest(client: lab.Client) -> tuple[int, int]:
    """Return number and time of the latest block."""
    block = client("eth_getBlockByNumber", "latest", False)
    return int(block["number"], 16), int(block["timestamp"], 16) - lab.START


def pay(client: lab.Client, value: int) -> None:
    client("eth_sendTransaction", {"from": lab.ANN, "to": lab.BOB, "value": hex(value)})


def test_time_goes_on_by_the_interval_or_as_told(client: lab.Client) -> None:
    client("evm_mine")
    assert latest(client) == (1, 12)
    assert client("evm_increaseTime", 100) == "100"
    assert client("evm_increaseTime", "0x5") == "105"
    pay(client, 1)
    assert latest(client) == (2, 12 + 12 + 105)
    client("evm_mine")
    assert latest(client) == (3, 141)
    assert client("evm_setNextBlockTimestamp", lab.START + 142) == str(lab.START + 142)
    pay(client, 1)
    assert latest(client) == (4, 142)
    client("evm_mine", hex(lab.START + 150))
    client("evm_mine", {"blocks": 2, "timestamp": lab.START + 160})
    assert latest(client) == (7, 172)
    client("hardhat_mine", "0x3", "0x1")
    assert latest(client) == (10, 172 + 12 + 2)
    error = client.error("evm_setNextBlockTimestamp", lab.START + 186)
    assert "is not after that of the latest block" in error["message"]
    assert "at least a second" not in str(client.ask("hardhat_mine", "0x1", "0x0"))
    assert "100000" in client.error("hardhat_mine", hex(100_001))["message"]


def test_a_snapshot_takes_everything_back_and_is_used_up(client: lab.Client) -> None:
    pay(client, 1)
    block, balance = (
        client("eth_getBlockByNumber", "latest", True),
        client("eth_getBalance", lab.BOB),
    )
    first = client("evm_snapshot")
    client("evm_increaseTime", 1_000)
    pay(client, 2)
    gone = client("eth_getBlockByNumber", "latest", True)
    second = client("evm_snapshot")
    pay(client, 3)
    client("evm_setAutomine", False)
    pay(client, 4)
    client("evm_setAutomine", True)
    assert client("evm_revert", first) is True
    assert client("eth_getBlockByNumber", "latest", True) == block
    assert client("eth_getBalance", lab.BOB) == balance
    assert client("txpool_status")["pending"] == "0x0"
    assert client("eth_getBlockByHash", gone["hash"], False) is None
    assert client("eth_getTransactionByHash", gone["transactions"][0]["hash"]) is None
    for used in (first, second, "0x99"):
        assert client("evm_revert", used) is False
    pay(client, 5)
    assert latest(client) == (2, 24)


def test_a_snapshot_keeps_what_waits(client: lab.Client) -> None:
    client("evm_setAutomine", False)
    pay(client, 1)
    snapshot = client("evm_snapshot")
    client("evm_mine")
    assert client("txpool_status")["pending"] == "0x0"
    client("evm_revert", snapshot)
    assert client("txpool_status")["pending"] == "0x1"
    assert client("hardhat_getAutomine") is False


@pytest.mark.parametrize("who", ["hardhat", "anvil"])
def test_accounts_are_put_as_told(client: lab.Client, who: str) -> None:
    assert client(f"{who}_setBalance", lab.NOBODY, "0xde0b6b3a7640000") is True
    assert client("eth_getBalance", lab.NOBODY) == hex(lab.ETHER)
    assert client.error("eth_sendTransaction", {"from": lab.NOBODY})["message"] == "unknown account"
    client(f"{who}_impersonateAccount", lab.NOBODY)
    sent = client("eth_sendTransaction", {"from": lab.NOBODY, "to": lab.BOB, "value": "0x1"})
    receipt = client("eth_getTransactionReceipt", sent)
    assert (receipt["status"], receipt["from"]) == ("0x1", lab.NOBODY)
    tx = client("eth_getTransactionByHash", sent)
    assert (tx["r"], tx["s"], tx["v"]) == ("0x0", "0x0", "0x0")
    assert client.error("eth_signTransaction", {"from": lab.NOBODY})["code"] == -32000
    assert client(f"{who}_stopImpersonatingAccount", lab.NOBODY) is True
    assert client(f"{who}_stopImpersonatingAccount", lab.NOBODY) is False
    client(f"{who}_setNonce", lab.NOBODY, "0x9")
    assert client("eth_getTransactionCount", lab.NOBODY) == "0x9"
    assert "below the current" in client.error(f"{who}_setNonce", lab.NOBODY, "0x1")["message"]
    client(f"{who}_setCode", lab.EVE, "0x" + lab.COUNTER)
    client(f"{who}_setStorageAt", lab.EVE, "0x0", f"0x{41:064x}")
    assert int(client("eth_call", {"to": lab.EVE}), 16) == 42


def test_a_bare_chain_is_what_bare_needs() -> None:
    clock = Clock(lab.START)
    world = Chain(make_engine("pyevm", chain_id=1), ChainConfig(chain_id=1), clock)
    with pytest.raises(ChainError, match="only a chain without a world"):
        Rpc(world, clock, bare=True)
    demand = (Demand(lab.START, lab.START + 9, 1, 1, 1),)
    with pytest.raises(ChainError, match="no background demand"):
        BareChain(
            make_engine("pyevm", chain_id=1), ChainConfig(chain_id=1, background=demand), clock
        )


def test_a_block_can_have_its_own_coinbase() -> None:
    chain = lab.chain_of()
    chain.mine(coinbase=b"\7" * 20)
    chain.mine()
    assert [chain.header(n).coinbase[0] for n in (1, 2)] == [7, 0]
    assert chain.env(1).coinbase == b"\7" * 20
    assert chain.timestamp(2) == lab.START + 24


def test_the_same_requests_give_the_same_blocks() -> None:
    found = []
    for _ in range(2):
        client = lab.client()
        counter = client.deploy(lab.COUNTER)
        client("evm_increaseTime", 5)
        client("eth_sendTransaction", {"from": lab.BOB, "to": counter})
        found.append(client("eth_getBlockByNumber", "latest", True))
    assert found[0] == found[1]


# -- traces


def call_of(opcode: str, to: str, value: str = "") -> str:
    """Return code that calls *to* by *opcode* without data and drops the answer."""
    return f"5f5f5f5f{value}73{to[2:]}5a{opcode}50"


TREE = {"tracer": "callTracer"}


def busy(client: lab.Client) -> str:
    """Return a contract that calls the counter in three ways, then what reverts."""
    counter, reverts = client.deploy(lab.COUNTER), client.deploy(lab.REVERTS)
    code = (call_of("f1", counter, "5f") + call_of("f4", counter) + call_of("fa", counter)
            + call_of("f1", reverts, "5f"))  # fmt: skip
    return client.deploy(code + "00")


def test_a_call_tree_shows_what_a_transaction_did(client: lab.Client) -> None:
    caller = busy(client)
    sent = client("eth_sendTransaction", {"from": lab.ANN, "to": caller, "gas": "0x7a120"})
    receipt, before = client("eth_getTransactionReceipt", sent), client("eth_getBalance", lab.ANN)
    client("eth_sendTransaction", {"from": lab.ANN, "to": caller, "gas": "0x7a120"})
    tree = client("debug_traceTransaction", sent, TREE)
    assert (tree["type"], tree["from"], tree["to"]) == ("CALL", lab.ANN, caller)
    assert tree["gasUsed"] == receipt["gasUsed"]
    assert [frame["type"] for frame in tree["calls"]] == [
        "CALL", "DELEGATECALL", "STATICCALL", "CALL",
    ]  # fmt: skip
    plain, _, static, refused = tree["calls"]
    assert (int(plain["output"], 16), plain["value"]) == (1, "0x0")
    assert static["error"] == "write protection"
    assert (refused["error"], refused["revertReason"]) == ("execution reverted", "no")
    assert client("eth_getBalance", lab.ANN, receipt["blockNumber"]) == before
    block = client("debug_traceBlockByNumber", receipt["blockNumber"], TREE)
    assert block == [{"txHash": sent, "result": tree}]


def test_a_trace_runs_what_came_before_it_in_its_block(client: lab.Client) -> None:
    counter = client.deploy(lab.COUNTER)
    client("evm_setAutomine", False)
    sent = [client("eth_sendTransaction", {"from": lab.ANN, "to": counter, "gas": "0x186a0"})
            for _ in range(3)]  # fmt: skip
    client("evm_mine")
    outputs = [int(client("debug_traceTransaction", tx, TREE)["output"], 16) for tx in sent]
    assert outputs == [1, 2, 3]
    assert int(client("eth_call", {"to": counter}), 16) == 4


def test_what_cannot_be_traced_says_why(client: lab.Client) -> None:
    sent = client("eth_sendTransaction", {"from": lab.ANN, "to": lab.BOB})
    assert client("debug_getRawTransaction", sent) == client("eth_getRawTransactionByHash", sent)
    assert client("debug_traceTransaction", sent) == {
        "gas": 21_000, "failed": False, "returnValue": "0x", "structLogs": [],
    }  # fmt: skip
    wrong: list[Any] = ["bigramTracer", []]
    for tracer in wrong:
        error = client.error("debug_traceTransaction", sent, {"tracer": tracer})
        assert "is not there" in error["message"]
    error = client.error("debug_traceTransaction", "0x" + "00" * 32, TREE)
    assert error["message"] == "transaction not found"
    assert "not found" in client.error("debug_traceBlockByNumber", "0x99", TREE)["message"]
    error = client.error("debug_traceBlockByNumber", "0x0", TREE)
    assert error["message"] == "genesis is not traceable"


def test_creations_are_told_apart(client: lab.Client) -> None:
    # CREATE with no code, CREATE2 with no code and salt 1.
    runtime = "5f5f5ff050" + "60015f5f5ff550" + "00"
    maker = client.deploy(runtime)
    sent = client("eth_sendTransaction", {"from": lab.ANN, "to": maker})
    tree = client("debug_traceTransaction", sent, TREE)
    assert [frame["type"] for frame in tree["calls"]] == ["CREATE", "CREATE2"]


# -- proofs


def verified(root: bytes, key: bytes, nodes: list[bytes]) -> Any:
    """Return the value under *key* that *nodes* prove, by py-trie, which is the judge."""
    from rlp import decode
    from trie import HexaryTrie

    return HexaryTrie.get_from_proof(root, key, [decode(node) for node in nodes])


@pytest.mark.parametrize("count", [0, 1, 2, 3, 17, 200])
def test_proofs_satisfy_py_trie(count: int) -> None:
    entries = {keccak(bytes((n,))): bytes((n,)) * (1 + n % 40) for n in range(count)}
    root = secure_root(entries)
    for key, value in entries.items():
        assert verified(root, key, proof(entries, key)) == value
    if entries:
        for n in range(1_000, 1_020):
            absent = keccak(n.to_bytes(2, "big"))
            assert verified(root, absent, proof(entries, absent)) == b""
    else:
        assert proof(entries, keccak(b"")) == []


def test_an_account_and_its_storage_are_proved(client: lab.Client) -> None:
    from rlp import decode

    counter = client.deploy(lab.COUNTER)
    client("eth_sendTransaction", {"from": lab.ANN, "to": counter})
    found = client("eth_getProof", counter, ["0x0", f"0x{5:064x}"], "latest")
    root = bytes.fromhex(client("eth_getBlockByNumber", "latest", False)["stateRoot"][2:])
    nodes = [bytes.fromhex(node[2:]) for node in found["accountProof"]]
    value = verified(root, keccak(bytes.fromhex(counter[2:])), nodes)
    nonce, balance, storage, code = decode(value)
    assert (nonce, balance) == (b"\1", b"")
    assert found["storageHash"] == "0x" + storage.hex()
    assert found["codeHash"] == "0x" + code.hex()
    first, absent = found["storageProof"]
    assert (first["key"], first["value"], absent["value"]) == ("0x0", "0x1", "0x0")
    nodes = [bytes.fromhex(node[2:]) for node in first["proof"]]
    assert verified(storage, keccak(bytes(32)), nodes) == b"\1"
    assert client("eth_getProof", lab.NOBODY, [], "latest")["balance"] == "0x0"
    assert client.error("eth_getProof", counter, "0x0", "latest")["code"] == -32602
