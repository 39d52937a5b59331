"""Integration with external systems, on a desk of paper: what each procedure finds and what it does not."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import paper_services as paper
import pytest
from paper_desk import NOW, PaperDesk
from paper_services import PaperServices, answer, integration, probe

from twin.catalog import Settings
from twin.desk.port import Component, Ticker, Upgrade
from twin.desk.records import canonical
from twin.desk.steps import Finding
from twin.errors import NoData, UnknownBlock
from twin.procedures.integration.external import (
    ApiPerformance,
    CanaryChecks,
    DataConsistency,
    DocumentCare,
    VersionCare,
    api_performance,
    canary_checks,
    data_consistency,
    document_care,
    version_care,
)

Change = Callable[[PaperDesk], object]
POOL, RESERVE = b"\xaa" * 20, b"\xbb" * 20


def desk(change: Change = lambda _desk: None) -> PaperDesk:
    made = PaperDesk(services=PaperServices())
    made.addresses = {"LiquidityPool": POOL, "Reserve": RESERVE, "PaymentToken": b"\xcc" * 20}
    made.answers |= {
        ("PaymentToken", "balanceOf"): 7, ("StableAsset", "balanceOf"): 7,
        ("LiquidityPool", "swapCount"): 5, ("LiquidityPool", "volume"): 101,
    }  # fmt: skip
    series(made, "avg_over_time(fictra_endpoint_up", 1.0)
    series(made, "quantile_over_time(0.95", 0.3)
    series(made, "avg_over_time(fictra_endpoint_correct", 1.0)
    change(made)
    return made


def series(made: PaperDesk, start: str, value: float, *names: str) -> None:
    rows = dict.fromkeys(made.services.endpoints.names(), 1.0 if "up" in start else value)
    rows |= dict.fromkeys(names or rows, value)
    made.labelled[start] = [({"endpoint": name}, one) for name, one in rows.items()]


def found(finding: Finding) -> list[str]:
    canonical(finding.data)  # evidence is JSON
    assert (finding.verdict == "ok") == (not any(finding.problems.values()))
    return [name for name, count in finding.problems.items() if count]


# -- IE1 ------------------------------------------------------------------------------------------


def up(value: float, *names: str) -> Change:
    return lambda made: series(made, "avg_over_time(fictra_endpoint_up", value, *names)


IE1: list[tuple[str, Change, list[str]]] = [
    ("quiet", lambda _desk: None, []),
    ("one fails", up(0.8, "customs"), ["errors"]),
    ("one fails a little", up(0.95, "customs"), []),
    ("all of a region fail", up(0.5), ["errors", "region"]),
    ("slow", lambda made: series(made, "quantile_over_time(0.95", 2.5, "customs"),
     ["slow", "region"]),
    ("wrong", lambda made: series(made, "avg_over_time(fictra_endpoint_correct", 0.5),
     ["wrong", "region"]),
]  # fmt: skip


@pytest.mark.parametrize(("case", "change", "items"), IE1, ids=[row[0] for row in IE1])
def test_service_levels(case: str, change: Change, items: list[str]) -> None:
    del case
    assert found(api_performance(desk(change), ApiPerformance())) == items


def test_a_region_with_one_endpoint_is_no_region() -> None:
    def alone(made: PaperDesk) -> None:
        made.services.endpoints.agreed["customs"] = integration("customs", "customs", "west")
        up(0.5, "customs")(made)

    assert found(api_performance(desk(alone), ApiPerformance())) == ["errors"]


def test_an_endpoint_without_series_is_missed_and_none_at_all_is_no_data() -> None:
    def one(made: PaperDesk) -> None:
        rows = made.labelled["avg_over_time(fictra_endpoint_up"]
        made.labelled["avg_over_time(fictra_endpoint_up"] = rows[:1]

    assert found(api_performance(desk(one), ApiPerformance())) == ["no-series"]
    blind = api_performance(desk(lambda made: made.labelled.clear()), ApiPerformance())
    assert (blind.verdict, blind.problems["no-series"]) == ("no-data", 2)


# -- IE2 ------------------------------------------------------------------------------------------


def body(given: dict[str, Any], **other: Any) -> Change:
    def change(made: PaperDesk) -> None:
        made.services.endpoints.answers["customs"] = answer("customs", given, **other)

    return change


def seen(receipt: Any) -> Change:
    def change(made: PaperDesk) -> None:
        made.services.probes.sent = [probe("user", 900)]
        made.services.nodes.receipts["alder"] = receipt

    return change


IE2: list[tuple[str, Change, list[str]]] = [
    ("quiet", lambda _desk: None, []),
    ("a field is gone", body({"px": 15}), ["broken"]),
    ("a value is another", body({"price": 1.5}), ["broken"]),
    ("no answer", body({}, status=504), ["unreachable"]),
    ("another version", body({"price": "1.5"}, version="4"), ["version"]),
    ("our probe is seen", seen({"status": "0x1"}), []),
    ("our probe is not known", seen(None), ["broken"]),
    ("our probe reverted, they say", seen({"status": "0x0"}), ["broken"]),
    ("a node is down", lambda made: (seen(None)(made), made.services.nodes.all.update(alder=None)),
     ["unreachable"]),
]  # fmt: skip


@pytest.mark.parametrize(("case", "change", "items"), IE2, ids=[row[0] for row in IE2])
def test_canaries(case: str, change: Change, items: list[str]) -> None:
    del case
    assert found(canary_checks(desk(change), CanaryChecks())) == items


# -- IE3 ------------------------------------------------------------------------------------------


class TwoFaced(PaperDesk):
    """A desk whose venue has a ticker."""

    def names(self) -> list[str]:
        return ["meridian"]

    def ticker(self, venue: str) -> Ticker:
        return Ticker(venue, 990_000, 1_010_000, 1_000_000, 0, NOW)


def indexer(**fields: Any) -> Change:
    def change(made: PaperDesk) -> None:
        made.services.indexer = replace(made.services.indexer, **fields)

    return change


IE3: list[tuple[str, Change, list[str]]] = [
    ("quiet", lambda _desk: None, []),
    ("zeros", lambda made: made.services.nodes.answers.update(birch=0), ["nodes"]),
    ("a node is down", lambda made: made.services.nodes.all.update(birch=None), []),
    ("missed events", indexer(swaps=4), ["events"]),
    ("another unit", indexer(stable=200), ["volume"]),
    ("missed transfers", indexer(held=6), ["balance"]),
    ("behind", indexer(age=400), ["age"]),
    ("silent", indexer(block=None), ["indexer-silent"]),
]


@pytest.mark.parametrize(("case", "change", "items"), IE3, ids=[row[0] for row in IE3])
def test_two_paths(case: str, change: Change, items: list[str]) -> None:
    del case
    assert found(data_consistency(desk(change), DataConsistency())) == items


@pytest.mark.parametrize(
    ("bid", "ask", "items"),
    [(990_000, 1_010_000, []), (99_000_000, 101_000_000, ["partner"])],
    ids=["the same quote", "in hundredths"],
)
def test_a_partner_that_quotes_otherwise(bid: int, ask: int, items: list[str]) -> None:
    plain = desk()
    made = TwoFaced(services=plain.services, answers=plain.answers, addresses=plain.addresses)
    quote = answer("venue-meridian", {"bid": bid, "ask": ask})
    made.services.endpoints.samples["venue-meridian"] = quote
    assert found(data_consistency(made, DataConsistency())) == items


def test_an_indexer_too_far_behind_to_be_compared_is_late_and_nothing_compared_is_no_data() -> None:
    def raises(*_args: Any) -> Any:
        raise UnknownBlock(10, "state is kept for 64 blocks")

    def old(made: PaperDesk) -> None:
        made.answers["LiquidityPool", "swapCount"] = raises

    assert found(data_consistency(desk(old), DataConsistency())) == ["age"]

    def dark(made: PaperDesk) -> None:
        made.services.nodes.all = dict.fromkeys(made.services.nodes.all)
        made.services.indexer.block = None

    assert data_consistency(desk(dark), DataConsistency()).verdict == "no-data"


# -- IE4 ------------------------------------------------------------------------------------------


def proved(canaries: dict[str, str], *, age: int = 3600) -> Change:
    def change(made: PaperDesk) -> None:
        made.evidence.file("IE2", NOW - age, Finding("ok", "", {"canaries": canaries}))

    return change


def both(*changes: Change) -> Change:
    return lambda made: [change(made) for change in changes]


FRESH = proved({"customs": "ok"})


def component(**other: Any) -> Change:
    def change(made: PaperDesk) -> None:
        listed = made.services.inventory.listed
        listed.append(replace(Component("tls", "library", "3.0", "edge", "public", None), **other))

    return both(FRESH, change)


def node(client: str) -> Change:
    def change(made: PaperDesk) -> None:
        made.services.nodes.all["alder"] = paper.status("alder", client=client)

    return both(FRESH, change)


def planned(version: str) -> Change:
    plan = Upgrade("geth", "alder", version, NOW)
    return both(FRESH, lambda made: made.services.inventory.plans.append(plan))


IE4: list[tuple[str, Change, list[str]]] = [
    ("quiet", FRESH, []),
    ("never tested", lambda _desk: None, ["contract-tests"]),
    ("tested long ago", proved({"customs": "ok"}, age=3 * 86_400), ["contract-tests"]),
    ("a test failed", proved({"customs": "broken: the answer lacks x"}), ["contract-tests"]),
    ("a tested release that is not listed", node("geth/v1.15.0/linux"), ["undeclared"]),
    ("an old release", node("geth/v1.9.7/linux"), ["incompatible", "undeclared"]),
    ("1.1 is not 1.14", node("geth/v1.1.4/linux"), ["incompatible", "undeclared"]),
    ("another client", node("reth/v1.14.12/linux"), ["incompatible"]),
    ("a silent node", both(FRESH, lambda made: made.services.nodes.all.update(alder=None)), []),
    ("support is over", component(supported_until=NOW), ["unsupported"]),
    ("support ends soon", component(supported_until=NOW + 86_400), ["deprecated"]),
    ("support ends some day", component(supported_until=NOW + 400 * 86_400), []),
    ("an upgrade to something tested", planned("1.15.2"), []),
    ("an upgrade to something untested", planned("2.0.0"), ["blocked-upgrade"]),
    ("a partner announces", both(FRESH, body({"price": "1.5"}, version="4")),
     ["incompatible", "undeclared"]),
]  # fmt: skip


@pytest.mark.parametrize(("case", "change", "items"), IE4, ids=[row[0] for row in IE4])
def test_versions(case: str, change: Change, items: list[str]) -> None:
    del case
    assert found(version_care(desk(change), VersionCare())) == items


# -- IE5 ------------------------------------------------------------------------------------------


def says(fact: str, value: str) -> Change:
    return lambda made: made.services.documents.facts.update({fact: value})


def paperwork(**fields: Any) -> Change:
    def change(made: PaperDesk) -> None:
        for name, value in fields.items():
            setattr(made.services.documents, name, value)

    return change


def moved(made: PaperDesk) -> None:
    """The register knows a new pool; schema and document still have the old one."""
    made.addresses["LiquidityPool"] = b"\x11" * 20


IE5: list[tuple[str, Change, list[str]]] = [
    ("quiet", lambda _desk: None, []),
    ("a wrong endpoint", says("endpoint.customs.url", "https://old.example"), ["drift"]),
    ("a wrong address", says("contract.LiquidityPool.address", "0x00"), ["drift"]),
    ("the register has moved on", moved, ["drift"]),
    ("an endpoint that is no more", says("endpoint.gone.url", "x"), ["drift", "dead-endpoint"]),
    ("an endpoint that is down", body({}, status=503), ["dead-endpoint"]),
    ("not reviewed", paperwork(reviewed=NOW - 20_000), ["overdue"]),
    ("nobody's", paperwork(owner=""), ["ownerless"]),
]


@pytest.mark.parametrize(("case", "change", "items"), IE5, ids=[row[0] for row in IE5])
def test_documents(case: str, change: Change, items: list[str]) -> None:
    del case
    assert found(document_care(desk(change), DocumentCare())) == items


def test_no_document_is_no_data() -> None:
    made = desk(paperwork(all=list))
    assert document_care(made, DocumentCare()).verdict == "no-data"


def test_what_has_no_object_says_so() -> None:
    from twin.catalog import Catalog
    from twin.procedures.integration import external

    made = desk(lambda one: one.services.endpoints.agreed.clear())
    catalog = Catalog.of([external])
    reasons = {name: item.applies(made) for name, item in catalog.items() if item.applies}
    assert reasons == dict.fromkeys(("IE1", "IE2"), "no endpoints are declared")
    assert all(issubclass(item.settings, Settings) for item in catalog.values())


def test_a_venue_that_does_not_answer_is_not_compared() -> None:
    class Mute(TwoFaced):
        def ticker(self, venue: str) -> Ticker:
            raise NoData(f"{venue} does not answer")

    plain = desk()
    made = Mute(services=plain.services, answers=plain.answers, addresses=plain.addresses)
    assert found(data_consistency(made, DataConsistency())) == []
