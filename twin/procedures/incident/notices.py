"""What is said in an incident: templates, what a notice must and must not hold, and what contradicts.

There is one source: the facts of the incident's record and the chain. A notice is made from them,
checked against them before it goes out, and looked for in public afterwards.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from twin.desk.port import Desk, Post
from twin.desk.port.posts import OFFICIAL
from twin.procedures.incident.impact import declared

__all__ = [
    "FIELDS",
    "first_notice",
    "notice_facts",
    "notice_problems",
    "sensitive",
    "update_notice",
    "voices",
]

FIELDS = ("incident", "severity", "what", "since", "affected", "doing", "advice", "next update")
"""What a first notice says, each on a line of its own."""

STOPPABLE = ("AllocationBook", "LiquidityPool", "PaymentToken", "Reserve", "Settlement")

WHAT: Mapping[str, str] = {
    "oracle": "prices on the network may be wrong",
    "allocation": "the issuance of Foundation Tokens is being looked into",
    "pool": "trading in the pool is disturbed",
    "reserve": "redemptions are disturbed",
    "venue": "an outside venue is disturbed",
    "security": "unusual activity is being looked into",
    "governance": "a governance operation is being looked into",
    "chain": "transactions may be late",
}
"""What is said of each family: enough to act on, nothing to attack with."""

DENIALS = re.compile(
    r"\b(operate[sd]? normally|all is well|nothing is paused|no incident|not affected)\b",
    re.IGNORECASE,
)
ALARMS = re.compile(r"\b(insolven\w*|hacked|stolen|reserve is gone|bankrupt\w*)\b", re.IGNORECASE)
ADDRESS = re.compile(r"0x[0-9a-fA-F]{8,}")
DETAIL = re.compile(
    r"\b(exploit|private key|max_answer|bypass|password|reentran\w+)\b", re.IGNORECASE
)


def _when(at: int) -> str:
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%d %H:%M UTC")


def notice_facts(desk: Desk, incident: str) -> dict[str, Any]:
    """Return what may be said of *incident*: its record, what is paused, what was said before."""
    item = desk.incidents.get(incident)
    view = desk.at()
    paused = [name for name in STOPPABLE if bool(view.read(name, "paused"))]
    said = [notice for notice in desk.notices.published(since=item.opened)
            if incident in notice.subject or incident in notice.text]  # fmt: skip
    return {
        "incident": incident, "now": desk.now, "opened": item.opened, "declared": declared(item),
        "state": item.state,
        "severity": item.severity, "family": item.family, "paused": paused,
        "ended": item.closed is not None, "notes": sorted(item.notes),
        "history": [list(entry) for entry in item.history],
        "said": [[notice.at, notice.audience, notice.subject] for notice in said],
        "people": [one.name for one in desk.services.oncall.people()],
    }  # fmt: skip


def first_notice(facts: Mapping[str, Any], *, every: int) -> str:
    """Return the first notice from the template, one field a line."""
    paused = ", ".join(facts["paused"])
    rows = {
        "incident": facts["incident"],
        "severity": facts["severity"],
        "what": WHAT.get(facts["family"], "an irregularity is being looked into"),
        "since": _when(facts["opened"]),
        "affected": f"paused: {paused}" if paused else "nothing is stopped so far, services run",
        "doing": "the response team is at work on it",
        "advice": "wait before you start new operations"
        if paused
        else "check prices before you act",
        "next update": _when(facts["now"] + every),
    }
    return "\n".join(f"{name}: {rows[name]}" for name in FIELDS)


def update_notice(facts: Mapping[str, Any], *, every: int) -> str:
    """Return an update: where it stands, what is stopped, when the next one comes."""
    paused = ", ".join(facts["paused"])
    return "\n".join((
        f"incident: {facts['incident']}", f"state: {facts['state']}",
        f"affected: paused: {paused}" if paused else "affected: nothing is stopped",
        f"next update: {_when(facts['now'] + every)}",
    ))  # fmt: skip


def sensitive(text: str, people: Sequence[str]) -> list[str]:
    """Return what *text* gives away: addresses, names of ours, words of an attack."""
    found = [f"address {match}" for match in ADDRESS.findall(text)]
    found += [f"detail {match}" for match in DETAIL.findall(text)]
    words = set(re.findall(r"[\w-]+", text.lower()))
    return found + [f"name {name}" for name in people if name.lower() in words]


def notice_problems(text: str, facts: Mapping[str, Any], *, fields: Sequence[str]) -> list[str]:
    """Return what is wrong with a draft: fields missing, claims that are not so, what it gives away."""
    lines = dict(line.partition(": ")[::2] for line in text.splitlines())
    wrong = [f"no {name}" for name in fields if not lines.get(name, "").strip()]
    affected = lines.get("affected", "")
    wrong += [f"{name}: the notice and the chain differ" for name in STOPPABLE
              if (name in affected) != (name in facts["paused"])]  # fmt: skip
    if lines.get("incident") != facts["incident"]:
        wrong.append("it is about another incident")
    if "severity" in fields and lines.get("severity") != facts["severity"]:
        wrong.append("it names another severity")
    return wrong + sensitive(text, facts["people"])


def _row(post: Post) -> dict[str, Any]:
    return {"id": post.id, "at": post.at, "author": post.author, "subject": post.subject}


def voices(desk: Desk, incident: str, since: int) -> dict[str, Any]:
    """Return what was read in public from *since* on, held against the incident's record.

    *off_source* are ours who wrote past the notice board, *contradictions* those who deny what is so,
    *leaks* what gives something away, *rumours* what strangers say in alarm. *missing* are notices
    of ours that nobody can read.
    """
    item = desk.incidents.get(incident)
    posts = desk.services.posts.since(since)
    names = [one.name for one in desk.services.oncall.people()]
    stopped = any(bool(desk.at().read(name, "paused")) for name in STOPPABLE)
    grave, end = stopped or item.severity in ("P1", "P2"), item.closed or desk.now
    ours = [post for post in posts if post.staff and post.author != OFFICIAL]
    shown = {(post.at, post.subject) for post in posts if post.author == OFFICIAL}
    told = [notice for notice in desk.notices.published("market", since=since)
            if incident in notice.subject or incident in notice.text]  # fmt: skip
    return {
        "at": desk.now,
        "off_source": [_row(post) for post in ours],
        "contradictions": [_row(post) for post in ours
                           if grave and item.opened <= post.at <= end and DENIALS.search(post.text)],
        "leaks": [_row(post) for post in posts if post.staff and sensitive(post.text, names)],
        "rumours": [_row(post) for post in posts if not post.staff and ALARMS.search(post.text)],
        "missing": _missing(((notice.at, notice.subject) for notice in told), shown),
    }  # fmt: skip


def _missing(told: Iterable[tuple[int, str]], shown: set[tuple[int, str]]) -> list[dict[str, Any]]:
    return [{"at": at, "subject": subject} for at, subject in told if (at, subject) not in shown]
