"""Worlds in which something goes wrong with exports, tokens or the reserve, and is found.

Each row plants one fault; the procedure that is there for it finds it on real contracts, with the
institutions' own calendars, and its alert fires. Without the fault the same world is quiet.
"""

from __future__ import annotations

from typing import Any

import pytest
from token_lab import DAY, HOUR, exporting, filed, reserved
from world_lab import Stage, fault

AUDITED = {"audit": {"share": 1.0, "error_ppm": 1_000_000, "reading": "3h"}}
"""Sovereigns who read every paper wrong, and dispute what is right."""


def found(stage: Stage, procedure: str) -> dict[str, int]:
    """Return every problem that *procedure* ever named, with its highest count."""
    worst: dict[str, int] = {}
    for row in filed(stage, procedure):
        for name, count in row["problems"].items():
            worst[name] = max(worst.get(name, 0), count)
    return worst


def fired(stage: Stage) -> set[str]:
    """Return the rules of these procedures that fired."""
    ours = {"allocation", "governance", "compliance", "reserve"}
    rules = {
        rule.name: rule.labels.get("domain")
        for group in stage.world.monitor.rules.groups
        for rule in group.rules
    }
    return {
        event.rule for _at, event in stage.of("alert", state="firing") if rules[event.rule] in ours
    } - {"SupplyJump"}


# -- exports and tokens ---------------------------------------------------------------------------

EXPORTS: dict[str, tuple[str, dict[str, Any], dict[str, Any], int, dict[str, int], set[str]]] = {
    # name: procedure, fault, world, hours, problems, alerts
    "one cargo on two documents": (
        "TF1", fault("f", "duplicate-export", "6h", sovereign="sovereign-1", second="sovereign-2"),
        {}, 9, {"duplicate": 1}, {"AllocationUnbacked"}),
    "a cargo that nobody loaded": (
        "TF1", fault("f", "phantom-export", "3h", sovereign="sovereign-1"),
        {"procedures": {"TF1": {"grace": 4 * HOUR}}}, 10, {"unbacked": 1}, {"AllocationUnbacked"}),
    "a cargo without papers": (
        "TF1", fault("f", "phantom-export", "3h", sovereign="sovereign-1", papers=False),
        {}, 5, {"unbacked": 1}, {"AllocationUnbacked"}),
    "a schedule that nobody approved": (
        "TF1", fault("f", "over-allocation", "0s"), {}, 3,
        {"over-allocation": 3, "schedule": 1}, {"AllocationOffSchedule"}),
    "a book that asks for one person": (
        "TF2", fault("f", "single-key-mint", "0s", asset="FT"),
        {"allocation": {"two_person": True}}, 3,
        {"one-person": 3, "two-person-off": 1}, {"IssuanceUnapproved"}),
    "a mint by one key": (
        "TF2", fault("f", "single-key-mint", "90m"), {}, 4, {"single-key": 1},
        {"IssuanceUnapproved"}),
    "a zero too many": (
        "TF2", fault("f", "fat-finger-claim", "90m", sovereign="sovereign-1"),
        {"allocation": {"two_person": True, "max_quantity": 100_000_000}, "cargoes": 1}, 4,
        {"fat-finger": 1}, {"IssuanceHeldBack"}),
    "votes for one snapshot": (
        "TF3", fault("f", "flash-votes", "10h", "16h", borrower="sovereign-1"),
        {"protocol": {"governance": {"voting_delay": "1h"}}}, 20, {"flash": 1}, {"VotesBorrowed"}),
    "a transfer to a listed party": (
        "TF4", fault("f", "transfer-to-listed", "10h", sender="sovereign-1", receiver="sovereign-2"),
        {}, 13, {"bypass": 1, "listed": 1}, {"TransferUnapproved", "TransferToListedParty"}),
    "a transfer that nobody asked for": (
        "TF4", fault("f", "transfer-to-listed", "10h", sender="sovereign-1", receiver="sovereign-2",
                     asks=False),
        {}, 13, {"bypass": 1, "listed": 1}, {"TransferUnapproved", "TransferToListedParty"}),
    "a ruling that no case decided": (
        "TF5", fault("f", "wrong-correction", "3h"),
        {"sovereign": AUDITED, "cargoes": 2,
         "services": {"disputes": {"reply": "10h", "exchange": "30h"}}},
        20, {"wrong-correction": 1}, {"RulingWrong"}),
    "a case without exhibits": (
        "TF5", fault("f", "dispute-silence", "0s"),
        {"sovereign": AUDITED, "cargoes": 2,
         "services": {"disputes": {"exchange": "2d", "deadline": "6h"}}},
        20, {"deadline": 3}, {"DisputeLate"}),
}  # fmt: skip


