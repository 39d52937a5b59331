"""The protocol as a state machine: the deployed contracts on a bare engine, a call a block.

A `Step` is one call by somebody, in words that a file can hold: `@name` is an address, `#7` the hash
of the document called 7, `$WTI` the id of a feed, `%ff` bytes, `now+60` a moment. `Machine` carries steps out and judges every
property after each that changed something. No chain and no agents: thousands of calls a second.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any, cast

from eth_hash.auto import keccak

from twin.bundled import folder
from twin.chain.chain import Chain, ChainConfig
from twin.chain.engines import best, make_engine
from twin.chain.port import BlockEnv, Call, Execution, Transaction
from twin.clock import Clock
from twin.errors import UnknownName
from twin.protocol.artifacts import Artifact, Artifacts
from twin.protocol.deployment import DeploymentSpec, deploy
from twin.protocol.institutions import (
    ConversionParameters,
    GovernanceParameters,
    OracleParameters,
    ReserveParameters,
    TierParameters,
)
from twin.protocol.invariants import Watch
from twin.protocol.parameters import (
    AllocationParameters,
    Endowment,
    FeedParameters,
    Grant,
    PoolParameters,
    default_roles,
    feed_id,
)
from twin.protocol.reader import LogAt, Reader
from twin.protocol.roles import account_of

START = 1_700_000_000
UNIT = 10**6
NODES = ("n0", "n1", "n2", "n3")
SOVEREIGNS = ("alfa", "beta")
USERS = ("tess", "tom", "rita", "cora", "lars")
PEOPLE = (*NODES, *SOVEREIGNS, *USERS)
MUTANTS = Path(__file__).parents[1] / "mutants"
ARTIFACTS = Artifacts(folder("contracts_abi"))
FUNDS = Endowment(
    pt=10**6 * UNIT,
    stable=10**6 * UNIT,
    approvals=(
        *(("PaymentToken", name) for name in (
            "LiquidityPool", "Settlement", "OracleNetwork", "AllocationBook", "Reserve")),
        ("StableAsset", "LiquidityPool"), ("StableAsset", "Reserve"),
        ("FoundationToken", "Conversion"),
    ),
)  # fmt: skip
HOLDINGS = ReserveParameters(
    stable=10**6 * UNIT, bills=10**6 * UNIT, gold=100 * UNIT, weight_stable=500_000,
    weight_bills=300_000, weight_gold=200_000, tiers=(TierParameters(10_000, 5_000),),
    spacing=60,
)  # fmt: skip


def _accounts(names: Iterable[str]) -> dict[str, bytes]:
    return {name: account_of(name) for name in names}


SPEC = DeploymentSpec(
    roles={name: Grant(grant.account, 0) for name, grant in default_roles().items()},
    feeds={"WTI": FeedParameters(min_answer=-50 * 10**8, max_answer=200 * 10**8, quorum=2)},
    pool=PoolParameters(pt=10**6 * UNIT, stable=10**6 * UNIT),
    allocation=AllocationParameters(attestation_quorum=2, dispute_bond=10 * UNIT),
    oracle=OracleParameters(
        challenge_window=600, challenge_bond=10 * UNIT, unbonding=3600, reward_per_report=1000,
        reward_fund=10**9,
    ),
    conversion=ConversionParameters(units_per_ft={"WTI": 1250}),
    reserve=HOLDINGS,
    governance=GovernanceParameters(voting_delay=60, voting_period=3600, timelock_delay=3600,
                                    proposal_threshold=0, quorum=1),
    nodes=_accounts(NODES), sovereigns=_accounts(SOVEREIGNS), traders=_accounts(("tess", "tom")),
    redeemers=_accounts(("rita",)), custodians=_accounts(("cora",)),
    balances={account_of(name): FUNDS for name in PEOPLE},
)  # fmt: skip


PROPOSAL = (["@PaymentToken"], [0], ["cap"])
"""What is proposed and voted on: targets, values, calldatas. `vote T` is the id with the title T."""


COUNTERS = {"deal": ("Settlement", "count"), "slice": ("Reserve", "sliceCount")}
"""What counts its numbers from 1: `deal 0` is the last deal, `deal 1` the one before."""


@dataclass(frozen=True, slots=True)
class Step:
    """*who* calls *function* of *contract* with *args*, *wait* seconds after the step before."""

    who: str
    contract: str
    function: str
    args: tuple[Any, ...] = ()
    wait: int = 1

    def line(self) -> list[Any]:
        """Return the step as JSON holds it."""
        return [self.wait, self.who, self.contract, self.function, list(self.args)]

    @classmethod
    def of(cls, line: Sequence[Any]) -> Step:
        """Return the step of a *line*."""
        wait, who, contract, function, args = line
        return cls(who, contract, function, tuple(args), wait)


@dataclass(frozen=True, slots=True)
class Failure:
    """The property called *invariant* broke at the last of *steps*; *detail* says how."""

    invariant: str
    detail: str
    steps: tuple[Step, ...]

    def save(self, path: Path) -> None:
        """Write the failure so that `load` reads it, a step a line."""
        lines = ",\n  ".join(json.dumps(step.line()) for step in self.steps)
        head = json.dumps({"invariant": self.invariant, "detail": self.detail})[:-1]
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f'{head}, "steps": [\n  {lines}\n]}}\n')


def load(path: Path) -> Failure:
    """Return the failure that `save` wrote to *path*."""
    raw = json.loads(path.read_text())
    return Failure(raw["invariant"], raw["detail"], tuple(map(Step.of, raw["steps"])))


class View:
    """The contracts on the engine, as properties see them: reads, and the events since the start."""

    def __init__(self, machine: Machine) -> None:
        self._machine = machine
        self.deployment = machine.deployment
        self._reader = Reader(cast("Any", self), machine.deployment)
        self.read, self.batch = self._reader.read, self._reader.batch
        self.found: dict[tuple[str, str], list[LogAt]] = {}

    head = 0  # what a reader asks of its chain, with `call`

    def call(self, call: Call, *, block: int | None = None) -> Any:
        del block
        return self._machine.engine.call(call)

    @property
    def block(self) -> int:
        return self._machine.number

    @property
    def timestamp(self) -> int:
        return self._machine.now

    def logs(self, contract: str, event: str, *, since: int) -> list[LogAt]:
        found = self.found.get((contract, event), [])
        first = len(found)
        while first and found[first - 1].timestamp >= since:
            first -= 1
        return found[first:]


class Machine:
    """The network of `SPEC`, with the artifacts of a mutant where *mutant* names one."""

    def __init__(self, mutant: str = "", *, engine: str = "", only: Iterable[str] = ()) -> None:
        artifacts: Mapping[str, Artifact] = mutated(mutant) if mutant else ARTIFACTS
        made = make_engine(engine or best(), chain_id=1)
        chain = Chain(made, ChainConfig(chain_id=1), Clock(START))
        self.deployment = deploy(chain, SPEC, artifacts=artifacts)
        self.engine, self.calls, self.done = made, 0, 0
        self._genesis = chain.logs(from_block=0, to_block=0)
        self._start = made.snapshot()
        self._only = tuple(only)
        self._addresses: dict[str, bytes] = {}
        self._signs: dict[str, Callable[[str], Any]] = {
            "@": self.address,
            "#": lambda rest: _hash(f"document {rest}"),
            "$": feed_id,
            "%": bytes.fromhex,
        }
        cap = self.deployment.contract("PaymentToken").encode("setCap", 10**9 * UNIT)
        self._words: dict[str, Callable[[str], Any]] = {
            **{word: partial(self._number, word) for word in COUNTERS},
            "now": lambda rest: self.now + int(rest or 0),
            "title": _hash,
            "vote": self._vote,
            "cap": lambda _: cap,
        }
        self.reset()

    def reset(self) -> None:
        """Go back to the network as it was deployed."""
        self.engine.revert(self._start)
        self.number, self.now = 1, START + 1
        self._nonces: dict[bytes, int] = {}
        self._index = 0
        self.view, self.watch = View(self), Watch(self._only)
        self._begin(0)
        for log in self._genesis:
            self._hear(log.address, log.topics, log.data)

    def address(self, name: str) -> bytes:
        """Return the address of whoever or whatever is called *name*."""
        found = self._addresses.get(name)
        if found is None:
            try:
                found = self.deployment.address(name)
            except UnknownName:
                found = account_of(name)
            self._addresses[name] = found
        return found

    def act(self, step: Step) -> Execution:
        """Carry *step* out in a block of its own."""
        self._begin(max(1, step.wait))
        self.calls += 1
        sender, target = self.address(step.who), self.deployment.contract(step.contract)
        data = target.encode(step.function, *self._meant(step.args))
        nonce = self._nonces.get(sender)
        if nonce is None:
            nonce = self.engine.account(sender).nonce
        self._nonces[sender] = nonce + 1
        done = self.engine.transact(
            Transaction(sender, nonce, target.address, 0, data, 16_000_000, 0, 0, bytes(32))
        )
        self.done += done.success
        for log in done.logs:
            self._hear(log.address, log.topics, log.data)
        return done

    def run(self, steps: Iterable[Step]) -> Failure | None:
        """Carry *steps* out and judge after each that went through; return the first failure."""
        taken: list[Step] = []
        for step in steps:
            taken.append(step)
            if not self.act(step).success:
                continue
            for invariant, finding in self.watch.broken(self.view):
                return Failure(invariant.name, finding.detail, tuple(taken))
        return None

    def replay(self, steps: Iterable[Step]) -> Failure | None:
        """Carry *steps* out from the start."""
        self.reset()
        return self.run(steps)

    # -- inside ---------------------------------------------------------------------------------

    def _begin(self, wait: int) -> None:
        self.number, self.now = self.number + 1, self.now + wait
        self.engine.begin_block(
            BlockEnv(self.number, self.now, 0, 30_000_000, bytes(20), bytes(32), chain_id=1)
        )

    def _hear(self, address: bytes, topics: Sequence[bytes], data: bytes) -> None:
        contract = self.deployment.at_address(address)
        codec = contract.event_of(topics[0]) if contract and topics else None
        if contract is None or codec is None:
            return
        self._index += 1
        log = LogAt(self.number, self.now, self._index, contract.name, codec.name,
                    codec.decode(topics, data))  # fmt: skip
        self.view.found.setdefault((contract.name, codec.name), []).append(log)

    def _meant(self, value: Any) -> Any:
        """Return *value* with its words replaced by what they mean."""
        if isinstance(value, (tuple, list)):
            return [self._meant(item) for item in value]
        if not isinstance(value, str):
            return value
        if value[:1] in self._signs:
            return self._signs[value[:1]](value[1:])
        word, _, rest = value.replace("+", " ").partition(" ")
        return self._words[word](rest) if word in self._words else value

    def _number(self, word: str, back: str) -> int:
        last: int = self.view.read(*COUNTERS[word])
        return max(1, last - int(back))

    def _vote(self, title: str) -> Any:
        return self.view.read(
            "FictraGovernor", "hashProposal", *self._meant(PROPOSAL), _hash(title)
        )


def _hash(text: str) -> bytes:
    return bytes(keccak(text.encode()))


def mutated(name: str) -> Mapping[str, Artifact]:
    """Return all artifacts, those of the mutant called *name* in place of the sound ones."""
    raw = json.loads((MUTANTS / "artifacts" / f"{name}.json").read_text())
    changed = {
        contract: replace(
            ARTIFACTS[contract],
            bytecode=bytes.fromhex(code["bytecode"][2:]),
            deployed_bytecode=bytes.fromhex(code["deployedBytecode"][2:]),
            source_hash=code["sourceHash"],
        )
        for contract, code in raw["contracts"].items()
    }
    return {**ARTIFACTS, **changed}


def shrunk(machine: Machine, failure: Failure, *, budget: int = 400) -> Failure:
    """Return the shortest failure of the same property found in *budget* replays on *machine*.

    Steps are left out in halves, quarters and so on (delta debugging, Zeller 1999), then their
    waits and whole numbers are made small.
    """

    def fails(steps: Sequence[Step]) -> Failure | None:
        nonlocal budget
        budget -= 1
        found = machine.replay(steps)
        return found if found is not None and found.invariant == failure.invariant else None

    size = max(1, len(failure.steps) // 2)
    while budget > 0:
        at, before = 0, len(failure.steps)
        while at < len(failure.steps) and budget > 0:
            found = fails((*failure.steps[:at], *failure.steps[at + size :]))
            if found is None:
                at += size
            else:
                failure = found
        if size == 1 and len(failure.steps) == before:
            break
        size = max(1, size // 2)
    for simpler in (_without_wait, _smaller):
        for index in range(len(failure.steps)):
            if budget <= 0 or index >= len(failure.steps):
                break
            steps = list(failure.steps)
            steps[index] = simpler(steps[index])
            failure = (steps[index] != failure.steps[index] and fails(steps)) or failure
    return failure


def _without_wait(step: Step) -> Step:
    return replace(step, wait=1)


def _smaller(step: Step) -> Step:
    """Return *step* with its large whole numbers rounded to one digit."""

    def short(value: Any) -> Any:
        if isinstance(value, int) and not isinstance(value, bool) and abs(value) >= 10:
            power = 10 ** (len(str(abs(value))) - 1)
            return value // power * power
        return value

    return replace(step, args=tuple(map(short, step.args)))
