"""Versions that run against versions that were tested, and documents against schemas (IE4, IE5)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from twin.desk.port import Component, Desk, Document
from twin.errors import NoData, UnknownName
from twin.procedures.monitoring.nodes import release, supported

__all__ = ["blocked", "drift", "expiring", "matrix", "running"]


def running(desk: Desk) -> dict[str, tuple[str, str]]:
    """Return (component, version) by place, as nodes and partners say that they run.

    Whoever does not answer is left out: what it runs is not known.
    """
    found: dict[str, tuple[str, str]] = {}
    for node in desk.services.nodes.names():
        try:
            found[node] = release(desk.services.nodes.status(node).client)
        except NoData:
            continue
    endpoints = desk.services.endpoints
    for name in endpoints.names():
        kind = endpoints.integration(name).kind
        if kind != "rpc" and (answer := endpoints.canary(name)).status == 200:
            found[name] = (f"{kind}-api", answer.version)
    return found


def matrix(desk: Desk, live: Mapping[str, tuple[str, str]]) -> list[dict[str, Any]]:
    """Return a row for each consumer and place: tested, listed and running versions.

    *fits* says whether what runs was tested; *listed* is what the inventory says.
    """
    components = desk.services.inventory.components()
    rows: list[dict[str, Any]] = []
    for need in desk.services.inventory.requirements():
        for one in components:
            if one.component != need.component:
                continue
            name, version = live.get(one.where, (one.component, ""))
            rows.append({
                "consumer": need.consumer, "component": need.component, "where": one.where,
                "tested": list(need.versions), "listed": one.version, "running": version,
                "fits": not version or (
                    name == one.component and supported(version, need.versions)
                ),
                "as_listed": not version or version == one.version,
            })  # fmt: skip
    return rows


def blocked(desk: Desk) -> list[dict[str, Any]]:
    """Return the planned upgrades to a version that some consumer was not tested with."""
    needs = desk.services.inventory.requirements()
    return [
        {"component": plan.component, "where": plan.where, "version": plan.version,
         "due": plan.due, "consumer": need.consumer, "tested": list(need.versions)}
        for plan in desk.services.inventory.upgrades()
        for need in needs
        if need.component == plan.component and not supported(plan.version, need.versions)
    ]  # fmt: skip


def expiring(desk: Desk, *, horizon: int) -> tuple[list[str], list[str]]:
    """Return what is no longer supported, and what will not be within *horizon* seconds."""

    def name(one: Component) -> str:
        return f"{one.component} {one.version} at {one.where}"

    dated = [one for one in desk.services.inventory.components() if one.supported_until is not None]
    over = [name(one) for one in dated if (one.supported_until or 0) <= desk.now]
    soon = [name(one) for one in dated if 0 < (one.supported_until or 0) - desk.now <= horizon]
    return over, soon


def drift(desk: Desk, document: Document, schema: Mapping[str, str]) -> dict[str, dict[str, str]]:
    """Return the facts of *document* that are not those of the schema or of the signed register."""
    found: dict[str, dict[str, str]] = {}
    for fact, written in document.facts.items():
        true = schema.get(fact, "")
        kind, _, rest = fact.partition(".")
        name, _, what = rest.rpartition(".")
        if kind == "contract" and what == "address":
            true = _registered(desk, name) or true
        if written != true:
            found[fact] = {"document": written, "schema": true}
    return found


def _registered(desk: Desk, name: str) -> str:
    try:
        return "0x" + desk.register.address(name).hex()
    except UnknownName:
        return ""
