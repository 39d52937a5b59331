"""Worlds in which each sealed fault is found by the procedure that is there for it."""

from __future__ import annotations

import pytest
from security_lab import attacked_world, data, fault, found, set_out
from world_lab import HOUR, MINUTE, Stage

from twin.protocol.roles import account_of

LIMITS = {"critical": 0, "high": 7, "medium": 30, "low": 90}


@pytest.fixture(scope="module")
def quiet() -> Stage:
    return attacked_world()


@pytest.fixture(scope="module")
def robbed() -> Stage:
    return attacked_world(
        fault("grant", "rogue-grant", "3h", role="pauser"),
        fault("canceller", "extra-canceller", "0h"),
        fault("raid", "drain", "8h", victim="trader-1", amount=25_000, every="20h"),
        fault("drip", "drain", "10h", victim="trader-2", amount=1_500, every="1h",
              token="PaymentToken"),
        fault("ring", "ring-swaps", "20h"),
    )  # fmt: skip


@pytest.fixture(scope="module")
def blinded() -> Stage:
    return attacked_world(
        fault("stuck", "exporter-silent", "2h", collector="pool", how="frozen"),
        fault("stolen", "key-used-off-hours", "1h", "3h", person="bruno"),
        fault("gap", "log-tamper", "3h"),
        fault("news", "bulletin-about-us", "7h", agent="trader-3"),
        fault("hole", "scan-finding-ignored", "1h"),
        fault("crowd", "ticket-flood", "12h", count=120),
        hours=44,
        procedures={"MS4": {"max_days": LIMITS}},
    )


@pytest.fixture(scope="module")
def unheard() -> Stage:
    return attacked_world(
        fault("deaf", "alert-path-dead", "2h", "12h"),
        fault("gone", "leaver-not-revoked", "1h", person="bruno"),
        fault("asleep", "detector-stopped", "14h", procedure="MS1"),
        fault("kept", "allowlist-not-revoked", "0h"),
        fault("mute", "exporter-silent", "20h", collector="oracle"),
        fault("forged", "log-tamper", "15h", rewrite=True),
    )


WHO: dict[str, list[tuple[str, str, int, int]]] = {
    # world: procedure, item, earliest and latest hour at which it is found
    "robbed": [("MS1", "grant", 3, 4), ("MS3", "timelock", 5, 6), ("MS3", "role", 5, 6),
               ("MS2", "drain", 8, 10), ("MS2", "leak", 12, 15), ("MS2", "wash", 20, 22)],
    "blinded": [("RD1", "frozen", 4, 6), ("RD2", "lead", 6, 9), ("RD2", "tampered", 6, 9),
                ("MS5", "match", 7, 13), ("RD4", "flood", 12, 14), ("RD4", "promoted", 12, 14),
                ("RD3", "dashboard", 25, 26), ("MS4", "old-finding", 32, 44)],
    "unheard": [("RD1", "drill", 4, 6), ("MS3", "role", 5, 6), ("MS3", "leaver", 5, 6),
                ("RD1", "silent", 28, 30), ("RD1", "stopped", 28, 30), ("RD2", "tampered", 30, 33)],
}  # fmt: skip


@pytest.mark.parametrize(
    ("world", "procedure", "item", "first", "last"),
    [(world, *row) for world, rows in WHO.items() for row in rows],
)
def test_the_fault_is_found_in_time(
    *, world: str, procedure: str, item: str, first: int, last: int, request: pytest.FixtureRequest
) -> None:
    made: Stage = request.getfixturevalue(world)
    at = found(made, procedure, item)
    assert at is not None
    assert first * HOUR <= at <= last * HOUR


def test_nothing_is_found_where_nothing_is_wrong(quiet: Stage) -> None:
    rows = [(evidence.procedure, item)
            for evidence in quiet.world.desk.evidence.of()
            for item, count in evidence.problems.items()
            if count and evidence.procedure[:2] in {"MS", "RD"}]  # fmt: skip
    assert rows == []
    ran = {evidence.procedure for evidence in quiet.world.desk.evidence.of()}
    assert {f"MS{n}" for n in range(1, 6)} | {f"RD{n}" for n in range(1, 6)} <= ran
    assert quiet.of("page") == []


def test_a_rogue_grant_pages_within_minutes(robbed: Stage) -> None:
    second, alert = robbed.of("alert", rule="UnregisteredPower", state="firing")[0]
    assert 3 * HOUR < second <= 3 * HOUR + 10 * MINUTE
    assert alert.severity == "P1"
    opened = [item for item in robbed.world.incidents.all() if item.family == "security"]
    assert opened[0].severity == "P1"
    (event,) = [item for item in data(robbed, "MS1", "grant")["events"] if item["item"] == "grant"]
    assert event["about"]["account"] == "0x" + account_of("intruder").hex()
    assert event["about"]["role"] == "pauser"


def test_the_forgotten_administrator_and_the_canceller_are_named(robbed: Stage) -> None:
    wrong = data(robbed, "MS3", "timelock")["differences"]
    named = {(item["item"], item["role"], item["account"]) for item in wrong}
    hexes = {name: "0x" + account_of(name).hex()
             for name in ("break-glass", "former-guardian", "intruder")}  # fmt: skip
    assert named == {
        ("role", "admin", hexes["break-glass"]),
        ("role", "pauser", hexes["intruder"]),
        ("timelock", "CANCELLER_ROLE", hexes["former-guardian"]),
    }


