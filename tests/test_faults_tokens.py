"""Faults of exports, tokens and the reserve: what they name must be there, and what they let go of."""

from __future__ import annotations

from typing import Any

import pytest
from test_faults import made
from token_lab import exporting, reserved
from world_lab import DAY, HOUR, Stage, fault

from twin.errors import UnknownName, UsageError
from twin.faults.port import Surfaces
from twin.protocol.deployment import DeploymentSpec


def begun(kind: str, until: str | None, **params: Any) -> Stage:
    """Return a reserve that has run past the end of the fault."""
    return reserved(faults=[fault("f", kind, "1h", until, **params)]).run(3 * HOUR)


@pytest.mark.parametrize(
    ("kind", "params", "message"),
    [
        (
            "custodian-missing-funds",
            {"custodian": "egis", "asset": "bills"},
            "did you mean 'aegis'",
        ),
        (
            "custodian-missing-funds",
            {"custodian": "aegis", "asset": "bill"},
            "did you mean 'bills'",
        ),
        (
            "concentration",
            {"custodian": "aegis", "asset": "gold", "issuer": "x"},
            "no asset is called",
        ),
        ("locked-wallet", {"custodian": "nobody"}, "there is no custodian"),
        ("wrong-instruction", {"custodian": "nobody"}, "there is no custodian"),
    ],
)
def test_what_a_fault_of_the_reserve_names_must_be_there(
    *, kind: str, params: dict[str, Any], message: str
) -> None:
    with pytest.raises(UsageError, match=message):
        reserved(faults=[fault("f", kind, "1h", **params)])


@pytest.mark.parametrize(
    ("kind", "params"),
    [
        ("duplicate-export", {"sovereign": "atlantis"}),
        ("duplicate-export", {"sovereign": "sovereign-1", "second": "atlantis"}),
        ("phantom-export", {"sovereign": "atlantis"}),
        ("fat-finger-claim", {"sovereign": "atlantis"}),
        ("flash-votes", {"borrower": "atlantis"}),
        ("transfer-to-listed", {"sender": "sovereign-1", "receiver": "atlantis"}),
    ],
)
def test_a_sovereign_that_is_not_there_is_found_before_anything_happens(
    *, kind: str, params: dict[str, Any]
) -> None:
    with pytest.raises(UnknownName, match="no sovereign is called 'atlantis'"):
        exporting(faults=[fault("f", kind, "1h", **params)])


def test_a_commodity_without_a_feed_is_found_too() -> None:
    with pytest.raises(UsageError, match="no commodity 'BRENT'"):
        exporting(
            faults=[fault("f", "phantom-export", "1h", sovereign="sovereign-1", commodity="BRENT")]
        )


def test_a_fault_that_needs_services_says_so() -> None:
    empty = Surfaces(sources={}, demand=None, agents={})  # type: ignore[arg-type]
    for kind in ("stuck-settlement", "dispute-silence", "attestation-basis", "attestation-forgery",
                 "single-key-mint"):  # fmt: skip
        with pytest.raises(UsageError, match="there are none"):
            made(kind).begin(empty)
    with pytest.raises(UsageError, match="needs a world with services"):
        made("locked-wallet").check(empty)


def test_a_fault_lets_go_of_what_it_held() -> None:
    stage = begun("locked-wallet", "2h", custodian="aegis")
    assert not stage.world.market.custodians["aegis"].locked
    stage = begun("locked-wallet", "2h")
    assert stage.read("Reserve", "paused") is False
    stage = begun("concentration", "2h", custodian="aegis", asset="bills", issuer="acme")
    stage.world.run(stage.world.clock.start + DAY)
    (line,) = stage.world.desk.custody.statement("aegis").holdings
    assert line.issuer == "treasury"
    stage = begun("wrong-instruction", "2h", custodian="aegis")
    desk = stage.world.desk
    assert desk.services.fills.instruction("aegis").address == desk.register.address("aegis")
    stage = begun("stuck-settlement", "2h")
    assert not stage.world.services.fills.stuck
    stage = begun("dispute-silence", "2h")
    assert not stage.world.services.disputes.silent
    stage = begun("sanctions-list-frozen", "2h")
    stage.world.run(stage.world.clock.start + 2 * DAY)
    assert stage.world.desk.services.transfers.list_updated() >= stage.world.clock.start + DAY


def test_a_list_that_is_frozen_stays_as_old_as_it_was() -> None:
    stage = begun("sanctions-list-frozen", None)
    before = stage.world.desk.services.transfers.list_updated()
    stage.world.run(stage.world.clock.start + 2 * DAY)
    assert stage.world.desk.services.transfers.list_updated() == before


def test_only_latent_faults_change_what_is_deployed() -> None:
    spec = DeploymentSpec()
    assert made("over-allocation").prepare(spec).allocation.rate_per_usd == (
        spec.allocation.rate_per_usd * 5 // 4
    )
    assert made("single-key-mint").prepare(spec) is spec
    assert made("single-key-mint", asset="FT").prepare(spec).allocation.two_person is False
