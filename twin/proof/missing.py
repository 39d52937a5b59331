"""Missing data: what a rule does when the series that it reads end, or never begin.

A rule says with `absent` that silence is what it looks for; then it must fire. Any other must let
go once the data are out of sight: an alert on samples of yesterday is a lie, and that the data are
gone is said by the monitors' own rules.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterable
from dataclasses import dataclass

from twin.monitoring.promql import compile_expression
from twin.monitoring.rules import Rule
from twin.monitoring.series import LOOKBACK, SeriesStore
from twin.proof.episodes import Episode
from twin.proof.play import Played
from twin.proof.replay import replay

__all__ = ["Silence", "silence"]

_ABSENT = re.compile(r"\babsent(_over_time)?\s*\(")
"""The functions that look for silence; a label may hold the same word."""


@dataclass(frozen=True, slots=True)
class Silence:
    """How a rule takes missing data: *wants* is what it must do, *does* what it does."""

    wants: str
    does: str

    @property
    def right(self) -> bool:
        """Whether it is as it must be."""
        return self.wants == self.does


def silence(rule: Rule, played: Played | None, episode: Episode | None) -> Silence:
    """Take the data away from *rule* a step into *episode*, and have it without any data at all."""
    expression = compile_expression(rule.expr, SeriesStore())
    wants = "fires" if _ABSENT.search(rule.expr) else "quiet"
    found = {_fires(rule, SeriesStore(), range(0, 2 * rule.hold + 600, 60))}
    if played is not None and episode is not None:
        cut = played.times[0] + episode.start + played.interval
        store = _ended(played.store, expression.names, cut)
        reach = max((one.span + one.offset for one in expression.selectors), default=0)
        patience = 2 * reach + LOOKBACK + rule.hold + rule.keep_firing + 2 * played.interval
        found.add(_fires(rule, store, range(played.times[0], cut + patience, played.interval)))
    return Silence(wants, found.pop() if len(found) == 1 else "both")


def _fires(rule: Rule, store: SeriesStore, times: range) -> str:
    done = replay(rule, store, times)
    return "fires" if any(item.end is None for item in done.episodes) else "quiet"


def _ended(store: SeriesStore, names: Iterable[str], cut: int) -> SeriesStore:
    """Return the series called *names* as they were before unix second *cut*."""
    made = SeriesStore()
    for name in names:
        for series in store.select(name):
            upto = bisect_left(series.times, cut)
            made.series(name, series.labels).extend(series.times[:upto], series.values[:upto])
    return made
