"""The clerk: the reserve is open while its bank can move money, and shut otherwise."""

from __future__ import annotations

from typing import Any

import pytest
import world_lab as lab

HOUR, DAY = lab.HOUR, lab.DAY
BANK = {"accounts": {"cash": 1_000_000}}
"""Open from nine to five UTC on weekdays; worlds here begin on a Monday at midnight."""


def stage(days: int = 8, faults: tuple[dict[str, Any], ...] = (), **params: Any) -> lab.Stage:
    protocol = lab.document()["protocol"] | {"reserve": {"stable": 2_000_000}}
    return lab.stage(
        agents=[lab.agent("reserve-clerk", "clerk", **({"bank": "aare"} | params))],
        market=lab.market(banks={"aare": BANK}), protocol=protocol, duration=f"{days}d",
        sealed={"faults": list(faults)},
    )  # fmt: skip


def turns(made: lab.Stage) -> list[tuple[int, bool]]:
    """Return (hours since the start, open) of every change."""
    return [(now // HOUR, event.args["open"]) for now, event in made.of("log", event="OpenSet")]


def test_the_reserve_keeps_the_hours_of_its_bank() -> None:
    made = stage().run(8 * DAY)
    week = [(24 * day + hour, hour == 9) for day in range(5) for hour in (9, 17)]
    monday = [(7 * 24 + 9, True), (7 * 24 + 17, False)]
    assert turns(made) == [(0, False), *week, *monday]
    assert all(tx.success for _, tx in made.of("tx", function="setOpen"))


def test_hours_of_its_own_come_before_those_of_the_bank() -> None:
    hours = {"days": ["mon", "tue"], "start": "10:00", "end": "24:00"}
    made = stage(3, hours=hours).run(3 * DAY)
    assert turns(made) == [(0, False), (10, True), (24, False), (34, True), (48, False)]


def test_a_bank_that_fails_shuts_the_reserve_until_it_is_resolved() -> None:
    failure = lab.fault("failure", "bank-failure", "11h", "36h", bank="aare")
    made = stage(2, (failure,)).run(2 * DAY)
    assert turns(made) == [(0, False), (9, True), (11, False), (36, True), (41, False)]


def test_while_it_is_shut_nobody_redeems() -> None:
    redeemer = lab.agent("redeemer", "anna", latency="1m")
    protocol = lab.document()["protocol"]
    protocol = protocol | {
        "reserve": {"stable": 2_000_000}, "pool": {"pt": 2_050_000, "stable": 2_000_000},
    }  # fmt: skip
    made = lab.stage(
        agents=[lab.agent("reserve-clerk", "clerk", bank="aare"), redeemer],
        market=lab.market(banks={"aare": BANK}), protocol=protocol,
    ).run(12 * HOUR)  # fmt: skip
    redeemed = [now for now, _ in made.of("log", event="Redeemed")]
    assert redeemed
    assert min(redeemed) >= 9 * HOUR


def test_a_clerk_without_any_hours_is_refused() -> None:
    with pytest.raises(Exception, match="needs hours, or the bank"):
        lab.agents_module("clerk").ClerkParams()
