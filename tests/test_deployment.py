from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import fields, replace
from types import SimpleNamespace
from typing import Any

import pytest
from eth_hash.auto import keccak

from twin.bundled import folder
from twin.chain.chain import Chain, ChainConfig
from twin.chain.engines import make_engine
from twin.clock import Clock
from twin.errors import UnknownName, UsageError
from twin.protocol.artifacts import Artifacts
from twin.protocol.deployment import CONTRACTS, Deployment, DeploymentSpec, deploy
from twin.protocol.institutions import (
    ConversionParameters,
    GovernanceParameters,
    OracleParameters,
    ReserveParameters,
    SettlementParameters,
    TierParameters,
)
from twin.protocol.operations import operation_id, operation_of
from twin.protocol.parameters import (
    AllocationParameters,
    Endowment,
    FeedParameters,
    FeeParameters,
    PoolParameters,
    default_fees,
    default_roles,
    feed_id,
)
from twin.protocol.reader import Reader
from twin.protocol.roles import ROLES, Role, account_of, role_named
from twin.protocol.verification import discrepancies, holders_on_chain
from twin.protocol.wiring import WIRING

START, INTERVAL = 1_700_000_000, 12
ARTIFACTS = Artifacts(folder("contracts_abi"))
BOB, ALFA = account_of("bob"), account_of("alfa")
NODES = {f"node-{n}": account_of(f"node-{n}") for n in range(7)}
APPROVALS = (("PaymentToken", "LiquidityPool"), ("StableAsset", "LiquidityPool"))
SPEC = DeploymentSpec(
    nodes=NODES, sovereigns={"alfa": ALFA}, participants={"custodian": account_of("custodian")},
    balances={BOB: Endowment(pt=7, stable=9, wei=11, approvals=APPROVALS)},
)  # fmt: skip


def fresh_chain() -> Chain:
    return Chain(make_engine("pyevm", chain_id=17), ChainConfig(chain_id=17), Clock(START))


class Network:
    """A deployed chain, and one call that sends, waits a block and tells what came of it."""

    def __init__(self, spec: DeploymentSpec = SPEC) -> None:
        self.chain = fresh_chain()
        self.deployment = deploy(self.chain, spec, artifacts=ARTIFACTS)
        self.reader = Reader(self.chain, self.deployment)
        self.read = self.reader.read

    def send(self, sender: bytes, message: tuple[bytes, bytes]) -> str:
        found = self.chain.send(sender, *message, gas=1_000_000, tip=10**9)
        self.pass_time(INTERVAL)
        receipt = self.chain.receipt(found)
        assert receipt is not None
        return "" if receipt.success else self.deployment.reverts.decode_revert(receipt.output)

    def pass_time(self, seconds: int) -> None:
        self.chain.clock.run(self.chain.clock.now + seconds)


@pytest.fixture(scope="module")
def network() -> Network:
    """Return a network that tests only read."""
    return Network()


def test_all_contracts_stand_with_the_code_of_their_artifacts(network: Network) -> None:
    assert tuple(network.deployment.contracts) == CONTRACTS
    for name, contract in network.deployment.contracts.items():
        code = network.chain.engine.account(contract.address).code
        assert len(code) == len(ARTIFACTS[name].deployed_bytecode), name


def test_role_ids_are_those_of_the_contract(network: Network) -> None:
    for role in Role:
        constant = "ADMIN_ROLE" if role is Role.ADMIN else role.name
        assert network.read("Authority", constant) == role


@pytest.mark.parametrize("spec", ROLES, ids=lambda spec: spec.role.label)
def test_each_role_is_held_with_its_delay(network: Network, spec: Any) -> None:
    grants = network.deployment.holders[spec.role.label]
    for grant in grants:
        found = network.read("Authority", "hasRole", int(spec.role), grant.account)
        assert found == (True, grant.delay)
    assert max(grant.delay for grant in grants) == spec.delay


def test_every_restricted_function_has_its_role(network: Network) -> None:
    for wire in WIRING:
        contract = network.deployment.contract(wire.contract)
        for name in wire.functions:
            args = (contract.address, contract.fn(name).selector)
            assert network.read("Authority", "getTargetFunctionRole", *args) == wire.role


def test_nobody_outside_the_register_holds_a_role_and_the_timelock_administers(
    network: Network,
) -> None:
    timelock = network.deployment.address("FictraTimelock")
    view = network.reader.at()
    register = {
        int(role_named(name)): {grant.account: grant.delay for grant in grants}
        for name, grants in network.deployment.holders.items()
    }
    assert holders_on_chain(view) == register
    assert register[0] == {timelock: 0}
    deployer = network.deployment.address("deployer")
    assert all(deployer not in held for held in register.values())
    governor = network.deployment.address("FictraGovernor")
    for role, account, held in (
        (bytes(32), deployer, False),
        (bytes(32), timelock, True),  # its own administrator, as OpenZeppelin makes it
        (keccak(b"PROPOSER_ROLE"), governor, True),
        (keccak(b"PROPOSER_ROLE"), deployer, False),
        (keccak(b"EXECUTOR_ROLE"), bytes(20), True),
    ):
        assert network.read("FictraTimelock", "hasRole", role, account) is held


