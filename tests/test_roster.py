from __future__ import annotations

import math
import statistics
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from team_lab import NIGHT_CAPS, TeamLab, person

from twin.errors import CrashError
from twin.scenario.team import PersonSpec, ShiftSpec
from twin.team.roster import DAYS, Shift


def shift(
    start: str, end: str, zone: str = "UTC", days: str = "mon tue wed thu fri sat sun"
) -> Shift:
    return Shift.of(ShiftSpec(timezone=zone, days=tuple(days.split()), start=start, end=end))


def at(text: str, zone: str = "UTC", *, fold: int = 0) -> int:
    """Return the unix second of a local time; *fold* 1 is the second of two equal times."""
    return int(datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone), fold=fold).timestamp())


# 2008-10-06 is a Monday.
COVERED: list[tuple[str, Shift, int, bool]] = [
    ("its first second", shift("06:00", "14:00"), at("2008-10-06T06:00:00"), True),
    ("the second before", shift("06:00", "14:00"), at("2008-10-06T05:59:59"), False),
    ("its last second", shift("06:00", "14:00"), at("2008-10-06T13:59:59"), True),
    ("its end", shift("06:00", "14:00"), at("2008-10-06T14:00:00"), False),
    ("the whole day", shift("00:00", "24:00"), at("2008-10-06T23:59:59"), True),
    ("midnight of the whole day", shift("00:00", "24:00"), at("2008-10-07T00:00:00"), True),
    ("a day off", shift("06:00", "14:00", days="tue wed"), at("2008-10-06T08:00:00"), False),
    ("local hours", shift("06:00", "14:00", "Asia/Singapore"), at("2008-10-06T08:00", "Asia/Singapore"), True),
    ("the same second in UTC", shift("06:00", "14:00"), at("2008-10-06T05:00", "Asia/Singapore"), False),
    ("a local day off", shift("00:00", "24:00", "Asia/Singapore", "mon"), at("2008-10-06T23:00"), False),
    ("past midnight, evening", shift("22:00", "06:00", days="mon"), at("2008-10-06T22:00"), True),
    ("past midnight, morning after", shift("22:00", "06:00", days="mon"), at("2008-10-07T05:59"), True),
    ("past midnight, its end", shift("22:00", "06:00", days="mon"), at("2008-10-07T06:00"), False),
    ("past midnight, morning of its day", shift("22:00", "06:00", days="mon"), at("2008-10-06T05:59"), False),
    ("past midnight, evening after", shift("22:00", "06:00", days="mon"), at("2008-10-07T22:00"), False),
    ("sunday night into monday", shift("22:00", "06:00", days="sun"), at("2008-10-06T03:00"), True),
    ("until midnight", shift("18:00", "00:00", days="mon"), at("2008-10-06T23:59"), True),
    ("until midnight, after it", shift("18:00", "00:00", days="mon"), at("2008-10-07T00:00"), False),
]  # fmt: skip


@pytest.mark.parametrize(
    ("worked", "now", "covered"), [row[1:] for row in COVERED], ids=[row[0] for row in COVERED]
)
def test_a_shift_covers_its_local_hours(worked: Shift, now: int, *, covered: bool) -> None:
    assert worked.covers(now) is covered


# Clocks go forward on 2009-03-29 (Europe) and 2009-03-08 (America), back on 2008-10-26 and 11-02.
TURNS = [
    ("Europe/Zurich", "2009-03-28T09:00", "2009-03-30T09:00", 47),
    ("Europe/Zurich", "2008-10-25T09:00", "2008-10-27T09:00", 49),
    ("America/New_York", "2009-03-07T09:00", "2009-03-09T09:00", 47),
    ("America/New_York", "2008-11-01T09:00", "2008-11-03T09:00", 49),
    ("Asia/Singapore", "2009-03-28T09:00", "2009-03-30T09:00", 48),
]


@pytest.mark.parametrize(("zone", "before", "after", "hours"), TURNS)
def test_a_shift_keeps_its_wall_clock_across_daylight_saving(
    zone: str, before: str, after: str, hours: int
) -> None:
    worked = shift("09:00", "17:00", zone)
    first, last = at(before, zone), at(after, zone)
    assert last - first == hours * 3600
    assert [worked.covers(second + by) for second in (first, last) for by in (-1, 0)] == [
        False,
        True,
    ] * 2


def test_a_night_that_loses_or_gains_an_hour_is_that_much_shorter_or_longer() -> None:
    worked = shift("22:00", "06:00", "Europe/Zurich")
    lengths = []
    for evening in ("2009-03-28T12:00", "2008-10-25T12:00", "2008-10-06T12:00"):
        noon = at(evening, "Europe/Zurich")
        lengths.append(sum(worked.covers(noon + minute * 60) for minute in range(24 * 60)))
    assert lengths == [7 * 60, 9 * 60, 8 * 60]


