"""The calendar of changes and its notices (CI1, CI2, CI3): what is held, and who was not told."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from changes_lab import change
from paper_desk import NOW, PaperDesk, Stage

from twin.desk.port import Freeze
from twin.desk.steps import Case, Finding
from twin.procedures.change.implementation import (
    Notifying,
    Overseeing,
    Scheduling,
    notify,
    oversee,
    schedule,
)

HOUR, DAY = 3600, 86_400
CASE = Case("every 30 minutes")


def desk_with(*freezes: Freeze, **entry: Any) -> PaperDesk:
    """Return a paper desk with one change entry of the pipeline, due an hour ago."""
    desk = PaperDesk()
    desk.services = SimpleNamespace(changes=SimpleNamespace(freezes=lambda: list(freezes)))
    about = {"plan": {**change(), "notice": 0}, "class": "normal", "request": "CR-001",
             "slot": NOW - HOUR, "planning": {"last": NOW + DAY, "delay": DAY}, "points": 2}  # fmt: skip
    state = entry.pop("state", "approved")
    desk.stores.create("change", NOW, subject="x", state=state, data={**about, **entry})
    return desk


def played(desk: PaperDesk, runbook: Any, settings: Any) -> Finding:
    return Stage(desk).play(runbook(CASE, settings))


def grave(desk: PaperDesk) -> None:
    desk.store.create(NOW, summary="x", severity="P1", family="oracle", alerts=[])


def under_way(desk: PaperDesk) -> None:
    desk.stores.create("change", NOW, subject="y", state="executing", data={"plan": {}})


HELD: dict[str, tuple[PaperDesk, Any, str, str]] = {
    "nothing speaks against it": (desk_with(), None, "", "scheduled"),
    "a grave incident": (desk_with(), grave, "stress", "approved"),
    "another is under way": (desk_with(), under_way, "collision", "approved"),
    "a freeze": (desk_with(Freeze("audit", NOW, NOW + DAY)), None, "freeze", "approved"),
    "a freeze does not hold an emergency": (
        desk_with(Freeze("audit", NOW, NOW + DAY), **{"class": "emergency"}), grave, "", "scheduled",
    ),
    "its window has passed": (
        desk_with(planning={"last": NOW - 1, "delay": DAY}), None, "expired", "rejected",
    ),
    "it is not due": (desk_with(slot=NOW + HOUR), None, "", "approved"),
}  # fmt: skip


@pytest.mark.parametrize(("desk", "trouble", "item", "state"), HELD.values(), ids=HELD.keys())
def test_what_is_due_goes_ahead_alone_and_in_calm(
    desk: PaperDesk, trouble: Any, item: str, state: str
) -> None:
    if trouble is not None:
        trouble(desk)
    found = played(desk, schedule, Scheduling())
    assert [name for name, count in found.problems.items() if count] == ([item] if item else [])
    assert desk.stores.get("CHG-001").state == state


def test_a_pool_off_its_peg_holds_changes() -> None:
    desk = desk_with()
    desk.answers["LiquidityPool", "reserves"] = (2_000_000, 2_200_000, NOW)
    assert played(desk, schedule, Scheduling()).problems["stress"] == 1


def test_everybody_is_told_once_a_phase() -> None:
    desk = desk_with()
    stage = Stage(desk)
    assert stage.play(notify(CASE, Notifying())).verdict == "ok"
    assert [item.audience for item in stage.notices] == ["integrators", "stakeholders"]
    assert all("before" in item.subject for item in stage.notices)
    again = Stage(desk)
    again.play(notify(CASE, Notifying()))
    assert again.notices == []


def test_a_change_that_began_without_notice_is_found_once() -> None:
    desk = desk_with(state="executing", began_at=NOW)
    assert played(desk, notify, Notifying()).problems == {"late": 1}
    assert played(desk, notify, Notifying()).problems == {"late": 0}


LACKS: dict[str, tuple[dict[str, Any], str]] = {
    "no certificate": ({"rehearsal": {}, "told_before": {"x": NOW}}, "no fresh certificate"),
    "one that is old": (
        {"certificate": {"at": NOW - DAY}, "rehearsal": {}, "told_before": {"x": NOW}},
        "no fresh certificate",
    ),
    "no rehearsal": ({"certificate": {"at": NOW}, "told_before": {"x": NOW}}, "was not rehearsed"),
    "no notice": ({"certificate": {"at": NOW}, "rehearsal": {}}, "nobody was told"),
}  # fmt: skip


@pytest.mark.parametrize(("data", "says"), LACKS.values(), ids=LACKS.keys())
def test_nothing_is_carried_out_that_lacks_something(data: dict[str, Any], says: str) -> None:
    stage = Stage(desk_with(state="scheduled", **data))
    found = stage.play(oversee(CASE, Overseeing()))
    (row,) = found.data["changes"].values()
    assert any(says in reason for reason in row["unready"])
    assert stage.acts == []
