"""The pictures of `twin validate --plots`: each shows a model against what it is held to.

What a picture samples it draws from streams of its own, so that it moves no row; the pool's points
are the rows themselves, and a row that was not run has no point.
"""

from __future__ import annotations

import csv
import math
from collections.abc import Callable, Sequence
from pathlib import Path

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import LogNorm
from matplotlib.figure import Figure
from numpy.typing import NDArray

from twin.bundled import folder
from twin.clock import DAY
from twin.control.law import PPM, Exponential
from twin.control.stability import critical_gain_ppm
from twin.market.fee_loop import swing
from twin.market.herding import herding_returns
from twin.market.liars import median_bias, order_statistic
from twin.market.moments import autocorrelation, moments
from twin.market.schwartz_smith import TwoFactors
from twin.market.tails import garch_returns, merton_returns
from twin.random import Streams
from twin.report.style import COLOURS, INK, RC
from twin.validate.pool import BLOCK, SIGMA
from twin.validate.records import Row
from twin.validate.targets import INTERVALS

__all__ = ["draw"]

Floats = NDArray[np.float64]

EXCERPT = "wti-2008-07-to-2009-06.csv"
PATHS, DAYS = 200, 8320
BLUE, RED, GREEN, PINK = COLOURS[:4]


def draw(rows: Sequence[Row], where: Path, *, seed: int) -> list[Path]:
    """Draw every picture as PNG into the folder *where*, and return the files."""
    streams = Streams(seed)
    pictures: dict[str, Callable[[Figure], None]] = {
        "returns": lambda figure: returns(figure, streams),
        "autocorrelation": lambda figure: memory(figure, streams),
        "lvr": lambda figure: pool(figure, rows),
        "liars": lambda figure: liars(figure, streams),
        "fee-stability": stability_map,
    }
    drawn = []
    # powers of ten on the logarithmic axes are set as mathematics, which the report has no use for
    with mpl.rc_context({**RC, "text.parse_math": True}):
        for name, picture in pictures.items():
            figure = Figure(figsize=(10, 4.6), layout="constrained", dpi=110)
            picture(figure)
            drawn.append(where / f"{name}.png")
            figure.savefig(drawn[-1], facecolor="white")
    return drawn


def _chance(streams: Streams, name: str) -> np.random.Generator:
    return streams.stream("validate/plots", name)


def wti() -> Floats:
    """Return the daily log returns of the excerpt of WTI that is shipped."""
    with (folder("scenarios") / "data" / EXCERPT).open(encoding="utf-8", newline="") as file:
        prices = np.array([float(row["price"]) for row in csv.DictReader(file)])
    return np.diff(np.log(prices))


def returns(figure: Figure, streams: Streams) -> None:
    """Draw the distribution of daily returns, and every moment against its interval of WTI."""
    left, right = figure.subplots(1, 2)
    garch = garch_returns(_chance(streams, "garch"), TwoFactors(), paths=PATHS, days=DAYS)
    merton = merton_returns(_chance(streams, "merton"), paths=PATHS, days=DAYS)
    real = wti()
    edges = np.linspace(-8, 8, 81)
    middle = (edges[1:] + edges[:-1]) / 2
    for series, colour, label in (
        (garch, BLUE, "A1 with GARCH-t"), (merton, GREEN, "Merton jumps"),
    ):  # fmt: skip
        height, _ = np.histogram(series / series.std(), edges, density=True)
        left.plot(middle, np.where(height > 0, height, np.nan), color=colour, label=label)
    left.plot(middle, np.exp(-middle**2 / 2) / math.sqrt(2 * math.pi), "--", color=INK, lw=1,
              label="normal")  # fmt: skip
    wide = np.linspace(-8, 8, 33)
    height, _ = np.histogram(real / real.std(), wide, density=True)
    left.plot((wide[1:] + wide[:-1]) / 2, np.where(height > 0, height, np.nan), "o", ms=5,
              color=RED, label=f"WTI 2008-07 to 2009-06 (n = {real.size})")  # fmt: skip
    left.set(yscale="log", ylim=(1e-5, 30), xlabel="daily log return, in standard deviations",
             ylabel="density", title="Daily returns")  # fmt: skip
    left.legend(fontsize=8, loc="upper left")
    _against_intervals(right, moments(garch), moments(merton))


