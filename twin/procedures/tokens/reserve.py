"""Reserve management: what stands behind the payment token, and whether it can be paid out (TR)."""

from __future__ import annotations

from collections.abc import Generator, Mapping, Sequence
from typing import Any, Literal

from pydantic import Field

from twin.catalog import Settings, check, daily, every, runbook, weekly
from twin.desk.port import Desk
from twin.desk.steps import Act, Case, Decide, Finding, Look, Notify, Runbook, Step, Wait, Work
from twin.procedures.findings import named
from twin.procedures.tokens import attestation, ladder, policy_limits, rebalancing
from twin.procedures.tokens.holdings import (
    ASSETS,
    Book,
    book_of,
    no_custodian,
    no_reserve,
    position_rows,
)

__all__ = [
    "AssetPolicy",
    "AuditSupport",
    "Liquidity",
    "Rebalancing",
    "Reconciliation",
    "manage_liquidity",
    "monitor_balances",
    "rebalance",
    "support_audit",
    "verify_policy",
]

_HOUR, _DAY = 3600, 86_400
PPM = 1_000_000
STATEMENTS = 4 * _DAY + 12 * _HOUR
"""Seconds within which a statement is renewed: a long weekend, and the morning after it."""

Part = Generator[Step, Any, Any]


# -- TR1 ------------------------------------------------------------------------------------------


class Reconciliation(Settings):
    """Limits of TR1: coverage and differences in parts per million, ages in seconds."""

    min_coverage_ppm: int = Field(default=PPM, ge=0)
    tolerance_ppm: int = Field(default=1_000, ge=0)
    max_age: int = STATEMENTS


def _missing(book: Book, tolerance_ppm: int) -> list[dict[str, Any]]:
    """Return the assets of which less is stated than the chain has booked.

    What is in transit out of an asset lies with the custodian still.
    """
    short = []
    for asset in ASSETS[1:]:
        lines = [item for item in book.positions if item.asset == asset]
        if not any(item.kind == "custodian" for item in lines):  # its statement is awaited or late
            continue
        stated = sum(item.amount for item in lines) + book.settling.get(asset, (0, 0))[0]
        wanted = book.booked[asset] + book.transit[asset]
        if (wanted - stated) * PPM > tolerance_ppm * max(1, wanted):
            short.append({"asset": asset, "booked": wanted, "stated": stated})
    return short


@check(
    "TR1",
    "Token Management / Reserve Management / Reserve balance monitoring",
    cadence=every(minutes=30),
    inputs=("bank and custody statements", "Reserve.holding", "StableAsset and PT supply"),
    evidence="reconciliation: positions, coverage of liabilities, age of each statement",
    settings=Reconciliation,
    applies=no_reserve,
)
def monitor_balances(desk: Desk, settings: Reconciliation) -> Finding:
    """Reserve balance monitoring.

    What banks and custodians state, and the tokens on chain, are held against what the chain has
    booked and against the payment tokens in existence. Only what somebody has stated lately counts
    as coverage: a bank that does not answer covers nothing (USDC and SVB, 2023-03-10).
    """
    book = book_of(desk, first_statement=settings.max_age)
    ages = book.ages(desk.now)
    stale = {place: age for place, age in ages.items() if age > settings.max_age}
    proved = book.total - sum(item.value for item in book.positions if item.place in stale)
    coverage = proved * PPM // book.liabilities if book.liabilities else PPM
    missing = _missing(book, settings.tolerance_ppm)
    whole = not book.awaited
    problems = {
        "coverage": int(whole and coverage < settings.min_coverage_ppm),
        "stale": len(stale),
        "silent": len(book.silent),
        "missing": len(missing),
        "stable": int(book.tokens < book.booked["stable"]),
    }
    data = {
        "block": book.block, "coverage_ppm": coverage if whole else None, "assets": book.total,
        "liabilities": book.liabilities, "positions": position_rows(book), "ages": ages,
        "stale": stale, "silent": dict(book.silent), "awaited": list(book.awaited),
        "missing": missing, "booked": dict(book.booked), "in_transit": dict(book.transit),
        "tokens": book.tokens,
        "settling": {asset: list(pair) for asset, pair in book.settling.items()},
    }  # fmt: skip
    wrong = named(problems)
    covered = f"coverage {coverage} ppm" if whole else "first statements awaited"
    return Finding(
        "finding" if wrong else "ok",
        f"reserve: {wrong}; {covered}" if wrong else covered,
        data,
        problems,
    )


