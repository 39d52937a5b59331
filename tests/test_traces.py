"""Traces on both engines: the same to the last gas, whatever a program does.

`tests/suites/test_geth.py` holds them against go-ethereum itself, where Go is.
"""

from __future__ import annotations

from typing import Any

import chain_lab as lab
import pytest
import trace_lab
from hypothesis import given, settings
from hypothesis import strategies as st

from twin.chain.charges import NAMES, Before, Charge, charge, ended_by
from twin.chain.codec import hex0x
from twin.chain.engines import available
from twin.chain.port import Call
from twin.chain.precompiles import refusal
from twin.chain.pyevm import PyEvm  # not in a test: py-evm moves the recursion limit
from twin.chain.reverts import revert_reason
from twin.chain.rpc.errors import InvalidParams, Refused
from twin.chain.rpc.tracers import tracer
from twin.chain.rpc.views import Inspected, inspected
from twin.errors import ChainError, InvalidTransaction

ENGINES = [name for name in available() if name in {"pyevm", "revm"}]
ALICE, BOB, CODE = lab.ALICE, lab.BOB, lab.CODE


@pytest.fixture(params=ENGINES)
def engine(request: pytest.FixtureRequest) -> Inspected:
    return inspected(lab.fresh(request.param))


def test_the_reference_is_there() -> None:
    assert inspected(lab.fresh("pyevm")).name == PyEvm.name


def see(engine: Inspected, subject: Any, name: str = "", **config: Any) -> Any:
    """Return what the tracer called *name* says."""
    asked = {"tracer": name, "tracerConfig": config} if name else config
    return tracer(asked).see(engine, subject, lab.COINBASE)


# -- both engines


@pytest.mark.skipif(len(ENGINES) < 2, reason="the Rust engine is not built")
@settings(max_examples=50, deadline=None)
@given(st.integers(0, 10**9))
def test_both_engines_see_the_same(seed: int) -> None:
    case = trace_lab.case(seed)
    engines = [trace_lab.world(case, name) for name in ENGINES]
    for fields in case.transactions:
        found = []
        for engine in engines:
            root = engine.state_root()
            tx = lab.tx(engine, ALICE, **fields)
            try:
                found.append(trace_lab.answers(engine, tx))
            except InvalidTransaction as refused:
                found.append({"refused": refused.reason})
                continue
            assert engine.state_root() == root
            assert found[-1]["calls"]["gasUsed"] == hex(engine.transact(tx).gas_used)
        assert found[0] == found[1]


# -- what go-ethereum charges


ROWS: list[tuple[Before, Charge]] = [
    (Before(0x01, 100, (1,), 1, 0), Charge(3, "stack underflow (1 <=> 2)")),
    (Before(0x60, 100, (), 1024, 0), Charge(3, "stack limit reached 1024 (1023)")),
    (Before(0x56, 7, (1,), 1, 0), Charge(8, "out of gas")),
    (Before(0x0C, 7, (), 0, 0), Charge(0)),
    (Before(0x52, 100, (2**64, 1), 2, 0), Charge(3, "gas uint64 overflow")),
    (Before(0x52, 100, (2**40, 1), 2, 0), Charge(3, "out of gas: gas uint64 overflow")),
    (Before(0x52, 5, (0, 1), 2, 0), Charge(6, "out of gas")),
    (Before(0x52, 100, (0, 1), 2, 32), Charge(3)),
    (Before(0x0A, 100, (2, 256), 2, 0), Charge(110, "out of gas")),
    (Before(0x54, 3000, (1,), 1, 0, cold=True), Charge(2100)),
    (Before(0x55, 2300, (1, 1), 2, 0), Charge(0, "out of gas: not enough gas for reentrancy sentry")),
    (Before(0x55, 9**9, (1, 1), 2, 0, cold=True), Charge(22_100)),
    (Before(0x55, 9**9, (1, 0), 2, 0, current=7, original=7), Charge(2900, refund=4800)),
    (Before(0x55, 9**9, (1, 0), 2, 0, current=7, original=0), Charge(100, refund=19_900)),
    (Before(0x55, 9**9, (1, 7), 2, 0, current=0, original=7), Charge(100, refund=-2000)),
    (Before(0x55, 9**9, (1, 8), 2, 0, current=0, original=7), Charge(100, refund=-4800)),
    (Before(0xF0, 32_100, (0, 0, 0), 3, 0), Charge(32_000, passed=99)),
    (Before(0xF0, 9**9, (0, 0, 49_153), 3, 0),
     Charge(32_000, "out of gas: max initcode size exceeded: size 49153")),
    (Before(0xF1, 2000, (0, 5, 0, 0, 0, 0, 0), 7, 0, cold=True), Charge(100, "out of gas: out of gas")),
    (Before(0xF1, 9**9, (500, 5, 1, 0, 0, 0, 0), 7, 0, empty=True), Charge(34_600, passed=2800)),
    (Before(0xFA, 740, (2**256 - 1, 5, 0, 0, 0, 0), 6, 0), Charge(730, passed=630)),
    (Before(0xFF, 9**9, (5,), 1, 0, cold=True, empty=True, rich=True), Charge(32_600)),
    (Before(0xA1, 9**9, (0, 64, 7), 3, 0), Charge(375 * 2 + 512 + 6)),
]  # fmt: skip


