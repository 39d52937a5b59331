"""Identities, journals, scans, bulletins and tickets, as a scenario may declare them."""

from __future__ import annotations

from pydantic import Field

from twin.scenario.spec import Spec
from twin.scenario.values import Label, Seconds

__all__ = [
    "BulletinsSpec",
    "IdentitiesSpec",
    "JournalsSpec",
    "RegulationSpec",
    "ScansSpec",
    "TicketsSpec",
]

_DAY = 86_400


class IdentitiesSpec(Spec):
    """People beside the team: *vendors* with access, and staff that *left* before the start."""

    vendors: tuple[Label, ...] = ("meridian-support", "chain-analytics")
    left: tuple[Label, ...] = ("pavel",)


class JournalsSpec(Spec):
    """*lines_per_hour* of ordinary access (mean), and *canaries_per_day* that are planted (mean)."""

    lines_per_hour: float = Field(default=4.0, gt=0, le=200)
    canaries_per_day: float = Field(default=3.0, ge=0, le=50)


class ScansSpec(Spec):
    """CI scans daily; *findings_per_week* turn up (mean), and are fixed within the *fix_days*."""

    findings_per_week: float = Field(default=1.5, ge=0, le=100)
    fix_days: int = Field(default=5, ge=1, le=365, strict=True)


class RegulationSpec(Spec):
    """A rule called *name* that a regulator publishes at *at*, in force *notice* later."""

    name: Label
    at: Seconds
    notice: Seconds = Field(default=90 * _DAY, ge=1)


class BulletinsSpec(Spec):
    """*per_week* bulletins about others (mean), and the rules that regulators publish."""

    per_week: float = Field(default=3.0, ge=0, le=100)
    regulations: tuple[RegulationSpec, ...] = ()


class TicketsSpec(Spec):
    """*noise_per_day* questions that no harm is behind (mean).

    A user who is harmed writes with probability *complains*, after a delay whose median is
    *patience_minutes*.
    """

    noise_per_day: float = Field(default=3.0, ge=0, le=1000)
    complains: float = Field(default=0.3, ge=0, le=1)
    patience_minutes: int = Field(default=30, ge=1, le=10_000, strict=True)
