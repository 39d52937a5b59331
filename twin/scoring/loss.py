"""Losses: each measure turns the log of a run and the sealed truth into a course in integer units.

A scenario names its measure, and what an hour costs for which a contract is stopped. What counts
is the loss net of the same seed without the faults, so that noise which is there anyway is
nobody's loss; a course says when it arose.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from itertools import accumulate
from typing import Protocol

from twin.errors import UnknownName, UsageError
from twin.events import ContractLogged
from twin.witness import Witness

__all__ = ["MEASURES", "Course", "PricePath", "Truth", "course", "measure", "stop_course"]

VALUE_SCALE = 10**11
"""Export quantities have 3 decimals and prices 8."""

TOKEN = 10**18
PPM = 1_000_000
HOUR = 3600


class PricePath(Protocol):
    """The true price of a commodity."""

    def price(self, now: int) -> int:
        """Return the price at unix second *now*, 8 decimals."""


def _nothing_is_known(_document: bytes) -> bool:
    """Stand in where a world has no customs: no cargo was loaded."""
    return False


@dataclass(frozen=True, slots=True)
class Truth:
    """The sealed truth that a measure may read, and the constants of the deployment.

    *loaded* says whether there is a cargo behind an export document.
    """

    paths: Mapping[bytes, PricePath]
    rate_per_usd: int
    stable: bytes
    start: int
    end: int
    loaded: Callable[[bytes], bool] = _nothing_is_known


@dataclass(frozen=True, slots=True)
class Course:
    """How a loss arose: (unix second, raw amount) in order, *scale* raw amounts to a unit."""

    steps: tuple[tuple[int, int], ...]
    scale: int = 1

    @property
    def total(self) -> int:
        """The loss in whole units, rounded down once."""
        return sum(amount for _at, amount in self.steps) // self.scale

    def cumulative(self) -> list[tuple[int, int]]:
        """Return (unix second, loss so far in whole units) at each step."""
        sums = accumulate(amount for _at, amount in self.steps)
        return [(at, so_far // self.scale)
                for (at, _amount), so_far in zip(self.steps, sums, strict=True)]  # fmt: skip


def _figure(reference: Mapping[str, int], name: str) -> int:
    """Return the figure called *name*; UnknownName where the scenario does not give it."""
    if name not in reference:
        raise UnknownName("reference figure of the loss", name, reference)
    return reference[name]


def _issued(witness: Witness) -> Iterator[tuple[int, Mapping[str, object], int, int]]:
    """Yield (unix second, arguments, quantity, amount) of every entitlement that was issued."""
    for now, event in witness.seen(ContractLogged):
        if event.event == "EntitlementIssued":
            quantity, amount = event.args["quantity"], event.args["amount"]
            assert isinstance(quantity, int)  # noqa: S101 - the ABI says so
            assert isinstance(amount, int)  # noqa: S101 - the same
            yield now, event.args, quantity, amount


def _entitled(truth: Truth, feed: object, quantity: int, now: int) -> int:
    """Return the FT that an export of *quantity* earns at the true price of unix second *now*."""
    assert isinstance(feed, bytes)  # noqa: S101 - the ABI says so
    if feed not in truth.paths:
        raise UnknownName("feed with a true price", "0x" + feed.hex(), ())
    return quantity * max(0, truth.paths[feed].price(now)) * truth.rate_per_usd // VALUE_SCALE


def ft_over_entitlement(witness: Witness, truth: Truth, reference: Mapping[str, int]) -> Course:
    """FT issued above the true entitlement x reference value, in US cents.

    The true entitlement of an export is quantity x true price x rate, as the contract computes
    it from the oracle's price. *reference* holds `ft_value_cents`, what one FT is worth, and
    `tolerance_ppm`: an oracle that follows within its deviation band is a little early or late by
    design, so an excess counts, in full, when it is larger than that share of the entitlement.
    """
    cents, tolerance = _figure(reference, "ft_value_cents"), _figure(reference, "tolerance_ppm")
    steps = []
    for now, args, quantity, amount in _issued(witness):
        entitled = _entitled(truth, args["feed"], quantity, now)
        if (amount - entitled) * PPM > entitled * tolerance:
            steps.append((now, (amount - entitled) * cents))
    return Course(tuple(steps), TOKEN)


def ft_without_cargo(witness: Witness, truth: Truth, reference: Mapping[str, int]) -> Course:
    """FT issued for documents behind which no cargo was loaded x `ft_value_cents`, in US cents."""
    cents, steps = _figure(reference, "ft_value_cents"), []
    for now, args, _quantity, amount in _issued(witness):
        document = args["documentHash"]
        assert isinstance(document, bytes)  # noqa: S101 - the ABI says so
        if not truth.loaded(document):
            steps.append((now, amount * cents))
    return Course(tuple(steps), TOKEN)


def export_delay(witness: Witness, truth: Truth, reference: Mapping[str, int]) -> Course:
    """What it costs that claimed exports are not settled in time, in US cents.

    An export that waits longer than `grace` seconds after its claim costs `ppm_a_day` millionths
    of its true value for each day from then on, until it is settled or the run ends.
    """
    grace, rate = _figure(reference, "grace"), _figure(reference, "ppm_a_day")
    open_: dict[object, tuple[int, int]] = {}
    steps: list[tuple[int, int]] = []

    def wait(since: int, value: int, until: int) -> None:
        at = since + grace
        while at < until:  # by the hour, so that the course shows when it arose
            end = min(until, at + HOUR)
            steps.append((at, value * rate * (end - at)))
            at = end

    for now, event in witness.seen(ContractLogged):
        document = event.args.get("documentHash")
        if event.event == "ExportClaimed":
            quantity, feed = event.args["quantity"], event.args["feed"]
            assert isinstance(quantity, int)  # noqa: S101 - the ABI says so
            assert isinstance(feed, bytes)  # noqa: S101 - the same
            value = quantity * max(0, truth.paths[feed].price(now)) * 100 // VALUE_SCALE
            open_[document] = (now, value)
        elif event.event == "EntitlementIssued" and document in open_:
            since, value = open_.pop(document)
            wait(since, value, now)
    for since, value in open_.values():
        wait(since, value, truth.end)
    return Course(tuple(sorted(steps)), 86_400 * PPM)


def volume_over_target(witness: Witness, truth: Truth, reference: Mapping[str, int]) -> Course:
    """Swap volume above what the network is sized for, in stable units (6 decimals).

    *reference* holds `target` per `period` seconds; each whole period since the start counts
    by what it exceeds the target, at its end.
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
    return Course(
        tuple(
            (truth.start + (slot + 1) * period, over)
            for slot in range(whole)
            if (over := volumes.get(slot, 0) - target) > 0
        )
    )


