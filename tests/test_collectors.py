from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import pytest
from chain_lab import real
from collectors_lab import BOB, NODES, START, WTI, as_desk, errors, make, read, scrape, submit

from twin.desk.port import (
    BankStatement,
    ChainStats,
    CustodyStatement,
    LogRecord,
    ServiceDesk,
    SignedReport,
)
from twin.desk.port.pager import Delivery
from twin.desk.port.tickets import Ticket
from twin.errors import Reverted
from twin.quotes import HoldingLine


def test_a_fresh_network_is_read_in_one_batch_and_what_is_missing_is_counted() -> None:
    desk, registry, collectors = make()
    scrape(desk, registry, collectors)
    values = read(registry, START)
    pt, stable, _ = desk.view.reader.read("LiquidityPool", "reserves")
    assert values["pool_price_ratio{}"] == stable / pt
    assert values["pool_reserve_stable{}"] == stable / 10**6
    assert values["pool_depth_stable{level=5}"] == pytest.approx(
        stable / 10**6 * (math.sqrt(1.05) - 1)
    )
    assert values["pool_swaps_total{}"] == 0
    assert values["pt_supply{}"] == desk.view.reader.read("PaymentToken", "totalSupply") / 10**6
    assert values["pt_cap{}"] == desk.view.reader.read("PaymentToken", "cap") / 10**6
    assert values["ft_supply{}"] == 0
    assert values["contract_paused{contract=LiquidityPool}"] == 0
    assert values["fee_ratio{kind=swap}"] == desk.view.reader.read("FeeSchedule", "fee", 0) / 10**6
    assert values["fee_min_ratio{kind=swap}"] <= values["fee_max_ratio{kind=swap}"]
    assert values["index_usd{commodity=WTI}"] == 80
    assert values["index_timestamp_seconds{commodity=WTI}"] == START - 60
    assert values["incidents_open{severity=P3}"] == 2
    assert values["incidents_open{severity=P2}"] == 0
    assert values["alerts_firing{severity=P1}"] == 2
    # no answer yet, a venue that is silent, a book with one side: left out, never made up
    assert not any(name.startswith("oracle_answer_usd") for name in values)
    assert "oracle_max_answer_usd{feed=WTI}" in values
    assert errors(values) == {"oracle": 1, "venues": 2}


def test_venues() -> None:
    desk, registry, collectors = make()
    scrape(desk, registry, collectors)
    values = read(registry, START)
    found = {name: value for name, value in values.items() if name.startswith("venue")}
    assert found == {
        "venue_up{venue=alpha}": 1,
        "venue_mid_ratio{venue=alpha}": 1.0,
        "venue_spread_ratio{venue=alpha}": 0.02,
        "venue_volume_pt_total{venue=alpha}": 5,
        "venue_up{venue=beta}": 0,
        "venue_up{venue=gamma}": 1,
        "venue_volume_pt_total{venue=gamma}": 1,
    }


def test_the_oracle_feed_from_the_deployed_contract() -> None:
    desk, registry, collectors = make()
    price = 80 * 10**8
    submit(desk, {"one": price, "two": price + 10**8, "three": price, "four": price + 10**8})
    stale = START - 10**6
    desk.feeds.signed = [
        SignedReport(node, "WTI", source, price, at, b"")
        for node, source, at in (
            ("one", "reuters", desk.now), ("two", "platts", desk.now),
            ("three", "reuters", desk.now), ("four", "dead", stale),
        )
    ]  # fmt: skip
    scrape(desk, registry, collectors)
    values = read(registry, desk.now)
    answer, updated, _, reporters = desk.view.reader.read("OracleNetwork", "latest", WTI)
    assert values["oracle_answer_usd{feed=WTI}"] == answer / 10**8
    assert values["oracle_updated_timestamp_seconds{feed=WTI}"] == updated
    assert values["oracle_reporters{feed=WTI}"] == reporters == 4
    assert values["oracle_spread_ratio{feed=WTI}"] == pytest.approx(10**8 / answer)
    assert values["oracle_sources{feed=WTI}"] == 2
    node = "0x" + NODES["two"].hex()
    assert values[f"oracle_report_usd{{feed=WTI,node={node}}}"] == 81
    assert values[f"oracle_report_timestamp_seconds{{feed=WTI,node={node}}}"] == START
    assert values["oracle_heartbeat_seconds{feed=WTI}"] > 0
    assert errors(values) == {"venues": 2}


