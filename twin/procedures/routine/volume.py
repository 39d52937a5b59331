"""Volumes by several paths: the chain's logs, the contract's counter, dashboards, indexer, venues."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from twin.desk.port import Desk, LogRecord
from twin.errors import DeskError

__all__ = ["DayCount", "compare", "dashboards", "indexed", "recount", "venues"]

DAY = 86_400
PPM = 1_000_000


@dataclass(frozen=True, slots=True)
class DayCount:
    """The swaps of the UTC day from unix second *day* on, and their *stable* units, gross."""

    day: int
    swaps: int
    stable: int

    def record(self) -> dict[str, int]:
        """Return it for the evidence."""
        return {"day": self.day, "swaps": self.swaps, "stable": self.stable}


def recount(swaps: Iterable[LogRecord], *, day: int, stable: bytes) -> DayCount:
    """Count *swaps* of the UTC *day* from the logs.

    The stable leg of a sale of PT is what it paid out, and the fee at the price that it paid: the
    contract takes the price before, which differs by the trade's own impact.
    """
    count, total = 0, 0
    for swap in swaps:
        if not day <= swap.timestamp < day + DAY:
            continue
        args = swap.args
        count += 1
        if args["tokenIn"] == stable:
            total += args["amountIn"]
        else:
            net = args["amountIn"] - args["fee"]
            total += args["amountOut"] + args["amountOut"] * args["fee"] // max(1, net)
    return DayCount(day, count, total)


def compare(
    ours: DayCount, theirs: DayCount | None, *, tolerance_ppm: int, edge: int = 0
) -> dict[str, Any]:
    """Hold *theirs* against *ours*; *edge* swaps near midnight may count for either day."""
    if theirs is None:
        return {"ok": False, "why": "it has no such day", "theirs": None}
    gap = abs(theirs.stable - ours.stable) * PPM // max(1, ours.stable)
    # What may fall on either side of midnight may be as large as the whole of it.
    loose = tolerance_ppm + (PPM * edge // max(1, ours.swaps) * 4 if edge else 0)
    ok = abs(theirs.swaps - ours.swaps) <= edge and gap <= loose
    return {"ok": ok, "theirs": theirs.record(), "swaps_off": theirs.swaps - ours.swaps,
            "stable_off_ppm": gap, "edge": edge}  # fmt: skip


def dashboards(desk: Desk, *, day: int) -> DayCount | None:
    """Return what the dashboards' series say of the UTC *day*; None where they have no sample."""
    end = desk.now - (day + DAY)
    found = []
    for name in ("fictra_pool_swaps_total", "fictra_pool_volume_stable_total"):
        values = [desk.metrics.query(f"{name} offset {age}s") for age in (end, end + DAY)]
        if not values[0]:
            return None
        start = values[1][0][1] if values[1] else 0.0  # it was not there yet: it counted from 0
        found.append(values[0][0][1] - start)
    return DayCount(day, round(found[0]), round(found[1] * PPM))


def indexed(desk: Desk, *, day: int) -> DayCount | None:
    """Return what the indexer says of the UTC *day*; None where it does not answer."""
    try:
        days = {item.day: item for item in desk.services.indexer.volumes()}
    except DeskError:
        return None
    found = days.get(day)
    return DayCount(day, found.swaps, found.stable) if found else DayCount(day, 0, 0)


def venues(desk: Desk) -> dict[str, dict[str, Any]]:
    """Return each venue's own volume beside the series that the dashboards draw, PT units."""
    found: dict[str, dict[str, Any]] = {}
    for venue in desk.venues.names():
        series = desk.metrics.query(f'fictra_venue_volume_pt_total{{venue="{venue}"}}')
        hour = desk.metrics.query(f'increase(fictra_venue_volume_pt_total{{venue="{venue}"}}[1h])')
        try:
            says: int | None = desk.venues.ticker(venue).volume
        except DeskError:
            says = None
        shown = round(series[0][1] * PPM) if series else None
        lately = round(hour[0][1] * PPM) if hour else 0
        # A scrape is minutes old: what was traded since is not in the series.
        ok = says is not None and shown is not None and 0 <= says - shown <= max(
            2 * lately, 200_000 * PPM
        )  # fmt: skip
        found[venue] = {"venue": says, "dashboard": shown, "ok": ok}
    return found
