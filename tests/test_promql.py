from __future__ import annotations

import math

import pytest

from twin.errors import UsageError
from twin.monitoring.promql import SUPPORTED, compile_expression
from twin.monitoring.promql.ranges import total
from twin.monitoring.series import STALE, SeriesStore

Vector = dict[str, float]


def store() -> SeriesStore:
    made = SeriesStore()
    rows: dict[tuple[str, str], list[tuple[int, float]]] = {
        ("c", "x=1"): [(0, 0), (60, 60), (120, 120), (180, 180), (240, 240), (300, 300)],
        # a counter that is reset between 120 and 180
        ("c", "x=2"): [(0, 100), (60, 130), (120, 160), (180, 20), (240, 50), (300, 80)],
        ("g", "x=1"): [(0, 1), (60, 3), (120, 2), (180, 2), (240, 6), (300, 4)],
        ("g", "x=2"): [(0, 7), (60, STALE), (120, 5)],
        ("w", "x=1,y=a"): [(300, 10)],
        ("w", "x=1,y=b"): [(300, 20)],
        ("h", "x=1"): [(300, 2)],
        ("h", "x=3"): [(300, 3)],
    }
    for (name, labels), points in rows.items():
        pairs = dict(pair.split("=") for pair in labels.split(","))
        for time, value in points:
            made.series(name, pairs).append(time, value)
    return made


