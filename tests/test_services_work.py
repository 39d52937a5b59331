"""The services of the desk: journals and their envelope, the alert path, tickets, scans, bulletins."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from paper_desk import alarm
from small_network import ANN, BEN, START, Network

from twin.clock import DAY, HOUR, Clock
from twin.desk.port.identities import Hours
from twin.desk.port.journals import ROOT, digest
from twin.desk.records import Records
from twin.desk.steps import Finding
from twin.errors import NoData, UnknownName
from twin.scenario.services_work import (
    BulletinsSpec,
    IdentitiesSpec,
    JournalsSpec,
    ScansSpec,
    TicketsSpec,
)
from twin.scenario.team import TeamSpec
from twin.services.bulletins import BulletinClient, ThreatFeed
from twin.services.exporters import Exporters
from twin.services.identities import Iam, IamClient
from twin.services.journals import JournalClient, Journals
from twin.services.pager import AlertPath, PagerClient
from twin.services.scans import ScanClient, Scanner
from twin.services.tickets import HelpDesk, TicketClient

TEAM = TeamSpec.model_validate(
    {
        "people": [
            {"name": "amara", "roles": ["security"], "ack_median": 60, "ack_p95": 60,
             "shift": {"timezone": "Europe/Zurich", "start": "08:00", "end": "18:00"}},
            {"name": "bruno", "roles": ["operator"], "ack_median": 60, "ack_p95": 60,
             "shift": {"timezone": "UTC", "start": "22:00", "end": "06:00"}},
        ],
        "authorities": {"pauser": {"signers": ["amara", "bruno"], "threshold": 2}},
    }
)  # fmt: skip


def chance(seed: int = 1) -> np.random.Generator:
    return np.random.Generator(np.random.PCG64(seed))


def iam(clock: Clock) -> Iam:
    return Iam(IdentitiesSpec(), TEAM, clock)


class Files:
    """Journals on a clock, with the records against which the envelope is opened."""

    def __init__(self, **spec: float) -> None:
        self.clock, self.records = Clock(START), Records()
        self.iam = iam(self.clock)
        self.journals = Journals(
            JournalsSpec(**spec), self.clock, iam=self.iam, reviews=self.records, chance=chance()
        )
        self.client = JournalClient(self.journals)

    def live(self, seconds: int) -> Files:
        self.clock.spawn(self.journals.live())
        self.clock.run(START + seconds)
        return self

    def review(self, since: int, until: int, flagged: list[Any] | None = None) -> str:
        data = {"since": since, "until": until, "flagged": flagged or []}
        return self.records.file("RD2", until, Finding("done", "a review", data))[0]


def test_a_journal_is_a_chain_that_an_outsider_can_check() -> None:
    files = Files().live(DAY)
    for name in files.client.names():
        previous, number = ROOT, 0
        for line in files.client.lines(name, since=0, until=START + DAY):
            assert (line.number, line.previous, line.hash) == (number + 1, previous, digest(line))
            previous, number = line.hash, line.number
        assert files.client.size(name) == number
    assert files.client.size("access") > 50
    assert files.client.line("access", 0) is None
    assert files.client.line("access", 10**6) is None
    with pytest.raises(UnknownName, match="no journal is called 'acces'"):
        files.client.size("acces")


def test_ordinary_lines_are_of_people_at_work_and_of_machines() -> None:
    files = Files(canaries_per_day=0).live(3 * DAY)
    people = {item.name: item for item in files.iam.people.values()}
    lines = [line for name in files.client.names()
             for line in files.client.lines(name, since=0, until=START + 3 * DAY)]  # fmt: skip
    assert {line.actor for line in lines} >= {"amara", "bruno", "prometheus"}
    for line in lines:
        if line.actor in people:
            hours = people[line.actor].hours
            assert hours is not None
            assert hours.cover(line.at)
            assert line.source == people[line.actor].network


def test_the_envelope_stays_closed_until_a_review_is_filed() -> None:
    files = Files(canaries_per_day=24).live(DAY)
    with pytest.raises(NoData, match="no review was filed as RD2-00001"):
        files.client.envelope("RD2-00001")
    files.records.file("RD2", START + DAY, Finding("done", "not a review", {"x": 1}))
    with pytest.raises(NoData, match="it is no review"):
        files.client.envelope("RD2-00001")
    ref = files.review(START, START + DAY)
    planted = files.client.envelope(ref).planted
    assert len(planted) > 10
    for name, number in planted:
        line = files.client.line(name, number)
        assert line is not None
        assert START <= line.at < START + DAY
    assert files.client.envelope(ref).planted == planted, "the same review may ask again"


def test_whoever_has_looked_files_no_second_review_of_the_same_time() -> None:
    files = Files().live(DAY)
    files.client.envelope(files.review(START, START + DAY))
    again = files.review(START + HOUR, START + DAY)
    with pytest.raises(NoData, match="was opened for RD2-00001"):
        files.client.envelope(again)
    files.client.envelope(files.review(START + DAY, START + 2 * DAY))


@pytest.mark.parametrize("rewrite", [False, True])
def test_tampering_shows_in_the_chain_or_beside_the_anchors(*, rewrite: bool) -> None:
    files = Files(lines_per_hour=10.0, canaries_per_day=0).live(DAY)
    before = files.client.size("access")
    said = files.journals.tamper("access", back=30, rewrite=rewrite)
    assert said == f"access lost line {before - 30}"
    lines = files.client.lines("access", since=0, until=START + DAY)
    good = [line for number, line in enumerate(lines, 1)
            if line.number == number and digest(line) == line.hash]  # fmt: skip
    assert (len(good) == before - 1) is rewrite
    anchors = files.client.anchors("access", since=0)
    off = [item for item in anchors
           if (line := files.client.line("access", item.size)) is None or line.hash != item.hash]  # fmt: skip
    assert off
    assert off[0].size >= before - 30 - 20
    assert files.journals.tamper("iam", back=10**6, rewrite=False) == "iam has no line to take out"


# -- identities ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("start", "end", "minute", "inside"),
    [(480, 1080, 480, True), (480, 1080, 1079, True), (480, 1080, 1080, False),
     (1320, 360, 1350, True), (1320, 360, 100, True), (1320, 360, 400, False)],
)  # fmt: skip
def test_hours_cover(*, start: int, end: int, minute: int, inside: bool) -> None:
    days = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
    midnight = START // DAY * DAY
    assert Hours("UTC", days, start, end).cover(midnight + 60 * minute) is inside


def test_the_export_is_what_was_approved_until_something_happens() -> None:
    made = iam(Clock(START))
    client = IamClient(made)
    approved = made.approved()
    assert approved["access.people"] == ("amara", "bruno", "meridian-support", "chain-analytics")
    assert approved["access.quorum.pauser"] == (2, ("amara", "bruno"))
    keys = {key.id: key for key in client.api_keys()}
    assert {key for key, _owner, _scopes in approved["access.keys"]} == {
        name for name, key in keys.items() if not key.revoked
    }
    assert keys["key-pavel"].revoked
    made.unrevoke("pavel")
    made.leave("amara", START + 1)
    made.own("pauser", ("amara",))
    made.use("key-bruno", START + 2)
    after = {key.id: key for key in client.api_keys()}
    assert not after["key-pavel"].revoked
    assert after["key-bruno"].last_used == START + 2
    status = {item.name: (item.status, item.left) for item in client.people()}
    assert status["amara"] == ("left", START + 1)
    assert client.quorums()[0].owners == ("amara",)
    for wrong in (lambda: made.use("key-x", 1), lambda: made.leave("x", 1),
                  lambda: made.unrevoke("x"), lambda: made.own("x", ())):  # fmt: skip
        with pytest.raises(UnknownName):
            wrong()


# -- the alert path -----------------------------------------------------------------------------


def test_a_cut_path_keeps_alerts_and_loses_drills() -> None:
    files, log = Files(), list[str]()
    path = AlertPath(files.clock, files.journals)
    path.receive = lambda told: log.extend(alert.rule for alert in told.news)
    client = PagerClient(path)
    path.deliver(SimpleNamespace(news=[alarm("One")]))
    path.cut()
    path.deliver(SimpleNamespace(news=[alarm("Two")]))
    key = client.drill("morning")
    assert log == ["One"]
    assert key not in [item.alert for item in client.deliveries(since=0)]
    path.mend()
    assert log == ["One", "Two"]
    assert client.drill("evening") in [item.alert for item in client.deliveries(since=0)]
    assert log == ["One", "Two"], "a drill rings no phone"
    assert files.client.size("alerts") == 3


def test_exporters_are_up_silent_or_frozen() -> None:
    made = Exporters()
    assert (made.state("pool"), made.runs("MS1")) == ("up", True)
    made.silent.add("pool")
    made.frozen.add("chain")
    made.stopped.add("MS1")
    assert [made.state(name) for name in ("pool", "chain")] == ["silent", "frozen"]
    assert not made.runs("MS1")


# -- scans and bulletins ------------------------------------------------------------------------


def test_a_scan_is_made_every_night_and_findings_age() -> None:
    clock = Clock(START)
    scanner = Scanner(ScansSpec(findings_per_week=0), clock, chance=chance())
    client = ScanClient(scanner)
    with pytest.raises(NoData, match="no scan has been made"):
        client.latest()
    clock.spawn(scanner.live())
    clock.run(START + 1)
    assert client.latest().findings == ()
    scanner.add("high", "keeper", "a hole", fixed=START + 2 * DAY)
    name = scanner.add("low", "docs", "a typo", fixed=None)
    clock.run(START + DAY + 1)
    assert [item.severity for item in client.latest().findings] == ["high", "low"]
    clock.run(START + 3 * DAY + 1)
    assert [(item.id, item.first_seen) for item in client.latest().findings] == [(name, START + 1)]
    scanner.fix(name)
    clock.run(START + 4 * DAY + 1)
    assert client.latest().findings == ()


def test_an_ordinary_year_of_scans_has_nothing_critical() -> None:
    clock = Clock(START)
    scanner = Scanner(ScansSpec(), clock, chance=chance())
    clock.spawn(scanner.live())
    seen = set()
    for day in range(1, 200):
        clock.run(START + day * DAY)
        assert scanner.report is not None
        for item in scanner.report.findings:
            seen.add(item.severity)
            assert clock.now - item.first_seen <= 7 * DAY
    assert seen == {"low", "medium"}


def test_bulletins_are_stix_and_about_others() -> None:
    clock = Clock(START)
    feed = ThreatFeed(BulletinsSpec(per_week=20.0), clock, chance=chance())
    client = BulletinClient(feed)
    clock.spawn(feed.live())
    clock.run(START + 14 * DAY)
    found = client.since(0)
    assert 20 < len(found) < 60
    kinds = {item["type"] for bulletin in found for item in bulletin.objects}
    assert kinds == {"indicator", "vulnerability", "report"}
    for bulletin in found:
        for item in bulletin.objects:
            assert item["spec_version"] == "2.1"
            assert str(item["id"]).startswith(f"{item['type']}--")
    assert client.since(found[5].published)[0] == found[5]
    silent = ThreatFeed(BulletinsSpec(per_week=0), Clock(START), chance=chance())
    assert list(silent.live()) == []


# -- tickets ------------------------------------------------------------------------------------


class Users:
    """A help desk over a small network whose users always complain, and at once."""

    def __init__(self, **spec: Any) -> None:
        self.network = Network()
        about = {"noise_per_day": 0, "complains": 1.0, "patience_minutes": 1, **spec}
        self.desk = HelpDesk(
            TicketsSpec.model_validate(about), self.network.clock, chain=self.network.chain,
            deployment=self.network.deployment, users={"ann": ANN, "ben": BEN}, chance=chance(),
        )  # fmt: skip
        self.client = TicketClient(self.desk)

    def topics(self) -> list[tuple[str, str]]:
        return [(item.user, item.topic) for item in self.client.since(0)]


def test_users_write_about_what_happened_to_them() -> None:
    users = Users()
    users.network.send(ANN, "PaymentToken", "transfer", BEN, 10**30)
    users.network.run(1800)
    assert users.topics() == [("ann", "transaction-failed")]
    compliance = users.network.deployment.roles["compliance"].account
    users.network.send(compliance, "PaymentToken", "freeze", BEN)
    users.network.run(1800)
    assert users.topics()[-1] == ("ben", "account-frozen")
    users.desk.harm("ann", "funds-missing", certain=True)
    users.network.run(1800)
    assert users.topics()[-1] == ("ann", "funds-missing")
    assert [item.id for item in users.client.since(0)] == ["TK-00001", "TK-00002", "TK-00003"]


def test_a_pool_that_stands_makes_users_write_and_a_patient_one_bears_it() -> None:
    users = Users()
    users.network.clock.spawn(users.desk.live())
    pauser = users.network.deployment.roles["pauser"].account
    users.network.run(2 * HOUR)
    assert users.topics() == []
    users.network.send(pauser, "LiquidityPool", "pause")
    users.network.run(5 * HOUR)
    assert {topic for _user, topic in users.topics()} == {"cannot-trade"}
    patient = Users(complains=0)
    patient.network.send(ANN, "PaymentToken", "transfer", BEN, 10**30)
    patient.network.run(1800)
    assert patient.topics() == []


def test_a_flood_comes_within_the_hour_and_since_finds_its_place() -> None:
    users = Users()
    users.desk.flood(50, "redemption-late")
    users.network.run(HOUR + 1)
    tickets = users.client.since(0)
    assert len(tickets) == 50
    assert sorted(tickets, key=lambda item: item.opened) == tickets
    middle = tickets[25].opened
    assert users.client.since(middle) == [item for item in tickets if item.opened >= middle]
    assert replace(tickets[0], id="") != tickets[0]
