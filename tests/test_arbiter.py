"""Outcomes, in what they differ, and who is right by a third."""

from __future__ import annotations

from dataclasses import replace

import chain_lab as lab
import pytest

from twin.chain.arbiter import Held, Outcome, alloc_of, difference, judge, load, observe, short
from twin.chain.codec import EMPTY_CODE_HASH
from twin.chain.port import AccountChange, AccountState, Log

BASE = Outcome(
    success=True,
    gas_used=21_000,
    output=b"\1",
    logs=(Log(lab.CODE, (b"\2" * 32,), b"\3"),),
    changes={lab.ALICE: AccountChange(1, 5, EMPTY_CODE_HASH, {7: 8})},
    root=b"\4" * 32,
)
GONE = AccountChange(0, 0, EMPTY_CODE_HASH, {}, deleted=True)
ALICE = "0x" + lab.ALICE.hex()

DIFFERENT: list[tuple[str, Outcome, str]] = [
    ("refused", Outcome(refused="no funds"), "it is executed by a and refused (no funds) by b"),
    ("status", replace(BASE, success=False), "success is True by a and False by b"),
    ("gas", replace(BASE, gas_used=1), "gas_used is 21000 by a and 1 by b"),
    ("output", replace(BASE, output=b""), r"output is b'\x01' by a and b'' by b"),
    ("logs", replace(BASE, logs=()), "logs is ("),
    ("created", replace(BASE, created=lab.BOB), "created is None by a and "),
    ("nothing", replace(BASE, changes={}), f"{ALICE} becomes [nonce 1, balance 5, code "),
    ("deleted", replace(BASE, changes={lab.ALICE: GONE}), "slots 0x7=0x8] by a and [deleted] by b"),
    ("root", replace(BASE, root=b"\5" * 32), "the state root is 0x0404"),
]


@pytest.mark.parametrize(
    ("other", "said"), [r[1:] for r in DIFFERENT], ids=[r[0] for r in DIFFERENT]
)
def test_a_difference_is_named(other: Outcome, said: str) -> None:
    assert said in difference(BASE, other, ("a", "b"))


@pytest.mark.parametrize(
    "other", [BASE, replace(BASE, root=b"")], ids=["the same", "whose root nobody asked for"]
)
def test_what_does_not_differ(other: Outcome) -> None:
    assert difference(BASE, other, ("a", "b")) == ""


def test_refusals_for_other_reasons_are_the_same() -> None:
    assert difference(Outcome(refused="nonce"), Outcome(refused="funds"), ("a", "b")) == ""


VERDICTS = [
    ((BASE, BASE), ("pyevm", "revm"), "EELS upholds pyevm and revm"),
    ((BASE, replace(BASE, gas_used=1)), ("pyevm",), "EELS upholds pyevm; revm is wrong: gas_used"),
    ((replace(BASE, logs=()), BASE), ("revm",), "EELS upholds revm; pyevm is wrong: logs"),
    ((Outcome(refused="x"), replace(BASE, logs=())), (), "EELS upholds neither; pyevm is wrong"),
]


@pytest.mark.parametrize(("answers", "right", "said"), VERDICTS)
def test_the_third_says_who_is_right(
    answers: tuple[Outcome, Outcome], right: tuple[str, ...], said: str
) -> None:
    verdict = judge(BASE, dict(zip(("pyevm", "revm"), answers, strict=True)))
    assert verdict.right == right
    assert verdict.words().startswith(said)


def test_an_outcome_in_words() -> None:
    words = replace(BASE, created=lab.BOB).words()
    assert words.startswith("status 1, gas 21000, 1 logs 0x")
    assert words.endswith(f"created 0x{lab.BOB.hex()}, state root 0x{'04' * 32}")
    assert Outcome(refused="why").words() == "refused: why"
    assert replace(BASE, changes={lab.ALICE: GONE}).state() == [f"{ALICE} deleted"]
    assert short("x" * 500) == "x" * 400 + "... (500 characters)"


def test_a_dump_comes_back_as_it_was() -> None:
    engine = lab.fresh("pyevm")
    lab.put(engine, lab.COUNTER, slots={0: 41, 2**255: 1})
    alloc = alloc_of(engine.dump())
    assert alloc[lab.CODE] == Held(1, 0, lab.COUNTER, {0: 41, 2**255: 1})
    again = lab.fresh("pyevm")
    again.set_account(lab.ALICE, AccountState())
    load(again, alloc)
    assert again.dump() == engine.dump()


def test_an_engine_is_observed() -> None:
    engine = lab.fresh("pyevm")
    lab.put(engine, lab.COUNTER, slots={0: 41})
    alloc, tx = alloc_of(engine.dump()), lab.tx(engine, lab.ALICE, lab.CODE)
    done, root = engine.transact(tx), engine.state_root()
    seen = observe(lab.fresh("pyevm"), tx, env=lab.ENV, alloc=alloc)
    assert (seen.gas_used, seen.logs, seen.root) == (done.gas_used, done.logs, root)
    assert seen.changes[lab.CODE].storage == {0: 42}
    refused = observe(lab.fresh("pyevm"), replace(tx, nonce=9), env=lab.ENV, alloc=alloc)
    assert "nonce too high" in refused.refused
    assert not refused.changes
