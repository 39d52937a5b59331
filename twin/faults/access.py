"""Faults of access: a role that somebody grants, and rights that nobody took away (Ronin, 2022)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import ClassVar

from pydantic import field_validator

from twin.errors import UnknownName
from twin.faults.port import Fault, FaultParams, Surfaces, services_of
from twin.protocol.deployment import DeploymentSpec
from twin.protocol.parameters import Grant
from twin.protocol.roles import OF_CONTRACTS, account_of, role_named
from twin.services.identities import wallet_of

__all__ = ["AllowlistNotRevoked", "ExtraCanceller", "LeaverNotRevoked", "RogueGrant"]

BACK_DOOR = "break-glass"
"""The account that kept the administrator's role when the deployer was taken out."""

INTRUDER = "intruder"


def _with(spec: DeploymentSpec, role: str, grant: Grant) -> DeploymentSpec:
    """Return *spec* with one stray grant more."""
    strays: Mapping[str, tuple[Grant, ...]] = spec.strays
    return replace(spec, strays={**strays, role: (*strays.get(role, ()), grant)})


def _role(label: str) -> str:
    """Refuse a label of no role, and a role that only contracts hold."""
    if role_named(label) in OF_CONTRACTS:
        raise ValueError(f"the role {label} is held by contracts: name one that people hold")
    return label


class GrantParams(FaultParams):
    """*role* is granted to an account that nobody knows."""

    role: str = "pauser"

    @field_validator("role")
    @classmethod
    def _known(cls, value: str) -> str:
        return _role(value)


class RogueGrant(Fault):
    """Whoever holds a forgotten administrator's key grants a role to an account of their own."""

    kind: ClassVar[str] = "rogue-grant"
    Params: ClassVar[type[FaultParams]] = GrantParams
    params: GrantParams

    def prepare(self, spec: DeploymentSpec) -> DeploymentSpec:
        """Forget the administrator's key."""
        return _with(spec, "admin", Grant(account_of(BACK_DOOR), 0))

    def place(self) -> str:
        """The role."""
        return f"who holds the role {self.params.role}"

    def begin(self, surfaces: Surfaces) -> str:
        """Grant it."""
        self._send(surfaces, "grantRole", 0)
        return f"{self.params.role} granted to {INTRUDER}"

    def end(self, surfaces: Surfaces) -> str:
        """Take it back, as one who covers traces would."""
        self._send(surfaces, "revokeRole")
        return f"{self.params.role} revoked from {INTRUDER}"

    def _send(self, surfaces: Surfaces, function: str, *rest: int) -> None:
        services = services_of(surfaces)
        authority = services.deployment.contract("Authority")
        role = int(role_named(self.params.role))
        data = authority.encode(function, role, account_of(INTRUDER), *rest)
        services.chain.send(
            account_of(BACK_DOOR), authority.address, data, gas=300_000, tip=3 * 10**9
        )


class AllowlistParams(FaultParams):
    """*person*, who left, still holds *role* on chain, and their key works where *key* says so."""

    person: str = "pavel"
    role: str = "oracle_admin"
    key: bool = True

    @field_validator("role")
    @classmethod
    def _known(cls, value: str) -> str:
        return _role(value)


class AllowlistNotRevoked(Fault):
    """A right that was given for a while was never taken back: Ronin's fifth signature."""

    kind: ClassVar[str] = "allowlist-not-revoked"
    Params: ClassVar[type[FaultParams]] = AllowlistParams
    params: AllowlistParams

    def prepare(self, spec: DeploymentSpec) -> DeploymentSpec:
        """Deploy with the old grant."""
        return _with(spec, self.params.role, Grant(wallet_of(self.params.person), 0))

    def place(self) -> str:
        """The person's rights."""
        return f"the rights of {self.params.person}"

    def check(self, surfaces: Surfaces) -> None:
        """The person is known to the IAM."""
        people = services_of(surfaces).iam.people
        if self.params.person not in people:
            raise UnknownName("person", self.params.person, people)

    def begin(self, surfaces: Surfaces) -> str:
        """Let the key work again; the role was there before the run began."""
        if self.params.key:
            services_of(surfaces).iam.unrevoke(self.params.person)
        return f"{self.params.person} still holds {self.params.role}"

    def end(self, surfaces: Surfaces) -> str:
        """Take the key away; the role stays."""
        if self.params.key:
            services_of(surfaces).iam.revoke(self.params.person)
        return f"{self.params.person} has lost the key"


class CancellerParams(FaultParams):
    """*name* may cancel what governance has queued."""

    name: str = "former-guardian"


class ExtraCanceller(Fault):
    """The timelock has one canceller too many: every decision can be stopped by one key."""

    kind: ClassVar[str] = "extra-canceller"
    Params: ClassVar[type[FaultParams]] = CancellerParams
    params: CancellerParams

    def prepare(self, spec: DeploymentSpec) -> DeploymentSpec:
        """Deploy with the extra canceller."""
        extra = (*spec.stray_cancellers, account_of(self.params.name))
        return replace(spec, stray_cancellers=extra)

    def place(self) -> str:
        """The canceller."""
        return f"the cancelling of {self.params.name}"

    def begin(self, surfaces: Surfaces) -> str:
        """It was there before the run began."""
        del surfaces
        return f"{self.params.name} may cancel operations of the timelock"

    def end(self, surfaces: Surfaces) -> str:
        """A role does not leave by itself."""
        del surfaces
        return "it stays as it is on chain"


class LeaverParams(FaultParams):
    """*person* of the team leaves, and nobody takes their keys and decisions over."""

    person: str


class LeaverNotRevoked(Fault):
    """Somebody leaves the team; their key, their seat in quorums and their tasks stay theirs."""

    kind: ClassVar[str] = "leaver-not-revoked"
    Params: ClassVar[type[FaultParams]] = LeaverParams
    params: LeaverParams

    def place(self) -> str:
        """The person's rights."""
        return f"the rights of {self.params.person}"

    def check(self, surfaces: Surfaces) -> None:
        """The person is known to the IAM."""
        people = services_of(surfaces).iam.people
        if self.params.person not in people:
            raise UnknownName("person", self.params.person, people)

    def begin(self, surfaces: Surfaces) -> str:
        """Let them leave."""
        services = services_of(surfaces)
        services.iam.leave(self.params.person, services.clock.now)
        return f"{self.params.person} has left"

    def end(self, surfaces: Surfaces) -> str:
        """Let them come back."""
        services_of(surfaces).iam.back(self.params.person)
        return f"{self.params.person} is back"
