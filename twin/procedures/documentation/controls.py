"""Controls as queries: what the manual claims must leave the evidence that it happened.

A control is a procedure that we say protects somebody. It operates where it ran as often as the
manual promises and could look; what it found is its success, not its failure. Some of its records
are drawn at even distances and read, as an auditor would.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from twin.desk.port import Desk, Evidence, ManualPage
from twin.errors import UnknownName

__all__ = ["CONTROLS", "control_tests", "readable", "sampled"]

DAY = 86_400
PPM = 1_000_000
UNABLE = frozenset(("failed", "no-data", "refused"))

CONTROLS: Mapping[str, str] = {
    "oracle answers are verified": "ME4",
    "exports are verified before they are credited": "IO1",
    "the reserve is reconciled with statements": "TR1",
    "the reserve keeps to its policy": "TR2",
    "issuance takes two persons": "TF2",
    "transfers are screened": "TF4",
    "access is reviewed": "MS3",
    "logs are reviewed": "RD2",
    "backups are restored": "RW5",
    "patches are tracked": "RW2",
    "administrative events have a record": "DO3",
    "playbooks are rehearsed": "DO4",
}
"""What is claimed, and the procedure whose evidence shows it."""


def sampled(records: Sequence[Any], size: int) -> list[Any]:
    """Return *size* of *records* at even distances, the first and the last among them."""
    if len(records) <= size:
        return list(records)
    last = len(records) - 1
    return [records[place * last // max(1, size - 1)] for place in range(size)]


def readable(desk: Desk, record: Evidence) -> bool:
    """Say whether a drawn record still has what it was filed with."""
    try:
        return desk.evidence.data(record.ref) is not None and bool(record.hash)
    except UnknownName:
        return False


def _tested(
    desk: Desk, page: ManualPage, *, since: int, begun: int, size: int, rate_ppm: int
) -> dict[str, Any]:
    """Return the row of one control: population, pass rate, sample, and what is wrong."""
    records = desk.evidence.of(page.procedure, since=since)
    able = [item for item in records if item.verdict not in UNABLE]
    watched = desk.now - max(since, begun)
    promised = watched // page.longest if page.longest else 0
    sample = sampled(records, size)
    unread = [item.ref for item in sample if not readable(desk, item)]
    rate = len(able) * PPM // len(records) if records else None
    wrong = []
    if promised >= 2 and not records:
        wrong.append("silent")
    elif 2 * len(records) < promised:
        wrong.append("thin")
    if rate is not None and rate < rate_ppm:
        wrong.append("unable")
    if unread:
        wrong.append("sample")
    return {
        "procedure": page.procedure, "owner": page.owner, "promised": promised,
        "population": len(records), "pass_ppm": rate, "sample": [item.ref for item in sample],
        "unread": unread, "query": f"evidence of {page.procedure} since {since}", "wrong": wrong,
    }  # fmt: skip


def control_tests(desk: Desk, *, period: int, size: int, rate_ppm: int) -> dict[str, Any]:
    """Return a row of each control over the last *period* seconds.

    *size* records of each are drawn and read. *unwritten* are claims that the manual has no page
    for, *idle* those without an object here; a control that never had the time to run waits.
    """
    pages = {page.procedure: page for page in desk.services.manual.pages()}
    first = desk.evidence.of()[:1]
    begun = first[0].at if first else desk.now
    since = max(0, desk.now - period)
    rows: dict[str, Any] = {}
    unwritten, idle = [], {}
    for claim, procedure in CONTROLS.items():
        page = pages.get(procedure)
        if page is None:
            unwritten.append(claim)
        elif page.idle is not None:
            idle[claim] = page.idle
        else:
            rows[claim] = _tested(
                desk, page, since=since, begun=begun, size=size, rate_ppm=rate_ppm
            )
    return {"since": since, "controls": rows, "unwritten": unwritten, "idle": idle}
