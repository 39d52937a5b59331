"""DS1 to DS5 on paper: quiet, each finding, no data; and what a proof is held against."""

from __future__ import annotations

import json
from collections.abc import Mapping
from types import SimpleNamespace
from typing import Any

import pytest
from paper_desk import NOW, PaperDesk, Stage, log_of
from test_documentation import GOOD, met, school

from twin.desk.port import LogRecord, NoticeReceipt
from twin.desk.steps import Case, Finding
from twin.errors import NoData
from twin.procedures.documentation.lineage import ITEMS, figure, judged, lines, spread
from twin.procedures.documentation.stakeholder import (
    Brief,
    GovernancePack,
    MarketNotices,
    PublicReport,
    SovereignStatements,
    brief_committee,
    inform_market,
    inform_sovereigns,
    report_performance,
    report_publicly,
)

DAY, HOUR = 86_400, 3600
MONTHLY = Case("monthly")
ANN = b"\x11" * 20


class Editors:
    """Prints what it is given, but for *edits*: a figure's changed parts, None leaves it out."""

    def __init__(self, **edits: Any) -> None:
        self.edits = edits

    def proof(self, _report: str, figures: Mapping[str, Any]) -> dict[str, Any]:
        found = {key: {**one, **(self.edits.get(key) or {})} for key, one in figures.items()}
        for key, edit in self.edits.items():
            if edit is None:
                del found[key]
            elif "drop" in edit:
                found[key] = {part: value for part, value in found[key].items()
                              if part not in edit["drop"]}  # fmt: skip
        return found


# -- the proof ------------------------------------------------------------------------------------


def test_a_spread_has_its_interval_and_its_tail() -> None:
    made = spread(range(1, 21), "s", source="metrics", query="q", as_of=NOW)
    assert (made["median"], made["p90"], made["worst"], made["count"]) == (10, 18, 20, 20)
    assert made["low"] < 10 < made["high"]
    assert made["confidence_ppm"] >= 900_000
    assert "median 10 [" in lines({"x": made})


FIGURES = {
    "a": spread([1, 2, 3], "s", source="metrics", query="qa", as_of=NOW),
    "b": figure(5, "n", source="stores", query="qb", as_of=NOW),
}
PROOFS: list[tuple[dict[str, Any], dict[str, Any], str | None]] = [
    # edits, figures, the item that is met
    ({}, FIGURES, None),
    ({"b": {"value": 6}}, FIGURES, "wrong"),
    ({"a": {"median": 1}}, FIGURES, "wrong"),
    ({"a": {"drop": ("low", "high")}}, FIGURES, "mean-only"),
    ({"a": {"drop": ("p90",)}}, FIGURES, "mean-only"),
    ({"b": None}, FIGURES, "cherry-picked"),
    ({}, {**FIGURES, "b": {**FIGURES["b"], "value": None}}, "unsupported"),
    ({}, {**FIGURES, "b": {**FIGURES["b"], "query": ""}}, "unsupported"),
    ({}, {**FIGURES, "b": {**FIGURES["b"], "as_of": NOW - DAY}}, "stale"),
]


@pytest.mark.parametrize(("edits", "figures", "item"), PROOFS)
def test_a_proof(edits: dict[str, Any], figures: dict[str, Any], item: str | None) -> None:
    proof = Editors(**edits).proof("x", figures)
    wrong = judged(proof, figures, counters={"a": "b"}, now=NOW, max_age=HOUR)
    assert tuple(wrong) == ITEMS
    assert {name for name, found in wrong.items() if found} == ({item} if item else set())


def test_a_figure_that_somebody_added_is_unsupported() -> None:
    proof = {**FIGURES, "c": figure(1, "n", source="", query="", as_of=NOW)}
    assert judged(proof, FIGURES, counters={}, now=NOW, max_age=HOUR)["unsupported"] == [
        "c was never assembled"
    ]


# -- DS1 ------------------------------------------------------------------------------------------