def _against_intervals(axes: Axes, garch: dict[str, Floats], merton: dict[str, Floats]) -> None:
    """Draw where 90 % of the paths of both models lie; 0 and 1 are the ends of WTI's interval."""
    names = list(INTERVALS)
    axes.axvspan(0, 1, color=RED, alpha=0.12, label="95 % interval of WTI 1986-2019")
    for place, name in enumerate(names):
        value, low, high = INTERVALS[name]
        for figures, colour, shift, label in (
            (garch, BLUE, -0.13, "A1 with GARCH-t, 5-95 % of paths"),
            (merton, GREEN, 0.13, "Merton jumps, 5-95 % of paths"),
        ):  # fmt: skip
            ends = np.quantile((figures[name] - low) / (high - low), [0.05, 0.5, 0.95])
            axes.plot(ends[[0, 2]], [place + shift] * 2, color=colour, lw=2,
                      label=label if place == 0 else None)  # fmt: skip
            axes.plot(ends[1], place + shift, "o", ms=5, color=colour)
        axes.plot((value - low) / (high - low), place, "|", color=RED, ms=14, mew=2,
                  label="WTI 1986-2019 itself" if place == 0 else None)  # fmt: skip
    axes.set(yticks=range(len(names)), yticklabels=names, xlim=(-2.2, 3.2), ylim=(8.6, -3.2),
             xlabel="position in the interval of WTI", title="Moments of 8,320 days")  # fmt: skip
    axes.legend(fontsize=8, loc="upper right")


def memory(figure: Figure, streams: Streams) -> None:
    """Draw the autocorrelation of returns and of their size, lags 1 to 100."""
    axes = figure.subplots()
    lags = np.array([1, 2, 3, 5, 7, 10, 15, 20, 25, 30, 40, 50, 60, 70, 80, 90, 100])
    models = (
        ("A1 with GARCH-t", BLUE, garch_returns(
            _chance(streams, "garch memory"), TwoFactors(), paths=PATHS, days=DAYS)),
        ("herding (A3), a stock index", PINK, herding_returns(
            _chance(streams, "herding memory"), paths=PATHS, days=DAYS)),
        ("Merton jumps", GREEN, merton_returns(
            _chance(streams, "merton memory"), paths=PATHS, days=DAYS)),
    )  # fmt: skip
    for label, colour, series in models:
        found = np.array([autocorrelation(np.abs(series), int(lag)) for lag in lags])
        low, middle, high = np.quantile(found, [0.05, 0.5, 0.95], axis=1)
        axes.fill_between(lags, low, high, color=colour, alpha=0.15, lw=0)
        axes.plot(lags, middle, color=colour, label=f"{label}: size of returns")
    plain = np.array([np.median(autocorrelation(models[0][2], int(lag))) for lag in lags])
    axes.plot(lags, plain, "--", color=INK, lw=1, label="A1 with GARCH-t: returns")
    for name, lag in (("acf-abs-1", 1), ("acf-abs-10", 10), ("acf-abs-50", 50)):
        value, low, high = INTERVALS[name]
        axes.errorbar([lag], [value], [[value - low], [high - value]], fmt="o", color=RED, capsize=4,
                      label="WTI 1986-2019, 95 % interval" if lag == 1 else None)  # fmt: skip
    axes.set(xlabel="lag, days", ylabel="autocorrelation", xlim=(0, 101),
             title="Memory: median and 5-95 % of paths")  # fmt: skip
    axes.legend(fontsize=8)


