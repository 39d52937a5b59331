"""What the desk knows of an incident that is over: its timeline, each line with a link to its data.

Nothing is remembered, everything is read again: the incident's history, evidence, pages, notices and
the chain. A record carries its hash, so that anybody can verify that it was not written afterwards,
and each decision is shown with what was on record when it was taken, not with what came to light.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from twin.desk.port import Desk, Evidence, Incident
from twin.procedures.incident.notices import voices

__all__ = ["EXPECTED", "analysis", "latest", "own_records"]

HOUR = 3600
STOPPABLE = ("AllocationBook", "LiquidityPool", "PaymentToken", "Reserve", "Settlement")
RECORDED = ("ND1", "ND2", "ND3", "ND4", "ND5", "NR1", "NR2", "NR3", "NR4", "NR5")

EXPECTED: Mapping[str, tuple[str, ...]] = {
    "P1": ("ND2", "ND3", "ND4", "ND5", "NR1", "NR2", "NR3", "NR4", "NR5"),
    "P2": ("ND2", "ND3", "ND4", "ND5", "NR1", "NR2", "NR3", "NR4", "NR5"),
    "P3": ("ND2", "ND3", "ND4", "NR1", "NR2", "NR3", "NR5"),
}
"""The records that an incident of a severity has to leave."""


def own_records(desk: Desk, item: Incident, procedure: str) -> list[Evidence]:
    """Return what *procedure* filed about *item*, oldest first."""
    return [
        record
        for record in desk.evidence.of(procedure, since=max(0, item.opened - HOUR))
        if desk.evidence.data(record.ref).get("incident") == item.id
    ]


def latest(desk: Desk, incident: str, procedure: str) -> tuple[str, Mapping[str, Any]] | None:
    """Return the newest record of *procedure* about *incident*: its reference and its data."""
    records = own_records(desk, desk.incidents.get(incident), procedure)
    return (records[-1].ref, desk.evidence.data(records[-1].ref)) if records else None


def _line(at: int, what: str, kind: str, link: str) -> dict[str, Any]:
    return {"at": at, "what": what, "kind": kind, "link": link}


def _from_records(desk: Desk, item: Incident) -> Iterator[dict[str, Any]]:
    for name in RECORDED:
        for record in own_records(desk, item, name):
            link = f"evidence:{record.ref}#{record.hash}"
            yield _line(record.at, f"{name} {record.verdict}: {record.summary}", "record", link)
            if name != "ND1":
                continue
            facts = desk.evidence.data(record.ref).get("facts") or {}
            if facts.get("since") is not None:
                rule = f"{facts.get('rule', 'an alert')} held first"
                yield _line(int(facts["since"]), rule, "sign", link)


def _from_chain(desk: Desk, item: Incident, end: int) -> Iterator[dict[str, Any]]:
    for contract in STOPPABLE:
        for event in ("Paused", "Unpaused"):
            for log in desk.at().logs(contract, event, since=item.opened):
                if log.timestamp <= end:
                    yield _line(log.timestamp, f"{contract} {event.lower()}", "chain",
                                f"block:{log.block}")  # fmt: skip


def _lines(desk: Desk, item: Incident) -> list[dict[str, Any]]:
    end = item.closed or desk.now
    found = [
        _line(at, f"{item.id} {state}", "state", f"incident:{item.id}#{number}")
        for number, (state, at) in enumerate(item.history)
    ]
    found += [*_from_records(desk, item), *_from_chain(desk, item, end)]
    for number, page in enumerate(desk.services.oncall.pages(since=item.opened - HOUR)):
        if page.sent > end:
            break
        said = "never answered" if page.answered is None else f"answered at {page.answered}"
        lost = "" if page.delivered is not None else ", never delivered"
        found.append(_line(page.sent, f"{page.person} paged, {said}{lost}: {page.subject}", "page",
                           f"page:{item.opened - HOUR}+{number}"))  # fmt: skip
    for notice in desk.notices.published(since=item.opened):
        if notice.at <= end + HOUR and item.id in f"{notice.subject} {notice.text}":
            found.append(_line(notice.at, f"told {notice.audience}: {notice.subject}", "notice",
                               f"notice:{notice.at}:{notice.audience}"))  # fmt: skip
    return sorted(found, key=lambda line: (line["at"], line["kind"], line["what"]))


DECIDING = {
    "ND1": ("verdict",), "ND3": ("severity",), "NR1": ("paused",), "NR2": ("cause",),
}  # fmt: skip
"""The records that hold a decision, and the field that says which."""


def _decisions(desk: Desk, item: Incident, lines: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return each decision with what was on record before it: the judge of it may use nothing else."""
    found = []
    for name, fields in DECIDING.items():
        for record in own_records(desk, item, name):
            data = desk.evidence.data(record.ref)
            taken = {field: data[field] for field in fields if field in data}
            if taken:
                known = [line["link"] for line in lines
                         if line["at"] < record.at and line["kind"] in ("record", "sign")]  # fmt: skip
                found.append({"at": record.at, "by": name, "taken": taken, "known_then": known[-10:],
                              "link": f"evidence:{record.ref}#{record.hash}"})  # fmt: skip
    return sorted(found, key=lambda row: (row["at"], row["by"]))


def _marks(item: Incident, lines: list[dict[str, Any]]) -> dict[str, int | None]:
    """Return the unix seconds that times are counted between; None for what never was."""
    first = {state: min(at for name, at in item.history if name == state)
             for state in dict(item.history)}  # fmt: skip
    signs = [line["at"] for line in lines if line["kind"] == "sign"]
    stops = [
        line["at"] for line in lines if line["kind"] == "chain" and line["what"].endswith(" paused")
    ]
    told = [
        line["at"] for line in lines if line["kind"] == "notice" and "told market" in line["what"]
    ]
    return {
        "sign": min(signs, default=None), "opened": item.opened,
        "classified": first.get("classified"), "stopped": min(stops, default=None),
        "recovering": first.get("recovering"), "told": min(told, default=None), "closed": item.closed,
    }  # fmt: skip


def analysis(desk: Desk, incident: str) -> dict[str, Any]:
    """Return the facts of *incident*: timeline, marks, decisions, what is missing, what was said."""
    item = desk.incidents.get(incident)
    lines = _lines(desk, item)
    there = {name: len(own_records(desk, item, name)) for name in RECORDED}
    missing = [name for name in EXPECTED.get(item.severity, ()) if not there[name]]
    diagnosed = latest(desk, incident, "NR2")
    if diagnosed is not None and "causes" not in diagnosed[1] and "NR2" not in missing:
        missing.append("NR2")  # the board was filed, nobody has gone through it
    unlinked = [line["what"] for line in lines if not line["link"]]
    return {
        "incident": incident, "at": desk.now, "severity": item.severity, "family": item.family,
        "summary": item.summary, "alerts": list(item.alerts), "closed": item.closed,
        "timeline": lines, "marks": _marks(item, lines), "decisions": _decisions(desk, item, lines),
        "missing": missing, "unlinked": unlinked, "records": there,
        "voices": voices(desk, incident, item.opened - HOUR),
    }  # fmt: skip
