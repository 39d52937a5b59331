"""Planted faults in lock-step: the difference, the verdict, the file, and the list of known faults."""

from __future__ import annotations

import tempfile
from pathlib import Path

import chain_lab as lab
import pytest

from twin.chain.arbiter_dispute import Dispute
from twin.chain.engines import available
from twin.errors import InvalidTransaction, JudgesDisagree

if "revm" not in available():
    pytest.skip("the Rust engine is not built (make setup builds it)", allow_module_level=True)

import arbiter_lab as planted
from arbiter_lab import needs_eels

from twin.chain.arbiter_file import read
from twin.chain.arbiter_known import KNOWN, KnownFault
from twin.chain.lockstep import Lockstep, _Reference
from twin.chain.port import AccountState, Call
from twin.chain.revm import Revm


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return where state tests go."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    return tmp_path


def disagree(both: Lockstep, *, code: bytes = planted.LOOKS, times: int = 1) -> str:
    """Return what is said about the last of *times* transactions to *code*."""
    lab.put(both, code)
    for _ in range(times - 1):
        lab.run(both, lab.CODE)
    with pytest.raises(JudgesDisagree) as caught:
        lab.run(both, lab.CODE)
    assert caught.value.exit_code == 5
    return str(caught.value)


FAULTS: list[tuple[str, type[_Reference], type[Revm], str]] = [
    (
        "overcharges",
        planted.OverchargesBalance,
        Revm,
        "EELS upholds revm; pyevm is wrong: gas_used",
    ),
    ("drops a log", _Reference, planted.DropsLastLog, "EELS upholds pyevm; revm is wrong: logs is"),
    ("refuses", _Reference, planted.RefusesEverything, "EELS upholds pyevm; revm is wrong: it is"),
    (
        "both",
        planted.OverchargesBalance,
        planted.DropsLastLog,
        "EELS upholds neither; pyevm is wrong: gas_used",
    ),
]


@needs_eels
@pytest.mark.parametrize(
    ("reference", "fast", "said"), [r[1:] for r in FAULTS], ids=[r[0] for r in FAULTS]
)
def test_the_verdict_on_a_planted_fault(
    reference: type[_Reference], fast: type[Revm], said: str
) -> None:
    text = disagree(planted.planted(reference, fast))
    assert f"\n{said}" in text
    assert "\n  EELS 2.20." in text
    assert ": status 1, gas " in text
    assert f"    0x{lab.CODE.hex()} nonce 1, balance 0, code 0x" in text
    assert "same: what differs was left behind" not in text
    assert "not enough for EELS" not in text


@needs_eels
def test_what_an_earlier_transaction_left_behind_is_called_that() -> None:
    text = disagree(planted.planted(planted.KeepsTransientStorage), code=planted.COUNTS, times=2)
    assert "EELS upholds revm; pyevm is wrong: " in text
    assert "both engines say the same: what differs was left behind by something before it" in text


@needs_eels
def test_a_call_is_judged_too() -> None:
    both = planted.planted(planted.OverchargesBalance)
    lab.put(both, planted.LOOKS)
    with pytest.raises(JudgesDisagree, match="about a call in block 5") as caught:
        both.call(Call(lab.CODE, b""))
    assert "EELS upholds revm; pyevm is wrong: gas_used" in str(caught.value)
    assert "engine.call(Call(" in str(caught.value)
    assert "state test" not in str(caught.value)


@planted.without_eels
def test_without_eels_the_report_says_how_to_install_it() -> None:
    text = disagree(planted.planted(planted.OverchargesBalance))
    assert "Who is right is not known. EELS, the executable specification, is not installed" in text
    assert "pip install 'ethereum-execution==" in text
    assert "run this Python" in text


def test_without_eels_it_is_the_same_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("twin.chain.arbiter_eels.version", lambda: "1.17.0")
    text = disagree(planted.planted(planted.OverchargesBalance))
    assert "EELS, the executable specification, is here in version 1.17.0: pip install" in text
    assert "upholds" not in text


def test_the_state_test_holds_what_was_touched_and_both_answers(folder: Path) -> None:
    both = planted.planted(planted.OverchargesBalance)
    both.set_account(lab.CAROL, AccountState(balance=1))
    text = disagree(both)
    (file,) = folder.iterdir()
    assert f"As a state test, which other clients run too: twin arbitrate {file}\n" in text
    (case,) = read(file)
    assert sorted(case.alloc) == sorted([lab.ALICE, lab.BOB, lab.CODE])
    assert case.env.chain_id == lab.CHAIN
    assert case.env.parent_hashes[1] == lab.ENV.parent_hashes[1]  # of block 3, which is asked for
    assert case.env.parent_hashes[0] != lab.ENV.parent_hashes[0]  # of block 4, which is not
    assert [*case.observed] == ["pyevm", "revm"]
    assert case.observed["pyevm"] != case.observed["revm"]
    assert case.tx.sender == lab.ALICE
    disagree_again = disagree(both)
    assert str(file) in disagree_again
    assert len(list(folder.iterdir())) == 1


