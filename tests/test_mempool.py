"""The mempool's order, waiting, replacement and dropping."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from twin.chain.mempool import Mempool, Pending
from twin.chain.port import Transaction
from twin.errors import InvalidTransaction


def tx(
    sender: int, nonce: int = 0, *, tip: int = 10, cap: int = 1_000, gas: int = 21_000
) -> Transaction:
    name = bytes([sender, nonce, tip % 256, tip // 256, cap % 256, cap // 256 % 256])
    return Transaction(bytes([sender]) * 20, nonce, None, 0, b"", gas, cap, tip, name)


def pool(*transactions: Transaction) -> Mempool:
    made = Mempool()
    for second, each in enumerate(transactions):
        made.add(each, nonce=0, second=second)
    return made


def drain(made: Mempool, base_fee: int) -> list[tuple[int, int]]:
    """Take all that can pay *base_fee*; return (sender, nonce) in the order taken."""
    log = []
    while (pending := made.pop(base_fee)) is not None:
        made.take(pending)
        log.append((pending.tx.sender[0], pending.tx.nonce))
    return log


ORDERS = [
    ("tips", [tx(1, tip=5), tx(2, tip=9), tx(3, tip=7)], 100, [(2, 0), (3, 0), (1, 0)]),
    ("arrival among equals", [tx(3), tx(1), tx(2)], 100, [(3, 0), (1, 0), (2, 0)]),
    ("a cap cuts the tip", [tx(1, tip=50, cap=104), tx(2, tip=5)], 100, [(2, 0), (1, 0)]),
    ("a cap that just does", [tx(1, tip=6, cap=106), tx(2, tip=5)], 100, [(1, 0), (2, 0)]),
    ("nonces in turn", [tx(1, 1, tip=99), tx(1, 0, tip=1), tx(2, tip=5)], 100,
     [(2, 0), (1, 0), (1, 1)]),
    ("a rich follower waits for the poor one", [tx(1, 0, tip=1), tx(1, 1, tip=99), tx(2, tip=5)],
     100, [(2, 0), (1, 0), (1, 1)]),
    ("a gap", [tx(1, 1)], 100, []),
    ("below the base fee", [tx(1, cap=99), tx(2, cap=100)], 100, [(2, 0)]),
    ("blocked behind one that cannot pay", [tx(1, 0, cap=99), tx(1, 1)], 100, []),
]  # fmt: skip


@pytest.mark.parametrize(
    ("waiting", "base_fee", "order"), [o[1:] for o in ORDERS], ids=[o[0] for o in ORDERS]
)
def test_order(waiting: list[Transaction], base_fee: int, order: list[tuple[int, int]]) -> None:
    assert drain(pool(*waiting), base_fee) == order


OFFERS = st.lists(
    st.tuples(st.integers(0, 30), st.integers(0, 60), st.integers(0, 60)), min_size=1, max_size=25
)


@given(OFFERS, st.lists(st.integers(0, 60), min_size=1, max_size=6))
def test_the_heaps_agree_with_sorting(
    offers: list[tuple[int, int, int]], base_fees: list[int]
) -> None:
    """At each base fee in turn, one is taken: it is the first of all that could be, sorted."""
    made = pool(*(tx(n, tip=min(a, b), cap=max(a, b)) for n, (_, a, b) in enumerate(offers)))
    for base_fee in base_fees:
        able = [p for p in made if p.tx.max_fee >= base_fee]
        best = min(able, key=lambda p: p.place(p.effective_tip(base_fee)), default=None)
        assert made.can_pay(base_fee) == (best is not None)
        found = made.pop(base_fee)
        assert found is best
        if found is not None:
            made.take(found)


def test_what_was_popped_can_be_put_back() -> None:
    made = pool(tx(1), tx(2, tip=5))
    first = made.pop(100)
    assert first is not None
    made.compete(first)
    assert drain(made, 100) == [(1, 0), (2, 0)]


def test_the_highest_cap_is_that_of_those_who_compete() -> None:
    made = pool(tx(1, cap=90), tx(2, cap=95), tx(3, nonce=1, cap=99))
    assert not made.can_pay(100)
    assert made.highest_cap() == 95
    assert pool().highest_cap() is None


def test_counts_and_nonces() -> None:
    made = pool(tx(1, 0), tx(1, 1), tx(1, 3), tx(2, 5))
    assert (len(made), made.gas) == (4, 4 * 21_000)
    assert [made.next_nonce(bytes([n]) * 20, 0) for n in (1, 2, 3)] == [2, 0, 0]
    assert [p.tx.sender[0] for p in made] == [1, 1, 1, 2]
    drain(made, 100)
    assert (len(made), made.gas) == (2, 2 * 21_000)


def test_the_next_nonce_follows_what_comes_goes_and_is_dropped() -> None:
    made, sender = pool(*(tx(1, nonce) for nonce in (0, 1, 2, 4))), bytes([1]) * 20
    assert made.next_nonce(sender, 0) == 3
    made.add(tx(1, 3), nonce=0, second=0)
    assert made.next_nonce(sender, 0) == 5
    for nonce in (0, 1):
        taken = made.pop(100)
        assert taken is not None
        made.take(taken)
        assert made.next_nonce(sender, nonce + 1) == 5
    made.drop(next(pending for pending in made if pending.tx.nonce == 3), "no more")
    assert made.next_nonce(sender, 2) == 3
    made.rebuild([pending for pending in made if pending.tx.nonce == 4], lambda _address: 2)
    assert [made.next_nonce(sender, nonce) for nonce in (2, 4, 9)] == [2, 5, 9]


REPLACEMENTS = [
    ("10 % more of both", {"tip": 11, "cap": 1_100}, None),
    ("tip too low", {"tip": 10, "cap": 2_000}, "tip 10, needed 11"),
    ("cap too low", {"tip": 20, "cap": 1_099}, "fee cap 1099, needed 1100"),
]


@pytest.mark.parametrize(
    ("fees", "refusal"), [r[1:] for r in REPLACEMENTS], ids=[r[0] for r in REPLACEMENTS]
)
def test_replacement(fees: dict[str, int], refusal: str | None) -> None:
    made, new = pool(tx(1)), tx(1, **fees)
    if refusal is not None:
        with pytest.raises(InvalidTransaction, match=refusal):
            made.add(new, nonce=0, second=9)
        assert made.get(tx(1).hash) is not None
        return
    assert made.add(new, nonce=0, second=9) == tx(1).hash
    assert made.dropped == {tx(1).hash: f"replaced by 0x{new.hash.hex()}"}
    assert made.gas == 21_000
    assert drain(made, 100) == [(1, 0)]


def test_a_spent_nonce_and_a_known_hash_are_refused() -> None:
    made = pool(tx(1))
    with pytest.raises(InvalidTransaction, match="waits in the mempool already"):
        made.add(tx(1), nonce=0, second=1)
    with pytest.raises(InvalidTransaction, match="nonce too low: 0, the account is at 1"):
        made.add(tx(2), nonce=1, second=1)


def test_what_is_dropped_leaves_a_reason_until_it_comes_again() -> None:
    made = pool(tx(1))
    pending = made.pop(100)
    assert pending is not None
    made.drop(pending, "insufficient funds")
    assert made.dropped == {tx(1).hash: "insufficient funds"}
    made.add(tx(1), nonce=0, second=1)
    assert made.dropped == {}


def test_rebuilding_keeps_arrivals_and_honours_new_nonces() -> None:
    made = pool(tx(1), tx(2), tx(2, 1))
    waiting = list(made)
    drain(made, 100)
    made.rebuild(
        [*waiting, Pending(replace(tx(3), nonce=4), 0, 0)], lambda sender: 4 * (sender[0] == 3)
    )
    assert drain(made, 100) == [(3, 4), (1, 0), (2, 0), (2, 1)]


def test_thousands_that_cannot_pay_are_not_touched_for_each_block() -> None:
    made = pool(
        *(
            replace(tx(1, cap=50), sender=n.to_bytes(20, "big"), hash=n.to_bytes(2, "big"))
            for n in range(3_000)
        )
    )
    assert not made.can_pay(100)
    pushes = made._pushes
    for base_fee in range(200, 60, -1):
        assert not made.can_pay(base_fee)
    assert made._pushes == pushes
