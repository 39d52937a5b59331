"""Payment Token operations at exchanges: contract tests, sandbox, keys and releases (TP3)."""

from __future__ import annotations

from typing import Any

from twin.catalog import Settings, check, every
from twin.desk.port import Desk
from twin.desk.steps import Finding
from twin.errors import NoData
from twin.procedures.prices import no_venue, wrong_of
from twin.procedures.tokens.venue_contracts import CONTRACTS, run_contract

__all__ = ["ExchangeMaintenance", "maintain_exchanges"]


class ExchangeMaintenance(Settings):
    """Limits of TP3: a key is renewed *renew_before* seconds before its end.

    A breaking release that takes effect within *release_horizon* seconds is a finding.
    """

    renew_before: int = 14 * 86_400
    release_horizon: int = 30 * 86_400
    scopes: tuple[str, ...] = ("read", "trade", "withdraw-allowlisted")


def _key(desk: Desk, venue: str, settings: ExchangeMaintenance) -> tuple[int, dict[str, Any]]:
    """Return 1 where the key is wrong, expired or about to expire, and its line of the calendar."""
    try:
        key = desk.services.exchanges.key(venue)
    except NoData as error:
        return 1, {"error": str(error)}
    left = key.expires - desk.now
    lacks = [scope for scope in settings.scopes if scope not in key.scopes]
    more = [scope for scope in key.scopes if scope not in settings.scopes]
    line = {"expires": key.expires, "left": left, "lacks": lacks, "more": more}
    return int(left < settings.renew_before or bool(lacks) or bool(more)), line


def _releases(
    desk: Desk, venue: str, version: str, settings: ExchangeMaintenance
) -> tuple[int, list[dict[str, Any]]]:
    """Return the breaking releases ahead, and those in force of a version without a contract."""
    try:
        releases = desk.services.exchanges.changelog(venue)
    except NoData:
        return 0, []  # the contract test of /changelog says so
    ahead = [
        {"version": item.version, "effective": item.effective, "text": item.text}
        for item in releases
        if (item.breaking and 0 <= item.effective - desk.now <= settings.release_horizon)
        or (item.version != version and item.version not in CONTRACTS and item.effective < desk.now)
    ]
    return len(ahead), ahead


def _maintain(
    desk: Desk, venue: str, settings: ExchangeMaintenance
) -> tuple[dict[str, int], dict[str, Any]]:
    """Run everything on *venue*: problems by item, and the results."""
    version = desk.services.exchanges.listing(venue).api
    if version not in CONTRACTS:
        return {"version": 1}, {"version": version, "known": list(CONTRACTS)}
    failed = run_contract(desk, venue, version)
    sandbox = run_contract(desk, venue, version, sandbox=True)
    order = desk.services.exchanges.sandbox_order(venue)
    key, calendar = _key(desk, venue, settings)
    ahead, releases = _releases(desk, venue, version, settings)
    problems = {
        "contract": len(failed),
        "sandbox": len(sandbox),
        "sandbox-order": int(bool(order)),
        "key": key,
        "release": ahead,
        "version": 0,
    }
    facts = {
        "version": version, "endpoints": len(CONTRACTS[version]), "failed": failed,
        "sandbox_failed": sandbox, "sandbox_order": order, "key": calendar, "releases": releases,
    }  # fmt: skip
    return problems, facts


@check(
    "TP3",
    "Token Management / Payment Token Operations / Exchange integration maintenance",
    cadence=every(hours=6),
    inputs=("venue REST, raw", "sandbox", "API key", "changelog"),
    evidence="contract test results by endpoint, sandbox order round trip, key expiry calendar",
    settings=ExchangeMaintenance,
    applies=no_venue,
)
def maintain_exchanges(desk: Desk, settings: ExchangeMaintenance) -> Finding:
    """Exchange integration maintenance.

    Every endpoint that our clients use is asked, in production and in the sandbox, and held
    against the contract of its version; an order goes round in the sandbox; keys are renewed
    before they end, and no key may do more than it needs.
    """
    total: dict[str, int] = {}
    data: dict[str, Any] = {}
    for venue in desk.services.exchanges.names():
        problems, facts = _maintain(desk, venue, settings)
        data[venue] = {**facts, "problems": wrong_of(problems)}
        for name, count in problems.items():
            total[name] = total.get(name, 0) + count
    if not data:
        return Finding("no-data", "there is no venue to test")
    wrong = wrong_of(total)
    return Finding(
        verdict="finding" if wrong else "ok",
        summary=f"exchange integrations: {', '.join(wrong)}" if wrong else "all contracts are kept",
        data=data,
        problems=total,
    )
