from __future__ import annotations

from typing import Any

import eth_abi.abi
import eth_abi.exceptions
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from twin.errors import ChainError, CrashError, UnknownName, UsageError
from twin.protocol.abi import Abi
from twin.protocol.codec import ErrorCodec, EventCodec, Function, selector_of
from twin.protocol.reverts import Reverts

ALICE, BOB = bytes([0xA1]) * 20, bytes([0xB0]) * 20


def entry(name: str, inputs: list[Any], outputs: list[Any] | None = None, **more: Any) -> Any:
    def param(item: Any) -> Any:
        kind, _, label = item.partition(" ") if isinstance(item, str) else item
        indexed = label.startswith("indexed ")
        return {"type": kind, "name": label.removeprefix("indexed "), "indexed": indexed}

    return {
        "type": "function", "name": name, "inputs": [param(item) for item in inputs],
        "outputs": [param(item) for item in outputs or []], **more,
    }  # fmt: skip


TRANSFER = Function.of(entry("transfer", ["address to", "uint256 amount"], ["bool"]))
CONFIG = {
    "type": "tuple", "name": "config",
    "components": [{"type": "int192", "name": "low"}, {"type": "uint8", "name": "quorum"}],
}  # fmt: skip


def test_selector_is_the_well_known_one() -> None:
    assert TRANSFER.signature == "transfer(address,uint256)"
    assert TRANSFER.selector.hex() == "a9059cbb"
    assert selector_of("aggregate3((address,bool,bytes)[])").hex() == "82ad56cb"


def test_encode_and_decode_both_ways() -> None:
    data = TRANSFER.encode(ALICE, 5)
    assert data == bytes.fromhex("a9059cbb") + bytes(12) + ALICE + (5).to_bytes(32, "big")
    assert TRANSFER.decode_call(data) == (ALICE, 5)
    assert TRANSFER.decode((1).to_bytes(32, "big")) == (True,)
    assert TRANSFER.value((1).to_bytes(32, "big")) is True


@pytest.mark.parametrize(
    ("args", "message"),
    [
        ((ALICE,), r"transfer\(address,uint256\): 1 arguments were given, not 2: \(address to, uint256 amount\)"),
        ((ALICE, -1), r"argument 'amount' \(uint256\) is -1, not an integer from 0 to 2\*\*256-1"),
        ((ALICE, 2**256), "argument 'amount'"),
        ((ALICE, True), "argument 'amount' .* is True"),
        ((ALICE, 1.0), "argument 'amount' .* is 1.0"),
        (("0x" + "a1" * 20, 1), "argument 'to' .* not an address of 20 bytes"),
        ((ALICE[:19], 1), "argument 'to'"),
        ((bytearray(ALICE), 1), "argument 'to'"),
    ],
)  # fmt: skip
def test_bad_argument_is_named(args: tuple[Any, ...], message: str) -> None:
    with pytest.raises(CrashError, match=message):
        TRANSFER.encode(*args)


@pytest.mark.parametrize(
    ("kind", "good", "bad"),
    [
        ("uint8", [0, 255], [-1, 256]),
        ("int8", [-128, 127], [-129, 128]),
        ("int256", [-(2**255), 2**255 - 1], [2**255]),
        ("bytes4", [b"abcd"], [b"abc", b"abcde", "abcd"]),
        ("bytes32", [bytes(32)], [bytes(31)]),
        ("bool", [True, False], [1, 0, None]),
        ("address", [ALICE], ["0x" + "00" * 20, bytes(32)]),
        ("address[]", [(ALICE, BOB)], [("0x" + "00" * 20,), ALICE]),
        ("string", ["PT"], [b"PT", 5]),
        ("bytes", [b""], ["", 5]),
    ],
)
def test_ranges(kind: str, good: list[Any], bad: list[Any]) -> None:
    function = Function.of(entry("f", [f"{kind} x"], [kind]))
    for value in good:
        assert function.decode(function.encode(value)[4:]) == (value,)
    for value in bad:
        with pytest.raises(CrashError, match=r"^f\(.*argument 'x'"):
            function.encode(value)


@pytest.mark.parametrize(
    ("kind", "word"),
    [("uint8", 256), ("int8", 128), ("address", 1 << 160), ("bytes4", 1), ("bool", 2)],
)
def test_dirty_words_are_refused(kind: str, word: int) -> None:
    function = Function.of(entry("f", [], [kind]))
    with pytest.raises(ChainError, match="is this its contract"):
        function.decode(word.to_bytes(32, "big"))


