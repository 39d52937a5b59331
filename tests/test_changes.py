"""The gates of changes on a small world: what each of them says of what is wrong."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from changes_lab import CAP, UNIT, call, requested, text
from routine_lab import routine
from world_lab import HOUR, NODES, Stage, agent

from twin.desk.port import Approval, StagedCall
from twin.procedures.change import gates
from twin.procedures.change.effects import rank_z
from twin.procedures.change.inbox import inbox
from twin.procedures.change.papers import drift
from twin.procedures.change.plan import calls_of, content, payload
from twin.procedures.change.planning import planned, windows_hit
from twin.procedures.change.request import Planning
from twin.procedures.change.risk import calibration, rated
from twin.procedures.change.verification import Feedback
from twin.procedures.change.voices import voices
from twin.scenario.change import checked

WAS, TO = 500_000_000 * UNIT, 1_000_000_000 * UNIT


@pytest.fixture(scope="module")
def stage() -> Stage:
    """A world in which one change was asked for, and nothing else is done about it."""
    trader = agent("noise", "trader", 4, trades_per_day=40)
    about = requested(text(), at=60)
    about["services"]["changes"]["freezes"] = [{"name": "audit", "at": "1d", "until": "2d"}]
    return routine("RM2", agents=[*NODES, trader], **about).run(2 * HOUR)


def plan_of(stage: Stage, **fields: Any) -> dict[str, Any]:
    made, problems = checked(text(**fields), "a.yaml")
    assert made is not None, problems
    return stage.world.services.changes.resolved(made.plain())


def max_amount(amount: int, **other: Any) -> dict[str, Any]:
    return call("Settlement", "setMaxAmount", amount, **other)


def into(after: Any, before: Any = None, name: str = CAP) -> dict[str, Any]:
    return {name: {"before": before, "after": after}}


THIEF = "0x" + "ab" * 20
IMPACT: dict[str, tuple[dict[str, Any], dict[str, str]]] = {
    "a good change": ({}, {}),
    "calldata that says otherwise": (
        {"calls": [max_amount(TO, data=max_amount(TO + 1)["data"])]},
        {"decode": "the calldata says", "diff": "should become"},
    ),
    "an address that is not the contract's": (
        {"calls": [max_amount(TO, to=THIEF)]}, {"decode": "would be sent to", "authority": "", "run": "", "diff": ""},
    ),
    "an authority that may not": (
        {"authority": "fee_steward"}, {"authority": "may not call", "run": "reverts", "diff": ""},
    ),
    "nothing changes": (
        {"calls": [max_amount(WAS)], "expect": into(WAS)}, {"diff": "empty difference"},
    ),
    "another value than announced": ({"expect": into(TO + 1)}, {"diff": "should become"}),
    "another value before": ({"expect": into(TO, WAS - 1)}, {"diff": "before"}),
    "units that slipped": (
        {"calls": [max_amount(WAS // UNIT)], "expect": into(WAS // UNIT)},
        {"invariants": "more than 100 times"},
    ),
    "a treasury that nobody knows": (
        {"calls": [call("Settlement", "setTreasury", bytes.fromhex(THIEF[2:]))],
         "expect": into(THIEF, name="wire.Settlement.treasury"),
         "back": {"kind": "forward-fix", "within": "2d", "loses": "nothing", "calls": [max_amount(TO)]}},
        {"invariants": "the register does not know"},
    ),
    "a way back to elsewhere": (
        {"back": {"kind": "rollback", "within": "2d", "loses": "nothing", "calls": [max_amount(WAS + 1)]}},
        {"rollback": "would stay"},
    ),
    "a way back that takes too long": (
        {"back": {"kind": "rollback", "within": "1h", "loses": "nothing", "calls": [max_amount(WAS)]}},
        {"rollback": "are allowed"},
    ),
    "users are shut out": (
        {"authority": "pauser", "calls": [call("LiquidityPool", "pause")],
         "expect": into(True, name="paused.LiquidityPool"),
         "back": {"kind": "forward-fix", "within": "2d", "loses": "nothing",
                  "calls": [call("PaymentToken", "pause")]}},
        {"smoke": "trader LiquidityPool.swap went through before and fails after"},
    ),
}  # fmt: skip


@pytest.mark.parametrize(("fields", "says"), IMPACT.values(), ids=IMPACT.keys())
def test_a_gate_says_what_is_wrong(
    stage: Stage, fields: dict[str, Any], says: dict[str, str]
) -> None:
    found = gates.impact(stage.world.desk, plan_of(stage, **fields))
    assert set(found["wrong"]) == set(says), found["wrong"]
    for gate, words in says.items():
        assert any(words in reason for reason in found["wrong"][gate]), found["wrong"][gate]


def test_a_conflict_is_with_what_is_under_way(stage: Stage) -> None:
    desk, stores = stage.world.desk, stage.world.stores
    about = {"plan": {}, "intended": {CAP: 1}}
    other = stores.create("change", desk.now, subject="x", state="approved", data=about)
    plan = plan_of(stage)
    assert gates.conflict(desk, plan, entry=None) == [f"{other.id} (approved) also sets {CAP}"]
    assert gates.conflict(desk, plan, entry=other.id) == []
    stores.change(other.id, desk.now, state="rejected")
    assert gates.conflict(desk, plan, entry=None) == []


def approving(who: str, role: str, at: int = 0, payload: str = "p") -> Approval:
    return Approval(who, role, at, payload)


APPROVALS: dict[str, tuple[list[Approval], str]] = {
    "two of two": ([approving("bruno", "security"), approving("chen", "commander")], ""),
    "nobody": ([], "0 of 2"),
    "one person for both roles": (
        [approving("bruno", "security"), approving("bruno", "commander")], "1 of 2",
    ),
    "one role by two people": (
        [approving("bruno", "security"), approving("chen", "security")], "1 of 2",
    ),
    "the requester": ([approving("norland", "security"), approving("chen", "commander")], "of their own"),
    "another payload": (
        [approving("bruno", "security", payload="q"), approving("chen", "commander")], "this is p",
    ),
    "of long ago": (
        [approving("bruno", "security", at=-10**6), approving("chen", "commander")], "s old",
    ),
    "a role that is not asked": (
        [approving("bruno", "trader"), approving("chen", "commander")], "is none of",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("given", "says"), APPROVALS.values(), ids=APPROVALS.keys())
def test_approvals_count_by_people_and_payload(
    stage: Stage, given: list[Approval], says: str
) -> None:
    found = gates.approval(plan_of(stage), given, author="norland", approved="p", now=0)
    assert (found == []) if not says else any(says in reason for reason in found), found


def test_what_is_staged_is_bound_to_what_was_approved(stage: Stage) -> None:
    plan = plan_of(stage)
    calls = calls_of(plan)
    approved = payload("governance", calls)
    staged = stage.world.desk.services.changes.staged("CR-001")
    assert gates.binding(staged, authority="governance", approved=approved) == []
    assert gates.binding(staged, authority="pauser", approved=approved)
    other = StagedCall(staged[0].to, staged[0].data[:-1] + "1")
    assert gates.binding([other], authority="governance", approved=approved)
    assert gates.binding([], authority="governance", approved=approved)
    assert content(plan) != content({**plan, "intent": "another intent altogether, word by word"})


def test_code_is_held_against_review_and_register(stage: Stage) -> None:
    desk, calls = stage.world.desk, calls_of(plan_of(stage))
    reviewed = gates.codes(desk, calls)
    assert gates.code(desk, calls, reviewed) == []
    other = dict.fromkeys(reviewed, "0x00")
    assert gates.code(desk, calls, other) == [
        f"the code at {address} is another than at the review" for address in reviewed
    ]
    foreign = [replace(calls[0], contract="Conversion")]
    assert any("the register approves" in one for one in gates.code(desk, foreign, {}))


def test_a_stale_simulation_is_noticed(stage: Stage) -> None:
    desk, plan = stage.world.desk, plan_of(stage)
    assert gates.resimulate(desk, plan, blessed={CAP: [WAS, TO]}) == []
    (reason,) = gates.resimulate(desk, plan, blessed={CAP: [WAS - 1, TO]})
    assert "stale" in reason
    assert gates.landed(desk, plan) == [f"{CAP} should be {TO}, it is {WAS}"]


def test_the_inbox_shows_what_has_no_entry_and_what_was_altered(stage: Stage) -> None:
    desk, stores = stage.world.desk, stage.world.stores
    seen = inbox(desk, 6)
    assert [one["request"] for one in seen["new"]] == ["CR-001"]
    assert seen["new"][0]["wrong"] == {}
    assert seen["new"][0]["about"]["intended"] == {CAP: TO}
    entry = stores.create("change", desk.now, subject="x", state="requested",
                          data={"request": "CR-001", "sha256": "0" * 64})  # fmt: skip
    again = inbox(desk, 6)
    assert again["new"] == []
    assert [one["entry"] for one in again["altered"]] == [entry.id]
    stores.change(entry.id, desk.now, state="rejected")
    assert inbox(desk, 6)["altered"] == []


def entry_of(stage: Stage, **fields: Any) -> dict[str, Any]:
    plan = plan_of(stage, **fields)
    return {"id": "CHG-x", "request": "CR-001", "plan": plan, "class": plan["class"], "gas": 120_000,
            "diff": {CAP: [WAS, TO]}, "state": "rated"}  # fmt: skip


DAYS = {"earliest": "0s", "latest": "6d"}
PLANS: dict[str, tuple[dict[str, Any], str | None]] = {
    "after the freeze": ({"schedule": DAYS}, None),
    # its delay of a day would end in the freeze, and its own window with it
    "only inside a freeze": ({"schedule": {"earliest": "3h", "latest": "50h"}}, "freeze"),
    "its window is over with the delay": (
        {"schedule": {"earliest": "0s", "latest": "20h"}}, "too-late",
    ),
    "no quorum is known": ({"authority": "compliance", "schedule": DAYS}, "signers"),
}  # fmt: skip


@pytest.mark.parametrize(("fields", "blocked"), PLANS.values(), ids=PLANS.keys())
def test_a_slot_keeps_out_of_freezes_and_needs_signers(
    stage: Stage, fields: dict[str, Any], blocked: str | None
) -> None:
    desk = stage.world.desk
    found = planned(desk, entry_of(stage, **fields), settings=Planning())
    assert found["blocked"] == blocked
    assert (found["slot"] is None) == (blocked is not None)
    if found["slot"] is not None:
        assert windows_hit(desk, found["slot"], found["slot"] + found["delay"] + 3600) == []


def test_risk_grows_with_what_is_at_stake_and_is_held_against_the_past(stage: Stage) -> None:
    desk, stores = stage.world.desk, stage.world.stores
    low = rated(desk, entry_of(stage), 10**6)
    grave = entry_of(
        stage, risk={"level": "high", "reversible": False, "why": "it cannot be undone"}
    )
    high = rated(desk, {**grave, "diff": {CAP: [WAS, 5 * WAS], "pt.cap": [1, 2]}}, 10**6)
    assert low["points"] < high["points"] <= 10
    data = {"points": high["points"], "intended": {CAP: 1}}
    stores.create("change", desk.now, subject="x", state="failed", data=data)
    bands = {(row["from"], row["to"]): (row["changes"], row["failed"]) for row in calibration(desk)}
    assert sum(failed for _changes, failed in bands.values()) == 1


def test_ranks_tell_a_shift_from_noise() -> None:
    level, higher = [10, 11, 9, 10, 12, 10, 9, 11] * 2, [20, 21, 19, 22, 20, 21, 19, 20] * 2
    assert abs(rank_z(level, list(reversed(level)))) < 500
    assert rank_z(level, higher) > 4000
    assert rank_z(higher, level) < -4000


def test_a_change_makes_papers_due_and_a_lone_change_is_found(stage: Stage) -> None:
    found = drift(stage.world.desk)
    assert found["documents"] == []
    assert found["unrecorded"] == []
    stage.world.services.documents.write("integration-guide", "chain.id", "5")
    found = drift(stage.world.desk)
    stage.world.services.documents.write("integration-guide", "chain.id", "1")
    assert len(found["documents"]) == 1
    assert found["documents"][0].startswith("integration-guide: chain.id says 5")


def test_nobody_is_heard_before_a_change(stage: Stage) -> None:
    assert voices(stage.world.desk, Feedback()) == []
