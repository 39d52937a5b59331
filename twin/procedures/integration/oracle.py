"""Oracle network management: what the nodes report and what the exports rest on (IO)."""

from __future__ import annotations

from functools import partial
from typing import Any

from twin.catalog import Settings, check, daily, every, runbook, weekly
from twin.desk.port import Desk, LogRecord, View
from twin.desk.steps import Act, Case, Decide, Finding, Keep, Look, Notify, Runbook, Work
from twin.procedures.integration.candidates import candidate_facts
from twin.procedures.integration.nodes import feed_risks, scorecard
from twin.procedures.integration.rewards import reward_facts
from twin.procedures.integration.sources import source_facts
from twin.procedures.reading import read_all

__all__ = [
    "NodePerformance",
    "Onboarding",
    "ReportVerification",
    "Rewards",
    "SourceValidation",
    "coordinate_expansion",
    "distribute_rewards",
    "node_performance",
    "validate_sources",
    "verify_reports",
]

NETWORK = "Integration Management / Oracle Network Management"
PPM = 1_000_000
VALUE_SCALE = 10**11
"""Quantities have 3 decimals and answers 8."""


class ReportVerification(Settings):
    """Limits of IO1: exports of the last *window* seconds; entitlement against the index."""

    window: int = 3600
    max_value_gap_ppm: int = 100_000


def _signatures(desk: Desk, commodity: str) -> tuple[int, list[dict[str, Any]]]:
    """Verify the signature of every published report; return how many, and the bad ones."""
    reports = desk.feeds.reports(commodity)
    bad = [
        {"node": report.node, "answer": report.answer, "source": report.source}
        for report in reports
        if not desk.feeds.authentic(report)
    ]
    return len(reports), bad


def _on_chain(desk: Desk, view: View) -> tuple[int, dict[str, Any]]:
    """Read the rate per dollar, and reports and rules of every feed by its commodity."""
    names, asked = desk.register.commodities(), ("reports", "feedConfig")
    calls = [("OracleNetwork", function, (desk.register.feed_id(name),))
             for name in names for function in asked]  # fmt: skip
    rate, *found = read_all(view, [("AllocationBook", "ratePerUsd", ()), *calls])
    pairs = zip(found[::2], found[1::2], strict=True)
    return rate, dict(zip(names, pairs, strict=True))


def _bounds(reports: Any, config: Any) -> list[dict[str, Any]]:
    """Return the *reports* on chain that lie outside the feed's own bounds."""
    nodes, answers, _observed = reports
    low, high = config[0], config[1]
    return [
        {"node": node, "answer": answer}
        for node, answer in zip(nodes, answers, strict=True)
        if not low <= answer <= high
    ]


def _feeds(desk: Desk) -> dict[bytes, str]:
    """Return the commodities by the id of their feed."""
    return {desk.register.feed_id(name): name for name in desk.register.commodities()}


def _document(desk: Desk, record: LogRecord) -> str | None:
    """Say what is wrong with the papers behind a claim, or None."""
    document = desk.customs.document(record.args["documentHash"])
    if document is None:
        return "no customs document"
    if document["quantity"] != record.args["quantity"]:
        return f"customs has {document['quantity']}, claimed {record.args['quantity']}"
    commodity = _feeds(desk).get(record.args["feed"])
    if document["commodity"] != commodity:
        return f"customs has {document['commodity']}, claimed as {commodity}"
    return None


def _inflation(desk: Desk, record: LogRecord, rate: int, limit: int) -> str | None:
    """Say how far an entitlement lies from quantity x index x rate, or None when it is close."""
    commodity = _feeds(desk).get(record.args["feed"])
    if commodity is None:
        return "valued by a feed that the register does not know"
    index = desk.feeds.index(commodity)
    expected = record.args["quantity"] * max(0, index.price) * rate // VALUE_SCALE
    gap = abs(record.args["amount"] - expected) * PPM // max(1, expected)
    return f"entitlement off the index by {gap} ppm" if gap > limit else None


