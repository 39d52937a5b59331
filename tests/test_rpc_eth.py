"""Blocks, state, calls and sending over JSON-RPC, as a client sees them."""

from __future__ import annotations

from typing import Any

import pytest
import rpc_lab as lab

Client = lab.Client


@pytest.fixture(params=lab.ENGINES)
def client(request: pytest.FixtureRequest) -> Client:
    return lab.client(request.param)


def send(client: Client, **fields: Any) -> Any:
    """Send a transaction of Ann's; return its receipt."""
    sent = client("eth_sendTransaction", {"from": lab.ANN, **fields})
    return client("eth_getTransactionReceipt", sent)


def test_after_sending_the_block_receipt_and_logs_are_there(client: Client) -> None:
    counter = client.deploy(lab.COUNTER)
    receipt = send(client, to=counter)
    assert (receipt["status"], receipt["blockNumber"]) == ("0x1", client("eth_blockNumber"))
    (log,) = client("eth_getLogs", {"address": counter})
    assert log == receipt["logs"][0]
    assert (int(log["data"], 16), int(log["topics"][0], 16)) == (1, 7)
    block = client("eth_getBlockByNumber", "latest", True)
    assert [tx["hash"] for tx in block["transactions"]] == [receipt["transactionHash"]]
    assert block["hash"] == receipt["blockHash"] == log["blockHash"]
    assert int(block["logsBloom"], 16) == int(receipt["logsBloom"], 16) != 0
    assert client("eth_getBlockByHash", block["hash"], True) == block
    assert client("eth_getBlockReceipts", block["number"]) == [receipt]
    assert client("eth_call", {"to": counter, "data": "0x00"}) == f"0x{1:064x}"


def test_a_transaction_is_found_by_hash_and_by_place(client: Client) -> None:
    receipt = send(client, to=lab.BOB, value="0x5", gas="0x5208")
    tx = client("eth_getTransactionByHash", receipt["transactionHash"])
    assert (tx["from"], tx["to"], tx["value"], tx["type"]) == (lab.ANN, lab.BOB, "0x5", "0x2")
    assert client("eth_getTransactionByBlockNumberAndIndex", "latest", "0x0") == tx
    assert client("eth_getTransactionByBlockHashAndIndex", tx["blockHash"], "0x0") == tx
    assert client("eth_getTransactionByBlockNumberAndIndex", "latest", "0x1") is None
    raw = client("eth_getRawTransactionByHash", tx["hash"])
    assert raw.startswith("0x02")
    assert client.error("eth_sendRawTransaction", raw)["message"].startswith("nonce too low")
    for number, count in (("latest", "0x1"), ("0x0", "0x0")):
        assert client("eth_getBlockTransactionCountByNumber", number) == count
        assert client("eth_getUncleCountByBlockNumber", number) == "0x0"


@pytest.mark.parametrize(
    ("fees", "kind"),
    [
        ({"gasPrice": "0x77359400"}, "0x0"),
        ({"gasPrice": "0x77359400", "accessList": []}, "0x1"),
        ({"maxFeePerGas": "0x77359400"}, "0x2"),
        ({"maxPriorityFeePerGas": "0x1"}, "0x2"),
        ({"type": "0x0"}, "0x0"),
        ({}, "0x2"),
    ],
)
def test_the_fees_choose_the_type(client: Client, fees: dict[str, Any], kind: str) -> None:
    receipt = send(client, to=lab.BOB, **fees)
    tx = client("eth_getTransactionByHash", receipt["transactionHash"])
    assert (receipt["type"], tx["type"], tx["chainId"]) == (kind, kind, hex(lab.CHAIN_ID))
    assert tx["gas"] == "0x5208"
    assert tx["gasPrice"] == receipt["effectiveGasPrice"]


