"""Bids for the front of a block: a share of the gain, more after a lost race."""

from __future__ import annotations

import pytest
import world_lab as lab

BIDDING = lab.agents_module("bidding")
GAS, COIN = 110_000, 100 * 10**6
GWEI = lab.GWEI


@pytest.mark.parametrize(
    ("share", "gain", "floor", "tip"),
    [
        (500_000, 0, 7, 7),
        (500_000, -5, 7, 7),
        # half of 110 USD is .55 coins, over 110,000 gas 5,000 gwei
        (500_000, 110 * 10**6, 0, 5_000 * GWEI),
        (500_000, 1, 10**12, 10**12),
        (2_000_000, 110 * 10**6, 0, 9_500 * GWEI),
    ],
)
def test_a_share_of_the_gain_is_the_tip_and_never_all_of_it(
    share: int, gain: int, floor: int, tip: int
) -> None:
    assert BIDDING.Bidding(share).tip(gain, gas=GAS, coin_price=COIN, floor=floor) == tip


def test_a_lost_race_bids_more_and_won_ones_come_back_to_the_least() -> None:
    bidder = BIDDING.Bidding(100_000)
    shares = []
    for _ in range(200):
        bidder.learn(won=False)
        shares.append(bidder.share)
    assert shares == sorted(shares)
    assert 940_000 < bidder.share <= BIDDING.MOST
    for _ in range(600):
        bidder.learn(won=True)
    assert 100_000 <= bidder.share < 100_100
    assert (bidder.won, bidder.lost) == (600, 200)


PAIR = [
    lab.agent("arbitrageur", "meek", tip_gwei=3),
    lab.agent("arbitrageur", "keen", tip_gwei=1, bid_share="10%"),
]


def race(moves: int) -> lab.Stage:
    """Let the venue's price jump *moves* times, both ways."""
    stage = lab.stage(agents=PAIR)
    venue = stage.world.market.venues["meridian"]

    def jump(value: int) -> None:
        venue._makers.value = value
        venue._stale = dict.fromkeys(venue._stale, True)
        venue._compare()

    for number in range(moves):
        value = 1_020_000 if number % 2 == 0 else 980_000
        stage.at(600 * (number + 1), lambda value=value: jump(value))  # type: ignore[misc]
    return stage.run(600 * (moves + 1))


def test_who_gives_a_share_of_the_gain_is_first_and_the_other_loses_the_race() -> None:
    stage = race(8)
    keen, meek = (stage.world.agents[name] for name in ("keen", "meek"))
    assert keen.trades >= 8
    assert keen.failed == 0
    assert keen.bidding.share == 100_000
    assert meek.failed + meek.trades >= 8
    assert meek.failed > meek.trades
    firsts: dict[int, str] = {}
    for _, event in stage.of("tx", function="swap"):
        firsts.setdefault(event.block, event.sender)
    assert set(firsts.values()) == {"keen"}
