"""In a world: each fault of a service or of contract code is found by the procedure that it is for.

A world takes several faults that do not touch each other; what has to be found is a problem item in
the evidence of a procedure, and for some an alert that fires. The quiet world finds nothing.
"""

from __future__ import annotations

from functools import cache
from typing import Any

import pytest
from world_lab import NODES, Stage, agent, fault, stage

HOUR = 3600
MONDAY = "2008-10-06T04:00:00Z"
"""Two hours before the daily and weekly checks (07:30 and 08:00 in Zurich)."""

CHECKS = ("MP1", "MP2", "MP3", "MP4", "MP5", "IE1", "IE2", "IE3", "IE4", "IE5")

WORLDS: dict[str, tuple[float, list[tuple[str, dict[str, Any]]]]] = {
    # name: hours to run, faults
    "quiet": (2.3, []),
    "stall": (2.3, [("node-stall", {"rpc_node": "alder"}), ("indexer-miss", {"share_ppm": 500_000}),
                    ("endpoint-slow", {"endpoint": "customs"})]),
    "fork": (2.3, [("node-fork", {"rpc_node": "cedar"}), ("indexer-miscount", {}),
                   ("unbacked-mint", {})]),
    "zeros": (2.3, [("node-wrong-answers", {"rpc_node": "doorn"}), ("indexer-lag", {}),
                    ("function-bricked", {})]),
    "lag": (1.3, [("node-lag", {"rpc_node": "birch"})]),
    "cloud": (2.3, [("cloud-outage", {"region": "aurora-east"})]),
    "war": (2.3, [("gas-war", {}), ("node-outage", {"rpc_node": "birch"})]),
    "dear": (4.3, [("gas-regression", {})]),
    "releases": (2.3, [
        ("node-stale-version", {"rpc_node": "cedar"}),
        ("partner-upgrade", {"endpoint": "venue-meridian"}),
        ("document-drift", {"fact": "endpoint.rpc-alder.url", "value": "https://old.example"}),
    ]),
}  # fmt: skip

ROWS = [
    # world, procedure, item, alert (or None: it is a ticket, or comes later than the world runs)
    ("stall", "MP5", "behind", "NodeBehind"),
    ("stall", "IE3", "events", "DataInconsistent"),
    ("stall", "IE1", "slow", None),
    ("fork", "MP5", "forked", "NodeForked"),
    ("fork", "IE2", "broken", "IntegrationBroken"),
    ("fork", "IE3", "volume", "DataInconsistent"),
    ("fork", "MP3", "unbacked", "MintUnbacked"),
    ("zeros", "MP5", "wrong", "NodeAnswersWrong"),
    ("zeros", "IE1", "wrong", "EndpointAnswersWrong"),
    ("zeros", "IE3", "nodes", "DataInconsistent"),
    ("zeros", "IE3", "age", "IndexerBehind"),
    ("zeros", "MP3", "bricked", "FunctionBricked"),
    ("lag", "MP5", "behind", "NodeBehind"),
    ("cloud", "MP5", "quorum", "NodeQuorumLost"),
    ("cloud", "IE1", "region", "RegionDown"),
    ("cloud", "IE1", "errors", "EndpointBudgetBurns"),
    ("cloud", "IE2", "unreachable", None),
    ("war", "MP2", "stuck", "ProbeStuck"),
    ("war", "MP4", "gas-war", "GasWar"),
    ("war", "MP4", "budget", None),
    ("war", "MP5", "down", "NodeDown"),
    ("dear", "MP4", "regression", "GasRegressed"),
    ("releases", "MP5", "stale-version", "NodeVersionStale"),
    ("releases", "IE2", "broken", "IntegrationBroken"),
    ("releases", "IE3", "partner", "DataInconsistent"),
    ("releases", "IE4", "incompatible", "VersionsIncompatible"),
    ("releases", "IE4", "contract-tests", "VersionsIncompatible"),
    ("releases", "IE5", "drift", "DocumentationDrifted"),
]


@cache
def ran(name: str) -> Stage:
    """Return the world called *name*, which has run; its faults begin after 20 minutes."""
    hours, faults = WORLDS[name]
    made = stage(
        start=MONDAY,
        agents=[*NODES, agent("noise", "trader", 6, trades_per_day=200),
                agent("arbitrageur", "arbitrageur", capital=2_000_000)],
        services={"probes": {"every": 50}},
        sealed={"faults": [
            fault(f"fault-{place}", kind, "20m", **params)
            for place, (kind, params) in enumerate(faults)
        ]},
    )  # fmt: skip
    return made.run(round(hours * HOUR))


def problems(made: Stage, procedure: str) -> set[str]:
    """Return every problem item that *procedure* found."""
    return {
        item
        for evidence in made.world.desk.evidence.of(procedure)
        for item, count in evidence.problems.items()
        if count
    }


@pytest.mark.parametrize(("world", "procedure", "item", "alert"), ROWS)
def test_a_fault_is_found(world: str, procedure: str, item: str, alert: str | None) -> None:
    made = ran(world)
    assert item in problems(made, procedure)
    fired = {event.rule for _, event in made.of("alert", state="firing")}
    assert alert is None or alert in fired


def test_every_kind_of_fault_here_is_found_by_somebody() -> None:
    assert {name for name, (_, faults) in WORLDS.items() if faults} == {row[0] for row in ROWS}


@pytest.mark.parametrize("procedure", CHECKS)
def test_a_quiet_world_finds_nothing(procedure: str) -> None:
    made = ran("quiet")
    filed = made.world.desk.evidence.of(procedure)
    assert filed
    assert problems(made, procedure) == set()
    assert {one.verdict for one in filed} == {"ok"}


def test_a_quiet_world_fires_nothing_of_ours() -> None:
    made = ran("quiet")
    ours = {"nodes", "indexer", "contracts", "gas", "endpoints", "integration"}
    assert [event.rule for _, event in made.of("alert") if event.labels["domain"] in ours] == []


def test_what_is_found_before_the_fault_begins_is_nothing() -> None:
    made = ran("cloud")
    begins = made.world.clock.start + 20 * 60
    early = [one for one in made.world.desk.evidence.of("MP5") if one.at < begins]
    assert [one.verdict for one in early] == ["ok"] * 3
