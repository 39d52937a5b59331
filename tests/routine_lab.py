"""A laboratory for routine work: small worlds of days with a team on shift and few procedures."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from world_lab import Stage, library, scenario

from twin.catalog import Catalog
from twin.desk.port import Evidence

__all__ = ["TEAM", "data_of", "found", "routine"]

ROLES = ["operator", "oracle-admin", "commander", "fee-steward", "security", "analyst", "liaison", "treasurer",
         "compliance", "issuer"]  # fmt: skip
TEAM: dict[str, Any] = {
    "policy": "playbook",
    "people": [
        {"name": name, "roles": ROLES, "ack_median": "1m", "ack_p95": "1m"}
        for name in ("amara", "bruno", "chen")
    ],
    "authorities": {
        name: {"signers": ["amara", "bruno", "chen"], "threshold": 2}
        for name in ("pauser", "unpauser", "oracle_admin", "fee_steward", "issuer", "arbiter", "governance")
    },
}  # fmt: skip


def routine(*ids: str, **changes: Any) -> Stage:
    """Return a world in which the procedures *ids* run and no others, scraped once an hour."""
    changes = {"team": TEAM, "monitoring": {"scrape_interval": "1h"}, **changes}
    parts = library().parts
    chosen = Catalog(parts.catalog[name] for name in ids)
    return Stage(scenario(**changes), replace(parts, catalog=chosen))


def found(stage: Stage, procedure: str) -> list[Evidence]:
    """Return what *procedure* filed."""
    return stage.world.desk.evidence.of(procedure)


def data_of(stage: Stage, evidence: Evidence) -> dict[str, Any]:
    """Return the data of *evidence*."""
    return dict(stage.world.desk.evidence.data(evidence.ref))


def verdicts(records: Sequence[Evidence]) -> list[str]:
    """Return the verdicts of *records*."""
    return [record.verdict for record in records]
