from __future__ import annotations

from typing import Any

import pytest
from paper_desk import GAS, USD, PaperDesk, Stage, alarm, log_of, quiet_answers, quoting, report

from twin.desk.steps import Case
from twin.procedures.incident.detection import (
    Classification,
    Triage,
    classify_incident,
    triage_alert,
)
from twin.procedures.incident.impact import alert_facts, cause_facts, holders, oracle_health

ORACLE = "OracleIndexDivergence{domain=oracle,severity=P1}"


def page(*, domain: str = "oracle", severity: str = "P1") -> Case:
    return Case(
        "it fires", ORACLE, facts={"domain": domain, "severity": severity, "summary": "off"}
    )


def firing(answer: int = 80 * USD, **more: Any) -> PaperDesk:
    return PaperDesk(alarms=[alarm()], answers=quoting(answer), **more)


def test_a_real_alert_opens_an_incident_after_somebody_looked() -> None:
    stage = Stage(firing(answer=80_000 * USD))
    finding = stage.play(triage_alert(page(), Triage()))
    assert stage.log == [
        "look: What does this alert rest on?",
        f"work: verify {ORACLE}",
        "look: Does it still hold?",
        f"decide: Is {ORACLE} real?",
        "update: new incident open",
        "trigger: incident",
    ]
    (incident,) = stage.desk.store.open()
    assert (incident.severity, incident.family, incident.alerts) == ("P1", "oracle", [ORACLE])
    assert incident.summary == "off"
    assert (finding.verdict, finding.data["advice"]) == ("done", "real")
    assert stage.triggers[0].case.incident == incident.id
    assert stage.desk.now == 1_700_000_000 + 180


RESTS_ON: list[tuple[str, PaperDesk, str, str]] = [
    ("off the index", firing(82 * USD), "real", "off the independent index"),
    (
        "off, though it resolved",
        PaperDesk(answers=quoting(82 * USD)),
        "real",
        "off the independent",
    ),
    ("no index", firing(prices={}), "real", "no index"),
    ("an index of zero is one", firing(prices={"WTI": 0}), "real", "off the independent index"),
    ("still fires, oracle sane", firing(), "real", "still fires"),
    ("resolved, oracle sane", PaperDesk(), "false", "no second path confirms it"),
]


@pytest.mark.parametrize(
    ("desk", "advice", "why"), [row[1:] for row in RESTS_ON], ids=[row[0] for row in RESTS_ON]
)
def test_advice_rests_on_a_second_path(desk: PaperDesk, advice: str, why: str) -> None:
    finding = Stage(desk).play(triage_alert(page(), Triage()))
    assert finding.data["advice"] == advice
    assert why in finding.data["why"]


def test_a_false_alert_opens_nothing_and_leaves_its_grounds() -> None:
    stage = Stage(PaperDesk())
    finding = stage.play(triage_alert(page(), Triage()))
    assert (finding.verdict, finding.data["verdict"]) == ("done", "false")
    assert (stage.desk.store.all(), stage.triggers) == ([], [])
    assert finding.data["facts"]["oracle"]["WTI"]["gap_ppm"] == 0


def test_an_operator_who_misjudges_is_on_record_against_the_advice() -> None:
    stage = Stage(firing(answer=80_000 * USD), choices={"Is Oracle": "false"})
    finding = stage.play(triage_alert(page(), Triage()))
    assert (finding.data["verdict"], finding.data["advice"]) == ("false", "real")
    assert stage.desk.store.all() == []


def opened(desk: PaperDesk, severity: str, family: str = "oracle") -> str:
    return desk.store.create(desk.now, summary="x", severity=severity, family=family, alerts=[]).id


@pytest.mark.parametrize("severity", ["P1", "P2"])
def test_an_alert_of_an_open_incident_is_attached_without_a_person(severity: str) -> None:
    stage = Stage(firing())
    incident = opened(stage.desk, severity)
    finding = stage.play(triage_alert(page(severity="P2"), Triage()))
    assert stage.log == ["look: What does this alert rest on?", f"update: {incident}"]
    assert stage.desk.store.get(incident).alerts == [ORACLE]
    assert finding.data["incident"] == incident


def test_an_alert_that_is_worse_than_its_incident_escalates_it() -> None:
    stage = Stage(firing())
    incident = opened(stage.desk, "P3")
    finding = stage.play(triage_alert(page(), Triage()))
    assert stage.desk.store.get(incident).severity == "P1"
    assert [item.event for item in stage.triggers] == ["incident"]
    assert stage.triggers[0].case.incident == incident
    assert "escalated" in finding.summary


@pytest.mark.parametrize("state", ["closed", "dismissed", None])
def test_an_ended_incident_or_one_of_another_family_takes_no_alert(state: str | None) -> None:
    stage = Stage(firing())
    incident = opened(stage.desk, "P1", "oracle" if state else "pool")
    stage.desk.store.change(incident, stage.desk.now, state=state)
    stage.play(triage_alert(page(), Triage()))
    assert stage.desk.store.get(incident).alerts == []
    assert len(stage.desk.store.all()) == 2


