"""The hypothesis board, updates and escalation, on paper."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from paper_desk import NOW, alarm
from paper_incident import IncidentDesk, IncidentStage, colleague, opened

from twin.desk.port import Alert, Desk, Incident
from twin.desk.steps import Case, Finding
from twin.errors import NoData
from twin.procedures.incident import hypotheses
from twin.procedures.incident.card import impact_card
from twin.procedures.incident.hypotheses import Clue, Hypothesis, board, merged, ranked
from twin.procedures.incident.response import (
    Communication,
    Escalation,
    Investigation,
    communicate,
    escalate_incident,
    investigate_cause,
)

MINUTE, HOUR = 60, 3600


def wrong(finding: Finding) -> dict[str, int]:
    return {name: count for name, count in finding.problems.items() if count}


# -- NR2 -------------------------------------------------------------------------------------------


def said(*points: int) -> hypotheses.Probe:
    """Return a probe with these clues."""

    def probe(desk: Desk, item: Incident) -> Iterator[Clue]:
        del desk, item
        for number, worth in enumerate(points):
            yield Clue(f"query {number}", f"answer {number}", worth)

    return probe


def mute(desk: Desk, item: Incident) -> Iterator[Clue]:
    """Break off: what would be asked does not answer."""
    yield from said()(desk, item)
    raise NoData("the vendors do not answer")


def causes(monkeypatch: pytest.MonkeyPatch, **probes: hypotheses.Probe) -> None:
    made = tuple(
        Hypothesis(name, name, ("oracle",) if name == "suspect" else (), probe)
        for name, probe in probes.items()
    )
    monkeypatch.setattr(hypotheses, "HYPOTHESES", made)


def investigate(choice: str | None = None, **about: Any) -> tuple[Finding, IncidentStage]:
    desk = IncidentDesk()
    stage = IncidentStage(desk, choices={"What caused": choice} if choice else {})
    return stage.play(investigate_cause(opened(desk, **about), Investigation())), stage


def test_the_board_is_filed_before_anybody_looks_and_gone_through_in_parts(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    causes(monkeypatch, thief=said(5), suspect=said(-2))
    finding, stage = investigate()
    assert stage.log[:3] == [
        "look: What speaks for each cause?",
        "file: INC-001: the board as it was found",
        "work: go through the board of INC-001",
    ]
    assert stage.log.count("work: go through the board of INC-001") == 6
    assert (finding.verdict, finding.data["cause"]) == ("done", "thief")
    assert stage.desk.store.get("INC-001").notes["cause"]["cause"] == "thief"


def test_the_first_suspect_has_no_head_start(monkeypatch: pytest.MonkeyPatch) -> None:
    """The family of the alert counts a point: a weak clue elsewhere is worth more."""
    causes(monkeypatch, suspect=said(-1), other=said(3))
    finding, _stage = investigate()
    assert [row["cause"] for row in finding.data["causes"]] == ["other"]


def test_causes_that_stay_close_are_left_undecided(monkeypatch: pytest.MonkeyPatch) -> None:
    causes(monkeypatch, one=said(4), other=said(4))
    finding, stage = investigate()
    assert (finding.data["cause"], wrong(finding)) == ("undecided", {"undecided": 1})
    assert stage.decisions[0].options == ("one", "other", "undecided")


def test_who_decides_against_the_board_is_on_record(monkeypatch: pytest.MonkeyPatch) -> None:
    causes(monkeypatch, suspect=said(2), thief=said(6))
    finding, _stage = investigate("suspect")
    assert (finding.data["cause"], wrong(finding)) == ("suspect", {"bias": 1})


def test_what_nobody_could_ask_is_named_and_no_clue_at_all_is_no_data(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    causes(monkeypatch, silent=mute, thief=said(5))
    finding, _stage = investigate()
    assert finding.data["unread"] == ["silent"]
    causes(monkeypatch, silent=mute, quiet=said(-1))
    finding, stage = investigate()
    assert (finding.verdict, finding.problems["unknown"], stage.decisions) == ("no-data", 1, [])


def test_ten_alerts_of_one_kind_are_one_fact(monkeypatch: pytest.MonkeyPatch) -> None:
    causes(monkeypatch, loud=said(*[2] * 10), thief=said(6, 6))
    desk = IncidentDesk()
    rows = board(desk, opened(desk).incident or "")["rows"]
    assert (rows["loud"]["points"], rows["thief"]["points"]) == (1 + 4 + 2, 1 + 12)


def test_what_was_repaired_since_was_there_all_the_same() -> None:
    row = {"points": 5, "clues": [{"points": 4, "answer": "drift"}], "text": "x", "latent": True}
    gone = {**row, "points": 0, "clues": []}
    rows = merged({"rows": {"drift": row}}, {"rows": {"drift": gone}})
    assert ranked(rows, 3)[0]["weight_ppm"] == 1_000_000


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ask what paper answers: parameters and events of power are for worlds."""
    kept = [
        one
        for one in hypotheses.HYPOTHESES
        if one.name not in ("configuration-drift", "power-misused")
    ]
    monkeypatch.setattr(hypotheses, "HYPOTHESES", tuple(kept))