@check(
    "IO1",
    "Integration Management / Oracle Network Management / Oracle data verification",
    cadence=every(minutes=5),
    inputs=("signed reports", "OracleNetwork.reports", "customs and shipping feed"),
    evidence="verification record: signatures, bounds, export papers, value inflation",
    settings=ReportVerification,
)
def verify_reports(desk: Desk, settings: ReportVerification) -> Finding:
    """Oracle data verification, report by report and export by export.

    Signatures of the published reports, bounds of those on chain, and for every export of the
    last *settings.window* seconds its papers at customs and its entitlement against the index.
    """
    view = desk.at()
    since = desk.now - settings.window
    problems = {"signature": 0, "bounds": 0, "papers": 0, "inflation": 0}
    data: dict[str, Any] = {"block": view.block, "reports": 0, "exports": []}
    rate, feeds = _on_chain(desk, view)
    for commodity, (reports, config) in feeds.items():
        count, bad = _signatures(desk, commodity)
        outside = _bounds(reports, config)
        data["reports"] += count
        problems["signature"] += len(bad)
        problems["bounds"] += len(outside)
        if bad or outside:
            data[commodity] = {"bad_signatures": bad, "out_of_bounds": outside}
    for event, item in (("ExportClaimed", "papers"), ("EntitlementIssued", "inflation")):
        for record in view.logs("AllocationBook", event, since=since):
            wrong = (
                _document(desk, record)
                if item == "papers"
                else _inflation(desk, record, rate, settings.max_value_gap_ppm)
            )
            if wrong:
                problems[item] += 1
                data["exports"].append({"document": record.args["documentHash"], "wrong": wrong})
    if not data["reports"]:
        return Finding("no-data", "no signed report is published", data, problems)
    wrong_items = [name for name, count in problems.items() if count]
    return Finding(
        verdict="finding" if wrong_items else "ok",
        summary=f"reports and exports: {', '.join(wrong_items)}" if wrong_items else "verified",
        data=data,
        problems=problems,
    )


class NodePerformance(Settings):
    """Marks of IO2: silent after so many seconds at least, *min_gas* in wei, latency in milliseconds."""

    window: int = 86_400
    silent_after: int = 9_000
    min_gas: int = 10**18
    max_latency_ms: int = 3_000
    outlier_ppm: int = 30_000
    spare: int = 1


def _nodes_there(desk: Desk) -> str | None:
    """Say why nodes cannot be scored here, or None."""
    return None if desk.register.nodes() else "no oracle node is registered"


@check(
    "IO2",
    f"{NETWORK} / Node performance monitoring",
    cadence=every(hours=1),
    inputs=("node metrics endpoints", "OracleNetwork.reports", "AnswerSubmitted logs", "balances"),
    evidence="node scorecard: uptime, latency, reports, outliers, gas, version; spare reporters",
    settings=NodePerformance,
    applies=_nodes_there,
)
def node_performance(desk: Desk, settings: NodePerformance) -> Finding:
    """Node performance monitoring.

    Each node's own metrics stand beside what is on chain: an endpoint that says all is well does
    not hide a reporter that died, and a feed that stands on its last reporters is told before the
    next one dies.
    """
    cards = scorecard(
        desk, window=settings.window, silent_after=settings.silent_after, min_gas=settings.min_gas,
        max_latency_ms=settings.max_latency_ms, outlier_ppm=settings.outlier_ppm,
    )  # fmt: skip
    risks = feed_risks(desk)
    problems = dict.fromkeys(("silent", "unfunded", "outlier", "down", "slow", "outdated"), 0)
    for card in cards.values():
        for item in card["wrong"]:
            problems[item] += 1
    problems["quorum"] = sum(
        risk["fresh"] < risk["quorum"] + settings.spare for risk in risks.values()
    )
    wrong = [item for item, count in problems.items() if count]
    return Finding(
        "finding" if wrong else "ok",
        f"nodes: {', '.join(wrong)}" if wrong else f"{len(cards)} nodes as they should be",
        {"nodes": cards, "feeds": risks},
        problems,
    )


class SourceValidation(Settings):
    """Limits of IO3, in ppm; a pair is compared from *min_samples* common quotes on."""

    window: int = 3 * 86_400
    min_samples: int = 48
    max_bias_ppm: int = 5_000
    max_correlation_ppm: int = 950_000
    min_opinions: int = 2
    effort: int = 900


def _vendors_there(desk: Desk) -> str | None:
    """Say why sources cannot be validated here, or None."""
    return None if desk.services.vendors.names() else "no data vendor is in the register"


def _sources(desk: Desk, settings: SourceValidation) -> dict[str, Any]:
    return source_facts(
        desk, window=settings.window, min_samples=settings.min_samples,
        max_bias_ppm=settings.max_bias_ppm, max_correlation_ppm=settings.max_correlation_ppm,
    )  # fmt: skip


