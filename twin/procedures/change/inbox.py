"""The inbox of change requests: what is new, what is wrong with it, what was altered since."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from twin.desk.port import ChangeRequest, Desk
from twin.procedures.change.gates import decode
from twin.procedures.change.plan import calls_of, content, intended, payload, way_back

__all__ = ["inbox", "wrong_with"]


def _about(plan: Mapping[str, Any]) -> dict[str, Any]:
    """Return what an entry holds of *plan*: also what other procedures look for in a change."""
    return {
        "plan": dict(plan), "content": content(plan), "intended": intended(plan),
        "criteria": list(plan["success"]["criteria"]),
        "payload": payload(plan["authority"], calls_of(plan)),
    }  # fmt: skip


def wrong_with(
    desk: Desk, plan: Mapping[str, Any], *, author: str | None = None, min_words: int = 6
) -> dict[str, list[str]]:
    """Return what is wrong with what *plan* says: its intent, its *author*, its calldata."""
    wrong: dict[str, list[str]] = {}
    words = {word.strip(".,;:").lower() for word in plan["intent"].split()}
    if len(words) < min_words or plan["intent"].strip() == plan["title"].strip():
        wrong["vague"] = [f"the intent has {len(words)} different words: what is it for?"]
    if author is not None and plan["requester"] != author:
        wrong["author"] = [f"{author} hands in a request of {plan['requester']}"]
    if said := [*decode(desk, calls_of(plan)), *decode(desk, way_back(plan))]:
        wrong["decode"] = said
    return wrong


def _wrong(desk: Desk, request: ChangeRequest, min_words: int) -> dict[str, list[str]]:
    if request.plan is None:
        return {"schema": list(request.problems)}
    return wrong_with(desk, request.plan, author=request.author, min_words=min_words)


def inbox(desk: Desk, min_words: int) -> dict[str, Any]:
    """Return the requests without an entry, each judged, and the entries whose file is another."""
    entries = {
        entry.data["request"]: entry
        for entry in desk.stores.entries("change")
        if "request" in entry.data
    }
    new, altered = [], []
    for request in desk.services.changes.requests():
        entry = entries.get(request.id)
        if entry is None:
            wrong = _wrong(desk, request, min_words)
            plan = request.plan
            new.append(
                {"request": request.id, "author": request.author, "sha256": request.sha256,
                 "wrong": wrong, "class": plan["class"] if plan else "unknown",
                 "title": plan["title"] if plan else f"{request.id}, which cannot be read",
                 "about": _about(plan) if plan and not wrong else {}}
            )  # fmt: skip
        elif not entry.ended and entry.data.get("sha256") != request.sha256 \
                and entry.state not in {"executing", "executed", "failed", "rolled-back"}:  # fmt: skip
            altered.append(
                {"request": request.id, "entry": entry.id,
                 "reason": f"the file is {request.sha256[:12]}, {entry.data['sha256'][:12]} was registered"}
            )  # fmt: skip
    return {"new": new, "altered": altered}
