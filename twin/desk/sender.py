"""Sending: an authorised action as the transactions it takes, and what it would do if sent.

A role without an execution delay calls the contract itself. One with a delay schedules the call
on the Authority, waits, and executes it there (OpenZeppelin AccessManager).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from twin.chain.chain import Chain
from twin.chain.port import Call
from twin.clock import Clock, Process
from twin.desk.port import Simulation
from twin.desk.steps import Act
from twin.errors import CrashError, InvalidTransaction
from twin.protocol.deployment import Deployment
from twin.protocol.operations import Message, Operation, operation_of

__all__ = ["TwinSender", "arguments", "simulate"]

TIP = 3 * 10**9
"""Operations pay a tip above everybody's default, in wei: an action is not kept waiting."""

GAS = 1_000_000
"""The gas limit of an operation; the dearest here takes a quarter of it."""


def arguments(values: Sequence[Any]) -> tuple[Any, ...]:
    """Give back to journalled *values* their ABI types: `0x` text to bytes, lists to tuples."""
    made: list[Any] = []
    for value in values:
        if isinstance(value, str) and value.startswith("0x"):
            try:
                made.append(bytes.fromhex(value[2:]))
            except ValueError:
                raise CrashError(f"the argument {value!r} is no hex: two digits a byte") from None
        elif isinstance(value, (list, tuple)):
            made.append(arguments(value))
        else:
            made.append(value)
    return tuple(made)


def simulate(
    chain: Chain,
    deployment: Deployment,
    authority: str,
    *,
    contract: str,
    function: str,
    args: Sequence[Any],
) -> Simulation:
    """Return what *authority* calling *contract*.*function* would do on the present state.

    For a role with an execution delay it is the scheduling that is simulated, since the call
    itself cannot go through before its time.
    """
    operation = operation_of(
        deployment, authority, contract=contract, function=function, args=arguments(args)
    )
    to, data = operation.messages[0]
    output = chain.call(Call(to=to, data=data, sender=operation.caller))
    reason = "" if output.success else deployment.reverts.decode_revert(output.data)
    return Simulation(output.success, output.gas_used, reason)


def _messages(operation: Operation, stage: str) -> tuple[Message, ...]:
    """Return what is to be sent at *stage*; a call without a delay is sent when it is executed."""
    if stage == "whole":
        return operation.messages
    if operation.delay == 0:
        return (operation.direct,)
    stages = {"schedule": operation.schedule, "cancel": lambda: operation.cancel}
    return (stages[stage]() if stage in stages else operation.execute,)


class TwinSender:
    """Puts signed actions on the twin's chain from the accounts of the deployment's roles."""

    def __init__(self, clock: Clock, chain: Chain, deployment: Deployment) -> None:
        """Keep the three."""
        self._clock, self._chain, self._deployment = clock, chain, deployment

    def carry_out(self, act: Act) -> Process:
        """Send *act* and wait for inclusion; value {success, reason, block, timestamp, ...}."""
        operation = operation_of(
            self._deployment,
            act.authority,
            contract=act.contract,
            function=act.function,
            args=arguments(act.args),
        )
        if act.calldata:
            operation = replace(operation, data=bytes.fromhex(act.calldata.removeprefix("0x")))
        first, *rest = _messages(operation, act.stage)
        result = yield from self._send(operation.caller, first)
        for message in rest:
            if not result["success"]:
                return result
            scheduled = result["block"]
            yield self._clock.after(operation.delay)
            result = yield from self._send(operation.caller, message)
            result["scheduled_block"] = scheduled
        return result

    def _send(self, sender: bytes, message: Message) -> Process:
        chain, (to, data) = self._chain, message
        cap, tx = 20 * chain.next_base_fee + TIP, None
        try:
            tx = chain.send(sender, to, data, gas=GAS, tip=TIP, max_fee=cap)
            receipt = yield chain.included(tx)
        except InvalidTransaction as error:  # refused at once, or dropped while it waited
            return {"success": False, "reason": str(error), "block": None, "transaction": tx}
        reason = "" if receipt.success else self._deployment.reverts.decode_revert(receipt.output)
        return {
            "success": receipt.success,
            "reason": reason,
            "block": receipt.block,
            "timestamp": self._clock.now,
            "transaction": tx,
        }
