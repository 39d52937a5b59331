"""What the fast engine does beyond the port; the port's semantics are in test_pyevm, on every engine."""

from __future__ import annotations

import gc
import importlib
import json
import signal
import threading
import tomllib
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import chain_lab as lab
import pytest

from twin.chain.codec import EMPTY_CODE_HASH, contract_address
from twin.chain.engines import available, make_engine
from twin.chain.port import AccountState, BlockEnv, Call, Execution, Output, Transaction
from twin.chain.revm import Revm
from twin.errors import ChainError, InvalidTransaction

if "revm" not in available():
    pytest.skip("the Rust engine is not built (make setup builds it)", allow_module_level=True)

ALICE, BOB, CAROL, CODE = lab.ALICE, lab.BOB, lab.CAROL, lab.CODE
ENDLESS = lab.asm(":again 1 POP @again JUMP")


@pytest.fixture
def engine() -> Revm:
    return fresh()


def fresh() -> Revm:
    made = lab.fresh("revm")
    assert isinstance(made, Revm)
    return made


def word(value: int) -> bytes:
    return value.to_bytes(32, "big")


def mixed(engine: Revm) -> list[Transaction]:
    """Return transactions of two senders: transfers, a contract's, failures, refusals."""
    lab.put(engine, lab.COUNTER)
    lab.put(engine, lab.asm("1 PUSH0 SSTORE INVALID"), b"\xdd" * 20)
    made = []
    for nonce in range(300):
        to = (CAROL, CODE, b"\xdd" * 20, None)[nonce % 4]
        data = lab.creation(lab.COUNTER) if to is None else b""
        made.append(lab.tx(engine, ALICE, to, data, nonce=nonce, value=nonce % 3))
        made.append(lab.tx(engine, BOB, to, data, nonce=nonce if nonce % 5 else 7))
    return made


def one_by_one(run: Callable[[Any], Any], items: list[Any]) -> list[Any]:
    found: list[Any] = []
    for item in items:
        try:
            found.append(run(item))
        except InvalidTransaction as refusal:
            found.append(refusal)
    return found


def plain(items: list[Any]) -> list[Any]:
    return [str(item) if isinstance(item, InvalidTransaction) else item for item in items]


# -- batches


def test_a_batch_is_the_same_as_one_by_one(engine: Revm) -> None:
    single = fresh()
    expected = one_by_one(single.transact, mixed(single))
    found = engine.transact_many(mixed(engine))
    assert plain(found) == plain(expected)
    assert engine.dump() == single.dump()
    assert engine.drain_changes() == single.drain_changes()
    assert {type(item) for item in found} == {Execution, InvalidTransaction}


def test_what_was_prepared_can_be_executed_by_any_engine(engine: Revm) -> None:
    engines = [fresh(), engine, fresh()]
    one, other, _same = [mixed(each) for each in engines]
    expected = plain(engines[0].transact_many(one))
    prepared = engine.prepare(other)
    assert len(prepared) == len(expected)
    for each in engines[1:]:
        assert plain(each.transact_many(prepared)) == expected
        assert each.dump() == engines[0].dump()


def test_a_batch_of_calls_is_the_same_as_one_by_one(engine: Revm) -> None:
    lab.put(engine, lab.COUNTER)
    handle = engine.snapshot()
    lab.run(engine, CODE)
    calls = [
        Call(CODE, b""),
        Call(BOB, b"", sender=CAROL, value=1),
        Call(CODE, b"", gas=100),
        Call(CODE, b"", sender=ALICE, value=5),
        Call(None, lab.creation(lab.COUNTER)),
    ] * 100
    variants: list[dict[str, Any]] = [{}, {"snapshot": handle}, {"env": replace(lab.ENV, number=9)}]
    for more in variants:
        expected = one_by_one(partial(engine.call, **more), calls)
        found = engine.call_many(calls, **more)
        assert plain(found) == plain(expected)
        assert {type(item) for item in found} == {Output, InvalidTransaction}