@runbook(
    "IO3",
    f"{NETWORK} / Data source validation",
    cadence=daily("08:30"),
    role="oracle-admin",
    effort=900,
    inputs=("source register", "quotes of every vendor", "index", "test symbol"),
    evidence="independence matrix, bias, licences, canary values, rejected sources",
    settings=SourceValidation,
    applies=_vendors_there,
)
def validate_sources(case: Case, settings: SourceValidation) -> Runbook:
    """Data source validation.

    Every vendor's licence, its answer on the test symbol and its bias against the index; every
    pair's errors, since two vendors that err together are one opinion. What fails is rejected by a
    decision, and the operators are told not to read it.
    """
    facts = yield Look("Which sources can be relied on?", partial(_sources, settings=settings))
    problems = dict.fromkeys(("licence", "silent", "canary", "bias", "correlated", "opinions"), 0)
    for name, card in facts["vendors"].items():
        for item in card["wrong"]:
            problems[item] += 1
        if card["wrong"] in ([], ["silent"]) or name in facts["rejected"]:
            continue
        yield Work("oracle-admin", settings.effort, f"look into {name}")
        choice = yield Decide("oracle-admin", f"Reject {name}?", ("reject", "watch"), "reject",
                              card)  # fmt: skip
        yield Keep("decision", subject=f"{choice} the source {name}",
                   data={"source": name, "verdict": choice, "why": card["wrong"]})  # fmt: skip
        if choice == "reject":
            yield Notify("oracle-operators", f"do not read {name}", ", ".join(card["wrong"]))
    for groups in facts["opinions"].values():
        names = sum(len(group) for group in groups)
        problems["opinions"] += len(groups) < min(settings.min_opinions, names)
    data = {"cause": case.cause, **facts}
    wrong = [item for item, count in problems.items() if count]
    if not wrong and not facts["matrix"] and len(facts["vendors"]) > 1:
        return Finding("refused", "too few common quotes to compare vendors yet", data, problems)
    return Finding(
        "finding" if wrong else "ok",
        f"sources: {', '.join(wrong)}" if wrong else "sources are independent and right", data,
        problems,
    )  # fmt: skip


class Rewards(Settings):
    """Parameters of IO4: a report off by *lie_ppm* is a lie, *min_lies* and half of all make a liar.

    The fund is topped up, in the issuer's name, to what is owed and *reserve_reports* reports.
    """

    lie_ppm: int = 50_000
    min_lies: int = 3
    reserve_reports: int = 2_000
    effort: int = 600


def _rewarded(desk: Desk) -> str | None:
    """Say why nothing is to be paid here, or None."""
    paid = desk.register.parameter("oracle.reward_per_report")
    return None if paid else "reports are not rewarded"


def _rewards(desk: Desk, settings: Rewards) -> dict[str, Any]:
    facts = reward_facts(desk, lie_ppm=settings.lie_ppm, min_lies=settings.min_lies)
    return {**facts, "oracle": desk.register.address("OracleNetwork"),
            "payer": desk.register.address("issuer")}  # fmt: skip


@runbook(
    "IO4",
    f"{NETWORK} / Oracle reward distribution",
    level="A",
    cadence=weekly("fri", "10:00"),
    role="treasurer",
    effort=600,
    inputs=(
        "AnswerSubmitted and AnswerUpdated logs",
        "RewardPaid and Slashed logs",
        "stakes",
        "fund",
    ),
    evidence="reward file by node: earned, paid, owed, to be slashed; the fund reconciled",
    settings=Rewards,
    applies=_rewarded,
)
def distribute_rewards(case: Case, settings: Rewards) -> Runbook:
    """Oracle reward distribution.

    Rewards and slashes are recomputed from every report ever made and held against what was paid
    and what the fund holds. Where nothing is wrong with the rate, the fund is topped up to what is
    owed; nodes draw from it. A liar that was not slashed becomes an action.
    """
    facts = yield Look(
        "Who earned what, and who was paid what?", partial(_rewards, settings=settings)
    )
    problems = dict.fromkeys(("rate", "overpaid", "ineligible", "slash", "drain", "unpaid"), 0)
    problems |= {item: len(reasons) for item, reasons in facts["wrong"].items()}
    for reason in facts["wrong"].get("slash", ()):
        yield Keep("action", subject=reason, owner="arbiter", data={"kind": "slash"})
    short = facts["owed"] + settings.reserve_reports * facts["approved"] - facts["fund"]
    log: list[dict[str, Any]] = []
    if short > 0 and not any(problems[item] for item in ("rate", "overpaid", "drain")):
        oracle, payer = facts["oracle"], facts["payer"]
        yield Work("treasurer", settings.effort, f"prepare {short} units for the reward fund")
        for contract, function, args in (
            ("PaymentToken", "mint", (payer, short)),
            ("PaymentToken", "approve", (oracle, short)),
            ("OracleNetwork", "fund", (short,)),
        ):
            result = yield Act("issuer", contract, function, args, "rewards of oracle nodes")
            log.append({"function": f"{contract}.{function}", **result})
            if not result["success"]:
                problems["unpaid"] = 1
                break
    elif short > 0 and facts["owed"] > facts["fund"]:
        problems["unpaid"] = 1
    after = yield Look("Does the fund reconcile?", partial(_rewards, settings=settings))
    data = {"cause": case.cause, "before": facts, "payments": log, "fund_after": after["fund"],
            "booked_after": after["booked"]}  # fmt: skip
    wrong = [item for item, count in problems.items() if count]
    return Finding(
        "finding" if wrong else "ok",
        f"rewards: {', '.join(wrong)}" if wrong else f"{facts['owed']} owed, the fund covers it",
        data,
        problems,
    )


