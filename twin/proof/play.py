"""Playing a case: its world runs once, and its series serve every rule."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from twin.desk.records import Records
from twin.events import AlertChanged, Event, EventLog
from twin.monitoring.series import SeriesStore
from twin.proof.case import Case
from twin.proof.episodes import Episode
from twin.scenario import Scenario
from twin.world import Parts, World

__all__ = ["Played", "play"]


@dataclass(frozen=True, slots=True)
class Played:
    """What a case's world left: its series, the seconds of its scrapes, and what fired in it.

    *failures* counts the evaluations of a rule that failed, by its name.
    """

    case: Case
    store: SeriesStore
    times: range
    interval: int
    episodes: tuple[Episode, ...]
    failures: dict[str, int]

    def of(self, rule: str) -> tuple[Episode, ...]:
        """What the alert rule called *rule* did here."""
        return tuple(item for item in self.episodes if item.rule == rule)


def play(case: Case, scenario: Scenario, parts: Parts) -> Played:
    """Run the world of *case* from start to end."""
    log, told = EventLog(), _Told(scenario.start)
    log.listen(told.hear)
    world = World(scenario, parts, log=log, records=Records())
    world.run(scenario.end)
    monitor = world.monitor
    return Played(
        case, monitor.store, world.scrapes, monitor.interval, told.episodes(),
        dict(monitor.health.failures),
    )  # fmt: skip


class _Told:
    """The alerts that the running world announced."""

    def __init__(self, start: int) -> None:
        self._start = start
        self._open: dict[tuple[str, str], Callable[[int | None], Episode]] = {}
        self._ended: list[Episode] = []

    def hear(self, now: int, event: Event) -> None:
        """Take one event of the log."""
        if not isinstance(event, AlertChanged):
            return
        key, at = (event.rule, repr(sorted(event.labels.items()))), now - self._start
        if event.state == "firing":
            rule, labels = event.rule, event.labels
            self._open[key] = lambda end: Episode.of(rule, labels, start=at, end=end)
        elif event.state == "resolved":
            self._ended.append(self._open.pop(key)(at))

    def episodes(self) -> tuple[Episode, ...]:
        """Every alert that fired, in order."""
        found = [*self._ended, *(make(None) for make in self._open.values())]
        return tuple(sorted(found, key=lambda item: (item.start, str(item))))
