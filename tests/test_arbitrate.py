"""`twin arbitrate`, and the whole way from a run in lock-step to the verdict on its file."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import chain_lab as lab
import program_lab
import pytest

from twin import cli
from twin.chain.arbiter import Outcome, alloc_of, observe
from twin.chain.arbiter_case import Case, as_state_test
from twin.chain.arbiter_eels import lacking
from twin.chain.engines import available, make_engine
from twin.chain.port import Execution, Transaction

needs_revm = pytest.mark.skipif("revm" not in available(), reason="the Rust engine is not built")


def case() -> tuple[Case, Outcome]:
    """Return a transaction on its pre-state, and what comes of it."""
    engine = lab.fresh("pyevm")
    lab.put(engine, lab.COUNTER, slots={0: 41})
    tx = lab.tx(engine, lab.ALICE, lab.CODE)
    made = Case("counts", tx, lab.ENV, alloc_of(engine.dump()))
    fresh = make_engine("pyevm", chain_id=lab.CHAIN)
    return made, observe(fresh, tx, env=lab.ENV, alloc=made.alloc)


@pytest.fixture
def keep(tmp_path: Path) -> Callable[..., str]:
    """Return what writes a state test whose expectation is the truth, changed by a function."""

    def write(change: Callable[[Outcome], Outcome] | None = lambda truth: truth) -> str:
        made, truth = case()
        file = tmp_path / "case.json"
        spec = None if change is None else change(truth)
        outcomes = {"pyevm": truth}
        file.write_text(as_state_test(made, hashes={}, outcomes=outcomes, spec=spec), "utf-8")
        return str(file)

    return write


def lying(engine: Any, tx: Transaction) -> Execution:
    """Say one gas too much, and nothing else that is not so."""
    done: Execution = HONEST(engine, tx)
    return replace(done, gas_used=done.gas_used + 1)


if "revm" in available():
    from twin.chain.revm import Revm

    HONEST = Revm.transact


def test_all_agree(keep: Callable[..., str], capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["arbitrate", keep()]) == 0
    shown = capsys.readouterr()
    assert "agree counts/0-0-0: all agree\n1 agree, 0 differ; judges: pyevm" in shown.out
    assert ("pip install" in shown.out) == bool(lacking())


EXPECTED: list[tuple[str, Callable[[Outcome], Outcome], str]] = [
    ("root", lambda truth: replace(truth, root=b"\1" * 32), "the file expects the state root 0x01"),
    ("logs", lambda truth: replace(truth, logs=()), "the file expects logs 0x1dcc4de8dec75d7aab"),
    (
        "refused",
        lambda _: Outcome(refused="no", root=b"\1" * 32),
        "the file expects no, pyevm says",
    ),
]


@pytest.mark.parametrize(
    ("change", "said"), [r[1:] for r in EXPECTED], ids=[r[0] for r in EXPECTED]
)
def test_what_the_file_expects_counts(
    change: Callable[[Outcome], Outcome],
    said: str,
    keep: Callable[..., str],
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert cli.main(["arbitrate", keep(change)]) == 5
    shown = capsys.readouterr().out
    assert said in shown
    assert "DIFFER counts/0-0-0" in shown
    assert "  pyevm: status 1, gas 26662" in shown


@needs_revm
def test_a_lie_is_found_and_judged(
    keep: Callable[..., str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(Revm, "transact", lying)
    assert cli.main(["arbitrate", keep(None), "--json"]) == 5
    body = json.loads(capsys.readouterr().out)
    (row,) = body["cases"]
    assert (body["passed"], row["passed"], row["expected"]) == (False, False, None)
    assert body["judges"][:2] == ["pyevm", "revm"]
    verdict = "who is right is not known" if lacking() else "EELS upholds pyevm; revm is wrong"
    assert verdict in row["verdict"]
    gas = {name: outcome["gas_used"] for name, outcome in row["outcomes"].items()}
    assert (gas["pyevm"], gas["revm"]) == (26662, 26663)


def test_json_holds_every_answer(
    keep: Callable[..., str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["arbitrate", keep(), keep(), "--json"]) == 0
    body = json.loads(capsys.readouterr().out)
    assert (body["schema_version"], body["passed"], len(body["cases"])) == (1, True, 2)
    outcome = body["cases"][0]["outcomes"]["pyevm"]
    assert outcome["success"] is True
    assert outcome["logs"][0]["address"] == "0x" + lab.CODE.hex()
    assert outcome["root"] == body["cases"][0]["expected"]["root"]
    assert body["cases"][0]["note"] == ""


def test_another_answer_than_the_file_tells_is_noted(
    keep: Callable[..., str], capsys: pytest.CaptureFixture[str]
) -> None:
    file = Path(keep())
    file.write_text(file.read_text("utf-8").replace("gas 26662", "gas 26663"), "utf-8")
    assert cli.main(["arbitrate", str(file)]) == 0
    assert "pyevm said something else when the file was written" in capsys.readouterr().out


def test_one_judge_is_none(
    keep: Callable[..., str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("twin.commands.arbitrate.available", lambda: ("pyevm",))
    monkeypatch.setattr("twin.chain.arbiter_eels.version", lambda: "")
    assert cli.main(["arbitrate", keep(None)]) == 2
    assert "one judge (pyevm) is none: build the fast engine, or " in capsys.readouterr().err
    assert cli.main(["arbitrate", keep()]) == 0  # what the file expects is a judge too


def test_a_bad_file_is_told_with_its_place(
    tmp_path: Path, keep: Callable[..., str], capsys: pytest.CaptureFixture[str]
) -> None:
    bad, worse = tmp_path / "bad.json", tmp_path / "worse.json"
    bad.write_text(Path(keep()).read_text("utf-8").replace('"0x5"', '"five"'), "utf-8")
    worse.write_text("{\n ]", "utf-8")
    assert cli.main(["arbitrate", str(bad), str(worse)]) == 2
    said = capsys.readouterr().err
    assert f"{bad}:24:4: counts.env.currentNumber: 'five' is no integer of 64 bits" in said
    assert f"{worse}:2:2: not JSON" in said
    assert cli.main(["arbitrate", str(tmp_path / "none.json")]) == 2
    assert "none.json: No such file" in capsys.readouterr().err


@needs_revm
def test_from_a_run_in_lock_step_to_the_verdict(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    kept = tmp_path / "kept"
    kept.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(kept))
    scenario = program_lab.write(tmp_path, "quiet", duration="1h")
    with monkeypatch.context() as lies:
        lies.setattr(Revm, "transact", lying)
        argv = ["run", str(scenario), "--engine", "both", "--quiet", "--out", str(tmp_path / "run")]
        assert cli.main(argv) == 5
    said = capsys.readouterr().err
    (file,) = kept.iterdir()
    assert "pyevm and revm disagree about a transaction in block 0: gas_used is" in said
    assert f"twin arbitrate {file}" in said
    assert ("EELS upholds pyevm; revm is wrong: gas_used" in said) != bool(lacking())
    assert cli.main(["arbitrate", str(file)]) == 0  # the liar is gone
    shown = capsys.readouterr().out
    assert "revm said something else when the file was written" in shown
