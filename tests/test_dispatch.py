from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest
from team_lab import TeamLab, person, procedure

from twin.catalog import Procedure, Settings
from twin.desk.port import Alert
from twin.desk.steps import Case, Decide, Finding, Runbook, Trigger, Wait, Work
from twin.team.dispatch import DEADLINE, PAGING
from twin.team.policies import NoResponse


def alert(
    rule: str = "High", *, severity: str = "P1", domain: str = "oracle",
    notes: Mapping[str, str] | None = None,
) -> Alert:  # fmt: skip
    return Alert(rule, {"severity": severity, "domain": domain}, notes or {}, "firing", 0, 1.0)


def triage(effort: int = 100) -> Procedure:
    """Return what answers an alert: an operator works on it."""

    def runbook(case: Case, settings: Settings) -> Runbook:
        del settings
        yield Work("operator", effort, str(case.alert).split("{", maxsplit=1)[0])
        return Finding("done", str(case.facts))

    return procedure("ND1", runbook, event="alert")


def starts(lab: TeamLab) -> list[tuple[int, str]]:
    return [(when, said) for when, said in lab.log if said.endswith("starts")]


# -- the calendar ---------------------------------------------------------------------------------


def looking(seen: list[Any]) -> Procedure:
    def look(desk: Any, settings: Settings) -> Finding:
        del settings
        seen.append(desk)
        return Finding("ok", "x")

    return procedure("CC1", look, seconds=300, kind="check")


def test_a_check_runs_at_its_interval_and_not_at_the_start() -> None:
    seen: list[Any] = []
    lab = TeamLab(looking(seen))
    times: list[int] = []
    lab.executor.on_check = lambda *_, **__: times.append(lab.clock.elapsed)
    lab.dispatcher.schedule()
    lab.run(901)
    assert times == [300, 600, 900]
    assert len(seen) == 3


def test_what_has_no_object_in_this_world_is_left_out_and_named() -> None:
    item = replace(looking([]), applies=lambda desk: None if desk.now == 0 else "no reserve")
    lab = TeamLab(item)
    lab.dispatcher.schedule()
    lab.run(901)
    assert (lab.dispatcher.idle, len(lab.records.filed)) == ({"CC1": "no reserve"}, 0)


def test_a_run_that_outlasts_its_interval_skips_what_it_missed() -> None:
    def runbook(case: Case, settings: Settings) -> Runbook:
        del settings
        assert case.cause == "every 600 s"
        yield Wait(1300, "long")
        return Finding("done", "x")

    lab = TeamLab(procedure("TP4", runbook, seconds=600))
    lab.dispatcher.schedule()
    lab.run(4300)
    assert starts(lab) == [(600, "TP4 starts"), (2400, "TP4 starts"), (4200, "TP4 starts")]


def test_with_nobody_the_checks_run_and_no_runbook_begins() -> None:
    """Not even one on the calendar: there may be no people to carry it out."""
    seen: list[Any] = []
    answering = triage()
    weekly = procedure("TP4", answering.function, seconds=600)
    lab = TeamLab(looking(seen), weekly, answering, people=(), policy=NoResponse())
    lab.dispatcher.schedule()
    lab.dispatcher.alert(alert())
    lab.run(2000)
    assert (len(seen), lab.log) == (6, [])


# -- alerts ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("severity", ["P1", "P2", "P3", "P4", "P5"])
def test_what_pages_goes_to_an_operator_and_the_rest_are_tickets(severity: str) -> None:
    lab = TeamLab(triage())
    lab.dispatcher.alert(alert(severity=severity))
    lab.run(1000)
    assert bool(lab.log) == (severity in PAGING)


def test_an_alert_is_triaged_by_whoever_answered_its_page() -> None:
    lab = TeamLab(triage())
    lab.dispatcher.alert(alert(notes={"summary": "the answer is off"}))
    lab.run(1000)
    assert lab.log == [
        (0, "page amara"), (60, "ack amara"), (60, "ND1 starts"), (160, "amara: work: High"), (160, "ND1 done")
    ]  # fmt: skip


def test_the_case_tells_what_fires() -> None:
    cases: list[Case] = []

    def runbook(case: Case, settings: Settings) -> Runbook:
        del settings
        cases.append(case)
        yield Wait(1, "x")
        return Finding("done", "x")

    lab = TeamLab(procedure("ND1", runbook, event="alert"))
    lab.dispatcher.alert(alert(notes={"summary": "off by 3 %"}))
    lab.dispatcher.alert(Alert("Odd", {"severity": "P2"}, {}, "firing", 0, 1.0))
    lab.run(1000)
    assert [(case.cause, case.alert) for case in cases] == [
        ("High fires", "High{domain=oracle,severity=P1}"), ("Odd fires", "Odd{severity=P2}")
    ]  # fmt: skip
    assert [dict(case.facts) for case in cases] == [
        {"domain": "oracle", "severity": "P1", "summary": "off by 3 %"},
        {"domain": "unknown", "severity": "P2", "summary": "Odd"},
    ]


