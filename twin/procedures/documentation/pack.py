"""The governance pack: service levels and response as distributions, each with its counter-metric."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from twin.desk.port import Desk
from twin.procedures.documentation.lineage import figure, judged, spread
from twin.procedures.routine.distributions import share
from twin.procedures.routine.trends import SLIS, daily_record

__all__ = ["COUNTERS", "assembled", "pack"]

DAY = 86_400
REPORT = "governance-pack"
UNITS = {"confirmation_ms": "ms", "utilisation_ppm": "ppm", "base_fee_wei": "wei",
         "oracle_age_ms": "ms", "node_latency_us": "us"}  # fmt: skip

COUNTERS: Mapping[str, str] = {
    "confirmation_ms": "base_fee_wei",
    "utilisation_ppm": "confirmation_ms",
    "oracle_age_ms": "node_latency_us",
    "restore_s": "incidents_opened",
    "changes_done": "changes_failed",
    "alerts_judged": "alerts_false",
}
"""What each figure could be bought with: nobody may show the one without the other."""


def _counted(desk: Desk, since: int) -> dict[str, dict[str, Any]]:
    """Return the figures that are counted in our own stores."""
    now = desk.now
    incidents = [item for item in desk.incidents.all() if item.opened >= since]
    ended = [item.closed - item.opened for item in incidents if item.closed is not None]
    changes = [item for item in desk.stores.entries("change") if item.changed >= since]
    judged_alerts = [
        desk.evidence.data(record.ref).get("verdict")
        for record in desk.evidence.of("ND1", since=since)
    ]
    false, real = judged_alerts.count("false"), judged_alerts.count("real")

    def count(value: int, unit: str, source: str, query: str) -> dict[str, Any]:
        return figure(value, unit, source=source, query=query, as_of=now)

    found = {
        "incidents_opened": count(len(incidents), "incidents", "incidents", f"opened >= {since}"),
        "incidents_running": count(
            sum(item.closed is None for item in incidents), "incidents", "incidents",
            f"opened >= {since} and not closed"),
        "changes_done": count(
            sum(item.state in {"done", "executed", "closed", "implemented", "verified"}
                for item in changes), "changes", "stores", f"change, carried out, changed >= {since}"),
        "changes_failed": count(
            sum(item.state in {"failed", "rolled-back"} for item in changes), "changes", "stores",
            f"change, failed or rolled-back, changed >= {since}"),
        "alerts_judged": count(real + false, "alerts", "evidence", f"ND1 since {since}"),
        "alerts_false": {**count(false, "alerts", "evidence", f"ND1 false since {since}"),
                         **_interval(false, real + false)},
    }  # fmt: skip
    if ended:
        found["restore_s"] = spread(
            ended, "s", source="incidents", query=f"closed - opened, opened >= {since}", as_of=now
        )
    return found


def _interval(part: int, whole: int) -> dict[str, Any]:
    """Return the share in ppm with its interval, nothing where nothing was counted."""
    told = share(part, whole)
    return {name: told[name] for name in ("ppm", "low_ppm", "high_ppm") if name in told}


def pack(desk: Desk, days: int) -> dict[str, dict[str, Any]]:
    """Return the figures of the last *days* days by key."""
    found: dict[str, dict[str, Any]] = {}
    for sli in SLIS:
        record = daily_record(desk, sli, days=days)
        found[sli.name] = {
            **spread(record.values, f"{UNITS[sli.name]}, of daily means", source="metrics",
                     query=sli.query, as_of=record.end),
            "missing_days": record.missing,
        }  # fmt: skip
    return {**found, **_counted(desk, desk.now - days * DAY)}


def assembled(desk: Desk, days: int, max_age: int) -> dict[str, Any]:
    """Return the pack, its proof as the editors print it, and what is wrong with the proof.

    The figures are asked for anew when the proof is read: what it is held against is not the copy
    that the editors had.
    """
    proof = dict(desk.services.editors.proof(REPORT, pack(desk, days)))
    figures = pack(desk, days)
    last = desk.metrics.query("max(max_over_time(timestamp(fictra_chain_base_fee_wei)[1d:5m]))")
    newest = round(last[0][1]) if last else 0
    wrong = judged(proof, figures, counters=COUNTERS, now=desk.now, max_age=max_age)
    if desk.now - newest > max_age:
        wrong["stale"].append(f"the newest sample is of {desk.now - newest} s ago")
    return {"figures": figures, "proof": proof, "wrong": wrong, "newest": newest}
