"""The audit: the whole control list, each control with its verdict and its exceptions.

A control compares what stands on chain, in a statement or in the monitoring with what the register
and the change store say it should be. A control that could not look is an exception too.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from twin.desk.port import Desk
from twin.errors import NoData, Reverted
from twin.procedures.routine.state import FEE_KINDS, difference, live_parameters

__all__ = ["CONTROLS", "audit"]

DAY = 86_400
STEERED = frozenset(f"fee.{kind}.fee" for kind in FEE_KINDS)
"""Parameters that a steward moves inside approved bounds: the bounds are audited, not the value."""

Control = Callable[[Desk], list[str]]


def _supply(desk: Desk) -> list[str]:
    """Supply is what was issued less what was taken back; PT stay below the cap."""
    view = desk.at()
    found = []
    pt, minted, burned = (
        view.read("PaymentToken", name) for name in ("totalSupply", "totalMinted", "totalBurned")
    )
    if pt != minted - burned:
        found.append(f"PT: supply {pt}, minted {minted} less burned {burned}")
    if pt > view.read("PaymentToken", "cap"):
        found.append(f"PT: supply {pt} is above the cap")
    ft, issued, retired, reverted = (
        view.read("FoundationToken", name)
        for name in ("totalSupply", "totalIssued", "totalRetired", "totalReversed")
    )
    if ft != issued - retired - reverted:
        found.append(f"FT: supply {ft}, issued {issued}, retired {retired}, reversed {reverted}")
    logged = sum(log.args["amount"] for log in view.logs("FoundationToken", "Issued", since=0))
    if logged != issued:
        found.append(f"FT: events say {logged} were issued, the contract {issued}")
    return found


def _reserve(desk: Desk) -> list[str]:
    """The reserve's stable is there, attested holdings are current, coverage is what it says."""
    view, found = desk.at(), []
    address = desk.register.address("Reserve")
    booked = view.read("Reserve", "holding", 0)[0]
    held = view.read("StableAsset", "balanceOf", address)
    if held < booked:
        found.append(f"the reserve books {booked} stable and holds {held}")
    for index, asset in ((1, "bills"), (2, "gold")):
        amount, _attested, expiry = view.read("Reserve", "holding", index)[:3]
        if amount and expiry < desk.now:
            found.append(f"the attestation of {asset} ran out {desk.now - expiry} s ago")
    return found


def _custody(desk: Desk) -> list[str]:
    """Every bank and custodian has a statement that is a few days old at most."""
    found = []
    for bank, account in desk.banks.accounts():
        try:
            age = desk.now - desk.banks.statement(bank, account).as_of
        except NoData as error:
            found.append(f"{bank} {account}: {error}")
            continue
        if age > 5 * DAY:
            found.append(f"{bank} {account}: the statement is {age // DAY} days old")
    for custodian in desk.custody.names():
        try:
            age = desk.now - desk.custody.statement(custodian).as_of
        except NoData as error:
            found.append(f"{custodian}: {error}")
            continue
        if age > 5 * DAY:
            found.append(f"{custodian}: the statement is {age // DAY} days old")
    return found


def _roles(desk: Desk) -> list[str]:
    """Who holds a role is who the register names, no more and no fewer."""
    view, holders = desk.at(), desk.register.holders()
    held: set[tuple[int, bytes]] = set()
    for log in view.logs("Authority", "RoleGranted", since=0):
        held.add((log.args["roleId"], log.args["account"]))
    asked = held | {(role, account) for role, accounts in holders.items() for account in accounts}
    found = []
    for role, account in sorted(asked):
        has = view.read("Authority", "hasRole", role, account)[0]
        approved = account in holders.get(role, ())
        if has and not approved:
            found.append(
                f"orphan role: 0x{account.hex()} holds role {role}, the register has it not"
            )
        if approved and not has:
            found.append(f"missing role: 0x{account.hex()} should hold role {role}")
    return found


def _parameters(desk: Desk) -> list[str]:
    """Every parameter is what was approved, or what a recorded change made it."""
    live = live_parameters(desk)
    approved = {name: value for name, value in desk.register.parameters().items() if name in live}
    for entry in desk.stores.entries("change"):
        if entry.state in {"done", "executed", "closed"}:
            intended: Mapping[str, Any] = entry.data.get("intended") or {}
            approved |= {name: value for name, value in intended.items() if name in live}
    found = [
        f"{name}: approved {wanted}, on chain {got}"
        for name, (wanted, got) in difference(
            approved, {name: live[name] for name in approved}
        ).items()
        if name not in STEERED
    ]
    for kind in FEE_KINDS:
        fee, low, high = (live[f"fee.{kind}.{part}"] for part in ("fee", "min", "max"))
        if not low <= fee <= high:
            found.append(f"fee.{kind}: {fee} is outside {low}..{high}")
    return found


def _code(desk: Desk) -> list[str]:
    """The code that stands at each address is the code that was approved."""
    view = desk.at()
    return [
        f"{name}: the code is not the approved one"
        for name, code_hash in desk.register.contracts().items()
        if view.account(desk.register.address(name)).code_hash != code_hash
    ]


def _rules(desk: Desk) -> list[str]:
    """Rules are loaded, read metrics that there are, and page somebody for the worst domains."""
    rules = desk.alerts.rules()
    if not rules:
        return ["no alert rule is loaded"]
    found = []
    known: dict[str, bool] = {}
    for rule in rules:
        for name in rule.metrics:
            if name not in known:
                known[name] = bool(desk.metrics.query(f"count(last_over_time({name}[2h]))"))
    for rule in rules:
        blind = [
            name for name in rule.metrics if not known[name] and not name.startswith("fictra_check")
        ]
        if blind:
            found.append(f"{rule.name} reads {', '.join(blind)}, of which there is no sample")
    paging = {rule.domain for rule in rules if rule.severity in {"P1", "P2", "P3"}}
    found += [f"nothing pages for {name}" for name in ("oracle", "pool") if name not in paging]
    return found


def _checks(desk: Desk) -> list[str]:
    """Every check ran within three times the interval that it promises, and could look."""
    late = desk.metrics.query(
        "time() - last_over_time(fictra_check_last_run_timestamp_seconds[2h])"
        " > 3 * last_over_time(fictra_check_interval_seconds[2h])"
    )
    blind = desk.metrics.query(
        'last_over_time(fictra_check_problems{item=~"no-data|failed"}[2h]) > 0'
    )
    return [
        *(f"{labels['procedure']} last ran {round(value)} s ago" for labels, value in late),
        *(f"{labels['procedure']} could not look: {labels['item']}" for labels, _value in blind),
    ]


def _evidence(desk: Desk) -> list[str]:
    """The chain of evidence is whole."""
    return [] if desk.evidence.intact() else ["the chain of evidence is broken"]


CONTROLS: Mapping[str, Control] = {
    "supply": _supply,
    "reserve": _reserve,
    "custody": _custody,
    "roles": _roles,
    "parameters": _parameters,
    "code": _code,
    "rules": _rules,
    "checks": _checks,
    "evidence": _evidence,
}
"""The control list, in the order of the audit pack."""


def audit(desk: Desk) -> dict[str, Any]:
    """Run every control; return exceptions by control, and the controls that could not look."""
    exceptions: dict[str, list[str]] = {}
    unread: dict[str, str] = {}
    for name, control in CONTROLS.items():
        try:
            exceptions[name] = control(desk)
        except (NoData, Reverted) as error:
            unread[name] = str(error)
    return {"block": desk.at().block, "exceptions": exceptions, "unread": unread}
