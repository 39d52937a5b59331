"""Candidates for the oracle network: agreement in shadow, papers, stake, and who is behind them."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from itertools import combinations
from typing import Any

from twin.desk.port import Candidate, Desk, ShadowReport
from twin.procedures.integration.sources import correlation_ppm, opinions

__all__ = ["candidate_facts"]

PPM = 1_000_000
HOUR = 3600


def _accepted(desk: Desk, commodity: str, since: int) -> tuple[list[int], list[int]]:
    """Return the seconds and the answers that the network accepted from then on."""
    feed = desk.register.feed_id(commodity)
    logs = [
        log
        for log in desk.at().logs("OracleNetwork", "AnswerUpdated", since=since)
        if log.args["feed"] == feed
    ]
    return [log.timestamp for log in logs], [log.args["answer"] for log in logs]


def _errors(
    reports: Sequence[ShadowReport], accepted: tuple[list[int], list[int]]
) -> dict[int, int]:
    """Return by second how far each report was from the answer that stood then, in ppm."""
    times, answers = accepted
    found = {}
    for report in reports:
        place = bisect_right(times, report.observed_at) - 1
        if place >= 0 and answers[place]:
            gap = report.answer - answers[place]
            found[report.observed_at] = gap * PPM // abs(answers[place])
    return found


def _rings(candidates: Sequence[Candidate], errors: Mapping[str, Mapping[int, int]], limit: int) -> list[list[str]]:  # fmt: skip
    """Return groups of candidates that are one operator: same purse, same owner, same errors.

    Errors of readers of one vendor go together, so they must be the same to *limit* millionths.
    """
    pairs: dict[tuple[str, str], int] = {}
    for one, other in combinations(candidates, 2):
        left, right = errors[one.name], errors[other.name]
        both = sorted(set(left) & set(right))
        same = correlation_ppm([left[at] for at in both], [right[at] for at in both])
        tied = one.funded_by == other.funded_by or one.owner == other.owner
        pairs[one.name, other.name] = PPM if tied or (len(both) >= 24 and same > limit) else 0
    groups = opinions([one.name for one in candidates], pairs, PPM - 1)
    return [group for group in groups if len(group) > 1]


def candidate_facts(
    desk: Desk, *, min_days: int, tolerance_ppm: int, min_agreement_ppm: int, same_ppm: int,
    max_ring_ppm: int,
) -> dict[str, Any]:  # fmt: skip
    """Return the onboarding file of each candidate, with the gates it has not passed."""
    operators, view = desk.services.operators, desk.at()
    candidates = operators.candidates()
    nodes = set(view.read("OracleNetwork", "nodes"))
    least = view.read("OracleNetwork", "staking")[0]
    shadow_period = view.read("OracleNetwork", "shadowPeriod")
    errors: dict[str, dict[int, int]] = {}
    files: dict[str, dict[str, Any]] = {}
    for one in candidates:
        reports = operators.shadow_reports(one.name, since=0)
        forged = sum(not operators.authentic(report) for report in reports[-24:])
        errors[one.name] = gaps = _errors(
            reports, _accepted(desk, one.commodity, one.applied - HOUR)
        )
        agreed = sum(abs(gap) <= tolerance_ppm for gap in gaps.values())
        agreement = agreed * PPM // len(gaps) if gaps else 0
        served = desk.now - one.applied
        stake = view.read("OracleNetwork", "stakeOf", one.account)[0]
        gates = {
            "young": served < min_days * 86_400,
            "kyc": one.kyc != "passed",
            "stake": stake < least,
            "coverage": len(reports) * HOUR * 10 < served * 9 and served > 0,
            "agreement": agreement < min_agreement_ppm,
            "forged": forged > 0,
        }
        files[one.name] = {
            "account": one.account, "operator": one.operator, "owner": one.owner, "kyc": one.kyc,
            "network": one.network, "served": served, "reports": len(reports), "stake": stake,
            "agreement_ppm": agreement, "joined": one.account in nodes, "shadow_period": shadow_period,
            "refused": [gate for gate, shut in gates.items() if shut],
        }  # fmt: skip
    for ring in _rings(candidates, errors, same_ppm):
        share = len(ring) * PPM // (len(nodes) + len(candidates))
        for name in ring:
            files[name]["refused"].append("sybil")
            if share > max_ring_ppm:
                files[name]["refused"].append("dilution")
    proposed = {
        str(entry.data["candidate"]): entry.id
        for entry in desk.stores.entries("change")
        if "candidate" in entry.data
    }
    return {"candidates": files, "nodes": len(nodes), "proposed": proposed}
