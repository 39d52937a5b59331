"""The registry: the only way a sample gets into the store, under a name and labels declared once.

A collector takes its handles when it is made; name and labels are checked then and never again.
A scrape is `begin`, any number of `Handle.set`, `finish`. A handle that was set at the scrape
before and not at this one gets a staleness marker, so that what disappears is gone at once.
"""

from __future__ import annotations

from collections.abc import Mapping

from twin.monitoring.metrics import Metrics, metric_table
from twin.monitoring.series import Series, SeriesStore

__all__ = ["Handle", "Held", "Registry"]


class Handle:
    """One series that is written at every scrape in which its value is known."""

    __slots__ = ("_append", "_registry", "_scrape", "series")

    def __init__(self, registry: Registry, series: Series) -> None:
        """Made by `Registry.series` alone."""
        self._registry, self.series = registry, series
        self._append, self._scrape = series.append, -1

    def set(self, value: float) -> None:
        """Write *value* at the time of the scrape."""
        registry = self._registry
        if self._scrape != registry.scrape:
            registry.lit += 1
            registry.kept += self._scrape == registry.scrape - 1
            self._scrape = registry.scrape
        registry.samples += 1
        self._append(registry.time, value)

    def settle(self) -> None:
        """Mark the series stale where it was set at the scrape before and not at this one."""
        if self._scrape == self._registry.scrape - 1:
            self.series.mark_stale(self._registry.time)


class Held:
    """A value that somebody keeps between scrapes and that every scrape exposes; None hides it."""

    __slots__ = ("handle", "value")

    def __init__(self, handle: Handle, value: float | None) -> None:
        """Made by `Registry.held` alone."""
        self.handle, self.value = handle, value

    def add(self, amount: float = 1) -> None:
        """Add *amount* to the value."""
        self.value = (self.value or 0) + amount


class Registry:
    """The handles of one run, on one *store*; *metrics* are the declarations they must keep to.

    *scrape* numbers the scrapes, *time* is the unix second of the present one, and *samples*
    counts everything ever set. *lit* handles were set at the present scrape, *kept* of them at
    the one before too: where that are all of those, none has disappeared.
    """

    def __init__(self, store: SeriesStore, metrics: Metrics | None = None) -> None:
        """Start before the first scrape."""
        self.store = store
        self.metrics = metric_table() if metrics is None else metrics
        self.scrape, self.time, self.samples = 0, 0, 0
        self.lit = self.kept = self._lit_before = 0
        self._handles: dict[Series, Handle] = {}
        self._held: dict[Series, Held] = {}

    def series(self, name: str, labels: Mapping[str, str]) -> Handle:
        """Return the handle of *name* with *labels*, always the same one.

        Raises UnknownName for a metric that is not declared, CrashError for labels it lacks.
        """
        self.metrics.check(name, labels)
        series = self.store.series(name, labels)
        found = self._handles.get(series)
        if found is None:
            found = self._handles[series] = Handle(self, series)
        return found

    def held(self, name: str, labels: Mapping[str, str], *, value: float | None = 0) -> Held:
        """Return the kept value of *name* with *labels*, starting at *value*; always the same one."""
        handle = self.series(name, labels)
        found = self._held.get(handle.series)
        if found is None:
            found = self._held[handle.series] = Held(handle, value)
        return found

    def begin(self, time: int) -> None:
        """Start a scrape at unix second *time*."""
        self.scrape += 1
        self.time = time
        self._lit_before, self.lit, self.kept = self.lit, 0, 0

    def finish(self) -> None:
        """End the scrape: held values are exposed, and what disappeared is stale."""
        for held in self._held.values():
            if held.value is not None:
                held.handle.set(held.value)
        if self.kept < self._lit_before:
            for handle in self._handles.values():
                handle.settle()
