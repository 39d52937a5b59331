"""The ledger: records, the blocks between them, packing, and cutting back."""

from __future__ import annotations

import pytest

from twin.chain.basefee import Demand, FeeLine
from twin.chain.blocks import Block, Content, Ledger, Parents
from twin.chain.headers import EMPTY_LIST_HASH, empty_hash
from twin.chain.port import Log, Transaction
from twin.chain.receipts import Receipt

GWEI = 10**9
COINBASE = b"\xcb" * 20


def ledger(*, keep: int = 5_000, window: int = 1, chain_id: int = 7) -> Ledger:
    fees = FeeLine(
        1_000, 12, gas_limit=30_000_000, base_fee=GWEI, demands=(Demand(0, 2**40, 9, GWEI, 0),)
    )
    return Ledger(fees, chain_id=chain_id, coinbase=COINBASE, keep=keep, window=window)


def content(number: int, block_hash: bytes) -> Content:
    name = number.to_bytes(32, "big")
    listed = ((b"\4" * 20, (1, 2**256 - 1)),)
    tx = Transaction(b"\1" * 20, 0, None, 1, b"d", 2, 3, 4, name, listed, 1, b"raw")
    logs = (Log(b"\2" * 20, (b"\3" * 32,), b"l"), Log(b"\2" * 20, (), b""))
    receipt = Receipt(
        name, 0, number, block_hash, False, 5, 5, 6, b"\1" * 20, None, logs, 0, None, b"o"
    )
    return Content((tx,), (receipt,), ((8, 9),))


def seal(made: Ledger, number: int, state: bytes = b"s" * 32) -> Content:
    made.fees.seal(number, 21_000)
    own = made.hash_of(number, (b"t" * 32, b"r" * 32, state))
    held = content(number, own)
    made.seal(number, (b"t" * 32, b"r" * 32, state), own=own, content=held)
    return held


def test_a_block_between_follows_from_the_one_before_it() -> None:
    made = ledger()
    seal(made, 3)
    header = made.header(5)
    assert header.parent_hash == made.hash(4)
    assert made.header(4).parent_hash == made.hash(3)
    assert (header.timestamp, header.gas_used, header.gas_limit) == (1_060, 9, 30_000_000)
    assert (header.transactions_hash, header.state_hash) == (EMPTY_LIST_HASH, b"s" * 32)
    assert header.hash == empty_hash(made.hash(3), 5, 1_060, header.base_fee, 9)
    assert made.block(5) == Block(header)
    assert made.content(5) is None


def test_a_sealed_block_says_what_it_holds() -> None:
    made = ledger()
    held = seal(made, 3)
    block = made.block(3)
    assert (block.number, block.transactions) == (3, (held.transactions[0].hash,))
    assert (block.header.gas_used, block.header.receipts_hash) == (21_000, b"r" * 32)
    assert made.content(3) == held
    assert made.place(held.transactions[0].hash) == (3, 0)
    assert made.place(b"?") is None


def test_hashes_differ_by_chain_number_and_content() -> None:
    one, other = ledger(), ledger(chain_id=8)
    assert len({one.hash(1), one.hash(2), other.hash(1), other.hash(2)}) == 4
    before = one.hash(4)
    seal(one, 3)
    assert one.hash(4) != before


@pytest.mark.parametrize(
    ("keep", "window", "expected"),
    [(0, 1, [1, 2, 5, 80]), (2, 1, [1, 2, 5]), (2, 2, [1, 2, 5]), (1, 77, [1, 2]), (5, 1, [])],
)
def test_old_contents_are_packed_and_come_back_equal(
    keep: int, window: int, expected: list[int]
) -> None:
    made = ledger(keep=keep, window=window)
    held = {number: seal(made, number) for number in (1, 2, 5, 80, 81)}
    packed = [number for number in held if isinstance(made._records[number].content, int)]
    assert packed == expected
    assert {number: made.content(number) for number in held} == held
    assert made.content(1) is made.content(1)


def test_opened_contents_do_not_pile_up() -> None:
    made = ledger(keep=0)
    held = {number: seal(made, number) for number in range(1, 200)}
    assert all(made.content(number) == held[number] for number in held)
    assert len(made._open) == 64


def test_cutting_removes_blocks_and_gives_their_contents_latest_first() -> None:
    made, same = ledger(keep=1), ledger(keep=1)
    for number in (1, 4, 9):
        held = seal(made, number)
    seal(same, 1)
    assert [number for number, _ in made.cut(3)] == [9, 4]
    assert made.place(held.transactions[0].hash) is None
    assert [made.header(n) for n in range(1, 12)] == [same.header(n) for n in range(1, 12)]
    assert seal(made, 4) == made.content(4)
    seal(made, 5)
    kept = [isinstance(made._records[number].content, int) for number in made.numbers]
    assert kept == [True, True, False]


def test_salt_changes_every_hash_from_the_cut_on_and_none_before() -> None:
    made, same = ledger(), ledger()
    for each in (made, same):
        seal(each, 1)
    made.cut(3, salt=1)
    assert [made.hash(n) == same.hash(n) for n in range(1, 6)] == [True, True, False, False, False]
    again = made.hash(3)
    made.cut(3, salt=2)
    assert made.hash(3) not in {again, same.hash(3)}


def test_parents_are_nearest_first_and_at_most_256() -> None:
    made = ledger()
    few, many = Parents(made, 3), Parents(made, 300)
    assert list(few) == [made.hash(2), made.hash(1), made.hash(0)]
    assert (len(many), many[255]) == (256, made.hash(44))
    with pytest.raises(IndexError, match="256 blocks back"):
        many[256]


def test_a_header_that_was_shown_is_made_anew_once_its_block_is_sealed_or_cut() -> None:
    made = ledger()
    empty = made.header(3)
    assert made.header(3) is empty
    seal(made, 3)
    full = made.header(3)
    assert (empty.gas_used, full.gas_used) == (9, 21_000)
    made.cut(3)
    assert made.header(3) == empty
    made.cut(3, salt=1)
    assert made.header(3).hash != empty.hash
