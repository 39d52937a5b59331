from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from paper_desk import NO_STATS, NOW, PaperDesk

from twin.errors import NoData
from twin.procedures.monitoring.performance import ChainPerformance, chain_performance


def look(**stats: Any) -> tuple[str, set[str]]:
    finding = chain_performance(PaperDesk(stats=replace(NO_STATS, **stats)), ChainPerformance())
    assert set(finding.problems) == {"head", "utilisation", "confirmation", "reverts"}
    return finding.verdict, {name for name, count in finding.problems.items() if count}


@pytest.mark.parametrize(
    ("stats", "items"),
    [
        ({"timestamp": NOW - 61}, {"head"}),
        ({"utilisation_ppm": 950_001}, {"utilisation"}),
        ({"confirmation_max": 181}, {"confirmation"}),
        ({"transactions": 20, "reverted": 5}, {"reverts"}),
        ({"timestamp": NOW - 9999, "confirmation_max": 10**6}, {"head", "confirmation"}),
    ],
)
def test_what_is_outside_its_service_level_is_named(stats: Any, items: set[str]) -> None:
    assert look(**stats) == ("finding", items)


@pytest.mark.parametrize(
    "stats",
    [
        {},
        {"timestamp": NOW - 60, "utilisation_ppm": 950_000, "confirmation_max": 180},
        {"transactions": 20, "reverted": 4},
        {"transactions": 19, "reverted": 19},  # too few to mean anything
        {"transactions": 0, "confirmation_max": -1},
    ],
    ids=["quiet", "at every limit", "20 %", "too few", "no transaction"],
)
def test_what_is_inside_is_well(stats: Any) -> None:
    assert look(**stats) == ("ok", set())


def test_it_looks_back_over_its_window_and_leaves_the_levels() -> None:
    desk = PaperDesk()
    finding = chain_performance(desk, ChainPerformance(window=600))
    assert desk.asked == [NOW - 600]
    assert finding.data == {
        "blocks": [1, 300], "head_age": 4, "base_fee_wei": 10**9, "utilisation_ppm": 400_000,
        "transactions": 100, "reverted_ppm": 10_000, "pending": 0, "confirmation_max": 12,
    }  # fmt: skip


def test_a_chain_that_cannot_be_read_is_no_data() -> None:
    with pytest.raises(NoData, match="explorer"):
        chain_performance(PaperDesk(stats=None), ChainPerformance())
