"""Traces in geth's form, against small programs whose course is known."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import chain_lab as lab
import pytest
from eth_abi.abi import encode

from twin.chain.codec import contract_address, hex0x
from twin.chain.engines import available
from twin.chain.port import Call, Transaction
from twin.chain.revm import Revm
from twin.chain.trace import StepOptions, call_form
from twin.errors import InvalidTransaction

if "revm" not in available():
    pytest.skip("the Rust engine is not built (make setup builds it)", allow_module_level=True)

ALICE, BOB, CODE = lab.ALICE, lab.BOB, lab.CODE


@pytest.fixture
def engine() -> Revm:
    made = lab.fresh("revm")
    assert isinstance(made, Revm)
    return made


def tree_of(engine: Revm, subject: Transaction | Call) -> dict[str, Any]:
    """Return the call tree of *subject*, logs included."""
    return call_form(engine.frames(subject))


def inner(kind: str, to: bytes, value: str = "") -> str:
    """Return a call of *to* that takes no data and gives none."""
    return f"PUSH0 PUSH0 PUSH0 PUSH0 {value} 0x{to.hex()} 20000 {kind} POP"


def test_the_call_tree_has_every_message_in_order(engine: Revm) -> None:
    lab.put(engine, lab.asm("7 PUSH0 PUSH0 LOG1"), BOB)
    code = (
        f"{inner('CALL', BOB, '3')} {inner('STATICCALL', BOB)} {inner('DELEGATECALL', BOB)} "
        f"{inner('CALLCODE', BOB, '4')} PUSH0 PUSH0 PUSH0 CREATE POP 0xaa PUSH0 MSTORE8 1 PUSH0 RETURN"
    )
    lab.put(engine, lab.asm(code))
    tx = lab.tx(engine, ALICE, CODE, b"\1\2", value=9)
    before = engine.dump()
    tree = tree_of(engine, tx)
    assert engine.dump() == before
    done = engine.transact(tx)
    assert {key: tree[key] for key in ("type", "from", "to", "value", "gas", "gasUsed")} == {
        "type": "CALL",
        "from": hex0x(ALICE),
        "to": hex0x(CODE),
        "value": "0x9",
        "gas": hex(1_000_000),
        "gasUsed": hex(done.gas_used),
    }
    assert (tree["input"], tree["output"]) == ("0x0102", "0xaa")
    rows = [(c["type"], c["from"], c.get("to"), c.get("value")) for c in tree["calls"]]
    assert rows == [
        ("CALL", hex0x(CODE), hex0x(BOB), "0x3"),
        ("STATICCALL", hex0x(CODE), hex0x(BOB), None),
        ("DELEGATECALL", hex0x(CODE), hex0x(BOB), "0x9"),
        ("CALLCODE", hex0x(CODE), hex0x(BOB), "0x4"),
        ("CREATE", hex0x(CODE), hex0x(contract_address(CODE, 1)), "0x0"),
    ]
    assert tree["calls"][0]["logs"] == [
        {"address": hex0x(BOB), "topics": ["0x" + "7".zfill(64)], "data": "0x", "position": "0x0"}
    ]
    assert tree["calls"][1]["error"] == "write protection"


FAILURES: list[tuple[str, bytes, dict[str, Any]]] = [
    ("invalid", lab.asm("INVALID"), {"error": "invalid opcode: INVALID"}),
    ("jump", lab.asm("1 JUMP"), {"error": "invalid jump destination"}),
    ("stack", lab.asm("POP"), {"error": "stack underflow (0 <=> 1)"}),
    ("gas", lab.asm(":again @again JUMP"), {"error": "out of gas"}),
    ("bare revert", lab.asm("PUSH0 PUSH0 REVERT"), {"error": "execution reverted"}),
]


@pytest.mark.parametrize(
    ("code", "said"), [row[1:] for row in FAILURES], ids=[r[0] for r in FAILURES]
)
def test_failures_are_called_what_geth_calls_them(
    engine: Revm, code: bytes, said: dict[str, Any]
) -> None:
    lab.put(engine, code)
    tree = tree_of(engine, Call(CODE, b"", gas=100_000))
    assert {key: tree[key] for key in said} == said
    assert "output" not in tree


def test_a_revert_says_its_reason(engine: Revm) -> None:
    payload = b"\x08\xc3\x79\xa0" + encode(["string"], ["too late"])
    code = "".join(f"0x{byte:02x} {place} MSTORE8 " for place, byte in enumerate(payload))
    lab.put(engine, lab.asm(f"{code} {len(payload)} PUSH0 REVERT"))
    tree = tree_of(engine, Call(CODE, b""))
    assert (tree["revertReason"], tree["output"]) == ("too late", hex0x(payload))


def test_a_creation_that_fails_has_no_address(engine: Revm) -> None:
    tree = tree_of(engine, lab.tx(engine, ALICE, None, lab.asm("INVALID")))
    assert (tree["type"], "to" in tree) == ("CREATE", False)
    done = tree_of(engine, lab.tx(engine, ALICE, None, lab.creation(b"\1")))
    assert (done["to"], done["output"]) == (hex0x(contract_address(ALICE, 0)), "0x01")


def test_selfdestruct_is_a_message(engine: Revm) -> None:
    lab.put(engine, lab.asm(f"0x{BOB.hex()} SELFDESTRUCT"))
    (call,) = tree_of(engine, lab.tx(engine, ALICE, CODE, value=5))["calls"]
    assert (call["type"], call["from"], call["to"], call["value"]) == (
        "SELFDESTRUCT",
        hex0x(CODE),
        hex0x(BOB),
        "0x5",
    )


def test_struct_logs_tell_each_instruction(engine: Revm) -> None:
    lab.put(engine, lab.asm(f"1 2 SSTORE {inner('CALL', BOB, 'PUSH0')} 2 SLOAD POP"))
    lab.put(engine, lab.asm("INVALID"), BOB)
    tx = lab.tx(engine, ALICE, CODE)
    trace = engine.struct_logs(tx, StepOptions(memory=True))
    assert (trace["failed"], trace["returnValue"]) == (False, "0x")
    assert trace["gas"] == engine.transact(tx).gas_used
    logs = trace["structLogs"]
    assert [log["op"] for log in logs[:3]] == ["PUSH1", "PUSH1", "SSTORE"]
    stored = {"2".zfill(64): "1".zfill(64)}
    assert (logs[2]["stack"], logs[2]["storage"], logs[2]["gasCost"]) == (
        ["0x1", "0x2"],
        stored,
        22_100,
    )
    assert [log["storage"] for log in logs if log["op"] == "SLOAD"] == [stored]
    (bad,) = [log for log in logs if log["depth"] == 2]
    assert (bad["op"], bad["gasCost"], bad["stack"], "error" in bad) == ("INVALID", 0, [], False)
    spent = [a["gas"] - b["gas"] == a["gasCost"] for a, b in pairwise(logs[:8])]
    assert all(spent)
    few = engine.struct_logs(lab.tx(engine, ALICE, CODE), StepOptions(limit=4))
    assert few["structLogs"] == engine.struct_logs(lab.tx(engine, ALICE, CODE))["structLogs"][:4]


def test_traces_run_on_older_states_and_in_other_blocks(engine: Revm) -> None:
    lab.put(engine, lab.COUNTER)
    old = engine.snapshot()
    lab.run(engine, CODE)
    call = Call(CODE, b"")
    assert int(tree_of(engine, call)["output"], 16) == 2
    with engine.standing(old):
        assert int(tree_of(engine, call)["output"], 16) == 1
    assert int(tree_of(engine, call)["output"], 16) == 2
    assert engine.storage(CODE, 0) == 1


def test_what_cannot_run_cannot_be_traced(engine: Revm) -> None:
    with pytest.raises(InvalidTransaction, match="nonce too high"):
        tree_of(engine, lab.tx(engine, ALICE, CODE, nonce=5))
    with pytest.raises(InvalidTransaction, match="intrinsic"):
        tree_of(engine, Call(CODE, b"", gas=1))
    assert lab.run(engine, BOB).success


def test_what_an_execution_looks_at(engine: Revm) -> None:
    lab.put(engine, lab.asm(f"3 SLOAD 1 SLOAD 0x{BOB.hex()} BALANCE POP 5 PUSH0 SSTORE"))
    assert engine.seen(Call(CODE, b"", sender=ALICE)) == {ALICE: [], BOB: [], CODE: [0, 1, 3]}
