"""Daily work on paper: each thing that RD1 to RD5 can find, and what they cannot see."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from paper_desk import NOW, Stage, alarm, log_of
from paper_security import NIGHT, Paper, account, both, person

from twin.desk.port import Ticker
from twin.desk.port.journals import Anchor, digest
from twin.desk.port.pager import Delivery
from twin.desk.steps import Case, Finding
from twin.errors import NoData
from twin.procedures.routine.daily import (
    Health,
    LogReview,
    Volume,
    log_review,
    system_health,
    transaction_volume,
)
from twin.procedures.routine.health import COLLECTORS
from twin.procedures.routine.volume import DayCount, compare, recount

DAY = 86_400
LAST_SUCCESS = "time() - fictra_scrape_last_success_timestamp_seconds"
LATE = "time() - fictra_check_last_run_timestamp_seconds > 3 * fictra_check_interval_seconds + 600"


def wrong(finding: Finding) -> dict[str, int]:
    return {name: count for name, count in finding.problems.items() if count}


# -- RD1 ----------------------------------------------------------------------------------------


def well(*, without: str = "") -> Paper:
    """Return a desk on which every line of the checklist is well."""
    paper = Paper()
    for name in COLLECTORS:
        if name != without:
            paper.says(LAST_SUCCESS, 100.0, collector=name)
    paper.says("fictra_chain_head_timestamp_seconds", NOW - 200)
    paper.says("fictra_pool_swaps_total", 7)
    paper.says('fictra_oracle_updated_timestamp_seconds{feed="WTI"}', NOW - 600)
    paper.desk.answers["LiquidityPool", "swapCount"] = 7
    paper.desk.tickers["meridian"] = Ticker("meridian", 1, 2, 1, 5, NOW)
    return paper


def checked(paper: Paper) -> tuple[Finding, Stage]:
    stage = Stage(paper.desk)
    return stage.play(system_health(Case("daily"), Health())), stage


def set_series(paper: Paper, expression: str, value: float, **labels: str) -> None:
    paper.desk.query_answers[expression] = [(labels, value)]


def break_path(paper: Paper) -> None:
    paper.pager.whole = False


HEALTH: dict[str, tuple[Callable[[Paper], object], dict[str, int]]] = {
    "all is well": (lambda _paper: None, {}),
    "an exporter that was silent for an hour": (
        lambda paper: paper.desk.query_answers[LAST_SUCCESS].__setitem__(
            0, ({"collector": "chain"}, 3600.0)), {"silent": 1}),
    "a head that stands": (
        lambda paper: set_series(paper, "fictra_chain_head_timestamp_seconds", NOW - 9000),
        {"frozen": 1}),
    "swaps that the series misses": (
        lambda paper: set_series(paper, "fictra_pool_swaps_total", 3), {"frozen": 1}),
    "swaps that are too new for it": (
        both(lambda paper: set_series(paper, "fictra_pool_swaps_total", 6),
             lambda paper: paper.happened("LiquidityPool", "Swapped", age=60)), {}),
    "an oracle that the series does not follow": (
        both(lambda paper: set_series(
            paper, 'fictra_oracle_updated_timestamp_seconds{feed="WTI"}', NOW - 9000),
             lambda paper: paper.desk.answers.__setitem__(
            ("OracleNetwork", "latest"), (80 * 10**8, NOW - 1300, 12, 7))), {"frozen": 1}),
    "an answer that is too new for it": (
        lambda paper: set_series(
            paper, 'fictra_oracle_updated_timestamp_seconds{feed="WTI"}', NOW - 4000), {}),
    "a detector that is late": (
        lambda paper: paper.says(LATE, 5000.0, procedure="MS1"), {"stopped": 1}),
    "rules that fail": (
        lambda paper: paper.says("increase(fictra_rule_evaluation_failures_total[1d])", 3.0),
        {"rules": 1}),
    "a drill that does not arrive": (break_path, {"drill": 1}),
    "an alert that was never sent": (
        lambda paper: paper.desk.alarms.append(replace(alarm(), since=NOW - 3600)),
        {"undelivered": 1}),
    "an alert that was": (
        both(lambda paper: paper.desk.alarms.append(replace(alarm(), since=NOW - 3600)),
             lambda paper: paper.pager.log.append(Delivery(NOW - 3600, alarm().key, "P1"))), {}),
    "a token without a supply": (
        lambda paper: paper.desk.answers.__setitem__(("PaymentToken", "totalSupply"), 0),
        {"path": 1}),
}  # fmt: skip


@pytest.mark.parametrize(("happen", "items"), HEALTH.values(), ids=HEALTH.keys())
def test_the_checklist_misses_what_is_not_well(
    happen: Callable[[Paper], object], items: dict[str, int]
) -> None:
    paper = well()
    happen(paper)
    finding, _stage = checked(paper)
    assert wrong(finding) == items
    assert finding.data["signed_by"] == "amara"
    assert finding.verdict == ("finding" if items else "done")


def test_an_exporter_that_never_came_is_silent() -> None:
    finding, _stage = checked(well(without="venues"))
    assert finding.data["misses"] == ["silent venues"]


def test_a_dead_path_is_an_incident_that_needs_no_alert() -> None:
    paper = well()
    break_path(paper)
    _finding, stage = checked(paper)
    (incident,) = paper.desk.store.all()
    assert (incident.severity, incident.family) == ("P2", "monitoring")
    assert [item.event for item in stage.triggers] == ["incident"]
    assert [line.split(":")[0] for line in stage.log] == [
        "look", "wait 120 s", "look", "work", "update", "trigger",
    ]  # fmt: skip


# -- RD2 ----------------------------------------------------------------------------------------


def reviewed(paper: Paper, **settings: Any) -> tuple[Finding, Stage]:
    stage = Stage(paper.desk)
    finding = stage.play(log_review(Case("daily"), LogReview(**settings)))
    paper.desk.evidence.file("RD2", paper.desk.now, finding)
    return finding, stage


def test_an_ordinary_day_has_nothing_to_read() -> None:
    paper = Paper()
    for _ in range(9):
        paper.journals.write("amara")
    finding, _stage = reviewed(paper)
    assert (finding.verdict, finding.data["read"], finding.data["lines"]) == ("done", 0, 9)


RISKS: list[tuple[dict[str, Any], int]] = [
    ({"actor": "amara"}, 0),
    ({"actor": "amara", "source": "AS9"}, 2),
    ({"actor": "amara", "source": "AS9", "result": "failed"}, 3),
    ({"actor": "amara", "action": "export", "resource": "customers"}, 3),
    ({"actor": "amara", "action": "read", "resource": "signing host"}, 2),
    ({"actor": "nobody"}, 3),
    ({"actor": "bruno"}, 2),
    ({"actor": "pavel"}, 4),
]  # fmt: skip


@pytest.mark.parametrize(("line", "points"), RISKS)
def test_signs_add_up(line: dict[str, Any], points: int) -> None:
    paper = Paper()
    paper.iam.staff = [person("amara"), person("bruno", hours=NIGHT),
                       person("pavel", status="left", left=NOW - DAY)]  # fmt: skip
    paper.journals.write(**line)
    finding, _stage = reviewed(paper)
    read = finding.data["flagged"]
    assert bool(read) is (points >= 3)
    assert finding.data["risky"] == int(points > 0)


def test_a_canary_that_is_found_is_no_lead_and_another_line_is() -> None:
    paper = Paper()
    canary = paper.journals.write("amara", "export", "customers", source="AS9")
    missed = paper.journals.write("amara", "read", "signing host")
    paper.journals.planted = [("access", canary.number), ("access", missed.number)]
    finding, _stage = reviewed(paper)
    assert (finding.data["canaries"], finding.data["canaries_found"]) == (2, 1)
    assert wrong(finding) == {}
    paper.desk.now += 3600
    paper.journals.write("bruno", "export", "customers", source="AS9", at=NOW + 60)
    finding, _stage = reviewed(paper)
    assert wrong(finding) == {"lead": 1}
    assert list(finding.data["leads"]) == ["bruno"]
    (entry,) = paper.desk.stores.entries("ticket")
    assert entry.subject == "log lines of bruno"


def test_many_points_of_one_actor_are_an_intrusion() -> None:
    paper = Paper()
    for _ in range(2):
        paper.journals.write("bruno", "export", "customers", source="AS9")
    finding, stage = reviewed(paper)
    assert wrong(finding) == {"lead": 1}
    (incident,) = paper.desk.store.all()
    assert incident.summary == "bruno: 2 lines that were not planted"
    steps = [line.split(":")[0] for line in stage.log]
    assert steps.index("file") < steps.index("look", 2), "filed before the envelope is opened"


def test_a_review_that_misses_most_is_weak() -> None:
    paper = Paper()
    numbers = [paper.journals.write("amara", "read", "signing host").number for _ in range(8)]
    paper.journals.planted = [("access", number) for number in numbers]
    finding, _stage = reviewed(paper)
    assert wrong(finding) == {"quality": 1}
    assert finding.data["week"] == [0, 8]


def tampered(paper: Paper, how: str) -> None:
    lines = paper.journals.files["access"]
    if how == "altered":
        lines[2] = replace(lines[2], actor="bruno")
    elif how == "gone":
        del lines[2]
    elif how == "swapped":
        lines[2], lines[3] = lines[3], lines[2]
    elif how == "rewritten":
        kept = [(line.actor, line.at) for line in lines if line.number != 3]
        paper.journals.files["access"] = []
        for actor, at in kept:
            paper.journals.write(actor, at=at)


@pytest.mark.parametrize("how", ["altered", "gone", "swapped", "rewritten"])
def test_tampering_is_found(how: str) -> None:
    paper = Paper()
    for number in range(6):
        paper.journals.write("amara", at=NOW - 600 + number)
    known = paper.journals.files["access"][4]
    paper.journals.noted = [Anchor(NOW - 300, 5, known.hash)]
    tampered(paper, how)
    finding, _stage = reviewed(paper)
    assert wrong(finding) == {"tampered": 1}
    assert [item.severity for item in paper.desk.store.all()] == ["P2"]


def test_what_the_last_review_saw_stands_and_a_review_goes_on_from_there() -> None:
    paper = Paper()
    for number in range(4):
        paper.journals.write("amara", at=NOW - 600 + number)
    assert wrong(reviewed(paper)[0]) == {}
    paper.desk.now = NOW + 1000
    paper.journals.write("amara", at=NOW + 500)
    assert wrong(reviewed(paper)[0]) == {}
    lines = paper.journals.files["access"]
    lines[-1] = replace(lines[-1], actor="bruno")
    lines[-1] = replace(lines[-1], hash=digest(lines[-1]))
    paper.desk.now = NOW + 2000
    paper.journals.write("amara", at=NOW + 1500)
    finding, _stage = reviewed(paper)
    assert wrong(finding) == {"tampered": 1}
    assert "not the one that the last review saw" in finding.data["tampered"]["access"]
    paper.desk.now = NOW + 3000
    paper.journals.write("amara", at=NOW + 2500)
    assert wrong(reviewed(paper)[0]) == {}, "it is told once"


def test_a_silent_log_is_no_data() -> None:
    with pytest.raises(NoData, match="no journal has a line"):
        reviewed(Paper())


# -- RD3 ----------------------------------------------------------------------------------------

MIDNIGHT = NOW // DAY * DAY
USD = 10**6


def traded(paper: Paper, at: int, *, stable: int = 0, pt: int = 0) -> None:
    coin = paper.desk.addresses["StableAsset" if stable else "PaymentToken"]
    given, got = (stable, stable) if stable else (pt, pt)
    paper.happened("LiquidityPool", "Swapped", age=NOW - at, sender=account(90), tokenIn=coin,
                   amountIn=given, amountOut=got, fee=0, to=account(90))  # fmt: skip


class Indexed:
    """An indexer that says this of the days."""

    def __init__(self, *days: Any) -> None:
        self.days = days

    def volumes(self) -> list[Any]:
        if not self.days:
            raise NoData("the indexer does not answer")
        return list(self.days)


def connect(paper: Paper, indexer: Any) -> None:
    paper.desk.services = replace(paper.desk.services, indexer=indexer)


def counted(*, swaps: float = 2.0, volume: float = 150.0, counter: int = 3) -> Paper:
    """Return a desk with two swaps on the last day, one today, and dashboards that say so."""
    paper = Paper()
    traded(paper, MIDNIGHT - 40_000, stable=100 * USD)
    traded(paper, MIDNIGHT - 30_000, pt=50 * USD)
    traded(paper, MIDNIGHT + 100, stable=9 * USD)
    end = NOW - MIDNIGHT
    for name, value in (("swaps", swaps), ("volume_stable", volume)):
        paper.says(f"fictra_pool_{name}_total offset {end}s", 10 + value)
        paper.says(f"fictra_pool_{name}_total offset {end + DAY}s", 10)
    paper.desk.answers["LiquidityPool", "swapCount"] = counter
    paper.desk.tickers["meridian"] = Ticker("meridian", 1, 2, 1, 500 * USD, NOW)
    paper.says('fictra_venue_volume_pt_total{venue="meridian"}', 500.0)
    connect(paper, Indexed(DayCount(MIDNIGHT - DAY, 2, 150 * USD)))
    return paper


VOLUMES: dict[str, tuple[Paper, dict[str, int]]] = {
    "all agree": (counted(), {}),
    "a dashboard that misses a swap": (counted(swaps=1.0), {"dashboard": 1}),
    "a dashboard that counts another volume": (counted(volume=160.0), {"dashboard": 1}),
    "a contract that counted one more": (counted(counter=5), {"missed": 2}),
}


@pytest.mark.parametrize(("paper", "items"), VOLUMES.values(), ids=VOLUMES.keys())
def test_paths_that_differ_are_named(paper: Paper, items: dict[str, int]) -> None:
    finding = transaction_volume(paper.desk, Volume())
    assert wrong(finding) == items
    assert (finding.data["swaps"], finding.data["stable"]) == (2, 150 * USD)


def test_a_venue_that_says_another_volume_or_nothing() -> None:
    paper = counted()
    set_series(paper, 'fictra_venue_volume_pt_total{venue="meridian"}', 600.0)
    assert wrong(transaction_volume(paper.desk, Volume())) == {"venue": 1}
    silent = counted()
    silent.desk.query_answers.pop('fictra_venue_volume_pt_total{venue="meridian"}')
    assert wrong(transaction_volume(silent.desk, Volume())) == {"venue": 1}


def test_dashboards_without_a_sample_do_not_agree() -> None:
    paper = counted()
    paper.desk.query_answers.clear()
    finding = transaction_volume(paper.desk, Volume())
    assert finding.data["dashboard"]["why"] == "it has no such day"
    assert wrong(finding) == {"dashboard": 1, "venue": 1}


@pytest.mark.parametrize(
    ("days", "items"),
    [
        ((DayCount(MIDNIGHT - DAY, 2, 150 * USD),), {}),
        ((DayCount(MIDNIGHT - DAY, 1, 150 * USD),), {"indexer": 1}),
        ((DayCount(MIDNIGHT - DAY, 2, 152 * USD),), {"indexer": 1}),
        ((DayCount(MIDNIGHT, 2, 150 * USD),), {"indexer": 1}),
        ((), {"indexer": 1}),
    ],
)
def test_an_indexer_is_held_against_the_chain(days: tuple[Any, ...], items: dict[str, int]) -> None:
    paper = counted()
    connect(paper, Indexed(*days))
    assert wrong(transaction_volume(paper.desk, Volume())) == items


def test_the_day_is_counted_from_midnight_to_midnight() -> None:
    swaps = [
        log_of(
            "LiquidityPool", "Swapped", age=NOW - at, tokenIn=b"s", amountIn=7, amountOut=7, fee=0
        )
        for at in (MIDNIGHT - DAY - 1, MIDNIGHT - DAY, MIDNIGHT - 1, MIDNIGHT)
    ]
    assert recount(swaps, day=MIDNIGHT - DAY, stable=b"s") == DayCount(MIDNIGHT - DAY, 2, 14)


@pytest.mark.parametrize(
    ("theirs", "edge", "ok"),
    [(DayCount(0, 100, 1000), 0, True), (DayCount(0, 101, 1000), 0, False),
     (DayCount(0, 101, 1009), 1, True), (DayCount(0, 100, 1011), 0, False),
     (DayCount(0, 102, 1000), 1, False), (None, 5, False)],
)  # fmt: skip
def test_what_lies_near_midnight_may_count_for_either_day(
    theirs: DayCount | None, edge: int, *, ok: bool
) -> None:
    said = compare(DayCount(0, 100, 1000), theirs, tolerance_ppm=10_000, edge=edge)
    assert said["ok"] is ok
