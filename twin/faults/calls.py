"""Faults by a key: somebody who holds it makes calls that nobody approved."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

from pydantic import Field

from twin.chain.codec import keccak
from twin.errors import UsageError
from twin.faults.port import Fault, FaultParams, Surfaces
from twin.protocol.operations import operation_of
from twin.protocol.roles import account_of
from twin.services.services import Services

__all__ = ["RogueCalls"]

GAS, TIP = 2_000_000, 50 * 10**9

Value = int | str | bool | list[Any]


class CallSpec(FaultParams):
    """One call.

    *args* may hold `@NAME` (a contract's or an account's address), `feed:NAME`, `hash:TEXT`,
    `text:TEXT`, `+SECONDS` (from now) and hexadecimal bytes.
    """

    contract: str
    function: str
    args: tuple[Value, ...] = ()


class RogueParams(FaultParams):
    """*caller* (a role, or the name of an agent) makes *calls*, and *undo* when the fault ends.

    A role with an execution delay schedules a call first and executes it when its time has come.
    """

    caller: str
    calls: tuple[CallSpec, ...] = Field(min_length=1)
    undo: tuple[CallSpec, ...] = ()


class RogueCalls(Fault):
    """A key does what its holder never decided (Ronin, 2022-03-23), or its holder does."""

    kind: ClassVar[str] = "rogue-calls"
    Params: ClassVar[type[FaultParams]] = RogueParams
    params: RogueParams

    def place(self) -> str:
        """What is called until it is undone; a call that nothing undoes holds no place."""
        if not self.params.undo:
            return f"a call of its own, {id(self)}"
        first = self.params.calls[0]
        return f"{first.contract}.{first.function}{first.args} by {self.params.caller}"

    def check(self, surfaces: Surfaces) -> None:
        """Everything that is named is there."""
        for call in (*self.params.calls, *self.params.undo):
            _arguments(_services(surfaces), call)
            _services(surfaces).deployment.contract(call.contract)

    def begin(self, surfaces: Surfaces) -> str:
        """Make the calls."""
        return self._make(_services(surfaces), self.params.calls)

    def end(self, surfaces: Surfaces) -> str:
        """Make the calls that undo it."""
        return self._make(_services(surfaces), self.params.undo)

    def _make(self, services: Services, calls: tuple[CallSpec, ...]) -> str:
        for call in calls:
            self._send(services, call)
        made = ", ".join(f"{call.contract}.{call.function}" for call in calls)
        return f"{self.params.caller} calls {made or 'nothing'}"

    def _send(self, services: Services, call: CallSpec) -> None:
        chain, deployment, args = services.chain, services.deployment, _arguments(services, call)
        if self.params.caller not in deployment.roles:
            target = deployment.contract(call.contract)
            data = target.encode(call.function, *args)
            chain.send(account_of(self.params.caller), target.address, data, gas=GAS, tip=TIP)
            return
        what = operation_of(
            deployment,
            self.params.caller,
            contract=call.contract,
            function=call.function,
            args=args,
        )
        first, *later = what.messages
        chain.send(what.caller, *first, gas=GAS, tip=TIP)
        for message in later:
            when = services.clock.now + what.delay + 60

            def execute(message: tuple[bytes, bytes] = message) -> None:
                chain.send(what.caller, *message, gas=GAS, tip=TIP)

            services.clock.call_at(when, execute)


def _services(surfaces: Surfaces) -> Services:
    if surfaces.services is None:
        raise UsageError("rogue-calls: this world has no chain that a fault may call")
    return surfaces.services


def _arguments(services: Services, call: CallSpec) -> tuple[Any, ...]:
    return tuple(_argument(services, value) for value in call.args)


def _argument(services: Services, value: Value) -> Any:
    if isinstance(value, list):
        return [_argument(services, item) for item in value]
    if not isinstance(value, str):
        return value
    deployment = services.deployment
    kind, _, name = value.partition(":")
    known: dict[str, Callable[[], Any]] = {
        "feed": lambda: deployment.feeds[name],
        "hash": lambda: keccak(name.encode()),
        "text": lambda: name,
    }
    found: Any = None
    if value.startswith("@"):
        contract = deployment.contracts.get(value[1:])
        found = account_of(value[1:]) if contract is None else contract.address
    elif value.startswith("0x"):
        found = bytes.fromhex(value[2:])
    elif value.startswith("+") and value[1:].isdigit():
        found = services.clock.now + int(value[1:])
    elif kind in known and (kind != "feed" or name in deployment.feeds):
        found = known[kind]()
    if found is None:
        raise UsageError(
            f"rogue-calls: {value!r} is none of @NAME, feed:NAME, hash:TEXT, text:TEXT, +SECONDS, 0x.."
        )
    return found
