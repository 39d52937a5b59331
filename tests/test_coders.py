"""The crate's coding against Python's: the same bytes, values and arguments of events."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from coders_lab import WORDS, Param, both, cases, entry, hostile, no_crate, outcome
from hypothesis import given, settings
from hypothesis import strategies as st

from twin.crate import native
from twin.errors import CrashError
from twin.protocol.codec import EventCodec, Function
from twin.protocol.words import shape_of

if native("Coder") is None:
    pytest.skip("the Rust crate is not built (make setup builds it)", allow_module_level=True)

CODER, EVENT_CODER = native("Coder"), native("EventCoder")
ALICE = bytes([0xA1]) * 20


@settings(deadline=None, max_examples=200)
@given(cases())
def test_what_is_well_formed_is_coded_by_the_crate_as_python_does(
    case: tuple[list[Param], list[Any]],
) -> None:
    params, args = case
    _, slow = both(params)
    alone = CODER([shape_of(param).type for param in params], prefix=slow.selector)
    data = slow.encode(*args)
    assert alone.encode(*args) == data
    assert repr(alone.decode(data)) == repr(slow.decode_call(data)) == repr(tuple(args))


@st.composite
def logs(draw: st.DrawFn) -> tuple[Param, list[bytes], bytes]:
    params, data = draw(hostile())
    indexed = [draw(st.booleans()) for _ in params]
    event = entry(params, type="event")
    for item, mark in zip(event["inputs"], indexed, strict=True):
        item["indexed"] = mark
    topics = draw(st.lists(WORDS, min_size=sum(indexed), max_size=sum(indexed)))
    return event, [bytes(32), *topics], data


@settings(deadline=None, max_examples=300)
@given(logs())
def test_logs_meet_one_answer(case: tuple[Param, list[bytes], bytes]) -> None:
    fast = EventCodec.of(case[0])
    with no_crate():
        slow = EventCodec.of(case[0])
    for topics in (case[1], tuple(case[1]), case[1][:-1], [*case[1], bytes(31)]):
        assert outcome(fast.decode, topics, case[2]) == outcome(slow.decode, topics, case[2])


def test_an_event_is_decoded_by_the_crate_in_the_order_of_the_abi() -> None:
    coder = EVENT_CODER(
        ["from", "round", "note"], ["address", "uint64", "string"], [True, False, True]
    )
    topics = [bytes(32), bytes(12) + ALICE, bytes([7]) * 32]
    found = coder.decode(topics, (9).to_bytes(32, "big"))
    assert list(found.items()) == [("from", ALICE), ("round", 9), ("note", bytes([7]) * 32)]
    with pytest.raises(ValueError, match="a log that does not fit"):
        coder.decode(topics[:2], (9).to_bytes(32, "big"))


@pytest.mark.parametrize("kind", ["", "uint7", "tuple", "fixed128x18", "uint8[0]", "(uint8", "()"])
def test_an_unknown_type_is_said(kind: str) -> None:
    with pytest.raises(ValueError, match="no type is called"):
        CODER([kind])


def test_a_type_that_only_python_knows_is_coded_there() -> None:
    function = Function.of(entry([{"type": "fixed128x18"}]))
    assert function.decode(function.encode(Decimal("1.5"))[4:]) == (Decimal("1.5"),)
    with pytest.raises(CrashError, match="argument 'x0'"):
        function.encode("1.5")


def test_two_arguments_of_one_name_are_left_to_python() -> None:
    with pytest.raises(ValueError, match="two arguments of one name"):
        EVENT_CODER(["x", "x"], ["uint8", "uint8"], [False, False])
    with pytest.raises(ValueError, match="not of one length"):
        EVENT_CODER(["x"], ["uint8"], [])
