"""Restricted calls as `Authority` wants them: at once, or scheduled, waited for and executed.

A role without an execution delay calls its target directly. One with a delay first calls
`schedule(target, data, when)` on the authority, waits until `getSchedule(id)` is reached and
then calls `execute(target, data)`, within a week. Source: OpenZeppelin AccessManager 5.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from twin.chain.codec import keccak
from twin.errors import UnknownName
from twin.protocol.contract import Contract
from twin.protocol.manifest import Deployment
from twin.protocol.parameters import Grant

__all__ = ["EXPIRATION", "TREASURY", "Message", "Operation", "operation_id", "operation_of"]

TREASURY = "treasury"
"""The account that owns what is the network's own; its signers are an authority like the others."""

EXPIRATION = 7 * 86400
"""Seconds after its time at which a scheduled operation can no longer be executed."""

Message = tuple[bytes, bytes]
"""What goes into a transaction: (to, calldata)."""


def operation_id(caller: bytes, target: bytes, data: bytes) -> bytes:
    """Return AccessManager's id of an operation: keccak of abi.encode(*caller*, *target*, *data*)."""
    head = bytes(12) + caller + bytes(12) + target
    head += (96).to_bytes(32, "big") + len(data).to_bytes(32, "big")
    return keccak(head + data + bytes(-len(data) % 32))


@dataclass(frozen=True, slots=True)
class Operation:
    """*caller* wants to call *target* with *data*; *delay* seconds must pass in between.

    *authority* is the contract that keeps the schedule. Each message is to be sent by *caller*.
    """

    caller: bytes
    target: bytes
    data: bytes
    delay: int
    authority: Contract

    @property
    def id(self) -> bytes:
        """The id under which it is scheduled, executed and cancelled."""
        return operation_id(self.caller, self.target, self.data)

    @property
    def direct(self) -> Message:
        """The call itself: all that is needed where there is no delay."""
        return self.target, self.data

    def schedule(self, when: int = 0) -> Message:
        """Ask for it at unix second *when* (0: as soon as the delay allows)."""
        return self._to_authority("schedule", self.target, self.data, when)

    @property
    def execute(self) -> Message:
        """Carry it out, once its time has come."""
        return self._to_authority("execute", self.target, self.data)

    @property
    def cancel(self) -> Message:
        """Withdraw it; the caller, the administrator or the role's guardian may."""
        return self._to_authority("cancel", self.caller, self.target, self.data)

    @property
    def messages(self) -> tuple[Message, ...]:
        """What has to be sent, in order, with *delay* seconds between the first and the second."""
        return (self.direct,) if self.delay == 0 else (self.schedule(), self.execute)

    def _to_authority(self, function: str, *args: Any) -> Message:
        return self.authority.address, self.authority.encode(function, *args)


def operation_of(
    deployment: Deployment, role: str, *, contract: str, function: str, args: tuple[Any, ...] = ()
) -> Operation:
    """Return the operation by which the account of *role* calls *function* of *contract*.

    The treasury acts for itself: it holds no role, but tokens and shares of the pool. A role that
    the deployment does not have, or a contract or function it does not have, raises UnknownName.
    Whether the role may call the function is for the chain to say.
    """
    grant: Grant | None = deployment.roles.get(role)
    if role == TREASURY and TREASURY in deployment.accounts:
        grant = Grant(deployment.accounts[TREASURY], 0)
    if grant is None:
        raise UnknownName("role", role, deployment.roles)
    target = deployment.contract(contract)
    return Operation(
        caller=grant.account, target=target.address, data=target.encode(function, *args),
        delay=grant.delay, authority=deployment.contract("Authority"),
    )  # fmt: skip
