"""The real thing judges: Prometheus' own promtool evaluates what ours evaluates."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml

from twin.monitoring.alerts import AlertingRule, Board, RecordingRule
from twin.monitoring.promql import compile_expression
from twin.monitoring.rules import Group, Rule, RuleSet, default_rules
from twin.monitoring.series import SeriesStore

PROMTOOL = shutil.which("promtool")
STEP = 60
Points = list[float | str]

needs_promtool = pytest.mark.skipif(
    PROMTOOL is None, reason="promtool is not installed (Debian package prometheus)"
)


def judge(tmp_path: Path, tests: dict[str, Any], rules: RuleSet | None = None) -> None:
    document: dict[str, Any] = {"evaluation_interval": "1m", "tests": [tests]}
    if rules is not None:
        (tmp_path / "rules.yml").write_text(json.dumps(rule_file(rules)), "utf-8")
        document["rule_files"] = ["rules.yml"]
    path = tmp_path / "tests.yml"
    path.write_text(yaml.safe_dump(document, width=10**6), "utf-8")
    assert PROMTOOL is not None
    done = subprocess.run(
        [PROMTOOL, "test", "rules", str(path)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-4000:]


def rule_file(rules: RuleSet) -> dict[str, Any]:
    return {
        "groups": [
            {"name": f"{group.name}{place}", "rules": [plain(rule) for rule in group.rules]}
            for place, group in enumerate(rules.groups)
        ]
    }


def plain(rule: Rule) -> dict[str, Any]:
    made: dict[str, Any] = {rule.kind: rule.name, "expr": rule.expr, "labels": dict(rule.labels)}
    if rule.kind == "alert":
        made |= {
            "for": f"{rule.hold}s",
            "keep_firing_for": f"{rule.keep_firing}s",
            "annotations": dict(rule.annotations),
        }
    return made


def inputs(series: Mapping[str, Points]) -> dict[str, Any]:
    return {
        "interval": f"{STEP}s",
        "input_series": [
            {"series": name, "values": " ".join(map(str, points))}
            for name, points in series.items()
        ],
    }


def feed(store: SeriesStore, name: str, place: int, point: float | str) -> None:
    metric, _, rest = name.partition("{")
    pairs = (pair.split("=") for pair in rest.rstrip("}").split(",") if pair)
    series = store.series(metric, {key: value.strip('"') for key, value in pairs})
    if point == "stale":
        series.mark_stale(place * STEP)
    elif point != "_":
        series.append(place * STEP, float(point))


def selector_text(labels: Mapping[str, str]) -> str:
    inner = ",".join(f'{k}="{v}"' for k, v in labels.items() if k != "__name__")
    return f"{labels.get('__name__', '')}{{{inner}}}"


def random_points(chance: np.random.Generator, kind: str, size: int) -> Points:
    values: Points = []
    level = 0.0
    for _ in range(size):
        luck = chance.random()
        level = level + float(chance.integers(0, 20)) if kind == "counter" else level
        if kind == "counter" and luck < 0.04:
            level = float(chance.integers(0, 5))
        if kind == "gauge":
            level = round(float(chance.normal(10, 6)), 3)
        if luck > 0.97:
            values.append("stale")
        elif luck > 0.88:
            values.append("_")
        else:
            values.append(level)
    return values


def random_series(seed: int, size: int = 90) -> dict[str, Points]:
    chance = np.random.Generator(np.random.PCG64(seed))
    names = {
        'requests_total{job="a",node="1"}': "counter",
        'requests_total{job="a",node="2"}': "counter",
        'requests_total{job="b",node="1"}': "counter",
        'price{feed="WTI"}': "gauge",
        'price{feed="XAU"}': "gauge",
        'reference{commodity="WTI"}': "gauge",
        'reference{commodity="XAU"}': "gauge",
        'weight{job="a"}': "gauge",
        'weight{job="b"}': "gauge",
        "lonely": "gauge",
        **{f'spent_bucket{{le="{bound}"}}': "counter" for bound in ("0.1", "1", "5", "+Inf")},
    }
    return {name: random_points(chance, kind, size) for name, kind in names.items()}


EXPRESSIONS = (
    "price",
    'price{feed!="WTI"}',
    'requests_total{job=~"a|c",node!~"2.*"}',
    "price offset 7m",
    "rate(requests_total[5m])",
    "rate(requests_total[7m] offset 3m)",
    "increase(requests_total[10m])",
    "delta(price[10m])",
    "avg_over_time(price[6m])",
    "min_over_time(price[6m])",
    "max_over_time(price[6m])",
    "sum_over_time(price[6m])",
    "count_over_time(price[6m])",
    "last_over_time(price[6m])",
    "stddev_over_time(price[6m])",
    "changes(price[9m])",
    "absent(lonely)",
    'absent(lonely{a="1",b=~"2"})',
    'absent_over_time(lonely{a="1"}[5m])',
    "absent_over_time(lonely[1m])",
    "abs(price - 10)",
    "clamp(price, 5, 12)",
    "clamp_min(price, 8)",
    "clamp_max(price, 8)",
    "clamp(price, 8, 5)",
    "round(price)",
    "round(price, 0.25)",
    "ceil(price)",
    "floor(price)",
    "time() - timestamp(price)",
    "timestamp(price + 1)",
    "price > 10",
    "10 < price",
    "price >= bool 10",
    "2 ^ 3 % 5 - -1",
    "price % 4",
    "-price",
    'price / on(feed) label_replace(reference, "feed", "$1", "commodity", "(.*)")',
    'abs(price / on(feed) label_replace(reference, "feed", "$1", "commodity", "(.*)") - 1) > 0.5',
    "requests_total * on(job) group_left() weight",
    "weight * on(job) group_right() requests_total",
    "requests_total > on(job) group_left() weight",
    "sum by (job) (requests_total) / on(job) weight",
    "requests_total and on(job) weight > 8",
    "requests_total unless on(job) weight > 8",
    "price > 12 or price < 8",
    "price or lonely",
    "sum(requests_total)",
    "sum by (job) (requests_total)",
    "sum without (node) (requests_total)",
    "avg(requests_total) by (node)",
    "min(price)",
    "max(price)",
    "count by (job) (requests_total)",
    "topk(2, requests_total)",
    "topk by (job) (1, requests_total)",
    "price == price",
    "price != bool 3",
    "scalar(lonely) + 1",
    "vector(scalar(price))",
    "price > scalar(lonely)",
    '{__name__=~"price|lonely"}',
    "irate(requests_total[5m])",
    "idelta(price[5m])",
    "deriv(price[11m])",
    "predict_linear(price[11m], 900)",
    "predict_linear(price[11m] offset 2m, 900)",
    "resets(requests_total[30m])",
    "present_over_time(lonely[3m])",
    "stdvar_over_time(price[6m])",
    "quantile_over_time(0.9, price[12m])",
    "quantile_over_time(-1, price[12m])",
    "sgn(price - 10)",
    "quantile(0.5, requests_total)",
    "quantile by (job) (0.25, requests_total)",
    "bottomk(2, requests_total)",
    "group by (job) (requests_total)",
    "round(stddev(requests_total), 1e-9)",  # the last bit hangs on the order of the series
    "round(stdvar by (job) (requests_total), 1e-6)",
    "histogram_quantile(0.9, spent_bucket)",
    "histogram_quantile(0.5, sum by (le) (rate(spent_bucket[10m])))",
    "max_over_time(rate(requests_total[5m])[20m:1m])",
    "min_over_time(sum by (job) (requests_total)[10m:2m])",
    "avg_over_time((price > 8)[15m:90s] offset 3m)",
    "absent_over_time((lonely > 16)[5m:1m])",
    "quantile_over_time(0.5, (price * 2)[12m:1m])",
    "deriv(sum(price)[10m:1m])",
    "max_over_time(max_over_time(price[4m])[10m:30s])",
)


@needs_promtool
@pytest.mark.parametrize("seed", range(3))
def test_expressions_agree_with_promtool(seed: int, tmp_path: Path) -> None:
    series = random_series(seed)
    store = SeriesStore()
    for name, points in series.items():
        for place, point in enumerate(points):
            feed(store, name, place, point)
    tests = inputs(series)
    tests["promql_expr_test"] = [
        {
            "expr": text,
            "eval_time": f"{time}s",
            "exp_samples": [
                {"labels": selector_text(labels), "value": value}
                for labels, value in compile_expression(text, store).at(time)
                if value == value  # noqa: PLR0124 - promtool cannot expect NaN
            ],
        }
        for text in EXPRESSIONS
        for time in (0, 60, 299, 300, 301, 617, 1200, 2400, 3600, 5340, 5639, 5640, 5641)
        if not (text.startswith(("vector(scalar", "scalar")))
    ]
    judge(tmp_path, tests)


def alert(name: str, expr: str, hold: int = 0, keep: int = 0) -> Rule:
    return Rule(
        kind="alert",
        name=name,
        expr=expr,
        hold=hold,
        keep_firing=keep,
        labels={"severity": "P2", "who": "{{ $labels.feed }}-x"},
        annotations={
            "summary": "{{ $labels.feed }} at {{ $value }}, {{ $value | humanize }}",
            "detail": '{{ printf "%.3f" $value }} {{ $value | humanizePercentage }} '
            "{{ $value | humanizeDuration }}",
        },
    )


RULES = RuleSet(
    (
        Group(
            "one",
            0,
            (
                Rule(kind="record", name="feed:price:scaled", expr="price * 1e5 / 3",
                     labels={"via": "rule"}),
                alert("Now", "price > 14"),
                alert("Held", "price > 8", hold=180),
                alert("Kept", "price > 14", keep=240),
                alert("Both", "price > 9", hold=120, keep=120),
                alert("Recorded", "feed:price:scaled > 4e5"),
                alert("Chained", 'ALERTS{alertname="Now",alertstate="firing"} == 1', hold=60),
                alert("Rare", "price < 0.5"),
                alert("Absent", "absent(lonely)"),
            ),
        ),
    )
)  # fmt: skip


def run_rules(
    rules: RuleSet, series: Mapping[str, Points], size: int
) -> dict[int, list[tuple[str, dict[str, str], dict[str, str]]]]:
    store = SeriesStore()
    made: list[AlertingRule | RecordingRule] = [
        AlertingRule(rule, store, lambda *_: None)
        if rule.kind == "alert"
        else RecordingRule(rule, store)
        for rule in rules.rules
    ]
    board = Board(rule for rule in made if isinstance(rule, AlertingRule))
    firing = {}
    for place in range(size):
        for name, points in series.items():
            feed(store, name, place, points[place])
        for rule in made:
            rule.evaluate(place * STEP)
        firing[place * STEP] = [
            (one.rule, dict(one.labels), dict(one.annotations)) for one in board.firing()
        ]
    return firing


def alert_tests(
    names: Sequence[str], firing: Mapping[int, list[tuple[str, dict[str, str], dict[str, str]]]]
) -> list[dict[str, Any]]:
    return [
        {
            "alertname": name,
            "eval_time": f"{time}s",
            "exp_alerts": [
                {"exp_labels": labels, "exp_annotations": notes}
                for rule, labels, notes in found
                if rule == name
            ],
        }
        for time, found in firing.items()
        for name in names
    ]


@needs_promtool
@pytest.mark.parametrize("seed", range(3))
def test_alerts_agree_with_promtool_at_every_step(seed: int, tmp_path: Path) -> None:
    series = random_series(seed + 100)
    firing = run_rules(RULES, series, 90)
    names = [rule.name for rule in RULES.rules if rule.kind == "alert"]
    assert {name for found in firing.values() for name, _, _ in found} == set(names)
    tests = inputs(series)
    tests["alert_rule_test"] = alert_tests(names, firing)
    judge(tmp_path, tests, RULES)


@needs_promtool
def test_shipped_rules_are_valid_for_promtool() -> None:
    folder = Path(default_rules().rules[0].file).parent
    files = [str(path) for path in sorted(folder.glob("*.yml"))]
    assert PROMTOOL is not None
    done = subprocess.run(
        [PROMTOOL, "check", "rules", *files], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
