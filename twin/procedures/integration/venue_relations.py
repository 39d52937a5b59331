"""What we have at venues, whom we can reach there, and what is said of them: the parts of IX5."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from twin.catalog import Settings
from twin.desk.port import Desk
from twin.errors import NoData
from twin.procedures.prices import PPM, middles

__all__ = ["Relationship", "answered", "exposure", "last_test", "signals"]


class Relationship(Settings):
    """Limits of IX5; *max_exposure* in stable units a venue, *max_share* in ppm of all venues'.

    Alarming items of the last *window* seconds count, and *max_signals* of them are a warning. The
    feed's newest item is at most *max_news_age* old. The contact tree is called every *test_every*
    seconds, and answers within *patience*.
    """

    max_exposure: int = 100_000 * 10**6
    max_share: int = 800_000
    window: int = 7 * 86_400
    max_signals: int = 1
    max_news_age: int = 14 * 86_400
    test_every: int = 7 * 86_400
    patience: int = 7_200


ALARMING = re.compile(
    r"leak|halt|shortfall|insolven|bankrupt|delayed withdrawal|pending|emergency|hack|stolen"
    r"|investigat|sell all|cannot withdraw",
    re.IGNORECASE,
)
"""Words of the days before a venue failed (FTX, 2022-11-02 to 08; Mt. Gox; Bybit, 2025-02-21)."""


def exposure(desk: Desk, settings: Relationship) -> dict[str, Any]:
    """Return what is ours at each venue in stable units, and the venues over a limit.

    PT counts at the venue's middle, and at par where there is none: a limit is no bet on the price.
    """
    prices, held, unread = middles(desk), {}, {}
    for venue in desk.services.exchanges.names():
        try:
            balance = desk.services.exchanges.balance(venue)
        except NoData as error:
            unread[venue] = str(error)
            continue
        held[venue] = balance.stable + balance.pt * max(PPM, prices.get(venue, PPM)) // PPM
    total = 0
    for worth in held.values():
        total += worth
    over = [
        venue
        for venue, worth in held.items()
        if worth > settings.max_exposure
        or (len(held) > 1 and worth * PPM > settings.max_share * total)
    ]
    return {"held": held, "total": total, "over": over, "unread": unread}


def signals(desk: Desk, settings: Relationship) -> dict[str, Any]:
    """Return the alarming items on each venue, and the age of the newest item of all."""
    items = desk.services.news.items(since=desk.now - settings.max_news_age)
    since = desk.now - settings.window
    found: dict[str, list[str]] = {}
    for item in items:
        if item.at >= since and ALARMING.search(f"{item.headline} {item.text}"):
            found.setdefault(item.subject, []).append(item.headline)
    age = desk.now - items[-1].at if items else -1
    return {"news_age": age, "alarming": found}


def last_test(desk: Desk) -> int:
    """Return when the contact tree was last called, by the evidence; 0 for never."""
    for record in reversed(desk.evidence.of("IX5")):
        called: int = desk.evidence.data(record.ref).get("called_at", 0)
        if called:
            return called
    return 0


def answered(desk: Desk, since: int) -> dict[str, Any]:
    """Return who answered calls since *since*, and the parties of whom nobody did."""
    tree = desk.services.contacts.tree()
    times = {
        item.contact: item.answered - item.sent
        for item in desk.services.contacts.receipts(since=since)
    }
    reached: dict[str, bool] = {}
    for contact in tree:
        reached[contact.party] = reached.get(contact.party, False) or contact.name in times
    return {
        "seconds": times,
        "silent": [contact.name for contact in tree if contact.name not in times],
        "unreachable": [party for party, one in reached.items() if not one],
        "without_backup": lonely(tree_of(desk)),
    }


def tree_of(desk: Desk) -> list[dict[str, Any]]:
    """Return the contact tree as JSON."""
    return [
        {"name": item.name, "party": item.party, "role": item.role, "channel": item.channel,
         "backup": item.backup}
        for item in desk.services.contacts.tree()
    ]  # fmt: skip


def lonely(tree: Sequence[Mapping[str, Any]]) -> list[str]:
    """Return the parties of which the *tree* knows fewer than two people."""
    counts: dict[str, int] = {}
    for item in tree:
        counts[item["party"]] = counts.get(item["party"], 0) + 1
    return [party for party, count in counts.items() if count < 2]
