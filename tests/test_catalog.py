from __future__ import annotations

from collections.abc import Callable, Iterator
from types import ModuleType
from typing import Any

import pytest
from pydantic import ValidationError

from twin import procedures
from twin.catalog import Cadence, Catalog, Procedure, Settings, check, every, on, runbook
from twin.desk.steps import Case, Finding, Wait
from twin.errors import CrashError, UnknownName

SEED = "Area / Group / Bullet"
ABOUT: dict[str, Any] = {"cadence": every(minutes=5), "inputs": ("chain",), "evidence": "a note"}
WORKED: dict[str, Any] = {**ABOUT, "role": "operator", "effort": 60}

SHIPPED = {
    "IO1": ("check", "every 5m", "A", "monitor"),
    "IX1": ("check", "every 15m", "A", "monitor"),
    "IX2": ("check", "every 6h", "A", "monitor"),
    "IX3": ("runbook", "daily, 09:00 Europe/Zurich", "B", "treasurer"),
    "IX4": ("check", "every 15m", "A", "monitor"),
    "IX5": ("runbook", "daily, 08:30 Europe/Zurich", "C", "liaison"),
    "ME1": ("check", "every 15m", "A", "monitor"),
    "ME3": ("check", "every 1h", "A", "monitor"),
    "ME5": ("runbook", "daily, 11:00 Europe/Zurich", "B", "analyst"),
    "ME2": ("check", "every 15m", "A", "monitor"),
    "ME4": ("check", "every 5m", "A", "monitor"),
    "MP1": ("check", "every 15m", "A", "monitor"),
    "ND1": ("runbook", "on alert", "B", "operator"),
    "ND3": ("runbook", "on incident", "B", "operator"),
    "NR1": ("runbook", "on classified", "B", "commander"),
    "NR3": ("runbook", "on contained", "B", "commander"),
    "TP1": ("runbook", "daily, 10:00 Europe/Zurich", "B", "treasurer"),
    "TP2": ("check", "every 15m", "A", "monitor"),
    "TP3": ("check", "every 6h", "A", "monitor"),
    "TP5": ("check", "every 1h", "A", "monitor"),
    "TP4": ("runbook", "every 6h", "B", "fee-steward"),
}
"""The procedures there are; kind, cadence and level are those of the list of the 105."""


def looking(desk: object, settings: Settings) -> Finding:
    """Look at the chain."""
    del desk, settings
    return Finding("ok", "looked")


def waiting(case: Case, settings: Settings) -> Iterator[Wait]:
    """Wait a minute."""
    del case, settings
    yield Wait(60, "tea")


def marked(name: str = "XX1", function: Callable[..., Any] = looking, **about: Any) -> Procedure:
    def copy(desk: object, settings: Settings) -> Finding:
        found: Finding = function(desk, settings)
        return found

    copy.__doc__ = function.__doc__
    made: Procedure = vars(check(name, SEED, **{**ABOUT, **about})(copy))["__fictra_procedure__"]
    return made


def module(name: str, **functions: Any) -> ModuleType:
    made = ModuleType(name)
    for key, function in functions.items():
        function.__module__ = name
        setattr(made, key, function)
    return made


def fresh(name: str, doc: str = "Look.") -> Callable[[object, Settings], Finding]:
    def function(desk: object, settings: Settings) -> Finding:
        return looking(desk, settings)

    function.__doc__ = doc
    return check(name, SEED, **ABOUT)(function)


def test_a_mark_carries_what_is_known_and_leaves_the_function_as_it_was() -> None:
    function = fresh("XX1", "Look at the chain.\n\nClosely.")
    (procedure,) = Catalog.of([module("m", look=function)]).values()
    assert (procedure.id, procedure.kind, procedure.title) == ("XX1", "check", "Look at the chain")
    assert (procedure.function, procedure.effort) == (function, 0)
    assert function(object(), Settings()).summary == "looked"