def vendors(desk: IncidentDesk, wrong_at: int, price: int, *, silent: str = "") -> None:
    times = range(NOW - 3 * HOUR, NOW + 1, 600)
    good = [(at, 80 * 10**8) for at in times]
    bad = [(at, price if at >= wrong_at else 80 * 10**8) for at in times]
    desk.vendors_desk.quotes = {"albion": good, "corvus": bad}
    if silent:
        desk.vendors_desk.quotes[silent] = [pair for pair in good if pair[0] < NOW - 2 * HOUR]


PROBES: list[tuple[str, int, str, str, int]] = [
    ("a unit that is wrong", 80_000 * 10**8, "", "vendor-wrong", 6),
    ("a price that is off", 84 * 10**8, "", "vendor-wrong", 3),
    ("all as it should be", 80 * 10**8, "", "vendor-wrong", -1),
    ("a vendor that died", 80 * 10**8, "albion", "vendor-silent", 4),
    ("all quote", 80 * 10**8, "", "vendor-silent", -1),
]


@pytest.mark.parametrize(
    ("price", "silent", "name", "points"),
    [row[1:] for row in PROBES],
    ids=[row[0] for row in PROBES],
)
@pytest.mark.usefixtures("asked")
def test_vendors_are_held_against_the_index_and_their_own_pace(
    price: int, silent: str, name: str, points: int
) -> None:
    desk = IncidentDesk()
    vendors(desk, NOW - HOUR, price, silent=silent)
    rows = board(desk, opened(desk).incident or "")["rows"]
    assert max((clue["points"] for clue in rows[name]["clues"]), key=abs) == points


@pytest.mark.usefixtures("asked")
def test_alerts_beside_the_incident_count_and_its_own_do_not() -> None:
    desk = IncidentDesk()
    desk.labelled["max by (alertname)"] = [
        ({"alertname": "OracleIndexDivergence"}, 1.0), ({"alertname": "VenueDown"}, 1.0),
    ]  # fmt: skip
    rows = board(desk, opened(desk).incident or "")["rows"]
    assert [clue["answer"] for clue in rows["venue"]["clues"]] == ["VenueDown fired"]


@pytest.mark.usefixtures("asked")
def test_a_dead_index_speaks_for_a_broken_watch() -> None:
    desk = IncidentDesk(prices={})
    rows = board(desk, opened(desk).incident or "")["rows"]
    assert rows["watch-broken"]["clues"][0]["points"] == 5


# -- NR4 -------------------------------------------------------------------------------------------


def talk(
    desk: IncidentDesk, *, hours: int = 3, stage: IncidentStage | None = None, **about: Any
) -> tuple[Finding, IncidentStage]:
    """Play NR4 on an incident that ends after *hours*, of which the public was told at the start."""
    stage = stage or IncidentStage(desk)
    case = opened(desk, **about)
    desk.notices.publish(NOW, audience="market", subject=f"{case.incident}: first notice", text="x")
    desk.posts.write(NOW, "x", subject=f"{case.incident}: first notice")
    before = stage.on_wait

    def end(held: Any) -> None:
        before(held)
        if held.now >= NOW + hours * HOUR and held.store.get(case.incident).closed is None:
            held.store.change(case.incident, held.now, state="closed")

    stage.on_wait = end
    return stage.play(communicate(case, Communication())), stage


def test_updates_come_at_the_cadence_of_the_severity() -> None:
    finding, stage = talk(IncidentDesk(), hours=3)
    updates = [step for step in stage.notices if "update" in step.subject]
    assert (len(updates), finding.verdict, wrong(finding)) == (2, "done", {})
    assert "next update: " in updates[0].text
    assert stage.decisions == []


def test_once_contained_they_come_more_slowly() -> None:
    _finding, stage = talk(IncidentDesk(), hours=3, state="contained")
    assert stage.notices == []


VOICES: list[tuple[str, dict[str, Any], dict[str, int]]] = [
    ("a denial of ours", {"text": "we operate normally", "author": "marketing"},
     {"contradictions": 1, "off_source": 1}),
    ("a leak", {"text": "0x00000000000000aa does it", "author": "intern"},
     {"leaks": 1, "off_source": 1}),
    ("a stranger alone", {"text": "FICTRA is insolvent", "author": "x", "staff": False},
     {"rumours": 1}),
    ("a stranger who likes us", {"text": "fine by me", "author": "x", "staff": False}, {}),
]  # fmt: skip


