"""Drafts for stakeholders: statements made from data, and a second path to check each of them.

A statement holds a number and where it came from. The fact check does not ask the same place again:
what the draft took from metrics it asks the chain for, what it took from a store it counts from
evidence and notices. What is in the draft and has no second path is a finding, too.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from twin.desk.port import Desk

__all__ = ["checked", "draft", "rendered"]

WEEK = 7 * 86_400
PPM = 1_000_000
PAUSABLE = ("AllocationBook", "FoundationToken", "LiquidityPool", "OracleNetwork", "PaymentToken")


def _metric(desk: Desk, name: str, scale: int) -> int | None:
    """Return the newest sample of *name*: what is asked at the second of a scrape comes before it."""
    found = desk.metrics.query(f"last_over_time({name}[2h])")
    return round(found[0][1] * scale) if found else None


def draft(desk: Desk) -> list[dict[str, Any]]:
    """Return the statements of this week's draft: key, text, value (an integer or None)."""
    since = desk.now - WEEK
    incidents = desk.incidents.all()
    paused = desk.metrics.query("sum(last_over_time(fictra_contract_paused[2h]))")
    values: dict[str, tuple[str, int | None]] = {
        "pt_supply": ("Payment Tokens in existence (units)",
                      _metric(desk, "fictra_pt_supply", 10**6)),
        "ft_supply": ("Foundation Tokens in existence (thousandths)",
                      _metric(desk, "fictra_ft_supply", 1000)),
        "incidents_open": ("incidents open", sum(item.closed is None for item in incidents)),
        "incidents_week": ("incidents opened this week",
                           sum(item.opened >= since for item in incidents)),
        "paused": ("contracts paused", round(paused[0][1]) if paused else None),
        "changes_done": ("changes carried out this week",
                         sum(entry.state in {"done", "executed"} and entry.changed >= since
                             for entry in desk.stores.entries("change"))),
    }  # fmt: skip
    return [
        {"key": key, "text": text, "value": value, "as_of": desk.now}
        for key, (text, value) in values.items()
    ]


def rendered(statements: Sequence[Mapping[str, Any]]) -> str:
    """Return the draft as text, one statement a line."""
    return "\n".join(f"{one['text']}: {one['value']}" for one in statements)


def _second_path(desk: Desk) -> dict[str, int]:
    """Return the same facts by another way: the chain, the states of incidents one by one."""
    view, since = desk.at(), desk.now - WEEK
    incidents = desk.incidents.all()
    entries = desk.stores.entries("change")
    return {
        "pt_supply": int(view.read("PaymentToken", "totalSupply")),
        "ft_supply": int(view.read("FoundationToken", "totalSupply")) // 10**15,
        "incidents_open": len(desk.incidents.open()),
        "incidents_week": sum(
            bool(item.history) and item.history[0][1] >= since for item in incidents
        ),
        "paused": sum(bool(view.read(name, "paused")) for name in PAUSABLE),
        "changes_done": sum(
            entry.state in {"done", "executed"} and entry.changed >= since for entry in entries
        ),
    }


def _contradictions(desk: Desk) -> list[str]:
    """Return what was published and no longer holds, without a word since.

    A notice that a contract was paused stands until one says it goes on, and the other way round.
    """
    view, found = desk.at(), []
    for name in PAUSABLE:
        said = [item for item in desk.notices.published() if name in item.subject]
        if not said:
            continue
        last = said[-1]
        claims_paused = "paused" in last.subject and "unpaused" not in last.subject
        claims_open = any(word in last.subject for word in ("unpaused", "resumed", "resumes"))
        paused = bool(view.read(name, "paused"))
        if (claims_paused and not paused) or (claims_open and paused):
            state = "paused" if paused else "not paused"
            found.append(f"the last notice says '{last.subject}', {name} is {state}")
    return found


def checked(
    desk: Desk, statements: Sequence[Mapping[str, Any]], tolerance_ppm: int
) -> dict[str, Any]:
    """Return what is wrong with *statements* now: reasons by item, and the values found."""
    truth = _second_path(desk)
    wrong: list[str] = []
    missing: list[str] = []
    for one in statements:
        key, said = str(one["key"]), one["value"]
        if said is None or key not in truth:
            missing.append(key)
            continue
        found = truth[key]
        exact = not key.endswith("_supply")
        gap = abs(said - found)
        if gap if exact else gap * PPM // max(1, abs(found)) > tolerance_ppm:
            wrong.append(f"{one['text']}: the draft says {said}, it is {found}")
    return {"wrong": wrong, "unsupported": missing, "contradiction": _contradictions(desk),
            "found": truth}  # fmt: skip
