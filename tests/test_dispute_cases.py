"""TF5 on paper: cases are weighed, ruled and looked at again."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import pytest
from paper_desk import NODES, NOW, WTI, PaperDesk, Stage, log_of, quiet_answers, refused

from twin.desk.port import DisputeForm, Exhibit, ExportRecord, ServiceDesk
from twin.desk.steps import Case, Finding
from twin.errors import NoData
from twin.procedures.tokens.foundation import DisputeResolution, resolve_disputes

NORWAY, CHAD, ZERO, DAY = NODES[0], NODES[1], bytes(20), 86_400
DOC, OTHER = b"\x11" * 32, b"\x22" * 32
HEX = f"0x{DOC.hex()}"
CARGO, AMOUNT = 600_000, 1_000
FORM = DisputeForm("DF-0001", NOW - DAY, DOC, "chad", "norway", "0x00", NOW + DAY, NOW + 9 * DAY)
BOTH = [Exhibit("DF-0001", NOW - 60, party, "papers", CARGO) for party in ("chad", "norway")]


@dataclass
class Registry:
    """Forms and exhibits, as a test fills them."""

    filed: list[DisputeForm] = field(default_factory=lambda: [FORM])
    papers: list[Exhibit] = field(default_factory=lambda: list(BOTH))

    def forms(self, *, since: int = 0) -> list[DisputeForm]:
        return [form for form in self.filed if form.at >= since]

    def exhibits(self, form: str) -> list[Exhibit]:
        return [item for item in self.papers if item.form == form]


def desk(
    registry: Registry | None = None, *, shown: int = CARGO, seen: int | None = CARGO
) -> PaperDesk:
    """Return a desk with one open case; customs shows *shown*, a carrier has *seen*."""
    made = PaperDesk(
        answers={
            **quiet_answers(),
            ("AllocationBook", "disputes"): (CHAD, NOW - DAY, 1, AMOUNT),
            ("AllocationBook", "claims"): (NORWAY, WTI, CARGO, NOW - 2 * DAY, True, AMOUNT),
            ("FoundationToken", "held"): AMOUNT,
        },
        papers={DOC: {"quantity": shown, "bill_of_lading": "norway-1", "exporter": "norway"}},
        watchers=("carrier",),
        services=ServiceDesk(disputes=registry or Registry()),
    )
    if seen is not None:
        made.seen["carrier", DOC] = ExportRecord("carrier", seen, NOW)
    made.logs["AllocationBook", "EntitlementIssued"] = [
        log_of("AllocationBook", "EntitlementIssued", age=DAY, documentHash=DOC, amount=AMOUNT,
               quantity=CARGO)
    ]  # fmt: skip
    return made


def work(made: PaperDesk, **stage: Any) -> tuple[Finding, Stage]:
    played = Stage(made, **stage)
    return played.play(resolve_disputes(Case("every six hours"), DisputeResolution())), played


@pytest.mark.parametrize(
    ("shown", "seen", "upheld", "quantity"),
    [
        (CARGO, CARGO, False, CARGO),
        (CARGO, CARGO - 599, False, CARGO),
        (CARGO // 2, CARGO, True, CARGO // 2),
        (CARGO, CARGO // 3, True, CARGO // 3),
        (CARGO, None, True, 0),
        (2 * CARGO, 2 * CARGO, False, CARGO),
    ],
    ids=["dismissed", "a thousandth", "papers", "the carrier", "nobody saw it", "more"],
)
def test_a_case_is_ruled_by_what_independent_papers_show(
    *, shown: int, seen: int | None, upheld: bool, quantity: int
) -> None:
    made = desk(shown=shown, seen=seen)
    finding, played = work(made)
    assert (finding.verdict, finding.summary) == ("done", "1 open, 1 ruled")
    (act,) = played.acts
    assert (act.authority, act.function, act.args) == ("arbiter", "rule", (HEX, upheld, quantity))
    (decision,) = made.stores.entries("decision")
    assert (decision.state, decision.data["quantity"]) == ("done", quantity)
    assert [notice.audience for notice in played.notices] == ["chad", "norway"]


def test_papers_that_customs_does_not_know_stand_for_nothing() -> None:
    made = desk()
    made.papers.clear()
    assert work(made)[1].acts[0].args == (HEX, True, 0)


def test_exhibits_are_waited_for_until_the_exchange_is_over() -> None:
    made = desk(Registry(papers=BOTH[:1]))
    finding, played = work(made)
    assert (finding.verdict, finding.summary, played.acts) == ("ok", "1 open, 0 ruled", [])
    made.now = FORM.exchange_until
    assert len(work(made)[1].acts) == 1


def test_a_deadline_that_has_passed_and_tokens_that_are_not_frozen() -> None:
    made = desk(Registry(papers=[]))
    made.answers["FoundationToken", "held"] = AMOUNT - 1
    finding, _ = work(made)
    assert (finding.verdict, finding.problems["not-frozen"]) == ("finding", 1)
    made.now = FORM.deadline + 1
    finding, _ = work(made)
    assert finding.problems["deadline"] == 1


def test_a_ruling_may_be_left_and_signers_may_be_missing() -> None:
    finding, played = work(desk(), choices={"Rule": "leave"})
    assert (finding.verdict, played.acts, played.notices) == ("ok", [], [])
    finding, played = work(desk(), on_act=refused)
    assert (finding.verdict, finding.problems["act"], played.notices) == ("failed", 1, [])


def ruled(made: PaperDesk, quantity: int, entry: dict[str, int]) -> None:
    """Let the chain have ruled on the case, with a correction where *entry* has one."""
    made.answers["AllocationBook", "disputes"] = (ZERO, 0, 0, 0)
    made.logs["AllocationBook", "DisputeRuled"] = [
        log_of("AllocationBook", "DisputeRuled", documentHash=DOC, upheld=True, quantity=quantity)
    ]
    if entry:
        made.logs["AllocationBook", "EntitlementCorrected"] = [
            log_of(
                "AllocationBook",
                "EntitlementCorrected",
                documentHash=DOC,
                sovereign=NORWAY,
                **entry,
            )
        ]


def decided(made: PaperDesk, quantity: int) -> None:
    data = {"kind": "dispute", "document": HEX, "quantity": quantity}
    made.stores.create("decision", NOW, subject="DF-0001", state="done", data=data)


HALF = {"amount": 500, "reversed": 300, "owed": 200}


@pytest.mark.parametrize(
    ("ours", "theirs", "entry", "says"),
    [
        (CARGO // 2, CARGO // 2, HALF, None),
        (None, CARGO // 2, HALF, "no case of ours decided it"),
        (CARGO // 2, CARGO // 4, HALF, "the case said 300000"),
        (CARGO // 2, CARGO // 2, {}, "no correction was entered"),
        (CARGO // 2, CARGO // 2, {**HALF, "owed": 201}, "due 500 by 500"),
        (CARGO // 2, CARGO // 2, {**HALF, "amount": 499}, "due 500 by 500"),
    ],
    ids=["right", "not ours", "another quantity", "no entry", "too much", "a wrong rest"],
)
def test_a_ruling_on_chain_is_looked_at_again(
    *, ours: int | None, theirs: int, entry: dict[str, int], says: str | None
) -> None:
    made = desk()
    ruled(made, theirs, entry)
    if ours is not None:
        decided(made, ours)
    finding, played = work(made)
    assert finding.problems["wrong-correction"] == int(says is not None)
    if says is not None:
        (wrong,) = finding.data["review"]["exceptions"]
        assert says in wrong["wrong"]
        (action,) = made.stores.entries("action")
        assert (action.owner, action.data["document"]) == ("compliance", HEX)
        assert [notice.audience for notice in played.notices] == ["governance"]
        work(made)
        assert len(made.stores.entries("action")) == 1, "one action for one ruling"


@pytest.mark.parametrize(("history", "wrong"), [(301, 1), (299, 0)])
def test_a_ruling_is_looked_at_for_a_while(history: int, wrong: int) -> None:
    made = desk()
    ruled(made, CARGO // 2, HALF)
    played = Stage(made)
    finding = played.play(resolve_disputes(Case("a test"), DisputeResolution(history=history)))
    assert finding.problems["wrong-correction"] == wrong


def test_a_dispute_that_lapsed_is_told() -> None:
    made = desk()
    made.answers["AllocationBook", "disputes"] = (ZERO, 0, 0, 0)
    made.logs["AllocationBook", "DisputeLapsed"] = [
        log_of("AllocationBook", "DisputeLapsed", documentHash=DOC)
    ]
    finding, _ = work(made)
    assert (finding.verdict, finding.problems["lapsed"]) == ("finding", 1)


def test_a_cargo_is_not_compensated_twice() -> None:
    """The ruling left a part of it; a second issue for the same bill of lading pays it again."""
    made = desk()
    ruled(made, CARGO // 2, HALF)
    decided(made, CARGO // 2)
    assert work(made)[0].verdict == "ok"
    made.papers[OTHER] = {"quantity": CARGO, "bill_of_lading": "norway-1", "exporter": "norway"}
    made.logs["AllocationBook", "EntitlementIssued"].append(
        log_of("AllocationBook", "EntitlementIssued", documentHash=OTHER, amount=5, quantity=CARGO)
    )
    finding, _ = work(made)
    assert (finding.verdict, finding.problems["double-compensation"]) == ("finding", 1)


def test_a_registry_that_is_not_there_is_no_data() -> None:
    made = desk()
    made.services = ServiceDesk()
    with pytest.raises(NoData, match="not connected to disputes"):
        work(made)
