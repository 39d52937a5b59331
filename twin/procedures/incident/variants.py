"""Variants of an incident, and rules judged on them: a measure must catch more than the last one.

The quiet record before the incident is taken as it was; the series that the incident disturbed most
is disturbed again, in other sizes and shapes. Half of the variants choose a rule, the other half judge
it, and the quiet record must stay quiet: what only fits the last incident fails here.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from twin.desk.port import Desk, Recorded, RuleStatus

__all__ = ["Disturbed", "Variant", "candidates", "catches", "disturbed", "recorded", "variants"]

STEP = 240
"""Seconds between samples: below Prometheus' lookback of five minutes."""

SIZES = (1.0, 0.5, 0.25, 0.1, -0.5)
"""Sizes of a variant against the incident's own, on its own scale; a negative one goes the other way."""

SHAPES = ("step", "ramp", "pulses")
LENGTH = 30
"""Samples that a variant lasts: two hours."""

THRESHOLD = re.compile(r"(>=|<=|>|<)\s*(-?\d+(?:\.\d+)?)\s*$")


@dataclass(frozen=True, slots=True)
class Disturbed:
    """The series that the incident moved most: its *metric* and *labels*, *quiet* and *worst* values."""

    metric: str
    labels: Mapping[str, str]
    quiet: float
    worst: float

    @property
    def ratio(self) -> float | None:
        """How many times its quiet value the worst is, None where the difference says more."""
        if self.quiet > 0 and self.worst > 0:
            found = self.worst / self.quiet
            return found if found > 1.02 or found < 0.98 else None
        return None


@dataclass(frozen=True, slots=True)
class Variant:
    """One variant: a *name*, the series with the disturbance, and when it begins."""

    name: str
    series: tuple[Recorded, ...]
    begins: int


def _plain(labels: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in labels.items() if not name.startswith("_")}


def recorded(desk: Desk, metric: str, *, start: int, end: int) -> list[Recorded]:
    """Return every series of *metric* from unix second *start* to *end*, a sample every `STEP`."""
    found: dict[str, tuple[dict[str, str], list[tuple[int, float]]]] = {}
    for at in range(start, end + 1, STEP):
        back = desk.now - at
        query = metric if back == 0 else f"{metric} offset {back}s"
        for labels, value in desk.metrics.query(query):
            named = _plain(labels)
            key = repr(sorted(named.items()))
            found.setdefault(key, (named, []))[1].append((at, value))
    return [Recorded(metric, labels, tuple(samples)) for labels, samples in found.values()]


def _median(values: Sequence[float]) -> float:
    return sorted(values)[len(values) // 2]


def disturbed(quiet: Sequence[Recorded], during: Sequence[Recorded]) -> Disturbed | None:
    """Return the series that left its quiet median furthest, by the share of its quiet range."""
    best: tuple[float, Disturbed] | None = None
    before = {(one.metric, repr(sorted(one.labels.items()))): one for one in quiet}
    for one in during:
        base = before.get((one.metric, repr(sorted(one.labels.items()))))
        if base is None or not base.samples or not one.samples:
            continue
        values = [value for _at, value in base.samples]
        middle = _median(values)
        spread = max(max(values) - min(values), abs(middle) * 0.001, 1e-9)
        worst = max((value for _at, value in one.samples), key=lambda value: abs(value - middle))
        far = abs(worst - middle) / spread
        if far > 1 and (best is None or far > best[0]):
            best = (far, Disturbed(one.metric, one.labels, middle, worst))
    return best[1] if best is not None else None


def _strength(shape: str, place: int) -> float:
    """Return how much of a disturbance is there at sample *place* of it, 0 to 1."""
    if shape == "ramp":
        return min(1.0, (place + 1) / (LENGTH // 2))
    if shape == "pulses":
        return 1.0 if place % 6 < 3 else 0.0
    return 1.0


def _moved(value: float, what: Disturbed, share: float) -> float:
    """Return *value* disturbed by *share* of the incident's own size, on its own scale."""
    if what.ratio is not None:
        times: float = what.ratio**share
        return round(value * times, 9)
    return round(value + (what.worst - what.quiet) * share, 9)


def variants(quiet: Sequence[Recorded], what: Disturbed) -> list[Variant]:
    """Return the variants: every size in every shape, over the last hours of the quiet record."""
    made = []
    for size in SIZES:
        for shape in SHAPES:
            series, begins = [], 0
            for one in quiet:
                if one.metric != what.metric or dict(one.labels) != dict(what.labels):
                    series.append(one)
                    continue
                cut = max(0, len(one.samples) - LENGTH)
                begins = one.samples[cut][0]
                tail = [(at, _moved(value, what, size * _strength(shape, place)))
                        for place, (at, value) in enumerate(one.samples[cut:])]  # fmt: skip
                series.append(replace(one, samples=(*one.samples[:cut], *tail)))
            made.append(Variant(f"{shape} of {size}", tuple(series), begins))
    return made


def catches(desk: Desk, rule: tuple[str, int], cases: Sequence[Variant]) -> list[str]:
    """Return the names of the *cases* in which a rule, (expression, hold), fires after they begin."""
    expression, hold = rule
    return [case.name for case in cases
            if any(at >= case.begins for at in desk.lab.backtest(expression, hold, case.series))]  # fmt: skip


def _selector(what: Disturbed) -> str:
    inner = ",".join(f'{name}="{value}"' for name, value in sorted(what.labels.items()))
    return f"{what.metric}{{{inner}}}" if inner else what.metric


def candidates(what: Disturbed, present: Sequence[RuleStatus]) -> Iterator[tuple[str, int]]:
    """Yield rules that might catch more, the simplest first: a tighter threshold, then a jump."""
    for rule in present:
        found = THRESHOLD.search(rule.query)
        if found is None:
            continue
        head, value = rule.query[: found.start()], float(found[2])
        wider = 0.5 if found[1].startswith(">") else 2.0
        for times in (wider, wider * wider):
            yield f"{head}{found[1]} {value * times:g}", rule.hold
    series = _selector(what)
    for share in (0.2, 0.1, 0.05, 0.02):
        if what.ratio is not None:
            yield f"abs({series} / {series} offset 1h - 1) > {share:g}", 0
        else:
            yield (
                f"abs({series} - {series} offset 1h) > {abs(what.worst - what.quiet) * share:g}",
                0,
            )