def test_a_batch_that_breaks_is_taken_back_whole(engine: Revm) -> None:
    lab.put(engine, lab.COUNTER)
    before = engine.dump()
    txs = [lab.tx(engine, ALICE, CODE, nonce=nonce) for nonce in range(600)]
    broken: Any = None
    with pytest.raises(AttributeError):
        engine.transact_many([*txs, broken])
    assert engine.dump() == before
    assert len(engine.transact_many(txs)) == 600


# -- numbers that the machine cannot hold

BEYOND: list[tuple[str, dict[str, Any], str]] = [
    ("value", {"value": 2**256}, "insufficient funds"),
    ("gas", {"gas": 2**64}, "above the block's limit"),
    ("nonce", {"nonce": 2**64}, "nonce too high"),
    ("cap", {"max_fee": 2**256}, "insufficient funds"),
    ("cap within 256 bits", {"max_fee": 2**200}, "insufficient funds"),
    ("cap times gas overflows", {"max_fee": 2**255, "gas": 10**6}, "insufficient funds"),
    ("tip", {"tip": 2**256}, "above the fee cap"),
]


@pytest.mark.parametrize(
    ("fields", "reason"), [row[1:] for row in BEYOND], ids=[r[0] for r in BEYOND]
)
def test_numbers_beyond_the_machine_are_refused_as_by_the_reference(
    engine: Revm, fields: dict[str, Any], reason: str
) -> None:
    tx = lab.tx(engine, ALICE, CAROL, **fields)
    reasons = []
    for each in (engine, lab.fresh("pyevm")):
        with pytest.raises(InvalidTransaction, match=reason) as caught:
            each.transact(tx)
        reasons.append(caught.value.reason)
    assert reasons[0] == reasons[1]
    (refused,) = engine.transact_many([tx])
    assert isinstance(refused, InvalidTransaction)


def test_a_huge_fee_cap_with_a_small_tip_is_paid_like_any(engine: Revm) -> None:
    rich = AccountState(balance=2**255)
    for each in (engine, lab.fresh("pyevm")):
        each.set_account(ALICE, rich)
        assert lab.run(each, CAROL, max_fee=2**200, tip=1, gas=21_000).success
        assert each.account(ALICE).balance == 2**255 - 21_000 * (lab.GWEI + 1)


MALFORMED: list[tuple[str, dict[str, Any], type[Exception]]] = [
    ("a short address", {"to": b"\1"}, ValueError),
    ("text for data", {"data": "00"}, TypeError),
    ("a negative value", {"value": -1}, InvalidTransaction),
]


@pytest.mark.parametrize(
    ("fields", "error"), [row[1:] for row in MALFORMED], ids=[r[0] for r in MALFORMED]
)
def test_malformed_fields_raise_and_change_nothing(
    engine: Revm, fields: dict[str, Any], error: type[Exception]
) -> None:
    before = engine.dump()
    tx = replace(lab.tx(engine, ALICE, CAROL), **fields)
    with pytest.raises((error, ChainError)):
        engine.transact(tx)
    assert engine.dump() == before


def test_memory_that_no_machine_has_is_out_of_gas_not_the_end(engine: Revm) -> None:
    lab.put(engine, lab.asm("1 0xffffffffff MSTORE"))
    assert not engine.call(Call(CODE, b"", gas=2**64 - 1)).success


# -- what must not end the process


def test_a_panic_becomes_an_exception_and_the_engine_goes_on(
    engine: Revm, capfd: pytest.CaptureFixture[str]
) -> None:
    lab.put(engine, lab.COUNTER)
    handle = engine.snapshot()
    lab.run(engine, CODE)
    before = engine.dump()
    with pytest.raises(ChainError, match="the engine broke: panic: on purpose"):
        engine._crate.panic()
    assert "on purpose" in capfd.readouterr().err
    assert engine.dump() == before
    assert lab.run(engine, CODE).output == word(2)
    engine.revert(handle)
    assert lab.run(engine, CODE).output == word(1)


