"""The impact card, the activation of the team and the first notice, on paper."""

from __future__ import annotations

from typing import Any

import pytest
from paper_desk import NOW, PaperDesk, Stage, alarm, log_of
from paper_incident import IncidentDesk, IncidentStage, colleague, opened

from twin.desk.port import Alert, KeyQuorum, Page
from twin.desk.steps import Case, Decide, Finding
from twin.errors import Reverted
from twin.procedures.incident.card import ASSETS, card_of, impact_card, widened
from twin.procedures.incident.detection import (
    Activation,
    Classification,
    FirstNotice,
    activate_team,
    assess_impact,
    classify_incident,
    notify_stakeholders,
)
from twin.procedures.incident.notices import FIELDS, notice_facts, notice_problems, sensitive

# -- ND2 -------------------------------------------------------------------------------------------


def assess(desk: IncidentDesk, **about: Any) -> tuple[Finding, str]:
    case = opened(desk, state="open", **about)
    return IncidentStage(desk).play(assess_impact(case, Classification())), case.incident or ""


def test_the_card_is_kept_on_the_incident_and_asks_nobody() -> None:
    desk = IncidentDesk()
    stage, case = IncidentStage(desk), opened(desk, family="pool", state="open")
    finding = stage.play(assess_impact(case, Classification()))
    assert stage.log == ["look: What can it reach?", "update: INC-001 +impact"]
    card = card_of(desk.store.get("INC-001"))
    assert card is not None
    assert sorted(card["assets"]) == ["payment-token", "pool"]
    assert card["assets"]["pool"]["open_functions"] == ["swap", "addLiquidity", "removeLiquidity"]
    assert (finding.verdict, finding.problems) == ("done", {"missing": 0, "assumed": 0})


def test_a_loss_within_the_hour_says_how_long_it_lasts() -> None:
    desk = IncidentDesk()
    desk.answers["LiquidityPool", "reserves"] = (10, 1_000_000, NOW)
    desk.logs["LiquidityPool", "Synced"] = [
        log_of("LiquidityPool", "Synced", age=1800, pt=10, stable=3_000_000)
    ]
    desk.logs["LiquidityPool", "Swapped"] = [
        log_of("LiquidityPool", "Swapped", age=100, sender=b"\x01"),
        log_of("LiquidityPool", "Swapped", age=90, sender=b"\x01"),
        log_of("LiquidityPool", "Swapped", age=80, sender=b"\x02"),
    ]
    finding, _ = assess(desk, family="pool")
    row = finding.data["assets"]["pool"]
    assert (row["lost_last_hour"], row["exhausted_in"], row["users"]) == (2_000_000, 1800, 2)
    assert finding.data["exhausted_in"] == 1800


def test_a_family_that_the_table_does_not_know_reaches_everything() -> None:
    finding, _ = assess(IncidentDesk(), family="novel")
    assert sorted(finding.data["assets"]) == sorted(ASSETS)
    assert finding.problems["assumed"] == 1


def test_what_fires_beside_it_is_within_its_scope() -> None:
    """The asset list of the first alert alone is the wrong one."""
    beside = Alert("Drained", {"severity": "P1", "domain": "pool"}, {}, "firing", NOW, 1.0)
    finding, _ = assess(IncidentDesk(alarms=[alarm(), beside]), family="oracle")
    assert finding.data["families"] == ["oracle", "pool"]
    assert "pool" in finding.data["assets"]


def test_what_cannot_be_read_stands_on_the_card_as_missing() -> None:
    desk = IncidentDesk()
    desk.answers["LiquidityPool", "reserves"] = Reverted(b"", "no such function")
    finding, _ = assess(desk, family="pool")
    assert (finding.verdict, list(finding.data["missing"])) == ("finding", ["pool"])
    desk = IncidentDesk()
    desk.answers["PaymentToken", "totalSupply"] = Reverted(b"", "gone")
    desk.answers["LiquidityPool", "reserves"] = Reverted(b"", "gone")
    assert assess(desk, family="pool")[0].verdict == "no-data"


