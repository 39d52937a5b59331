"""Figures of prices: commodities and their oracle, the Payment Token, the pool, fee and volume."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from twin.report.source import Source, panel
from twin.report.stage import bare, days, scale
from twin.report.style import COLOURS, INK
from twin.report.text import span
from twin.report.thin import Line, changes

__all__ = ["commodity", "depth", "fee", "payment_token"]


def commodity(source: Source, name: str) -> Figure:
    """Draw price, oracle answer, index and bounds; below, how good the reports behind them are."""
    figure, (price, spread, count) = source.stage.figure((2.6, 1.1, 1.1))
    answer = source.only("fictra_oracle_answer_usd", feed=name)
    lines = {"index": source.only("fictra_index_usd", commodity=name), "oracle answer": answer}
    bounds = {
        "bounds": source.only("fictra_oracle_max_answer_usd", feed=name),
        "": source.only("fictra_oracle_min_answer_usd", feed=name),
    }
    drawn = panel(price, "USD per unit", lines)
    scale(price, drawn)
    if drawn:
        _bounds(price, bounds)
        _outside(price, answer, bounds)
    source.stage.legend(price, shared=True)
    width = source.only("fictra_oracle_spread_ratio", 100.0, feed=name)
    panel(spread, "spread, %", {"highest less lowest report, over the answer": width})
    source.stage.legend(spread)
    counted = {
        label: source.only(f"fictra_oracle_{label}", feed=name)
        for label in ("reporters", "sources", "quorum")
    }
    if panel(count, "count", counted, step=True):
        count.set_ylim(bottom=0)
        count.yaxis.set_major_locator(MaxNLocator(nbins=4, integer=True))
    source.stage.legend(count)
    return figure


def _bounds(axes: Axes, bounds: dict[str, Line | None]) -> None:
    """Draw the feed's bounds while they lie within reach of the prices; name the highest else."""
    low, high = axes.get_ylim()
    reach = (10 if axes.get_yscale() == "log" else 1.5) * max(abs(high), abs(low))
    for label, line in bounds.items():
        if line is None or not np.isfinite(line[1]).any():
            continue
        at, height = changes(line)
        near = np.abs(height) <= reach
        if near.any():
            axes.plot(
                days(at), np.where(near, height, np.nan), color=INK, lw=1, ls=(0, (2, 2)),
                drawstyle="steps-post", label=label or "_bounds",
            )  # fmt: skip
        far = height[~near & np.isfinite(height)]
        if label and len(far):
            when = "for a time, " if near.any() else ""
            axes.plot([], [], " ", label=f"upper bound {when}{far.max():,.0f}: above this plot")


def _outside(axes: Axes, answer: Line | None, bounds: dict[str, Line | None]) -> None:
    """Mark the answers that lie outside the bounds of their time."""
    if answer is None:
        return
    at, height = answer
    wrong = np.zeros(len(at), dtype=bool)
    for line, sign in ((bounds["bounds"], 1.0), (bounds[""], -1.0)):
        if line is not None and len(line[0]):
            position = np.clip(np.searchsorted(line[0], at, side="right") - 1, 0, None)
            wrong |= sign * height > sign * line[1][position]
    if wrong.any():
        every = max(1, int(wrong.sum()) // 60)
        at, height = at[wrong][::every], height[wrong][::every]
        axes.plot(days(at), height, "x", color=INK, ms=5, label="outside the bounds")


def payment_token(source: Source) -> Figure:
    """Draw the pool's price and the venues' middle prices around the peg."""
    figure, (axes,) = source.stage.figure((2.6,))
    lines = {"pool": source.only("fictra_pool_price_ratio")}
    for venue in source.values("fictra_venue_mid_ratio", "venue"):
        lines[f"venue {venue}, mid"] = source.only("fictra_venue_mid_ratio", venue=venue)
    if panel(axes, "stable per PT", lines):
        axes.axhline(1.0, color=INK, lw=0.9, ls=(0, (2, 2)), label="peg 1.00")
    source.stage.legend(axes, shared=True)
    return figure


def depth(source: Source) -> Figure:
    """Draw the pool's depth at each level."""
    figure, (axes,) = source.stage.figure((2.0,))
    levels = source.values("fictra_pool_depth_stable", "level")
    lines = {
        f"{level} %": source.only("fictra_pool_depth_stable", 1e-3, level=level)
        for level in sorted(levels, key=lambda level: (len(level), level))
    }
    if panel(axes, "thousand stable", lines):
        axes.set_ylim(bottom=0)
    source.stage.legend(axes, shared=True)
    return figure


def fee(source: Source) -> Figure:
    """Draw volume per period with its target, and the swap fee below."""
    figure, (bars, rate) = source.stage.figure((1.7, 1.3))
    period, target = source.about.period, source.about.target / 1e9
    lefts, heights = _volumes(source, period)
    bars.set_ylabel("thousand stable")
    if lefts:
        bars.bar(
            days(lefts), [height / 1e3 for height in heights], width=period / 86400.0 * 0.92,
            align="edge", color=COLOURS[0], alpha=0.75, lw=0, label=f"volume per {span(period)}",
        )  # fmt: skip
        if target:
            bars.axhline(target, color=INK, lw=1, ls=(0, (2, 2)), label="target")
    else:
        bare(bars)
    source.stage.legend(bars, shared=True)
    swap = source.only("fictra_fee_ratio", 100.0, kind="swap")
    panel(rate, "fee, %", {"swap fee": swap}, step=True)
    source.stage.legend(rate)
    return figure


def _volumes(source: Source, period: int) -> tuple[list[int], list[float]]:
    """Return starts and volumes (stable) of the whole and begun periods that have samples."""
    lefts: list[int] = []
    heights: list[float] = []
    for series in source.store.select("fictra_pool_volume_stable_total"):
        left = source.stage.start
        while left < source.stage.end:
            times, values = series.window(left, left + period)
            before = series.at(left)
            if len(times) > 1:
                lefts.append(left)
                heights.append(values[-1] - (values[0] if before is None else before[1]))
            left += period
    return lefts, heights
