"""The verdict: what the scenario expected, held against what the run left behind.

Every check says its limit, what it got, whether that passed, and when it was first crossed. No
data is a failure: a threshold that never saw a sample, an expectation whose event never came.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, Protocol

from twin.events import (
    AlertChanged,
    EvidenceFiled,
    FaultChanged,
    IncidentChanged,
    InvariantBroken,
    Paged,
    ProcedureEnded,
    ProcedureStarted,
)
from twin.results import Check, Loss
from twin.witness import Witness

__all__ = ["Check", "Evaluate", "Verdict", "judge"]

Evaluate = Callable[[str, int], list[tuple[Mapping[str, str], float]]]
"""Evaluates a PromQL expression at a unix second over the run's series."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """All checks of a run; it passed when there is at least one and every one passed."""

    checks: tuple[Check, ...]

    @property
    def passed(self) -> bool:
        """Whether the run is good."""
        return bool(self.checks) and all(check.passed for check in self.checks)

    @property
    def broken(self) -> tuple[Check, ...]:
        """The checks that did not pass."""
        return tuple(check for check in self.checks if not check.passed)


def _check(
    kind: Literal["threshold", "expect", "invariant", "loss"],
    name: str,
    limit: str,
    got: str,
    *,
    passed: bool,
    at: int | None = None,
    why: str | None = None,
) -> Check:
    return Check(kind=kind, name=name, limit=limit, got=got, passed=passed, at=at, why=why or "")


class _Threshold(Protocol):
    @property
    def name(self) -> str:
        """The name it goes by."""

    @property
    def expr(self) -> str:
        """PromQL over the series of the run."""

    @property
    def min(self) -> float | None:
        """The lowest value that is good, or None."""

    @property
    def max(self) -> float | None:
        """The highest, or None."""

    @property
    def when(self) -> str:
        """always, ever or end."""

    @property
    def since(self) -> int:
        """Seconds after the start from which it holds."""


def _number(value: float) -> str:
    return f"{value:.6g}"


def _limit(threshold: _Threshold) -> str:
    parts = []
    if threshold.min is not None:
        parts.append(f">= {_number(threshold.min)}")
    if threshold.max is not None:
        parts.append(f"<= {_number(threshold.max)}")
    return f"{threshold.when} {' and '.join(parts)}"


def _inside(threshold: _Threshold, value: float) -> bool:
    return (threshold.min is None or value >= threshold.min) and (
        threshold.max is None or value <= threshold.max
    )


def _excess(threshold: _Threshold, value: float) -> float:
    """How far *value* lies outside; negative is the room left inside. NaN lies furthest."""
    if math.isnan(value):
        return math.inf
    over = value - threshold.max if threshold.max is not None else -math.inf
    under = threshold.min - value if threshold.min is not None else -math.inf
    return max(over, under)


def threshold_check(
    threshold: _Threshold, evaluate: Evaluate, times: Sequence[int], *, start: int
) -> Check:
    """Judge *threshold* over the scrape *times*: always, ever, or at the end.

    The worst sample is what it got. A sample that is not a number is outside every limit, and so
    is a scrape without one where the limit holds always.
    """
    due = [at for at in times if at >= start + threshold.since]
    if threshold.when == "end":
        due = due[-1:]
    samples = [(at, value) for at in due for _labels, value in evaluate(threshold.expr, at)]
    limit = _limit(threshold)
    if not samples:
        return _check("threshold", threshold.name, limit, "no data", passed=False)
    outside = [(at, value) for at, value in samples if not _inside(threshold, value)]
    if threshold.when == "ever":
        inside = [(at, value) for at, value in samples if _inside(threshold, value)]
        best = inside[0] if inside else min(samples, key=lambda s: (_excess(threshold, s[1]), s[0]))
        return _check(
            "threshold",
            threshold.name,
            limit,
            _number(best[1]),
            passed=bool(inside),
            at=best[0] if inside else None,
        )
    blind = sorted({*due} - {at for at, _value in samples})
    if blind and not outside:
        got = f"no data at {len(blind)} of {len(due)} scrapes"
        return _check("threshold", threshold.name, limit, got, passed=False, at=blind[0])
    _at, worst = max(samples, key=lambda sample: (_excess(threshold, sample[1]), -sample[0]))
    return _check(
        "threshold",
        threshold.name,
        limit,
        _number(worst),
        passed=not outside,
        at=outside[0][0] if outside else None,
    )


def _text(value: object) -> str:
    """Return *value* of an event as a scenario file writes it: bytes as `0x` hex."""
    return "0x" + value.hex() if isinstance(value, bytes) else str(value)


