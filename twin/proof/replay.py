"""A rule over recorded series: what it would have done in a world that has been."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from twin.errors import UsageError
from twin.monitoring.alerts import AlertingRule
from twin.monitoring.rules import Rule
from twin.monitoring.series import SeriesStore
from twin.proof.episodes import Episode

__all__ = ["Replayed", "replay"]


@dataclass(frozen=True, slots=True)
class Replayed:
    """The *episodes* of a rule, and how many of its evaluations *failed*."""

    episodes: tuple[Episode, ...]
    failed: int


def replay(rule: Rule, store: SeriesStore, times: Sequence[int]) -> Replayed:
    """Evaluate *rule* over *store* at the unix seconds *times*; episodes count from the first."""
    origin = times[0]
    open_: dict[str, tuple[Mapping[str, str], int]] = {}
    episodes: list[Episode] = []

    def heard(
        time: int, _rule: Rule, labels: Mapping[str, str], _old: str, new: str, _value: float,
        _notes: Mapping[str, str],
    ) -> None:  # fmt: skip
        key = repr(sorted(labels.items()))
        if new == "firing":
            open_[key] = (labels, time - origin)
        elif new == "resolved":
            began = open_.pop(key)
            episodes.append(Episode.of(rule.name, began[0], start=began[1], end=time - origin))

    failed = 0
    judged = AlertingRule(rule, store, heard, output=SeriesStore())
    for time in times:
        try:
            judged.evaluate(time)
        except UsageError:
            failed += 1
    episodes += [Episode.of(rule.name, labels, start=start) for labels, start in open_.values()]
    return Replayed(tuple(sorted(episodes, key=lambda item: (item.start, str(item)))), failed)
