"""Older states over JSON-RPC: read, called, overridden and proved at any block of the window."""

from __future__ import annotations

from typing import Any

import pytest
import rpc_lab as lab
from rlp import decode
from trie import HexaryTrie

from twin.chain.codec import keccak
from twin.chain.engines import available

ENGINES = [*lab.ENGINES, *(["both"] if "revm" in available() else [])]
READ = "0x00"


@pytest.fixture(params=ENGINES)
def client(request: pytest.FixtureRequest) -> lab.Client:
    """Return a client of a chain whose block n + 2 holds the nth of eight counts."""
    made = lab.Client(lab.rpc_of(lab.chain_of(request.param, window=6)))
    counter = made.deploy(lab.COUNTER)
    assert counter == COUNTER
    for _ in range(8):
        count(made)
    return made


COUNTER = "0x" + keccak(b"\xd6\x94" + bytes.fromhex(lab.ANN[2:]) + b"\x80").hex()[-40:]


def count(client: lab.Client) -> dict[str, Any]:
    sent = client("eth_sendTransaction", {"from": lab.ANN, "to": COUNTER, "gas": "0x186a0"})
    found: dict[str, Any] = client("eth_getTransactionReceipt", sent)
    return found


def test_every_reader_reads_every_block_of_the_window(client: lab.Client) -> None:
    for block in range(3, 10):
        at, counted = hex(block), block - 1
        assert int(client("eth_getStorageAt", COUNTER, "0x0", at), 16) == counted
        assert int(client("eth_call", {"to": COUNTER, "data": READ}, at), 16) == counted
        assert client("eth_getTransactionCount", lab.ANN, at) == hex(block)
        assert client("eth_getCode", COUNTER, at) == "0x" + lab.COUNTER
        gas = int(client("eth_estimateGas", {"to": COUNTER}, at), 16)
        assert gas > 21_000
    balances = [int(client("eth_getBalance", lab.ANN, hex(n)), 16) for n in range(3, 10)]
    assert balances == sorted(set(balances), reverse=True)


def test_beyond_the_window_the_trie_is_missing(client: lab.Client) -> None:
    asked: list[tuple[Any, ...]] = [
        ("eth_getBalance", lab.ANN), ("eth_getCode", COUNTER), ("eth_getTransactionCount", lab.ANN),
        ("eth_getStorageAt", COUNTER, "0x0"), ("eth_call", {"to": COUNTER}),
        ("eth_estimateGas", {"to": COUNTER}), ("eth_getProof", COUNTER, []),
        ("eth_createAccessList", {"to": COUNTER}),
    ]  # fmt: skip
    for method, *rest in asked:
        error = client.error(method, *rest, "0x2")
        assert error["code"] == -32000
        assert error["message"].startswith("missing trie node ")
        assert "the states of blocks 3 to 9 are kept" in error["message"]
        assert client.error(method, *rest, "0x63")["message"] == "header not found"


def test_what_was_not_there_is_not_there(client: lab.Client) -> None:
    late = client.deploy(lab.COUNTER, sender=lab.BOB)
    assert client("eth_getCode", late, "0x9") == "0x"
    assert client("eth_getCode", late) != "0x"
    assert client("eth_call", {"to": late, "data": READ}, "0x9") == "0x"
    assert client("eth_getTransactionCount", lab.BOB, "0x9") == "0x0"


