"""The figures of the report, each a function of the stage and the series.

A panel whose series are missing says *no data*; none is left out, since the absence of a
measurement is itself something to see.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from matplotlib.figure import Figure

from twin.report import market_plots as market
from twin.report import network_plots as network
from twin.report.source import Source
from twin.report.text import span

__all__ = ["Plot", "plots"]


@dataclass(frozen=True, slots=True)
class Plot:
    """One figure: HTML *name*, *title*, a *note* under it, and how it is *draw*n."""

    name: str
    title: str
    note: str
    draw: Callable[[], Figure]


def plots(source: Source) -> list[Plot]:
    """Return all figures in the order of the report; commodities first, one each."""
    names = sorted(
        {
            *source.values("fictra_oracle_answer_usd", "feed"),
            *source.values("fictra_index_usd", "commodity"),
        }
    )
    made = [
        Plot(
            f"commodity-{number}",
            f"Commodity {name}: price, oracle answer, index",
            "The oracle's answer is what exports are valued at; the index is independent of it. "
            "The axis is logarithmic where values span more than tenfold.",
            lambda name=name: market.commodity(source, name),  # type: ignore[misc]  # bound here
        )
        for number, name in enumerate(names or ["(none)"], start=1)
    ]
    return [
        *made,
        Plot("pt", "Payment Token: pool price and venues",
             "PT aims at 1.00 of the stable asset.", lambda: market.payment_token(source)),
        Plot("depth", "Pool depth",
             "Stable asset that moves the pool's price up by 1, 5 and 10 %, fee aside.",
             lambda: market.depth(source)),
        Plot("fee", "Swap fee against volume",
             f"Volume in each {span(source.about.period)} from the start of the run; "
             "a period without samples has no bar.", lambda: market.fee(source)),
        Plot("chain", "Chain: base fee, utilisation, confirmations",
             "Utilisation counts the declared background demand. Confirmation is the longest "
             "time from submission to inclusion in a scrape interval.", lambda: network.chain(source)),
        Plot("issued", "Foundation Tokens issued", "Cumulative, from the allocation book's events.",
             lambda: network.issued(source)),
        Plot("alerts", "Alerts", "A rule is drawn while any of its label sets is active.",
             lambda: network.alerts(source)),
    ]  # fmt: skip
