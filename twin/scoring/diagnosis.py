"""The diagnosis held against the truth: which hypotheses stand for which kinds of faults.

The team's board (NR2) speaks of causes in an operator's words; the sealed truth is a kind of fault.
What belongs to what is written here, where no procedure, policy or rule can read it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from twin.scoring.trace import Record, Trace

__all__ = ["CAUSES", "diagnosis"]

CAUSES: Mapping[str, frozenset[str]] = {
    "vendor-wrong": frozenset(("correlated-sources", "source-scale")),
    "vendor-silent": frozenset(("source-death",)),
    "node-lies": frozenset(("node-misreport",)),
    "configuration-drift": frozenset(
        ("fee-shock", "feed-bounds-open", "over-allocation", "reward-misconfiguration",
         "rogue-calls")
    ),
    "power-misused": frozenset(
        ("allowlist-not-revoked", "extra-canceller", "key-used-off-hours", "rogue-calls",
         "rogue-grant", "single-key-mint", "stolen-node-keys", "unbacked-mint")
    ),
    "recent-change": frozenset(
        ("function-bricked", "function-doubles", "gas-regression", "rogue-calls")
    ),
    "congestion": frozenset(("gas-war", "slow-degradation")),
    "infrastructure": frozenset(
        ("cloud-outage", "desk-node-lag", "desk-node-outage", "indexer-lag", "node-fork", "node-lag",
         "node-outage", "node-stall", "node-wrong-answers")
    ),
    "venue": frozenset(
        ("venue-api-break", "venue-misprint", "venue-outage", "venue-stale-book",
         "venue-withdrawal-halt", "wash-trading")
    ),
    "market-shock": frozenset(("depeg-shock", "maker-withdrawal", "volume-surge")),
    "run": frozenset(("bank-failure", "custodian-missing-funds")),
    "governance": frozenset(("flash-votes", "malicious-proposal")),
    "watch-broken": frozenset(
        ("detector-stopped", "exporter-silent", "index-outage", "job-stuck", "pager-outage",
         "rule-breaks")
    ),
}  # fmt: skip
"""Kinds of faults by the name of the hypothesis that stands for them."""


def diagnosis(
    trace: Trace, incident: str | None, cause: Record | None
) -> tuple[bool | None, int | None]:
    """Say whether a hypothesis that stands for *cause* is among the top ones, and in which place.

    Those of the last record of NR2 about *incident* count. (None, None) where there is no such
    record, no cause, or no hypothesis that stands for its kind.
    """
    boards = [record for record in trace.evidence
              if record["procedure"] == "NR2" and _about(record["data"], incident)]  # fmt: skip
    if not boards or cause is None:
        return None, None
    wanted = {name for name, kinds in CAUSES.items() if cause["family"] in kinds}
    if not wanted:
        return None, None
    for place, item in enumerate(boards[-1]["data"]["causes"], 1):
        if item["cause"] in wanted:
            return True, place
    return False, None


def _about(data: Mapping[str, Any], incident: str | None) -> bool:
    """Say whether a record is a board that somebody went through, about *incident*."""
    return "causes" in data and data.get("incident") == incident
