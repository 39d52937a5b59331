"""Faults of exchanges and trading in whole worlds: what is injected is found, and its alert fires."""

from __future__ import annotations

from typing import Any

import pytest
from world_lab import HOUR, NODES, VENUE, Stage, agent, fault, market, stage

TEAM = {
    "policy": "playbook",
    "people": [
        {"name": "amara", "ack_median": "1m", "ack_p95": "1m",
         "roles": ["operator", "treasurer", "fee-steward", "analyst", "liaison"]},
        {"name": "bruno", "ack_median": "1m", "ack_p95": "1m", "roles": ["commander"]},
    ],
    "authorities": {
        name: {"signers": ["amara", "bruno"], "threshold": 2}
        for name in ("pauser", "unpauser", "oracle_admin", "fee_steward", "treasury")
    },
}  # fmt: skip
TRADERS = agent("noise", "trader", 4, trades_per_day=60)
ARBITRAGE = agent("arbitrageur", "arbitrageur", capital=2_000_000)


def world(
    *agents: dict[str, Any], faults: list[dict[str, Any]], arbitrage: bool = True, **changes: Any
) -> Stage:
    """Return a stage of two venues, traders and *agents*, with *faults*."""
    carried = [ARBITRAGE] if arbitrage else []
    return stage(
        market=market(venues={"meridian": VENUE, "zephyr": VENUE}),
        agents=[*NODES, TRADERS, *carried, *agents],
        sealed={"faults": faults},
        **changes,
    )


def found(played: Stage, procedure: str, item: str) -> list[int]:
    """Return the seconds after the start at which *procedure* found *item*."""
    start = played.world.clock.start
    records = played.world.desk.evidence.of(procedure)
    return [record.at - start for record in records if record.problems.get(item)]


def fired(played: Stage, rule: str) -> bool:
    """Say whether *rule* fired."""
    return any(event.state == "firing" for _, event in played.of("alert", rule=rule))


ROWS: list[tuple[str, dict[str, Any], str, str, str, float]] = [
    # kind, params, procedure, item, rule, hours until it is looked at
    ("venue-withdrawal-halt", {}, "IX1", "withdrawal", "VenueWithdrawalsPending", 7),
    ("venue-stale-book", {}, "IX1", "stale-book", "VenueBookStale", 3),
    ("venue-outage", {}, "IX1", "heartbeat", "VenueOrdersFail", 3),
    ("venue-api-break", {"endpoint": "book"}, "TP3", "contract", "VenueContractBroken", 8),
    ("key-expiry", {"lead": "3d"}, "TP3", "key", "VenueKeyExpiring", 8),
    ("venue-pair-change", {"decimals": 8}, "IX2", "metadata", "VenuePairChanged", 8),
    ("venue-pair-change", {"without_bands": True}, "IX2", "bands", "VenuePairChanged", 8),
    ("venue-delisting", {}, "IX2", "listing", "VenueDelisting", 8),
    ("venue-misprint", {"price": "0.90"}, "IX4", "print", "VenuePrintRejected", 3),
    ("venue-own-index", {}, "IX4", "index-composition", "VenueIndexUnsound", 3),
    ("maker-withdrawal", {"left": "5%", "widening": "1%"}, "IX3", "obligation", "MakerAbsent", 26),
    ("venue-unreachable", {}, "IX5", "unreachable", "VenueWarningSigns", 26),
    ("venue-warning-signs", {"spacing": "1h"}, "IX5", "signals", "VenueWarningSigns", 26),
]  # fmt: skip


@pytest.mark.parametrize(
    ("kind", "params", "procedure", "item", "rule", "hours"),
    ROWS,
    ids=[f"{row[0]}-{row[3]}" for row in ROWS],
)
def test_a_fault_of_a_venue_is_found_and_told(
    kind: str, params: dict[str, Any], procedure: str, item: str, rule: str, hours: float
) -> None:
    at = HOUR if procedure not in ("IX3", "IX5") else 60
    played = world(faults=[fault("trouble", kind, f"{at}s", venue="meridian", **params)], team=TEAM)
    played.run(round(hours * HOUR))
    times = found(played, procedure, item)
    assert times, "nobody found it"
    assert min(times) >= at, "found before it was there"
    assert fired(played, rule)


