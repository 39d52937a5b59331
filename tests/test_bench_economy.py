"""The part `economy` of `twin bench`: what grows with the crowd, what a year is, what is made of both."""

from __future__ import annotations

from typing import Any

import pytest
from bench_lab import REVM, TINY, silent

from twin.bench import economy as module
from twin.bench import fresh, measure
from twin.library import Library, find
from twin.scenario import Scenario


@pytest.fixture(scope="module")
def month() -> Scenario:
    return Library().load(find(["bench-month"])[0])


def count(scenario: Scenario, *families: str) -> int:
    return sum(spec.count for spec in scenario.agents if spec.family in families)


def test_the_month_has_every_family_and_what_issue_4_asks_for(month: Scenario) -> None:
    families = {spec.family for spec in month.agents}
    asleep = {"ring", "whale"}  # they wake for a fault alone
    assert families == set(Library().parts.families) - asleep
    assert count(month, "noise") == 300
    assert count(month, "oracle-node") == 7
    assert count(month, "sovereign") == 12
    assert len(month.market.venues) == 2
    assert len(month.market.commodities) == 4


def test_a_larger_crowd_meets_a_network_that_is_as_much_larger(month: Scenario) -> None:
    larger = module.grown(month, 10)
    assert count(larger, *module.CROWD) == 10 * count(month, *module.CROWD)
    for family in ("oracle-node", "sovereign", "reserve-clerk"):
        assert count(larger, family) == count(month, family)
    assert larger.protocol.pool.pt == 10 * month.protocol.pool.pt
    assert larger.protocol.reserve.bills == 10 * month.protocol.reserve.bills
    assert larger.market.venues["meridian"].depth == 10 * month.market.venues["meridian"].depth
    held, more = (
        item.market.banks["aare"].accounts["reserve"]
        + item.market.custodians["limmat"].holdings["bills"].quantity * 1000
        for item in (month, larger)
    )
    assert more == 10 * held
    assert held == month.protocol.reserve.bills


def test_a_year_needs_no_file_of_prices() -> None:
    base = Library().load(find(["baseline"])[0])
    long = module.yearly(base, 365)
    assert long.duration == 365 * 86400
    assert {path.model for path in long.market.commodities.values()} == {"schwartz-smith"}
    assert long.agents == base.agents


def answer(job: dict[str, Any]) -> dict[str, Any]:
    if job["job"] == "year":
        return {"cpu": 9.0, "memory_mb": [100, 110, 120, 129], "disk_mb": [50, 100, 150, 200],
                "days": 40, "transactions": 1000}  # fmt: skip
    times = job.get("times", 1)
    return {"cpu": 2.0 * times + 1, "peak_mb": 300 + times, "transactions": 100 * times,
            "agents": 400 * times}  # fmt: skip


def test_what_is_made_of_the_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "ask", answer)
    (part,) = measure(["economy"], silent, effort=TINY)
    shown = {figure.name: figure.value for figure in part.figures}
    assert shown["month: peak memory"] == 301
    assert shown["10 x the crowd: cpu"] == 7
    assert shown["10 x the crowd: transactions"] == 10
    assert shown["year: peak memory"] == 129
    assert shown["year: memory kept a day"] == pytest.approx(29_000 / 30)
    assert shown["year: growth of memory over that of files"] == pytest.approx(29 / 150)
    assert shown["year: growth in the last quarter over the second"] == pytest.approx(0.9)
    assert [target.met for target in part.targets] == [True] * 4


@REVM
@pytest.mark.slow
def test_a_fresh_process_runs_a_larger_crowd_and_a_short_year() -> None:
    large = fresh.ask({"job": "economy", "engine": "revm", "until": 600, "times": 10})
    assert large["agents"] > 3000
    assert large["transactions"] > 10
    short = fresh.ask({"job": "year", "engine": "revm", "until": 7200})
    assert len(short["memory_mb"]) == len(short["disk_mb"]) == 4
    assert short["disk_mb"] == sorted(short["disk_mb"])
