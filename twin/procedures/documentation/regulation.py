"""Rules that regulators publish: which are new, which are in force, which nobody took up."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from twin.desk.port import Desk, Entry

__all__ = ["OURS", "rules_of"]

OURS = ("reserve", "stablecoin", "payment", "sanction", "custody", "reporting", "attestation")
"""Words in a rule's name that make it likely to concern us: the advice, not the decision."""


def _second(text: str) -> int:
    return int(datetime.fromisoformat(text).timestamp())


def _rule(published: int, item: Mapping[str, Any]) -> dict[str, Any]:
    name = str(item["name"])
    ours = any(word in name.lower() for word in OURS)
    return {
        "id": str(item["id"]), "name": name, "published": published,
        "effective": _second(str(item["x_effective"])),
        "advice": "adopt" if ours else "not-applicable",
    }  # fmt: skip


def rules_of(desk: Desk, sla: int, lead: int) -> dict[str, Any]:
    """Return every rule, those without an entry, those to carry out now, and what is wrong.

    *sla* seconds after publication a rule has an entry; *lead* seconds are the least notice.
    """
    rules = [
        _rule(bulletin.published, item)
        for bulletin in desk.services.bulletins.since(0)
        if bulletin.published < desk.now
        for item in bulletin.objects
        if item.get("type") == "report" and "x_effective" in item
    ]
    entries: dict[str, Entry] = {
        str(entry.data["regulation"]): entry
        for entry in desk.stores.entries("decision")
        if "regulation" in entry.data
    }
    new, ready = [], []
    wrong: dict[str, list[str]] = {"missed": [], "late": [], "short-notice": []}
    for rule in rules:
        entry = entries.get(rule["id"])
        taken = entry.opened if entry else desk.now
        if taken - rule["published"] > sla:
            wrong["missed"].append(rule["name"])
        if rule["effective"] - rule["published"] < lead:
            wrong["short-notice"].append(rule["name"])
        if entry is None:
            new.append(rule)
        elif not entry.ended:
            if desk.now > rule["effective"]:
                wrong["late"].append(rule["name"])
            if rule["effective"] - desk.now <= lead:
                ready.append({"id": entry.id, "subject": entry.subject})
        if entry is None and desk.now > rule["effective"]:
            wrong["late"].append(rule["name"])
    return {"rules": rules, "new": new, "ready": ready, "wrong": wrong}