@pytest.mark.parametrize(("before", "wanted"), ROWS)
def test_an_instruction_costs_what_go_ethereum_charges(before: Before, wanted: Charge) -> None:
    assert charge(before) == wanted


def test_each_instruction_fails_for_one_reason() -> None:
    told = {ended_by(op) for op in (0x56, 0x3E, 0xFD, 0x55, 0xFE, 0x0C)}
    assert told == {
        "invalid jump destination", "return data out of bounds", "execution reverted",
        "write protection", "invalid opcode: INVALID", "invalid opcode: opcode 0xc not defined",
    }  # fmt: skip
    assert len(NAMES) == 256


PRECOMPILED: list[tuple[int, bytes, int, str]] = [
    (2, b"", 59, "out of gas"),
    (6, b"\xff" * 128, 150, "bn256: coordinate exceeds modulus"),
    (6, b"\1" * 128, 149, "out of gas"),
    (7, bytes(31) + b"\1" + bytes(31) + b"\1", 6000, "bn256: malformed point"),
    (8, b"\1", 45_000, "bad elliptic curve pairing size"),
    (8, bytes(64) + bytes(31) + b"\1" + bytes(96), 79_000, "bn256: malformed point"),
    (9, b"", 0, "invalid input length"),
    (9, bytes(212) + b"\2", 0, "invalid final flag"),
    (10, bytes(192), 50_000, "mismatched versioned hash"),
    (10, b"", 50_000, "invalid input length"),
]


@pytest.mark.parametrize(("number", "data", "gas", "said"), PRECOMPILED)
def test_a_precompile_says_why(number: int, data: bytes, gas: int, said: str) -> None:
    assert refusal(number.to_bytes(20, "big"), data, gas) == said


def test_a_reason_is_where_its_offset_says() -> None:
    head = bytes.fromhex("08c379a0")
    text = (2).to_bytes(32, "big") + b"no".ljust(32, b"\0")
    assert revert_reason(head + (32).to_bytes(32, "big") + text) == "no"
    assert revert_reason(head + (64).to_bytes(32, "big") + bytes(32) + text) == "no"
    for offset in (33, 4096, 2**255):
        assert revert_reason(head + offset.to_bytes(32, "big") + text) == ""


# -- tracers


