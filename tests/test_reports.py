"""Signed reports: the newest of each node, and whose signature is under it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import coincurve
import pytest

from twin.market.reports import ReportBoard, report_digest
from twin.protocol.roles import account_of, key_of
from twin.quotes import SignedReport

NOW = 1_700_006_400


def test_the_board_keeps_the_newest_report_of_each_node_by_name() -> None:
    board = ReportBoard()
    board.publish("node-2", "WTI", "alpha", 8_000_000_000, NOW)
    board.publish("node-1", "WTI", "alpha", 8_000_000_001, NOW + 1)
    board.publish("node-2", "WTI", "beta", -3_763_000_000, NOW + 2)
    board.publish("node-3", "BRENT", "alpha", 1, NOW)
    log = [(item.node, item.source, item.answer) for item in board.newest("WTI")]
    assert log == [("node-1", "alpha", 8_000_000_001), ("node-2", "beta", -3_763_000_000)]
    assert board.newest("GOLD") == []
    assert all(map(board.authentic, board.newest("WTI")))


@pytest.fixture(scope="module")
def report() -> SignedReport:
    return ReportBoard().publish("node-1", "WTI", "alpha", 8_000_000_000, NOW)


FORGERIES = [
    {"node": "node-2"},
    {"feed": "BRENT"},
    {"source": "beta"},
    {"answer": 8_000_000_001},
    {"answer": -8_000_000_000},
    {"observed_at": NOW + 1},
    {"signature": b""},
    {"signature": bytes(65)},
    {"signature": b"\xff" * 65},
]


@pytest.mark.parametrize("change", FORGERIES, ids=str)
def test_a_report_that_was_touched_is_not_authentic(
    report: SignedReport, change: dict[str, object]
) -> None:
    board = ReportBoard()
    assert board.authentic(report)
    assert not board.authentic(replace(report, **change))  # type: ignore[arg-type]


def test_the_same_report_has_the_same_signature(report: SignedReport) -> None:
    again = ReportBoard().publish("node-1", "WTI", "alpha", 8_000_000_000, NOW)
    assert again.signature == report.signature


def test_a_node_that_signs_with_another_key_is_found_out() -> None:
    thief = ReportBoard(key_of=lambda _node: key_of("thief"))
    forged = thief.publish("node-1", "WTI", "alpha", 1, NOW)
    assert not ReportBoard().authentic(forged)
    assert ReportBoard().authentic(replace(forged, node="thief"))


def test_another_library_recovers_the_same_signer(report: SignedReport) -> None:
    keys = pytest.importorskip("eth_keys").keys
    digest = report_digest("WTI", source="alpha", answer=8_000_000_000, observed_at=NOW)
    signature = keys.Signature(report.signature)
    public = signature.recover_public_key_from_msg_hash(digest)
    assert public.to_canonical_address() == account_of("node-1")


def test_a_signer_is_recovered_once_and_held_against_the_address_as_it_is(
    report: SignedReport, monkeypatch: pytest.MonkeyPatch
) -> None:
    log: list[bytes] = []
    original = coincurve.PublicKey.from_signature_and_message

    def counting(signature: bytes, digest: bytes, **more: Any) -> Any:
        log.append(signature)
        return original(signature, digest, **more)

    monkeypatch.setattr(coincurve.PublicKey, "from_signature_and_message", counting)
    board = ReportBoard()
    assert board.authentic(report)
    assert board.authentic(replace(report))
    assert log == [report.signature]
    moved = ReportBoard(account_of=lambda _node: account_of("somebody else"))
    assert not moved.authentic(report)