def test_a_file_that_is_somebody_elses_is_left_alone(folder: Path) -> None:
    disagree(planted.planted(planted.OverchargesBalance))
    (file,) = folder.iterdir()
    file.write_text("mine")
    assert "is something else: the state test was not written" in disagree(
        planted.planted(planted.OverchargesBalance)
    )
    assert file.read_text() == "mine"


def test_a_folder_that_is_not_there_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", "/nowhere")
    assert "could not be written to /nowhere/" in disagree(
        planted.planted(planted.OverchargesBalance)
    )


def test_states_that_differed_before_are_called_that() -> None:
    both = planted.planted()
    both.fast.set_account(lab.BOB, AccountState(balance=7))
    assert "held different states before it already" in disagree(both)


# -- the list of known faults


def overcharged(dispute: Dispute) -> bool:
    pyevm, revm = dispute.outcomes["pyevm"], dispute.outcomes["revm"]
    return pyevm.gas_used == revm.gas_used + 5


DEAR = KnownFault("BALANCE is dear", "EIP-2929", "planted in tests/arbiter_lab.py", overcharged)
NEVER = KnownFault("no fault", "EIP-0", "fits nothing", lambda _: False)


def test_nothing_is_on_the_list() -> None:
    assert KNOWN == ()


@needs_eels
def test_a_known_fault_is_excused_and_the_run_goes_on() -> None:
    both = planted.planted(planted.OverchargesBalance, known=(NEVER, DEAR))
    lab.put(both, planted.LOOKS)
    honest = lab.fresh("revm")
    lab.put(honest, planted.LOOKS)
    for _ in range(2):
        assert lab.run(both, lab.CODE) == lab.run(honest, lab.CODE)
    assert both.excused == {"BALANCE is dear": 2}
    assert both.call(Call(lab.CODE, b"")) == honest.call(Call(lab.CODE, b""))
    assert both.excused == {"BALANCE is dear": 3}
    assert both.drain_changes().keys() >= {lab.ALICE, lab.CODE, lab.COINBASE}
    assert both.state_root() == honest.state_root()
    assert lab.run(both, lab.CAROL, value=1).success


@needs_eels
def test_a_call_on_a_past_state_is_not_excused() -> None:
    both = planted.planted(planted.OverchargesBalance, known=(DEAR,))
    lab.put(both, planted.LOOKS)
    past = both.snapshot()
    with pytest.raises(JudgesDisagree, match="about a call"):
        both.call(Call(lab.CODE, b""), snapshot=past)


UNEXCUSED: list[tuple[str, type[_Reference], type[Revm], KnownFault]] = [
    ("that does not fit", planted.OverchargesBalance, Revm, NEVER),
    (
        "where revm is wrong too",
        planted.OverchargesBalance,
        planted.DropsLastLog,
        DEAR,
    ),
    ("of revm", _Reference, planted.DropsLastLog, KnownFault("any", "", "", lambda _: True)),
]


@pytest.mark.parametrize(
    ("reference", "fast", "fault"), [r[1:] for r in UNEXCUSED], ids=[r[0] for r in UNEXCUSED]
)
def test_a_fault_is_not_excused(
    reference: type[_Reference], fast: type[Revm], fault: KnownFault
) -> None:
    both = planted.planted(reference, fast, known=(fault,))
    disagree(both)
    assert both.excused == {}


def test_nothing_is_excused_without_eels(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("twin.chain.arbiter_eels.version", lambda: "")
    disagree(planted.planted(planted.OverchargesBalance, known=(DEAR,)))


@needs_eels
def test_a_known_fault_in_a_refusal_leaves_a_refusal() -> None:
    class AcceptsAnyTip(_Reference):
        """Takes a tip above the fee cap for the cap, against EIP-1559."""

        def transact(self, tx: object) -> object:  # type: ignore[override]
            from dataclasses import replace

            from twin.chain.port import Transaction

            assert isinstance(tx, Transaction)
            return super().transact(replace(tx, tip=min(tx.tip, tx.max_fee)))

    fault = KnownFault("tip", "EIP-1559", "planted", lambda d: bool(d.outcomes["revm"].refused))
    both = planted.planted(AcceptsAnyTip, known=(fault,))
    with pytest.raises(InvalidTransaction, match="above the fee cap"):
        lab.run(both, lab.CAROL, tip=lab.ETHER, max_fee=2 * lab.GWEI)
    assert both.excused == {"tip": 1}
    assert both.account(lab.ALICE).nonce == 0
