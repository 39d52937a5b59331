"""The state's journal restores everything, and its root is py-evm's own."""

from __future__ import annotations

from typing import Any

import chain_lab as lab
import pytest
from eth.db.account import AccountDB
from eth.db.atomic import AtomicDB
from hypothesis import given, settings
from hypothesis import strategies as st

from twin.chain.port import AccountState, Engine
from twin.chain.pyevm import PyEvm
from twin.chain.pyevm_state import Accounts
from twin.errors import InvalidTransaction

ADDRESSES = [bytes([n]) * 20 for n in range(1, 6)]


def filled(count: int) -> PyEvm:
    engine = PyEvm(chain_id=lab.CHAIN)
    for n in range(count):
        address = bytes([n % 256, n // 256]) * 10
        code = bytes([n % 7]) * (n % 40)
        engine.set_account(address, AccountState(n % 5, n * 10**15 + 1, code))
        engine.set_storage(address, {n * 31 + slot: n + slot + 1 for slot in range(n % 6)})
    return engine


def theirs(engine: Engine) -> bytes:
    """Return the root of py-evm's own account database with the same accounts."""
    database = AccountDB(AtomicDB())
    for address, account in engine.dump().items():
        key = bytes.fromhex(address[2:])
        database.set_nonce(key, int(str(account["nonce"]), 16))
        database.set_balance(key, int(str(account["balance"]), 16))
        database.set_code(key, bytes.fromhex(str(account["code"])[2:]))
        storage = account["storage"]
        assert isinstance(storage, dict)
        for slot, value in storage.items():
            database.set_storage(key, int(slot, 16), int(value, 16))
    return bytes(database.make_state_root())


@pytest.mark.parametrize("count", [0, 1, 2, 17, 300])
def test_the_root_is_py_evms(count: int) -> None:
    engine = filled(count)
    assert engine.state_root() == theirs(engine)


def test_the_root_follows_changes_and_reverts() -> None:
    engine = lab.fresh()
    lab.put(engine, lab.COUNTER)
    roots = [engine.state_root()]
    handle = engine.snapshot()
    for _ in range(3):
        lab.run(engine, lab.CODE)
        roots.append(engine.state_root())
        assert roots[-1] == theirs(engine)
    assert len({*roots}) == 4
    engine.revert(handle)
    assert engine.state_root() == roots[0]


# -- whatever is done, going back restores it

AT = st.sampled_from(ADDRESSES)
SLOT, VALUE = st.integers(0, 3), st.integers(0, 2)
CHANGE = st.one_of(
    st.tuples(st.just("set_balance"), AT, VALUE),
    st.tuples(st.just("set_nonce"), AT, st.integers(1, 3)),
    st.tuples(st.just("increment_nonce"), AT),
    st.tuples(st.just("set_code"), AT, st.sampled_from([b"", b"\1", b"\2"])),
    st.tuples(st.just("set_storage"), AT, SLOT, VALUE),
    st.tuples(st.just("delete_storage"), AT),
    st.tuples(st.just("delete_account"), AT),
    st.tuples(st.just("mark_address_warm"), AT),
    st.tuples(st.just("mark_storage_warm"), AT, SLOT),
    st.tuples(st.just("set_transient_storage"), AT, SLOT, st.sampled_from([b"", b"\1"])),
)
CHANGES = st.lists(CHANGE, max_size=12)


def apply(accounts: Accounts, changes: list[tuple[Any, ...]]) -> None:
    for name, *arguments in changes:
        getattr(accounts, name)(*arguments)


def picture(accounts: Accounts) -> tuple[object, ...]:
    """Return everything there is to see; a slot of zero and an absent one are the same."""
    return (
        {
            address: (a.nonce, a.balance, a.code, a.code_hash, dict(a.storage))
            for address, a in sorted(accounts.accounts.items())
        },
        set(accounts.warm),
        {key: value for key, value in accounts.transient.items() if value},
        accounts.state_root,
    )


@given(CHANGES, CHANGES, CHANGES)
def test_discarding_restores_everything_at_any_depth(
    first: list[tuple[Any, ...]], second: list[tuple[Any, ...]], third: list[tuple[Any, ...]]
) -> None:
    accounts = Accounts()
    apply(accounts, first)
    outer, before = accounts.record(), picture(accounts)
    apply(accounts, second)
    inner, between = accounts.record(), picture(accounts)
    apply(accounts, third)
    accounts.discard(inner)
    assert picture(accounts) == between
    apply(accounts, third)
    accounts.discard(outer)
    assert picture(accounts) == before


@given(CHANGES, CHANGES)
def test_rewinding_and_replaying_is_nothing(
    first: list[tuple[Any, ...]], second: list[tuple[Any, ...]]
) -> None:
    accounts = Accounts()
    apply(accounts, first)
    accounts.lock_changes()
    position, before = accounts.position(), picture(accounts)
    apply(accounts, second)
    accounts.lock_changes()
    after = picture(accounts)
    redo = accounts.rewind(position)
    assert picture(accounts) == before
    accounts.replay(redo)
    assert picture(accounts) == after
    accounts.undo(position)
    assert picture(accounts) == before


@given(CHANGES, CHANGES)
def test_changes_are_the_difference_of_two_pictures(
    first: list[tuple[Any, ...]], second: list[tuple[Any, ...]]
) -> None:
    accounts = Accounts()
    apply(accounts, first)
    position = accounts.position()
    before: Any = picture(accounts)[0]
    apply(accounts, second)
    after: Any = picture(accounts)[0]
    found = accounts.changes(position)
    assert list(found) == [a for a in sorted({*before, *after}) if before.get(a) != after.get(a)]
    for address, change in found.items():
        assert change.deleted == (address not in after)
        if change.deleted:
            continue
        nonce, balance, _, code_hash, storage = after[address]
        old = before[address][4] if address in before else {}
        assert (change.nonce, change.balance, change.code_hash) == (nonce, balance, code_hash)
        slots = sorted({*old, *storage})
        assert change.storage == {
            slot: storage.get(slot, 0) for slot in slots if storage.get(slot, 0) != old.get(slot, 0)
        }


def test_the_original_of_a_slot_stands_until_the_transaction_ends() -> None:
    accounts = Accounts()
    accounts.set_storage(ADDRESSES[0], 1, 5)
    accounts.lock_changes()
    accounts.set_storage(ADDRESSES[0], 1, 6)
    accounts.set_storage(ADDRESSES[0], 1, 7)
    assert accounts.get_storage(ADDRESSES[0], 1) == 7
    assert accounts.get_storage(ADDRESSES[0], 1, from_journal=False) == 5
    accounts.lock_changes()
    assert accounts.get_storage(ADDRESSES[0], 1, from_journal=False) == 7


# -- the same through the engine: random transactions between snapshots

ACTIONS = st.lists(
    st.one_of(
        st.tuples(st.just("count"), st.integers(0, 2)),
        st.tuples(st.just("pay"), st.sampled_from(ADDRESSES), st.integers(0, 3)),
        st.tuples(st.just("create"), st.booleans()),
        st.tuples(st.just("fail"), st.integers(21_000, 40_000)),
        st.tuples(st.just("snapshot")),
        st.tuples(st.just("revert"), st.integers(0, 5)),
        st.tuples(st.just("drain")),
    ),
    max_size=20,
)


@settings(max_examples=40)
@given(ACTIONS)
def test_reverts_restore_the_dump_whatever_came_between(actions: list[tuple[Any, ...]]) -> None:
    engine = lab.fresh()
    counters = [lab.put(engine, lab.COUNTER, bytes([0xC0 + n]) * 20) for n in range(3)]
    taken = [(engine.snapshot(), engine.dump(), engine.state_root())]
    for kind, *arguments in actions:
        if kind == "count":
            lab.run(engine, counters[arguments[0]])
        elif kind == "pay":
            lab.run(engine, arguments[0], value=arguments[1])
        elif kind == "create":
            end = lab.asm("CALLER SELFDESTRUCT") if arguments[0] else lab.creation(b"\0")
            lab.run(engine, None, end, value=1)
        elif kind == "fail":
            with pytest.raises(InvalidTransaction):
                lab.run(engine, counters[0], nonce=99, gas=arguments[0])
            lab.run(engine, counters[0], gas=arguments[0])
        elif kind == "drain":
            engine.drain_changes()
        elif kind == "snapshot":
            taken.append((engine.snapshot(), engine.dump(), engine.state_root()))
        else:
            del taken[arguments[0] + 1 :]
            engine.revert(taken[-1][0])
            assert (engine.dump(), engine.state_root()) == taken[-1][1:]
    for handle, dump, root in reversed(taken):
        engine.revert(handle)
        assert (engine.dump(), engine.state_root()) == (dump, root)
