from __future__ import annotations

from typing import Any

import pytest
from paper_desk import GAS, NODES, NOW, USD, WTI, PaperDesk, broken, log_of, quiet_answers

from twin.errors import NoData, Reverted
from twin.procedures.integration.oracle import ReportVerification, verify_reports

DOC, OTHER = b"\x11" * 32, b"\x22" * 32
CARGO = 600_000 * 1000  # barrels, three decimals
RIGHT = CARGO * 80 * USD * 10**16 // 10**11  # what 600,000 barrels at 80 USD entitle to


def claim(doc: bytes = DOC, *, age: int = 300, quantity: int = CARGO, feed: bytes = WTI) -> Any:
    return log_of("AllocationBook", "ExportClaimed", age=age, documentHash=doc, sovereign=NODES[0],
                  feed=feed, quantity=quantity)  # fmt: skip


def issue(amount: int = RIGHT, *, age: int = 300, feed: bytes = WTI) -> Any:
    return log_of("AllocationBook", "EntitlementIssued", age=age, documentHash=DOC, feed=feed,
                  quantity=CARGO, amount=amount)  # fmt: skip


def exporting(*claims: Any, issued: tuple[Any, ...] = (), **more: Any) -> PaperDesk:
    paper = {"quantity": CARGO, "commodity": "WTI", "exporter": "norway", "bill_of_lading": "n-1"}
    desk = PaperDesk(papers={DOC: paper}, **more)
    desk.logs = {("AllocationBook", "ExportClaimed"): list(claims),
                 ("AllocationBook", "EntitlementIssued"): list(issued)}  # fmt: skip
    return desk


def test_reports_and_exports_that_are_right() -> None:
    finding = verify_reports(exporting(claim(), issued=(issue(),)), ReportVerification())
    assert (finding.verdict, finding.problems) == (
        "ok", {"signature": 0, "bounds": 0, "papers": 0, "inflation": 0}
    )  # fmt: skip
    assert finding.data == {"block": 300, "reports": 3, "exports": []}


WRONG: dict[str, tuple[PaperDesk, str, str]] = {
    "no papers": (exporting(claim(OTHER)), "papers", "no customs document"),
    "another quantity": (exporting(claim(quantity=CARGO + 1)), "papers", f"claimed {CARGO + 1}"),
    "another commodity": (
        exporting(claim(feed=GAS), feed_ids={"WTI": WTI, "GAS": GAS}), "papers", "claimed as GAS"),
    "an unknown feed": (exporting(claim(feed=b"\x0f" * 32)), "papers", "claimed as None"),
    "1000x": (exporting(issued=(issue(RIGHT * 1000),)), "inflation", "by 999000000 ppm"),
    "a tenth short": (exporting(issued=(issue(RIGHT * 89 // 100),)), "inflation", "110000 ppm"),
    "issued at a negative price": (
        exporting(issued=(issue(),), prices={"WTI": -37 * USD}), "inflation", "off the index"),
    "issued on an unknown feed": (
        exporting(issued=(issue(feed=b"\x0f" * 32),)), "inflation", "register does not know"),
}  # fmt: skip


@pytest.mark.parametrize(("desk", "item", "says"), WRONG.values(), ids=WRONG.keys())
def test_what_is_wrong_with_an_export_is_named(desk: PaperDesk, item: str, says: str) -> None:
    finding = verify_reports(desk, ReportVerification())
    assert (finding.verdict, finding.problems[item]) == ("finding", 1)
    (export,) = finding.data["exports"]
    assert says in export["wrong"]


def test_a_forged_report_is_named_with_its_node() -> None:
    finding = verify_reports(exporting(forged=("node-1",)), ReportVerification())
    assert (finding.verdict, finding.problems["signature"]) == ("finding", 1)
    (bad,) = finding.data["WTI"]["bad_signatures"]
    assert (bad["node"], bad["source"]) == ("node-1", "brisa")


def test_an_answer_outside_the_feeds_own_bounds_is_named() -> None:
    desk = exporting()
    answers = (500 * USD, 500 * USD + 1, -100 * USD, -100 * USD - 1)
    desk.answers["OracleNetwork", "reports"] = (NODES[:4], answers, (NOW,) * 4)
    finding = verify_reports(desk, ReportVerification())
    assert finding.problems["bounds"] == 2
    assert [item["answer"] for item in finding.data["WTI"]["out_of_bounds"]] == [
        answers[1],
        answers[3],
    ]


def test_what_lies_before_the_window_was_somebody_elses() -> None:
    desk = exporting(claim(OTHER, age=3601), issued=(issue(RIGHT * 2, age=3601),))
    assert verify_reports(desk, ReportVerification()).verdict == "ok"
    desk = exporting(claim(OTHER, age=3600))
    assert verify_reports(desk, ReportVerification()).verdict == "finding"


@pytest.mark.parametrize(("amount", "verdict"), [(110, "ok"), (111, "finding"), (90, "ok")])
def test_the_limit_of_inflation(amount: int, verdict: str) -> None:
    desk = exporting(issued=(issue(RIGHT * amount // 100),))
    assert verify_reports(desk, ReportVerification()).verdict == verdict


def test_no_report_is_no_data_whatever_else_is_well() -> None:
    finding = verify_reports(exporting(signed=[]), ReportVerification())
    assert (finding.verdict, finding.data["reports"]) == ("no-data", 0)


def test_an_issue_without_an_index_to_hold_it_against_is_no_data() -> None:
    with pytest.raises(NoData, match="WTI"):
        verify_reports(exporting(issued=(issue(),), prices={}), ReportVerification())


def test_an_oracle_that_does_not_answer_is_a_revert_and_no_crash() -> None:
    desk = exporting()
    desk.answers = {**quiet_answers(), ("OracleNetwork", "reports"): broken()}
    with pytest.raises(Reverted, match="Panic"):
        verify_reports(desk, ReportVerification())
