"""The counterparts of the token procedures: requests, forms, attestations and fills as they come."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from token_lab import exporting, reserved
from world_lab import DAY, HOUR, MINUTE, Stage

from twin.desk.port import Attestation
from twin.errors import NoData, UnknownName
from twin.procedures.tokens import transfer_policy
from twin.services import transfers


def test_both_sides_of_a_transfer_say_the_same_words() -> None:
    for approved in (True, False):
        assert transfers.subject_of("TR-1", approved=approved) == transfer_policy.subject(
            "TR-1", approved=approved
        )


# -- transfers ------------------------------------------------------------------------------------


def asked(answer: str | None, *, obeys: bool = True) -> int:
    """Return the FT that sovereign-2 has got after its request was answered by *answer*."""
    stage = exporting(services={"transfers": {"requests_per_day": 0}}).run(6 * HOUR)
    service, clock = stage.world.services.transfers, stage.world.clock
    target = service.holders["sovereign-2"]
    before: int = stage.read("FoundationToken", "balanceOf", target)
    request = service.ask("sovereign-1", target, 7, obeys=obeys)
    if answer:
        stage.world.notices.publish(clock.now, audience="sovereign-1", text="",
                                    subject=f"FT transfer {request.id}: {answer}")  # fmt: skip
    stage.world.run(clock.now + 40 * MINUTE)
    moved = [
        one
        for one in stage.world.desk.at().logs("FoundationToken", "Transfer", since=0)
        if one.args["value"] == 7
    ]
    assert before >= 0
    return len(moved)


@pytest.mark.parametrize(
    ("answer", "obeys", "moved"),
    [("approved", True, 1), ("refused", True, 0), (None, True, 0), ("refused", False, 1)],
)
def test_a_holder_waits_for_its_answer(*, answer: str | None, obeys: bool, moved: int) -> None:
    assert asked(answer, obeys=obeys) == moved


def test_a_list_is_confirmed_every_day_until_it_is_not() -> None:
    stage = exporting(services={"transfers": {"requests_per_day": 0}}).run(DAY + HOUR)
    service, client = stage.world.services.transfers, stage.world.desk.services.transfers
    start = stage.world.clock.start
    assert client.list_updated() == start + DAY
    service.freeze_list(frozen=True)
    stage.world.run(start + 2 * DAY)
    assert client.list_updated() == start + DAY
    service.freeze_list(frozen=False)
    assert client.list_updated() > start + DAY


def test_nobody_asks_where_nobody_holds() -> None:
    stage = reserved().run(HOUR)
    client = stage.world.desk.services.transfers
    assert (client.holders(), client.requests()) == ({}, [])
    with pytest.raises(NoData, match="nobody holds tokens"):
        client.listed()


# -- disputes -------------------------------------------------------------------------------------


def test_a_dispute_becomes_a_form_and_both_parties_hand_in_what_customs_shows() -> None:
    stage = exporting(
        sovereign={"audit": {"share": 1.0, "error_ppm": 1_000_000, "reading": "1h"}}, cargoes=4,
        services={"disputes": {"reply": "30m"}},
    ).run(18 * HOUR)  # fmt: skip
    client, start = stage.world.desk.services.disputes, stage.world.clock.start
    forms = client.forms()
    on_chain = stage.of("log", event="ClaimDisputed")
    assert len(forms) == len(on_chain) > 1
    form, (at, event) = forms[0], on_chain[0]
    assert (form.at - start, form.document_hash) == (at, event.args["documentHash"])
    assert (form.exchange_until, form.deadline) == (form.at + 3 * DAY, form.at + 10 * DAY)
    papers = client.exhibits(form.id)
    paper = stage.world.desk.customs.document(form.document_hash)
    assert paper is not None
    assert {(item.party, item.quantity) for item in papers} == {
        (form.by, paper["quantity"]), (paper["exporter"], paper["quantity"]),
    }  # fmt: skip
    with pytest.raises(UnknownName, match="no dispute form is called"):
        client.exhibits("DF-9999")


# -- the auditor ----------------------------------------------------------------------------------


def audited(**spec: Any) -> Stage:
    return reserved(services={"attestations": {"first": "2h", "lag": "1h", "every": "12h", **spec}})


def test_an_attestation_is_signed_and_its_hash_goes_on_chain() -> None:
    stage = audited().run(4 * HOUR)
    client = stage.world.desk.services.attestations
    (document,) = client.documents()
    start = stage.world.clock.start
    assert (document.as_of - start, document.issued - start) == (2 * HOUR, 3 * HOUR)
    assert document.scope == ("chain", "helvetia/reserve", "meridiem/reserve", "aegis", "bastion")
    assert client.authentic(document)
    for index, amount in ((1, 4_000_000 * 10**6), (2, 1_000 * 10**6)):
        holding = stage.read("Reserve", "holding", index)
        assert (holding[0], holding[5]) == (amount, client.digest(document))


@pytest.mark.parametrize(
    "forge",
    [
        lambda paper: replace(paper, basis="cost"),
        lambda paper: replace(paper, as_of=paper.as_of + 1),
        lambda paper: replace(paper, scope=(*paper.scope, "atlantis")),
        lambda paper: replace(paper, lines=paper.lines[1:]),
        lambda paper: replace(paper, liabilities=0),
        lambda paper: replace(paper, signature=b""),
    ],
)
def test_a_document_that_was_altered_anywhere_is_not_the_auditors(forge: Any) -> None:
    stage = audited().run(4 * HOUR)
    client = stage.world.desk.services.attestations
    document: Attestation = client.documents()[0]
    assert not client.authentic(forge(document))


def test_an_auditor_counts_what_is_there() -> None:
    stage = audited()
    stage.at(HOUR, lambda: stage.world.market.custodians["aegis"].lose("bills", 1_000_000_000))
    stage.run(4 * HOUR)
    assert stage.read("Reserve", "holding", 1)[0] == 3_000_000 * 10**6


def test_an_auditor_counts_cash_among_the_bills_where_the_contract_does() -> None:
    spec = {"first": "2h", "lag": "1h", "every": "12h"}
    stage = reserved(services={"attestations": spec}, reserve={"cash": ["helvetia/reserve"]})
    stage.run(4 * HOUR)
    cash = stage.world.market.banks["helvetia"].balance("reserve")
    assert cash > 0
    assert stage.read("Reserve", "holding", 1)[0] == 4_000_000 * 10**6 + cash


# -- the trade desk -------------------------------------------------------------------------------


def opened(stage: Stage, *args: int, custodian: str = "aegis") -> None:
    account = stage.world.desk.register.address(custodian)
    stage.call("reserve_manager", "Reserve", "openSlice", *args, account)


def test_a_slice_settles_in_the_custodians_hours_and_is_booked() -> None:
    stage = reserved().run(12 * HOUR)
    opened(stage, 0, 1, 100_000 * 10**6, 99_500 * 10**6)
    stage.run(13 * HOUR)
    client = stage.world.desk.services.fills
    (fill,) = client.fills()
    # Eight hours of business from noon on: noon and five hours are gone, three of the next morning.
    assert (fill.state, fill.due - stage.world.clock.start) == ("pending", DAY + 12 * HOUR + 12)
    assert stage.read("Reserve", "inTransit", 0) == 100_000 * 10**6
    stage.run(DAY + 13 * HOUR)
    (fill,) = client.fills()
    assert (fill.state, fill.amount_out) == ("settled", 100_000 * 10**6)
    assert stage.read("Reserve", "holding", 1)[0] == 4_100_000 * 10**6
    assert stage.world.market.custodians["aegis"].holding("bills") == 4_100_000_000


def test_gold_is_sold_for_tokens_that_its_issuer_mints() -> None:
    stage = reserved().run(12 * HOUR)
    before = stage.read("StableAsset", "balanceOf", stage.world.desk.register.address("Reserve"))
    opened(stage, 2, 0, 10 * 10**6, 9_950 * 10**6, custodian="bastion")
    stage.run(DAY + 13 * HOUR)
    (fill,) = stage.world.desk.services.fills.fills()
    assert fill.state == "settled"
    assert 9_950 * 10**6 < fill.amount_out < 10_000 * 10**6
    after = stage.read("StableAsset", "balanceOf", stage.world.desk.register.address("Reserve"))
    assert after - before == fill.amount_out


def test_what_falls_short_comes_back() -> None:
    stage = reserved().run(12 * HOUR)
    opened(stage, 0, 2, 100_000 * 10**6, 101 * 10**6, custodian="bastion")
    stage.run(DAY + 13 * HOUR)
    (fill,) = stage.world.desk.services.fills.fills()
    assert (fill.state, fill.amount_out) == ("failed", 0)
    assert stage.read("Reserve", "holding", 0)[0] == 4_000_000 * 10**6
    assert stage.read("Reserve", "inTransit", 0) == 0


def test_a_custodian_that_does_not_deal_in_it_leaves_the_slice_open() -> None:
    stage = reserved().run(12 * HOUR)
    opened(stage, 0, 2, 100_000 * 10**6, 100 * 10**6, custodian="aegis")
    stage.run(DAY + 13 * HOUR)
    assert [fill.state for fill in stage.world.desk.services.fills.fills()] == ["failed"]
    assert stage.read("Reserve", "inTransit", 0) == 100_000 * 10**6


def test_estimates_are_by_the_custodians_own_quotes() -> None:
    stage = reserved().run(HOUR)
    client = stage.world.desk.services.fills
    gold = stage.world.market.custodians["bastion"].quote("gold", 10_000)
    assert client.estimate("bastion", given="gold", bought="stable", amount=10 * 10**6) == gold
    bought = client.estimate("bastion", given="stable", bought="gold", amount=10_000 * 10**6)
    assert 9_970_000 < bought < 10_000_000
    with pytest.raises(UnknownName, match="no custodian is called"):
        client.estimate("nobody", given="gold", bought="stable", amount=1)
    with pytest.raises(UnknownName, match="no custodian is called"):
        client.instruction("nobody")
