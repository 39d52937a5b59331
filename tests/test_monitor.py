from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pytest

from twin.clock import Clock
from twin.desk.port import Call, Desk, View
from twin.desk.steps import Finding
from twin.errors import ChainError, CrashError, UsageError
from twin.monitoring.collectors import Collector
from twin.monitoring.monitor import Monitor
from twin.monitoring.registry import Registry
from twin.monitoring.rules import Group, Rule, RuleSet, default_rules
from twin.monitoring.series import SeriesStore

START = 1_700_000_000
Log = list[tuple[int, str, str, str]]


class Gauge(Collector):
    """Writes what the test says: one number a scrape, None for a missing answer."""

    name = "gauge"
    calls: tuple[Call, ...] = (("Pool", "price", ()),)

    def __init__(self, registry: Registry, values: Sequence[float | None]) -> None:
        super().__init__(registry)
        self.values = list(values)
        self.handle = registry.series("fictra_pool_price_ratio", {})
        self.seen: list[Any] = []

    def collect(self, view: View | None, desk: Desk, answers: Sequence[Any]) -> None:
        self.seen.append(answers[0])
        value = self.values.pop(0) if self.values else 1.0
        if not self.known(answers[0]):
            return
        if value is None:
            self.missing()
        else:
            self.handle.set(value)


class QuietDesk:
    """A desk whose chain answers every call with 7, and its own views of nothing else."""

    def __init__(self) -> None:
        self.batches: list[Sequence[Call]] = []

    def at(self) -> QuietDesk:
        return self

    def batch(self, calls: Sequence[Call]) -> list[Any]:
        self.batches.append(calls)
        return [7] * len(calls)


class DeadNodeDesk(QuietDesk):
    """A desk whose node answers nothing."""

    def at(self) -> QuietDesk:
        raise ChainError("no route to the node")


def alert(name: str, expr: str, hold: int = 0) -> Rule:
    return Rule("alert", name, expr, hold, labels={"severity": "P2"})


def make(
    rules: Sequence[Rule],
    values: Sequence[float | None] = (),
    *,
    desk: QuietDesk | None = None,
    interval: int = 60,
) -> tuple[Monitor, Clock, Log]:
    clock, store, log = Clock(START), SeriesStore(), []
    registry = Registry(store)

    def hear(
        t: int, rule: Rule, labels: Mapping[str, str], old: str, new: str, value: float,
        notes: Mapping[str, str],
    ) -> None:  # fmt: skip
        assert (labels["severity"], notes, value == value) == ("P2", {}, True)  # noqa: PLR0124
        log.append((t - START, rule.name, old, new))

    monitor = Monitor(
        clock,
        desk or QuietDesk(),  # type: ignore[arg-type]  # as much of a desk as is asked
        registry=registry,
        store=store,
        rules=RuleSet((Group("one", 0, tuple(rules)),)),
        interval=interval,
        on_transition=hear,
        collectors=[Gauge(registry, values)],
    )
    monitor.start()
    return monitor, clock, log


def test_it_scrapes_and_evaluates_at_every_interval_from_the_start() -> None:
    rules = [alert("High", "fictra_pool_price_ratio > 2", hold=60)]
    monitor, clock, log = make(rules, [1, 3, 3, 3, 1])
    clock.run(START + 300)
    assert log == [
        (60, "High", "inactive", "pending"),
        (120, "High", "pending", "firing"),
        (240, "High", "firing", "resolved"),
    ]
    assert list(monitor.store.series("fictra_pool_price_ratio").values) == [1, 3, 3, 3, 1]
    assert (monitor.health.scrapes, monitor.health.evaluations) == (5, 5)
    assert monitor.health.transitions == 3


def test_what_fires_is_on_the_board() -> None:
    monitor, clock, _ = make([alert("High", "fictra_pool_price_ratio > 2")], [3, 3])
    clock.run(START + 61)
    (one,) = monitor.board.firing()
    assert (one.rule, one.since, one.value, one.severity) == ("High", START, 3.0, "P2")


def test_a_missing_answer_is_stale_at_once_and_shows_in_the_monitors_own_metrics() -> None:
    rules = [alert("Blind", "absent(fictra_pool_price_ratio)")]
    monitor, clock, log = make(rules, [1, None, 1])
    clock.run(START + 180)
    assert log == [(60, "Blind", "inactive", "firing"), (120, "Blind", "firing", "resolved")]
    at = {
        name: [monitor.query_at(f"fictra_scrape_{name}", START + t)[0][1] for t in (0, 60, 120)]
        for name in ("errors_total", "samples", "last_success_timestamp_seconds")
    }
    assert at == {
        "errors_total": [0, 1, 1],
        "samples": [1, 0, 1],
        "last_success_timestamp_seconds": [START, START, START + 120],
    }
    assert monitor.health.missing == 1


