"""Two worlds with the same public feeds and another hidden truth lead to the same decisions.

In one, a vendor changes its unit. In the other it makes a mistake that nobody outside can tell from
that, a job that is not due for weeks is stuck as well, and every fault has another name. What the team
sees is the same to the last digit; so must be what it does.
"""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import pytest
import world_lab as lab
from test_seal_graph import TEAM

from twin.events import FaultChanged

HOUR = 3600
IDLE = {"commodity": "WTI", "noise": "0.02%", "latency": "10s"}
"""A vendor on whom no node rests; what it quotes is public all the same."""

UNIT_ERROR = [lab.fault("unit-error", "source-scale", "1h", "3h", source="corvus", numerator=3)]
LOOKALIKE = [
    lab.fault(
        "fat-finger", "source-scale", "1h", "3h", source="corvus", numerator=9, denominator=3
    ),
    lab.fault("silence", "job-stuck", "30m", procedure="RM1"),
]
OTHER = [lab.fault("unit-error", "source-scale", "1h", "3h", source="corvus", numerator=4)]


def lived(faults: list[dict[str, Any]]) -> lab.Stage:
    """Return five hours of a world with *faults*, in which three vendors feed seven nodes."""
    sources = lab.market()["sources"] | {"dorado": IDLE}
    lone = [lab.agent("oracle-node", "node", 7, sources=["corvus"])]
    made = lab.stage(
        agents=lone, team=TEAM, market=lab.market(sources=sources), sealed={"faults": faults}
    )
    return made.run(5 * HOUR)


def public(stage: lab.Stage) -> list[tuple[int, str, dict[str, Any]]]:
    """Return everything that happened in the open."""
    return [
        (now, event.kind, asdict(event))
        for now, event in stage.seen
        if not isinstance(event, FaultChanged)
    ]


@pytest.fixture(scope="module")
def first() -> lab.Stage:
    return lived(UNIT_ERROR)


def test_another_truth_behind_the_same_feeds_changes_nothing(first: lab.Stage) -> None:
    second = lived(LOOKALIKE)
    hidden = [
        [
            (event.fault, event.family, event.detail)
            for _now, event in stage.seen
            if isinstance(event, FaultChanged)
        ]
        for stage in (first, second)
    ]
    assert hidden[0] != hidden[1]
    assert public(first) == public(second)
    assert first.world.desk.evidence.of() == second.world.desk.evidence.of()
    acted = {event.action.split(":")[0] for _now, event in first.of("step")}
    assert {"act", "decide", "look", "work"} <= acted


def test_another_feed_is_seen(first: lab.Stage) -> None:
    assert public(first) != public(lived(OTHER))
