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


def _sampled(desk: Desk, name: str, scale: int) -> tuple[int | None, int]:
    """Return the newest sample of *name*, scaled, and the unix second that it is of.

    Whoever asks at the second of a scrape asks before it: the newest may be an interval old.
    """
    times = desk.metrics.query(f"max_over_time(timestamp({name})[2h:5m])")
    if not times:
        return None, desk.now
    at = round(times[0][1])
    back = f" offset {desk.now - at}s" if at < desk.now else ""
    found = desk.metrics.query(f"{name}{back}")
    return (round(found[0][1] * scale) if found else None), at


def draft(desk: Desk) -> list[dict[str, Any]]:
    """Return the statements of this week's draft: key, text, value (or None), as of when."""
    now, since = desk.now, desk.now - WEEK
    incidents = desk.incidents.all()
    paused = desk.metrics.query("sum(last_over_time(fictra_contract_paused[2h]))")
    pt, pt_at = _sampled(desk, "fictra_pt_supply", 10**6)
    ft, ft_at = _sampled(desk, "fictra_ft_supply", 1000)
    rows: list[tuple[str, str, int | None, int]] = [
        ("pt_supply", "Payment Tokens in existence (units)", pt, pt_at),
        ("ft_supply", "Foundation Tokens in existence (thousandths)", ft, ft_at),
        ("incidents_open", "incidents open", sum(item.closed is None for item in incidents), now),
        ("incidents_week", "incidents opened this week",
         sum(item.opened >= since for item in incidents), now),
        ("paused", "contracts paused", round(paused[0][1]) if paused else None, now),
        ("changes_done", "changes carried out this week",
         sum(entry.state in {"done", "executed"} and entry.changed >= since
             for entry in desk.stores.entries("change")), now),
    ]  # fmt: skip
    return [
        {"key": key, "text": text, "value": value, "as_of": at} for key, text, value, at in rows
    ]


def rendered(statements: Sequence[Mapping[str, Any]]) -> str:
    """Return the draft as text, one statement a line."""
    return "\n".join(f"{one['text']}: {one['value']}" for one in statements)


FLOWS = {
    "pt_supply": ("PaymentToken", (("Minted", 1), ("Burned", -1)), 1),
    "ft_supply": ("FoundationToken", (("Issued", 1), ("Retired", -1), ("Reversed", -1)), 10**15),
}
"""Token, the events that move its supply and how, and the unit of the statement."""


def _supply(desk: Desk, key: str, as_of: int) -> int:
    """Return a supply as of a block of then: the chain's now, less what its events moved since."""
    token, events, unit = FLOWS[key]
    view = desk.at()
    supply = int(view.read(token, "totalSupply"))
    for event, sign in events:
        for log in view.logs(token, event, since=as_of + 1):
            supply -= sign * log.args["amount"]
    return supply // unit


def _second_path(desk: Desk, as_of: Mapping[str, int]) -> dict[str, int]:
    """Return the same facts by another way: the chain, the history of incidents one by one."""
    view = desk.at()
    week = as_of.get("incidents_week", desk.now) - WEEK
    incidents = desk.incidents.all()
    entries = desk.stores.entries("change")
    return {
        **{key: _supply(desk, key, as_of.get(key, desk.now)) for key in FLOWS},
        "incidents_open": len(desk.incidents.open()),
        "incidents_week": sum(
            bool(item.history) and item.history[0][1] >= week for item in incidents
        ),
        "paused": sum(bool(view.read(name, "paused")) for name in PAUSABLE),
        "changes_done": sum(
            entry.state in {"done", "executed"} and entry.changed >= week for entry in entries
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
    truth = _second_path(desk, {str(one["key"]): one["as_of"] for one in statements})
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
