"""Trying an alert rule on series that were recorded or made up, without a world around it.

Compiled expressions and the life of an alert are those of the running monitoring, so that what a
rule does here it would have done there.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from twin.desk.port import Recorded
from twin.errors import NoData, UsageError
from twin.monitoring.alerts import AlertingRule
from twin.monitoring.rules import Rule
from twin.monitoring.series import SeriesStore

__all__ = ["backtest"]


def backtest(expression: str, hold: int, series: Sequence[Recorded]) -> list[int]:
    """Return the unix seconds at which the rule would have begun to fire on *series*.

    Raises NoData where there is no sample, or the expression cannot be read or evaluated.
    """
    store, fired = SeriesStore(), []
    for one in series:
        store.series(one.metric, one.labels).extend(
            [at for at, _value in one.samples], [value for _at, value in one.samples]
        )
    times = sorted({at for one in series for at, _value in one.samples})
    if not times:
        raise NoData(f"there is no sample to try {expression!r} on")

    def heard(
        time: int, _rule: Rule, _labels: Mapping[str, str], _old: str, new: str, _value: float,
        _notes: Mapping[str, str],
    ) -> None:  # fmt: skip
        if new == "firing":
            fired.append(time)

    try:
        judged = AlertingRule(
            Rule("alert", "Tried", expression, hold), store, heard, output=SeriesStore()
        )
        for time in times:
            judged.evaluate(time)
    except UsageError as error:
        raise NoData(f"{expression!r} cannot be tried: {error}") from error
    return fired
