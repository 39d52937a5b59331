"""The faults that take hold of services: what each says, where it holds, what it refuses."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError
from security_lab import set_out
from world_lab import Stage

from twin.errors import UnknownName, UsageError
from twin.faults.injector import kinds
from twin.faults.port import Fault, Surfaces
from twin.protocol.deployment import DeploymentSpec
from twin.protocol.roles import account_of
from twin.services.identities import wallet_of

FAMILIES = {f"twin.faults.{name}" for name in ("access", "intel", "journals", "thefts", "watch")}


@pytest.fixture
def world() -> Stage:
    return set_out(hours=2)


def surfaces(made: Stage) -> Surfaces:
    inner = made.world
    return Surfaces(
        sources=inner.market.sources, demand=inner.market.demand, agents=inner.agents,
        services=inner.services,
    )  # fmt: skip


def made(kind: str, **params: Any) -> Fault:
    family = kinds()[kind]
    return family(family.Params.model_validate(params))


ROWS: list[tuple[str, dict[str, Any], str, str, str]] = [
    # kind, params, place, what it says (its beginning), what it says at the end
    ("allowlist-not-revoked", {}, "the rights of pavel", "pavel still holds oracle_admin", "pavel has lost the key"),
    ("extra-canceller", {}, "the cancelling of former-guardian", "former-guardian may cancel", "it stays as it is"),
    ("leaver-not-revoked", {"person": "amara"}, "the rights of amara", "amara has left", "amara is back"),
    ("drain", {"victim": "trader-1"}, "the key of trader-1", "5000000000 StableAsset of trader-1", "trader-1 has a new key"),
    ("wash-ring", {}, "the ring's accounts", "ring-a and ring-b trade", "the ring has stopped"),
    ("alert-path-dead", {}, "the alert path", "alerts reach nobody", "alerts are delivered again"),
    ("exporter-silent", {"collector": "pool"}, "the exporter pool", "pool is silent", "pool answers again"),
    ("exporter-silent", {"collector": "pool", "how": "frozen"}, "the exporter pool", "pool is frozen", "pool answers again"),
    ("detector-stopped", {}, "the detector MS1", "MS1 stopped", "MS1 runs again"),
    ("key-used-off-hours", {"person": "bruno"}, "the API key of bruno", "the key of bruno is used", "the key of bruno is its owner's again"),
    ("log-tamper", {"journal": "iam"}, "the journal iam", "iam has no line to take out", "the line stays gone"),
    ("bulletin-about-us", {"agent": "trader-1"}, "the bulletin about trader-1", "bundle--", "the bulletin stands"),
    ("bulletin-about-us", {"component": "geth"}, "the bulletin about geth", "bundle--", "the bulletin stands"),
    ("scan-finding-ignored", {}, "the critical scan finding in keeper", "SCAN-001 is critical", "SCAN-001 is fixed"),
    ("ticket-flood", {"count": 5}, "the help desk", "5 tickets about redemption-late", "the flood is over"),
]  # fmt: skip


@pytest.mark.parametrize(("kind", "params", "place", "says", "ends"), ROWS)
def test_a_fault_says_what_it_does(
    *, kind: str, params: dict[str, Any], place: str, says: str, ends: str, world: Stage
) -> None:
    fault, held = made(kind, **params), surfaces(world)
    fault.check(held)
    assert fault.place() == place
    assert fault.begin(held).startswith(says)
    assert fault.end(held).startswith(ends)


def test_every_kind_of_these_families_has_a_row() -> None:
    here = {kind for kind, family in kinds().items() if family.__module__ in FAMILIES}
    assert here == {row[0] for row in ROWS} | {"rogue-grant"}  # which has a world of its own


@pytest.mark.parametrize(
    ("kind", "params", "message"),
    [
        ("allowlist-not-revoked", {"holder": "nobody"}, "no person is called 'nobody'"),
        ("leaver-not-revoked", {"person": "amaro"}, "did you mean 'amara'"),
        ("drain", {"victim": "trader-99"}, "no agent is called 'trader-99'"),
        ("key-used-off-hours", {"person": "nobody"}, "no API key is called 'key-nobody'"),
        ("bulletin-about-us", {}, "about nothing"),
        ("bulletin-about-us", {"agent": "x"}, "no agent is called 'x'"),
        ("ticket-flood", {"topic": "weather"}, "no topic is called 'weather'"),
    ],
)
def test_what_is_not_there_is_refused_at_the_start(
    *, kind: str, params: dict[str, Any], message: str, world: Stage
) -> None:
    with pytest.raises(UsageError, match=message):
        made(kind, **params).check(surfaces(world))


@pytest.mark.parametrize(
    ("kind", "params"),
    [
        ("exporter-silent", {"collector": "poool"}),
        ("log-tamper", {"back": 0}),
        ("drain", {"victim": "a", "every": 3}),
        ("rogue-grant", {"role": "minter"}),
        ("ticket-flood", {"count": 0}),
    ],
)
def test_parameters_that_make_no_sense_are_refused(kind: str, params: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        made(kind, **params)


@pytest.mark.parametrize(("kind", "params"), [("rogue-grant", {"role": "paus"})])
def test_a_role_that_is_not_there_is_refused(kind: str, params: dict[str, Any]) -> None:
    with pytest.raises((UnknownName, ValidationError)):
        made(kind, **params)


def test_a_world_without_services_is_refused(world: Stage) -> None:
    held = surfaces(world)
    bare = Surfaces(sources=held.sources, demand=held.demand, agents=held.agents)
    with pytest.raises(UsageError, match="no services"):
        made("alert-path-dead").begin(bare)


def test_latent_faults_deploy_what_the_register_does_not_know() -> None:
    spec = DeploymentSpec()
    old = made("allowlist-not-revoked", role="arbiter").prepare(spec)
    assert [grant.account for grant in old.strays["arbiter"]] == [wallet_of("pavel")]
    both = made("rogue-grant").prepare(old)
    assert set(both.strays) == {"arbiter", "admin"}
    assert made("extra-canceller").prepare(spec).stray_cancellers == (
        account_of("former-guardian"),
    )
    rich = made("wash-ring").prepare(spec)
    assert {account_of("ring-a"), account_of("ring-b")} <= set(rich.balances)
    assert made("drain", victim="x").prepare(spec) is spec
    assert spec == DeploymentSpec()