def test_a_node_that_does_not_answer_is_no_data_for_everybody() -> None:
    monitor, clock, log = make(
        [alert("Blind", "absent(fictra_pool_price_ratio)")], desk=DeadNodeDesk()
    )
    clock.run(START + 1)
    assert log == [(0, "Blind", "inactive", "firing")]
    assert monitor.query("fictra_scrape_errors_total") == [
        ({"__name__": "fictra_scrape_errors_total", "collector": "gauge"}, 1.0)
    ]


def test_all_contract_calls_are_one_batch_and_always_the_same_object() -> None:
    desk = QuietDesk()
    _, clock, _ = make([], desk=desk)
    clock.run(START + 121)
    assert len(desk.batches) == 3
    assert all(batch is desk.batches[0] for batch in desk.batches)
    assert desk.batches[0] == (("Pool", "price", ()),)


def test_queries_are_of_now_and_compiled_once() -> None:
    monitor, clock, _ = make([], [5])
    clock.run(START + 30)
    text = "time() - timestamp(fictra_pool_price_ratio)"
    assert monitor.query(text) == [({}, 30.0)]
    first = monitor._queries[text]
    monitor.query(text)
    assert monitor._queries == {text: first}
    with pytest.raises(UsageError, match="unknown function"):
        monitor.query("nope(1)")


def test_a_rule_that_fails_keeps_its_alerts_and_is_counted() -> None:
    rules = [
        alert("Twice", "fictra_check_problems > 0 or fictra_pool_price_ratio * 0 + 1"),
        alert("Clash", "fictra_check_runs_total * on(procedure) fictra_check_problems > 0"),
        alert("Failing", "fictra_rule_evaluation_failures_total > 0"),
    ]
    monitor, clock, log = make(rules)
    monitor.record_check("ME2", Finding("finding", "", problems={"a": 1, "b": 1}), START)
    clock.run(START + 61)
    assert monitor.health.failures == {"Clash": 2}
    assert "found duplicate series" in monitor.health.errors["Clash"]
    assert ("Failing", "inactive", "firing") in [one[1:] for one in log]


def test_rules_that_never_saw_their_metric_are_named() -> None:
    rules = [
        alert("Fine", "fictra_pool_price_ratio > 2"),
        alert("Never", "fictra_venue_up == 0"),
    ]
    monitor, clock, _ = make(rules)
    clock.run(START + 1)
    assert monitor.blind() == ["Never"]


def test_a_group_with_an_interval_waits_for_it() -> None:
    monitor, clock, _ = make([])
    seen: list[int] = []
    rules = RuleSet((Group("slow", 120, (alert("A", "vector(2)"), alert("B", "vector(1)"))),))
    made = Monitor(
        clock,
        QuietDesk(),  # type: ignore[arg-type]
        registry=monitor.registry,
        store=monitor.store,
        rules=rules,
        interval=60,
        on_transition=lambda t, *_: seen.append(t - START),
        collectors=[],
    )
    for now in range(START, START + 300, 60):
        made.evaluate(now)
    assert made.health.evaluations == 6


@pytest.mark.parametrize(
    ("findings", "expected"),
    [
        ([("ok", {"a": 0})], {"a": 0, "no-data": 0, "failed": 0}),
        ([("finding", {"a": 2}), ("ok", {})], {"a": 0, "no-data": 0, "failed": 0}),
        # a run that could not look clears nothing
        ([("finding", {"a": 2}), ("no-data", {"no-data": 1})], {"a": 2, "no-data": 1, "failed": 0}),
        ([("no-data", {}), ("finding", {"b": 1})], {"b": 1, "no-data": 0, "failed": 0}),
        ([("failed", {"reverted": 1}), ("ok", {"a": 0})],
         {"a": 0, "reverted": 0, "no-data": 0, "failed": 0}),
    ],
)  # fmt: skip
def test_checks_are_exposed_at_the_next_scrape(
    findings: list[tuple[Any, dict[str, int]]], expected: dict[str, float]
) -> None:
    monitor, clock, _ = make([])
    for place, (verdict, problems) in enumerate(findings):
        monitor.record_check(
            "ME4", Finding(verdict, "", problems=problems), START + place, interval=300
        )
    clock.run(START + 1)
    found = monitor.query('fictra_check_problems{procedure="ME4"}')
    assert {labels["item"]: value for labels, value in found} == expected
    runs = monitor.query("sum by (verdict) (fictra_check_runs_total) > 0")
    assert sum(value for _, value in runs) == len(findings)
    assert monitor.query("fictra_check_last_run_timestamp_seconds")[0][1] == (
        START + len(findings) - 1
    )
    assert monitor.query("fictra_check_interval_seconds")[0][1] == 300


