from __future__ import annotations

import hashlib
from pathlib import Path
from typing import get_args

import pytest
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from twin.catalog import Settings
from twin.desk.incidents import STATES
from twin.desk.steps import Verdict
from twin.errors import UnknownName, UsageError
from twin.library import Library
from twin.protocol.parameters import (
    PARTS,
    AllocationParameters,
    FeedParameters,
    PoolParameters,
    default_fees,
)
from twin.scenario import ReplaySpec, Scenario, SchwartzSmithSpec, Vocabulary, load, loads
from twin.scenario.expectations import IncidentState, ProcedureExpected
from twin.scenario.network import FeedSpec, ProtocolSpec
from twin.scenario.values import Pips, Seconds


class OracleParams(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")
    commodity: str = "WTI"
    sources: tuple[str, ...] = Field(min_length=1)
    latency: Seconds = 8


class ScaleParams(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")
    source: str
    numerator: int = 1000


class Response(Settings):
    tolerance: Pips = 20_000


VOCABULARY = Vocabulary(
    agents={"oracle-node": OracleParams},
    faults={"source-scale": ScaleParams},
    procedures={"NR1": Response, "ME4": Settings},
    rules=("OracleIndexDivergence", "PoolDepthLow"),
    metrics=("fictra_pool_price_ratio", "fictra_index_usd"),
    invariants=("pt-supply", "pool-product"),
    losses=("ft-over-entitlement",),
)

MINIMAL = """\
name: mini
title: A quiet day
description: Nothing happens.
start: 2009-01-05T00:00:00Z
duration: 1d
seed: 1
claims_not_made: [Anything about the real market.]
"""

FULL = """\
schema_version: 1
name: full
title: "Everything: once"
description: >
  A source changes its unit.
start: 2009-01-05T00:00:00Z
duration: 3d
seed: 7
seeds: [7, 8]
chain:
  block_interval: 12s
  base_fee: 20 gwei
  background:
    - {gas: 9_000_000, max_fee: 40 gwei, tip: 1 gwei, since: 1h, until: 2h}
protocol:
  feeds:
    WTI: {min_answer: -100, max_answer: 500, deviation: 0.5%, quorum: 1}
  fees:
    swap: {fee: 30bp, min: 5bp, max: 1%}
  pool: {pt: 5_000_000, stable: 4_999_999.5}
  allocation: {rate_per_usd: 0.01, max_quantity: 2_500_000}
market:
  commodities:
    WTI: {model: replay, file: data/prices.csv, volatility: 2%}
    BRENT: {model: schwartz-smith, initial: 55.5, season: [0.1, 0.02]}
  sources:
    alpha: {commodity: WTI, noise: 2bp, latency: 30s}
  venues:
    meridian: {mid: 1.0025, half_life: 6h, volatility: 0.2%}
agents:
  - family: oracle-node
    name: node
    count: 2
    params: {sources: [alpha]}
team:
  policy: playbook
  people:
    - name: amara
      roles: [incident-lead]
      shift: {timezone: Europe/Zurich, days: [mon, tue], start: "22:00", end: "06:00"}
      ack_median: 3m
      ack_p95: 10m
  authorities:
    pauser: {signers: [amara], threshold: 1, signing: 1m}
procedures:
  NR1: {tolerance: 1%}
monitoring:
  rules: [OracleIndexDivergence]
loss: {measure: ft-over-entitlement, unit: US cents, reference: {ft_value_cents: 100}, floor: 5}
sealed:
  faults:
    - {name: unit-error, kind: source-scale, at: 6h, until: 1d, params: {source: alpha}}
controls:
  - name: quiet
    title: Without the fault
    expect:
      - {pages_at_most: 0}
    thresholds:
      - {name: peg, expr: fictra_pool_price_ratio, max: 1.05}
expect:
  - {alert: OracleIndexDivergence, within: 10m, after: unit-error}
  - {procedure: NR1, verdict: done, after: unit-error}
  - {event: incident, where: {state: closed}, at_least: 1, at_most: 2}
  - {event: log, where: {contract: FeeSchedule, kind: 0}}
  - {incident: closed, severity: P1, within: 1d, why: The desk must be done in a day.}
  - {loss_at_most: 100}
invariants: [pt-supply, pool-product]
thresholds:
  - name: peg
    expr: abs(fictra_pool_price_ratio - 1)
    min: 0
    max: 0.05
    since: 10m
claims_not_made:
  - Anything about the real market.
"""


@pytest.fixture
def full(tmp_path: Path) -> Scenario:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "prices.csv").write_text("date,price\n2009-01-05,48.6\n")
    path = tmp_path / "full.twin.yaml"
    path.write_text(FULL)
    return load(path, VOCABULARY)


def test_a_minimal_scenario_has_every_default() -> None:
    made = loads(MINIMAL, "mini.twin.yaml", VOCABULARY)
    assert (made.start, made.end) == (1_231_113_600, 1_231_200_000)
    assert made.seeds == (1,)
    assert made.chain.block_interval == 12
    assert made.monitoring.rules == "default"
    assert made.procedures == {"ME4": Settings(), "NR1": Response()}
    assert made.source_sha256 == hashlib.sha256(MINIMAL.encode()).hexdigest()
    assert made.path == Path("mini.twin.yaml")


def test_a_full_scenario_is_all_integers(full: Scenario) -> None:
    assert full.description == "A source changes its unit.\n"
    assert full.chain.background[0].max_fee == 40 * 10**9
    feed = full.protocol.feeds["WTI"]
    assert (feed.min_answer, feed.max_answer, feed.deviation) == (-(10**10), 5 * 10**10, 5_000)
    assert full.protocol.pool.stable == 4_999_999_500_000
    assert full.protocol.allocation.rate_per_usd == 10**16
    assert full.protocol.allocation.max_quantity == 2_500_000_000
    assert full.market.venues["meridian"].mid == 1_002_500
    assert full.sealed.faults[0].at == 21_600
    assert full.procedures["NR1"] == Response.model_construct(tolerance=10_000)
    assert full.expect[2].model_dump() == {
        "why": None, "event": "incident", "where": {"state": "closed"}, "at_least": 1, "at_most": 2,
    }  # fmt: skip
    assert full.loss is not None
    assert full.loss.reference == {"ft_value_cents": 100}
    assert full.monitoring.rules == ("OracleIndexDivergence",)


def test_commodities_differ_by_model_and_files_are_found(full: Scenario, tmp_path: Path) -> None:
    wti, brent = full.market.commodities["WTI"], full.market.commodities["BRENT"]
    assert isinstance(wti, ReplaySpec)
    assert wti.file == tmp_path / "data" / "prices.csv"
    assert isinstance(brent, SchwartzSmithSpec)
    assert (brent.initial, brent.kappa, brent.season) == (5_550_000_000, 1.49, (0.1, 0.02))


def test_a_data_file_may_be_a_bundled_one(root: Path) -> None:
    name = "data/wti-2008-07-to-2009-06.csv"
    commodity = f"{{model: replay, file: {name}, volatility: 2%}}"
    text = f"{MINIMAL}market: {{commodities: {{WTI: {commodity}}}}}\n"
    made = loads(text, "mini.twin.yaml", VOCABULARY).market.commodities["WTI"]
    assert isinstance(made, ReplaySpec)
    assert made.file == root / "scenarios" / name


def test_a_population_has_numbered_names(full: Scenario) -> None:
    (nodes,) = full.agents
    assert nodes.names == ("node-1", "node-2")
    assert nodes.params == OracleParams(sources=("alpha",))
    assert nodes.model_copy(update={"count": 1}).names == ("node",)


def test_nothing_in_a_scenario_can_be_changed(full: Scenario) -> None:
    with pytest.raises(ValidationError, match="frozen"):
        full.seed = 3  # type: ignore[misc]
    with pytest.raises(ValidationError, match="frozen"):
        full.chain.gas_limit = 3  # type: ignore[misc]


def test_with_seed_changes_the_seed_alone(full: Scenario) -> None:
    other = full.with_seed(99)
    assert (other.seed, full.seed) == (99, 7)
    assert other.with_seed(7) == full
    for seed in (-1, 2**63):
        with pytest.raises(UsageError, match=f"the seed {seed} is not between"):
            full.with_seed(seed)


def test_with_control_is_the_same_world_with_other_faults(full: Scenario) -> None:
    quiet = full.with_control("quiet")
    assert quiet.sealed.faults == ()
    assert [item.model_dump(exclude_none=True) for item in quiet.expect] == [{"pages_at_most": 0}]
    assert quiet.thresholds == full.controls[0].thresholds
    assert (quiet.market, quiet.agents, quiet.seed) == (full.market, full.agents, full.seed)
    with pytest.raises(UnknownName, match="no control is called 'quite'; did you mean 'quiet'"):
        full.with_control("quite")


def test_without_faults_keeps_what_is_expected(full: Scenario) -> None:
    other = full.without_faults()
    assert other.sealed.faults == ()
    assert other.expect == full.expect


def test_a_file_is_read_as_its_text_is(full: Scenario) -> None:
    assert loads(FULL, full.path, VOCABULARY) == full


def test_a_byte_order_mark_is_no_mistake() -> None:
    assert loads("\ufeff" + MINIMAL, "mini.twin.yaml", VOCABULARY).name == "mini"


@pytest.mark.parametrize("name", ["gone.twin.yaml", "a\0b", "x" * 300])
def test_a_file_that_is_not_there_is_a_usage_error(tmp_path: Path, name: str) -> None:
    with pytest.raises(UsageError, match="scenario file"):
        load(tmp_path / name, VOCABULARY)


def test_a_folder_is_a_usage_error(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="cannot be read: Is a directory"):
        load(tmp_path, VOCABULARY)


def test_protocol_defaults_are_those_of_the_deployment() -> None:
    made = ProtocolSpec()
    assert made.pool.model_dump() == _fields(PoolParameters())
    assert made.allocation.model_dump() == _fields(AllocationParameters())
    assert {*PARTS} < {*ProtocolSpec.model_fields}
    for name, kind in PARTS.items():
        assert getattr(made, name).model_dump() == _fields(kind()), name
    assert {kind: fee.model_dump() for kind, fee in made.fees.items()} == {
        kind: _fields(fee) for kind, fee in default_fees().items()
    }
    feed = FeedSpec.model_validate({"min_answer": "-100", "max_answer": "500"})
    assert feed.model_dump() == _fields(FeedParameters())


@pytest.mark.parametrize(
    ("section", "message"),
    [
        ("conversion: {units_per_ft: {GOLD: 1}}", "converts at GOLD, which has no feed"),
        ("conversion: {units_per_ft: {WTI: 0}}", "of WTI is zero or above a million units"),
        ("conversion: {daily_limit: 1, sovereign_limit: 2}", "sovereign_limit is above daily_limit"),
        ("reserve: {feeds: {gold: GOLD}}", "prices gold by GOLD, which has no feed"),
        ("reserve: {weight_gold: 10%}", "add up to 1100000 pips, not 100 %"),
        ("reserve: {daily_limit: 1, redeemer_limit: 2}", "redeemer_limit is above daily_limit"),
        ("reserve: {tiers: [{above: 2%, haircut: 1%}, {above: 1%, haircut: 2%}]}", "tiers do not rise"),
        ("reserve: {tiers: [{above: 2%, haircut: 21%}]}", "haircut"),
        ("oracle: {challenge_window: 8d}", "challenge_window"),
        ("oracle: {challenge_bond: 0.5}", "challenge_bond"),
        ("governance: {quorum: 51}", "quorum"),
        ("governance: {timelock_delay: 59m}", "timelock_delay"),
        ("registry: {jurisdiction: ch}", "'ch' is no country: write two capital letters"),
        ("settlement: {max_amount: 0}", "max_amount"),
        ("allocation: {dispute_bond: 0}", "dispute_bond"),
        ("allocation: {lockup: 1461d}", "lockup"),
    ],
)  # fmt: skip
def test_a_bad_value_of_the_institutions_is_shown_at_its_place(section: str, message: str) -> None:
    feeds = 'feeds: {WTI: {min_answer: "-100", max_answer: "500"}}'
    text = f"{MINIMAL}\nprotocol:\n  {feeds}\n  {section}\n"
    line = text.splitlines().index(f"  {section}") + 1
    with pytest.raises(UsageError) as refused:
        loads(text, "mini.twin.yaml", VOCABULARY)
    assert message in str(refused.value)
    assert f"mini.twin.yaml:{line}:" in str(refused.value)


def _fields(record: object) -> dict[str, object]:
    return {name: getattr(record, name) for name in type(record).__dataclass_fields__}  # type: ignore[attr-defined]


def test_unpausing_takes_the_larger_quorum_in_every_scenario_of_ours(root: Path) -> None:
    for path in sorted((root / "scenarios").glob("*.twin.yaml")):
        keys = load(path, Library().vocabulary).team.authorities
        if "pauser" in keys or "unpauser" in keys:  # where nobody has keys nobody pauses
            assert keys["unpauser"].threshold > keys["pauser"].threshold, path.name


def test_states_and_verdicts_are_those_of_the_desk() -> None:
    assert get_args(IncidentState) == STATES
    assert get_args(ProcedureExpected.model_fields["verdict"].annotation) == get_args(Verdict)
