"""Show what delay does to the fee controller, and what the guard rails can and cannot do about it.

The law is the fee procedure's own, closed over demand of a declared elasticity: below the critical
elasticity a disturbance dies out, beyond it the same controller swings for ever. The rails are then
put around the unstable loop.

    python experiments/fee_controller.py --plot experiments/fee_controller.png
"""

from __future__ import annotations

import argparse
import math
from pathlib import Path

import matplotlib as mpl
from matplotlib.figure import Figure

from twin.control.law import PPM, Exponential, relative_error
from twin.control.rails import Change, Rails, Reading, propose
from twin.control.stability import critical_elasticity_ppm, delay_periods
from twin.market.fee_loop import log_fees
from twin.report.style import COLOURS, INK, RC

PERIOD = 6 * 3600
FEE, TARGET = 3000, 10**12
LAW = Exponential(400_000)
"""The gain that the fee procedure has by default."""

LAGS = {
    "observation alone": {"observation_lag": PERIOD},
    "and a timelock of a day": {"observation_lag": PERIOD, "timelock": 24 * 3600},
    "and a vote of 36 h": {"observation_lag": PERIOD, "vote": 36 * 3600, "timelock": 24 * 3600},
}
OPEN = Rails(low=1, high=100_000, max_step=100_000, min_delay=0)
RAILS = {
    "none": OPEN,
    "bounds 500-10,000": Rails(low=500, high=10_000, max_step=100_000, min_delay=0),
    "and a step of 100": Rails(low=500, high=10_000, max_step=100, min_delay=0),
    "and 200 within a day": Rails(low=500, high=10_000, max_step=100, min_delay=0,
                                  window=24 * 3600, max_in_window=200),
    "and a dead band of 15 %": Rails(low=500, high=10_000, max_step=100, min_delay=0,
                                     window=24 * 3600, max_in_window=200, dead_band_ppm=150_000),
}  # fmt: skip


def railed(rails: Rails, elasticity: float, *, delay: int, periods: int) -> list[int]:
    """Return the fee (pips) after each period of the loop with *rails*, kicked by half as much demand again."""
    fees, changes = [FEE], [Change(1, FEE, FEE)]
    for period in range(periods):
        now = (period + 2) * PERIOD
        seen = fees[max(0, period - delay)]
        surge = 1.5 if period < 4 else 1.0
        demand = round(surge * TARGET * (seen / FEE) ** -elasticity)
        reading = Reading(
            now, fees[-1], [relative_error(demand, TARGET)], now, changes=changes[-20:]
        )
        fee = propose(LAW, rails, reading).fee
        if fee != fees[-1]:
            changes.append(Change(now, fees[-1], fee))
        fees.append(fee)
    return fees[1:]


def measured() -> list[tuple[str, int, float]]:
    """Return (what is counted, delay in periods, critical elasticity)."""
    rows = []
    for label, lags in LAGS.items():
        delay = delay_periods(PERIOD, **lags)
        critical = critical_elasticity_ppm(LAW, delay)
        rows.append((label, delay, critical / PPM if critical else math.inf))
    return rows


def draw(where: Path, rows: list[tuple[str, int, float]]) -> None:
    """Draw the loop below and beyond its critical elasticity, and with rails."""
    with mpl.rc_context(RC):
        figure = Figure(figsize=(10, 4.6), layout="constrained", dpi=110)
        left, right = figure.subplots(1, 2)
        _, delay, critical = rows[1]
        for factor, colour in ((0.6, COLOURS[2]), (0.95, COLOURS[0]), (1.05, COLOURS[1])):
            course = log_fees(LAW, factor * critical, delay=delay, periods=400, kick=0.02)
            left.plot([day / 4 for day in range(400)], [FEE * math.exp(x) for x in course],
                      color=colour, label=f"elasticity {factor:g} x critical")  # fmt: skip
        left.set(xlabel="days", ylabel="fee, pips", title=f"k = {delay}, no rails")
        left.legend()
        for (label, rails), colour in zip(RAILS.items(), (INK, *COLOURS), strict=False):
            fees = railed(rails, 1.5 * critical, delay=delay, periods=400)
            right.plot([day / 4 for day in range(400)], fees, color=colour, label=label)
        right.set(xlabel="days", ylabel="fee", ylim=(400, 150_000), yscale="log",
                  title=f"k = {delay}, 1.5 x critical, with rails")  # fmt: skip
        right.set_yticks([500, 1000, 3000, 10_000, 30_000], [".05 %", ".1 %", ".3 %", "1 %", "3 %"])
        right.minorticks_off()
        right.legend(ncols=2, loc="upper left")
        figure.savefig(where, facecolor="white")


def main() -> None:
    """Run the study and print its tables."""
    arguments = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    arguments.add_argument("--plot", type=Path, metavar="FILE", help="draw into FILE")
    where = arguments.parse_args().plot
    rows = measured()
    print("| counted in the delay | k, periods of 6 h | critical elasticity |")
    print("|---|---|---|")
    for label, delay, critical in rows:
        print(f"| {label} | {delay} | {critical:.3f} |")
    _, delay, critical = rows[1]
    print(
        f"\nk = {delay}, elasticity 1.5 x critical; the fee over the last 25 of 100 days, pips:\n"
    )
    print("| rails | lowest | highest |")
    print("|---|---|---|")
    for label, rails in RAILS.items():
        fees = railed(rails, 1.5 * critical, delay=delay, periods=400)[-100:]
        print(f"| {label} | {min(fees)} | {max(fees)} |")
    if where:
        draw(where, rows)


if __name__ == "__main__":
    main()
