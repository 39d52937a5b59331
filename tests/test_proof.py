"""The proof of the rules: cases, mutants, replays, missing data, and the gate over them."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
import world_lab as lab

from twin.cli import main
from twin.errors import UsageError
from twin.monitoring.metrics import metric_table
from twin.monitoring.promql import compile_expression
from twin.monitoring.rules import Rule, default_rules
from twin.monitoring.series import SeriesStore
from twin.proof.case import Case, cases, merged
from twin.proof.episodes import Episode, differences, parse, span
from twin.proof.gate import gate
from twin.proof.missing import silence
from twin.proof.mutants import mutants
from twin.proof.play import Played, play
from twin.proof.replay import replay


def rule(expr: str, **fields: object) -> Rule:
    labels = {"severity": "P3", "owner": "us", "domain": "pool"}
    return replace(Rule("alert", "High", expr, labels=labels), **fields)  # type: ignore[arg-type]


def store_of(*values: float, name: str = "fictra_pool_price_ratio", step: int = 60) -> SeriesStore:
    store = SeriesStore()
    for place, value in enumerate(values):
        store.series(name).append(place * step, value)
    return store


def played(*values: float, fires: tuple[str, ...] = (), name: str = "case") -> Played:
    """Return a case whose world had *values*, a minute apart, and does what its rule did."""
    store, times = store_of(*values), range(0, len(values) * 60, 60)
    case = Case(name, name, Path(), {}, (), tuple(map(parse, fires)))
    done = replay(rule("fictra_pool_price_ratio > 2"), store, times)
    return Played(case, store, times, 60, done.episodes, {})


# -- episodes -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "line",
    [
        "OracleStale{feed=WTI} P2 5h30m..6h",
        "X P1 0s..",
        "X{a=1,b=x y} P5 1d2h3m4s..2d",
        "X P3 1s..1m1s",
    ],
)
def test_an_episode_is_read_as_it_is_written(line: str) -> None:
    assert str(parse(line)) == line


@pytest.mark.parametrize(
    "line",
    ["", "X P6 1h..", "X P1 1h", "X P1 ..1h", "X P1 soon..", "X P1 1h..later", "X{a} P1 1h..x"],
)
def test_what_is_no_episode_is_refused(line: str) -> None:
    with pytest.raises(UsageError, match=r"is no (episode|time)"):
        parse(line)


def test_spans() -> None:
    assert [span(n) for n in (0, 59, 3600, 90061)] == ["0s", "59s", "1h", "1d1h1m1s"]


@pytest.mark.parametrize(
    ("expected", "got", "found"),
    [
        (["X P1 1h..2h"], ["X P1 1h2m..1h58m"], ()),
        (["X P1 1h..2h"], ["X P1 1h3m..2h"],
         ("expected X P1 1h..2h", "unexpected X P1 1h3m..2h")),
        (["X P1 1h.."], ["X P1 1h..2h"], ("expected X P1 1h..", "unexpected X P1 1h..2h")),
        (["X P1 1h..2h"], ["X P2 1h..2h"], ("expected X P1 1h..2h", "unexpected X P2 1h..2h")),
        (["X{a=1} P1 1h.."], ["X{a=2} P1 1h.."],
         ("expected X{a=1} P1 1h..", "unexpected X{a=2} P1 1h..")),
        ([], ["X P1 1h.."], ("unexpected X P1 1h..",)),
        (["X P1 1h..2h", "X P1 1h..2h"], ["X P1 1h..2h"], ("expected X P1 1h..2h",)),
    ],
)  # fmt: skip
def test_what_differs_is_said(expected: list[str], got: list[str], found: tuple[str, ...]) -> None:
    ours, theirs = ([parse(line) for line in lines] for lines in (expected, got))
    assert differences(ours, theirs, slack=120) == found


# -- mutants --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("expr", "changes"),
    [
        ("fictra_x > 2", ["fictra_x <= 2", "fictra_x > 3", "fictra_x > 1.34"]),
        ("fictra_x == 0", ["fictra_x != 0"]),
        ('fictra_x{a="b",c=~"d|e"} > 0',
         ['fictra_x{a!="b",c=~"d|e"} > 0', 'fictra_x{a="b",c!~"d|e"} > 0',
          'fictra_x{a="b",c=~"d|e"} <= 0']),
        ("a > b", ["a <= b", "a > 1.5 * b", "a > 0.67 * b"]),
        ("a > on(x) group_left() 2 * b",
         ["a <= on(x) group_left() 2 * b", "a > on(x) group_left() 3 * b",
          "a > on(x) group_left() 1.34 * b"]),
        ("a < bool -1", ["a >= bool -1", "a < bool -1.5", "a < bool -0.67"]),
        ("rate(a[5m] offset 3h) + 7", []),
    ],
)  # fmt: skip
def test_each_mutant_is_wrong_in_one_place(expr: str, changes: list[str]) -> None:
    assert [one.rule.expr for one in mutants(rule(expr))] == changes


def test_a_hold_is_tripled() -> None:
    (*_, last) = mutants(rule("fictra_x > 2", hold=300))
    assert (last.kind, last.rule.hold, last.rule.expr) == ("for", 900, "fictra_x > 2")


def test_every_mutant_of_the_shipped_rules_is_promql() -> None:
    rules, store = default_rules(), SeriesStore()
    made = [one for item in rules.rules if item.kind == "alert" for one in mutants(item)]
    assert len(made) > 200
    for one in made:
        compile_expression(one.rule.expr, store)
        assert one.rule != rules[one.rule.name] or one.kind == "for"


# -- replays and missing data ---------------------------------------------------------------------


def test_a_replay_tells_when_an_alert_fired() -> None:
    times = range(0, 600, 60)
    store = store_of(1, 3, 3, 3, 1, 3, 3, 3, 3, 3)
    done = replay(rule("fictra_pool_price_ratio > 2", hold=120), store, times)
    assert [str(item) for item in done.episodes] == ["High P3 3m..4m", "High P3 7m.."]
    assert [one.name for one in store] == ["fictra_pool_price_ratio"]


def test_a_replay_counts_what_fails() -> None:
    store = SeriesStore()
    for name in ("fictra_x", "fictra_y"):
        store.series(name).append(0, 1.0)
    assert replay(rule('-{__name__=~"fictra_."} > 0'), store, range(1)).failed == 1


@pytest.mark.parametrize(
    ("expr", "wants", "does"),
    [
        ("fictra_pool_price_ratio > 2", "quiet", "quiet"),
        ("fictra_pool_price_ratio > 2 or absent(fictra_pool_price_ratio)", "fires", "fires"),
        ('fictra_pool_price_ratio{item!="absent"} > 2', "quiet", "quiet"),
    ],
)
def test_data_that_end_or_never_begin(expr: str, wants: str, does: str) -> None:
    made = played(1, 3, 3, 3, 3)
    found = silence(rule(expr), made, Episode("High", (), "P3", 60, None))
    assert (found.wants, found.does, found.right) == (wants, does, True)


# -- the gate -------------------------------------------------------------------------------------

STEPS = (1, 1, 1, 1, 1.4, 1.4, 1.4, 1.4, 2.5, 2.5, 2.5, 2.5, 1, 1, 1, 1)
"""Just below the threshold of 2, then just above it."""


def test_cases_on_both_sides_of_a_threshold_hold_a_rule() -> None:
    case, calm = played(*STEPS, fires=("High P3 8m..12m",)), played(1, 1, 1, name="calm")
    found = gate([rule("fictra_pool_price_ratio > 2")], [case, calm], lambda _name: None)
    (proof,) = found.rules
    assert (proof.fires, proof.quiet, proof.resolves) == (("case",), ("calm",), ("case",))
    assert (proof.lacks, proof.survivors, found.score, found.passed) == ((), (), 1.0, True)


def test_a_case_far_beyond_a_threshold_lets_mutants_live() -> None:
    case = played(1, 1, 90, 90, 90, 1, 1, fires=("High P3 2m..5m",))
    found = gate([rule("fictra_pool_price_ratio > 2")], [case], lambda _name: None)
    (proof,) = found.rules
    assert [one.kind for one in proof.survivors] == ["threshold", "threshold"]
    assert (proof.lacks, found.passed) == (("quiet",), False)


def test_a_rule_that_fires_nowhere_fails_the_gate() -> None:
    found = gate([rule("fictra_pool_price_ratio > 2")], [played(1, 1)], lambda _name: None)
    (proof,) = found.rules
    assert (proof.lacks, found.passed) == (("fires", "resolves"), False)


def test_a_rule_may_wait_for_its_case_and_no_longer() -> None:
    high, calm = rule("fictra_pool_price_ratio > 2"), played(1, 1)
    waits = gate([high], [calm], lambda _name: None, waiting={"High": "no fault makes it"})
    assert (waits.held, waits.overdue, waits.count) == ((), (), 0)
    case = played(*STEPS, fires=("High P3 8m..12m",))
    proved = gate(
        [high], [case, played(1, 1, 1, name="calm")], lambda _name: None,
        waiting={"High": "no fault makes it", "Gone": "no such rule"},
    )  # fmt: skip
    assert (proved.overdue, proved.passed) == (("High", "Gone"), False)


def test_a_case_that_states_something_else_fails_the_gate() -> None:
    case = played(*STEPS)
    found = gate([rule("fictra_pool_price_ratio > 2")], [case], lambda _name: None)
    assert found.differences == {"case": ("unexpected High P3 8m..12m",)}
    assert not found.passed


# -- cases ----------------------------------------------------------------------------------------


def test_trees_are_merged() -> None:
    base = {"a": {"b": 1, "c": [1]}, "d": [{"name": "x"}, {"name": "y"}], "e": 1}
    change = {"a": {"c+": [2]}, "d-": ["x"], "e": {"f": 2}}
    assert merged(base, change) == {"a": {"b": 1, "c": [1, 2]}, "d": [{"name": "y"}], "e": {"f": 2}}
    assert merged({"d": [{"name": "x"}]}, {"d-": ["x"], "d+": [{"name": "z"}]}) == {
        "d": [{"name": "z"}]
    }


CASE = """\
title: A venue goes
duration: 1h
faults:
  - {name: outage, kind: venue-outage, at: 10m, until: 20m, params: {venue: meridian}}