def test_state_is_overridden_at_any_block(client: lab.Client) -> None:
    read = {"to": COUNTER, "data": READ}
    for block, plain in (("0x4", 3), ("0x9", 8), ("latest", 8)):
        for override, wanted in (
            ({COUNTER: {"stateDiff": {"0x0": "0x63"}}}, 99),
            ({COUNTER: {"state": {"0x1": "0x63"}}}, 0),
            ({lab.NOBODY: {"balance": "0x5"}}, plain),
        ):
            assert int(client("eth_call", read, block, override), 16) == wanted
        assert int(client("eth_call", read, block), 16) == plain
    # NONCE shows in the address of what is created: CREATE, and return the address.
    maker = {lab.NOBODY: {"code": "0x5f5f5ff05f5260205ff3", "nonce": "0x7"}}
    found = client("eth_call", {"to": lab.NOBODY}, "0x5", maker)
    assert found[-40:] == keccak(b"\xd6\x94" + bytes.fromhex(lab.NOBODY[2:]) + b"\x07").hex()[-40:]
    poor = {"from": lab.EVE, "to": lab.NOBODY, "value": hex(10**30)}
    assert "insufficient funds" in client.error("eth_call", poor, "0x5")["message"]
    rich = {lab.EVE: {"balance": hex(10**31)}}
    assert client("eth_call", poor, "0x5", rich) == "0x"
    assert client("eth_estimateGas", poor, "0x5", rich) == "0x5208"


RETURN = "5f5260205ff3"


@pytest.mark.parametrize(
    ("fields", "opcode", "wanted"),
    [
        ({"number": "0x77"}, "43", 0x77),
        ({"time": "0x1234"}, "42", 0x1234),
        ({"gasLimit": "0x989680"}, "45", 10_000_000),
        ({"feeRecipient": lab.BOB}, "41", int(lab.BOB, 16)),
        ({"prevRandao": "0x" + "12" * 32}, "44", int("12" * 32, 16)),
        ({"baseFeePerGas": "0x99"}, "48", 0),  # a call without a price sees no base fee
        ({"difficulty": "0x1", "blobBaseFee": "0x1"}, "4a", 1),
    ],
)
def test_a_block_is_overridden(fields: dict[str, str], opcode: str, wanted: int) -> None:
    client = lab.client()
    code = {lab.NOBODY: {"code": "0x" + opcode + RETURN}}
    assert int(client("eth_call", {"to": lab.NOBODY}, "latest", code, fields), 16) == wanted
    client("eth_estimateGas", {"to": lab.NOBODY}, "latest", code, fields)


@pytest.mark.parametrize(
    ("accounts", "fields", "words"),
    [
        ({}, {"number": hex(2**64)}, "> 64 bits"),
        ({}, {"colour": "0x1"}, "unknown field 'colour'"),
        ({}, {"withdrawals": []}, '"withdrawals" is not supported'),
        ({}, {"beaconRoot": "0x" + "00" * 32}, '"beaconRoot" is not supported'),
        ({}, {"blobBaseFee": "0x2"}, "there are no blobs here"),
        ({lab.BOB: {"nonce": hex(2**64)}}, {}, "> 64 bits"),
        ({lab.BOB: {"state": {}, "stateDiff": {}}}, {}, "both 'state' and 'stateDiff'"),
        ({lab.BOB: {"movePrecompileToAddress": lab.EVE}}, {}, "unknown field"),
        ({"0x1": {}}, {}, "hex string"),
    ],
)
def test_an_override_that_cannot_be_is_refused(accounts: Any, fields: Any, words: str) -> None:
    client = lab.client()
    assert words in client.error("eth_call", {"to": lab.BOB}, "latest", accounts, fields)["message"]