def test_feeds_nodes_and_sovereigns_are_registered(network: Network) -> None:
    wti = SPEC.feeds["WTI"]
    assert network.deployment.feeds == {"WTI": feed_id("WTI")}
    assert network.read("OracleNetwork", "feedConfig", feed_id("WTI")) == (
        wti.min_answer, wti.max_answer, wti.heartbeat, wti.deviation, wti.max_age, wti.quorum,
    )  # fmt: skip
    assert network.read("OracleNetwork", "nodes") == tuple(NODES.values())
    assert network.read("OracleNetwork", "attestationQuorum") == 4
    assert network.read("AllocationBook", "isSovereign", ALFA) is True
    for holder in (ALFA, account_of("custodian")):
        assert network.read("FoundationToken", "authorised", holder) is True


def test_fees_pool_and_balances_are_as_declared(network: Network) -> None:
    for index, fee in enumerate(SPEC.fees.values()):
        found = network.read("FeeSchedule", "schedule", index)
        assert found[:5] == (fee.fee, fee.min, fee.max, fee.max_step, fee.min_delay)
    assert network.read("LiquidityPool", "reserves")[:2] == (SPEC.pool.pt, SPEC.pool.stable)
    assert network.read("PaymentToken", "balanceOf", BOB) == 7
    assert network.read("StableAsset", "balanceOf", BOB) == 9
    pool = network.deployment.address("LiquidityPool")
    assert network.read("PaymentToken", "allowance", BOB, pool) == 2**256 - 1
    assert network.chain.engine.account(BOB).balance == 11
    assert network.read("AllocationBook", "settlementCap") == SPEC.allocation.settlement_cap


RICH = replace(
    SPEC,
    traders={"shipper": BOB}, redeemers={"bank": BOB}, custodians={"vault": account_of("vault")},
    oracle=OracleParameters(challenge_window=60, min_stake=5, reward_per_report=1, reward_fund=99,
                            shadow_period=70),
    allocation=AllocationParameters(two_person=True, dispute_bond=8, lockup=9),
    settlement=SettlementParameters(max_amount=11),
    conversion=ConversionParameters(units_per_ft={"WTI": 1250}, max_age=61, daily_limit=7,
                                    sovereign_limit=6),
    reserve=ReserveParameters(
        stable=100, bills=200, gold=300, weight_stable=500_000, weight_bills=500_000,
        feeds={"gold": "WTI"}, daily_limit=5, redeemer_limit=4, tiers=(TierParameters(1, 2),),
        slice_limit=3, slippage=2, spacing=1,
    ),
    governance=GovernanceParameters(timelock_delay=7200, voting_delay=61, voting_period=3601,
                                    proposal_threshold=3, quorum=9),
)  # fmt: skip
ON_CHAIN: dict[tuple[Any, ...], Any] = {
    ("ParticipantRegistry", "isActive", BOB, 2 | 16): True,
    ("ParticipantRegistry", "isActive", BOB, 1 | 4 | 8): False,
    ("OracleNetwork", "challengeTerms"): (60, 10**9),
    ("OracleNetwork", "staking"): (5, 7 * 86400, 1, 100_000),
    ("OracleNetwork", "accounted"): (7 * 5, 99, 0),
    ("OracleNetwork", "shadowPeriod"): 70,
    ("AllocationBook", "twoPerson"): True,
    ("AllocationBook", "disputeBond"): 8,
    ("FoundationToken", "lockup"): 9,
    ("Settlement", "maxAmount"): 11,
    ("Conversion", "policy", feed_id("WTI")): (1250, 61),
    ("Conversion", "dailyLimit"): 7,
    ("Conversion", "sovereignLimit"): 6,
    ("Reserve", "valueOf", 0): 100,
    ("Reserve", "valueOf", 1): 200,
    ("Reserve", "tiers"): ((1, 2),),
    ("Reserve", "sliceLimit"): 3,
    ("Reserve", "dailyLimit"): 5,
    ("Reserve", "redeemerLimit"): 4,
    ("FictraTimelock", "getMinDelay"): 7200,
    ("FictraGovernor", "votingDelay"): 61,
    ("FictraGovernor", "votingPeriod"): 3601,
    ("FictraGovernor", "proposalThreshold"): 3,
    ("FictraGovernor", "quorumNumerator()"): 9,
    ("FoundationToken", "authorised", account_of("vault")): True,
}  # fmt: skip


