"""The attack library: nothing gets through the real contracts, each planted bug is found."""

from __future__ import annotations

import json
from functools import cache
from typing import Any

import pytest
from attack_lab import MUTANTS, attacked

from twin.bundled import folder
from twin.chain.engines import available
from twin.procedures.monitoring.attacks_power import RESTRICTED
from twin.procedures.monitoring.fuzz import PUBLIC
from twin.procedures.monitoring.happenings import CONTRACTS, ROLES, STOPPABLE
from twin.procedures.monitoring.penetration import attempts
from twin.protocol import deployment, wiring
from twin.protocol.artifacts import Artifacts
from twin.protocol.roles import Role

CAUGHT_BY = {
    "bounds-ignore-the-fee": "bounds that leave the fee outside",
    "document-issues-again": "issue a document twice",
    "no-lowest-answer": "an answer below the lowest",
    "redemption-forgets-its-fee": "redeem from the books",
    "refund-leaves-the-deal-open": "refund twice",
    "renouncing-grants": "renounce pauser",
    "retire-forgets-burned": "PT out of nothing",
    "reversal-is-not-counted": "FT out of nothing",
    "ruling-keeps-the-bond": "keep a bond on the books",
    "slashing-keeps-the-stake": "slash and keep",
    "swap-ignores-the-brake": "swap while paused",
    "swap-pays-the-fee-out": "leave the pool short",
    "transfer-moves-no-votes": "keep the votes of what was sent",
    "withdrawal-rounds-up": "gain by rounding",
}
"""Every planted bug of the repository, and the attack that has to find it."""


@cache
def matrix(mutant: str | None) -> tuple[dict[str, Any], ...]:
    return tuple(attempts(attacked(mutant), 60)["attempts"])


def succeeded(mutant: str | None) -> list[str]:
    return [row["attack"] for row in matrix(mutant) if row["outcome"] == "succeeded"]


def test_nothing_gets_through_the_real_contracts() -> None:
    assert succeeded(None) == []
    assert len(matrix(None)) > 200
    idle = [row["attack"] for row in matrix(None) if row["outcome"] == "not-run"]
    assert idle == ["claim a document twice"], "no export was claimed in this network"


@pytest.mark.parametrize(("mutant", "attack"), CAUGHT_BY.items())
def test_a_planted_bug_is_found(mutant: str, attack: str) -> None:
    assert attack in succeeded(mutant)


def test_every_planted_bug_has_a_row() -> None:
    planted = json.loads((MUTANTS / "mutants.json").read_text("utf-8"))
    assert {row["name"] for row in planted} == set(CAUGHT_BY)


def test_the_same_block_makes_the_same_calls() -> None:
    again = attempts(attacked(), 60)["attempts"]
    assert again == list(matrix(None))
    other = {row["attack"] for row in matrix(None)}
    assert {"fuzz: richer by random calls", "permit a second time", "vote with a flash loan",
            "move the average in a block", "pause through Multicall3"} <= other  # fmt: skip


@pytest.mark.skipif("revm" not in available(), reason="one engine has nothing to agree with")
def test_both_engines_give_the_same_matrix() -> None:
    found = attempts(attacked(engine="pyevm"), 60)["attempts"]
    assert found == list(matrix(None))


def test_every_restricted_function_is_tried() -> None:
    wired: dict[str, set[str]] = {}
    for wire in wiring.WIRING:
        wired.setdefault(wire.contract, set()).update(wire.functions)
    assert {name: set(functions) for name, functions in RESTRICTED.items()} == wired


def test_every_public_entry_point_is_fuzzed() -> None:
    artifacts = Artifacts(folder("contracts_abi"))
    apart = {"approve", "permit", "setAuthority", "delegateBySig"}
    for name in STOPPABLE:
        entries = {
            item["name"]: tuple(kind["type"] for kind in item["inputs"])
            for item in artifacts[name].abi
            if item["type"] == "function" and item["stateMutability"] not in {"view", "pure"}
            and item["name"] not in RESTRICTED.get(name, {}) and item["name"] not in apart
        }  # fmt: skip
        assert dict(PUBLIC[name]) == entries, name


def test_contracts_and_roles_are_those_of_the_deployment() -> None:
    assert tuple(role.label for role in sorted(Role)) == ROLES
    assert set(CONTRACTS) == set(deployment.CONTRACTS)
    assert STOPPABLE == wiring.STOPPABLE
