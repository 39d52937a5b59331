from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest
from scoring_lab import END, START, Tape, by_the_book

from twin.monitoring.rules import Rule
from twin.report.about import About
from twin.report.after import After, Earlier, after_action
from twin.report.after_actions import holds
from twin.report.after_detection import earlier_rules
from twin.report.after_goals import goals, rate
from twin.report.after_text import amount
from twin.report.after_write import render_after
from twin.report.history import gather
from twin.report.timeline import timelines
from twin.results import Check, Counts, Speed, Summary
from twin.results.manifest import about_here
from twin.scoring.marks import Marks
from twin.scoring.score import Controls, Score, score
from twin.scoring.trace import Trace

HOSTILE = "<b>it & all</b> | is off"


def summary(*checks: Check) -> Summary:
    return Summary(
        passed=True, partial=False, scenario="s", seed=1, control=None, digest="d", state_root="0x",
        checks=checks, loss=None, counts=Counts(), incidents=(),
        speed=Speed(wall_seconds=1.0, cpu_seconds=1.0, peak_rss_mb=1.0, transactions_per_second=1.0),
    )  # fmt: skip


def judged(
    tape: Tape, *, loss: int = 40_000, nothing: int = 100_000
) -> tuple[Score, Trace, Controls]:
    controls = Controls(quiet=Tape().trace(), nothing=Tape().trace((1300, nothing)),
                        ideal=Tape().trace((1300, 10_000)), harm=START + 1300)  # fmt: skip
    trace = tape.trace((1300, loss))
    found = score(trace, controls, scenario="s", seed=1, policy="playbook", cause=None,
                  reads=lambda _rule: (), unit="US cents")  # fmt: skip
    return found, trace, controls


def report(tape: Tape | None = None, **more: Any) -> dict[str, Any]:
    tape = tape or by_the_book()
    found, trace, _controls = judged(tape, loss=more.pop("loss", 40_000))
    history = gather(map(dict, trace.events), start=START, end=END)
    timeline = timelines(history)[0]
    manifest = about_here(
        scenario="s", scenario_sha256="ab", seed=1, control=None, without=("ME4",), engine="revm",
        policy=None, virtual_start=START, virtual_end=END,
    )  # fmt: skip
    made = After(
        about=About(HOSTILE, "What it is.", claims=("It claims nothing.",)), manifest=manifest,
        summary=more.pop("summary", summary()), score=found, trace=trace, history=history,
        timeline=timeline, records={line.order: f"line {line.order}" for line in timeline.lines},
        place="runs/s-seed1-1",
    )  # fmt: skip
    return after_action(replace(made, **more))


SECTIONS = ("objectives", "timeline", "detection", "counterfactuals", "luck", "factors",
            "root_cause", "collateral", "actions", "shows_not", "manifest", "rerun")  # fmt: skip


def test_the_report_has_every_section_and_is_json() -> None:
    tree = report()
    assert json.loads(json.dumps(tree, allow_nan=False)) == tree
    assert all(name in tree for name in SECTIONS)
    assert "Drill" in tree["drill"]
    assert tree["rerun"] == ["twin run s --seed 1 --without ME4",
                             "twin report runs/s-seed1-1 --incident 1"]  # fmt: skip
    assert tree["shows_not"][0] == "It claims nothing."


def test_every_line_of_the_timeline_has_its_data() -> None:
    tree = report()
    known = {item["event"] for item in tree["data"]}
    assert tree["timeline"]["rows"]
    assert all(row["event"] in known for row in tree["timeline"]["rows"])


def test_html_escapes_what_the_run_says_and_links_each_line() -> None:
    page = render_after(report(), "html")
    assert "<b>it" not in page
    assert "&lt;b&gt;it &amp; all" in page
    assert "<script" not in page
    for row in report()["timeline"]["rows"]:
        assert f'href="#e{row["event"]}"' in page
        assert f'id="e{row["event"]}"' in page
    assert page.count("Drill in a simulated network") == 2


