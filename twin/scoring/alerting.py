"""How well the alerts told: precision, recall, reset, and false pages of a quiet week.

What an alert owes to a fault is found by comparison: an alert that fires in the same seed without
the faults, too, was not owed to them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from twin.scoring.trace import Record, Trace

__all__ = ["Alerting", "Told", "alerting"]

WEEK = 7 * 86_400
PAGING = frozenset(("P1", "P2", "P3"))


@dataclass(frozen=True, slots=True)
class Told:
    """By which alert a *fault* was first told, and when; *rule* is empty where none did."""

    fault: str
    kind: str
    began: int
    rule: str = ""
    at: int | None = None
    pages: bool = False


@dataclass(frozen=True, slots=True)
class Alerting:
    """*owed* of *fired* alerts that page were owed to the faults; *told* goes by fault.

    *reset* is how many seconds after the end of the cause the last owed alert resolved, None where
    either did not; *over* says whether the cause ended at all. *quiet_pages* were made in *quiet_seconds* of the same seed without faults.
    """

    fired: int
    owed: int
    told: tuple[Told, ...]
    reset: int | None
    quiet_pages: int
    quiet_seconds: int
    over: bool = True

    @property
    def false_pages_a_week(self) -> float:
        """Pages in a week in which nothing is wrong."""
        return round(self.quiet_pages * WEEK / self.quiet_seconds, 3) if self.quiet_seconds else 0.0


def _key(event: Record) -> tuple[str, tuple[tuple[str, str], ...]]:
    return event["rule"], tuple(sorted(event["labels"].items()))


def _owed(trace: Trace, quiet: Trace) -> Iterator[Record]:
    """Yield the firings that the run without faults has not: of one alert, those beyond its own."""
    there = Counter(_key(event) for event in quiet.of("alert") if event["state"] == "firing")
    for event in trace.of("alert"):
        if event["state"] == "firing":
            if there[_key(event)]:
                there[_key(event)] -= 1
            else:
                yield event


def alerting(trace: Trace, quiet: Trace, cause: Record | None) -> Alerting:
    """Hold the alerts of the run *trace* against those of *quiet*, the same seed without faults."""
    paging = [e for e in trace.of("alert")
              if e["state"] == "firing" and e["severity"] in PAGING]  # fmt: skip
    owed = list(_owed(trace, quiet))
    return Alerting(
        fired=len(paging),
        owed=len([event for event in owed if event["severity"] in PAGING]),
        told=tuple(_told(trace, owed)),
        reset=_reset(trace, owed, cause),
        quiet_pages=len(list(quiet.of("page"))),
        quiet_seconds=quiet.end - quiet.start,
        over=cause is not None and trace.ended(cause["fault"]) is not None,
    )


def _told(trace: Trace, owed: list[Record]) -> Iterator[Told]:
    """Yield by fault the first alert that is owed to it: fired after it and before the next one."""
    faults = trace.faults
    for place, fault in enumerate(faults):
        later = [other["t"] for other in faults[place + 1 :] if other["t"] > fault["t"]]
        until = min(later, default=trace.end + 1)
        mine = [event for event in owed if fault["t"] <= event["t"] < until]
        first = min(mine, key=lambda event: (event["severity"] not in PAGING, event["n"]),
                    default=None)  # fmt: skip
        about = (str(fault["fault"]), str(fault["family"]), int(fault["t"]))
        still = _still(trace, owed, fault)
        if still is not None and (first is None or first["severity"] not in PAGING):
            yield Told(*about, str(still["rule"]), int(fault["t"]), still["severity"] in PAGING)
        elif first is None:
            yield Told(*about)
        else:
            yield Told(*about, str(first["rule"]), int(first["t"]), first["severity"] in PAGING)


def _still(trace: Trace, owed: list[Record], fault: Record) -> Record | None:
    """Return an owed alert that still fires for an earlier fault of the same kind: it tells again."""
    since = [other["t"] for other in trace.faults
             if other["family"] == fault["family"] and other["n"] < fault["n"]]  # fmt: skip
    if not since:
        return None
    firing: dict[object, Record] = {}
    for event in trace.of("alert"):
        if event["t"] <= fault["t"]:
            if event["state"] == "firing":
                firing[_key(event)] = event
            else:
                firing.pop(_key(event), None)
    mine = [event for event in owed if event["t"] >= min(since)]
    return next((event for event in firing.values() if event in mine), None)


def _reset(trace: Trace, owed: list[Record], cause: Record | None) -> int | None:
    ended = trace.ended(cause["fault"]) if cause else None
    if cause is None or ended is None:
        return None
    keys = {_key(event) for event in owed if event["t"] >= cause["t"]}
    state = {_key(e): (e["state"], e["t"]) for e in trace.of("alert") if _key(e) in keys}
    if any(now in {"firing", "pending"} for now, _at in state.values()):
        return None
    return max([0, *(int(at) - int(ended) for _now, at in state.values())])