def test_pages_are_counted() -> None:
    monitor, clock, _ = make([])
    monitor.count_page()
    clock.run(START + 1)
    monitor.count_page()
    clock.run(START + 61)
    assert monitor.query_at("increase(fictra_pages_total[1m])", START + 60) == [({}, 1.0)]


def test_an_interval_is_at_least_a_second() -> None:
    with pytest.raises(CrashError, match="a scrape interval of 0 s"):
        make([], interval=0)


def set_series(store: SeriesStore, text: str, value: float, time: int) -> None:
    name, _, rest = text.partition("{")
    pairs = (pair.split("=") for pair in rest.rstrip("}").split(",") if pair)
    store.series(name, dict(pairs)).append(time, value)


def row(name: str, fires: Mapping[str, float], quiet: Mapping[str, float]) -> Any:
    return pytest.param(name, fires, quiet, id=name)


@pytest.mark.parametrize(
    ("name", "fires", "quiet"),
    [
        row("ChainHalted", {"chain_head_timestamp_seconds": -300},
            {"chain_head_timestamp_seconds": 0}),
        row("ChainCongested", {"chain_utilisation_ratio": 0.99}, {"chain_utilisation_ratio": 0.9}),
        row("ConfirmationSlow", {"chain_confirmation_seconds": 181},
            {"chain_confirmation_seconds": 180}),
        row("PoolDepthLow", {"pool_depth_stable{level=5}": 24_000},
            {"pool_depth_stable{level=5}": 26_000, "pool_depth_stable{level=1}": 5_000}),
        row("PoolPriceOffPeg", {"pool_price_ratio": 0.97}, {"pool_price_ratio": 1.015}),
        row("PoolVenueGap", {"pool_price_ratio": 1, "venue_mid_ratio{venue=a}": 1.05},
            {"pool_price_ratio": 1, "venue_mid_ratio{venue=a}": 1.02}),
        row("OracleIndexDivergence",
            {"oracle_answer_usd{feed=WTI}": 83, "index_usd{commodity=WTI}": 80},
            {"oracle_answer_usd{feed=WTI}": 81, "index_usd{commodity=WTI}": 80}),
        row("OracleStale",
            {"oracle_updated_timestamp_seconds{feed=WTI}": -5401,
             "oracle_heartbeat_seconds{feed=WTI}": 3600},
            {"oracle_updated_timestamp_seconds{feed=WTI}": -5000,
             "oracle_heartbeat_seconds{feed=WTI}": 3600}),
        row("OracleSourcesLow", {"oracle_sources{feed=WTI}": 2}, {"oracle_sources{feed=WTI}": 3}),
        row("OracleSpread", {"oracle_spread_ratio{feed=WTI}": 0.06},
            {"oracle_spread_ratio{feed=WTI}": 0.05}),
        row("OracleBoundsLoose",
            {"oracle_max_answer_usd{feed=WTI}": 1700, "index_usd{commodity=WTI}": 80},
            {"oracle_max_answer_usd{feed=WTI}": 400, "index_usd{commodity=WTI}": 80}),
        row("IndexStale", {"index_timestamp_seconds{commodity=WTI}": -6000},
            {"index_timestamp_seconds{commodity=WTI}": 0}),
        row("FeeAtBound",
            {"fee_ratio{kind=swap}": 0.01, "fee_max_ratio{kind=swap}": 0.01,
             "fee_min_ratio{kind=swap}": 0.0005},
            {"fee_ratio{kind=swap}": 0.003, "fee_max_ratio{kind=swap}": 0.01,
             "fee_min_ratio{kind=swap}": 0.0005, "fee_ratio{kind=settlement}": 0.01,
             "fee_max_ratio{kind=settlement}": 0.01}),
        row("ContractPaused", {"contract_paused{contract=LiquidityPool}": 1},
            {"contract_paused{contract=LiquidityPool}": 0}),
        row("SupplyNearCap", {"pt_supply": 96, "pt_cap": 100}, {"pt_supply": 95, "pt_cap": 100}),
        row("VenueDown", {"venue_up{venue=a}": 0}, {"venue_up{venue=a}": 1}),
        row("VenueWideSpread", {"venue_spread_ratio{venue=a}": 0.03},
            {"venue_spread_ratio{venue=a}": 0.01}),
        row("OracleVerificationFailed", {"check_problems{procedure=ME4,item=divergence}": 1},
            {"check_problems{procedure=ME4,item=divergence}": 0,
             "check_problems{procedure=ME4,item=sources}": 1}),
        row("ExportVerificationFailed", {"check_problems{procedure=IO1,item=papers}": 1},
            {"check_problems{procedure=IO1,item=papers}": 0,
             "check_problems{procedure=IO1,item=no-data}": 1}),
        row("CheckWithoutData", {"check_problems{procedure=MP1,item=no-data}": 1},
            {"check_problems{procedure=MP1,item=head}": 1}),
        row("CheckStale",
            {"check_last_run_timestamp_seconds{procedure=ME4}": -7200,
             "check_interval_seconds{procedure=ME4}": 300},
            {"check_last_run_timestamp_seconds{procedure=ME4}": -7200,
             "check_interval_seconds{procedure=ME4}": 86400}),
        row("ScrapeFailing", {"scrape_last_success_timestamp_seconds{collector=pool}": -1000},
            {"scrape_last_success_timestamp_seconds{collector=pool}": 0}),
    ],
)  # fmt: skip
def test_shipped_rules_fire_and_stay_quiet(
    name: str, fires: Mapping[str, float], quiet: Mapping[str, float]
) -> None:
    assert name in firing(fires)
    assert name not in firing(quiet)


