"""Restoring backups: each kind fetched, checked, loaded into an empty twin and compared."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from twin.desk.port import BACKUP_KINDS, BackupFile, Desk
from twin.desk.records import verify
from twin.errors import CrashError, NoData, UnknownName

__all__ = ["newest", "restored"]

Problems = dict[str, list[str]]


def newest(desk: Desk) -> dict[str, Any]:
    """Return the newest file of each kind, its age, and the seconds that its transfer takes."""
    found: dict[str, Any] = {}
    for kind in BACKUP_KINDS:
        files = desk.services.backups.catalog(kind)
        last = files[-1] if files else None
        found[kind] = last and {
            "name": last.name, "age": desk.now - last.taken_at, "block": last.block,
            "size": last.size, "transfer": desk.services.backups.transfer(last.name),
            "kept": len(files),
        }  # fmt: skip
    return found


def restored(desk: Desk, names: Mapping[str, str]) -> dict[str, Any]:
    """Restore the file of each kind in *names* and say what is wrong with it, by item.

    The state goes into an empty engine of the lab; its root must be the one that the chain had.
    """
    problems: Problems = {}
    facts: dict[str, Any] = {}
    for kind, name in names.items():
        about = next((one for one in desk.services.backups.catalog(kind) if one.name == name), None)
        if about is None:
            problems.setdefault("missing", []).append(f"{name} is no longer kept")
            continue
        try:
            text = desk.services.backups.read(name)
        except NoData as error:
            problems.setdefault("corrupt", []).append(str(error))
            continue
        digest = hashlib.sha256(text.encode()).hexdigest()
        if digest != about.digest:
            problems.setdefault("corrupt", []).append(f"{name} is not what its job logged")
        try:
            facts[kind] = _RESTORE[kind](desk, about, text, problems)
        except (AttributeError, CrashError, KeyError, TypeError, ValueError) as error:
            problems.setdefault("unusable", []).append(f"{name}: {error}")
    return {"facts": facts, "problems": problems}


def _state(desk: Desk, about: BackupFile, text: str, problems: Problems) -> dict[str, Any]:
    body = json.loads(text)
    found = desk.lab.restore(f"restore of {about.kind}", body["alloc"])
    if found.state_root != about.state_root:
        problems.setdefault("root", []).append(
            f"{about.name} restores to 0x{found.state_root.hex()}, the chain had "
            f"0x{about.state_root.hex()}"
        )
    return {"accounts": found.accounts, "slots": found.slots, "state_root": found.state_root}


def _deployment(desk: Desk, about: BackupFile, text: str, problems: Problems) -> dict[str, Any]:
    body, register = json.loads(text), desk.register
    wrong = []
    for contract, code_hash in register.contracts().items():
        has = body["contracts"].get(contract)
        if has is None:
            wrong.append(f"{contract} is not in it")
        elif bytes.fromhex(has["address"][2:]) != register.address(contract):
            wrong.append(f"{contract} stands elsewhere")
        elif bytes.fromhex(has["code_hash"][2:]) != code_hash:
            wrong.append(f"{contract} has other code")
    for name, value in register.parameters().items():
        if isinstance(value, int) and body["parameters"].get(name) != value:
            wrong.append(f"{name} is {body['parameters'].get(name)}, approved is {value}")
    for one in wrong:
        problems.setdefault("config", []).append(f"{about.name}: {one}")
    return {"contracts": len(body["contracts"]), "parameters": len(body["parameters"])}


ESCROWED = ("governance", "fee_steward", "issuer", "oracle_admin", "reserve_manager", "compliance",
            "pauser", "unpauser", "arbiter", "attestor")  # fmt: skip
"""The roles whose key must be restorable, where the register has them."""


def _held(desk: Desk, role: str) -> bool:
    try:
        desk.register.address(role)
    except UnknownName:
        return False
    return True


def _keyshares(desk: Desk, about: BackupFile, text: str, problems: Problems) -> dict[str, Any]:
    recovered: list[str] = []
    entries = json.loads(text)
    for role in ESCROWED:
        if role not in entries and _held(desk, role):
            problems.setdefault("keyshares", []).append(f"{about.name} says nothing of {role}")
    for role, entry in entries.items():
        if len(entry["shares"]) < entry["quorum"]:
            problems.setdefault("keyshares", []).append(f"{role}: fewer shares than the quorum")
            continue
        try:
            address = desk.services.backups.recover(role)
        except NoData as error:
            problems.setdefault("keyshares", []).append(str(error))
            continue
        if address != desk.register.address(role):
            problems.setdefault("keyshares", []).append(f"the key of {role} is another's")
        else:
            recovered.append(role)
    if not recovered:
        problems.setdefault("keyshares", []).append(f"{about.name} restores no key")
    return {"keys": recovered}


def _evidence(desk: Desk, about: BackupFile, text: str, problems: Problems) -> dict[str, Any]:
    """Prove every file of the chain that is kept: each begins where the one before ends."""
    files = desk.services.backups.catalog("evidence")
    records, before = 0, files[0].follows
    for file in files:
        lines = (
            text if file.name == about.name else desk.services.backups.read(file.name)
        ).splitlines()
        if file.follows != before:
            problems.setdefault("evidence", []).append(
                f"{file.name} does not follow the file before"
            )
        try:
            records += verify(lines, first=file.follows, last=file.last)
        except CrashError as error:
            problems.setdefault("evidence", []).append(f"{file.name}: {error}")
        before = file.last
    return {"files": len(files), "records": records}


_RESTORE = {
    "state": _state, "deployment": _deployment, "keyshares": _keyshares, "evidence": _evidence,
}  # fmt: skip
