"""The guard rails of a fee: what a law wants, and what is left of it after every rail.

Each rail is a parameter that governance can vary, and every one that holds a change back is named
in the proposal. Published settings: Aave's risk stewards wait 3 days between changes, move half to
three percent points, and lapse after 6 hours; RAI and HAI leave errors below half a percent alone
and act once an hour at most; EIP-7918 ties a fee to the cost below which it would mean nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from twin.control.law import Law
from twin.errors import UsageError

__all__ = ["Change", "Proposal", "Rails", "Reading", "cost_floor", "propose"]

ETHER = 10**18
PIPS = 1_000_000
WIDE = 10**30
"""Above any fee."""


@dataclass(frozen=True, slots=True)
class Rails:
    """The rails; fees in pips, times in seconds, errors in ppm.

    The fee stays in *low*..*high* and never becomes 0, moves *max_step* at once and *max_in_window*
    within any *window* (0: no such rail), waits *min_delay* between changes in either direction.
    Errors up to *dead_band_ppm* are not answered. What was measured may be *max_age* old, and what
    is proposed lapses after *expiry*.
    """

    low: int
    high: int
    max_step: int
    min_delay: int
    window: int = 0
    max_in_window: int = 0
    dead_band_ppm: int = 0
    max_age: int = 900
    expiry: int = 6 * 3600

    def __post_init__(self) -> None:
        """Refuse rails between which no fee fits."""
        if not 0 <= self.low <= self.high or self.high < 1:
            raise UsageError(f"fees from {self.low} to {self.high} pips: write 0 <= low <= high")
        figures = (
            self.max_step, self.min_delay, self.window, self.max_in_window, self.dead_band_ppm,
            self.max_age, self.expiry,
        )  # fmt: skip
        if min(figures) < 0:
            raise UsageError(f"{self}: no rail is negative")


@dataclass(frozen=True, slots=True)
class Change:
    """A past change of the fee *old* -> *new* (pips) at unix second *at*."""

    at: int
    old: int
    new: int


@dataclass(frozen=True, slots=True)
class Reading:
    """What the controller sees at *now*: the present *fee* and the errors (ppm, oldest first).

    *observed_at* is when the last error was measured, None where there is no data. *changes* are
    the past ones, oldest first; *changed_at* the last of all (0: never), which may be older.
    *incidents* freeze the fee. *cost* is the floor by cost, in pips (see `cost_floor`).
    """

    now: int
    fee: int
    errors_ppm: Sequence[int]
    observed_at: int | None
    changed_at: int = 0
    changes: Sequence[Change] = ()
    incidents: Sequence[str] = ()
    cost: int = 0


@dataclass(frozen=True, slots=True)
class Proposal:
    """The *fee* to set, what the law *wanted*, and what held it back; it lapses at *valid_until*.

    *stays* are the reasons for which no change is made at all, *bound_by* the rails that cut one.
    """

    now: int
    fee: int
    wanted: int
    changed: bool
    stays: tuple[str, ...]
    bound_by: tuple[str, ...]
    valid_until: int

    def lapsed(self, now: int) -> bool:
        """Say whether it is too late to act on this at *now*; measure anew instead."""
        return now > self.valid_until


def cost_floor(
    gas: int, price: int, *, coin_price: int, trade: int, share_ppm: int = PIPS
) -> int:  # fmt: skip
    """Return the fee in pips at which the fee of one trade is *share_ppm* of what its gas costs.

    The rule of EIP-7918, applied to a fee on value: *gas* units at *price* wei with the coin at
    *coin_price* stable units, for a typical trade of *trade* stable units. No trade, no floor.
    """
    if trade < 1:
        return 0
    cost = gas * price * coin_price  # 1e-18 stable units
    return -(-cost * share_ppm // (ETHER * trade))


def propose(law: Law, rails: Rails, reading: Reading) -> Proposal:
    """Return what *law* wants at *reading*, inside all *rails*."""
    stays = _obstacles(rails, reading)
    wanted = law.wanted(reading.fee, reading.errors_ppm)
    fee, bound_by = (reading.fee, ()) if stays else _inside(wanted, rails, reading)
    return Proposal(
        reading.now, fee, wanted, fee != reading.fee, stays, bound_by, reading.now + rails.expiry
    )  # fmt: skip


def _obstacles(rails: Rails, reading: Reading) -> tuple[str, ...]:
    """Return every reason for which the fee stays as it is."""
    found = []
    if reading.observed_at is None or not reading.errors_ppm:
        found.append("no data")
    elif reading.now - reading.observed_at > rails.max_age:
        found.append(f"the measurement is {reading.now - reading.observed_at} s old")
    if reading.incidents:
        found.append(f"frozen by {', '.join(reading.incidents)}")
    due = reading.changed_at + rails.min_delay
    if reading.changed_at and reading.now < due:
        found.append(f"cooling down for {due - reading.now} s")
    if reading.errors_ppm and abs(reading.errors_ppm[-1]) <= rails.dead_band_ppm:
        found.append("inside the dead band")
    return tuple(found)


def _inside(wanted: int, rails: Rails, reading: Reading) -> tuple[int, tuple[str, ...]]:
    """Return *wanted* after the rails, and the names of those that cut it.

    The corridors are applied from the softest to the hardest. Where the fee stands outside one of
    them already (governance moved the bounds, or the cost rose), it comes back step by step.
    """
    fee, bound_by = wanted, []
    for name, low, high in _corridors(rails, reading):
        inside = max(low, min(high, fee))
        if inside != fee:
            bound_by.append(name)
        fee = inside
    return fee, tuple(bound_by)


def _corridors(rails: Rails, reading: Reading) -> list[tuple[str, int, int]]:
    """Return (name, lowest, highest) of each rail that bounds the fee, the hardest last."""
    here = reading.fee
    # A fee below its cost is not lowered further, as in EIP-7918; only the law raises it.
    floor = min(reading.cost, here, rails.high)
    found = [("cost floor", floor, WIDE), ("bounds", rails.low, rails.high)]
    if rails.window:
        since = reading.now - rails.window
        stood = [here, *(fee for item in reading.changes if item.at > since
                         for fee in (item.old, item.new))]  # fmt: skip
        low, high = max(stood) - rails.max_in_window, min(stood) + rails.max_in_window
        found.append(("window", min(low, here), max(high, here)))
    found.append(("step", here - rails.max_step, here + rails.max_step))
    return [*found, ("never to zero", 1, WIDE)]
