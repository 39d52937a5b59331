"""The stage on which every time plot is drawn: the run's period in UTC, incidents and faults.

Incidents are grey bands from opened to closed. Faults were sealed while the run lasted; after
it, the report alone draws when they began and ended, and says so. The legend stands above the
axes, so that it never covers data.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.dates import AutoDateLocator, ConciseDateFormatter
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.ticker import FuncFormatter, NullFormatter
from matplotlib.transforms import blended_transform_factory
from numpy.typing import NDArray

from twin.report.history import Fault, Incident
from twin.report.style import BAND, INK, TRUTH
from twin.report.text import clip, utc
from twin.report.thin import Line

__all__ = ["Stage", "bare", "days", "scale"]

WIDTH = 10.0
"""Inches; the page shows a point as about one and a half pixels."""

LEFT, RIGHT, TOP, GAP, BOTTOM = 0.95, 0.22, 0.2, 0.27, 0.46
"""Inches around the panels; *GAP* stands above each and holds one row of its legend."""

SEALED = "truth (sealed during the run)"


def days(seconds: NDArray[np.float64] | Iterable[int]) -> NDArray[np.float64]:
    """Return unix *seconds* as matplotlib's days since 1970."""
    return np.asarray(list(seconds), dtype=np.float64) / 86400.0


@dataclass(frozen=True, slots=True)
class Stage:
    """The period from *start* to *end* (unix seconds) with its *incidents* and *faults*."""

    start: int
    end: int
    incidents: tuple[Incident, ...]
    faults: tuple[Fault, ...]

    def figure(
        self, heights: tuple[float, ...], *, left: float = LEFT
    ) -> tuple[Figure, list[Axes]]:
        """Return a figure with a panel of each of *heights* (inches) above one time axis.

        Panels begin *left* inches from the edge, so that one second stands at the same place
        in all figures.
        """
        tall = sum(heights) + len(heights) * GAP + TOP + BOTTOM
        figure = Figure(figsize=(WIDTH, tall))
        made: list[Axes] = []
        above = TOP
        for height in heights:
            above += GAP + height
            box = (left / WIDTH, 1 - above / tall, 1 - (left + RIGHT) / WIDTH, height / tall)
            made.append(figure.add_axes(box, sharex=made[0] if made else None))
            self._dress(made[-1])
            place = blended_transform_factory(figure.transFigure, made[-1].transAxes)
            made[-1].yaxis.set_label_coords(0.18 / WIDTH, 0.5, transform=place)
        for axes in made[:-1]:
            axes.tick_params(labelbottom=False)
        made[-1].set_xlabel(self.axis)
        return figure, made

    @property
    def axis(self) -> str:
        """What the time axis is called: the days that it shows."""
        first, last = utc(self.start)[:10], utc(self.end)[:10]
        return f"time (UTC), {first}" if first == last else f"time (UTC), {first} to {last}"

    def _dress(self, axes: Axes) -> None:
        last = max(self.end, self.start + 60)
        axes.set_xlim(self.start / 86400.0, last / 86400.0)
        locator = AutoDateLocator(minticks=4, maxticks=10)  # type: ignore[no-untyped-call]
        axes.xaxis.set_major_locator(locator)
        dates = ConciseDateFormatter(locator, show_offset=False)  # type: ignore[no-untyped-call]
        axes.xaxis.set_major_formatter(dates)
        axes.margins(y=0.08)
        for incident in self.incidents:
            closed = self.end if incident.closed is None else incident.closed
            axes.axvspan(incident.opened / 86400.0, closed / 86400.0, color=BAND, alpha=0.2, lw=0)
        for fault in self.faults:
            axes.axvline(fault.began / 86400.0, color=TRUTH, lw=1.2, ls=(0, (5, 2)))
            if fault.ended is not None:
                axes.axvline(fault.ended / 86400.0, color=TRUTH, lw=1.2, ls=(0, (1, 2)))

    def legend(self, axes: Axes, *, extra: Iterable[Any] = (), shared: bool = False) -> None:
        """Put the legend of *axes* above it; *shared* adds incidents and faults, once a figure."""
        handles = [*axes.get_legend_handles_labels()[0], *extra]
        if shared:
            handles.extend(self._marks())
        if handles:
            labels = [str(handle.get_label()) for handle in handles]
            room = 148 * axes.get_position().width
            wide = sum(map(len, labels)) + 7 * len(labels) > room
            axes.legend(
                handles=handles, loc="lower left", bbox_to_anchor=(0.0, 1.0),
                ncols=-(-len(labels) // 2) if wide else len(labels),
                borderaxespad=0.2, borderpad=0.1, handlelength=1.8, columnspacing=1.4,
            )  # fmt: skip

    def _marks(self) -> list[Any]:
        marks: list[Any] = []
        if self.incidents:
            first = self.incidents[0]
            alone = f"incident {clip(first.id, 20)} ({clip(first.severity, 4)})"
            several = f"{len(self.incidents)} incidents"
            label = alone if len(self.incidents) == 1 else several
            marks.append(Patch(color=BAND, alpha=0.35, lw=0, label=label))
        if self.faults:
            marks.append(Line2D([], [], color=TRUTH, lw=1.2, ls=(0, (5, 2)), label=SEALED))
            if any(fault.ended is not None for fault in self.faults):
                marks.append(Line2D([], [], color=TRUTH, lw=1.2, ls=(0, (1, 2)), label="its end"))
        return marks


def bare(axes: Axes, what: str = "no data") -> None:
    """Say *what* in the middle of an empty panel."""
    axes.set_yticks([])
    axes.text(
        0.5, 0.5, what, transform=axes.transAxes, ha="center", va="center", color=INK, fontsize=10
    )


def _plain(value: float, _position: int | None) -> str:
    """A tick of a log axis, written out."""
    return f"{value:,.0f}" if not value or 1 <= abs(value) < 1e7 else f"{value:g}"


def scale(axes: Axes, lines: Iterable[Line]) -> None:
    """Use a log axis where the values of *lines* span more than tenfold.

    Where some are zero or negative (WTI in April 2020 was), the axis is linear around zero.
    """
    parts = [height[np.isfinite(height)] for _at, height in lines]
    values = np.concatenate(parts) if parts else np.empty(0)
    if not len(values):
        return
    low, high = float(values.min()), float(values.max())
    if low > 0 and high > 10 * low:
        axes.set_yscale("log")
        axes.yaxis.set_major_formatter(FuncFormatter(_plain))
        axes.yaxis.set_minor_formatter(NullFormatter())
    elif low <= 0 and max(-low, high) > 10 * float(np.median(np.abs(values))):
        axes.set_yscale("symlog", linthresh=max(1.0, float(np.median(np.abs(values)))))
        axes.yaxis.set_major_formatter(FuncFormatter(_plain))
