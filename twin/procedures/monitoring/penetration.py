"""What MS4 asks the desk: the whole attack library on copies of the chain, and the scan report."""

from __future__ import annotations

from typing import Any

from twin.desk.port import Desk
from twin.procedures.monitoring.attacks import Attack, Scene, assault
from twin.procedures.monitoring.attacks_custody import CUSTODY
from twin.procedures.monitoring.attacks_market import MARKET, ORACLE
from twin.procedures.monitoring.attacks_power import POWER
from twin.procedures.monitoring.attacks_tokens import TOKENS
from twin.procedures.monitoring.fuzz import fuzz

__all__ = ["attempts", "library", "scan_ages"]


def library(*, seed: str, calls: int) -> list[tuple[str, tuple[tuple[str, Attack], ...]]]:
    """Return the attacks by family; fuzzing makes *calls* from *seed*."""

    def random_calls(scene: Scene) -> None:
        fuzz(scene, seed=seed, calls=calls)

    return [
        ("power", POWER),
        ("tokens", TOKENS),
        ("market", MARKET),
        ("oracle", ORACLE),
        ("custody", CUSTODY),
        ("fuzzing", (("random-calls", random_calls),)),
    ]


def attempts(desk: Desk, calls: int) -> dict[str, Any]:
    """Run the library against copies of the latest block; the seed is that block's number."""
    block = desk.at().block
    made = assault(desk, library(seed=f"block {block}", calls=calls))
    return {"block": block, "attempts": [item.record() for item in made]}


def scan_ages(desk: Desk) -> dict[str, Any]:
    """Return the newest scan report, each finding with its age in seconds."""
    report = desk.services.scans.latest()
    return {
        "report": report.id,
        "commit": report.commit,
        "age": desk.now - report.at,
        "findings": [
            {"id": item.id, "severity": item.severity, "component": item.component,
             "title": item.title, "age": desk.now - item.first_seen}
            for item in report.findings
        ],
    }  # fmt: skip
