"""Administrative events on chain, and what in the records stands behind each of them.

A record is a change that names the parameter, or the contract that was called; a proposal that was
executed in the same block and that a change announced; an incident whose runbook braked; or the
evidence of a procedure whose signed act is in that very block. What has none of these is an orphan.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from twin.desk.port import Desk, Entry, LogRecord

__all__ = ["ADMIN_EVENTS", "admin_events", "after_genesis", "mapped"]

HOUR, DAY = 3600, 86_400

ADMIN_EVENTS: Mapping[tuple[str, str], str] = {
    ("Authority", "RoleGranted"): "access.role",
    ("Authority", "RoleRevoked"): "access.role",
    ("Authority", "TargetClosed"): "access.target",
    ("Authority", "TargetFunctionRoleUpdated"): "access.function",
    ("Authority", "RoleGrantDelayChanged"): "access.role",
    ("PaymentToken", "CapSet"): "pt.cap",
    ("AllocationBook", "RatePerUsdSet"): "allocation.rate_per_usd",
    ("AllocationBook", "MaxQuantitySet"): "allocation.max_quantity",
    ("AllocationBook", "SettlementCapSet"): "allocation.settlement_cap",
    ("AllocationBook", "DailyCapSet"): "allocation.daily_cap",
    ("AllocationBook", "TwoPersonSet"): "allocation.two_person",
    ("AllocationBook", "DisputeBondSet"): "allocation.dispute_bond",
    ("FoundationToken", "LockupSet"): "allocation.lockup",
    ("OracleNetwork", "FeedConfigured"): "feed.",
    ("OracleNetwork", "AttestationQuorumSet"): "allocation.attestation_quorum",
    ("OracleNetwork", "ChallengeSet"): "oracle.challenge",
    ("OracleNetwork", "ShadowPeriodSet"): "oracle.shadow_period",
    ("OracleNetwork", "StakingSet"): "oracle.",
    ("Settlement", "MaxAmountSet"): "settlement.max_amount",
    ("Settlement", "TreasurySet"): "settlement.treasury",
    ("Conversion", "PolicySet"): "conversion.",
    ("Conversion", "LimitsSet"): "conversion.",
    ("Conversion", "TreasurySet"): "conversion.treasury",
    ("FeeSchedule", "FeeAdjusted"): "fee.",
    ("FeeSchedule", "BoundsSet"): "fee.",
    ("FeeSchedule", "ExpirySet"): "fee.",
    ("Reserve", "RedemptionLimitsSet"): "reserve.",
    ("Reserve", "TiersSet"): "reserve.",
    ("Reserve", "TreasurySet"): "reserve.treasury",
    ("Reserve", "WeightsSet"): "reserve.weight",
    ("Reserve", "AssetFeedSet"): "reserve.",
    ("Reserve", "SliceLimitsSet"): "reserve.",
    ("Reserve", "OpenSet"): "reserve.open",
    **{
        (contract, event): "paused"
        for contract in ("AllocationBook", "Conversion", "FoundationToken", "LiquidityPool",
                         "OracleNetwork", "PaymentToken", "Reserve", "Settlement")
        for event in ("Paused", "Unpaused")
    },
}  # fmt: skip
"""Every administrative event, and how the names of the parameters begin that it moves."""


def after_genesis(logs: list[LogRecord]) -> list[LogRecord]:
    """Return *logs* without those of the first block: what the deployment did is the beginning."""
    return [log for log in logs if log.block > 0]


def admin_events(desk: Desk, *, since: int) -> list[LogRecord]:
    """Return the administrative events from unix second *since* on, oldest first."""
    view = desk.at()
    found = [
        log
        for contract, event in ADMIN_EVENTS
        for log in after_genesis(view.logs(contract, event, since=since))
    ]
    return sorted(found, key=lambda log: (log.block, log.contract, log.event))


def _acts(value: Any) -> Iterator[int]:
    """Yield the block of each act that took effect anywhere in *value*."""
    if isinstance(value, Mapping):
        if value.get("success") is True and isinstance(value.get("block"), int):
            yield value["block"]
        for part in value.values():
            yield from _acts(part)
    elif isinstance(value, (list, tuple)):
        for part in value:
            yield from _acts(part)


def _names(entry: Entry, log: LogRecord) -> bool:
    """Say whether the change *entry* is about what *log* did."""
    prefix = ADMIN_EVENTS[log.contract, log.event]
    if any(str(name).startswith(prefix) for name in entry.data.get("intended") or {}):
        return True
    calls = [*(entry.data.get("calls") or ()), entry.data]
    return any(call.get("contract") == log.contract for call in calls if isinstance(call, Mapping))


def _timely(entry: Entry, log: LogRecord, grace: int) -> bool:
    """Say whether *entry* was there when *log* happened, or came within *grace* after it.

    A change that was ended long before is no permission for what is done today.
    """
    executed = entry.data.get("executed")
    if isinstance(executed, Mapping) and isinstance(executed.get("at"), int):
        return abs(int(executed["at"]) - log.timestamp) <= HOUR
    if entry.ended and entry.changed < log.timestamp - DAY:
        return False
    return entry.opened <= log.timestamp + grace


def _proposal(log: LogRecord, executed: Mapping[int, str], named: Mapping[str, str]) -> str | None:
    proposal = executed.get(log.block)
    return named.get(proposal) if proposal is not None else None


def mapped(desk: Desk, events: list[LogRecord], *, since: int, grace: int) -> list[dict[str, Any]]:
    """Return a row of each of *events*: what it was, and the id that stands behind it, or None."""
    if not events:
        return []
    changes = desk.stores.entries("change")
    named = {
        str(entry.data["proposal"]): entry.id for entry in changes if entry.data.get("proposal")
    }
    view = desk.at()
    executed = {
        log.block: str(log.args["proposalId"])
        for log in view.logs("FictraGovernor", "ProposalExecuted", since=since)
    }
    blocks = {
        block: record.ref
        for record in desk.evidence.of(since=since)
        if record.verdict not in {"ok", "no-data"}
        for block in _acts(desk.evidence.data(record.ref))
    }
    rows = []
    for log in events:
        by: str | None = _proposal(log, executed, named)
        how = "proposal" if by else ""
        for entry in changes if by is None else ():
            if _names(entry, log) and _timely(entry, log, grace):
                by, how = entry.id, "change" if entry.opened <= log.timestamp else "afterwards"
                break
        if by is None and log.block in blocks:
            by, how = blocks[log.block], "evidence"
        rows.append({"contract": log.contract, "event": log.event, "block": log.block,
                     "at": log.timestamp, "by": by, "how": how or "orphan"})  # fmt: skip
    return rows
