"""What an open incident needs to be kept from: silence, standing still, and being too big for its team."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from twin.desk.port import Desk, Incident
from twin.procedures.incident.card import card_of, impact_card, widened
from twin.procedures.incident.impact import declared
from twin.procedures.incident.notices import notice_facts, voices

__all__ = ["comms_state", "escalation_state", "helpers", "late_helpers"]

HOUR = 3600


def comms_state(desk: Desk, incident: str, since: int) -> dict[str, Any]:
    """Return what may be said of *incident* now, and what was read in public from *since* on."""
    return {**notice_facts(desk, incident), "voices": voices(desk, incident, since)}


def _abandoned(desk: Desk, item: Incident) -> str | None:
    """Return why a runbook gave *item* up an hour ago and nothing has happened since, or None."""
    last = item.history[-1][1] if item.history else item.opened
    ended = [
        record
        for name in ("NR1", "NR3")
        for record in desk.evidence.of(name, since=item.opened)
        if desk.evidence.data(record.ref).get("incident") == item.id
    ]
    if not ended:
        return None
    newest = max(ended, key=lambda record: record.at)
    gave_up = newest.verdict in ("failed", "refused", "no-data")
    taken_over = "another recovery" in newest.summary
    if gave_up and not taken_over and desk.now - max(newest.at, last) >= HOUR:
        return f"{newest.procedure} gave up: {newest.summary}"
    return None


def escalation_state(
    desk: Desk, incident: str, *, contain: int | None, stall: int, notice: int | None
) -> dict[str, Any]:
    """Return the conditions under which *incident* is escalated, each with its reason.

    *contain*, *stall* and *notice* are seconds until it has to be contained, to have moved, and to
    have been told of; None for what is not asked of it.
    """
    item, now = desk.incidents.get(incident), desk.now
    since = now - declared(item)
    moved = item.history[-1][1] if item.history else item.opened
    found: dict[str, str] = {}
    if contain is not None and item.state in ("open", "classified") and since > contain:
        found["not-contained"] = f"{since} s after its classification it is {item.state}"
    if now - moved > stall:
        found["stalled"] = f"it is {item.state} for {now - moved} s"
    reason = _abandoned(desk, item)
    if reason is not None:
        found["abandoned"] = reason
    team = item.notes.get("activation")
    if team is not None:
        gaps = [name for name in ("roles", "quorum") if team["problems"].get(name)]
        if gaps:
            found["nobody"] = f"the team lacks {' and '.join(gaps)}"
    if notice is not None and "first_notice" not in item.notes and since > notice:
        found["silence"] = f"nothing was said for {since} s"
    card = card_of(item)
    if card is not None and item.severity in ("P1", "P2"):
        more = widened(card, impact_card(desk, incident))
        if more:
            found["widened"] = ", ".join(more)
    return {
        "incident": incident, "at": now, "ended": item.closed is not None, "state": item.state,
        "severity": item.severity, "family": item.family, "found": found,
        "level": int(item.notes.get("level", 0)), "keeper": item.notes.get("escalation", {}).get("severity"),
    }  # fmt: skip


def helpers(desk: Desk, incident: str, opened: int) -> dict[str, Any]:
    """Return whom to call inside, whom to ask outside, and what they answered about *incident*."""
    people = desk.services.oncall.people()
    line = [one.name for one in sorted(people, key=lambda one: not one.on_shift)
            if "commander" in one.roles]  # fmt: skip
    answers = [item for item in desk.services.responders.answers(since=opened)
               if incident in item.subject]  # fmt: skip
    return {
        "commanders": line,
        "outside": [{"name": one.name, "kind": one.kind, "within": one.within}
                    for one in desk.services.responders.all()],
        "answers": {item.responder: {"answered": item.answered, "advice": item.advice}
                    for item in answers},
    }  # fmt: skip


def late_helpers(asked: Mapping[str, int], helped: Mapping[str, Any], now: int) -> list[str]:
    """Return who was asked outside and did not answer within their term."""
    within = {one["name"]: one["within"] for one in helped["outside"]}
    return [name for name, at in asked.items()
            if name not in helped["answers"] and now - at > within.get(name, 0)]  # fmt: skip
