"""A case of a suite, and what came of it: plain records, which go to a fresh process and back."""

from __future__ import annotations

import shlex
from dataclasses import dataclass, field
from pathlib import Path

from twin import golden
from twin.chain.engines import best
from twin.errors import Interrupted
from twin.library import SUFFIX
from twin.results import Check
from twin.scenario.shown import show_seconds

__all__ = ["Case", "Result", "Slice"]

Slice = tuple[int, int]
"""Beginning and end of a slice, in seconds after the start."""


@dataclass(frozen=True, slots=True)
class Case:
    """One run of a suite: a *scenario* file with *seed*, or its *control*.

    *golden* says whether there is a golden file to compare with, which *update* writes anew. With
    a *slice* nothing is judged: both engines must give one digest at its end. *judge* names who
    else evaluates the alert rules: promtool, or nobody.
    """

    scenario: Path
    seed: int
    golden: bool
    control: str | None = None
    without: tuple[str, ...] = ()
    engine: str = field(default_factory=best)
    agents: tuple[Path, ...] = ()
    root: Path = Path("runs")
    update: bool = False
    slice: Slice | None = None
    judge: str | None = None

    @property
    def label(self) -> str:
        """The case in one word: `baseline`, `baseline[7]`, `oracle-unit-error.one-liar`.

        A slice is `baseline@1d12h-2d`.
        """
        name = self.scenario.name.removesuffix(SUFFIX)
        if self.slice is not None:
            name += "@" + "-".join(map(show_seconds, self.slice))
        tail = f".{self.control}" if self.control else ""
        return f"{name}{tail}" if self.golden else f"{name}{tail}[{self.seed}]"

    @property
    def command(self) -> str:
        """The line that runs it again."""
        verb = ["test", "--slices"] if self.slice else ["run"]
        parts = ["twin", *verb, str(self.scenario), "--seed", str(self.seed)]
        if self.control:
            parts += ["--control", self.control]
        if self.without:
            parts += ["--without", ",".join(self.without)]
        if self.engine != best() and self.slice is None:
            parts += ["--engine", self.engine]
        for folder in self.agents:
            parts += ["--agents", str(folder)]
        return shlex.join(parts)

    @property
    def golden_file(self) -> Path:
        """Where its golden file lies."""
        return golden.path_of(self.scenario, self.label)


@dataclass(frozen=True, slots=True)
class Result:
    """What came of a case: *checks* that broke, *differences* from the golden file, or an *error*.

    *saved* is the loss that the procedures switched off would have saved, in *unit*. *updated*
    are the figures of the golden file that changed. *start* is the scenario's, in unix seconds.
    """

    case: Case
    passed: bool
    seconds: float = 0.0
    run: str = ""
    broken: tuple[Check, ...] = ()
    differences: tuple[str, ...] = ()
    updated: tuple[str, ...] = ()
    error: str = ""
    exit_code: int = 0
    loss: int | None = None
    saved: int | None = None
    unit: str = ""
    digest: str = ""
    start: int = 0

    @property
    def interrupted(self) -> bool:
        """Whether the user stopped it: nothing is known of it then."""
        return self.exit_code == Interrupted.exit_code