REFUSED: list[tuple[dict[str, Any], str]] = [
    ({"from": lab.NOBODY}, "unknown account"),
    ({"chainId": "0x1"}, "chainId does not match node's (have=1, want=31337)"),
    ({"nonce": "0x0", "gas": "0x5207"}, "intrinsic gas too low: gas 20999, minimum needed 21000"),
    ({"gas": "0x1c9c381"}, "exceeds block gas limit"),
    ({"value": "0xffffffffffffffffffff", "gas": "0x5208"},
     "insufficient funds for gas * price + value: balance 100000000000000000000, tx cost "),
    ({"maxFeePerGas": "0x1", "maxPriorityFeePerGas": "0x2", "gas": "0x5208"},
     "max priority fee per gas higher than max fee per gas"),
    ({"maxFeePerGas": "0x1", "gas": "0x5208"}, "max fee per gas less than block base fee"),
    ({"gas": "0xffffff", "to": None, "data": "0x" + "00" * 49_153}, "max initcode size exceeded"),
]  # fmt: skip


@pytest.mark.parametrize(("fields", "words"), REFUSED)
def test_what_a_pool_refuses_is_refused_in_its_words(
    client: Client, fields: dict[str, Any], words: str
) -> None:
    error = client.error("eth_sendTransaction", {"from": lab.ANN, "to": lab.BOB, **fields})
    assert (error["code"], error["message"][: len(words)]) == (-32000, words)
    assert client("eth_blockNumber") == "0x0"


def test_a_spent_nonce_is_too_low_and_a_later_one_waits(client: Client) -> None:
    send(client, to=lab.BOB)
    error = client.error("eth_sendTransaction", {"from": lab.ANN, "to": lab.BOB, "nonce": "0x0"})
    assert error["message"] == "nonce too low: next nonce 1, tx nonce 0"
    later = client("eth_sendTransaction", {"from": lab.ANN, "to": lab.BOB, "nonce": "0x2"})
    assert client("eth_getTransactionReceipt", later) is None
    assert client("eth_getTransactionByHash", later)["blockHash"] is None
    assert client("txpool_status") == {"pending": "0x0", "queued": "0x1"}
    assert client("txpool_content")["queued"][lab.ANN]["2"]["hash"] == later
    assert "1 wei" not in client("txpool_inspect")["queued"][lab.ANN]["2"]
    send(client, to=lab.BOB, nonce="0x1")
    assert client("eth_getTransactionReceipt", later)["status"] == "0x1"
    assert client("eth_getTransactionCount", lab.ANN, "latest") == "0x3"


def test_a_signed_transaction_can_be_sent_later(client: Client) -> None:
    signed = client("eth_signTransaction", {"from": lab.BOB, "to": lab.EVE, "value": "0x1"})["raw"]
    sent = client("eth_sendRawTransaction", signed)
    assert client("eth_getTransactionReceipt", sent)["from"] == lab.BOB
    for raw, words in (
        ("0x", "typed transaction too short"), ("0x05", "transaction type not supported"),
        ("0xc0", "an RLP list of 9"), ("0xff", "rlp: malformed transaction"),
    ):  # fmt: skip
        assert client.error("eth_sendRawTransaction", raw)["message"].startswith(words)


def test_reverts_come_with_code_3_text_and_payload(client: Client) -> None:
    reverts, burns = client.deploy(lab.REVERTS), client.deploy(lab.BURNS)
    for method in ("eth_call", "eth_estimateGas", "eth_sendTransaction"):
        error = client.error(method, {"from": lab.ANN, "to": reverts})
        assert (error["code"], error["message"]) == (3, "execution reverted: no"), method
        assert error["data"].startswith("0x08c379a0")
    error = client.error("eth_call", {"to": burns})
    assert (error["code"], error["message"]) == (-32000, "invalid opcode: INVALID")
    assert client.error("eth_estimateGas", {"to": burns}) == error
    receipt = send(client, to=reverts, gas="0x186a0")
    assert (receipt["status"], receipt["logs"]) == ("0x0", [])