def test_in_two_quiet_days_nothing_pages_and_little_is_found() -> None:
    played = world(faults=[], team=TEAM, duration="2d")
    played.run(47 * HOUR)
    assert played.of("page") == []
    for procedure in ("IX1", "IX2", "IX3", "IX4", "IX5", "TP1", "TP3", "TP4", "TP5", "ME3", "ME5"):
        records = played.world.desk.evidence.of(procedure)
        assert records, procedure
        assert {record.verdict for record in records} == {"ok"}, procedure
    for procedure in ("ME1", "TP2"):
        assert {item.verdict for item in played.world.desk.evidence.of(procedure)} >= {"ok"}


def test_a_ring_is_found_on_the_pool_and_at_the_venue() -> None:
    names = [f"washer-{number}" for number in (1, 2, 3)]
    ring = agent("ring", "washer", 3, size=6_000, every="5m", venue_size=1_500)
    played = world(ring, faults=[fault("wash", "wash-trading", "1h", nodes=names)], duration="1d")
    played.run(HOUR)
    assert found(played, "ME3", "ring") == []
    played.run(6 * HOUR)
    assert found(played, "ME3", "ring")
    assert found(played, "ME3", "venue-wash")
    assert fired(played, "WashTrading")
    record = played.world.desk.evidence.last("ME3")
    assert record is not None
    accounts = {"0x" + played.world.habitat.account(name).hex() for name in names}
    assert set(played.world.desk.evidence.data(record.ref)["ring"]) == accounts


@pytest.mark.parametrize("buys", [False, True], ids=["sells", "buys"])
def test_one_account_that_pushes_a_thin_market_is_found(*, buys: bool) -> None:
    whale = agent("whale", "whale", 1, amount=250_000, buys=buys)
    played = world(whale, faults=[fault("shock", "depeg-shock", "2h", nodes=["whale"])],
                   arbitrage=False, duration="1d")  # fmt: skip
    played.run(5 * HOUR)
    assert found(played, "ME1", "lag")[0] > 2 * HOUR
    assert found(played, "ME1", "depeg")
    assert found(played, "ME3", "pump")
    assert fired(played, "MarketPushed")
    assert fired(played, "PriceAverageLags")


def test_one_account_is_found_although_an_arbitrageur_takes_the_other_side() -> None:
    whale = agent("whale", "whale", 1, amount=250_000)
    played = world(whale, faults=[fault("shock", "depeg-shock", "2h", nodes=["whale"])],
                   duration="1d")  # fmt: skip
    played.run(5 * HOUR)
    assert found(played, "ME3", "pump")
    stages = [item.problems["stage"] for item in played.world.desk.evidence.of("TP2")]
    assert max(stages) < 3, "a trade that the market absorbs is no run"


def test_a_large_seller_raises_the_stage_of_run_risk() -> None:
    whale = agent("whale", "whale", 1, amount=500_000)
    played = world(whale, faults=[fault("shock", "depeg-shock", "2h", nodes=["whale"])],
                   arbitrage=False, duration="1d")  # fmt: skip
    played.run(2 * HOUR)
    assert not found(played, "TP2", "stage")
    played.run(5 * HOUR)
    records = played.world.desk.evidence.of("TP2")
    assert max(item.problems["stage"] for item in records) == 3
    assert fired(played, "RunRiskRun")
    record = next(item for item in records if item.problems["stage"] == 3)
    actions = played.world.desk.evidence.data(record.ref)["actions"]
    assert any("frozen" in action for action in actions)


def test_a_stolen_issuer_key_is_found_within_the_hour() -> None:
    played = world(faults=[fault("theft", "unbacked-mint", "90m", amount=1_000_000)], duration="1d")
    played.run(4 * HOUR)
    times = found(played, "TP5", "unbacked")
    assert times[0] <= 150 * 60
    assert fired(played, "SupplyUnbacked")
    record = played.world.desk.evidence.last("TP5")
    assert record is not None
    assert played.world.desk.evidence.data(record.ref)["unbacked"] == 1_000_000 * 10**6