@pytest.mark.parametrize(
    ("cadence", "text"),
    [
        (every(minutes=5), "every 5m"),
        (every(seconds=90), "every 90s"),
        (every(hours=6), "every 6h"),
        (every(hours=24), "every 1d"),
        (every(days=1, hours=1), "every 25h"),
        (on("alert"), "on alert"),
    ],
)
def test_a_cadence_says_itself(cadence: Cadence, text: str) -> None:
    assert str(cadence) == text


WRONG: list[tuple[Callable[[], object], str]] = [
    (lambda: check("XX1", SEED, **{**ABOUT, "cadence": every()})(looking), "a cadence is"),
    (lambda: check("XX1", SEED, **{**ABOUT, "cadence": every(seconds=-5)})(looking), "a cadence is"),
    (lambda: check("XX1", SEED, **{**ABOUT, "cadence": on("")})(looking), "a cadence is"),
    (lambda: check("XX1", "Area / Bullet", **ABOUT)(looking), "seed is 'Area / Group / Bullet'"),
    (lambda: check("XX1", SEED, **ABOUT)(lambda _desk, _settings: None), "no docstring"),
    (lambda: check("XX1", SEED, **ABOUT)(waiting), "a check is a plain function"),
    (lambda: runbook("XX1", SEED, **WORKED)(looking), "a runbook a generator"),
]  # fmt: skip


@pytest.mark.parametrize(("mark", "says"), WRONG)
def test_a_wrong_mark_fails_when_it_is_made(mark: Callable[[], object], says: str) -> None:
    with pytest.raises(CrashError, match=says):
        mark()


def test_two_procedures_of_one_id_are_refused_wherever_they_stand() -> None:
    with pytest.raises(CrashError, match="two procedures are called XX1"):
        Catalog([marked(), marked()])
    with pytest.raises(CrashError, match="two procedures are called XX1"):
        Catalog.of([module("one", a=fresh("XX1")), module("two", b=fresh("XX1"))])
    with pytest.raises(CrashError, match="two procedures are called XX1"):
        Catalog.of([module("one", a=fresh("XX1"), b=fresh("XX1"))])


def test_a_module_offers_what_it_defines_once_and_nothing_it_imports() -> None:
    own, other = fresh("XX1"), fresh("YY1")
    made = module("one", look=own, also=own)
    module("two", other=other)
    made.other = other  # type: ignore[attr-defined]
    assert list(Catalog.of([made])) == ["XX1"]


def test_a_catalogue_is_ordered_by_id_and_names_are_checked() -> None:
    catalog = Catalog([marked("ZZ1"), marked("AA1"), marked("MM1")])
    assert list(catalog) == ["AA1", "MM1", "ZZ1"]
    assert list(catalog.without(["MM1"])) == ["AA1", "ZZ1"]
    assert ("MM1" in catalog, "MM2" in catalog, len(catalog)) == (True, False, 3)
    for ask in (lambda: catalog["MM2"], lambda: catalog.without(["MM2"])):
        with pytest.raises(UnknownName, match="no procedure is called 'MM2'; did you mean 'MM1'"):
            ask()


def test_settings_are_frozen_and_know_their_names() -> None:
    class Limits(Settings):
        most: int = 3

    assert Limits(most=4).most == 4
    with pytest.raises(ValidationError, match="mots"):
        Limits(mots=4)  # type: ignore[call-arg]
    with pytest.raises(ValidationError, match="frozen"):
        Limits().most = 9  # type: ignore[misc]


def test_the_shipped_procedures_are_those_of_the_list() -> None:
    catalog = Catalog.below(procedures)
    assert {
        name: (item.kind, str(item.cadence), item.level, item.role)
        for name, item in catalog.items()
    } == SHIPPED


@pytest.mark.parametrize("name", SHIPPED)
def test_a_shipped_procedure_says_what_it_is(name: str) -> None:
    item = Catalog.below(procedures)[name]
    assert item.title == item.seed.rsplit(" / ", 1)[1] or name == "IO1"
    assert item.inputs
    assert item.evidence
    assert item.settings()  # the defaults are complete
    assert (item.effort > 0) == (item.kind == "runbook")
