"""Security monitoring on paper: each thing that MS1 to MS5 can find, and what they cannot see."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from paper_desk import NOW, log_of
from paper_security import Paper, account, both, key, person, role

from twin.desk.port import Simulation
from twin.desk.port.identities import Quorum
from twin.desk.steps import Finding
from twin.errors import NoData
from twin.procedures.monitoring.anomalies import RATES, flows, round_trips
from twin.procedures.monitoring.security import (
    Access,
    Anomalies,
    SecurityEvents,
    access_control,
    anomalies,
    security_events,
)

PAUSER, STRANGER = account(50), account(99)


def wrong(finding: Finding) -> dict[str, int]:
    return {name: count for name, count in finding.problems.items() if count}


# -- MS1 ----------------------------------------------------------------------------------------


def granted(paper: Paper, who: bytes = STRANGER, *, block: int = 290, delay: int = 0) -> None:
    paper.happened("Authority", "RoleGranted", block=block, roleId=role("pauser"), account=who,
                   delay=delay, since=0, newMember=True)  # fmt: skip


def scheduled(paper: Paper, who: bytes) -> None:
    paper.happened("Authority", "OperationScheduled", operationId=b"\x01" * 32, nonce=1,
                   schedule=NOW + 600, caller=who, target=account(1), data=b"")  # fmt: skip


def moved(paper: Paper, amount: int, source: int = 90, target: int = 91, age: int = 300) -> None:
    args: dict[str, Any] = {"from": account(source), "to": account(target), "value": amount}
    paper.happened("StableAsset", "Transfer", age=age, **args)


def executed(paper: Paper, *, queued: int | None) -> None:
    about: dict[str, Any] = {"id": b"\x07" * 32, "index": 0, "target": account(1), "data": b""}
    if queued is not None:
        paper.happened("FictraTimelock", "CallScheduled", age=queued, delay=0, **about)
    paper.happened("FictraTimelock", "CallExecuted", age=100, **about)


EVENTS: dict[str, tuple[Callable[[Paper], object], dict[str, int]]] = {
    "a quiet day": (lambda _paper: None, {}),
    "a grant outside the register": (granted, {"grant": 1}),
    "a grant of the register": (lambda paper: granted(paper, PAUSER), {}),
    "a grant at the genesis": (lambda paper: granted(paper, block=0), {}),
    "a grant that was taken back": (
        both(granted, lambda paper: paper.happened(
            "Authority", "RoleRevoked", roleId=role("pauser"), account=STRANGER)), {}),
    "a grant that governance executed": (
        both(granted, lambda paper: executed(paper, queued=90_000)), {}),
    "a registered holder who lost the role": (
        lambda paper: paper.happened("Authority", "RoleRevoked", roleId=role("pauser"),
                                     account=PAUSER), {"revoke": 1}),
    "a role of the timelock": (
        lambda paper: paper.happened("FictraTimelock", "RoleGranted", role=b"\x01" * 32,
                                     account=STRANGER, sender=STRANGER), {"grant": 1}),
    "a function given to another role": (
        lambda paper: paper.happened("Authority", "TargetFunctionRoleUpdated", target=account(1),
                                     selector=b"\x01\x02\x03\x04", roleId=7), {"control": 1}),
    "a new owner": (
        lambda paper: paper.happened("StableAsset", "OwnershipTransferred",
                                     previousOwner=account(1), newOwner=STRANGER), {"control": 1}),
    "an operation of a holder": (lambda paper: scheduled(paper, account(52)), {}),
    "an operation of a stranger": (lambda paper: scheduled(paper, STRANGER), {"operation": 1}),
    "an operation that was cancelled": (
        lambda paper: paper.happened("Authority", "OperationCanceled", operationId=b"\x01" * 32,
                                     nonce=1), {"cancel": 1}),
    "an execution after the delay": (lambda paper: executed(paper, queued=90_000), {}),
    "an execution before the delay": (lambda paper: executed(paper, queued=3_600), {"hasty": 1}),
    "an execution of what nobody queued": (lambda paper: executed(paper, queued=None), {"hasty": 1}),
    "a brake without an incident": (
        lambda paper: paper.happened("LiquidityPool", "Paused", account=PAUSER), {"pause": 1}),
    "a brake by a stranger": (
        lambda paper: paper.happened("LiquidityPool", "Paused", account=STRANGER), {"pause": 1}),
    "a transfer of more than usual": (lambda paper: moved(paper, 20_001), {"transfer": 1}),
    "a transfer as usual": (lambda paper: moved(paper, 20_000), {}),
    "a large deposit with the pool": (lambda paper: moved(paper, 900_000, target=5), {}),
    "a large transfer of yesterday": (lambda paper: moved(paper, 900_000, age=86_400), {}),
}  # fmt: skip


@pytest.mark.parametrize(("happen", "items"), EVENTS.values(), ids=EVENTS.keys())
def test_events_are_explained_or_found(
    happen: Callable[[Paper], object], items: dict[str, int]
) -> None:
    paper = Paper()
    happen(paper)
    finding = security_events(paper.desk, SecurityEvents())
    assert wrong(finding) == items
    assert finding.verdict == ("finding" if items else "ok")


def test_a_brake_within_an_incident_is_explained_by_it() -> None:
    paper = Paper()
    item = paper.desk.store.create(NOW - 900, summary="x", severity="P1", family="pool", alerts=[])
    paper.happened("LiquidityPool", "Paused", account=PAUSER)
    finding = security_events(paper.desk, SecurityEvents())
    assert wrong(finding) == {}
    assert [event["why"] for event in finding.data["events"]] == [f"in {item.id}"]


def test_a_stream_that_stands_still_is_a_problem() -> None:
    paper = Paper()
    view = paper.desk.at()
    paper.desk.at = lambda block=None: _late(view)  # type: ignore[method-assign]
    assert wrong(security_events(paper.desk, SecurityEvents())) == {"stalled": 1}


def _late(view: Any) -> Any:
    view.timestamp = NOW - 181
    return view


# -- MS2 ----------------------------------------------------------------------------------------


def rates(paper: Paper, value: float = 20.0, samples: int = 100) -> Paper:
    for _name, measure, _floor in RATES:
        paper.says(measure, value)
        window = f"({measure})[7d:1h] offset 1h"
        paper.says(f"count_over_time({window})", samples)
        for share, usual in (("0.25", 15.0), ("0.5", 20.0), ("0.75", 25.0)):
            paper.says(f"quantile_over_time({share}, {window})", usual)
    return paper


def test_an_ordinary_hour_and_a_wild_one() -> None:
    assert wrong(anomalies(rates(Paper()).desk, Anomalies())) == {}
    wild = anomalies(rates(Paper(), 200.0).desk, Anomalies())
    assert wild.data["wild"] == ["swaps", "reverts"], "volume and transactions have wider floors"
    assert wild.data["rates"]["swaps"]["score_tenths"] == 150
    assert wrong(anomalies(rates(Paper(), 200.0, samples=23).desk, Anomalies())) == {}, "too early"


def test_a_rate_without_a_value_is_no_data() -> None:
    with pytest.raises(NoData, match="4 of 4 rates"):
        anomalies(Paper().desk, Anomalies())


def drip(paper: Paper, *amounts: int, target: int = 91) -> Paper:
    for number, amount in enumerate(amounts):
        moved(paper, amount * 10**6, target=target, age=3000 - number)
    return rates(paper)


@pytest.mark.parametrize(
    ("amounts", "items"),
    [
        ((20_000,), {"drain": 1}), ((19_999,), {}), ((10_000, 10_000), {"drain": 1}),
        ((1250, 1250, 1250, 1250), {"leak": 1}), ((1250, 1250, 1250, 1249), {}),
        ((2000, 2000, 2000), {}),
    ],
)  # fmt: skip
def test_what_leaves_for_one_who_only_receives(
    amounts: tuple[int, ...], items: dict[str, int]
) -> None:
    assert wrong(anomalies(drip(Paper(), *amounts).desk, Anomalies())) == items


def transfer(source: int, target: int, value: int = 5) -> Any:
    args: dict[str, Any] = {"from": account(source), "to": account(target), "value": value}
    return log_of("PaymentToken", "Transfer", **args)


@pytest.mark.parametrize(
    ("moves", "silent"),
    [
        ([(90, 91)], [91]), ([(90, 91), (91, 92)], [92]), ([(90, 91), (91, 1)], []),
        ([(90, 91), (1, 91)], []), ([(90, 1)], []), ([(1, 91)], []),
        ([(90, 91), (89, 91)], [91, 91]),
    ],
)  # fmt: skip
def test_a_till_is_no_thief(moves: list[tuple[int, int]], silent: list[int]) -> None:
    found = flows("PT", [transfer(*move) for move in moves], ours=frozenset({account(1)}))
    assert [flow.recipient for flow in found] == [account(number) for number in silent]


def swap(who: int, *, sell: bool, given: int, got: int, age: int) -> Any:
    coin = account(1 if sell else 2)
    return log_of("LiquidityPool", "Swapped", age=age, sender=account(who), tokenIn=coin,
                  amountIn=given, amountOut=got, fee=0, to=account(who))  # fmt: skip


@pytest.mark.parametrize(
    ("second", "pairs"),
    [
        (swap(91, sell=False, given=99, got=99, age=900), [(90, 91)]),
        (swap(90, sell=False, given=99, got=99, age=900), [(90, 90)]),
        (swap(91, sell=True, given=99, got=99, age=900), []),
        (swap(91, sell=False, given=50, got=50, age=900), []),
        (swap(91, sell=False, given=99, got=99, age=399), []),
    ],
)
def test_what_undoes_a_swap(second: Any, pairs: list[tuple[int, int]]) -> None:
    first = swap(90, sell=True, given=100, got=99, age=1000)
    found = round_trips([first, second], within=600, tolerance_ppm=20_000)
    assert list(found) == [(account(one), account(two)) for one, two in pairs]


def test_a_ring_is_found_from_its_eighth_trip_on() -> None:
    for trips, items in ((7, {}), (8, {"wash": 1})):
        paper = rates(Paper())
        paper.desk.logs["LiquidityPool", "Swapped"] = [
            swap(90 + side, sell=not side, given=100, got=100, age=9000 - 700 * trip - 30 * side)
            for trip in range(trips) for side in (0, 1)
        ]  # fmt: skip
        assert wrong(anomalies(paper.desk, Anomalies())) == items


# -- MS3 ----------------------------------------------------------------------------------------


class Obedient:
    """A fork on which every role can be taken away, but those in *stubborn*."""

    def __init__(self, stubborn: tuple[bytes, ...] = ()) -> None:
        self.stubborn, self.log = stubborn, list[tuple[int, bytes]]()

    def fork(self, purpose: str) -> Obedient:
        assert purpose == "MS3"
        return self

    def call(self, sender: bytes, contract: str, function: str, args: Any) -> Simulation:
        assert (contract, function) == ("Authority", "revokeRole")
        self.log.append(args)
        return Simulation(success=True, gas_used=1, reason="")

    def read(self, contract: str, function: str, *args: Any) -> Any:
        return args[1] in self.stubborn, 0


def accessible(paper: Paper, *, stubborn: tuple[bytes, ...] = ()) -> Paper:
    """Give every registered holder its role on chain, and the timelock its own."""
    held = {(role("pauser"), account(50)): 0, (role("unpauser"), account(51)): 0,
            (role("oracle_admin"), account(52)): 600}  # fmt: skip
    for (number, who), delay in held.items():
        paper.happened("Authority", "RoleGranted", block=0, roleId=number, account=who, delay=delay,
                       since=0, newMember=True)  # fmt: skip
    answers = paper.desk.answers
    answers["Authority", "hasRole"] = lambda number, who: (
        (True, held[number, who]) if (number, who) in held else (who == STRANGER, 0)
    )
    for n, name in enumerate(("PROPOSER", "CANCELLER", "EXECUTOR", "DEFAULT_ADMIN"), 1):
        answers["FictraTimelock", f"{name}_ROLE"] = bytes([n]) * 32
    answers["FictraTimelock", "hasRole"] = True
    governor = paper.desk.addresses["FictraGovernor"]
    for n in (1, 2):
        paper.happened("FictraTimelock", "RoleGranted", block=0, role=bytes([n]) * 32,
                       account=governor, sender=STRANGER)  # fmt: skip
    paper.desk.lab = Obedient(stubborn)
    return paper


def lost(paper: Paper) -> None:
    paper.desk.answers["Authority", "hasRole"] = (False, 0)


def hasty(paper: Paper) -> None:
    paper.desk.answers["Authority", "hasRole"] = (True, 0)


ACCESS: dict[str, tuple[Callable[[Paper], object], dict[str, int]]] = {
    "as approved": (lambda _paper: None, {}),
    "a role too many": (granted, {"role": 1}),
    "roles that are gone": (lost, {"lost": 3}),
    "a delay that is gone": (hasty, {"delay": 1}),
    "an extra canceller": (
        lambda paper: paper.happened("FictraTimelock", "RoleGranted", block=0, role=b"\x02" * 32,
                                     account=STRANGER, sender=STRANGER), {"timelock": 1}),
    "a person too many": (lambda paper: paper.iam.staff.append(person("chen")), {"person": 1}),
    "no second factor": (
        lambda paper: paper.iam.staff.__setitem__(0, person("amara", mfa=False)), {"mfa": 1}),
    "a leaver with a key and a seat": (
        lambda paper: paper.iam.staff.__setitem__(0, person("amara", status="left", left=NOW - 9)),
        {"leaver": 2}),
    "a key too many": (lambda paper: paper.iam.made.append(key("ci")), {"key": 1}),
    "a revoked key too many": (lambda paper: paper.iam.made.append(key("ci", revoked=True)), {}),
    "a wider key": (
        lambda paper: paper.iam.made.__setitem__(0, key("amara", scopes=("console", "trade"))),
        {"scope": 1}),
    "a smaller quorum": (
        lambda paper: paper.iam.signing.__setitem__(0, Quorum("pauser", 1, ("amara", "bruno"))),
        {"quorum": 1}),
    "a wallet too many": (
        lambda paper: paper.iam.signing.append(Quorum("vault", 1, ("amara",))), {"quorum": 1}),
}  # fmt: skip


@pytest.mark.parametrize(("happen", "items"), ACCESS.values(), ids=ACCESS.keys())
def test_access_is_held_against_the_register(
    happen: Callable[[Paper], object], items: dict[str, int]
) -> None:
    paper = accessible(Paper())
    happen(paper)
    finding = access_control(paper.desk, Access())
    assert wrong(finding) == items
    assert len(finding.data["recertified"]) >= 3


def test_a_role_that_cannot_be_taken_away_is_found() -> None:
    paper = accessible(Paper(), stubborn=(account(51),))
    finding = access_control(paper.desk, Access())
    assert wrong(finding) == {"revoke": 1}
    assert [item["role"] for item in finding.data["differences"]] == ["unpauser"]
    assert wrong(access_control(paper.desk, Access(revoke_test=False))) == {}


def test_who_left_is_named_beside_the_role_that_they_kept() -> None:
    paper = accessible(Paper())
    granted(paper)
    paper.iam.staff.append(person("pavel", account=STRANGER, status="left", left=NOW - 9))
    (item,) = access_control(paper.desk, Access()).data["differences"]
    assert (item["who"], item["role"]) == ("pavel (left)", "pauser")
