from __future__ import annotations

from typing import Any

import pytest
from scoring_lab import END, START, Tape, by_the_book

from twin.errors import UnknownName
from twin.faults.injector import kinds
from twin.scoring.alerting import alerting
from twin.scoring.conduct import collateral, conduct, readiness
from twin.scoring.diagnosis import CAUSES, diagnosis
from twin.scoring.loss import Course
from twin.scoring.marks import Marks, harm_start, marks_of, principal
from twin.scoring.response import Worth
from twin.scoring.score import Controls, Score, score
from twin.scoring.trace import Trace, kept


def marks(tape: Tape, *, harm: int | None = 1300, quiet: Trace | None = None) -> dict[str, Any]:
    trace = tape.trace()
    cause = trace.cause(None)
    found = marks_of(
        trace, principal(trace, cause), cause=cause, harm=None if harm is None else START + harm,
        quiet=quiet, reads=lambda _rule: ("fictra_answer",),
    )  # fmt: skip
    return {name: None if at is None else at - START for name, at in found.items()}


def test_an_incident_by_the_book_has_all_its_marks() -> None:
    found = marks(by_the_book())
    assert len(found) == 14
    assert found == {
        "fault": 1000, "harm_start": 1300, "first_abnormal": None, "rule_true": 1100,
        "alert_fired": 1200, "page_delivered": 1200, "acknowledged": 1260, "verdict": 1440,
        "declared": 1500, "decision": 1800, "submitted": 1988, "effective": 2000, "restored": 9000,
        "closed": 9900,
    }  # fmt: skip


def sampled(*values: tuple[int, float]) -> Trace:
    trace = by_the_book().trace()
    series = trace.store.series("fictra_answer", {"feed": "WTI"})
    for at, value in values:
        series.append(START + at, value)
    return trace


def test_the_first_abnormal_sample_is_the_first_that_the_quiet_run_has_not() -> None:
    here = sampled((900, 7.0), (1000, 1.0), (1100, 2.0), (1200, 3.0))
    there = sampled((900, 9.0), (1000, 1.0), (1100, 1.0), (1200, 1.0))
    found = marks_of(here, "INC-001", cause=here.cause(None), harm=None, quiet=there,
                     reads=lambda _rule: ("fictra_answer",))  # fmt: skip
    assert found.first_abnormal == START + 1100, "what differed before the fault is no news of it"


def test_a_mark_that_never_came_is_none_and_its_duration_censored() -> None:
    tape = Tape().fault(1000, "unit-error").alert(1200, "Off")
    found = marks(tape, harm=1300)
    assert [name for name, at in found.items() if at is not None] == [
        "fault", "harm_start", "rule_true", "alert_fired",
    ]  # fmt: skip
    rows = Marks(fault=START + 1000, harm_start=START + 1300, alert_fired=START + 1200).durations(
        END
    )
    assert rows["detect"] == (0, True), "an alert before the first harm took no time of it"
    assert rows["detect from the fault"] == (200, True)
    assert rows["contain"] == (86_400 - 1300, False)
    assert "recover" not in rows, "what never began is no duration"


def test_a_ticket_detects_nothing_and_neither_does_another_domain() -> None:
    tape = Tape().fault(1000, "x").alert(1100, "Ticket", severity="P4").incident(1500, "classified")
    tape.alert(1150, "Elsewhere", domain="pool").alert(1400, "Off")
    assert marks(tape)["alert_fired"] == 1400


def test_of_alerts_at_one_scrape_the_gravest_detects() -> None:
    tape = Tape().fault(1000, "x").alert(1200, "Small", severity="P3").alert(1200, "Grave")
    tape.alert(1100, "Grave", "pending")
    assert marks(tape)["rule_true"] == 1100


def test_a_refused_action_contains_nothing() -> None:
    tape = by_the_book()
    tape.events = [event for event in tape.events if not event.get("action", "").startswith("act")]
    tape.act(2000, "NR1", "AllocationBook.pause", success=False)
    assert marks(tape)["effective"] is None


