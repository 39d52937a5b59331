from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from team_lab import NIGHT_CAPS, TeamLab, person, quorum

from twin.errors import UnknownName
from twin.scenario.team import AuthoritySpec, PersonSpec, ShiftSpec
from twin.team.authority import PATIENCE

THREE = (person("amara", "x"), person("bruno", "x"), person("chen", "x"))


def collected(
    spec: AuthoritySpec, *people: PersonSpec, knowing: tuple[str, ...] = (), after: int = 30_000
) -> tuple[TeamLab, list[Any]]:
    """Collect one round of signatures; return the lab and [(signers, seconds it took)]."""
    keys: Mapping[str, AuthoritySpec] = {"pauser": spec}
    lab, rounds = TeamLab(people=people or THREE, keys=keys), list[Any]()

    def collect() -> Any:
        signers = yield from lab.keys.collect("pauser", "AllocationBook.pause", knowing=knowing)
        rounds.append((signers, lab.clock.elapsed))

    lab.clock.spawn(collect())
    lab.run(after)
    return lab, rounds


def test_all_signers_are_asked_at_once_and_the_threshold_ends_it() -> None:
    lab, rounds = collected(quorum(2, "amara", "bruno", "chen"))
    assert rounds == [(("amara", "bruno"), 60 + 90)]
    assert [line for line in lab.log if line[1].startswith("page")] == [
        (0, "page amara"), (0, "page bruno"), (0, "page chen")
    ]  # fmt: skip


def test_who_knows_already_is_not_paged_but_signs_like_everybody() -> None:
    lab, rounds = collected(quorum(2, "amara", "bruno", "chen"), knowing=("chen", "nobody"))
    assert rounds == [(("chen", "amara"), 150)]
    assert (0, "page chen") not in lab.log


def test_the_slowest_signer_of_the_threshold_sets_the_time() -> None:
    slow = person("chen", "x", ack=1000)
    _lab, rounds = collected(quorum(3, "amara", "bruno", "chen"), *THREE[:2], slow)
    assert rounds == [(("amara", "bruno", "chen"), 1090)]


def test_a_busy_signer_signs_when_the_work_is_done() -> None:
    lab, rounds = TeamLab(people=THREE, keys={"pauser": quorum(1, "amara")}), list[Any]()
    lab.spawn(lab.roster["amara"].work(500))

    def collect() -> Any:
        rounds.append(((yield from lab.keys.collect("pauser", "x")), lab.clock.elapsed))

    lab.clock.spawn(collect())
    lab.run(2000)
    assert rounds == [(("amara",), 590)]


@pytest.mark.parametrize("reached", [0, 1])
def test_without_a_quorum_it_is_given_up_after_six_hours(reached: int) -> None:
    away = [person(name, "x", unreachable=1) for name in ("bruno", "chen")]
    first = person("amara", "x", unreachable=1 - reached)
    _lab, rounds = collected(quorum(2, "amara", "bruno", "chen"), first, *away)
    assert rounds == [(("amara",) * reached, PATIENCE)]


def test_a_signature_after_the_end_changes_nothing() -> None:
    late = person("bruno", "x", ack=PATIENCE)
    lab, rounds = collected(quorum(2, "amara", "bruno"), THREE[0], late)
    assert rounds == [(("amara",), PATIENCE)]
    assert (PATIENCE, "ack bruno") in lab.log


def test_off_shift_signers_take_longer() -> None:
    asleep = person("amara", "x", shift=NIGHT_CAPS)
    _lab, rounds = collected(quorum(1, "amara"), asleep)
    assert rounds == [(("amara",), 4 * 60 + 90)]


def test_whoever_is_no_longer_needed_does_not_work_for_it() -> None:
    late = person("chen", "x", ack=400)
    lab, _rounds = collected(quorum(2, "amara", "bruno", "chen"), *THREE[:2], late, after=450)
    assert (400, "ack chen") in lab.log
    assert lab.roster["chen"].busy.count == 0


def test_two_rounds_at_once_take_turns() -> None:
    lab, rounds = TeamLab(people=THREE, keys={"pauser": quorum(1, "amara")}), list[Any]()

    def collect(subject: str) -> Any:
        yield from lab.keys.collect("pauser", subject)
        rounds.append((subject, lab.clock.elapsed))

    for subject in ("one", "two"):
        lab.clock.spawn(collect(subject))
    lab.run(2000)
    assert rounds == [("one", 150), ("two", 240)]


def test_every_call_for_a_signature_counts_as_a_page() -> None:
    lab, count = (
        TeamLab(people=THREE, keys={"pauser": quorum(1, "amara", "bruno", "chen")}),
        list[int](),
    )
    lab.roster.on_page = lambda: count.append(1)
    lab.spawn(lab.keys.collect("pauser", "x", knowing=["bruno"]))
    lab.run(2000)
    assert len(count) == sum(line.startswith("page") for _, line in lab.log) == 2


def test_unknown_authorities_are_refused() -> None:
    lab = TeamLab()
    with pytest.raises(UnknownName, match="no authority is called 'pausr'; did you mean 'pauser'"):
        lab.keys.require("pausr")
    assert lab.keys.require("pauser").threshold == 2


def test_a_routine_round_pages_nobody_and_waits_for_shifts() -> None:
    early = ShiftSpec(start="06:00", end="08:00")
    people = (person("amara", "x", shift=early), person("bruno", "x"))
    lab, rounds = TeamLab(people=people, keys={"pauser": quorum(2, "amara", "bruno")}), list[Any]()

    def collect() -> Any:
        signers = yield from lab.keys.collect("pauser", "x", routine=True)
        rounds.append((signers, lab.clock.now % 86_400))

    lab.clock.spawn(collect())
    lab.run(86_400)
    ((signers, when),) = rounds
    assert signers == ("bruno", "amara")
    assert 6 * 3600 < when < 6 * 3600 + 6000
    assert lab.log == []
