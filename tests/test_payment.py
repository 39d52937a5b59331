from __future__ import annotations

from typing import Any

import pytest
from paper_desk import NOW, PaperDesk, Stage, log_of, refused
from pydantic import ValidationError

from twin.control.law import Exponential, ProportionalIntegral
from twin.desk.port import Simulation
from twin.desk.steps import Case, Finding
from twin.procedures.tokens.fee_reading import (
    FeeAdjustment,
    expected_volume_ppm,
    flips,
    law_of,
)
from twin.procedures.tokens.payment import adjust_fee

TARGET = 3_000_000 * 10**6
SETTINGS = FeeAdjustment(target=TARGET)
VOLUME = "increase(fictra_pool_volume_stable_total[21600s])"


@pytest.mark.parametrize(
    "wrong",
    [{"target": -1}, {"period": 0}, {"gain_ppm": -1}, {"dead_band_ppm": -1}, {"history": 0},
     {"form": "linear"}],
)  # fmt: skip
def test_settings_out_of_range_are_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValidationError, match=next(iter(wrong))):
        FeeAdjustment(**wrong)


@pytest.mark.parametrize(
    ("lags", "delay"),
    [({}, 1), ({"observation_lag": 0}, 0), ({"timelock": 86_400}, 5),
     ({"timelock": 86_400, "vote": 129_600}, 11), ({"observation_lag": 21_601}, 2)],
)  # fmt: skip
def test_the_delay_counts_observation_vote_and_timelock(lags: dict[str, int], delay: int) -> None:
    assert FeeAdjustment(**lags).delay == delay


def test_both_forms_are_there() -> None:
    assert law_of(FeeAdjustment(gain_ppm=7)) == Exponential(7)
    law = law_of(FeeAdjustment(form="pi", anchor=3000, leak_half_life=21_600))
    assert law == ProportionalIntegral(3000, 200_000, 100_000, 500_000)


@pytest.mark.parametrize(
    ("moves", "count"),
    [([], 0), ([(1, 2)], 0), ([(1, 2), (2, 1)], 1), ([(1, 2), (2, 1), (1, 2), (2, 1)], 3),
     ([(1, 2), (2, 3), (3, 4), (4, 5), (5, 6), (6, 5)], 1)],
)  # fmt: skip
def test_turns_are_counted(moves: list[tuple[int, int]], count: int) -> None:
    assert flips(moves) == count


@pytest.mark.parametrize(
    ("fee", "changed", "elasticity", "expected"),
    [(3000, 6000, 1_000_000, 500_000), (3000, 3000, 1_000_000, 1_000_000),
     (3000, 1500, 1_000_000, 2_000_000), (3000, 6000, 0, 1_000_000), (0, 1, 1, 1_000_000)],
)  # fmt: skip
def test_the_volume_that_is_expected(
    fee: int, changed: int, elasticity: int, expected: int
) -> None:
    assert expected_volume_ppm(fee, changed, elasticity) == expected


# -- the runbook ----------------------------------------------------------------------------------


def stage(volume: float | None = 6e6, *, age: float = 60, **more: Any) -> Stage:
    desk = PaperDesk()
    desk.series = {"increase(": [] if volume is None else [volume], "time() -": [age]}
    return Stage(desk, **more)


def adjust(on: Stage, settings: FeeAdjustment = SETTINGS) -> Finding:
    on.desk.answers["FeeSchedule", "fee"] = lambda _kind: on.acts[-1].args[1] if on.acts else 3000
    return on.play(adjust_fee(Case("every 21600 s"), settings))


def test_volume_over_target_raises_the_fee_through_the_steward() -> None:
    on = stage()
    finding = adjust(on)
    assert on.log == [
        "look: How much was swapped, and may the fee change?",
        "work: review the measurement, the rails and the proposed fee",
        "decide: Change the swap fee from 3000 to 4000 pips?",
        "look: Does the proposal still hold?",
        "act: FeeSchedule.adjust as fee_steward",
        "look: What is the fee now?",
    ]
    assert on.acts[0].args == (0, 4000)
    assert finding.verdict == "done"
    assert finding.data["new_fee"] == 4000
    assert {
        "volume", "target", "margin_ppm", "critical_elasticity_ppm", "delay_periods", "due_in",
        "result", "wanted", "bound_by", "valid_until", "expected_volume_ppm",
    } <= set(finding.data)  # fmt: skip
    assert finding.data["bound_by"] == ["step"]
    assert finding.data["critical_gain_ppm"] == 1_000_000
    assert finding.data["expected_volume_ppm"] == 750_000
    assert on.desk.asked[0] == VOLUME
    assert on.decisions[0].options[-1] == "leave"


