"""Contents as bytes: what comes out is what went in, and what repeats is kept once."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from twin.chain.packed import pack, unpack
from twin.chain.port import Log, Transaction
from twin.chain.receipts import Content, Receipt

HASH = b"h" * 32
ADDRESSES = st.sampled_from([bytes([n]) * 20 for n in (1, 2, 3)])
WORDS = st.sampled_from([bytes([n]) * 32 for n in (7, 8, 9)])
AMOUNTS = st.integers(0, 2**256 - 1)
LOGS = st.builds(Log, ADDRESSES, st.lists(WORDS, max_size=4).map(tuple), st.binary(max_size=40))
ROW = st.tuples(
    st.builds(
        Transaction,
        ADDRESSES,
        st.integers(0, 2**64 - 1),
        st.none() | ADDRESSES,
        AMOUNTS,
        st.binary(max_size=70),
        st.integers(21_000, 2**40),
        AMOUNTS,
        AMOUNTS,
        st.binary(min_size=32, max_size=32),
        st.lists(st.tuples(ADDRESSES, st.lists(AMOUNTS, max_size=2).map(tuple)), max_size=2).map(
            tuple
        ),
        st.sampled_from([0, 1, 2]),
        st.none() | st.binary(max_size=9),
    ),
    st.booleans(),
    st.integers(0, 2**40),
    st.lists(LOGS, max_size=3).map(tuple),
    st.none() | ADDRESSES,
    st.binary(max_size=9),
)


def content(
    rows: list[tuple[Transaction, bool, int, tuple[Log, ...], bytes | None, bytes]],
) -> Content:
    receipts: list[Receipt] = []
    total = first_log = 0
    for index, (tx, success, gas, logs, created, output) in enumerate(rows):
        total += gas
        receipts.append(
            Receipt(
                tx.hash, index, 9, HASH, success, gas, total, tx.tip, tx.sender, tx.to, logs,
                first_log, created, output,
            )
        )  # fmt: skip
        first_log += len(logs)
    origins = tuple((index + 1, 2**31 + index) for index in range(len(rows)))
    return Content(tuple(row[0] for row in rows), tuple(receipts), origins)


@given(st.lists(ROW, max_size=4))
def test_what_comes_out_is_what_went_in(
    rows: list[tuple[Transaction, bool, int, tuple[Log, ...], bytes | None, bytes]],
) -> None:
    held = content(rows)
    found = unpack(pack(held), 9, HASH)
    assert found == held
    assert {type(receipt.success) for receipt in found.receipts} <= {bool}
    assert all(type(part) is tuple for part in (found.transactions, found.receipts, found.origins))


@pytest.mark.parametrize("count", [1, 50])
def test_what_repeats_in_a_block_is_kept_once(count: int) -> None:
    def transfer(place: int) -> tuple[Transaction, bool, int, tuple[Log, ...], None, bytes]:
        sender, token, name = (bytes(bytearray([n]) * 20) for n in (1, 2, 3))
        topics = tuple(bytes(bytearray([n]) * 32) for n in (7, 8, 9))
        tx = Transaction(sender, place, token, 0, name, 60_000, 9, 9, place.to_bytes(32, "big"))
        return tx, True, 34_500, (Log(token, topics, bytes(32)),), None, b""

    size = len(pack(content([transfer(place) for place in range(count)])))
    shared = 2 * 25 + 3 * 37  # addresses and topics, with marshal's heads
    assert (size - shared) / count < 320
