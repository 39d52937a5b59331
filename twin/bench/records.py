"""What a measurement leaves: figures with their samples, targets, notes."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from statistics import median
from typing import Any, Literal

from twin.clock import DAY

__all__ = ["Effort", "Figure", "Part", "Say", "Target"]

Say = Callable[[str], object]
"""Told in a line what is measured next."""


@dataclass(frozen=True, slots=True)
class Effort:
    """How much is measured: *rounds* of fresh processes, *until* a time cuts scenarios short.

    *ops* is the processor time, in seconds, for which each peer repeats each operation; *heavy*
    counts the runs that take minutes. Times in virtual seconds: *blocks* a pair of runs, *idle*
    the run without agents, *baseline* and *month* those scenarios, None for as long as they say.
    *million* is the number of transactions in one chain, *rules* of samples of a series; *crowd* is
    how long crowds of two sizes are compared, *year* the long run.
    """

    rounds: int = 3
    heavy: int = 1
    ops: float = 0.5
    baseline: int | None = None
    blocks: int = 2 * DAY
    idle: int = 7 * DAY
    million: int = 1_000_000
    month: int | None = None
    crowd: int = DAY
    year: int = 365 * DAY
    rules: int = 40_320

    @classmethod
    def of(cls, *, rounds: int | None = None, quick: bool = False) -> Effort:
        """Return the usual effort with *rounds*, the heavy runs a third of them; *quick* is less.

        What is quick shows that everything works, and no figure of it is to be quoted.
        """
        less = cls(rounds=1, ops=0.05, baseline=DAY // 4, blocks=DAY // 4, idle=DAY,
                   million=20_000, month=DAY // 4, crowd=DAY // 24, year=2 * DAY,
                   rules=4_000)  # fmt: skip
        chosen = less if quick else cls()
        return chosen if rounds is None else replace(chosen, rounds=rounds, heavy=(rounds + 2) // 3)


@dataclass(frozen=True, slots=True)
class Figure:
    """*samples* of one quantity in *unit*, shown by their median."""

    name: str
    unit: str
    samples: tuple[float, ...]

    @classmethod
    def of(cls, name: str, unit: str, samples: Sequence[float]) -> Figure:
        """Return the figure of *samples*, of which there is at least one."""
        return cls(name, unit, tuple(samples))

    @property
    def value(self) -> float:
        """The median."""
        return float(median(self.samples))

    def json(self) -> dict[str, Any]:
        """Return the figure for a program."""
        return {"name": self.name, "unit": self.unit, "median": self.value,
                "samples": list(self.samples)}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Target:
    """A *limit* that *value* should keep: `at most` it, or `at least`."""

    name: str
    value: float
    rule: Literal["at most", "at least"]
    limit: float
    unit: str = ""

    @property
    def met(self) -> bool:
        """Whether it is kept."""
        return self.value <= self.limit if self.rule == "at most" else self.value >= self.limit

    def json(self) -> dict[str, Any]:
        """Return the target for a program."""
        return {**asdict(self), "met": self.met}


@dataclass(frozen=True, slots=True)
class Part:
    """One part of the benchmark: what was measured, what was hoped for, what to know about it.

    *missing* are peers that are not installed; *leaves_out* says what each peer does not do;
    *profile* gives shares of a run's time by part, by engine. Where there are *columns*, a figure
    called `name: column` is shown there, in the row of its name.
    """

    name: str
    about: str
    figures: tuple[Figure, ...]
    targets: tuple[Target, ...] = ()
    notes: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()
    leaves_out: Mapping[str, str] = field(default_factory=dict)
    profile: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    columns: tuple[str, ...] = ()

    def json(self) -> dict[str, Any]:
        """Return the part for a program."""
        return {
            "name": self.name,
            "about": self.about,
            "figures": [figure.json() for figure in self.figures],
            "targets": [target.json() for target in self.targets],
            "notes": list(self.notes),
            "missing": list(self.missing),
            "leaves_out": dict(self.leaves_out),
            "profile": {name: dict(shares) for name, shares in self.profile.items()},
        }
