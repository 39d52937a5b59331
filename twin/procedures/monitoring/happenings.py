"""What the chain tells of power and of large moves: events, each with the reason why it is in order.

An event is in order when the register, the timelock or an incident of ours explains it. What none
of them explains is a problem, by the name of an item. The lists of contracts and roles here are
those of the deployment; a test holds them against it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from twin.desk.port import Desk, LogRecord, View
from twin.errors import UnknownName

__all__ = [
    "CONTRACTS",
    "MANAGED",
    "ROLES",
    "STOPPABLE",
    "Event",
    "approved",
    "happenings",
    "holders",
]

PPM = 1_000_000

ROLES = (
    "admin", "governance", "fee_steward", "issuer", "oracle_admin", "reserve_manager",
    "compliance", "pauser", "unpauser", "allocator", "arbiter", "attestor", "minter",
)  # fmt: skip
"""The roles of Authority, each in the place of its id."""

STOPPABLE = (
    "PaymentToken", "FoundationToken", "OracleNetwork", "AllocationBook", "LiquidityPool",
    "Settlement", "Conversion", "Reserve",
)  # fmt: skip
"""The contracts with a brake."""

MANAGED = (*STOPPABLE, "ParticipantRegistry", "FeeSchedule")
"""The contracts that obey Authority."""

CONTRACTS = (
    *MANAGED, "Authority", "Multicall3", "StableAsset", "FictraTimelock", "FictraGovernor",
)  # fmt: skip
"""Every contract of ours, the outside stable coin included."""

CONTROL = (
    "RoleAdminChanged", "RoleGuardianChanged", "RoleGrantDelayChanged", "TargetAdminDelayUpdated",
    "TargetClosed", "TargetFunctionRoleUpdated",
)  # fmt: skip
"""Events of Authority by which control itself changes."""


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened; *item* names the problem, "" where *why* explains it."""

    at: int
    block: int
    what: str
    about: Mapping[str, Any]
    item: str
    why: str

    def record(self) -> dict[str, Any]:
        """Return it for the evidence."""
        return {"at": self.at, "block": self.block, "what": self.what, "about": dict(self.about),
                "item": self.item, "why": self.why}  # fmt: skip


def approved(desk: Desk, label: str) -> tuple[tuple[bytes, int], ...]:
    """Return the (account, delay) pairs that the register approves for the role *label*."""
    try:
        found: tuple[tuple[bytes, int], ...] = desk.register.parameter(f"access.role.{label}")
    except UnknownName:
        return ()
    return found


def holders(view: View, *, genesis: bool = True) -> dict[tuple[int, bytes], tuple[int, LogRecord]]:
    """Return who holds a role now, by (role id, account): delay and the grant that gave it.

    Without *genesis* only what was granted after block 0.
    """
    grants = view.logs("Authority", "RoleGranted", since=0)
    gone = view.logs("Authority", "RoleRevoked", since=0)
    held: dict[tuple[int, bytes], tuple[int, LogRecord]] = {}
    # A grant and a revocation of one block: the revocation counts, as the later of the two would
    # be told apart by hasRole, which MS3 asks.
    for record in sorted((*grants, *gone), key=lambda item: (item.block, item.event)):
        key = record.args["roleId"], record.args["account"]
        if record.event == "RoleRevoked":
            held.pop(key, None)
        elif genesis or record.block:
            held[key] = record.args["delay"], record
    return held


def _hex(value: Any) -> Any:
    return "0x" + value.hex() if isinstance(value, bytes) else value


def _event(record: LogRecord, item: str, why: str, **more: Any) -> Event:
    about = {
        name: _hex(value)
        for name, value in record.args.items()
        if isinstance(value, (int, str, bytes, bool)) and len(str(value)) <= 200
    }
    return Event(record.timestamp, record.block, f"{record.contract}.{record.event}",
                 {**about, **more}, item, why)  # fmt: skip


def _label(role: int) -> str:
    return ROLES[role] if role < len(ROLES) else f"role {role}"


def _roles(desk: Desk, view: View, governed: set[int]) -> Iterator[Event]:
    """Grants that stand and are in no register, registered holders who lost their role."""
    for (role, account), (delay, record) in holders(view, genesis=False).items():
        known = dict(approved(desk, _label(role)))
        if account in known and delay >= known[account]:
            yield _event(record, "", "the register approves it", role=_label(role))
        elif record.block in governed:
            yield _event(record, "", "governance executed it", role=_label(role))
        else:
            yield _event(record, "grant", "in no register", role=_label(role))
    held = holders(view)
    for record in view.logs("Authority", "RoleRevoked", since=0):
        role, account = record.args["roleId"], record.args["account"]
        lost = account in dict(approved(desk, _label(role))) and (role, account) not in held
        if lost and record.block and record.block not in governed:
            yield _event(record, "revoke", "a registered holder lost it", role=_label(role))
    for name in ("RoleGranted", "RoleRevoked"):
        for record in view.logs("FictraTimelock", name, since=0):
            if record.block and record.block not in governed:
                yield _event(record, "grant", "a role of the timelock changed hands")


