"""`twin change`: exit codes, what is said, and the paired comparison behind it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from changes_lab import call, change
from world_lab import NODES, agent, document

from twin.chain.receipts import Receipt
from twin.cli import main
from twin.study.change import Effect, Sent, undone, verdict_of
from twin.study.paired import paired

PAUSED = 'fictra_contract_paused{contract="OracleNetwork"}'


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with a small scenario of two days."""
    tree = document(name="small", agents=[*NODES, agent("noise", "trader", 2, trades_per_day=40)])
    (tmp_path / "small.twin.yaml").write_text(json.dumps(tree))
    return tmp_path


def told(
    folder: Path, capsys: pytest.CaptureFixture[str], *more: str, **fields: Any
) -> tuple[int, Any]:
    path = folder / "x.change.yaml"
    path.write_text(json.dumps(change(**fields), indent=1))
    given = ["change", str(path), "--scenario", str(folder / "small.twin.yaml"), "--at", "1h"]
    code = main([*given, "--json", *more])
    return code, json.loads(capsys.readouterr().out)


def test_a_bad_file_is_2_with_every_mistake(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = folder / "x.change.yaml"
    path.write_text("class: odd\nquorum: 0\n")
    assert main(["change", str(path)]) == 2
    said = capsys.readouterr().err
    assert f"{path}:1:8: class: 'odd' is not one of its values" in said
    assert f"{path}:2:9: quorum" in said
    assert f"{path}:1:1: the change needs 'calls'" in said


def test_gates_alone_pass_or_refuse(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, said = told(folder, capsys, "--seeds", "0")
    assert (code, said["passed"], said["verdict"]) == (0, True, "GATES PASSED")
    assert said["gates"]["diff"] == {"settlement.max_amount": [5 * 10**14, 10**15]}
    code, said = told(folder, capsys, "--seeds", "0", authority="pauser")
    assert (code, said["passed"], said["verdict"]) == (1, False, "NO-GO")
    assert "authority" in said["gates"]["wrong"]


def test_pairs_of_runs_give_a_verdict_and_a_picture(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pause = 'fictra_contract_paused{contract="Settlement"}'
    good = {"horizon": "1h", "criteria": [{"expr": pause, "max": 0}]}
    without = "--without=MS4,RW5"
    code, said = told(
        folder, capsys, "--seeds", "2", "--plot", str(folder / "p.png"), without, success=good
    )
    assert (code, said["verdict"]) == (0, "GO"), said["reasons"]
    assert said["seeds"] == [1, 2]
    assert [one["verdict"] for one in said["effects"]] == ["good"] * len(said["effects"])
    assert (folder / "p.png").read_bytes().startswith(b"\x89PNG")


def test_a_change_that_was_never_in_force_is_no_go(
    folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("twin.study.change.GAS", 40_000)  # it passes the gates and runs out of gas
    bond = [call("OracleNetwork", "setChallenge", 0, amount * 10**9) for amount in (2, 1)]
    code, said = told(
        folder, capsys, "--seeds", "1", "--without=MS4,RW5", authority="oracle_admin",
        calls=bond[:1], expect={"oracle.challenge_bond": {"before": 10**9, "after": 2 * 10**9}},
        back={"kind": "rollback", "within": "4h", "loses": "nothing", "calls": bond[1:]},
        success={"horizon": "1h", "criteria": [{"expr": PAUSED, "max": 0}]},
    )  # fmt: skip
    assert (code, said["passed"], said["verdict"]) == (1, False, "NO-GO")
    assert said["gates"]["wrong"] == {}
    assert {one["verdict"] for one in said["effects"]} <= {"good", "no-data"}
    assert said["reasons"][0].startswith("seed 1: OracleNetwork.setChallenge (")
    assert " reverted in block " in said["reasons"][0]


def test_what_is_not_in_a_block_is_not_done() -> None:
    def receipt(tx_hash: bytes) -> Receipt | None:
        if tx_hash == b"lost":
            return None
        return Receipt(tx_hash, 0, 7, b"", tx_hash == b"good", 1, 1, 1, b"", None, (), 0)

    sent = [Sent(what, what.encode()) for what in ("good", "lost", "bad")] + [Sent("late")]
    assert undone(sent, receipt) == [
        "lost is in no block", "bad reverted in block 7", "late was not sent",
    ]  # fmt: skip


@pytest.mark.parametrize(
    "given",
    [["change"], ["change", "--row", "x"], ["change", "--encode", "Settlement.setMaxAmount 7"],
     ["change", "--encode", "Settlment.x []"], ["change", "no.yaml"], ["change", "no.yaml", "--prove"]],
)  # fmt: skip
def test_bad_usage_is_2(given: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(given) == 2
    assert capsys.readouterr().err


def test_calldata_is_encoded(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["change", "--encode", "FeeSchedule.setFee [0, 2000]"]) == 0
    assert capsys.readouterr().out.startswith("0x05c9399c")


def test_one_row_of_the_matrix_can_be_played(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["change", "--prove", "--row", "malformed-file", "--json"]) == 0
    said = json.loads(capsys.readouterr().out)
    assert [(row["name"], row["caught_by"]) for row in said["rows"]] == [
        ("malformed-file", "schema")
    ]


def test_a_paired_difference_has_the_interval_of_student() -> None:
    found = paired([1.0, 2.0, 3.0], [2.0, 4.0, 6.0])
    assert (found.pairs, found.difference) == (3, 2.0)
    assert found.low == pytest.approx(2 - 4.303 / 3**0.5)
    assert found.high == pytest.approx(2 + 4.303 / 3**0.5)
    assert paired([1.0], [2.0]).low is None


def effect(verdict: str, pairs: int = 3) -> Effect:
    found = None if verdict == "no-data" else paired([1.0] * pairs, [1.0] * pairs)
    return Effect("peg", "x", "watched", None, None, (), (), found, verdict)


VERDICTS = [
    ((effect("good"),), "GO"),
    ((effect("good"), effect("harm")), "NO-GO"),
    ((effect("good"), effect("open")), "INCONCLUSIVE"),
    ((effect("good"), effect("no-data")), "INCONCLUSIVE"),
    ((effect("good", pairs=1),), "INCONCLUSIVE"),
    ((), "INCONCLUSIVE"),
]


@pytest.mark.parametrize(("effects", "verdict"), VERDICTS)
def test_harm_is_no_go_and_what_is_open_is_no_go_either_way(
    effects: tuple[Effect, ...], verdict: str
) -> None:
    found, reasons = verdict_of(effects)
    assert found == verdict
    assert reasons
