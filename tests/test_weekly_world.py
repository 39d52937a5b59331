"""The weekly procedures in small worlds: quiet ones, and ones in which something is wrong."""

from __future__ import annotations

from typing import Any

import pytest
from routine_lab import data_of, found, routine, verdicts
from world_lab import DAY, HOUR, NODES, fault

BACKUPS = "RW5"


def sealed(*faults: dict[str, Any]) -> dict[str, Any]:
    return {"faults": list(faults)}


def test_backups_of_a_quiet_world_restore_and_the_time_is_measured() -> None:
    stage = routine(BACKUPS, duration="4d").run(3 * DAY)
    (record,) = found(stage, BACKUPS)
    data = data_of(stage, record)
    assert (record.verdict, set(record.problems.values())) == ("ok", {0})
    assert data["rto"] > 900
    assert data["rpo"]["state"] == 6 * HOUR
    assert data["facts"]["state"]["accounts"] > 10
    assert "governance" in data["facts"]["keyshares"]["keys"]
    assert data["facts"]["evidence"]["files"] == 3


@pytest.mark.parametrize(
    ("harm", "item"),
    [
        (fault("x", "backup-corrupt", "30h", backup="state", how="bitrot"), "corrupt"),
        (fault("x", "backup-corrupt", "30h", backup="state", how="wrong-state"), "root"),
        (fault("x", "backup-corrupt", "30h", backup="state", how="incomplete"), "root"),
        (fault("x", "backup-corrupt", "30h", backup="deployment", how="incomplete"), "config"),
        (fault("x", "backup-corrupt", "30h", backup="keyshares", how="incomplete"), "keyshares"),
        (fault("x", "backup-stale", "1h", backup="evidence"), "missing"),
        (fault("x", "backup-stale", "3h", backup="state"), "stale"),
        (fault("x", "escrow-shares-lost", "3h", holders=3), "keyshares"),
    ],
)
def test_a_backup_that_would_not_help_is_found(harm: dict[str, Any], item: str) -> None:
    stage = routine(BACKUPS, duration="4d", sealed=sealed(harm)).run(3 * DAY)
    (record,) = found(stage, BACKUPS)
    assert record.verdict == "finding"
    assert record.problems[item] > 0
    fires = {event.rule for _, event in stage.of("alert", state="firing")}
    assert ({"BackupLate"} if item == "stale" else {"BackupUnusable"}) <= fires


def test_a_harmed_evidence_backup_breaks_the_chain() -> None:
    harm = fault("x", "backup-corrupt", "1h", backup="evidence", how="incomplete")
    stage = routine(BACKUPS, "ME2", duration="4d", sealed=sealed(harm)).run(3 * DAY)
    (record,) = found(stage, BACKUPS)
    assert record.problems["evidence"] > 0


def test_an_ordinary_week_has_no_trend() -> None:
    stage = routine("RW1", duration="8d", agents=NODES).run(7 * DAY + 9 * HOUR)
    assert verdicts(found(stage, "RW1")) == ["refused", "ok"]


def test_slow_degradation_is_found_and_proposed_as_a_change() -> None:
    creep = fault("creep", "slow-degradation", "1d", gas_a_day=1_500_000)
    slow = fault("slow", "latency-creep", "1d", node="node-a-1", ppm_a_day=200_000)
    stage = routine("RW1", duration="8d", agents=NODES, sealed=sealed(creep, slow)).run(
        7 * DAY + 9 * HOUR
    )
    last = found(stage, "RW1")[-1]
    slis = data_of(stage, last)["slis"]
    assert last.verdict == "finding"
    assert slis["utilisation_ppm"]["worse"]
    assert slis["node_latency_us"]["worse"]
    assert slis["utilisation_ppm"]["days_to_capacity"] < 60
    assert last.problems["capacity"] == 1
    subjects = [entry.data["sli"] for entry in stage.world.stores.entries("change")]
    assert sorted(subjects) == sorted(set(subjects))
    assert {"utilisation_ppm", "node_latency_us"} <= set(subjects)


def test_an_unpatched_node_is_decided_on_once_and_told_when_it_is_late() -> None:
    services = {"operators": {"versions": {"node-a-1": "2.3.9"}}}
    stage = routine("RW2", duration="10d", agents=NODES, services=services).run(9 * DAY)
    first, second = found(stage, "RW2")
    assert first.problems == {"unpatched": 1, "overdue": 0, "unsupported": 0, "unread": 0}
    (change,) = stage.world.stores.entries("change")
    assert (change.state, change.data["decision"]) == ("proposed", "patch-now")
    assert (second.problems["unpatched"], second.problems["overdue"]) == (1, 1)


