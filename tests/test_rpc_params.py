"""Arguments: what is read, and with which words and position the rest is refused."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from twin.chain.port import BlockEnv
from twin.chain.rpc.arguments import account_overrides, block_overrides, call_object
from twin.chain.rpc.errors import InvalidParams
from twin.chain.rpc.params import Params, address, block_id, data, number, quantity, slot, word

A20, H32 = "0x" + "ab" * 20, "0x" + "cd" * 32

GOOD: list[tuple[Callable[[Any], Any], Any, Any]] = [
    (quantity, "0x0", 0),
    (quantity, "0xfF", 255),
    (quantity, "0x" + "f" * 64, 2**256 - 1),
    (number, 7, 7),
    (number, "12", 12),
    (number, "0x10", 16),
    (data, "0x", b""),
    (data, "0x00fF", b"\x00\xff"),
    (address, A20, bytes.fromhex("ab" * 20)),
    (word, H32, bytes.fromhex("cd" * 32)),
    (slot, "0x00", 0),
    (slot, "0x" + "00" * 31 + "07", 7),
    (block_id, "latest", "latest"),
    (block_id, "0x10", 16),
    (block_id, H32, bytes.fromhex("cd" * 32)),
    (block_id, {"blockNumber": "0x2"}, 2),
    (block_id, {"blockHash": H32, "requireCanonical": True}, bytes.fromhex("cd" * 32)),
]


@pytest.mark.parametrize(("read", "given", "wanted"), GOOD)
def test_what_is_read(read: Callable[[Any], Any], given: Any, wanted: Any) -> None:
    assert read(given) == wanted


BAD: list[tuple[Callable[[Any], Any], Any, str]] = [
    (quantity, "10", "hex string without 0x prefix"),
    (quantity, "0x", "invalid hex number"),
    (quantity, "0x01", "leading zero digits"),
    (quantity, "0xg", "invalid hex number"),
    (quantity, "0x1" + "0" * 64, "> 256 bits"),
    (quantity, 16, "expected a hex string, got a number"),
    (quantity, "0x1\n", "invalid hex number"),
    (number, True, "expected a hex string, got a boolean"),
    (number, -1, "out of range"),
    (data, "0x0", "odd length"),
    (data, "0xzz", "invalid hex string"),
    (data, None, "got null"),
    (address, "0x12", "has 1 bytes, want 20"),
    (word, A20, "has 20 bytes, want 32"),
    (slot, "0x" + "0" * 65, "at most 32 bytes"),
    (block_id, "newest", "hex string without 0x prefix"),
    (block_id, {"blockNumber": "0x1", "blockHash": H32}, "choose one"),
    (block_id, {}, "choose one"),
]


@pytest.mark.parametrize(("read", "given", "words"), BAD)
def test_what_is_refused(read: Callable[[Any], Any], given: Any, words: str) -> None:
    with pytest.raises(InvalidParams, match="invalid argument 1: ") as caught:
        Params([0, given if given is not None else {}], most=2).read(1, read)
    assert given is None or words in caught.value.message


def test_a_missing_argument_and_one_too_many_are_named() -> None:
    with pytest.raises(InvalidParams, match="missing value for required argument 0"):
        Params([], most=1).address(0)
    with pytest.raises(InvalidParams, match="too many arguments, want at most 1"):
        Params(["0x1", "0x2"], most=1)
    assert Params(["0x1", None], most=1).quantity(0) == 1
    assert Params([None], most=1).quantity(0, 5) == 5
    assert Params([], most=1).block(0) == "latest"


def test_a_call_object_is_read() -> None:
    call = call_object(
        {"from": A20, "to": A20, "input": "0x01", "value": "0x2", "gas": "0x5208",
         "maxFeePerGas": "0x3", "maxPriorityFeePerGas": "0x1", "nonce": "0x4",
         "accessList": [{"address": A20, "storageKeys": [H32]}]}
    )  # fmt: skip
    assert (call.data, call.value, call.gas, call.max_fee, call.tip) == (b"\1", 2, 21_000, 3, 1)
    assert call.access_list == ((bytes.fromhex("ab" * 20), (int("cd" * 32, 16),)),)
    assert call.made(1_000).gas == 1_000
    assert call_object({}).made(1_000) == call_object({"to": None, "data": "0x"}).made(1_000)


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ([], "expected a call object"),
        ({"too": A20}, "unknown field 'too'"),
        ({"data": "0x01", "input": "0x02"}, "not equal"),
        ({"gasPrice": "0x1", "maxFeePerGas": "0x1"}, "both gasPrice and"),
        ({"value": "1"}, "field value: hex string without 0x prefix"),
        ({"accessList": [{"address": A20, "storageKeys": ["0x1"]}]}, "field accessList"),
        ({"accessList": [{"address": A20, "storageKeys": 7}]}, "storageKeys are an array"),
        ({"accessList": [7]}, "expected objects"),
        ({"accessList": 7}, "expected an array"),
        ({"blobVersionedHashes": [H32]}, "transaction type not supported"),
    ],
)
def test_a_malformed_call_object_is_refused(body: Any, words: str) -> None:
    with pytest.raises(ValueError, match=words.replace("(", r"\(")):
        call_object(body)


def test_overrides_are_read_or_refused() -> None:
    ((who, account),) = account_overrides({A20: {"balance": "0x1", "stateDiff": {"0x0": "0x2"}}})
    assert (who.hex(), account.balance, account.changed, account.storage) == (
        "ab" * 20,
        1,
        {0: 2},
        None,
    )
    env = BlockEnv(1, 2, 3, 4, bytes(20), bytes(32), 5)
    assert block_overrides(env, {"time": "0x9"}).timestamp == 9
    assert block_overrides(env, {}) is env
    for body, words in (
        ({A20: {"colour": 1}}, "argument 2: .*unknown field 'colour'"),
        ({A20: {"state": {}, "stateDiff": {}}}, "both 'state' and 'stateDiff'"),
        ({"0x1": {}}, "argument 2: 0x1"),
    ):
        with pytest.raises(InvalidParams, match=words):
            list(account_overrides(body))
    with pytest.raises(InvalidParams, match="argument 3: unknown field 'colour'"):
        block_overrides(env, {"colour": "0x1"})