def test_alerts_of_one_domain_wait_for_the_one_that_has_it() -> None:
    lab = TeamLab(triage())
    lab.dispatcher.alert(alert("One"))
    lab.clock.call_at(lab.clock.start + 100, lambda: lab.dispatcher.alert(alert("Two")))
    lab.clock.call_at(
        lab.clock.start + 110, lambda: lab.dispatcher.alert(alert("Three", severity="P3"))
    )
    lab.run(2000)
    assert [said for _, said in lab.log if said.startswith("page")] == ["page amara"]
    assert [(when, said) for when, said in lab.log if "work" in said] == [
        (160, "amara: work: One"), (260, "amara: work: Two"), (360, "amara: work: Three")
    ]  # fmt: skip


def test_another_domain_calls_somebody_of_its_own() -> None:
    lab = TeamLab(triage())
    for domain in ("oracle", "pool"):
        lab.dispatcher.alert(alert(domain=domain))
    lab.run(1000)
    assert [said for _, said in lab.log].count("page amara") == 2  # one person, one thing at a time
    assert [when for when, said in lab.log if said == "ND1 done"] == [160, 260]


def test_a_triage_that_is_over_lets_the_next_alert_call_again() -> None:
    lab = TeamLab(triage())
    lab.dispatcher.alert(alert("One"))
    lab.clock.call_at(lab.clock.start + 500, lambda: lab.dispatcher.alert(alert("Two")))
    lab.run(2000)
    assert [said for _, said in lab.log].count("page amara") == 2


def test_an_alert_of_a_domain_with_an_open_incident_calls_nobody() -> None:
    def attach(case: Case, settings: Settings) -> Runbook:
        del case, settings
        yield Wait(1, "attach")
        return Finding("done", "attached")

    lab = TeamLab(procedure("ND1", attach, event="alert"))
    lab.desk.store.create(0, summary="x", severity="P1", family="oracle", alerts=[])
    lab.dispatcher.alert(alert())
    lab.run(1000)
    assert [said for _, said in lab.log] == ["ND1 starts", "clock: wait 1 s: attach", "ND1 done"]


@pytest.mark.parametrize("severity", PAGING)
def test_when_nobody_answers_it_goes_on_to_the_next_by_severity(severity: str) -> None:
    people = [person("deaf", "operator", unreachable=1), person("amara", "operator")]
    lab = TeamLab(triage(), people=people)
    lab.dispatcher.alert(alert(severity=severity))
    lab.run(5000)
    assert (DEADLINE[severity], "page amara") in lab.log
    assert lab.log[-1][1] == "ND1 done"
    assert list(DEADLINE) == list(PAGING)


def test_without_a_triage_alerts_pass_and_nothing_is_left_waiting() -> None:
    lab = TeamLab()
    lab.dispatcher.alert(alert())
    lab.run(100)
    lab.dispatcher.alert(alert())
    lab.run(100)
    assert lab.log == []


# -- events ---------------------------------------------------------------------------------------


def test_an_event_starts_all_that_answer_it_and_says_which() -> None:
    def quick(case: Case, settings: Settings) -> Runbook:
        del settings
        yield Wait(1, case.cause)
        return Finding("done", "x")

    lab = TeamLab(
        procedure("BB1", quick, event="incident"), procedure("AA1", quick, event="incident"),
        procedure("CC1", quick, event="classified"),
    )  # fmt: skip
    assert lab.dispatcher.trigger("incident", Case("real")) == ["AA1", "BB1"]
    assert lab.dispatcher.trigger("nothing", Case("real")) == []
    lab.run(10)
    assert [said for _, said in lab.log if said.endswith("starts")] == ["AA1 starts", "BB1 starts"]


def test_a_runbook_hands_its_owner_on_and_ends_before_what_it_started() -> None:
    def first(case: Case, settings: Settings) -> Runbook:
        del case, settings
        yield Work("operator", 10, "look")
        started = yield Trigger("incident", Case("real"))
        return Finding("done", "x", {"started": started})

    def second(case: Case, settings: Settings) -> Runbook:
        del case, settings
        yield Decide("operator", "Which?", ("a", "b"), "a")
        return Finding("done", "x")

    lab = TeamLab(
        procedure("ND1", first, event="alert"), procedure("ND3", second, event="incident")
    )
    lab.dispatcher.alert(alert())
    lab.run(1000)
    assert [said for _, said in lab.log] == [
        "page amara", "ack amara", "ND1 starts", "amara: work: look", "dispatcher: trigger: incident",
        "ND1 done", "ND3 starts", "amara: decide: Which?", "ND3 done",
    ]  # fmt: skip
