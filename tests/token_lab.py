"""Worlds for the procedures of the tokens: sovereigns with a team, a reserve with its institutions.

Everything else of these worlds stands still, so that what a procedure finds is what a test planted.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from world_lab import DAY, FEED, HOUR, MINUTE, STILL, Stage, agent, library, market, scenario

from twin.catalog import Catalog
from twin.world import Parts

__all__ = ["DAY", "HOUR", "MINUTE", "exporting", "fault_row", "filed", "only", "reserved", "team"]


def team(**changes: Any) -> dict[str, Any]:
    """Return a team that is always there, and holds every key that these procedures ask for."""
    people = [
        {"name": name, "roles": roles, "ack_median": "1m", "ack_p95": "1m"}
        for name, roles in (
            ("amara", ["operator", "issuer"]),
            ("bruno", ["commander", "compliance"]),
            ("chen", ["treasurer", "commander"]),
        )
    ]
    keys = (
        "issuer",
        "compliance",
        "arbiter",
        "reserve_manager",
        "pauser",
        "unpauser",
        "oracle_admin",
    )
    authorities = {
        name: {"signers": ["amara", "bruno", "chen"], "threshold": 2, "signing": "1m"}
        for name in keys
    }
    return {"policy": "playbook", "people": people, "authorities": authorities, **changes}


def only(*ids: str) -> Parts:
    """Return the parts with these procedures alone, and no rules: a small world is a fast one."""
    parts = library().parts
    return replace(parts, catalog=Catalog(parts.catalog[name] for name in ids))


def exporting(*ids: str, faults: Iterable[dict[str, Any]] = (), **changes: Any) -> Stage:
    """Return a world of three sovereigns that export, with these procedures."""
    allocation = {"rate_per_usd": "0.01", "daily_cap": 500_000_000, **changes.pop("allocation", {})}
    cargoes = changes.pop("cargoes", 12)
    sovereign = {"cargoes_per_day": cargoes, **changes.pop("sovereign", {})}
    base: dict[str, Any] = {
        "team": team(),
        "protocol": {
            "feeds": {"WTI": FEED}, "pool": {"pt": 2_000_000, "stable": 2_000_000},
            "allocation": allocation, **changes.pop("protocol", {}),
        },
        "market": market(exports={"feeds": {"carrier": {"latency": "1h"}, "inspector": {"latency": "2h"}}}),
        "agents": [
            agent("oracle-node", "node", 7, sources=["corvus"]),
            agent("sovereign", "sovereign", 3, **sovereign),
        ],
        "sealed": {"faults": list(faults)},
    }  # fmt: skip
    return Stage(scenario(**{**base, **changes}), only(*ids))


HOURS = {"timezone": "UTC", "start": "09:00", "end": "17:00"}
RESERVE = {
    "stable": 4_000_000, "bills": 4_000_000, "gold": 1_000,
    "weight_stable": "45%", "weight_bills": "44%", "weight_gold": "11%", "feeds": {"gold": "GOLD"},
}  # fmt: skip
GOLD_FEED = {**FEED, "min_answer": "100.00", "max_answer": "5000.00"}


def institutions(**changes: Any) -> dict[str, Any]:
    """Return two banks and two custodians that hold what the reserve has booked."""
    holding = {
        "bills": {"quantity": 4_000_000_000, "price": "1.00", "issuer": "treasury", "tenor": "28d"},
    }
    gold = {
        "gold": {"quantity": 1_000_000, "commodity": "GOLD", "haircut": "0.10%", "impact": "0.10%"}
    }
    return {
        "banks": {
            "helvetia": {"hours": HOURS, "accounts": {"reserve": 600_000}},
            "meridiem": {"hours": HOURS, "accounts": {"reserve": 500_000}},
        },
        "custodians": {
            "aegis": {"hours": HOURS, "bank": "helvetia", "account": "reserve", "holdings": holding},
            "bastion": {"hours": HOURS, "bank": "meridiem", "account": "reserve", "holdings": gold},
        },
        **changes,
    }  # fmt: skip


def reserved(*ids: str, faults: Iterable[dict[str, Any]] = (), **changes: Any) -> Stage:
    """Return a world with a reserve of ten million behind some nine million PT."""
    reserve = {**RESERVE, **changes.pop("reserve", {})}
    price = {**STILL, "initial": "1000.00"}
    vendor = {"commodity": "GOLD", "noise": "0.01%", "latency": "10s"}
    places = changes.pop("places", institutions())
    base: dict[str, Any] = {
        "team": team(),
        "protocol": {
            "feeds": {"GOLD": GOLD_FEED}, "pool": {"pt": 8_000_000, "stable": 8_000_000},
            "reserve": reserve,
        },
        "market": market(
            commodities={"GOLD": price},
            sources=dict.fromkeys(("albion", "brisa", "corvus"), vendor), **places,
        ),
        "agents": [agent("oracle-node", "node", 7, sources=["corvus"], commodity="GOLD")],
        "sealed": {"faults": list(faults)},
    }  # fmt: skip
    return Stage(scenario(**{**base, **changes}), only(*ids))


def filed(stage: Stage, procedure: str, verdict: str | None = None) -> list[dict[str, Any]]:
    """Return what *procedure* filed: verdict, summary, problems that are not 0, data, seconds."""
    records = stage.world.desk.evidence
    return [
        {
            "at": item.at - stage.world.clock.start, "verdict": item.verdict,
            "summary": item.summary, "data": records.data(item.ref),
            "problems": {name: count for name, count in item.problems.items() if count},
        }
        for item in records.of(procedure)
        if verdict is None or item.verdict == verdict
    ]  # fmt: skip


def fault_row(stage: Stage) -> list[str]:
    """Return what the injector says it did."""
    return [event.detail for _at, event in stage.of("fault")]