def classified_by(desk: IncidentDesk, said: str, family: str) -> Finding:
    case = opened(desk, severity=said, family=family, state="open")
    IncidentStage(desk).play(assess_impact(case, Classification()))
    told = Case("real", None, case.incident, {"domain": family, "severity": said})
    return IncidentStage(desk).play(classify_incident(told, Classification()))


def test_the_card_makes_an_incident_worse_and_never_better() -> None:
    desk = IncidentDesk()
    desk.logs["LiquidityPool", "Synced"] = [
        log_of("LiquidityPool", "Synced", age=1800, pt=10, stable=4 * 10**12)
    ]
    finding = classified_by(desk, "P3", "pool")
    assert (finding.data["severity"], "pool lasts" in finding.data["why"]) == ("P1", True)
    assert classified_by(IncidentDesk(), "P2", "pool").data["severity"] == "P2"
    broken = IncidentDesk()
    broken.answers["LiquidityPool", "reserves"] = Reverted(b"", "gone")
    assert classified_by(broken, "P3", "pool").data["severity"] == "P2"
    assert classified_by(broken, "P1", "pool").data["severity"] == "P1"


def test_a_card_is_outgrown_by_assets_families_and_losses() -> None:
    desk = IncidentDesk()
    case = opened(desk, family="pool", state="open")
    before = impact_card(desk, case.incident or "")
    assert widened(before, before) == []
    desk.alarms = [alarm()]
    desk.logs["LiquidityPool", "Synced"] = [
        log_of("LiquidityPool", "Synced", age=1800, pt=10, stable=3 * 10**12)
    ]
    found = widened(before, impact_card(desk, case.incident or ""))
    assert found == ["asset issuance", "asset escrow", "family oracle", "loss of pool"]


# -- ND4 -------------------------------------------------------------------------------------------


def activate(desk: IncidentDesk, **about: Any) -> tuple[Finding, IncidentStage]:
    stage = IncidentStage(desk)
    return stage.play(activate_team(opened(desk, **about), Activation())), stage


def wrong(finding: Finding) -> dict[str, int]:
    return {name: count for name, count in finding.problems.items() if count}


def test_a_team_that_answered_its_pages_is_called_no_second_time() -> None:
    desk = IncidentDesk()
    desk.answered("amara", "bruno")
    finding, stage = activate(desk)
    assert (finding.verdict, stage.notices) == ("done", [])
    note = desk.store.get("INC-001").notes["activation"]
    assert (note["severity"], wrong(finding)) == ("P1", {})


def test_who_is_missing_is_called_in_line_until_somebody_answers() -> None:
    desk = IncidentDesk()
    desk.oncall.team += [colleague("chen", "commander", on_shift=False)]
    desk.oncall.deaf = ("bruno",)
    desk.answered("amara")
    finding, stage = activate(desk)
    assert [step.audience for step in stage.notices] == ["page:bruno", "page:chen"]
    assert finding.data["called"] == {"bruno": "commander", "chen": "commander"}
    assert finding.data["timeline"][-1]["roles"]["commander"]["reached"] == ["chen"]


def test_a_page_that_was_lost_is_found_by_its_receipt() -> None:
    desk = IncidentDesk()
    desk.oncall.cut = ("bruno",)
    desk.answered("amara")
    finding, _stage = activate(desk)
    assert (finding.data["lost"], wrong(finding)) == (
        ["bruno"], {"roles": 1, "quorum": 2, "lost": 1},
    )  # fmt: skip