def test_volume_under_target_lowers_it() -> None:
    on = stage(volume=0.0)
    adjust(on)
    assert on.acts[0].args == (0, 2010), "3000 x exp(-.4), rounded down"


def schedule(fee: int = 3000, *, changed: int = 0, step: int = 1000) -> tuple[int, ...]:
    return (fee, 500, 10_000, step, 21_600, changed, 0)


RAILS: dict[str, tuple[dict[str, Any], Any, str]] = {
    "dead band": ({"volume": 3.4e6}, {}, "dead band"),
    "at the upper bound": ({}, {"schedule": schedule(10_000)}, "bounds"),
    "at the lower bound": ({"volume": 0.0}, {"schedule": schedule(500)}, "bounds"),
    "no step allowed": ({}, {"schedule": schedule(step=0)}, "step"),
    "cooling down": (
        {},
        {"schedule": schedule(changed=1_700_000_000 - 21_599)},
        "cooling down for 1 s",
    ),
    "a stale metric": ({"age": 901}, {}, "the measurement is 901 s old"),
    "no age at all": ({"age": None}, {}, "no data"),
    "the mandate ended": ({}, {"schedule": (3000, 500, 10_000, 1000, 21_600, 0, NOW)}, "mandate"),
    "a run": ({}, {"stage": 2}, "run risk at stage 2"),
    "an oracle incident": ({}, {"incident": "oracle"}, "frozen by INC-001"),
}


@pytest.mark.parametrize(("seen", "world", "why"), RAILS.values(), ids=RAILS.keys())
def test_each_guard_rail_holds_the_fee_and_is_named(
    seen: dict[str, Any], world: dict[str, Any], why: str
) -> None:
    on = stage(**seen)
    if seen.get("age", 0) is None:
        on.desk.series["time() -"] = []
    if "schedule" in world:
        on.desk.answers["FeeSchedule", "schedule"] = world["schedule"]
    if "incident" in world:
        on.desk.store.create(0, summary="x", severity="P1", family=world["incident"], alerts=[])
    if "stage" in world:
        on.desk.evidence.file("TP2", NOW, Finding("finding", "", {}, {"stage": world["stage"]}))
    finding = adjust(on)
    assert (finding.verdict, on.acts) == ("ok", [])
    assert why in finding.summary
    assert finding.data["critical_elasticity_ppm"] == 2_499_999


@pytest.mark.parametrize(
    "world",
    [{"schedule": schedule(changed=1_700_000_000 - 21_600)}, {"incident": "pool"}, {"stage": 1}],
)
def test_what_is_no_guard_rail_holds_nothing(world: dict[str, Any]) -> None:
    on = stage(age=900)
    if "schedule" in world:
        on.desk.answers["FeeSchedule", "schedule"] = world["schedule"]
    elif "stage" in world:
        on.desk.evidence.file("TP2", NOW, Finding("finding", "", {}, {"stage": 1}))
    else:
        on.desk.store.create(0, summary="x", severity="P1", family="pool", alerts=[])
    assert adjust(on).verdict == "done"


def test_without_a_target_nothing_is_even_looked_at() -> None:
    on = stage()
    finding = adjust(on, FeeAdjustment())
    assert (finding.verdict, on.log) == ("ok", [])
    assert "no volume target" in finding.summary


def test_no_volume_is_no_data_and_no_pass() -> None:
    on = stage(volume=None)
    finding = adjust(on)
    assert (finding.verdict, finding.problems["no-data"], on.acts) == ("no-data", 1, [])


def test_a_steward_may_leave_the_fee() -> None:
    on = stage(choices={"Change": "leave"})
    finding = adjust(on)
    assert (finding.verdict, on.acts) == ("refused", [])


def test_a_change_that_is_not_signed_failed() -> None:
    on = stage(on_act=refused)
    finding = adjust(on)
    assert (finding.verdict, finding.problems["act"]) == ("failed", 1)
    assert "1 of 2 signatures" in finding.summary


def test_a_window_bounds_what_several_steps_may_do() -> None:
    settings = FeeAdjustment(target=TARGET, window=86_400, max_in_window=1_200)
    on = stage()
    on.desk.logs["FeeSchedule", "FeeAdjusted"] = [
        log_of("FeeSchedule", "FeeAdjusted", age=40_000, kind=0, oldFee=2_000, newFee=3_000)
    ]
    finding = adjust(on, settings)
    assert on.acts[0].args == (0, 3_200)
    assert "window" in finding.data["bound_by"]