@pytest.mark.parametrize(
    ("procedure", "planted", "world", "hours", "problems", "alerts"),
    EXPORTS.values(),
    ids=EXPORTS.keys(),
)
def test_what_goes_wrong_with_an_export_or_a_token_is_found(
    *, procedure: str, planted: dict[str, Any], world: dict[str, Any], hours: int,
    problems: dict[str, int], alerts: set[str],
) -> None:  # fmt: skip
    stage = exporting(procedure, faults=[planted], **world).run(hours * HOUR)
    assert found(stage, procedure) == problems
    assert alerts <= fired(stage)


def test_a_quiet_day_of_exports_finds_nothing_and_two_persons_issue() -> None:
    """Three sovereigns, two-person issuance, transfers and disputes, and nothing wrong."""
    stage = exporting(
        "TF1", "TF2", "TF3", "TF4", "TF5",
        allocation={"two_person": True}, sovereign=AUDITED,
        services={
            "transfers": {"requests_per_day": 24, "largest_share": "2%"},
            "disputes": {"reply": "1h", "exchange": "12h"},
        },
    ).run(DAY)  # fmt: skip
    assert {name: found(stage, name) for name in ("TF1", "TF2", "TF3", "TF4", "TF5")} == {
        name: {} for name in ("TF1", "TF2", "TF3", "TF4", "TF5")
    }
    issued = stage.of("log", event="EntitlementIssued")
    assert len(issued) > 10
    assert len(stage.of("log", event="IssuanceConfirmed")) >= len(issued)
    answers = [item for row in filed(stage, "TF4") for item in row["data"]["answers"]]
    asked = stage.world.desk.services.transfers.requests()
    assert len(answers) == len(asked) > 10
    moves = stage.world.desk.at().logs("FoundationToken", "Transfer", since=0)
    moved = [one for one in moves if bytes(20) not in (one.args["from"], one.args["to"])]
    approved = [item for item in answers if item["approved"]]
    assert len(approved) - 3 <= len(moved) <= len(approved), "the last ones wait for their notice"
    rulings = stage.of("log", event="DisputeRuled")
    assert rulings
    assert not any(one.args["upheld"] for _at, one in rulings)
    (attempts,) = [
        row["data"]["attempts"] for row in filed(stage, "TF4") if row["data"]["attempts"]
    ][:1]
    assert all(item["refused"] for item in attempts)
    assert fired(stage) == {"OperationWaiting"}, "a ruling waits an hour where everybody sees it"


# -- the reserve ----------------------------------------------------------------------------------

OFF_POLICY = {
    "weight_stable": "30%",
    "weight_bills": "50%",
    "weight_gold": "20%",
    "slice_limit": "10%",
}

HOLDINGS: dict[str, tuple[str, dict[str, Any], dict[str, Any], int, dict[str, int], set[str]]] = {
    # name: procedure, fault, world, hours, problems, alerts
    "a bank that fails": (
        "TR1", fault("f", "bank-failure", "40h", bank="helvetia"), {}, 44, {"silent": 1},
        {"ReserveStatementMissing"}),
    "a custodian that is silent": (
        "TR1", fault("f", "custodian-silence", "30h", custodian="aegis"), {}, 34,
        {"silent": 1, "coverage": 1},
        {"ReserveStatementMissing", "ReserveCoverageLow"}),
    "funds that are not there": (
        "TR1", fault("f", "custodian-missing-funds", "30h", custodian="aegis", asset="bills",
                     share_ppm=100_000),
        {}, 48, {"missing": 1}, {"ReserveFundsMissing"}),
    "assets of another entity": (
        "TR2", fault("f", "concentration", "30h", custodian="aegis", asset="bills", issuer="acme"),
        {"procedures": {"TR2": {"issuers": {"treasury": 500_000}, "closed": True, "cure": 8 * HOUR}}},
        48, {"diversion": 1, "overdue": 1}, {"ReserveDiverted", "ReserveBreachOverdue"}),
    "all owed by one": (
        "TR2", fault("f", "concentration", "30h", custodian="aegis", asset="bills", issuer="helvetia"),
        {"procedures": {"TR2": {"max_bank_ppm": 350_000}}},
        48, {"bank": 1}, {"ReservePolicyBreached"}),
    "a settlement that is stuck": (
        "TR3", fault("f", "stuck-settlement", "1h"),
        {"reserve": OFF_POLICY, "procedures": {"TR3": {"settle_within": 16 * HOUR}}, "duration": "4d"},
        72, {"stuck": 3}, {"RebalancingStuck"}),
    "a forged instruction": (
        "TR3", fault("f", "wrong-instruction", "1h", custodian="bastion"), {"reserve": OFF_POLICY},
        40, {"wrong-address": 1}, {"SettlementInstructionWrong"}),
    "an attestation at cost": (
        "TR4", fault("f", "attestation-basis", "0s"),
        {"services": {"attestations": {"first": "1h", "lag": "2h"}}}, 40,
        {"basis": 1}, {"AttestationWeak"}),
    "an attestation by somebody else": (
        "TR4", fault("f", "attestation-forgery", "0s"),
        {"services": {"attestations": {"first": "1h", "lag": "2h"}}}, 40,
        {"signature": 1}, {"AttestationForged"}),
    "no attestation": (
        "TR4", fault("f", "attestation-basis", "0s", basis="none"),
        {"procedures": {"TR4": {"max_age": DAY}}}, 40, {"missing": 1}, {"AttestationWeak"}),
    "a locked wallet": (
        "TR5", fault("f", "locked-wallet", "30h", custodian="aegis"), {}, 33, {"shut": 1},
        {"ReservePlaceShut"}),
    "a brake pulled by one key": (
        "TR5", fault("f", "locked-wallet", "30h"), {}, 33,
        {"doors": 1, "shortfall-1h": 1, "shortfall-1d": 1, "shortfall-1w": 1},
        {"RedemptionShut", "ReserveIlliquid"}),
}  # fmt: skip