def test_nobody_awake_with_authority_is_a_gap_after_all_were_called() -> None:
    """At NOW it is 22:13 in UTC: 6 in Singapore is asleep, 17 in New York is not."""
    desk = IncidentDesk()
    desk.oncall.team = [
        colleague("amara", "operator", "commander"),
        colleague("dee", "signer", on_shift=False, zone="Asia/Singapore"),
        colleague("finn", "signer", on_shift=False, zone="America/New_York"),
    ]
    desk.oncall.keys = [KeyQuorum("pauser", ("dee", "finn"), 2)]
    desk.oncall.deaf = ("dee", "finn")
    desk.answered("amara")
    finding, stage = activate(desk)
    assert [step.audience for step in stage.notices] == ["page:finn", "page:dee"]
    assert finding.data["timeline"][0]["short"] == {"pauser": 2}
    assert wrong(finding) == {"quorum": 1}
    assert "quorum" in finding.summary


def test_signers_on_shift_are_not_woken() -> None:
    desk = IncidentDesk()
    desk.oncall.team += [colleague("dee", "signer"), colleague("eve", "signer", on_shift=False)]
    desk.oncall.keys = [KeyQuorum("pauser", ("dee", "eve"), 1)]
    desk.answered("amara", "bruno")
    finding, stage = activate(desk)
    assert (finding.verdict, stage.notices) == ("done", [])


@pytest.mark.parametrize("severity", ["P4", "P5", ""])
def test_what_is_small_activates_nobody(severity: str) -> None:
    finding, stage = activate(IncidentDesk(), severity=severity)
    assert (finding.verdict, stage.log) == ("ok", [])


def test_for_a_small_one_whoever_is_on_shift_is_there() -> None:
    finding, stage = activate(IncidentDesk(), severity="P3")
    assert (finding.verdict, stage.notices) == ("done", [])


def test_somebody_who_came_too_late_is_on_record() -> None:
    desk = IncidentDesk()
    case = opened(desk)
    desk.answered("bruno", at=NOW + 1000)
    desk.answered("amara")
    desk.now += 1000
    finding = IncidentStage(desk).play(activate_team(case, Activation()))
    assert wrong(finding) == {"late": 1}


def test_a_team_that_is_there_is_not_activated_twice() -> None:
    desk = IncidentDesk()
    desk.answered("amara", "bruno")
    case = opened(desk)
    IncidentStage(desk).play(activate_team(case, Activation()))
    again = IncidentStage(desk)
    finding = again.play(activate_team(case, Activation()))
    assert (finding.verdict, again.log) == ("ok", ["look: Is the team there already?"])


def test_an_incident_that_ended_meanwhile_is_left_alone() -> None:
    desk = IncidentDesk()
    desk.answered("amara", "bruno")
    stage, case = IncidentStage(desk), opened(desk)
    stage.on_wait = lambda held: held.store.change(case.incident or "", held.now, state="closed")
    assert stage.play(activate_team(case, Activation())).verdict == "done"


# -- ND5 -------------------------------------------------------------------------------------------


def first(desk: IncidentDesk, **about: Any) -> tuple[Finding, IncidentStage]:
    choices = about.pop("choices", {})
    stage = IncidentStage(desk, choices=choices)
    return stage.play(notify_stakeholders(opened(desk, **about), FirstNotice())), stage


def test_the_first_notice_has_every_field_and_can_be_read() -> None:
    desk = IncidentDesk()
    desk.answers["AllocationBook", "paused"] = True
    finding, stage = first(desk, state="contained")
    (notice,) = stage.notices
    assert [line.partition(":")[0] for line in notice.text.splitlines()] == list(FIELDS)
    assert "paused: AllocationBook" in notice.text
    assert (finding.verdict, wrong(finding)) == ("done", {})
    assert desk.store.get("INC-001").notes["first_notice"]["at"] == NOW


def test_nothing_is_said_before_the_brake_is_on_or_half_the_term_is_over() -> None:
    finding, stage = first(IncidentDesk())
    assert [line for line in stage.log if line.startswith("wait 300 s: nothing")] != []
    assert finding.data["sent"] - NOW == 900
    assert stage.decisions[0].options == ("publish", "hold")


