"""Who may do what: the roles of `Authority`, and the accounts of named participants.

Role ids are those of the contract (a test compares them). An execution delay is the time that
must pass between scheduling a restricted call and executing it; emergency roles have none, since
a brake that waits is no brake.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass

from twin.chain.codec import keccak
from twin.errors import UnknownName

__all__ = [
    "HELD_BY",
    "OF_CONTRACTS",
    "ROLES",
    "Role",
    "RoleSpec",
    "account_of",
    "address_of",
    "key_of",
    "role_named",
]

_HOUR, _DAY = 3600, 86400


class Role(enum.IntEnum):
    """The ids (uint64) that `Authority` declares; ADMIN is AccessManager's own."""

    ADMIN = 0
    GOVERNANCE = 1
    FEE_STEWARD = 2
    ISSUER = 3
    ORACLE_ADMIN = 4
    RESERVE_MANAGER = 5
    COMPLIANCE = 6
    PAUSER = 7
    UNPAUSER = 8
    ALLOCATOR = 9
    ARBITER = 10
    ATTESTOR = 11
    MINTER = 12

    @property
    def label(self) -> str:
        """The name in files and on the desk: `fee_steward`."""
        return self.name.lower()


@dataclass(frozen=True, slots=True)
class RoleSpec:
    """A *role*, the seconds its restricted calls wait by default, and what it is for."""

    role: Role
    delay: int
    description: str


ROLES: tuple[RoleSpec, ...] = (
    RoleSpec(
        Role.GOVERNANCE, _DAY, "sets caps, bounds and rates; the timelock's and the council's"
    ),
    RoleSpec(Role.FEE_STEWARD, 0, "moves fees inside bounds; FeeSchedule keeps its own min delay"),
    RoleSpec(Role.ISSUER, 0, "mints PT and proposes issues of FT"),
    RoleSpec(Role.ORACLE_ADMIN, _HOUR, "admits oracle nodes and configures feeds"),
    RoleSpec(Role.RESERVE_MANAGER, 0, "burns PT, opens the reserve and moves it in slices"),
    RoleSpec(Role.COMPLIANCE, 0, "freezes PT, examines participants, confirms issues of FT"),
    RoleSpec(Role.PAUSER, 0, "stops the public entry points of a contract"),
    RoleSpec(Role.UNPAUSER, 0, "lets them go on; a larger quorum than the pauser's"),
    RoleSpec(Role.ALLOCATOR, 0, "issues FT; held by AllocationBook, never by a person"),
    RoleSpec(Role.ARBITER, _HOUR, "rules on disputes that nothing else decided"),
    RoleSpec(Role.ATTESTOR, 0, "attests what custodians hold for the reserve, and books slices"),
    RoleSpec(Role.MINTER, 0, "issues PT; held by Conversion and Reserve, never by a person"),
)
"""The roles that a deployment wires, in the order of their ids. Delays in seconds."""

HELD_BY: dict[Role, tuple[str, ...]] = {
    Role.ADMIN: ("FictraTimelock",),
    Role.GOVERNANCE: ("FictraTimelock",),
    Role.ALLOCATOR: ("AllocationBook",),
    Role.MINTER: ("Conversion", "Reserve"),
}
"""The contracts that hold a role, without delay: the timelock has its own."""

OF_CONTRACTS = frozenset((Role.ADMIN, Role.ALLOCATOR, Role.MINTER))
"""The roles that no person holds."""


def role_named(label: str) -> Role:
    """Return the role called *label*, as in `fee_steward`; UnknownName where there is none."""
    for role in Role:
        if role.label == label:
            return role
    raise UnknownName("role", label, [role.label for role in Role])


def key_of(label: str) -> bytes:
    """Return the private key (32 bytes) of the participant called *label*: play money, no secret."""
    return keccak(f"fictra:{label}".encode())


def address_of(key: bytes) -> bytes:
    """Return the address of the private *key*: the last 20 bytes of the public key's hash."""
    from coincurve import PublicKey

    public = PublicKey.from_secret(key).format(compressed=False)
    return keccak(public[1:])[12:]


def account_of(label: str) -> bytes:
    """Return the address of the participant called *label*, whose key is `key_of`.

    A real key stands behind each participant, so that signed transactions and signed oracle
    reports of the twin can be verified as on the live network.
    """
    return address_of(key_of(label))
