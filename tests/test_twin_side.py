from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from small_network import ANN, BEN, START, UNIT, USD, Network

from twin.chain.engines import make_engine
from twin.desk.incidents import IncidentStore
from twin.desk.lab import ChainLab
from twin.desk.notices import NoticeBoard
from twin.desk.port import Desk, View
from twin.desk.records import Records
from twin.desk.register import SignedRegister
from twin.desk.stores import Stores
from twin.desk.twin_side import TwinDesk
from twin.errors import NoData, Reverted, UnknownBlock, UnknownName
from twin.market.market import Market
from twin.protocol.parameters import feed_id
from twin.random import Streams
from twin.scenario.market import MarketSpec
from twin.scenario.services import ServicesSpec
from twin.services.services import Services

WTI = feed_id("WTI")
STILL = {
    "model": "schwartz-smith", "initial": "80.00", "sigma_chi": 0, "sigma_xi": 0, "mu_xi": 0,
}  # fmt: skip
MARKET = {
    "commodities": {"WTI": STILL},
    "index": {"noise": "0 pips", "latency": "60s"},
    "fx": {"EUR": {**STILL, "initial": "1.25"}},
    "banks": {"helvetia": {"accounts": {"reserve": 5_000_000}}},
    "custodians": {"aegis": {
        "bank": "helvetia", "account": "reserve",
        "holdings": {"bills": {"quantity": 1_000_000_000, "price": "0.995"}},
    }},
    "exports": {"feeds": {"carrier": {"latency": "6h"}}},
}  # fmt: skip
RESERVES = ("LiquidityPool", "reserves", ())


class Lab:
    """A desk over the small network, with one index, one customs house and no monitoring."""

    def __init__(self) -> None:
        self.network = Network()
        self.market = Market(
            MarketSpec.model_validate(MARKET), self.network.clock, streams=Streams(1),
            start=START, end=START + 7 * 86_400, on_trade=print,
        )  # fmt: skip
        self.store, self.stores = IncidentStore(), Stores()
        network = self.network
        services = Services(
            ServicesSpec(), network.clock, chain=network.chain, deployment=network.deployment,
            market=self.market, streams=Streams(1),
        )  # fmt: skip
        self.desk = TwinDesk(
            self.network.clock,
            self.network.chain,
            deployment=self.network.deployment,
            market=self.market,
            register=SignedRegister(parameters={}, addresses={}, feeds={"WTI": WTI}),
            incidents=self.store,
            stores=self.stores,
            lab=ChainLab(network.chain, network.deployment, lambda: make_engine(chain_id=1)),
            records=Records(),
            notices=NoticeBoard(),
            services=services.clients(),
        )


@pytest.fixture
def lab() -> Lab:
    return Lab()


def test_it_is_a_desk(lab: Lab) -> None:
    desk: Desk = lab.desk  # the type checker compares every method
    view: View = desk.at()
    assert (desk.now, view.block, view.timestamp) == (START, 0, START)


def test_a_view_reads_one_block_whatever_happens_after(lab: Lab) -> None:
    network, desk = lab.network, lab.desk
    network.run(13)
    view = desk.at()
    network.swap(amount=1000 * UNIT)
    network.run(12)
    assert (view.block, desk.at().block) == (1, 2)
    assert view.read(*RESERVES[:2])[0] == 10**6 * UNIT
    assert desk.at().read(*RESERVES[:2])[0] == 1_001_000 * UNIT
    assert view.batch([RESERVES])[0][0] == 10**6 * UNIT
    assert desk.at(1).batch([RESERVES])[0][0] == 10**6 * UNIT


def test_a_batch_answers_like_its_reads_and_keeps_reverts_apart(lab: Lab) -> None:
    lab.network.run(13)
    view = lab.desk.at()
    calls = [RESERVES, ("OracleNetwork", "fresh", (WTI,)), ("FeeSchedule", "fee", (0,))]
    reserves, fresh, fee = view.batch(calls)
    assert (reserves, fee) == (view.read(*RESERVES[:2]), view.read("FeeSchedule", "fee", 0))
    assert isinstance(fresh, Reverted)
    assert "StaleFeed" in fresh.reason
    with pytest.raises(Reverted, match="StaleFeed"):
        view.read("OracleNetwork", "fresh", WTI)


def test_logs_begin_at_a_second_and_end_at_the_views_block(lab: Lab) -> None:
    network, desk = lab.network, lab.desk
    for sender in (ANN, BEN, ANN):
        network.swap(sender)
        network.run(12)
    network.run(1)
    found = desk.at().logs("LiquidityPool", "Swapped", since=START + 24)
    assert [(log.block, log.timestamp, log.args["sender"]) for log in found] == [
        (2, START + 24, BEN), (3, START + 36, ANN)
    ]  # fmt: skip
    assert [log.block for log in desk.at(2).logs("LiquidityPool", "Swapped", since=0)] == [1, 2]
    assert desk.at().logs("LiquidityPool", "Swapped", since=START + 37) == []
    (added,) = desk.at().logs("LiquidityPool", "LiquidityAdded", since=0)  # of the genesis
    assert (added.block, added.args["shares"] > 0) == (0, True)


