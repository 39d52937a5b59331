"""Bids for the front of a block: what share of a trade's gain is given to whoever builds it.

Arbitrageurs who see the same mispricing race, and the mempool serves the highest tip first. Daian et
al. 2020 ("Flash Boys 2.0") watched them bid against each other until most of the gain went to the
miners. Here a bidder gives the share *share* of what a trade leaves; a lost race makes it bid more,
a won one a little less. The race is sealed: nobody sees another's bid, only who was first.
"""

from __future__ import annotations

__all__ = ["Bidding"]

PIPS = 1_000_000
UP, DOWN = 150_000, 20_000
"""Pips of the way to everything, and back to the least, that a lost and a won race move the bid."""
MOST = 950_000
"""Nobody gives away more of a gain than this, in pips."""


class Bidding:
    """A bidder who gives *least* pips of a gain, and more where that loses."""

    __slots__ = ("_least", "lost", "share", "won")

    def __init__(self, least: int) -> None:
        """Begin with the least."""
        self._least = self.share = min(least, MOST)
        self.won = self.lost = 0

    def tip(self, gain: int, *, gas: int, coin_price: int, floor: int) -> int:
        """Return the tip (wei a gas unit) for a trade that leaves *gain* stable units before it.

        *gas* units are used, one coin (1e18 wei) costs *coin_price* stable units; never below
        *floor*.
        """
        if gain <= 0:
            return floor
        bid = gain * self.share * 10**18 // (PIPS * gas * coin_price)
        return max(floor, bid)

    def learn(self, *, won: bool) -> None:
        """Take the lesson of a race."""
        if won:
            self.won += 1
            self.share -= (self.share - self._least) * DOWN // PIPS
        else:
            self.lost += 1
            self.share += (MOST - self.share) * UP // PIPS
