"""Who is needed in an incident, who was reached, and whether enough signers are awake.

A role counts as filled by somebody whose answer to a page is on the provider's record since the
incident began to be worked on. A quorum counts as there when enough of its signers answered or are
on shift with a telephone that works; whoever sleeps is called before the keys are needed.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from twin.desk.port import Colleague, Desk, Page
from twin.procedures.incident.impact import declared

__all__ = ["NEEDED", "QUORUMS", "reached", "team_state"]

NEEDED: Mapping[str, tuple[str, ...]] = {
    "P1": ("operator", "commander"),
    "P2": ("operator", "commander"),
    "P3": ("operator",),
}
"""The roles that an incident of a severity needs somebody in."""

QUORUMS: Mapping[str, tuple[str, ...]] = {"P1": ("pauser", "unpauser"), "P2": ("pauser",)}
"""The authorities whose keys it may need."""

LOST_AFTER = 60
"""Seconds after which a page without a delivery receipt counts as lost."""


def _awake(person: Colleague, now: int) -> bool:
    """Say whether it is between 7 and 23 o'clock where *person* is."""
    return 7 <= datetime.fromtimestamp(now, UTC).astimezone(ZoneInfo(person.timezone)).hour < 23


def reached(pages: Iterable[Page]) -> dict[str, int]:
    """Return who answered a page, and when last."""
    found: dict[str, int] = {}
    for page in pages:
        if page.answered is not None:
            found[page.person] = page.answered
    return found


def _dead(pages: Sequence[Page], now: int) -> tuple[set[str], set[str]]:
    """Return whose last page was lost, and whose last page nobody answers for half an hour."""
    last = {page.person: page for page in pages}
    lost = {
        name for name, page in last.items() if page.delivered is None and page.answered is None
        and now - page.sent >= LOST_AFTER
    }  # fmt: skip
    silent = {
        name for name, page in last.items()
        if page.answered is None and now - page.sent >= 1_800 and name not in lost
    }  # fmt: skip
    return lost, silent


def _line(people: Sequence[Colleague], role: str, now: int) -> list[str]:
    """Return who has *role*: on shift first, then who is awake, then who has to be woken."""
    able = [one for one in people if role in one.roles]
    able = able or [one for one in people if "operator" in one.roles]
    return [
        one.name for one in sorted(able, key=lambda one: (not one.on_shift, not _awake(one, now)))
    ]


def team_state(desk: Desk, incident: str, severity: str) -> dict[str, Any]:
    """Return, for *incident*, each role and quorum needed: who fills it, and whom to call next."""
    now, item = desk.now, desk.incidents.get(incident)
    people = desk.services.oncall.people()
    pages = desk.services.oncall.pages(since=item.opened - 3600)
    answered = reached(pages)
    lost, silent = _dead(pages, now)
    dead = lost | silent
    roles: dict[str, Any] = {}
    for role in NEEDED.get(severity, ()):
        line = _line(people, role, now)
        there = [name for name in line if name in answered and name not in dead]
        if severity == "P3":  # whoever is on shift sees it without a page
            there += [one.name for one in people
                      if one.on_shift and one.name in line and one.name not in {*there, *dead}]  # fmt: skip
        roles[role] = {"reached": there, "line": [name for name in line if name not in answered],
                       "since": min((answered[name] for name in there if name in answered),
                                    default=None)}  # fmt: skip
    quorums: dict[str, Any] = {}
    by_name = {one.name: one for one in people}
    for quorum in desk.services.oncall.quorums():
        if quorum.authority not in QUORUMS.get(severity, ()):
            continue
        signers = [by_name[name] for name in quorum.signers if name in by_name]
        proved = [one.name for one in signers if one.name in answered and one.name not in dead]
        likely = [one.name for one in signers
                  if one.on_shift and one.name not in dead and one.name not in proved]  # fmt: skip
        asleep = [one for one in signers if one.name not in {*proved, *likely, *dead}]
        quorums[quorum.authority] = {
            "threshold": quorum.threshold, "proved": proved, "likely": likely,
            "line": [one.name for one in sorted(asleep, key=lambda one: not _awake(one, now))],
            "asleep": [one.name for one in asleep if not _awake(one, now)],
            "dead": [one.name for one in signers if one.name in dead],
        }  # fmt: skip
    return {"at": now, "declared": declared(item), "ended": item.closed is not None, "roles": roles,
            "activation": item.notes.get("activation"),
            "quorums": quorums, "lost": sorted(lost), "silent": sorted(silent)}  # fmt: skip
