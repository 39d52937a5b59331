from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from paper_desk import GAS, NODES, NOW, USD, PaperDesk, broken, log_of, quoting, report

from twin import procedures
from twin.catalog import Catalog
from twin.errors import Reverted
from twin.procedures.monitoring.economic import (
    OracleData,
    PoolHealth,
    depth,
    gap_ppm,
    oracle_data,
    pool_health,
)

MILLION = 10**12
ANN, BEN = b"\x01" * 20, b"\x02" * 20


def added(to: bytes, shares: int, age: int = 10**6) -> Any:
    return log_of("LiquidityPool", "LiquidityAdded", age=age, to=to, sender=to, shares=shares)


def removed(sender: bytes, shares: int, age: int = 300) -> Any:
    return log_of(
        "LiquidityPool", "LiquidityRemoved", age=age, sender=sender, to=BEN, shares=shares
    )


def pool(
    pt: int = 2 * MILLION, stable: int = 2 * MILLION, supply: int = 2 * MILLION, *,
    adds: tuple[Any, ...] = (added(ANN, MILLION), added(BEN, MILLION)), exits: tuple[Any, ...] = (),
) -> PaperDesk:  # fmt: skip
    desk = PaperDesk()
    desk.answers["LiquidityPool", "reserves"] = (pt, stable, NOW)
    desk.answers["LiquidityPool", "totalSupply"] = supply
    desk.logs = {("LiquidityPool", "LiquidityAdded"): list(adds),
                 ("LiquidityPool", "LiquidityRemoved"): list(exits)}  # fmt: skip
    return desk


def test_a_pool_inside_its_limits() -> None:
    finding = pool_health(pool(), PoolHealth())
    assert (finding.verdict, finding.problems) == (
        "ok", {"depth": 0, "imbalance": 0, "concentration": 0, "exit": 0}
    )  # fmt: skip
    assert finding.data["depth_stable"] == {
        "1": 9_975_124_224,
        "5": 49_390_153_191,
        "10": 97_617_696_340,
    }
    assert finding.data["largest_provider_ppm"] == 500_000
    assert (finding.data["price_ppm"], finding.data["exhaustion_seconds"]) == (1_000_000, -1)


WRONG: dict[str, tuple[PaperDesk, str]] = {
    "shallow": (pool(pt=900_000 * 10**6, stable=900_000 * 10**6), "depth"),
    "too much PT": (pool(pt=3 * MILLION), "imbalance"),
    "too much stable": (pool(stable=3 * MILLION), "imbalance"),
    "one provider": (pool(adds=(added(ANN, 1_300_000 * 10**6), added(BEN, 700_000 * 10**6))), "concentration"),
    "leaving": (pool(adds=(added(ANN, MILLION), added(BEN, 1_600_000 * 10**6)),
                     exits=(removed(BEN, 600_000 * 10**6),)), "exit"),
}  # fmt: skip


@pytest.mark.parametrize(("desk", "item"), WRONG.values(), ids=WRONG.keys())
def test_what_is_wrong_with_a_pool_is_named(desk: PaperDesk, item: str) -> None:
    finding = pool_health(desk, PoolHealth())
    assert finding.verdict == "finding"
    assert {name for name, count in finding.problems.items() if count} == {item}
    assert item in finding.summary


def test_exits_before_the_window_do_not_count_but_leave_the_holder_less() -> None:
    desk = pool(adds=(added(ANN, 3 * MILLION), added(BEN, MILLION)),
                exits=(removed(ANN, 2 * MILLION, age=86_401), removed(BEN, 100_000 * 10**6, age=86_400)))  # fmt: skip
    data = pool_health(desk, PoolHealth()).data
    assert data["exit_ppm"] == 100_000 * 10**6 * 10**6 // (2_100_000 * 10**6)
    assert data["largest_provider_ppm"] == 500_000
    assert data["exhaustion_seconds"] == 86_400 * 20


@pytest.mark.parametrize(
    "empty", [{"pt": 0}, {"stable": 0}, {"supply": 0}], ids=["no PT", "no stable", "no shares"]
)
def test_an_empty_pool_is_no_data(empty: dict[str, Any]) -> None:
    finding = pool_health(pool(**empty), PoolHealth())
    assert (finding.verdict, finding.problems) == ("no-data", {"empty": 1})


@given(st.integers(10**6, 10**18), st.sampled_from([1, 5, 10]))
def test_depth_moves_the_price_by_just_that_much(reserve: int, percent: int) -> None:
    amount = depth(reserve, percent)
    limit = 1 + Fraction(percent, 100)
    assert Fraction(reserve + amount, reserve) ** 2 <= limit  # price = stable^2 / k
    assert Fraction(reserve + amount + 1, reserve) ** 2 > limit


@pytest.mark.parametrize(
    ("value", "reference", "gap"),
    [(80, 80, 0), (81, 80, 12_500), (79, 80, 12_500), (-40, -37, 81_081), (10, -10, 2_000_000),
     (5, 0, 5_000_000), (0, 0, 0)],
)  # fmt: skip
def test_gaps_hold_for_prices_at_and_below_zero(value: int, reference: int, gap: int) -> None:
    assert gap_ppm(value, reference) == gap


