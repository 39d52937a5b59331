"""The picture of `twin change --plot`: each measure as pairs of points, without and with the change."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import matplotlib as mpl
from matplotlib.figure import Figure

from twin.report.style import COLOURS, RC

__all__ = ["draw_effects"]

Panel = tuple[str, str, Sequence[float], Sequence[float], str]
"""Name, expression, values without and with the change, verdict."""


def draw_effects(panels: Sequence[Panel], where: Path, *, title: str) -> None:
    """Draw *panels* side by side as PNG to *where*; a line joins what one seed gave."""
    with mpl.rc_context(RC):
        figure = Figure(figsize=(max(6.0, 2.6 * len(panels)), 4.2), layout="constrained", dpi=110)
        figure.suptitle(title)
        if not panels:
            figure.text(0.5, 0.5, "no paired runs: a gate refused the change", ha="center")
        for number, (name, expr, without, with_, verdict) in enumerate(panels, 1):
            axes = figure.add_subplot(1, len(panels), number)
            colour = COLOURS[0 if verdict == "good" else 1]
            for before, after in zip(without, with_, strict=True):
                axes.plot([0, 1], [before, after], color=colour, marker="o", linewidth=1)
            if not without:
                axes.text(0.5, 0.5, "no data", ha="center", transform=axes.transAxes)
            axes.set_xticks([0, 1], ["without", "with"])
            axes.set_xlim(-0.3, 1.3)
            axes.set_title(f"{name}: {verdict}", fontsize=9)
            axes.set_xlabel(expr if len(expr) < 34 else f"{expr[:31]}...", fontsize=7)
        figure.savefig(where, format="png")