def firing(values: Mapping[str, float], *, steps: int = 100) -> set[str]:
    """Hold *values* for *steps* minutes (points in time move with the clock) and see what fires."""
    return firing_of(lambda _place: values, steps=steps)


def firing_of(values: Any, *, steps: int, step: int = 60) -> set[str]:
    clock, store, seen = Clock(START), SeriesStore(), set()
    monitor = Monitor(
        clock,
        QuietDesk(),  # type: ignore[arg-type]
        registry=Registry(store),
        store=store,
        rules=default_rules(),
        interval=step,
        on_transition=lambda _t, rule, _l, _o, new, *_: (
            seen.add(rule.name) if new == "firing" else None
        ),
        collectors=[],
    )
    for place in range(steps):
        now = START + place * step
        for text, value in values(place).items():
            moving = "timestamp_seconds" in text
            set_series(store, f"fictra_{text}", now + value if moving else value, now)
        monitor.evaluate(now)
    assert monitor.health.failures == {}
    return seen


@pytest.mark.parametrize(
    ("name", "fires", "quiet"),
    [
        row("RevertsHigh", {"chain_reverted_transactions_total": 3, "chain_transactions_total": 9},
            {"chain_reverted_transactions_total": 1, "chain_transactions_total": 9}),
        row("RuleEvaluationFailing", {"rule_evaluation_failures_total": 1},
            {"rule_evaluation_failures_total": 0}),
    ],
)  # fmt: skip
def test_shipped_rules_on_rates(
    name: str, fires: Mapping[str, float], quiet: Mapping[str, float]
) -> None:
    for rates, expected in ((fires, True), (quiet, False)):
        found = firing_of(
            lambda place, rates=rates: {text: rate * place for text, rate in rates.items()},
            steps=60,
        )
        assert (name in found) == expected


@pytest.mark.parametrize(
    ("name", "metric", "factor"),
    [("VolumeSurge", "pool_volume_stable_total", 3), ("VolumeSlump", "pool_volume_stable_total", 0.1),
     ("SupplyJump", "ft_supply", 200)],
)  # fmt: skip
def test_shipped_rules_against_the_day_before(name: str, metric: str, factor: float) -> None:
    """A level rate for 30 hours, then *factor* times as much for six."""

    def level(place: int) -> dict[str, float]:
        hours = place / 12
        moved = 1000 * min(hours, 30) + 1000 * factor * max(0, hours - 30)
        return {metric: moved, "pool_swaps_total": 10 * hours}

    assert name in firing_of(level, steps=36 * 12, step=300)
    assert name not in firing_of(level, steps=30 * 12, step=300)
