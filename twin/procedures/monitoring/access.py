"""Access as it is beside access as it was approved: roles on chain, people, keys, quorums."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from twin.desk.port import Desk, Fork, View
from twin.desk.port.identities import Person
from twin.errors import TwinError, UnknownName
from twin.procedures.monitoring.happenings import ROLES, approved, holders
from twin.procedures.reading import read_all

__all__ = ["Difference", "chain_access", "iam_access", "revoke_test", "timelock_access"]

Difference = dict[str, Any]
"""A difference: its *item*, what it is about, and what should be."""


def _label(role: int) -> str:
    return ROLES[role] if role < len(ROLES) else f"role {role}"


def _named(people: dict[bytes, Person], account: bytes) -> str:
    person = people.get(account)
    if person is None:
        return "0x" + account.hex()
    return f"{person.name} ({person.status})"


def chain_access(
    desk: Desk, view: View, people: dict[bytes, Person]
) -> tuple[list[Difference], list[dict[str, Any]]]:
    """Return the differences between the roles on chain and the register, and the whole record.

    The logs say who was ever granted a role, `hasRole` says who has it: both are asked.
    """
    should = {(ROLES.index(label), account): delay for label in ROLES
              for account, delay in approved(desk, label)}  # fmt: skip
    logged = holders(view)
    everyone = sorted(should.keys() | logged.keys())
    answers = read_all(view, [("Authority", "hasRole", key) for key in everyone])
    wrong: list[Difference] = []
    record: list[dict[str, Any]] = []
    for key, (holds, delay) in zip(everyone, answers, strict=True):
        role, account = key
        about = {"role": _label(role), "account": account, "who": _named(people, account)}
        record.append({**about, "holds": holds, "approved": key in should})
        if holds and key not in should:
            wrong.append({"item": "role", **about, "should": "not hold it"})
        elif not holds and key in should:
            wrong.append({"item": "lost", **about, "should": "hold it"})
        elif holds and delay < should[key]:
            wrong.append({"item": "delay", **about, "delay": delay, "should": should[key]})
    return wrong, record


def timelock_access(desk: Desk, view: View, people: dict[bytes, Person]) -> list[Difference]:
    """Return who may propose, cancel, execute or administer at the timelock and should not."""
    names = ("PROPOSER_ROLE", "CANCELLER_ROLE", "EXECUTOR_ROLE", "DEFAULT_ADMIN_ROLE")
    ids = read_all(view, [("FictraTimelock", name, ()) for name in names])
    governor = desk.register.address("FictraGovernor")
    timelock = desk.register.address("FictraTimelock")
    should = dict(zip(ids, ({governor}, {governor}, {bytes(20)}, {timelock}), strict=True))
    granted = view.logs("FictraTimelock", "RoleGranted", since=0)
    pairs = sorted({(item.args["role"], item.args["account"]) for item in granted})
    answers = read_all(view, [("FictraTimelock", "hasRole", pair) for pair in pairs])
    return [
        {"item": "timelock", "role": names[ids.index(role)] if role in ids else "0x" + role.hex(),
         "account": account, "who": _named(people, account), "should": "not hold it"}
        for (role, account), holds in zip(pairs, answers, strict=True)
        if holds and account not in should.get(role, set())
    ]  # fmt: skip


def iam_access(desk: Desk) -> Iterator[Difference]:
    """Yield what the IAM export shows and the register does not approve."""
    register, iam = desk.register, desk.services.identities
    people = {item.name: item for item in iam.people()}
    listed = set(register.parameter("access.people"))
    keys = {key: (owner, tuple(scopes)) for key, owner, scopes in register.parameter("access.keys")}
    for person in people.values():
        if person.status == "active" and person.name not in listed:
            yield {"item": "person", "who": person.name, "should": "not have access"}
        if person.status == "active" and not person.mfa:
            yield {"item": "mfa", "who": person.name, "should": "have a second factor"}
    for key in iam.api_keys():
        if key.revoked:
            continue
        owner = people.get(key.owner)
        if owner is not None and owner.status == "left":
            yield {"item": "leaver", "key": key.id, "who": key.owner, "left": owner.left,
                   "last_used": key.last_used, "should": "be revoked"}  # fmt: skip
        elif key.id not in keys:
            yield {"item": "key", "key": key.id, "who": key.owner, "should": "not exist"}
        elif (key.owner, key.scopes) != keys[key.id]:
            yield {"item": "scope", "key": key.id, "who": key.owner, "scopes": list(key.scopes),
                   "should": list(keys[key.id][1])}  # fmt: skip
    for quorum in iam.quorums():
        yield from _quorum(desk, quorum.authority, quorum.threshold, quorum.owners, people)


def _quorum(
    desk: Desk, authority: str, threshold: int, owners: tuple[str, ...], people: dict[str, Person]
) -> Iterator[Difference]:
    try:
        needed, names = desk.register.parameter(f"access.quorum.{authority}")
    except UnknownName:
        yield {"item": "quorum", "authority": authority, "should": "not exist"}
        return
    if (threshold, set(owners)) != (needed, set(names)):
        yield {"item": "quorum", "authority": authority, "threshold": threshold,
               "owners": list(owners), "should": [needed, *names]}  # fmt: skip
    for owner in owners:
        if owner in people and people[owner].status == "left":
            yield {"item": "leaver", "authority": authority, "who": owner,
                   "should": "sign no more"}  # fmt: skip


def revoke_test(desk: Desk, fork: Fork) -> list[Difference]:
    """Take every role that an account holds from it on *fork*, and see that it is gone.

    The order is governance's, given by its timelock; a role that cannot be taken away is one that
    nobody could take back from a thief.
    """
    timelock = desk.register.address("FictraTimelock")
    wrong: list[Difference] = []
    for number, label in enumerate(ROLES):
        for account, _delay in approved(desk, label):
            if account == timelock:
                continue
            try:
                done = fork.call(timelock, "Authority", "revokeRole", (number, account))
                still = bool(fork.read("Authority", "hasRole", number, account)[0])
            except TwinError as error:
                wrong.append({"item": "revoke", "role": label, "account": account,
                              "reason": str(error), "should": "be revocable"})  # fmt: skip
                continue
            if still or not done.success:
                wrong.append({"item": "revoke", "role": label, "account": account,
                              "reason": done.reason, "should": "be revocable"})  # fmt: skip
    return wrong
