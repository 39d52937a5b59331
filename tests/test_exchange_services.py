"""Exchanges, prober, makers, contacts and news: what they answer, and what faults do to them."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from exchange_lab import HOUR, Lab
from paper_desk import NOW

from twin.desk import exchange_answers as answers
from twin.desk.port.exchanges import Pair
from twin.errors import NoData, UnknownName, UsageError
from twin.faults.exchanges import services_of
from twin.faults.injector import kinds
from twin.faults.port import Fault, Surfaces
from twin.market.demand import Demand
from twin.market.venue import MAKERS
from twin.procedures.tokens.venue_contracts import CONTRACTS, broken_fields
from twin.scenario.services_exchanges import ExchangeSpec, MakerSpec
from twin.services.exchange import ACCOUNT
from twin.services.exchanges import ExchangeHouse
from twin.services.makers import contracts_of


@pytest.mark.parametrize(
    ("text", "value"), [("0.000001", 1), ("12", 12_000_000), ("1.5", 1_500_000), ("0", 0)]
)
def test_decimal_text_becomes_units(text: str, value: int) -> None:
    assert answers.units(text) == value


@pytest.mark.parametrize("value", [0, 1, 999_999, 1_000_000, 123_456_789])
def test_units_become_decimal_text_and_come_back(value: int) -> None:
    assert answers.units(answers.shown(value)) == value


@pytest.mark.parametrize(
    "bad", [1, None, 1.5, "", "-1", "1e6", "1.0000001", "0x10", "\u0661", " 1", "1.", ".5", True]
)
def test_what_is_no_amount_is_refused(bad: object) -> None:
    with pytest.raises((TypeError, ValueError)):
        answers.units(bad)


def test_every_endpoint_keeps_the_contract_and_is_read() -> None:
    lab = Lab()
    client = lab.desk.services.exchanges
    for endpoint, fields in CONTRACTS["v1"].items():
        assert broken_fields(client.get("meridian", endpoint), fields) == []
    assert client.time("meridian") == lab.clock.now
    assert client.pair("meridian") == client.listing("meridian")
    assert isinstance(client.pair("meridian"), Pair)
    assert client.book("meridian").bids[0] == (999_500, 40_000 * 10**6)
    assert client.key("meridian").scopes == ExchangeSpec().scopes
    assert client.balance("meridian").pt == 20_000 * 10**6
    assert client.status("meridian").healthy
    assert [item.version for item in client.changelog("meridian")] == ["v1"]


@pytest.mark.parametrize("how", ["renamed", "retyped", "gone"])
@pytest.mark.parametrize("endpoint", ["pair", "book", "index", "balances"])
def test_a_broken_endpoint_is_no_data_to_the_client_and_fails_its_contract(
    endpoint: str, how: str
) -> None:
    lab = Lab()
    client = lab.desk.services.exchanges
    lab["meridian"].break_api(endpoint, how)
    ask = {"balances": client.balance, "pair": client.pair, "book": client.book,
           "index": client.index}[endpoint]  # fmt: skip
    with pytest.raises(NoData, match="meridian"):
        ask("meridian")
    ask("zephyr")
    lab["meridian"].mend_api()
    ask("meridian")


@pytest.mark.parametrize(
    ("raw", "wrong"),
    [({"a": "1.000000"}, []), ({"a": "1.00"}, ["a: '1.00' is no amount"]), ({}, ["a: missing"]),
     ({"a": 1}, ["a: 1 is no amount"])],
)  # fmt: skip
def test_a_contract_names_the_field(raw: dict[str, Any], wrong: list[str]) -> None:
    assert broken_fields(raw, {"a": "amount"}) == wrong


def test_an_empty_list_on_the_way_holds_nothing() -> None:
    fields = {"trades": "list", "trades.0.price": "amount"}
    assert broken_fields({"trades": []}, fields) == []
    assert broken_fields({"trades": [{"price": 5}]}, fields) == ["trades.0.price: 5 is no amount"]


def test_private_endpoints_need_a_key_and_public_ones_none() -> None:
    lab = Lab()
    lab["meridian"].expire_key(lab.clock.now)
    client = lab.desk.services.exchanges
    for endpoint in ("balances", "key"):
        with pytest.raises(NoData, match="401"):
            client.get("meridian", endpoint)
    client.book("meridian")


def test_a_venue_that_is_down_has_a_status_page_of_its_own() -> None:
    lab = Lab()
    lab.venues["meridian"].halt()
    client = lab.desk.services.exchanges
    with pytest.raises(NoData):
        client.time("meridian")
    assert not client.status("meridian").healthy


def test_the_sequence_counts_changes_of_the_book() -> None:
    lab = Lab()
    client, venue = lab.desk.services.exchanges, lab.venues["meridian"]
    first = client.book("meridian").sequence
    assert client.book("meridian").sequence == first
    venue.deposit("ann", 10**12, 10**12)
    venue.rest("ann", "buy", 10**9, 999_000)
    assert client.book("meridian").sequence == first + 1


def test_a_frozen_book_shows_old_levels_under_new_times() -> None:
    lab = Lab()
    venue, client = lab.venues["meridian"], lab.desk.services.exchanges
    before = client.book("meridian")
    venue.freeze()
    venue.deposit("ann", 10**12, 10**12)
    venue.place("ann", "buy", 10**11, 2_000_000)
    lab.run(HOUR)
    after = client.book("meridian")
    assert (after.bids, after.asks) == (before.bids, before.asks)
    assert after.at == before.at + HOUR
    assert client.trades("meridian") == []
    venue.thaw()
    assert client.book("meridian").asks != before.asks
    assert len(client.trades("meridian")) > 1


def test_probes_leave_the_market_and_the_account_as_they_were() -> None:
    lab = Lab("meridian", hours=30)
    assert lab.log == []
    assert lab.venues["meridian"].balance(ACCOUNT) == (20_000 * 10**6, 20_000 * 10**6)
    assert lab.venues["meridian"].resting(ACCOUNT) == []
    assert len(lab.desk.services.exchanges.orders("meridian", since=NOW)) == 180
    assert len(lab.desk.services.exchanges.withdrawals("meridian", since=NOW)) == 15


def test_pending_withdrawals_are_done_after_the_halt() -> None:
    lab = Lab("meridian", hours=1)
    exchange, client = lab["meridian"], lab.desk.services.exchanges
    exchange.halt_withdrawals(admitted=False)
    lab.run(5 * HOUR)
    probes = client.withdrawals("meridian")
    assert [probe.done is None for probe in probes] == [False, True, True]
    exchange.resume_withdrawals()
    lab.run(HOUR)
    assert all(probe.done is not None for probe in client.withdrawals("meridian")[:3])


def test_an_index_weighs_the_venues_that_have_a_price() -> None:
    lab = Lab("a", "b", "c")
    index = lab.desk.services.exchanges.index("a")
    assert [part.weight for part in index.parts] == [333_334, 333_333, 333_333]
    lab.venues["c"].halt()
    assert [part.venue for part in lab.desk.services.exchanges.index("a").parts] == ["a", "b"]


def test_names_that_nobody_has_are_refused() -> None:
    lab = Lab()
    with pytest.raises(UnknownName, match="meridian"):
        lab.desk.services.exchanges.book("meridien")
    with pytest.raises(NoData, match="404"):
        lab.desk.services.exchanges.get("meridian", "nowhere")
    with pytest.raises(UnknownName, match="venue"):
        ExchangeHouse(lab.venues, {"nowhere": ExchangeSpec()}, clock=lab.clock, streams=lab.streams)
    with pytest.raises(UnknownName, match="venue"):
        contracts_of((MakerSpec(maker="m", venue="nowhere"),), {})


def test_makers_are_seen_by_their_own_quotes() -> None:
    spec = MakerSpec(maker="ann", venue="meridian", min_depth=1_000, max_spread="0.5%")
    lab = Lab("meridian", makers=(spec,))
    venue, makers = lab.venues["meridian"], lab.desk.services.makers
    (contract,) = makers.contracts()
    assert makers.quotes(contract).honours(contract) is False
    venue.deposit("ann", 10**12, 10**12)
    venue.rest("ann", "buy", 1_000 * 10**6, 998_000)
    venue.rest("ann", "sell", 1_000 * 10**6, 1_002_000)
    quotes = makers.quotes(contract)
    assert (quotes.spread, quotes.depth(10_000)) == (4_000, 1_000 * 10**6)
    assert quotes.honours(contract)
    assert venue.quotes(MAKERS)[0][0] == (999_500, 40_000 * 10**6)


def test_what_makers_withdraw_comes_back_with_them() -> None:
    lab = Lab("meridian")
    venue = lab.venues["meridian"]
    whole = venue.published().bids
    venue.thin(100_000, 5_000)
    thin = venue.published().bids
    assert thin[0] == (994_500, 4_000 * 10**6)
    venue.thin(0, 0)
    assert venue.published().bids == ()
    with pytest.raises(NoData):
        venue.ticker()
    venue.thin(1_000_000, 0)
    venue.start()
    lab.run(60 * 86_400)
    assert venue.published().bids[0][1] > thin[0][1]
    assert len(venue.published().bids) == len(whole)


def test_contacts_answer_calls_and_nothing_else() -> None:
    lab = Lab("meridian")
    publish = lab.desk.notices.publish
    publish(lab.clock.now, audience="contact:meridian-duty-desk", subject="x", text="y")
    publish(lab.clock.now, audience="meridian-duty-desk", subject="x", text="y")
    publish(lab.clock.now, audience="contact:nobody", subject="x", text="y")
    assert lab.desk.services.contacts.receipts() == []
    lab.run(6 * HOUR)
    (receipt,) = lab.desk.services.contacts.receipts()
    assert (receipt.contact, receipt.sent) == ("meridian-duty-desk", lab.clock.now - 6 * HOUR)
    assert receipt.answered > receipt.sent


# -- faults ----------------------------------------------------------------------------------------


def surfaces(lab: Lab, **more: Any) -> Surfaces:
    services: Any = SimpleNamespace(
        exchanges=lab.house, contacts=lab.contacts, news=lab.news, clock=lab.clock
    )
    return Surfaces(
        sources={}, demand=Demand(lab.clock), agents=more.pop("agents", {}), venues=lab.venues,
        services=services,
    )  # fmt: skip


def made(kind: str, **params: Any) -> Fault:
    family = kinds()[kind]
    return family(family.Params.model_validate(params))


VENUE_KINDS = [
    ("venue-withdrawal-halt", {}, "meridian: withdrawals wait"),
    ("venue-stale-book", {}, "meridian: public data stand still"),
    ("venue-api-break", {"how": "gone"}, "meridian: /book is gone"),
    ("key-expiry", {"lead": "1h"}, "meridian: our key expires in 3600 s"),
    ("venue-pair-change", {"tick": "0.001"}, "meridian: the pair is {'tick': '0.001000'}"),
    ("venue-delisting", {}, "meridian: the pair is delisted in 604800 s"),
    ("venue-own-index", {}, "meridian: the index is the own book's"),
    ("venue-unreachable", {}, "meridian: nobody answers"),
    ("venue-warning-signs", {}, "meridian: the news turn"),
    ("maker-withdrawal", {"left": "10%"}, "the makers of meridian quote 100000 ppm of their depth"),
    ("venue-misprint", {"price": "0.9"}, "meridian printed 900000"),
]


def answered(lab: Lab) -> dict[str, Any]:
    """Return everything that meridian answers, as one comparable value."""
    client, found = lab.desk.services.exchanges, {}
    for endpoint in ("pair", "book", "status", "key", "index", "balances"):
        try:
            found[endpoint] = client.get("meridian", endpoint)
        except NoData as error:
            found[endpoint] = str(error)
    found["book"] = (
        {key: value for key, value in found["book"].items() if key != "sequence"}
        if isinstance(found["book"], dict)
        else found["book"]
    )
    return found


@pytest.mark.parametrize(
    ("kind", "params", "said"), VENUE_KINDS, ids=[row[0] for row in VENUE_KINDS]
)
def test_a_fault_takes_hold_says_so_and_lets_go(
    kind: str, params: dict[str, Any], said: str
) -> None:
    lab = Lab(hours=0)
    world, item = surfaces(lab), made(kind, venue="meridian", **params)
    item.check(world)
    assert "meridian" in item.place()
    before = answered(lab)
    assert item.begin(world) == said
    if kind in ("venue-api-break", "key-expiry", "venue-pair-change", "venue-delisting",
                "venue-own-index", "maker-withdrawal"):  # fmt: skip
        assert answered(lab) != before
    item.end(world)
    if kind == "key-expiry":
        before["key"] = {**before["key"]}
    if kind != "maker-withdrawal":  # what was taken comes back with the refill
        assert answered(lab) == before


@pytest.mark.parametrize("kind", [row[0] for row in VENUE_KINDS])
def test_a_venue_that_is_not_there_is_refused_when_the_world_is_made(kind: str) -> None:
    item = made(kind, venue="meridien", **next(row[1] for row in VENUE_KINDS if row[0] == kind))
    with pytest.raises(UnknownName, match="did you mean 'meridian'"):
        item.check(surfaces(Lab(hours=0)))


class Dozer:
    """An agent that notes when it is woken."""

    def __init__(self) -> None:
        self.log: list[str] = []

    def wake(self) -> None:
        self.log.append("wake")

    def rest(self) -> None:
        self.log.append("rest")


@pytest.mark.parametrize("kind", ["wash-trading", "depeg-shock"])
def test_sleepers_are_woken_and_put_to_rest(kind: str) -> None:
    dozer = Dozer()
    world = surfaces(Lab(hours=0), agents={"ann": dozer, "ben": object()})
    item = made(kind, nodes=["ann"])
    item.check(world)
    item.begin(world)
    item.end(world)
    assert dozer.log == ["wake", "rest"]
    with pytest.raises(UsageError, match="ben cannot be woken"):
        made(kind, nodes=["ben"]).check(world)
    with pytest.raises(UnknownName, match="agent"):
        made(kind, nodes=["cleo"]).check(world)


def test_a_world_without_services_has_no_place_for_them() -> None:
    lab = Lab(hours=0)
    bare = Surfaces(sources={}, demand=Demand(lab.clock), agents={})
    for kind, params in (
        ("unbacked-mint", {}),
        ("fee-shock", {"fee": "1%"}),
        ("operator-removal", {}),
    ):
        with pytest.raises(UsageError, match="this world has none"):
            made(kind, **params).check(bare)
    with pytest.raises(UsageError):
        services_of(bare, "x")


def test_every_fault_of_services_and_trading_is_documented() -> None:
    for kind, family in kinds().items():
        if family.__module__ in ("twin.faults.exchanges", "twin.faults.trading"):
            assert family.__doc__, kind
            assert family.Params.__doc__, kind
