from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from twin.bundled import folder
from twin.errors import UsageError
from twin.protocol.artifacts import Artifacts, load_all
from twin.protocol.deployment import CONTRACTS

GOOD: dict[str, Any] = {
    "contractName": "Thing", "abi": [{"type": "function", "name": "x", "inputs": [], "outputs": []}],
    "bytecode": "0x6001", "deployedBytecode": "0x60", "sourceHash": "ab" * 32,
}  # fmt: skip


def write(root: Path, text: str, name: str = "Thing") -> Artifacts:
    (root / "artifacts").mkdir(exist_ok=True)
    (root / "artifacts" / f"{name}.json").write_text(text)
    return Artifacts(root)


def test_an_artifact_is_parsed_once(tmp_path: Path) -> None:
    found = write(tmp_path, json.dumps(GOOD))
    thing = found["Thing"]
    assert (thing.bytecode, thing.deployed_bytecode) == (b"\x60\x01", b"\x60")
    assert thing.codec.function("x").signature == "x()"
    (tmp_path / "artifacts" / "Thing.json").unlink()
    assert found["Thing"] is thing
    with pytest.raises(UsageError):
        Artifacts(tmp_path)["Thing"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", "is no JSON"),
        ("[]", "lacks contractName, abi"),
        (json.dumps({**GOOD, "contractName": "Other"}), "is of 'Other'"),
        (json.dumps({key: GOOD[key] for key in GOOD if key != "abi"}), "lacks abi"),
        (json.dumps({**GOOD, "bytecode": "0x60__$lib$__"}), "is a library unlinked"),
    ],
)
def test_a_broken_artifact_says_what_is_wrong(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        write(tmp_path, text)["Thing"]


def test_a_missing_artifact_says_how_to_make_it(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"contract Thing has no artifact .*`make contracts`"):
        Artifacts(tmp_path)["Thing"]
    with pytest.raises(UsageError, match="holds no artifact; compile with `make contracts`"):
        load_all(tmp_path)


def test_every_contract_of_a_deployment_is_there() -> None:
    found = load_all(folder("contracts_abi"))
    assert set(CONTRACTS) <= set(found)
    for name in CONTRACTS:
        assert len(found[name].source_hash) == 64
        assert found[name].deployed_bytecode
