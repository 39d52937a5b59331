"""The causal graph of an incident: what lay there, what set it off, what did not stop it, what it did.

Every node rests on evidence and says which. A graph in which harm leads back to a trigger and no
further has stopped at the proximate cause: something let the trigger through.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from twin.desk.port import Desk, Incident
from twin.procedures.incident.analysis import latest, own_records

__all__ = ["causal_graph", "proximate"]

DAY = 86_400
STRONG = 4
"""Points with which a condition on the hypothesis board is there, whether or not it came first."""


def _node(name: str, kind: str, text: str, evidence: list[str], **more: Any) -> dict[str, Any]:
    return {"id": name, "kind": kind, "text": text, "evidence": evidence, **more}


def _from_board(desk: Desk, item: Incident) -> Iterator[dict[str, Any]]:
    """Yield the trigger, and the latent conditions that the hypothesis board shows beside it."""
    found = latest(desk, item.id, "NR2")
    if found is None or not found[1].get("causes"):
        return
    ref, data = found
    chosen = data.get("cause")
    causes = {row["cause"]: row for row in data["causes"]}
    triggers = [name for name, row in causes.items() if not row["latent"]]
    trigger = chosen if chosen in causes and not causes[str(chosen)]["latent"] else None
    trigger = trigger or (triggers[0] if triggers else next(iter(causes)))
    row = causes[trigger]
    yield _node(trigger, "trigger", row["text"], [ref], weight_ppm=row["weight_ppm"],
                because=row["because"])  # fmt: skip
    for name, one in data["rows"].items():
        answers = [clue["answer"] for clue in one["clues"] if clue["points"] > 0]
        if name != trigger and one["latent"] and answers and one["points"] >= STRONG:
            yield _node(name, "latent", one["text"], [ref], because=answers[:5])


def _from_recovery(desk: Desk, item: Incident) -> Iterator[dict[str, Any]]:
    """Yield what recovery had to put back: it was wrong before."""
    for record in own_records(desk, item, "NR3"):
        restored = desk.evidence.data(record.ref).get("restored") or ()
        names = sorted({str(one["commodity"]) for one in restored})
        if names:
            yield _node("bounds-drifted", "latent",
                        f"the bounds of {', '.join(names)} on chain were not the approved ones",
                        [record.ref])  # fmt: skip
            return


def _known_before(desk: Desk, item: Incident) -> Iterator[dict[str, Any]]:
    """Yield what procedures of the family had found in the week before, and nobody had put right."""
    behind = {rule.procedure for rule in desk.alerts.rules() if rule.domain == item.family}
    for name in sorted(behind - {"", "ND1", "NR1", "NR2", "NR3"}):
        earlier = [
            record
            for record in desk.evidence.of(name, since=max(0, item.opened - 7 * DAY))
            if record.at < item.opened and record.verdict in ("finding", "failed", "no-data")
        ]
        if len(earlier) > 1:
            yield _node(f"known-{name}", "latent", f"{name} had found it {len(earlier)} times before",
                        [earlier[0].ref, earlier[-1].ref])  # fmt: skip


def _repeated(desk: Desk, item: Incident) -> Iterator[dict[str, Any]]:
    before = [other for other in desk.incidents.all()
              if other.family == item.family and other.id != item.id
              and 0 <= item.opened - other.opened <= 90 * DAY and other.closed is not None]  # fmt: skip
    if before:
        names = [other.id for other in before]
        yield _node("repeated", "latent", f"it happened before: {', '.join(names)}",
                    [f"incident:{name}" for name in names])  # fmt: skip


BARRIERS: Mapping[str, tuple[tuple[str, str, str], ...]] = {
    "ND4": (("roles", "team", "nobody filled a role in time"), ("quorum", "keys", "too few signers awake"),
            ("lost", "pages", "pages were lost")),
    "ND5": (("silent", "notice", "the first notice could not be read"),
            ("late", "notice-late", "the first notice was late"), ("leak", "leak", "somebody told before")),
    "NR4": (("contradictions", "voices", "ours said two things"), ("missed", "updates", "updates were missed")),
    "NR5": (("escalated", "slow", "the response had to be escalated"),),
}  # fmt: skip
"""Barriers that may have failed: problem, node and text, by the procedure that finds it."""


def _barriers(desk: Desk, item: Incident) -> Iterator[dict[str, Any]]:
    for procedure, rows in BARRIERS.items():
        records = own_records(desk, item, procedure)
        for problem, name, text in rows:
            refs = [record.ref for record in records if record.problems.get(problem)]
            if refs:
                yield _node(name, "barrier", text, refs[:3])


def _harm(desk: Desk, item: Incident) -> dict[str, Any]:
    """Return what the impact cards and the record say was done: lost an hour, users, time stopped."""
    records = own_records(desk, item, "ND2")
    lost: dict[str, int] = {}
    users = 0
    for record in records:
        card = desk.evidence.data(record.ref)
        users = max(users, int(card.get("users", 0)))
        for name, row in card.get("assets", {}).items():
            lost[name] = max(lost.get(name, 0), int(row["lost_last_hour"]))
    took = (item.closed or desk.now) - item.opened
    moved = {name: amount for name, amount in lost.items() if amount}
    text = f"{took} s disturbed, {users} users in reach"
    return _node("harm", "harm", text, [record.ref for record in records] or [f"incident:{item.id}"],
                 moved_in_an_hour=moved, users=users, seconds=took)  # fmt: skip


def causal_graph(desk: Desk, incident: str) -> dict[str, Any]:
    """Return nodes and edges of *incident*: latent lets the trigger through, barriers do not stop it."""
    item = desk.incidents.get(incident)
    nodes = [
        *_from_board(desk, item), *_from_recovery(desk, item), *_known_before(desk, item),
        *_repeated(desk, item), *_barriers(desk, item), _harm(desk, item),
    ]  # fmt: skip
    if any(node["id"] == "bounds-drifted" for node in nodes):  # the same, known better
        nodes = [
            node
            for node in nodes
            if node["id"] != "configuration-drift" or node["kind"] == "trigger"
        ]
    trigger = next((node["id"] for node in nodes if node["kind"] == "trigger"), None)
    edges = []
    for node in nodes:
        if node["kind"] == "latent":
            edges.append({"from": node["id"], "to": trigger or "harm", "how": "let it through"})
        elif node["kind"] == "trigger":
            edges.append({"from": node["id"], "to": "harm", "how": "did it"})
        elif node["kind"] == "barrier":
            edges.append({"from": node["id"], "to": "harm", "how": "did not stop it"})
    return {"incident": incident, "at": desk.now, "severity": item.severity, "family": item.family,
            "nodes": nodes, "edges": edges,
            "diagnosed": trigger is not None}  # fmt: skip


def proximate(graph: Mapping[str, Any]) -> bool:
    """Say whether *graph* stops at the proximate cause: nothing latent lies behind the harm."""
    return not any(node["kind"] == "latent" for node in graph["nodes"])