class Onboarding(Settings):
    """Gates of IO5: days in shadow, agreement within *tolerance_ppm*, and how much one may hold."""

    min_days: int = 7
    tolerance_ppm: int = 10_000
    min_agreement_ppm: int = 950_000
    same_ppm: int = 995_000
    max_ring_ppm: int = 200_000
    effort: int = 1800


def _candidates(desk: Desk, settings: Onboarding) -> dict[str, Any]:
    return candidate_facts(
        desk, min_days=settings.min_days, tolerance_ppm=settings.tolerance_ppm,
        min_agreement_ppm=settings.min_agreement_ppm, same_ppm=settings.same_ppm,
        max_ring_ppm=settings.max_ring_ppm,
    )  # fmt: skip


@runbook(
    "IO5",
    f"{NETWORK} / Network expansion coordination",
    cadence=weekly("tue", "11:00"),
    role="oracle-admin",
    effort=1800,
    inputs=("shadow reports", "answers of the network", "KYC and funding", "stakes"),
    evidence="onboarding file per candidate: agreement, coverage, papers, stake, ties, decision",
    settings=Onboarding,
)
def coordinate_expansion(case: Case, settings: Onboarding) -> Runbook:
    """Network expansion coordination.

    A candidate reports in shadow; it joins, by a change, once it agreed with the network for long
    enough, its papers and its stake are there, and it is nobody else behind another name. Those
    who share a purse, an owner or their errors are one operator and are refused together.
    """
    facts = yield Look(
        "Who applies, and what speaks against them?", partial(_candidates, settings=settings)
    )
    problems = dict.fromkeys(
        ("kyc", "stake", "coverage", "agreement", "forged", "sybil", "dilution"), 0
    )
    decisions: dict[str, str] = {}
    for name, about in facts["candidates"].items():
        for gate in about["refused"]:
            if gate in problems:
                problems[gate] += 1
        if about["joined"] or about["refused"] == ["young"] or name in facts["proposed"]:
            continue
        ready = not about["refused"]
        yield Work("oracle-admin", settings.effort, f"read the file of {name}")
        choice = yield Decide("oracle-admin", f"Admit {name}?", ("admit", "refuse", "wait"),
                              _admission(about["refused"]), about)  # fmt: skip
        decisions[name] = choice
        if choice == "admit" and ready:
            function = "addShadow" if about["shadow_period"] else "addNode"
            yield Keep(
                "change", state="proposed", subject=f"{name} joins the oracle network",
                data={"candidate": name, "authority": "oracle_admin", "contract": "OracleNetwork",
                      "function": function, "args": [about["account"]]},
            )  # fmt: skip
    data = {"cause": case.cause, **facts, "decisions": decisions}
    wrong = [item for item, count in problems.items() if count]
    return Finding(
        "finding" if wrong else "ok",
        f"candidates: {', '.join(wrong)}" if wrong else f"{len(facts['candidates'])} apply",
        data,
        problems,
    )


def _admission(refused: list[str]) -> str:
    """Return what the playbook recommends on a candidate that these gates stop."""
    if not refused:
        return "admit"
    final = {"sybil", "dilution", "forged"} & set(refused)
    return "refuse" if final else "wait"
