"""promtool as the other judge of a run: it confirms what is right and catches what is not."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import world_lab as lab

from twin.errors import JudgesDisagree, UsageError
from twin.monitoring import promtool
from twin.monitoring.promtool import judge
from twin.monitoring.rules import RuleSet
from twin.monitoring.series import Series, SeriesStore

needs_promtool = pytest.mark.skipif(
    shutil.which("promtool") is None, reason="promtool is not installed (prometheus)"
)
STEP = 300


@pytest.fixture(scope="module")
def run() -> tuple[SeriesStore, RuleSet, int]:
    """A world in which a vendor errs, so that alerts come and go."""
    scale = lab.fault("unit", "source-scale", "2h", "5h", source="albion", numerator=3)
    death = lab.fault("dead", "source-death", "6h", source="corvus")
    made = lab.stage(agents=lab.NODES, sealed={"faults": [scale, death]}).run(10 * lab.HOUR)
    monitor = made.world.monitor
    return monitor.store, monitor.rules, made.world.clock.start


@needs_promtool
def test_promtool_confirms_every_evaluation_of_a_run(
    run: tuple[SeriesStore, RuleSet, int], tmp_path: Path
) -> None:
    store, rules, start = run
    agreed = judge(store, rules, tmp_path, start=start, interval=STEP)
    assert agreed.evaluations == 10 * lab.HOUR // STEP
    assert agreed.transitions >= 3
    assert agreed.samples > agreed.evaluations


def changed(rules: RuleSet, **fields: Any) -> RuleSet:
    """Return *rules* with other fields for the alert about too few sources."""
    return RuleSet(tuple(
        replace(group, rules=tuple(
            replace(rule, **fields) if rule.name == "OracleSourcesLow" else rule
            for rule in group.rules
        ))
        for group in rules.groups
    ))  # fmt: skip


@needs_promtool
@pytest.mark.parametrize(
    "fields",
    [{"hold": 1200}, {"expr": "fictra_oracle_sources < 2"}, {"labels": {"severity": "P4"}}],
    ids=["for", "threshold", "labels"],
)
def test_promtool_catches_a_run_whose_rules_were_evaluated_wrong(
    run: tuple[SeriesStore, RuleSet, int], tmp_path: Path, fields: dict[str, Any]
) -> None:
    store, rules, start = run
    with pytest.raises(JudgesDisagree, match=r"differ at \d+ evaluations") as caught:
        judge(store, changed(rules, **fields), tmp_path, start=start, interval=STEP)
    assert "promtool test rules" in str(caught.value)
    assert caught.value.exit_code == 5


def series(*points: tuple[int, float], name: str = "fictra_x") -> Series:
    store = SeriesStore()
    made = store.series(name, {"a": 'q"'})
    for time, value in points:
        made.append(time, value)
    return made


@pytest.mark.parametrize(
    ("points", "name", "shown"),
    [
        ([(100, 1.0), (110, 1.0), (120, 1.0), (150, 2.5)], "x", "1.0+0x2 _x2 2.5"),
        ([(120, 7.0)], "x", "_x2 7.0"),
        ([(100, 3.0), (110, float("nan")), (120, float("inf"))], "x", "3.0 NaN Inf"),
        ([(100, 103.0)], "fictra_y_timestamp_seconds", "3.0"),
    ],
)
def test_samples_in_the_notation_of_promtool(
    points: list[tuple[int, float]], name: str, shown: str
) -> None:
    assert promtool._values(series(*points, name=name), start=100, interval=10) == shown


def test_a_series_that_ended_is_marked() -> None:
    made = series((100, 1.0))
    made.mark_stale(110)
    assert promtool._values(made, start=100, interval=10) == "1.0 stale"
    assert promtool._selector(made) == 'fictra_x{a="q\\""}'


def test_what_cannot_be_judged_is_refused(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="nothing to judge"):
        promtool.test_file(SeriesStore(), RuleSet(()), start=0, interval=10)
    store = SeriesStore()
    store.series("x").append(5, 1.0)
    with pytest.raises(UsageError, match="lies between two scrapes"):
        promtool.test_file(store, RuleSet(()), start=0, interval=10)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(UsageError, match="install Prometheus"):
        promtool.find_promtool()


def test_the_rules_go_over_as_they_are(run: tuple[SeriesStore, RuleSet, int]) -> None:
    _, rules, _ = run
    written = json.loads(json.dumps(promtool.rule_file(rules)))
    names = [
        rule.get("alert") or rule["record"]
        for group in written["groups"]
        for rule in group["rules"]
    ]
    assert names == rules.names
    assert sorted(group["name"] for group in written["groups"]) == [
        group["name"] for group in written["groups"]
    ]
