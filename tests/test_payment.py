from __future__ import annotations

import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from paper_desk import PaperDesk, Stage, refused
from pydantic import ValidationError

from twin.desk.steps import Case, Finding
from twin.procedures.tokens.payment import FeeAdjustment, adjust_fee, next_fee, stability

TARGET = 3_000_000 * 10**6
SETTINGS = FeeAdjustment(target=TARGET)
BOUNDS = {"min": 500, "max": 10_000, "max_step": 1000}
VOLUME = "increase(fictra_pool_volume_stable_total[21600s])"


@st.composite
def loops(draw: st.DrawFn) -> tuple[int, int, FeeAdjustment, dict[str, int]]:
    low = draw(st.integers(0, 50_000))
    high = draw(st.integers(max(low, 1), 100_000))
    fee = draw(st.integers(max(low, 1), high))
    bounds = {"min": low, "max": high, "max_step": draw(st.integers(0, 10_000))}
    settings = FeeAdjustment(
        target=draw(st.integers(1, 10**15)),
        gain_ppm=draw(st.integers(0, 2_000_000)),
        dead_band_ppm=draw(st.integers(0, 1_000_000)),
    )
    return fee, draw(st.integers(0, 3 * 10**15)), settings, bounds


@given(loops())
def test_a_fee_stays_in_its_bounds_and_moves_one_step_at_most(
    loop: tuple[int, int, FeeAdjustment, dict[str, int]],
) -> None:
    fee, volume, settings, bounds = loop
    new = next_fee(fee, volume, settings, bounds=bounds)
    assert max(1, bounds["min"]) <= new <= bounds["max"]
    assert abs(new - fee) <= bounds["max_step"]


@given(loops())
def test_a_fee_moves_the_way_of_the_error_and_not_inside_the_dead_band(
    loop: tuple[int, int, FeeAdjustment, dict[str, int]],
) -> None:
    fee, volume, settings, bounds = loop
    move = next_fee(fee, volume, settings, bounds=bounds) - fee
    target = settings.target
    if abs(volume - target) * 10**6 <= settings.dead_band_ppm * target:
        assert move == 0
    assert move * (volume - target) >= 0


@given(st.integers(1, 100_000), st.integers(0, 10**16), st.integers(0, 10**16))
def test_more_volume_never_lowers_the_fee(fee: int, one: int, other: int) -> None:
    bounds = {"min": 1, "max": 100_000, "max_step": 100_000}
    low, high = sorted((one, other))
    fees = [next_fee(fee, volume, SETTINGS, bounds=bounds) for volume in (low, high)]
    assert fees == sorted(fees)


