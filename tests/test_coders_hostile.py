"""What is not of its type: the crate and Python give one answer, or one refusal in one wording."""

from __future__ import annotations

from enum import IntEnum
from typing import Any, NamedTuple

import eth_abi.abi
import pytest
from coders_lab import Param, both, cases, entry, hostile, no_crate, outcome
from hypothesis import given, settings
from hypothesis import strategies as st

from twin.crate import native
from twin.errors import ChainError
from twin.protocol.codec import ErrorCodec
from twin.protocol.reverts import Reverts

if native("Coder") is None:
    pytest.skip("the Rust crate is not built (make setup builds it)", allow_module_level=True)

CODER = native("Coder")


class Colour(IntEnum):
    RED = 1
    VAST = 1 << 200


class Pair(NamedTuple):
    left: int
    right: int


class Lying(list[Any]):
    """A list that has one item and says that it has none."""

    def __len__(self) -> int:
        return 0


ODD = st.sampled_from(
    [None, 1.0, "", "0x" + "a1" * 20, "\ud800", b"", bytearray(b"1234"), Colour.RED, Colour.VAST,
     Pair(1, 2), [1, 2], {1: 2}, Lying([1]), True, -1, 2**255, 2**256, -(2**255) - 1, 10**100]
)  # fmt: skip


def bent(value: Any) -> st.SearchStrategy[Any]:
    """Return *value* with something in it that may not belong there."""
    if not isinstance(value, tuple) or not value:
        return ODD
    at = st.integers(0, len(value) - 1)
    inner = at.flatmap(
        lambda n: bent(value[n]).map(lambda item: (*value[:n], item, *value[n + 1 :]))
    )
    return st.one_of(ODD, inner, st.just(list(value)), st.just(value[1:]), st.just((*value, 0)))


@settings(deadline=None, max_examples=300)
@given(cases().flatmap(lambda case: st.tuples(st.just(case[0]), bent(tuple(case[1])))))
def test_odd_values_meet_one_answer(case: tuple[list[Param], Any]) -> None:
    fast, slow = both(case[0])
    args = case[1] if isinstance(case[1], tuple) else (case[1],)
    assert outcome(fast.encode, *args) == outcome(slow.encode, *args)


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        ("uint8", Colour.RED),  # a class of its own, which is an integer for all that
        ("uint256", Colour.VAST),
        ("uint8[]", Pair(1, 2)),
        ("bytes4[]", [b"ab"]),  # `eth_abi` fills it up
        ("bytes", bytearray(b"1234")),
    ],
)
def test_what_only_python_takes_is_taken(kind: str, value: Any) -> None:
    fast, slow = both([{"type": kind}])
    assert fast.encode(value) == slow.encode(value)


def test_more_than_any_call_may_hold_is_left_to_python() -> None:
    with pytest.raises(ValueError, match="values that do not fit"):
        CODER(["bytes"]).encode(bytes(1 << 24))
    row = [0] * 1000  # a small list that would be 32 GB of words
    with pytest.raises(ValueError, match="values that do not fit"):
        CODER(["uint8[][][]"]).encode([[row] * 1000] * 1000)


@settings(deadline=None, max_examples=400)
@given(hostile())
def test_hostile_data_meets_one_answer(case: tuple[list[Param], bytes]) -> None:
    fast, slow = both(case[0])
    assert outcome(fast.decode, case[1]) == outcome(slow.decode, case[1])
    call = slow.selector + case[1]
    assert outcome(fast.decode_call, call) == outcome(slow.decode_call, call)


def bomb(depth: int) -> bytes:
    """Return *depth* lists of 120 pointers, which all point to the next list."""
    count, next_list = (120).to_bytes(32, "big"), (120 * 32).to_bytes(32, "big")
    return (32).to_bytes(32, "big") + (count + next_list * 120) * depth


def test_pointers_that_meet_meet_one_answer() -> None:
    fast, slow = both([{"type": "uint256[][]"}])
    found = fast.decode(bomb(2))
    assert found == slow.decode(bomb(2)) == (((3840,) * 120,) * 120,)


@pytest.mark.parametrize("depth", [3, 4, 8])
def test_pointers_that_meet_do_not_fill_the_memory(depth: int) -> None:
    for function in both([{"type": "uint256" + "[]" * depth}]):
        with pytest.raises(ChainError, match="pointers meet"):
            function.decode(bomb(depth))


def test_text_that_is_no_text_is_refused_in_words() -> None:
    data = bytes.fromhex("08c379a0") + eth_abi.abi.encode(["bytes"], [b"\xff\xfe"])
    assert Reverts().decode_revert(data) == f"malformed Error: 0x{data.hex()}"
    with no_crate():
        error = ErrorCodec.of(entry([{"type": "string"}], name="Error"))
    with pytest.raises(ChainError, match=r"Error.* was called with 96 bytes that are no"):
        error.decode(data)


@pytest.mark.parametrize("data", [None, "00", bytearray(32), memoryview(bytes(32)), 5])
def test_data_that_is_no_bytes_is_left_to_python(data: Any) -> None:
    with pytest.raises(ValueError, match="data that does not fit"):
        CODER(["uint256"]).decode(data)
