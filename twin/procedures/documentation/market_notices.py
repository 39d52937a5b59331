"""Market notices: what has to be told, when it was, and whether it agrees with what is so."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from twin.desk.port import Desk, Notice
from twin.errors import NoData
from twin.procedures.documentation.admin_events import after_genesis
from twin.procedures.routine.state import FEE_KINDS

__all__ = ["PUBLIC", "contradictions", "triggers"]

STOPPABLE = ("AllocationBook", "Conversion", "FoundationToken", "LiquidityPool", "OracleNetwork",
             "PaymentToken", "Reserve", "Settlement")  # fmt: skip
PUBLIC = frozenset(("market", "stakeholders", "public", "users"))
"""The audiences that a market participant belongs to."""

RESUMED = ("reopens", "resumed", "resumes", "unpaused", "released")
HOUR, DAY = 3600, 86_400


def _claims(subject: str) -> bool | None:
    """Return whether *subject* says that something is stopped, None where it says neither."""
    text = subject.lower()
    if any(word in text for word in RESUMED):
        return False
    return True if "paused" in text or "halted" in text else None


def _public(desk: Desk, since: int) -> list[Notice]:
    return [item for item in desk.notices.published(since=since) if item.audience in PUBLIC]


def _answer(notices: Sequence[Notice], words: Sequence[str], earliest: int) -> int | None:
    """Return when the first of *notices* from *earliest* on that has all *words* went out."""
    return next(
        (
            item.at
            for item in notices
            if item.at >= earliest and all(word in item.subject for word in words)
        ),
        None,
    )


def _halts(desk: Desk, since: int, notices: Sequence[Notice]) -> list[dict[str, Any]]:
    """Return the stops and releases since then, each with when a notice said so.

    A release is announced before it is made: its notice may be a day older.
    """
    view, found = desk.at(), []
    for name in STOPPABLE:
        for event, stopped in (("Paused", True), ("Unpaused", False)):
            for log in after_genesis(view.logs(name, event, since=since)):
                earliest = log.timestamp - (0 if stopped else DAY)
                told = [item for item in notices if _claims(item.subject) is stopped]
                found.append({
                    "kind": "halt" if stopped else "release", "object": name, "at": log.timestamp,
                    "told": _answer(told, (name,), earliest),
                    "subject": f"{name} paused" if stopped else f"{name} resumed",
                    "text": f"{name} {'stopped' if stopped else 'goes on'} in block {log.block}",
                })  # fmt: skip
    return found


def _fees(desk: Desk, since: int, notices: Sequence[Notice]) -> list[dict[str, Any]]:
    """Return the last change of each fee since then: who reads the notice wants what holds now."""
    last = {}
    for log in after_genesis(desk.at().logs("FeeSchedule", "FeeAdjusted", since=since)):
        last[int(log.args["kind"])] = log
    found = []
    for kind, log in last.items():
        name = FEE_KINDS[kind]
        new = int(log.args["newFee"])
        subject = f"{name} fee is {new} pips"
        found.append({
            "kind": "fee", "object": name, "at": log.timestamp, "subject": subject,
            "told": _answer(notices, (subject,), log.timestamp - DAY),
            "text": f"from {log.args['oldFee']} pips, in block {log.block}",
        })  # fmt: skip
    return found


def _listings(desk: Desk, notices: Sequence[Notice]) -> list[dict[str, Any]]:
    """Return the venues that no longer list the token, or will not; seen first when told here."""
    last = desk.evidence.last("DS3")
    seen = desk.evidence.data(last.ref).get("listings", {}) if last else {}
    found = []
    for venue in desk.venues.names():
        try:
            pair = desk.services.exchanges.pair(venue)
        except NoData:
            continue
        if pair.status == "trading" and pair.delist_at is None:
            continue
        at = int(seen.get(venue, desk.now))
        subject = f"{venue} {'delists the pair' if pair.delist_at else f'is {pair.status}'}"
        found.append({"kind": "listing", "object": venue, "at": at, "subject": subject,
                      "told": _answer(notices, (venue,), at - 7 * DAY),
                      "text": f"status {pair.status}, ends {pair.delist_at}"})  # fmt: skip
    return found


def triggers(desk: Desk, window: int) -> dict[str, Any]:
    """Return what had to be told within the last *window* seconds, oldest first."""
    since = max(0, desk.now - window)
    notices = _public(desk, max(0, since - 7 * DAY))
    listed = _listings(desk, notices)
    rows = [*_halts(desk, since, notices), *_fees(desk, since, notices), *listed]
    last = desk.evidence.last("DS3")
    return {
        "rows": sorted(rows, key=lambda row: (row["at"], row["object"])),
        "listings": {row["object"]: row["at"] for row in listed},
        "contradictions": contradictions(desk, since), "now": desk.now,
        "last": last.at if last else since,
    }  # fmt: skip


def contradictions(desk: Desk, since: int) -> list[dict[str, Any]]:
    """Return each contract of which the last public notice says the contrary of what is so.

    A notice that a release is near does not lie while its grace runs, an hour at most.
    """
    view, notices, found = desk.at(), _public(desk, since), []
    for name in STOPPABLE:
        said = [item for item in notices
                if name in item.subject and _claims(item.subject) is not None]  # fmt: skip
        if not said:
            continue
        last, stopped = said[-1], bool(view.read(name, "paused"))
        claims = _claims(last.subject)
        if claims is stopped or (claims is False and desk.now - last.at <= 4 * HOUR):
            continue
        found.append({"object": name, "said": last.subject, "at": last.at, "paused": stopped,
                      "subject": f"{name} {'paused' if stopped else 'resumed'}"})  # fmt: skip
    return found
