"""The guard rails of the fee: each holds, each is named, and a fee outside them comes back."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from twin.control.law import PPM, Exponential
from twin.control.rails import Change, Rails, Reading, cost_floor, propose
from twin.errors import UsageError

NOW, DAY = 1_700_000_000, 86_400
LAW = Exponential(400_000)
RAILS = Rails(low=500, high=10_000, max_step=1000, min_delay=3 * DAY, window=7 * DAY,
              max_in_window=1500, dead_band_ppm=150_000)  # fmt: skip
READING = Reading(NOW, 3000, [500_000], NOW - 60)


def proposed(rails: dict[str, Any] | None = None, **reading: Any) -> Any:
    return propose(LAW, replace(RAILS, **rails or {}), replace(READING, **reading))


ROWS: list[tuple[dict[str, Any], dict[str, Any], int, tuple[str, ...], tuple[str, ...]]] = [
    # rails, reading, fee, why it stays, what cut it
    ({}, {}, 3664, (), ()),
    ({"max_step": 100}, {}, 3100, (), ("step",)),
    ({"max_step": 100}, {"errors_ppm": [-500_000]}, 2900, (), ("step",)),
    ({"high": 3200}, {}, 3200, (), ("bounds",)),
    ({"low": 2900}, {"errors_ppm": [-500_000]}, 2900, (), ("bounds",)),
    ({}, {"errors_ppm": [150_000]}, 3000, ("inside the dead band",), ()),
    ({}, {"errors_ppm": [-150_000]}, 3000, ("inside the dead band",), ()),
    ({}, {"errors_ppm": [150_001]}, 3185, (), ()),
    ({}, {"observed_at": None, "errors_ppm": []}, 3000, ("no data",), ()),
    ({}, {"observed_at": NOW - 901}, 3000, ("the measurement is 901 s old",), ()),
    ({}, {"incidents": ["INC-7"]}, 3000, ("frozen by INC-7",), ()),
    ({}, {"changed_at": NOW - 3 * DAY + 1}, 3000, ("cooling down for 1 s",), ()),
    ({}, {"changed_at": NOW - 3 * DAY}, 3664, (), ()),
    ({}, {"changed_at": NOW - 1, "incidents": ["A", "B"]}, 3000,
     ("frozen by A, B", "cooling down for 259199 s"), ()),
    # within seven days the fee stood at 1800: 3300 is as far as it may go
    ({}, {"changes": [Change(NOW - 6 * DAY, 1800, 3000)]}, 3300, (), ("window",)),
    ({}, {"changes": [Change(NOW - 8 * DAY, 1800, 3000)]}, 3664, (), ()),
    # a fee below its cost is not lowered, and not raised for it either
    ({}, {"errors_ppm": [-500_000], "cost": 2800}, 2800, (), ("cost floor",)),
    ({}, {"errors_ppm": [-500_000], "cost": 4000}, 3000, (), ("cost floor",)),
    ({}, {"errors_ppm": [500_000], "cost": 9000}, 3664, (), ()),
    ({"low": 0}, {"fee": 1, "errors_ppm": [-PPM]}, 1, (), ("never to zero",)),
    # governance has moved the bounds: the fee comes back a step at a time
    ({"high": 1000}, {}, 2000, (), ("bounds", "window", "step")),
]  # fmt: skip


@pytest.mark.parametrize(("rails", "reading", "fee", "stays", "bound_by"), ROWS)
def test_each_rail_holds_and_is_named(
    *, rails: dict[str, Any], reading: dict[str, Any], fee: int, stays: object, bound_by: object
) -> None:
    got = proposed(rails, **reading)
    assert got.fee == fee
    assert got.stays == stays
    assert got.bound_by == bound_by
    assert got.changed == (fee != reading.get("fee", 3000))


@given(
    st.integers(1, 100_000), st.integers(-PPM, PPM), st.integers(0, 20_000),
    st.lists(st.tuples(st.integers(0, 10 * DAY), st.integers(1, 20_000)), max_size=4),
)  # fmt: skip
def test_no_measurement_breaks_a_rail(
    fee: int, error: int, cost: int, past: list[tuple[int, int]]
) -> None:
    changes = [Change(NOW - age, stood, stood) for age, stood in sorted(past, reverse=True)]
    got = proposed(fee=fee, errors_ppm=[error], cost=cost, changes=changes)
    assert got.fee >= 1
    assert abs(got.fee - fee) <= RAILS.max_step
    outside = max(RAILS.low - fee, fee - RAILS.high, 0)
    assert max(RAILS.low - got.fee, got.fee - RAILS.high, 0) <= outside
    stood = [fee, *(item.new for item in changes if item.at > NOW - RAILS.window)]
    reach = max(abs(got.fee - one) for one in stood)
    assert reach <= max(RAILS.max_in_window, *(abs(fee - one) for one in stood))


def test_a_proposal_lapses() -> None:
    got = proposed()
    assert got.valid_until == NOW + 6 * 3600
    assert not got.lapsed(got.valid_until)
    assert got.lapsed(got.valid_until + 1)


def test_the_floor_is_what_a_trade_costs() -> None:
    gas, price, coin = 100_000, 20 * 10**9, 2_500 * 10**6  # .002 coins, 5 stable
    assert cost_floor(gas, price, coin_price=coin, trade=1000 * 10**6) == 5000
    assert cost_floor(gas, price, coin_price=coin, trade=1000 * 10**6, share_ppm=100_000) == 500
    assert cost_floor(gas, price, coin_price=coin, trade=0) == 0


@pytest.mark.parametrize(
    "bad", [{"low": 600, "high": 500}, {"high": 0, "low": 0}, {"max_step": -1}]
)
def test_rails_without_room_are_refused(bad: dict[str, int]) -> None:
    with pytest.raises(UsageError):
        replace(RAILS, **bad)
