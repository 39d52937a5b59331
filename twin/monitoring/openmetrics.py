"""A run's series as OpenMetrics text with the timestamps of the simulation.

Real Prometheus takes it: `promtool tsdb create-blocks-from openmetrics FILE DATA_FOLDER`, then any
dashboard shows the run. Every declared metric says its type, unit and help; what rules wrote
(`ALERTS`, recording rules) comes as gauges. OpenMetrics has no staleness marker, so that a series
that ended just has no more samples.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TextIO

from twin.monitoring.labels import NAME
from twin.monitoring.metrics import Metrics
from twin.monitoring.series import Series, SeriesStore, is_stale

__all__ = ["write_openmetrics"]


def write_openmetrics(store: SeriesStore, metrics: Metrics, out: TextIO) -> int:
    """Write all samples of *store* to *out*, described by *metrics*; return how many."""
    count = 0
    for name in store.names:
        spec = metrics[name] if name in metrics else None  # noqa: SIM401 - `get` raises here
        counter = spec is not None and spec.kind == "counter" and name.endswith("_total")
        family = name.removesuffix("_total") if counter else name
        out.write(f"# TYPE {family} {'counter' if counter else 'gauge'}\n")
        if spec is not None:
            out.write(f"# HELP {family} {_escaped(spec.help)}\n")
        for series in store.select(name):
            head = f"{name}{_labels(series)} "
            for time, value in zip(series.times, series.values, strict=True):
                if not is_stale(value):
                    out.write(f"{head}{_number(value)} {time}\n")
                    count += 1
    out.write("# EOF\n")
    return count


def _labels(series: Series) -> str:
    pairs = ",".join(_pairs(series))
    return f"{{{pairs}}}" if pairs else ""


def _pairs(series: Series) -> Iterator[str]:
    for name, text in sorted(series.labels.items()):
        if name != NAME:
            yield f'{name}="{_escaped(text)}"'


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace("\n", "\\n").replace('"', '\\"')


def _number(value: float) -> str:
    if value != value:  # noqa: PLR0124 - NaN test
        return "NaN"
    if value in {float("inf"), float("-inf")}:
        return "+Inf" if value > 0 else "-Inf"
    return repr(value)
