"""What a rule's expression can never do is refused; what it may do is not."""

from __future__ import annotations

import pytest

from twin.monitoring.metrics import metric_table
from twin.monitoring.possible import impossible
from twin.monitoring.rules import default_rules

TABLE = metric_table()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("fictra_venue_mid_ratio / fictra_pool_price_ratio > 1", "only one of them has the label(s) venue"),
        ("fictra_oracle_report_usd / on(feed, node) fictra_oracle_answer_usd > 1", "label(s) node"),
        ("fictra_venue_mid_ratio > 1 unless on(venue) fictra_pool_price_ratio", "label(s) venue"),
        ("sum by (venue) (fictra_venue_up) == 0 and fictra_pool_price_ratio", "label(s) venue"),
        ("abs(fictra_bank_open) == fictra_bank_up", "label(s) account"),
        ("sum without (bank) (fictra_bank_up) > on(bank) fictra_bank_open", "label(s) bank"),
        ("fictra_chain_utilisation_ratio > 95", "never near 95"),
        ("95 < avg_over_time(fictra_chain_utilisation_ratio[5m])", "never near 95"),
        ("fictra_fee_ratio < -0.1", "never near -0.1"),
        ("fictra_venue_up > 1", "is 0 or 1: > 1"),
        ("max_over_time(fictra_venue_up[5m]) >= 0", "always holds or never"),
        ("fictra_contract_paused == 2", "== 2"),
    ],
)  # fmt: skip
def test_what_is_impossible_is_said(text: str, said: str) -> None:
    (problem,) = impossible(text, TABLE)
    assert said in problem


@pytest.mark.parametrize(
    "text",
    [
        "fictra_venue_mid_ratio / on() group_left() fictra_pool_price_ratio > 1",
        "fictra_oracle_report_usd / on(feed) group_left() fictra_oracle_answer_usd > 1",
        "fictra_oracle_report_usd / ignoring(node) group_left() fictra_oracle_answer_usd > 1",
        "fictra_venue_up == 0 or fictra_pool_price_ratio > 1",
        "recorded:series / fictra_venue_up > 1",
        'label_replace(fictra_index_usd, "feed", "$1", "commodity", "(.*)") / fictra_oracle_answer_usd > 1',
        "topk(2, fictra_venue_mid_ratio) > fictra_venue_up",
        "count(fictra_venue_up == 0) > 1",
        "fictra_venue_up != 1",
        "increase(fictra_pool_swaps_total[3h]) == 0",
        "fictra_pool_price_ratio > 5",
        "time() - fictra_chain_head_timestamp_seconds > 120 or absent(fictra_chain_head_block)",
        "max_over_time(fictra_bank_up[30m:5m]) < bool fictra_bank_up",
    ],
)  # fmt: skip
def test_what_may_be_passes(text: str) -> None:
    assert impossible(text, TABLE) == []


def test_the_shipped_rules_are_possible() -> None:
    assert [(r.name, p) for r in default_rules().rules for p in impossible(r.expr, TABLE)] == []