def test_a_hash_that_cannot_be_had_breaks_the_transaction_not_the_state(engine: Revm) -> None:
    class Unreadable(tuple[bytes, ...]):
        __slots__ = ()

        def __getitem__(self, _place: object) -> Any:
            raise ChainError("unreadable")

    env: BlockEnv = replace(lab.ENV, parent_hashes=Unreadable((bytes(32),) * 5))
    lab.put(engine, lab.asm("1 PUSH0 SSTORE 4 BLOCKHASH"))
    before = engine.dump()
    engine.begin_block(env)
    with pytest.raises(ChainError, match="unreadable"):
        lab.run(engine, CODE)
    assert engine.dump() == before
    engine.begin_block(lab.ENV)
    assert lab.run(engine, CODE).success


class Stopped(Exception):
    """What the signal handler raises."""


@pytest.fixture
def alarm() -> Any:
    """Interrupt the main thread in a moment, as Ctrl-C would."""

    def stop(*_: object) -> None:
        raise Stopped

    before = signal.signal(signal.SIGALRM, stop)
    yield lambda: signal.setitimer(signal.ITIMER_REAL, 0.05)
    signal.setitimer(signal.ITIMER_REAL, 0)
    signal.signal(signal.SIGALRM, before)


def test_a_long_call_can_be_interrupted(engine: Revm, alarm: Callable[[], None]) -> None:
    lab.put(engine, ENDLESS)
    handle = engine.snapshot()
    before = engine.dump()
    alarm()
    with pytest.raises(Stopped):
        engine.call(Call(CODE, b"", gas=2**63), snapshot=handle)
    assert engine.dump() == before
    assert lab.run(engine, CAROL).success


def test_an_interrupted_batch_is_taken_back(engine: Revm, alarm: Callable[[], None]) -> None:
    lab.put(engine, ENDLESS)
    engine.begin_block(replace(lab.ENV, base_fee=0, gas_limit=2**62))
    before = engine.dump()
    free: dict[str, Any] = {"max_fee": 0, "tip": 0}
    txs = [lab.tx(engine, ALICE, CAROL, nonce=n, **free) for n in range(300)]
    txs.append(lab.tx(engine, ALICE, CODE, nonce=300, gas=2**62, **free))
    alarm()
    with pytest.raises(Stopped):
        engine.transact_many(txs)
    assert engine.dump() == before


def at_work(engine: Revm) -> threading.Thread:
    """Return a thread in which *engine* has begun a long call."""
    lab.put(engine, ENDLESS)
    begun = threading.Event()

    def work() -> None:
        begun.set()
        engine.call(Call(CODE, b"", gas=3 * 10**8))

    thread = threading.Thread(target=work)
    thread.start()
    begun.wait()
    return thread


def test_other_threads_run_while_the_machine_does(engine: Revm) -> None:
    thread = at_work(engine)
    turns = 0
    while thread.is_alive():
        turns += 1
    assert turns > 1_000  # with the GIL held, the first turn is the last


def test_one_engine_in_two_threads_is_refused_not_broken(engine: Revm) -> None:
    thread = at_work(engine)
    refused = 0
    while thread.is_alive():
        try:
            engine.account(ALICE)
        except RuntimeError as error:
            assert "borrowed" in str(error)  # noqa: PT017 - it may not come at all
            refused += 1
    assert refused
    assert lab.run(engine, CAROL).success


# -- what it keeps


def _resident() -> int:
    return int(Path("/proc/self/statm").read_text("ascii").split()[1]) * 4096


