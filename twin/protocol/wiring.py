"""Which role may call which restricted function: the table that a deployment writes to Authority.

A restricted function that stands in no row stays with the administrator (governance, after its
delay). A test reads the contracts' own words ("Role: PAUSER.") and holds the table against them.
"""

from __future__ import annotations

from dataclasses import dataclass

from twin.protocol.roles import Role

__all__ = ["WIRING", "Wire"]


@dataclass(frozen=True, slots=True)
class Wire:
    """*role* may call *functions* of *contract*."""

    contract: str
    role: Role
    functions: tuple[str, ...]


_STOPPABLE = ("PaymentToken", "FoundationToken", "OracleNetwork", "AllocationBook", "LiquidityPool")

WIRING: tuple[Wire, ...] = (
    *(Wire(name, Role.PAUSER, ("pause",)) for name in _STOPPABLE),
    *(Wire(name, Role.UNPAUSER, ("unpause",)) for name in _STOPPABLE),
    Wire("PaymentToken", Role.ISSUER, ("mint",)),
    Wire("PaymentToken", Role.RESERVE_MANAGER, ("burn",)),
    Wire("PaymentToken", Role.GOVERNANCE, ("setCap",)),
    Wire("PaymentToken", Role.COMPLIANCE, ("freeze", "unfreeze")),
    Wire("FoundationToken", Role.ALLOCATOR, ("issue",)),
    Wire("FoundationToken", Role.COMPLIANCE, ("setAuthorised",)),
    Wire(
        "OracleNetwork",
        Role.ORACLE_ADMIN,
        ("addNode", "removeNode", "addFeed", "configureFeed", "setAttestationQuorum"),
    ),
    Wire("AllocationBook", Role.ISSUER, ("registerSovereign",)),
    Wire(
        "AllocationBook",
        Role.GOVERNANCE,
        ("setRatePerUsd", "setMaxQuantity", "setSettlementCap", "setDailyCap"),
    ),
    Wire("FeeSchedule", Role.FEE_STEWARD, ("adjust",)),
    Wire("FeeSchedule", Role.GOVERNANCE, ("setFee", "setBounds", "setExpiry")),
)
"""Every restricted function, by contract and role."""