@pytest.fixture(scope="module")
def rich() -> Network:
    return Network(RICH)


@pytest.mark.parametrize("call", ON_CHAIN, ids=lambda call: ".".join(map(str, call[:2])))
def test_institutions_are_as_declared(rich: Network, call: tuple[Any, ...]) -> None:
    assert rich.read(*call) == ON_CHAIN[call]
    assert rich.deployment.parameter("reserve.tiers.0.haircut") == 2
    assert rich.deployment.parameter("conversion.units_per_ft.WTI") == 1250
    assert rich.deployment.address("bank") == BOB


def test_what_stands_is_what_the_manifest_says(rich: Network) -> None:
    def code(address: bytes) -> bytes:
        return rich.chain.engine.account(address).code

    assert discrepancies(rich.reader.at(), code) == []


def test_other_code_other_roles_and_strangers_are_found() -> None:
    network = Network()
    deployment, engine = network.deployment, network.chain.engine
    fees = deployment.contract("FeeSchedule")
    stolen = replace(deployment.roles["pauser"], account=BOB)
    false = replace_fields(
        deployment, holders={**deployment.holders, "pauser": (stolen,)},
        code_hashes={**deployment.code_hashes, "Reserve": bytes(32)},
    )  # fmt: skip
    engine.set_account(fees.address, replace(engine.account(fees.address), code=b"\x00"))

    def code(address: bytes) -> bytes:
        return b"" if address == false.address("Multicall3") else engine.account(address).code

    found = "\n".join(discrepancies(Reader(network.chain, false).at(), code))
    for message in (
        r"Multicall3 at 0x\w+ has no code",
        r"FeeSchedule at 0x\w+ runs other code than its artifact",
        r"Reserve at 0x\w+ was created with other immutables",
        rf"0x{BOB.hex()} of the register does not hold the role pauser",
        rf"0x{deployment.roles['pauser'].account.hex()} holds the role pauser and is not",
    ):
        assert re.search(message, found)
    assert len(found.splitlines()) == 5


def replace_fields(deployment: Deployment, **changes: Any) -> Deployment:
    names = [item.name for item in fields(Deployment) if item.init]
    return Deployment(**{name: getattr(deployment, name) for name in names} | changes)


def test_the_same_spec_gives_the_same_chain() -> None:
    one, two = Network(), Network(replace(SPEC, balances=dict(SPEC.balances)))
    assert one.deployment.to_json() == two.deployment.to_json()
    assert one.chain.engine.state_root() == two.chain.engine.state_root()


def test_a_brake_works_at_once_and_only_for_its_role() -> None:
    network = Network()
    stop = operation_of(network.deployment, "pauser", contract="LiquidityPool", function="pause")
    refused = network.send(network.deployment.address("unpauser"), stop.direct)
    assert refused.startswith("AccessManagedUnauthorized(caller=0x")
    assert network.send(stop.caller, stop.direct) == ""
    assert network.read("LiquidityPool", "paused") is True


def test_a_delayed_role_schedules_waits_and_executes() -> None:
    network = Network()
    operation = operation_of(
        network.deployment, "oracle_admin", contract="OracleNetwork", function="removeNode",
        args=(NODES["node-6"],),
    )  # fmt: skip
    schedule, execute = operation.messages
    assert "AccessManagerNotScheduled" in network.send(operation.caller, operation.direct)
    assert network.send(operation.caller, schedule) == ""
    due = network.read("Authority", "getSchedule", operation.id)
    scheduled = network.reader.at().logs("Authority", "OperationScheduled")
    assert [log.args["operationId"] for log in scheduled] == [operation.id]
    assert due == scheduled[0].timestamp + 3600
    assert operation.id == network.read(
        "Authority", "hashOperation", operation.caller, operation.target, operation.data
    ) == operation_id(operation.caller, operation.target, operation.data)  # fmt: skip
    assert "AccessManagerNotReady" in network.send(operation.caller, execute)
    network.pass_time(due - network.chain.clock.now)
    assert network.send(operation.caller, execute) == ""
    assert len(network.read("OracleNetwork", "nodes")) == 6


def test_the_manifest_survives_json(network: Network) -> None:
    text = network.deployment.to_json()
    again = Deployment.from_json(text, ARTIFACTS)
    assert again.to_json() == text
    assert json.loads(text)["schema_version"] == 2
    assert again.parameter("feed.WTI.max_answer") == 500 * 10**8
    assert again.address("node-3") == NODES["node-3"]
    pool = again.contract("LiquidityPool")
    assert again.at_address(pool.address) is pool
    assert again.at_address(BOB) is None
    assert Reader(network.chain, again).read("LiquidityPool", "swapCount") == 0