def test_markdown_has_tables_that_hold() -> None:
    page = render_after(report(summary=summary(
        Check(kind="expect", name="a | b", limit="1", got="2", passed=False))), "md")  # fmt: skip
    rows = [line for line in page.splitlines() if line.startswith("|")]
    assert any("a \\| b" in row for row in rows)
    assert "Drill in a simulated network" in page
    widths = {line.replace("\\|", "").count("|") for line in rows if "a \\| b" in line}
    assert widths == {5, 6}, "objectives and action items, whole"


def test_the_counterfactuals_stand_in_dollars_and_in_order() -> None:
    rows = report(at_once=20_000)["counterfactuals"]
    assert [(row["name"], row["loss"], row["share"]) for row in rows] == [
        ("no response", "$1,000", 100), ("this response", "$400", 40),
        ("one step earlier", "$200", 20), ("ideal", "$100", 10),
    ]  # fmt: skip
    assert report()["counterfactuals"][2]["loss"] == "not run"


RATED = [
    (10, True, 10, "P"), (20, True, 10, "S"), (21, True, 10, "M"), (40, True, 10, "M"),
    (41, True, 10, "U"), (1, False, 10, "U"),
]  # fmt: skip


@pytest.mark.parametrize(("seconds", "ended", "within", "rating"), RATED)
def test_a_duration_is_rated_on_four_steps(
    *, seconds: int, ended: bool, within: int, rating: str
) -> None:
    assert rate(seconds, ended, within) == rating


def rating(tree: Mapping[str, Any], name: str) -> str:
    return next(str(row["rating"]) for row in tree["objectives"] if row["name"] == name)


@pytest.mark.parametrize(
    ("loss", "step"), [(10_000, "P"), (50_000, "S"), (99_000, "M"), (120_000, "U")]
)
def test_the_value_is_rated_on_four_steps(loss: int, step: str) -> None:
    assert rating(report(loss=loss), "Limit the loss") == step


def test_what_never_began_is_not_tested_and_what_never_ended_is_not_met() -> None:
    tape = Tape().fault(1000, "x").incident(1500, "open")
    tree = report(tape)
    assert rating(tree, "Acknowledge") == "not tested"
    assert rating(tree, "Contain") == "U"
    assert rating(tree, "Restore and hold") == "U"
    assert "No alert that pages told of the fault" in tree["in_short"][0]


def test_an_expectation_that_broke_is_an_objective_not_met_with_an_action() -> None:
    broken = Check(kind="expect", name="alert Off", limit="within 1 s", got="never", passed=False)
    tree = report(summary=summary(broken))
    assert rating(tree, "Scenario: alert Off") == "U"
    item = next(row for row in tree["actions"] if row["name"] == "objective Scenario: alert Off")
    assert (item["criterion"], item["state"]) == ("passed", "open")


def test_an_action_is_closed_by_a_later_run_alone() -> None:
    tape = by_the_book()
    tape.add(9950, "entry", entry="ACT-1", store="action", state="closed", owner="bruno",
             subject="drill it again", data="{}")  # fmt: skip
    own = next(row for row in report(tape)["actions"] if row["name"] == "the team's ACT-1")
    assert own["state"] == "open", "the team's word closes nothing"
    assert "the team says: closed" in own["what"]
    done = report(tape, closed=lambda _criterion: "s-seed1-2")["actions"]
    assert {row["state"] for row in done} == {"closed by s-seed1-2"}


