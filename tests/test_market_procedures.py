"""ME1, ME3 and ME5 on paper: quiet, each finding, no data."""

from __future__ import annotations

import math
from typing import Any

import pytest
from exchange_lab import ADDRESSES, HOUR, Lab
from paper_desk import NOW, PaperDesk, Stage

from twin.desk.port import LogRecord
from twin.desk.records import canonical
from twin.desk.steps import Case, Finding
from twin.errors import Reverted
from twin.procedures.monitoring.flows import PatternLimits, cycles
from twin.procedures.monitoring.impact_series import effect, t_quantile
from twin.procedures.monitoring.market import (
    PriceLimits,
    token_price,
    trading_patterns,
    volatility_ppm,
)
from twin.procedures.monitoring.parameters import ImpactSettings, assess_changes, judge

MILLION = 10**6 * 10**6
PT, POOL = ADDRESSES["PaymentToken"], "LiquidityPool"
ANN, BEN, CLEO = (bytes([number]) * 20 for number in (1, 2, 3))


def met(finding: Finding) -> set[str]:
    canonical(finding.data)
    return {name for name, count in finding.problems.items() if count}


# -- ME1 -------------------------------------------------------------------------------------------


def priced(
    spot: int = 10**6, average: int | None = 10**6, **venues: int | None
) -> PaperDesk:  # fmt: skip
    """Return a desk on which PT costs so much (1e-6) in the pool, on average and at venues."""
    desk = PaperDesk(addresses=dict(ADDRESSES))
    desk.answers[POOL, "reserves"] = (2 * MILLION, 2 * spot * 10**6, NOW)
    gone = Reverted(b"", "NoObservation")
    desk.answers[POOL, "consult"] = gone if average is None else (average * 100, NOW - 1800)
    desk.tickers = dict(venues)
    return desk


PRICES: dict[str, tuple[PaperDesk, set[str]]] = {
    "par": (priced(meridian=10**6), set()),
    "no venue is declared": (priced(), set()),
    "two percent off is the limit": (priced(980_000, 980_000, meridian=980_000), set()),
    "below the peg": (priced(979_000, 979_000, meridian=979_000), {"depeg"}),
    "above the peg": (priced(1_021_000, 1_021_000, meridian=1_021_000), {"depeg"}),
    "an average that lags": (priced(985_000, 10**6, meridian=985_000), {"lag"}),
    "no average yet": (priced(985_000, None, meridian=985_000), set()),
    "the pool is cut off": (priced(meridian=1_016_000, zephyr=1_016_500), {"venue-gap"}),
    "one venue of its own": (priced(meridian=10**6, zephyr=975_000), {"venue-local"}),
    "one venue of three": (
        priced(meridian=10**6, zephyr=10**6, boreas=950_000), {"venue-local"}),
    "no venue answers": (priced(meridian=None), {"no-venue"}),
}  # fmt: skip


@pytest.mark.parametrize(("desk", "items"), PRICES.values(), ids=PRICES.keys())
def test_prices_are_held_against_par_and_each_other(desk: PaperDesk, items: set[str]) -> None:
    finding = token_price(desk, PriceLimits())
    assert met(finding) == items
    assert finding.verdict == ("finding" if items else "ok")


def test_an_empty_pool_has_no_price() -> None:
    desk = priced()
    desk.answers[POOL, "reserves"] = (0, 0, 0)
    assert token_price(desk, PriceLimits()).verdict == "no-data"


def synced(*prices: float, every: int = 300) -> list[LogRecord]:
    start = NOW - every * len(prices)
    return [
        LogRecord(n, start + every * n, POOL, "Synced",
                  {"pt": 10**12, "stable": round(price * 10**12)})
        for n, price in enumerate(prices)
    ]  # fmt: skip


