"""The log review: is each file whole, and which lines should a person read.

A line's risk is a sum of plain signs: outside working hours, from a strange network, a failure, an
action that widens power, somebody who left. A person reads the riskiest and flags what is over a
threshold. Canaries are known to the envelope alone, which opens once the review is filed.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from twin.desk.port import Desk
from twin.desk.port.identities import Person
from twin.desk.port.journals import ROOT, Line, digest
from twin.errors import NoData

__all__ = ["broken", "hit_rate", "opened", "risk", "sample"]

POWERFUL = {"export": 3, "widen": 3, "disable": 3}
"""Points for actions that give power or take data away."""

DELICATE = {"signing host": 2}
"""Points for what is touched."""


def risk(
    line: Line, people: Mapping[str, Person], machines: Iterable[str]
) -> tuple[int, list[str]]:
    """Return the points of *line* and the signs behind them."""
    signs: dict[str, int] = {}
    person = people.get(line.actor)
    if person is not None:
        if person.status == "left" and (person.left is None or line.at >= person.left):
            signs["somebody who left"] = 4
        if person.hours is not None and not person.hours.cover(line.at):
            signs["outside working hours"] = 2
        if line.source != person.network:
            signs["a strange network"] = 2
    elif line.actor not in set(machines):
        signs["nobody we know"] = 3
    if line.result != "ok":
        signs["a failure"] = 1
    signs |= {f"to {line.action}": POWERFUL[line.action]} if line.action in POWERFUL else {}
    signs |= {f"the {line.resource}": DELICATE[line.resource]} if line.resource in DELICATE else {}
    return sum(signs.values()), list(signs)


def broken(lines: Iterable[Line], *, number: int, previous: str) -> str:
    """Return where the chain of *lines* breaks, "" where it does not.

    *number* and *previous* are those of the line before the first.
    """
    for line in lines:
        if line.number != number + 1:
            return f"line {number + 1} is missing before {line.number}"
        if line.previous != previous:
            return f"line {line.number} does not follow the one before"
        if digest(line) != line.hash:
            return f"line {line.number} was altered"
        number, previous = line.number, line.hash
    return ""


def _whole(desk: Desk, journal: str, head: list[Any] | None) -> tuple[str, list[Any]]:
    """Check *journal* from the *head* of the last review on; return what is wrong and the new head."""
    files = desk.services.journals
    number, previous = (int(head[0]), str(head[1])) if head else (0, ROOT)
    if head and number:
        known = files.line(journal, number)
        if known is None or known.hash != previous:
            return f"line {number} is not the one that the last review saw", [number, previous]
    size = files.size(journal)
    lines = [line for place in range(number + 1, size + 1)
             if (line := files.line(journal, place)) is not None]  # fmt: skip
    wrong = broken(lines, number=number, previous=previous)
    return wrong, [lines[-1].number, lines[-1].hash] if lines else [number, previous]


def sample(desk: Desk, budget: int, threshold: int) -> dict[str, Any]:
    """Return the *budget* riskiest lines since the last review, and whether the files are whole."""
    last = desk.evidence.last("RD2")
    before = desk.evidence.data(last.ref) if last else {}
    since, until = int(before.get("until", 0)), desk.now
    files, iam = desk.services.journals, desk.services.identities
    people = {item.name: item for item in iam.people()}
    machines = [key.owner for key in iam.api_keys() if key.owner not in people] + ["alertmanager"]
    tampered, heads, scored, count = {}, {}, [], 0
    for journal in files.names():
        wrong, heads[journal] = _whole(desk, journal, before.get("heads", {}).get(journal))
        if wrong:
            tampered[journal] = wrong
        for line in files.lines(journal, since=since, until=until):
            count += 1
            points, signs = risk(line, people, machines)
            if points:
                scored.append((-points, line.at, journal, line.number, line.actor, line.action,
                               line.resource, signs))  # fmt: skip
    if not count:
        raise NoData(f"no journal has a line since {since}: a log that is silent is not reviewed")
    scored.sort(key=lambda item: item[:4])
    read = [
        {"journal": journal, "line": number, "at": at, "points": -points, "actor": actor,
         "what": f"{action} {resource}", "signs": signs, "flagged": -points >= threshold}
        for points, at, journal, number, actor, action, resource, signs in scored[:budget]
    ]  # fmt: skip
    return {"since": since, "until": until, "lines": count, "risky": len(scored), "read": read,
            "tampered": tampered, "heads": heads}  # fmt: skip


def opened(desk: Desk, review: str) -> list[list[Any]]:
    """Open the envelope against the *review* that was filed; return what was planted."""
    return [list(item) for item in desk.services.journals.envelope(review).planted]


def hit_rate(desk: Desk, *, days: int) -> tuple[int, int]:
    """Return how many canaries the reviews of the last *days* found, and how many there were."""
    found, planted = 0, 0
    for item in desk.evidence.of("RD2", since=desk.now - days * 86_400):
        data = desk.evidence.data(item.ref)
        found += int(data.get("canaries_found", 0))
        planted += int(data.get("canaries", 0))
    return found, planted
