"""Measures against a repetition, and reports on what was, on paper (NP4, NP5)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from paper_desk import NOW, alarm
from paper_incident import (
    MINE,
    IncidentDesk,
    IncidentStage,
    PaperLab,
    opened,
    over,
    rule,
    wrong,
)

from twin.desk.port import Recorded
from twin.desk.steps import Case, Finding
from twin.procedures.incident.causes import causal_graph
from twin.procedures.incident.post_incident import (
    Analysis,
    CauseRecord,
    Preventive,
    Reports,
    analyse_incident,
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

HOUR = 3600


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
