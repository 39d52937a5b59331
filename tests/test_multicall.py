from __future__ import annotations

import eth_abi.abi
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from twin.errors import ChainError
from twin.protocol.multicall import AGGREGATE3, aggregate3, results_of

ADDRESSES, PAYLOADS = st.binary(min_size=20, max_size=20), st.binary(max_size=100)


@settings(deadline=None)
@given(st.lists(st.tuples(ADDRESSES, PAYLOADS), max_size=8))
def test_calldata_agrees_with_eth_abi(calls: list[tuple[bytes, bytes]]) -> None:
    tuples = [(target, True, data) for target, data in calls]
    expected = eth_abi.abi.encode(["(address,bool,bytes)[]"], [tuples])
    assert aggregate3(calls) == AGGREGATE3 + expected


@settings(deadline=None)
@given(st.lists(st.tuples(st.booleans(), PAYLOADS), max_size=8))
def test_results_agree_with_eth_abi(results: list[tuple[bool, bytes]]) -> None:
    data = eth_abi.abi.encode(["(bool,bytes)[]"], [results])
    assert list(results_of(data, len(results))) == results


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "answered 0 bytes that hold no 1 results; is Multicall3 at this address"),
        (eth_abi.abi.encode(["(bool,bytes)[]"], [[]]), "hold no 1 results"),
        (eth_abi.abi.encode(["(bool,bytes)[]"], [[(True, b"1234")]])[:-32], "ends after"),
    ],
)
def test_what_is_no_answer_is_refused(data: bytes, message: str) -> None:
    with pytest.raises(ChainError, match=message):
        results_of(data, 1)
