"""Both engines in lock-step: what they say together, and what a difference leaves."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import chain_lab as lab
import pytest

from twin.chain.engines import available, make_engine, names
from twin.chain.lockstep import Lockstep
from twin.chain.port import AccountState, Call, Execution, Transaction
from twin.chain.revm import Revm
from twin.errors import ChainError, InvalidTransaction, JudgesDisagree, UnknownName

if "revm" not in available():
    pytest.skip("the Rust engine is not built (make setup builds it)", allow_module_level=True)

ALICE, BOB, CAROL, CODE = lab.ALICE, lab.BOB, lab.CAROL, lab.CODE


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Have state tests of disagreements written where they are tidied up."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))


@pytest.fixture
def both() -> Lockstep:
    made = lab.fresh("both")
    assert isinstance(made, Lockstep)
    return made


def program(error: JudgesDisagree) -> str:
    return str(error).split("run this Python:\n\n", 1)[1]


def lie(change: Callable[[Execution], Execution]) -> Callable[[Revm, Transaction], Execution]:
    """Return a `transact` that says something else than what happened."""
    honest = Revm.transact
    return lambda engine, tx: change(honest(engine, tx))


def test_both_is_no_engine_of_its_own() -> None:
    assert "both" not in available()
    assert names() == (*available(), "both")
    assert make_engine("both", chain_id=7).name == "both"


def test_without_the_crate_there_is_no_both(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("twin.chain.engines.available", lambda: ("pyevm",))
    with pytest.raises(UnknownName, match="no engine is called 'both'"):
        make_engine("both", chain_id=7)


def test_agreement_is_silent(both: Lockstep) -> None:
    lab.put(both, lab.COUNTER)
    both.drain_changes()
    old = both.snapshot()
    assert lab.run(both, CODE).success
    assert both.call(Call(CODE, b"")).data == (2).to_bytes(32, "big")
    assert both.call(Call(CODE, b""), snapshot=old).data == (1).to_bytes(32, "big")
    assert both.drain_changes()[CODE].storage == {0: 1}
    assert both.storage(CODE, 0) == 1
    assert len(both.state_root()) == 32
    assert list(both.accounts()) == [bytes.fromhex(name[2:]) for name in both.dump()]
    both.revert(old)
    assert both.account(ALICE).nonce == 0
    both.forget(old)
    with pytest.raises(ChainError, match="no snapshot"):
        both.revert(old)


def test_a_refusal_by_both_is_a_refusal(both: Lockstep) -> None:
    with pytest.raises(InvalidTransaction, match="nonce too high"):
        lab.run(both, CAROL, nonce=3)
    with pytest.raises(InvalidTransaction, match="intrinsic"):
        both.call(Call(CAROL, b"", gas=1))
    assert lab.run(both, CAROL).success


LIES: list[tuple[str, Callable[[Execution], Execution], str]] = [
    ("status", lambda done: replace(done, success=False), "success is True on pyevm and False"),
    ("gas", lambda done: replace(done, gas_used=1), "gas_used is"),
    ("output", lambda done: replace(done, output=b"!"), "output is"),
    ("logs", lambda done: replace(done, logs=()), "logs is"),
]


@pytest.mark.parametrize(("change", "said"), [row[1:] for row in LIES], ids=[r[0] for r in LIES])
def test_a_difference_ends_the_run_and_can_be_seen_again(
    both: Lockstep,
    monkeypatch: pytest.MonkeyPatch,
    change: Callable[[Execution], Execution],
    said: str,
) -> None:
    lab.put(both, lab.COUNTER, slots={0: 41})
    lab.run(both, CAROL, value=5)
    before = both.dump()
    monkeypatch.setattr(Revm, "transact", lie(change))
    with pytest.raises(JudgesDisagree, match=said) as caught:
        lab.run(both, CODE)
    assert caught.value.exit_code == 5
    assert both.dump() == before
    with pytest.raises(JudgesDisagree, match=said):
        exec(program(caught.value), {})  # noqa: S102 - this is what the program is for


def test_the_program_holds_what_was_touched_and_no_more(
    both: Lockstep, monkeypatch: pytest.MonkeyPatch
) -> None:
    lab.put(both, lab.asm("7 SLOAD 3 BLOCKHASH"), slots={7: 77, 8: 88})
    lab.put(both, b"\0", BOB)
    monkeypatch.setattr(Revm, "transact", lie(lambda done: replace(done, gas_used=1)))
    with pytest.raises(JudgesDisagree) as caught:
        lab.run(both, CODE)
    text = program(caught.value)
    assert "{7: 77}" in text
    assert repr(BOB) not in text
    assert repr(lab.ENV.parent_hashes[:2]) in text  # down to block 3, which is asked for
    assert repr(lab.ENV.parent_hashes[2]) not in text


def test_a_difference_in_state_alone_is_found(both: Lockstep) -> None:
    both.fast.set_account(CAROL, AccountState(balance=7))
    with pytest.raises(JudgesDisagree, match=r"balance=1,.* on pyevm and to .*balance=8"):
        lab.run(both, CAROL, value=1)


def test_a_difference_in_a_call_is_found(both: Lockstep) -> None:
    lab.put(both, lab.COUNTER)
    handle = both.snapshot()
    both.fast.set_storage(CODE, {0: 5})
    with pytest.raises(JudgesDisagree, match="data is") as caught:
        both.call(Call(CODE, b""))
    assert "engine.call(Call(" in program(caught.value)
    lab.run(both, CAROL)
    both.revert(handle)
    assert both.call(Call(CODE, b"")).success


QUESTIONS: list[tuple[str, Callable[[Lockstep], object]]] = [
    ("account", lambda both: both.account(CAROL)),
    ("storage", lambda both: both.storage(CODE, 3)),
    ("state root", lambda both: both.state_root()),
    ("changes", lambda both: both.drain_changes()),
    ("addresses", lambda both: list(both.accounts())),
    ("whole state", lambda both: both.dump()),
]


@pytest.mark.parametrize(("ask"), [row[1] for row in QUESTIONS], ids=[r[0] for r in QUESTIONS])
def test_every_answer_is_compared(both: Lockstep, ask: Callable[[Lockstep], object]) -> None:
    ask(both)
    both.fast.set_account(CAROL, AccountState(balance=7))
    both.fast.set_storage(CODE, {3: 4})
    with pytest.raises(JudgesDisagree, match=r"pyevm says .*, revm"):
        ask(both)