@pytest.mark.parametrize(
    ("procedure", "planted", "world", "hours", "problems", "alerts"),
    HOLDINGS.values(),
    ids=HOLDINGS.keys(),
)
def test_what_goes_wrong_with_the_reserve_is_found(
    *, procedure: str, planted: dict[str, Any], world: dict[str, Any], hours: int,
    problems: dict[str, int], alerts: set[str],
) -> None:  # fmt: skip
    stage = reserved(procedure, faults=[planted], **{"duration": "3d", **world}).run(hours * HOUR)
    assert found(stage, procedure) == problems
    assert alerts <= fired(stage)


@pytest.mark.parametrize(
    "weights",
    [("30%", "50%", "20%"), ("50%", "30%", "20%")],
    ids=["out of the stable asset", "into it"],
)
def test_a_reserve_goes_back_to_policy_and_is_whole_at_every_look(weights: tuple[str, ...]) -> None:
    """Slices leave, settle in business hours and arrive; nothing is ever missing or counted twice."""
    names = ("weight_stable", "weight_bills", "weight_gold")
    policy = dict(zip(names, weights, strict=True))
    stage = reserved(
        "TR1", "TR3", "TR5", duration="4d", reserve={**policy, "slice_limit": "10%"},
        services={"attestations": {"first": "1d", "every": "1d", "lag": "1h"}},
    ).run(4 * DAY - 1)  # fmt: skip
    (made,) = filed(stage, "TR3", "done")
    assert made["summary"] == "3 slices settled"
    assert (found(stage, "TR1"), found(stage, "TR5")) == ({}, {})
    covers = {row["data"]["coverage_ppm"] for row in filed(stage, "TR1")} - {None}
    assert max(covers) - min(covers) < 200, "what it cost, and no more"
    assert fired(stage) == {"ReserveOffPolicy"}
    off = [event.state for _at, event in stage.of("alert") if event.rule == "ReserveOffPolicy"]
    assert off == ["pending", "firing", "resolved"], "until the slices have settled"


def test_a_loss_that_an_attestation_at_cost_cannot_see() -> None:
    """Gold falls by some two in a hundred within the week; the document carries what was paid."""
    gold = {
        "model": "schwartz-smith", "initial": "1000.00", "sigma_chi": 0, "sigma_xi": 0, "mu_xi": -8,
    }  # fmt: skip
    stage = reserved(
        "TR4", duration="3d", price=gold, faults=[fault("f", "attestation-basis", "0s")],
        services={"attestations": {"first": "1h", "lag": "2h"}},
    ).run(40 * HOUR)  # fmt: skip
    assert found(stage, "TR4") == {"basis": 1, "impairment": 1}
    assert {"AttestationWeak", "ReserveImpaired"} <= fired(stage)


def test_a_weekend_closes_the_banks_when_a_run_would_need_them() -> None:
    """On Thursday cash of the banks is there within a day, on Saturday it is not (USDC, 2023-03)."""
    places: dict[str, Any] = {"stable": 200_000, "bills": 4_000_000, "gold": 1_000}
    hours = {"timezone": "UTC", "start": "09:00", "end": "17:00"}
    banks = {"helvetia": {"hours": hours, "accounts": {"reserve": 5_000_000}}}
    stage = reserved(
        "TR5", start="2023-03-08T00:00:00Z", duration="5d", reserve=places, banks=banks,
        procedures={"TR5": {"profile": "severe"}},
    ).run(5 * DAY - 1)  # fmt: skip
    short = {
        (row["at"] // DAY, row["at"] % DAY // HOUR)
        for row in filed(stage, "TR5")
        if "shortfall-1d" in row["problems"]
    }
    days = {day for day, _hour in short}
    assert (1, 12) not in short, "Thursday noon"
    assert {(3, 12), (4, 8)} <= short, "Saturday noon, Sunday morning"
    assert days <= {2, 3, 4}, "Wednesday is day 0"
    assert "ReserveIlliquid" in fired(stage)
