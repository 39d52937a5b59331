"""Sending: an authorised action as the transactions it takes, and what it would do if sent.

A role without an execution delay calls the contract itself. One with a delay schedules the call
on the Authority, waits, and executes it there (OpenZeppelin AccessManager).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from twin.chain.chain import Chain
from twin.chain.port import Call
from twin.clock import Clock, Process
from twin.desk.port import Simulation
from twin.desk.steps import Act
from twin.errors import UnknownName
from twin.protocol.contract import Contract
from twin.protocol.deployment import Deployment, RoleAccount
from twin.protocol.operations import execute_data, schedule_data

__all__ = ["TwinSender", "arguments", "simulate"]

TIP = 3 * 10**9
"""Operations pay a tip above everybody's default, in wei: an action is not kept waiting."""

GAS = 1_000_000
"""The gas limit of an operation, wei of gas; the dearest here takes a quarter of it."""


def arguments(values: Sequence[Any]) -> tuple[Any, ...]:
    """Give back to journalled *values* their ABI types: `0x` text to bytes, lists to tuples."""
    made: list[Any] = []
    for value in values:
        if isinstance(value, str) and value.startswith("0x"):
            made.append(bytes.fromhex(value[2:]))
        elif isinstance(value, (list, tuple)):
            made.append(arguments(value))
        else:
            made.append(value)
    return tuple(made)


def _role(deployment: Deployment, authority: str) -> RoleAccount:
    if authority not in deployment.roles:
        raise UnknownName("authority", authority, deployment.roles)
    return deployment.roles[authority]


def _target(deployment: Deployment, contract: str) -> Contract:
    if contract not in deployment.contracts:
        raise UnknownName("contract", contract, deployment.contracts)
    return deployment.contracts[contract]


def simulate(
    chain: Chain,
    deployment: Deployment,
    authority: str,
    contract: str,
    function: str,
    args: Sequence[Any],
) -> Simulation:
    """Return what *authority* calling *contract*.*function* would do on the present state.

    For a role with an execution delay it is the scheduling that is simulated, since the call
    itself cannot go through before its time.
    """
    role, target = _role(deployment, authority), _target(deployment, contract)
    data = target.encode(function, *arguments(args))
    to = target.address
    if role.delay:
        to, data = (
            deployment.contracts["Authority"].address,
            schedule_data(deployment, target.address, data, 0),
        )
    output = chain.call(Call(to=to, data=data, sender=role.account))
    reason = "" if output.success else deployment.revert_reason(output.data)
    return Simulation(output.success, output.gas_used, reason)


class TwinSender:
    """Puts signed actions on the twin's chain from the accounts of the deployment's roles."""

    def __init__(self, clock: Clock, chain: Chain, deployment: Deployment) -> None:
        """Keep the three."""
        self._clock, self._chain, self._deployment = clock, chain, deployment

    def carry_out(self, act: Act) -> Process:
        """Send *act* and wait for inclusion; value {success, reason, block, timestamp, ...}."""
        role = _role(self._deployment, act.authority)
        target = _target(self._deployment, act.contract)
        data = target.encode(act.function, *arguments(act.args))
        if not role.delay:
            return (yield from self._send(role.account, target.address, data))
        manager = self._deployment.contracts["Authority"].address
        scheduled = yield from self._send(
            role.account, manager, schedule_data(self._deployment, target.address, data, 0)
        )
        if not scheduled["success"]:
            return scheduled
        yield self._clock.after(role.delay)
        done = yield from self._send(
            role.account, manager, execute_data(self._deployment, target.address, data)
        )
        return {**done, "scheduled_block": scheduled["block"]}

    def _send(self, sender: bytes, to: bytes, data: bytes) -> Process:
        chain = self._chain
        tx = chain.send(sender, to, data, gas=GAS, tip=TIP, max_fee=20 * chain.next_base_fee + TIP)
        receipt = yield chain.included(tx)
        reason = "" if receipt.success else self._deployment.revert_reason(receipt.output)
        return {
            "success": receipt.success,
            "reason": reason,
            "block": receipt.block,
            "timestamp": self._clock.now,
            "transaction": tx,
        }
