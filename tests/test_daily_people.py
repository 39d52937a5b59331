"""Tickets and the meeting on paper: each thing that RD4 and RD5 can find."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any, Literal

import pytest
from paper_desk import NOW, PaperDesk, Stage, alarm
from paper_security import NIGHT, Paper, both, person, ticket

from twin.desk.steps import Case, Finding
from twin.procedures.routine.daily import (
    Meeting,
    Support,
    daily_meeting,
    support_tickets,
)
from twin.procedures.routine.support import TOPICS
from twin.services.tickets import TEXTS

DAY = 86_400
LAST_SUCCESS = "time() - fictra_scrape_last_success_timestamp_seconds"
LATE = "time() - fictra_check_last_run_timestamp_seconds > 3 * fictra_check_interval_seconds + 600"


def wrong(finding: Finding) -> dict[str, int]:
    return {name: count for name, count in finding.problems.items() if count}


# -- RD4 ----------------------------------------------------------------------------------------


def answered(paper: Paper, **settings: Any) -> tuple[Finding, Stage]:
    stage = Stage(paper.desk)
    finding = stage.play(support_tickets(Case("every 1h"), Support(**settings)))
    paper.desk.evidence.file("RD4", paper.desk.now, finding)
    return finding, stage


def write(paper: Paper, topic: str, count: int, *, age: int = 600) -> None:
    first = len(paper.tickets.opened)
    paper.tickets.opened += [ticket(first + n, topic, age=age) for n in range(count)]


def test_topics_are_those_of_the_form() -> None:
    assert set(TOPICS) == set(TEXTS)


def test_an_empty_queue_takes_nobody() -> None:
    finding, stage = answered(Paper())
    assert (finding.verdict, stage.log) == ("done", ["look: Which tickets wait?"])


def test_questions_are_answered_one_by_one_and_once() -> None:
    paper = Paper()
    write(paper, "how-to", 3)
    finding, stage = answered(paper)
    assert (finding.data["answered"], wrong(finding)) == (3, {})
    assert [item.audience for item in stage.notices] == [
        "user user-0",
        "user user-1",
        "user user-2",
    ]
    assert answered(paper)[0].data["answered"] == 0
    assert paper.desk.store.all() == []


@pytest.mark.parametrize("topic", [name for name in TOPICS if name != "how-to"])
def test_enough_users_are_an_incident_where_nothing_explains_them(topic: str) -> None:
    about = TOPICS[topic]
    few, many = Paper(), Paper()
    write(few, topic, about.users - 1)
    write(many, topic, about.users)
    assert answered(few)[0].data["promoted"] == {}
    finding, _stage = answered(many)
    assert list(finding.data["promoted"]) == [topic]
    (incident,) = many.desk.store.all()
    assert (incident.family, incident.severity) == (about.domain, about.severity)
    assert answered(many)[0].data["promoted"] == {}, "who wrote is in the incident already"


def test_an_open_incident_or_an_alert_explains_them() -> None:
    paper = Paper()
    paper.desk.store.create(NOW, summary="x", severity="P2", family="reserve", alerts=[])
    write(paper, "redemption-late", 9)
    assert wrong(answered(paper)[0]) == {}
    other = Paper()
    other.desk.alarms.append(replace(alarm(), labels={"severity": "P2", "domain": "reserve"}))
    write(other, "redemption-late", 9)
    assert wrong(answered(other)[0]) == {}


def test_a_flood_is_answered_at_once_and_the_rest_waits() -> None:
    paper = Paper()
    write(paper, "how-to", 20)
    write(paper, "cannot-trade", 40)
    finding, stage = answered(paper)
    assert finding.data["at_once"] == ["cannot-trade"]
    assert finding.data["answered"] == 40 + 15
    assert len(finding.data["waiting"]) == 5
    assert wrong(finding) == {"flood": 1, "promoted": 1}
    assert stage.notices[0].audience == "users"
    finding, _stage = answered(paper)
    assert (finding.data["answered"], finding.data["waiting"]) == (5, [])


def test_more_than_the_team_can_do_is_an_overload() -> None:
    paper = Paper()
    for topic in TOPICS:
        write(paper, topic, 10)
    finding, _stage = answered(paper)
    assert finding.problems["backlog"] == 80 - 15 - 30
    assert finding.problems["flood"] == 1


def test_what_came_too_late_is_late() -> None:
    paper = Paper()
    write(paper, "balance-wrong", 1, age=4 * 3600 + 1)
    write(paper, "how-to", 1, age=4 * 3600 + 1)
    finding, _stage = answered(paper)
    assert finding.data["late"] == ["TK-0"]


def test_nobody_at_work_answers_but_missing_money_does_not_wait() -> None:
    paper = Paper()
    paper.iam.staff = [person("amara", hours=NIGHT)]
    write(paper, "how-to", 2)
    write(paper, "transaction-failed", 12)
    write(paper, "funds-missing", 1)
    finding, stage = answered(paper)
    assert list(finding.data["promoted"]) == ["funds-missing"]
    assert (finding.data["answered"], len(finding.data["waiting"])) == (0, 15)
    assert [line for line in stage.log if line.startswith("work")] == []
    paper.iam.staff = [person("amara")]
    assert answered(paper)[0].data["answered"] == 15


# -- RD5 ----------------------------------------------------------------------------------------


def met(paper: Paper) -> tuple[Finding, Stage]:
    stage = Stage(paper.desk)
    finding = stage.play(daily_meeting(Case("daily"), Meeting()))
    paper.desk.evidence.file("RD5", paper.desk.now, finding)
    return finding, stage


def test_a_quiet_morning_decides_nothing() -> None:
    finding, _stage = met(Paper())
    assert (finding.verdict, finding.data["decided"], finding.data["carried"]) == ("done", [], [])
    assert finding.data["chair"] == "amara"


def opened(desk: PaperDesk, kind: str = "decision", **about: Any) -> str:
    return desk.stores.create(kind, NOW - DAY, **{"subject": "x", "owner": "amara", **about}).id


LOST: dict[str, tuple[Callable[[Paper], object], dict[str, int]]] = {
    "a decision with an owner": (lambda paper: opened(paper.desk), {}),
    "a decision without one": (lambda paper: opened(paper.desk, owner=""), {"lost": 1}),
    "a risk whose owner has left": (
        both(lambda paper: opened(paper.desk, "risk", owner="pavel"),
             lambda paper: paper.iam.staff.append(person("pavel", status="left", left=NOW))),
        {"lost": 1}),
    "a team as an owner": (lambda paper: opened(paper.desk, owner="treasury"), {}),
    "an action that is overdue": (
        lambda paper: opened(paper.desk, "action", due=NOW - 1), {"overdue": 1}),
    "an action that is due": (lambda paper: opened(paper.desk, "action", due=NOW), {}),
    "minutes that carried what is gone": (
        lambda paper: paper.desk.evidence.file(
            "RD5", NOW - DAY, Finding("done", "", {"carried": ["DEC-009"]})), {"lost": 1}),
}  # fmt: skip


@pytest.mark.parametrize(("happen", "items"), LOST.values(), ids=LOST.keys())
def test_what_falls_between_two_chairs(
    happen: Callable[[Paper], object], items: dict[str, int]
) -> None:
    paper = Paper()
    happen(paper)
    finding, _stage = met(paper)
    assert wrong(finding) == items
    assert len(finding.data["decided"]) == sum(items.values())


def judged(paper: Paper, times: int) -> None:
    for number in range(times):
        data = {"alert": alarm().key, "verdict": "false"}
        paper.desk.evidence.file("ND1", NOW - 7200 + number, Finding("done", "false", data))


@pytest.mark.parametrize(("times", "fires", "waves"), [(1, False, 0), (2, False, 1), (1, True, 1)])
def test_a_first_wave_that_was_judged_normal_comes_up(
    *, times: int, fires: bool, waves: int
) -> None:
    paper = Paper()
    judged(paper, times)
    if fires:
        paper.desk.alarms.append(alarm())
    assert wrong(met(paper)[0]) == ({"wave": waves} if waves else {})


def test_a_decision_has_an_owner_and_a_date_and_ends_with_its_subject() -> None:
    paper = Paper()
    item = paper.desk.store.create(
        NOW - DAY, summary="a run", severity="P1", family="pool", alerts=[]
    )
    finding, _stage = met(paper)
    (made,) = finding.data["decided"]
    entry = paper.desk.stores.get(made["decision"])
    assert (entry.owner, entry.due, entry.state) == ("amara", NOW + DAY, "open")
    assert entry.data["about"] == item.id
    again, _stage = met(paper)
    assert again.data["decided"] == [], "an open decision stands for it"
    assert again.data["carried"] == [entry.id]
    paper.desk.store.change(item.id, NOW, state="closed")
    last, _stage = met(paper)
    assert paper.desk.stores.get(entry.id).state == "done"
    assert last.data["carried"] == []


def test_what_the_procedures_found_is_on_the_agenda() -> None:
    paper = Paper()
    verdicts: tuple[Literal["ok", "finding", "no-data"], ...] = (
        "ok",
        "finding",
        "finding",
        "no-data",
    )
    for verdict in verdicts:
        paper.desk.evidence.file("ME2", NOW - 60, Finding(verdict, f"it was {verdict}"))
    (row,) = met(paper)[0].data["found"]
    assert (row["procedure"], row["times"], row["summary"]) == ("ME2", 3, "it was no-data")