def test_stats_and_simulations_come_through_the_view(lab: Lab) -> None:
    lab.network.swap()
    lab.network.run(13)
    assert lab.desk.at().stats(since=START).transactions == 1
    assert lab.desk.at().simulate("pauser", "LiquidityPool", "pause", ()).success


def test_feeds_answer_index_reports_and_signatures(lab: Lab) -> None:
    lab.network.run(3600)
    quote = lab.desk.feeds.index("WTI")
    assert (quote.price, quote.at) == (80 * USD, START + 3600 - 60)
    report = lab.market.reports.publish("one", "WTI", "albion", 80 * USD, START)
    assert lab.desk.feeds.reports("WTI") == [report]
    assert lab.desk.feeds.authentic(report)
    lab.market.indices["WTI"].halt()
    with pytest.raises(NoData, match="the index of WTI does not answer"):
        lab.desk.feeds.index("WTI")


def test_customs_publish_papers_without_the_truth_behind_them(lab: Lab) -> None:
    document = lab.market.customs.declare("norway", "WTI", 600_000_000, START)
    published = lab.desk.customs.document(document.hash)
    assert published == document.as_mapping()
    assert lab.desk.customs.document(b"\x01" * 32) is None


def test_institutions_answer_as_their_clients_know_them(lab: Lab) -> None:
    desk, day = lab.desk, 86_400
    document = lab.market.customs.declare("norway", "WTI", 600_000_000, START)
    assert desk.feeds.rate("EUR").price == 125 * USD // 100
    assert desk.banks.accounts() == [("helvetia", "reserve")]
    assert desk.customs.record("carrier", document.hash) is None
    assert (desk.custody.names(), desk.customs.export_feeds()) == (["aegis"], ["carrier"])
    assert desk.custody.quote("aegis", "bills", 2_000) == 1_990_000
    lab.network.run(5 * day)
    assert desk.banks.statement("helvetia", "reserve").balance == 5_000_000 * UNIT
    assert desk.custody.statement("aegis").holdings[0].value == 995_000 * UNIT
    published = desk.customs.record("carrier", document.hash)
    assert published is not None
    assert published.quantity == document.quantity
    assert isinstance(desk.banks.open("helvetia"), bool)


REFUSED: dict[str, tuple[Callable[[Lab], Any], type[Exception]]] = {
    "a commodity": (lambda lab: lab.desk.feeds.index("WTX"), UnknownName),
    "a venue": (lambda lab: lab.desk.venues.ticker("meridian"), UnknownName),
    "a currency": (lambda lab: lab.desk.feeds.rate("CHF"), UnknownName),
    "a bank": (lambda lab: lab.desk.banks.statement("hevletia", "reserve"), UnknownName),
    "a statement to come": (lambda lab: lab.desk.banks.statement("helvetia", "reserve"), NoData),
    "a custodian": (lambda lab: lab.desk.custody.statement("egis"), UnknownName),
    "an export feed": (lambda lab: lab.desk.customs.record("carier", b"\x01" * 32), UnknownName),
    "an incident": (lambda lab: lab.desk.incidents.get("INC-001"), UnknownName),
    "a contract": (lambda lab: lab.desk.at().read("Pool", "reserves"), UnknownName),
    "a function": (lambda lab: lab.desk.at().read("LiquidityPool", "reserve"), UnknownName),
    "an event": (lambda lab: lab.desk.at().logs("LiquidityPool", "Swap", since=0), UnknownName),
    "a block to come": (lambda lab: lab.desk.at(9).read("LiquidityPool", "reserves"), UnknownBlock),
    "a metric": (lambda lab: lab.desk.metrics.query("up"), NoData),
    "an alert": (lambda lab: lab.desk.alerts.firing(), NoData),
}  # fmt: skip


@pytest.mark.parametrize(("ask", "error"), REFUSED.values(), ids=REFUSED.keys())
def test_what_is_not_there_is_refused(
    lab: Lab, ask: Callable[[Lab], Any], error: type[Exception]
) -> None:
    with pytest.raises(error):
        ask(lab)


def test_incidents_on_the_desk_are_copies(lab: Lab) -> None:
    made = lab.store.create(START, summary="x", severity="P1", family="pool", alerts=["High{}"])
    for seen in (lab.desk.incidents.get(made.id), *lab.desk.incidents.open()):
        assert seen == made
        seen.state = "closed"
        seen.alerts.append("Mine{}")
        seen.history.append(("closed", START))
    assert lab.store.get(made.id).state == "open"
    assert lab.store.get(made.id).alerts == ["High{}"]
    assert lab.store.get(made.id).history == [("open", START)]


def test_monitoring_is_wired_in_later(lab: Lab) -> None:
    class Board:
        def query(self, expression: str) -> list[Any]:
            return [({}, float(len(expression)))]

        def firing(self) -> list[Any]:
            return []

        def rules(self) -> list[Any]:
            return []

    board = Board()
    lab.desk.wire(board, board)
    assert (lab.desk.metrics.query("up"), lab.desk.alerts.firing()) == ([({}, 2.0)], [])
