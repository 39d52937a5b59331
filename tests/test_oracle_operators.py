"""IO2 to IO5 on paper: scorecards, sources, rewards and candidates, with and without data."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from paper_desk import BOUNDS, NOW, USD, WTI, PaperDesk, Stage, log_of, quiet_answers, refused
from paper_operations import DAY, HOUR, PaperOperators, PaperVendors, services, status
from test_weekly import wrong

from twin.desk.port import AccountRecord, Candidate, ShadowReport
from twin.desk.steps import Case, Finding
from twin.errors import NoData
from twin.procedures.integration.oracle import (
    NodePerformance,
    Onboarding,
    Rewards,
    SourceValidation,
    coordinate_expansion,
    distribute_rewards,
    node_performance,
    validate_sources,
)
from twin.procedures.integration.sources import correlation_ppm, opinions

CASE = Case("routine")
A, B, C, D, E = (bytes([number]) * 20 for number in (0xA1, 0xA2, 0xA3, 0xA4, 0xA5))
NAMES = {"a": A, "b": B, "c": C, "d": D, "e": E}


# -- IO2 ------------------------------------------------------------------------------------------


def network() -> tuple[PaperDesk, PaperOperators]:
    """Return a desk with five nodes that are as they should be."""
    park = PaperOperators({name: status(name) for name in NAMES})
    made = PaperDesk(services=services(operators=park), registered={"nodes": NAMES})
    made.answers["OracleNetwork", "reports"] = (
        tuple(NAMES.values()),
        (80 * USD,) * 5,
        (NOW - 600,) * 5,
    )
    made.logs["OracleNetwork", "AnswerSubmitted"] = [
        log_of("OracleNetwork", "AnswerSubmitted", feed=WTI, node=node, answer=80 * USD, age=age)
        for age in (9000, 5400, 1800)
        for node in NAMES.values()
    ]
    made.logs["OracleNetwork", "AnswerUpdated"] = [
        log_of("OracleNetwork", "AnswerUpdated", feed=WTI, answer=80 * USD, age=age)
        for age in (9000, 5400, 1800)
    ]
    return made, park


def scored(made: PaperDesk) -> Finding:
    return node_performance(made, NodePerformance())


def silent(made: PaperDesk, _park: PaperOperators) -> None:
    made.answers["OracleNetwork", "reports"] = (
        tuple(NAMES.values()), (80 * USD,) * 5, (NOW - 10_000, *(NOW - 600,) * 4)
    )  # fmt: skip


def lying(made: PaperDesk) -> None:
    """Let a report ten dollars off, nine times, each after an answer of another block."""
    key = ("OracleNetwork", "AnswerSubmitted")
    lies = [log_of(*key, feed=WTI, node=A, answer=90 * USD, age=60)] * 9
    made.logs[key] += [replace(lie, block=291 + number) for number, lie in enumerate(lies)]


def put(name: str, value: Any) -> Any:
    return lambda _made, park: park.statuses.update({name: value})


@pytest.mark.parametrize(
    ("prepare", "items"),
    [
        (lambda _made, _park: None, set()),
        (silent, {"silent", "quorum"}),
        (put("a", None), {"down"}),
        (put("a", status("a", latency_ms=9_000)), {"slow"}),
        (put("a", status("a", version="2.3.0")), {"outdated"}),
        (
            lambda made, _park: made.accounts.update({B: AccountRecord(1, 10**17, b"", False)}),
            {"unfunded"},
        ),
    ],
)
def test_the_scorecard(prepare: Any, items: set[str]) -> None:
    made, park = network()
    prepare(made, park)
    if items == {"silent", "quorum"}:
        made.answers["OracleNetwork", "feedConfig"] = (*BOUNDS[:5], 5)
    assert wrong(scored(made)) == items


def test_a_node_most_of_whose_reports_are_off_is_an_outlier() -> None:
    made, _park = network()
    lying(made)
    finding = scored(made)
    assert wrong(finding) == {"outlier"}
    assert finding.data["nodes"]["a"]["outliers"] == 9


def test_a_network_that_never_reported_is_no_data() -> None:
    made, _park = network()
    made.answers["OracleNetwork", "reports"] = (tuple(NAMES.values()), (0,) * 5, (0,) * 5)
    with pytest.raises(NoData, match="no oracle node has ever reported"):
        scored(made)


# -- IO3 ------------------------------------------------------------------------------------------


def noise(number: int, count: int = 60) -> list[int]:
    """Return errors of a vendor in ppm: of its own, by a generator that is its own."""
    state, found = 1 + 7919 * number, []
    for _place in range(count):
        state = state * 6_364_136_223_846_793_005 % 2**64
        found.append((state >> 40) % 601 - 300)
    return found


def test_correlation_and_opinions() -> None:
    left = [1, 2, 3, 4]
    assert correlation_ppm(left, [2, 4, 6, 8]) == 1_000_000
    assert correlation_ppm(left, [4, 3, 2, 1]) == -1_000_000
    assert correlation_ppm(left, [5, 5, 5, 5]) == correlation_ppm([], []) == 0
    pairs = {("a", "b"): 9, ("b", "c"): 9, ("c", "d"): 1}
    assert opinions(["a", "b", "c", "d"], pairs, 5) == [["a", "b", "c"], ["d"]]


def sources(**changes: Any) -> tuple[Finding, Stage]:
    """Validate three vendors; *changes* are what `PaperVendors.add` takes for the first."""
    vendors = PaperVendors()
    vendors.add("albion", **{"errors": noise(1), **changes})
    vendors.add("brisa", noise(2, len(changes.get("errors", noise(1)))))
    vendors.add("corvus", noise(3, len(changes.get("errors", noise(1)))))
    stage = Stage(PaperDesk(services=services(vendors=vendors)))
    return stage.play(validate_sources(CASE, SourceValidation())), stage


@pytest.mark.parametrize(
    ("changes", "items"),
    [
        ({}, set()),
        ({"licence": -1}, {"licence"}),
        ({"canary": 6 * USD}, {"canary"}),
        ({"canary": None}, {"silent"}),
        ({"errors": [9_000 + one for one in noise(1)]}, {"bias"}),
        ({"errors": noise(2)}, {"correlated"}),
        ({"errors": noise(1, 10)}, set()),
    ],
)
def test_sources(changes: dict[str, Any], items: set[str]) -> None:
    finding, stage = sources(**changes)
    assert wrong(finding) == items
    decided = [step.advice for step in stage.decisions]
    assert decided == (["reject"] if items - {"silent"} else [])
    expected = "finding" if items else ("refused" if "errors" in changes else "ok")
    assert finding.verdict == expected


def test_a_source_that_is_only_watched_goes_on() -> None:
    vendors = PaperVendors()
    for name, number in (("albion", 2), ("brisa", 2), ("corvus", 2)):
        vendors.add(name, noise(number))
    stage = Stage(PaperDesk(services=services(vendors=vendors)), choices={"Reject": "watch"})
    finding = stage.play(validate_sources(CASE, SourceValidation()))
    # Where all are one, the others' middle is their own: the errors against it are flat.
    assert finding.data["opinions"]["WTI"] in (
        [["albion", "brisa", "corvus"]],
        [["albion"], ["brisa"], ["corvus"]],
    )
    assert stage.notices == []


# -- IO4 ------------------------------------------------------------------------------------------

ORACLE, ISSUER = b"\x0e" * 20, b"\x0f" * 20


def rewarded(
    *, rate: int = 5, fund: int = 100, paid: tuple[tuple[bytes, int, int], ...] = ()
) -> PaperDesk:
    """Return a desk on which a and b made three reports each and 5 PT units are due for each."""
    made = PaperDesk(
        registered={
            "nodes": {"a": A, "b": B},
            "addresses": {"OracleNetwork": ORACLE, "issuer": ISSUER},
        }
    )
    made.approved = {"oracle.reward_per_report": 5}
    spent = sum(amount for _node, _reports, amount in paid)
    made.answers = quiet_answers() | {
        ("OracleNetwork", "accounted"): (2000, fund, 0),
        ("OracleNetwork", "staking"): (0, 0, rate, 100_000),
        ("OracleNetwork", "nodes"): (A, B),
        ("OracleNetwork", "stakeOf"): (1000, 0, 0),
    }
    made.logs["OracleNetwork", "AnswerUpdated"] = [
        log_of("OracleNetwork", "AnswerUpdated", feed=WTI, answer=80 * USD)
    ]
    made.logs["OracleNetwork", "AnswerSubmitted"] = [
        log_of("OracleNetwork", "AnswerSubmitted", feed=WTI, node=node, answer=80 * USD)
        for node in (A, B) * 3
    ]
    made.logs["OracleNetwork", "RewardPaid"] = [
        log_of("OracleNetwork", "RewardPaid", node=node, reports=reports, amount=amount)
        for node, reports, amount in paid
    ]
    made.logs["OracleNetwork", "RewardsFunded"] = [
        log_of("OracleNetwork", "RewardsFunded", amount=fund + spent)
    ]
    return made


def distributed(made: PaperDesk, **settings: int) -> tuple[Finding, Stage]:
    stage = Stage(made)
    about = {"reserve_reports": 0, **settings}
    return stage.play(distribute_rewards(CASE, Rewards(**about))), stage


def test_a_fund_that_covers_what_is_owed_is_left_alone() -> None:
    finding, stage = distributed(rewarded(paid=((A, 2, 10),)))
    assert (finding.verdict, stage.acts) == ("ok", [])
    rows = finding.data["before"]["nodes"]
    assert (rows["a"]["owed"], rows["b"]["owed"]) == (5, 15)


def test_a_fund_that_is_short_is_topped_up_in_three_steps() -> None:
    finding, stage = distributed(rewarded(fund=10), reserve_reports=4)
    assert [(act.contract, act.function, act.args) for act in stage.acts] == [
        ("PaymentToken", "mint", ("0x" + ISSUER.hex(), 40)),
        ("PaymentToken", "approve", ("0x" + ORACLE.hex(), 40)),
        ("OracleNetwork", "fund", (40,)),
    ]
    assert finding.verdict == "ok"


def test_signers_that_do_not_sign_leave_it_unpaid() -> None:
    stage = Stage(rewarded(fund=10), on_act=refused)
    finding = stage.play(distribute_rewards(CASE, Rewards()))
    assert (wrong(finding), len(stage.acts)) == ({"unpaid"}, 1)


def liar(made: PaperDesk) -> None:
    made.logs["OracleNetwork", "AnswerSubmitted"] = [
        log_of("OracleNetwork", "AnswerSubmitted", feed=WTI, node=node, answer=price * USD)
        for node, price in ((A, 80), (B, 160), (B, 160), (B, 160))
    ]


@pytest.mark.parametrize(
    ("made", "items"),
    [
        (rewarded(rate=50), {"rate"}),
        (rewarded(paid=((A, 2, 100),)), {"overpaid"}),
        (rewarded(paid=((A, 9, 45),)), {"ineligible"}),
    ],
)
def test_rewards_that_do_not_reconcile(made: PaperDesk, items: set[str]) -> None:
    finding, stage = distributed(made, reserve_reports=10**6)
    assert wrong(finding) >= items
    if items != {"ineligible"}:
        assert stage.acts == []  # nothing is poured into a fund that leaks


def test_a_liar_is_owed_nothing_and_its_slash_becomes_an_action_and_a_drain_is_found() -> None:
    made = rewarded()
    liar(made)
    finding, _stage = distributed(made)
    assert wrong(finding) == {"slash"}
    assert finding.data["before"]["nodes"]["b"] | {"lies": 3} == {
        "reports": 3, "lies": 3, "paid_reports": 0, "paid": 0, "earned": 0, "owed": 0, "slash_due": 100,
    }  # fmt: skip
    assert len(made.stores.entries("action")) == 1
    made.logs["OracleNetwork", "Slashed"] = [log_of("OracleNetwork", "Slashed", node=B, amount=100)]
    assert wrong(distributed(made)[0]) == {"drain"}  # the slashed stake is not in the fund


# -- IO5 ------------------------------------------------------------------------------------------


def applying(*names: str, errors: dict[str, list[int]] | None = None, hours: int = 200, **changes: Any) -> tuple[PaperDesk, PaperOperators]:  # fmt: skip
    park = PaperOperators()
    made = PaperDesk(services=services(operators=park))
    made.answers |= {
        ("OracleNetwork", "nodes"): tuple(NAMES.values()),
        ("OracleNetwork", "staking"): (1000, 0, 0, 0),
        ("OracleNetwork", "shadowPeriod"): 0,
        ("OracleNetwork", "stakeOf"): (1000, 0, 0),
    }
    made.logs["OracleNetwork", "AnswerUpdated"] = [
        log_of("OracleNetwork", "AnswerUpdated", feed=WTI, answer=80 * USD, age=hours * HOUR)
    ]
    for number, name in enumerate(names, 1):
        about = {
            "owner": f"owner of {name}",
            "kyc": "passed",
            "funded_by": bytes([number]) * 20,
        } | changes
        park.applying.append(
            Candidate(name=name, account=bytes([0xB0 + number]) * 20, commodity="WTI", operator=name,
                      network="AS64496", applied=NOW - hours * HOUR, **about)
        )  # fmt: skip
        off = (errors or {}).get(name) or noise(number, hours)
        park.reports[name] = [
            ShadowReport(
                name, "WTI", 80 * USD * (10**6 + error) // 10**6, NOW - (hours - place) * HOUR, b""
            )
            for place, error in enumerate(off)
        ]
    return made, park


def coordinated(made: PaperDesk) -> tuple[Finding, Stage]:
    stage = Stage(made)
    return stage.play(coordinate_expansion(CASE, Onboarding())), stage


def test_a_candidate_that_passed_every_gate_joins_by_a_change_once() -> None:
    made, _park = applying("nova")
    finding, _stage = coordinated(made)
    (change,) = made.stores.entries("change")
    assert (finding.verdict, change.data["function"]) == ("ok", "addNode")
    _finding, again = coordinated(made)
    assert (again.decisions, len(made.stores.entries("change"))) == ([], 1)
    made, _park = applying("nova")
    made.answers["OracleNetwork", "shadowPeriod"] = DAY
    coordinated(made)
    assert made.stores.entries("change")[0].data["function"] == "addShadow"


GATES: list[tuple[dict[str, Any], str, str]] = [
    ({"kyc": "pending"}, "kyc", "wait"),
    ({"errors": {"nova": [50_000] * 200}}, "agreement", "wait"),
    ({"errors": {"nova": [100] * 50}}, "coverage", "wait"),
]


@pytest.mark.parametrize(("changes", "gate", "advice"), GATES)
def test_a_gate_that_is_shut(changes: dict[str, Any], gate: str, advice: str) -> None:
    made, _park = applying("nova", **changes)
    finding, stage = coordinated(made)
    assert wrong(finding) == {gate}
    assert [step.advice for step in stage.decisions] == [advice]
    assert made.stores.entries("change") == []


def test_a_young_candidate_is_waited_for_and_a_forged_or_poor_one_is_not_admitted() -> None:
    made, _park = applying("nova", hours=100)
    assert coordinated(made)[1].decisions == []
    made, park = applying("nova")
    park.forged = ("nova",)
    made.answers["OracleNetwork", "stakeOf"] = (999, 0, 0)
    finding, stage = coordinated(made)
    assert wrong(finding) == {"forged", "stake"}
    assert stage.decisions[0].advice == "refuse"


@pytest.mark.parametrize(
    "changes",
    [
        {"funded_by": b"\x77" * 20},
        {"owner": "one and the same"},
        {"errors": {"nova": noise(9, 200), "orion": noise(9, 200)}},
    ],
)
def test_one_operator_behind_two_names_is_refused(changes: dict[str, Any]) -> None:
    made, _park = applying("nova", "orion", **changes)
    finding, stage = coordinated(made)
    assert finding.problems["sybil"] == 2
    assert {step.advice for step in stage.decisions} == {"refuse"}
    alone, _park = applying("nova", "orion")
    assert coordinated(alone)[0].verdict == "ok"


def test_a_ring_that_would_hold_too_much_dilutes_the_quorum() -> None:
    made, _park = applying("one", "two", "three", funded_by=b"\x77" * 20)
    assert coordinated(made)[0].problems["dilution"] == 3
