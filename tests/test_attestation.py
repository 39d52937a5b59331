"""TR4 on paper: what an attestation says, what it cannot see, and the proof pack."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from paper_desk import NOW, PaperDesk, Stage
from reserve_paper import DAY, ONE, PLACES, UNIT, Auditor, bills, document, gold, holding, reserve

from twin.desk.port import Attestation, ServiceDesk
from twin.desk.steps import Case, Finding
from twin.errors import NoData
from twin.procedures.tokens.reserve import AuditSupport, support_audit


def work(made: PaperDesk, **stage: Any) -> tuple[Finding, Stage]:
    played = Stage(made, **stage)
    return played.play(support_audit(Case("weekly"), AuditSupport())), played


def attested(*documents: Attestation, forged: tuple[str, ...] = ()) -> PaperDesk:
    made = reserve()
    made.services = ServiceDesk(attestations=Auditor(list(documents), forged))
    return made


def test_a_document_that_stands_makes_a_pack_without_a_question() -> None:
    finding, played = work(attested(document()))
    assert (finding.verdict, played.log) == ("ok", ["look: What does the attestation say?"])
    assert set(finding.data["pack"]["parts"]) == {
        "attestation",
        "chain",
        "liabilities",
        "positions",
    }
    again, _ = work(attested(document()))
    assert again.data["pack"] == finding.data["pack"], "anybody can make it again"
    other = attested(document())
    other.answers["PaymentToken", "totalSupply"] += 1
    assert work(other)[0].data["pack"]["hash"] != finding.data["pack"]["hash"]


CHEAP = {"aegis": (bills(price=90 * ONE // 100),), "bastion": (gold(),)}

WEAK: dict[str, tuple[Attestation, Callable[[PaperDesk], object], set[str]]] = {
    "at cost, and nothing wrong": (document(basis="cost"), lambda _d: None, {"basis"}),
    "at cost, with a loss it cannot see": (
        document(basis="cost"), lambda d: setattr(d.custody_desk, "lines", CHEAP),
        {"basis", "impairment"}),
    "at fair value, long ago": (
        document(), lambda d: setattr(d.custody_desk, "lines", CHEAP), {"impairment"}),
    "too old": (document(age=41 * DAY), lambda _d: None, {"date"}),
    "blind to a custodian": (document(scope=PLACES[:3]), lambda _d: None, {"scope"}),
    "about to run out on chain": (
        document(),
        lambda d: d.answers.update(
            {("Reserve", "holding"): lambda _index: holding(UNIT, 0, expiry=NOW + 4 * DAY)}),
        {"expiry"}),
}  # fmt: skip


@pytest.mark.parametrize(("paper", "change", "items"), WEAK.values(), ids=WEAK.keys())
def test_what_is_weak_about_a_document_is_told(
    paper: Attestation, change: Callable[[PaperDesk], object], items: set[str]
) -> None:
    made = attested(paper)
    change(made)
    finding, played = work(made)
    assert finding.verdict == "finding"
    assert {name for name, count in finding.problems.items() if count} == items
    assert finding.data["handed_out"]
    assert [notice.audience for notice in played.notices] == ["auditor"]


def test_a_forged_document_may_be_held_back() -> None:
    finding, _ = work(attested(document(), forged=("AT-0001",)), choices={"Hand": "hold back"})
    assert (finding.problems["signature"], finding.data["handed_out"]) == (1, False)


def test_the_newest_document_counts() -> None:
    finding, _ = work(attested(document(basis="cost"), replace(document(), id="AT-0002")))
    assert (finding.verdict, finding.data["document"]["id"]) == ("ok", "AT-0002")


def test_a_reserve_without_a_document_is_a_finding_once_one_is_due() -> None:
    finding, _ = work(attested())
    assert (finding.verdict, finding.problems) == ("finding", {"missing": 1})
    made = attested()
    made.genesis = NOW - DAY
    assert work(made)[0].summary == "the first attestation is awaited"


def test_an_auditor_that_is_not_there_is_no_data() -> None:
    made = reserve()
    made.services = ServiceDesk()
    with pytest.raises(NoData, match="not connected to attestations"):
        work(made)