def test_a_floor_by_cost_keeps_the_fee_from_falling_below_it() -> None:
    settings = FeeAdjustment(target=TARGET, coin_price=2_000 * 10**6, typical_trade=400 * 10**6)
    on = stage(volume=0.0)
    finding = adjust(on, settings)
    # 100,000 gas at 1 gwei and 2,000 a coin are 0.2 stable, 500 pips of a trade of 400: no bound
    assert finding.data["cost_floor"] == 500
    on = stage(volume=0.0)
    dear = FeeAdjustment(target=TARGET, coin_price=20_000 * 10**6, typical_trade=400 * 10**6)
    finding = adjust(on, dear)
    assert (finding.verdict, on.acts) == ("ok", [])
    assert "cost floor" in finding.summary


def test_a_proposal_that_lapsed_while_somebody_thought_is_not_signed() -> None:
    on = stage()
    finding = adjust(on, FeeAdjustment(target=TARGET, expiry=600))
    assert (finding.verdict, on.acts) == ("ok", [])
    assert "lapsed" in finding.summary


def test_what_would_revert_is_not_signed() -> None:
    on = stage()
    on.desk.simulations = [Simulation(success=False, gas_used=0, reason="StepTooLarge(0, 1000, 1)")]
    finding = adjust(on)
    assert (finding.verdict, on.acts) == ("failed", [])
    assert "StepTooLarge" in finding.summary


def test_a_change_by_hand_is_foreign_and_our_own_is_not() -> None:
    on = stage(volume=3.0e6)
    filed = Finding("done", "", {"now": NOW - 21_600, "result": {"block": 290}})
    on.desk.evidence.file("TP4", NOW - 21_500, filed)
    own = log_of("FeeSchedule", "FeeAdjusted", age=21_550, kind=0, oldFee=2_900, newFee=3_000)
    on.desk.logs["FeeSchedule", "FeeAdjusted"] = [own]
    assert adjust(on).verdict == "ok"
    alien = log_of("FeeSchedule", "FeeAdjusted", age=500, kind=0, oldFee=3_000, newFee=9_000)
    on.desk.logs["FeeSchedule", "FeeAdjusted"] = [type(alien)(299, *_rest(alien))]
    finding = adjust(on)
    assert (finding.verdict, finding.problems["foreign"]) == ("finding", 1)


def _rest(record: Any) -> tuple[Any, ...]:
    return record.timestamp, record.contract, record.event, record.args


def test_a_fee_that_swings_is_found() -> None:
    on = stage(volume=3.0e6)
    moves = [(3_000, 3_500), (3_500, 3_000), (3_000, 3_500), (3_500, 3_000)]
    on.desk.logs["FeeSchedule", "FeeAdjusted"] = [
        log_of(
            "FeeSchedule", "FeeAdjusted", age=400_000 - 21_600 * n, kind=0, oldFee=old, newFee=new
        )
        for n, (old, new) in enumerate(moves)
    ]
    finding = adjust(on)
    assert (finding.verdict, finding.problems["oscillating"]) == ("finding", 1)


def test_the_elasticity_is_measured_from_changes_where_they_show_one() -> None:
    on = stage(volume=3.0e6)
    on.desk.series = {
        "increase(fictra_pool_volume_stable_total[21600s] offset 100000s": [4e6],
        "increase(fictra_pool_volume_stable_total[21600s] offset 78400s": [2e6],
        "increase(": [3e6], "time() -": [60],
    }  # fmt: skip
    on.desk.logs["FeeSchedule", "FeeAdjusted"] = [
        log_of("FeeSchedule", "FeeAdjusted", age=100_000, kind=0, oldFee=1_500, newFee=3_000)
    ]
    finding = adjust(on)
    assert finding.data["steps"] == [[1_500, 3_000, 4_000_000 * 10**6, 2_000_000 * 10**6]]
    assert (finding.data["measured"], finding.data["elasticity_ppm"]) == (True, 1_000_000)


def test_the_form_with_an_integral_looks_back() -> None:
    on = stage(volume=6e6)
    settings = FeeAdjustment(target=TARGET, form="pi", history=3, integral_ppm=50_000,
                             proportional_ppm=0, leak_half_life=0)  # fmt: skip
    finding = adjust(on, settings)
    # three errors of 1 with an integral of .05: 3000 x exp(.15)
    assert finding.data["volumes"] == [6_000_000 * 10**6] * 3
    assert on.acts[0].args == (0, 3_485)
