"""What the incident procedures ask the desk: facts about one alert, JSON-like, no judgement."""

from __future__ import annotations

from typing import Any

from twin.desk.port import Alert, Desk, Incident, Simulation
from twin.errors import NoData, TwinError
from twin.procedures.reading import fresh_sources

__all__ = [
    "alert_facts",
    "cause_facts",
    "containable",
    "declared",
    "holders",
    "oracle_health",
    "paused",
]

PPM = 1_000_000


def _oracle(desk: Desk, commodity: str) -> dict[str, Any]:
    """Read one feed beside its index."""
    feed = desk.register.feed_id(commodity)
    view = desk.at()
    answer, updated, _round, reporters = view.read("OracleNetwork", "latest", feed)
    config = view.read("OracleNetwork", "feedConfig", feed)
    try:
        index: int | None = desk.feeds.index(commodity).price
    except NoData:
        index = None
    return {
        "answer": answer,
        "age": desk.now - updated,
        "reporters": reporters,
        "quorum": config[5],
        "max_age": config[4],
        "max_answer": config[1],
        "index": index,
        "gap_ppm": None if index is None else abs(answer - index) * PPM // max(1, abs(index)),
        "sources": fresh_sources(desk, commodity, max_age=config[4]),
    }


def oracle_health(desk: Desk) -> dict[str, Any]:
    """Return every feed's answer, age, quorum and gap to the index."""
    return {name: _oracle(desk, name) for name in desk.register.commodities()}


def alert_facts(desk: Desk, key: str) -> dict[str, Any]:
    """Return the alert called *key* if it still fires, and what else is going on."""
    firing = {alert.key: alert for alert in desk.alerts.firing()}
    alert: Alert | None = firing.get(key)
    return {
        "still_firing": alert is not None,
        "rule": key.split("{", 1)[0],
        "labels": dict(alert.labels) if alert else {},
        "since": alert.since if alert else None,
        "also_firing": sorted({item.rule for item in firing.values()}),
        "open_incidents": [
            {"id": item.id, "family": item.family, "state": item.state, "severity": item.severity}
            for item in desk.incidents.open()
        ],
        "oracle": oracle_health(desk),
        "issued_last_hour": [
            record.args["amount"]
            for record in desk.at().logs(
                "AllocationBook", "EntitlementIssued", since=desk.now - 3600
            )
        ],
    }


def cause_facts(desk: Desk, incident: str) -> dict[str, Any]:
    """Return how *incident* stands, which alerts behind it still fire, and the oracle's health."""
    item = desk.incidents.get(incident)
    behind = set(item.alerts)
    return {
        "severity": item.severity,
        "state": item.state,
        "firing": sorted(alert.key for alert in desk.alerts.firing() if alert.key in behind),
        "oracle": oracle_health(desk),
    }


def declared(item: Incident) -> int:
    """Return when *item* was last classified: its timers run from there, not from a lesser alert."""
    return max((at for state, at in item.history if state == "classified"), default=item.opened)


def holders(desk: Desk, incident: str, families: list[str]) -> list[str]:
    """Return the other open incidents of these *families* that are contained or recovering."""
    return [
        item.id
        for item in desk.incidents.open()
        if item.id != incident
        and item.family in families
        and item.state in {"contained", "recovering"}
    ]


def paused(desk: Desk, contract: str) -> bool:
    """Say whether *contract* is paused now."""
    return bool(desk.at().read(contract, "paused"))


def containable(desk: Desk, contract: str, authority: str, function: str) -> dict[str, Any]:
    """Pre-check an emergency action: whether it is still needed, and would go through."""
    view = desk.at()
    state = bool(view.read(contract, "paused"))
    try:
        simulation = view.simulate(authority, contract, function, ())
    except TwinError as error:
        simulation = Simulation(success=False, gas_used=0, reason=str(error))
    return {
        "paused": state,
        "success": simulation.success,
        "reason": simulation.reason,
        "block": view.block,
    }