def governed(**edits: Any) -> PaperDesk:
    """Return a desk whose metrics say 7 at any time, sampled a minute ago."""
    desk = PaperDesk(services=SimpleNamespace(editors=Editors(**edits)))
    desk.answer = lambda text: [
        ({}, float(desk.now - 60) if "timestamp(fictra_chain" in text else 7.0)
    ]
    return desk


@pytest.mark.parametrize(("edits", "expected"), [
    ({}, {}),
    ({"confirmation_ms": {"drop": ("low",)}}, {"mean-only": 1, "withheld": 1}),
    ({"confirmation_ms": {"median": 1}}, {"wrong": 1, "withheld": 1}),
    ({"changes_failed": None}, {"cherry-picked": 2, "withheld": 1}),
])  # fmt: skip
def test_a_governance_pack(edits: dict[str, Any], expected: dict[str, int]) -> None:
    stage = Stage(governed(**edits))
    finding = stage.play(report_performance(MONTHLY, GovernancePack()))
    assert met(finding) == expected
    assert [item.audience for item in stage.notices] == ([] if expected else ["governance"])
    if not expected:
        assert all(one["query"] for one in finding.data["figures"].values())


def test_a_pack_without_samples_is_no_data_and_stays_inside() -> None:
    desk = governed()
    desk.answer = lambda _text: []
    stage = Stage(desk)
    assert stage.play(report_performance(MONTHLY, GovernancePack())).verdict == "no-data"
    assert stage.notices == []


# -- DS2 ------------------------------------------------------------------------------------------


def moved(amount: int) -> LogRecord:
    args = {"from": bytes(20), "to": ANN, "value": amount}
    return log_of("FoundationToken", "Transfer", age=DAY, **args)


def sovereign(
    *, balance: int = 70, lost: int = 0, old: bool = False, **edits: Any
) -> tuple[PaperDesk, Stage]:
    """Return a desk of one sovereign whose first *lost* statements do not arrive."""
    mail: list[NoticeReceipt] = []
    if old:
        mail.append(NoticeReceipt("ann", "a ruling", NOW - DAY, None))
    desk = PaperDesk(services=SimpleNamespace(
        editors=Editors(**edits), disputes=SimpleNamespace(forms=lambda since: []),
        transfers=SimpleNamespace(holders=lambda: {"ann": ANN}),
        deliveries=SimpleNamespace(log=lambda since: [one for one in mail if one.sent >= since]),
    ))  # fmt: skip
    desk.answers["FoundationToken", "balanceOf"] = balance
    desk.logs["FoundationToken", "Transfer"] = [moved(50), moved(20)]
    stage = Stage(desk)

    def carried(now: PaperDesk) -> None:
        for number, item in enumerate(stage.notices):
            arrived = None if number < lost else now.now - 60
            if number >= len(mail) - old:
                mail.append(NoticeReceipt(item.audience, item.subject, now.now - 120, arrived))

    stage.on_wait = carried
    return desk, stage


STATEMENTS: list[tuple[dict[str, Any], dict[str, int], int]] = [
    # what, met, how many notices
    ({}, {}, 1),
    ({"lost": 1}, {}, 2),
    ({"lost": 2}, {"undelivered": 1}, 2),
    ({"balance": 71}, {"wrong": 1, "withheld": 1}, 0),
    ({"ft_balance": {"value": 1}}, {"wrong": 1, "withheld": 1}, 0),
    ({"disputes": None}, {"cherry-picked": 1, "withheld": 1}, 0),
    ({"old": True}, {"lost-notice": 1}, 1),
]


@pytest.mark.parametrize(("what", "expected", "count"), STATEMENTS)
def test_a_statement(what: dict[str, Any], expected: dict[str, int], count: int) -> None:
    desk, stage = sovereign(**what)
    finding = stage.play(inform_sovereigns(MONTHLY, SovereignStatements()))
    assert met(finding) == expected
    assert [item.audience for item in stage.notices] == ["sovereign:ann"] * count
    assert len(desk.stores.entries("ticket")) == expected.get("undelivered", 0)


