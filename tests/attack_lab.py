"""A laboratory for attacks: the real contracts, or some with a planted bug, and a desk with a lab."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

from paper_desk import PaperDesk

from twin.bundled import folder
from twin.chain.chain import Chain, ChainConfig
from twin.chain.engines import available, make_engine
from twin.clock import Clock
from twin.desk.lab import ChainLab
from twin.desk.register import SignedRegister
from twin.protocol.artifacts import Artifact, Artifacts
from twin.protocol.deployment import Deployment, DeploymentSpec, deploy
from twin.protocol.parameters import AllocationParameters, Endowment, FeedParameters, PoolParameters
from twin.protocol.roles import account_of

START = 1_700_000_000
MUTANTS = Path(__file__).parent / "mutants"
NODES = {name: account_of(name) for name in ("one", "two", "three")}
ENGINE = "revm" if "revm" in available() else "pyevm"
SPEC = DeploymentSpec(
    nodes=NODES, sovereigns={"alfa": account_of("alfa")},
    feeds={"WTI": FeedParameters(quorum=2)},
    allocation=AllocationParameters(attestation_quorum=2),
    pool=PoolParameters(pt=2_000_000 * 10**6, stable=2_000_000 * 10**6),
    balances=dict.fromkeys(NODES.values(), Endowment(wei=10**20)),
)  # fmt: skip


def artifacts(mutant: str | None) -> dict[str, Artifact]:
    """Return the contracts as they are, or with the planted bug *mutant*."""
    made: dict[str, Artifact] = dict(Artifacts(folder("contracts_abi")))
    if mutant is not None:
        planted = json.loads((MUTANTS / "artifacts" / f"{mutant}.json").read_text("utf-8"))
        made |= {
            name: replace(
                made[name],
                bytecode=bytes.fromhex(code["bytecode"][2:]),
                deployed_bytecode=bytes.fromhex(code["deployedBytecode"][2:]),
                source_hash=code["sourceHash"],
            )
            for name, code in planted["contracts"].items()
        }
    return made


def register_of(deployment: Deployment) -> SignedRegister:
    """Return the register of what was deployed."""
    return SignedRegister(
        parameters={
            **deployment.parameters,
            **{f"access.role.{label}": tuple((item.account, item.delay) for item in grants)
               for label, grants in deployment.holders.items()},
        },
        addresses={name: item.address for name, item in deployment.contracts.items()}
        | {name: grant.account for name, grant in deployment.roles.items()},
        feeds=deployment.feeds,
    )  # fmt: skip


class AttackedDesk(PaperDesk):
    """A desk on paper whose register and lab are real."""

    signed_register: Any = None

    @property
    def register(self) -> SignedRegister:
        found: SignedRegister = self.signed_register
        return found


def attacked(mutant: str | None = None, *, engine: str = ENGINE) -> AttackedDesk:
    """Return a desk over the contracts with the planted bug *mutant*, or with none."""
    chain = Chain(make_engine(engine, chain_id=1), ChainConfig(1), Clock(START))
    deployment = deploy(chain, SPEC, artifacts=artifacts(mutant))
    desk = AttackedDesk()
    desk.signed_register = register_of(deployment)
    desk.lab = ChainLab(chain, deployment, lambda: make_engine(engine, chain_id=1))
    return desk