@pytest.mark.parametrize(
    ("post", "found"), [row[1:] for row in VOICES], ids=[row[0] for row in VOICES]
)
def test_what_is_said_past_the_source_is_found(post: dict[str, Any], found: dict[str, int]) -> None:
    desk = IncidentDesk()
    desk.posts.write(NOW + 1, **post)
    finding, stage = talk(desk, hours=1)
    assert wrong(finding) == found
    answered = [step.subject for step in stage.notices if "about" in step.subject]
    assert len(answered) == len(set(found) - {"off_source", "rumours"})


def test_a_rumour_that_spreads_is_answered_once() -> None:
    desk = IncidentDesk()
    for number in range(3):
        desk.posts.write(NOW + 1, "the reserve is gone", author=f"x{number}", staff=False)
    _finding, stage = talk(desk, hours=2)
    assert [step.subject for step in stage.notices if "about" in step.subject] == [
        "INC-001: about rumours"
    ]


def test_a_denial_after_the_end_is_none() -> None:
    desk = IncidentDesk()
    desk.posts.write(NOW + 10 * HOUR, "we operate normally", author="marketing")
    finding, _stage = talk(desk, hours=1)
    assert wrong(finding) == {}


def test_updates_that_nobody_can_read_and_updates_that_were_missed_are_found() -> None:
    desk = IncidentDesk()
    desk.posts.silent = True
    finding, _stage = talk(desk, hours=3)
    assert wrong(finding) == {"missing": 2}
    late = IncidentDesk()
    stage = IncidentStage(late)
    stage.on_wait = lambda held: setattr(held, "now", held.now + 2 * HOUR)
    finding, _stage = talk(late, hours=6, stage=stage)
    assert wrong(finding) == {"missed": 1}


def test_one_run_keeps_an_incident() -> None:
    desk = IncidentDesk()
    finding, stage = talk(desk, comms={"since": NOW})
    assert (finding.verdict, len(stage.log)) == ("ok", 1)
    assert talk(IncidentDesk(), severity="P3")[0].verdict == "ok"


# -- NR5 -------------------------------------------------------------------------------------------


def watch(
    desk: IncidentDesk, *, hours: float = 2, stage: IncidentStage | None = None, **about: Any
) -> tuple[Finding, IncidentStage]:
    """Play NR5 on an incident that ends after *hours*."""
    stage = stage or IncidentStage(desk)
    case = opened(desk, **about)
    before = stage.on_wait

    def end(held: Any) -> None:
        before(held)
        if held.now >= NOW + hours * HOUR and held.store.get(case.incident).closed is None:
            held.store.change(case.incident, held.now, state="closed")

    stage.on_wait = end
    return stage.play(escalate_incident(case, Escalation())), stage


def told(stage: IncidentStage) -> list[str]:
    return [step.audience for step in stage.notices]


def test_an_incident_that_is_contained_and_told_of_is_not_escalated() -> None:
    finding, stage = watch(IncidentDesk(), state="contained", first_notice={"at": NOW})
    assert (finding.verdict, told(stage), finding.data["trace"]) == ("done", [], [])


def test_what_is_not_contained_in_time_goes_up_step_by_step() -> None:
    desk = IncidentDesk()
    finding, stage = watch(desk, hours=2, first_notice={"at": NOW})
    assert told(stage) == [
        "page:bruno",
        "governance", "responder:channel", "responder:reviewers",
        "governance", "responder:lawyers",
    ]  # fmt: skip
    assert [row["level"] for row in finding.data["trace"]] == [1, 2, 3]
    assert finding.data["trace"][0]["at"] - NOW == 2400  # the first look after half an hour
    assert desk.store.get("INC-001").notes["level"] == 3
    assert [step.event for step in stage.triggers] == ["classified", "classified"]


def test_a_runbook_that_gave_up_is_begun_again_at_most_three_times() -> None:
    desk = IncidentDesk()
    case_of = {"incident": "INC-001"}
    desk.filed("NR3", case_of, verdict="failed", gate=1)
    finding, stage = watch(desk, hours=12, state="contained", first_notice={"at": NOW})
    assert finding.data["trace"][0]["why"].keys() == {"abandoned"}
    assert "NR3 gave up" in finding.data["trace"][0]["why"]["abandoned"]
    assert [step.event for step in stage.triggers] == ["classified"] * 3
    case: Case = stage.triggers[0].case
    assert (case.incident, case.facts["family"]) == ("INC-001", "oracle")


def test_a_recovery_that_another_took_over_was_not_given_up() -> None:
    desk = IncidentDesk()
    finding = Finding("refused", "escalated: another recovery has taken over",
                      {"incident": "INC-001"})  # fmt: skip
    desk.evidence.file("NR3", NOW, finding)
    result, _stage = watch(desk, hours=4, state="contained", first_notice={"at": NOW})
    assert result.data["trace"] == []