def _control(view: View, since: int, governed: set[int]) -> Iterator[Event]:
    """Who decides who decides: changes of control, of ownership, of the authority."""
    places = [("Authority", name) for name in CONTROL]
    places += [(name, "AuthorityUpdated") for name in MANAGED]
    places += [("StableAsset", "OwnershipTransferred"), ("FictraTimelock", "MinDelayChange")]
    for contract, name in places:
        for record in view.logs(contract, name, since=since):
            if not record.block:
                continue
            known = record.block in governed
            why = "governance executed it" if known else "no decision of governance behind it"
            yield _event(record, "" if known else "control", why)


def _operations(desk: Desk, view: View, since: int) -> Iterator[Event]:
    """Operations that are scheduled, executed or cancelled on Authority."""
    accounts = {account for label in ROLES for account, _delay in approved(desk, label)}
    for record in view.logs("Authority", "OperationScheduled", since=since):
        known = record.args["caller"] in accounts
        why = "a registered holder asked for it" if known else "asked for by a stranger"
        yield _event(record, "" if known else "operation", why, ready=record.args["schedule"])
    for record in view.logs("Authority", "OperationExecuted", since=since):
        yield _event(record, "", "its time had come")
    for record in view.logs("Authority", "OperationCanceled", since=since):
        yield _event(record, "cancel", "somebody stopped a scheduled operation")


def _governance(desk: Desk, view: View, since: int) -> Iterator[Event]:
    """Proposals, and what the timelock queued, executed or cancelled."""
    delay = desk.register.parameter("governance.timelock_delay")
    queued = {
        record.args["id"]: record
        for record in view.logs("FictraTimelock", "CallScheduled", since=since - 30 * 86_400)
    }
    for record in view.logs("FictraGovernor", "ProposalCreated", since=since):
        yield _event(record, "", "a proposal in the open: read it before it is voted on")
    for record in queued.values():
        if record.timestamp >= since:
            yield _event(record, "", "governance queued it")
    for record in view.logs("FictraTimelock", "CallExecuted", since=since):
        first = queued.get(record.args["id"])
        late = first is not None and record.timestamp - first.timestamp >= delay
        why = "it waited out the timelock" if late else "it did not wait out the timelock"
        yield _event(record, "" if late else "hasty", why)
    for record in view.logs("FictraTimelock", "Cancelled", since=since):
        yield _event(record, "cancel", "somebody stopped what governance queued")


def _brakes(desk: Desk, view: View, since: int) -> Iterator[Event]:
    """Brakes that were pulled or released: by whom, and in which incident."""
    incidents = desk.incidents.all()
    for contract in STOPPABLE:
        for name, label in (("Paused", "pauser"), ("Unpaused", "unpauser")):
            for record in view.logs(contract, name, since=since):
                at = record.timestamp
                if record.args["account"] not in dict(approved(desk, label)):
                    yield _event(record, "pause", f"by somebody who is no {label}")
                    continue
                case = [
                    item.id for item in incidents
                    if item.opened <= at and (item.closed is None or at <= item.closed)
                ]  # fmt: skip
                why = f"in {case[0]}" if case else "no incident was open"
                yield _event(record, "" if case else "pause", why)


def _approved(desk: Desk, target: bytes, amount: int) -> bool:
    """Say whether TF4 approved a transfer of *amount* FT wei to *target* within the last month."""
    for item in desk.evidence.of("TF4", since=max(0, desk.now - 30 * 86_400)):
        for answer in desk.evidence.data(item.ref).get("answers", ()):
            to = bytes.fromhex(str(answer["target"]).removeprefix("0x"))
            if answer["approved"] and (to, answer["amount"]) == (target, amount):
                return True
    return False


def _transfers(desk: Desk, view: View, since: int, large_ppm: int) -> Iterator[Event]:
    """Moves between outsiders of more than *large_ppm* of a token's supply that TF4 did not approve."""
    ours = {desk.register.address(name) for name in CONTRACTS} | {bytes(20)}
    for token in ("PaymentToken", "StableAsset", "FoundationToken"):
        least = view.read(token, "totalSupply") * large_ppm // PPM
        for record in view.logs(token, "Transfer", since=since):
            args = record.args
            if args["value"] <= least or args["from"] in ours or args["to"] in ours:
                continue
            known = record.contract == "FoundationToken" and _approved(
                desk, args["to"], args["value"]
            )
            if not known:
                yield _event(record, "transfer", "larger than any ordinary move", least=least)


def happenings(
    desk: Desk, view: View, *, window: int, transfer_window: int, large_ppm: int
) -> list[Event]:
    """Return what happened in the last *window* seconds, and every grant that still stands."""
    since = max(0, desk.now - window)
    executed = view.logs("FictraTimelock", "CallExecuted", since=0)
    governed = {record.block for record in executed}
    found = [
        *_roles(desk, view, governed),
        *_control(view, since, governed),
        *_operations(desk, view, since),
        *_governance(desk, view, since),
        *_brakes(desk, view, since),
        *_transfers(desk, view, max(0, desk.now - transfer_window), large_ppm),
    ]
    return sorted(found, key=lambda item: (item.at, item.what))