HARM: list[tuple[str, list[tuple[int, int]], list[tuple[int, int]], int | None]] = [
    ("no loss at all", [], [], None),
    ("the first loss", [(5, 1)], [], 5),
    ("as much without the fault", [(5, 1)], [(5, 1)], None),
    ("the same noise, then more", [(5, 1), (9, 2)], [(5, 1)], 9),
    ("noise comes later there", [(5, 1)], [(6, 1)], 5),
    ("less than without", [(5, 1)], [(4, 3)], None),
]


@pytest.mark.parametrize(
    ("nothing", "quiet", "at"), [r[1:] for r in HARM], ids=[r[0] for r in HARM]
)
def test_harm_starts_where_the_loss_exceeds_that_without_the_fault(
    nothing: list[tuple[int, int]], quiet: list[tuple[int, int]], at: int | None
) -> None:
    found = harm_start(Tape().trace(*nothing), Tape().trace(*quiet))
    assert (None if found is None else found - START) == at


WORTH: list[tuple[str, Worth, int | None]] = [
    ("as ideal", Worth(loss=10, nothing=100, ideal=10, quiet=0), 1_000_000),
    ("as nothing", Worth(loss=100, nothing=100, ideal=10, quiet=0), 0),
    ("half way", Worth(loss=55, nothing=100, ideal=10, quiet=0), 500_000),
    ("harmful is not clipped", Worth(loss=280, nothing=100, ideal=10, quiet=0), -2_000_000),
    ("better than ideal is not clipped", Worth(loss=1, nothing=100, ideal=10, quiet=0), 1_100_000),
    ("noise that is there anyway drops out", Worth(60, 105, 15, quiet=5), 500_000),
    ("below the floor", Worth(loss=0, nothing=9, ideal=0, quiet=0, floor=10), None),
    ("at the floor", Worth(loss=0, nothing=10, ideal=0, quiet=0, floor=10), 1_000_000),
    ("nothing to lose", Worth(loss=0, nothing=0, ideal=0, quiet=0), None),
]  # fmt: skip


@pytest.mark.parametrize(
    ("worth", "ppm"), [row[1:] for row in WORTH], ids=[row[0] for row in WORTH]
)
def test_the_response_value_by_hand(worth: Worth, ppm: int | None) -> None:
    assert worth.value_ppm == ppm


def test_alerts_that_fire_without_the_fault_too_are_not_owed_to_it() -> None:
    noise = (
        Tape().alert(500, "Noise").alert(700, "Noise", "resolved").call(500, "amara", "P1 Noise")
    )
    tape = by_the_book().alert(500, "Noise")
    found = alerting(tape.trace(), noise.trace(), tape.trace().cause(None))
    assert (found.fired, found.owed) == (2, 1)
    assert found.quiet_pages == 1
    assert found.false_pages_a_week == 7.0
    assert found.reset == 300
    assert [(item.fault, item.rule, item.at) for item in found.told] == [
        ("unit-error", "Off", START + 1200)
    ]


def test_an_alert_that_never_resolves_has_no_reset_time() -> None:
    tape = Tape().fault(10, "x").alert(20, "Off").fault(50, "x", phase="end")
    assert alerting(tape.trace(), Tape().trace(), tape.trace().cause(None)).reset is None


def test_a_latent_fault_counts_as_found_only_before_the_trigger() -> None:
    tape = Tape().fault(0, "open-bound", family="bounds").alert(100, "Loose", severity="P4")
    tape.fault(200, "deaf", family="job").fault(1000, "cause").alert(1100, "Off")
    trace = tape.trace()
    told = alerting(trace, Tape().trace(), trace.cause(None))
    found = readiness(told, trace.cause(None))
    assert (found.latent, found.found) == (("open-bound", "deaf"), ("open-bound",))


def test_a_second_fault_of_the_kind_is_told_by_the_alert_that_still_fires() -> None:
    tape = Tape().fault(0, "a", family="death").alert(100, "Low").fault(200, "b", family="death")
    told = alerting(tape.trace(), Tape().trace(), None).told
    assert [item.rule for item in told] == ["Low", "Low"]


def test_conduct_of_an_incident_by_the_book() -> None:
    tape = by_the_book()
    trace = tape.trace()
    cause = trace.cause(None)
    found_marks = marks_of(trace, "INC-001", cause=cause, harm=None, quiet=None, reads=lambda _: ())
    found = conduct(trace, "INC-001", found_marks, cause)
    assert found.adherence == 1.0
    assert (found.acts, found.refused, found.notices, found.first_notice) == (2, 0, 1, 500)
    assert found.longest_silence == 7900
    assert found.diagnosis is None, "no list of hypotheses is no diagnosis, neither right nor wrong"