def show(text: str, time: int = 300) -> Vector:
    found = compile_expression(text, store()).at(time)
    made = {}
    for labels, value in found:
        inner = ",".join(f"{key}={labels[key]}" for key in sorted(labels) if key != "__name__")
        made[labels.get("__name__", "") + "{" + inner + "}"] = value
    return made


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        # selectors: the name stays, the lookback is five minutes, stale is gone
        ("g", {"g{x=1}": 4, "g{x=2}": 5}),
        ('g{x!="2"}', {"g{x=1}": 4}),
        ("g offset 3m", {"g{x=1}": 2, "g{x=2}": 5}),
        ("g offset 4m", {"g{x=1}": 3}),
        ('{__name__=~"g|h",x="1"}', {"g{x=1}": 4, "h{x=1}": 2}),
        ("nothing", {}),
        # scalars
        ("1 + 2 * 3 ^ 2", {"{}": 19}),
        ("-2 ^ 2", {"{}": -4}),
        ("7 % 4 - 9 / 2", {"{}": -1.5}),
        ("-7 % 4", {"{}": -3}),
        ("1 > bool 2", {"{}": 0}),
        ("time()", {"{}": 300}),
        ("1 / 0", {"{}": math.inf}),
        ("-1 / 0", {"{}": -math.inf}),
        ("-8 ^ 400", {"{}": -math.inf}),
        # arithmetic drops the name, filtering comparisons keep it and the vector's value
        ("g * 2", {"{x=1}": 8, "{x=2}": 10}),
        ("2 - g", {"{x=1}": -2, "{x=2}": -3}),
        ("g > 4", {"g{x=2}": 5}),
        ("4 < g", {"g{x=2}": 5}),
        ("g > bool 4", {"{x=1}": 0, "{x=2}": 1}),
        ("-g", {"{x=1}": -4, "{x=2}": -5}),
        ("abs(-g)", {"{x=1}": 4, "{x=2}": 5}),
        ("ln(exp(h))", {"{x=1}": pytest.approx(2), "{x=3}": pytest.approx(3)}),
        ("ln(h - h)", {"{x=1}": -math.inf, "{x=3}": -math.inf}),
        ("exp(h * 1000)", {"{x=1}": math.inf, "{x=3}": math.inf}),
        ("clamp(g, 4.5, 10)", {"{x=1}": 4.5, "{x=2}": 5}),
        ("clamp(g, 10, 4.5)", {}),
        ("clamp_max(g, 4.5)", {"{x=1}": 4, "{x=2}": 4.5}),
        ("clamp_min(g, 4.5)", {"{x=1}": 4.5, "{x=2}": 5}),
        ("round(g / 8)", {"{x=1}": 1, "{x=2}": 1}),
        ("round(g / 8, 0.25)", {"{x=1}": 0.5, "{x=2}": 0.75}),
        ("timestamp(g)", {"{x=1}": 300, "{x=2}": 120}),
        ("timestamp((g + 0))", {"{x=1}": 300, "{x=2}": 300}),
        # windows are closed on both sides: [0, 300] holds six samples
        ("count_over_time(c[5m])", {"{x=1}": 6, "{x=2}": 6}),
        ("count_over_time(c[299s])", {"{x=1}": 5, "{x=2}": 5}),
        ("count_over_time(g[5m])", {"{x=1}": 6, "{x=2}": 2}),
        ("sum_over_time(g[5m])", {"{x=1}": 18, "{x=2}": 12}),
        ("avg_over_time(g[5m])", {"{x=1}": 3, "{x=2}": 6}),
        ("min_over_time(g[5m])", {"{x=1}": 1, "{x=2}": 5}),
        ("max_over_time(g[5m])", {"{x=1}": 6, "{x=2}": 7}),
        ("last_over_time(g[5m])", {"g{x=1}": 4, "g{x=2}": 5}),
        ("stddev_over_time(g[5m])", {"{x=1}": pytest.approx((16 / 6) ** 0.5), "{x=2}": 1}),
        ("changes(g[5m])", {"{x=1}": 4, "{x=2}": 1}),
        # the whole window is sampled: no extrapolation
        ("increase(c[5m])", {"{x=1}": 300, "{x=2}": 140}),
        ("rate(c[5m])", {"{x=1}": 1, "{x=2}": pytest.approx(140 / 300)}),
        # a start above zero: 60 s before the first sample is under 1.1 x 60 s, so to the edge;
        # the reset adds 160, (80 - 130) + 160 = 110 over 240 s
        ("increase(c[299s])", {"{x=1}": 299, "{x=2}": pytest.approx(110 * 299 / 240)}),
        # a window twice as long: half an interval is added, but no counter goes below zero
        ("increase(c[10m])", {"{x=1}": 300, "{x=2}": pytest.approx(140 * 330 / 300)}),
        ("delta(g[5m])", {"{x=1}": 3, "{x=2}": pytest.approx(-2 * 180 / 120)}),
        ("rate(h[5m])", {}),
        ("irate(c[5m])", {"{x=1}": 1, "{x=2}": 0.5}),
        ("irate(c[2m] offset 2m)", {"{x=1}": 1, "{x=2}": pytest.approx(20 / 60)}),
        ("idelta(g[5m])", {"{x=1}": -2, "{x=2}": -2}),
        ("resets(c[5m])", {"{x=1}": 0, "{x=2}": 1}),
        ("deriv(c[5m])", {"{x=1}": 1, "{x=2}": pytest.approx(-8 / 35)}),
        ("predict_linear(c[5m], 60)", {"{x=1}": 360, "{x=2}": pytest.approx(42)}),
        ("quantile_over_time(0.5, g[5m])", {"{x=1}": 2.5, "{x=2}": 6}),
        ("quantile_over_time(2, g[5m])", {"{x=1}": math.inf, "{x=2}": math.inf}),
        # a subquery looks at every multiple of its step, both ends included
        ("count_over_time(c[4m:1m])", {"{x=1}": 5, "{x=2}": 5}),
        ("count_over_time(c[4m:40s])", {"{x=1}": 6, "{x=2}": 6}),
        ("max_over_time(sum(c)[5m:1m])", {"{}": 380}),
        ("last_over_time(g[2m:1m])", {"g{x=1}": 4, "g{x=2}": 5}),
        ("max_over_time(max_over_time(g[1m])[5m:2m] offset 1m)", {"{x=1}": 6, "{x=2}": 7}),
        ("absent_over_time(nothing[5m:1m])", {"{}": 1}),
        # matching
        ("g + h", {"{x=1}": 6}),
        ("g > h", {"g{x=1}": 4}),
        ("g > on(x) h", {"{x=1}": 4}),
        ("g == bool on(x) h", {"{x=1}": 0}),
        ("g + ignoring(x) (h > 2)", None),
        ("w / on(x) group_left() h", {"{x=1,y=a}": 5, "{x=1,y=b}": 10}),
        ("h * on(x) group_right() w", {"{x=1,y=a}": 20, "{x=1,y=b}": 40}),
        ("h < on(x) group_right() w", {"w{x=1,y=a}": 2, "w{x=1,y=b}": 2}),
        ('h + on(x) group_left(y) w{y="a"}', {"{x=1,y=a}": 12}),
        # sets
        ("g and h", {"g{x=1}": 4}),
        ("g unless h", {"g{x=2}": 5}),
        ("h or g", {"h{x=1}": 2, "h{x=3}": 3, "g{x=2}": 5}),
        ("w and on() h", {"w{x=1,y=a}": 10, "w{x=1,y=b}": 20}),
        ("w unless on(x) h", {}),
        # aggregation
        ("sum(w)", {"{}": 30}),
        ("sum by (y) (w)", {"{y=a}": 10, "{y=b}": 20}),
        ("avg without (y) (w)", {"{x=1}": 15}),
        ("min by (x) (w)", {"{x=1}": 10}),
        ("max(w) by (none)", {"{}": 20}),
        ('count by (__name__) ({__name__=~"g|h"})', {"g{}": 2, "h{}": 2}),
        ("topk(1, w)", {"w{x=1,y=b}": 20}),
        ("topk(0, w)", {}),
        ("topk by (y) (5, w)", {"w{x=1,y=a}": 10, "w{x=1,y=b}": 20}),
        ("sum(nothing)", {}),
        ("bottomk(1, w)", {"w{x=1,y=a}": 10}),
        ("group(w)", {"{}": 1}),
        ("stddev(w)", {"{}": 5}),
        ("stdvar(w)", {"{}": 25}),
        ("quantile(0.25, w)", {"{}": 12.5}),
        # absence
        ("absent(g)", {}),
        ('absent(nothing{a="1",b=~"2",c!="3"})', {"{a=1}": 1}),
        ('absent(nothing{a="1",a="2"})', {"{}": 1}),
        ("absent(g > 100)", {"{}": 1}),
        ("absent_over_time(nothing[5m])", {"{}": 1}),
        ("absent_over_time(g[5m])", {}),
        # conversions
        ('scalar(h{x="3"}) + 1', {"{}": 4}),
        ("vector(2)", {"{}": 2}),
        ('label_replace(h, "f", "${1}-$2", "x", "(.)(.*)")', {"h{f=1-,x=1}": 2, "h{f=3-,x=3}": 3}),
        ('label_replace(h, "f", "n", "x", "1")', {"h{f=n,x=1}": 2, "h{x=3}": 3}),
        ('label_replace(h{x="1"}, "x", "", "x", ".*")', {"h{}": 2}),
    ],
)
def test_semantics(text: str, expected: Vector | None) -> None:
    if expected is None:
        with pytest.raises(UsageError, match="multiple matches"):
            show(text)
    else:
        assert show(text) == expected


