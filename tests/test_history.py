"""Fee history, held against sums made by hand."""

from __future__ import annotations

import chain_lab as lab
import pytest

from twin.chain.basefee import Demand, next_base_fee
from twin.errors import UnknownBlock

GWEI = lab.GWEI
EVER = 2**40


def test_fees_gas_and_rewards_by_block() -> None:
    demands = (
        Demand(0, EVER, 6_000_000, 50 * GWEI, GWEI),
        Demand(0, EVER, 2_000_000, 50 * GWEI, 4 * GWEI),
    )
    chain = lab.chain(background=demands)
    chain.send(lab.ALICE, lab.CAROL, gas=21_000, tip=9 * GWEI, max_fee=50 * GWEI)
    lab.wait(chain, 36)
    history = chain.fee_history(3, 2, (0, 50, 99.9, 100))
    first = next_base_fee(GWEI, 8_021_000, 30_000_000)
    assert history.oldest == 0
    assert history.base_fees == (GWEI, GWEI, first, next_base_fee(first, 8_000_000, 30_000_000))
    assert history.gas_used == (0, 8_021_000, 8_000_000)
    assert history.rewards == (
        (0, 0, 0, 0),
        (GWEI, GWEI, 9 * GWEI, 9 * GWEI),
        (GWEI, GWEI, 4 * GWEI, 4 * GWEI),
    )


def test_rewards_are_capped_and_background_fills_the_rest_of_a_full_block() -> None:
    demands = (
        Demand(0, EVER, 29_990_000, GWEI + 3, GWEI),
        Demand(0, EVER, 5_000_000, GWEI + 1, GWEI),
    )
    chain = lab.chain(background=demands)
    lab.wait(chain)
    history = chain.fee_history(1, 1, (0, 1, 100))
    assert history.gas_used == (30_000_000,)
    assert history.rewards == ((1, 3, 3),)


def test_without_percentiles_there_are_no_rewards_and_the_future_is_unknown() -> None:
    chain = lab.chain()
    assert chain.fee_history(5, 0).rewards == ()
    with pytest.raises(UnknownBlock, match="no block 1: the head is 0"):
        chain.fee_history(5, 1)