@pytest.mark.parametrize("kind", ["uint256", "uint256[]"])
def test_no_code_at_the_address_is_said(kind: str) -> None:
    with pytest.raises(ChainError, match=r"balance\(\) returned 0 bytes .* is this its contract"):
        Function.of(entry("balance", [], [kind])).decode(b"")


def test_calldata_of_another_function_is_refused() -> None:
    with pytest.raises(ChainError, match="0xdeadbeef is not the selector of transfer"):
        TRANSFER.decode_call(bytes.fromhex("deadbeef"))


def test_static_tuple_is_coded_without_eth_abi() -> None:
    function = Function.of(
        {"type": "function", "name": "set", "inputs": [CONFIG], "outputs": [CONFIG]}
    )
    assert function.signature == "set((int192,uint8))"
    data = function.encode((-5, 3))
    assert data[4:] == eth_abi.abi.encode(["(int192,uint8)"], [(-5, 3)])
    assert function.value(data[4:]) == (-5, 3)
    with pytest.raises(CrashError, match="argument 'config'"):
        function.encode((-5,))


def test_addresses_are_bytes_at_any_depth() -> None:
    inputs = [
        {"type": "tuple[]", "name": "calls", "components": [
            {"type": "address", "name": "to"}, {"type": "bytes", "name": "data"}]},
    ]  # fmt: skip
    function = Function.of({"type": "function", "name": "go", "inputs": inputs, "outputs": inputs})
    assert function.signature == "go((address,bytes)[])"
    data = function.encode([(ALICE, b"1"), (BOB, b"22")])
    assert function.decode(data[4:]) == (((ALICE, b"1"), (BOB, b"22")),)


EVENT = EventCodec.of(
    entry("Moved", ["address indexed from", "uint64 round", "string indexed note", "string memo"])
)


def test_event_decodes_by_name_in_the_order_of_the_abi() -> None:
    note = bytes([7]) * 32
    data = eth_abi.abi.encode(["uint64", "string"], [9, "salt"])
    found = EVENT.decode([EVENT.topic0, bytes(12) + ALICE, note], data)
    assert list(found.items()) == [("from", ALICE), ("round", 9), ("note", note), ("memo", "salt")]


def test_event_refuses_a_log_that_is_not_its_own() -> None:
    with pytest.raises(ChainError, match=r"Moved\(.*: 1 topics, not 3"):
        EVENT.decode([EVENT.topic0], b"")
    with pytest.raises(ChainError, match="the log holds 0 bytes"):
        EVENT.decode([EVENT.topic0, bytes(32), bytes(32)], b"")


def test_event_filter() -> None:
    assert EVENT.topics(**{"from": ALICE}) == [EVENT.topic0, bytes(12) + ALICE, None]
    with pytest.raises(UnknownName, match="indexed argument of Moved"):
        EVENT.topics(round=9)
    with pytest.raises(CrashError, match="argument 'from'"):
        EVENT.topics(**{"from": "alice"})


OVERLOADED = Abi(
    [entry("f", ["uint256 x"]), entry("f", ["address x"]), entry("g", []),
     {"type": "constructor", "inputs": []}, {"type": "receive"},
     entry("Ghost", [], type="event", anonymous=True)],
    owner="Thing",
)  # fmt: skip


def test_overloads_are_told_apart_by_signature() -> None:
    assert OVERLOADED.function("g").signature == "g()"
    assert OVERLOADED.function("f(address)").encode(ALICE)[16:] == ALICE
    with pytest.raises(UsageError, match=r"2 functions called 'f'.*: f\(address\), f\(uint256\)"):
        OVERLOADED.function("f")
    with pytest.raises(UnknownName, match="no function of Thing is called 'h'"):
        OVERLOADED.function("h")
    with pytest.raises(UnknownName, match="no event of Thing"):
        OVERLOADED.event("Ghost")


