"""Payment Token operations: the fee that steers the use of the network (TP4)."""

from __future__ import annotations

from typing import Any

from twin.catalog import every, runbook
from twin.control.rails import Proposal, propose
from twin.control.stability import stability
from twin.desk.port import Desk
from twin.desk.steps import Act, Case, Decide, Finding, Look, Runbook, Work
from twin.procedures.tokens.fee_reading import (
    SWAP,
    FeeAdjustment,
    expected_volume_ppm,
    law_of,
    measure,
    rails_of,
    reading_of,
)

__all__ = ["FeeAdjustment", "adjust_fee"]


def _present(desk: Desk, fee: int) -> dict[str, Any]:
    """Look, just before signing, at the time, the fee, and whether the change would go through."""
    view = desk.at()
    tried = view.simulate("fee_steward", "FeeSchedule", "adjust", (SWAP, fee))
    return {
        "now": desk.now,
        "fee": view.read("FeeSchedule", "fee", SWAP),
        "goes_through": tried.success,
        "reason": "" if tried.success else tried.reason,
    }


def _effect(desk: Desk) -> int:
    fee: int = desk.at().read("FeeSchedule", "fee", SWAP)
    return fee


def _problems(seen: dict[str, Any]) -> dict[str, int]:
    """Count what the past shows: changes past the procedure, and a fee that swings."""
    return {"foreign": len(seen["foreign"]), "oscillating": int(seen["oscillating"])}


def _stays(why: str, facts: dict[str, Any], problems: dict[str, int]) -> Finding:
    """End a run that changes nothing; what the past shows is a finding all the same."""
    found = [name for name, count in problems.items() if count]
    if found:
        return Finding("finding", f"fee stays: {why}; {', '.join(found)}", facts, problems)
    return Finding("ok", f"fee stays: {why}", facts, problems)


def _change(proposal: Proposal, facts: dict[str, Any], problems: dict[str, int]) -> Runbook:
    """Have *proposal* reviewed, decided, checked a last time, signed and confirmed."""
    yield Work("fee-steward", 900, "review the measurement, the rails and the proposed fee")
    choice = yield Decide(
        "fee-steward",
        f"Change the swap fee from {facts['fee']} to {proposal.fee} pips?",
        ("change", "leave"),
        "change",
        facts,
    )
    if choice != "change":
        return Finding("refused", "the steward left the fee as it is", facts, problems)
    present = yield Look("Does the proposal still hold?", _present, (proposal.fee,))
    facts["before_signing"] = present
    if proposal.lapsed(present["now"]) or present["fee"] != facts["fee"]:
        return _stays("the proposal lapsed: measure anew", facts, problems)
    if not present["goes_through"]:
        why = present["reason"]
        return Finding("failed", f"fee not changed: {why}", facts, {**problems, "act": 1})
    result = yield Act(
        "fee_steward", "FeeSchedule", "adjust", (SWAP, proposal.fee), f"volume {facts['volume']}"
    )
    facts |= {"new_fee": proposal.fee, "result": result}
    if not result["success"]:
        why = result["reason"]
        return Finding("failed", f"fee not changed: {why}", facts, {**problems, "act": 1})
    facts["effect"] = yield Look("What is the fee now?", _effect)
    what = f"swap fee {facts['fee']} -> {proposal.fee} pips"
    return Finding("done", what, facts, {**problems, "act": int(facts["effect"] != proposal.fee)})


@runbook(
    "TP4",
    "Token Management / Payment Token Operations / Transaction fee adjustment",
    cadence=every(hours=6),
    role="fee-steward",
    effort=900,
    inputs=(
        "swap volume series",
        "FeeSchedule.schedule and FeeAdjusted",
        "open incidents",
        "base fee",
    ),
    evidence="change record: measurement, every rail, stability margin, critical elasticity, effect",
    settings=FeeAdjustment,
)
def adjust_fee(case: Case, settings: FeeAdjustment) -> Runbook:
    """Transaction fee adjustment.

    A law steers swap volume toward the declared target through the steward path, inside every rail;
    what holds a change back is named, and each record says how far the loop is from swinging. A
    proposal lapses: what was measured too long ago is not signed, but measured anew.
    """
    if not settings.target:
        return Finding("ok", "no volume target is declared: the fee stays", {"cause": case.cause})
    seen = yield Look("How much was swapped, and may the fee change?", measure, (settings,))
    law = law_of(settings)
    proposal = propose(law, rails_of(seen, settings), reading_of(seen, settings))
    loop = stability(
        law, settings.delay, assumed_ppm=settings.elasticity_ppm,
        steps=[(a, b, c, d) for a, b, c, d in seen["steps"]],
    )  # fmt: skip
    problems = _problems(seen)
    facts = {
        **seen, **loop.facts(), "target": settings.target, "wanted": proposal.wanted,
        "bound_by": list(proposal.bound_by), "stays": list(proposal.stays),
        "valid_until": proposal.valid_until,
    }  # fmt: skip
    if seen["volume"] is None:
        return Finding("no-data", "swap volume has no data", facts, {**problems, "no-data": 1})
    if not proposal.changed:
        reasons = (*proposal.stays, *proposal.bound_by)
        return _stays("; ".join(reasons) or "it is what the law wants", facts, problems)
    expected = expected_volume_ppm(seen["fee"], proposal.fee, loop.elasticity_ppm)
    facts["expected_volume_ppm"] = expected
    return (yield from _change(proposal, facts, problems))
