"""The agenda of the daily meeting: what is open, whose it is, and what fell between two chairs."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from twin.desk.port import Desk, Entry
from twin.errors import UnknownName

__all__ = ["agenda", "settled"]

KINDS = ("change", "risk", "decision", "action", "ticket")
WEEK = 7 * 86_400


def _gone(desk: Desk) -> set[str]:
    """Return the people who have left."""
    return {item.name for item in desk.services.identities.people() if item.status == "left"}


def _entry(entry: Entry) -> dict[str, Any]:
    return {"id": entry.id, "subject": entry.subject, "state": entry.state, "owner": entry.owner,
            "opened": entry.opened, "due": entry.due}  # fmt: skip


def _lost(desk: Desk, entries: dict[str, list[Entry]]) -> Iterator[dict[str, Any]]:
    """Yield what nobody does: without an owner, or with one who has left."""
    gone = _gone(desk)
    for kind, some in entries.items():
        for entry in some:
            if not entry.owner and desk.now - entry.opened > 3600:
                yield {"about": entry.id, "kind": kind, "why": "it has no owner"}
            elif entry.owner in gone:
                yield {"about": entry.id, "kind": kind, "why": f"{entry.owner} has left"}


def _overdue(desk: Desk, entries: dict[str, list[Entry]]) -> Iterator[dict[str, Any]]:
    for kind, some in entries.items():
        for entry in some:
            if entry.due is not None and entry.due < desk.now:
                yield {"about": entry.id, "kind": kind, "why": f"due {desk.now - entry.due} s ago"}


def _dropped(desk: Desk) -> Iterator[dict[str, Any]]:
    """Yield what the last minutes carried over and the stores no longer have."""
    last = desk.evidence.last("RD5")
    carried = desk.evidence.data(last.ref).get("carried", ()) if last else ()
    for name in carried:
        try:
            desk.stores.get(name)
        except UnknownName:
            yield {"about": name, "kind": "lost", "why": "the last minutes carried it"}


def _waves(desk: Desk) -> Iterator[dict[str, Any]]:
    """Yield alerts that were judged false within a week and fired again: a first wave judged normal."""
    judged: dict[str, int] = {}
    for item in desk.evidence.of("ND1", since=max(0, desk.now - WEEK)):
        data = desk.evidence.data(item.ref)
        if data.get("verdict") == "false":
            judged[str(data["alert"])] = judged.get(str(data["alert"]), 0) + 1
    firing = {alert.key for alert in desk.alerts.firing()}
    for key, times in sorted(judged.items()):
        if times > 1 or key in firing:
            yield {"about": key, "kind": "alert", "why": f"judged false {times} times, and again"}


def _found(desk: Desk) -> list[dict[str, Any]]:
    """Return what the procedures found since yesterday, by procedure."""
    found: dict[str, dict[str, Any]] = {}
    for item in desk.evidence.of(since=max(0, desk.now - 86_400)):
        if item.verdict in {"finding", "failed", "no-data"}:
            row = found.setdefault(item.procedure, {"procedure": item.procedure, "times": 0})
            row["times"] += 1
            row["last"], row["summary"] = item.ref, item.summary
    return [found[name] for name in sorted(found)]


def agenda(desk: Desk) -> dict[str, Any]:
    """Return everything that the meeting goes through."""
    entries = {kind: desk.stores.entries(kind, unended=True) for kind in KINDS}
    lost = [*_lost(desk, entries), *_dropped(desk)]
    waves = list(_waves(desk))
    incidents = [
        {"id": item.id, "severity": item.severity, "family": item.family, "state": item.state,
         "summary": item.summary}
        for item in desk.incidents.open()
    ]  # fmt: skip
    return {
        "at": desk.now,
        "alerts": [
            {"key": alert.key, "severity": alert.severity, "since": alert.since}
            for alert in desk.alerts.firing()
        ],
        "incidents": incidents,
        **{f"{kind}s": [_entry(item) for item in some] for kind, some in entries.items()},
        "found": _found(desk),
        "lost": lost,
        "overdue": list(_overdue(desk, entries)),
        "waves": waves,
        "known": {str(item.data.get("about")): item.id for item in entries["decision"]},
        "settled": settled(desk, entries["decision"]),
    }


def settled(desk: Desk, decisions: list[Entry]) -> list[str]:
    """Return the decisions of earlier meetings whose subject is settled."""
    firing = {alert.key for alert in desk.alerts.firing()}
    open_incidents = {item.id for item in desk.incidents.open()}
    done = []
    for entry in decisions:
        about = str(entry.data.get("about", ""))
        if (
            (entry.data.get("kind") == "incident" and about not in open_incidents)
            or (entry.data.get("kind") == "alert" and about not in firing)
            or (entry.data.get("kind") in KINDS and _ended(desk, about))
        ):
            done.append(entry.id)
    return done


def _ended(desk: Desk, about: str) -> bool:
    try:
        return desk.stores.get(about).ended
    except UnknownName:
        return False