def test_both_of_two_equal_hours_are_worked() -> None:
    worked = shift("02:00", "03:00", "Europe/Zurich")
    assert all(worked.covers(at("2008-10-26T02:30", "Europe/Zurich", fold=fold)) for fold in (0, 1))
    assert not worked.covers(at("2009-03-29T01:59:59", "Europe/Zurich") + 1)  # 02:00 does not come


@given(st.integers(0, 2 * 10**9), st.integers(0, 23), st.integers(0, 23),
       st.sampled_from(["UTC", "Europe/Zurich", "America/New_York", "Asia/Kolkata", "Australia/Lord_Howe"]))  # fmt: skip
def test_two_shifts_that_share_a_day_cover_all_of_it_once(
    now: int, start: int, end: int, zone: str
) -> None:
    if start == end:
        end = (start + 1) % 24
    day, night = f"{start:02}:00", f"{end:02}:00"
    assert shift(day, night, zone).covers(now) != shift(night, day, zone).covers(now)


def test_days_begin_with_monday_as_the_calendar_has_it() -> None:
    assert DAYS[datetime(2008, 10, 6, tzinfo=ZoneInfo("UTC")).weekday()] == "mon"


# -- answering ------------------------------------------------------------------------------------


def reactions(spec: PersonSpec, count: int = 4000) -> list[int | None]:
    lab = TeamLab(people=[spec])
    return [lab.roster[spec.name].reaction() for _ in range(count)]


def test_reactions_have_the_declared_median_and_95_percent_quantile() -> None:
    spec = PersonSpec(name="amara", roles=("operator",), ack_median=120, ack_p95=360)
    found = sorted(value for value in reactions(spec) if value is not None)
    assert len(found) == 4000
    assert statistics.median(found) == pytest.approx(120, rel=0.06)
    assert found[3800] == pytest.approx(360, rel=0.1)
    assert all(isinstance(value, int) and value >= 1 for value in found)


def test_off_shift_it_takes_as_many_times_as_long() -> None:
    on_shift = person("amara", "operator", ack=100)
    off_shift = person("amara", "operator", ack=100, shift=NIGHT_CAPS)
    assert set(reactions(on_shift, 20)) == {100}
    assert set(reactions(off_shift, 20)) == {400}


@pytest.mark.parametrize(("share", "never"), [(0.0, 0), (0.25, 1000), (1.0, 4000)])
def test_the_declared_share_is_never_reached(share: float, never: int) -> None:
    spec = person("amara", "operator", unreachable=share)
    missed = sum(value is None for value in reactions(spec))
    assert abs(missed - never) <= 4 * math.sqrt(4000 * share * (1 - share))


def test_a_missed_page_moves_no_later_draw() -> None:
    always = PersonSpec(name="amara", roles=("x",), ack_median=120, ack_p95=360)
    seldom = always.model_copy(update={"unreachable": 0.5})
    one, other = reactions(always, 200), reactions(seldom, 200)
    assert {b for a, b in zip(one, other, strict=True) if b != a} == {None}


def test_another_colleague_moves_no_draw() -> None:
    spec = PersonSpec(name="amara", roles=("x",), ack_median=120, ack_p95=360)
    alone, crowd = TeamLab(people=[spec]), TeamLab(people=[person("bruno", "x"), spec])
    crowd.roster["bruno"].reaction()
    assert alone.roster["amara"].reaction() == crowd.roster["amara"].reaction()


# -- working --------------------------------------------------------------------------------------


def test_whoever_works_makes_the_next_wait_and_signatures_come_first() -> None:
    lab = TeamLab()
    amara = lab.roster["amara"]
    for seconds, priority in ((100, 3), (10, 3), (20, 2), (30, 1)):
        lab.spawn(amara.work(seconds, priority=priority))
    lab.run(1000)
    spans = [
        (item["started"] - lab.clock.start, item["ended"] - lab.clock.start) for item in lab.results
    ]
    assert spans == [(0, 100), (100, 130), (130, 150), (150, 160)]
    assert {item["who"] for item in lab.results} == {"amara"}


def test_on_call_are_those_on_shift_first_each_in_declared_order() -> None:
    lab = TeamLab(people=[
        person("night", "operator", shift=NIGHT_CAPS), person("one", "operator"),
        person("boss", "commander"), person("two", "operator", "commander"),
    ])  # fmt: skip
    assert [each.name for each in lab.roster.on_call("operator")] == ["one", "two", "night"]
    assert [each.name for each in lab.roster] == ["night", "one", "boss", "two"]
    assert [each.name for each in lab.roster.on_call("pilot")] == ["one", "two", "night"]
    nobody = TeamLab(people=[person("boss", "commander")])
    with pytest.raises(CrashError, match="nobody on the team has the role 'pilot'"):
        nobody.roster.on_call("pilot")