def test_the_state_before_and_after(engine: Inspected) -> None:
    lab.put(engine, lab.asm(f"9 2 SSTORE 1 SLOAD 0x{BOB.hex()} BALANCE STOP"))
    engine.set_storage(CODE, {1: 5})
    tx = lab.tx(engine, ALICE, CODE, value=3)
    code = hex0x(engine.account(CODE).code)
    ether = hex(100 * lab.ETHER)
    zero, one, two = (f"0x{n:064x}" for n in range(3))
    assert see(engine, tx, "prestateTracer") == {
        hex0x(ALICE): {"balance": ether},
        hex0x(CODE): {
            "balance": "0x0", "code": code, "nonce": 1,
            "storage": {two: zero, one: f"0x{5:064x}"},
        },
        hex0x(lab.COINBASE): {"balance": "0x0"},
        hex0x(BOB): {"balance": ether},
    }  # fmt: skip
    before = engine.dump()
    found = see(engine, tx, "prestateTracer", diffMode=True)
    assert engine.dump() == before
    paid = engine.transact(tx).gas_used
    assert found["post"] == {
        hex0x(ALICE): {"balance": hex(100 * lab.ETHER - paid * 2 * lab.GWEI - 3), "nonce": 1},
        hex0x(CODE): {"balance": "0x3", "storage": {two: f"0x{9:064x}"}},
        hex0x(lab.COINBASE): {"balance": hex(paid * lab.GWEI)},
    }
    assert found["pre"] == {
        hex0x(ALICE): {"balance": ether},
        hex0x(CODE): {"balance": "0x0", "code": code, "nonce": 1},
        hex0x(lab.COINBASE): {"balance": "0x0"},
    }


def test_a_prestate_can_leave_out_codes_and_slots(engine: Inspected) -> None:
    lab.put(engine, lab.COUNTER)
    tx = lab.tx(engine, ALICE, CODE)
    found = see(engine, tx, "prestateTracer", disableCode=True, disableStorage=True)
    assert found[hex0x(CODE)] == {"balance": "0x0", "nonce": 1}
    found = see(engine, tx, "prestateTracer", disableStorage=True, diffMode=True)
    assert hex0x(CODE) not in {**found["pre"], **found["post"]}


def test_what_a_transaction_creates_was_nothing_before(engine: Inspected) -> None:
    tx = lab.tx(engine, ALICE, None, lab.creation(b"\1"))
    made = see(engine, tx, "callTracer")["to"]
    assert made not in see(engine, tx, "prestateTracer")
    found = see(engine, tx, "prestateTracer", diffMode=True)
    assert (made in found["pre"], found["post"][made]) == (False, {"nonce": 1, "code": "0x01"})


def test_a_call_tree_can_be_cut_and_have_logs(engine: Inspected) -> None:
    lab.put(engine, lab.asm("7 PUSH0 PUSH0 LOG1"), BOB)
    to_bob = f"PUSH0 PUSH0 PUSH0 PUSH0 PUSH0 0x{BOB.hex()} 20000 CALL POP"
    lab.put(engine, lab.asm(f"PUSH0 PUSH0 LOG0 {to_bob}"))
    call = Call(CODE, b"")
    assert "logs" not in see(engine, call, "callTracer")
    whole = see(engine, call, "callTracer", withLog=True)
    assert [log["position"] for log in whole["logs"]] == ["0x0"]
    assert len(whole["calls"][0]["logs"][0]["topics"]) == 1
    top = see(engine, call, "callTracer", onlyTopCall=True, withLog=True)
    assert ("calls" in top, len(top["logs"])) == (False, 1)


def test_steps_keep_what_is_asked_for(engine: Inspected) -> None:
    lab.put(engine, lab.asm("7 PUSH0 MSTORE 1 2 SSTORE"))
    call = Call(CODE, b"")
    whole = see(engine, call)["structLogs"]
    assert [step["op"] for step in whole] == [
        "PUSH1", "PUSH0", "MSTORE", "PUSH1", "PUSH1", "SSTORE", "STOP",
    ]  # fmt: skip
    assert all("memory" not in step for step in whole)
    bare = see(engine, call, disableStack=True, disableStorage=True, enableMemory=True)
    assert [set(step) & {"stack", "storage"} for step in bare["structLogs"]] == [set()] * 7
    assert bare["structLogs"][3]["memory"] == [f"{7:064x}"]
    assert len(see(engine, call, limit=1)["structLogs"]) == 1
    assert len(see(engine, call, limit=100_000)["structLogs"]) == 7