def test_pool_counters_follow_swaps() -> None:
    desk, registry, collectors = make()
    reader = desk.view.reader
    pool, token = (
        reader.deployment.contract("LiquidityPool"),
        reader.deployment.address("PaymentToken"),
    )
    data = pool.encode("swap", token, 10**8, 0, BOB)
    chain = real(reader)
    chain.send(BOB, pool.address, data, gas=300_000, tip=10**9)
    chain.clock.run(START + 12)
    desk.now = START + 12
    scrape(desk, registry, collectors)
    values = read(registry, desk.now)
    assert values["pool_swaps_total{}"] == 1
    assert values["pool_volume_stable_total{}"] == reader.read("LiquidityPool", "volume") / 10**6
    assert values["pool_fees_stable_total{}"] == reader.read("LiquidityPool", "feesPaid") / 10**6
    assert values["pool_price_ratio{}"] < 1


def test_chain_counters_add_up_from_scrape_to_scrape() -> None:
    desk, registry, collectors = make()
    told = [
        ChainStats(0, 5, START + 60, 7, 250_000, 10, 2, 3, 48),
        ChainStats(6, 10, START + 120, 9, 1_000_000, 0, 0, 0, -1),
    ]
    seen = []
    for stats in told:
        desk.view.told, desk.now = stats, stats.timestamp + 1
        scrape(desk, registry, collectors)
        seen.append(
            {
                k.removeprefix("chain_"): v
                for k, v in read(registry, desk.now).items()
                if "chain_" in k
            }
        )
    assert desk.view.asked == [START, START + 60]
    assert seen[0] == {
        "head_block{}": 0, "head_timestamp_seconds{}": START + 60, "base_fee_wei{}": 7,
        "utilisation_ratio{}": 0.25, "pending_transactions{}": 3, "transactions_total{}": 10,
        "reverted_transactions_total{}": 2, "confirmation_seconds{}": 48,
    }  # fmt: skip
    assert seen[1]["transactions_total{}"] == 10
    assert "confirmation_seconds{}" not in seen[1]
    assert "chain" not in errors(read(registry, desk.now))


def test_answers_that_are_errors_leave_their_samples_out() -> None:
    desk, registry, collectors = make()
    desk.feeds.price, desk.incidents.severities = None, None
    registry.begin(START)
    for collector in collectors:
        failed = [Reverted(b"", "Gone")] * len(collector.calls)
        collector.collect(None, as_desk(desk), failed)
    registry.finish()
    values = read(registry, START)
    assert errors(values) == {
        "chain": 1, "pool": 4, "oracle": 3, "index": 1, "fees": 4, "tokens": 11, "venues": 2,
        "stability": 4, "team": 1, "reserve": 11, "conversion": 4, "settlement": 6, "governance": 3,
    }  # fmt: skip
    # services ask no contract
    services = ("scrape", "node", "indexer", "endpoint", "probe", "alertpath", "tickets")
    kept = {name.partition("{")[0] for name in values if not name.startswith(services)}
    assert kept == {"alerts_firing", "venue_up", "venue_mid_ratio", "venue_spread_ratio",
                    "venue_volume_pt_total", "operator_up", "operator_latency_seconds",
                    "operator_gas_ether", "bank_open"}  # fmt: skip


def test_calls_are_time_independent_and_the_same_at_every_scrape() -> None:
    _, _, collectors = make()
    calls = [call for one in collectors for call in one.calls]
    assert not {"isStale", "fresh", "issuedToday"} & {function for _, function, _ in calls}
    assert all(one.calls is one.calls for one in collectors)
    assert len({one.name for one in collectors}) == len(collectors)


def test_tickets_and_deliveries_are_counted_once_and_silence_is_an_error() -> None:
    desk, registry, collectors = make()
    support = next(one for one in collectors if one.name == "support")

    def scrape(now: int) -> dict[str, float]:
        desk.now = now
        registry.begin(now)
        support.collect(None, as_desk(desk), [])
        registry.finish()
        return read(registry, now)

    def about(second: int, topic: str) -> Ticket:
        return Ticket("TK-1", START + second, "ann", "form", topic, "help")

    desk.tickets.opened = [about(10, "how-to"), about(20, "cannot-trade"), about(300, "how-to")]
    desk.pager.log = [Delivery(START + 5, "One", "P1"), Delivery(START + 300, "Two", "P1")]
    log = []
    for now in (300, 600, 900):
        values = scrape(START + now)
        log.append(
            [int(values[name]) for name in (
                "tickets_opened_total{topic=how-to}", "tickets_opened_total{topic=cannot-trade}",
                "alertpath_delivered_total{}")]
        )  # fmt: skip
    assert log == [[1, 1, 1], [2, 1, 2], [2, 1, 2]], "the present second is the next scrape's"
    desk.services = ServiceDesk()
    assert errors(scrape(START + 1200))["support"] == 1


