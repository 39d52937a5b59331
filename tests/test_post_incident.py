"""What follows an incident, on paper: facts, causes, actions, measures, reports."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from paper_desk import NOW
from paper_incident import (
    BOARD,
    MINE,
    IncidentDesk,
    IncidentStage,
    PaperLab,
    opened,
    over,
    rule,
    wrong,
)

from twin.desk.port import Simulation
from twin.desk.steps import Case, Finding
from twin.procedures.incident.causes import causal_graph
from twin.procedures.incident.exercises import run_exercise
from twin.procedures.incident.post_incident import (
    Analysis,
    CauseRecord,
    Corrective,
    analyse_incident,
    correct,
    document_cause,
)

HOUR, DAY = 3600, 86_400
# -- NP1 -------------------------------------------------------------------------------------------


def analyse(desk: IncidentDesk, **about: Any) -> tuple[Finding, IncidentStage]:
    stage = IncidentStage(desk)
    return stage.play(analyse_incident(over(desk, **about), Analysis())), stage


def test_every_line_of_the_timeline_links_to_its_data() -> None:
    finding, stage = analyse(IncidentDesk())
    lines = finding.data["timeline"]
    assert {line["kind"] for line in lines} == {
        "record",
        "sign",
        "chain",
        "page",
        "notice",
        "state",
    }
    assert all(line["link"] for line in lines)
    assert lines == sorted(lines, key=lambda line: (line["at"], line["kind"], line["what"]))
    assert (finding.verdict, wrong(finding)) == ("done", {})
    assert stage.triggers[0].event == "analysed"
    marks = finding.data["marks"]
    assert (marks["sign"], marks["stopped"], marks["told"]) == (NOW - 120, NOW + 20, NOW + 10)


def test_a_record_carries_its_hash_so_that_it_was_not_written_afterwards() -> None:
    desk = IncidentDesk()
    finding, _stage = analyse(desk)
    (first,) = [line for line in finding.data["timeline"] if line["what"].startswith("ND3")]
    ref, _, digest = first["link"].removeprefix("evidence:").partition("#")
    assert desk.evidence.last("ND3").hash == digest  # type: ignore[union-attr]
    assert ref == "ND3-00001"


@pytest.mark.parametrize("name", ["ND5", "NR1", "NR5"])
def test_a_record_that_should_be_there_is_missing(name: str) -> None:
    finding, stage = analyse(IncidentDesk(), left_out=(name,))
    assert (finding.data["missing"], wrong(finding)) == ([name], {"missing": 1})
    assert stage.triggers != [], "what is missing is no reason to stop"


def test_a_diagnosis_is_waited_for_and_then_missed() -> None:
    finding, stage = analyse(IncidentDesk(), left_out=("NR2",))
    assert finding.data["missing"] == ["NR2"]
    assert sum("diagnosis" in line for line in stage.log) == 18  # three days, every four hours


def test_a_small_incident_owes_fewer_records() -> None:
    finding, _stage = analyse(IncidentDesk(), left_out=("ND5", "NR4"), severity="P3")
    assert finding.data["missing"] == []


def test_a_decision_is_shown_with_what_was_known_before_it() -> None:
    desk = IncidentDesk()
    case = over(desk)
    desk.filed("NR1", {**MINE, "paused": True})
    finding = IncidentStage(desk).play(analyse_incident(case, Analysis()))
    late = finding.data["decisions"][-1]
    assert (late["by"], late["taken"]) == ("NR1", {"paused": True})
    early = next(row for row in finding.data["decisions"] if row["by"] == "ND3")
    assert not any("ND3" in link or "NR1" in link for link in early["known_then"])
    assert any("NR3" in link for link in late["known_then"])


# -- NP2 -------------------------------------------------------------------------------------------


def document(desk: IncidentDesk, choice: str | None = None, **about: Any) -> tuple[Finding, Any]:
    stage = IncidentStage(desk, choices={"Is the cause": choice} if choice else {})
    return stage.play(document_cause(over(desk, **about), CauseRecord())), stage


def test_harm_leads_back_to_what_had_lain_there() -> None:
    desk = IncidentDesk()
    finding, stage = document(desk)
    kinds = {node["id"]: node["kind"] for node in finding.data["nodes"]}
    assert kinds == {"vendor-wrong": "trigger", "vendor-silent": "latent", "harm": "harm"}
    assert {(edge["from"], edge["to"]) for edge in finding.data["edges"]} == {
        ("vendor-silent", "vendor-wrong"), ("vendor-wrong", "harm"),
    }  # fmt: skip
    assert (finding.verdict, stage.decisions[0].advice) == ("done", "accept")
    assert stage.triggers[0].event == "documented"


def test_a_graph_that_stops_at_the_proximate_cause_is_dug_into_and_named() -> None:
    desk = IncidentDesk()
    case = over(desk, left_out=("NR2",))
    desk.filed("NR2", {**BOARD, "rows": {}})
    stage = IncidentStage(desk)
    finding = stage.play(document_cause(case, CauseRecord()))
    assert stage.decisions[0].advice == "dig"
    assert sum(line.startswith("work") for line in stage.log) == 2
    assert (finding.verdict, wrong(finding)) == ("finding", {"proximate": 1})


def test_an_incident_without_a_diagnosis_is_said_to_have_none() -> None:
    finding, _stage = document(IncidentDesk(), left_out=("NR2",))
    assert wrong(finding) == {"proximate": 1, "undiagnosed": 1}


def test_what_recovery_put_back_and_what_was_known_before_are_latent() -> None:
    desk = IncidentDesk(loaded=[rule()])
    for age in (3 * DAY, 2 * DAY):
        desk.filed("ME4", {}, at=NOW - age, verdict="finding", drift=1)
    case = over(desk)
    desk.filed("NR3", {**MINE, "restored": [{"commodity": "WTI"}]})
    nodes = {node["id"]: node for node in causal_graph(desk, case.incident or "")["nodes"]}
    assert nodes["bounds-drifted"]["kind"] == nodes["known-ME4"]["kind"] == "latent"
    assert nodes["known-ME4"]["evidence"] == ["ME4-00001", "ME4-00002"]


def test_barriers_that_failed_and_a_repetition_are_in_the_graph() -> None:
    desk = IncidentDesk()
    earlier = desk.store.create(
        NOW - 30 * DAY, summary="x", severity="P1", family="oracle", alerts=[]
    )
    desk.store.change(earlier.id, NOW - 29 * DAY, state="closed")
    case = opened(desk)
    desk.filed("ND4", {"incident": case.incident}, verdict="finding", lost=2)
    nodes = {node["id"]: node for node in causal_graph(desk, case.incident or "")["nodes"]}
    assert (nodes["pages"]["kind"], nodes["repeated"]["kind"]) == ("barrier", "latent")
    assert nodes["repeated"]["evidence"] == ["incident:INC-001"]


# -- NP3 -------------------------------------------------------------------------------------------


GRAPH = {**MINE, "at": NOW, "severity": "P1", "family": "oracle",
         "nodes": [{"id": "vendor-wrong", "kind": "trigger", "text": "a vendor is wrong"},
                   {"id": "notice", "kind": "barrier", "text": "nobody could read it"},
                   {"id": "harm", "kind": "harm", "text": "harm"}]}  # fmt: skip


def proving(desk: IncidentDesk) -> tuple[Finding, IncidentStage]:
    stage = IncidentStage(desk)
    return stage.play(correct(Case("daily"), Corrective())), stage


def readable(desk: IncidentDesk) -> None:
    desk.notices.publish(NOW, audience="market", subject="a notice", text="x")
    desk.posts.write(NOW, "x", subject="a notice")


def test_every_cause_becomes_an_action_with_owner_date_and_exercise_once() -> None:
    desk = IncidentDesk(loaded=[rule()])
    desk.filed("NP2", GRAPH)
    finding, _stage = proving(desk)
    one, other = desk.stores.entries("action")
    assert (one.owner, one.due, one.data["exercise"]) == (
        "oracle-admin",
        NOW + 14 * DAY,
        "sources-apart",
    )
    assert (other.owner, other.data["exercise"]) == ("liaison", "notice-readable")
    assert finding.data["opened"] == ["ACT-001", "ACT-002"]
    proving(desk)
    assert len(desk.stores.entries("action")) == 2


def test_an_action_is_done_when_its_exercise_turns_green_and_not_before() -> None:
    desk = IncidentDesk()
    desk.filed("NP2", GRAPH)
    proving(desk)
    finding, _stage = proving(desk)
    assert [entry.state for entry in desk.stores.entries("action")] == ["done", "open"]
    proof = desk.stores.get("ACT-001").data["proof"]
    assert (proof["green"], proof["why"]) == (True, "every feed rests on 2 sources or more")
    readable(desk)
    finding, _stage = proving(desk)
    assert (finding.data["done"], finding.verdict) == (["ACT-002"], "done")


def test_an_action_that_was_only_ticked_off_is_opened_again_once() -> None:
    desk = IncidentDesk()
    desk.filed("NP2", GRAPH)
    proving(desk)
    desk.stores.change("ACT-002", NOW, state="closed")
    finding, _stage = proving(desk)
    assert wrong(finding) == {"no-effect": 1}
    again = desk.stores.get("ACT-003")
    assert (again.data["reopens"], again.subject[:6]) == ("ACT-002", "again:")
    assert wrong(proving(desk)[0]) == {}


def test_an_action_past_its_date_is_overdue() -> None:
    desk = IncidentDesk()
    desk.filed("NP2", GRAPH)
    proving(desk)
    desk.now += 15 * DAY
    assert wrong(proving(desk)[0]) == {"overdue": 2}


class PaperFork:
    """A copy on which a node's submission is refused or not, and a brake works or not."""

    now = NOW

    def __init__(self, *, takes: bool = False, stuck: bool = False, bounds: Any = None) -> None:
        self.takes, self.stuck, self.held = takes, stuck, False
        self.bounds = bounds

    def wait(self, seconds: int) -> None:
        del seconds

    def read(self, contract: str, function: str, *args: Any) -> Any:
        del contract, args
        return self.held if function == "paused" else self.bounds

    def call(self, sender: bytes, contract: str, function: str, args: Any) -> Simulation:
        del sender, contract, function, args
        return Simulation(self.takes, 1, "")

    def act(self, authority: str, contract: str, function: str, args: Any) -> Simulation:
        del authority, contract, args
        self.held = function == "pause" and not self.stuck
        return Simulation(True, 1, "")


