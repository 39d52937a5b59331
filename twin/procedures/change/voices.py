"""What users say after a change: tickets by topic and by kind of user, against the time before."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Protocol

from twin.desk.port import Desk
from twin.desk.port.tickets import Ticket
from twin.procedures.change.register import in_state

__all__ = ["voices"]

HARM = ("transaction-failed", "transaction-pending", "redemption-late", "balance-wrong",
        "funds-missing", "account-frozen", "cannot-trade")  # fmt: skip


class Limits(Protocol):
    """What the comparison is given."""

    @property
    def baseline(self) -> int:
        """Seconds before the change that are the baseline."""

    @property
    def times_milli(self) -> int:
        """How many times the baseline's rate counts as more, in thousandths."""

    @property
    def least(self) -> int:
        """How many tickets there must be at least."""


def _group(ticket: Ticket) -> str:
    """Return the kind of user: the name less its number."""
    return ticket.user.rstrip("0123456789").rstrip("-")


def _counts(tickets: Sequence[Ticket], key: Callable[[Ticket], str]) -> dict[str, int]:
    found: dict[str, int] = {}
    for ticket in tickets:
        found[key(ticket)] = found.get(key(ticket), 0) + 1
    return dict(sorted(found.items()))


def voices(desk: Desk, settings: Limits) -> list[dict[str, Any]]:
    """Return, for each change whose horizon has come, who wrote how much more than before."""
    found = []
    for entry in in_state(desk, ("executed", "failed", "rolled-back")):
        done = entry.get("done_at", entry.get("failed_at"))
        horizon = entry.get("horizon_at", (done or 0) + 3600)
        if "feedback" in entry or done is None or desk.now < horizon:
            continue
        since = entry.get("began_at", done)
        every_one = [one for one in desk.services.tickets.since(since - settings.baseline)
                     if one.topic in HARM]  # fmt: skip
        before = [one for one in every_one if one.opened < since]
        after = [one for one in every_one if one.opened >= since]
        spans = (
            min(settings.baseline, max(1, since - _start(desk, settings))),
            max(1, desk.now - since),
        )
        items, groups = [], {}
        if _more(len(before), len(after), spans, settings):
            items.append("more-tickets")
        for key in (_group, lambda one: one.topic):
            was, now = _counts(before, key), _counts(after, key)
            for name, count in now.items():
                groups[name] = [was.get(name, 0), count]
                if _more(was.get(name, 0), count, spans, settings) and "more-tickets" not in items:
                    items.append("minority")
        found.append({"id": entry["id"], "title": entry["plan"]["title"], "done_at": done,
                      "before": len(before), "after": len(after), "groups": groups,
                      "items": sorted(set(items))})  # fmt: skip
    return found


def _start(desk: Desk, settings: Limits) -> int:
    """Return from when on there can have been tickets at all: the first block."""
    return max(desk.at(1).timestamp, desk.now - settings.baseline)


def _more(was: int, now: int, spans: tuple[int, int], settings: Limits) -> bool:
    """Say whether *now* tickets in the second span are more than the rate of the first explains."""
    before, after = spans
    return (
        now >= settings.least and now * before * 1000 >= settings.times_milli * max(1, was) * after
    )