@pytest.mark.parametrize(
    ("causes", "hit", "rank"),
    [(["venue", "vendor-wrong"], True, 2), (["venue"], False, None), ([], False, None)],
)
def test_a_diagnosis_is_held_against_the_truth_by_what_stands_for_it(
    causes: list[str], hit: bool, rank: int | None
) -> None:
    tape = by_the_book()
    data = {"incident": "INC-001", "causes": [{"cause": name} for name in causes]}
    other = {"incident": "INC-002", "causes": [{"cause": "vendor-wrong"}]}
    unread = {"incident": "INC-001", "rows": {"vendor-wrong": {}}}
    tape.evidence += [{"procedure": "NR2", "data": found} for found in (data, other, unread)]
    trace = tape.trace()
    found = conduct(trace, "INC-001", Marks(), trace.cause(None))
    assert (found.diagnosis, found.rank) == (hit, rank)


def test_a_fault_that_no_hypothesis_stands_for_is_no_miss() -> None:
    tape = Tape().fault(0, "x", family="document-drift").incident(5, "open")
    tape.evidence.append({"procedure": "NR2", "data": {"incident": "INC-001", "causes": []}})
    trace = tape.trace()
    assert diagnosis(trace, "INC-001", trace.cause(None)) == (None, None)


def test_what_hypotheses_stand_for_are_kinds_of_faults() -> None:
    assert set().union(*CAUSES.values()) - set(kinds()) == set()


def test_collateral_harm_is_what_was_stopped_and_refused() -> None:
    tape = by_the_book().add(3000, "tx", success=False, contract="AllocationBook")
    found = collateral(tape.trace(stopped=77), Tape().trace())
    assert (found.stopped, found.refused, found.cost) == ({"AllocationBook": 7000}, 1, 77)


def test_what_stays_stopped_is_stopped_to_the_end() -> None:
    tape = Tape().act(400, "NR1", "LiquidityPool.pause")
    assert collateral(tape.trace(), Tape().trace()).stopped == {"LiquidityPool": 86_000}


def scored(tape: Tape, **more: Any) -> Score:
    controls = Controls(
        quiet=Tape().trace(), nothing=Tape().trace((1300, 100)), ideal=Tape().trace((1300, 10)),
        harm=START + 1300,
    )  # fmt: skip
    return score(tape.trace((1300, 40)), controls, scenario="s", seed=1, policy="playbook",
                 cause=None, reads=lambda _rule: (), unit="cents", **more)  # fmt: skip


def test_a_score_holds_it_together_and_is_json() -> None:
    found = scored(by_the_book())
    assert (found.incident, found.cause, found.channel) == ("INC-001", "unit-error", "alert Off")
    body = found.described()
    assert body["worth"]["value_ppm"] == 666_666
    assert body["durations"]["contain"] == {"seconds": 700, "ended": True}
    assert body["marks"]["closed"] == START + 9900


def test_a_floor_makes_the_value_undefined() -> None:
    assert scored(by_the_book(), floor=91).described()["worth"]["value_ppm"] is None


def test_an_incident_that_is_not_there_is_refused() -> None:
    with pytest.raises(UnknownName, match="INC-9"):
        scored(by_the_book(), incident="INC-9")


def test_without_any_incident_there_is_still_a_score() -> None:
    found = scored(Tape().fault(1000, "x"))
    assert (found.incident, found.channel, found.conduct.adherence) == (None, None, 0.0)
    assert found.durations["detect from the fault"] == (85_400, False)


def test_of_transactions_only_failures_are_kept() -> None:
    events: list[dict[str, Any]] = [
        {"kind": "tx", "success": True},
        {"kind": "tx", "success": False},
        {"kind": "block"},
    ]
    assert kept(events) == [events[1]]


def test_a_course_rounds_its_total_once() -> None:
    course = Course(((1, 7), (2, 7)), scale=10)
    assert (course.total, course.cumulative()) == (1, [(1, 0), (2, 1)])