SCORE: dict[str, Any] = {
    "marks": {"closed": 5}, "readiness": {"found": ["a"]}, "conduct": {"first_notice": 100},
    "worth": {"value_ppm": 800_000}, "durations": {"decide": {"seconds": 60, "ended": True},
                                                   "contain": {"seconds": 1, "ended": False}},
}  # fmt: skip
HELD: list[tuple[str, bool, dict[str, Any], bool]] = [
    ("passed", True, {}, True), ("passed", False, {}, False), ("closed", True, SCORE, True),
    ("closed", True, {}, False), ("closed", False, SCORE, False), ("found a", True, SCORE, True),
    ("found b", True, SCORE, False), ("decide <= 60", True, SCORE, True),
    ("decide <= 59", True, SCORE, False), ("contain <= 60", True, SCORE, False),
    ("recover <= 60", True, SCORE, False), ("value_ppm >= 750000", True, SCORE, True),
    ("first_notice <= 99", True, SCORE, False),
    ("value_ppm >= 750000", True, {**SCORE, "worth": None}, False),
]  # fmt: skip


@pytest.mark.parametrize(("criterion", "passed", "found", "held"), HELD)
def test_a_criterion_holds_in_a_score_or_it_does_not(
    *, criterion: str, passed: bool, found: dict[str, Any], held: bool
) -> None:
    assert holds(criterion, passed, found) is held


def test_a_latent_fault_that_nobody_found_is_a_factor_and_an_action() -> None:
    tape = by_the_book().fault(10, "deaf", family="job")
    tree = report(tape)
    assert any("found by nobody" in item["what"] for item in tree["factors"])
    assert any(item["criterion"] == "found deaf" for item in tree["actions"])
    assert tree["root_cause"]["before_it"][0]["fault"] == "deaf"


def test_other_seeds_are_told_of_where_there_are_any() -> None:
    seeds = {"count": 20, "better": "19 of 20", "near": "3 of 20", "lowest": "0.10",
             "median": "0.70", "highest": "0.90", "below": "4"}  # fmt: skip
    assert "3 of 20" in render_after(report(seeds=seeds), "html")
    assert "not known" in render_after(report(), "md")


def rule(name: str, expr: str, hold: int = 0, severity: str = "P3") -> Rule:
    return Rule("alert", name, expr, hold=hold, labels={"severity": severity})


def test_rules_that_held_earlier_are_found_and_those_that_hold_anyway_are_not() -> None:
    tape = by_the_book().alert(1000, "Held", "pending").alert(1050, "Ticket", severity="P4")
    trace, quiet = tape.trace(), Tape().trace()
    for name, here, there in (("a", 1000, None), ("noise", 1000, 1000), ("before", 0, None)):
        for store, since in ((trace.store, here), (quiet.store, there)):
            series = store.series(name)
            for at in range(0, 1500, 50):
                series.append(START + at, float(since is not None and at >= since))
    marks = Marks(fault=START + 1000, alert_fired=START + 1200)
    rules = [rule("Unused", "a == 1"), rule("Held", "a == 1", 600), rule("Ticket", "a == 1", 0, "P4"),
             rule("Noise", "noise == 1"), rule("Before", "before == 1"), rule("Never", "a == 7")]  # fmt: skip
    found = earlier_rules(rules, trace, quiet, marks, interval=50)
    assert found == [
        Earlier("Held", "P3", START + 1000, "it has to hold for 600 s"),
        Earlier("Unused", "P3", START + 1000, "it was not among the rules that ran"),
        Earlier("Ticket", "P4", START + 1000, "it fired, and is a ticket that calls nobody"),
    ]
    assert earlier_rules(rules, trace, quiet, Marks(), interval=50) == []


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [(123_456, "US cents", "$1,234"), (-500, "US cents", "\N{MINUS SIGN}$5"), (7, "PT", "7 PT")],
)
def test_amounts_read_as_people_write_them(value: int, unit: str, text: str) -> None:
    assert amount(value, unit) == text


def test_goals_without_a_loss_are_not_tested() -> None:
    found = replace(judged(by_the_book())[0], worth=None)
    row = next(item for item in goals(found, summary()) if item["name"] == "Limit the loss")
    assert row["rating"] == "not tested"
