"""The figures of a run that a golden file holds: counts, loss, incidents, worst samples."""

from __future__ import annotations

import contextlib
import math
from collections.abc import Iterator, Mapping

from twin.results import Summary
from twin.verdict import Verdict

__all__ = ["figures"]


def figures(
    summary: Summary, verdict: Verdict, counts: Mapping[str, int]
) -> dict[str, int | float]:
    """Return the figures of a finished run by name: integers as they are, samples as floats."""
    start: dict[str, int | float] = {f"count.{name}": value for name, value in counts.items()}
    return {**start, **dict(_loss(summary)), **dict(_incidents(summary)), **dict(_samples(verdict))}


def _loss(summary: Summary) -> Iterator[tuple[str, int]]:
    if summary.loss is None:
        return
    yield "loss.value", summary.loss.value
    if summary.loss.net is not None:
        yield "loss.net", summary.loss.net


def _incidents(summary: Summary) -> Iterator[tuple[str, int]]:
    for row in summary.incidents:
        yield f"incident.{row.id}.opened", row.opened
        if row.closed is not None:
            yield f"incident.{row.id}.closed", row.closed


def _samples(verdict: Verdict) -> Iterator[tuple[str, float]]:
    for check in verdict.checks:
        if check.kind != "threshold":
            continue
        with contextlib.suppress(ValueError):  # "no data" is no figure; the verdict failed
            sample = float(str(check.got))
            if math.isfinite(sample):  # nor is a NaN, for the same reason
                yield f"threshold.{check.name}", sample