def test_a_notice_that_nobody_can_read_goes_by_telephone() -> None:
    desk = IncidentDesk()
    desk.posts.silent = True
    finding, stage = first(desk, state="contained")
    assert [step.audience for step in stage.notices] == ["market", "contact:meridian-desk"]
    assert wrong(finding) == {"silent": 1}


def test_a_leak_before_the_notice_is_found() -> None:
    desk = IncidentDesk()
    desk.posts.write(NOW - 60, "0x00000000000000aa takes it all", author="intern")
    finding, _stage = first(desk, state="contained")
    assert wrong(finding) == {"leak": 1}


def test_a_notice_that_comes_late_or_not_at_all_is_on_record() -> None:
    desk = IncidentDesk()
    case, stage = opened(desk), IncidentStage(desk)
    desk.now += 2000
    assert wrong(stage.play(notify_stakeholders(case, FirstNotice()))) == {"late": 1}
    finding, stage = first(IncidentDesk(), state="contained", choices={"Publish": "hold"})
    assert (finding.verdict, stage.notices) == ("refused", [])
    assert finding.problems == {"silent": 1}


@pytest.mark.parametrize("severity", ["P3", "P4", ""])
def test_small_incidents_owe_no_public_notice(severity: str) -> None:
    finding, stage = first(IncidentDesk(), severity=severity)
    assert (finding.verdict, stage.log) == ("ok", [])


def test_what_was_said_once_is_not_said_first_again() -> None:
    finding, stage = first(IncidentDesk(), state="contained", first_notice={"at": NOW})
    assert (finding.verdict, stage.notices) == ("ok", [])


def test_what_is_no_longer_so_when_it_is_decided_is_said_as_it_is() -> None:
    desk = IncidentDesk()
    stage = IncidentStage(desk)
    answer = stage._answer

    def reopen(step: Any) -> Any:
        if isinstance(step, Decide):
            desk.answers["AllocationBook", "paused"] = True
        return answer(step)

    stage._answer = reopen  # type: ignore[method-assign]
    finding = stage.play(notify_stakeholders(opened(desk, state="contained"), FirstNotice()))
    assert "paused: AllocationBook" in finding.data["text"]
    assert finding.verdict == "done"


BAD: list[tuple[str, str, str]] = [
    ("a field is empty", "next update: tomorrow", "next update: "),
    ("another incident", "incident: INC-001", "incident: INC-002"),
    ("another severity", "severity: P1", "severity: P3"),
    ("a brake that is not on", "nothing is stopped so far", "paused: Reserve"),
    ("an address", "the response team", "the thief 0x00000000000000000000aa and the response team"),
    ("a name", "the response team", "Amara"),
    ("a detail", "the response team", "the exploit of max_answer"),
]


@pytest.mark.parametrize(("old", "new"), [row[1:] for row in BAD], ids=[row[0] for row in BAD])
def test_wrong_content_is_found_in_a_draft(old: str, new: str) -> None:
    desk = IncidentDesk()
    facts = notice_facts(desk, opened(desk).incident or "")
    text = (
        "incident: INC-001\nseverity: P1\nwhat: x\nsince: x\naffected: nothing is stopped so far\n"
        "doing: the response team works\nadvice: x\nnext update: tomorrow"
    )
    assert notice_problems(text, facts, fields=FIELDS) == []
    assert notice_problems(text.replace(old, new), facts, fields=FIELDS) != []


def test_a_word_that_contains_a_name_gives_nobody_away() -> None:
    assert sensitive("the brunost is fine", ["bruno"]) == []
    assert sensitive("ask Bruno", ["bruno"]) == ["name bruno"]


def test_a_page_under_way_is_not_yet_lost() -> None:
    desk = IncidentDesk()
    case = opened(desk)
    desk.answered("amara")
    desk.oncall.carried.append(Page("bruno", "x", NOW + 290, None, None))
    stage = IncidentStage(desk)
    finding = stage.play(activate_team(case, Activation(rounds=0)))
    assert finding.data["lost"] == []
    assert isinstance(desk, PaperDesk)
    assert isinstance(stage, Stage)
