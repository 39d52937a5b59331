"""What the figures draw from, and how one line or one panel is drawn."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes

from twin.monitoring.series import Matcher, SeriesStore
from twin.report.about import About
from twin.report.history import History
from twin.report.stage import Stage, bare, days
from twin.report.style import COLOURS
from twin.report.text import clip
from twin.report.thin import Line, changes, thin

__all__ = ["Source", "draw", "panel"]

DASHES = ("-", (0, (5, 1.5)), (0, (1.5, 1)), (0, (6, 1.5, 1.5, 1.5)))
"""After each round through the colours the next dashes."""


@dataclass(frozen=True, slots=True)
class Source:
    """What the plots draw from."""

    stage: Stage
    store: SeriesStore
    history: History
    about: About

    def lines(self, name: str, factor: float = 1.0, **labels: str) -> dict[str, Line]:
        """Return the series of *name* with *labels*, times *factor*, by what their labels say."""
        rules = [Matcher(key, "=", value) for key, value in labels.items()]
        found: dict[str, Line] = {}
        for series in self.store.select(name, rules):
            if not len(series):
                continue
            at, height = thin(series.times, series.values)
            shown = [value for key, value in sorted(series.labels.items()) if key not in labels]
            found[", ".join(shown)] = (at, height * factor)
        return found

    def only(self, name: str, factor: float = 1.0, **labels: str) -> Line | None:
        """Return the one series of *name* with *labels*, times *factor*, or None."""
        return next(iter(self.lines(name, factor, **labels).values()), None)

    def values(self, name: str, label: str) -> list[str]:
        """Return the values of *label* among the series of *name*, sorted."""
        seen = {series.labels.get(label, "") for series in self.store.select(name)}
        return sorted(seen - {""})


def draw(
    axes: Axes, line: Line, label: str, index: int, *, step: bool = False, width: float = 1.4
) -> None:
    """Draw *line* in the colour and dashes of *index*; a lone sample is a dot."""
    line = changes(line) if step else line
    lone = np.isfinite(line[1]).sum() == 1
    axes.plot(
        days(line[0]), line[1], label=clip(label, 60), color=COLOURS[index % len(COLOURS)],
        ls=DASHES[index // len(COLOURS) % len(DASHES)],
        lw=width, drawstyle="steps-post" if step else "default", marker="o" if lone else None,
        ms=3,
    )  # fmt: skip


def panel(
    axes: Axes, unit: str, lines: Mapping[str, Line | None], *, step: bool = False
) -> list[Line]:
    """Draw the *lines* there are with their names, and return them; say so if there are none."""
    axes.set_ylabel(unit)
    drawn: list[Line] = []
    for index, (label, line) in enumerate(lines.items()):
        if line is not None and np.isfinite(line[1]).any():
            draw(axes, line, label, index, step=step)
            drawn.append(line)
    if not drawn:
        bare(axes)
    return drawn
