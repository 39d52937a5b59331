"""When a change can be carried out: notice, its own window, freezes, other changes, signers, gas."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Protocol

from twin.desk.port import Desk
from twin.errors import NoData
from twin.procedures.change.register import in_state
from twin.procedures.change.trial import caller_of

__all__ = ["planned", "windows_hit"]

BUSY = ("planned", "approved", "scheduled", "executing")


class Limits(Protocol):
    """What the planner is given."""

    @property
    def apart(self) -> int:
        """Seconds between two changes."""

    @property
    def min_gas(self) -> int:
        """How many times the gas needed the account must hold."""

    @property
    def step(self) -> int:
        """Seconds between two slots that are tried."""


def windows_hit(desk: Desk, start: int, end: int) -> list[str]:
    """Return the freezes that *start*..*end* touches."""
    return [
        one.name for one in desk.services.changes.freezes() if one.at < end and start < one.until
    ]


def _signers(desk: Desk, authority: str, at: int) -> int:
    """Return how many people who may sign as *authority* are there and at work at *at*."""
    try:
        people = desk.services.identities.people()
        quorums = desk.services.identities.quorums()
    except NoData:
        return -1
    owners: Iterable[str] = ()
    for one in quorums:
        if one.authority == authority:
            owners = one.owners
    active = {person.name: person for person in people if person.status == "active"}
    return sum(
        1 for name in owners
        if name in active and ((hours := active[name].hours) is None or hours.cover(at))
    )  # fmt: skip


def planned(desk: Desk, entry: Mapping[str, Any], *, settings: Limits) -> dict[str, Any]:
    """Return the first slot in unix seconds, or None and by what it is blocked."""
    plan, now = entry["plan"], desk.now
    asked = next(one.at for one in desk.services.changes.requests() if one.id == entry["request"])
    account, delay = caller_of(desk, plan["authority"])
    emergency = entry["class"] == "emergency"
    first = now if emergency else max(now + plan["notice"], asked + plan["schedule"]["earliest"])
    last = asked + plan["schedule"]["latest"] - delay
    taken = [
        other["slot"] for other in in_state(desk, BUSY)
        if other["id"] != entry["id"] and other.get("slot") is not None
    ]  # fmt: skip
    balance = desk.at().account(account).balance
    stats = desk.at().stats(since=now - 3600)
    need = settings.min_gas * entry["gas"] * max(1, stats.base_fee)
    about = {"first": first, "last": last, "delay": delay, "balance": balance, "needs": need}
    if balance < need:
        return {**about, "slot": None, "blocked": "gas"}
    blocked = "too-late"
    slot = first
    while slot <= last:
        reason = _blocked(desk, plan, slot, delay, taken=taken, apart=settings.apart,
                          emergency=emergency)  # fmt: skip
        if reason is None:
            return {**about, "slot": slot, "blocked": None}
        blocked, slot = reason, slot + settings.step
    return {**about, "slot": None, "blocked": blocked}


def _blocked(
    desk: Desk, plan: Mapping[str, Any], slot: int, delay: int, *, taken: list[int], apart: int,
    emergency: bool,
) -> str | None:  # fmt: skip
    if not emergency and windows_hit(desk, slot, slot + delay + 3600):
        return "freeze"
    if any(abs(slot - other) < apart for other in taken):
        return "conflict"
    if not emergency and _signers(desk, plan["authority"], slot) == 0:
        return "signers"
    return None