NOT_DUE = entry("NotDue", ["bytes32 feed", "(address,int8) pair"], type="error")
NOT_DUE["inputs"][1] = {
    "type": "tuple", "name": "pair",
    "components": [{"type": "address", "name": "node"}, {"type": "int8", "name": "x"}],
}  # fmt: skip
REVERTS = Reverts([Abi([NOT_DUE], owner="Oracle")])


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "no reason given"),
        (bytes.fromhex("08c379a0") + eth_abi.abi.encode(["string"], ["too late"]), "too late"),
        (bytes.fromhex("4e487b71") + (0x11).to_bytes(32, "big"), "panic 0x11: arithmetic overflow or underflow"),
        (bytes.fromhex("4e487b71") + (0x99).to_bytes(32, "big"), "panic 0x99: unknown code"),
        (bytes.fromhex("4e487b71"), "malformed Panic: 0x4e487b71"),
        (b"\x01\x02", "unknown error 0x0102"),
        (
            ErrorCodec.of(NOT_DUE).encode(bytes(32), (ALICE, -3)),
            f"NotDue(feed=0x{'00' * 32}, pair=(0x{'a1' * 20}, -3))",
        ),
    ],
)  # fmt: skip
def test_reverts_are_read(data: bytes, reason: str) -> None:
    assert REVERTS.decode_revert(data) == reason


STATIC = st.one_of(
    st.integers(1, 32).map(lambda n: f"uint{8 * n}"),
    st.integers(1, 32).map(lambda n: f"int{8 * n}"),
    st.integers(1, 32).map(lambda n: f"bytes{n}"),
    st.sampled_from(["address", "bool", "uint", "int"]),
)
ANY = st.one_of(
    STATIC,
    st.sampled_from(["bytes", "string"]),
    st.tuples(STATIC, st.sampled_from(["[]", "[2]"])).map("".join),
)


def values(kind: str) -> st.SearchStrategy[Any]:
    if kind.endswith("[]"):
        return st.lists(values(kind[:-2]), max_size=3).map(tuple)
    if kind.endswith("[2]"):
        return st.tuples(values(kind[:-3]), values(kind[:-3]))
    if kind.startswith(("uint", "int")):
        bits = int(kind.removeprefix("u").removeprefix("int") or 256)
        low = 0 if kind.startswith("u") else -(2 ** (bits - 1))
        return st.integers(low, low + 2**bits - 1)
    if kind in {"bytes", "address"} or kind.startswith("bytes"):
        size = 20 if kind == "address" else int(kind[5:] or -1)
        return st.binary(min_size=max(size, 0), max_size=size if size >= 0 else 70)
    return st.booleans() if kind == "bool" else st.text(max_size=40)


@st.composite
def cases(draw: st.DrawFn, kinds: st.SearchStrategy[str]) -> tuple[list[str], list[Any]]:
    types = draw(st.lists(kinds, max_size=5))
    return types, [draw(values(kind)) for kind in types]


def canonical(kind: str) -> str:
    return f"{kind}256" if kind in {"int", "uint"} else kind


def plain(kind: str, value: Any) -> Any:
    """What eth_abi gives, with its hex addresses turned into bytes."""
    if kind.endswith("]"):
        return tuple(plain(kind[: kind.index("[")], item) for item in value)
    return bytes.fromhex(value[2:]) if kind == "address" else value


@settings(deadline=None, max_examples=300)
@given(cases(STATIC))
def test_static_coding_agrees_with_eth_abi(case: tuple[list[str], list[Any]]) -> None:
    agree(*case)


@settings(deadline=None, max_examples=100)
@given(cases(ANY))
def test_dynamic_coding_agrees_with_eth_abi(case: tuple[list[str], list[Any]]) -> None:
    agree(*case)


def agree(kinds: list[str], args: list[Any]) -> None:
    function = Function.of(entry("f", kinds, kinds))
    types = [canonical(kind) for kind in kinds]
    data = eth_abi.abi.encode(types, args)
    assert function.encode(*args) == function.selector + data
    theirs = eth_abi.abi.decode(types, data)
    expected = tuple(plain(kind, value) for kind, value in zip(types, theirs, strict=True))
    assert function.decode(data) == expected == tuple(args)
    assert function.decode_call(function.selector + data) == expected


@settings(deadline=None, max_examples=300)
@given(st.lists(STATIC, min_size=1, max_size=3), st.binary(max_size=96))
def test_garbage_is_refused_exactly_where_eth_abi_refuses(kinds: list[str], data: bytes) -> None:
    function = Function.of(entry("f", [], kinds))
    try:
        theirs = eth_abi.abi.decode([canonical(kind) for kind in kinds], data)
    except eth_abi.exceptions.DecodingError:
        with pytest.raises(ChainError):
            function.decode(data)
    else:
        assert function.decode(data) == tuple(map(plain, map(canonical, kinds), theirs))
