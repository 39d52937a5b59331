"""Services about the reserve and the Foundation Token: auditor, disputes, transfer requests."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from twin.scenario.spec import Spec
from twin.scenario.values import Pips, Seconds

__all__ = ["AttestationsSpec", "DisputesSpec", "TransfersSpec"]

_HOUR, _DAY = 3_600, 86_400


class AttestationsSpec(Spec):
    """The reserve's auditor: examines *first* after the start and then *every*, issues *lag* later.

    *basis* is what its figures are: what the market pays (`fair value`) or what was paid (`cost`).
    """

    first: Seconds = _DAY
    every: Seconds = Field(default=30 * _DAY, ge=_HOUR)
    lag: Seconds = _DAY
    basis: Literal["cost", "fair value"] = "fair value"


class DisputesSpec(Spec):
    """Disputes about allocations.

    Exhibits come *reply* (mean) after the form and count within *exchange*; a ruling is owed by
    *deadline*.
    """

    reply: Seconds = 12 * _HOUR
    exchange: Seconds = 3 * _DAY
    deadline: Seconds = 10 * _DAY


class TransfersSpec(Spec):
    """Requests of sovereigns to move FT: *requests_per_day* of all together, Poisson.

    One asks to move at most *largest_share* of what is free. Scenario figures.
    """

    requests_per_day: float = Field(default=0.5, ge=0, le=10_000)
    largest_share: Pips = Field(default=50_000, ge=1, le=1_000_000)