# -- TR2 ------------------------------------------------------------------------------------------


class AssetPolicy(Settings):
    """Limits of TR2: shares of all assets in parts per million, times in seconds.

    *issuers* have limits of their own by name; where the list is *closed*, nobody else may owe the
    reserve anything. *min_liquid_ppm* must be money within *bucket*; weights may be *band_ppm* off
    policy; a breach is to be cured within *cure*.
    """

    issuers: Mapping[str, int] = Field(default_factory=dict)
    closed: bool = False
    max_issuer_ppm: int = 500_000
    max_bank_ppm: int = 300_000
    max_chain_ppm: int = PPM
    max_tenor: int = 93 * _DAY
    bucket: int = _DAY
    min_liquid_ppm: int = 100_000
    band_ppm: int = 100_000
    cure: int = 5 * _DAY
    first_statement: int = STATEMENTS


@check(
    "TR2",
    "Token Management / Reserve Management / Asset allocation according to policy",
    cadence=every(hours=4),
    inputs=("bank and custody statements", "settlement calendars", "signed register"),
    evidence="limit report, breaches with the time since they were first seen",
    settings=AssetPolicy,
    applies=no_reserve,
)
def verify_policy(desk: Desk, settings: AssetPolicy) -> Finding:
    """Asset allocation according to policy.

    Every limit is measured, and each breach keeps the second at which it was first seen: a breach
    past its time to cure, and assets that are owed by somebody policy does not know, are told apart
    from what a market has moved.
    """
    book = book_of(desk, first_statement=settings.first_statement)
    if book.awaited:
        waiting = {"awaited": list(book.awaited), "breaches": []}
        return Finding("ok", "first statements awaited", waiting)
    rows, broken = policy_limits.measures(desk, book, settings.model_dump())
    breaches = policy_limits.clocks(desk, broken, settings.cure)
    kinds = ("issuer", "diversion", "bank", "chain", "tenor", "liquidity", "weight")
    problems = {kind: sum(row["item"] == kind for row in breaches) for kind in kinds}
    problems["overdue"] = sum(row["overdue"] for row in breaches)
    data = {"block": book.block, "total": book.total, "limits": rows, "breaches": breaches,
            "silent": dict(book.silent)}  # fmt: skip
    wrong = named(problems)
    summary = f"policy: {wrong}" if wrong else f"{len(rows)} limits kept"
    return Finding("finding" if wrong else "ok", summary, data, problems)


# -- TR3 ------------------------------------------------------------------------------------------


class Rebalancing(Settings):
    """Parameters of TR3: *band_ppm* is not answered; at most *slices* a run.

    A slice must have settled *settle_within* seconds after it was opened; its cost may exceed the
    estimate by *surprise_ppm*. *effort* seconds of the treasurer go into a plan.
    """

    band_ppm: int = Field(default=50_000, ge=0)
    slices: int = Field(default=3, ge=1)
    settle_within: int = 3 * _DAY
    look: int = 4 * _HOUR
    surprise_ppm: int = 2_000
    first_statement: int = STATEMENTS
    effort: int = 1800


@runbook(
    "TR3",
    "Token Management / Reserve Management / Rebalancing operations",
    cadence=daily("10:00", business=True),
    role="treasurer",
    effort=1800,
    inputs=("Reserve.holding and weights", "custodians' quotes and instructions", "lab"),
    evidence="plan, rehearsal of each slice, fills, cost against estimate",
    settings=Rebalancing,
    applies=no_custodian,
)
def rebalance(case: Case, settings: Rebalancing) -> Runbook:
    """Rebalancing operations.

    Slices that are still under way are looked at first: one that should have settled is stuck. Then
    the way back to policy is planned, each slice rehearsed on a copy of the chain with the
    custodian's quote and the register's address, approved, opened, and verified when it has settled.
    """
    del case
    under_way = yield Look("What is under way?", rebalancing.open_slices)
    stuck = [item for item in under_way if item["age"] > settings.settle_within]
    problems = {"stuck": len(stuck)}
    plan = yield Look(
        "How far from policy?",
        rebalancing.plan,
        (settings.band_ppm, settings.slices, settings.first_statement),
    )
    facts: dict[str, Any] = {
        "plan": plan,
        "under_way": under_way,
        "refused": [],
        "made": [],
        "fills": [],
    }
    if under_way or not plan["slices"]:
        wrong = named(problems)
        why = "slices are under way" if under_way else "nothing to move"
        return Finding(
            "finding" if wrong else "ok", f"rebalancing: {wrong or why}", facts, problems
        )
    yield Work("treasurer", settings.effort, "plan the way back to policy")
    yield from _execute(plan, facts, problems)
    yield from _settle(facts, problems, settings)
    wrong = named(problems)
    if wrong:
        verdict: Literal["failed", "finding"] = "failed" if problems.get("act") else "finding"
        return Finding(verdict, f"rebalancing: {wrong}", facts, problems)
    if not facts["made"]:
        return Finding("refused", "the treasurer left the weights as they are", facts, problems)
    return Finding("done", f"{len(facts['made'])} slices settled", facts, problems)


