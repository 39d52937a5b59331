from __future__ import annotations

from dataclasses import replace

import pytest
from small_network import ANN, BEN, START, Network

from twin.chain.basefee import Demand
from twin.desk.port import ChainStats
from twin.desk.traffic import Traffic

TOO_MUCH = 10**18


@pytest.fixture
def network() -> Network:
    return Network()


def test_before_the_first_block_there_is_nothing_to_tell(network: Network) -> None:
    stats = Traffic(network.chain).stats(0, since=START - 3600)
    assert stats == ChainStats(0, 0, START, stats.base_fee, 0, 0, 0, 0, -1)


def test_it_counts_transactions_reverts_and_the_slowest_confirmation(network: Network) -> None:
    traffic = Traffic(network.chain)
    network.run(5)
    network.swap()  # at 5 s, included at 12 s
    network.run(10)
    network.swap()  # at 15 s, included at 24 s
    network.swap(BEN, TOO_MUCH)
    network.run(45)
    stats = traffic.stats(network.chain.head, since=START)
    assert (stats.first, stats.last, stats.timestamp) == (1, 5, START + 60)
    assert (stats.transactions, stats.reverted, stats.pending) == (3, 1, 0)
    assert stats.confirmation_max == 9
    assert 0 < stats.utilisation_ppm < 20_000


@pytest.mark.parametrize(
    ("since", "first", "transactions", "slowest"),
    [(-9999, 1, 2, 12), (0, 1, 2, 12), (11, 1, 2, 12), (12, 2, 1, 4), (23, 2, 1, 4), (24, 3, 0, -1),
     (10**6, 5, 0, -1)],
)  # fmt: skip
def test_a_window_begins_after_its_second(
    network: Network, since: int, first: int, transactions: int, slowest: int
) -> None:
    traffic = Traffic(network.chain)
    network.swap()
    network.run(20)
    network.swap(BEN)
    network.run(41)
    stats = traffic.stats(network.chain.head, since=START + since)
    assert (stats.first, stats.transactions, stats.confirmation_max) == (
        first,
        transactions,
        slowest,
    )


def test_an_old_head_is_told_as_of_then(network: Network) -> None:
    traffic = Traffic(network.chain)
    network.swap()
    network.run(30)
    network.swap(BEN)
    network.run(20)
    assert [traffic.stats(head, since=START).transactions for head in range(4)] == [0, 1, 1, 2]


def test_what_waits_is_pending(network: Network) -> None:
    network.swap()
    assert Traffic(network.chain).stats(0, since=START).pending == 1


def test_background_demand_uses_blocks_without_transactions() -> None:
    network = Network(background=(Demand(START, START + 3600, 15_000_000, 10**12, 10**9),))
    traffic = Traffic(network.chain)
    network.run(121)
    stats = traffic.stats(network.chain.head, since=START)
    assert (stats.transactions, stats.utilisation_ppm) == (0, 500_000)


def test_a_reorg_takes_its_blocks_back_before_new_ones_come(network: Network) -> None:
    traffic = Traffic(network.chain)
    kept = network.swap()
    network.run(13)
    gone = network.swap(BEN)
    network.run(12)
    before = traffic.stats(network.chain.head, since=START)
    assert before.transactions == 2
    network.chain.reorg(1, drop=[gone])
    after = traffic.stats(network.chain.head, since=START)
    assert (after.transactions, after.confirmation_max) == (1, 12)
    network.chain.reorg(2)
    again = traffic.stats(network.chain.head, since=START)
    assert replace(again, base_fee=0) == replace(after, base_fee=0)
    assert network.chain.receipt(kept) is not None
    network.swap(ANN)
    network.run(24)
    assert traffic.stats(network.chain.head, since=START).transactions == 2