CONDITIONS: list[tuple[str, dict[str, Any], str]] = [
    ("a team without a commander",
     {"activation": {"severity": "P1", "problems": {"roles": 1, "quorum": 0}}}, "nobody"),
    ("keys without signers",
     {"activation": {"severity": "P1", "problems": {"roles": 0, "quorum": 1}}}, "nobody"),
    ("silence", {"first_notice": None}, "silence"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("notes", "name"), [row[1:] for row in CONDITIONS], ids=[row[0] for row in CONDITIONS]
)
def test_conditions_raise_the_level(notes: dict[str, Any], name: str) -> None:
    about = {key: value for key, value in {"first_notice": {"at": NOW}, **notes}.items() if value}
    finding, _stage = watch(IncidentDesk(), hours=1, state="contained", **about)
    assert list(finding.data["trace"][0]["why"]) == [name]


def test_losses_beyond_the_card_raise_the_level() -> None:
    desk = IncidentDesk()
    stage = IncidentStage(desk)
    case = opened(desk, state="contained", first_notice={"at": NOW})
    desk.store.change("INC-001", NOW, notes={"impact": impact_card(desk, "INC-001")})
    desk.alarms = [Alert("Drained", {"severity": "P1", "domain": "pool"}, {}, "firing", NOW, 1.0)]
    stage.on_wait = lambda held: held.store.change("INC-001", held.now, state="closed")
    finding = stage.play(escalate_incident(case, Escalation()))
    assert "family pool" in finding.data["trace"][0]["why"]["widened"]


def test_a_stalled_incident_is_one_that_did_not_move() -> None:
    settings = Escalation(stall={"P1": 3600, "P2": 3600, "P3": 3600})
    desk = IncidentDesk()
    case, stage = opened(desk, severity="P3", state="recovering"), IncidentStage(desk)
    stage.on_wait = lambda held: (
        held.store.change("INC-001", held.now, state="closed")
        if held.now > NOW + 4 * HOUR
        else None
    )
    finding = stage.play(escalate_incident(case, settings))
    assert list(finding.data["trace"][0]["why"]) == ["stalled"]
    assert told(stage) == ["operations"]


def test_helpers_answer_or_are_late() -> None:
    desk = IncidentDesk()
    desk.helpers.answered = {"channel": 600}
    finding, _stage = watch(desk, hours=8, first_notice={"at": NOW})
    assert finding.data["answers"]["channel"]["advice"] == "stop it"
    assert finding.data["late"] == ["reviewers"]
    assert wrong(finding)["helper-late"] == 1


def test_the_line_of_commanders_begins_on_shift() -> None:
    desk = IncidentDesk()
    desk.oncall.team = [
        colleague("dee", "commander", on_shift=False),
        colleague("eve", "commander"),
    ]
    _finding, stage = watch(desk, hours=1, first_notice={"at": NOW})
    assert told(stage)[:2] == ["page:eve", "page:dee"]


def test_small_incidents_have_no_timers_and_one_run_keeps_them() -> None:
    assert watch(IncidentDesk(), severity="P4")[0].verdict == "ok"
    finding, stage = watch(IncidentDesk(), escalation={"since": NOW, "severity": "P1"})
    assert (finding.verdict, len(stage.log)) == ("ok", 1)
    assert alarm().severity == "P1"


def test_what_lay_there_before_does_not_say_why_now() -> None:
    died = {"points": 9, "clues": [{"points": 4, "answer": "x"}] * 2, "text": "x", "latent": True}
    wrong_unit = {
        "points": 7,
        "clues": [{"points": 6, "answer": "x"}],
        "text": "x",
        "latent": False,
    }
    weak = {**wrong_unit, "points": 4, "clues": [{"points": 3, "answer": "x"}]}
    assert [row["cause"] for row in ranked({"died": died, "unit": wrong_unit}, 3)] == [
        "unit",
        "died",
    ]
    assert [row["cause"] for row in ranked({"died": died, "unit": weak}, 3)] == ["died", "unit"]


def test_timers_of_a_graver_incident_take_over() -> None:
    desk = IncidentDesk()
    finding, stage = watch(
        desk, escalation={"since": NOW, "severity": "P3"}, first_notice={"at": NOW}
    )
    assert finding.data["trace"] != []
    assert desk.store.get("INC-001").notes["escalation"]["severity"] == "P1"
    old = IncidentDesk()
    case, stage = opened(old, severity="P3", state="contained"), IncidentStage(old)
    stage.on_wait = lambda held: held.store.change(
        "INC-001", held.now, notes={"escalation": {"severity": "P1"}}
    )
    finding = stage.play(escalate_incident(case, Escalation()))
    assert sum(line.startswith("wait") for line in stage.log) == 1
    assert finding.data["trace"] == []
