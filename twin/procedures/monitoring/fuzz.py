"""Seeded fuzzing of the entry points that anybody may call.

Arguments come from a table of edges and from a hash of (seed, number): the same seed makes the
same calls. After each the thief must not be richer and nobody may have a role more.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from twin.errors import TwinError
from twin.procedures.monitoring.attacks import MILLION, Scene

__all__ = ["PUBLIC", "fuzz"]

PUBLIC: Mapping[str, Mapping[str, tuple[str, ...]]] = {
    "PaymentToken": {
        "transfer": ("address", "uint256"), "transferFrom": ("address", "address", "uint256"),
        "retire": ("uint256",),
    },
    "FoundationToken": {
        "transfer": ("address", "uint256"), "transferFrom": ("address", "address", "uint256"),
        "retire": ("uint256",), "delegate": ("address",), "unlock": ("address", "uint256"),
    },
    "OracleNetwork": {
        "submit": ("bytes32", "int192", "uint64"), "attest": ("bytes32", "uint256"),
        "challenge": ("bytes32", "uint256"), "claimReward": ("bytes32",), "collect": ("bytes32",),
        "escalate": ("bytes32",), "finalise": ("bytes32",), "fund": ("uint256",),
        "giveNotice": ("uint256",), "slashFor": ("bytes32", "address"),
        "stake": ("address", "uint256"), "withdraw": (),
    },
    "AllocationBook": {
        "claim": ("bytes32", "bytes32", "uint256"), "dispute": ("bytes32", "bytes32"),
        "lapse": ("bytes32",), "settle": ("bytes32",),
    },
    "LiquidityPool": {
        "addLiquidity": ("uint256", "uint256", "uint256", "address"),
        "removeLiquidity": ("uint256", "uint256", "uint256", "address"),
        "swap": ("address", "uint256", "uint256", "address"),
        "transfer": ("address", "uint256"), "transferFrom": ("address", "address", "uint256"),
    },
    "Settlement": {
        "open": ("bytes32", "address", "uint256", "uint256", "uint48"), "cancel": ("uint256",),
        "dispute": ("uint256", "bytes32"), "refund": ("uint256",), "release": ("uint256",),
    },
    "Conversion": {"convert": ("bytes32", "uint256", "uint256")},
    "Reserve": {
        "deposit": ("uint256",), "mint": ("uint256", "uint256"), "redeem": ("uint256", "uint256"),
    },
}  # fmt: skip
"""Entry points without a role, by contract, with the types of their arguments."""


@dataclass
class _Dice:
    """Numbers from a hash of (seed, count)."""

    seed: str
    count: int = 0

    def below(self, limit: int) -> int:
        self.count += 1
        text = f"{self.seed}:{self.count}".encode()
        return int.from_bytes(hashlib.sha256(text).digest(), "big") % limit


def _value(scene: Scene, dice: _Dice, kind: str) -> Any:
    """Return an argument of *kind*: an edge as often as a plain value."""
    if kind == "address":
        known = (scene.thief, bytes(20), scene.at("LiquidityPool"), scene.at("PaymentToken"),
                 scene.at("StableAsset"), scene.at("issuer"), scene.at("Reserve"))  # fmt: skip
        return known[dice.below(len(known))]
    if kind == "bytes32":
        feed = scene.desk.register.feed_id(scene.desk.register.commodities()[0])
        return (bytes(32), feed, scene.hash(bytes([dice.below(4)])))[dice.below(3)]
    bits = int(kind.removeprefix("uint").removeprefix("int"))
    most = 2 ** (bits - (0 if kind.startswith("uint") else 1)) - 1
    edges = (0, 1, 2, 10**6, MILLION, most // 2, most - 1, most, scene.fork.now)
    place = dice.below(2 * len(edges))
    return min(most, edges[place] if place < len(edges) else dice.below(1 + 10 * MILLION))


def _worth(scene: Scene) -> int:
    """Return what the thief has, in stable units: PT at the pool's price before, rounded up."""
    me = scene.thief
    return sum(scene.fork.read(token, "balanceOf", me) for token in ("PaymentToken", "StableAsset"))


def fuzz(scene: Scene, *, seed: str, calls: int) -> None:
    """Make *calls* random calls as a thief with a million of each token."""
    dice = _Dice(seed)
    scene.fund(scene.thief, pt=MILLION, stable=MILLION)
    for token in ("PaymentToken", "StableAsset"):
        for spender in ("LiquidityPool", "OracleNetwork", "Settlement", "Reserve"):
            scene.approve(scene.thief, token, spender)
    entries = [(name, entry, kinds) for name, some in PUBLIC.items()
               for entry, kinds in some.items()]  # fmt: skip
    before = _worth(scene)
    went, odd = 0, []
    for number in range(calls):
        contract, function, kinds = entries[dice.below(len(entries))]
        args = tuple(_value(scene, dice, kind) for kind in kinds)
        try:
            done = scene.steal(contract, function, *args)
        except TwinError as error:
            odd.append(f"{number} {contract}.{function}: {error}")
            continue
        went += done.success
        if not done.success and done.reason.startswith("Panic(1)"):  # an assertion of the compiler
            odd.append(f"{number} {contract}.{function}: {done.reason}")
    after = _worth(scene)
    roles = [number for number in range(13)
             if scene.fork.read("Authority", "hasRole", number, scene.thief)[0]]  # fmt: skip
    note = f"{went} of {calls} calls went through"
    # A swap away from 1.00 may be worth more in the other token, by at most the pool's own tilt.
    pt, stable, _at = scene.fork.read("LiquidityPool", "reserves")
    slack = abs(pt - stable)
    scene.holds(
        "fuzz: richer by random calls", after <= before + slack, f"{note}; {before}, {after}"
    )
    scene.holds("fuzz: a role by random calls", not roles, f"{note}; roles {roles}")
    scene.holds("fuzz: an assertion that failed", not odd, f"{note}; {odd[:3]}")