def edited(network: Network, **changes: Any) -> str:
    raw = json.loads(network.deployment.to_json())
    return json.dumps({key: value for key, value in (raw | changes).items() if value is not None})


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"schema_version": 1}, "schema_version 1; this version of twin reads 2"),
        ({"roles": None}, "lacks roles"),
        ({"accounts": {"x": "0x12"}}, "'0x12' is not 20 bytes of hex"),
        ({"roles": {"pauser": {"account": "0x" + "00" * 20}}}, "malformed: KeyError"),
        ({"contracts": {"Multicall3": {"artifact": "Multicall3", "address": "0x", "source_hash": "ab"}}},
         "Multicall3 was deployed from sources ab"),
    ],
)  # fmt: skip
def test_a_broken_manifest_is_refused(
    network: Network, changes: Mapping[str, Any], message: str
) -> None:
    with pytest.raises(UsageError, match=message):
        Deployment.from_json(edited(network, **changes), ARTIFACTS)
    with pytest.raises(UsageError, match="is no JSON"):
        Deployment.from_json("{", ARTIFACTS)


def test_unknown_names_of_a_manifest(network: Network) -> None:
    for ask, message in (
        (network.deployment.contract, "no contract is called"),
        (network.deployment.address, "no contract or account is called"),
        (network.deployment.parameter, "no parameter is called"),
    ):
        with pytest.raises(UnknownName, match=message):
            ask("LiquidtyPool")


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"pt_cap": 10**6}, r"PaymentToken\.mint.* is refused: CapExceeded\(supply="),
        ({"fees": {**default_fees(), "swap": FeeParameters(fee=0, min=1, max=2)}},
         r"FeeSchedule cannot be created .*FeeOutOfBounds\(kind=0"),
        ({"fees": {"swap": FeeParameters(fee=1, min=1, max=2)}}, r"declared for \['swap'\]"),
        ({"feeds": {"WTI": FeedParameters(quorum=3)}}, r"addFeed.* is refused: QuorumOutOfBounds"),
        ({"allocation": AllocationParameters(rate_per_usd=0)}, "ParameterOutOfBounds"),
        ({"balances": {BOB: Endowment(approvals=(("PaymentToken", "Pool"),))}}, "no contract is called 'Pool'"),
        ({"roles": {**default_roles(), "pausr": default_roles()["pauser"]}}, "no role is called 'pausr'"),
        ({"roles": {}}, "no account holds the role governance"),
        ({"roles": {**default_roles(), "minter": default_roles()["pauser"]}}, "role minter is held by contracts"),
        ({"conversion": ConversionParameters(units_per_ft={"BRENT": 1})}, "no feed is called 'BRENT'"),
        ({"reserve": ReserveParameters(feeds={"silver": "WTI"})}, "no asset of the reserve is called 'silver'"),
        ({"reserve": ReserveParameters(weight_gold=1)}, r"setWeights.*WeightsDoNotAddUp\(sum=1000001"),
        ({"governance": GovernanceParameters(quorum=51)}, "FictraGovernor cannot be created .*SettingOutOfBounds"),
    ],
)  # fmt: skip
def test_what_the_contracts_refuse_is_a_bad_file(changes: Any, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        deploy(fresh_chain(), replace(SPEC, **changes), artifacts=ARTIFACTS)


def test_importing_the_protocol_loads_nothing_heavy() -> None:
    heavy = ("coincurve", "eth", "eth_abi", "mesa", "pydantic", "web3")
    code = "import sys, twin.protocol.deployment, twin.protocol.invariants, twin.protocol.reader; "
    code += f"print([name for name in {heavy} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_a_pool_may_start_empty() -> None:
    network = Network(replace(SPEC, pool=PoolParameters(pt=0, stable=0)))
    assert network.read("LiquidityPool", "totalSupply") == 0


def test_a_spec_is_made_from_the_protocol_section_of_a_scenario() -> None:
    feed = SimpleNamespace(
        min_answer=1, max_answer=2, heartbeat=60, deviation=100, max_age=60, quorum=1, why="x"
    )
    section = SimpleNamespace(
        feeds={"BRENT": feed}, fees={"swap": FeeParameters(fee=1, min=1, max=2)},
        pool=PoolParameters(1, 2), allocation=AllocationParameters(rate_per_usd=5),
    )  # fmt: skip
    spec = DeploymentSpec.of(section, nodes=NODES)
    assert spec.feeds == {"BRENT": FeedParameters(1, 2, 60, 100, 60, 1)}
    assert spec.fees == {**default_fees(), "swap": section.fees["swap"]}
    assert (spec.pool, spec.allocation, spec.nodes) == (section.pool, section.allocation, NODES)
