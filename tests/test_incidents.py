from __future__ import annotations

from typing import Any

import pytest

from twin.desk.incidents import STATES, IncidentStore
from twin.desk.port import Incident
from twin.errors import CrashError, UnknownName

NOW = 1_700_000_000


def opened(store: IncidentStore, family: str = "oracle", **more: Any) -> Incident:
    return store.create(
        NOW, summary="off the index", severity="P3", family=family, alerts=["High{}"], **more
    )


def test_incidents_are_numbered_and_listed_oldest_first() -> None:
    store = IncidentStore()
    made = [opened(store), opened(store, "pool")]
    assert [item.id for item in made] == ["INC-001", "INC-002"]
    assert store.open() == store.all() == made
    assert store.get("INC-002").family == "pool"
    assert (made[0].opened, made[0].state, made[0].closed) == (NOW, "open", None)


@pytest.mark.parametrize(
    ("change", "field", "value"),
    [
        ({"state": "contained"}, "state", "contained"),
        ({"severity": "P1"}, "severity", "P1"),
        ({"family": "allocation"}, "family", "allocation"),
        ({"summary": "worse"}, "summary", "worse"),
        ({"alerts": ["High{}", "Low{}", "Low{}"]}, "alerts", ["High{}", "Low{}"]),
    ],
)
def test_what_is_given_changes_and_nothing_else(
    change: dict[str, Any], field: str, value: object
) -> None:
    store = IncidentStore()
    before = {name: getattr(opened(store), name) for name in Incident.__slots__}
    before["alerts"] = list(before["alerts"])
    before["history"] = [
        ("open", NOW),
        *((change["state"], NOW + 60) for _ in change if field == "state"),
    ]
    item = store.change("INC-001", NOW + 60, **change)
    assert {name: getattr(item, name) for name in Incident.__slots__} == {**before, field: value}


@pytest.mark.parametrize("state", STATES[-2:])
def test_an_ended_incident_has_its_time_and_stays_ended(state: str) -> None:
    store = IncidentStore()
    opened(store)
    assert store.change("INC-001", NOW + 60, state=state).closed == NOW + 60
    assert (store.open(), len(store.all())) == ([], 1)
    with pytest.raises(CrashError, match=f"INC-001 is {state}; an ended incident"):
        store.change("INC-001", NOW + 61, severity="P1")
    assert opened(store).id == "INC-002"


@pytest.mark.parametrize("state", STATES[:-2])
def test_an_incident_in_every_other_state_is_open(state: str) -> None:
    store = IncidentStore()
    opened(store)
    store.change("INC-001", NOW, state=state)
    assert [item.state for item in store.open()] == [state]


def test_unknown_names_are_refused_and_change_nothing() -> None:
    store = IncidentStore()
    opened(store)
    with pytest.raises(UnknownName, match="no incident is called 'INC-01'; did you mean 'INC-001'"):
        store.get("INC-01")
    with pytest.raises(UnknownName, match="no incident state is called 'contain'"):
        store.change("INC-001", NOW, state="contain", severity="P1")
    assert store.get("INC-001").severity == "P3"


def test_the_caller_keeps_its_list_of_alerts() -> None:
    store, alerts = IncidentStore(), ["High{}"]
    store.create(NOW, summary="x", severity="P1", family="pool", alerts=alerts)
    store.change("INC-001", NOW, alerts=["Low{}"])
    assert alerts == ["High{}"]


def test_the_history_has_each_state_once_and_its_second() -> None:
    store = IncidentStore()
    opened(store)
    for second, state in enumerate(("classified", "classified", "contained", "closed"), 1):
        store.change("INC-001", NOW + second, state=state)
    assert store.get("INC-001").history == [
        ("open", NOW), ("classified", NOW + 1), ("contained", NOW + 3), ("closed", NOW + 4)
    ]  # fmt: skip


def test_notes_are_kept_by_their_names() -> None:
    store = IncidentStore()
    opened(store, notes={"impact": {"users": 1}})
    store.change("INC-001", NOW, notes={"cause": "x"})
    store.change("INC-001", NOW, notes={"impact": {"users": 2}})
    assert store.get("INC-001").notes == {"impact": {"users": 2}, "cause": "x"}
