"""Compliance on paper: samples, rings, served parties, freezes, rules with their dates."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from paper_desk import NOW, log_of
from paper_security import Paper, account

from twin.desk.port import ListedParty, LogRecord
from twin.desk.port.bulletins import Bulletin
from twin.errors import NoData
from twin.procedures.documentation.controls import sampled
from twin.procedures.documentation.regulation import rules_of
from twin.procedures.documentation.screening import rings, screening
from twin.services.bulletins import regulation

HOUR, DAY = 3600, 86_400
LISTED, SINK = account(66), account(99)
MULES = [account(number) for number in (71, 72, 73)]
PARTY = ListedParty(LISTED, NOW - 5 * DAY, "ofac")


@pytest.mark.parametrize(
    ("count", "size", "drawn"),
    [(0, 3, []), (2, 3, [0, 1]), (10, 3, [0, 4, 9]), (5, 5, [0, 1, 2, 3, 4]), (4, 1, [0])],
)
def test_a_sample_is_spread_over_everything(count: int, size: int, drawn: list[int]) -> None:
    assert sampled(range(count), size) == drawn


def moved(source: bytes, to: bytes, value: int, *, age: int) -> LogRecord:
    return log_of("PaymentToken", "Transfer", age=age, **{"from": source, "to": to, "value": value})


def dealt(*, onwards: int = 3, delay: int = HOUR) -> list[LogRecord]:
    out = [moved(LISTED, mule, 100, age=3 * DAY) for mule in MULES]
    back = [moved(mule, SINK, 90, age=3 * DAY - delay) for mule in MULES[:onwards]]
    return [*out, *back]


def test_money_that_is_dealt_out_and_gathered_again_is_a_ring() -> None:
    (ring,) = rings(dealt(), {LISTED: PARTY}, least=3)
    assert (len(ring["mules"]), ring["sinks"]) == (3, ["0x" + SINK.hex()])
    assert rings(dealt(onwards=2), {LISTED: PARTY}, least=3) == []
    assert rings(dealt(delay=2 * DAY + 1), {LISTED: PARTY}, least=3) == []
    assert rings(dealt(), {account(1): PARTY}, least=3) == []


def screened(
    *logs: LogRecord, frozen: dict[bytes, int] | None = None, held: int = 0, updated: int = NOW
) -> dict[str, Any]:
    paper = Paper()
    paper.desk.logs["PaymentToken", "Transfer"] = list(logs)
    paper.desk.logs["PaymentToken", "Frozen"] = [
        log_of("PaymentToken", "Frozen", age=age, account=who, by=account(6))
        for who, age in (frozen or {}).items()
    ]
    paper.desk.answers["PaymentToken", "balanceOf"] = held
    transfers = SimpleNamespace(listed=lambda: [PARTY], list_updated=lambda: updated)
    services: Any = SimpleNamespace(transfers=transfers)
    paper.desk.services = services
    return screening(paper.desk, window=31 * DAY, sla=6 * HOUR, dust=5 * 10**6, ring=3,
                     list_age=2 * DAY)  # fmt: skip


def cases(report: dict[str, Any]) -> dict[str, int]:
    return {item: len(found) for item, found in report["cases"].items() if found}


DUST = moved(LISTED, account(50), 10**6, age=5 * DAY + HOUR)
CASES: dict[str, tuple[dict[str, Any], list[LogRecord], dict[str, int]]] = {
    "nobody listed moves anything": ({}, [moved(account(1), account(2), 5, age=DAY)], {}),
    "served after the listing": ({}, [moved(LISTED, SINK, 5, age=DAY)], {"served": 1}),
    "served before it": ({}, [moved(LISTED, SINK, 5, age=6 * DAY)], {}),
    "served while the list was on its way": ({}, [moved(LISTED, SINK, 5, age=5 * DAY - HOUR)], {}),
    "holds and is not frozen": ({"held": 9}, [], {"unfrozen": 1}),
    "holds and is frozen": ({"held": 9, "frozen": {LISTED: 4 * DAY}}, [], {}),
    "somebody else is frozen": ({"frozen": {account(50): DAY}}, [], {"bystander": 1}),
    "somebody who was dusted": ({"frozen": {account(50): DAY}}, [DUST], {"dusting": 1}),
    "the list is old": ({"updated": NOW - 3 * DAY}, [], {"stale-list": 1}),
}


@pytest.mark.parametrize(("about", "logs", "items"), CASES.values(), ids=CASES.keys())
def test_each_case_of_screening(
    about: dict[str, Any], logs: list[LogRecord], items: dict[str, int]
) -> None:
    assert cases(screened(*logs, **about)) == items


def test_latency_is_from_listing_to_freeze() -> None:
    report = screened(held=9, frozen={LISTED: 5 * DAY - 2 * HOUR})
    assert report["latencies"] == [2 * HOUR]


def published(*ages: tuple[int, int]) -> Paper:
    """Return a desk with a rule of each (age, notice) in seconds."""
    paper = Paper()
    paper.bulletins.published = [
        Bulletin(f"b{n}", "regulator", NOW - age,
                 (regulation(NOW - age, f"reserve rule {n}", NOW - age + notice),))
        for n, (age, notice) in enumerate(ages)
    ]  # fmt: skip
    return paper


RULES: list[tuple[tuple[int, int], set[str]]] = [
    ((DAY, 90 * DAY), set()),
    ((9 * DAY, 90 * DAY), {"missed"}),
    ((DAY, 2 * DAY), {"short-notice"}),
    ((3 * DAY, 2 * DAY), {"short-notice", "late"}),
]


@pytest.mark.parametrize(("rule", "items"), RULES)
def test_a_rule_is_missed_late_or_leaves_no_time(rule: tuple[int, int], items: set[str]) -> None:
    facts = rules_of(published(rule).desk, 8 * DAY, 14 * DAY)
    assert {item for item, found in facts["wrong"].items() if found} == items
    assert [item["advice"] for item in facts["new"]] == ["adopt"]


def test_screening_without_a_list_is_no_data() -> None:
    paper = Paper()
    with pytest.raises(NoData, match="transfers"):
        screening(paper.desk, window=DAY, sla=1, dust=1, ring=2, list_age=1)
