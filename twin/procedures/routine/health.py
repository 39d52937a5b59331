"""The morning checklist: what each line asks, and what it takes for a miss."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from twin.desk.port import Desk
from twin.errors import ChainError, DeskError

__all__ = ["COLLECTORS", "arrivals", "checklist"]

COLLECTORS = ("chain", "pool", "oracle", "index", "fees", "tokens", "venues", "team", "support")
"""The exporters that have to answer, by the name of their collector."""

Line = dict[str, Any]
"""A line of the checklist: *item*, what was asked *about*, whether it is *ok*, and the facts."""


def _one(desk: Desk, expression: str) -> float | None:
    found = desk.metrics.query(expression)
    return found[0][1] if found else None


def _line(item: str, about: str, ok: bool, **facts: Any) -> Line:
    return {"item": item, "about": about, "ok": ok, **facts}


def _exporters(desk: Desk, max_age: int) -> Iterator[Line]:
    """Each exporter answered lately, and none is missing."""
    seen = {
        labels["collector"]: round(value)
        for labels, value in desk.metrics.query(
            "time() - fictra_scrape_last_success_timestamp_seconds"
        )
    }
    for name in COLLECTORS:
        age = seen.get(name)
        yield _line("silent", name, age is not None and age <= max_age, age=age)


def _frozen(desk: Desk, max_age: int) -> Iterator[Line]:
    """What an exporter says beside what the chain says: a frozen one looks healthy by itself."""
    view = desk.at()
    head = _one(desk, "fictra_chain_head_timestamp_seconds")
    lag = None if head is None else view.timestamp - round(head)
    yield _line("frozen", "chain", lag is not None and lag <= max_age, lag=lag)
    swaps = _one(desk, "fictra_pool_swaps_total")
    lately = len(view.logs("LiquidityPool", "Swapped", since=max(0, desk.now - max_age)))
    count = view.read("LiquidityPool", "swapCount")
    missed = None if swaps is None else count - round(swaps)
    yield _line("frozen", "pool", missed is not None and 0 <= missed <= lately, missed=missed)
    for commodity in desk.register.commodities():
        updated = view.read("OracleNetwork", "latest", desk.register.feed_id(commodity))[1]
        said = _one(desk, f'fictra_oracle_updated_timestamp_seconds{{feed="{commodity}"}}')
        behind = None if said is None else updated - round(said)
        # An answer that is newer than the last scrapes is not in the series yet.
        fresh = updated > desk.now - max_age
        ok = not updated or (behind is not None and (behind == 0 or fresh))
        yield _line("frozen", f"oracle {commodity}", ok, behind=behind)


def _watch(desk: Desk) -> Iterator[Line]:
    """Detectors that stopped, and rules that failed to evaluate."""
    late = desk.metrics.query(
        "time() - fictra_check_last_run_timestamp_seconds > 3 * fictra_check_interval_seconds + 600"
    )
    names = sorted(labels["procedure"] for labels, _value in late)
    yield _line("stopped", "detectors", not names, late=names)
    failures = _one(desk, "increase(fictra_rule_evaluation_failures_total[1d])")
    yield _line("rules", "rule evaluation", not failures, failures=round(failures or 0))


def _paths(desk: Desk) -> Iterator[Line]:
    """Chain, venues and scanner answer when they are asked now."""
    for venue in desk.venues.names():
        try:
            ticker = desk.venues.ticker(venue)
        except DeskError as error:
            yield _line("path", f"venue {venue}", ok=False, why=str(error))
        else:
            yield _line("path", f"venue {venue}", ok=True, bid=ticker.bid, ask=ticker.ask)
    try:
        supply = desk.at().read("PaymentToken", "totalSupply")
    except ChainError as error:
        yield _line("path", "chain", ok=False, why=str(error))
    else:
        yield _line("path", "chain", ok=supply > 0, supply=supply)


def checklist(desk: Desk, max_age: int) -> dict[str, Any]:
    """Go through the checklist and send the synthetic alarm off; return the lines and its key."""
    lines = [*_exporters(desk, max_age), *_frozen(desk, max_age), *_watch(desk), *_paths(desk)]
    key = desk.services.pager.drill(f"morning-{desk.now}")
    return {"at": desk.now, "lines": lines, "drill": key}


PAGING = ("P1", "P2", "P3")
"""Severities that call somebody; the rest are tickets, told by the hour."""


def arrivals(desk: Desk, key: str, since: int) -> dict[str, Any]:
    """Say whether the alarm *key* of unix second *since* arrived, and what else did that day."""
    got = desk.services.pager.deliveries(since=since)
    day = desk.services.pager.deliveries(since=since - 86_400)
    firing = [
        alert.key
        for alert in desk.alerts.firing()
        if alert.since <= since - 600 and alert.severity in PAGING
    ]
    sent = {item.alert for item in desk.services.pager.deliveries(since=0)}
    return {
        "arrived": any(item.alert == key for item in got),
        "delivered_in_day": len(day),
        "undelivered": sorted(key for key in firing if key not in sent),
    }