def test_statements_without_a_ledger_are_not_made() -> None:
    desk, stage = sovereign()
    desk.answers["FoundationToken", "balanceOf"] = NoData("the node does not answer")
    with pytest.raises(NoData):
        stage.play(inform_sovereigns(MONTHLY, SovereignStatements()))


# -- DS3 ------------------------------------------------------------------------------------------

STOPPABLE = ("AllocationBook", "Conversion", "FoundationToken", "LiquidityPool", "OracleNetwork",
             "PaymentToken", "Reserve", "Settlement")  # fmt: skip


def market(*, paused: tuple[str, ...] = (), said: tuple[tuple[int, str], ...] = (), status: str = "trading") -> PaperDesk:  # fmt: skip
    """Return a desk on which *paused* stand still, and (age, subject) was *said* to the market."""
    pair = SimpleNamespace(status=status, delist_at=None)
    desk = PaperDesk(services=SimpleNamespace(exchanges=SimpleNamespace(pair=lambda _venue: pair)))
    desk.tickers = {"meridian": 10**6}
    desk.answers |= {(name, "paused"): name in paused for name in STOPPABLE}
    for age, subject in said:
        desk.notices.publish(NOW - age, audience="market", subject=subject, text="")
    desk.evidence.file("DS3", NOW - 1800, Finding("ok", "", {"listings": {}}))
    return desk


def stopped(desk: PaperDesk, age: int, name: str = "Reserve", event: str = "Paused") -> PaperDesk:
    desk.logs[name, event] = [log_of(name, event, age=age)]
    return desk


def fees(age: int) -> PaperDesk:
    desk = market()
    desk.logs["FeeSchedule", "FeeAdjusted"] = [
        log_of("FeeSchedule", "FeeAdjusted", age=age, kind=0, oldFee=3000, newFee=4000)
    ]
    return desk


NOTICES: list[tuple[Any, dict[str, int], list[str]]] = [
    (market(), {}, []),
    (stopped(market(paused=("Reserve",)), 600), {}, ["Reserve paused"]),
    (stopped(market(paused=("Reserve",)), 2 * HOUR), {"late": 1}, ["Reserve paused"]),
    (stopped(market(paused=("Reserve",), said=((590, "Reserve paused"),)), 600), {}, []),
    (stopped(market(paused=("Reserve",), said=((60, "Reserve paused"),)), 2 * HOUR), {"late": 1}, []),
    (stopped(market(said=((HOUR, "Reserve reopens"),)), 600, event="Unpaused"), {}, []),
    (market(said=((600, "Reserve paused"),)), {"contradiction": 1}, ["Reserve resumed"]),
    (market(paused=("Reserve",), said=((5 * HOUR, "Reserve resumed"),)), {"contradiction": 1}, ["Reserve paused"]),
    (market(paused=("Reserve",), said=((HOUR, "Reserve reopens"),)), {}, []),
    (fees(HOUR), {}, ["swap fee is 4000 pips"]),
    (fees(20 * HOUR), {"late": 1}, ["swap fee is 4000 pips"]),
    (market(status="halted"), {}, ["meridian is halted"]),
]  # fmt: skip


@pytest.mark.parametrize(("desk", "expected", "told"), NOTICES)
def test_market_notices(desk: PaperDesk, expected: dict[str, int], told: list[str]) -> None:
    stage = Stage(desk)
    finding = stage.play(inform_market(Case("every 1800 s"), MarketNotices()))
    assert met(finding) == expected
    assert [item.subject for item in stage.notices] == told


def test_a_notice_that_is_held_back_is_untold() -> None:
    stage = Stage(stopped(market(paused=("Reserve",)), 600), choices={"Tell the market": "hold"})
    finding = stage.play(inform_market(Case("every 1800 s"), MarketNotices()))
    assert met(finding) == {"late": 1, "untold": 1}


def test_a_delisting_is_late_from_when_it_was_seen_first() -> None:
    desk = market(status="halted")
    desk.evidence.file("DS3", NOW - 60, Finding("ok", "", {"listings": {"meridian": NOW - DAY}}))
    finding = Stage(desk).play(inform_market(Case("every 1800 s"), MarketNotices()))
    assert met(finding) == {"late": 1}