def _execute(plan: Mapping[str, Any], facts: dict[str, Any], problems: dict[str, int]) -> Part:
    """Rehearse, approve and open the slices of *plan*, one after the other."""
    for number, item in enumerate(plan["slices"]):
        if number:
            yield Wait(plan["spacing"] + 60, "slices are spaced in time")
        tried = yield Look("What would this slice do?", rebalancing.rehearse, (item,))
        if not tried["ok"]:
            facts["refused"].append({**item, **tried})
            problems[tried["item"]] = problems.get(tried["item"], 0) + 1
            return
        names = f"{item['amount']} of {ASSETS[item['from']]} into {ASSETS[item['to']]}"
        choice = yield Decide(
            "treasurer",
            f"Move {names} at {tried['cost_ppm']} ppm?",
            ("move", "leave"),
            "move",
            tried,
        )
        if choice != "move":
            return
        made = yield Act("reserve_manager", "Reserve", "openSlice", tuple(tried["args"]), names)
        if not made["success"]:
            problems["act"] = problems.get("act", 0) + 1
            facts["refused"].append({**item, "why": made["reason"]})
            return
        facts["made"].append({**item, **tried, "block": made["block"], "at": made["timestamp"]})


def _settle(facts: dict[str, Any], problems: dict[str, int], settings: Rebalancing) -> Part:
    """Wait until the slices have settled, or should have, and verify what came of them."""
    waited = 0
    rows: Sequence[Mapping[str, Any]] = ()
    while facts["made"]:
        rows = yield Look("What came of the slices?", rebalancing.verify, (facts["made"],))
        if all(row["state"] != "open" for row in rows) or waited > settings.settle_within:
            break
        yield Wait(settings.look, "custodians settle in business hours")
        waited += settings.look
    facts["fills"] = rows
    problems["stuck"] += sum(row["state"] == "open" for row in rows)
    problems["returned"] = sum(row["state"] == "returned" for row in rows)
    problems["misrouted"] = sum(row["at"] != row["meant_for"] for row in rows)
    problems["cost"] = sum(
        row["cost_ppm"] is not None
        and row["cost_ppm"] > row["estimated_ppm"] + settings.surprise_ppm
        for row in rows
    ) + sum(row["differs"] for row in rows)


# -- TR4 ------------------------------------------------------------------------------------------


class AuditSupport(Settings):
    """Limits of TR4: ages in seconds, differences in parts per million.

    The reserve is attested at least every *max_age*; what the market gives may be *tolerance_ppm*
    below what a document carries. Attestations on chain are renewed *warn* before they run out.
    """

    max_age: int = 40 * _DAY
    tolerance_ppm: int = Field(default=10_000, ge=0)
    warn: int = 5 * _DAY
    first_statement: int = STATEMENTS
    effort: int = 3600


def _pack(desk: Desk, limits: Mapping[str, int]) -> dict[str, Any]:
    """Parse the newest attestation and build the proof pack around it."""
    book = book_of(desk, first_statement=limits["first_statement"])
    young = desk.now - desk.at(0).timestamp < limits["max_age"]
    documents = desk.services.attestations.documents()
    rows = position_rows(book)
    if not documents:
        proof = attestation.pack(desk, book, rows, b"")
        return {"document": None, "pack": proof, "awaited": young, "expiring": []}
    parsed = attestation.parse(
        desk, documents[-1], book, max_age=limits["max_age"], tolerance_ppm=limits["tolerance_ppm"]
    )
    proof = attestation.pack(desk, book, rows, parsed["digest"])
    expiring = [
        asset
        for asset, item in proof["attested"].items()
        if item["amount"] and item["expiry"] - desk.now < limits["warn"]
    ]
    return {"document": parsed, "pack": proof, "awaited": False, "expiring": expiring}


