"""Oracle network management: what the nodes report and what the exports rest on (IO)."""

from __future__ import annotations

from typing import Any

from twin.catalog import Settings, check, every
from twin.desk.port import Desk, LogRecord, View
from twin.desk.steps import Finding
from twin.procedures.reading import read_all

__all__ = ["ReportVerification", "verify_reports"]

PPM = 1_000_000
VALUE_SCALE = 10**11
"""Quantities have 3 decimals and answers 8."""


class ReportVerification(Settings):
    """Limits of IO1: exports of the last *window* seconds; entitlement against the index."""

    window: int = 3600
    max_value_gap_ppm: int = 100_000


def _signatures(desk: Desk, commodity: str) -> tuple[int, list[dict[str, Any]]]:
    """Verify the signature of every published report; return how many, and the bad ones."""
    reports = desk.feeds.reports(commodity)
    bad = [
        {"node": report.node, "answer": report.answer, "source": report.source}
        for report in reports
        if not desk.feeds.authentic(report)
    ]
    return len(reports), bad


def _on_chain(desk: Desk, view: View) -> tuple[int, dict[str, Any]]:
    """Read the rate per dollar, and reports and rules of every feed by its commodity."""
    names, asked = desk.register.commodities(), ("reports", "feedConfig")
    calls = [("OracleNetwork", function, (desk.register.feed_id(name),))
             for name in names for function in asked]  # fmt: skip
    rate, *found = read_all(view, [("AllocationBook", "ratePerUsd", ()), *calls])
    pairs = zip(found[::2], found[1::2], strict=True)
    return rate, dict(zip(names, pairs, strict=True))


def _bounds(reports: Any, config: Any) -> list[dict[str, Any]]:
    """Return the *reports* on chain that lie outside the feed's own bounds."""
    nodes, answers, _observed = reports
    low, high = config[0], config[1]
    return [
        {"node": node, "answer": answer}
        for node, answer in zip(nodes, answers, strict=True)
        if not low <= answer <= high
    ]


def _feeds(desk: Desk) -> dict[bytes, str]:
    """Return the commodities by the id of their feed."""
    return {desk.register.feed_id(name): name for name in desk.register.commodities()}


def _document(desk: Desk, record: LogRecord) -> str | None:
    """Say what is wrong with the papers behind a claim, or None."""
    document = desk.customs.document(record.args["documentHash"])
    if document is None:
        return "no customs document"
    if document["quantity"] != record.args["quantity"]:
        return f"customs has {document['quantity']}, claimed {record.args['quantity']}"
    commodity = _feeds(desk).get(record.args["feed"])
    if document["commodity"] != commodity:
        return f"customs has {document['commodity']}, claimed as {commodity}"
    return None


def _inflation(desk: Desk, record: LogRecord, rate: int, limit: int) -> str | None:
    """Say how far an entitlement lies from quantity x index x rate, or None when it is close."""
    commodity = _feeds(desk).get(record.args["feed"])
    if commodity is None:
        return "valued by a feed that the register does not know"
    index = desk.feeds.index(commodity)
    expected = record.args["quantity"] * max(0, index.price) * rate // VALUE_SCALE
    gap = abs(record.args["amount"] - expected) * PPM // max(1, expected)
    return f"entitlement off the index by {gap} ppm" if gap > limit else None


@check(
    "IO1",
    "Integration Management / Oracle Network Management / Oracle data verification",
    cadence=every(minutes=5),
    inputs=("signed reports", "OracleNetwork.reports", "customs and shipping feed"),
    evidence="verification record: signatures, bounds, export papers, value inflation",
    settings=ReportVerification,
)
def verify_reports(desk: Desk, settings: ReportVerification) -> Finding:
    """Oracle data verification, report by report and export by export.

    Signatures of the published reports, bounds of those on chain, and for every export of the
    last *settings.window* seconds its papers at customs and its entitlement against the index.
    """
    view = desk.at()
    since = desk.now - settings.window
    problems = {"signature": 0, "bounds": 0, "papers": 0, "inflation": 0}
    data: dict[str, Any] = {"block": view.block, "reports": 0, "exports": []}
    rate, feeds = _on_chain(desk, view)
    for commodity, (reports, config) in feeds.items():
        count, bad = _signatures(desk, commodity)
        outside = _bounds(reports, config)
        data["reports"] += count
        problems["signature"] += len(bad)
        problems["bounds"] += len(outside)
        if bad or outside:
            data[commodity] = {"bad_signatures": bad, "out_of_bounds": outside}
    for event, item in (("ExportClaimed", "papers"), ("EntitlementIssued", "inflation")):
        for record in view.logs("AllocationBook", event, since=since):
            wrong = (
                _document(desk, record)
                if item == "papers"
                else _inflation(desk, record, rate, settings.max_value_gap_ppm)
            )
            if wrong:
                problems[item] += 1
                data["exports"].append({"document": record.args["documentHash"], "wrong": wrong})
    if not data["reports"]:
        return Finding("no-data", "no signed report is published", data, problems)
    wrong_items = [name for name, count in problems.items() if count]
    return Finding(
        verdict="finding" if wrong_items else "ok",
        summary=f"reports and exports: {', '.join(wrong_items)}" if wrong_items else "verified",
        data=data,
        problems=problems,
    )
