"""Losses: each measure turns the log of a run and the sealed truth into integer units.

A scenario names its measure. What counts is the loss net of the same seed without the faults,
so that noise which is there anyway is nobody's loss.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Protocol

from twin.errors import UnknownName, UsageError
from twin.events import ContractLogged
from twin.witness import Witness

__all__ = ["MEASURES", "PricePath", "Truth", "measure"]

VALUE_SCALE = 10**11
"""Export quantities have 3 decimals and prices 8."""

TOKEN = 10**18
PPM = 1_000_000


class PricePath(Protocol):
    """The true price of a commodity."""

    def price(self, now: int) -> int:
        """Return the price at unix second *now*, 8 decimals."""


@dataclass(frozen=True, slots=True)
class Truth:
    """The sealed truth that a measure may read, and the constants of the deployment."""

    paths: Mapping[bytes, PricePath]
    rate_per_usd: int
    stable: bytes
    start: int
    end: int


def _figure(reference: Mapping[str, int], name: str) -> int:
    """Return the figure called *name*; UnknownName where the scenario does not give it."""
    if name not in reference:
        raise UnknownName("reference figure of the loss", name, reference)
    return reference[name]


def ft_over_entitlement(witness: Witness, truth: Truth, reference: Mapping[str, int]) -> int:
    """FT issued above the true entitlement x reference value, in US cents.

    The true entitlement of an export is quantity x true price x rate, as the contract computes
    it from the oracle's price. *reference* holds `ft_value_cents`, what one FT is worth, and
    `tolerance_ppm`: an oracle that follows within its deviation band is a little early or late by
    design, so an excess counts, in full, when it is larger than that share of the entitlement.
    """
    cents, tolerance = _figure(reference, "ft_value_cents"), _figure(reference, "tolerance_ppm")
    over = 0
    for now, event in witness.seen(ContractLogged):
        if event.event != "EntitlementIssued":
            continue
        quantity, amount = event.args["quantity"], event.args["amount"]
        feed = event.args["feed"]
        assert isinstance(quantity, int)  # noqa: S101 - the ABI says so
        assert isinstance(amount, int)  # noqa: S101 - the same
        assert isinstance(feed, bytes)  # noqa: S101 - the same
        if feed not in truth.paths:
            raise UnknownName("feed with a true price", "0x" + feed.hex(), ())
        price = max(0, truth.paths[feed].price(now))
        entitled = quantity * price * truth.rate_per_usd // VALUE_SCALE
        if (amount - entitled) * PPM > entitled * tolerance:
            over += amount - entitled
    return over * cents // TOKEN


def volume_over_target(witness: Witness, truth: Truth, reference: Mapping[str, int]) -> int:
    """Swap volume above what the network is sized for, in stable units (6 decimals).

    *reference* holds `target` per `period` seconds; each whole period since the start counts
    by what it exceeds the target.
    """
    target, period = _figure(reference, "target"), _figure(reference, "period")
    if period < 1:
        raise UsageError(f"volume is counted per period of {period} s: 1 second or more")
    volumes: dict[int, int] = {}
    for now, event in witness.seen(ContractLogged):
        if event.event != "Swapped":
            continue
        side = "amountIn" if event.args["tokenIn"] == truth.stable else "amountOut"
        amount = event.args[side]
        assert isinstance(amount, int)  # noqa: S101 - the ABI says so
        slot = (now - truth.start) // period
        volumes[slot] = volumes.get(slot, 0) + amount
    whole = (truth.end - truth.start) // period
    return sum(max(0, volumes.get(slot, 0) - target) for slot in range(whole))


Measure = Callable[[Witness, Truth, Mapping[str, int]], int]

MEASURES: Mapping[str, Measure] = {
    "ft-over-entitlement": ft_over_entitlement,
    "volume-over-target": volume_over_target,
}


def measure(name: str, witness: Witness, truth: Truth, *, reference: Mapping[str, int]) -> int:
    """Return the loss of a finished run by the measure called *name*."""
    if name not in MEASURES:
        raise UnknownName("loss measure", name, MEASURES)
    return MEASURES[name](witness, truth, reference)
