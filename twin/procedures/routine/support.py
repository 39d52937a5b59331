"""Support: which tickets wait, what they have in common, and which of them are an incident.

Users see harm before monitoring does where monitoring has no eye (Ronin: six days, a user who
could not withdraw). A topic that enough users name, and that no open incident and no alert
explains, is promoted to an incident.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from twin.desk.port import Desk

__all__ = ["TOPICS", "Topic", "answered", "queue"]

WINDOW = 6 * 3600
"""Seconds within which users speak of the same thing."""


@dataclass(frozen=True, slots=True)
class Topic:
    """What users may write about: how many *users* make it an incident of *domain* and *severity*.

    *sla* is the seconds in which the first answer is due.
    """

    domain: str
    severity: str
    users: int
    sla: int


TOPICS: Mapping[str, Topic] = {
    "funds-missing": Topic("security", "P1", 1, 3600),
    "balance-wrong": Topic("chain", "P2", 2, 4 * 3600),
    "redemption-late": Topic("reserve", "P2", 5, 4 * 3600),
    "cannot-trade": Topic("pool", "P3", 5, 4 * 3600),
    "transaction-pending": Topic("chain", "P3", 8, 8 * 3600),
    "transaction-failed": Topic("pool", "P3", 12, 8 * 3600),
    "account-frozen": Topic("compliance", "P3", 3, 8 * 3600),
    "how-to": Topic("", "P5", 10**9, 24 * 3600),
}
"""What each topic is about; topics that nobody knows are questions."""


def _topic(name: str) -> Topic:
    return TOPICS.get(name, TOPICS["how-to"])


def queue(desk: Desk) -> dict[str, Any]:
    """Return the tickets that wait, the most urgent first, and by topic what explains them."""
    last = desk.evidence.last("RD4")
    before = desk.evidence.data(last.ref) if last else {}
    since, kept = int(before.get("until", 0)), set(before.get("waiting", ()))
    oldest = int(before.get("oldest", since))
    until = desk.now
    fresh = desk.services.tickets.since(min(since, oldest))
    waiting = [
        {"id": item.id, "opened": item.opened, "user": item.user, "topic": item.topic,
         "due": item.opened + _topic(item.topic).sla}
        for item in fresh
        if item.opened < until and (item.opened >= since or item.id in kept)
    ]  # fmt: skip
    waiting.sort(key=lambda item: (item["due"], item["id"]))
    return {"until": until, "waiting": waiting, "topics": _clusters(desk)}


def _clusters(desk: Desk) -> dict[str, Any]:
    """Return each topic of the last hours: its users, and the alert or incident that explains it."""
    lately = desk.services.tickets.since(max(0, desk.now - WINDOW))
    open_incidents = {item.family: item.id for item in reversed(desk.incidents.open())}
    alerts = {alert.labels.get("domain", ""): alert.rule for alert in desk.alerts.firing()
              if alert.severity in ("P1", "P2", "P3")}  # fmt: skip
    users: dict[str, set[str]] = {}
    for item in lately:
        users.setdefault(item.topic, set()).add(item.user)
    return {
        name: {
            "users": len(people),
            "enough": len(people) >= _topic(name).users,
            "incident": open_incidents.get(_topic(name).domain),
            "alert": alerts.get(_topic(name).domain),
        }
        for name, people in sorted(users.items())
    }


def answered(
    waiting: list[dict[str, Any]], *, batch: int, mass: int
) -> tuple[list[Any], list[str]]:
    """Return which tickets of *waiting* are answered in this round, and the topics answered at once.

    A topic with *mass* tickets or more gets one answer for all; of the others *batch* get their own.
    """
    counts: dict[str, int] = {}
    for item in waiting:
        counts[item["topic"]] = counts.get(item["topic"], 0) + 1
    at_once = sorted(name for name, count in counts.items() if count >= mass)
    single = [item for item in waiting if item["topic"] not in at_once][:batch]
    together = [item for item in waiting if item["topic"] in at_once]
    return [*together, *single], at_once
