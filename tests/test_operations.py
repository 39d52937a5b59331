from __future__ import annotations

from dataclasses import replace

import eth_abi.abi
import pytest
from eth_hash.auto import keccak

from twin.bundled import folder
from twin.errors import UnknownName
from twin.protocol.artifacts import Artifacts
from twin.protocol.contract import Contract
from twin.protocol.manifest import Deployment
from twin.protocol.operations import operation_id, operation_of
from twin.protocol.parameters import Grant, default_roles
from twin.protocol.reverts import Reverts

ARTIFACTS = Artifacts(folder("contracts_abi"))
AUTHORITY = Contract("Authority", bytes([0xA0]) * 20, ARTIFACTS["Authority"])
ORACLE = Contract("OracleNetwork", bytes([0x0C]) * 20, ARTIFACTS["OracleNetwork"])
NODE, CALLER = bytes([1]) * 20, bytes([2]) * 20
DEPLOYMENT = Deployment(
    block=0, chain_id=1, contracts={"Authority": AUTHORITY, "OracleNetwork": ORACLE},
    roles={**default_roles(), "oracle_admin": Grant(CALLER, 3600)}, accounts={}, feeds={},
    nodes={}, sovereigns={}, holders={}, code_hashes={}, parameters={}, reverts=Reverts(),
)  # fmt: skip


@pytest.mark.parametrize("data", [b"", b"\x01" * 4, b"\x02" * 32, b"\x03" * 33])
def test_operation_id_is_that_of_the_contract(data: bytes) -> None:
    encoded = eth_abi.abi.encode(["address", "address", "bytes"], [CALLER, NODE, data])
    assert operation_id(CALLER, NODE, data) == keccak(encoded)


def test_a_role_without_delay_calls_directly() -> None:
    operation = operation_of(DEPLOYMENT, "pauser", contract="OracleNetwork", function="pause")
    assert operation.delay == 0
    assert operation.messages == ((ORACLE.address, ORACLE.encode("pause")),)


def test_a_role_with_delay_schedules_and_executes() -> None:
    operation = operation_of(
        DEPLOYMENT, "oracle_admin", contract="OracleNetwork", function="addNode", args=(NODE,)
    )
    data = ORACLE.encode("addNode", NODE)
    assert (operation.caller, operation.delay) == (CALLER, 3600)
    assert operation.direct == (ORACLE.address, data)
    calls = [AUTHORITY.function_of(message) for _, message in operation.messages]
    assert [call.name for call in calls if call] == ["schedule", "execute"]
    to, message = operation.schedule(when=99)
    assert to == AUTHORITY.address
    assert AUTHORITY.fn("schedule").decode_call(message) == (ORACLE.address, data, 99)
    assert AUTHORITY.fn("cancel").decode_call(operation.cancel[1]) == (CALLER, ORACLE.address, data)


def test_unknown_names_are_refused() -> None:
    with pytest.raises(UnknownName, match="did you mean 'pauser'"):
        operation_of(DEPLOYMENT, "pausr", contract="OracleNetwork", function="pause")
    with pytest.raises(UnknownName, match="no contract is called 'Oracle'"):
        operation_of(DEPLOYMENT, "pauser", contract="Oracle", function="pause")


def test_the_treasury_acts_for_itself_where_there_is_one() -> None:
    with pytest.raises(UnknownName, match="treasury"):
        operation_of(DEPLOYMENT, "treasury", contract="OracleNetwork", function="pause")
    rich = replace(DEPLOYMENT, accounts={"treasury": NODE})
    operation = operation_of(rich, "treasury", contract="OracleNetwork", function="pause")
    assert (operation.caller, operation.delay) == (NODE, 0)
