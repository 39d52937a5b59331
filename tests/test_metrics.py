from __future__ import annotations

import re

import pytest

from twin.errors import CrashError, UnknownName
from twin.monitoring.metrics import Metrics, MetricSpec, metric_table
from twin.monitoring.registry import Registry
from twin.monitoring.series import SeriesStore


def registry() -> Registry:
    return Registry(SeriesStore())


def test_names_keep_to_the_conventions() -> None:
    for name, spec in metric_table().items():
        assert re.fullmatch(r"fictra_[a-z]+(_[a-z]+)+", name), name
        assert name.endswith("_total") == (spec.kind == "counter"), name
        assert spec.help, name
        assert spec.unit, name
        if spec.unit == "seconds":
            assert name.endswith("_seconds"), name
        for unit in ("_ms", "_minutes", "_percent", "_pips", "_micro"):
            assert unit not in name


def test_a_metric_is_declared_once() -> None:
    spec = MetricSpec("fictra_x", "gauge", "count", "X")
    with pytest.raises(CrashError, match="fictra_x is declared twice"):
        Metrics([spec, spec])


def test_an_undeclared_name_is_refused_with_the_nearest() -> None:
    with pytest.raises(UnknownName, match="did you mean 'fictra_pool_price_ratio'"):
        registry().series("fictra_pool_price_ration", {})


@pytest.mark.parametrize(
    ("labels", "message"),
    [
        ({}, "labels none; it takes feed, node"),
        ({"feed": "WTI"}, "labels feed; it takes feed, node"),
        ({"feed": "WTI", "node": "a", "x": "y"}, "labels feed, node, x; it takes feed, node"),
    ],
)
def test_wrong_labels_are_refused(labels: dict[str, str], message: str) -> None:
    with pytest.raises(CrashError, match=message):
        registry().series("fictra_oracle_report_usd", labels)


def test_a_series_that_disappears_is_stale_at_once_and_may_return() -> None:
    made = registry()
    handle = made.series("fictra_pool_price_ratio", {})
    seen = []
    for time, value in ((0, 1.0), (60, None), (120, None), (180, 2.0)):
        made.begin(time)
        if value is not None:
            handle.set(value)
        made.finish()
        found = handle.series.at(time)
        seen.append(None if found is None else found[1])
    assert seen == [1.0, None, None, 2.0]
    assert list(handle.series.times) == [0, 60, 180]


def test_a_handle_is_the_same_for_the_same_labels() -> None:
    made = registry()
    assert made.series("fictra_venue_up", {"venue": "a"}) is made.series(
        "fictra_venue_up", {"venue": "a"}
    )


def test_a_held_value_is_exposed_at_every_scrape_until_it_is_hidden() -> None:
    made = registry()
    pages = made.held("fictra_pages_total", {})
    series = made.store.series("fictra_pages_total")
    for time in (0, 60):
        made.begin(time)
        made.finish()
    pages.add()
    made.begin(120)
    made.finish()
    assert (list(series.times), list(series.values)) == ([0, 60, 120], [0.0, 0.0, 1.0])
    pages.value = None
    made.begin(180)
    made.finish()
    assert series.at(180) is None
    assert made.held("fictra_pages_total", {}) is pages
    assert made.samples == 3
