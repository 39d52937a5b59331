"""The rehearsal of playbooks: prepared calldata is sent on a copy of today's chain, pair by pair."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from twin.desk.port import Desk, Fork, PreparedCall
from twin.errors import Reverted, UnknownName
from twin.procedures.incident.response import BRAKES

__all__ = ["rehearse"]

UNAUTHORISED = "AccessManagedUnauthorized"


def _known(desk: Desk, call: PreparedCall) -> str | None:
    """Return why the prepared call is not what it says it is, or None."""
    decoded = desk.at().decode(call.to, call.data)
    if decoded is None:
        return f"no contract of ours takes this calldata at 0x{call.to.hex()}"
    meant = (call.contract, call.function)
    if (decoded.contract, decoded.function) != meant:
        return f"it calls {decoded.contract}.{decoded.function}, not {'.'.join(meant)}"
    try:
        account = desk.register.address(call.authority)
    except UnknownName:
        return f"the register has no account for {call.authority}"
    if account != call.sender:
        return f"0x{call.sender.hex()} is to sign, the register names 0x{account.hex()}"
    return None


def _ready(fork: Fork, call: PreparedCall, by_name: dict[str, str]) -> str | None:
    """Bring the copy into the state that *call* is for; return why that cannot be, or None."""
    if bool(fork.read(call.contract, "paused")) is not call.paused:
        return None
    role, function = ("unpauser", "unpause") if call.paused else ("pauser", "pause")
    try:
        done = fork.act(role, call.contract, function, ())
    except (UnknownName, Reverted) as error:
        return str(error)
    by_name[call.contract] = done.reason
    return None if done.success else done.reason


def _row(desk: Desk, fork: Fork, call: PreparedCall) -> dict[str, Any]:
    """Return how the rehearsal of one call went: *item* names what is wrong with it, if anything."""
    row: dict[str, Any] = {
        "id": call.id, "contract": call.contract, "authority": call.authority,
        "age": desk.now - call.prepared, "item": None, "why": "", "gas": 0,
    }  # fmt: skip
    if wrong := _known(desk, call):
        return row | {"item": "stale-calldata", "why": wrong}
    if wrong := _ready(fork, call, {}):
        return row | {"item": "blocked", "why": f"cannot be tried: {wrong}"}
    done = fork.send(call.sender, call.to, call.data)
    row |= {"gas": done.gas_used, "why": done.reason}
    if not done.success:
        missing = UNAUTHORISED in done.reason
        return row | {"item": "missing-role" if missing else "fails"}
    if bool(fork.read(call.contract, "paused")) is not call.paused:
        return row | {"item": "no-effect", "why": f"paused is still {not call.paused}"}
    return row


def rehearse(desk: Desk, calls: Sequence[PreparedCall]) -> dict[str, Any]:
    """Return the pass matrix: a row of each call, and the brakes that nothing is prepared for."""
    fork = desk.lab.fork("rehearsal of prepared calls")
    rows = [_row(desk, fork, call) for call in calls]
    held = {call.contract for call in calls if call.paused}
    wanted = {brake.contract for brake in BRAKES.values()}
    return {"block": desk.at().block, "rows": rows, "unprepared": sorted(wanted - held)}