def test_an_endpoint_that_is_silent_is_down_and_no_missing_answer() -> None:
    desk, registry, collectors = make()
    scrape(desk, registry, collectors)
    values = read(registry, START)
    assert {name: value for name, value in values.items() if name.startswith("operator_")} == {
        "operator_up{node=one}": 1, "operator_latency_seconds{node=one}": 0.8,
        "operator_gas_ether{node=one}": 5, "operator_up{node=two}": 0,
    }  # fmt: skip
    assert "operators" not in errors(values)


def test_statements_are_missed_once_there_were_some() -> None:
    desk, registry, collectors = make()
    scrape(desk, registry, collectors)
    before = read(registry, desk.now)
    assert not [name for name in before if name.startswith(("bank_up", "custody_"))]
    assert {"banks", "custody"}.isdisjoint(errors(before))
    desk.banks.statements["treasury"] = BankStatement(
        "ticino", "treasury", 100, 200, 5 * 10**6, 10**6
    )
    gold = HoldingLine("gold", 2500, 10**8, 3 * 10**6)
    desk.custody.statements["vault"] = CustodyStatement("vault", 100, 200, (gold,), 7 * 10**6)
    desk.now += 60
    scrape(desk, registry, collectors)
    values = read(registry, desk.now)
    assert [values[f"bank_{name}{{account=treasury,bank=ticino}}"] for name in
            ("up", "balance_stable", "outgoing_stable", "statement_timestamp_seconds")] == [1, 5, 1, 100]  # fmt: skip
    assert [values[f"custody_{name}{{custodian=vault}}"] for name in
            ("up", "value_usd", "unsettled_stable", "statement_timestamp_seconds")] == [1, 3, 7, 100]  # fmt: skip
    assert values["custody_holding{asset=gold,custodian=vault}"] == 2.5
    desk.banks.statements["treasury"] = desk.custody.statements["vault"] = None
    desk.now += 60
    scrape(desk, registry, collectors)
    after = read(registry, desk.now)
    assert after["bank_up{account=treasury,bank=ticino}"] == 0
    assert after["custody_up{custodian=vault}"] == 0
    assert (errors(after)["banks"], errors(after)["custody"]) == (1, 1)


def test_disputes_and_what_waits_follow_from_their_events() -> None:
    desk, registry, collectors = make()

    def log(contract: str, event: str, **args: Any) -> None:
        desk.view.events.append(LogRecord(1, desk.now, contract, event, args))

    def values() -> list[float]:
        scrape(desk, registry, collectors)
        found = read(registry, desk.now)
        desk.now += 60
        desk.view.told = replace(desk.view.told, timestamp=desk.now - 1)
        return [found[name] for name in (
            "settlement_disputes_open{}", "governance_operations_waiting{queue=authority}",
            "governance_operations_waiting{queue=timelock}", "participants_suspended{}")]  # fmt: skip

    assert values() == [0, 0, 0, 0]
    log("Settlement", "DealDisputed", id=1)
    log("Settlement", "DealDisputed", id=2)
    log("Authority", "OperationScheduled", operationId=b"a")
    log("FictraTimelock", "CallScheduled", id=b"t")
    log("ParticipantRegistry", "ParticipantSuspended", account=b"x")
    assert values() == [2, 1, 1, 1]
    log("Settlement", "DealSplit", id=1)
    log("Authority", "OperationCanceled", operationId=b"a")
    log("FictraTimelock", "CallExecuted", id=b"t")
    log("ParticipantRegistry", "ParticipantApproved", account=b"x")
    assert values() == [1, 0, 0, 0]


def test_a_reserve_shows_its_holdings_and_an_empty_one_no_weights() -> None:
    desk, registry, collectors = make()
    scrape(desk, registry, collectors)
    values = read(registry, desk.now)
    assert (values["reserve_value_usd{}"], values["reserve_contract_coverage_ratio{}"]) == (0, 0)
    assert values["reserve_holding{asset=gold}"] == 0
    assert values["reserve_policy_weight_ratio{asset=stable}"] == 1
    assert not [name for name in values if name.startswith(("reserve_weight", "reserve_attested"))]
    assert values["conversion_daily_limit_pt{}"] == 5_000_000
    assert values["settlement_escrow_pt{}"] == 0
