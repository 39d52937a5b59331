"""Screening: the sanctions list against who moves PT, freezes against what stands behind them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from twin.desk.port import Desk, ListedParty, LogRecord, View

__all__ = ["rings", "screening"]

HOUR, DAY = 3600, 86_400
FANNED, GATHERED = DAY, 2 * DAY
"""Seconds in which a ring deals money out, and gathers it again."""

Case = dict[str, Any]


def _hex(account: bytes) -> str:
    return "0x" + account.hex()


def rings(
    transfers: Sequence[LogRecord], listed: Mapping[bytes, ListedParty], *, least: int
) -> list[Case]:
    """Return money of a listed party that went out to *least* accounts and on to one of them all.

    Out within a day, on within two: a mule gets a share, keeps a little and passes it on.
    """
    found = []
    for source in listed:
        out = [log for log in transfers if log.args["from"] == source]
        for place, first in enumerate(out):
            mules = {
                log.args["to"]: log.timestamp
                for log in out[place:]
                if log.timestamp - first.timestamp <= FANNED
            }
            if len(mules) < least:
                continue
            gathered: dict[bytes, list[bytes]] = {}
            for log in transfers:
                mule, sink = log.args["from"], log.args["to"]
                since = mules.get(mule)
                if since is None or sink in (source, mule):
                    continue
                if 0 <= log.timestamp - since <= GATHERED and mule not in gathered.get(sink, ()):
                    gathered.setdefault(sink, []).append(mule)
            sinks = [sink for sink, passed in gathered.items() if len(passed) >= least]
            if sinks:
                found.append({"source": _hex(source), "mules": [_hex(one) for one in mules],
                              "sinks": [_hex(one) for one in sinks], "at": first.timestamp})  # fmt: skip
                break
    return found


def _reasons(desk: Desk) -> str:
    """Return everything that was written down about accounts, to look one up in."""
    entries = [
        str(entry.data) + entry.subject
        for kind in ("decision", "ticket", "risk", "action")
        for entry in desk.stores.entries(kind)
    ]
    incidents = [item.summary + " ".join(item.alerts) for item in desk.incidents.all()]
    acts = [
        str(desk.evidence.data(item.ref))
        for name in ("NR1", "MS5", "TF4")
        for item in desk.evidence.of(name, since=max(0, desk.now - 31 * DAY))
        if item.verdict not in {"ok", "no-data"}
    ]
    return " ".join((*entries, *incidents, *acts)).lower()


def _spans(frozen: Sequence[LogRecord], unfrozen: Sequence[LogRecord]) -> dict[bytes, list[Any]]:
    """Return (frozen at, released at or None) of each freeze, by account."""
    found: dict[bytes, list[Any]] = {}
    for log in frozen:
        end = [item.timestamp for item in unfrozen
               if item.args["account"] == log.args["account"] and item.block >= log.block]  # fmt: skip
        found.setdefault(log.args["account"], []).append((log.timestamp, min(end, default=None)))
    return found


def _dusted(
    account: bytes,
    at: int,
    transfers: Sequence[LogRecord],
    listed: Mapping[bytes, ListedParty],
    dust: int,
) -> bool:
    """Say whether *account* had got no more than dust of listed parties before second *at*."""
    got = [
        log.args["value"]
        for log in transfers
        if log.args["to"] == account and log.args["from"] in listed and log.timestamp <= at
    ]
    return bool(got) and max(got) <= dust


def _hits(
    view: View,
    transfers: Sequence[LogRecord],
    listed: Mapping[bytes, ListedParty],
    spans: Mapping[bytes, list[Any]],
    *,
    sla: int,
) -> tuple[list[Case], list[Case], list[Case]]:
    """Return (hits, served, unfrozen) among the listed parties that have to do with PT."""
    hits, served, open_ = [], [], []
    for account, party in listed.items():
        moves = [log for log in transfers if account in (log.args["from"], log.args["to"])]
        held = view.read("PaymentToken", "balanceOf", account)
        if not moves and not held:
            continue
        first = min((at for at, _end in spans.get(account, ())), default=None)
        row = {"account": _hex(account), "listed": party.since, "frozen": first,
               "latency": None if first is None else max(0, first - party.since)}  # fmt: skip
        hits.append(row)
        late = [log.block for log in moves if log.timestamp > party.since + sla]
        if late:
            served.append({**row, "blocks": late[:20]})
        if held and first is None and view.timestamp > party.since + sla:
            open_.append(row)
    return hits, served, open_


def screening(
    desk: Desk, *, window: int, sla: int, dust: int, ring: int, list_age: int
) -> dict[str, Any]:
    """Return hits, freezes and the case queue by item, of the last *window* seconds.

    Raises NoData without a sanctions list.
    """
    parties = desk.services.transfers.listed()
    age = desk.now - desk.services.transfers.list_updated()
    listed = {party.address: party for party in parties}
    view, since = desk.at(), max(0, desk.now - window)
    transfers = view.logs("PaymentToken", "Transfer", since=since)
    frozen = view.logs("PaymentToken", "Frozen", since=0)
    spans = _spans(frozen, view.logs("PaymentToken", "Unfrozen", since=0))
    hits, served, unfrozen = _hits(view, transfers, listed, spans, sla=sla)
    reasons = _reasons(desk) if spans else ""
    bystanders, dusted = [], []
    for account, freezes in spans.items():
        at, end = freezes[-1]
        if account in listed or end is not None:
            continue
        row = {"account": _hex(account), "frozen": at}
        if _dusted(account, at, transfers, listed, dust):
            dusted.append(row)
        elif account.hex() not in reasons:
            bystanders.append(row)
    held = [end - at for freezes in spans.values() for at, end in freezes if end is not None]
    return {
        "since": since, "block": view.block, "listed": len(listed), "list_age": age,
        "screened": len(transfers), "hits": hits,
        "latencies": sorted(row["latency"] for row in hits if row["latency"] is not None),
        "releases": sorted(held),
        "cases": {
            "stale-list": [age] if age > list_age else [], "served": served,
            "unfrozen": unfrozen, "bystander": bystanders, "dusting": dusted,
            "ring": rings(transfers, listed, least=ring),
        },
    }  # fmt: skip
