"""The catalogue of procedures: what each is called, when it runs, who does it and what it leaves.

A procedure is a plain function marked by `check` or `runbook`; the mark carries its metadata and
is verified when the function is defined, never when it runs. A `Catalog` is built from modules
and passed in: importing a procedure registers nothing anywhere.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from importlib import import_module
from pkgutil import walk_packages
from types import ModuleType
from typing import Any, Literal, TypeVar

from pydantic import BaseModel, ConfigDict

from twin.calendars import BUSINESS, DAYS, Rota
from twin.errors import CrashError, UnknownName

__all__ = [
    "Applies",
    "Cadence",
    "Catalog",
    "Procedure",
    "Settings",
    "check",
    "daily",
    "every",
    "monthly",
    "on",
    "runbook",
    "weekly",
]

MARK = "__fictra_procedure__"
Function = TypeVar("Function", bound=Callable[..., Any])


Applies = Callable[[Any], str | None]
"""Asked of the desk before a run's calendar is made: None, or why a procedure has no object here."""


class Settings(BaseModel):
    """The parameters of a procedure, which a scenario may override; subclass with defaults."""

    model_config = ConfigDict(frozen=True, extra="forbid")


@dataclass(frozen=True, slots=True)
class Cadence:
    """When a procedure runs: every *seconds*, on a *rota*, or on an *event* of the dispatcher.

    What an event starts is urgent, unless it is *unhurried*: then it waits for people on shift.
    """

    seconds: int | None = None
    event: str | None = None
    rota: Rota | None = None
    unhurried: bool = False

    @property
    def longest(self) -> int | None:
        """The longest time between two runs in seconds; None for what answers an event."""
        return self.rota.longest if self.rota else self.seconds

    def after(self, now: int, due: int) -> int | None:
        """Return the next unix second after *now* of what was *due* last; None on an event."""
        if self.rota:
            return self.rota.after(now)
        if not self.seconds:
            return None
        return due + self.seconds * (max(0, now - due) // self.seconds + 1)

    def __str__(self) -> str:
        if self.event:
            return f"on {self.event}"
        if self.rota:
            return str(self.rota)
        seconds = self.seconds or 0
        for unit, size in (("d", 86400), ("h", 3600), ("m", 60)):
            if seconds % size == 0:
                return f"every {seconds // size}{unit}"
        return f"every {seconds}s"


def every(*, seconds: int = 0, minutes: int = 0, hours: int = 0, days: int = 0) -> Cadence:
    """Return the cadence of a procedure that runs at a fixed interval."""
    return Cadence(seconds=seconds + 60 * minutes + 3600 * hours + 86400 * days)


def _minute(at: str) -> int:
    hours, minutes = at.split(":")
    return 60 * int(hours) + int(minutes)


def daily(at: str, *, business: bool = False) -> Cadence:
    """Return the cadence of what is due every day, or *business* day, at local `HH:MM`."""
    return Cadence(rota=Rota(_minute(at), days=BUSINESS if business else DAYS))


def weekly(day: str, at: str) -> Cadence:
    """Return the cadence of what is due on one *day* of the week (mon..sun) at local `HH:MM`."""
    return Cadence(rota=Rota(_minute(at), days=(day,)))


def monthly(business_day: int, at: str) -> Cadence:
    """Return the cadence of what is due on the n-th business day of the month at local `HH:MM`."""
    return Cadence(rota=Rota(_minute(at), business_day=business_day))


def on(event: str, *, unhurried: bool = False) -> Cadence:
    """Return the cadence of a procedure that answers *event*: alert, incident, contained.

    With *unhurried* it begins at once, and its work waits for somebody on shift: nobody is called
    at night for paper work.
    """
    return Cadence(event=event, unhurried=unhurried)


@dataclass(frozen=True, slots=True)
class Procedure:
    """One of the 105: *seed* is its path in the seed document, *effort* seconds of a person."""

    id: str
    title: str
    seed: str
    level: Literal["A", "B", "C"]
    kind: Literal["check", "runbook"]
    cadence: Cadence
    role: str
    effort: int
    inputs: tuple[str, ...]
    evidence: str
    settings: type[Settings]
    function: Callable[..., Any] = field(compare=False)
    applies: Applies | None = field(default=None, compare=False)

    @property
    def routine(self) -> bool:
        """Whether it can wait for a shift and pages nobody: the calendar's, and what is unhurried."""
        return self.cadence.event is None or self.cadence.unhurried


def _mark(kind: Literal["check", "runbook"], **about: Any) -> Callable[[Function], Function]:
    cadence: Cadence = about["cadence"]
    if (cadence.longest or 0) <= 0 and not cadence.event:
        raise CrashError(
            f"procedure {about['id']}: a cadence is an interval > 0, a rota or an event"
        )
    if about["seed"].count(" / ") != 2:
        raise CrashError(f"procedure {about['id']}: seed is 'Area / Group / Bullet'")

    def mark(function: Function) -> Function:
        if inspect.isgeneratorfunction(function) != (kind == "runbook"):
            raise CrashError(
                f"procedure {about['id']}: a check is a plain function, a runbook a generator"
            )
        title = (function.__doc__ or "").strip().splitlines()[:1]
        if not title:
            raise CrashError(f"procedure {about['id']} has no docstring to take its title from")
        made = Procedure(kind=kind, function=function, title=title[0].rstrip("."), **about)
        setattr(function, MARK, made)
        return function

    return mark


def check(
    id: str,  # noqa: A002 - the word everybody uses for it
    seed: str,
    *,
    level: Literal["A", "B", "C"] = "A",
    cadence: Cadence,
    role: str = "monitor",
    inputs: tuple[str, ...],
    evidence: str,
    settings: type[Settings] = Settings,
    applies: Applies | None = None,
) -> Callable[[Function], Function]:
    """Mark a function of (desk, settings) that looks and returns a `Finding`."""
    return _mark(
        "check", id=id, seed=seed, level=level, cadence=cadence, role=role, effort=0,
        inputs=inputs, evidence=evidence, settings=settings, applies=applies,
    )  # fmt: skip


def runbook(
    id: str,  # noqa: A002 - the word everybody uses for it
    seed: str,
    *,
    level: Literal["A", "B", "C"] = "B",
    cadence: Cadence,
    role: str,
    effort: int,
    inputs: tuple[str, ...],
    evidence: str,
    settings: type[Settings] = Settings,
    applies: Applies | None = None,
) -> Callable[[Function], Function]:
    """Mark a generator of (case, settings) that yields steps and returns a `Finding`."""
    return _mark(
        "runbook", id=id, seed=seed, level=level, cadence=cadence, role=role, effort=effort,
        inputs=inputs, evidence=evidence, settings=settings, applies=applies,
    )  # fmt: skip


class Catalog(Mapping[str, Procedure]):
    """Procedures by id, in the order of their ids."""

    def __init__(self, procedures: Iterable[Procedure]) -> None:
        """Refuse two procedures of one id."""
        self._by_id: dict[str, Procedure] = {}
        for procedure in sorted(procedures, key=lambda item: item.id):
            if procedure.id in self._by_id:
                raise CrashError(f"two procedures are called {procedure.id}")
            self._by_id[procedure.id] = procedure

    @classmethod
    def of(cls, modules: Iterable[ModuleType]) -> Catalog:
        """Collect every marked function of *modules*."""
        marked = {
            id(value): made  # a function may have two names in its module
            for module in modules
            for value in vars(module).values()
            if isinstance(made := getattr(value, MARK, None), Procedure)
            and value.__module__ == module.__name__
        }
        return cls(marked.values())

    @classmethod
    def below(cls, package: ModuleType) -> Catalog:
        """Collect every marked function of every module below *package*."""
        found = walk_packages(package.__path__, f"{package.__name__}.")
        return cls.of(import_module(item.name) for item in found if not item.ispkg)

    def without(self, ids: Iterable[str]) -> Catalog:
        """Return the catalogue less *ids*; an unknown one raises UnknownName."""
        dropped = list(ids)
        for name in dropped:
            if name not in self._by_id:
                raise UnknownName("procedure", name, self._by_id)
        return Catalog(item for item in self._by_id.values() if item.id not in dropped)

    def __getitem__(self, key: str) -> Procedure:
        try:
            return self._by_id[key]
        except KeyError:
            raise UnknownName("procedure", key, self._by_id) from None

    def __iter__(self) -> Iterator[str]:
        return iter(self._by_id)

    def __len__(self) -> int:
        return len(self._by_id)

    def __contains__(self, key: object) -> bool:
        return key in self._by_id