def test_oracle_data_that_is_well() -> None:
    desk = PaperDesk()
    finding = oracle_data(desk, OracleData())
    assert (finding.verdict, set(finding.problems.values())) == ("ok", {0})
    assert finding.data["WTI"] == {
        "answer": 80 * USD, "updated": NOW - 600, "round": 12, "reporters": 7, "fresh_reports": 7,
        "spread_ppm": 0, "sources": ["albion", "brisa", "corvus"], "index": 80 * USD,
        "divergence_ppm": 0, "problems": [],
    }  # fmt: skip


def telling(*answers: int, age: int = 600) -> dict[tuple[str, str], Any]:
    return {**quoting(80 * USD), ("OracleNetwork", "reports"): (NODES[:len(answers)], answers, (NOW - age,) * len(answers))}  # fmt: skip


ODD: dict[str, tuple[dict[str, Any], set[str]]] = {
    "1000x": ({"answers": quoting(80_000 * USD)}, {"divergence"}),
    "a little over the limit": ({"answers": quoting(8241 * USD // 100)}, {"divergence"}),
    "the index is down": ({"prices": {}}, {"no-index"}),
    "the index is old": ({"index_age": 1801}, {"no-index"}),
    "the answer is old": ({"answers": quoting(80 * USD, age=5401)}, {"stale"}),
    "nobody reports any more": ({"answers": quoting(80 * USD, age=7201)}, {"stale", "quorum"}),
    "three of seven": ({"answers": quoting(80 * USD, reporters=3)}, {"quorum"}),
    "three fresh": ({"answers": telling(*(80 * USD,) * 3)}, {"quorum"}),
    "one liar": ({"answers": telling(*(80 * USD,) * 6, 80_000 * USD)}, {"spread"}),
    "one says zero": ({"answers": telling(*(80 * USD,) * 6, 0)}, {"spread"}),
    "one opinion": ({"signed": [report(n, source="corvus") for n in range(7)]}, {"sources"}),
    "the others are old": ({"signed": [report(0), report(1, age=7201)]}, {"sources"}),
    "no report": ({"signed": []}, {"sources"}),
}


@pytest.mark.parametrize(("spoilt", "items"), ODD.values(), ids=ODD.keys())
def test_what_is_wrong_with_a_feed_is_named(spoilt: dict[str, Any], items: set[str]) -> None:
    finding = oracle_data(PaperDesk(**spoilt), OracleData())
    assert finding.verdict == "finding"
    assert {name for name, count in finding.problems.items() if count} == items
    assert set(finding.data["WTI"]["problems"]) == items


@pytest.mark.parametrize(
    "well",
    [
        {"answers": quoting(8239 * USD // 100)},
        {"index_age": 1800},
        {"answers": quoting(80 * USD, age=5400)},
        {"answers": telling(*(80 * USD,) * 4)},
        {"answers": telling(*(80 * USD,) * 6, 84 * USD)},
        {"signed": [report(0), report(1, age=7200)]},
    ],
    ids=[
        "2.99 %",
        "index of half an hour",
        "1.5 heartbeats",
        "four fresh",
        "spread 5 %",
        "two sources",
    ],
)
def test_the_limit_itself_is_well(well: dict[str, Any]) -> None:
    assert oracle_data(PaperDesk(**well), OracleData()).verdict == "ok"


def test_problems_add_up_over_the_feeds() -> None:
    desk = PaperDesk(answers=quoting(800 * USD), feed_ids={"WTI": b"\x0a" * 32, "GAS": GAS},
                     prices={"WTI": 80 * USD, "GAS": 800 * USD},
                     signed=[report(n, feed=feed) for feed in ("WTI", "GAS") for n in range(3)])  # fmt: skip
    finding = oracle_data(desk, OracleData())
    assert finding.problems["divergence"] == 1
    assert (finding.data["WTI"]["problems"], finding.data["GAS"]["problems"]) == (
        ["divergence"],
        [],
    )


def test_no_feed_is_no_data() -> None:
    assert oracle_data(PaperDesk(feed_ids={}), OracleData()).verdict == "no-data"


CHECKS: list[tuple[Callable[..., Any], Any, str, str]] = [
    (pool_health, PoolHealth(), "LiquidityPool", "totalSupply"),
    (oracle_data, OracleData(), "OracleNetwork", "feedConfig"),
]


@pytest.mark.parametrize(("check", "settings", "contract", "function"), CHECKS)
def test_a_contract_that_does_not_answer_is_a_revert_and_no_crash(
    check: Callable[..., Any], settings: Any, contract: str, function: str
) -> None:
    desk = PaperDesk()
    desk.answers[contract, function] = broken()
    with pytest.raises(Reverted, match="Panic"):
        check(desk, settings)


def test_the_checks_are_on_the_calendar() -> None:
    catalog = Catalog.below(procedures)
    assert catalog["ME2"].function is pool_health
    assert catalog["ME4"].function is oracle_data