def stop_course(witness: Witness, truth: Truth, stops: Mapping[str, int]) -> Course:
    """Return what stopped contracts cost: *stops* gives the units of an hour by contract.

    Every stop counts, whoever made it and why: that it prevented more is seen in the rest.
    """
    since: dict[str, int] = {}
    steps: list[tuple[int, int]] = []

    def add(contract: str, until: int) -> None:
        at = since.pop(contract)
        while at < until:
            end = min(until, at + HOUR)
            steps.append((at, stops[contract] * (end - at)))
            at = end

    for now, event in witness.seen(ContractLogged):
        if event.contract not in stops:
            continue
        if event.event == "Paused":
            since.setdefault(event.contract, now)
        elif event.event == "Unpaused" and event.contract in since:
            add(event.contract, now)
    for contract in sorted(since):
        add(contract, truth.end)
    return Course(tuple(sorted(steps)), HOUR)


Measure = Callable[[Witness, Truth, Mapping[str, int]], Course]

MEASURES: Mapping[str, Measure] = {
    "export-delay": export_delay,
    "ft-over-entitlement": ft_over_entitlement,
    "ft-without-cargo": ft_without_cargo,
    "volume-over-target": volume_over_target,
}


def course(name: str, witness: Witness, truth: Truth, *, reference: Mapping[str, int]) -> Course:
    """Return how the loss of a run arose by the measure called *name*."""
    if name not in MEASURES:
        raise UnknownName("loss measure", name, MEASURES)
    return MEASURES[name](witness, truth, reference)


def measure(name: str, witness: Witness, truth: Truth, *, reference: Mapping[str, int]) -> int:
    """Return the loss of a finished run by the measure called *name*."""
    return course(name, witness, truth, reference=reference).total