def pool(figure: Figure, rows: Sequence[Row]) -> None:
    """Draw what the arbitrageur took on the EVM against the formulas, over the fee."""
    axes = figure.subplots()
    sigma = SIGMA * math.sqrt(BLOCK / DAY)
    fees = np.geomspace(0.3, 200, 200)
    for factor, style, label in (
        (math.sqrt(2), "-", "Poisson blocks: 1 / (1 + 1.4142 fee / sigma)"),
        (1.7164, "--", "fixed blocks: 1 / (1 + 1.7164 fee / sigma)"),
    ):  # fmt: skip
        axes.plot(fees, 1 / (1 + factor * fees / 1e4 / sigma), style, color=INK, lw=1, label=label)
    found = {row.target.id: row.found for row in rows if row.found}
    for fee in (1, 5, 10, 30, 100):
        if got := found.get(f"B7.{fee}bp"):
            axes.errorbar([fee], [got.value], [3 * (got.error or 0)], fmt="o", color=BLUE, capsize=3,
                          label="pool and agent, Poisson blocks (3 s.e.)" if fee == 1 else None)  # fmt: skip
    if got := found.get("B6.ratio"):
        axes.errorbar([30], [got.value], [3 * (got.error or 0)], fmt="s", color=RED, capsize=3,
                      label="pool and agent, 12 s blocks (3 s.e.)")  # fmt: skip
    if got := found.get("B5.lvr"):
        axes.plot([0.3], [got.value / (SIGMA**2 / 8)], "D", color=GREEN,
                  label="without fee (drawn at .3 bp)")  # fmt: skip
    axes.set(xscale="log", yscale="log", xlabel="swap fee, basis points",
             ylabel="arbitrage profit / LVR",
             title="Through the deployed pool: sigma 5 % a day, blocks of 12 s")  # fmt: skip
    axes.set_xticks(ticks := (0.3, 1, 3, 5, 10, 30, 100), [f"{tick:g}" for tick in ticks])
    axes.set_yticks(shares := (1, 0.5, 0.2, 0.1, 0.05, 0.02), [f"{share:g}" for share in shares])
    axes.minorticks_off()
    axes.legend(fontsize=8)


def liars(figure: Figure, streams: Streams) -> None:
    """Draw the bias of the median over the number of liars, of 31 nodes."""
    axes = figure.subplots()
    for reports, colour, label in ((31, BLUE, "all 31 report"), (21, RED, "21 report")):
        most = (reports - 1) // 2  # of so many liars at the top, the answer is still honest
        counts = np.arange(most + 1)
        exact = [order_statistic(reports // 2 + 1, reports - int(f)) for f in counts]
        axes.plot(counts, exact, color=colour, lw=1, label=f"{label}: order statistic")
        chance = _chance(streams, f"liars {reports}")
        sampled = [
            median_bias(chance, honest=reports - int(f), liars=int(f), lie=math.inf, rounds=5000)[0]
            for f in counts
        ]
        axes.plot(counts, sampled, "o", ms=4, color=colour, label=f"{label}: 5,000 rounds")
        axes.axvline(most + 0.5, color=colour, ls=":", lw=1.2)
        axes.text(most + 0.6, 0.05, "the answer\nis theirs", color=colour, fontsize=8)
    axes.axvline(10, color=INK, lw=0.8)
    axes.text(9.9, 2.0, "f = 10, the most\nthat n = 3f + 1 allows", fontsize=8, ha="right")
    axes.set(xlabel="liars, all reporting far above", ylabel="bias, s.d. of an honest report",
             xlim=(0, 17.5), ylim=(0, 2.4), title="What liars do to the oracle's answer")  # fmt: skip
    axes.legend(fontsize=8, loc="upper left")


def stability_map(figure: Figure) -> None:
    """Draw how the swing of the closed fee loop grows, over gain x elasticity and delay."""
    axes = figure.subplots()
    delays = np.arange(0, 16)
    gains = np.geomspace(0.05, 3, 46)
    grown = np.array([
        [max(1e-2, min(1e2, swing(Exponential(round(gain * PPM)), 1.0, delay=int(delay))))
         for gain in gains]
        for delay in delays
    ])  # fmt: skip
    mesh = axes.pcolormesh(gains, delays, grown, cmap="coolwarm", norm=LogNorm(1e-2, 1e2))
    figure.colorbar(mesh, ax=axes, label="swing after 80 cycles / kick (above 1: it lasts)")
    critical = [critical_gain_ppm(int(delay)) / PPM for delay in delays]
    axes.plot(critical, delays, "o-", color=INK, lw=1.5, ms=4, label="2 sin(pi / (2 (2k + 1)))")
    axes.set(xscale="log", xlabel="gain x elasticity of demand",
             ylabel="delay k, periods: observation, vote, timelock",
             title="Where the fee controller swings")  # fmt: skip
    axes.set_xticks(ticks := (0.05, 0.1, 0.2, 0.5, 1, 2), [f"{tick:g}" for tick in ticks])
    axes.minorticks_off()
    axes.legend(fontsize=8, loc="lower left", frameon=True, facecolor="white")
