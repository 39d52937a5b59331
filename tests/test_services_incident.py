"""Telephones, public channels and help from outside; their faults, and rules tried on series."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from paper_desk import NOW
from services_lab import fault
from small_network import Network
from team_lab import PEOPLE, TeamLab, person, procedure, quorum

from twin.catalog import on
from twin.chain.engines import make_engine
from twin.clock import HOUR, Clock
from twin.desk.lab import ChainLab
from twin.desk.notices import NoticeBoard
from twin.desk.port import Recorded
from twin.desk.steps import Case, Decide, Finding, Notify, Runbook, Work
from twin.desk.stores import Stores
from twin.errors import NoData, UnknownName, UsageError
from twin.faults.port import Surfaces
from twin.market.demand import Demand
from twin.monitoring.backtest import backtest
from twin.random import Streams
from twin.scenario.services_incident import three_responders
from twin.scenario.team import ShiftSpec, TeamSpec
from twin.services.oncall import OnCallClient, Switchboard
from twin.services.posts import PostClient, PublicChannels
from twin.services.responders import ResponderClient, ResponderPool


class Held:
    """The services that the faults of this module take hold of, in the place of all services."""

    def __init__(self, clock: Clock, team: TeamSpec) -> None:
        self.clock = clock
        self.oncall, self.posts = Switchboard(team, clock), PublicChannels(clock)
        self.responders = ResponderPool(three_responders(), clock, streams=Streams(1))


TEAM = TeamSpec(
    policy="playbook", people=PEOPLE, authorities={"pauser": quorum(2, "amara", "bruno")}
)


def surfaces(held: Held, *, stores: Stores | None = None) -> Surfaces:
    services: Any = held
    return Surfaces(
        sources={}, demand=Demand(held.clock), agents={}, services=services, stores=stores
    )


def wired(*procedures: Any) -> tuple[TeamLab, Held]:
    """Return a team whose telephone is the switchboard."""
    lab = TeamLab(*procedures)
    held = Held(lab.clock, TEAM)
    lab.roster.use(held.oncall)
    held.oncall.ring, held.oncall.on_shift = (
        lab.roster.ring,
        lambda name: lab.roster[name].on_shift(),
    )
    lab.desk.notices.on_publish(held.oncall.hear)
    return lab, held


# -- telephones ------------------------------------------------------------------------------------


def pages(held: Held) -> list[tuple[str, int | None, int | None]]:
    """Return who was paged, and after how many seconds it was delivered and answered."""
    return [
        (page.person, None if page.delivered is None else page.delivered - page.sent,
         None if page.answered is None else page.answered - page.sent)
        for page in OnCallClient(held.oncall).pages(since=0)
    ]  # fmt: skip


def test_a_page_has_a_receipt_and_a_name_nobody_has_rings_nowhere() -> None:
    lab, held = wired()
    for name in ("page:amara", "page:nobody", "market"):
        lab.desk.notices.publish(NOW, audience=name, subject="P1", text="come")
    lab.run(61)
    assert pages(held) == [("amara", 0, 60)]
    assert lab.log == [(0, "page amara"), (60, "ack amara")]


@pytest.mark.parametrize(
    ("kind", "params", "seen"),
    [
        ("pages-lost", {"people": ["amara"]}, [("amara", None, None), ("bruno", 0, 60)]),
        ("pages-lost", {}, [("amara", None, None), ("bruno", None, None)]),
        ("signers-unreachable", {}, [("amara", 0, None), ("bruno", 0, None)]),
        ("signers-unreachable", {"left": 1}, [("amara", 0, 60), ("bruno", 0, None)]),
    ],
)
def test_faults_of_reaching_people_show_in_the_receipts_and_let_go(
    kind: str, params: dict[str, Any], seen: list[tuple[str, int | None, int | None]]
) -> None:
    lab, held = wired()
    made = fault(kind, **params)
    made.check(surfaces(held))
    assert made.begin(surfaces(held))
    for name in ("page:amara", "page:bruno"):
        lab.desk.notices.publish(NOW, audience=name, subject="P1", text="come")
    lab.run(2 * HOUR)
    assert pages(held) == seen
    made.end(surfaces(held))
    lab.desk.notices.publish(lab.clock.now, audience="page:amara", subject="P1", text="come")
    lab.run(HOUR)
    assert pages(held)[-1] == ("amara", 0, 60)


def test_a_lost_page_is_a_lost_signature_too() -> None:
    lab, held = wired()
    fault("signers-unreachable", left=1).begin(surfaces(held))
    lab.spawn(lab.keys.collect("pauser", "pause"))
    lab.run(7 * HOUR)
    assert lab.results == [("amara", "chen")], "two of three: the third is away"


def test_the_rota_says_who_is_on_shift_now() -> None:
    night = person("nils", "operator", shift=ShiftSpec(start="00:00", end="00:01"))
    lab = TeamLab(people=(*PEOPLE, night))
    board = Switchboard(TeamSpec(people=(*PEOPLE, night)), lab.clock)
    board.on_shift = lambda name: lab.roster[name].on_shift()
    people = {one.name: one for one in OnCallClient(board).people()}
    assert (people["amara"].on_shift, people["nils"].on_shift) == (True, False)
    assert people["nils"].start == "00:00"


@pytest.mark.parametrize(
    ("kind", "params"),
    [("pages-lost", {"people": ["zoe"]}), ("signers-unreachable", {"authority": "crown"}),
     ("responder-silent", {"responder": "zoe"})],
)  # fmt: skip
def test_names_that_are_not_there_are_found_before_anything_happens(
    kind: str, params: dict[str, Any]
) -> None:
    with pytest.raises(UnknownName):
        fault(kind, **params).check(surfaces(Held(Clock(NOW), TEAM)))


# -- public channels and helpers -------------------------------------------------------------------


def public() -> tuple[Held, NoticeBoard, PostClient]:
    held, board = Held(Clock(NOW), TEAM), NoticeBoard()
    board.on_publish(held.posts.hear)
    return held, board, PostClient(held.posts)


def test_what_is_told_the_public_can_be_read_and_nothing_else() -> None:
    _held, board, reader = public()
    for audience in ("market", "users", "governance", "page:amara"):
        board.publish(NOW, audience=audience, subject=audience, text="x")
    assert [(post.author, post.subject) for post in reader.since(NOW)] == [
        ("fictra", "market"), ("fictra", "users"),
    ]  # fmt: skip
    assert reader.since(NOW + 1) == []


def test_a_silent_page_shows_nothing_until_it_is_mended() -> None:
    held, board, reader = public()
    made = fault("notices-silent")
    made.begin(surfaces(held))
    board.publish(NOW, audience="market", subject="lost", text="x")
    made.end(surfaces(held))
    board.publish(NOW, audience="market", subject="seen", text="x")
    assert [post.subject for post in reader.since(0)] == ["seen"]


@pytest.mark.parametrize(
    ("kind", "count", "staff"),
    [("notice-leak", 1, True), ("notice-wrong", 1, True), ("rumour", 5, False)],
)
def test_others_write_too(kind: str, count: int, *, staff: bool) -> None:
    held, _board, reader = public()
    made = fault(kind)
    made.begin(surfaces(held))
    made.end(surfaces(held))
    assert [post.staff for post in reader.since(0)] == [staff] * count


def test_helpers_answer_after_a_while_what_they_were_asked() -> None:
    held, board = Held(Clock(NOW), TEAM), NoticeBoard()
    board.on_publish(held.responders.hear)
    client = ResponderClient(held.responders)
    made = fault("responder-silent", responder="auditor")
    made.begin(surfaces(held))
    for name in ("emergency-channel", "auditor", "nobody"):
        board.publish(NOW, audience=f"responder:{name}", subject="INC-001", text="help")
    board.publish(NOW, audience="counsel", subject="no call", text="x")
    assert client.answers(since=0) == []
    held.clock.run(NOW + 24 * HOUR)
    (answer,) = client.answers(since=0)
    assert (answer.responder, answer.subject, answer.asked) == ("emergency-channel", "INC-001", NOW)
    made.end(surfaces(held))
    board.publish(held.clock.now, audience="responder:auditor", subject="INC-001", text="help")
    held.clock.run(NOW + 96 * HOUR)
    assert [item.responder for item in client.answers(since=0)] == ["emergency-channel", "auditor"]
    assert [one.kind for one in client.all()] == ["emergency", "auditor", "counsel"]


# -- stores ----------------------------------------------------------------------------------------


def test_actions_are_ticked_off_and_a_rule_is_proposed() -> None:
    held, stores = Held(Clock(NOW), TEAM), Stores()
    stores.create("action", NOW, subject="of a posture review")
    stores.create("action", NOW, subject="of an incident", data={"exercise": "sources-apart"})
    ticked, proposed = fault("action-closed-without-effect"), fault("rule-overfitted")
    for made in (ticked, proposed):
        made.check(surfaces(held, stores=stores))
        made.begin(surfaces(held, stores=stores))
        made.end(surfaces(held, stores=stores))
    assert [entry.state for entry in stores.entries("action")] == ["open", "closed"]
    (ticket,) = stores.entries("ticket")
    assert (ticket.state, "expression" in ticket.data) == ("proposed", True)


@pytest.mark.parametrize("kind", ["action-closed-without-effect", "rule-overfitted"])
def test_without_stores_there_is_nothing_to_take_hold_of(kind: str) -> None:
    with pytest.raises(UsageError, match="this world shows none"):
        fault(kind).check(surfaces(Held(Clock(NOW), TEAM)))


# -- unhurried work, stuck work --------------------------------------------------------------------


def paper(case: Case, settings: Any) -> Runbook:
    del case, settings
    yield Work("analyst", 60, "write it down")
    yield Notify("market", "done", "x")
    return Finding("done", "x")


@pytest.mark.parametrize(("unhurried", "paged"), [(True, 0), (False, 1)])
def test_what_is_unhurried_waits_for_a_shift_and_pages_nobody(
    *, unhurried: bool, paged: int
) -> None:
    made = replace(procedure("PAPER", paper), cadence=on("closed", unhurried=unhurried))
    night = ShiftSpec(start="23:00", end="24:00")  # it is 22:13 now
    lab = TeamLab(made, people=(person("amara", "operator", "analyst", shift=night),))
    lab.dispatcher.trigger("closed", Case("over"))
    lab.run(3 * HOUR)
    assert sum(said.startswith("page") for _at, said in lab.log) == paged
    ended = next(at for at, said in lab.log if said == "PAPER done")
    assert (ended > 2700) is unhurried


def test_what_is_stuck_is_not_started_by_an_event() -> None:
    lab = TeamLab(procedure("PAPER", paper, event="closed"))
    lab.dispatcher.suspended.add("PAPER")
    assert lab.dispatcher.trigger("closed", Case("over")) == []
    lab.dispatcher.suspended.clear()
    assert lab.dispatcher.trigger("closed", Case("over")) == ["PAPER"]
    assert Decide("analyst", "x?", ("a",), "a").effort == 60


# -- rules on series -------------------------------------------------------------------------------


def gap(*values: float) -> Recorded:
    return Recorded("gap", {"feed": "WTI"}, tuple((NOW + 60 * place, value)
                                                  for place, value in enumerate(values)))  # fmt: skip


@pytest.mark.parametrize(
    ("expression", "hold", "fired"),
    [
        ("gap > 2", 0, [120, 300]),
        ("gap > 2", 60, [180]),
        ("gap > 9", 0, []),
        ('gap{feed="GAS"} > 0', 0, []),
        ("abs(gap - gap offset 1m) > 2", 0, [120, 240]),
    ],
)
def test_a_rule_fires_on_series_as_it_would_have_in_the_world(
    expression: str, hold: int, fired: list[int]
) -> None:
    found = backtest(expression, hold, [gap(1, 1, 5, 5, 1, 3)])
    assert [at - NOW for at in found] == fired


@pytest.mark.parametrize(("expression", "series"), [("gap > 2", []), ("gap >", [gap(1)])])
def test_what_cannot_be_tried_is_no_data(expression: str, series: list[Recorded]) -> None:
    with pytest.raises(NoData):
        backtest(expression, 0, series)


def test_a_lab_without_a_rule_engine_says_so() -> None:
    network = Network()

    def engine() -> Any:
        return make_engine("pyevm", chain_id=1)

    lab = ChainLab(network.chain, network.deployment, engine)
    with pytest.raises(NoData, match="no rule engine"):
        lab.backtest("gap > 2", 0, [gap(1)])
    able = ChainLab(network.chain, network.deployment, engine, judge=backtest)
    assert able.backtest("gap > 2", 0, [gap(3)]) == [NOW]
