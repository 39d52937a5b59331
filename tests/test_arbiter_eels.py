"""EELS as a judge: its ways in and out, what it notes, and what it says where it is not there."""

from __future__ import annotations

import tomllib
from dataclasses import replace
from pathlib import Path
from typing import Any

import chain_lab as lab
import pytest
from arbiter_lab import LOOKS, needs_eels

from twin.chain import arbiter_eels as eels
from twin.chain.arbiter import Held, Outcome, alloc_of, difference, observe
from twin.chain.arbiter_eels import rule
from twin.chain.codec import contract_address
from twin.chain.engines import make_engine
from twin.chain.port import Call, Engine
from twin.errors import ChainError, InvalidTransaction, UsageError


@pytest.fixture
def engine() -> Engine:
    made = lab.fresh("pyevm")
    lab.put(made, lab.COUNTER, slots={0: 41, 5: 5})
    return made


def test_the_extra_is_what_the_message_tells_to_install(root: Path) -> None:
    project = tomllib.loads((root / "pyproject.toml").read_text("utf-8"))["project"]
    assert project["optional-dependencies"]["arbiter"] == [eels.REQUIREMENT]


def test_without_it_nothing_is_ruled(monkeypatch: pytest.MonkeyPatch, engine: Engine) -> None:
    monkeypatch.setattr("twin.chain.arbiter_eels.version", lambda: "")
    with pytest.raises(UsageError, match=r"is not installed: pip install 'ethereum-execution=="):
        rule(lab.tx(engine, lab.ALICE, lab.CODE), env=lab.ENV, alloc={})


TRANSACTIONS: list[tuple[str, dict[str, Any]]] = [
    ("a call", {"to": lab.CODE}),
    ("value", {"to": lab.CAROL, "value": 7}),
    ("a creation", {"to": None, "data": lab.creation(lab.COUNTER, "7 PUSH0 SSTORE")}),
    ("a creation that fails", {"to": None, "data": lab.asm("0xef PUSH0 MSTORE8 1 PUSH0 RETURN")}),
    ("a creation without code", {"to": None, "data": b""}),
    ("out of gas", {"to": lab.CODE, "gas": 21_100}),
    ("an access list", {"to": lab.CODE, "access_list": ((lab.CODE, (0,)), (lab.BOB, ()))}),
    (
        "of type 1",
        {"to": lab.CODE, "kind": 1, "tip": 2 * lab.GWEI, "access_list": ((lab.BOB, ()),)},
    ),
    ("of type 0", {"to": lab.CODE, "kind": 0, "tip": 2 * lab.GWEI}),
    ("a nonce too high", {"to": lab.CODE, "nonce": 9}),
    ("too little gas", {"to": lab.CODE, "gas": 20_999}),
    ("a low fee", {"to": lab.CODE, "max_fee": lab.GWEI - 1, "tip": 0}),
    ("a tip above the cap", {"to": lab.CODE, "tip": 3 * lab.GWEI}),
    ("too much value", {"to": lab.CODE, "value": 2**255}),
    ("more gas than the block's", {"to": lab.CODE, "gas": 30_000_001}),
]


@needs_eels
@pytest.mark.parametrize(
    "fields", [row[1] for row in TRANSACTIONS], ids=[r[0] for r in TRANSACTIONS]
)
def test_it_says_what_the_reference_says(fields: dict[str, Any], engine: Engine) -> None:
    more = dict(fields)
    tx = lab.tx(engine, lab.ALICE, more.pop("to"), more.pop("data", b""), **more)
    alloc = alloc_of(engine.dump())
    expected = observe(make_engine("pyevm", chain_id=lab.CHAIN), tx, env=lab.ENV, alloc=alloc)
    ruling = rule(tx, env=lab.ENV, alloc=alloc, root=True)
    assert difference(ruling.outcome, expected, ("EELS", "pyevm")) == ""
    assert ruling.outcome.root == expected.root
    if tx.to is None and ruling.outcome.success:
        assert ruling.outcome.created == contract_address(lab.ALICE, 0)


