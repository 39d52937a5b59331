"""Is what stands on the chain what the manifest says? Code, roles and their functions.

A manifest is a claim. Before anybody acts by it, the code at each address must be that of the
artifact, the roles must be held by those of the register and by nobody else, and each restricted
function must belong to its role. What is found is told in full, one line each.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Protocol

from twin.chain.codec import keccak
from twin.protocol.manifest import Deployment
from twin.protocol.roles import Role, role_named
from twin.protocol.wiring import WIRING

__all__ = ["discrepancies", "holders_on_chain"]


class _Happened(Protocol):
    @property
    def args(self) -> Mapping[str, Any]: ...


class _View(Protocol):
    """The contracts at one block, with their history; `ReaderAt` is one."""

    @property
    def deployment(self) -> Deployment: ...

    def read(self, contract: str, function: str, *args: Any) -> Any: ...

    def logs(self, contract: str, event: str, *, since: int) -> Iterable[_Happened]: ...


class _Code(Protocol):
    def __call__(self, address: bytes, /) -> bytes: ...


def discrepancies(view: _View, code: _Code) -> list[str]:
    """Return what at *view* is not as its deployment's manifest says; *code* reads code.

    The list is empty where all is well: code, function roles, and the holders of every role.
    """
    deployment = view.deployment
    return [*_code(deployment, code), *_functions(view), *_holders(view)]


def _code(deployment: Deployment, read: _Code) -> Iterator[str]:
    for name, contract in deployment.contracts.items():
        found = read(contract.address)
        where = f"{name} at 0x{contract.address.hex()}"
        if not found:
            yield f"{where} has no code"
        elif not contract.artifact.runs_as(found):
            yield f"{where} runs other code than its artifact {contract.artifact.name}"
        elif keccak(found) != deployment.code_hashes[name]:
            yield f"{where} was created with other immutables than the manifest's code hash"


def _functions(view: _View) -> Iterator[str]:
    deployment = view.deployment
    for wire in WIRING:
        contract = deployment.contract(wire.contract)
        for name in wire.functions:
            args = contract.address, contract.fn(name).selector
            role = view.read("Authority", "getTargetFunctionRole", *args)
            if role != wire.role:
                yield f"{wire.contract}.{name} belongs to role {role}, not to {wire.role.label}"


def _holders(view: _View) -> Iterator[str]:
    register_of = {
        int(role_named(name)): {grant.account: grant.delay for grant in grants}
        for name, grants in view.deployment.holders.items()
    }
    on_chain = holders_on_chain(view)
    labels = {int(role): role.label for role in Role}
    for number in sorted({*register_of, *on_chain}):
        label = labels.get(number, str(number))
        wanted, held = register_of.get(number, {}), on_chain.get(number, {})
        for account in sorted({*wanted, *held}):
            who = f"0x{account.hex()}"
            if account not in wanted:
                yield f"{who} holds the role {label} and is not in the register"
            elif account not in held:
                yield f"{who} of the register does not hold the role {label}"
            elif wanted[account] != held[account]:
                yield f"{who} holds {label} with delay {held[account]}, not {wanted[account]}"


def holders_on_chain(view: _View) -> dict[int, dict[bytes, int]]:
    """Return who holds each role by number, with the delay, from the whole history of grants.

    The history says who ever could; the chain then says who does.
    """
    ever: dict[int, set[bytes]] = {}
    for happened in view.logs("Authority", "RoleGranted", since=0):
        ever.setdefault(happened.args["roleId"], set()).add(happened.args["account"])
    found: dict[int, dict[bytes, int]] = {}
    for number, accounts in sorted(ever.items()):
        for account in sorted(accounts):
            member, delay = view.read("Authority", "hasRole", number, account)
            if member:
                found.setdefault(number, {})[account] = delay
    return found