def test_a_call_at_a_price_pays_it(client: lab.Client) -> None:
    price = {lab.NOBODY: {"code": "0x3a" + RETURN}}
    fee = {lab.NOBODY: {"code": "0x48" + RETURN}}
    base = int(client("eth_getBlockByNumber", "latest", False)["baseFeePerGas"], 16)
    asked = {"from": lab.EVE, "to": lab.NOBODY, "gas": "0x186a0"}
    for fields, paid in (
        ({}, 0), ({"gasPrice": hex(2 * base)}, 2 * base),
        ({"maxFeePerGas": hex(3 * base), "maxPriorityFeePerGas": "0x1"}, base + 1),
    ):  # fmt: skip
        assert int(client("eth_call", {**asked, **fields}, "latest", price), 16) == paid
        seen = int(client("eth_call", {**asked, **fields}, "latest", fee), 16)
        assert seen == (base if fields else 0)
    low = client.error("eth_call", {**asked, "maxFeePerGas": "0x1"}, "latest", price)
    assert low["message"].startswith("max fee per gas less than block base fee")
    poor = {"from": lab.NOBODY, "to": lab.BOB, "gasPrice": hex(base), "gas": "0x5208"}
    assert "insufficient funds for gas" in client.error("eth_call", poor)["message"]
    assert client.error("eth_estimateGas", poor)["message"] == (
        "gas required exceeds allowance (0)"
    )


def test_a_proof_holds_at_each_block_of_the_window(client: lab.Client) -> None:
    for block in (3, 6, 9):
        root = client("eth_getBlockByNumber", hex(block), False)["stateRoot"]
        found = client("eth_getProof", COUNTER, ["0x0"], hex(block))
        key = keccak(bytes.fromhex(COUNTER[2:]))
        nodes = [decode(bytes.fromhex(node[2:])) for node in found["accountProof"]]
        account = decode(HexaryTrie.get_from_proof(bytes.fromhex(root[2:]), key, nodes))
        assert "0x" + account[2].hex() == found["storageHash"]
        nodes = [decode(bytes.fromhex(node[2:])) for node in found["storageProof"][0]["proof"]]
        value = HexaryTrie.get_from_proof(account[2], keccak(bytes(32)), nodes)
        assert int.from_bytes(decode(value), "big") == block - 1
    assert client.error("eth_getProof", COUNTER, ["0x0"] * 1025, "latest")["code"] == -32602


def test_an_access_list_is_made_on_older_states_too(client: lab.Client) -> None:
    for block in ("0x4", "latest"):
        found = client("eth_createAccessList", {"from": lab.ANN, "to": COUNTER}, block)
        assert found["accessList"] == [{"address": COUNTER, "storageKeys": ["0x" + "00" * 32]}]
        listed = {"from": lab.ANN, "to": COUNTER, "accessList": found["accessList"]}
        assert client("eth_estimateGas", listed, block)
    burns = {lab.NOBODY: {"code": "0xfe"}}
    found = client("eth_createAccessList", {"to": lab.NOBODY}, "0x4", burns)
    assert found["error"] == "invalid opcode: INVALID"


def test_pending_is_the_latest_state_in_the_block_to_come(client: lab.Client) -> None:
    number = {lab.NOBODY: {"code": "0x43" + RETURN}}
    for block, wanted in (("0x5", 5), ("latest", 9), ("pending", 10)):
        assert int(client("eth_call", {"to": lab.NOBODY}, block, number), 16) == wanted


def test_a_failed_call_says_what_go_ethereum_says(client: lab.Client) -> None:
    for code, said in (
        ("fe", "invalid opcode: INVALID"), ("50", "stack underflow (0 <=> 1)"),
        ("600056", "invalid jump destination"), ("5b5f56", "out of gas"),
        ("5f5ffd", "execution reverted"),
    ):  # fmt: skip
        asked = {"to": lab.NOBODY, "gas": "0xf4240"}
        override = {lab.NOBODY: {"code": "0x" + code}}
        error = client.error("eth_call", asked, "latest", override)
        assert (error["code"], error["message"]) == (-32000, said)


def test_the_state_stays_what_it_is(client: lab.Client) -> None:
    before = client.rpc.chain.state_root()
    test_every_reader_reads_every_block_of_the_window(client)
    test_state_is_overridden_at_any_block(client)
    test_a_proof_holds_at_each_block_of_the_window(client)
    assert client.rpc.chain.state_root() == before
    assert count(client)["status"] == "0x1"
    assert int(client("eth_call", {"to": COUNTER, "data": READ}), 16) == 9
