"""Three reports of one incident: for us, for a regulator, for everybody; redacted and fact-checked.

A statement is a number or a sentence with where it came from, and who may read it. Before anything
is filed each number is taken a second time by another way, and each text is searched for what it
would give away. A weakness that is still open is nobody's to read but ours.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from twin.desk.port import Desk
from twin.procedures.incident.analysis import latest
from twin.procedures.incident.notices import ADDRESS, WHAT, sensitive

__all__ = ["AUDIENCES", "checked_report", "report_facts", "version_of"]

AUDIENCES = ("internal", "regulator", "public")
_TO: Mapping[str, tuple[str, ...]] = {
    "all": AUDIENCES, "closed": ("internal", "regulator"), "own": ("internal",),
}  # fmt: skip


def _statement(key: str, text: str, value: Any, source: str, to: str = "all") -> dict[str, Any]:
    return {"key": key, "text": text, "value": value, "source": source, "to": list(_TO[to])}


def _open_weaknesses(desk: Desk, incident: str) -> list[str]:
    """Return the nodes of the graph whose actions have no proof yet."""
    return [str(entry.data.get("node")) for entry in desk.stores.entries("action", unended=True)
            if entry.data.get("incident") == incident]  # fmt: skip


def report_facts(desk: Desk, incident: str) -> dict[str, Any]:
    """Return the statements about *incident*, each with its lineage, and whose names to keep back."""
    item = desk.incidents.get(incident)
    told, graph = latest(desk, incident, "NP1"), latest(desk, incident, "NP2")
    if told is None or graph is None:
        return {"incident": incident, "missing": [name for name, found in
                (("NP1", told), ("NP2", graph)) if found is None], "statements": []}  # fmt: skip
    marks = told[1]["marks"]
    weak = _open_weaknesses(desk, incident)
    rows = [
        _statement("severity", "severity", item.severity, f"incident:{incident}"),
        _statement("what", "what it was", WHAT.get(item.family, "an irregularity"), "template"),
        _statement("opened", "opened, unix second", marks["opened"], f"{told[0]}#marks.opened"),
        _statement("closed", "closed, unix second", marks["closed"], f"{told[0]}#marks.closed"),
        _statement("stopped", "first stop on chain, unix second", marks["stopped"],
                   f"{told[0]}#marks.stopped"),
        _statement("notices", "public notices", sum("told market" in line["what"]
                   for line in told[1]["timeline"]), f"{told[0]}#timeline"),
        _statement("pages", "calls to people", sum(line["kind"] == "page"
                   for line in told[1]["timeline"]), f"{told[0]}#timeline", "own"),
        _statement("missing", "records that are missing", ", ".join(told[1]["missing"]) or "none",
                   f"{told[0]}#missing", "closed"),
        _statement("summary", "as it was first seen", item.summary, f"incident:{incident}", "own"),
    ]  # fmt: skip
    for node in graph[1]["nodes"]:
        fixed = node["id"] not in weak
        to = "own" if node["kind"] == "barrier" else "closed" if fixed else "own"
        rows.append(_statement(f"{node['kind']}:{node['id']}", node["kind"], node["text"],
                               f"{graph[0]}#nodes.{node['id']}", to))  # fmt: skip
    return {
        "incident": incident, "missing": [], "statements": rows, "open_weaknesses": weak,
        "names": [one.name for one in desk.services.oncall.people()],
        "denied": [post["id"] for post in told[1]["voices"]["contradictions"]],
    }  # fmt: skip


def _redacted(text: str, names: Sequence[str]) -> str:
    text = ADDRESS.sub("[address]", text)
    for name in names:
        text = re.sub(rf"\b{re.escape(name)}\b", "[team]", text, flags=re.IGNORECASE)
    return text


def version_of(facts: Mapping[str, Any], audience: str) -> str:
    """Return the report for *audience* as text, a statement a line with its source where it is ours."""
    lines = []
    for row in facts["statements"]:
        if audience not in row["to"]:
            continue
        value = str(row["value"])
        if audience != "internal":
            value = _redacted(value, facts["names"])
        source = f" [{row['source']}]" if audience == "internal" else ""
        lines.append(f"{row['text']}: {value}{source}")
    return "\n".join(lines)


def _second_path(desk: Desk, incident: str) -> dict[str, Any]:
    """Return the numbers of the report by another way than the analysis took them."""
    item = desk.incidents.get(incident)
    end = item.closed or desk.now
    stops = [log.timestamp for name in ("AllocationBook", "LiquidityPool", "PaymentToken", "Reserve",
             "Settlement") for log in desk.at().logs(name, "Paused", since=item.opened)
             if log.timestamp <= end]  # fmt: skip
    return {
        "severity": item.severity,
        "opened": item.history[0][1],
        "closed": next((at for state, at in item.history if state == "closed"), None),
        "stopped": min(stops, default=None),
        "notices": sum(incident in f"{one.subject} {one.text}" and item.opened <= one.at <= end + 3600
                       for one in desk.notices.published("market")),
        "pages": sum(page.sent <= end for page in
                     desk.services.oncall.pages(since=item.opened - 3600)),
    }  # fmt: skip


def checked_report(
    desk: Desk, incident: str, statements: Sequence[Mapping[str, Any]], texts: Mapping[str, str]
) -> dict[str, Any]:
    """Return what is wrong with the drafts: numbers that are not so, what leaks, no lineage."""
    truth = _second_path(desk, incident)
    names = [one.name for one in desk.services.oncall.people()]
    wrong = [f"{row['key']}: the report says {row['value']}, it is {truth[row['key']]}"
             for row in statements if row["key"] in truth and row["value"] != truth[row["key"]]]  # fmt: skip
    leaks = [f"{audience}: {what}" for audience, text in texts.items() if audience != "internal"
             for what in sensitive(text, names)]  # fmt: skip
    weak = _open_weaknesses(desk, incident)
    for row in statements:
        node = str(row["key"]).partition(":")[2]
        if node in weak:
            leaks += [f"{audience}: open weakness {node}" for audience, text in texts.items()
                      if audience != "internal" and str(row["value"]) in text]  # fmt: skip
    return {"wrong": wrong, "leaks": leaks,
            "unsourced": [row["key"] for row in statements if not row["source"]]}  # fmt: skip
