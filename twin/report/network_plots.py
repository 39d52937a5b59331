"""Figures of the network itself: the chain, what was issued, and which alerts were active."""

from __future__ import annotations

from array import array

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Patch
from matplotlib.ticker import FuncFormatter

from twin.report.history import Lane
from twin.report.source import Source, draw, panel
from twin.report.stage import bare, days, scale
from twin.report.style import COLOURS, INK, SEVERITY
from twin.report.text import clip
from twin.report.thin import thin

__all__ = ["alerts", "chain", "issued"]

MOST_LANES = 40
"""Rules that are drawn; more are named under the figure."""


def chain(source: Source) -> Figure:
    """Draw base fee, utilisation and confirmation times."""
    figure, (price, used, waiting) = source.stage.figure((1.3, 1.1, 1.1))
    fee = source.only("fictra_chain_base_fee_wei", 1e-9)
    scale(price, panel(price, "base fee, gwei", {"base fee": fee}))
    source.stage.legend(price, shared=True)
    share = source.only("fictra_chain_utilisation_ratio", 100.0)
    if panel(used, "of gas limit, %", {"utilisation": share}):
        used.set_ylim(0, 105)
    source.stage.legend(used)
    waiting.set_ylabel("seconds")
    longest = source.only("fictra_chain_confirmation_seconds")
    if longest is None:
        bare(waiting)
    else:
        # Dots for lone scrapes; a gap is a scrape in which nothing was included.
        waiting.plot(
            days(longest[0]), longest[1], "-", marker=".", color=COLOURS[0], ms=3, lw=0.7,
            label="longest confirmation",
        )  # fmt: skip
        waiting.set_ylim(bottom=0)
    source.stage.legend(waiting)
    return figure


def issued(source: Source) -> Figure:
    """Draw the FT issued since the start of the run, in a unit that leaves the ticks short."""
    figure, (axes,) = source.stage.figure((1.8,))
    times, totals = source.history.issued
    axes.set_ylabel("FT issued")
    if times:
        name, unit = next(
            (one for one in (("billion ", 1e9), ("million ", 1e6)) if totals[-1] >= one[1]),
            ("", 1.0),
        )
        at = array("q", [source.stage.start, *times, source.stage.end])
        line = thin(at, array("d", [0.0, *totals, totals[-1]]))
        scaled = (line[0], line[1] / unit)
        draw(axes, scaled, "issued since the start of the run", 2, step=True)
        axes.set_ylabel(f"{name}FT issued")
        axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.6g}"))
    else:
        bare(axes)
    source.stage.legend(axes, shared=True)
    return figure


def alerts(source: Source) -> Figure:
    """Draw a lane for each rule: hatched while pending, filled while firing."""
    lanes = source.history.lanes()
    shown = lanes[:MOST_LANES]
    figure, (axes,) = source.stage.figure((max(0.8, 0.23 * len(shown) + 0.3),), left=2.6)
    if not shown:
        bare(axes, "no alert was pending or firing")
        source.stage.legend(axes, shared=True)
        return figure
    for row, lane in enumerate(shown):
        _lane(axes, lane, row, least=(source.stage.end - source.stage.start) / 400)
    labels = [f"{lane.severity} {clip(lane.rule, 34)}" for lane in shown]
    axes.set_yticks(range(len(shown)), labels)
    axes.set_ylim(len(shown) - 0.4, -0.6)
    axes.set_ylabel("")
    levels = sorted({lane.severity for lane in shown})
    extra = [Patch(color=_colour(level), lw=0, label=f"firing, {level}") for level in levels]
    pending = Patch(fill=False, edgecolor=INK, hatch="////", lw=0.6, label="pending")
    source.stage.legend(axes, extra=[pending, *extra], shared=True)
    if len(lanes) > MOST_LANES:
        axes.set_xlabel(
            f"{source.stage.axis}; {len(lanes) - MOST_LANES} more rules are in the event log"
        )
    return figure


def _colour(severity: str) -> str:
    return SEVERITY.get(severity, INK)


def _lane(axes: Axes, lane: Lane, row: int, *, least: float) -> None:
    """Draw one rule's stretches, none narrower than *least* seconds, so that each is seen."""
    for state, hatch in (("pending", "////"), ("firing", None)):
        spans = [
            (since / 86400.0, (until - since) / 86400.0)
            for since, until in _merged(lane, state, least)
        ]
        if not spans:
            continue
        if hatch:
            axes.broken_barh(
                spans, (row - 0.3, 0.6), facecolor="none", edgecolor=INK, hatch=hatch, lw=0.6
            )
        else:
            axes.broken_barh(spans, (row - 0.34, 0.68), facecolor=_colour(lane.severity), lw=0)


def _merged(lane: Lane, state: str, least: float) -> list[tuple[float, float]]:
    """Return the spans of *state*, those closer than *least* seconds as one."""
    spans: list[tuple[float, float]] = []
    found = sorted((since, until) for kind, since, until in lane.stretches if kind == state)
    for since, until in found:
        end = max(float(until), since + least)
        if spans and since - spans[-1][1] < least:
            spans[-1] = (spans[-1][0], max(spans[-1][1], end))
        else:
            spans.append((float(since), end))
    return spans