@runbook(
    "TR4",
    "Token Management / Reserve Management / Reserve audit support",
    cadence=weekly("tue", "11:00"),
    role="treasurer",
    effort=3600,
    inputs=("signed attestations", "bank and custody statements", "Reserve.holding"),
    evidence="proof pack with hashes, warnings on basis, date, scope and impairment",
    settings=AuditSupport,
    applies=no_custodian,
)
def support_audit(case: Case, settings: AuditSupport) -> Runbook:
    """Reserve audit support.

    The newest attestation is parsed for signature, basis, date and scope, its figures are held
    against the market, and a proof pack is built. A document that cannot see an impairment, being
    made at cost, is warned about whether there is one or not.
    """
    del case
    limits = {name: int(value) for name, value in settings.model_dump().items()}
    seen = yield Look("What does the attestation say?", _pack, (limits,))
    document = seen["document"]
    if document is None:
        missing = int(not seen["awaited"])
        said = "no attestation was ever issued" if missing else "the first attestation is awaited"
        return Finding("finding" if missing else "ok", said, seen, {"missing": missing})
    problems = {item: len(found) for item, found in document["warnings"].items()}
    problems["expiry"] = len(seen["expiring"])
    wrong = named(problems)
    if not wrong:
        return Finding(
            "ok", f"{document['id']} stands; pack {seen['pack']['hash'][:12]}", seen, problems
        )
    yield Work("treasurer", settings.effort, f"read {document['id']}: {wrong}")
    choice = yield Decide(
        "treasurer", f"Hand out the pack of {document['id']} with a warning on {wrong}?",
        ("with the warning", "hold back"), "with the warning", document["warnings"],
    )  # fmt: skip
    yield Notify(
        "auditor", f"{document['id']}: {wrong}", "an examination at fair value is asked for"
    )
    data = {**seen, "handed_out": choice == "with the warning"}
    return Finding("finding", f"{document['id']}: {wrong}", data, problems)


# -- TR5 ------------------------------------------------------------------------------------------


class Liquidity(Settings):
    """Parameters of TR5: the *profile* of a run that is to be met, mild or severe.

    *exposed_ppm* is the part of the supply whose holders can redeem.
    """

    profile: Literal["mild", "severe"] = "mild"
    exposed_ppm: int = Field(default=PPM, ge=0, le=PPM)
    first_statement: int = STATEMENTS


@check(
    "TR5",
    "Token Management / Reserve Management / Liquidity management",
    cadence=every(hours=1),
    inputs=("holdings", "settlement calendars of banks and custodians", "Redeemed logs"),
    evidence="ladder of what is redeemable in an hour, a day, a week against a stressed forecast",
    settings=Liquidity,
    applies=no_reserve,
)
def manage_liquidity(desk: Desk, settings: Liquidity) -> Finding:
    """Liquidity management.

    What can be paid out by each horizon, with banks and custodians in their own calendars, is held
    against what the profile of a run would ask for by then; whoever redeems faster than the mild
    profile is expected to go on along the severe one. A place where nothing moves is shut. A reserve
    that is closed with its bank is held against what would stand before its doors by Monday.
    """
    book = book_of(desk, first_statement=settings.first_statement)
    found = ladder.ladder(desk, book)
    exposed = book.liabilities * settings.exposed_ppm // PPM
    profile, gone = ladder.run_speed(desk, exposed, settings.profile)
    doors = found["doors"]
    asked = {
        name: ladder.forecast(profile, exposed, (doors["wait"] or 0) + seconds)
        for name, seconds in ladder.HORIZONS.items()
    }
    judged = ("1h",) if book.awaited else tuple(ladder.HORIZONS)
    short = {name: max(0, asked[name] - found["rungs"][name]) for name in judged}
    problems = {f"shortfall-{name}": int(amount > 0) for name, amount in short.items()}
    problems["shut"] = len(found["shut"]) + len(book.silent)
    problems["doors"] = int(doors["shut"])
    problems["run"] = int(profile != settings.profile)
    data = {
        "block": book.block, "ladder": found["rungs"], "steps": found["steps"],
        "shut": found["shut"], "silent": dict(book.silent), "doors": doors, "profile": profile,
        "asked": asked, "short": short, "redeemed_8h": gone, "supply": book.liabilities,
    }  # fmt: skip
    wrong = named(problems)
    summary = f"liquidity: {wrong}" if wrong else "what a run would ask for is there"
    return Finding("finding" if wrong else "ok", summary, data, problems)
