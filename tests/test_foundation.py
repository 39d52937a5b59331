"""TF1 to TF3 on paper: what is right passes, each wrong is named, no data is no pass."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pytest
from paper_desk import (
    NODES,
    NOW,
    USD,
    WTI,
    PaperDesk,
    Stage,
    broken,
    log_of,
    quiet_answers,
    refused,
)

from twin.desk.port import ExportRecord, ServiceDesk
from twin.desk.steps import Case, Finding
from twin.errors import NoData, Reverted
from twin.procedures.tokens.entitlements import Answers, duplicates, entitled
from twin.procedures.tokens.foundation import (
    AllocationVerification,
    Issuance,
    RightsConfirmation,
    confirm_rights,
    process_issuance,
    verify_allocations,
)
from twin.procedures.tokens.rights import net_arrivals

ZERO, DAY = bytes(20), 86_400
NORWAY, CHAD, ISSUER = NODES[0], NODES[1], NODES[5]
DOC, OTHER = b"\x11" * 32, b"\x22" * 32
CARGO, RATE = 600_000 * 1000, 10**16
AMOUNT = CARGO * 80 * USD * RATE // 10**11


def paper(**changes: Any) -> dict[str, Any]:
    """Return the papers of a cargo."""
    base = {"bill_of_lading": "norway-1", "commodity": "WTI", "exporter": "norway",
            "loaded_at": NOW - 3 * DAY, "port": "port of norway", "quantity": CARGO}  # fmt: skip
    return base | changes


def claim(
    document: bytes = DOC, *, by: bytes = NORWAY, quantity: int = CARGO, age: int = 2 * DAY
) -> Any:
    return log_of("AllocationBook", "ExportClaimed", age=age, documentHash=document, sovereign=by,
                  feed=WTI, quantity=quantity)  # fmt: skip


def issue(
    document: bytes = DOC, *, to: bytes = NORWAY, amount: int = AMOUNT, age: int = 3600
) -> Any:
    return log_of("AllocationBook", "EntitlementIssued", age=age, documentHash=document, sovereign=to,
                  feed=WTI, quantity=CARGO, amount=amount)  # fmt: skip


def ledger(document: bytes = DOC, *, to: bytes = NORWAY, amount: int = AMOUNT) -> Any:
    return log_of(
        "FoundationToken", "Issued", age=3600, to=to, documentHash=document, amount=amount
    )


def desk(**changes: Any) -> PaperDesk:
    """Return a desk with one export that was claimed, verified and issued as it should be."""
    made = PaperDesk(
        papers={DOC: paper()}, watchers=("carrier",),
        seen={("carrier", DOC): ExportRecord("carrier", CARGO, NOW)},
        addresses={"norway": NORWAY, "chad": CHAD, "issuer": ISSUER},
        approved={"allocation.rate_per_usd": RATE, "allocation.two_person": 0},
    )  # fmt: skip
    made.logs = {
        ("AllocationBook", "ExportClaimed"): [claim()],
        ("OracleNetwork", "ExportVerified"): [
            log_of("OracleNetwork", "ExportVerified", documentHash=DOC, quantity=CARGO)
        ],
        ("OracleNetwork", "AnswerUpdated"): [
            log_of("OracleNetwork", "AnswerUpdated", feed=WTI, answer=80 * USD)
        ],
        ("AllocationBook", "EntitlementIssued"): [issue()],
        ("FoundationToken", "Issued"): [ledger()],
    }
    for name, value in changes.items():
        setattr(made, name, value)
    return made


# -- TF1 ------------------------------------------------------------------------------------------


def audited(made: PaperDesk) -> Finding:
    return verify_allocations(made, AllocationVerification())


def test_an_issue_that_is_right_is_proved() -> None:
    finding = audited(desk())
    assert (finding.verdict, finding.summary) == ("ok", "1 issues proved")
    assert not any(finding.problems.values())
    (proof,) = finding.data["proofs"]
    assert (proof["issued"], proof["entitled"]) == (AMOUNT, [AMOUNT])


def changed(change: Callable[[PaperDesk], object]) -> PaperDesk:
    made = desk()
    change(made)
    return made


def _log(made: PaperDesk, contract: str, event: str, *records: Any) -> None:
    made.logs[contract, event] = list(records)


WRONG: dict[str, tuple[Callable[[PaperDesk], object], str, str]] = {
    "a second set of papers": (
        lambda d: (d.papers.update({OTHER: paper(port="warehouse 7")}),
                   d.seen.update({("carrier", OTHER): ExportRecord("carrier", CARGO, NOW)}),
                   d.logs["AllocationBook", "ExportClaimed"].append(claim(OTHER))),
        "duplicate", "the cargo of 0x1111"),
    "another number for the same cargo": (
        lambda d: (d.papers.update({OTHER: paper(bill_of_lading="norway-2")}),
                   d.seen.update({("carrier", OTHER): ExportRecord("carrier", CARGO, NOW)}),
                   d.logs["AllocationBook", "ExportClaimed"].append(claim(OTHER))),
        "duplicate", "the cargo of 0x1111"),
    "no papers": (lambda d: d.papers.clear(), "unbacked", "knows no such document"),
    "a cargo nobody saw": (lambda d: d.seen.clear(), "unbacked", "no cargo seen by carrier"),
    "a cargo half as large": (
        lambda d: d.seen.update({("carrier", DOC): ExportRecord("carrier", CARGO // 2, NOW)}),
        "unbacked", "at most 300000000 seen"),
    "somebody else's papers": (
        lambda d: d.papers.update({DOC: paper(exporter="chad")}), "claimant", "another than chad"),
    "an exporter nobody knows": (
        lambda d: d.papers.update({DOC: paper(exporter="nowhere")}), "claimant", "than nowhere"),
    "never verified": (
        lambda d: _log(d, "OracleNetwork", "ExportVerified"), "unbacked", "without a verified"),
    "a unit too many": (
        lambda d: (_log(d, "AllocationBook", "EntitlementIssued", issue(amount=AMOUNT + 1)),
                   _log(d, "FoundationToken", "Issued", ledger(amount=AMOUNT + 1))),
        "over-allocation", f"issued {AMOUNT + 1}"),
    "another price": (
        lambda d: _log(d, "OracleNetwork", "AnswerUpdated",
                       log_of("OracleNetwork", "AnswerUpdated", feed=WTI, answer=79 * USD)),
        "over-allocation", "entitled to"),
    "a rate of its own": (
        lambda d: d.answers.update({("AllocationBook", "ratePerUsd"): 2 * RATE}),
        "schedule", "approved are"),
    "a mint past the book": (
        lambda d: d.logs["FoundationToken", "Issued"].append(ledger(OTHER)), "ledger", "the book has not"),
    "a book without tokens": (
        lambda d: _log(d, "FoundationToken", "Issued"), "ledger", "the token's ledger has not"),
}  # fmt: skip


@pytest.mark.parametrize(("change", "item", "says"), WRONG.values(), ids=WRONG.keys())
def test_what_is_wrong_with_an_allocation_is_named(
    change: Callable[[PaperDesk], object], item: str, says: str
) -> None:
    finding = audited(changed(change))
    assert finding.verdict == "finding"
    assert {name for name, count in finding.problems.items() if count} == {item}
    assert any(says in entry["wrong"] for entry in finding.data["exceptions"])


def test_a_claim_that_a_ruling_rejected_stands_for_nothing() -> None:
    made = desk()
    made.papers[OTHER] = paper(port="warehouse 7")
    made.logs["AllocationBook", "ExportClaimed"].append(claim(OTHER))
    _log(made, "AllocationBook", "DisputeRuled",
         log_of("AllocationBook", "DisputeRuled", documentHash=OTHER, upheld=True, quantity=0))  # fmt: skip
    assert audited(made).verdict == "ok"


def test_a_young_claim_is_given_time_and_a_debt_counts_as_paid() -> None:
    made = desk()
    made.seen.clear()
    _log(made, "AllocationBook", "ExportClaimed", claim(age=DAY))
    _log(made, "AllocationBook", "EntitlementIssued", issue(amount=AMOUNT - 5))
    _log(made, "FoundationToken", "Issued", ledger(amount=AMOUNT - 5))
    _log(made, "AllocationBook", "DebtOffset",
         log_of("AllocationBook", "DebtOffset", documentHash=DOC, offset=5))  # fmt: skip
    assert audited(made).verdict == "ok"


def test_entitlements_by_hand() -> None:
    assert entitled(CARGO, 80 * USD, RATE) == 480_000 * 10**18
    assert entitled(CARGO, -37 * USD, RATE) == 0
    assert duplicates({DOC: paper(), OTHER: None}) == {}
    rounds = Answers((1, 5, 5, 9), (10, 20, 30, 40))
    assert [rounds.at(block) for block in (0, 1, 4, 5, 8, 9)] == [
        (), (10,), (10,), (10, 20, 30), (30,), (30, 40),
    ]  # fmt: skip


# -- TF2 ------------------------------------------------------------------------------------------


def issuing(answers: dict[tuple[str, str], Any] | None = None) -> PaperDesk:
    """Return a desk with a verified claim that nobody has settled, where two persons are asked for."""
    made = desk()
    _log(made, "AllocationBook", "EntitlementIssued")
    _log(made, "FoundationToken", "Issued")
    made.approved["allocation.two_person"] = 1
    made.answers |= {
        ("AllocationBook", "twoPerson"): True,
        ("AllocationBook", "settlementCap"): 10**30,
        ("AllocationBook", "dailyCap"): 10**30,
        ("AllocationBook", "issuedToday"): 0,
        ("FoundationToken", "totalSupply"): 0,
        ("FoundationToken", "totalIssued"): 0,
        ("OracleNetwork", "verified"): (True, CARGO),
        ("AllocationBook", "approval"): (ZERO, False),
        ("AllocationBook", "disputes"): (ZERO, 0, 0, 0),
        ("AllocationBook", "entitlement"): AMOUNT,
        **(answers or {}),
    }
    return made


def job(made: PaperDesk, **stage: Any) -> tuple[Finding, Stage]:
    played = Stage(made, **stage)
    return played.play(process_issuance(Case("every hour"), Issuance())), played


def test_two_persons_issue_a_verified_claim() -> None:
    finding, played = job(issuing())
    assert (finding.verdict, finding.summary) == ("done", "1 issues approved by two persons")
    assert [(act.authority, act.function) for act in played.acts] == [
        ("issuer", "propose"), ("compliance", "confirm"),
    ]  # fmt: skip
    assert [line for line in played.log if not line.startswith("look")] == [
        f"work: check the papers of 0x{DOC.hex()}",
        "act: AllocationBook.propose as issuer",
        f"decide: Confirm the issue of {AMOUNT} FT wei for 0x{DOC.hex()}?",
        "act: AllocationBook.confirm as compliance",
    ]


def test_one_person_networks_have_nothing_to_approve() -> None:
    made = issuing()
    made.approved["allocation.two_person"] = 0
    made.answers["AllocationBook", "twoPerson"] = False
    finding, played = job(made)
    assert (finding.verdict, played.acts) == ("ok", [])


def test_compliance_may_leave_it_and_signers_may_be_missing() -> None:
    finding, played = job(issuing(), choices={"Confirm": "leave"})
    assert (finding.verdict, [act.function for act in played.acts]) == ("ok", ["propose"])
    finding, played = job(issuing(), on_act=refused)
    assert (finding.verdict, finding.problems["act"]) == ("failed", 1)


HELD: dict[str, tuple[dict[tuple[str, str], Any], dict[str, Any], str | None]] = {
    "not verified yet": ({("OracleNetwork", "verified"): (False, 0)}, {}, None),
    "disputed": ({("AllocationBook", "disputes"): (CHAD, NOW, 1, 0)}, {}, None),
    "above the cap": ({("AllocationBook", "settlementCap"): AMOUNT - 1}, {}, "cap"),
    "no room left today": ({("AllocationBook", "dailyCap"): AMOUNT - 1}, {}, None),
    "no price": ({("AllocationBook", "entitlement"): broken()}, {}, None),
    "a slip of a finger": ({}, {"quantity": CARGO // 10}, "fat-finger"),
    "other papers": ({}, {"quantity": CARGO - 1}, "papers"),
    "another's papers": ({}, {"exporter": "chad"}, "papers"),
}


@pytest.mark.parametrize(("answers", "papers", "item"), HELD.values(), ids=HELD.keys())
def test_what_is_not_issued(
    answers: dict[tuple[str, str], Any], papers: dict[str, Any], item: str | None
) -> None:
    made = issuing(answers)
    made.papers[DOC] = paper(**papers)
    finding, played = job(made)
    assert played.acts == []
    assert {name for name, count in finding.problems.items() if count} == (
        {item} if item else set()
    )
    assert finding.verdict == ("finding" if item else "ok")


def test_a_cargo_that_nobody_saw_is_waited_for_and_then_refused() -> None:
    made = issuing()
    made.seen.clear()
    _log(made, "AllocationBook", "ExportClaimed", claim(age=DAY))
    finding, played = job(made)
    assert (finding.verdict, played.acts) == ("ok", [])
    _log(made, "AllocationBook", "ExportClaimed", claim(age=2 * DAY))
    assert job(made)[0].problems["witness"] == 1


def _approvals(*by: bytes) -> dict[tuple[str, str], list[Any]]:
    events = ("IssuanceProposed", "IssuanceConfirmed")
    return {
        ("AllocationBook", event): [log_of("AllocationBook", event, documentHash=DOC, by=who)]
        for event, who in zip(events, by, strict=False)
    }


@pytest.mark.parametrize(
    ("by", "count"), [((NORWAY, CHAD), 0), ((NORWAY, NORWAY), 1), ((NORWAY,), 1), ((), 1)]
)
def test_every_issue_has_two_persons_behind_it(by: tuple[bytes, ...], count: int) -> None:
    made = issuing()
    _log(made, "AllocationBook", "EntitlementIssued", issue())
    made.logs |= _approvals(*by)
    assert job(made)[0].problems["one-person"] == count


def test_a_book_that_asks_for_one_person_and_a_supply_that_does_not_add_up() -> None:
    made = issuing()
    made.answers["AllocationBook", "twoPerson"] = False
    assert job(made)[0].problems["two-person-off"] == 1
    made = issuing()
    data = {"after": {"block": 200, "total_issued": 7}}
    made.evidence.file("TF2", NOW - 3600, Finding("ok", "x", data))
    made.answers["FoundationToken", "totalIssued"] = 8
    assert job(made)[0].problems["supply-delta"] == 1
    made.answers["FoundationToken", "totalIssued"] = 7
    assert job(made)[0].problems["supply-delta"] == 0


def _minted(amount: int = 5, by: bytes = ISSUER) -> Any:
    return log_of("PaymentToken", "Minted", to=CHAD, amount=amount, by=by)


def test_a_mint_by_one_key_needs_an_approved_change() -> None:
    made = issuing({("AllocationBook", "entitlement"): broken()})
    _log(made, "PaymentToken", "Minted", _minted(), _minted(by=NORWAY))
    assert job(made)[0].problems["single-key"] == 1
    mint = {"to": f"0x{CHAD.hex()}", "amount": 5}
    made.stores.create("change", NOW, subject="mint", data={"mint": mint})
    assert job(made)[0].problems["single-key"] == 0
    _log(made, "PaymentToken", "Minted", _minted(), _minted(5000))
    assert job(made)[0].problems["single-key"] == 1, "three zeros more than was approved"


def test_a_register_without_an_issuer_is_no_data() -> None:
    made = issuing()
    made.addresses = {"norway": NORWAY}
    with pytest.raises(NoData, match="names no issuer"):
        job(made)


# -- TF3 ------------------------------------------------------------------------------------------


@dataclass
class Ledger:
    """Balances, delegates and votes of two holders."""

    balances: dict[bytes, int] = field(default_factory=lambda: {NORWAY: 60, CHAD: 40})
    delegates: dict[bytes, bytes] = field(default_factory=lambda: {NORWAY: NORWAY, CHAD: NORWAY})
    votes: dict[bytes, int] = field(default_factory=lambda: {NORWAY: 100, CHAD: 0})
    past: dict[bytes, int] = field(default_factory=lambda: {NORWAY: 100, CHAD: 0})

    def answers(self) -> dict[tuple[str, str], Any]:
        return {
            ("FoundationToken", "balanceOf"): lambda one: self.balances[one],
            ("FoundationToken", "delegates"): lambda one: self.delegates[one],
            ("FoundationToken", "getVotes"): lambda one: self.votes[one],
            ("FoundationToken", "locked"): 0,
            ("FoundationToken", "held"): 0,
            ("FoundationToken", "totalSupply"): 100,
            ("FoundationToken", "getPastVotes"): lambda one, _at: self.past[one],
            ("FoundationToken", "getPastTotalSupply"): 100,
        }


def moved(source: bytes, to: bytes, value: int, age: int) -> Any:
    return log_of(
        "FoundationToken", "Transfer", age=age, **{"from": source, "to": to, "value": value}
    )


def voting(book: Ledger, *moves: Any, snapshot: int | None = None) -> Finding:
    """Confirm the rights of *book*, with a proposal whose snapshot is so many seconds from now."""
    made = PaperDesk(answers={**quiet_answers(), **book.answers()})
    born = [moved(ZERO, one, book.balances[one], 30 * DAY) for one in (NORWAY, CHAD)]
    made.logs["FoundationToken", "Transfer"] = [*born, *moves]
    if snapshot is not None:
        made.logs["FictraGovernor", "ProposalCreated"] = [
            log_of("FictraGovernor", "ProposalCreated", age=DAY, proposalId=7,
                   voteStart=NOW + snapshot, voteEnd=NOW + snapshot + DAY)
        ]  # fmt: skip
    return confirm_rights(made, RightsConfirmation())


def test_votes_are_the_balances_of_those_who_delegate() -> None:
    finding = voting(Ledger(), snapshot=-3600)
    assert (finding.verdict, finding.summary) == ("ok", "rights of 2 holders confirmed")
    (test,) = finding.data["proposals"]
    assert (test["votes_counted"], test["flash"]) == (100, [])


@pytest.mark.parametrize(
    ("book", "snapshot"),
    [
        (Ledger(votes={NORWAY: 100, CHAD: 40}), None),
        (Ledger(votes={NORWAY: 60, CHAD: 0}), None),
        (Ledger(past={NORWAY: 100, CHAD: 1}), -3600),
    ],
    ids=["twice", "a delegation that moved nothing", "at the snapshot"],
)
def test_votes_that_are_counted_twice(book: Ledger, snapshot: int | None) -> None:
    finding = voting(book, snapshot=snapshot)
    assert (finding.verdict, finding.problems["double-counted"]) == ("finding", 1)


@pytest.mark.parametrize(
    ("age", "value", "snapshot", "flash"),
    [
        (7200, 30, -3600, 1),
        (7200, 30, +3600, 1),
        (7200, 2, -3600, 0),
        (60, 30, -3600, 0),
        (3 * DAY, 30, -3600, 0),
    ],
    ids=["before the snapshot", "before a vote to come", "a trifle", "after it", "long before"],
)
def test_votes_that_came_by_transfer_before_a_snapshot(
    *, age: int, value: int, snapshot: int, flash: int
) -> None:
    finding = voting(Ledger(), moved(CHAD, NORWAY, value, age), snapshot=snapshot)
    assert finding.problems["flash"] == flash


def test_what_went_back_is_told() -> None:
    moves = (moved(CHAD, NORWAY, 30, 7200), moved(NORWAY, CHAD, 30, 60))
    (test,) = voting(Ledger(), *moves, snapshot=-3600).data["proposals"]
    assert test["flash"] == [{"account": NORWAY, "borrowed": 30, "returned": 30}]


def test_allocations_and_retirements_are_no_transfers() -> None:
    moves = [moved(ZERO, NORWAY, 5, 10), moved(NORWAY, ZERO, 3, 10), moved(NORWAY, CHAD, 1, 10)]
    assert net_arrivals(moves, since=NOW - 60, until=NOW) == {CHAD: 1, NORWAY: -1}


def test_a_token_that_does_not_answer_is_no_pass() -> None:
    made = PaperDesk(answers={**Ledger().answers(), ("FoundationToken", "getVotes"): broken()})
    made.logs["FoundationToken", "Transfer"] = [moved(ZERO, NORWAY, 1, 60)]
    with pytest.raises(Reverted):
        confirm_rights(made, RightsConfirmation())


def test_procedures_without_an_object_say_so() -> None:
    from twin import procedures
    from twin.catalog import Catalog

    catalog = Catalog.below(procedures)

    class Nobody:
        def holders(self) -> dict[str, bytes]:
            return {}

    made = PaperDesk(services=ServiceDesk(transfers=Nobody()))  # type: ignore[arg-type]
    made.approved |= {f"reserve.{asset}": 0 for asset in ("stable", "bills", "gold")}
    said = {
        name: item.applies(made)
        for name, item in catalog.items()
        if name[:2] in {"TF", "TR"} and item.applies is not None
    }
    assert len(said) == 10
    assert set(said.values()) == {"no sovereign is registered", "no reserve is declared"}
