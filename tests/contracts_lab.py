"""A laboratory for the compiled contracts: the reference engine, and nothing else of the twin's world.

No chain, no deployment, no clock: `Lab` creates the contracts, wires the roles with accounts named
after them, admits seven nodes, and hands a trader both assets and a pool of five million PT against
four million stable. Senders are labels. Gas is free.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from eth_hash.auto import keccak

from twin.chain.port import BlockEnv, Call, Execution, Transaction
from twin.chain.pyevm import PyEvm
from twin.protocol.artifacts import load_all
from twin.protocol.contract import Contract, creation_code
from twin.protocol.reverts import Reverts
from twin.protocol.roles import HELD_BY
from twin.protocol.wiring import WIRING

FOLDER = Path(__file__).parents[1] / "contracts_abi"
SOURCES = {path.stem: path.read_text() for path in sorted(FOLDER.glob("src/**/*.sol"))}
ARTIFACTS = load_all(FOLDER)
REVERTS = Reverts(artifact.codec for artifact in ARTIFACTS.values())

START = 1_700_000_000
HOUR, DAY = 3600, 86400
MILLION = 10**12  # of a token with six decimals
USD8 = 10**8  # one dollar of an oracle's answer
NODES = tuple(f"node{i}" for i in range(7))
FEED, OTHER = keccak(b"WTI/USD"), keccak(b"GAS/USD")
DOC = keccak(b"bill of lading 1")
CONFIG = (-100 * USD8, 500 * USD8, HOUR, 5000, 2 * HOUR, 4)
TERMS = (3000, 500, 10_000, 1000, DAY)
QUANTITY = 600_000 * 1000  # 600,000 barrels
RATE = 10**16  # a hundredth FT for a USD
LOCK = bytes.fromhex("000000000000000000000000000000000000dead")
ZERO = bytes(20)
PT, FT, ORACLE, BOOK = "PaymentToken", "FoundationToken", "OracleNetwork", "AllocationBook"
FEES, POOL = "FeeSchedule", "LiquidityPool"
KYC, DEALS, CONV, VAULT = "ParticipantRegistry", "Settlement", "Conversion", "Reserve"
LOCKED, GOV = "FictraTimelock", "FictraGovernor"
KINDS = {"sovereign": 1, "rival": 1, "holder": 8, "buyer": 2, "seller": 2, "redeemer": 16,
         "custodian": 8}  # fmt: skip
YEAR = 365 * DAY
BOND = 1000 * 10**6


def who(label: str) -> bytes:
    """Return the address of the participant called *label*."""
    return bytes(keccak(label.encode())[12:])


NODE0, TRADER, SOVEREIGN = who("node0"), who("trader"), who("sovereign")


class Lab:
    """The contracts, wired, with a funded trader; senders are labels."""

    def __init__(self) -> None:
        self.engine = PyEvm(chain_id=1)
        self.contracts: dict[str, Contract] = {}
        self.now = START
        self.at(0)

    def at(self, later: int) -> None:
        """Begin a block *later* seconds on."""
        self.now += later
        self.engine.begin_block(
            BlockEnv(1, self.now, 0, 30_000_000, who("coinbase"), bytes(32), chain_id=1)
        )

    def transact(self, sender: str, to: bytes | None, data: bytes) -> Execution:
        nonce = self.engine.account(who(sender)).nonce
        return self.engine.transact(
            Transaction(who(sender), nonce, to, 0, data, 30_000_000, 0, 0, bytes(32))
        )

    def deploy(self, name: str, *args: Any, alias: str | None = None) -> bytes:
        """Create a contract, known as *alias* from now on; return its address."""
        made = self.transact("deployer", None, creation_code(ARTIFACTS[name], *args))
        assert made.created, REVERTS.decode_revert(made.output)
        self.contracts[alias or name] = Contract(alias or name, made.created, ARTIFACTS[name])
        return made.created

    def send(self, sender: str, name: str, function: str, *args: Any) -> Execution:
        contract = self.contracts[name]
        return self.transact(sender, contract.address, contract.encode(function, *args))

    def do(self, sender: str, name: str, function: str, *args: Any) -> dict[str, Any]:
        """Return the events by `Contract.Event`; the call must go through."""
        done = self.send(sender, name, function, *args)
        assert done.success, REVERTS.decode_revert(done.output)
        found = {}
        for log in done.logs:
            for contract in self.contracts.values():
                if decoded := contract.decode_log(log):
                    found[f"{contract.name}.{decoded[0]}"] = decoded[1]
        return found

    def no(self, sender: str, name: str, function: str, *args: Any) -> str:
        """Return what the refusal says; the call must be refused, and change nothing."""
        nonce = self.engine.account(who(sender)).nonce
        self.engine.drain_changes()
        done = self.send(sender, name, function, *args)
        assert not done.success
        assert not done.logs
        changed = self.engine.drain_changes()
        assert set(changed) == {who(sender)}, "a refused call counts the nonce, nothing else"
        assert changed[who(sender)].nonce == nonce + 1
        return REVERTS.decode_revert(done.output)

    def no_deploy(self, name: str, *args: Any) -> str:
        made = self.transact("deployer", None, creation_code(ARTIFACTS[name], *args))
        assert not made.success
        return REVERTS.decode_revert(made.output)

    def read(self, name: str, function: str, *args: Any) -> Any:
        contract = self.contracts[name]
        out = self.engine.call(Call(contract.address, contract.encode(function, *args)))
        assert out.success, REVERTS.decode_revert(out.data)
        return contract.fn(function).value(out.data)

    def submit(self, *answers: int, observed: int = 0) -> dict[str, Any]:
        """Let the nodes report *answers* in order, *observed* seconds ago."""
        events: dict[str, Any] = {}
        for node, answer in zip(NODES, answers, strict=False):
            events = self.do(node, "OracleNetwork", "submit", FEED, answer, self.now - observed)
        return events

    def claimed(self, quantity: int = QUANTITY, attesters: int = 4, doc: bytes = DOC) -> Lab:
        """Let the sovereign claim and *attesters* nodes attest *doc*."""
        self.do("sovereign", "AllocationBook", "claim", doc, FEED, quantity)
        for node in NODES[:attesters]:
            self.do(node, "OracleNetwork", "attest", doc, quantity)
        return self

    def priced(self, dollars: int = 80) -> Lab:
        self.submit(*[dollars * USD8] * 4)
        return self

    def paused(self, name: str) -> Lab:
        self.do("PAUSER", name, "pause")
        return self

    def later(self, seconds: int) -> Lab:
        self.at(seconds)
        return self

    def undone(self) -> Iterator[Lab]:
        """Lend the lab out, and undo what was done with it."""
        snapshot, contracts, now = self.engine.snapshot(), dict(self.contracts), self.now
        yield self
        self.engine.revert(snapshot)
        self.engine.forget(snapshot)
        self.contracts, self.now = contracts, now
        self.at(0)


def build() -> Lab:
    """Return a lab with every contract created, wired and funded."""
    lab = Lab()
    authority = lab.deploy("Authority", who("deployer"))
    lab.deploy("Multicall3")
    usd = lab.deploy("StableAsset", who("bank"))
    pt = lab.deploy("PaymentToken", authority, 100 * MILLION)
    registry = lab.deploy("ParticipantRegistry", authority)
    ft = lab.deploy("FoundationToken", authority, registry, 0)
    oracle = lab.deploy("OracleNetwork", authority, pt, 4, 0, BOND)
    limits = RATE, 10**10, 10**24, 15 * 10**23, False, BOND
    book = lab.deploy("AllocationBook", authority, oracle, ft, registry, pt, *limits)
    fees = lab.deploy("FeeSchedule", authority, [TERMS] * 4)
    pool = lab.deploy("LiquidityPool", authority, pt, usd, fees)
    safe = who("treasury")
    deals = lab.deploy("Settlement", authority, oracle, pt, registry, fees, safe, 10 * MILLION)
    parts = oracle, ft, pt, registry, fees, safe
    lab.deploy("Conversion", authority, *parts, 4 * MILLION, 3 * MILLION)
    vault = lab.deploy("Reserve", authority, pt, usd, oracle, registry, fees, safe)
    timelock = lab.deploy("FictraTimelock", DAY, [ZERO], who("deployer"))
    lab.deploy("FictraGovernor", ft, timelock, HOUR, DAY, 10**17, 4)
    wire(lab)
    people(lab)
    for name in (PT, "StableAsset"):
        lab.do("trader", name, "approve", pool, 2**256 - 1)
    lab.do("trader", POOL, "addLiquidity", 5 * MILLION, 4 * MILLION, 0, who("trader"))
    for label, spender in (("buyer", deals), ("redeemer", vault), ("rival", book), ("node0", oracle),
                           ("rival", oracle), ("buyer", oracle)):  # fmt: skip
        lab.do(label, PT, "approve", spender, 2**256 - 1)
    lab.do("redeemer", "StableAsset", "approve", vault, 2**256 - 1)
    lab.do("sovereign", FT, "approve", lab.contracts[CONV].address, 2**256 - 1)
    lab.do("GOVERNANCE", VAULT, "setRedemptionLimits", MILLION, MILLION // 2)
    lab.do("GOVERNANCE", CONV, "setPolicy", FEED, 1250, HOUR)
    lab.do("GOVERNANCE", PT, "addKeeper", deals)
    return lab


def wire(lab: Lab) -> None:
    """Give every restricted function to its role, and every role to an account of its name."""
    for row in WIRING:
        selectors = [lab.contracts[row.contract].fn(name).selector for name in row.functions]
        target = lab.contracts[row.contract].address
        lab.do("deployer", "Authority", "setTargetFunctionRole", target, selectors, row.role)
        lab.do("deployer", "Authority", "grantRole", row.role, who(row.role.name), 0)
    for role, names in HELD_BY.items():
        for name in names:
            lab.do("deployer", "Authority", "grantRole", role, lab.contracts[name].address, 0)
    for title in ("PROPOSER_ROLE", "CANCELLER_ROLE"):
        governor = lab.contracts[GOV].address
        lab.do("deployer", LOCKED, "grantRole", keccak(title.encode()), governor)


def people(lab: Lab) -> None:
    """Admit nodes and participants, and give them what they start with."""
    for node in NODES:
        lab.do("ORACLE_ADMIN", ORACLE, "addNode", who(node))
    lab.do("ORACLE_ADMIN", ORACLE, "addFeed", FEED, CONFIG)
    for label, kinds in KINDS.items():
        lab.do("COMPLIANCE", KYC, "register", who(label), kinds, b"CH")
        lab.do("COMPLIANCE", KYC, "approve", who(label), START + YEAR)
    lab.do("COMPLIANCE", KYC, "register", lab.contracts[CONV].address, KINDS["custodian"], b"CH")
    lab.do("COMPLIANCE", KYC, "approve", lab.contracts[CONV].address, START + YEAR)
    lab.do("ALLOCATOR", FT, "issue", who("holder"), 10**18, keccak(b"old"))
    lab.do("ISSUER", PT, "mint", who("trader"), 20 * MILLION)
    for label in ("buyer", "redeemer", "rival", "node0"):
        lab.do("trader", PT, "transfer", who(label), MILLION // 4)
    lab.do("bank", "StableAsset", "mint", who("trader"), 20 * MILLION)
    lab.do("bank", "StableAsset", "mint", who("redeemer"), 5 * MILLION)


def swap(x: Lab, amount: int = MILLION, **change: Any) -> tuple[Any, ...]:
    token = change.get("token", x.contracts[PT].address)
    return ("trader", POOL, "swap", token, amount, change.get("least", 0),
            change.get("to", who("trader")))  # fmt: skip


def empty_pool(x: Lab) -> Lab:
    """Add a pool without liquidity, called `Empty`."""
    parts = [x.contracts[name].address for name in ("Authority", PT, "StableAsset", FEES)]
    x.deploy(POOL, *parts, alias="Empty")
    return x


def crowded(x: Lab) -> Lab:
    """Fill the places that are left with 24 nodes."""
    for i in range(24):
        x.do("ORACLE_ADMIN", ORACLE, "addNode", who(f"more{i}"))
    return x