def test_volatility_is_that_of_the_returns() -> None:
    prices = [(300 * n, 10**9 * (101 if n % 2 else 100) // 100) for n in range(13)]
    found = volatility_ppm(iter(prices), 3_600)
    wanted = math.sqrt(12 * math.log(1.01) ** 2 * 24)
    assert found == pytest.approx(wanted * 10**6, rel=1e-4)


def test_returns_within_five_minutes_are_one() -> None:
    prices = [(n, 10**9 + n % 2 * 10**8) for n in range(300)]
    assert volatility_ppm(iter(prices), 3_600) == 0


def test_a_wild_price_is_found() -> None:
    desk = priced(meridian=10**6)
    desk.logs[POOL, "Synced"] = synced(*[1.0, 1.01] * 20)
    assert met(token_price(desk, PriceLimits())) == {"volatility"}


# -- ME3 -------------------------------------------------------------------------------------------


def swap(who: bytes, amount: int, *, sells: bool, age: int) -> LogRecord:
    given = PT if sells else ADDRESSES["StableAsset"]
    args = {"sender": who, "tokenIn": given, "amountIn": amount, "amountOut": amount}
    return LogRecord(290, NOW - age, POOL, "Swapped", args)


def passed(who: bytes, to: bytes, *, age: int) -> LogRecord:
    args = {"from": who, "to": to, "value": 10**9}
    return LogRecord(290, NOW - age, "PaymentToken", "Transfer", args)


def traded(swaps: list[LogRecord], transfers: list[LogRecord] | None = None) -> Lab:
    lab = Lab("meridian", hours=0)
    lab.desk.now = NOW
    lab.desk.logs = {(POOL, "Swapped"): swaps, ("PaymentToken", "Transfer"): transfers or []}
    return lab


def look(lab: Lab, limits: PatternLimits | None = None) -> Finding:
    return trading_patterns(lab.desk, limits or PatternLimits())


def round_of(count: int, size: int = 5_000 * 10**6) -> list[LogRecord]:
    """Return swaps of three who buy and sell the same again and again."""
    who = (ANN, BEN, CLEO)
    return [
        swap(who[(n + sells) % 3], size, sells=bool(sells), age=9_000 - 60 * n)
        for n in range(count) for sells in (0, 1)
    ]  # fmt: skip


def test_people_who_trade_are_no_ring() -> None:
    finding = look(
        traded([swap(ANN, 10**9, sells=False, age=99), swap(BEN, 10**9, sells=True, age=9)])
    )
    assert (finding.verdict, met(finding)) == ("ok", set())


def test_those_who_pass_tokens_round_are_a_ring() -> None:
    ring = [passed(ANN, BEN, age=90), passed(BEN, CLEO, age=80), passed(CLEO, ANN, age=70)]
    finding = look(traded(round_of(60), ring))
    assert met(finding) == {"ring", "wash"}
    assert finding.data["ring"] == finding.data["round_trips"] == [ANN, BEN, CLEO]
    assert finding.data["ring_volume"] == finding.data["volume"]


def test_a_gift_is_no_ring() -> None:
    assert "ring" not in met(look(traded(round_of(60), [passed(ANN, BEN, age=90)])))


def test_what_lies_before_the_window_does_not_count() -> None:
    ring = [passed(ANN, BEN, age=20_000), passed(BEN, ANN, age=20_000)]
    assert "ring" not in met(look(traded(round_of(60), ring)))


def test_cycles_are_the_strongly_connected() -> None:
    one, two, three, four = (bytes([n]) for n in (1, 2, 3, 4))
    edges = {one: {two: 1}, two: {three: 1}, three: {one: 1, four: 1}, four: {}}
    assert cycles(edges) == [[one, two, three]]
    assert cycles({one: {two: 1}, two: {one: 1}, three: {four: 1}, four: {three: 1}}) == [
        [one, two], [three, four],
    ]  # fmt: skip
    assert cycles({}) == []


def test_volume_far_above_the_depth_is_churn() -> None:
    size = 2 * MILLION // 20
    assert "churn" in met(look(traded(round_of(6, size))))


def test_one_who_moves_the_price_is_found_and_many_are_not() -> None:
    lab = traded([swap(ANN, 10**11, sells=False, age=60)])
    lab.desk.logs[POOL, "Synced"] = synced(1.0, 1.06)
    finding = look(lab)
    assert met(finding) == {"pump"}
    assert finding.data["dominant"]["account"] == ANN
    many = [swap(bytes([n]) * 20, 10**10, sells=False, age=60) for n in range(1, 9)]
    lab.desk.logs[POOL, "Swapped"] = many
    assert met(look(lab)) == set()


def test_one_lot_that_goes_round_at_a_venue_is_found() -> None:
    lab = Lab("meridian")
    for name in ("x", "y"):
        lab.venues["meridian"].deposit(name, 10**12, 10**12)
    for n in range(12):
        lab.venues["meridian"].place(
            "x", "buy" if n % 2 else "sell", 1_500 * 10**6, 2_000_000 if n % 2 else 1
        )
        lab.run(60)
    finding = look(lab)
    assert met(finding) == {"venue-wash"}
    assert finding.data["venues"]["suspicious"] == ["meridian"]


def test_trades_of_all_sizes_are_a_market() -> None:
    lab = Lab("meridian")
    lab.venues["meridian"].deposit("x", 10**12, 10**12)
    for n in range(12):
        lab.venues["meridian"].place("x", "sell", (100 + 7 * n) * 10**6, 1)
        lab.run(60)
    assert met(look(lab)) == set()


def test_a_venue_that_does_not_answer_is_named_and_the_pool_is_looked_at() -> None:
    lab = traded(round_of(60), [passed(ANN, BEN, age=9), passed(BEN, ANN, age=8)])
    lab.venues["meridian"].halt()
    finding = look(lab)
    assert "ring" in met(finding)
    assert "meridian" in finding.data["venues"]["unread"]


# -- ME5 -------------------------------------------------------------------------------------------

DAY = 24 * HOUR


@pytest.mark.parametrize(
    ("freedom", "quantile"), [(4, 2.776), (7, 2.365), (10, 2.228), (23, 2.069), (1_000, 1.962)]
)
def test_quantiles_of_student(freedom: int, quantile: float) -> None:
    assert t_quantile(freedom) == pytest.approx(quantile, rel=0.01)


def test_the_interval_holds_the_ratio_and_shrinks_with_the_noise() -> None:
    noisy = effect([80, 120] * 12, [40, 60] * 12)
    calm = effect([99, 101] * 12, [49, 51] * 12)
    assert noisy is not None
    assert calm is not None
    assert noisy.ratio == calm.ratio == 500_000
    assert noisy.low < calm.low < 500_000 < calm.high < noisy.high


def test_hours_that_are_alike_are_fewer_witnesses() -> None:
    waves = [100] * 12 + [50] * 12
    mixed = [100, 50] * 12
    slow, quick = effect(waves, waves), effect(mixed, mixed)
    assert slow is not None
    assert quick is not None
    assert slow.high - slow.low > 2 * (quick.high - quick.low)


@pytest.mark.parametrize(
    ("before", "after"), [([1, 2, 3], [1, 2, 3, 4]), ([0] * 9, [1] * 9), ([1] * 9, [0] * 9)]
)
def test_too_little_is_no_effect(before: list[int], after: list[int]) -> None:
    assert effect(before, after) is None
    assert judge(before, after, 10**6, ImpactSettings()) == "too-little-data"


JUDGED = [
    ([90, 110] * 12, [44, 56] * 12, 500_000, "driven-away"),
    ([90, 110] * 12, [85, 115] * 12, 1_000_000, "as-expected"),
    ([90, 110] * 12, [85, 115] * 12, 500_000, "off-model"),
    ([90, 110] * 12, [190, 210] * 12, 1_000_000, "off-model"),
]


@pytest.mark.parametrize(("before", "after", "expected", "verdict"), JUDGED)
def test_a_change_is_judged(
    before: list[int], after: list[int], *, expected: int, verdict: str
) -> None:
    assert judge(before, after, expected, ImpactSettings()) == verdict


def changed(after: int, *, age: int = DAY + HOUR, new: int = 6_000) -> PaperDesk:
    """Return a desk after a change of the swap fee, with 100 swapped an hour before it."""
    desk = PaperDesk()
    at = NOW - age
    fee = {"kind": 0, "oldFee": 3_000, "newFee": new, "by": ANN}
    desk.logs["FeeSchedule", "FeeAdjusted"] = [
        LogRecord(0, NOW - 90 * DAY, "FeeSchedule", "FeeAdjusted", {**fee, "oldFee": 0}),
        LogRecord(200, at, "FeeSchedule", "FeeAdjusted", fee),
    ]
    swaps = []
    for hour in range(-24, 24):
        each = 100 if hour < 0 else after
        for part, extra in ((600, 7 * hour % 11), (2_400, 5)):
            when, args = at + hour * HOUR + part, {"amountIn": (each + extra - 5) * 10**6}
            swaps.append(LogRecord(1, when, POOL, "Swapped", args))
    desk.logs[POOL, "Swapped"] = swaps
    return desk


def assess(desk: PaperDesk, **settings: Any) -> tuple[Finding, Stage]:
    stage = Stage(desk)
    finding = stage.play(assess_changes(Case("daily"), ImpactSettings(**settings)))
    desk.evidence.file("ME5", desk.now, finding)
    return finding, stage


def test_a_change_that_drove_use_away_is_found_with_its_interval() -> None:
    finding, stage = assess(changed(30))
    assert (finding.verdict, met(finding)) == ("finding", {"driven-away"})
    (item,) = finding.data["changes"]
    low, high = item["interval_ppm"]
    assert low < item["realised_ppm"] < high < 800_000
    assert (item["expected_ppm"], item["method"]) == (500_000, "series before and after")
    assert stage.decisions[0].advice == "revert"
    assert len(stage.desk.stores.entries("decision")) == 1


def test_a_change_that_did_what_was_expected_is_noted() -> None:
    finding, stage = assess(changed(91, new=3_300))
    assert (finding.verdict, stage.decisions) == ("ok", [])
    assert finding.data["changes"][0]["verdict"] == "as-expected"


def test_a_model_that_was_wrong_is_a_finding() -> None:
    finding, stage = assess(changed(100))
    assert met(finding) == {"off-model"}
    assert stage.decisions[0].advice == "update-model"


def test_each_change_is_judged_once_and_not_before_its_time() -> None:
    desk = changed(30)
    assess(desk)
    again, _ = assess(desk)
    assert again.data["changes"] == []
    early, _ = assess(changed(30, age=DAY - 60))
    assert (early.verdict, early.data["changes"]) == ("ok", [])


def test_changes_that_cannot_be_told_apart_are_judged_together() -> None:
    desk = changed(45)
    first = desk.logs["FeeSchedule", "FeeAdjusted"][-1]
    step = {"kind": 0, "oldFee": 2_000, "newFee": 3_000, "by": ANN}
    before = LogRecord(199, first.timestamp - 6 * HOUR, "FeeSchedule", "FeeAdjusted", step)
    other = {"kind": 3, "oldFee": 10, "newFee": 20, "by": ANN}
    else_ = LogRecord(199, first.timestamp - 6 * HOUR, "FeeSchedule", "FeeAdjusted", other)
    desk.logs["FeeSchedule", "FeeAdjusted"].insert(1, before)
    desk.logs["FeeSchedule", "FeeAdjusted"].insert(1, else_)
    finding, _ = assess(desk)
    swaps = [item for item in finding.data["changes"] if item["fee"] == "swap"]
    assert [(item["changes"], item["old"], item["new"]) for item in swaps] == [(2, 2_000, 6_000)]
    assert len(finding.data["changes"]) == 2
    early = changed(45, age=DAY + 1)
    late = LogRecord(201, NOW - HOUR, "FeeSchedule", "FeeAdjusted", step)
    early.logs["FeeSchedule", "FeeAdjusted"].append(late)
    assert assess(early)[0].data["changes"] == [], "an episode that goes on is not judged"


def test_a_market_without_trades_is_too_little_data_and_said_so() -> None:
    desk = changed(30)
    desk.logs[POOL, "Swapped"] = []
    finding, _ = assess(desk)
    assert finding.problems["too-little-data"] == 1