def test_a_hundred_thousand_transfers_leave_nothing_behind(engine: Revm) -> None:
    def transfers(first: int) -> None:
        for start in range(first, first + 50_000, 1_000):
            nonces = range(start, start + 1_000)
            engine.transact_many(
                [lab.tx(engine, ALICE, CAROL, nonce=n, gas=21_000, value=1) for n in nonces]
            )

    transfers(0)
    before = _resident()
    transfers(50_000)
    assert engine.account(CAROL).balance == 100_000
    assert _resident() - before < 8 << 20
    assert engine._crate.journal < 500  # one entry an account and batch, not one a transfer


def test_snapshots_cost_what_changed(engine: Revm) -> None:
    lab.put(engine, lab.COUNTER, slots=dict.fromkeys(range(1, 5_000), 1))
    engine.drain_changes()
    grown = []
    for _ in range(20):
        before = engine._crate.journal
        engine.snapshot()
        lab.run(engine, CODE)
        grown.append(engine._crate.journal - before)
    assert max(grown) == 3  # the sender, the coinbase and a slot


def test_records_are_the_ports_and_cost_the_collector_nothing(engine: Revm) -> None:
    lab.put(engine, lab.asm("7 PUSH0 PUSH0 LOG1"))
    done = lab.run(engine, CODE)
    assert type(done) is Execution
    assert done == Execution(True, 21_000 + 3 + 4 + 750, b"", done.logs)
    assert not any(gc.is_tracked(item) for item in (done, done.logs, done.logs[0]))
    assert replace(done, output=b"x").output == b"x"


def test_what_is_dumped_can_be_loaded(engine: Revm) -> None:
    lab.put(engine, lab.COUNTER, slots={0: 2**255, 9: 1})
    other: Any = make_engine("revm", chain_id=lab.CHAIN)
    other.load(json.loads(json.dumps(engine.dump())))
    assert other.dump() == engine.dump()
    assert other.state_root() == engine.state_root()
    other.load({CAROL.hex(): {"balance": "12"}})
    assert other.account(CAROL) == AccountState(balance=12)


def test_a_creation_is_refused_where_storage_stands(engine: Revm) -> None:
    """EIP-7610: an account of the genesis with storage, and neither code nor nonce."""
    place = contract_address(ALICE, 0)
    engine.set_account(place, AccountState(balance=1))
    engine.set_storage(place, {1: 1})
    lab.put(engine, lab.returns(f"0x{place.hex()} EXTCODEHASH"))
    assert not lab.run(engine, None, lab.creation(b"\0")).success
    assert engine.storage(place, 1) == 1
    assert lab.run(engine, CODE).output == EMPTY_CODE_HASH
    assert lab.run(engine, place, value=1).success
    assert engine.account(place) == AccountState(balance=2)
    engine.set_storage(place, {1: 0})
    assert engine.drain_changes()[place].code_hash == EMPTY_CODE_HASH


def test_the_raw_loop_does_the_same_work(engine: Revm) -> None:
    lab.put(engine, lab.COUNTER)
    engine.begin_block(replace(lab.ENV, base_fee=0))
    txs = [lab.tx(engine, ALICE, CODE, nonce=n, max_fee=0, tip=0) for n in range(20)]
    before = engine.dump()
    seconds, gas = engine._crate.raw_transactions(txs)
    assert engine.dump() == before
    assert seconds > 0
    done = [item for item in engine.transact_many(txs) if isinstance(item, Execution)]
    assert gas == sum(item.gas_used for item in done)
    call = Call(CODE, b"", sender=BOB)
    assert engine._crate.raw_calls(call, 3)[1] == 3 * engine.call(call).gas_used


def test_the_crate_says_which_revm_it_holds(root: Path) -> None:
    crate = importlib.import_module("fictra_twin_engine")
    locked = tomllib.loads((root / "engine" / "Cargo.lock").read_text("utf-8"))["package"]
    versions = {item["name"]: item["version"] for item in locked}
    assert versions["revm"] == crate.REVM
    assert versions["fictra-twin-engine"] == crate.__version__
