"""Which role may call which restricted function: the table that a deployment writes to Authority.

A restricted function that stands in no row stays with the administrator (governance, after its
delay). A test reads the contracts' own words ("Role: PAUSER.") and holds the table against them.
"""

from __future__ import annotations

from dataclasses import dataclass

from twin.protocol.roles import Role

__all__ = ["STOPPABLE", "WIRING", "Wire"]


@dataclass(frozen=True, slots=True)
class Wire:
    """*role* may call *functions* of *contract*."""

    contract: str
    role: Role
    functions: tuple[str, ...]


STOPPABLE = (
    "PaymentToken",
    "FoundationToken",
    "OracleNetwork",
    "AllocationBook",
    "LiquidityPool",
    "Settlement",
    "Conversion",
    "Reserve",
)
"""The contracts with an emergency brake."""

WIRING: tuple[Wire, ...] = (
    *(Wire(name, Role.PAUSER, ("pause",)) for name in STOPPABLE),
    *(Wire(name, Role.UNPAUSER, ("unpause",)) for name in STOPPABLE),
    Wire("PaymentToken", Role.ISSUER, ("mint",)),
    Wire("PaymentToken", Role.MINTER, ("issue",)),
    Wire("PaymentToken", Role.RESERVE_MANAGER, ("burn",)),
    Wire("PaymentToken", Role.GOVERNANCE, ("addKeeper", "setCap")),
    Wire("PaymentToken", Role.COMPLIANCE, ("freeze", "unfreeze")),
    Wire(
        "ParticipantRegistry",
        Role.COMPLIANCE,
        ("register", "approve", "suspend", "revoke", "setJurisdiction"),
    ),
    Wire("FoundationToken", Role.ALLOCATOR, ("issue", "setHeld", "reverse")),
    Wire("FoundationToken", Role.GOVERNANCE, ("setLockup",)),
    Wire(
        "OracleNetwork",
        Role.ORACLE_ADMIN,
        (
            "addNode",
            "addShadow",
            "promote",
            "removeNode",
            "addFeed",
            "configureFeed",
            "setAttestationQuorum",
            "setChallenge",
            "setShadowPeriod",
            "setStaking",
        ),
    ),
    Wire("OracleNetwork", Role.ARBITER, ("rule", "slash")),
    Wire("AllocationBook", Role.ISSUER, ("propose",)),
    Wire("AllocationBook", Role.COMPLIANCE, ("confirm",)),
    Wire("AllocationBook", Role.ARBITER, ("rule",)),
    Wire(
        "AllocationBook",
        Role.GOVERNANCE,
        (
            "setRatePerUsd",
            "setMaxQuantity",
            "setSettlementCap",
            "setDailyCap",
            "setTwoPerson",
            "setDisputeBond",
        ),
    ),
    Wire("FeeSchedule", Role.FEE_STEWARD, ("adjust",)),
    Wire("FeeSchedule", Role.GOVERNANCE, ("setFee", "setBounds", "setExpiry")),
    Wire("Settlement", Role.ARBITER, ("rule",)),
    Wire("Settlement", Role.GOVERNANCE, ("setTreasury", "setMaxAmount")),
    Wire("Conversion", Role.GOVERNANCE, ("setPolicy", "setLimits", "setTreasury")),
    Wire("Reserve", Role.ATTESTOR, ("attest", "bookSlice", "returnSlice")),
    Wire("Reserve", Role.RESERVE_MANAGER, ("openSlice", "setOpen")),
    Wire(
        "Reserve",
        Role.GOVERNANCE,
        (
            "setWeights",
            "setAssetFeed",
            "setSliceLimits",
            "setRedemptionLimits",
            "setTiers",
            "setTreasury",
        ),
    ),
)
"""Every restricted function, by contract and role."""