def test_a_trace_that_would_take_all_memory_is_refused(engine: Inspected) -> None:
    lab.put(engine, lab.asm("0 0x2ffff MSTORE8 :again @again JUMP"))
    tx = lab.tx(engine, ALICE, CODE, gas=250_000)
    assert len(see(engine, tx)["structLogs"]) > 10_000
    before = engine.dump()
    with pytest.raises(ChainError, match="the trace takes more than 134217728 bytes"):
        see(engine, tx, enableMemory=True)
    assert engine.dump() == before


def test_further_tracers(engine: Inspected) -> None:
    data = bytes.fromhex("01020304") + bytes(32)
    call = Call(BOB, data)
    assert see(engine, call, "4byteTracer") == {"0x01020304-32": 1}
    assert see(engine, call, "noopTracer") == {}
    both = see(engine, call, "muxTracer", callTracer={"onlyTopCall": True}, noopTracer=None)
    assert (both["noopTracer"], both["callTracer"]["to"]) == ({}, hex0x(BOB))
    wrong: list[tuple[dict[str, Any], type[Exception]]] = [
        ({"tracer": "bigramTracer"}, Refused),
        ({"tracer": {"a": 1}}, Refused),
        ({"tracer": "callTracer", "tracerConfig": [1]}, InvalidParams),
        ({"tracer": "callTracer", "tracerConfig": {"withLog": 1}}, InvalidParams),
        ({"limit": -1}, InvalidParams),
        ({"enableMemory": "yes"}, InvalidParams),
    ]
    for config, error in wrong:
        with pytest.raises(error):
            tracer(config)


# -- standing elsewhere


def test_an_engine_stands_on_an_older_state_and_comes_back(engine: Inspected) -> None:
    lab.put(engine, lab.COUNTER)
    first = engine.snapshot()
    lab.run(engine, CODE)
    second = engine.snapshot()
    lab.run(engine, CODE)
    now, root = engine.dump(), engine.state_root()
    with engine.standing(second):
        assert engine.storage(CODE, 0) == 1
        with engine.standing(first):
            assert engine.storage(CODE, 0) == 0
            lab.run(engine, CODE)
            lab.run(engine, CODE)
            lab.run(engine, CODE)
            assert engine.storage(CODE, 0) == 3
        assert engine.storage(CODE, 0) == 1
        old = engine.state_root()
    assert (engine.dump(), engine.state_root()) == (now, root)
    assert old != root
    engine.revert(second)
    assert engine.state_root() == old


def test_what_belongs_to_the_present_is_refused_elsewhere(engine: Inspected) -> None:
    first = engine.snapshot()
    lab.run(engine, BOB, value=1)
    later = engine.snapshot()
    with engine.standing(first):
        for action in (engine.drain_changes, lambda: engine.revert(first)):
            with pytest.raises(ChainError, match="stands on another state"):
                action()
        with pytest.raises(ChainError, match="no snapshot"):
            engine.call(Call(BOB, b""), snapshot=later)
    assert lab.ALICE in engine.drain_changes()


def test_standing_ends_with_an_error_too(engine: Inspected) -> None:
    before = engine.dump()
    with pytest.raises(InvalidTransaction), engine.standing(None):
        engine.transact(lab.tx(engine, ALICE, BOB, value=10**30))
    assert engine.dump() == before
    other = lab.ENV.__class__(7, lab.START + 9, 0, 10**6, BOB, bytes(32), lab.CHAIN)
    with engine.standing(None, env=other):
        assert engine.call(Call(None, lab.returns("NUMBER"))).data[-1] == 7
    assert engine.call(Call(None, lab.returns("NUMBER"))).data[-1] == lab.ENV.number


def test_a_call_can_have_an_access_list(engine: Inspected) -> None:
    lab.put(engine, lab.asm("1 SLOAD POP"))
    plain, listed = (
        engine.call(Call(CODE, b"", access_list=found)).gas_used for found in ((), ((CODE, (1,)),))
    )
    assert listed - plain == 2400 + 1900 - 2000