# -- DS4 ------------------------------------------------------------------------------------------


def open_books(*, supply: int = 90, **edits: Any) -> PaperDesk:
    """Return a desk of 100 PT minted and 10 burned, by its events."""
    desk = PaperDesk(services=SimpleNamespace(editors=Editors(**edits)))
    desk.answers |= {("PaymentToken", "totalSupply"): supply, ("FoundationToken", "totalSupply"): 0,
                     ("Reserve", "holding"): lambda index: (7 + index, 0, 0, 0)}  # fmt: skip
    desk.logs["PaymentToken", "Minted"] = [log_of("PaymentToken", "Minted", amount=100)]
    desk.logs["PaymentToken", "Burned"] = [log_of("PaymentToken", "Burned", amount=10)]
    return desk


@pytest.mark.parametrize(("what", "expected"), [
    ({}, {}),
    ({"pt_supply": {"value": 91}}, {"wrong": 1, "withheld": 1}),
    ({"halts": None}, {"cherry-picked": 1, "withheld": 1}),
    ({"supply": 95}, {"unsupported": 1, "withheld": 1}),
])  # fmt: skip
def test_a_transparency_report(what: dict[str, Any], expected: dict[str, int]) -> None:
    stage = Stage(open_books(**what))
    finding = stage.play(report_publicly(MONTHLY, PublicReport()))
    assert met(finding) == expected
    assert finding.verdict == (
        "no-data" if "unsupported" in expected else "finding" if expected else "ok"
    )
    if not expected:
        (notice,) = stage.notices
        told = json.loads(notice.text)
        assert told["figures"]["pt_supply"]["value"] == 90
        assert told["figures"]["reserve_gold"]["value"] == 9


# -- DS5 ------------------------------------------------------------------------------------------


def committee(*ages: int, trained: bool = True) -> PaperDesk:
    desk = school(*(GOOD if trained else ()))
    for age in ages:
        desk.stores.create("risk", NOW - age, subject=f"a risk of {age}")
    return desk


def test_a_new_risk_gets_a_decision() -> None:
    desk = committee(DAY)
    stage = Stage(desk)
    assert met(stage.play(brief_committee(MONTHLY, Brief()))) == {}
    (decision,) = desk.stores.entries("decision")
    assert (decision.data["risk"], decision.state) == ("RSK-001", "open")
    assert [item.audience for item in stage.notices] == ["committee"]
    assert Stage(desk).play(brief_committee(MONTHLY, Brief())).data["log"] == []


def test_a_risk_that_was_known_and_left_is_found() -> None:
    finding = Stage(committee(90 * DAY, DAY)).play(brief_committee(MONTHLY, Brief()))
    assert met(finding) == {"undecided": 1}


def test_deferring_decides_nothing() -> None:
    desk = committee(90 * DAY)
    stage = Stage(desk, choices={"What is done": "defer"})
    assert met(stage.play(brief_committee(MONTHLY, Brief()))) == {"undecided": 1, "deferred": 1}
    assert desk.stores.entries("decision") == []


def test_decisions_and_actions_that_were_left_come_back() -> None:
    desk = committee()
    desk.stores.create("decision", NOW - 60 * DAY, subject="rotate", due=NOW - DAY)
    desk.stores.create("action", NOW - 60 * DAY, subject="train", due=NOW - DAY)
    finding = Stage(desk).play(brief_committee(MONTHLY, Brief()))
    assert met(finding) == {"undone": 1, "late-action": 1}


def test_a_gap_in_the_drills_is_told() -> None:
    assert met(Stage(committee(trained=False)).play(brief_committee(MONTHLY, Brief()))) == {
        "drill-gap": 1
    }


def test_a_brief_on_nobody_is_no_data() -> None:
    desk = committee()
    desk.services.identities.people = list
    desk.services.identities.quorums = list
    assert Stage(desk).play(brief_committee(MONTHLY, Brief())).verdict == "no-data"
