"""What is measured as text: the present for whoever scrapes, and a whole run as OpenMetrics.

`exposition` is what `/metrics` answers: the newest value of every declared metric, in Prometheus'
text format 0.0.4 or as OpenMetrics 1.0, whichever is asked for.

`write_openmetrics` gives a run's series as OpenMetrics text with the timestamps of the simulation.

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

__all__ = ["OPENMETRICS", "TEXT", "exposition", "wanted", "write_openmetrics"]

TEXT = "text/plain; version=0.0.4; charset=utf-8"
OPENMETRICS = "application/openmetrics-text; version=1.0.0; charset=utf-8"


def wanted(accept: str) -> str:
    """Return the media type that an Accept header wants: `OPENMETRICS` if it ranks first, or `TEXT`."""
    ranks = {"application/openmetrics-text": 0.0, "text/plain": 0.0, "*/*": 0.0}
    for item in accept.split(","):
        kind, *parameters = (part.strip() for part in item.split(";"))
        weight = next((one[2:] for one in parameters if one.startswith("q=")), "1")
        try:
            ranks[kind] = max(ranks.get(kind, 0.0), float(weight))
        except ValueError:
            continue
    plain = max(ranks["text/plain"], ranks["*/*"])
    asked = ranks["application/openmetrics-text"]
    return OPENMETRICS if asked and asked >= plain else TEXT


def exposition(store: SeriesStore, metrics: Metrics, now: int, *, media: str = TEXT) -> str:
    """Return what *store* shows at unix second *now* of the declared *metrics*, as *media*."""
    lines: list[str] = []
    modern = media == OPENMETRICS
    for name in store.names:
        if name not in metrics:
            continue  # what rules wrote is theirs: whoever scrapes has rules of its own
        spec = metrics[name]
        rows = [(one, one.at(now)) for one in store.select(name)]
        shown = [f"{name}{_labels(one)} {_number(at[1])}" for one, at in rows if at is not None]
        if not shown:
            continue
        counter = spec.kind == "counter" and name.endswith("_total")
        family = name.removesuffix("_total") if counter and modern else name
        help_ = _escaped(spec.help) if modern else _line(spec.help)
        lines.append(f"# HELP {family} {help_}")
        lines.append(f"# TYPE {family} {'counter' if counter else 'gauge'}")
        lines += shown
    if modern:
        lines.append("# EOF")
    return "\n".join(lines) + "\n" if lines else ""


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


def _line(text: str) -> str:
    """Escape help of the text format, where quotes stand for themselves."""
    return text.replace("\\", "\\\\").replace("\n", "\\n")


def _number(value: float) -> str:
    if value != value:  # noqa: PLR0124 - NaN test
        return "NaN"
    if value in {float("inf"), float("-inf")}:
        return "+Inf" if value > 0 else "-Inf"
    return repr(value)
