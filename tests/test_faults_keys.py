from __future__ import annotations

from typing import Any

import pytest
from token_lab import exporting
from world_lab import HOUR, Stage, fault

from twin.errors import UsageError

KEYS = {"nodes": ["node-1", "node-2", "node-3", "node-4"], "sovereign": "sovereign-2",
        "quantity": 1_000, "every": "20m"}  # fmt: skip


def forged(stage: Stage) -> list[int]:
    """Return when FT were issued for cargoes that nobody loaded, in seconds from the start."""
    loaded = stage.world.market.customs.loaded
    return [at for at, event in stage.of("log", event="EntitlementIssued")
            if not loaded(event.args["documentHash"])]  # fmt: skip


def test_a_quorum_of_stolen_keys_issues_for_cargoes_that_never_were_until_they_are_changed() -> (
    None
):
    stage = exporting(faults=[fault("keys", "stolen-node-keys", "1h", "2h", **KEYS)])
    assert forged(stage.run(HOUR)) == []
    times = forged(stage.run(2 * HOUR))
    assert len(times) in {2, 3}
    assert all(HOUR < at < 2 * HOUR for at in times)
    assert forged(stage.run(4 * HOUR)) == times
    assert [event.detail for _at, event in stage.of("fault")] == [
        "4 node keys and that of sovereign-2 are used",
        "the keys were changed: those that were stolen sign nothing any more",
    ]


def test_fewer_keys_than_the_quorum_verify_nothing() -> None:
    few: dict[str, Any] = {**KEYS, "nodes": ["node-1", "node-2", "node-3"]}
    stage = exporting(faults=[fault("keys", "stolen-node-keys", "1h", **few)]).run(3 * HOUR)
    assert forged(stage) == []
    assert stage.of("log", event="ExportClaimed", quantity=1_000_000)


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"nodes": ["node-9"]}, "node-9"),
        ({"sovereign": "atlantis"}, "atlantis"),
        ({"commodity": "GAS"}, "GAS"),
    ],
)
def test_what_it_names_must_be_there(wrong: dict[str, Any], says: str) -> None:
    with pytest.raises(UsageError, match=says):
        exporting(faults=[fault("keys", "stolen-node-keys", "1h", **{**KEYS, **wrong})])
