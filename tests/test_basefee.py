"""The base fee: EIP-1559's figures, and stretches in one step."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from twin.chain.basefee import Demand, FeeLine, GasPoint, by_tip, next_base_fee
from twin.errors import ChainError

GWEI = 10**9
LIMIT = 30_000_000
EVER = 2**40
WEEK = 7 * 86_400

# From the test vectors that go-ethereum keeps for EIP-1559 (limit 20,000,000), and the EIP's bounds.
STEPS = [
    ("at the target", GWEI, 10_000_000, 20_000_000, GWEI),
    ("below", GWEI, 9_000_000, 20_000_000, 987_500_000),
    ("above", GWEI, 11_000_000, 20_000_000, 1_012_500_000),
    ("full: +12.5 %", GWEI, LIMIT, LIMIT, GWEI * 9 // 8),
    ("empty: -12.5 %", GWEI, 0, LIMIT, GWEI * 7 // 8),
    ("rises by one at least", 1, 15_000_001, LIMIT, 2),
    ("zero rises", 0, LIMIT, LIMIT, 1),
    ("stays below eight", 7, 0, LIMIT, 7),
    ("falls at eight", 8, 0, LIMIT, 7),
]


@pytest.mark.parametrize(
    ("fee", "used", "limit", "following"), [s[1:] for s in STEPS], ids=[s[0] for s in STEPS]
)
def test_the_next_base_fee(fee: int, used: int, limit: int, following: int) -> None:
    assert next_base_fee(fee, used, limit) == following


def line(*demands: Demand, interval: int = 2, base_fee: int = 10 * GWEI, start: int = 0) -> FeeLine:
    return FeeLine(start, interval, gas_limit=LIMIT, base_fee=base_fee, demands=demands)


def slowly(fees: FeeLine, number: int, base_fee: int) -> GasPoint:
    """Return the point of block *number*, block by block from block 1."""
    total = 0
    for block in range(1, number):
        wanted = sum(d.gas for d in fees.active(block) if d.max_fee >= base_fee)
        used = min(LIMIT, wanted)
        total += used
        base_fee = next_base_fee(base_fee, used, LIMIT)
    return GasPoint(number, base_fee, total)


CASES = [
    ("no demand", ()),
    ("below the target", (Demand(0, EVER, 5_000_000, 50 * GWEI, GWEI),)),
    ("at the target", (Demand(0, EVER, 15_000_000, 50 * GWEI, GWEI),)),
    ("comes and goes with the fee", (Demand(0, EVER, 20_000_000, 30 * GWEI, GWEI),)),
    ("more than a block", (Demand(0, EVER, 90_000_000, 30 * GWEI, GWEI),)),
    ("classes and edges", (
        Demand(0, EVER, 10_000_000, 30 * GWEI, GWEI),
        Demand(0, 4_001, 8_000_000, 13 * GWEI, GWEI),
        Demand(1_999, 5_003, 28_000_000, 100 * GWEI, GWEI),
    )),
    ("a cycle of small fees", (Demand(0, EVER, 30_000_000, 9, 0),)),
]  # fmt: skip


@pytest.mark.parametrize("demands", [case[1] for case in CASES], ids=[case[0] for case in CASES])
@pytest.mark.parametrize("interval", [2, 12])
def test_a_stretch_in_one_step_is_block_by_block(
    demands: tuple[Demand, ...], interval: int
) -> None:
    for number in (1, 2, 3, 700, 5_000):
        fees = line(*demands, interval=interval)
        assert fees.at(number) == slowly(fees, number, 10 * GWEI)


@given(
    st.lists(
        st.builds(
            lambda start, length, gas, fee: Demand(start, start + length, gas, fee, 0),
            st.integers(0, 900),
            st.integers(1, 900),
            st.integers(0, 40_000_000),
            st.sampled_from([0, 7, 8, 9, 30, 1_000, GWEI]),
        ),
        max_size=4,
    ),
    st.integers(1, 600),
    st.sampled_from([0, 1, 8, 100, GWEI]),
)
def test_any_stretch_in_one_step_is_block_by_block(
    demands: list[Demand], number: int, base_fee: int
) -> None:
    fees = line(*demands, base_fee=base_fee)
    expected = slowly(fees, number, base_fee)
    assert fees.at(number) == expected
    below = fees.first_at_most(1, 8, horizon=number)
    found = [n for n in range(1, number + 1) if slowly(fees, n, base_fee).base_fee <= 8]
    assert below == (found[0] if found else None)


def test_a_fee_is_found_behind_a_cycle_that_another_demand_ends() -> None:
    demands = (Demand(0, 1_001, 20_000_000, 30 * GWEI, GWEI), Demand(1_001, EVER, 1, GWEI, 0))
    for fee in (20 * GWEI, 5 * GWEI, 9):
        fees = line(*demands)
        expected = next(n for n in range(400, 900) if slowly(fees, n, 10 * GWEI).base_fee <= fee)
        assert fees.first_at_most(400, fee, horizon=1_000) == expected


@pytest.mark.parametrize("demands", [case[1] for case in CASES], ids=[case[0] for case in CASES])
def test_a_block_is_what_lies_between_two_points(demands: tuple[Demand, ...]) -> None:
    fees = line(*demands)
    fees.seal(1_003, 7)
    numbers = (0, 1, 2, 999, 1_000, 1_002, 1_003, 1_004, 2_000, 2_001, 2_501, 2_502, 9_000)
    for number in numbers:
        point, after = fees.at(number), fees.at(number + 1)
        assert fees.block(number) == (point.base_fee, after.gas - point.gas)


@pytest.mark.parametrize("interval", [2, 12])
@pytest.mark.parametrize("demands", [CASES[0][1], CASES[1][1], CASES[2][1], CASES[6][1]])
def test_a_week_of_empty_blocks_is_not_walked(interval: int, demands: tuple[Demand, ...]) -> None:
    fees = line(*demands, interval=interval)
    fees.at(WEEK // interval)
    assert fees.steps < 1_000


def test_asking_again_does_not_walk_from_the_start() -> None:
    fees = line(*CASES[3][1])
    fees.at(100_000)
    fees.steps = 0
    assert fees.at(100_001).number == 100_001
    assert fees.steps == 1


def test_a_sealed_block_carries_its_gas_on() -> None:
    fees = line()
    before = fees.at(10)
    fees.seal(10, LIMIT)
    assert fees.at(11) == GasPoint(11, before.base_fee * 9 // 8, before.gas + LIMIT)
    assert fees.gas_used(10, 10) == LIMIT
    assert fees.gas_used(1, 20) == LIMIT
    assert fees.at(9) == line().at(9)
    fees.cut(10)
    assert fees.at(11) == line().at(11)


def test_demand_added_later_counts_from_its_start() -> None:
    fees = line()
    fees.at(50_000)
    fees.add(Demand(2_000, EVER, LIMIT, 100 * GWEI, 0), after=999)
    assert fees.at(1_000) == line().at(1_000)
    assert fees.gas_used(1_000, 1_000) == LIMIT
    with pytest.raises(ChainError, match="must start after block 999"):
        fees.add(Demand(1_998, EVER, 1, 0, 0), after=999)


def test_demand_is_active_in_its_half_open_interval() -> None:
    demand = Demand(100, 124, 1, 5, 1)
    fees = line(demand, interval=12, start=100)
    assert [number for number in range(5) if fees.active(number)] == [0, 1]


@given(
    st.lists(st.tuples(st.integers(0, 300), st.integers(1, 200)), max_size=5),
    st.sampled_from([1, 7, 12]),
)
def test_demand_is_active_where_its_times_say_so(
    spans: list[tuple[int, int]], interval: int
) -> None:
    demands = [Demand(start, start + length, 1, 5, 1) for start, length in spans]
    fees = line(*demands, interval=interval, start=100)
    for number in range(60):
        time = 100 + number * interval
        active = [demand for demand in demands if demand.start <= time < demand.end]
        assert list(fees.active(number)) == active


def test_demand_that_pays_more_goes_first_and_what_cannot_pay_stays_out() -> None:
    low, high = Demand(0, 1, 10, 50, 3), Demand(0, 1, 20, 50, 9)
    assert by_tip([low, high], 40) == [(9, 20), (3, 10)]
    assert by_tip([low, high], 45) == [(5, 20), (3, 10)]
    assert by_tip([low, replace(high, max_fee=44)], 45) == [(3, 10)]


@pytest.mark.parametrize(
    "fields", [{"end": 0}, {"gas": -1}, {"tip": 6}, {"tip": -1}], ids=["empty", "gas", "cap", "tip"]
)
def test_impossible_demand_is_refused(fields: dict[str, int]) -> None:
    with pytest.raises(ChainError, match="it needs"):
        replace(Demand(0, 1, 1, 5, 1), **fields)
