"""The attestor: what statements show stands on chain, and what cannot be had is left out."""

from __future__ import annotations

from typing import Any

import pytest
import world_lab as lab

HOUR, DAY = lab.HOUR, lab.DAY
PT = 10**6
BILLS, CASH, GOLD = 1, 2, 1
MARKET = lab.market(
    banks={"aare": {"accounts": {"cash": 150_000, "proceeds": 0}}},
    custodians={
        "limmat": {
            "bank": "aare", "account": "proceeds",
            "holdings": {
                "t-bills": {"quantity": 850_000_000, "price": "1.00"},
                "bars": {"quantity": 500_000, "price": "900.00"},
            },
        },
    },
)  # fmt: skip
"""850,000 USD of bills and 500 ounces at a custodian, 150,000 USD in a bank."""


def stage(*faults: dict[str, Any], duration: str = "3d", **params: Any) -> lab.Stage:
    reserve = {"stable": 500_000, "bills": 1_000_000, "gold": 500}
    said: dict[str, Any] = {
        "cash": {"aare": ["cash"]}, "custody": {"limmat": {"t-bills": "bills", "bars": "gold"}},
    } | params  # fmt: skip
    return lab.stage(
        agents=[lab.agent("reserve-attestor", "auditor", **said)], market=MARKET,
        protocol=lab.document()["protocol"] | {"reserve": reserve}, duration=duration,
        sealed={"faults": list(faults)},
    )  # fmt: skip


def attested(made: lab.Stage, asset: int) -> list[tuple[int, int]]:
    """Return (hours since the start, whole units) of every attestation of *asset*."""
    events = made.of("log", event="HoldingAttested", asset=asset)
    return [(now // HOUR, event.args["amount"] // PT) for now, event in events]


def test_statements_that_agree_with_the_book_are_not_attested_again() -> None:
    made = stage().run(3 * DAY)
    assert made.world.agents["auditor"].attested == 0
    assert made.world.agents["auditor"].read()[0] == {"bills": 10**12, "gold": 500 * PT}


def test_what_a_failed_bank_holds_is_left_out_until_it_is_resolved() -> None:
    failure = lab.fault("failure", "bank-failure", "30h", "54h", bank="aare")
    made = stage(failure).run(3 * DAY)
    assert attested(made, 1) == [(30, 850_000), (54, 1_000_000)]
    assert attested(made, 2) == []
    document = [e.args["document"] for _, e in made.of("log", event="HoldingAttested")]
    assert document[0] != document[1]


def test_a_silent_custodian_leaves_the_cash_alone() -> None:
    silence = lab.fault("silence", "custodian-silence", "30h", custodian="limmat")
    made = stage(silence).run(2 * DAY)
    assert attested(made, 1) == [(30, 150_000)]
    assert attested(made, 2) == [(30, 0)]


def test_before_everybody_stated_something_nothing_is_attested() -> None:
    failure = lab.fault("failure", "bank-failure", "1h", bank="aare")
    made = stage(failure).run(3 * DAY)
    assert made.world.agents["auditor"].read() is None
    assert not made.of("log", event="HoldingAttested")


def test_an_attestation_is_renewed_before_it_runs_out() -> None:
    made = stage(duration="40d", renew="7d", every="6h").run(40 * DAY)
    (first,) = attested(made, 1)
    assert 28 * 24 <= first[0] <= 28 * 24 + 6
    assert made.read("Reserve", "coverage") > 0
    assert made.read("Reserve", "valueOf", 1) == 10**12


def test_names_that_nothing_answers_to_are_refused() -> None:
    with pytest.raises(Exception, match="aaare"):
        stage(cash={"aaare": ["cash"]}).run(1)