def test_routine_work_waits_for_a_shift_and_pages_nobody() -> None:
    morning = ShiftSpec(start="06:00", end="08:00")
    lab = TeamLab(people=[person("late", "operator", shift=morning), person("boss", "commander")])

    def wait() -> Any:
        return (yield from lab.roster.assign("operator")), lab.clock.now

    lab.spawn(wait())
    lab.run(86_400)
    ((who, when),) = lab.results
    assert (who.name, when % 86_400) == ("late", 6 * 3600)
    assert lab.log == []


def test_of_those_on_shift_the_one_with_the_least_to_do_is_given_more() -> None:
    lab = TeamLab(people=[person("one", "operator"), person("two", "operator")])

    def wait() -> Any:
        return (yield from lab.roster.assign("operator"))

    lab.spawn(lab.roster["one"].work(600))
    lab.run(1)
    lab.spawn(wait())
    lab.run(10)
    assert [each.name for each in lab.results] == ["two"]


def paged(*people: PersonSpec, deadline: int = 600, after: int = 100_000) -> TeamLab:
    lab = TeamLab(people=people)
    pages: list[int] = []
    lab.roster.on_page = lambda: pages.append(lab.clock.now)

    def call() -> Any:
        found = yield from lab.roster.page("operator", "fire", deadline=deadline)
        lab.results.append((found.name, lab.clock.elapsed))

    lab.clock.spawn(call())
    lab.run(after)
    assert len(pages) == sum(line.startswith("page") for _, line in lab.log)
    return lab


def test_the_first_on_shift_answers() -> None:
    lab = paged(person("late", "operator", shift=NIGHT_CAPS), person("amara", "operator"))
    assert lab.log == [(0, "page amara"), (60, "ack amara")]
    assert lab.results == [("amara", 60)]


def test_one_who_does_not_answer_in_time_is_passed_over() -> None:
    lab = paged(person("amara", "operator", unreachable=1), person("bruno", "operator"))
    assert lab.log == [(0, "page amara"), (600, "page bruno"), (660, "ack bruno")]
    assert lab.results == [("bruno", 660)]


def test_whoever_answers_first_takes_it_late_as_they_are() -> None:
    lab = paged(person("slow", "operator", ack=630), person("slower", "operator", ack=50))
    assert lab.results == [("slow", 630)]
    assert (650, "ack slower") in lab.log  # answered, though it was taken


def test_a_phone_that_rings_is_not_rung_twice() -> None:
    lab = paged(
        person("amara", "operator", unreachable=1),
        person("owl", "operator", ack=2000),
        deadline=300,
    )
    assert lab.results == [("owl", 2300)]
    assert lab.log == [(0, "page amara"), (300, "page owl"), (2300, "ack owl")]


def test_one_who_gives_up_late_does_not_cut_the_next_ones_time_short() -> None:
    """A page is given up after an hour, which must not count against whoever rings just then."""
    lab = paged(
        person("amara", "operator", unreachable=1), person("bruno", "operator", unreachable=1),
        deadline=2500, after=8000,
    )  # fmt: skip
    assert [when for when, line in lab.log if line.startswith("page")] == [0, 2500, 5000, 7500]


def test_with_nobody_reachable_it_never_ends_and_time_goes_on() -> None:
    lab = paged(person("amara", "operator", unreachable=1), deadline=600, after=86_400)
    assert lab.results == []
    assert [when for when, _ in lab.log] == list(range(0, 86_400, 3600))  # paged anew every hour


def test_each_page_of_the_last_hours_slows_the_next_answer_and_the_work() -> None:
    lab = TeamLab(people=[person("amara", "operator", fatigue=0.5)])
    amara = lab.roster["amara"]
    for _ in range(3):
        lab.spawn(amara.answer("x"))
        lab.run(1000)
    acks = [when % 1000 for when, said in lab.log if said.startswith("ack")]
    assert acks == [60, 90, 120]
    assert (amara.weariness(), amara.pace(100, "operator")) == (2.5, 250)
    lab.run(13 * 3600)
    assert (amara.weariness(), amara.pace(100, "operator")) == (1.0, 100)


def test_a_skill_is_how_many_times_the_effort_somebody_takes_in_a_role() -> None:
    lab = TeamLab(people=[person("amara", "operator", "commander", skills={"commander": 2.0})])
    assert [lab.roster["amara"].pace(100, role) for role in ("operator", "commander")] == [100, 200]


@pytest.mark.parametrize(("skills", "says"), [({"pilot": 1.0}, "none of the person's roles"),
                                              ({"operator": 0.01}, "not 0.1 to 10 times")])  # fmt: skip
def test_skills_that_cannot_be(skills: dict[str, float], says: str) -> None:
    with pytest.raises(ValueError, match=says):
        person("amara", "operator", skills=skills)