CALLS: list[tuple[str, Call]] = [
    ("a call", Call(lab.CODE, b"", sender=lab.ALICE)),
    ("of nobody", Call(lab.CODE, b"")),
    ("a creation", Call(None, lab.returns("ADDRESS"), sender=lab.ALICE)),
    ("a creation by nobody", Call(None, lab.returns("ADDRESS"))),
    ("with value", Call(lab.CODE, b"", sender=lab.ALICE, value=3)),
    ("with an access list", Call(lab.CODE, b"", access_list=((lab.CODE, (0,)),))),
    ("of a contract", Call(lab.CODE, b"", sender=lab.CODE)),
    ("too poor", Call(lab.CODE, b"", value=1)),
    ("too little gas", Call(lab.CODE, b"", gas=20_000)),
]


@needs_eels
@pytest.mark.parametrize("call", [row[1] for row in CALLS], ids=[row[0] for row in CALLS])
def test_a_call_is_as_the_port_has_it(call: Call, engine: Engine) -> None:
    found = rule(call, env=lab.ENV, alloc=alloc_of(engine.dump())).outcome
    assert not found.changes
    try:
        expected = Outcome.of(engine.call(call, env=lab.ENV), {})
    except InvalidTransaction as refusal:
        expected = Outcome(refused=refusal.reason)
    assert difference(found, expected, ("EELS", "pyevm")) == ""


@needs_eels
def test_what_is_looked_at_is_noted(engine: Engine) -> None:
    lab.put(engine, LOOKS)
    ruling = rule(lab.tx(engine, lab.ALICE, lab.CODE), env=lab.ENV, alloc=alloc_of(engine.dump()))
    assert ruling.touched[lab.BOB] == set()
    assert ruling.touched[lab.CODE] >= {7, 8}
    assert 5 not in ruling.touched[lab.CODE]
    assert lab.CAROL not in ruling.touched
    assert ruling.ancestors == {3}


@needs_eels
def test_a_contract_that_is_gone_is_a_deletion_and_an_absent_one_is_no_change(
    engine: Engine,
) -> None:
    bomb = lab.creation(lab.asm("CALLER SELFDESTRUCT"))
    tx = lab.tx(engine, lab.ALICE, None, lab.asm("CALLER SELFDESTRUCT"))
    found = rule(tx, env=lab.ENV, alloc=alloc_of(engine.dump())).outcome
    assert contract_address(lab.ALICE, 0) not in found.changes
    held = {contract_address(lab.ALICE, 0): Held(0, 5)}
    alloc = {**alloc_of(engine.dump()), **held}
    gone = rule(tx, env=lab.ENV, alloc=alloc).outcome
    assert gone.changes[contract_address(lab.ALICE, 0)].deleted
    kept = rule(replace(tx, data=bomb), env=lab.ENV, alloc=alloc).outcome
    assert kept.changes[contract_address(lab.ALICE, 0)].nonce == 1


@needs_eels
def test_another_type_is_not_judged(engine: Engine) -> None:
    tx = replace(lab.tx(engine, lab.ALICE, lab.CODE), kind=3)
    with pytest.raises(ChainError, match="type 3"):
        rule(tx, env=lab.ENV, alloc=alloc_of(engine.dump()))


@needs_eels
def test_what_breaks_in_it_is_an_error_of_ours(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("twin.chain.arbiter_forms.Forms.logs", lambda *_: 1 // 0)
    with pytest.raises(ChainError, match="EELS itself broke: ZeroDivisionError"):
        rule(lab.tx(engine, lab.ALICE, lab.CODE), env=lab.ENV, alloc=alloc_of(engine.dump()))


def test_an_installation_that_is_not_whole_is_said(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(_: bytes) -> None:
        raise ModuleNotFoundError("No module named 'cryptography'")

    monkeypatch.setattr("twin.chain.arbiter_eels.version", lambda: "2.20.7")
    monkeypatch.setattr("twin.chain.arbiter_eels.Forms", broken)
    with pytest.raises(ChainError, match=r"not whole \(No module named 'cryptography'\): pip inst"):
        rule(lab.tx(engine, lab.ALICE, lab.CODE), env=lab.ENV, alloc={})
