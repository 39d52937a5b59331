"""Coverage and age of the manual: which procedures run, which only stand in a book."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from twin.desk.port import Desk, Evidence, ManualPage

__all__ = ["manual_coverage"]

DAY = 86_400
UNABLE = frozenset(("failed", "no-data"))
GROUPS_OF_A_PATH = 3


def _lint(page: ManualPage) -> list[str]:
    """Return what the page lacks for somebody to follow it."""
    found = []
    if not page.title.strip():
        found.append("no title")
    if len([part for part in page.seed.split(" / ") if part.strip()]) != GROUPS_OF_A_PATH:
        found.append("no place in the manual's areas")
    if not page.owner:
        found.append("no owner")
    if not page.inputs:
        found.append("no inputs")
    if not page.evidence.strip():
        found.append("does not say what it leaves")
    return found


def _late(page: ManualPage, last: Evidence | None, begun: int, now: int) -> bool:
    """Say whether *page* promises a run that did not come: two intervals, and a day of grace."""
    if page.idle is not None or page.longest is None:
        return False
    return now - (last.at if last else begun) > 2 * page.longest + DAY


def _broken(records: Sequence[Evidence], strikes: int) -> bool:
    """Say whether the last *strikes* runs came to nothing."""
    newest = records[-strikes:]
    return len(newest) == strikes and all(item.verdict in UNABLE for item in newest)


def manual_coverage(desk: Desk, *, strikes: int) -> dict[str, Any]:
    """Return a row of each page, and what is wrong by item: ids of procedures.

    A page whose last *strikes* runs all failed or had no data is one of a procedure that no longer
    works; evidence of what has no page is of a procedure that nobody could look up.
    """
    pages = desk.services.manual.pages()
    by_id: dict[str, list[Evidence]] = {}
    begun = desk.now
    for record in desk.evidence.of():
        by_id.setdefault(record.procedure, []).append(record)
        begun = min(begun, record.at)
    rows: dict[str, Any] = {}
    wrong: dict[str, list[str]] = {"stale": [], "broken": [], "lint": [], "undocumented": []}
    for page in pages:
        records = by_id.get(page.procedure, [])
        last = records[-1] if records else None
        poor = _lint(page)
        rows[page.procedure] = {
            "title": page.title, "owner": page.owner, "cadence": page.cadence, "idle": page.idle,
            "runs": len(records), "last": last.at if last else None,
            "age": desk.now - last.at if last else None,
            "verdict": last.verdict if last else None, "lint": poor,
        }  # fmt: skip
        if _late(page, last, begun, desk.now):
            wrong["stale"].append(page.procedure)
        if _broken(records, strikes):
            wrong["broken"].append(page.procedure)
        if poor:
            wrong["lint"].append(page.procedure)
    wrong["undocumented"] = sorted(set(by_id) - set(rows))
    due = [page.procedure for page in pages if page.idle is None and page.longest is not None]
    never = [name for name, row in rows.items() if not row["runs"] and row["idle"] is None]
    return {"rows": rows, "wrong": wrong, "pages": len(pages), "on_calendar": len(due),
            "never_run": never}  # fmt: skip