def test_the_thief_is_named_and_so_is_the_ring(robbed: Stage) -> None:
    thief = "0x" + account_of("thief").hex()
    (flow,) = data(robbed, "MS2", "drain")["drains"]
    assert (flow["recipient"], flow["count"]) == (thief, 1)
    leaks = data(robbed, "MS2", "leak")["leaks"]
    assert [(flow["sender"], flow["count"]) for flow in leaks] == [
        ("0x" + account_of("trader-2").hex(), 4)
    ]
    pairs = [set(item["accounts"]) for item in data(robbed, "MS2", "wash")["rings"]]
    assert {"0x" + account_of(name).hex() for name in ("ring-a", "ring-b")} in pairs


def test_a_user_is_heard_before_monitoring_sees_anything() -> None:
    """A drip below every limit, and a user who misses money: support makes it an incident."""
    made = attacked_world(
        fault("drip", "drain", "3h", victim="trader-1", amount=300, every="1h", noticed="1h"),
        hours=8,
    )
    assert found(made, "MS2", "leak") is None
    at = found(made, "RD4", "promoted")
    assert at is not None
    assert at < 6 * HOUR
    (incident,) = made.world.incidents.all()
    assert (incident.family, incident.severity) == ("security", "P1")
    assert "funds-missing" in incident.summary


def test_the_dead_path_is_an_incident_and_what_waited_comes_later(unheard: Stage) -> None:
    first = unheard.world.incidents.all()[0]
    assert (first.summary, first.family) == ("the alert path is dead", "monitoring")
    start = unheard.world.clock.start
    assert first.opened - start < 5 * HOUR
    pages = [second for second, event in unheard.of("page") if "sign" not in event.subject]
    fired = [second for second, _ in unheard.of("alert", rule="AccessDiffers", state="firing")]
    assert min(fired) < 12 * HOUR
    assert [second for second in pages if first.opened - start + HOUR < second < 12 * HOUR] == []
    assert [second for second in pages if 12 * HOUR <= second < 13 * HOUR]


def test_a_detector_that_stopped_shows(unheard: Stage) -> None:
    (second, _alert), *_ = unheard.of("alert", rule="SecurityDetectorStalled", state="firing")
    assert 14 * HOUR < second <= 14 * HOUR + 25 * MINUTE
    assert data(unheard, "RD1", "stopped")["misses"] == [
        "silent oracle", "frozen oracle WTI", "stopped detectors",
    ]  # fmt: skip


def test_the_review_is_filed_before_the_envelope_is_opened(blinded: Stage) -> None:
    steps = [event for _second, event in blinded.of("step", procedure="RD2") if event.run == 1]
    kinds = [event.action.split(":")[0] for event in steps]
    assert kinds[:4] == ["look", "work", "file", "look"]
    looks = [event.action for event in steps]
    assert looks[3] == "look: What was planted?"
    lead = data(blinded, "RD2", "lead")["leads"]
    assert list(lead) == ["bruno"]
    subjects = [item.summary for item in blinded.world.incidents.all()]
    assert any("bruno" in text for text in subjects)


def test_a_threat_becomes_a_ticket_with_a_date_and_is_late(blinded: Stage) -> None:
    (entry,) = [item for item in blinded.world.stores.entries("ticket")
                if item.data.get("about") == "threat"]  # fmt: skip
    assert entry.data["who"] in {"a trader on the pool", "a liquidity provider"}
    assert entry.due is not None
    assert entry.due == entry.data["published"] + 4 * HOUR
    assert found(blinded, "MS5", "late") is not None
    assert found(blinded, "RD5", "overdue") is not None


def test_an_old_finding_becomes_one_ticket(blinded: Stage) -> None:
    tickets = [item for item in blinded.world.stores.entries("ticket")
               if item.data.get("about") == "scan"]  # fmt: skip
    assert [item.data["key"] for item in tickets] == ["SCAN-001"]


def test_what_a_leaver_owned_is_found_by_the_meeting_and_gets_an_owner() -> None:
    made = set_out(fault("gone", "leaver-not-revoked", "1h", person="amara"), hours=12)
    store, start = made.world.stores, made.world.clock.start
    for owner, subject in (("amara", "raise the bond"), ("bruno", "call the bank"), ("", "nobody")):
        store.create("decision", start, subject=subject, owner=owner)
    made.run(12 * HOUR)
    assert found(made, "RD5", "lost") is not None
    minutes = data(made, "RD5", "lost")
    assert [(item["about"], item["why"]) for item in minutes["lost"]] == [
        ("DEC-001", "amara has left"), ("DEC-003", "it has no owner"),
    ]  # fmt: skip
    assert [store.get(name).owner for name in ("DEC-001", "DEC-002", "DEC-003")] == ["bruno"] * 3
    assert {"DEC-001", "DEC-002", "DEC-003"} <= set(minutes["carried"])
