"""Many scores as one: distributions with censoring, shares with intervals, never a bare mean."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from twin.scoring.censored import Distribution, Interval, quantile, wilson
from twin.scoring.marks import DURATIONS
from twin.scoring.response import PPM
from twin.scoring.score import Score

__all__ = ["HALF", "Share", "Study"]

HALF = PPM // 2
"""Below half of what could be had, a response is called a near miss."""


@dataclass(frozen=True, slots=True)
class Share:
    """*good* of *count*, with its 95 % interval."""

    good: int
    count: int

    @property
    def interval(self) -> Interval:
        """Wilson's."""
        return wilson(self.good, self.count)

    def described(self) -> dict[str, Any]:
        """Return it as a JSON-like tree."""
        ends = self.interval
        return {"good": self.good, "count": self.count, "low": ends.low, "high": ends.high}


@dataclass(frozen=True, slots=True)
class Study:
    """The *scores* of one scenario and policy, one for each seed."""

    scores: tuple[Score, ...]

    @classmethod
    def of(cls, scores: Sequence[Score]) -> Study:
        """Take the scores in the order of their seeds."""
        return cls(tuple(scores))

    @property
    def values(self) -> list[int]:
        """The response values in millionths, where one is defined."""
        found = [item.worth.value_ppm for item in self.scores if item.worth is not None]
        return [value for value in found if value is not None]

    @property
    def better(self) -> Share:
        """On how many seeds the response lost less than none."""
        known = [item.worth for item in self.scores if item.worth is not None]
        return Share(len([1 for worth in known if worth.saved > 0]), len(known))

    @property
    def near_misses(self) -> Share:
        """On how many of the seeds with a value it lay below half."""
        return Share(len([1 for value in self.values if value < HALF]), len(self.values))

    @property
    def durations(self) -> dict[str, Distribution]:
        """The distribution of each duration over the seeds; of those where it began at all."""
        rows = [item.durations for item in self.scores]
        return {
            name: Distribution.of(row[name] for row in rows if name in row) for name in DURATIONS
        }

    @property
    def channels(self) -> dict[str, Distribution]:
        """Time to detect from the fault, by how the incident came to be known."""
        names = sorted({item.channel or "not detected" for item in self.scores})
        return {
            name: Distribution.of(
                item.durations["detect from the fault"] for item in self.scores
                if (item.channel or "not detected") == name
                and "detect from the fault" in item.durations
            )
            for name in names
        }  # fmt: skip

    @property
    def alerts(self) -> dict[str, Any]:
        """Precision, recall, false pages of a quiet week, over all seeds."""
        told = [one for item in self.scores for one in item.alerts.told]
        seconds = sum(item.alerts.quiet_seconds for item in self.scores)
        pages = sum(item.alerts.quiet_pages for item in self.scores)
        resets = [item.alerts.reset for item in self.scores if item.alerts.over]
        owed, fired = (sum(getattr(item.alerts, name) for item in self.scores)
                       for name in ("owed", "fired"))  # fmt: skip
        return {
            "precision": Share(owed, fired).described(),
            "recall": Share(len([1 for one in told if one.at is not None]), len(told)).described(),
            "false_pages_a_quiet_week": round(pages * 604_800 / seconds, 3) if seconds else None,
            "reset": Distribution.of(
                (reset or 0, reset is not None) for reset in resets
            ).described(),
        }

    def described(self) -> dict[str, Any]:
        """Return it as a JSON-like tree, with every score."""
        values = self.values
        return {
            "seeds": [item.seed for item in self.scores],
            "better_than_no_response": self.better.described(),
            "near_misses": self.near_misses.described(),
            "value_ppm": {
                "count": len(values), "not_defined": len(self.scores) - len(values),
                **({f"p{round(100 * at)}": quantile(values, at)
                    for at in (0.0, 0.1, 0.25, 0.5, 0.75, 0.9, 1.0)} if values else {}),
            },
            "durations": {name: item.described() for name, item in self.durations.items()},
            "detect_by_channel": {name: item.described() for name, item in self.channels.items()},
            "alerts": self.alerts,
            "adherence": quantile_of(self, "adherence"),
            "readiness": Share(
                sum(len(item.readiness.found) for item in self.scores),
                sum(len(item.readiness.latent) for item in self.scores),
            ).described(),
            "diagnosis": Share(
                len([1 for item in self.scores if item.conduct.diagnosis]),
                len([1 for item in self.scores if item.conduct.diagnosis is not None]),
            ).described(),
            "scores": [item.described() for item in self.scores],
        }  # fmt: skip


def quantile_of(study: Study, name: str) -> dict[str, float]:
    """Return lowest and middle of a share of the conduct over the seeds of *study*."""
    rows = sorted(getattr(item.conduct, name) for item in study.scores)
    return {"lowest": rows[0], "median": rows[(len(rows) - 1) // 2]} if rows else {}
