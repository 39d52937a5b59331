"""Requests, batches and errors of JSON-RPC 2.0, and the token."""

from __future__ import annotations

import json
from typing import Any

import pytest
import rpc_lab as lab

from twin.chain.rpc.dispatch import MOST_BYTES, MOST_ITEMS
from twin.chain.rpc.errors import ExecutionReverted, from_twin, revert_reason
from twin.errors import ChainError, InvalidTransaction, Reverted, UnknownBlock, UsageError


@pytest.fixture(scope="module")
def client() -> lab.Client:
    return lab.client()


def call(method: Any, **rest: Any) -> dict[str, Any]:
    return {"jsonrpc": "2.0", "id": 1, "method": method, **rest}


@pytest.mark.parametrize(
    ("body", "code", "words"),
    [
        (b"", -32700, "parse error"),
        (b"{", -32700, "parse error"),
        (b"\xff\xfe", -32700, "parse error"),
        (b"NaN", -32700, "NaN is no JSON"),
        (b"[" * 100_000, -32700, "parse error"),
        (b"1" * 5_000, -32700, "parse error"),
        (b"1", -32600, "expected an object"),
        (b"[]", -32600, "empty batch"),
        (b'{"id": 1}', -32600, "expected"),
        (json.dumps(call("eth_chainId", params={})).encode(), -32600, "positional"),
        (json.dumps(call("eth_chainId") | {"id": [1]}).encode(), -32600, "an id is"),
        (json.dumps(call("eth_chainId") | {"jsonrpc": "1.0"}).encode(), -32600, "jsonrpc"),
        (json.dumps(call(7)).encode(), -32600, "a method"),
        (json.dumps(call("eth_nothing")).encode(), -32601, "does not exist/is not available"),
        (json.dumps(call("eth_subscribe", params=["logs"])).encode(), -32601, "notifications"),
        (json.dumps(call("eth_chainId", params=[1])).encode(), -32602, "too many arguments"),
        (b" " * (MOST_BYTES + 1), -32600, "request too large"),
        (json.dumps([call("eth_chainId")] * (MOST_ITEMS + 1)).encode(), -32600, "batch too large"),
    ],
    ids=str,
)
def test_a_bad_request_has_its_code(client: lab.Client, body: bytes, code: int, words: str) -> None:
    answer = client.send(body)
    assert answer["error"]["code"] == code
    assert words in answer["error"]["message"]


def test_ids_come_back_as_they_were(client: lab.Client) -> None:
    for name in (7, "seven", None, 1.5, "\ud800"):
        answer = client.send(call("eth_chainId") | {"id": name})
        assert answer == {"jsonrpc": "2.0", "id": name, "result": hex(lab.CHAIN_ID)}


def test_a_batch_answers_in_order_and_leaves_notifications_out(client: lab.Client) -> None:
    silent = {"jsonrpc": "2.0", "method": "eth_chainId"}
    answers = client.send([call("net_version"), silent, 5, call("eth_nothing") | {"id": 2}])
    assert [answer.get("id") for answer in answers] == [1, None, 2]
    assert answers[0]["result"] == str(lab.CHAIN_ID)
    assert [answer["error"]["code"] for answer in answers[1:]] == [-32600, -32601]
    assert client.send([silent]) is None
    assert client.send(silent) is None


def test_params_may_be_left_out_or_null(client: lab.Client) -> None:
    assert client.send(call("eth_chainId", params=None))["result"] == hex(lab.CHAIN_ID)
    assert client.send(call("eth_chainId"))["result"] == hex(lab.CHAIN_ID)


def test_a_change_of_the_twin_takes_the_token() -> None:
    chain = lab.chain_of()
    guarded = lab.rpc_of(chain, token="right")
    changes = [name for name in guarded.methods if name.startswith(("evm_", "anvil_", "hardhat_"))]
    assert len(changes) > 15
    for token in (None, "wrong", "", "rightt", "é"):
        client = lab.Client(guarded, token=token)
        for method in changes:
            if method != "hardhat_getAutomine":
                assert client.error(method)["code"] == -32001, method
        assert client("hardhat_getAutomine") is True
        assert client("eth_sendTransaction", {"from": lab.ANN, "to": lab.BOB})
    height = chain.head
    lab.Client(guarded, token="right")("evm_mine")
    assert chain.head == height + 1


class _Clumsy:
    """A method that breaks."""

    def __call__(self, _params: Any) -> None:
        raise ZeroDivisionError


def test_a_bug_is_answered_and_told_where_somebody_listens() -> None:
    log: list[tuple[str, str]] = []
    client = lab.client()
    client.rpc.methods["eth_clumsy"] = (_Clumsy(), 0)
    with pytest.raises(ZeroDivisionError):
        client.ask("eth_clumsy")
    client.rpc._on_crash = lambda method, error: log.append((method, type(error).__name__))
    assert client.error("eth_clumsy") == {
        "code": -32603,
        "message": "internal error: ZeroDivisionError",
    }
    assert log == [("eth_clumsy", "ZeroDivisionError")]


@pytest.mark.parametrize(
    ("error", "code", "words"),
    [
        (Reverted(b""), -32000, "execution reverted"),
        (Reverted(b"\1"), 3, "execution reverted"),
        (UnknownBlock(3, "gone"), -32000, "missing trie node"),
        (InvalidTransaction("nonce too low: 1, the account is at 2"), -32000, "nonce too low: 1"),
        (InvalidTransaction("it waits in the mempool already"), -32000, "already known"),
        (InvalidTransaction("something new"), -32000, "something new"),
        (ChainError("no"), -32000, "no"),
        (UsageError("odd"), -32000, "twin: odd"),
    ],
)
def test_errors_of_the_twin_become_answers(error: Any, code: int, words: str) -> None:
    answer = from_twin(error)
    assert (answer.code, answer.message[: len(words)]) == (code, words)


def test_revert_payloads_are_read() -> None:
    text = bytes.fromhex("08c379a0" + f"{32:064x}{2:064x}" + "6e6f" + "00" * 30)
    assert revert_reason(text) == "no"
    assert (
        revert_reason(bytes.fromhex(f"4e487b71{0x11:064x}")) == "arithmetic underflow or overflow"
    )
    assert revert_reason(bytes.fromhex(f"4e487b71{0xFF:064x}")) == "unknown panic code: 0xff"
    for other in (b"", b"\1\2\3\4", text[:40], text[:36] + b"\xff" * 32):
        assert revert_reason(other) == ""
    assert ExecutionReverted(text).as_json() == {
        "code": 3, "message": "execution reverted: no", "data": "0x" + text.hex()
    }  # fmt: skip
