"""Calls that a key makes: at once or after its delay, undone, and refused where a name is none."""

from __future__ import annotations

from typing import Any

import pytest
import world_lab as lab

from twin.errors import UsageError


def call(contract: str, function: str, *args: Any) -> dict[str, Any]:
    return {"contract": contract, "function": function, "args": list(args)}


def test_a_key_pauses_and_lets_go_and_one_with_a_delay_waits_for_it() -> None:
    near = [-10_000_000_000, 9_500_000_000, 3600, 5000, 7200, 4]
    faults = [
        lab.fault("pause", "rogue-calls", "10m", "20m", caller="pauser",
                  calls=[call("Settlement", "pause")]),
        lab.fault("on", "rogue-calls", "30m", caller="unpauser", calls=[call("Settlement", "unpause")]),
        lab.fault("bound", "rogue-calls", "5m", caller="oracle_admin",
                  calls=[call("OracleNetwork", "configureFeed", "feed:WTI", near)]),
    ]  # fmt: skip
    made = lab.stage(sealed={"faults": faults})
    seen = []
    for minute in (9, 12, 32, 60, 70):
        made.run(minute * lab.MINUTE)
        highest = made.read("OracleNetwork", "feedConfig", made.feed)[1]
        seen.append((made.read("Settlement", "paused"), highest == near[1]))
    assert seen == [(False, False), (True, False), (False, False), (False, False), (False, True)]


@pytest.mark.parametrize("value", ["pauser", "feed:GAS", "+soon", "what:ever"])
def test_an_argument_that_names_nothing_is_refused_before_the_run(value: str) -> None:
    faults = [lab.fault("x", "rogue-calls", "1m", caller="issuer",
                        calls=[call("PaymentToken", "mint", value, 1)])]  # fmt: skip
    with pytest.raises(UsageError, match="is none of @NAME"):
        lab.stage(sealed={"faults": faults})
