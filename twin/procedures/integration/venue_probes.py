"""What a venue does, held against what it says: the working parts of IX1."""

from __future__ import annotations

from typing import Any

from twin.catalog import Settings
from twin.desk.port import Desk
from twin.errors import NoData
from twin.procedures.prices import median

__all__ = ["ExchangeWatch", "behaviour"]


class ExchangeWatch(Settings):
    """Limits of IX1, in seconds but for *max_rtt_ms*.

    Order probes of the last *window* count; a withdrawal may take *max_withdrawal*, a clock be
    *max_clock_gap* off.
    """

    window: int = 3_600
    max_rtt_ms: int = 2_000
    max_withdrawal: int = 5_400
    max_clock_gap: int = 30


def behaviour(
    desk: Desk, venue: str, settings: ExchangeWatch
) -> tuple[dict[str, int], dict[str, Any]]:
    """Return the problems of *venue* by item, and its scorecard."""
    problems = dict.fromkeys(("heartbeat", "clock", "order", "stale-book", "withdrawal"), 0)
    facts: dict[str, Any] = {}
    try:
        gap = abs(desk.services.exchanges.time(venue) - desk.now)
    except NoData as error:
        problems["heartbeat"], facts["heartbeat"] = 1, str(error)
    else:
        problems["clock"], facts["clock_gap"] = int(gap > settings.max_clock_gap), gap
    _orders(desk, venue, settings, problems, facts)
    _withdrawals(desk, venue, settings, problems, facts)
    claims = _claims(desk, venue)
    facts["status_page"] = claims
    lies = claims == "operational" and any(problems.values())
    return {**problems, "status-page": int(lies)}, facts


def _orders(
    desk: Desk, venue: str, settings: ExchangeWatch, problems: dict[str, int],
    facts: dict[str, Any],
) -> None:  # fmt: skip
    """Judge the order probes of the window: no probe at all is a problem too."""
    probes = desk.services.exchanges.orders(venue, since=desk.now - settings.window)
    good = [probe for probe in probes if probe.ok]
    facts["orders"] = {"probes": len(probes), "good": len(good)}
    if not probes or not probes[-1].ok:
        problems["order"] = 1
        facts["orders"]["error"] = probes[-1].error if probes else "no probe in the window"
    if good:
        facts["orders"]["rtt_ms"] = median([probe.rtt_ms for probe in good])
        if facts["orders"]["rtt_ms"] > settings.max_rtt_ms:
            problems["order"] = 1
        # Our own order is the canary: a book that does not show it shows something else.
        problems["stale-book"] = int(not good[-1].seen)


def _withdrawals(
    desk: Desk, venue: str, settings: ExchangeWatch, problems: dict[str, int],
    facts: dict[str, Any],
) -> None:  # fmt: skip
    """Judge the withdrawal probes of a day: what is pending too long, and what was refused last."""
    probes = desk.services.exchanges.withdrawals(venue, since=desk.now - 86_400)
    waiting = [desk.now - probe.sent for probe in probes if probe.done is None and not probe.error]
    times = [probe.done - probe.sent for probe in probes if probe.done is not None]
    refused = probes[-1].error if probes else "no probe for a day"
    late = max(waiting, default=0)
    facts["withdrawals"] = {
        "probes": len(probes),
        "median_seconds": median(times) if times else -1,
        "pending_seconds": late,
        "refused": refused,
    }
    problems["withdrawal"] = int(late > settings.max_withdrawal or bool(refused))


def _claims(desk: Desk, venue: str) -> str:
    """Return what the status page says in one word: operational, or the worst of its claims."""
    try:
        page = desk.services.exchanges.status(venue)
    except NoData as error:
        return str(error)
    if page.healthy:
        return "operational"
    return ", ".join(
        f"{name}: {claim}" for name, claim in page.claims.items() if claim != "operational"
    )