@pytest.mark.parametrize(
    ("volume", "fee", "why"),
    [
        (3 * TARGET, 4000, "clipped to the step"),
        (2 * TARGET, 4000, "3000 x e^.4 is more than a step"),
        (TARGET * 6 // 5, 3249, "3000 x (1 + .08 + .0032)"),
        (TARGET * 4 // 5, 2769, "3000 x (1 - .08 + .0032), rounded down"),
        (0, 2040, "3000 x (1 - .4 + .08)"),
        (TARGET, 3000, "no error"),
        (TARGET * 115 // 100, 3000, "the dead band itself"),
        (TARGET * 115 // 100 + TARGET // 10**5, 3185, "just beyond it"),
    ],
)
def test_fees_by_hand(volume: int, fee: int, why: str) -> None:
    assert next_fee(3000, volume, SETTINGS, bounds=BOUNDS) == fee, why


def test_the_update_is_the_exponential_to_second_order() -> None:
    bounds = {"min": 1, "max": 10**6, "max_step": 10**6}
    for error in (-1.0, -0.5, 0.3, 1.0):
        fee = next_fee(100_000, round(TARGET * (1 + error)), SETTINGS, bounds=bounds)
        assert fee == pytest.approx(100_000 * math.exp(0.4 * error), rel=0.02)


def test_a_fee_is_never_waived() -> None:
    assert next_fee(1, 0, SETTINGS, bounds={"min": 0, "max": 10, "max_step": 10}) == 1


@pytest.mark.parametrize("elasticity", [0, 500_000, 1_000_000, 2_500_000, 4_000_000])
def test_stability_is_that_of_a_loop_one_period_late(elasticity: int) -> None:
    found = stability(FeeAdjustment(target=1, elasticity_ppm=elasticity))
    delay = found["delay_periods"]
    critical = 2 * math.sin(math.pi / (2 * (2 * delay + 1)))
    assert delay == 1
    assert found["critical_ppm"] == pytest.approx(critical * 10**6, abs=0.5)
    assert found["critical_elasticity_ppm"] == 2_500_000
    loop = 0.4 * elasticity / 10**6
    assert (found["margin_ppm"] < 10**6) == (loop > critical + 1e-9)


@pytest.mark.parametrize(("gain", "grows"), [(0.9, False), (1.1, True)])
def test_the_critical_gain_is_where_the_delayed_loop_begins_to_grow(
    gain: float, *, grows: bool
) -> None:
    """The linear loop x(n+1) = x(n) - g x(n-1), of which the docstring's limit is the boundary."""
    before, now = 1.0, 1.0
    seen = []
    for _ in range(400):
        before, now = now, now - gain * before
        seen.append(abs(now))
    assert (max(seen[-20:]) > max(seen[:20])) == grows


@pytest.mark.parametrize(
    "wrong", [{"target": -1}, {"period": 0}, {"gain_ppm": -1}, {"dead_band_ppm": -1}]
)
def test_settings_out_of_range_are_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValidationError, match=next(iter(wrong))):
        FeeAdjustment(**wrong)


# -- the runbook ----------------------------------------------------------------------------------


def stage(volume: float | None = 6e6, *, age: float = 60, **more: Any) -> Stage:
    desk = PaperDesk()
    desk.series = {"increase(": [] if volume is None else [volume], "time() -": [age]}
    return Stage(desk, **more)


def adjust(on: Stage, settings: FeeAdjustment = SETTINGS) -> Finding:
    return on.play(adjust_fee(Case("every 21600 s"), settings))


def test_volume_over_target_raises_the_fee_through_the_steward() -> None:
    on = stage()
    finding = adjust(on)
    assert on.log == [
        "look: How much was swapped, and may the fee change?",
        "work: review the measurement and the proposed fee",
        "decide: Change the swap fee from 3000 to 4000 pips?",
        "act: FeeSchedule.adjust as fee_steward",
    ]
    assert on.acts[0].args == (0, 4000)
    assert finding.verdict == "done"
    assert finding.data["new_fee"] == 4000
    assert {"volume", "target", "critical_ppm", "margin_ppm", "due_in", "result"} <= set(
        finding.data
    )
    assert on.desk.asked[0] == VOLUME
    assert on.decisions[0].options[-1] == "leave"


def test_volume_under_target_lowers_it() -> None:
    on = stage(volume=0.0)
    adjust(on)
    assert on.acts[0].args == (0, 2040)


def schedule(fee: int = 3000, *, changed: int = 0, step: int = 1000) -> tuple[int, ...]:
    return (fee, 500, 10_000, step, 21_600, changed, 0)


RAILS: dict[str, tuple[dict[str, Any], Any, str]] = {
    "dead band": ({"volume": 3.4e6}, {}, "dead band"),
    "at the upper bound": ({}, {"schedule": schedule(10_000)}, "at its bound"),
    "at the lower bound": ({"volume": 0.0}, {"schedule": schedule(500)}, "at its bound"),
    "no step allowed": ({}, {"schedule": schedule(step=0)}, "at its bound"),
    "cooling down": (
        {},
        {"schedule": schedule(changed=1_700_000_000 - 21_599)},
        "cooling down for 1 s",
    ),
    "a stale metric": ({"age": 901}, {}, "stale"),
    "no age at all": ({"age": None}, {}, "stale"),
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
    finding = adjust(on)
    assert (finding.verdict, on.acts) == ("ok", [])
    assert why in finding.summary
    assert finding.data["critical_ppm"] == 1_000_000


@pytest.mark.parametrize(
    "world", [{"schedule": schedule(changed=1_700_000_000 - 21_600)}, {"incident": "pool"}]
)
def test_what_is_no_guard_rail_holds_nothing(world: dict[str, Any]) -> None:
    on = stage(age=900)
    if "schedule" in world:
        on.desk.answers["FeeSchedule", "schedule"] = world["schedule"]
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
    assert (finding.verdict, finding.problems, on.acts) == ("no-data", {"no-data": 1}, [])


def test_a_steward_may_leave_the_fee() -> None:
    on = stage(choices={"Change": "leave"})
    finding = adjust(on)
    assert (finding.verdict, on.acts) == ("refused", [])


def test_a_change_that_is_not_signed_failed() -> None:
    on = stage(on_act=refused)
    finding = adjust(on)
    assert (finding.verdict, finding.problems) == ("failed", {"act": 1})
    assert "1 of 2 signatures" in finding.summary