@pytest.mark.parametrize(
    ("time", "expected"),
    [(-1, {}), (0, {"g{x=1}": 1, "g{x=2}": 7}), (59, {"g{x=1}": 1, "g{x=2}": 7}),
     (60, {"g{x=1}": 3}), (119, {"g{x=1}": 3}), (420, {"g{x=1}": 4, "g{x=2}": 5}),
     (421, {"g{x=1}": 4}), (600, {"g{x=1}": 4}), (601, {})],
)  # fmt: skip
def test_staleness_and_lookback(time: int, expected: Vector) -> None:
    assert show("g", time) == expected


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("g + on() h", "found duplicate series for the match group {} on the right"),
        ("h + on(x) w", "found duplicate series for the match group"),
        ("w + on(x) h", "many-to-one matching must be explicit"),
        ("w + on(x) group_left(y) h", "grouping labels must ensure unique matches"),
        ('-{__name__=~"g|h"}', "same labelset"),
        ('rate({__name__=~"c|g"}[5m])', "same labelset"),
        ("(g or h) * 2 + 0", None),
        ('label_replace(h, "x", "1", "x", ".*")', "same labelset"),
    ],
)
def test_matching_errors(text: str, message: str | None) -> None:
    if message is None:
        show(text)
    else:
        with pytest.raises(UsageError, match=message):
            show(text)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("sort(g)", r"function sort\(\) is not supported here; supported: abs, absent"),
        ("hour()", r"function hour\(\)"),
        ("log2(g)", r"function log2\(\)"),
        ("max_over_time(g[5m:])", "a subquery without a step"),
        ("max_over_time(g[5m:1m] @ 100)", "the @ modifier"),
        (
            'count_values("v", g)',
            "aggregation count_values is not supported here; supported: avg, count",
        ),
        ("g @ 100", "the @ modifier"),
        ("g atan2 h", "operator atan2"),
        ('g{x="1" or x="2"}', "`or` between matchers"),
        ("g[5m]", "MatrixSelector as a value"),
        ('"text"', "StringLiteral as a value"),
        ("g offset 500ms", "whole seconds"),
        ("rate(g)", "expected type matrix"),
        ("g{", "unexpected end of input"),
        ("1 > 2", "must use BOOL"),
        ("", "no expression"),
        ("nope(g)", "unknown function"),
    ],
)
def test_what_is_outside_the_subset_is_refused_when_compiled(text: str, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        compile_expression(text, SeriesStore())


def test_every_supported_function_is_reached() -> None:
    made = store()
    special = {"time": "time()", "vector": "vector(1)", "scalar": "scalar(g)",
               "label_replace": 'label_replace(g, "a", "b", "x", ".*")',
               "clamp": "clamp(g, 1, 2)", "clamp_min": "clamp_min(g, 1)",
               "clamp_max": "clamp_max(g, 1)",
               "quantile_over_time": "quantile_over_time(0.5, g[5m])",
               "predict_linear": "predict_linear(g[5m], 60)",
               "histogram_quantile": "histogram_quantile(0.5, g)"}  # fmt: skip
    ranges = ("rate", "increase", "delta", "changes", "deriv", "idelta", "irate", "resets")
    for name in SUPPORTED:
        plain = f"{name}(g[5m])" if name.endswith("_over_time") or name in ranges else f"{name}(g)"
        compile_expression(special.get(name, plain), made).at(300)


def test_a_series_born_later_is_found() -> None:
    made = SeriesStore()
    expression = compile_expression("late > 1", made)
    assert expression.at(10) == []
    made.series("late", {"x": "1"}).append(10, 2.0)
    assert expression.at(10) == [({"__name__": "late", "x": "1"}, 2.0)]


def test_results_come_sorted_by_labels_and_name_what_they_read() -> None:
    made = SeriesStore()
    for value in ("b", "c", "a"):
        made.series("m", {"x": value}).append(0, 1.0)
    expression = compile_expression("m / on(x) m", made)
    assert [labels["x"] for labels, _ in expression.at(0)] == ["a", "b", "c"]
    assert expression.names == ["m"]


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([0.1] * 10, 1.0),
        ([1e16, 1.0, -1e16], 1.0),
        ([1e308, 1e308], math.inf),
        ([math.inf, 1.0], math.inf),
        ([math.inf, -math.inf], math.nan),
    ],
)
def test_sums_are_exact_and_follow_ieee(values: list[float], expected: float) -> None:
    assert total(values) == pytest.approx(expected, rel=0, nan_ok=True)


def test_nan_is_a_value_that_loses_every_comparison() -> None:
    made = SeriesStore()
    made.series("n", {"x": "1"}).append(0, math.nan)
    made.series("n", {"x": "2"}).append(0, 1.0)

    def read(text: str) -> list[float]:
        return [value for _, value in compile_expression(text, made).at(0)]

    assert read("n > 0") == [1.0]
    assert read("max(n)") == [1.0]
    assert read("topk(1, n)") == [1.0]
    assert read("count(n)") == [2.0]
    assert math.isnan(read("max_over_time(n[1m])")[0])