def exercised(name: str, desk: IncidentDesk, args: Mapping[str, Any] | None = None) -> bool:
    result = run_exercise(desk, name, args or {})
    assert result["why"], "a result says why"
    return bool(result["green"])


def on_fork(**about: Any) -> IncidentDesk:
    desk = IncidentDesk()
    bounds = desk.approved["feed.WTI"]
    desk.registered = {"nodes": {"node-1": b"\x01" * 20}}
    desk.lab = PaperLab(forks=lambda _purpose: PaperFork(**{"bounds": bounds, **about}))
    return desk


def test_exercises_on_a_copy_are_green_by_what_they_did() -> None:
    assert exercised("bounds-refuse", on_fork())
    assert not exercised("bounds-refuse", on_fork(takes=True))
    assert not exercised("bounds-refuse", on_fork(bounds=(0, 1)))
    brake = {"contract": "AllocationBook"}
    assert exercised("brake-works", on_fork(), brake)
    assert not exercised("brake-works", on_fork(stuck=True), brake)


def test_an_exercise_that_cannot_be_carried_out_is_red() -> None:
    assert not exercised("bounds-refuse", IncidentDesk())
    assert not exercised("no-such", IncidentDesk())
    assert not exercised("notice-readable", IncidentDesk())
    assert not exercised("check-green", IncidentDesk(), {"procedure": "ME4", "after": NOW})


def test_exercises_on_the_desk() -> None:
    desk = IncidentDesk(loaded=[rule(query="gap > 1")])
    desk.filed("ME4", {}, verdict="ok")
    assert exercised("check-green", desk, {"procedure": "ME4", "after": NOW - 1})
    desk.filed("ME4", {}, verdict="finding")
    assert not exercised("check-green", desk, {"procedure": "ME4", "after": NOW - 1})
    assert exercised("rule-loaded", desk, {"expression": "gap > 1"})
    assert not exercised("rule-loaded", desk, {"expression": "gap > 0.5"})
    assert exercised("keys-reachable", desk)
    desk.oncall.deaf = ("amara",)
    desk.oncall.ring("amara", "drill")
    desk.now += 2 * HOUR
    assert not exercised("keys-reachable", desk)
    assert not exercised("sources-apart", desk, {"sources": 9})