fires: []
"""


def folder(tmp_path: Path, text: str = CASE) -> Path:
    (tmp_path / "base.yml").write_text(json.dumps(lab.document(
        team={"policy": "none"}, monitoring={"scrape_interval": "1m"}, start="2008-10-06T00:00:00Z"
    )), "utf-8")  # fmt: skip
    (tmp_path / "one.case.yml").write_text(text, "utf-8")
    return tmp_path


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("title:", "titel:", "did you mean 'title'"),
        ("duration: 1h\n", "", "needs `duration`"),
        ("fires: []", "fires: [X]", "is no episode"),
        (CASE, "[]", "is a mapping"),
        (CASE, "{", "cannot be read"),
    ],
)
def test_a_file_that_is_no_case_is_refused(
    tmp_path: Path, old: str, new: str, message: str
) -> None:
    with pytest.raises(UsageError, match=message):
        cases(folder(tmp_path, CASE.replace(old, new)))


def test_a_world_of_more_than_two_days_is_no_case(tmp_path: Path) -> None:
    (case,) = cases(folder(tmp_path, CASE.replace("1h", "3d")))
    with pytest.raises(UsageError, match="two days at most"):
        case.scenario(lab.library().vocabulary)


def test_a_folder_without_cases_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="holds no case"):
        cases(tmp_path)


def test_a_case_is_played_stated_and_then_stands(tmp_path: Path) -> None:
    (case,) = cases(folder(tmp_path))
    library = lab.library()
    made = play(case, case.scenario(library.vocabulary), library.parts)
    assert "VenueDown{venue=meridian} P3 15m..20m" in map(str, made.episodes)
    case.path.write_text(case.rewritten(made.episodes), "utf-8")
    (again,) = cases(tmp_path)
    assert again.fires == made.episodes
    assert again.rewritten(made.episodes) == case.path.read_text("utf-8")
    for item in library.parts.rules.rules:
        if item.kind == "alert":  # what ran and what is replayed are one
            assert replay(item, made.store, made.times).episodes == made.of(item.name), item.name


def test_the_shipped_cases_load_and_name_rules_and_faults_that_there_are() -> None:
    library = lab.library()
    known = set(library.parts.rules.names)
    for case in cases():
        case.scenario(library.vocabulary)
        assert {item.rule for item in case.fires} <= known, case.name


# -- the verb -------------------------------------------------------------------------------------


def test_the_verb_plays_updates_and_holds(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    where = folder(tmp_path)
    arguments = ["rules", "--prove", "--cases", str(where), "--only", "VenueDown", "--json"]
    assert main(arguments) == 1
    before = json.loads(capsys.readouterr().out)
    assert "unexpected VenueDown{venue=meridian} P3 15m..20m" in before["cases"][0]["differences"]
    assert main([*arguments, "--update"]) == 1  # it has no case in which it stays quiet
    after = json.loads(capsys.readouterr().out)
    assert after["cases"][0]["differences"] == []
    (proof,) = after["rules"]
    assert (proof["fires"], proof["lacks"], after["passed"]) == (["one"], ["quiet"], False)
    assert main(arguments[:-1]) == 1
    shown = capsys.readouterr().out
    assert "VenueDown has no case: quiet" in shown
    assert "mutation score 1.000" in shown


def test_the_verb_lists_rules(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["rules", "--json"]) == 0
    rows = json.loads(capsys.readouterr().out)["rules"]
    assert len([row for row in rows if row["kind"] == "alert"]) >= 60
    assert {row["severity"] for row in rows if row["kind"] == "alert"} == {"P1", "P2", "P3", "P4"}
    assert all(row["procedure"] and row["detects"] for row in rows if row["kind"] == "alert")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--update"], "go with --prove"),
        (["--prove", "--only", "VenueDwn"], "did you mean 'VenueDown'"),
        (["--prove", "--case", "clam"], "did you mean 'calm'"),
    ],
)
def test_what_the_verb_does_not_take(
    arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["rules", *arguments]) == 2
    assert message in capsys.readouterr().err


def test_metrics_of_the_rules_are_declared_once() -> None:
    assert len(metric_table()) > 90
