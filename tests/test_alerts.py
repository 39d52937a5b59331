from __future__ import annotations

import math
from collections.abc import Mapping

import pytest

from twin.errors import UsageError
from twin.monitoring.alerts import AlertingRule, Board, RecordingRule
from twin.monitoring.rules import Rule
from twin.monitoring.series import SeriesStore
from twin.monitoring.template import Template

Log = list[tuple[int, str, str]]


def alert(
    expr: str = "m > 5",
    *,
    hold: int = 0,
    keep: int = 0,
    labels: Mapping[str, str] | None = None,
    annotations: Mapping[str, str] | None = None,
) -> Rule:
    return Rule("alert", "Hot", expr, hold, keep, labels or {"severity": "P2"}, annotations or {})


def play(rule: Rule, values: str, *, step: int = 60) -> tuple[Log, SeriesStore]:
    """Play *values*, a word a step: h(igh), l(ow), or - for no sample but a staleness marker."""
    store, log = SeriesStore(), []
    made = AlertingRule(rule, store, lambda t, _r, _l, old, new, _v, _a: log.append((t, old, new)))
    series = store.series("m")
    for place, word in enumerate(values.split()):
        if word == "-":
            series.mark_stale(place * step)
        else:
            series.append(place * step, 9.0 if word == "h" else 1.0)
        made.evaluate(place * step)
    return log, store


FIRE, HOLD = ("inactive", "firing"), ("inactive", "pending")
UP, DROP, END = ("pending", "firing"), ("pending", "inactive"), ("firing", "resolved")


@pytest.mark.parametrize(
    ("hold", "keep", "values", "expected"),
    [
        (0, 0, "l h h l", [(60, *FIRE), (180, *END)]),
        (120, 0, "h h h h l", [(0, *HOLD), (120, *UP), (240, *END)]),
        (120, 0, "h h l h h h", [(0, *HOLD), (120, *DROP), (180, *HOLD), (300, *UP)]),
        (90, 0, "h h h", [(0, *HOLD), (120, *UP)]),  # for is met at an evaluation, not between
        (0, 120, "h l l l", [(0, *FIRE), (180, *END)]),  # kept from 60 on, gone at 180
        (0, 120, "h l h l l l", [(0, *FIRE), (300, *END)]),  # what returns starts the keeping anew
        (0, 90, "h l l l", [(0, *FIRE), (180, *END)]),
        (60, 120, "h l h h l l l", [(0, *HOLD), (60, *DROP), (120, *HOLD), (180, *UP),
                                    (360, *END)]),
        (0, 0, "h - h", [(0, *FIRE), (60, *END), (120, *FIRE)]),  # stale at once
        (0, 0, "l l l", []),
    ],
)  # fmt: skip
def test_the_life_of_an_alert(hold: int, keep: int, values: str, expected: Log) -> None:
    assert play(alert(hold=hold, keep=keep), values)[0] == expected


def test_alerts_are_written_as_series_that_end_with_them() -> None:
    _, store = play(alert(hold=60), "h h h l")
    states = {
        one.labels["alertstate"]: [(t, v) for t, v in zip(one.times, one.values, strict=True)]
        for one in store.select("ALERTS")
    }
    assert [t for t, v in states["pending"] if v == 1] == [0]
    assert [t for t, v in states["firing"] if v == 1] == [60, 120]
    assert all(one.at(180) is None for one in store.select("ALERTS"))
    assert dict(store.select("ALERTS")[0].labels) == {
        "alertname": "Hot", "alertstate": "firing", "severity": "P2",
    }  # fmt: skip


def test_each_label_set_has_its_own_life_and_its_own_words() -> None:
    store, heard = SeriesStore(), []

    def hear(
        t: int, rule: Rule, labels: Mapping[str, str], old: str, new: str, value: float,
        notes: Mapping[str, str],
    ) -> None:  # fmt: skip
        heard.append((t, rule.name, dict(labels), old, new, value, dict(notes)))

    rule = alert(
        labels={"severity": "P1", "where": "{{ $labels.x }}!"},
        annotations={"summary": "{{ $labels.x }} at {{ $value }}, {{ $labels.none }}."},
    )
    made = AlertingRule(rule, store, hear)
    for time, a, b in ((0, 9.0, 1.0), (60, 9.5, 7.0), (120, 1.0, 8.0)):
        store.series("m", {"x": "a"}).append(time, a)
        store.series("m", {"x": "b"}).append(time, b)
        made.evaluate(time)
    labels = [{"severity": "P1", "where": f"{x}!", "x": x} for x in "ab"]
    assert heard == [
        (0, "Hot", labels[0], "inactive", "firing", 9.0, {"summary": "a at 9, ."}),
        (60, "Hot", labels[1], "inactive", "firing", 7.0, {"summary": "b at 7, ."}),
        # what resolves keeps the value with which it last fired
        (120, "Hot", labels[0], "firing", "resolved", 9.5, {"summary": "a at 9.5, ."}),
    ]
    (left,) = made.alerts()
    assert (left.rule, left.state, left.since, left.value) == ("Hot", "firing", 60, 8.0)
    assert left.annotations == {"summary": "b at 8, ."}
    assert left.key == "Hot{severity=P1,where=b!,x=b}"


