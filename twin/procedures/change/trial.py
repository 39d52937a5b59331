"""A change tried out on a copy of the public chain state: exact calldata, and what it moves.

The picture that is compared holds every parameter with a getter, holdings and supplies, roles,
brakes, and which contract each contract is wired to.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from twin.desk.port import Desk, Fork
from twin.errors import NoData
from twin.procedures.change.plan import Call
from twin.procedures.routine.proposals import roles_held
from twin.procedures.routine.state import (
    difference,
    fork_parameters,
    holdings,
    live_parameters,
)

__all__ = ["PAUSABLE", "Trial", "apply", "caller_of", "live_picture", "picture", "try_out"]

PAUSABLE = ("AllocationBook", "Conversion", "LiquidityPool", "OracleNetwork", "PaymentToken",
            "Reserve", "Settlement")  # fmt: skip
WIRES = (
    ("AllocationBook", "oracle"), ("Conversion", "feeSchedule"), ("Conversion", "oracle"),
    ("Conversion", "treasury"), ("LiquidityPool", "feeSchedule"), ("Reserve", "feeSchedule"),
    ("Reserve", "oracle"), ("Reserve", "treasury"), ("Settlement", "feeSchedule"),
    ("Settlement", "oracle"), ("Settlement", "treasury"),
)  # fmt: skip
"""Which address each contract trusts, by the getter that says it."""


@dataclass(frozen=True, slots=True)
class Trial:
    """What a trial gave: the *results* of the calls, the *diff*, *gas*, *seconds*, and the copy."""

    results: list[dict[str, Any]]
    diff: dict[str, list[Any]]
    before: dict[str, Any]
    after: dict[str, Any]
    seconds: int
    fork: Fork

    @property
    def gas(self) -> int:
        """What all calls used."""
        used = 0
        for one in self.results:
            used += one["gas"]
        return used

    @property
    def success(self) -> bool:
        """Whether every call went through."""
        return all(one["success"] for one in self.results)


def caller_of(desk: Desk, authority: str) -> tuple[bytes, int]:
    """Return the account of *authority* and the seconds its calls wait; NoData where none is."""
    account = desk.register.address(authority)
    if authority == "treasury":
        return account, 0
    for holder, delay in desk.register.parameter(f"access.role.{authority}"):
        if holder == account:
            return account, delay
    raise NoData(f"the register says of no account that it acts as {authority}")


def _accounts(desk: Desk, calls: Sequence[Call]) -> list[bytes]:
    """Return everybody a role could move to or from: holders, and the addresses named."""
    named = {call.to for call in calls}
    for call in calls:
        named |= {arg for arg in call.args if isinstance(arg, bytes) and len(arg) == 20}
    for holders in desk.register.holders().values():
        named |= set(holders)
    return sorted(named)


def _about(read: Any, accounts: Sequence[bytes]) -> dict[str, Any]:
    found: dict[str, Any] = dict(roles_held(read, accounts))
    found |= {f"paused.{name}": bool(read(name, "paused")) for name in PAUSABLE}
    for contract, getter in WIRES:
        found[f"wire.{contract}.{getter}"] = "0x" + read(contract, getter).hex()
    return found


def picture(desk: Desk, fork: Fork, calls: Sequence[Call]) -> dict[str, Any]:
    """Return the state of *fork* by name."""
    return {
        **fork_parameters(desk, fork), **holdings(fork.read, desk),
        **_about(fork.read, _accounts(desk, calls)),
    }  # fmt: skip


def live_picture(desk: Desk, names: Sequence[str]) -> dict[str, Any]:
    """Return what the chain says of *names* now, None where nothing says it."""
    read = desk.at().read
    found: dict[str, Any] = dict(live_parameters(desk))
    if any(name.startswith(("held.", "supply.")) for name in names):
        found |= holdings(read, desk)
    if any(name.startswith(("role.", "paused.", "wire.")) for name in names):
        accounts = {_holder(name) for name in names if name.startswith("role.")}
        found |= _about(read, sorted(accounts))
    return {name: found.get(name) for name in names}


def _holder(name: str) -> bytes:
    return bytes.fromhex(name.rpartition(".0x")[2])


def apply(desk: Desk, fork: Fork, *, authority: str, calls: Sequence[Call]) -> list[dict[str, Any]]:
    """Send *calls* on *fork* as they are in the name of *authority*; stop where one fails.

    A delayed authority schedules all of them, lets its delay pass, and executes them.
    """
    account, delay = caller_of(desk, authority)
    results: list[dict[str, Any]] = []

    def sent(call: Call, stage: str) -> bool:
        if stage == "send":
            done = fork.send(account, call.to, call.data)
        else:
            args = (call.to, call.data, 0) if stage == "schedule" else (call.to, call.data)
            done = fork.call(account, "Authority", stage, args)
        results.append({"call": call.name, "stage": stage, "success": done.success,
                        "gas": done.gas_used, "reason": done.reason})  # fmt: skip
        return done.success

    if not delay:
        all(sent(call, "send") for call in calls)
        return results
    ripe = fork.now
    for call in calls:
        when = _scheduled(fork, account, call)
        if not when and not sent(call, "schedule"):
            return results
        ripe = max(ripe, when or fork.now + delay)
    fork.wait(max(0, ripe - fork.now))
    all(sent(call, "execute") for call in calls)
    return results


def _scheduled(fork: Fork, account: bytes, call: Call) -> int:
    """Return from when on a call that was scheduled on chain already may be executed, or 0."""
    operation = fork.read("Authority", "hashOperation", account, call.to, call.data)
    return int(fork.read("Authority", "getSchedule", operation))


def try_out(
    desk: Desk, plan: Mapping[str, Any], calls: Sequence[Call], *, fork: Fork | None = None
) -> Trial:
    """Carry *calls* out on a copy (or on *fork*), and take the difference of the pictures."""
    copy = fork or desk.lab.fork("trial of a change")
    before, began = picture(desk, copy, calls), copy.now
    results = apply(desk, copy, authority=plan["authority"], calls=calls)
    after = picture(desk, copy, calls)
    return Trial(results, difference(before, after), before, after, copy.now - began, copy)