def classify(desk: PaperDesk, *, said: str = "P3", family: str = "oracle") -> tuple[Stage, Any]:
    stage, incident = Stage(desk), opened(desk, said, family)
    case = Case("real", ORACLE, incident, {"domain": family, "severity": said})
    return stage, stage.play(classify_incident(case, Classification()))


CLASSES: list[tuple[str, PaperDesk, str, str, str, str]] = [
    ("a wrong price is the worst", firing(100 * USD), "P3", "oracle", "P1", "wrong price"),
    ("no index: assume higher", firing(prices={}), "P3", "oracle", "P1", "assume higher"),
    ("unknown severity: assume higher", firing(), "", "oracle", "P2", "assume higher"),
    ("a small gap stays as said", firing(84 * USD), "P3", "oracle", "P3", "as the alert's rule"),
    ("exactly at the limit stays", firing(88 * USD), "P2", "oracle", "P2", "as the alert's rule"),
    ("another family stays as said", firing(100 * USD), "P2", "pool", "P2", "as the alert's rule"),
    ("never below what was said", firing(), "P1", "oracle", "P1", "as the alert's rule"),
    ("no feed at all", PaperDesk(feed_ids={}), "P3", "oracle", "P3", "as the alert's rule"),
]


@pytest.mark.parametrize(
    ("desk", "said", "family", "severity", "why"),
    [row[1:] for row in CLASSES],
    ids=[row[0] for row in CLASSES],
)
def test_severity_by_the_table(
    desk: PaperDesk, said: str, family: str, severity: str, why: str
) -> None:
    stage, finding = classify(desk, said=said, family=family)
    (incident,) = stage.desk.store.open()
    assert (incident.severity, incident.state, incident.family) == (severity, "classified", family)
    assert why in finding.data["why"]
    (trigger,) = stage.triggers
    assert (trigger.event, trigger.case.facts["severity"]) == ("classified", severity)


def test_one_feed_off_among_several_decides() -> None:
    desk = PaperDesk(feed_ids={"GAS": GAS, "WTI": b"\x0a" * 32}, prices={"WTI": 80 * USD, "GAS": 4 * USD},
                     answers=quoting(80 * USD))  # fmt: skip
    _stage, finding = classify(desk)
    assert finding.data["severity"] == "P1"


def test_a_classifier_may_decide_against_the_advice_and_that_holds() -> None:
    desk = firing(100 * USD)
    stage, incident = Stage(desk, choices={"Which severity": "P2"}), opened(desk, "P3")
    stage.play(
        classify_incident(Case("x", ORACLE, incident, {"domain": "oracle"}), Classification())
    )
    assert desk.store.get(incident).severity == "P2"
    assert stage.triggers[0].case.facts["severity"] == "P2"


def test_the_passive_option_stands_last() -> None:
    """The policy `none` takes it; a decision that listed it elsewhere would act by itself."""
    stage = Stage(firing(80_000 * USD))
    stage.play(triage_alert(page(), Triage()))
    _, _ = classify(stage.desk)
    assert [decision.options[-1] for decision in stage.decisions] == ["false"]


def test_health_counts_the_sources_of_fresh_reports_alone() -> None:
    desk = PaperDesk(signed=[report(0), report(1, age=7200), report(2, age=7201)])
    assert oracle_health(desk)["WTI"]["sources"] == ["albion", "brisa"]


def test_facts_tell_the_alert_the_board_and_what_was_issued() -> None:
    desk = firing()
    desk.logs["AllocationBook", "EntitlementIssued"] = [
        log_of("AllocationBook", "EntitlementIssued", age=age, amount=age)
        for age in (3601, 3600, 5)
    ]
    incident = opened(desk, "P2", "pool")
    facts = alert_facts(desk, alarm().key)
    assert (facts["still_firing"], facts["rule"]) == (True, "OracleIndexDivergence")
    assert facts["also_firing"] == ["OracleIndexDivergence"]
    assert facts["issued_last_hour"] == [3600, 5]
    assert facts["open_incidents"] == [
        {"id": incident, "family": "pool", "state": "open", "severity": "P2"}
    ]
    assert not alert_facts(desk, "Other{}")["still_firing"]


def test_a_cause_is_gone_when_no_alert_of_the_incident_fires() -> None:
    desk = firing()
    mine, other = opened(desk, "P1"), opened(desk, "P1")
    desk.store.change(mine, desk.now, alerts=[alarm().key])
    assert cause_facts(desk, mine)["firing"] == [alarm().key]
    assert cause_facts(desk, other)["firing"] == []


@pytest.mark.parametrize(
    ("state", "family", "held"),
    [("contained", "oracle", True), ("recovering", "allocation", True), ("open", "oracle", False),
     ("contained", "pool", False), ("closed", "oracle", False)],
)  # fmt: skip
def test_who_else_holds_a_brake(state: str, family: str, *, held: bool) -> None:
    desk = PaperDesk(answers=quiet_answers())
    mine, other = opened(desk, "P1"), opened(desk, "P1", family)
    desk.store.change(other, desk.now, state=state)
    found = holders(desk, mine, ["oracle", "allocation"])
    assert found == ([other] if held else [])