def test_an_operator_that_removes_liquidity_by_hand_is_found() -> None:
    played = world(faults=[fault("panic", "operator-removal", "2h", share="40%")], team=TEAM,
                   duration="2d")  # fmt: skip
    played.run(30 * HOUR)
    assert found(played, "TP1", "off-policy")
    assert fired(played, "LiquidityRemovedByHand")
    actions = played.world.stores.entries("action")
    assert any("outside the policy" in item.subject for item in actions)


def test_a_fee_in_the_wrong_unit_is_found_by_hand_and_by_its_effect() -> None:
    fees = {
        "swap": {"fee": "0.30%", "min": "0.05%", "max": "5%", "max_step": "1%", "min_delay": "5h"}
    }
    base = {"feeds": {"WTI": {"min_answer": "-100.00", "max_answer": "500.00", "heartbeat": "1h",
                              "deviation": "0.5%", "max_age": "2h", "quorum": 4}},
            "fees": fees, "pool": {"pt": 2_000_000, "stable": 2_000_000}}  # fmt: skip
    busy = agent("noise", "busy", 20, trades_per_day=60, venue_share=0.0)
    played = stage(
        protocol=base, team=TEAM, duration="4d",
        market=market(elasticity_ppm=1_500_000), agents=[*NODES, busy],
        procedures={"TP4": {"target": 1_000_000_000_000, "gain_ppm": 1, "dead_band_ppm": 5_000_000}},
        sealed={"faults": [fault("unit", "fee-shock", "25h", fee="1.3%")]},
    )  # fmt: skip
    played.run(76 * HOUR)
    assert found(played, "TP4", "foreign")
    assert found(played, "ME5", "driven-away")
    assert fired(played, "FeeChangedByHand")
    assert fired(played, "ParameterDroveUseAway")


def test_the_treasury_thins_a_deep_pool_by_policy_and_nobody_calls_it_off_policy() -> None:
    policy = {
        "TP1": {"low": 10_000 * 10**6, "high": 45_000 * 10**6, "max_move": 50_000, "calm": 20_000}
    }
    played = world(faults=[], team=TEAM, procedures=policy, duration="3d")
    played.run(36 * HOUR)
    records = played.world.desk.evidence.of("TP1")
    assert [record.verdict for record in records] == ["done", "done"], records[-1].summary
    removed = played.of("log", contract="LiquidityPool", event="LiquidityRemoved")
    assert len(removed) == 2
    data = played.world.desk.evidence.data(records[0].ref)
    assert data["depth_after"] < data["depth"]
    assert abs(data["depth_after"] - data["rehearsal"]["depth"]) * 50 < data["depth"]
    assert not fired(played, "LiquidityRemovedByHand")


def test_a_run_on_the_reserve_goes_through_the_stages() -> None:
    holders = agent("holder", "fund", 12, kind="fund", balance=40_000, slice=10_000,
                    coverage_weight=1.0, exit="par", returns=False, authorised=True)  # fmt: skip
    supply = 1_000_000 + 12 * 40_000
    played = stage(
        protocol={"feeds": {}, "pool": {"pt": 1_000_000, "stable": 1_000_000},
                  "reserve": {"stable": 600_000, "bills": supply - 600_000, "weight_stable": "40%",
                              "weight_bills": "60%", "daily_limit": 2_000_000,
                              "redeemer_limit": 200_000}},
        market={"venues": {}}, agents=[holders], duration="2d",
    )  # fmt: skip
    played.run(4 * HOUR)
    assert not found(played, "TP2", "stage")
    read = played.world.habitat.read
    bills = read("Reserve", "valueOf", 1) - read("Reserve", "totalValue") // 10
    played.call(
        "attestor", "Reserve", "attest", 1, bills, bytes(32), played.world.clock.now + 20 * 86_400
    )
    played.run(20 * HOUR)
    records = played.world.desk.evidence.of("TP2")
    assert max(item.problems["stage"] for item in records) == 3
    assert any(
        played.world.desk.evidence.data(item.ref)["components"]["coverage"] == 100
        for item in records[-60:]
    )
    assert read("Reserve", "totalRedeemed") > 0
    assert fired(played, "RunRiskRun")
    assert fired(played, "RedemptionsHigh")
    assert not found(played, "TP5", "reserve-books")