@pytest.mark.parametrize("engine", lab.ENGINES)
def test_old_state_is_read_inside_the_window_and_refused_beyond(engine: str) -> None:
    client = lab.Client(lab.rpc_of(lab.chain_of(engine, window=3)))
    counter = client.deploy(lab.COUNTER)
    for _ in range(5):
        send(client, to=counter)
    read = {"to": counter, "data": "0x00"}
    assert [int(client("eth_call", read, hex(n)), 16) for n in (6, 5, 4, 3)] == [5, 4, 3, 2]
    assert int(client("eth_getStorageAt", counter, "0x1", "0x4"), 16) == 0
    assert client("eth_getCode", counter, "0x4") == "0x" + lab.COUNTER
    assert [int(client("eth_getStorageAt", counter, "0x0", hex(n)), 16) for n in (6, 5, 4, 3)] == [
        5, 4, 3, 2,
    ]  # fmt: skip
    assert client("eth_getTransactionCount", lab.ANN, {"blockNumber": "0x5"}) == "0x5"
    balances = [int(client("eth_getBalance", lab.ANN, hex(n)), 16) for n in range(3, 7)]
    assert balances == sorted(set(balances), reverse=True)
    block = client("eth_getBlockByNumber", "0x4", False)
    assert int(client("eth_call", read, {"blockHash": block["hash"]}), 16) == 3
    for method, *rest in (("eth_call", read), ("eth_getBalance", lab.ANN)):
        error = client.error(method, *rest, "0x2")
        assert (error["code"], error["message"][:17]) == (-32000, "missing trie node")
        assert client.error(method, *rest, "0x99")["message"] == "header not found"


def test_tags_name_blocks(client: Client) -> None:
    for _ in range(3):
        client("evm_mine")
    numbers = {tag: client("eth_getBlockByNumber", tag, False)["number"]
               for tag in ("latest", "earliest", "safe", "finalized", "pending")}  # fmt: skip
    assert numbers == {"latest": "0x3", "earliest": "0x0", "safe": "0x3", "finalized": "0x3",
                       "pending": "0x4"}  # fmt: skip
    pending = client("eth_getBlockByNumber", "pending", True)
    assert (pending["hash"], pending["transactions"]) == (None, [])
    assert client("eth_getBlockByNumber", "0x4", False) is None
    assert client("eth_getBlockByHash", "0x" + "00" * 32, False) is None


def test_the_pending_nonce_counts_what_waits(client: Client) -> None:
    client("evm_setAutomine", False)
    for _ in range(2):
        client("eth_sendTransaction", {"from": lab.ANN, "to": lab.BOB})
    assert client("eth_getTransactionCount", lab.ANN, "pending") == "0x2"
    assert client("eth_getTransactionCount", lab.ANN, "latest") == "0x0"
    assert len(client("eth_getBlockByNumber", "pending", False)["transactions"]) == 2
    sent = client("txpool_contentFrom", lab.ANN)["pending"]["0"]["hash"]
    error = client.error("eth_sendTransaction", {"from": lab.ANN, "to": lab.BOB, "nonce": "0x0"})
    assert error["message"] == "already known"
    error = client.error("eth_sendTransaction", {"from": lab.ANN, "to": lab.EVE, "nonce": "0x0"})
    assert error["message"].startswith("replacement transaction underpriced")
    client("evm_setAutomine", True)
    assert client("eth_getTransactionReceipt", sent)["blockNumber"] == "0x1"


def test_overrides_change_what_a_call_sees_and_nothing_else(client: Client) -> None:
    counter = client.deploy(lab.COUNTER)
    send(client, to=counter)
    read = {"to": counter, "data": "0x00"}
    balance = "0x47" + "5f5260205ff3"  # SELFBALANCE, returned
    for override, wanted in (
        ({counter: {"stateDiff": {"0x0": "0x9"}}}, 9),
        ({counter: {"state": {}}}, 0),
        ({counter: {"code": balance, "balance": "0x7"}}, 7),
        ({lab.NOBODY: {"balance": "0x1"}}, 1),
    ):
        assert int(client("eth_call", read, "latest", override), 16) == wanted
        assert int(client("eth_call", read), 16) == 1
    time = {lab.NOBODY: {"code": "0x42" + "5f5260205ff3"}}  # TIMESTAMP
    found = client("eth_call", {"to": lab.NOBODY}, "latest", time, {"time": "0x1234"})
    assert int(found, 16) == 0x1234
    assert int(client("eth_call", read, "0x1"), 16) == 0
    assert int(client("eth_call", read, "0x1", {counter: {"stateDiff": {"0x0": "0x9"}}}), 16) == 9
    assert client("eth_getCode", lab.NOBODY) == "0x"