def test_a_label_that_shows_the_value_makes_a_new_alert_of_each_value() -> None:
    log, _ = play(alert("m > 0", labels={"v": "{{ $value }}"}), "h h l")
    assert log == [(0, *FIRE), (120, *END), (120, *FIRE)]


def test_two_elements_of_one_alert_fail_and_change_nothing() -> None:
    store, log = SeriesStore(), []
    rule = alert(labels={"x": "same", "severity": "P1"})
    made = AlertingRule(rule, store, lambda t, _r, _l, old, new, _v, _a: log.append((t, old, new)))
    store.series("m", {"x": "a"}).append(0, 9.0)
    made.evaluate(0)
    store.series("m", {"x": "b"}).append(60, 9.0)
    with pytest.raises(UsageError, match="same labelset after applying alert labels"):
        made.evaluate(60)
    assert log == [(0, *FIRE)]
    assert made.count() == (0, 1)


def test_the_board_shows_the_worst_first() -> None:
    store = SeriesStore()
    rules = [
        AlertingRule(Rule("alert", name, expr, hold, 0, {"severity": severity}), store,
                     lambda *_: None)
        for name, expr, hold, severity in (
            ("Minor", "m > 1", 0, "P4"), ("Waiting", "m > 1", 60, "P1"),
            ("Major", "m > 1", 0, "P1"), ("Quiet", "m > 100", 0, "P1"),
        )
    ]  # fmt: skip
    board = Board(rules)
    store.series("m", {"x": "b"}).append(0, 9.0)
    store.series("m", {"x": "a"}).append(0, 9.0)
    for rule in rules:
        rule.evaluate(0)
    assert [one.key for one in board.firing()] == [
        "Major{severity=P1,x=a}", "Major{severity=P1,x=b}",
        "Minor{severity=P4,x=a}", "Minor{severity=P4,x=b}",
    ]  # fmt: skip
    assert {one.rule for one in board.active() if one.state == "pending"} == {"Waiting"}
    assert board.firing_by_severity() == {"P1": 2, "P4": 2}


def test_a_recording_rule_writes_its_name_and_ends_what_it_no_longer_gives() -> None:
    store = SeriesStore()
    made = RecordingRule(Rule("record", "x:m:double", "m * 2 > 4", labels={"via": "rule"}), store)
    series = store.series("m", {"x": "a"})
    for time, value in ((0, 3.0), (60, 1.0), (120, 5.0)):
        series.append(time, value)
        made.evaluate(time)
    (written,) = store.select("x:m:double")
    assert dict(written.labels) == {"via": "rule", "x": "a"}
    assert [written.at(time) for time in (0, 60, 120)] == [(0, 6.0), None, (120, 10.0)]


@pytest.mark.parametrize(
    ("template", "value", "expected"),
    [
        ("{{ $value }}", 0.25, "0.25"),
        ("{{$value}}", 3.0, "3"),
        ("{{ $value }}", 1234567.0, "1.234567e+06"),
        ("{{ $value }}", 0.000012, "1.2e-05"),
        ("{{ $value }}", math.inf, "+Inf"),
        ("{{ $value | humanize }}", 1234567.0, "1.235M"),
        ("{{ $value | humanize }}", 0.00012, "120u"),
        ("{{ $value | humanize }}", 0.0, "0"),
        ("{{ $value | humanizePercentage }}", 0.0215, "2.15%"),
        ("{{ $value | humanizeDuration }}", 0.5, "500ms"),
        ("{{ $value | humanizeDuration }}", 59.5, "59.5s"),
        ("{{ $value | humanizeDuration }}", -3725.0, "-1h 2m 5s"),
        ("{{ $value | humanizeDuration }}", 90061.0, "1d 1h 1m 1s"),
        ('{{ printf "%.2f of 100%%" $value }}', 1.005, "1.00 of 100%"),
        ("a {{ $labels.x }} b {{- $labels.y -}} c", 0.0, "a X bc"),
    ],
)
def test_templates(template: str, value: float, expected: str) -> None:
    assert Template(template).expand({"x": "X"}, value) == expected


@pytest.mark.parametrize(
    "template", ["{{ $val }}", "{{ query `up` }}", "{{ $value | title }}", "{{ $value", "a }} b"]
)
def test_templates_outside_the_subset_are_refused(template: str) -> None:
    with pytest.raises(UsageError, match=r"supported are|do not pair"):
        Template(template)