GOVERNED = {
    "feeds": {}, "pool": {"pt": 2_000_000, "stable": 2_000_000},
    "governance": {"proposal_threshold": 0},
}  # fmt: skip


def test_a_malicious_proposal_is_found_and_a_veto_is_asked_for_once() -> None:
    harm = fault("x", "malicious-proposal", "5h", role="governance")
    stage = routine("RW3", duration="3d", protocol=GOVERNED, market={"commodities": {}},
                    sealed=sealed(harm)).run(2 * DAY)  # fmt: skip
    first, second = found(stage, "RW3")[:2]
    assert first.problems["role"] == 1
    assert first.problems["unannounced"] == 1
    assert (first.problems["veto"], second.problems["veto"]) == (1, 0)
    (veto,) = stage.world.stores.entries("decision")
    assert (veto.state, veto.subject[:5]) == ("requested", "veto:")
    assert [item.audience for item in stage.world.desk.notices.published()] == ["guardians"]
    assert ("alert", "MaliciousProposal") in {
        (event.kind, event.rule) for _, event in stage.of("alert", state="firing")
    }


def test_code_that_is_swapped_under_a_proposal_is_found() -> None:
    stage = routine(
        "RW3", duration="4d", protocol=GOVERNED, market={"commodities": {}},
        sealed=sealed(
            fault("x", "malicious-proposal", "5h", payload=True),
            fault("y", "code-swap", "30h"),
        ),
    ).run(3 * DAY)  # fmt: skip
    first, second = found(stage, "RW3")[:2]
    assert (first.problems["unknown-call"], first.problems["code-swapped"]) == (1, 0)
    assert second.problems["code-swapped"] == 1


def test_a_quiet_day_of_governance_is_quiet() -> None:
    stage = routine("RW3", duration="2d", protocol=GOVERNED, market={"commodities": {}}).run(DAY)
    assert verdicts(found(stage, "RW3")) == ["ok"]


def test_a_statement_that_came_true_no_more_while_it_was_edited_is_made_anew() -> None:
    pause = fault("x", "config-drift", "3d12h20m", authority="pauser", contract="LiquidityPool",
                  function="pause", args=[])  # fmt: skip
    stage = routine(
        "RW4", duration="4d", monitoring={"scrape_interval": "10m"}, sealed=sealed(pause)
    )
    (record,) = found(stage.run(3 * DAY + 15 * HOUR), "RW4")
    first, second = data_of(stage, record)["attempts"]
    assert first["check"]["wrong"] == ["contracts paused: the draft says 0, it is 1"]
    assert second["check"]["wrong"] == []
    assert (record.verdict, record.problems["withheld"]) == ("finding", 0)
    (notice,) = stage.world.desk.notices.published("stakeholders")
    assert "contracts paused: 1" in notice.text


def test_a_statement_beside_a_notice_that_holds_no_more_is_withheld() -> None:
    pause = fault("x", "config-drift", "20h", authority="pauser", contract="LiquidityPool",
                  function="pause", args=[])  # fmt: skip
    stage = routine("RW4", duration="4d", sealed=sealed(pause))
    board = stage.world.notices
    stage.at(DAY, lambda: board.publish(
        stage.world.clock.now, audience="market", subject="LiquidityPool unpaused", text="it goes on"
    ))  # fmt: skip
    (record,) = found(stage.run(3 * DAY + 15 * HOUR), "RW4")
    assert (record.problems["contradiction"], record.problems["withheld"]) == (1, 1)
    assert stage.world.desk.notices.published("stakeholders") == []
    assert "StatementWrong" in {event.rule for _, event in stage.of("alert", state="firing")}


def test_a_quiet_week_is_stated_and_confirmed() -> None:
    (record,) = found(routine("RW4", duration="4d").run(3 * DAY + 15 * HOUR), "RW4")
    assert (record.verdict, set(record.problems.values())) == ("ok", {0})


def test_a_bulletin_about_what_we_run_becomes_a_patch_decision() -> None:
    news = fault("x", "bulletin-about-us", "2h", component="openssl", version="99.0.0")
    stage = routine("RW2", duration="2d", sealed=sealed(news)).run(DAY + 12 * HOUR)
    (record,) = found(stage, "RW2")
    (match,) = data_of(stage, record)["matches"]
    assert (match["component"], match["exposure"], match["advice"]) == (
        "openssl",
        "public",
        "patch-now",
    )
    (change,) = stage.world.stores.entries("change")
    assert change.data["decision"] == "patch-now"