def test_gas_is_estimated_to_the_unit(client: Client) -> None:
    counter = client.deploy(lab.COUNTER)
    gas = int(client("eth_estimateGas", {"from": lab.ANN, "to": counter}), 16)
    assert send(client, to=counter, gas=hex(gas))["status"] == "0x1"
    gas = int(client("eth_estimateGas", {"from": lab.ANN, "to": counter}), 16)
    assert send(client, to=counter, gas=hex(gas - 1))["status"] == "0x0"
    assert client("eth_estimateGas", {"to": lab.BOB}) == "0x5208"


def test_an_access_list_says_what_a_call_touches(client: Client) -> None:
    counter = client.deploy(lab.COUNTER)
    found = client("eth_createAccessList", {"from": lab.ANN, "to": counter})
    assert found["accessList"] == [{"address": counter, "storageKeys": ["0x" + "00" * 32]}]
    assert client("eth_createAccessList", {"from": lab.ANN, "to": lab.BOB})["accessList"] == []
    reverts = client.deploy(lab.REVERTS)
    assert client("eth_createAccessList", {"to": reverts})["error"] == "execution reverted"


def test_fees_are_suggested_and_told(client: Client) -> None:
    assert client("eth_maxPriorityFeePerGas") == hex(10**9)
    assert client("eth_gasPrice") == hex(2 * 10**9)
    send(client, to=lab.BOB, maxFeePerGas="0x77359400", maxPriorityFeePerGas="0x7")
    assert client("eth_maxPriorityFeePerGas") == "0x7"
    history = client("eth_feeHistory", "0x5", "latest", [25, 75])
    assert (history["oldestBlock"], history["reward"]) == ("0x0", [["0x0", "0x0"], ["0x7", "0x7"]])
    assert len(history["baseFeePerGas"]) == 3
    assert client("eth_feeHistory", 1, "latest", None)["gasUsedRatio"] == [21_000 / 30_000_000]
    assert client("eth_feeHistory", "0x0", "latest", [])["gasUsedRatio"] is None
    for percentiles in ([101], [5, 1], [-1]):
        error = client.error("eth_feeHistory", "0x1", "latest", percentiles)
        assert error["message"].startswith("invalid reward percentile")
    assert client.error("eth_feeHistory", "0x1", "latest", ["a"])["code"] == -32602
    assert (
        client.error("eth_feeHistory", "0x1", "0x99", [])["message"] == "request beyond head block"
    )


def test_the_node_names_itself(client: Client) -> None:
    assert client("net_version") == str(lab.CHAIN_ID)
    assert (client("net_listening"), client("net_peerCount"), client("eth_syncing")) == (
        True, "0x0", False,
    )  # fmt: skip
    assert client("web3_clientVersion").startswith("fictra-twin/v")
    assert client("web3_sha3", "0x")[:10] == "0xc5d24601"
    assert client("eth_accounts") == [lab.ANN, lab.BOB, lab.EVE]
    assert {"eth", "debug", "txpool"} <= set(client("rpc_modules"))


def test_the_state_root_of_the_latest_block_is_the_true_one(client: Client) -> None:
    send(client, to=lab.BOB, value="0x1")
    latest = client("eth_getBlockByNumber", "latest", False)
    assert latest["stateRoot"] == "0x" + client.rpc.chain.state_root().hex()
    send(client, to=lab.BOB, value="0x1")
    assert client("eth_getBlockByNumber", latest["number"], False) == latest