class Expectations:
    """Judges the `expect` part of a scenario against what the *witness* saw."""

    def __init__(self, witness: Witness, *, start: int, loss: Loss | None) -> None:
        """Find out when each fault began."""
        self._witness, self._start, self._loss = witness, start, loss
        self._faults: dict[str, int] = {"start": start}
        for now, event in witness.seen(FaultChanged):
            if event.phase == "begin":
                self._faults.setdefault(event.fault, now)

    def check(self, item: Any) -> Check:
        """Judge one expectation by the key it has."""
        judges: Mapping[str, Callable[[Any], Check]] = {
            "alert": self._alert,
            "no_alert": self._no_alert,
            "pages_at_most": self._pages,
            "procedure": self._procedure,
            "event": self._event,
            "incident": self._incident,
            "loss_at_most": self._loss_at_most,
        }
        for key, judge_one in judges.items():
            if getattr(item, key, None) is not None:
                return judge_one(item)
        raise AssertionError(item)  # the loader lets no other through

    def _within(self, item: Any, name: str, times: Iterable[int]) -> Check:
        """Judge that the first of *times* after the anchor came within the limit."""
        after, limit = item.after or "start", item.within
        words = f"within {limit} s of {after}" if limit is not None else f"after {after}"
        if after not in self._faults:
            return _check(
                "expect", name, words, f"{after} never happened", passed=False, why=item.why
            )
        anchor = self._faults[after]
        first = next((now for now in times if now >= anchor), None)
        if first is None:
            return _check("expect", name, words, "never", passed=False, why=item.why)
        took = first - anchor
        return _check(
            "expect",
            name,
            words,
            f"after {took} s",
            passed=limit is None or took <= limit,
            at=first,
            why=item.why,
        )

    def _alert(self, item: Any) -> Check:
        fired = [
            now
            for now, event in self._witness.seen(AlertChanged)
            if event.rule == item.alert and event.state == "firing"
        ]
        return self._within(item, f"alert {item.alert}", fired)

    def _no_alert(self, item: Any) -> Check:
        fired = [
            now
            for now, event in self._witness.seen(AlertChanged)
            if event.rule == item.no_alert and event.state == "firing"
        ]
        return _check(
            "expect",
            f"no alert {item.no_alert}",
            "never fires",
            f"fired {len(fired)} times",
            passed=not fired,
            at=fired[0] if fired else None,
            why=item.why,
        )

    def _pages(self, item: Any) -> Check:
        times = [now for now, _event in self._witness.seen(Paged)]
        limit = item.pages_at_most
        return _check(
            "expect",
            "pages",
            f"at most {limit}",
            str(len(times)),
            passed=len(times) <= limit,
            at=times[limit] if len(times) > limit else None,
            why=item.why,
        )

    def _procedure(self, item: Any) -> Check:
        """Judge a runbook by its end, and a check, which has no other event, by its evidence."""
        verdict = item.verdict or "done"
        kind: type[ProcedureEnded | EvidenceFiled] = EvidenceFiled
        if any(
            event.procedure == item.procedure for _, event in self._witness.seen(ProcedureStarted)
        ):
            kind = ProcedureEnded
        ended = [
            now
            for now, event in self._witness.seen(kind)
            if event.procedure == item.procedure and event.verdict == verdict
        ]
        return self._within(item, f"procedure {item.procedure} ends {verdict}", ended)

    def _event(self, item: Any) -> Check:
        def fits(event: object) -> bool:
            args = getattr(event, "args", {})
            return all(
                _text(getattr(event, key, args.get(key) if isinstance(args, Mapping) else None))
                == str(value)
                for key, value in item.where.items()
            )

        most = item.at_most
        where = ", ".join(f"{key}={value}" for key, value in item.where.items())
        name = f"event {item.event} ({where})"
        limit = f"at least {item.at_least}" + ("" if most is None else f", at most {most}")
        if not self._witness.keeps(item.event):
            got = f"no data: events of kind {item.event} are counted, not kept"
            return _check("expect", name, limit, got, passed=False, why=item.why)
        times = [now for now, event in self._witness.named(item.event) if fits(event)]
        over = most is not None and len(times) > most
        return _check(
            "expect",
            name,
            limit,
            str(len(times)),
            passed=len(times) >= item.at_least and not over,
            at=times[most] if over else None,
            why=item.why,
        )

    def _incident(self, item: Any) -> Check:
        reached = [
            now
            for now, event in self._witness.seen(IncidentChanged)
            if event.state == item.incident
            and item.severity in {None, event.severity}
            and item.family in {None, event.family}
        ]
        words = " ".join(filter(None, ("incident", item.severity, item.family, item.incident)))
        return self._within(item, words, reached)

    def _loss_at_most(self, item: Any) -> Check:
        limit, loss = item.loss_at_most, self._loss
        if loss is None or loss.net is None:
            return _check("loss", "net loss", f"<= {limit}", "no data", passed=False, why=item.why)
        return _check(
            "loss",
            "net loss",
            f"<= {limit} {loss.unit}",
            f"{loss.net} {loss.unit}",
            passed=loss.net <= limit,
            why=item.why,
        )


def invariant_checks(names: Iterable[str], witness: Witness, *, examined: int) -> list[Check]:
    """Judge that each named invariant, and each that broke, was examined and never broke."""
    broken: dict[str, list[tuple[int, InvariantBroken]]] = {}
    for now, event in witness.seen(InvariantBroken):
        broken.setdefault(event.invariant, []).append((now, event))
    checks = []
    for name in dict.fromkeys((*names, *broken)):  # `--check` examines those unnamed as well
        bad = broken.get(name, [])
        got = f"held at {examined} blocks" if examined else "no data"
        if bad:
            got = f"broke {len(bad)} times: {bad[0][1].detail}"
        checks.append(
            _check(
                "invariant",
                name,
                "holds",
                got,
                passed=bool(examined) and not bad,
                at=bad[0][0] if bad else None,
            )
        )
    return checks


def judge(
    scenario: Any,
    witness: Witness,
    *,
    evaluate: Evaluate,
    times: Sequence[int],
    examined: int,
    loss: Loss | None,
) -> Verdict:
    """Judge everything that *scenario* declares: thresholds, expectations, invariants."""
    expectations = Expectations(witness, start=scenario.start, loss=loss)
    checks = [
        *(
            threshold_check(item, evaluate, times, start=scenario.start)
            for item in scenario.thresholds
        ),
        *(expectations.check(item) for item in scenario.expect),
        *invariant_checks(scenario.invariants, witness, examined=examined),
    ]
    return Verdict(tuple(checks))
