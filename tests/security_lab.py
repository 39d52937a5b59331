"""Worlds in which somebody attacks, steals or stops to look: a team, users, a day and a half."""

from __future__ import annotations

from typing import Any

from world_lab import HOUR, NODES, Stage, agent, fault, stage

PEOPLE: list[dict[str, Any]] = [
    {"name": "amara", "roles": ["operator", "security"],
     "shift": {"timezone": "Europe/Zurich", "start": "06:00", "end": "18:00"}},
    {"name": "bruno", "roles": ["operator", "commander"],
     "shift": {"timezone": "Europe/Zurich", "start": "08:00", "end": "20:00"}},
    {"name": "chen", "roles": ["operator", "liaison"],
     "shift": {"timezone": "Asia/Singapore", "start": "02:00", "end": "14:00"}},
]  # fmt: skip

TEAM = {
    "policy": "playbook",
    "people": [{"ack_median": "1m", "ack_p95": "2m", **person} for person in PEOPLE],
    "authorities": {
        name: {"signers": ["amara", "bruno", "chen"], "threshold": 2}
        for name in ("pauser", "unpauser", "oracle_admin", "fee_steward")
    },
}

AGENTS = [
    *NODES,
    agent("noise", "trader", 8, trades_per_day=20),
    agent("arbitrageur", "arbitrageur", 1, capital=2_000_000),
    agent("liquidity-provider", "provider", 2, capital=500_000),
]


def attacked_world(*faults: dict[str, Any], hours: int = 36, **changes: Any) -> Stage:
    """Return the stage of a world with *faults* that has run for *hours*."""
    return set_out(*faults, hours=hours, **changes).run(hours * HOUR)


def set_out(*faults: dict[str, Any], hours: int, **changes: Any) -> Stage:
    """Return the stage of a world with *faults* that stands at its start."""
    return stage(
        **{
            "team": TEAM, "agents": AGENTS, "duration": f"{hours}h",
            "sealed": {"faults": list(faults)}, **changes,
        }
    )  # fmt: skip


def found(made: Stage, procedure: str, item: str) -> int | None:
    """Return how many seconds after the start *procedure* first found *item*; None for never."""
    for evidence in made.world.desk.evidence.of(procedure):
        if evidence.problems.get(item):
            return evidence.at - made.world.clock.start
    return None


def data(made: Stage, procedure: str, item: str) -> Any:
    """Return the data of the first evidence of *procedure* that counts *item*."""
    for evidence in made.world.desk.evidence.of(procedure):
        if evidence.problems.get(item):
            return made.world.desk.evidence.data(evidence.ref)
    raise AssertionError(f"{procedure} never found {item}")


__all__ = ["AGENTS", "TEAM", "attacked_world", "data", "fault", "found", "set_out"]