@pytest.mark.parametrize("engine", lab.ENGINES)
def test_questions_leave_no_trace(engine: str) -> None:
    blocks = []
    for asking in (False, True):
        client = lab.client(engine)
        counter = client.deploy(lab.COUNTER)
        for _ in range(4):
            receipt = send(client, to=counter, gas="0x186a0")
            if asking:
                override = {counter: {"state": {"0x1": "0x2"}, "balance": "0x5", "nonce": "0x9"}}
                client("eth_call", {"to": counter}, "latest", override, {"time": "0x9"})
                client("eth_estimateGas", {"to": counter}, "latest", override)
                client("eth_call", {"to": counter}, "0x1")
                client("eth_createAccessList", {"to": counter})
                client("eth_getBalance", lab.ANN, "0x1")
                client("eth_getProof", counter, ["0x0"], "latest")
                client("eth_getBlockByNumber", "pending", True)
                tracer = {"tracer": "callTracer"}
                client("debug_traceTransaction", receipt["transactionHash"], tracer)
        blocks.append(client("eth_getBlockByNumber", "latest", True))
        assert blocks[-1]["stateRoot"] == "0x" + client.rpc.chain.state_root().hex()
    assert blocks[0] == blocks[1]


def test_the_node_signs_for_its_own_accounts_alone(client: Client) -> None:
    from eth_account import Account
    from eth_account.messages import encode_defunct

    text = "0x68656c6c6f"
    for signed in (client("eth_sign", lab.ANN, text), client("personal_sign", text, lab.ANN)):
        found = Account.recover_message(encode_defunct(hexstr=text), signature=signed)
        assert found.lower() == lab.ANN
    for method, *rest in (
        ("eth_sign", lab.NOBODY, text), ("personal_sign", text, lab.NOBODY, ""),
        ("eth_signTransaction", {"from": lab.NOBODY}), ("eth_sendTransaction", {"to": lab.BOB}),
    ):  # fmt: skip
        error = client.error(method, *rest)
        assert (error["code"], error["message"]) == (-32000, "unknown account")
    assert client.error("eth_signTypedData_v4", lab.ANN, "{}")["code"] == -32601


def test_a_transaction_is_filled_for_somebody_else_to_sign(client: Client) -> None:
    asked = {"from": lab.EVE, "to": lab.BOB, "value": "0x1", "maxPriorityFeePerGas": "0x5"}
    filled = client("eth_fillTransaction", asked)
    tx = filled["tx"]
    assert (tx["from"], tx["gas"], tx["nonce"], tx["r"]) == (lab.EVE, "0x5208", "0x0", "0x0")
    assert int(tx["maxFeePerGas"], 16) > 10**9
    signed = client("eth_signTransaction", asked)
    assert signed["raw"][8:60] == filled["raw"][6:58]
    assert {**signed["tx"], "hash": 0, "r": 0, "s": 0, "v": 0, "yParity": 0} == {
        **tx, "hash": 0, "r": 0, "s": 0, "v": 0, "yParity": 0,
    }  # fmt: skip


def test_a_transaction_is_found_by_sender_and_nonce(client: Client) -> None:
    sent = [send(client, to=lab.BOB, value=hex(n)) for n in range(3)]
    for nonce, receipt in enumerate(sent):
        found = client("eth_getTransactionBySenderAndNonce", lab.ANN, hex(nonce))
        assert found == client("eth_getTransactionByHash", receipt["transactionHash"])
    assert client("eth_getTransactionBySenderAndNonce", lab.ANN, "0x3") is None
    client("evm_setAutomine", False)
    waits = client("eth_sendTransaction", {"from": lab.ANN, "to": lab.BOB})
    found = client("eth_getTransactionBySenderAndNonce", lab.ANN, "0x3")
    assert (found["hash"], found["blockHash"]) == (waits, None)
    assert [tx["hash"] for tx in client("eth_pendingTransactions")] == [waits]


def test_headers_come_without_their_transactions(client: Client) -> None:
    send(client, to=lab.BOB)
    block = client("eth_getBlockByNumber", "latest", False)
    header = client("eth_getHeaderByNumber", "latest")
    assert header == {name: block[name] for name in header}
    assert "transactions" not in header
    assert client("eth_getHeaderByHash", block["hash"]) == header
    assert client("eth_getHeaderByNumber", "0x99") is None
    assert (client("eth_coinbase"), client("eth_hashrate")) == (block["miner"], "0x0")
