from __future__ import annotations

import re

import pytest

from twin.bundled import folder
from twin.chain.port import Log
from twin.errors import CrashError, UnknownName
from twin.protocol.artifacts import Artifacts
from twin.protocol.contract import Contract, creation_code
from twin.protocol.roles import ROLES, Role, account_of, address_of, key_of, role_named
from twin.protocol.wiring import STOPPABLE, WIRING

ARTIFACTS = Artifacts(folder("contracts_abi"))
HERE, ALICE = bytes([0xCC]) * 20, account_of("alice")
TOKEN = Contract("PaymentToken", HERE, ARTIFACTS["PaymentToken"])


def test_functions_by_name() -> None:
    data = TOKEN.encode("transfer", ALICE, 7)
    assert data[:4].hex() == "a9059cbb"
    assert TOKEN.decode("transfer", (1).to_bytes(32, "big")) == (True,)
    found = TOKEN.function_of(data)
    assert found is not None
    assert (found.name, found.decode_call(data)) == ("transfer", (ALICE, 7))
    assert TOKEN.function_of(b"\0\0\0\0") is None
    with pytest.raises(UnknownName, match=r"function of PaymentToken .* did you mean 'transfer'"):
        TOKEN.encode("transfr", ALICE, 7)


def test_logs_by_name() -> None:
    event = TOKEN.event("Transfer")
    topics = (event.topic0, bytes(32), bytes(12) + ALICE)
    log = Log(HERE, topics, (5).to_bytes(32, "big"))
    expected = ("Transfer", {"from": bytes(20), "to": ALICE, "value": 5})
    assert TOKEN.decode_log(log) == expected
    assert TOKEN.event_of(event.topic0) is event


@pytest.mark.parametrize(
    "log",
    [Log(ALICE, (TOKEN.event("Transfer").topic0,), b""), Log(HERE, (), b""), Log(HERE, (bytes(32),), b"")],
)  # fmt: skip
def test_a_log_of_somebody_else_is_none(log: Log) -> None:
    assert TOKEN.decode_log(log) is None


def test_constructor_arguments_follow_the_bytecode() -> None:
    artifact = ARTIFACTS["PaymentToken"]
    code = creation_code(artifact, ALICE, 9)
    assert code == artifact.bytecode + bytes(12) + ALICE + (9).to_bytes(32, "big")
    with pytest.raises(CrashError, match="constructor of PaymentToken: 1 arguments were given"):
        creation_code(artifact, ALICE)
    assert creation_code(ARTIFACTS["Multicall3"]) == ARTIFACTS["Multicall3"].bytecode


def test_an_account_is_the_address_of_its_key() -> None:
    # The well-known first account of every development node.
    known = bytes.fromhex("ac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80")
    assert address_of(known).hex() == "f39fd6e51aad88f6f4ce6ab8827279cfffb92266"
    assert account_of("pauser") == address_of(key_of("pauser")) != account_of("unpauser")


def test_roles_by_name() -> None:
    assert role_named("fee_steward") is Role.FEE_STEWARD
    with pytest.raises(UnknownName, match="did you mean 'fee_steward'"):
        role_named("fee_stewart")
    assert [spec.role for spec in ROLES] == [role for role in Role if role is not Role.ADMIN]


BASES = {  # abstract contracts, and the one that each is part of
    "AllocationDisputes": "AllocationBook",
    "OracleExports": "OracleNetwork",
    "OracleRoster": "OracleNetwork",
    "OracleStaking": "OracleNetwork",
    "ReserveAssets": "Reserve",
}


def test_wiring_says_what_the_contracts_say() -> None:
    documented = set()
    for path in sorted((folder("contracts_abi") / "src").glob("*.sol")):
        text = path.read_text(encoding="utf-8")
        blocks = re.findall(r"((?:\s*///[^\n]*\n)+)\s*function (\w+)\(([^{]*)\{", text)
        for comment, function, rest in blocks:
            role = re.search(r"Role: ([A-Z_]+)", comment)
            assert bool(role) == bool(re.search(r"\brestricted\b", rest)), (path.stem, function)
            if role:
                documented.add((BASES.get(path.stem, path.stem), role[1], function))
    wired = {(wire.contract, wire.role.name, name) for wire in WIRING for name in wire.functions}
    inherited = {entry for entry in wired if entry[2] in {"pause", "unpause"}}
    abstract = {entry for entry in documented if entry[0] == "Stoppable"}
    assert wired - inherited == documented - abstract
    stoppable = {
        name for name, made in ARTIFACTS.items()
        if any(item.get("name") == "unpause" for item in made.abi)
    }  # fmt: skip
    assert {entry[0] for entry in inherited} == stoppable == set(STOPPABLE)
    assert {entry[1:] for entry in inherited} == {entry[1:] for entry in abstract}
