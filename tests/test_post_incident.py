"""What follows an incident, on paper: facts, causes, actions, measures, reports."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from paper_desk import NOW, alarm, log_of
from paper_incident import IncidentDesk, IncidentStage, PaperLab, opened, rule

from twin.desk.port import Recorded, Simulation
from twin.desk.steps import Case, Finding
from twin.procedures.incident.causes import causal_graph
from twin.procedures.incident.exercises import run_exercise
from twin.procedures.incident.post_incident import (
    Analysis,
    CauseRecord,
    Corrective,
    Preventive,
    Reports,
    analyse_incident,
    correct,
    document_cause,
    prevent,
    report_incident,
)
from twin.procedures.incident.variants import (
    THRESHOLD,
    Disturbed,
    candidates,
    disturbed,
    variants,
)

HOUR, DAY = 3600, 86_400
MINE = {"incident": "INC-001"}
BOARD = {
    **MINE, "cause": "vendor-wrong",
    "causes": [{"cause": "vendor-wrong", "text": "a vendor is wrong", "points": 7, "latent": False,
                "weight_ppm": 700_000, "because": ["off"]}],
    "rows": {"vendor-silent": {"text": "vendors died", "points": 5, "latent": True,
                               "clues": [{"points": 4, "answer": "silent"}]}},
}  # fmt: skip
ALL = ("ND2", "ND3", "ND4", "ND5", "NR1", "NR3", "NR4", "NR5")


def wrong(finding: Finding) -> dict[str, int]:
    return {name: count for name, count in finding.problems.items() if count}


def over(desk: IncidentDesk, *, left_out: tuple[str, ...] = (), **about: Any) -> Case:
    """Return the case of an incident that is over, with the records of all but *left_out*."""
    case = opened(desk, **about)
    desk.filed("ND1", {**MINE, "verdict": "real", "facts": {"since": NOW - 120, "rule": "Gap"}})
    for name in ALL:
        if name not in left_out:
            more = {"severity": "P1"} if name == "ND3" else {}
            card = {"users": 3, "assets": {"pool": {"lost_last_hour": 9}}} if name == "ND2" else {}
            desk.filed(name, {**MINE, **more, **card})
    if "NR2" not in left_out:
        desk.filed("NR2", BOARD)
    desk.notices.publish(NOW + 10, audience="market", subject="INC-001: first notice", text="x")
    desk.posts.write(NOW + 10, "x", subject="INC-001: first notice")
    desk.logs["AllocationBook", "Paused"] = [log_of("AllocationBook", "Paused", age=-20)]
    desk.answered("amara")
    desk.now += 2 * HOUR
    desk.store.change("INC-001", desk.now, state="closed")
    return case


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


# -- NP4 -------------------------------------------------------------------------------------------


def series(*values: float, metric: str = "gap", **labels: str) -> Recorded:
    return Recorded(metric, labels, tuple((NOW + 240 * place, value)
                                          for place, value in enumerate(values)))  # fmt: skip


def test_the_series_that_left_its_quiet_range_furthest_is_the_disturbed_one() -> None:
    quiet = [series(1.0, 1.1, 1.0), series(100.0, 120.0, 110.0, metric="other")]
    loud = [series(9.0, 1.0), series(150.0, 110.0, metric="other"), series(7.0, metric="unknown")]
    found = disturbed(quiet, loud)
    assert found is not None
    assert (found.metric, found.quiet, found.worst, found.ratio) == ("gap", 1.0, 9.0, 9.0)
    assert disturbed(quiet, [series(1.0, 1.05)]) is None


def test_variants_come_in_sizes_and_shapes_on_the_scale_of_the_series() -> None:
    what = Disturbed("gap", {}, 1.0, 16.0)
    made = {case.name: case for case in variants([series(*[1.0] * 40)], what)}
    assert len(made) == 15
    tail = [value for _at, value in made["step of 0.5"].series[0].samples][10:]
    assert tail == [4.0] * 30, "half the size of a ratio is its root"
    pulses = [value for _at, value in made["pulses of 1.0"].series[0].samples][10:16]
    assert pulses == [16.0, 16.0, 16.0, 1.0, 1.0, 1.0]
    ramp = [value for _at, value in made["ramp of 1.0"].series[0].samples][10:]
    assert ramp == sorted(ramp)
    assert ramp[-1] == 16.0
    flat = Disturbed("gap", {}, 0.0, 4.0)
    moved = variants([series(*[0.0] * 40)], flat)[3].series[0].samples[-1][1]
    assert moved == 2.0, "what is at zero is moved by a difference"


def test_candidates_tighten_the_threshold_and_watch_for_jumps() -> None:
    what = Disturbed("gap", {"feed": "WTI"}, 1.0, 9.0)
    found = list(candidates(what, [rule(query="gap > 2"), rule(query="absent(gap)")]))
    assert found[:2] == [("gap > 1", 0), ("gap > 0.5", 0)]
    assert found[2] == ('abs(gap{feed="WTI"} / gap{feed="WTI"} offset 1h - 1) > 0.2', 0)
    assert len(found) == 6


def moved(limit_of: Any, **about: Any) -> tuple[IncidentDesk, Case]:
    """Return a desk on which `gap` is 1 but 9 within the incident, and its case."""
    desk = IncidentDesk(loaded=[rule()])
    case = opened(desk)
    desk.store.change("INC-001", NOW, alerts=[alarm().key])

    def answer(query: str) -> list[tuple[Mapping[str, str], float]]:
        back = int(query.split("offset ")[1][:-1]) if "offset" in query else 0
        return [({}, 9.0 if desk.now - back >= NOW else 1.0)]

    desk.answer = answer
    desk.lab = PaperLab(limit=limit_of)
    desk.now += 6 * HOUR
    for name, data in about.items():
        desk.stores.create("ticket", NOW, subject=name, state="proposed", data=data)
    return desk, case


def limit(expression: str) -> float:
    """Return the level above which a rule of these tests fires."""
    found = THRESHOLD.search(expression)
    assert found is not None
    return float(found[2]) if not expression.startswith("abs") else 10**9


def measure(desk: IncidentDesk, case: Case) -> tuple[Finding, IncidentStage]:
    stage = IncidentStage(desk)
    return stage.play(prevent(case, Preventive())), stage


def test_a_rule_that_catches_its_variants_already_needs_no_other() -> None:
    desk, case = moved(lambda _rule: 1.1)
    finding, stage = measure(desk, case)
    # A variant that goes the other way stays below every level.
    assert (finding.data["caught_before"], finding.data["of"], finding.data["needed"]) == (
        12,
        15,
        11,
    )
    assert (finding.verdict, finding.data["action"]) == ("done", None)
    assert stage.triggers[0].event == "prevented"


def test_a_new_rule_is_chosen_on_half_of_the_variants_and_judged_on_the_rest() -> None:
    desk, case = moved(lambda text: {"gap > 2": 8.0, "gap > 1": 1.05}.get(text, 10**9))
    finding, stage = measure(desk, case)
    assert (finding.data["caught_before"], finding.data["caught_after"]) == (3, 12)
    assert finding.data["new"]["expression"] == "gap > 1"
    action = desk.stores.get(finding.data["action"])
    assert (action.data["exercise"], action.data["args"]) == (
        "rule-loaded",
        {"expression": "gap > 1"},
    )
    assert "work: write the rule that catches variants of INC-001" in stage.log


def test_a_rule_that_fires_on_the_quiet_record_is_no_candidate() -> None:
    desk, case = moved(lambda text: 8.0 if text == "gap > 2" else 0.5)
    finding, _stage = measure(desk, case)
    assert (finding.data["new"], wrong(finding)) == (None, {"missed": 1})


def test_a_proposed_rule_that_is_fitted_to_one_case_is_rejected() -> None:
    fitted = {"expression": "gap > 8.9", "hold": 0}
    good = {"expression": "gap > 1.1", "hold": 0}
    desk, case = moved(limit, fitted=fitted, good=good)
    finding, _stage = measure(desk, case)
    states = {entry.subject: entry.state for entry in desk.stores.entries("ticket")}
    assert states == {"fitted": "rejected", "good": "accepted"}
    assert desk.stores.get("TKT-001").data["caught"] == 3
    assert wrong(finding)["overfitted"] == 1


def test_an_incident_that_no_rule_found_has_nothing_to_vary_and_goes_on() -> None:
    desk = IncidentDesk()
    case = opened(desk)
    finding, stage = measure(desk, case)
    assert (finding.verdict, stage.triggers[0].event) == ("no-data", "prevented")


# -- NP5 -------------------------------------------------------------------------------------------


def report(
    desk: IncidentDesk, *, choice: str | None = None, **about: Any
) -> tuple[Finding, IncidentStage]:
    case = over(desk, **about)
    IncidentStage(desk).play(analyse_incident(case, Analysis()))
    told = IncidentStage(desk).play(analyse_incident(case, Analysis()))
    desk.evidence.file("NP1", desk.now, told)
    graph = IncidentStage(desk).play(document_cause(case, CauseRecord()))
    desk.evidence.file("NP2", desk.now, graph)
    stage = IncidentStage(desk, choices={"File the": choice} if choice else {})
    return stage.play(report_incident(case, Reports())), stage


def test_three_versions_of_one_set_of_statements() -> None:
    finding, stage = report(IncidentDesk())
    texts = finding.data["texts"]
    assert [step.audience for step in stage.notices] == ["regulator", "public"]
    assert "[NP1-00001#marks.opened]" in texts["internal"]
    assert "[" not in texts["regulator"].replace("[team]", "")
    assert "vendors died" in texts["regulator"]
    assert "vendors died" not in texts["public"]
    assert (finding.verdict, wrong(finding)) == ("done", {})


def test_a_weakness_that_is_still_open_stays_with_us() -> None:
    desk = IncidentDesk()
    desk.stores.create(
        "action", NOW, subject="x", data={"incident": "INC-001", "node": "vendor-silent"}
    )
    finding, _stage = report(desk)
    assert "vendors died" in finding.data["texts"]["internal"]
    assert "vendors died" not in finding.data["texts"]["regulator"]


def test_wrong_numbers_hold_the_reports() -> None:
    desk = IncidentDesk()
    case = over(desk)
    told = IncidentStage(desk).play(analyse_incident(case, Analysis()))
    marks = {**told.data["marks"], "opened": NOW + 7}
    desk.evidence.file("NP1", desk.now, Finding("done", "altered", {**told.data, "marks": marks}))
    desk.evidence.file("NP2", desk.now, Finding("done", "x", causal_graph(desk, "INC-001")))
    stage = IncidentStage(desk)
    finding = stage.play(report_incident(case, Reports()))
    assert (finding.verdict, stage.notices) == ("refused", [])
    assert wrong(finding) == {"wrong": 1}
    assert "opened" in finding.data["check"]["wrong"][0]


def test_names_and_addresses_are_redacted_and_details_held() -> None:
    desk = IncidentDesk()
    case = over(desk)
    told = IncidentStage(desk).play(analyse_incident(case, Analysis()))
    desk.evidence.file("NP1", desk.now, told)
    nodes = [{"id": "a", "kind": "latent", "text": "amara let 0x00000000000000aa in", "evidence": ["x"]},
             {"id": "b", "kind": "trigger", "text": "the exploit", "evidence": ["x"]}]  # fmt: skip
    desk.evidence.file("NP2", desk.now, Finding("done", "x", {**MINE, "nodes": nodes}))
    stage = IncidentStage(desk)
    finding = stage.play(report_incident(case, Reports()))
    assert "[team] let [address] in" in finding.data["texts"]["regulator"]
    assert "amara let 0x" in finding.data["texts"]["internal"]
    assert finding.data["check"]["leaks"] == ["regulator: detail exploit"]
    assert (finding.verdict, stage.notices) == ("refused", [])


def test_a_small_incident_is_reported_to_us_alone() -> None:
    finding, stage = report(IncidentDesk(), severity="P3")
    assert (finding.verdict, stage.notices, finding.data["sent"]) == ("done", [], [])


def test_without_analysis_there_is_no_report() -> None:
    desk = IncidentDesk()
    stage = IncidentStage(desk)
    finding = stage.play(report_incident(over(desk), Reports()))
    assert (finding.verdict, finding.data["missing"]) == ("no-data", ["NP1", "NP2"])


def test_a_public_denial_of_what_was_so_is_in_the_record() -> None:
    desk = IncidentDesk()
    case = over(desk)
    desk.posts.write(NOW + 60, "nothing is paused", author="marketing")
    desk.posts.write(desk.now + 60, "nothing is paused", author="marketing")
    told = IncidentStage(desk).play(analyse_incident(case, Analysis()))
    desk.evidence.file("NP1", desk.now, told)
    desk.evidence.file("NP2", desk.now, Finding("done", "x", causal_graph(desk, "INC-001")))
    finding = IncidentStage(desk).play(report_incident(case, Reports()))
    assert wrong(finding).get("denied") == 1
