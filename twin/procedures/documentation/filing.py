"""The regulatory filing: its figures with lineage, and what is wrong with the proof of it."""

from __future__ import annotations

from typing import Any

from twin.desk.port import Desk
from twin.errors import NoData
from twin.procedures.documentation.lineage import figure, judged, spread

__all__ = ["filing"]

MAJOR = frozenset(("P1", "P2"))


def _contained(desk: Desk, since: int) -> list[int]:
    """Return how many seconds each major incident of the period took until it was contained."""
    found = []
    for item in desk.incidents.all():
        if item.severity in MAJOR and item.opened >= since:
            found += [at - item.opened for state, at in item.history if state == "contained"][:1]
    return found


def _coverage(desk: Desk) -> tuple[int | None, int]:
    """Return the reserve's coverage as TR1 found it last (ppm), and when."""
    last = desk.evidence.last("TR1")
    if last is None:
        return None, desk.now
    value = desk.evidence.data(last.ref).get("coverage_ppm")
    return (None if value is None else int(value)), last.at


def _figures(desk: Desk, since: int) -> dict[str, dict[str, Any]]:
    view = desk.at()
    now = view.timestamp
    chain: dict[str, tuple[int, str, str]] = {
        "pt_supply": (view.read("PaymentToken", "totalSupply"), "PT units",
                      "PaymentToken.totalSupply()"),
        "ft_supply": (view.read("FoundationToken", "totalSupply"), "FT wei",
                      "FoundationToken.totalSupply()"),
        "redemptions": (len(view.logs("Reserve", "Redeemed", since=since)), "redemptions",
                        f"Reserve.Redeemed since {since}"),
        "accounts_frozen": (len(view.logs("PaymentToken", "Frozen", since=since)), "accounts",
                            f"PaymentToken.Frozen since {since}"),
    }  # fmt: skip
    found = {
        key: figure(value, unit, source="chain", query=query, as_of=now)
        for key, (value, unit, query) in chain.items()
    }
    major = [item for item in desk.incidents.all()
             if item.severity in MAJOR and item.opened >= since]  # fmt: skip
    found["major_incidents"] = figure(
        len(major), "incidents", source="incidents", query=f"P1 and P2 opened since {since}",
        as_of=desk.now,
    )  # fmt: skip
    if contained := _contained(desk, since):
        found["time_to_contain"] = spread(
            contained, "s", source="incidents", query=f"opened to contained since {since}",
            as_of=desk.now,
        )  # fmt: skip
    coverage, at = _coverage(desk)
    if coverage is not None:
        found["reserve_coverage"] = figure(
            coverage, "ppm", source="evidence", query="coverage_ppm of the last TR1", as_of=at
        )
    return found


def _apart(desk: Desk) -> list[str]:
    """Return figures that a second path gives another value: the filing would contradict itself."""
    view = desk.at()
    supply, minted, burned = (
        view.read("PaymentToken", name) for name in ("totalSupply", "totalMinted", "totalBurned")
    )
    if supply != minted - burned:
        return [f"pt_supply: {supply}, minted less burned {minted - burned}"]
    return []


def filing(desk: Desk, period: int, max_age: int) -> dict[str, Any]:
    """Return figures, proof and what is wrong with it, of the last *period* seconds.

    Raises NoData before anything happened that could be filed.
    """
    since = max(0, desk.now - period)
    if not desk.evidence.of(since=since):
        raise NoData("no evidence was filed in the period")
    figures = _figures(desk, since)
    proof = dict(desk.services.editors.proof("regulatory filing", figures))
    counters = {"major_incidents": "time_to_contain"} if "time_to_contain" in figures else {}
    wrong = judged(proof, figures, counters=counters, now=desk.now, max_age=max_age)
    wrong["inconsistent"] = _apart(desk)
    return {"since": since, "now": desk.now, "figures": figures, "proof": proof, "wrong": wrong}
